"""A transpose left out, or one too many, so that the shapes do not fit."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, one_transpose
from verify.mistakes._mistake import Mistake
from verify.reading.syntax import Node


def apply(side: Node, around: Around) -> Iterator[Candidate]:
    """A transpose taken off or put on, where the shapes then do not fit."""
    yield from (c for c in one_transpose(side, around) if not around.fits(c.node))


MISTAKE = Mistake(
    name="missing-transpose",
    kind="notation",
    order=111,
    undo=one_transpose,
    apply=apply,
    says="{becomes} is meant where {was} stands: a transpose is missing or too many",
    example=(r"\frac{\partial L}{\partial W} = X^\top \Delta", r"\frac{\partial L}{\partial W} = X \Delta"),
)
