"""A mean over the samples that is a sum, or the other way round: 1/N missing or too many."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, symbol_node
from verify.mistakes._mistake import Mistake, number, terms, with_factor
from verify.reading.syntax import Fraction, Node


def scale(side: Node, around: Around) -> Iterator[Candidate]:
    """A product times 1/N or N, for each name of a width."""
    for term in terms(side):
        for key in around.network.sizes:
            count = symbol_node(key, term.span)
            mean = Fraction(term.span, number(term.span, "1"), count)
            yield with_factor(side, term, mean, rf"\frac{{1}}{{{key}}}", "batch-mean")
            yield with_factor(side, term, count, key, "batch-mean")


MISTAKE = Mistake(
    name="batch-mean",
    kind="mathematics",
    order=19,
    undo=scale,
    apply=scale,
    says="the factor {becomes} of the mean over the samples is missing",
    example=(r"\frac{\partial L}{\partial b} = \frac{1}{N} \sum_i \delta_i", r"\frac{\partial L}{\partial b} = \sum_i \delta_i"),
)
