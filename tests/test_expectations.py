"""What documents expect of their relations: the comments' grammar, and which relation each speaks of."""

from __future__ import annotations

import pytest
from samples import relation, report

from verify.expectations import Alternative, ExpectationError, Expected, comments, paired

TEXT = """$$a = b$$ $$c = d$$
<!-- expect: given, refuted [sign]|slip -->
$$e = f$$
<!-- expect: proved -->
$$g = h$$
"""


def sample(**first):
    """A report with the four relations of the text."""
    relations = [relation(TEXT, s, "proved") for s in ("c = d", "e = f", "g = h")]
    return report(TEXT, relation(TEXT, "a = b", "given", **first), *relations)


def test_expectations_in_order() -> None:
    """A comment speaks of the relations since the last one, in order; behind the last comment nothing is expected."""
    pairs = [(r.lhs, str(e) if e else None) for r, e in paired(sample(), comments(TEXT))]
    assert pairs == [("a", "given"), ("c", "refuted [sign]|slip"), ("e", "proved"), ("g", None)]


def test_expectation_missing_within_a_comment() -> None:
    """Where a comment says less than there are relations, the later ones have no expectation."""
    text = "$a = b$ $c = d$ <!-- expect: given -->"
    found = report(text, relation(text, "a = b", "given"), relation(text, "c = d", "given"))
    assert [e is None for _, e in paired(found, comments(text))] == [False, True]


def test_more_expected_than_found() -> None:
    """A comment that expects a relation that was not found is an error with its line."""
    text = "\n$a = b$\n<!-- expect: given, proved -->"
    with pytest.raises(ExpectationError, match="line 3: 2 relations are expected above, 1 found"):
        paired(report(text, relation(text, "a = b", "given")), comments(text))


@pytest.mark.parametrize("wrong", ["right", "proved,", "", "proved [", "proved []", "slip sign"])
def test_comment_that_is_no_expectation(wrong: str) -> None:
    """A word that is no verdict is an error, never ignored."""
    with pytest.raises(ExpectationError, match=r"line 2: .* is no verdict"):
        comments(f"$a = b$\n<!-- expect: {wrong} -->")


def test_examples_in_code_are_no_expectations() -> None:
    """A comment within a fence is an example; behind the fence they count again."""
    assert [c.line for c in comments("```\n<!-- expect: odd -->\n```\n<!-- expect: given -->")] == [4]


def test_latex_comments() -> None:
    """In LaTeX expectations stand behind a percent sign."""
    assert [str(c.expected[0]) for c in comments("\\[ a = b \\]\n  % expect: proved|tested\n% other", "tex")] == ["proved|tested"]


@pytest.mark.parametrize(("mistake", "meets"), [("sign", True), ("wrong-layer", False), (None, False)])
def test_a_named_mistake_must_be_found(mistake: str | None, meets: bool) -> None:
    """With a mistake in brackets the verdict alone is not enough."""
    found = relation(TEXT, "a = b", "refuted", mistake=mistake)
    assert Expected((Alternative("refuted", "sign"),)).meets(found) is meets
    assert Expected((Alternative("refuted"),)).meets(found)
