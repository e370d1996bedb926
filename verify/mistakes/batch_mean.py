"""A mean over the samples for a sum, or the other way round: 1/N missing or too many."""

from collections.abc import Iterator
from dataclasses import replace

from verify.meaning.repairs import Around, Candidate, TextEdit, symbol_node
from verify.mistakes._mistake import Mistake, is_width, number, terms, with_factor
from verify.mistakes.dropped_factor import leave_out
from verify.reading.syntax import Fraction, Node, Number
from verify.reading.traversal import replaced, walk


def confuse(side: Node, around: Around) -> Iterator[Candidate]:
    """A factor or denominator that is a width left out; then a product times 1/N or N, for each name of a width."""
    for candidate in leave_out(side, around):
        if is_width(candidate.was, around):
            yield replace(candidate, mistake="batch-mean", becomes="1")
    for node in walk(side):
        if isinstance(node, Fraction) and is_width(width := around.source(node.denominator.span), around):
            edit = TextEdit(node.span.start, node.span.end, around.source(node.numerator.span))
            rest = node.numerator if node is side else replaced(side, node, node.numerator)
            yield Candidate(rest, (edit,), "batch-mean", rf"\frac{{1}}{{{width}}}", "1")
    for term in terms(side):
        if isinstance(term, Number) and term.text == "0":
            continue
        for key in around.network.sizes:
            count = symbol_node(key, term.span)
            for factor, text in ((Fraction(term.span, number(term.span, "1"), count), rf"\frac{{1}}{{{key}}}"), (count, key)):
                yield replace(with_factor(side, term, factor, text, "batch-mean"), was="1")


MISTAKE = Mistake(
    name="batch-mean",
    kind="mathematics",
    order=16,
    undo=confuse,
    apply=confuse,
    says="a mean and a sum over the samples are confused: the factor should be {becomes}, not {was}",
    example=(r"\frac{\partial L}{\partial b} = \frac{1}{N} \sum_i \delta_i", r"\frac{\partial L}{\partial b} = \sum_i \delta_i"),
)
