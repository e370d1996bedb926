"""The left side is of another quantity than the right side."""

from collections.abc import Iterator
from dataclasses import replace

from verify.meaning.repairs import Around, Candidate
from verify.mistakes import index_slip, swapped_indices
from verify.mistakes._mistake import Mistake
from verify.mistakes.wrong_symbol import replace_symbol
from verify.reading.syntax import Derivative, Name, Node, Scripted


def another(side: Node, around: Around) -> Iterator[Candidate]:
    """Another quantity in the place of the one that is differentiated, or by which; another one in the place of a lone symbol."""
    if isinstance(side, (Derivative, Name, Scripted)):
        yield from (replace(c, mistake="left-side") for c in replace_symbol(side, around))


def undo(side: Node, around: Around) -> Iterator[Candidate]:
    """Another quantity, then other indices."""
    yield from another(side, around)
    yield from swapped_indices.exchange(side, around)
    yield from index_slip.another_letter(side, around)


MISTAKE = Mistake(
    name="left-side",
    kind="mathematics",
    order=60,
    undo=undo,
    apply=another,
    says="the right side is that of {becomes}, not of {was}",
    example=(r"\frac{\partial L}{\partial b} = \delta", r"\frac{\partial L}{\partial w} = \delta"),
    of="left",
)
