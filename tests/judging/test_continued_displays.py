"""A display that begins with a relation sign after words goes on the chain before it: for what is said of it, and for the marks."""

from __future__ import annotations

import pytest

from verify.checking import check
from verify.grading.grade import grade

NETWORK = "$$ z = w x $$\n$$ L = (z - y)^2 $$\n"
ASSIGNMENT = f"""+++
[[ask]]
quantity = '\\frac{{\\partial L}}{{\\partial w}}'
points = 2
+++
{NETWORK}"""
RULE = r"\frac{\partial L}{\partial w} = \frac{\partial L}{\partial z} \frac{\partial z}{\partial w}"
WORDS = ("", "\nand putting in the factors\n", "\nThat is, with $x$ fixed,\n")


@pytest.mark.parametrize("words", WORDS)
def test_the_head_of_the_chain(words: str) -> None:
    """The relation is judged by its neighbour, and it is said that its right side equals what the chain began with."""
    found = check(f"{NETWORK}\n$$ {RULE} $$\n$$ = 3 (z - y) x $$\n{words}\n$$ = 2 (z - y) x $$\n", fast=True).relations
    assert [(r.verdict, r.rhs_equals_head) for r in found[2:]] == [("proved", None), ("refuted", False), ("refuted", True)]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize(("right", "status"), [("2 (z - y) x", "right"), ("3 (z - y) x", "wrong")])
def test_what_it_earns(words: str, right: str, status: str) -> None:
    """The result that a chain comes to after words is the result that was asked for."""
    report = grade(f"$$ {RULE} $$\n{words}\n$$ = {right} $$\n", ASSIGNMENT, fast=True)
    assert [(a.status, a.points) for a in report.asked] == [(status, 2.0 if status == "right" else 0.0)]


def test_another_chain_between() -> None:
    """It goes on the display right before it, and another heading begins anew."""
    between = f"$$ {RULE} $$\n\nand\n\n$$ \\frac{{\\partial L}}{{\\partial z}} = 2 (z - y) $$\n\nthus\n\n$$ = 2 (w x - y) $$\n"
    report = grade(between, ASSIGNMENT, fast=True)
    assert report.asked[0].status == "missing" and report.relations[-1].rhs_equals_head is True
    headed = check(f"{NETWORK}\n$$ {RULE} $$\n\n## Next\n\n$$ = 2 (z - y) x $$\n", fast=True).relations
    assert headed[-1].rhs_equals_head is None
