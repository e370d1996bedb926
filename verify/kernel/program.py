"""Programs: ordered definitions with axes. The forward pass, whatever it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from verify.kernel.expr import Expr, Index, Tensor, children
from verify.kernel.lazy import lazy


class OutOfReach(Exception):
    """Raised where something would take too much work, or cannot be had at all; says why."""


@dataclass(frozen=True)
class Definition:
    """A quantity: its name, its axes as formal indices, and the body that computes an entry; no body for a leaf."""

    name: str
    indices: tuple[Index, ...] = ()
    body: Expr | None = None

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the axes in order."""
        return tuple(i.axis for i in self.indices)

    @lazy
    def uses(self) -> frozenset[str]:
        """The names of the tensors that the body mentions."""
        return frozenset(n.name for n in nodes({}, self.body) if isinstance(n, Tensor)) if self.body else frozenset()


def nodes(definitions: Mapping[str, Definition], *exprs: Expr) -> Iterator[Expr]:
    """Every different node of the expressions and of the definitions that they use, directly or not."""
    seen: set[Expr] = set()
    stack = list(exprs)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            yield node
            stack.extend(children(node))
            definition = definitions.get(node.name) if isinstance(node, Tensor) else None
            if definition is not None and definition.body is not None:
                stack.append(definition.body)


@dataclass(frozen=True)
class SumsToOne:
    """The assumption that a leaf's entries add up to 1 along one of its axes (counted from 0)."""

    name: str
    position: int = 0


@dataclass(frozen=True)
class OneHot:
    """The assumption that a leaf is 1 at one place along one of its axes and 0 elsewhere."""

    name: str
    position: int = 0


@dataclass(frozen=True)
class Positive:
    """The assumption that every entry of a leaf is positive."""

    name: str


Assumption = SumsToOne | OneHot | Positive


@dataclass(frozen=True)
class Equal:
    """The case condition that two positions of one axis are the same."""

    left: Index | int
    right: Index | int


@dataclass(frozen=True)
class Unequal:
    """The case condition that two positions of one axis differ."""

    left: Index | int
    right: Index | int


Condition = Equal | Unequal


@dataclass(frozen=True)
class Program:
    """Definitions in an order in which each uses only earlier ones, and what is assumed of the leaves.

    ``sizes`` fixes the number of positions of an axis where the document does (``axis, size`` pairs); a claim about
    such an axis holds at that size and is not claimed for others.
    """

    definitions: tuple[Definition, ...] = ()
    assumptions: frozenset[Assumption] = frozenset()
    sizes: tuple[tuple[str, int], ...] = ()

    @lazy
    def by_name(self) -> dict[str, Definition]:
        """Each definition under its name."""
        return {d.name: d for d in self.definitions}


@dataclass(frozen=True)
class Claim:
    """That two expressions are equal for every choice of their free indices that meets the conditions,
    for all widths and all values of the leaves that meet the program's assumptions, off the kinks."""

    program: Program
    left: Expr
    right: Expr
    conditions: tuple[Condition, ...] = ()
