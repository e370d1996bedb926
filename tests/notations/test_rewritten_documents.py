"""Documents that are written another way keep their verdicts: a bound index by another letter, the sides of an equation exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from derivations import catalogue
from tests.notations.documents import line, printed
from verify.checking import judged
from verify.deciding import Deciders
from verify.judging.judgement import Judgement
from verify.meaning.symbols import USUAL_INDICES, bound_letters
from verify.notations.page import Unsayable
from verify.reading.document import read
from verify.reading.syntax import Big, Derivative, Formula, Fraction, Name, Scripted, Span
from verify.reading.traversal import walk

GOLDEN = Path(__file__).parents[1] / "golden"
DOCUMENTS = (
    "equal_and_different", "index_notation", "inline_slashes", "linear_regression", "linear_regression_ridge", "matrix_columns",
    "pairs_index", "pairs_matrix", "quotients_and_logs", "softmax", "softmax_cases", "sum_rule_variants", "two_layers_by_rows",
)  # fmt: skip
ENTRIES = ("softmax_regression", "mlp_tanh_mse", "batch_norm", "scaled_dot_product_attention", "linear_layer", "log_softmax")
LETTERS = "pqrsuv"
"""Letters that a bound index may get, where the document does not use them."""


def text_of(name: str) -> str:
    """A golden document, or the page of an entry in index notation with its right and its wrong gradients."""
    if name in DOCUMENTS:
        return (GOLDEN / f"{name}.md").read_text(encoding="utf-8")
    entry = catalogue()[name]
    wrong = [line(p.gradient, entry.fallen(p)) for p in entry.pitfalls]
    page = printed(entry, [*(line(left, of) for left, of in entry.gradients.items()), *wrong], "index")
    assert not isinstance(page, Unsayable)
    return page.text


def judgements(text: str) -> list[Judgement]:
    """The judgement of each relation; nothing is explained, which would take long."""
    return judged(read(text), None, Deciders())[2]


def edited(text: str, edits: dict[Span, str]) -> str:
    """The text with stretches replaced."""
    for span in sorted(edits, reverse=True):
        text = text[: span.start] + edits[span] + text[span.end :]
    return text


def renamed(text: str) -> str:
    """The text with the index of each innermost sum that binds one letter called by a letter that stands nowhere else.

    A letter that is no usual index is one only because a sum binds it; it stays.
    """
    parts = [part for part in read(text).parts if isinstance(part, Formula)]
    trees = [statement.content for part in parts for statement in part.statements]
    names = {n.text for tree in trees for n in walk(tree) if isinstance(n, Name)}
    free = next(c for c in LETTERS if c not in names)
    edits: dict[Span, str] = {}
    for node in (n for tree in trees for n in walk(tree) if isinstance(n, Big)):
        letters = list(bound_letters(node.lower)) if node.lower is not None else []
        if len(letters) != 1 or letters[0] not in USUAL_INDICES or node.body is None or any(isinstance(n, Big) for n in walk(node.body)):
            continue
        scripts = [part for n in walk(node.body) if isinstance(n, Scripted) for part in (n.sub, n.sup) if part is not None]
        assert node.lower is not None
        for name in (n for root in (node.lower, *scripts) for n in walk(root)):
            if isinstance(name, Name) and name.text == letters[0] and text[name.span.start : name.span.end] == letters[0]:
                edits[name.span] = free
    return edited(text, edits)


def exchanged(text: str, found: Sequence[Judgement]) -> tuple[str, list[int]]:
    """The text with the sides of equations exchanged, each a derivative and a formula, and which relations these are."""
    edits: dict[Span, str] = {}
    numbers = []
    for n, judgement in enumerate(found):
        left, right = judgement.left, judgement.link.right
        if judgement.verdict not in ("proved", "tested", "refuted") or left is None or right is None:
            continue
        alone = len(judgement.chain.links) == 1 and judgement.link.relation == "=" and isinstance(left, (Derivative, Fraction))
        between = text[left.span.end : right.span.start]
        if alone and between.strip() == "=" and not isinstance(right, (Name, Scripted)):
            one, other = (text[side.span.start : side.span.end] for side in (left, right))
            edits |= {left.span: other + " ", right.span: " " + one}
            numbers.append(n)
    return edited(text, edits), numbers


@pytest.mark.parametrize("name", [*DOCUMENTS, *ENTRIES])
def test_verdicts_stay_when_bound_indices_are_renamed_and_sides_exchanged(name: str) -> None:
    """A dummy index has no meaning of its own, and an equation says the same from either side, where neither side introduces anything."""
    text = text_of(name)
    found = judgements(text)
    verdicts = [j.verdict for j in found]
    assert [j.verdict for j in judgements(renamed(text))] == verdicts
    other, numbers = exchanged(text, found)
    again = judgements(other)
    assert [again[n].verdict for n in numbers] == [verdicts[n] for n in numbers]


def test_the_documents_are_rewritten_indeed() -> None:
    """There are many sums to rename and many equations to exchange."""
    texts = [text_of(name) for name in ("index_notation", "softmax", "batch_norm")]
    assert all(renamed(text) != text for text in texts)
    assert sum(len(exchanged(text, judgements(text))[1]) for text in texts) >= 15
