"""Two indices of a quantity exchanged."""

from collections.abc import Iterator
from itertools import pairwise

from verify.meaning.repairs import Around, Candidate
from verify.meaning.symbols import letter_of
from verify.mistakes._mistake import Mistake, indexed, with_letters
from verify.reading.syntax import Node


def exchange(side: Node, around: Around) -> Iterator[Candidate]:
    """Two neighbouring letters of one symbol exchanged."""
    for terms in indexed(side, around):
        for one, other in pairwise(terms):
            letters = letter_of(other) or "", letter_of(one) or ""
            if letters[0] != letters[1]:
                yield with_letters(side, [(one, letters[0]), (other, letters[1])], "swapped-indices", around)


def mix_up(side: Node, around: Around) -> Iterator[Candidate]:
    """The exchanges after which the line still makes sense."""
    yield from (c for c in exchange(side, around) if around.fits(c.node))


MISTAKE = Mistake(
    name="swapped-indices",
    kind="mathematics",
    order=32,
    undo=exchange,
    apply=mix_up,
    says="the indices {was} should be {becomes}",
    example=(r"\frac{\partial L}{\partial a_j} = \sum_k \delta_k w_{jk}", r"\frac{\partial L}{\partial a_j} = \sum_k \delta_k w_{kj}"),
)
