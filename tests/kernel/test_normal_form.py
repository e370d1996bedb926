"""The decision procedure: what must be proved is, and what is proved is true when it is computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import permutations
from itertools import product as every
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from verify.advice import ADVICE
from verify.kernel.calculus import Resolver
from verify.kernel.expr import (
    ONE,
    ZERO,
    Add,
    Apply,
    Delta,
    Derivative,
    Expr,
    Index,
    Mul,
    Num,
    Pi,
    Pow,
    Prod,
    Size,
    Step,
    Sum,
    Tensor,
    add,
    children,
    delta,
    div,
    mul,
    neg,
    num,
    power,
    rebuild,
    relu,
    sub,
    substitute,
    total,
)  # fmt: skip
from verify.kernel.normal_form import FIXED, FREE, LEVELS, Advice, Base, Label, Monomial, Normalizer, Poly, Proof, _Form, _GiveUp, _Level
from verify.kernel.program import Definition, OneHot, Positive, Program, SumsToOne, Unequal

i, j, k, m, n = (Index(name, "a") for name in "ijkmn")
s, t = Index("s", "batch"), Index("t", "batch")
u, v, w = (Tensor(name) for name in "uvw")
NOTHING = Program()


def equal(program: Program, left: Expr, right: Expr, apart: tuple[Unequal, ...] = (), budget: int = 20_000) -> Proof | None:
    return Normalizer(program, ADVICE).equal(left, right, apart, budget)


def q(numerator: int, denominator: int = 1) -> Num:
    return num(Fraction(numerator, denominator))


def T(name: str, *indices: Index | int) -> Tensor:
    return Tensor(name, indices)


def x(*indices: Index | int) -> Tensor:
    return T("x", *indices)


def fn(name: str) -> Callable[[Expr], Expr]:
    return lambda argument: Apply(name, argument)


exp, log, sigmoid, tanh, phi = (fn(name) for name in ("exp", "log", "sigmoid", "tanh", "phi"))


def root(argument: Expr) -> Expr:
    return Pow(argument, Fraction(1, 2))


def assuming(*assumptions: SumsToOne | OneHot | Positive, sizes: tuple[tuple[str, int], ...] = ()) -> Program:
    return Program((), frozenset(assumptions), sizes)


# --- computing both sides, apart from the kernel ------------------------------------------------------------------------

FUNCTIONS: Mapping[str, Callable[[float], float]] = {
    "exp": math.exp, "log": math.log, "tanh": math.tanh, "sigmoid": lambda z: 1 / (1 + math.exp(-z)), "erf": math.erf,
    "softplus": lambda z: math.log(1 + math.exp(z)), "sinh": math.sinh, "cosh": math.cosh, "sin": math.sin, "cos": math.cos,
    "phi": lambda z: math.cos(3 * z + 1) + z * z,
}  # fmt: skip


class NoValue(Exception):
    """At a kink, a pole, or outside a domain."""


Entries = Callable[[str, tuple[int, ...]], Fraction]


def value(expr: Expr, sizes: Mapping[str, int], entry: Entries, at: Mapping[Index, int]) -> Fraction | float:
    """The value of an expression, exact as long as no function is applied."""

    def there(position: Index | int) -> int:
        return at[position] if isinstance(position, Index) else position

    def below(e: Expr, more: Mapping[Index, int] | None = None) -> Fraction | float:
        return value(e, sizes, entry, {**at, **(more or {})})

    match expr:
        case Num(number):
            return number
        case Pi():
            return math.pi
        case Size(axis):
            return Fraction(sizes[axis])
        case Tensor(name, indices):
            return entry(name, tuple(map(there, indices)))
        case Delta(a, b):
            return Fraction(there(a) == there(b))
        case Add(terms):
            return sum(map(below, terms), Fraction(0))
        case Mul(factors):
            return math.prod(map(below, factors), start=Fraction(1))
        case Sum(index, body):
            return sum((below(body, {index: p}) for p in range(sizes[index.axis])), Fraction(0))
        case Prod(index, body):
            return math.prod((below(body, {index: p}) for p in range(sizes[index.axis])), start=Fraction(1))
        case Step(argument):
            found = below(argument)
            if abs(found) < 1e-9:
                raise NoValue
            return Fraction(found > 0)
        case Pow(base, exponent):
            found = below(base)
            if (exponent <= 0 and abs(found) < 1e-9) or (exponent.denominator > 1 and found <= 0):
                raise NoValue
            return found**exponent.numerator if exponent.denominator == 1 else float(found) ** float(exponent)
        case Apply(function, argument, 0):
            try:
                return FUNCTIONS[function](float(below(argument)))
            except (ValueError, OverflowError):
                raise NoValue from None
    raise NotImplementedError(expr)


def entries(seed: int, positive: bool) -> Entries:
    """Small rational entries, none of them 0, scattered by a hash of name, place and seed."""

    def entry(name: str, places: tuple[int, ...]) -> Fraction:
        number = sum((ord(c) + 7) * 31**p for p, c in enumerate(name))
        for place in (*places, seed):
            number = (number * 1_000_003 + (place + 1) * 7919) % 2_147_483_647
        number = number * 48271 % 2_147_483_647
        size = Fraction(number % 13 + 1, number // 13 % 5 + 3)
        return size if positive or number // 65 % 2 else -size

    return entry


def differ(left: Expr, right: Expr, seed: int, widths: tuple[int, int] = (3, 2), positive: bool = False) -> bool:
    """Whether both sides have values at some indices, and not the same ones; at small random entries."""
    sizes, entry = dict(zip(("a", "batch"), widths, strict=True)), entries(seed, positive)
    free = sorted(left.free | right.free)
    for places in every(*(range(sizes[index.axis]) for index in free)):
        at = dict(zip(free, places, strict=True))
        try:
            one, other = (value(side, sizes, entry, at) for side in (left, right))
        except (NoValue, OverflowError):
            continue
        if isinstance(one, Fraction) and isinstance(other, Fraction):
            if one != other:
                return True
        elif not math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-6):
            return True
    return False


# --- pairs that are equal, and pairs that are not -----------------------------------------------------------------------


def softmax(score: Callable[[Index], Expr], at: Index, bound: Index, shift: Expr = ZERO) -> Expr:
    return div(exp(sub(score(at), shift)), Sum(bound, exp(sub(score(bound), shift))))


def z(*indices: Index) -> Tensor:
    return T("z", *indices)


mean = div(Sum(j, x(j)), Size("a"))
positive_u = assuming(Positive("u"))
hot = assuming(OneHot("y"))
ones = assuming(SumsToOne("y"))
y = T("y", k)

EQUAL: dict[str, tuple[Expr, Expr] | tuple[Expr, Expr, Program]] = {
    "a renamed bound index": (Sum(i, mul(x(i), T("W", i, k))), Sum(j, mul(T("W", j, k), x(j)))),
    "nested sums with one name": (Sum(i, mul(x(i), Sum(i, x(i)))), power(Sum(j, x(j)), 2)),
    "a product of sums": (power(Sum(i, x(i)), 2), Sum(i, Sum(j, mul(x(i), x(j))))),
    "sums in another order": (Sum(i, Sum(s, T("X", s, i))), Sum(s, Sum(i, T("X", s, i)))),
    "two sums with one name": (Sum(i, Sum(i, x(i))), mul(Size("a"), Sum(k, x(k)))),
    "a trace": (Sum(i, Sum(j, mul(T("A", i, j), T("B", j, i)))), Sum(i, Sum(j, mul(T("B", i, j), T("A", j, i))))),
    "a sum of ones": (Sum(i, ONE), Size("a")),
    "a delta under a sum": (Sum(i, mul(Delta(i, k), x(i))), x(k)),
    "a delta with a fixed position": (Sum(i, mul(Delta(i, 2), x(i))), x(2)),
    "a squared delta": (power(Delta(i, k), 2), Delta(k, i)),
    "a chain of deltas": (mul(Delta(i, j), Delta(j, k)), mul(Delta(i, k), Delta(i, j))),
    "a delta moves an index": (mul(Delta(i, k), x(i)), mul(Delta(i, k), x(k))),
    "different fixed positions": (mul(Delta(i, 1), Delta(i, 2)), ZERO),
    "a - a²": (sub(u, power(u, 2)), mul(u, sub(ONE, u))),
    "(1-a²) in factors": (mul(x(i), sub(ONE, power(u, 2))), mul(x(i), add(ONE, u), sub(ONE, u))),
    "x/x off the pole": (mul(u, power(u, -1)), ONE),
    "the zeroth power": (Pow(u, Fraction(0)), ONE),
    "fractions": (add(power(add(u, v), -1), power(sub(u, v), -1)), div(mul(q(2), u), sub(power(u, 2), power(v, 2)))),
    "binary cross-entropy's slope": (add(neg(div(v, u)), div(sub(ONE, v), sub(ONE, u))), div(sub(u, v), mul(u, sub(ONE, u)))),
    "a root squared": (power(root(u), 2), u),
    "roots of numbers": (root(q(8)), mul(q(2), root(q(2)))),
    "a root of a sum": (mul(Pow(add(u, v), Fraction(-3, 2)), add(v, u)), Pow(add(u, v), Fraction(-1, 2))),
    "the root of a positive square": (root(power(u, 2)), u, positive_u),
    "step twice": (mul(Step(u), Step(mul(q(2), u))), Step(u)),
    "step of the negative": (Step(neg(u)), sub(ONE, Step(u))),
    "step of a difference": (Step(sub(x(i), x(k))), sub(ONE, Step(sub(x(k), x(i))))),
    "step of a positive multiple": (Step(mul(exp(v), u)), Step(u)),
    "step of a number": (Step(q(-3)), ZERO),
    "exp of a sum": (exp(add(u, v)), mul(exp(u), exp(v))),
    "exp of a difference": (exp(neg(power(sub(x(i), x(k)), 2))), exp(neg(power(sub(x(k), x(i)), 2)))),
    "exp of log": (exp(mul(q(-2), log(u))), power(u, -2)),
    "log of exp": (log(mul(exp(u), power(exp(v), 2))), add(u, mul(q(2), v))),
    "log of a product with a positive factor": (log(mul(u, exp(v))), add(log(u), v)),
    "log of a power": (log(power(u, 3)), mul(q(3), log(u))),
    "log of a number": (log(q(12)), add(mul(q(2), log(q(2))), log(q(3)))),
    "log of positive factors": (log(mul(u, v)), add(log(u), log(v)), positive_u),
    "log sigmoid": (log(sigmoid(u)), neg(Apply("softplus", neg(u)))),
    "log(1 - sigmoid)": (log(sub(ONE, sigmoid(u))), neg(Apply("softplus", u))),
    "sigmoid written out": (power(add(ONE, exp(neg(u))), -1), sigmoid(u)),
    "sigmoid's slope": (div(exp(neg(u)), power(add(ONE, exp(neg(u))), 2)), mul(sigmoid(u), sub(ONE, sigmoid(u)))),
    "sigmoid's slope under a sum": (
        Sum(i, mul(T("v", i), exp(neg(x(i))), power(add(ONE, exp(neg(x(i)))), -2))),
        Sum(k, mul(T("v", k), sub(sigmoid(x(k)), power(sigmoid(x(k)), 2)))),
    ),
    "sigmoid's odds": (exp(neg(u)), div(sub(ONE, sigmoid(u)), sigmoid(u))),
    "sigmoid of the negative": (sigmoid(neg(u)), sub(ONE, sigmoid(u))),
    "sigmoid of a difference": (sigmoid(sub(u, v)), div(exp(u), add(exp(u), exp(v)))),
    "tanh written out": (div(sub(exp(u), exp(neg(u))), add(exp(u), exp(neg(u)))), tanh(u)),
    "tanh by sigmoid": (sub(mul(q(2), sigmoid(mul(q(2), u))), ONE), tanh(u)),
    "tanh's slope": (div(q(4), power(add(exp(u), exp(neg(u))), 2)), sub(ONE, power(tanh(u), 2))),
    "tanh's slope under a sum": (
        Sum(i, sub(ONE, power(tanh(x(i)), 2))),
        Sum(k, div(mul(q(4), exp(mul(q(2), x(k)))), power(add(ONE, exp(mul(q(2), x(k)))), 2))),
    ),
    "softmax adds up to 1": (Sum(k, softmax(z, k, m)), ONE),
    "softmax of a batch adds up": (Sum(s, Sum(k, softmax(lambda a: z(s, a), k, m))), Size("batch")),
    "softmax of a batch adds up, classes last": (Sum(k, Sum(s, softmax(lambda a: z(s, a), k, m))), Size("batch")),
    "softmax is shift invariant": (softmax(z, k, m), softmax(z, k, n, shift=u)),
    "log-softmax": (log(softmax(z, k, m)), sub(z(k), log(Sum(n, exp(z(n)))))),
    "softmax through log-sum-exp": (exp(sub(z(k), log(Sum(n, exp(z(n)))))), softmax(z, k, m)),
    "the other classes": (
        sub(ONE, softmax(z, k, m)),
        div(Sum(j, mul(sub(ONE, Delta(j, k)), exp(z(j)))), Sum(m, exp(z(m)))),
    ),
    "targets that add up to 1": (Sum(k, mul(y, u)), u, ones),
    "one-hot targets squared": (power(y, 2), y, hot),
    "two one-hot targets": (mul(T("y", i), y), mul(Delta(i, k), y), hot),
    "a one-hot target picks an entry": (
        mul(T("y", i), power(Sum(k, mul(y, x(k))), -1), Sum(m, mul(T("y", m), T("v", m)))), mul(T("y", i), T("v", i), power(x(i), -1)), hot,
    ),
    "one-hot targets add up to 1": (Sum(k, y), ONE, hot),
    "the variance": (
        div(Sum(n, power(sub(x(n), mean), 2)), Size("a")),
        sub(div(Sum(n, power(x(n), 2)), Size("a")), power(mean, 2)),
    ),
    "deviations add up to 0": (Sum(i, sub(x(i), mean)), ZERO),
    "weights over their sum": (Sum(k, div(z(k), Sum(k, z(k)))), ONE),
    "a product over an index": (Prod(i, mul(x(i), T("v", i))), mul(Prod(k, x(k)), Prod(j, T("v", j)))),
    "log of a product over an index": (log(Prod(i, exp(x(i)))), Sum(i, x(i))),
    "products of contractions": (Prod(i, Sum(j, mul(T("W", i, j), x(j)))), Prod(k, Sum(i, mul(x(i), T("W", k, i))))),
    "nested products": (Prod(i, Prod(j, add(T("W", i, j), ONE))), Prod(j, Prod(i, add(ONE, T("W", j, i))))),
    "a product where two indices meet": (
        mul(Delta(i, j), Prod(k, add(T("W", i, k), T("W", j, k)))), mul(Delta(i, j), Prod(n, mul(q(2), T("W", j, n)))),
    ),
    "the inverse of a contraction under two sums": (
        Sum(k, mul(x(k), Sum(s, power(Sum(j, mul(T("A", s, j), T("B", j, k))), -1)))),
        Sum(s, Sum(n, div(x(n), Sum(k, mul(T("B", k, n), T("A", s, k)))))),
    ),
    "a denominator written out": (
        add(div(mul(u, w), add(mul(u, w), mul(v, w), u, v)), div(v, add(u, v))),
        div(add(mul(u, w), mul(v, w), v), mul(add(u, v), add(w, ONE))),
    ),
    "log of a root": (log(mul(root(q(2)), exp(u))), add(u, mul(q(1, 2), log(q(2))))),
    "an unknown function": (Sum(i, phi(x(i))), Sum(k, phi(x(k)))),
    "an unknown function of two entries": (Sum(i, phi(add(x(i), x(k)))), Sum(j, phi(add(x(k), x(j))))),
    "cosh² - sinh²": (sub(power(fn("cosh")(u), 2), power(fn("sinh")(u), 2)), ONE),
    "a fixed size": (Sum(i, x(i)), add(x(0), x(1), x(2)), assuming(sizes=(("a", 3),))),
}  # fmt: skip

X4 = [Index(f"e{number}", "a") for number in range(8)]


def trace(order: int) -> Expr:
    return total(mul(*(T("X", X4[p], X4[(p + 1) % order]) for p in range(order))), *X4[:order])


DIFFERENT: dict[str, tuple[Expr, Expr] | tuple[Expr, Expr, Program]] = {
    "the sign": (mul(sub(T("o", k), y), x(j)), mul(sub(y, T("o", k)), x(j))),
    "a factor": (u, mul(q(2), u)),
    "a transpose": (Sum(i, mul(T("W", i, k), x(i))), Sum(i, mul(T("W", k, i), x(i)))),
    "an outer product transposed": (mul(T("d", i), x(k)), mul(x(i), T("d", k))),
    "AB and BA": (Sum(j, mul(T("A", i, j), T("B", j, k))), Sum(j, mul(T("B", i, j), T("A", j, k)))),
    "swapped cases": (
        add(mul(Step(u), v), mul(sub(ONE, Step(u)), w)),
        add(mul(Step(u), w), mul(sub(ONE, Step(u)), v)),
    ),
    "a derivative and its function": (Apply("phi", u, 1), Apply("phi", u)),
    "capital and small": (T("W"), T("w")),
    "a square and an entry": (power(T("a", j), 2), T("a2", j)),
    "1 - 1/e and 1 + 1/e": (sub(ONE, exp(q(-1))), add(ONE, exp(q(-1)))),
    "powers of a half": (power(q(2), -99), power(q(2), -98)),
    "free indices": (T("y", i), T("y", k)),
    "the square of a sum and the sum of squares": (power(Sum(i, x(i)), 2), Sum(i, power(x(i), 2))),
    "a sum left out": (Sum(i, x(i)), x(i)),
    "tr(X⁴) and tr(X²)²": (trace(4), power(trace(2), 2)),
    "tr(X⁶) and tr(X³)²": (trace(6), power(trace(3), 2)),
    "the root of a square": (root(power(u, 2)), u),
    "the root of a product": (root(mul(u, v)), mul(root(u), root(v))),
    "log of a product": (log(mul(u, v)), add(log(u), log(v))),
    "log of a square": (log(power(u, 2)), mul(q(2), log(u))),
    "the inverse of a sum": (Sum(i, power(add(x(i), ONE), -1)), power(Sum(i, add(x(i), ONE)), -1)),
    "step and its negative": (Step(u), Step(neg(u))),
    "step of another multiple": (Step(mul(v, u)), Step(u)),
    "an unknown odd function": (phi(neg(u)), neg(phi(u))),
    "an unknown function of a difference": (phi(sub(x(i), x(k))), phi(sub(x(k), x(i)))),
    "targets not known to add up": (Sum(k, mul(y, u)), u),
    "targets that are not one-hot": (power(y, 2), y, ones),
    "an entry picked by targets that add up to 1": (
        mul(T("y", i), Sum(k, mul(y, x(k)))), mul(T("y", i), x(i)), ones,
    ),
    "targets over the wrong index": (Sum(s, T("y", s, k)), ONE, assuming(SumsToOne("y", 1))),
    "a weighted sum of targets": (Sum(k, mul(y, x(k))), x(k), ones),
    "a sum of squared targets": (Sum(k, power(y, 2)), ONE, ones),
    "a diagonal of targets": (Sum(k, T("y", k, k)), ONE, assuming(SumsToOne("y", 1))),
    "one-hot along the other axis": (mul(T("y", s, i), T("y", t, i)), mul(Delta(s, t), T("y", s, i)), assuming(OneHot("y", 1))),
    "softmax over the batch": (Sum(s, softmax(lambda a: z(s, a), k, m)), ONE),
    "widths": (Sum(i, ONE), Sum(s, ONE)),
    "a fixed size elsewhere": (Sum(i, x(i)), add(x(0), x(1)), assuming(sizes=(("a", 3),))),
    "products over different indices": (Prod(i, T("W", i, k)), Prod(i, T("W", k, i))),
    "products of contractions": (Prod(i, Sum(j, mul(T("W", i, j), x(j)))), Prod(i, Sum(j, mul(T("W", j, i), x(j))))),
    "nested products of one axis": (Prod(i, Prod(j, add(T("W", i, j), x(i)))), Prod(i, Prod(j, add(T("W", i, j), x(j))))),
    "a sum inside a function": (phi(Sum(i, x(i))), Sum(i, phi(x(i)))),
}  # fmt: skip


@pytest.mark.parametrize("pair", EQUAL.values(), ids=EQUAL)
def test_equal_pairs_are_proved(pair: tuple[Expr, Expr] | tuple[Expr, Expr, Program]) -> None:
    """Each pair is proved, read from either end."""
    left, right, program = (*pair, NOTHING)[:3]
    assert equal(program, left, right) is not None
    assert equal(program, right, left) is not None


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_different_pairs_are_not_proved(pair: tuple[Expr, Expr] | tuple[Expr, Expr, Program]) -> None:
    """No pair is proved, read from either end."""
    left, right, program = (*pair, NOTHING)[:3]
    assert equal(program, left, right) is None
    assert equal(program, right, left) is None


@pytest.mark.parametrize("pair", [p for p in EQUAL.values() if len(p) == 2], ids=[name for name, p in EQUAL.items() if len(p) == 2])
def test_equal_pairs_have_equal_values(pair: tuple[Expr, Expr]) -> None:
    """The table itself is right: computed at several widths, no pair differs."""
    assert not any(differ(*pair, seed, widths) for seed in range(3) for widths in ((3, 2), (4, 3)))


# --- assumptions, conditions, what has no value -------------------------------------------------------------------------


def test_assumptions_are_reported_only_when_used() -> None:
    """A proof lists the assumptions that it took, and no others."""
    program = assuming(SumsToOne("y"), Positive("u"), OneHot("v"))
    assert equal(program, Sum(k, mul(y, x(j))), x(j)).assumptions == (SumsToOne("y"),)
    assert equal(program, root(power(u, 2)), u).assumptions == (Positive("u"),)
    assert equal(program, mul(u, v), mul(v, u)).assumptions == ()


def test_unequal_positions() -> None:
    """Under i ≠ k a delta of the two is 0, also by way of a third index; a bound index of that name is another one."""
    assert equal(NOTHING, Delta(i, k), ZERO, (Unequal(i, k),))
    assert equal(NOTHING, mul(Delta(i, j), Delta(j, k)), ZERO, (Unequal(i, k),))
    assert equal(NOTHING, mul(Delta(i, 1), x(i)), ZERO, (Unequal(1, i),))
    assert equal(NOTHING, mul(Delta(i, j), x(k)), ZERO, (Unequal(i, k), Unequal(j, i)))
    assert equal(NOTHING, Delta(j, k), ZERO, (Unequal(i, k),)) is None
    assert equal(NOTHING, Sum(i, mul(Delta(i, k), x(i))), x(k), (Unequal(i, k),))
    assert equal(NOTHING, Sum(i, mul(Delta(i, k), x(i))), ZERO, (Unequal(i, k),)) is None


def test_pairs_that_are_never_apart_prove_nothing() -> None:
    """What holds nowhere is not proved."""
    for pair in (Unequal(i, i), Unequal(1, 1), Unequal(i, s)):
        assert equal(NOTHING, u, u, (pair,)) is None
        assert equal(NOTHING, u, v, (Unequal(i, k), pair)) is None


@pytest.mark.parametrize("side", [
    Step(ZERO), Step(sub(u, u)), power(sub(u, u), -1), Pow(ZERO, Fraction(0)), log(sub(u, u)), power(sub(Sum(i, x(i)), Sum(k, x(k))), -1),
    root(q(-1)), power(Delta(i, k), -1), Derivative(u, v), power(Step(u), -1), mul(u, power(ZERO, -1)), Delta(i, s),
])  # fmt: skip
def test_what_has_no_value_is_not_equal_to_itself(side: Expr) -> None:
    """A kink, a pole, a derivative that nobody resolved, a delta of two axes: no proof, and no exception."""
    assert equal(NOTHING, side, side) is None


def test_budget_and_depth_end_in_no_proof() -> None:
    """Large powers, large numbers, deep nesting and a small budget are given up, not computed."""
    assert equal(NOTHING, power(add(u, v, w), 10**9), ONE) is None
    assert equal(NOTHING, power(q(3), 10**12), ONE) is None
    assert equal(NOTHING, Pow(q(3), Fraction(10**12, 7)), ONE) is None
    assert equal(NOTHING, mul(power(add(u, v), 30), power(add(u, w), 30)), ONE) is None
    assert equal(NOTHING, power(add(u, v), 2), power(add(v, u), 2), budget=3) is None
    deep: Expr = u
    for _ in range(5000):
        deep = Apply("phi", deep)
    assert equal(NOTHING, deep, u) is None


# --- networks -----------------------------------------------------------------------------------------------------------

INPUT, H1, H2, K, M = Index("i", "in"), Index("h", "h1"), Index("j", "h2"), Index("k", "out"), Index("m", "out")
A, B, C, D = Index("A", "in"), Index("B", "h1"), Index("C", "h2"), Index("D", "out")


def affine(out: Index, inner: Index, below: str, weight: str, bias: str) -> Expr:
    return add(Sum(inner, mul(T(below, inner), T(weight, inner, out))), T(bias, out))


NETWORK = Program(
    (
        Definition("x", (INPUT,)), Definition("w1", (INPUT, H1)), Definition("b1", (H1,)), Definition("w2", (H1, H2)),
        Definition("b2", (H2,)), Definition("wo", (H2, K)), Definition("bz", (K,)), Definition("y", (K,)),
        Definition("z1", (H1,), affine(H1, INPUT, "x", "w1", "b1")),
        Definition("a1", (H1,), relu(T("z1", H1))),
        Definition("z2", (H2,), affine(H2, H1, "a1", "w2", "b2")),
        Definition("a2", (H2,), sigmoid(T("z2", H2))),
        Definition("z", (K,), affine(K, H2, "a2", "wo", "bz")),
        Definition("o", (K,), div(exp(T("z", K)), Sum(M, exp(T("z", M))))),
        Definition("L", (), neg(Sum(K, mul(T("y", K), log(T("o", K)))))),
    ),
    frozenset({SumsToOne("y")}),
)  # fmt: skip


def forward_mode(slope_of_z: Callable[[Index], Expr]) -> Expr:
    """∂L by the chain rule from the slopes of z, through the quotient rule for softmax, all sums left standing."""
    all_of_them = Sum(M, exp(T("z", M)))
    m2 = Index("m2", "out")
    slope_of_o = sub(
        mul(exp(T("z", K)), slope_of_z(K), power(all_of_them, -1)),
        mul(exp(T("z", K)), power(all_of_them, -2), Sum(m2, mul(exp(T("z", m2)), slope_of_z(m2)))),
    )
    return neg(Sum(K, mul(T("y", K), power(T("o", K), -1), slope_of_o)))


def slope_by_wo(at: Index) -> Expr:
    return Sum(H2, mul(T("a2", H2), delta(H2, C), delta(at, D)))


def through_a2(slope_of_z2: Callable[[Index], Expr]) -> Callable[[Index], Expr]:
    inner = Index("j2", "h2")
    return lambda at: Sum(inner, mul(T("wo", inner, at), sigmoid(T("z2", inner)), sub(ONE, sigmoid(T("z2", inner))), slope_of_z2(inner)))


def through_a1(slope_of_z1: Callable[[Index], Expr]) -> Callable[[Index], Expr]:
    inner = Index("h3", "h1")
    return lambda at: Sum(inner, mul(T("w2", inner, at), Step(T("z1", inner)), slope_of_z1(inner)))


error = sub(T("o", K), T("y", K))
signal = mul(Sum(K, mul(error, T("wo", C, K))), T("a2", C), sub(ONE, T("a2", C)))
signal1 = mul(Sum(C, mul(signal, T("w2", B, C))), Step(T("z1", B)))
GRADIENTS: dict[str, tuple[Expr, Expr]] = {
    "bz": (forward_mode(lambda at: delta(at, D)), sub(T("o", D), T("y", D))),
    "wo": (forward_mode(slope_by_wo), mul(sub(T("o", D), T("y", D)), T("a2", C))),
    "b2": (forward_mode(through_a2(lambda at: delta(at, C))), signal),
    "w2": (forward_mode(through_a2(lambda at: Sum(H1, mul(T("a1", H1), delta(H1, B), delta(at, C))))), mul(signal, T("a1", B))),
    "b1": (forward_mode(through_a2(through_a1(lambda at: delta(at, B)))), signal1),
    "w1": (forward_mode(through_a2(through_a1(lambda at: mul(T("x", A), delta(at, B))))), mul(signal1, T("x", A))),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_of_a_network(name: str) -> None:
    """The six gradients of a network relu → sigmoid → softmax, by the chain rule and as textbooks have them; not their negatives."""
    truth, textbook = GRADIENTS[name]
    proof = equal(NETWORK, truth, textbook)
    assert proof is not None and proof.assumptions == (SumsToOne("y"),) and not proof.sizes_used
    assert equal(NETWORK, truth, neg(textbook)) is None
    assert equal(NETWORK, truth, substitute(textbook, {A: Index("A'", "in"), B: Index("B'", "h1"), C: Index("C'", "h2"), D: M})) is None


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_need_targets_that_add_up_to_1(name: str) -> None:
    """Without Σy = 1 the same claims are not proved."""
    assert equal(Program(NETWORK.definitions), *GRADIENTS[name]) is None


def test_a_loose_sum_of_the_whole_product() -> None:
    """All sums in front of one product, as loose notation is read, is the same as sums that are nested."""
    flat = mul(error, T("wo", C, K), T("a2", C), sub(ONE, T("a2", C)), T("w2", B, C), Step(T("z1", B)), T("x", A))
    assert equal(NETWORK, GRADIENTS["w1"][0], total(flat, K, C))
    assert equal(NETWORK, GRADIENTS["w1"][0], total(flat, C, K))
    assert equal(NETWORK, GRADIENTS["w1"][0], total(flat, C)) is None
    assert equal(NETWORK, GRADIENTS["w1"][0], total(flat, K)) is None


def deep(depth: int, activation: Callable[[Expr], Expr], slope: Callable[[Expr], Expr], head: str) -> tuple[Program, Expr, Expr]:
    """A network of equal layers, its first weight's gradient layer by layer with a definition for each adjoint, and in one formula."""

    def at(layer: int) -> Index:
        return Index(f"h{layer}", f"h{layer}")

    definitions = [Definition("a0", (at(0),)), Definition("y", (at(depth),))]
    for layer in range(1, depth + 1):
        function = sigmoid if head == "sigmoid" and layer == depth else activation
        definitions += [
            Definition(f"w{layer}", (at(layer - 1), at(layer))),
            Definition(f"z{layer}", (at(layer),), Sum(at(layer - 1), mul(
                T(f"a{layer - 1}", at(layer - 1)), T(f"w{layer}", at(layer - 1), at(layer)),
            ))),
            Definition(f"a{layer}", (at(layer),), function(T(f"z{layer}", at(layer)))),
        ]  # fmt: skip
    a, target = T(f"a{depth}", at(depth)), T("y", at(depth))
    if head == "sigmoid":  # binary cross-entropy, the slope of the sigmoid cancels
        last = mul(add(neg(div(target, a)), div(sub(ONE, target), sub(ONE, a))), sigmoid(T(f"z{depth}", at(depth))), sub(ONE, a))
        signal = sub(a, target)
    else:
        last = signal = mul(sub(a, target), slope(T(f"z{depth}", at(depth))))
    definitions.append(Definition(f"d{depth}", (at(depth),), last))
    for layer in range(depth - 1, 0, -1):
        weight = T(f"w{layer + 1}", at(layer), at(layer + 1))
        below = Sum(at(layer + 1), mul(T(f"d{layer + 1}", at(layer + 1)), weight))
        definitions.append(Definition(f"d{layer}", (at(layer),), mul(below, slope(T(f"z{layer}", at(layer))))))
        signal = mul(slope(T(f"z{layer}", at(layer))), Sum(at(layer + 1), mul(signal, weight)))
    return Program(tuple(definitions)), mul(T("d1", at(1)), T("a0", at(0))), mul(signal, T("a0", at(0)))


SLOPES: dict[str, tuple[Callable[[Expr], Expr], Callable[[Expr], Expr]]] = {
    "tanh": (tanh, lambda z: sub(ONE, power(tanh(z), 2))),
    "sigmoid": (sigmoid, lambda z: mul(sigmoid(z), sub(ONE, sigmoid(z)))),
    "relu": (relu, Step),
    "leaky relu": (lambda z: mul(z, add(Step(z), mul(q(1, 10), Step(neg(z))))), lambda z: add(Step(z), mul(q(1, 10), sub(ONE, Step(z))))),
    "silu": (lambda z: mul(z, sigmoid(z)), lambda z: add(sigmoid(z), mul(z, sigmoid(z), sub(ONE, sigmoid(z))))),
}


@pytest.mark.parametrize("head", ["squared error", "sigmoid"])
@pytest.mark.parametrize("name", SLOPES)
def test_depth_costs_linearly(name: str, head: str) -> None:
    """A gradient through 32 layers is proved within a budget that grows with the depth alone, and a lost slope is not proved."""
    for depth in (4, 32):
        program, left, right = deep(depth, *SLOPES[name], head)
        normalizer = Normalizer(program, ADVICE, frozenset(f"d{layer}" for layer in range(1, depth + 1)))
        assert normalizer.equal(left, right, budget=100 * depth)
        assert normalizer.equal(left, mul(q(2), right), budget=100 * depth) is None


def of(*definitions: Any, assume: OneHot | SumsToOne | None = None) -> Program:
    """A program from names, indices and bodies."""
    return Program(tuple(Definition(*d) for d in definitions), frozenset({assume} if assume else ()))


def layers() -> dict[str, tuple[Program, Expr, Expr]]:
    """Layers and losses, a derivative, and what textbooks have for it."""
    size, batch, dim, g = Size("a"), Size("batch"), Index("d", "dim"), T("g", i)
    e, c = Index("e", "dim"), Index("c", "key")
    b, bb = Index("b", "key"), Index("b'", "key")

    def inverse_deviation(*at: Index) -> Expr:
        return Pow(add(T("var", *at), T("eps")), Fraction(-1, 2))

    layer_norm = of(
        ("x", (i,)), ("g", (i,)), ("eps", ()), ("mu", (), div(Sum(j, x(j)), size)),
        ("var", (), div(Sum(j, power(sub(x(j), T("mu")), 2)), size)),
        ("h", (i,), mul(sub(x(i), T("mu")), inverse_deviation())), ("L", (), Sum(i, mul(g, T("h", i)))),
    )  # fmt: skip
    batch_norm = of(
        ("x", (s, i)), ("g", (s, i)), ("eps", ()), ("mu", (i,), div(Sum(s, x(s, i)), batch)),
        ("var", (i,), div(Sum(s, power(sub(x(s, i), T("mu", i)), 2)), batch)),
        ("h", (s, i), mul(sub(x(s, i), T("mu", i)), inverse_deviation(i))), ("L", (), Sum(s, Sum(i, mul(T("g", s, i), T("h", s, i))))),
    )  # fmt: skip
    attention = of(
        ("q", (i, dim)), ("k", (b, dim)), ("v", (b, dim)), ("g", (i, dim)),
        ("s", (i, b), div(Sum(dim, mul(T("q", i, dim), T("k", b, dim))), root(Size("dim")))),
        ("p", (i, b), div(exp(T("s", i, b)), Sum(c, exp(T("s", i, c))))), ("O", (i, dim), Sum(b, mul(T("p", i, b), T("v", b, dim)))),
        ("L", (), Sum(i, Sum(dim, mul(T("g", i, dim), T("O", i, dim))))),
    )  # fmt: skip

    def slope_of_scores(at: Index, bound: Index) -> Expr:
        def slope_of_weights(key: Index) -> Expr:
            return Sum(e, mul(T("g", i, e), T("v", key, e)))

        return mul(T("p", i, at), sub(slope_of_weights(at), Sum(bound, mul(T("p", i, bound), slope_of_weights(bound)))))

    soft = ("o", (i,), div(exp(x(i)), Sum(j, exp(x(j)))))
    distance = ("L", (), Sum(i, mul(T("y", i), sub(log(T("y", i)), log(T("o", i))))))
    divergence = of(("x", (i,)), ("y", (i,)), soft, distance, assume=SumsToOne("y"))
    reverse = of(("x", (i,)), ("y", (i,)), soft, ("L", (), Sum(i, mul(T("o", i), sub(log(T("o", i)), log(T("y", i)))))))
    picked = of(("x", (i,)), ("y", (i,)), soft, ("L", (), neg(log(Sum(i, mul(T("y", i), T("o", i)))))), assume=OneHot("y"))
    logistic = of(
        ("X", (s, i)), ("w", (i,)), ("y", (s,)), ("a", (s,), sigmoid(Sum(i, mul(T("X", s, i), T("w", i))))),
        ("L", (), neg(div(Sum(s, add(mul(T("y", s), log(T("a", s))), mul(sub(ONE, T("y", s)), log(sub(ONE, T("a", s)))))), batch))),
    )  # fmt: skip
    normal = mul(q(1, 2), add(ONE, fn("erf")(div(x(i), root(q(2))))))
    gelu = of(("x", (i,)), ("h", (i,), mul(x(i), normal)))
    unit = of(("x", (i,)), ("r", (), root(Sum(i, power(x(i), 2)))), ("h", (i,), div(x(i), T("r"))))
    form = of(("x", (i,)), ("A", (i, j)), ("L", (), Sum(i, Sum(j, mul(x(i), T("A", i, j), x(j))))))
    loss = T("L")
    return {
        "layer norm": (layer_norm, Derivative(loss, x(i)), mul(inverse_deviation(), sub(
            sub(g, div(Sum(j, T("g", j)), size)), mul(T("h", i), div(Sum(j, mul(T("g", j), T("h", j))), size)),
        ))),
        "batch norm": (batch_norm, Derivative(loss, x(s, i)), mul(inverse_deviation(i), sub(
            sub(T("g", s, i), div(Sum(t, T("g", t, i)), batch)), mul(T("h", s, i), div(Sum(t, mul(T("g", t, i), T("h", t, i))), batch)),
        ))),
        "attention, scores": (attention, Derivative(loss, T("s", i, b)), slope_of_scores(b, bb)),
        "attention, queries": (
            attention, Derivative(loss, T("q", i, dim)), div(Sum(b, mul(slope_of_scores(b, bb), T("k", b, dim))), root(Size("dim"))),
        ),
        "Kullback-Leibler": (divergence, Derivative(loss, x(i)), sub(T("o", i), T("y", i))),
        "reverse Kullback-Leibler": (reverse, Derivative(loss, x(i)), mul(T("o", i), sub(sub(log(T("o", i)), log(T("y", i))), loss))),
        "log of the target's probability": (picked, Derivative(loss, x(i)), sub(T("o", i), T("y", i))),
        "logistic regression": (
            logistic, Derivative(loss, T("w", i)), div(Sum(s, mul(sub(T("a", s), T("y", s)), T("X", s, i))), batch),
        ),
        "gelu": (
            gelu, Derivative(T("h", i), x(i)), add(normal, div(mul(x(i), exp(div(neg(power(x(i), 2)), q(2)))), root(mul(q(2), Pi())))),
        ),
        "a unit vector": (unit, Derivative(T("h", i), x(k)), div(sub(delta(i, k), mul(T("h", i), T("h", k))), T("r"))),
        "a quadratic form": (form, Derivative(loss, x(k)), Sum(i, mul(add(T("A", k, i), T("A", i, k)), x(i)))),
    }  # fmt: skip


@pytest.mark.parametrize("name", layers())
def test_layers_and_losses(name: str) -> None:
    """Derivatives of layers and losses, as calculus makes them, are what textbooks have; with a factor 2 or another sign they are not."""
    program, derivative, textbook = layers()[name]
    resolver = Resolver(program)
    truth = resolver.resolve(derivative)
    normalizer = Normalizer(resolver.program, ADVICE, frozenset(resolver.definitions) - frozenset(program.by_name))
    assert normalizer.equal(truth, textbook)
    assert normalizer.equal(truth, mul(q(2), textbook)) is None
    assert normalizer.equal(truth, neg(textbook)) is None


def test_definitions_are_inlined_where_it_takes_them() -> None:
    """A claim about a name and its definition's inside is proved at a later level."""
    program = Program((Definition("x", (i,)), Definition("c", (), Sum(i, x(i))), Definition("g", (i,), mul(T("c"), x(i)))))
    proof = equal(program, T("g", k), mul(x(k), Sum(j, x(j))))
    assert proof is not None and proof.level == 2
    assert equal(program, T("g", 0), mul(Sum(i, x(i)), x(0)))
    assert equal(program, T("g", k), mul(x(k), Sum(j, power(x(j), 2)))) is None


def test_definitions_that_do_not_fit_prove_nothing() -> None:
    """A tensor with too few indices, or a definition with an index that is not its own: no proof, and no exception."""
    program = Program((Definition("g", (i, j), exp(x(i))), Definition("h", (i,), exp(x(k)))))
    assert equal(program, T("g", i), T("g", i)) is None
    assert equal(program, T("h", i), T("h", j)) is None


def test_sizes_are_reported() -> None:
    """A proof that takes a fixed size says so; one that does not, does not."""
    program = assuming(sizes=(("a", 3),))
    assert equal(program, Sum(i, x(i)), add(x(0), x(1), x(2))).sizes_used
    assert equal(program, Sum(i, ONE), q(3)).sizes_used
    assert not equal(program, Sum(i, x(i)), Sum(k, x(k))).sizes_used


def test_proofs_are_the_same_in_every_order() -> None:
    """The proof's text does not hang on names of bound indices or on the order in which things are written."""
    left = Sum(i, Sum(j, mul(T("A", i, j), sub(ONE, power(x(j), 2)), T("B", k, i))))
    right = Sum(n, Sum(m, mul(T("B", k, m), T("A", m, n), add(neg(power(x(n), 2)), ONE))))
    one, other = equal(NOTHING, left, right), equal(NOTHING, right, left)
    assert isinstance(one, Proof) and one == other


# --- random expressions -------------------------------------------------------------------------------------------------

SHAPES = {"x": ("a",), "v": ("batch",), "W": ("a", "a"), "V": ("batch", "a"), "c": ()}
LETTERS = {"a": [i, j, k], "batch": [s, t]}


@st.composite
def expressions(draw: st.DrawFn, functions: tuple[str, ...] = (), size: int = 4) -> Expr:
    """Polynomials in entries, sums, deltas, steps; with powers, inverses and functions if there are functions."""
    kinds = ["entry", "entry", "number", "add", "mul", "mul", "sum", "sum", "square", "delta"] if size else ["entry", "number"]
    kind = draw(st.sampled_from([*kinds, "apply", "inverse", "root", "step", "prod"] if size and functions else kinds))
    below = expressions(functions, size - 1) if size else st.nothing()
    match kind:
        case "entry":
            name = draw(st.sampled_from(sorted(SHAPES)))
            return Tensor(name, tuple(draw(st.sampled_from([*LETTERS[axis], *LETTERS[axis], 0, 1])) for axis in SHAPES[name]))
        case "number":
            return draw(st.sampled_from([q(-2), q(-1), q(1), q(1, 2), q(3), Size("a")]))
        case "delta":
            letters = [*LETTERS[draw(st.sampled_from(sorted(LETTERS)))], 1]
            return delta(draw(st.sampled_from(letters)), draw(st.sampled_from(letters)))
        case "add":
            return add(draw(below), draw(below))
        case "mul":
            return mul(draw(below), draw(below))
        case "sum":
            return Sum(draw(st.sampled_from(LETTERS["a"] + LETTERS["batch"])), draw(below))
        case "prod":
            return Prod(draw(st.sampled_from(LETTERS["a"])), draw(below))
        case "square":
            return power(draw(below), 2)
        case "inverse":
            return power(draw(below), draw(st.sampled_from([-1, -2])))
        case "root":
            return Pow(draw(below), draw(st.sampled_from([Fraction(1, 2), Fraction(-1, 2), Fraction(3, 2)])))
        case "step":
            return Step(draw(below))
    return Apply(draw(st.sampled_from(functions)), draw(below))


@st.composite
def rewritten(draw: st.DrawFn, expr: Expr) -> Expr:
    """The same value written in another way: bound indices renamed, factors and terms reordered, products distributed, sums split."""
    below = tuple(draw(rewritten(child)) for child in children(expr))
    match expr:
        case Add() | Mul():
            below = tuple(draw(st.permutations(below)))
            if isinstance(expr, Mul) and draw(st.booleans()):
                terms = [b.terms if isinstance(b, Add) else (b,) for b in below]
                if math.prod(map(len, terms)) <= 12:
                    return add(*(mul(*chosen) for chosen in every(*terms)))
            return Add(below) if isinstance(expr, Add) else Mul(below)
        case Sum(index, body):
            new = draw(st.sampled_from([Index(name, index.axis) for name in ("p", "q", index.name)]))
            if new != index and new in body.free:
                new = index
            inner = substitute(below[0], {index: new})
            if isinstance(inner, Add) and draw(st.booleans()):
                return add(*(Sum(new, term) for term in inner.terms))
            return Sum(new, inner)
        case Delta(a, b) if draw(st.booleans()):
            return Delta(b, a)
        case Pow(_, exponent) if exponent == 2:
            return mul(below[0], below[0])
    return rebuild(expr, below)


@st.composite
def mutated(draw: st.DrawFn, expr: Expr) -> Expr:
    """The expression with one thing changed: a sign, a factor, an index, a power, a sum left out."""
    below = children(expr)
    if below and draw(st.integers(0, 3)):
        chosen = draw(st.integers(0, len(below) - 1))
        return rebuild(expr, (*below[:chosen], draw(mutated(below[chosen])), *below[chosen + 1 :]))
    match expr:
        case Tensor(name, indices) if indices:
            chosen = draw(st.integers(0, len(indices) - 1))
            other = draw(st.sampled_from(LETTERS[SHAPES[name][chosen]]))
            return Tensor(name, (*indices[:chosen], other, *indices[chosen + 1 :]))
        case Sum(_, body) if draw(st.booleans()):
            return body
        case Mul(factors) if draw(st.booleans()):
            return mul(*factors[1:])
    return draw(st.sampled_from([neg(expr), mul(num(2), expr), power(expr, 2), add(expr, ONE)]))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_rewritten_polynomials_are_proved(data: st.DataObject) -> None:
    """Renaming, reordering, distributing and splitting never lose a proof."""
    expr = data.draw(expressions())
    assert equal(NOTHING, expr, data.draw(rewritten(expr)), budget=200_000)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_what_is_proved_has_equal_values(data: st.DataObject) -> None:
    """A changed polynomial that is proved equal all the same has equal values at all indices, at several widths."""
    expr = data.draw(expressions())
    other = data.draw(rewritten(data.draw(mutated(expr))))
    proof = equal(NOTHING, expr, other)
    if any(differ(expr, other, seed, widths) for seed in (1, 2) for widths in ((2, 3), (3, 2))):
        assert proof is None


ALL = ("exp", "log", "sigmoid", "tanh", "softplus", "phi", "cosh", "erf")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_what_is_proved_of_functions_has_equal_values(data: st.DataObject) -> None:
    """The same with functions, inverses, roots and steps, where both sides have a value."""
    expr = data.draw(expressions(ALL, 4))
    other = data.draw(rewritten(data.draw(st.one_of(mutated(expr), st.just(expr)))))
    proof = equal(NOTHING, expr, other, budget=3000)
    if any(differ(expr, other, seed, widths, positive) for seed, widths in ((1, (2, 3)), (2, (3, 2))) for positive in (False, True)):
        assert proof is None


def form_value(form: _Form, poly: Poly, sizes: Mapping[str, int], entry: Entries, at: Mapping[Label, int]) -> Fraction | float:
    """The value of a normal form, read from what its keys stand for."""

    def there(label: Label) -> int:
        return int(label[1]) if label[0] == FIXED else at[label]

    def base_value(base: Base, at: Mapping[Label, int]) -> Fraction | float:
        key, places = base
        positions = tuple(int(p[1]) if p[0] == FIXED else at[p] for p in places)
        if key[0] in ".δ#πp":
            constants = {"δ": Fraction(len({*positions}) == 1), "π": math.pi}
            if key in constants:
                return constants[key]
            return entry(key[1:], positions) if key[0] == "." else Fraction(sizes[key[1:]] if key[0] == "#" else int(key[1:]))
        inner, slots, bound, tag = form.meanings[key]
        here = dict(zip(slots, positions, strict=True))
        points = every(*(range(sizes[p[2]]) for p in bound))
        values = [form_value(form, inner, sizes, entry, {**here, **dict(zip(bound, point, strict=True))}) for point in points]
        if key[0] in "∏Σ":
            return math.prod(values) if key[0] == "∏" else sum(values, Fraction(0))
        (found,) = values
        meaning = {"+": lambda z: z, "s": lambda z: Fraction(z > 0), "e": math.exp, "l": math.log, "f": FUNCTIONS.get(tag and tag[0])}
        return meaning[key[0]](found)

    def mono_value(mono: Monomial, at: Mapping[Label, int]) -> Fraction | float:
        found: Fraction | float = Fraction(1)
        for base, e in sorted(mono, key=lambda factor: factor[0][0] != "δ"):
            one = base_value(base, at)
            if base[0] == "δ" and not one:
                return Fraction(0)  # a factor that a delta has moved to another index need not have a value where the delta is 0
            found *= one**e if isinstance(e, int) else math.pow(one, e)  # raises where there is no real root
        return found

    return sum((c * mono_value(mono, at) for mono, c in poly.items()), Fraction(0))


def keeps_its_value(
    expr: Expr, level: _Level, program: Program, entry: Entries, sizes: Mapping[str, int], advice: Advice = ADVICE
) -> bool:
    """Whether a normal form, if there is one, has the expression's value at all indices at which both have one."""
    try:
        form = _Form(Normalizer(program, advice), level, 2000)
        poly = form.convert(expr)
    except (_GiveUp, RecursionError):
        return True
    free = sorted(expr.free)
    for places in every(*(range(sizes[index.axis]) for index in free)):
        at = dict(zip(free, places, strict=True))
        try:
            one = value(expr, sizes, entry, at)
        except (NoValue, OverflowError):
            continue
        try:
            other = form_value(form, poly, sizes, entry, {(FREE, index.name, index.axis): p for index, p in at.items()})
        except OverflowError:
            continue
        exact = isinstance(one, Fraction) and isinstance(other, Fraction)
        if one != other if exact else not (abs(one) > 1e8 or math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-5)):
            return False
    return True


@settings(max_examples=300, deadline=None)
@given(expressions(ALL, 4), st.sampled_from(LEVELS[:2]), st.integers(0, 99), st.booleans())
def test_normal_forms_keep_the_value(expr: Expr, level: _Level, seed: int, positive: bool) -> None:
    """A normal form has the value of what it was made from, wherever both have one: every rewriting is an identity."""
    assert keeps_its_value(expr, level, NOTHING, entries(seed, positive), {"a": 3, "batch": 2})
    everything = frozenset(Positive(name) for name in SHAPES)
    assert keeps_its_value(expr, level, Program((), everything), entries(seed, True), {"a": 2, "batch": 3})


@settings(max_examples=300, deadline=None)
@given(expressions(("exp", "sigmoid"), 4), st.sampled_from(LEVELS[:2]), st.integers(0, 2), st.integers(0, 99))
def test_normal_forms_keep_the_value_under_assumptions(expr: Expr, level: _Level, chosen: int, seed: int) -> None:
    """The same where x adds up to 1, or V is one-hot along an axis, and the form may use it."""
    values = entries(seed, False)
    sizes = {"a": 3, "batch": 2}

    def entry(name: str, places: tuple[int, ...]) -> Fraction:
        if name == "x" and places[0] == 2:
            return ONE.value - values("x", (0,)) - values("x", (1,))
        if name == "V":
            return Fraction(places[1] == (places[0] + seed) % 3 if chosen else places[0] == (places[1] + seed) % 2)
        return values(name, places)

    program = assuming(SumsToOne("x"), OneHot("V", 1 if chosen else 0)) if chosen < 2 else assuming(SumsToOne("x"), SumsToOne("V", 1))
    assert keeps_its_value(expr, level, program, entry, sizes)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_random_contractions_against_brute_force(data: st.DataObject) -> None:
    """Σ of products X[e,f]…: proved equal exactly when some renaming of the bound indices makes them the same product."""
    count = data.draw(st.integers(2, 5))
    arcs = st.lists(st.tuples(*[st.integers(0, count - 1)] * 2), min_size=1, max_size=6)
    one = data.draw(arcs)
    order = data.draw(st.permutations(range(count)))
    other = [(order[a], order[b]) for a, b in data.draw(st.permutations(one))]
    if data.draw(st.booleans()):
        a, b = other.pop()
        other.append((b, data.draw(st.integers(0, count - 1))) if data.draw(st.booleans()) else (b, a))
    same = any(sorted((p[a], p[b]) for a, b in one) == sorted(other) for p in permutations(range(count)))
    sides = [total(mul(*(T("X", X4[a], X4[b]) for a, b in arcs)), *X4[:count]) for arcs in (one, other)]
    assert (equal(NOTHING, *sides) is not None) == same


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_random_trees_with_free_ends(data: st.DataObject) -> None:
    """Contractions with free indices, nested or flat, in any order of the sums: always proved, and not with an end moved."""
    count = data.draw(st.integers(2, 6))
    arcs = [(data.draw(st.integers(0, node - 1)), node) for node in range(1, count)]
    extra = data.draw(st.lists(st.tuples(*[st.integers(0, count - 1)] * 2), max_size=2))
    factors = [T("X", X4[a], X4[b]) for a, b in arcs + extra] + [T("f", X4[data.draw(st.integers(0, count - 1))], k)]
    one = total(mul(*factors), *X4[:count])
    nested: Expr = mul(*data.draw(st.permutations(factors)))
    for node in data.draw(st.permutations(range(count))):
        if isinstance(nested, Mul) and data.draw(st.booleans()):  # only what has the index goes under its sum
            inside = [f for f in nested.factors if X4[node] in f.free]
            nested = mul(*(f for f in nested.factors if f not in inside), Sum(X4[node], mul(*inside))) if inside else Sum(X4[node], nested)
        else:
            nested = Sum(X4[node], nested)
    assume(len({*factors}) == len(factors))
    assert equal(NOTHING, one, nested)
    assert equal(NOTHING, one, substitute(nested, {k: m})) is None


@pytest.mark.parametrize("free", [True, False])
def test_long_chains_of_sums_stay_within_the_budget(free: bool) -> None:
    """A product of 60 matrices with all sums in front of it is the same with the sums in any order."""
    indices = [Index(f"e{number}", "a") for number in range(61)]
    chain = mul(*(T(f"W{number}", indices[number], indices[number + 1]) for number in range(60)))
    bound = indices[1:60] if free else indices
    assert equal(NOTHING, total(chain, *bound), total(chain, *reversed(bound)), budget=5000)
    assert equal(NOTHING, total(chain, *bound), total(chain, *bound[1:]), budget=5000) is None


@pytest.mark.parametrize("size", [2, 3, 4])
def test_complete_bipartite_graphs_stay_within_the_budget(size: int) -> None:
    """Highly symmetric products are numbered without trying every order."""
    rows, columns = X4[:size], [Index(f"c{number}", "a") for number in range(size)]
    one = total(mul(*(T("X", a, b) for a in rows for b in columns)), *rows, *columns)
    other = total(mul(*(T("X", a, b) for b in reversed(columns) for a in rows)), *columns, *rows)
    assert equal(NOTHING, one, other)
    assert equal(NOTHING, one, mul(T("X", 0, 0), other)) is None
