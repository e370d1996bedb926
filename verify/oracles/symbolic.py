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


Place = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class _Local:
    """One entry of a definition at concrete widths: the entries that it reads, and its value and slopes as functions of them."""

    reads: tuple[Place, ...]
    value: Callable[..., float]
    slopes: Callable[..., list[float]]


def symbolic(program: Program, quantity: str, wrt: str, network: Network) -> Array:
    """The Jacobian of a quantity by another, the first one's axes first, by SymPy at the network's widths.

    ``wrt`` is taken as a free variable. Fails with Unsupported where the program has a function that is not known.
    """
    values = {name: np.asarray(array, dtype=float) for name, array in network.leaves.items()}
    inner = shape(program, wrt, network.sizes)
    slopes: dict[str, Array] = {wrt: np.eye(prod(inner)).reshape(inner + inner)}
    for definition in program.definitions:
        if definition.body is None:
            if definition.name not in values:
                raise Unsupported(f"the network has no values for the leaf {definition.name}")
            continue
        of = shape(program, definition.name, network.sizes)
        values[definition.name], columns = np.zeros(of), np.zeros(of + inner)
        for at, local in zip(np.ndindex(of), _entries(definition, tuple(sorted(network.sizes.items()))), strict=True):
            arguments = [values[name][place] for name, place in local.reads]
            values[definition.name][at] = local.value(*arguments)
            if any(name in slopes for name, _ in local.reads):
                for (name, place), slope in zip(local.reads, local.slopes(*arguments), strict=True):
                    columns[at] += slope * slopes[name][place] if name in slopes else 0.0
        slopes.setdefault(definition.name, columns)
    return slopes.get(quantity, np.zeros(shape(program, quantity, network.sizes) + inner))


@lru_cache(maxsize=256)
def _entries(definition: Definition, sizes: tuple[tuple[str, int], ...]) -> tuple[_Local, ...]:
    widths = dict(sizes)
    found = []
    for at in product(*(range(widths[axis]) for axis in definition.axes)):
        reads: dict[Place, Any] = {}

        def entry(*place: Any, reads: dict[Place, Any] = reads) -> Any:
            # Numbered as they are met, so that the entries of a layer are one expression.
            return reads.setdefault(place, _symbols(len(reads) + 1)[-1])

        assert definition.body is not None
        expression = _expand(definition.body, dict(zip(definition.indices, at, strict=True)), widths, entry)
        found.append(_Local(tuple(reads), *_compiled(expression, tuple(reads.values()))))
    return tuple(found)


@lru_cache(maxsize=1024)
def _compiled(expression: Any, symbols: tuple[Any, ...]) -> tuple[Callable[..., float], Callable[..., list[float]]]:
    slopes: dict[Any, list[Any]] = {symbol: [] for symbol in symbols}
    for term in sp.Add.make_args(expression):
        # The terms of a written-out Σ are alike but for their symbols: SymPy, which is slow, differentiates one of them.
        own = [symbol for symbol in symbols if symbol in term.free_symbols]
        blank = _symbols(len(own))
        for symbol, slope in zip(own, _slopes(term.xreplace(dict(zip(own, blank, strict=True))), blank), strict=True):
            slopes[symbol].append(slope.xreplace(dict(zip(blank, own, strict=True))))
    value = sp.lambdify(symbols, expression, modules="math")
    return value, sp.lambdify(symbols, [sp.Add(*parts) for parts in slopes.values()], modules="math", cse=True)


@lru_cache(maxsize=4096)
def _slopes(expression: Any, symbols: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sp.diff(expression, symbol) for symbol in symbols)


def _symbols(count: int) -> tuple[Any, ...]:
    # A symbol's name becomes Python source in lambdify: never a name of the program's, which may be an answer's.
    return tuple(sp.Symbol(f"v{n}") for n in range(count))


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
