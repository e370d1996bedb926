"""Differentiation by SymPy at concrete widths: every entry is a symbol of its own and no Σ is left.

With symbolic widths SymPy differentiates wrongly (a bound index captures a free one), so it is never asked to. It differentiates each
definition by the entries that it reads; the chain rule between the definitions is multiplied out in numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

import numpy as np
import sympy as sp

from verify.kernel.expr import Add, Apply, Delta, Expr, Index, Mul, Num, Pi, Position, Pow, Prod, Size, Step, Sum, Tensor
from verify.kernel.program import Definition, Program
from verify.oracles.forward import Array, Network, Unsupported, shape

FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    f.__name__: f for f in (sp.exp, sp.log, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.erf)
} | {"sigmoid": lambda u: 1 / (1 + sp.exp(-u)), "softplus": lambda u: sp.log(1 + sp.exp(u))}


@dataclass(frozen=True)
class _Local:
    """A definition at concrete widths: the entries that it reads, its own entries as a function of them, and the slopes that are not 0.

    Entries of a quantity are counted along its flattened array. ``places`` are the (own entry, entry read) of each slope.
    """

    name: str
    reads: tuple[tuple[str, int], ...]
    value: Callable[..., Any]
    places: tuple[tuple[int, int], ...]
    slope: Callable[..., Any]


def symbolic(program: Program, quantity: str, wrt: str, network: Network) -> Array:
    """The Jacobian of a quantity by another, the first one's axes first, by SymPy at the network's widths.

    ``wrt`` is taken as a free variable. Fails with Unsupported where the program has a function that is not known.
    """
    sizes = tuple(sorted(network.sizes.items()))
    values = {name: np.asarray(array, dtype=float).ravel() for name, array in network.leaves.items()}
    slopes: dict[str, Array] = {wrt: np.eye(prod(shape(program, wrt, network.sizes)))}
    for definition in program.definitions:
        if definition.body is None:
            continue
        local = _local(program, definition, sizes)
        arguments = [values[name][n] for name, n in local.reads]
        values[local.name] = np.array(local.value(*arguments), dtype=float)
        if local.name == wrt:
            continue
        columns = np.zeros((values[local.name].size, len(slopes[wrt])))
        for (row, read), slope in zip(local.places, local.slope(*arguments), strict=True):
            name, n = local.reads[read]
            if name in slopes:
                columns[row] += slope * slopes[name][n]
        slopes[local.name] = columns
    zero = np.zeros((prod(shape(program, quantity, network.sizes)), len(slopes[wrt])))
    return slopes.get(quantity, zero).reshape(shape(program, quantity, network.sizes) + shape(program, wrt, network.sizes))


@lru_cache(maxsize=256)
def _local(program: Program, definition: Definition, sizes: tuple[tuple[str, int], ...]) -> _Local:
    widths, reads = dict(sizes), dict[tuple[str, int], Any]()

    def entry(name: str, at: tuple[int, ...]) -> Any:
        # A symbol's name becomes Python source in lambdify: never a name of the program's, which may be an answer's.
        flat = int(np.ravel_multi_index(at, shape(program, name, widths))) if at else 0
        return reads.setdefault((name, flat), sp.Symbol(f"v{len(reads)}", real=True))

    assert definition.body is not None
    spread = product(*(range(widths[axis]) for axis in definition.axes))
    entries = [_expand(definition.body, dict(zip(definition.indices, at, strict=True)), widths, entry) for at in spread]
    column = {symbol: n for n, symbol in enumerate(reads.values())}
    slopes = {(row, column[s]): sp.diff(e, s) for row, e in enumerate(entries) for s in sorted(e.free_symbols, key=str)}
    return _Local(
        definition.name,
        tuple(reads),
        sp.lambdify(list(column), entries, modules="math", cse=True),
        tuple(slopes),
        sp.lambdify(list(column), list(slopes.values()), modules="math", cse=True),
    )


def _expand(expr: Expr, at: Mapping[Index, int], widths: Mapping[str, int], entry: Callable[[str, tuple[int, ...]], Any]) -> Any:
    """The SymPy expression with every index a number, every Σ written out, and every tensor's entry a symbol."""

    def here(e: Expr) -> Any:
        return _expand(e, at, widths, entry)

    def place(position: Position) -> int:
        return position if isinstance(position, int) else at[position]

    match expr:
        case Num(number):
            return sp.Rational(number.numerator, number.denominator)
        case Pi():
            return sp.pi
        case Size(axis):
            return sp.Integer(widths[axis])
        case Tensor(name, positions):
            return entry(name, tuple(map(place, positions)))
        case Delta(left, right):
            return sp.Integer(place(left) == place(right))
        case Add(terms):
            return sp.Add(*map(here, terms))
        case Mul(factors):
            return sp.Mul(*map(here, factors))
        case Pow(base, exponent):
            return here(base) ** sp.Rational(exponent.numerator, exponent.denominator)
        case Sum(index, body) | Prod(index, body):
            every = [_expand(body, {**at, index: n}, widths, entry) for n in range(widths[index.axis])]
            return sp.Add(*every) if isinstance(expr, Sum) else sp.Mul(*every)
        case Step(argument):
            return sp.Piecewise((1, here(argument) > 0), (0, True))
        case Apply(function, argument, 0) if function in FUNCTIONS:
            return FUNCTIONS[function](here(argument))
    raise Unsupported(f"no rule for {type(expr).__name__} {getattr(expr, 'function', '')}")
