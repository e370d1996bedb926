"""Evaluation of expressions at a point, over balls or residues (modular.py): node by node, as the nodes are defined.

A value is an array over the free indices of its expression. Nothing is compiled or reordered here but one thing: a product that is
summed is summed over each index as soon as the factors with it are joined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from random import Random
from typing import Any, NamedTuple, Protocol

import flint
import numpy as np

from verify.kernel.expr import Add, Apply, Delta, Expr, Index, Mul, Num, Pi, Position, Pow, Prod, Size, Step, Sum, Tensor
from verify.kernel.program import Definition, OutOfReach

MOST_AXES, MOST_ENTRIES, MOST_WORK = 24, 1 << 16, 1 << 23  # of one array; of one array; entries computed at one point


class Field(Protocol):
    """What the numbers of an evaluation are: objects with + and ×, and what else it takes, of one number or of each in an array."""

    def number(self, value: Fraction) -> Any: ...
    def pi(self) -> Any: ...
    def power(self, data: Any, exponent: Fraction) -> Any: ...
    def step(self, data: Any) -> Any: ...
    def apply(self, data: Any, function: str, order: int) -> Any: ...


class Entries(NamedTuple):
    """A value at every position of some indices, an axis of the array for each of them."""

    indices: tuple[Index, ...]
    data: Any


class Point:
    """One choice of widths and of the leaves' entries, arrays over a field, and the values there so far.

    ``definitions`` are without Derivative nodes and may grow.
    """

    def __init__(self, definitions: Mapping[str, Definition], sizes: Mapping[str, int], leaves: Mapping[str, Any], field: Field) -> None:
        self.definitions, self.sizes, self.leaves, self.field = definitions, sizes, leaves, field
        self.work = 0
        self._values: dict[Expr, Entries] = {}
        self._tensors: dict[str, Any] = {}

    def value(self, expr: Expr) -> Entries:
        """The value of an expression. Raises OutOfReach."""
        if expr not in self._values:
            indices, data = self._evaluated(expr)
            self._values[expr] = Entries(indices, np.asarray(data, dtype=object))
        return self._values[expr]

    def array(self, expr: Expr, indices: tuple[Index, ...]) -> Any:
        """The value as an array with these axes in this order; they include the free indices."""
        data, shape = _over(self.value(expr), indices), self._shape(indices)
        return data if data.shape == shape else np.broadcast_to(data, shape)

    def _shape(self, indices: tuple[Index, ...]) -> tuple[int, ...]:
        """The widths of indices, whose positions are counted as work."""
        shape = tuple(self.sizes[i.axis] for i in indices)
        self.work += math.prod(shape)
        if math.prod(shape) > MOST_ENTRIES or len(shape) > MOST_AXES or self.work > MOST_WORK:
            raise OutOfReach("the tensors have too many entries at these widths")
        return shape

    def _evaluated(self, expr: Expr) -> Entries:
        match expr:
            case Num(number):
                return Entries((), self.field.number(number))
            case Pi():
                return Entries((), self.field.pi())
            case Size(axis):
                return Entries((), self.field.number(Fraction(self.sizes[axis])))
            case Tensor(name, positions):
                indices = tuple(dict.fromkeys(p for p in positions if isinstance(p, Index)))
                if len(indices) == len(positions):
                    return Entries(indices, self._tensor(name))
                indices, at = self._grid(positions)
                return Entries(indices, self._tensor(name)[at])
            case Delta(left, right):
                indices, (one, other) = self._grid((left, right))
                return Entries(indices, np.where(one == other, self.field.number(Fraction(1)), self.field.number(Fraction(0))))
            case Add(terms):
                values = [self.value(t) for t in terms]
                indices = tuple(dict.fromkeys(i for v in values for i in v.indices))
                self._shape(indices)
                return Entries(indices, sum(_over(v, indices) for v in values))
            case Mul() | Sum():
                bound = set[Index]()
                while isinstance(expr, Sum) and expr.index not in bound:
                    bound, expr = bound | {expr.index}, expr.body
                return self._summed([self.value(f) for f in (expr.factors if isinstance(expr, Mul) else (expr,))], bound)
            case Prod(index, body):
                value = self.value(body)
                if index not in value.indices:
                    return Entries(value.indices, value.data ** self.sizes[index.axis])
                kept = tuple(i for i in value.indices if i != index)
                return Entries(kept, np.multiply.reduce(value.data, value.indices.index(index)))
            case Pow(base, exponent):
                value = self.value(base)
                return Entries(value.indices, self.field.power(value.data, exponent))
            case Step(argument):
                value = self.value(argument)
                return Entries(value.indices, self.field.step(value.data))
            case Apply(function, argument, order):
                value = self.value(argument)
                return Entries(value.indices, self.field.apply(value.data, function, order))
        raise OutOfReach("a derivative is resolved before it is evaluated")

    def _grid(self, positions: tuple[Position, ...]) -> tuple[tuple[Index, ...], tuple[Any, ...]]:
        """The indices among some positions, each once, and the positions as arrays over all of them."""
        indices = tuple(dict.fromkeys(p for p in positions if isinstance(p, Index)))
        grid = dict(zip(indices, np.ogrid[tuple(slice(n) for n in self._shape(indices))], strict=True))
        return indices, tuple(grid[p] if isinstance(p, Index) else p for p in positions)

    def _tensor(self, name: str) -> Any:
        """All entries of a quantity, its axes in the order of its definition."""
        stack = [name]
        while name not in self._tensors:  # no recursion here: programs may be deep
            d = self.definitions[stack[-1]]
            missing = [n for n in d.uses if n not in self._tensors]
            stack.extend(missing)
            if not missing:
                self._tensors[stack.pop()] = self.leaves[d.name] if d.body is None else self.array(d.body, d.indices)
        return self._tensors[name]

    def _summed(self, factors: list[Entries], bound: set[Index]) -> Entries:
        """The product of the factors summed over indices, the one first that has the fewest others beside it."""
        while bound:
            index = min(bound, key=lambda i: (len({j for f in factors if i in f.indices for j in f.indices}), i))
            bound = bound - {index}
            here = [f for f in factors if index in f.indices]
            if not here:
                here = [Entries((), self.field.number(Fraction(self.sizes[index.axis])))]
            *others, last = sorted(here, key=lambda f: len(f.indices))
            one = [reduce(self._joined, others)] if others else []
            factors = [f for f in factors if index not in f.indices] + [self._joined(*one, last, gone=index)]
        return reduce(self._joined, sorted(factors, key=lambda f: len(f.indices)))

    def _joined(self, *factors: Entries, gone: Index | None = None) -> Entries:
        """The product of one or two factors, summed over an index."""
        every = tuple(dict.fromkeys(i for f in factors for i in f.indices))
        self._shape(every)
        kept = tuple(i for i in every if i != gone)
        operands = [x for f in factors for x in (f.data, [*map(every.index, f.indices)])]
        return Entries(kept, np.einsum(*operands, [*map(every.index, kept)]))


def _over(value: Entries, indices: tuple[Index, ...]) -> Any:
    """The array of a value with its axes in this order, and axes of length 1, so that it broadcasts over the other indices."""
    if value.indices == indices:
        return value.data
    order = [value.indices.index(i) for i in indices if i in value.indices]
    return value.data.transpose(order)[tuple(slice(None) if i in value.indices else None for i in indices)]


def instance(function: str) -> tuple[Fraction, ...]:
    """The coefficients of the polynomial that stands for an unknown function where numbers are wanted."""
    draw = Random(function)
    return tuple(Fraction(draw.choice([-1, 1]) * draw.randint(5, 16), 8 * math.factorial(k)) for k in range(12))


@dataclass(frozen=True)
class Numbers:
    """A field whose unknown functions are their instances. Where a value is not defined, or a step is at its kink, it is not a number."""

    number: Callable[[Any], Any]
    pi: Callable[[], Any]
    functions: Mapping[str, Callable[[Any], Any]]
    step: Callable[[Any], Any]

    def power(self, data: Any, exponent: Fraction) -> Any:
        whole = exponent.denominator == 1 and abs(exponent) < 1 << 31
        return data ** (int(exponent) if whole else self.number(exponent))

    def apply(self, data: Any, function: str, order: int) -> Any:
        if function in self.functions:
            return self.functions[function](data)
        result = self.number(Fraction(0))
        for k, coefficient in reversed(list(enumerate(instance(function)))[order:]):
            result = result * data + self.number(coefficient * math.perm(k, order))
        return result


def each(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The function of every entry of an array of objects."""
    found: Callable[[Any], Any] = np.frompyfunc(function, 1, 1)
    return found


def _ball(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return each(lambda u: function(u) if u.is_finite() else flint.arb("nan"))


BALL = Numbers(
    each(lambda q: flint.arb(flint.fmpq(q.numerator, q.denominator))), flint.arb.pi,
    {f: _ball(getattr(flint.arb, f)) for f in ("exp", "log", "sin", "cos", "sinh", "cosh", "tanh", "atan", "erf")}
    | {"sigmoid": _ball(lambda u: 1 / (1 + (-u).exp())), "softplus": _ball(lambda u: u.exp().log1p())},
    each(lambda u: flint.arb(1) if u > 0 else flint.arb(0) if u < 0 else flint.arb("nan")),
)
