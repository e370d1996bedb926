"""A factor too many in a product."""

from collections.abc import Iterator
from dataclasses import replace

from verify.meaning.repairs import Around, Candidate
from verify.mistakes import dropped_factor
from verify.mistakes._mistake import Mistake, is_number, is_width
from verify.reading.syntax import Node


def leave_out(side: Node, around: Around) -> Iterator[Candidate]:
    """One factor of a product left out; a number is a constant factor, a width the mean over samples: other mistakes."""
    for candidate in dropped_factor.leave_out(side, around):
        if not is_number(candidate.was) and not is_width(candidate.was, around):
            yield replace(candidate, mistake="extra-factor")


def put_in(side: Node, around: Around) -> Iterator[Candidate]:
    """A declared quantity put into a product where it does not belong."""
    for candidate in dropped_factor.quantities_put_in(side, around):
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
