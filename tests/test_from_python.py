"""The public functions: pure, the same in threads as alone, and nothing else is public."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import verify
from verify.proving.proof import NotProved

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
ASSIGNMENT = (EXAMPLES / "assignment.md").read_text(encoding="utf-8")
ANSWER = (EXAMPLES / "relu_sigmoid_softmax.md").read_text(encoding="utf-8")
NETWORK = r"$$z = \sum_j w_j x_j + b$$ $$a = \sigma(z)$$ $$L = \frac{1}{2} (a - y)^2$$"


def test_an_answer_is_graded() -> None:
    """Each asked quantity has points, the whole less than all for an answer with mistakes; an empty answer has none."""
    report = verify.grade(ANSWER, ASSIGNMENT, fast=True)
    points, most = sum(a.points for a in report.asked), sum(a.out_of for a in report.asked)
    assert 0 < points < most
    assert sum(a.points for a in verify.grade("", ASSIGNMENT, fast=True).asked) == 0
    with pytest.raises(ValueError, match=r"\S"):
        verify.grade(ANSWER, "no front matter")


def test_a_network_is_proved() -> None:
    """A document's parameters, an assignment's asked quantities, a wanted one; without a loss there is no proof."""
    assert [line.left.wrt.name for line in verify.prove(NETWORK).results] == ["w", "b"]  # type: ignore[attr-defined]
    assert [line.left.wrt.name for line in verify.prove(NETWORK, wanted=["z"]).results] == ["z"]  # type: ignore[attr-defined]
    assert len(verify.prove(ASSIGNMENT).results) == 6
    with pytest.raises(NotProved, match="no loss"):
        verify.prove("$$z = w x$$")


def test_threads_do_not_disturb_one_another() -> None:
    """Threads at once give what one gives; none waits for another that waits for it."""

    def both(_: int) -> list[object]:
        return [verify.grade(ANSWER, ASSIGNMENT, fast=True), verify.prove(NETWORK).results[0].right]

    alone = both(0)
    with ThreadPoolExecutor(4) as pool:
        assert all(found == alone for found in pool.map(both, range(4)))


def test_nothing_else_is_public() -> None:
    """The package has what it says, and no other name."""
    assert all(callable(getattr(verify, name)) for name in verify.__all__)
    with pytest.raises(AttributeError):
        _ = verify.no_such_thing  # type: ignore[attr-defined]
