"""Arrays as code computes with them: an entry in index notation, and the axes along which it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from verify.kernel import expr as k
from verify.kernel.expr import Expr, Index
from verify.reading import numpy_code as py
from verify.reading.numpy_code import Expression


class NotRead(Exception):
    """An expression has no meaning that is understood; says why."""


class Mismatch(Exception):
    """An expression is understood and the axes of its arrays do not fit; says how."""


Dims = tuple[Index | None, ...]


@dataclass(frozen=True)
class Array:
    """The entry of an array at its dimensions' indices."""

    expr: Expr
    dims: Dims = ()


@dataclass(frozen=True)
class Several:
    """A tuple or a list of values; ``mutable`` for a list."""

    items: tuple[Value, ...]


@dataclass(frozen=True)
class Word:
    """A string."""

    text: str


@dataclass(frozen=True)
class Truth:
    """``True`` or ``False``; None for ``None``."""

    value: bool | None


@dataclass(frozen=True)
class Labels:
    """Class numbers, one an entry of ``samples``: what picks ``scores[range(n), y]``. ``one_hot`` is the tensor that says the same."""

    one_hot: str
    samples: str
    classes: str


@dataclass(frozen=True)
class Mask:
    """A condition, as 1 where it is true and 0 where it is false."""

    array: Array


@dataclass(frozen=True)
class Closure:
    """A function of the code, with the names that its body sees beside its parameters."""

    parameters: tuple[tuple[str, Expression | None], ...]
    body: tuple[py.Statement, ...] | Expression


@dataclass(frozen=True)
class Hidden:
    """A value that is not known, and why."""

    reason: str


Value = Array | Several | Word | Truth | Labels | Mask | Closure | Hidden


class Axes:
    """Names of axes that the code joins with each other; after ``settled`` nothing is joined any more, and what would be is a mismatch."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}
        self.fixed: set[str] = set()
        self.sizes: dict[str, int] = {}
        self.settled = False
        self._numbers = count(1)

    def new(self, hint: str, fixed: bool = False) -> str:
        """A new axis; ``fixed`` where the code itself names its width, so that two of them are never one."""
        name = hint
        for n in count(2):
            if name not in self.parent:
                break
            name = f"{hint}~{n}"
        self.parent[name] = name
        if fixed:
            self.fixed.add(name)
        return name

    def find(self, axis: str) -> str:
        """The name of the axis that this one has become."""
        while self.parent[axis] != axis:
            axis = self.parent[axis]
        return axis

    def join(self, one: str, other: str) -> None:
        """Makes two axes one; raises Mismatch where they are known to be two."""
        one, other = self.find(one), self.find(other)
        if one == other:
            return
        sizes = self.sizes.get(one), self.sizes.get(other)
        if self.settled or (one in self.fixed and other in self.fixed) or (None not in sizes and sizes[0] != sizes[1]):
            raise Mismatch(f"the axes {one} and {other} differ")
        kept, gone = (other, one) if other in self.fixed else (one, other)
        self.parent[gone] = kept
        for size in sizes:
            if size is not None:
                self.sizes[kept] = size

    def index(self, axis: str) -> Index:
        """A fresh index over an axis."""
        return Index(f"i{next(self._numbers)}", self.find(axis))

    def moved(self, table: Mapping[Index, k.Position], index: Index) -> Index:
        """What a table makes of an index."""
        found = table[index]
        assert isinstance(found, Index)
        return found

    def renamed(self, expr: Expr) -> Expr:
        """The expression with every axis under the name that it has become."""

        def at(position: k.Position) -> k.Position:
            return Index(position.name, self.find(position.axis)) if isinstance(position, Index) else position

        def index(i: Index) -> Index:
            return Index(i.name, self.find(i.axis))

        match expr:
            case k.Tensor(name, positions):
                return k.Tensor(name, tuple(map(at, positions)))
            case k.Delta(left, right):
                return k.Delta(at(left), at(right))
            case k.Size(axis):
                return k.Size(self.find(axis))
            case k.Sum(i, body):
                return k.Sum(index(i), self.renamed(body))
            case k.Prod(i, body):
                return k.Prod(index(i), self.renamed(body))
        below = k.children(expr)
        return k.rebuild(expr, tuple(map(self.renamed, below))) if below else expr
