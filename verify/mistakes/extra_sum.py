"""A sum too many."""

from collections.abc import Iterator
from dataclasses import replace

from verify.meaning.repairs import Around, Candidate
from verify.mistakes import missing_sum
from verify.mistakes._mistake import Mistake
from verify.reading.syntax import Node


def leave_out(side: Node, around: Around) -> Iterator[Candidate]:
    """A sum's body without its Σ."""
    yield from (replace(c, mistake="extra-sum") for c in missing_sum.leave_out(side, around))


def put_in(side: Node, around: Around) -> Iterator[Candidate]:
    """A product summed over one of its index letters."""
    yield from (replace(c, mistake="extra-sum") for c in missing_sum.put_in(side, around))


MISTAKE = Mistake(
    name="extra-sum",
    kind="mathematics",
    order=18,
    undo=leave_out,
    apply=put_in,
    says="the sum {was} does not belong here",
    example=(r"\frac{\partial L}{\partial z_k} = o_k - y_k", r"\frac{\partial L}{\partial z_k} = \sum_k (o_k - y_k)"),
)
