# ruff: noqa: I001
"""Evaluation modulo random primes, in many trials at once, with bounds of what a false claim would have to be a root of.

exp, log, roots and unknown functions become free variables, one for each value of their argument; the laws of exp and log are
applied to the expression first. Free variables obey no relation, so that agreement is never easier than in the reals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import reduce
from math import ceil, floor, inf, log2, prod
from secrets import token_bytes
from typing import Any, NamedTuple

import flint
import numpy as np

from verify.kernel.calculus import BY_EXP
from verify.kernel.evaluate import BALL, Operation, Plan, Point
from verify.kernel.expr import (
    ONE, Add, Apply, Expr, Index, Mul, Num, Pi, Pow, Step, Tensor, add, delta, mul, num, power, sub, substitute, total,
)
from verify.kernel.program import Definition, OutOfReach, Unequal

OWN = -1  # the order of what stands for a free variable here: no function of a document has it


def law(definitions: Mapping[str, Definition], expr: Expr) -> Expr | None:
    """The same by the laws of exp, log, roots, sin and cos, down to free variables; None where none applies."""
    match expr:
        case Pi():
            return Apply("pi", ONE, OWN)
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


class Trials:
    """So many random primes of 31 bits, and what is drawn for each: arrays whose last axis is that of the trials."""

    def __init__(self, count: int, source: Callable[[int], bytes] = token_bytes) -> None:
        self.source, found = source, list[int]()
        while len(found) < count:
            numbers = np.frombuffer(source(128), dtype=np.uint32) >> 2 | (1 << 30) + 1
            found += [n for n in numbers.tolist() if flint.fmpz(n).is_prime()]
        self.primes = np.array(found[:count], dtype=np.uint64)

    def words(self, *shape: int) -> Any:
        """Random numbers of 64 bits. The first axis in memory is that of the trials, which products of matrices like."""
        count = len(self.primes)
        return np.moveaxis(np.frombuffer(self.source(8 * count * prod(shape)), dtype=np.uint64).reshape(count, *shape), 0, -1)

    def drawn(self, *shape: int) -> Any:
        """Residues, each with a chance below 2^-30."""
        return self.words(*shape) % self.primes


class Residues(Point):
    """The results of a plan's operations, for each trial modulo its prime; ``leaves`` are what was drawn for them.

    Residues are below 2^31, so that a product of two is below 2^62. ``met`` are the trials in which everything so far had an inverse
    and a sign; in the others the numbers mean nothing.
    """

    def __init__(self, plan: Plan, sizes: Mapping[str, int], leaves: Mapping[str, Any], trials: Trials) -> None:
        super().__init__(plan, sizes, leaves, BALL)
        self.trials, self.primes, self.met = trials, trials.primes, np.ones(len(trials.primes), dtype=bool)
        self._known: dict[object, dict[int, int]] = defaultdict(dict)

    def number(self, op: Operation) -> Any:
        top, bottom = (np.array([part % int(p) for p in self.primes], dtype=np.uint64) for part in op.data.as_integer_ratio())
        return top if op.data.denominator == 1 else top * self._inverse(bottom) % self.primes

    def size(self, op: Operation) -> Any:
        return np.array([self.sizes[op.data]], dtype=np.uint64) % self.primes

    def leaf(self, op: Operation) -> Any:
        return self.leaves[op.data]

    def delta(self, op: Operation) -> Any:
        return self.same(op)[..., None].astype(np.uint64)

    def add(self, op: Operation, *data: Any) -> Any:
        return super().add(op, *data) % self.primes

    def mul(self, op: Operation, left: Any, right: Any) -> Any:
        return super().mul(op, left, right) % self.primes

    def dot(self, op: Operation, left: Any, right: Any) -> Any:
        """A sum of products: the smaller factor in halves of 16 bits, so that no sum of 2^16 products reaches 2^64."""
        one, other, result = ((*letters, ...) for letters in op.data[1])
        if left.size > right.size:
            left, right, one, other = right, left, other, one
        low, high = (np.einsum(half, one, right, other, result) % self.primes for half in (left & 0xFFFF, left >> 16))
        return ((high << 16) + low) % self.primes

    def sum(self, op: Operation, data: Any) -> Any:
        return data.sum(op.data) % self.primes

    def prod(self, op: Operation, data: Any) -> Any:
        if op.data is None:
            return self._power(data, self.sizes[op.gone[0]])
        return reduce(lambda one, other: one * other % self.primes, np.moveaxis(data, op.data, 0))

    def power(self, op: Operation, data: Any) -> Any:
        if not isinstance(op.data, int):
            raise OutOfReach("an exponent is too large for residues")
        return self._power(data if op.data >= 0 else self._inverse(data), abs(op.data))

    def _power(self, data: Any, exponent: int) -> Any:
        found = data if exponent else np.ones_like(data)
        for bit in bin(exponent)[3:]:
            found = found * found % self.primes
            found = found * data % self.primes if bit == "1" else found
        return found

    def _inverse(self, data: Any) -> Any:
        """1/data, by one inverse a trial."""
        self.met &= (data != 0).all(tuple(range(data.ndim - 1)))
        shape = (*data.shape[:-1], len(self.primes))
        return self._inverses(np.broadcast_to(np.where(data == 0, 1, data), shape).reshape(-1, shape[-1])).reshape(shape)

    def _inverses(self, data: Any) -> Any:
        """The inverses of a matrix's rows, by those of their products in pairs."""
        half = len(data) // 2
        if not half:
            pairs = zip(data[0].tolist(), self.primes.tolist(), strict=True)
            return np.array([[pow(number, -1, prime) for number, prime in pairs]], dtype=np.uint64)
        one, other, rest = data[:half], data[half : 2 * half], data[2 * half :]
        both = self._inverses(np.concatenate((one * other % self.primes, rest)))
        return np.concatenate((both[:half] * other % self.primes, both[:half] * one % self.primes, both[half:]))

    def step(self, op: Operation, data: Any) -> Any:
        """A sign drawn for each value up to its sign, so that the steps of u and of -u agree."""
        self.met &= (data != 0).all(tuple(range(data.ndim - 1)))
        opposite = data > self.primes // 2
        return self._free("step", np.where(opposite, self.primes - data, data)) & 1 ^ opposite

    def apply(self, op: Operation, data: Any) -> Any:
        """A variable drawn for each value of the data."""
        return self._free(op.data, data) % self.primes

    def _free(self, function: object, data: Any) -> Any:
        """A random number of 64 bits for each value of a function's argument in a trial, the same whenever it is met."""
        codes = data + (np.arange(len(self.primes), dtype=np.uint64) << 32)
        words = self.trials.words(codes[..., 0].size).ravel().tolist()
        return np.fromiter(map(self._known[function].setdefault, codes.ravel().tolist(), words), np.uint64, codes.size).reshape(codes.shape)


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
    """Bounds of every entry of a result: of its numerator, of a denominator of its own, and the numbers of earlier results with the
    powers to which all their own denominators together divide it: a sum over an array has one denominator, not one for each term."""

    top: Bound = UNIT
    bottom: Bound = UNIT
    shared: Mapping[int, int] = {}

    def times(self, other: Ratio, n: int = 1) -> Ratio:
        shared = {k: self.shared.get(k, 0) + n * other.shared.get(k, 0) for k in {**self.shared, **other.shared}}
        return Ratio(self.top.times(other.top, n), self.bottom.times(other.bottom, n), shared)


class Bounds(Point):
    """The bounds of a plan's results at some widths, whatever the prime. ``leaves`` are the bounds of what is drawn for them."""

    def __init__(self, plan: Plan, sizes: Mapping[str, int], leaves: Mapping[str, Bound]) -> None:
        super().__init__(plan, sizes, leaves, BALL)
        self.whole: dict[int, Bound] = {}  # of the product of all the denominators of a result
        self.arguments: dict[object, tuple[int, Bound]] = {}  # how many each function has, and all of them multiplied
        self.bits = 0.0  # of all signs that are drawn

    def number(self, op: Operation) -> Ratio:
        return Ratio(Bound(0, 0, log2(max(abs(op.data.numerator), 1))), Bound(0, 0, log2(op.data.denominator)))

    def size(self, op: Operation) -> Ratio:
        return Ratio(Bound(0, 0, log2(self.sizes[op.data])))

    def leaf(self, op: Operation) -> Ratio:
        self.bits += self.leaves[op.data].bits * self.entries(op)
        return Ratio(self.leaves[op.data])

    def delta(self, op: Operation) -> Ratio:
        return Ratio()

    def view(self, op: Operation, data: Ratio) -> Ratio:
        return data

    def plus(self, one: Ratio, other: Ratio) -> Ratio:
        """The bounds of a sum of two."""
        shared = {k: max(one.shared.get(k, 0), other.shared.get(k, 0)) for k in {**one.shared, **other.shared}}
        lacks = ({k: e - r.shared.get(k, 0) for k, e in shared.items()} for r in (one, other))
        mine, its = (r.top.times(self._product(lack)) for r, lack in zip((one, other), lacks, strict=True))
        return Ratio(mine.times(other.bottom).plus(its.times(one.bottom)), one.bottom.times(other.bottom), shared)

    def add(self, op: Operation, *data: Ratio) -> Ratio:
        return reduce(self.plus, data)

    def mul(self, op: Operation, left: Ratio, right: Ratio) -> Ratio:
        return left.times(right)

    def _joint(self, number: int, ratio: Ratio) -> Ratio:
        """The bounds of a result's entries over all their denominators together."""
        if ratio.bottom == UNIT:
            return ratio
        self.whole[number] = UNIT.times(ratio.bottom, entries := self.entries(self.plan.operations[number]))
        return Ratio(ratio.top.times(ratio.bottom, entries - 1)).times(Ratio(shared={**ratio.shared, number: 1}))

    def sum(self, op: Operation, data: Ratio) -> Ratio:
        return self._joint(op.inputs[0], data).times(Ratio(Bound(0, 0, log2(prod(self.sizes[a] for a in op.gone)))))

    def dot(self, op: Operation, left: Ratio, right: Ratio) -> Ratio:
        return self._joint(op.inputs[0], left).times(self.sum(op._replace(inputs=op.inputs[1:]), right))

    def prod(self, op: Operation, data: Ratio) -> Ratio:
        return Ratio().times(data, self.sizes[op.gone[0]])

    def power(self, op: Operation, data: Ratio) -> Ratio:
        whole = data if op.data > 0 else Ratio(data.bottom.times(self._product(data.shared)), data.top)
        return Ratio().times(whole, abs(op.data))

    def step(self, op: Operation, data: Ratio) -> Ratio:
        self.bits += self.entries(op)
        self.apply(op, data)
        return Ratio(Bound(0, 1, 1))

    def apply(self, op: Operation, data: Ratio) -> Ratio:
        (count, product), n = self.arguments.get((op.kind, op.data), (0, UNIT)), self.entries(op)
        self.arguments[op.kind, op.data] = count + n, product.times(self.of(data), n)
        return Ratio(DRAWN)

    def entries(self, op: Operation) -> int:
        """How many entries a result has."""
        return prod(self.sizes[a] for a in op.axes[: len(op.axes) - len(op.gone)])

    def _product(self, shared: Mapping[int, int]) -> Bound:
        return reduce(lambda found, k: found.times(self.whole[k], shared[k]), shared, UNIT)

    def of(self, ratio: Ratio) -> Bound:
        """The bound of numerator and denominator together."""
        return ratio.top.times(ratio.bottom).times(self._product(ratio.shared))

    def trials(self, difference: Ratio) -> float:
        """How many trials take the chance that a difference which is not identically 0 was 0 in all of them below 2^-40.

        By Schwartz-Zippel for numerator and denominator together: over the signs, over the numbers drawn (each value has a chance below
        2^-30), and over the prime (at least 2^25 are in range, and an integer of h bits has at most h/30 of them as divisors). The same
        for any two arguments u, v of one function, and u + v of a step, that differ and have met. Where arguments depend on signs, they
        may differ under one choice of all the signs only: it has to be drawn.
        """
        degree, bits, height = self.of(difference)
        for count, product in self.arguments.values():
            degree, height = degree + 2 * count * product.degree, height + 2 * count * (product.height + count)
            bits = self.bits if product.bits else bits
        once = 1 - 2**-bits * (1 - min(1.0, degree / 2**30)) + height / 30 / 2**25
        return ceil(-40 / log2(max(once, 2**-30))) if once < 1 else inf
