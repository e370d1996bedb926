"""Every entry of the catalogue, printed as a document in each notation and read back: one verdict, whatever the notation."""

from __future__ import annotations

import pytest

from derivations import catalogue
from derivations._entry import Derivation
from tests.notations.documents import line, printed, verdicts
from verify.kernel.expr import Tensor
from verify.notations.page import Unsayable, below
from verify.sympy_bridge import program

ENTRIES = sorted(catalogue())
WAYS = {"index": ("index", False), "matrix": ("matrix", False), "rows": ("matrix", True), "loose": ("loose", False)}
PASSED = (("wrong-case", "slip"), ("wrong-symbol", "slip"), ("swapped-indices", "slip"), ("missing-sum", "unread"))
"""What else is said of pitfalls: an exchanged letter is a slip; one term of a sum, with its index a number, may be more than is read."""


def by_number(derivation: Derivation) -> bool:
    """Whether a forward pass picks entries by their numbers, as a determinant of 2 × 2 does: such documents may stay unread."""
    nodes = (node for d in program(derivation).definitions if d.body is not None for node in below(d.body))
    return any(isinstance(p, int) for node in nodes if isinstance(node, Tensor) for p in node.indices)


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("way", WAYS)
def test_right_gradients_are_proved_and_pitfalls_refuted_in_every_notation(name: str, way: str) -> None:
    """Definitions are given, every gradient that the notation can say is proved, every pitfall refuted; only an exchanged index letter
    may be taken for a slip of the pen."""
    derivation = catalogue()[name]
    notation, rows = WAYS[way]
    right = printed(derivation, [line(left, of) for left, of in derivation.gradients.items()], notation, rows)
    if isinstance(right, Unsayable):
        assert notation != "index"
        pytest.skip(f"{notation} notation cannot say it: {right}")
    assert notation != "index" or not right.unsayable
    found = verdicts(right)
    assert found[: right.definitions] == ["given"] * right.definitions
    assert len(found) == right.definitions + len(right.claims)
    assert set(found[right.definitions :]) <= {"proved", "tested"} | ({"unread"} if by_number(derivation) else set())

    wrong = printed(derivation, [line(p.gradient, derivation.fallen(p)) for p in derivation.pitfalls], notation, rows)
    assert isinstance(wrong, Unsayable) or len(wrong.claims) + len(wrong.unsayable) == len(derivation.pitfalls)
    if not isinstance(wrong, Unsayable):
        named = [derivation.pitfalls[n].mistake for n in wrong.claims]
        missed = [(m, v) for m, v in zip(named, verdicts(wrong)[wrong.definitions :], strict=True) if v not in ("refuted", "follows")]
        # Of a Jacobian in matrix notation nothing says which way it is laid out: its transpose is not refuted.
        turned = [("wrong-symbol", "unread")] if notation == "matrix" else []
        assert [m for m in missed if m not in (*PASSED, *turned) and not by_number(derivation)] == []


def test_matrix_and_loose_notation_say_most_of_the_catalogue() -> None:
    """What the notations refuse is the exception: three axes, two axes of one kind, a vector that spreads over samples."""
    said = dict.fromkeys(WAYS, 0)
    for derivation in catalogue().values():
        for way, (notation, rows) in WAYS.items():
            document = printed(derivation, [line(left, of) for left, of in derivation.gradients.items()], notation, rows)
            said[way] += not isinstance(document, Unsayable)
    assert said["index"] == len(ENTRIES)
    assert said["matrix"] >= 0.7 * len(ENTRIES) and said["rows"] == said["matrix"] and said["loose"] >= 0.5 * len(ENTRIES)
