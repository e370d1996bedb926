"""What follows from an earlier wrong line: which line, decided by the kernel, and never what is right or follows from nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from verify.checking import check
from verify.rechecking import rechecked
from verify.rendering.json_report import json_line

DOCUMENTS = sorted((Path(__file__).parents[1] / "golden").glob("follow_*.md"))

NETWORK = r"""
$$ z_k = \sum_j w_{kj} x_j + b_k, \quad a_k = \sigma(z_k), \quad L = \frac{1}{2} \sum_k (a_k - y_k)^2 $$
"""


def lines_of(text: str) -> list[tuple[str, int | None]]:
    """The verdicts on what stands below the network, and the lines that they follow from."""
    report = check(NETWORK + text, fast=True)
    places = {r.id: r.place.line for r in report.relations}
    return [(r.verdict, places.get(r.follows_from or "")) for r in report.relations[3:]]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.stem)
def test_each_names_an_earlier_refuted_line_and_is_decided_again(path: Path) -> None:
    """A line that follows names a refuted one above it, its evidence is confirmed by a fresh kernel; no other line names one."""
    report = check(path.read_text(encoding="utf-8"), fast=True, evidence=True)
    by_id = {r.id: r for r in report.relations}
    for relation in report.relations:
        assert (relation.follows_from is not None) == (relation.verdict == "follows")
        if relation.follows_from is not None:
            origin = by_id[relation.follows_from]
            assert (origin.verdict, origin.place.line < relation.place.line) == ("refuted", True)
            assert relation.evidence is not None
    outcomes = list(rechecked(json.loads(json_line(report))))
    assert [o.reason for o in outcomes if o.confirmed is False] == []
    assert all(o.confirmed for o in outcomes if o.verdict == "follows")


def test_the_nearest_line_that_explains_is_named() -> None:
    """Two wrong lines about one derivative: a later line follows from the nearer one that makes it true."""
    assert lines_of(
        r"""
$$ \frac{\partial L}{\partial a_k} = 2 (a_k - y_k) $$
$$ \frac{\partial L}{\partial a_k} = a_k + y_k $$
$$ \frac{\partial L}{\partial z_k} = (a_k + y_k) a_k (1 - a_k) $$
$$ \frac{\partial L}{\partial z_k} = 2 (a_k - y_k) a_k (1 - a_k) $$
"""
    ) == [("refuted", None), ("refuted", None), ("follows", 5), ("follows", 4)]


def test_beliefs_are_not_mixed() -> None:
    """A line that needs two wrong lines at once follows from neither; one that is right is right whatever stands above it."""
    assert lines_of(
        r"""
$$ \frac{\partial L}{\partial a_k} = 2 (a_k - y_k) $$
$$ \frac{\partial a_k}{\partial z_k} = a_k (1 + a_k) $$
$$ \frac{\partial L}{\partial z_k} = 2 (a_k - y_k) a_k (1 + a_k) $$
$$ \frac{\partial L}{\partial z_k} = (a_k - y_k) a_k (1 - a_k) $$
"""
    ) == [("refuted", None), ("refuted", None), ("refuted", None), ("proved", None)]


def test_only_what_stands_below_follows() -> None:
    """A line above the wrong one does not follow from it."""
    assert lines_of(
        r"""
$$ \frac{\partial L}{\partial z_k} = 2 (a_k - y_k) a_k (1 - a_k) $$
$$ \frac{\partial L}{\partial a_k} = 2 (a_k - y_k) $$
"""
    ) == [("refuted", None), ("refuted", None)]


def test_a_belief_of_one_case_says_nothing_of_the_other() -> None:
    """What is believed off the diagonal leaves the diagonal as it is."""
    network = r"$$ o_i = \frac{e^{z_i}}{\sum_l e^{z_l}}, \quad L = -\sum_i y_i \ln o_i, \quad \sum_i y_i = 1 $$"
    text = r"""
$$ \frac{\partial o_i}{\partial z_k} = o_i o_k \quad (i \neq k) $$
$$ \frac{\partial L}{\partial z_k} = -y_k (1 - o_k) - \sum_{i \neq k} y_i o_k $$
$$ \frac{\partial L}{\partial z_k} = -y_k (1 + o_k) - \sum_{i \neq k} y_i o_k $$
"""
    verdicts = [r.verdict for r in check(network + text, fast=True).relations if r.verdict != "given"]
    assert verdicts == ["refuted", "follows", "refuted"]


def test_the_degenerate_earns_nothing() -> None:
    """What is believed to be 0, a constant, or free of the error earns nothing for what rests on it."""
    for value in ("0", "1", "x_k", "y_k"):
        _, then = lines_of(rf"""
$$ \frac{{\partial L}}{{\partial z_k}} = {value} $$
$$ \frac{{\partial L}}{{\partial b_k}} = {value} $$
""")
        assert then[0] in ("refuted", "unread"), value
