"""Evaluation of expressions at a point: one code over floats, complex numbers, balls, and residues (modular.py).

A value is an array with one axis for each free index, in sorted order, so that values meet by index and never by size.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from random import Random
from typing import Any, NamedTuple, Protocol

import flint
import numpy as np

from verify.kernel.expr import Add, Apply, Delta, Expr, Index, Mul, Num, Pi, Position, Pow, Prod, Size, Step, Sum, Tensor, mul, power
from verify.kernel.program import Definition, OutOfReach


class Field(Protocol):
    """What evaluation asks of numbers. Data are arrays, or wrap one that ``view`` changes the shape of."""

    @property
    def limit(self) -> int: ...
    def leaf(self, values: Any) -> Any: ...
    def pi(self) -> Any: ...
    def add(self, left: Any, right: Any) -> Any: ...
    def mul(self, left: Any, right: Any) -> Any: ...
    def sum(self, data: Any, axis: int) -> Any: ...
    def prod(self, data: Any, axis: int) -> Any: ...
    def power(self, data: Any, exponent: Fraction) -> Any: ...
    def view(self, data: Any, change: Callable[[Any], Any]) -> Any: ...
    def step(self, point: Point, argument: Expr) -> Value: ...
    def apply(self, point: Point, function: str, argument: Expr, order: int) -> Value: ...


class Value(NamedTuple):
    data: Any
    indices: tuple[Index, ...]


class Point:
    """One choice of widths and of leaf values, and every quantity and expression computed from it so far.

    ``definitions`` are without Derivative nodes and may grow. ``leaves`` hold what the field's ``leaf`` takes: arrays of Fractions.
    """

    def __init__(self, definitions: Mapping[str, Definition], sizes: Mapping[str, int], leaves: Mapping[str, Any], field: Field) -> None:
        self.definitions, self.sizes, self.leaves, self.field = definitions, sizes, leaves, field
        self._tensors: dict[str, Any] = {}
        self._values: dict[Expr, Value] = {}

    def value(self, expr: Expr) -> Value:
        """The value of an expression for every choice of its free indices; computed once."""
        found = self._values.get(expr)
        if found is None:
            found = self._values[expr] = self._compute(expr)
        return found

    def array(self, expr: Expr, indices: tuple[Index, ...]) -> Any:
        """The value as data with these axes in this order; they include the free indices."""
        order = tuple(sorted(indices))
        shape, axes = self._shape(indices), [order.index(i) for i in indices]
        return self.field.view(self._thin(self.value(expr), order), lambda a: np.broadcast_to(np.transpose(a, axes), shape))

    def tensor(self, name: str) -> Any:
        """All entries of a quantity, its axes in the order of its definition."""
        stack = [name]
        while name not in self._tensors:  # no recursion here: programs may be deep
            definition = self.definitions[stack[-1]]
            missing = [n for n in definition.uses if n not in self._tensors]
            if missing:
                stack.extend(missing)
            elif definition.body is None:
                self._tensors[stack.pop()] = self.field.leaf(self.leaves[definition.name])
            else:
                self._tensors[stack.pop()] = self.array(definition.body, definition.indices)
        return self._tensors[name]

    def _shape(self, indices: tuple[Index, ...]) -> tuple[int, ...]:
        shape = tuple(self.sizes[i.axis] for i in indices)
        if math.prod(shape) > self.field.limit or len(shape) > 24:
            raise OutOfReach("the tensors have too many entries at these widths")
        return shape

    def _thin(self, value: Value, indices: tuple[Index, ...]) -> Any:
        shape = tuple(self.sizes[i.axis] if i in value.indices else 1 for i in indices)
        return self.field.view(value.data, lambda a: np.reshape(a, shape))

    def _join(self, values: list[Value], how: Callable[[Any, Any], Any]) -> Value:
        indices = values[0].indices
        if all(v.indices == indices for v in values):
            return Value(reduce(how, (v.data for v in values)), indices)
        indices = tuple(sorted({i for v in values for i in v.indices}))
        self._shape(indices)
        return Value(reduce(how, (self._thin(v, indices) for v in values)), indices)

    def _take(self, data: Any, positions: tuple[Position, ...]) -> Value:
        indices, at = self._grid(positions)
        return Value(data if indices == positions else self.field.view(data, lambda a: a[at]), indices)

    def _grid(self, positions: tuple[Position, ...]) -> tuple[tuple[Index, ...], tuple[Any, ...]]:
        """The indices among the positions, sorted, and each position as an array over them."""
        indices = tuple(sorted({p for p in positions if isinstance(p, Index)}))
        grid = dict(zip(indices, np.ogrid[tuple(map(slice, self._shape(indices)))], strict=True))
        return indices, tuple(grid[p] if isinstance(p, Index) else p for p in positions)

    def _compute(self, expr: Expr) -> Value:
        field = self.field
        match expr:
            case Num(number):
                return Value(field.leaf(number), ())
            case Pi():
                return Value(field.pi(), ())
            case Size(axis):
                return Value(field.leaf(Fraction(self.sizes[axis])), ())
            case Tensor(name, positions):
                return self._take(self.tensor(name), positions)
            case Delta(left, right):
                indices, (one, other) = self._grid((left, right))
                return Value(field.leaf(np.array([Fraction(0), Fraction(1)])[np.asarray(one == other, dtype=int)]), indices)
            case Add(terms):
                return self._join([self.value(t) for t in terms], field.add)
            case Mul(factors):
                return self._join([self.value(f) for f in factors], field.mul)
            case Pow(base, exponent):
                value = self.value(base)
                return Value(field.power(value.data, exponent), value.indices)
            case Sum(index, Mul(factors)) if any(index not in f.free for f in factors):
                inside = Sum(index, mul(*(f for f in factors if index in f.free)))
                return self.value(mul(*(f for f in factors if index not in f.free), inside))
            case Sum(index, body) | Prod(index, body):
                value, adds = self.value(body), isinstance(expr, Sum)
                if index not in value.indices:
                    return self.value(mul(Size(index.axis), body) if adds else power(body, self.sizes[index.axis]))
                n = value.indices.index(index)
                return Value((field.sum if adds else field.prod)(value.data, n), value.indices[:n] + value.indices[n + 1 :])
            case Step(argument):
                return field.step(self, argument)
            case Apply(function, argument, order):
                return field.apply(self, function, argument, order)
        raise OutOfReach("a derivative is resolved before it is evaluated")


def instance(function: str) -> tuple[Fraction, ...]:
    """The coefficients of the polynomial that stands for an unknown function where numbers are wanted."""
    draw = Random(function)
    return tuple(Fraction(draw.choice([-1, 1]) * draw.randint(5, 16), 8 * math.factorial(k)) for k in range(12))


@dataclass(frozen=True)
class Numbers:
    """A field of numpy arrays. Where a value is not defined, or a step is at its kink, the entry is not a number."""

    leaf: Callable[[Any], Any]
    pi: Callable[[], Any]
    functions: Mapping[str, Callable[[Any], Any]]
    sign: Callable[[Any], Any]
    limit: int
    add: Callable[[Any, Any], Any] = operator.add
    mul: Callable[[Any, Any], Any] = operator.mul
    sum: Callable[[Any, int], Any] = np.sum
    prod: Callable[[Any, int], Any] = np.prod

    def view(self, data: Any, change: Callable[[Any], Any]) -> Any:
        return change(data)

    def power(self, data: Any, exponent: Fraction) -> Any:
        whole = exponent.denominator == 1 and abs(exponent) < 1 << 31
        return data ** (int(exponent) if whole else self.leaf(exponent))

    def step(self, point: Point, argument: Expr) -> Value:
        value = point.value(argument)
        return Value(self.sign(value.data), value.indices)

    def apply(self, point: Point, function: str, argument: Expr, order: int) -> Value:
        value = point.value(argument)
        if function in self.functions:
            return Value(self.functions[function](value.data), value.indices)
        result = self.leaf(Fraction(0))
        for k, coefficient in reversed(list(enumerate(instance(function)))[order:]):
            result = result * value.data + self.leaf(coefficient * math.perm(k, order))
        return Value(result, value.indices)


def _each(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    each: Callable[[Any], Any] = np.frompyfunc(function, 1, 1)
    return each


def _ball(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return _each(lambda u: function(u) if u.is_finite() else flint.arb("nan"))


_NUMPY: dict[str, Callable[[Any], Any]] = {f: getattr(np, f) for f in ("exp", "log", "sin", "cos", "sinh", "cosh", "tanh")} | {
    "atan": np.arctan, "sigmoid": lambda u: 1 / (1 + np.exp(-u)), "softplus": lambda u: np.log(1 + np.exp(u)),
}
FLOAT = Numbers(
    lambda v: np.asarray(v).astype(float)[()], lambda: np.float64(np.pi), _NUMPY | {"erf": np.vectorize(math.erf, otypes=[float])},
    lambda u: np.where(u > 0, 1.0, np.where(u < 0, 0.0, np.nan))[()], 1 << 21,
)
COMPLEX = Numbers(
    lambda v: np.asarray(v).astype(complex)[()], lambda: np.complex128(np.pi),
    _NUMPY | {"erf": np.vectorize(lambda u: complex(flint.acb(u).erf()), otypes=[complex])}, lambda u: FLOAT.sign(u.real), 1 << 21,
)
BALL = Numbers(
    _each(lambda q: flint.arb(flint.fmpq(q.numerator, q.denominator))), flint.arb.pi,
    {f: _ball(getattr(flint.arb, f)) for f in ("exp", "log", "sin", "cos", "sinh", "cosh", "tanh", "atan", "erf")}
    | {"sigmoid": _ball(lambda u: 1 / (1 + (-u).exp())), "softplus": _ball(lambda u: u.exp().log1p())},
    _each(lambda u: flint.arb(1) if u > 0 else flint.arb(0) if u < 0 else flint.arb("nan")), 1 << 16,
)
