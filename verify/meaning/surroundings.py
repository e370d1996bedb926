"""What a side of a relation takes from around it and gives back: values, letters, notes; and why it may have no meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from verify.kernel import expr as k
from verify.kernel.expr import Expr, Index
from verify.notations.index import PLAIN_TAGS
from verify.reading.syntax import (
    Big,
    Node,
)


class Unread(Exception):
    """A side has no meaning that is understood; the argument says why."""


class Undeclared(Unread):
    """A side names a quantity that the document does not declare."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key.translate(PLAIN_TAGS)} is not declared")
        self.key = key


class Clash(Exception):
    """A side is understood and its axes do not fit; the argument says how."""


@dataclass(frozen=True)
class Value:
    """An expression with its implicit indices in order; of a Jacobian also the quantities above and below.

    ``upper`` and ``lower`` are the implicit indices of the numerator and of the denominator of a derivative.
    """

    expr: Expr
    implicit: tuple[Index, ...] = ()
    above: str | None = None
    below: str | None = None
    upper: tuple[Index, ...] = ()
    lower: tuple[Index, ...] = ()


@dataclass
class Surroundings:
    """What a side takes from around it: axes of free letters, the variable that a prime means, the sum that a bare Σ abbreviates.

    ``target`` holds the axes of the chain's first rigid side, or is None where anything goes. ``labels`` maps a line's name to its last
    side. ``overrides`` reads a symbol as another one (misreadings). ``notes`` collects how things were read.
    """

    letters: dict[str, str] = field(default_factory=dict)
    target: frozenset[str] | None = None
    prime: k.Tensor | None = None
    sum_in_sight: Callable[[], Big | None] = lambda: None
    labels: Mapping[str, Node] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    diagonal: bool = False
    twins: bool = False
    """Whether an elementwise Jacobian stood in a product, so that reading it by its diagonal makes a difference."""
    free_sum: bool = False
    """Sum a lone axis that the target lacks, where the rules see a clash: only to show a witness for one."""
    kept_axes: bool = False
    """Leave a lone axis that the target lacks, where the rules see a clash: only to show a witness for one that a sum would mend."""
    strict: bool = False
    """Whether an index that one side leaves out is missed, where matrices stand by position."""
    defining: bool = False
    """Whether a definition is read, which may begin a sum at a letter (``Σ_{i=c}^C``) where it can only mean that the letter runs."""
    iterated: str | None = None
    """The quantity that the chain updates: ``w(t)`` is its value, whatever t is elsewhere."""
    widths: dict[str, str] = field(default_factory=dict)
    """Names of widths that the sums mention (the N of a sum from 1 to N), each with its axis."""
    partitions: list[tuple[Expr, ...]] = field(default_factory=list)
    """Guards of cases that must add up to 1."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many positions an axis has by the sums that end at a number."""

    def found(self) -> Found:
        """What the sides that were read so far say of their surroundings."""
        partitions = tuple(self.partitions)
        return Found(dict(self.letters), tuple(self.notes), dict(self.widths), partitions, self.twins, dict(self.counts))

    def take(self, found: Found) -> None:
        """Takes what a side was found to say, as if it had just been read in these surroundings, then fresh."""
        self.letters = dict(found.letters)
        self.notes[:] = found.notes
        self.widths = dict(found.widths)
        self.partitions[:] = found.partitions
        self.twins = found.twins
        self.counts = dict(found.counts)


@dataclass(frozen=True)
class Found:
    """What a side says of its surroundings: see there."""

    letters: Mapping[str, str]
    notes: tuple[str, ...]
    widths: Mapping[str, str]
    partitions: tuple[tuple[Expr, ...], ...]
    twins: bool
    counts: Mapping[str, int]


def implicit(axis: str, primes: int = 0) -> Index:
    """The index that stands for an axis that is not written."""
    return Index("·" + axis + "'" * primes, axis)


def is_implicit(index: Index) -> bool:
    """Whether an index stands for an axis that is not written."""
    return index.name.startswith("·")
