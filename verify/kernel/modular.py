"""Residues modulo random primes, in many trials at once, and the bounds of what a false claim would have to be a root of.

exp, log, roots and unknown functions become free variables, one for each value of their argument; the laws of exp and log are
applied to the expression first. Free variables obey no relation, so that agreement is never easier than in the reals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from math import ceil, floor, inf, log2, prod
from secrets import token_bytes
from typing import Any, NamedTuple

import flint
import numpy as np

from verify.kernel.calculus import BY_EXP
from verify.kernel.evaluate import OWN
from verify.kernel.expr import ONE, Add, Apply, Expr, Mul, Num, Pow, Step, Tensor, add, mul, num, power, sub, substitute
from verify.kernel.program import Definition, OutOfReach


def law(definitions: Mapping[str, Definition], expr: Expr) -> Expr | None:
    """The same by the laws of exp, log, roots, sin and cos, down to free variables; None where none applies."""
    match expr:
        case Pow(base, exponent) if exponent.denominator > 1:
            return mul(power(base, floor(exponent)), Apply(f"root {exponent % 1}", base, OWN))
        case Step(Mul((Num(constant), *rest))) if constant and abs(constant) != 1:
            return Step(mul(num(1 if constant > 0 else -1), *rest))
        case Apply("sin" | "cos" as function, argument, 0):
            half = Apply("tan of the half", argument, OWN)
            top = mul(num(2), half) if function == "sin" else sub(ONE, power(half, 2))
            return mul(top, power(add(ONE, power(half, 2)), -1))
        case Apply(function, argument, 0) if function in BY_EXP:
            return BY_EXP[function](argument)
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
        case "log", Apply(inside, u, 0) if inside in BY_EXP:
            return Apply("log", BY_EXP[inside](u))
    return None


class Trials:
    """So many random primes of 31 bits, and what is drawn for each: arrays whose last axis is that of the trials."""

    def __init__(self, count: int, source: Callable[[int], bytes] = token_bytes) -> None:
        self.source, found = source, list[int]()
        while len(found) < count:
            numbers = np.frombuffer(source(128), dtype=np.uint32) >> 2 | (1 << 30) + 1
            found += [n for n in numbers.tolist() if flint.fmpz(n).is_prime()]
        self.primes = np.array(found[:count], dtype=np.uint64)

    def words(self, *shape: int) -> Any:
        """Random numbers of 64 bits."""
        count = len(self.primes)
        return np.frombuffer(self.source(8 * count * prod(shape)), dtype=np.uint64).reshape(*shape, count)

    def drawn(self, *shape: int) -> Any:
        """Residues, each with a chance below 2^-30."""
        return self.words(*shape) % self.primes


def _whole(exponent: Fraction) -> int:
    if exponent.denominator > 1 or abs(exponent) >= 1 << 31:
        raise OutOfReach("an exponent is too large for residues")
    return abs(int(exponent))


class Residues:
    """Numbers modulo the prime of each trial; ``leaves`` are what was drawn for them.

    They are below 2^31, so that a product of two is below 2^62. ``met`` are the trials in which everything so far had an inverse and a
    sign; in the others the numbers mean nothing.
    """

    def __init__(self, leaves: Mapping[str, Any], trials: Trials) -> None:
        self.leaves, self.trials, self.primes = leaves, trials, trials.primes
        self.met = np.ones(len(trials.primes), dtype=bool)
        self._known: dict[object, dict[tuple[int, int], int]] = defaultdict(dict)

    def number(self, value: Fraction) -> Any:
        top, bottom = (np.array([part % p for p in self.primes.tolist()], dtype=np.uint64) for part in value.as_integer_ratio())
        return top if value.denominator == 1 else self.mul([top, self._inverse(bottom)])

    def leaf(self, name: str, at: tuple[int, ...]) -> Any:
        return self.leaves[name][at]

    def add(self, terms: Sequence[Any]) -> Any:
        return sum(terms[1:], terms[0]) % self.primes

    def mul(self, factors: Sequence[Any]) -> Any:
        return reduce(lambda one, other: one * other % self.primes, factors)

    def power(self, base: Any, exponent: Fraction) -> Any:
        base, found = base if exponent >= 0 else self._inverse(base), self.number(Fraction(1))
        for bit in bin(_whole(exponent))[2:]:
            found = self.mul([found, found, base] if bit == "1" else [found, found])
        return found

    def _inverse(self, data: Any) -> Any:
        self.met &= data != 0
        pairs = zip(np.where(data, data, 1).tolist(), self.primes.tolist(), strict=True)
        return np.array([pow(number, -1, prime) for number, prime in pairs], dtype=np.uint64)

    def step(self, argument: Any) -> Any:
        """A sign drawn for each value up to its sign, so that the steps of u and of -u agree."""
        self.met &= argument != 0
        opposite = argument > self.primes // 2
        return self._free("step", np.where(opposite, self.primes - argument, argument)) & 1 ^ opposite

    def apply(self, function: str, order: int, argument: Any) -> Any:
        """A variable drawn for each value of the argument."""
        return self._free((function, order), argument) % self.primes

    def _free(self, function: object, data: Any) -> Any:
        """A random number of 64 bits for each value of a function's argument in a trial, the same whenever it is met."""
        words, known = self.trials.words().tolist(), self._known[function]
        found = [known.setdefault(at, word) for at, word in zip(enumerate(data.tolist()), words, strict=True)]
        return np.array(found, dtype=np.uint64)


class Bound(NamedTuple):
    """Of an integer polynomial: its degree in numbers drawn, its degree in signs drawn (in bits), log2 of its coefficients' sum."""

    degree: float
    bits: float
    height: float

    def times(self, other: Bound, n: float = 1) -> Bound:
        return Bound(self.degree + n * other.degree, self.bits + n * other.bits, self.height + n * other.height)


UNIT, DRAWN = Bound(0.0, 0.0, 0.0), Bound(1.0, 0.0, 0.0)  # floats: what is too large for them is infinite, and is not tested


def largest(bounds: Sequence[Bound]) -> Bound:
    """A bound that holds wherever one of them does; not a number where one of them is none."""
    return Bound(*np.max(bounds, axis=0).tolist())


@dataclass(frozen=True, eq=False)
class Ratio:
    """A number as a polynomial over powers of others, its denominators, each counted once however many terms have it; no two are equal."""

    top: Bound = UNIT
    below: Mapping[Ratio, int] = field(default_factory=dict)


def _product(powers: Mapping[Ratio, int]) -> Bound:
    return reduce(lambda found, k: found.times(k.top, powers[k]), powers, UNIT)


def whole(ratio: Ratio) -> Bound:
    """The bound of numerator and denominator together."""
    return ratio.top.times(_product(ratio.below))


class Bounds:
    """The bounds of residues, whatever the primes; ``leaves`` are the bounds of what is drawn for them."""

    def __init__(self, leaves: Mapping[str, Bound]) -> None:
        self.leaves = leaves
        self.arguments: dict[object, dict[Ratio, None]] = defaultdict(dict)  # of each function
        self._drawn: dict[object, Ratio] = {}

    def number(self, value: Fraction) -> Ratio:
        top, bottom = (Ratio(Bound(0.0, 0.0, log2(max(abs(part), 1)))) for part in value.as_integer_ratio())
        return top if value.denominator == 1 else Ratio(top.top, {bottom: 1})

    def leaf(self, name: str, at: tuple[int, ...]) -> Ratio:
        return self._drawn.setdefault((name, at), Ratio(self.leaves[name]))

    def add(self, terms: Sequence[Ratio]) -> Ratio:
        below: dict[Ratio, int] = {}
        for term in terms:
            below |= {k: max(e, below.get(k, 0)) for k, e in term.below.items()}
        tops = [t.top.times(_product({k: e - t.below.get(k, 0) for k, e in below.items()})) for t in terms]
        return Ratio(largest(tops)._replace(height=float(np.logaddexp2.reduce([t.height for t in tops]))), below)

    def mul(self, factors: Sequence[Ratio]) -> Ratio:
        below: dict[Ratio, int] = {}
        for factor in factors:
            below |= {k: e + below.get(k, 0) for k, e in factor.below.items()}
        return Ratio(reduce(Bound.times, [factor.top for factor in factors]), below)

    def power(self, base: Ratio, exponent: Fraction) -> Ratio:
        n = _whole(exponent)
        if exponent < 0:
            return Ratio(UNIT.times(_product(base.below), n), {base: n})
        return Ratio(UNIT.times(base.top, n), {k: n * e for k, e in base.below.items()})

    def step(self, argument: Ratio) -> Ratio:
        self.arguments["step"][argument] = None
        return Ratio(Bound(0.0, 1.0, 1.0))

    def apply(self, function: str, order: int, argument: Ratio) -> Ratio:
        self.arguments[function, order][argument] = None
        return Ratio(DRAWN)

    def trials(self, difference: Bound) -> float:
        """How many trials take the chance that a difference within the bound which is not identically 0 was 0 in all of them below 2^-40.

        By Schwartz-Zippel for numerator and denominator together: over the signs, over the numbers drawn (each value has a chance below
        2^-30), and over the prime (at least 2^25 are in range, and an integer of h bits has at most h/30 of them as divisors). The same
        for any two arguments u, v of one function, and u + v of a step, that differ and have met. Where arguments depend on signs, they
        may differ under one choice of all the signs only: it has to be drawn.
        """
        degree, bits, height = difference
        signs = len(self.arguments["step"]) + sum(leaf.top.bits for leaf in self._drawn.values())
        for arguments in self.arguments.values():
            n, product = len(arguments), reduce(Bound.times, map(whole, arguments), UNIT)
            degree, height = degree + 2 * n * product.degree, height + 2 * n * (product.height + n)
            bits = signs if product.bits else bits
        once = 1 - 2**-bits * (1 - min(1.0, degree / 2**30)) + height / 30 / 2**25
        return ceil(-40 / log2(max(once, 2**-30))) if once < 1 else inf
