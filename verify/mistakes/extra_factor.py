"""A factor too many in a product, or a slope."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from verify.meaning.repairs import Around, Candidate
from verify.mistakes import dropped_factor
from verify.mistakes._mistake import Mistake, factors, grouped, is_number, is_width, leaving_out, terms, without
from verify.reading.syntax import Added, Group, Node, Number
from verify.reading.traversal import replaced


def leave_out(side: Node, around: Around) -> Iterator[Candidate]:
    """One factor of a product left out, or ``a (1 - a)``; a number is a constant factor, a width the mean over samples: other mistakes."""
    for candidate in dropped_factor.leave_out(side, around):
        if not is_number(candidate.was) and not is_width(candidate.was, around):
            yield replace(candidate, mistake="extra-factor")
    for term in (*terms(side), *grouped(side)):
        parts = factors(term)
        for n, (one, other) in enumerate(pairwise(parts)):
            if len(parts) > 2 and is_slope(one, other, around):
                new = without(without(term, one), other)
                was = f"{around.source(one.span)} {around.source(other.span)}"
                tree = new if term is side else replaced(side, term, new)
                yield Candidate(tree, (leaving_out(parts, n, n + 1),), "extra-factor", was, "")


def is_slope(one: Node, other: Node, around: Around) -> bool:
    """Whether two factors are a and 1 − a, the slope of a sigmoid."""
    match other:
        case Group(_, "(", Added(_, ("+", "-"), (Number(_, "1"), inner))):
            return around.source(inner.span) == around.source(one.span)
    return False


def put_in(side: Node, around: Around) -> Iterator[Candidate]:
    """A declared quantity put into a product where it does not belong."""
    for candidate in dropped_factor.quantities_put_in(dropped_factor.Places(side), around):
        yield replace(candidate, mistake="extra-factor")


MISTAKE = Mistake(
    name="extra-factor",
    kind="mathematics",
    order=17,
    undo=leave_out,
    apply=put_in,
    says="the factor {was} does not belong here",
    example=(r"\frac{\partial L}{\partial b} = o - y", r"\frac{\partial L}{\partial b} = (o - y) x"),
)
