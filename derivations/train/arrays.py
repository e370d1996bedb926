"""The catalogue's expressions as functions on NumPy arrays.

Each node becomes a closure, once; nothing is printed as source and run. In a scope of indices, from the outside in, a value is an array
with one axis for each of them, of length 1 where nothing depends on it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
import sympy as sp

from derivations._entry import quantity, size

Values = Mapping[str, Any]
Sizes = Mapping[str, int]
Compiled = Callable[[Values, Sizes], Any]

FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "sigmoid": lambda u: 1 / (1 + np.exp(-u)),
    "softplus": lambda u: np.logaddexp(0, u),
    "step": lambda u: np.where(u > 0, 1.0, 0.0),
    "erf": np.vectorize(math.erf, otypes=[float]),
}
COMPARISONS: Mapping[Any, Callable[[Any, Any], Any]] = {
    sp.StrictGreaterThan: operator.gt,
    sp.GreaterThan: operator.ge,
    sp.StrictLessThan: operator.lt,
    sp.LessThan: operator.le,
}


def compiled(expr: Any, indices: tuple[Any, ...]) -> Compiled:
    """A function of the tensors' arrays and the axes' sizes: the expression's values with these axes, in this order.

    Fails with NotImplementedError, when it is compiled, at a node or a function that it has no rule for.
    """
    inner = _compiled(expr, indices)
    return lambda values, sizes: np.broadcast_to(inner(values, sizes), tuple(sizes[str(size(i))] for i in indices))


def _compiled(expr: Any, scope: tuple[Any, ...]) -> Compiled:
    def inside(e: Any) -> Compiled:
        return _compiled(e, scope)

    def joined(how: Callable[[Any, Any], Any], parts: list[Compiled]) -> Compiled:
        return lambda values, sizes: reduce(how, (part(values, sizes) for part in parts))

    match expr:
        case sp.Rational():
            number = float(expr)
            return lambda values, sizes: number
        case sp.Symbol(name=name):
            return (lambda values, sizes: sizes[name]) if expr.is_integer else (lambda values, sizes: values[name])
        case sp.Indexed() if all(i in scope for i in expr.indices) and len(set(expr.indices)) == len(expr.indices):
            name, depths = quantity(expr), [_depth(i, scope) for i in expr.indices]
            order = sorted(range(len(depths)), key=depths.__getitem__)
            spread = tuple(slice(None) if n in depths else None for n in range(len(scope)))
            return lambda values, sizes: values[name].transpose(order)[spread]
        case sp.Indexed() if all(i in scope or isinstance(i, sp.Integer) for i in expr.indices):  # a diagonal, or a fixed position
            name, places = quantity(expr), [_positions(i, scope) for i in expr.indices]
            return lambda values, sizes: values[name][tuple(place(sizes) for place in places)]
        case sp.Add() | sp.Mul():
            return joined(operator.add if isinstance(expr, sp.Add) else operator.mul, [inside(a) for a in expr.args])
        case sp.Pow(args=(base, sp.Rational() as exponent)):
            value, power = inside(base), int(exponent) if exponent.is_integer else float(exponent)
            return lambda values, sizes: 1.0 * value(values, sizes) ** power
        case sp.Sum(function=body, limits=limits) | sp.Product(function=body, limits=limits):
            bound = tuple(limit[0] for limit in limits)
            summand, axes = _compiled(body, (*scope, *bound)), [str(size(i)) for i in bound]

            def summed(values: Values, sizes: Sizes) -> Any:
                terms = summand(values, sizes) * np.ones((1,) * len(scope) + tuple(sizes[axis] for axis in axes))
                return (np.sum if isinstance(expr, sp.Sum) else np.prod)(terms, axis=tuple(range(len(scope), terms.ndim)))

            return summed
        case sp.KroneckerDelta(args=(left, right)):
            same = sp.IndexedBase("δ")[left, right]
            entry = _compiled(same, scope)
            return lambda values, sizes: entry({"δ": np.eye(sizes[str(size(left))])}, sizes)
        case sp.core.numbers.Pi():
            return lambda values, sizes: math.pi
        case sp.Piecewise():
            branches = [(inside(value), _condition(condition, scope)) for value, condition in reversed(expr.args)]

            def chosen(values: Values, sizes: Sizes) -> Any:
                result: Any = np.nan
                for value, holds in branches:
                    result = np.where(holds(values, sizes), value(values, sizes), result)
                return result

            return chosen
        case sp.Function(args=(argument,)) if expr.func.__name__ in FUNCTIONS:
            function, value = FUNCTIONS[expr.func.__name__], inside(argument)
            return lambda values, sizes: function(value(values, sizes))
    raise NotImplementedError(f"{type(expr).__name__}: {expr}")


def _depth(of: Any, scope: tuple[Any, ...]) -> int:
    """The place of the innermost index of that name."""
    return len(scope) - 1 - scope[::-1].index(of)


def _positions(of: Any, scope: tuple[Any, ...]) -> Callable[[Sizes], Any]:
    """The positions along one axis of a tensor: a fixed one, or all of them along the index's place in the scope."""
    if of not in scope:
        return lambda sizes: int(of)
    along = tuple(-1 if n == _depth(of, scope) else 1 for n in range(len(scope)))
    return lambda sizes: np.arange(sizes[str(size(of))]).reshape(along)


def _condition(condition: Any, scope: tuple[Any, ...]) -> Compiled:
    if condition is sp.true:
        return lambda values, sizes: True
    if type(condition) not in COMPARISONS:
        raise NotImplementedError(f"the condition {condition}")
    compare, left, right = COMPARISONS[type(condition)], _compiled(condition.lhs, scope), _compiled(condition.rhs, scope)
    return lambda values, sizes: compare(left(values, sizes), right(values, sizes))
