# ruff: noqa: I001
"""Evaluation modulo a random prime, with bounds of what a false claim would have to be a root of.

exp, log, roots and unknown functions become free variables, one for each value of their argument; the laws of exp and log are
applied to the expression first. Free variables obey no relation, so that agreement is never easier than in the reals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import reduce
from itertools import islice
from math import floor, log2, prod
from secrets import token_bytes
from typing import Any, NamedTuple

import flint
import numpy as np

from verify.kernel.calculus import BY_EXP
from verify.kernel.evaluate import BALL, Operation, Plan, Point
from verify.kernel.expr import (
    ONE, Add, Apply, Expr, Index, Mul, Num, Pow, Step, Tensor, add, delta, mul, num, power, sub, substitute, total,
)
from verify.kernel.program import Definition, OutOfReach, Unequal

OWN = -1  # the order of what stands for a free variable here: no function of a document has it
WIDE = 1 << 8  # from so many entries on FLINT's matrices are quicker than arrays of residues


def law(definitions: Mapping[str, Definition], expr: Expr) -> Expr | None:
    """The same by the laws of exp, log, roots, sin and cos, down to free variables; None where none applies."""
    match expr:
        case Pow(base, exponent) if exponent.denominator > 1:
            return mul(power(base, floor(exponent)), Apply(f"root {exponent % 1}", base, OWN))
        case Step(Mul((Num(constant), *rest))) if abs(constant) != 1:
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


def _array(entries: list[Any], shape: tuple[int, ...]) -> Any:
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array.reshape(shape)


class Modular:
    """The field of a random prime of 61 bits. What has no inverse, or no sign, raises ZeroDivisionError: another point is to be drawn."""

    limit = BALL.limit

    def __init__(self, source: Callable[[int], bytes] = token_bytes) -> None:
        self.source, self.prime = source, 0
        while not flint.fmpz(self.prime).is_prime():
            self.prime = int.from_bytes(source(8)) >> 4 | 1 << 60
        self._pool = self._residues()
        self._known: dict[tuple[str, int], dict[int, Any]] = {}
        self._matrices: dict[tuple[int, bool], tuple[Any, Any]] = {}

    def _residues(self) -> Iterator[Any]:
        """Uniform residues from the source of random bytes."""
        while True:
            numbers = np.frombuffer(self.source(1 << 11), dtype=np.uint64) >> 3
            yield from [flint.nmod(n, self.prime) for n in numbers.tolist() if n < self.prime]

    def drawn(self, *shape: int) -> Any:
        """An array of uniform residues."""
        return _array([*islice(self._pool, prod(shape))], shape)

    def leaf(self, values: Any) -> Any:
        """A rational as a residue; arrays of residues as they are, wide matrices made ready for products."""
        if not isinstance(values, np.ndarray):
            return _array([flint.nmod(values.numerator, self.prime) / values.denominator], ())
        if values.ndim == 2 and values.size >= WIDE:
            self._matrix(values, True)
        return values

    def pi(self) -> Any:
        return self.apply(self.leaf(Fraction(1)), "pi", OWN)

    def dot(self, left: Any, right: Any) -> Any:
        """The product of arrays as numpy's dot has it; of wide matrices by FLINT."""
        if (left.size < WIDE and right.size < WIDE) or left.ndim == right.ndim == 1 or left.ndim > 2 or right.ndim > 2:
            return left.dot(right)
        return _array((self._matrix(left, True) * self._matrix(right, False)).entries(), left.shape[:-1] + right.shape[1:])

    def _matrix(self, array: Any, left: bool) -> Any:
        """An array as FLINT's matrix, a vector as a row or as a column; made once, for weights are wanted forwards and backwards."""
        key = id(array), left and array.ndim == 1
        if key not in self._matrices:
            rows, columns = array.shape if array.ndim == 2 else (1, array.size) if left else (array.size, 1)
            self._matrices[key] = array, flint.nmod_mat(rows, columns, array.ravel().tolist(), self.prime)
        return self._matrices[key][1]

    def power(self, data: Any, exponent: Fraction | int) -> Any:
        if not isinstance(exponent, int):
            raise OutOfReach("an exponent is too large for residues")
        return data**exponent

    def step(self, data: Any) -> Any:
        """A sign drawn for each value up to its sign, so that the steps of u and of -u agree."""
        values, half, bits = [int(v) for v in np.ravel(data)], self.prime // 2, [flint.nmod(n, self.prime) for n in (0, 1)]
        if 0 in values:
            raise ZeroDivisionError("a step at its kink")
        coins = self._free("step", OWN, [v if v <= half else self.prime - v for v in values])
        return _array([bits[(int(coin) + (v > half)) % 2] for v, coin in zip(values, coins, strict=True)], np.shape(data))

    def apply(self, data: Any, function: str, order: int) -> Any:
        """A variable drawn for each value of the data."""
        return _array(self._free(function, order, [int(v) for v in np.ravel(data)]), np.shape(data))

    def _free(self, function: str, order: int, values: list[int]) -> list[Any]:
        known = self._known.setdefault((function, order), {})
        return [known[v] if v in known else known.setdefault(v, next(self._pool)) for v in values]


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


class Bounds(Point):
    """The bounds of a plan's results at some widths, whatever the prime. ``leaves`` are the bounds of what is drawn for them."""

    def __init__(self, plan: Plan, sizes: Mapping[str, int], leaves: Mapping[str, Bound]) -> None:
        super().__init__(plan, sizes, leaves, BALL)
        self.arguments, self.variables = UNIT, 0

    def number(self, op: Operation) -> Ratio:
        return Ratio(Bound(0, 0, log2(max(abs(op.data.numerator), 1))), Bound(0, 0, log2(op.data.denominator)))

    def size(self, op: Operation) -> Ratio:
        return Ratio(Bound(0, 0, log2(self.sizes[op.data])))

    def leaf(self, op: Operation) -> Ratio:
        return Ratio(self.leaves[op.data])

    def pi(self, op: Operation) -> Ratio:
        return self.apply(op, Ratio())

    def delta(self, op: Operation) -> Ratio:
        return Ratio()

    def view(self, op: Operation, data: Ratio) -> Ratio:
        return data

    def add(self, op: Operation, *data: Ratio) -> Ratio:
        return reduce(Ratio.plus, data)

    def mul(self, op: Operation, left: Ratio, right: Ratio) -> Ratio:
        return Ratio(left.top.times(right.top), left.bottom.times(right.bottom))

    def sum(self, op: Operation, data: Ratio) -> Ratio:
        n = prod(self.sizes[a] for a in op.gone)
        return Ratio(data.top.times(data.bottom, n - 1).times(Bound(0, 0, log2(n))), UNIT.times(data.bottom, n))

    def dot(self, op: Operation, left: Ratio, right: Ratio) -> Ratio:
        return self.sum(op, self.mul(op, left, right))

    einsum = dot

    def prod(self, op: Operation, data: Ratio) -> Ratio:
        n = self.sizes[op.gone[0]]
        return Ratio(UNIT.times(data.top, n), UNIT.times(data.bottom, n))

    def power(self, op: Operation, data: Ratio) -> Ratio:
        top, bottom = data if op.data > 0 else data[::-1]
        return Ratio(UNIT.times(top, abs(op.data)), UNIT.times(bottom, abs(op.data)))

    def step(self, op: Operation, data: Ratio) -> Ratio:
        self.apply(op, data)
        return Ratio(Bound(0, 1, 1))

    def apply(self, op: Operation, data: Ratio) -> Ratio:
        self.arguments = self.arguments.plus(data.top.times(data.bottom))
        self.variables += prod(self.sizes[a] for a in op.axes)
        return Ratio(DRAWN)

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
