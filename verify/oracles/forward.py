"""The forward pass on arrays: what the oracles have in common, apart from the kernel's own evaluation.

An expression is evaluated in a scope, the indices in force from the outside in; its value is an array with one axis for each of them,
of length 1 where nothing depends on it. Where a program reads a quantity, an array of all its entries is looked up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.kernel.expr import Add, Apply, Delta, Derivative, Expr, Index, Mul, Num, Pi, Position, Pow, Prod, Size, Step, Sum, Tensor
from verify.kernel.program import Program

Array = NDArray[np.float64]
Scope = tuple[Index, ...]
Watch = Callable[[Expr, Any], None]


class Unsupported(Exception):
    """A function or a node that an oracle has no rule for; says which."""


@dataclass(frozen=True, eq=False)
class Network:
    """A concrete network: the width of every axis, and all entries of every leaf."""

    sizes: Mapping[str, int]
    leaves: Mapping[str, Array]


def _erf(xp: Any, u: Any) -> Any:
    """The error function by a series whose terms have one sign, so that it is as exact at complex arguments as at real ones, to |u| = 3.

    Neither NumPy nor autograd has the function. Source: Abramowitz and Stegun, 7.1.6."""
    term = total = u
    for n in range(1, 60):
        term = term * (2 * u * u / (2 * n + 1))
        total = total + term
    return 2 / math.sqrt(math.pi) * xp.exp(-u * u) * total


FUNCTIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "exp": lambda xp, u: xp.exp(u),
    "log": lambda xp, u: xp.log(u),
    "sin": lambda xp, u: xp.sin(u),
    "cos": lambda xp, u: xp.cos(u),
    "sinh": lambda xp, u: xp.sinh(u),
    "cosh": lambda xp, u: xp.cosh(u),
    "tanh": lambda xp, u: xp.tanh(u),
    "atan": lambda xp, u: xp.arctan(u),
    "sigmoid": lambda xp, u: 1 / (1 + xp.exp(-u)),
    "softplus": lambda xp, u: xp.log(1 + xp.exp(u)),
    "erf": _erf,
}


def _ignore(node: Expr, value: Any) -> None:
    """Nobody watches."""


@dataclass(frozen=True, eq=False)
class Forward:
    """Evaluation over one array namespace (numpy, or autograd's). ``watch`` is told of each step, function and power
    the value of its argument.

    A step is decided by the real part of its argument, so that a complex step goes through a ReLU.
    """

    sizes: Mapping[str, int]
    xp: Any = np
    watch: Watch = _ignore

    def run(self, program: Program, values: Mapping[str, Any]) -> dict[str, Any]:
        """Every quantity's array: those given stand as they are, even where the program defines them, the others follow."""
        known: dict[str, Any] = dict(values)
        for definition in program.definitions:
            if definition.name in known:
                continue
            if definition.body is None:
                raise Unsupported(f"the network has no values for the leaf {definition.name}")
            known[definition.name] = self.array(definition.body, definition.indices, known)
        return known

    def array(self, expr: Expr, indices: Scope, known: Mapping[str, Any]) -> Any:
        """The expression's values with these axes, in this order."""
        return self._full(self._value(expr, indices, known), indices)

    def _full(self, value: Any, scope: Scope) -> Any:
        return value * np.ones(tuple(self.sizes[i.axis] for i in scope))

    def _at(self, position: Position, scope: Scope) -> Any:
        """The positions as an array that varies along the axis of the innermost index of that name."""
        if isinstance(position, int):
            return np.full((1,) * len(scope), position)
        depth = len(scope) - 1 - scope[::-1].index(position)
        return np.arange(self.sizes[position.axis]).reshape(tuple(-1 if n == depth else 1 for n in range(len(scope))))

    def _value(self, expr: Expr, scope: Scope, known: Mapping[str, Any]) -> Any:
        match expr:
            case Num(number):
                return np.full((1,) * len(scope), float(number))
            case Pi():
                return np.full((1,) * len(scope), math.pi)
            case Size(axis):
                return np.full((1,) * len(scope), float(self.sizes[axis]))
            case Tensor(name, ()):
                return known[name] * np.ones((1,) * len(scope))
            case Tensor(name, positions):
                return known[name][tuple(self._at(p, scope) for p in positions)] * np.ones((1,) * len(scope))
            case Delta(left, right):
                return (self._at(left, scope) == self._at(right, scope)) * 1.0
            case Add(terms):
                return sum(self._value(t, scope, known) for t in terms)
            case Mul(factors):
                product = 1.0
                for factor in factors:
                    product = product * self._value(factor, scope, known)
                return product
            case Pow(base, exponent):
                value = self._value(base, scope, known)
                self.watch(expr, value)
                return value ** (int(exponent) if exponent.denominator == 1 else float(exponent))
            case Sum(index, body) | Prod(index, body):
                along = np.ones((1,) * len(scope) + (self.sizes[index.axis],))
                values = self._value(body, (*scope, index), known)
                if isinstance(expr, Sum):
                    return self.xp.sum(values * along, axis=-1)
                return self.xp.prod(values + 0 * along, axis=-1)
            case Step(argument):
                value = self._value(argument, scope, known)
                self.watch(expr, value)
                return self.xp.where(self.xp.real(value) > 0, 1.0, 0.0)
            case Apply(function, argument, 0) if function in FUNCTIONS:
                value = self._value(argument, scope, known)
                self.watch(expr, value)
                return FUNCTIONS[function](self.xp, value)
            case Apply(function, _, order):
                raise Unsupported(f"no rule for {function}" + "′" * order)
            case Derivative():
                raise Unsupported("a derivative inside a forward pass")
        raise Unsupported(type(expr).__name__)


def shape(program: Program, name: str, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape of a quantity's array."""
    return tuple(sizes[axis] for axis in program.by_name[name].axes)


VANISHING = 1e-3
"""Below this norm a difference is measured by its absolute size: where all terms cancel, what is left is rounding."""


def disagreement(one: Array, other: Array) -> float:
    """The largest absolute difference of two arrays, relative to the larger of their norms, or to ``VANISHING``.

    Shapes are asserted to be equal first: broadcasting would make unlike arrays agree. NaN and infinities never agree.
    """
    one, other = np.asarray(one), np.asarray(other)
    assert one.shape == other.shape, f"shapes {one.shape} and {other.shape}"
    if not (np.all(np.isfinite(one)) and np.all(np.isfinite(other))):
        return math.inf
    norm = max(float(np.linalg.norm(one)), float(np.linalg.norm(other)))
    return float(np.max(np.abs(one - other), initial=0.0)) / max(norm, VANISHING)
