"""Evaluation modulo a random prime, with bounds of what a false claim would have to be a root of.

exp, log, roots and unknown functions become free variables, one for each value of their argument; the laws of exp and log are
applied to the expression first. Free variables obey no relation, so that agreement is never easier than in the reals.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any, NamedTuple

import flint
import numpy as np

from verify.kernel.evaluate import Point, Value
from verify.kernel.expr import ONE, Add, Apply, Expr, Mul, Num, Pow, Tensor, add, mul, neg, num, power, sub, substitute
from verify.kernel.program import OutOfReach


class Unlucky(Exception):
    """Raised where a residue has no inverse or no sign: another point is to be drawn."""


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


@dataclass(frozen=True)
class Residues:
    """Entries modulo the prime; each is a quotient of polynomials in what was drawn, within these bounds."""

    array: Any
    num: Bound = UNIT
    den: Bound = UNIT


_BY_EXP: dict[str, Callable[[Expr], Expr]] = {
    "sigmoid": lambda u: power(add(ONE, Apply("exp", neg(u))), -1),
    "tanh": lambda u: sub(mul(num(2), power(add(ONE, Apply("exp", mul(num(-2), u))), -1)), ONE),
    "softplus": lambda u: Apply("log", add(ONE, Apply("exp", u))),
    "sinh": lambda u: mul(num(Fraction(1, 2)), sub(Apply("exp", u), Apply("exp", neg(u)))),
    "cosh": lambda u: mul(num(Fraction(1, 2)), add(Apply("exp", u), Apply("exp", neg(u)))),
}


class Modular:
    """The field of a random prime between 2^49 and 2^50: products are exact in int64 with a quotient estimated in float64."""

    limit = 1 << 16

    def __init__(self, draw: Random) -> None:
        self.draw, self.prime = draw, 0
        while not flint.fmpz(self.prime).is_prime():
            self.prime = draw.getrandbits(49) | 1 << 49
        self.known: dict[tuple[object, int], int] = {}
        self.arguments = UNIT

    def leaf(self, values: Any) -> Residues:
        """Exact constants; what is drawn already is taken as it is."""
        if isinstance(values, Residues):
            return values
        flat = [Fraction(v) for v in np.ravel(values)]
        if any(v.denominator % self.prime == 0 for v in flat):
            raise Unlucky
        array = np.array([v.numerator * pow(v.denominator, -1, self.prime) % self.prime for v in flat], dtype=np.int64)
        lcm = math.lcm(*(v.denominator for v in flat))
        top = max(abs(v) * lcm for v in flat).numerator
        return Residues(array.reshape(np.shape(values)), Bound(0, 0, math.log2(max(top, 1))), Bound(0, 0, math.log2(lcm)))

    def pi(self) -> Residues:
        return self._free("pi", self.leaf(Fraction(1)))

    def view(self, data: Residues, change: Callable[[Any], Any]) -> Residues:
        return Residues(change(data.array), data.num, data.den)

    def add(self, left: Residues, right: Residues) -> Residues:
        top = left.num.times(right.den).plus(right.num.times(left.den))
        return Residues((left.array + right.array) % self.prime, top, left.den.times(right.den))

    def mul(self, left: Residues, right: Residues) -> Residues:
        return Residues(self._product(left.array, right.array), left.num.times(right.num), left.den.times(right.den))

    def sum(self, data: Residues, axis: int) -> Residues:
        n = data.array.shape[axis]  # at most 2^13 residues of 50 bits fit
        if n > 1 << 13:
            raise OutOfReach("an axis is too wide for residues")
        top = data.num.times(data.den, n - 1)
        return Residues(data.array.sum(axis) % self.prime, top.times(Bound(0, 0, math.log2(n))), UNIT.times(data.den, n))

    def prod(self, data: Residues, axis: int) -> Residues:
        array: Any = np.int64(1)
        for part in np.moveaxis(data.array, axis, 0):
            array = self._product(array, part)
        n = data.array.shape[axis]
        return Residues(array, UNIT.times(data.num, n), UNIT.times(data.den, n))

    def power(self, data: Residues, exponent: Fraction) -> Residues:
        whole, rest = divmod(exponent, 1)
        array, base, n = np.ones_like(data.array), data.array, abs(whole)
        if whole < 0:
            if not np.all(base):
                raise Unlucky
            n = n * (self.prime - 2)
        while n := n % (self.prime - 1) if n >= self.prime else n:
            array = self._product(array, base) if n % 2 else array
            base, n = self._product(base, base), n // 2
        top, bottom = (data.den, data.num) if whole < 0 else (data.num, data.den)
        result = Residues(array, UNIT.times(top, abs(whole)), UNIT.times(bottom, abs(whole)))
        return self.mul(result, self._free(("root", rest), data)) if rest else result

    def step(self, point: Point, argument: Expr) -> Value:
        """A sign drawn for each value up to its sign, so that the steps of u and of -u agree."""
        if isinstance(argument, Mul) and isinstance(argument.factors[0], Num):
            sign = 1 if argument.factors[0].value > 0 else -1
            argument = mul(num(sign), *argument.factors[1:])
        value = point.value(argument)
        array = value.data.array
        if not np.all(array):
            raise Unlucky
        negative = array > self.prime // 2
        coins = self._free("step", Residues(np.where(negative, self.prime - array, array), value.data.num, value.data.den)).array % 2
        return Value(Residues(np.where(negative, 1 - coins, coins), Bound(0, 1, 1)), value.indices)

    def apply(self, point: Point, function: str, argument: Expr, order: int) -> Value:
        other = None if order else _rewritten(point, function, argument)
        if other is not None:
            return point.value(other)
        value = point.value(argument)
        if function not in ("sin", "cos") or order:
            return Value(self._free((function, order), value.data), value.indices)
        one, half = self.leaf(Fraction(1)), self._free("tan of the half", value.data)
        square, two = self.mul(half, half), self.leaf(Fraction(2))
        top = self.mul(two, half) if function == "sin" else self.add(one, self.mul(self.leaf(Fraction(-1)), square))
        return Value(self.mul(top, self.power(self.add(one, square), Fraction(-1))), value.indices)

    def _product(self, left: Any, right: Any) -> Any:
        quotient = np.floor(np.asarray(left, dtype=float) * right / self.prime).astype(np.int64)  # off by at most 1
        with np.errstate(over="ignore"):
            rest = left * right - quotient * self.prime  # exact modulo 2^64, and small
        return np.where(rest < 0, rest + self.prime, np.where(rest >= self.prime, rest - self.prime, rest))

    def _free(self, kind: object, data: Residues) -> Residues:
        """A variable drawn for each value of the data."""
        self.arguments = self.arguments.plus(data.num.times(data.den))
        drawn = [self.known.setdefault((kind, v), self.draw.randrange(1, self.prime)) for v in np.ravel(data.array).tolist()]
        return Residues(np.array(drawn, dtype=np.int64).reshape(np.shape(data.array)), DRAWN)

    def survival(self, difference: Residues) -> float:
        """A bound of the chance that a difference which is not identically 0 came out as 0 in every entry.

        Schwartz-Zippel for numerator and denominator together: over the signs, over the numbers drawn, and over the prime (at
        least 2^43 primes are in range, and an integer of h bits has at most h/49 of them as divisors); the same for two different
        arguments that have met.
        """
        degree, bits, height = difference.num.times(difference.den)
        pairs = len(self.known) ** 2
        fields = (degree + pairs * (2 * self.arguments.degree + 1)) / 2**49
        primes = (height + pairs * (2 * self.arguments.height + 1)) / 49 / 2**43
        return min(1.0, 1 - 2**-bits * (1 - min(1.0, fields)) + primes) if bits else min(1.0, fields + primes)


def _rewritten(point: Point, function: str, argument: Expr) -> Expr | None:
    """The same by the laws of exp and log, where they apply."""
    if function in _BY_EXP:
        return _BY_EXP[function](argument)
    inner = argument
    if isinstance(argument, Tensor):
        made = point.definitions[argument.name]
        inner = substitute(made.body, dict(zip(made.indices, argument.indices, strict=True))) if made.body else argument
    match function, inner:
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
