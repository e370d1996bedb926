"""A transpose left out, or one too many, so that the shapes do not fit."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, one_transpose
from verify.mistakes._mistake import Mistake, operands
from verify.reading.syntax import Node, Span


def apply(side: Node, around: Around) -> Iterator[Candidate]:
    """A transpose taken off or put on, where the shapes then do not fit."""
    inside = {node.span for node, argument in operands(side) if argument}
    for candidate in one_transpose(side, around):
        edit = candidate.edits[0]
        if Span(edit.start, edit.end) not in inside and not around.fits(candidate.node):
            yield candidate


MISTAKE = Mistake(
    name="missing-transpose",
    kind="notation",
    order=111,
    undo=one_transpose,
    apply=apply,
    says="{becomes} is meant where {was} stands: a transpose is missing or too many",
    example=(r"\frac{\partial L}{\partial W} = X^\top \Delta", r"\frac{\partial L}{\partial W} = X \Delta"),
)
