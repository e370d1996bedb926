"""Assignments held against their own networks: each problem with its line, each doubt too."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from verify.cli import main

GOOD = r"""+++
[[ask]]
quantity = '\frac{\partial L}{\partial w}'
points = 2
in = ['o', 'y', 'x']
[[ask.steps]]
name = 'error signal'
quantity = '\frac{\partial L}{\partial z}'

[[assume]]
relation = '\sum_i y_i = 1'
+++

# A classifier

$$z_i = \sum_j w_{ij} x_j$$
$$o_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$$
$$L = -\sum_i y_i \ln(o_i)$$
"""


def run(folder: Path, text: str) -> Result:
    """The result of checking an assignment."""
    path = folder / "assignment.md"
    path.write_text(text, encoding="utf-8")
    return CliRunner().invoke(main, ["grade", "--check-assignment", "--assignment", str(path)], catch_exceptions=False)


def test_a_good_assignment(tmp_path: Path) -> None:
    """What it asks, its points and its network are shown, and the status is 0."""
    result = run(tmp_path, GOOD)
    assert (result.exit_code, result.stderr) == (0, "")
    for part in (r"\frac{\partial L}{\partial w}", "error signal", "total", "3", "w[", "follow-through 1", "hints: repair"):
        assert part in result.stdout


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (r"{\partial w}'", r"{\partial v}'", 3, r"\frac{\partial L}{\partial v} is not a derivative of quantities of the network"),
        (r"{\partial w}'", r"{\partial w'", 3, "is not"),
        (r"{\partial z}'", r"{\partial q}'", 8, r"\partial q} is not a derivative"),
        ("'o', 'y', 'x'", "'o', 'yy', 'x'", 5, "in: yy is no quantity of the network; is y meant?"),
        (r"\sum_i y_i = 1", "1 = 2", 11, "1 = 2 is no assumption that is known"),
        (r"\sum_i y_i = 1", r"\sum_i z_i = 1", 11, "is no assumption that is known"),
        (r"\sum_i y_i = 1", r"\sum_i y_i = ", 11, "is no assumption that is known"),
        ("L = -", "L = = -", 18, ""),
        ("$$L = ", "$$z_i = 2 \\frac{a}{ $$\n$$L = ", 18, ""),
        ("# A", "Also $$\\frac{\\partial L}{\\partial z_i} = 7$$\n\n# A", 14, "is refuted"),
    ],
)
def test_what_is_wrong_has_its_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    """A quantity or symbol that the network lacks, an assumption without a model, a line that is not read: each is said, status 2."""
    assert old in GOOD
    result = run(tmp_path, GOOD.replace(old, new, 1))
    assert result.exit_code == 2
    assert any(f"assignment.md:{line}: " in said and message in said for said in result.stderr.splitlines()), result.stderr


def test_given_in_other_symbols(tmp_path: Path) -> None:
    """A right result counts only in the symbols that are allowed, in names that the answer defines from these, and in derivatives."""
    from verify.checking import check
    from verify.grading.assignment import parse_assignment

    assignment = parse_assignment(GOOD)
    rule = r"$$\frac{\partial L}{\partial w_{ij}} = "
    softmax = r"\frac{e^{z_i}}{\sum_k e^{z_k}}"
    for right, status in (
        (rf"{rule}(o_i - y_i) x_j$$", "right"),
        (r"$$\frac{\partial L}{\partial z_i} = o_i - y_i$$" + "\n" + rf"{rule}\frac{{\partial L}}{{\partial z_i}} x_j$$", "right"),
        (r"$$\delta_i := o_i - y_i$$" + "\n" + rf"{rule}\delta_i x_j$$", "right"),
        (rf"{rule}({softmax} - y_i) x_j$$", "missing"),
        (r"$$w_{ij} \leftarrow w_{ij} - \eta (o_i - y_i) x_j$$", "right"),
    ):  # fmt: skip
        found = {a.quantity: a.status for a in check(right, assignment=assignment, fast=True).asked}
        assert found[assignment.ask[0].quantity] == status, right
