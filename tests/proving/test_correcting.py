"""Corrected answers: what is wrong is mended in the answer's own notation, what is right stays, and the result reads back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from verify.checking import check
from verify.cli import main
from verify.proving.correcting import corrected

ROOT = Path(__file__).parents[2]
SEED = ROOT.parent / "shared" / "seed" / "homework.md"
EXAMPLE = ROOT / "docs" / "examples" / "relu_sigmoid_softmax.md"

REGRESSION = r"""
$$z_n = \sum_j x_{nj} w_j + b$$

$$L = \frac{1}{N} \sum_{n=1}^N (z_n - y_n)^2$$

$$\frac{\partial L}{\partial z_n} = \frac{3}{N^2} (z_n - y_n) x_n$$

and $\frac{\partial L}{\partial b} = \sum_n z_n y_n$, so that

$$w_j \leftarrow w_j - \eta \sum_n z_n y_n$$
"""


def wrong_formulas(text: str) -> int:
    """How many lines of a document have a relation that is not right."""
    return len({r.place.line for r in check(text, fast=True).relations if r.verdict in ("refuted", "slip", "follows")})


@pytest.mark.parametrize("path", [EXAMPLE, pytest.param(SEED, marks=pytest.mark.skipif(not SEED.exists(), reason="no seed here"))], ids=str)
def test_an_answer_is_corrected_where_it_is_wrong(path: Path) -> None:
    """Nothing is refuted or a slip afterwards, with the marks as without; at most the wrong lines were changed."""
    text = path.read_text(encoding="utf-8")
    found = corrected(text)
    for after in (found.text, found.marked):
        assert check(after, fast=True).summary.keys() <= {"given", "proved", "tested"}
    assert not found.left and 0 < len(found.changes) <= wrong_formulas(text)
    same = [one == other for one, other in zip(text.split("\n"), found.text.split("\n"), strict=True)]
    assert same.count(False) == len(found.changes)
    assert found.marked.count("**[corrected]**") == len(found.changes)


def test_where_no_repair_is_known_the_truth_stands() -> None:
    """A right side that is no known mistake's is replaced by the derivative, with the answer's letters; an update keeps its form."""
    found = corrected(REGRESSION)
    assert check(found.text, fast=True).summary == {"given": 2, "proved": 3}
    first, second, third = (c.becomes for c in found.changes)
    assert first.startswith(r"\frac{\partial L}{\partial z_n} = ") and "z_n - y_n" in first
    assert second.startswith(r"\frac{\partial L}{\partial b} = ") and third.startswith(r"w_j \leftarrow w_j - \eta ")


def test_what_follows_from_a_mended_line_is_mended() -> None:
    """A wrong error signal is mended, and with it the gradients that rest on it."""
    text = (
        "$$z_k = \\sum_j w_{jk} x_j$$\n\n$$L = \\frac12 \\sum_k (z_k - t_k)^2$$\n\n"
        "$$\\frac{\\partial L}{\\partial z_k} = t_k - z_k$$\n\n$$\\frac{\\partial L}{\\partial w_{jk}} = (t_k - z_k) x_j$$\n"
    )
    found = corrected(text)
    assert check(found.text, fast=True).summary == {"given": 2, "proved": 2} and [c.line for c in found.changes] == [5, 7]


def test_a_right_answer_is_left_alone() -> None:
    """A document without a wrong line comes back as it is, whatever else is in it."""
    text = "# Title\n\n$$a = \\tanh(z)$$\n\nso $\\frac{\\partial a}{\\partial z} = 1 - a^2$ -- and $?$ is no formula\n"
    assert corrected(text).marked == text and corrected(text).changes == ()


def test_marks_cannot_be_broken_by_what_was_there() -> None:
    """What was there stands in a comment, and has nothing in it that ends one."""
    text = "$$\nz = x w\n$$\n\n$$\nL = z^2\n$$\n\n$$\n\\frac{\\partial L}{\\partial z} = 5 z--2z\n$$\n"
    found = corrected(text)
    (comment,) = re.findall("<!--(.*?)-->", found.marked, re.DOTALL)
    assert "5 z" in comment and "--" not in comment and "\n" not in comment
    marked = corrected(text, "tex").marked
    assert re.search(r"\\textbf\{\[corrected\]\}% .*5 z--2z\n", marked)


def test_notebooks_and_code_are_not_corrected() -> None:
    """What has no text of its own is refused with the reason."""
    with pytest.raises(ValueError, match="Markdown and LaTeX"):
        corrected("{}", "ipynb")


def test_the_command(tmp_path: Path) -> None:
    """``prove --correct`` prints the document and says on standard error what it changed; the exit status says whether all was mended."""
    answer = tmp_path / "answer.md"
    answer.write_text(REGRESSION, encoding="utf-8")
    done = CliRunner().invoke(main, ["prove", "--correct", str(answer), "--lang", "vi"])
    assert done.exit_code == 0 and done.stdout.count("**[đã sửa]**") == 3 and done.stderr.count("đã sửa") == 3
    assert CliRunner().invoke(main, ["prove", "--correct", str(tmp_path / "none.md")]).exit_code == 2
