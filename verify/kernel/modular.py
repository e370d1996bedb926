# ruff: noqa: I001
"""Evaluation modulo a random prime, with bounds of what a false claim would have to be a root of.

exp, log, roots and unknown functions become free variables, one for each value of their argument; the laws of exp and log are
applied to the expression first. Free variables obey no relation, so that agreement is never easier than in the reals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cache, reduce
from itertools import islice
from math import floor, log2, prod
from secrets import token_bytes
from typing import Any, NamedTuple

import flint
import numpy as np

from verify.kernel.evaluate import each
from verify.kernel.expr import (
    ONE, Add, Apply, Expr, Index, Mul, Num, Pi, Pow, Prod, Size, Step, Sum, Tensor,
    add, children, delta, mul, neg, num, power, rebuild, sub, substitute, total,
)
from verify.kernel.program import Definition, OutOfReach, Unequal, nodes

OWN = -1  # the order of what stands for a free variable here: no function of a document has it

_BY_EXP: dict[str, Callable[[Expr], Expr]] = {
    "sigmoid": lambda u: power(add(ONE, Apply("exp", neg(u))), -1),
    "tanh": lambda u: sub(mul(num(2), power(add(ONE, Apply("exp", mul(num(-2), u))), -1)), ONE),
    "softplus": lambda u: Apply("log", add(ONE, Apply("exp", u))),
    "sinh": lambda u: mul(num(Fraction(1, 2)), sub(Apply("exp", u), Apply("exp", neg(u)))),
    "cosh": lambda u: mul(num(Fraction(1, 2)), add(Apply("exp", u), Apply("exp", neg(u)))),
}


def law(definitions: Mapping[str, Definition], expr: Expr) -> Expr | None:
    """The same by the laws of exp, log, roots, sin and cos, down to free variables; None where none applies."""
    match expr:
        case Pow(_, exponent) if abs(exponent) >= 1 << 31:
            raise OutOfReach("an exponent is too large for residues")
        case Pow(base, exponent) if exponent.denominator > 1:
            return mul(power(base, floor(exponent)), Apply(f"root {exponent % 1}", base, OWN))
        case Step(Mul((Num(constant), *rest))) if abs(constant) != 1:
            return Step(mul(num(1 if constant > 0 else -1), *rest))
        case Apply("sin" | "cos" as function, argument, 0):
            half = Apply("tan of the half", argument, OWN)
            top = mul(num(2), half) if function == "sin" else sub(ONE, power(half, 2))
            return mul(top, power(add(ONE, power(half, 2)), -1))
        case Apply(function, argument, 0) if function in _BY_EXP:
            return _BY_EXP[function](argument)
        case Apply("exp" | "log" as function, argument, 0):
            if isinstance(argument, Tensor):
                made = definitions[argument.name]
                argument = substitute(made.body, dict(zip(made.indices, argument.indices, strict=True))) if made.body else argument
            return _exp_or_log(function, argument)
    return None


def _exp_or_log(function: str, argument: Expr) -> Expr | None:
    match function, argument:
        case ("exp", Apply("log", u, 0)) | ("log", Apply("exp", u, 0)):
            return u
        case "exp", Add(terms):
            return mul(*(Apply("exp", t) for t in terms))
        case "exp", Mul((Num(constant), *rest)):
            return power(Apply("exp", mul(*rest)), constant)
        case "log", Mul(factors):
            return add(*(Apply("log", f) for f in factors))
        case "log", Pow(base, exponent):
            return mul(num(exponent), Apply("log", base))
        case "log", Apply(inside, u, 0) if inside in _BY_EXP:
            return Apply("log", _BY_EXP[inside](u))
    return None


def by_law(definitions: Mapping[str, Definition], *exprs: Expr) -> tuple[dict[str, Definition], list[Expr]]:
    """The definitions that expressions rest on, in order, and the expressions, rewritten down to free variables."""

    @cache
    def rewritten(expr: Expr) -> Expr:
        other = law(definitions, expr)
        return rebuild(expr, tuple(map(rewritten, children(expr)))) if other is None else rewritten(other)

    used = {n.name for n in nodes(definitions, *exprs) if isinstance(n, Tensor)}
    kept = {d.name: d if d.body is None else replace(d, body=rewritten(d.body)) for d in definitions.values() if d.name in used}
    return kept, [*map(rewritten, exprs)]


class Modular:
    """The field of a random prime of 61 bits. What has no inverse, or no sign, raises ZeroDivisionError: another point is to be drawn."""

    def __init__(self, source: Callable[[int], bytes] = token_bytes) -> None:
        self.source, self.prime = source, 0
        while not flint.fmpz(self.prime).is_prime():
            self.prime = int.from_bytes(source(8)) >> 4 | 1 << 60
        self._pool = self._residues()
        self._known: dict[tuple[str, int, int], Any] = {}

    def _residues(self) -> Iterator[Any]:
        """Uniform residues from the source of random bytes."""
        while True:
            numbers = np.frombuffer(self.source(1 << 11), dtype=np.uint64) >> 3
            yield from [flint.nmod(n, self.prime) for n in numbers.tolist() if n < self.prime]

    def drawn(self, *shape: int) -> Any:
        """An array of uniform residues."""
        array = np.empty(prod(shape), dtype=object)
        array[:] = [*islice(self._pool, prod(shape))]
        return array.reshape(shape)

    def number(self, value: Fraction) -> Any:
        return flint.nmod(value.numerator, self.prime) / value.denominator

    def pi(self) -> Any:
        return self._free("pi", OWN, 0)

    def power(self, data: Any, exponent: Fraction) -> Any:
        return data ** int(exponent)

    def step(self, data: Any) -> Any:
        """A sign drawn for each value up to its sign, so that the steps of u and of -u agree."""
        return each(self._sign)(data)

    def _sign(self, u: Any) -> Any:
        if u == 0:
            raise ZeroDivisionError("a step at its kink")
        negative = int(u) > self.prime // 2
        return flint.nmod((int(self._free("step", OWN, int(-u if negative else u))) + negative) % 2, self.prime)

    def apply(self, data: Any, function: str, order: int) -> Any:
        """A variable drawn for each value of the data."""
        return each(lambda u: self._free(function, order, int(u)))(data)

    def _free(self, function: str, order: int, value: int) -> Any:
        key = function, order, value
        if key not in self._known:
            self._known[key] = next(self._pool)
        return self._known[key]


def contracted(
    definitions: Mapping[str, Definition], sides: tuple[Expr, Expr], indices: tuple[Index, ...], apart: tuple[Unequal, ...]
) -> tuple[dict[str, Definition], list[Expr]]:
    """Both sides where the pairs are apart, summed over all indices against a leaf for each of them; first the leaves.

    As polynomials in the leaves' entries too, both sums are equal only if the sides are in every entry: two numbers tell what two tensors
    would, and no tensor of all the indices is made.
    """
    longest = max(definitions, key=len, default="")
    leaves = {(name := f"{longest} random {index.name} {index.axis}"): Definition(name, (index,)) for index in indices}
    weights = [*(sub(ONE, delta(c.left, c.right)) for c in apart), *(Tensor(name, d.indices) for name, d in leaves.items())]
    sums = []
    for side in sides:
        if isinstance(side, Tensor) and len(side.free) > 1:
            made = definitions[side.name]
            side = substitute(made.body, dict(zip(made.indices, side.indices, strict=True))) if made.body else side
        sums.append(add(*(total(mul(t, *weights), *indices) for t in (side.terms if isinstance(side, Add) else (side,)))))
    return leaves, sums


class Bound(NamedTuple):
    """Of an integer polynomial: its degree in numbers drawn, its degree in signs drawn (in bits), log2 of its coefficients' sum."""

    degree: float
    bits: float
    height: float

    def times(self, other: Bound, n: float = 1) -> Bound:
        return Bound(self.degree + n * other.degree, self.bits + n * other.bits, self.height + n * other.height)

    def plus(self, other: Bound) -> Bound:
        return Bound(max(self.degree, other.degree), max(self.bits, other.bits), float(np.logaddexp2(self.height, other.height)))


UNIT, DRAWN = Bound(0, 0, 0), Bound(1, 0, 0)


class Ratio(NamedTuple):
    """Bounds of numerator and denominator of every entry of a result."""

    top: Bound = UNIT
    bottom: Bound = UNIT

    def plus(self, other: Ratio) -> Ratio:
        return Ratio(self.top.times(other.bottom).plus(other.top.times(self.bottom)), self.bottom.times(other.bottom))

    def times(self, other: Ratio) -> Ratio:
        return Ratio(self.top.times(other.top), self.bottom.times(other.bottom))

    def power(self, n: int) -> Ratio:
        top, bottom = self if n > 0 else self[::-1]
        return Ratio(UNIT.times(top, abs(n)), UNIT.times(bottom, abs(n)))


class Bounds:
    """The bounds of expressions' entries at some widths, whatever the prime.

    ``definitions`` each come after those that they use; ``leaves`` are the bounds of what is drawn for leaves.
    """

    def __init__(self, definitions: Mapping[str, Definition], sizes: Mapping[str, int], leaves: Mapping[str, Bound]) -> None:
        self.sizes, self.arguments, self.variables = sizes, UNIT, 0
        self._known: dict[Expr, Ratio] = {}
        self._tensors: dict[str, Ratio] = {}
        for d in definitions.values():
            self._tensors[d.name] = Ratio(leaves[d.name]) if d.body is None else self.of(d.body)

    def of(self, expr: Expr) -> Ratio:
        """The bound of every entry of an expression."""
        if expr not in self._known:
            self._known[expr] = self._bound(expr)
        return self._known[expr]

    def _bound(self, expr: Expr) -> Ratio:
        match expr:
            case Num(value):
                return Ratio(Bound(0, 0, log2(max(abs(value.numerator), 1))), Bound(0, 0, log2(value.denominator)))
            case Size(axis):
                return Ratio(Bound(0, 0, log2(self.sizes[axis])))
            case Tensor(name):
                return self._tensors[name]
            case Add(terms):
                return reduce(Ratio.plus, map(self.of, terms))
            case Mul(factors):
                return reduce(Ratio.times, map(self.of, factors))
            case Sum(index, body):
                n, (top, bottom) = self.sizes[index.axis], self.of(body)
                return Ratio(top.times(bottom, n - 1).times(Bound(0, 0, log2(n))), UNIT.times(bottom, n))
            case Prod(index, body):
                return self.of(body).power(self.sizes[index.axis])
            case Pow(base, exponent):
                return self.of(base).power(exponent.numerator)
            case Step(argument):
                self._free(argument)
                return Ratio(Bound(0, 1, 1))
            case Apply(_, argument, _):
                self._free(argument)
                return Ratio(DRAWN)
            case Pi():
                return Ratio(DRAWN)
        return Ratio()  # deltas

    def _free(self, argument: Expr) -> None:
        """A variable is drawn for each value of an argument."""
        top, bottom = self.of(argument)
        self.arguments = self.arguments.plus(top.times(bottom))
        self.variables += prod(self.sizes[i.axis] for i in argument.free)

    def survival(self, difference: Ratio) -> float:
        """A bound of the chance that a difference which is not identically 0 came out as 0 in every entry.

        Schwartz-Zippel for numerator and denominator together: over the signs, over the numbers drawn, and over the prime (at
        least 2^54 primes are in range, and an integer of h bits has at most h/60 of them as divisors); the same for two different
        arguments that have met.
        """
        degree, bits, height = difference.top.times(difference.bottom)
        pairs = self.variables**2
        fields = (degree + pairs * (2 * self.arguments.degree + 1)) / 2**60
        primes = (height + pairs * (2 * self.arguments.height + 1)) / 60 / 2**54
        return min(1.0, 1 - 2**-bits * (1 - min(1.0, fields)) + primes) if bits else min(1.0, fields + primes)
