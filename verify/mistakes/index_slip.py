"""One index letter for another, so that the line makes no sense as it is written."""

from collections.abc import Iterator
from dataclasses import replace

from verify.meaning.repairs import Around, Candidate, other_index
from verify.mistakes._mistake import Mistake
from verify.mistakes.swapped_indices import exchange
from verify.reading.syntax import Node


def apply(side: Node, around: Around) -> Iterator[Candidate]:
    """One letter for another, where the line then makes no sense."""
    yield from (replace(c, mistake="index-slip") for c in exchange(side, around) if len(c.edits) == 1 and not around.fits(c.node))


MISTAKE = Mistake(
    name="index-slip",
    kind="notation",
    order=110,
    undo=other_index,
    apply=apply,
    says="{becomes} is meant where {was} stands",
    example=(r"\frac{\partial L}{\partial w_{ij}} = \delta_j x_i", r"\frac{\partial L}{\partial w_{ij}} = \delta_k x_i"),
)
