"""The kernel's evaluation of one entry, over balls, residues and bounds: against a naive evaluator and against the fast one."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import pairwise
from typing import Any

import flint
import numpy as np
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.kernel.laws import FALSEHOODS, LAWS, U, V
from tests.kernel.programs import HALF, definition, naive, residual, tensor
from tests.kernel.rational import PROGRAM, SIZES, exact, leaves, p, q, r, rational_expressions, residues, trials
from verify.floats import BALL
from verify.kernel.calculus import RULES, Resolver
from verify.kernel.decision import positions
from verify.kernel.evaluate import Balls, Evaluation, Reader, alike, instance
from verify.kernel.expr import (
    ONE,
    Add,
    Apply,
    Derivative,
    Expr,
    Index,
    Mul,
    Pi,
    Pow,
    Prod,
    Size,
    Step,
    Sum,
    add,
    delta,
    mul,
    neg,
    num,
    power,
    sub,
    substitute,
)
from verify.kernel.modular import DRAWN, UNIT, Bound, Bounds, Ratio, Residues, Trials, largest, law, whole
from verify.kernel.program import Definition, OutOfReach
from verify.plans import Plan, Point

DEFINITIONS = {**PROGRAM.by_name, "u": definition("u"), "t": definition("t")}


def bounded(expr: Expr, sizes: dict[str, int] = SIZES, at: dict[Index, int] | None = None) -> tuple[Bounds, Ratio]:
    """The bounds of one entry, every leaf drawn."""
    bounds = Bounds(dict.fromkeys(("u", "t", "x", "c", "w"), DRAWN))
    return bounds, Evaluation(Reader(DEFINITIONS, law), sizes, bounds).value(expr, at or {})


def ball(expr: Expr, **at: Fraction) -> flint.arb:
    """An enclosure of a scalar."""
    program = {name: definition(name) for name in at}
    return Evaluation(Reader(program), {"n": 3}, Balls({name: exact(value) for name, value in at.items()})).value(expr, {})


@given(rational_expressions(), st.integers(0, 5))
def test_each_algebra_agrees_with_the_naive_evaluator(expr: Expr, seed: int) -> None:
    """Balls and residues give what the definitions of the nodes give, in every entry; what divides by 0 has no value in either."""
    given_leaves, those = leaves(seed), trials(seed)
    modular = Residues({n: residues(those, v) for n, v in given_leaves.items()}, those)
    points = (Evaluation(Reader(PROGRAM.by_name), SIZES, Balls(given_leaves)), Evaluation(Reader(PROGRAM.by_name, law), SIZES, modular))
    for at in positions((p, q, r), SIZES):
        with flint.ctx.workprec(400):
            enclosure, found = (point.value(expr, at) for point in points)
            try:
                truth = Fraction(naive(expr, PROGRAM, SIZES, given_leaves, at))
            except ZeroDivisionError:
                assert not enclosure.is_finite() and not modular.met.any()
                break
            assert (enclosure * truth.denominator).contains(flint.fmpz(truth.numerator)) or not enclosure.is_finite()
            assert np.all((found == residues(those, exact(truth))) | ~modular.met)


@given(rational_expressions(), st.permutations([Index("s", "n"), Index("t", "n"), Index("free 0", "n"), Index("bound 0", "n")]))
def test_other_names_are_read_alike(expr: Expr, letters: list[Index]) -> None:
    """An expression with other names for its free indices is read as the same one, and its names are told apart."""
    first, second = dict(zip((p, q), letters, strict=False)), dict(zip((p, q), letters[2:], strict=False))
    (one, names), (other, renamed) = (alike(substitute(expr, table)) for table in (first, second))
    assert one == other
    assert [i if i == r else second[next(old for old in first if first[old] == i)] for i in names] == list(renamed)
    assert len({*names.values()}) == len(names) and {*names.values()} == one.free


def test_indices_bound_again_are_not_captured() -> None:
    """Σ_p Σ_p Σ_q x_p w_q over an index that is bound twice: each occurrence belongs to the nearest sum."""
    body = mul(tensor("x", p), tensor("w", q, 0))
    for expr in (Sum(p, Sum(p, Sum(q, body))), Sum(q, Sum(p, Sum(p, body))), Sum(p, add(tensor("x", p), Sum(p, Sum(q, body))))):
        at = leaves(3)
        truth = Fraction(naive(expr, PROGRAM, SIZES, at, {}))
        found = Evaluation(Reader(PROGRAM.by_name), SIZES, Balls(at)).value(expr, {})
        assert abs(found - flint.arb(flint.fmpq(truth.numerator, truth.denominator))) < 1e-9
    assert alike(Sum(p, Sum(p, Sum(q, body))))[0] != alike(Sum(p, Sum(p, Sum(q, mul(tensor("x", q), tensor("w", q, 0))))))[0]


@given(rational_expressions(), st.integers(0, 5))
def test_the_fast_evaluation_agrees(expr: Expr, seed: int) -> None:
    """Plans over balls enclose the same entry as the kernel does."""
    at = leaves(seed)
    with flint.ctx.workprec(200):
        fast = Point(Plan(PROGRAM.by_name), SIZES, at, BALL).array(expr, (p, q, r))
        slow = Evaluation(Reader(PROGRAM.by_name), SIZES, Balls(at))
        for entry in positions((p, q, r), SIZES):
            one, other = fast[tuple(entry.values())], slow.value(expr, entry)
            assert one.is_finite() == other.is_finite() and (one.overlaps(other) or not one.is_finite())


@pytest.mark.parametrize("function", sorted(RULES))
def test_functions_enclose_their_values(function: str) -> None:
    """Each known function encloses what SymPy makes of it to 40 digits."""
    for u in (Fraction(3, 7), Fraction(5, 2)):
        of = {"sigmoid": lambda x: 1 / (1 + sympy.exp(-x)), "softplus": lambda x: sympy.log(1 + sympy.exp(x))}.get(function)
        truth = (of or getattr(sympy, function))(sympy.Rational(u.numerator, u.denominator)).evalf(40)
        found = ball(Apply(function, U), u=u)
        assert abs(found - flint.arb(str(truth))) < 1e-12 and found.rad() < 1e-12


def test_entries_without_a_value_are_not_finite() -> None:
    """log(-1), 1/0, √-1 and a step at its kink are not finite, and stay so under functions, times 0 and to the power of −1."""
    at = {"u": Fraction(-1), "t": Fraction(0)}
    for expr in (Apply("log", U), power(V, -1), Pow(U, HALF), Step(V)):
        nothing = Mul((num(0), expr))
        for around in (expr, Apply("tanh", expr), mul(V, expr), nothing, power(expr, -1), Pow(expr, Fraction(0)), Sum(p, nothing)):
            assert not ball(around, **at).is_finite()


def test_balls_enclose() -> None:
    """A ball holds the exact value: π and √2 to 300 bits inside their enclosures at 64."""
    for expr in (Pi(), Pow(num(2), HALF), Apply("erf", num(HALF)), Apply("softplus", num(-7)), Pow(num(3), Fraction(2**33))):
        with flint.ctx.workprec(64):
            wide = ball(expr)
        with flint.ctx.workprec(300):
            assert wide.contains(ball(expr))


def test_unknown_functions_have_one_instance() -> None:
    """The polynomial of a name and its derivatives belong together; two names have different ones."""
    assert instance("f") == instance("f") != instance("g")
    direct = sum(c * k * HALF ** (k - 1) for k, c in enumerate(instance("f")) if k)
    assert ball(Apply("f", num(HALF), 1)).overlaps(flint.arb(flint.fmpq(direct.numerator, direct.denominator)))
    assert not ball(Apply("π", num(1))).overlaps(ball(Pi()))  # a function of that name is another


def test_what_is_not_evaluated() -> None:
    """Derivatives, which are resolved first; a sum over too many positions; an expression of too many nodes."""
    with pytest.raises(OutOfReach, match="resolved"):
        ball(Derivative(ONE, U))
    with pytest.raises(OutOfReach, match="too many"):
        bounded(Sum(p, tensor("x", p)), {"n": 1 << 18})
    doubled: Expr = U
    for _ in range(60):
        doubled = Add((Mul((doubled, V)), Mul((doubled, doubled))))
    with pytest.raises(OutOfReach, match="too large"):
        ball(doubled, u=HALF, t=HALF)


def test_deep_programs_do_not_exhaust_the_stack() -> None:
    """400 layers with two paths each, the gradient by the first."""
    resolver = Resolver(residual(400))
    expr = resolver.resolve(Derivative(tensor("L"), tensor("a0", Index("i", "h"))))
    point = Evaluation(Reader(resolver.definitions), {"h": 2}, Balls({"a0": exact([HALF, Fraction(1, 4)])}))
    assert point.value(expr, {Index("i", "h"): 1}).is_finite()


def test_sums_are_contracted() -> None:
    """A trace of the sixth power at width 5 takes hundreds of entries, not 5^6; factors without an index are drawn out of its sum."""
    axes = [Index(f"r{t}", "n") for t in range(6)]
    expr = mul(*(tensor("W", axes[t], axes[(t + 1) % 6]) for t in range(6)))
    for index in axes:
        expr = Sum(index, expr)
    draw = random.Random(1)
    matrix = exact([[Fraction(draw.randint(-3, 3)) for _ in range(5)] for _ in range(5)])
    point = Evaluation(Reader({"W": Definition("W", (p, q))}), {"n": 5}, Balls({"W": matrix}))
    found = point.value(expr, {})
    power_of: Any = np.linalg.matrix_power(matrix.astype(int), 6)
    assert found == int(np.trace(power_of))
    assert point.work < 5**5


def test_a_value_is_computed_once() -> None:
    """An entry that was computed costs a look-up, also under other names."""
    point = Evaluation(Reader(PROGRAM.by_name), SIZES, Balls(leaves(1)))
    one = point.value(Sum(p, mul(tensor("w", p, r), tensor("x", p))), {r: 1})
    work = point.work
    assert point.value(Sum(q, mul(tensor("w", q, Index("t", "m")), tensor("x", q))), {Index("t", "m"): 1}) is one
    assert point.work == work


# Residues


def residue(expr: Expr, count: int = 4) -> tuple[list[int], list[bool]]:
    """An expression's values in some trials, and in which of them it has one."""
    those = trials(0, count)
    drawn = Residues({"u": those.drawn(), "t": those.drawn()}, those)
    return Evaluation(Reader(DEFINITIONS, law), {"n": 3}, drawn).value(expr, {}).tolist(), drawn.met.tolist()


def test_primes_have_31_bits_and_differ() -> None:
    """Primes are drawn anew for each trial, and residues below them, of 64 random bits."""
    those, others = Trials(50), Trials(50)
    primes = {*those.primes.tolist(), *others.primes.tolist()}
    assert len(primes) > 95
    assert all(2**30 < prime < 2**31 and sympy.isprime(prime) for prime in primes)
    drawn = those.drawn(3, 5)
    assert drawn.shape == (3, 5, 50) and np.all(drawn < those.primes)
    assert those.words(64).max() > 2**63 and len({*those.words(64).ravel().tolist()}) == 64 * 50


@given(st.integers(1, 2**50), st.integers(-40, 40), st.integers(0, 20))
def test_powers_of_residues_are_exact(base: int, exponent: int, seed: int) -> None:
    """Powers with whole exponents, negative ones too."""
    those = trials(seed)
    found = Residues({}, those)
    got = found.power(residues(those, exact(Fraction(base))), Fraction(exponent))
    assert found.met.all()
    assert got.tolist() == [pow(base, exponent, prime) for prime in those.primes.tolist()]


@pytest.mark.parametrize(("left", "right"), LAWS)
def test_laws_hold_for_residues(left: Expr, right: Expr) -> None:
    """What is true by the laws of exp, log, sin and steps comes out equal modulo every prime."""
    values, met = residue(sub(left, right), 40)
    assert not any(values) and all(met)


@pytest.mark.parametrize(("left", "right"), FALSEHOODS)
def test_falsehoods_differ_for_residues(left: Expr, right: Expr) -> None:
    """What is false differs in at least one of a few trials; without signs, in each of them."""
    found = [*map(bool, residue(sub(left, right), 40)[0])]
    assert all(found) or (any(found) and "Step" in repr((left, right)))


def test_no_inverse_is_unlucky() -> None:
    """1/(u−u), the step of 0 and of 0·u are met in no trial; an answer would be made up."""
    zero = add(mul(U, V), neg(mul(V, U)))
    for expr in (power(zero, -1), Step(zero), Step(Mul((num(0), U)))):
        assert residue(expr)[1] == [False] * 4


def test_a_denominator_that_the_prime_divides_is_unlucky() -> None:
    """1/p has no residue modulo p; an exponent of 2^31 is out of reach."""
    those = trials(0)
    found = Residues({}, those)
    found.number(Fraction(1, int(those.primes[1])))
    assert found.met.tolist() == [True, False, True]
    with pytest.raises(OutOfReach, match="exponent"):
        found.power(those.drawn(), Fraction(2**31))


# Bounds


def test_bounds_beyond_floats_are_no_bounds() -> None:
    """A degree that no float holds takes infinitely many trials, also beside entries of small degree; a large exponent is out of reach."""
    large: Expr = U
    for _ in range(40):
        large = Pow(large, Fraction(2**31 - 1))
    for expr in (add(U, large), add(power(large, -1), power(large, -1)), add(power(large, -1), U)):
        bounds, ratio = bounded(expr)
        assert bounds.trials(whole(ratio)) == bounds.trials(largest([DRAWN, whole(ratio)])) == math.inf
        assert bounds.trials(largest([whole(ratio), DRAWN])) == math.inf
    for exponent in (2**31, -(10**400)):
        with pytest.raises(OutOfReach, match="exponent"):
            bounded(Pow(U, Fraction(exponent)))



def test_trials_count_signs_degree_and_height() -> None:
    """They grow with the degree, the signs and the height, and no number of trials is enough where nothing can be said."""

    def needed(degree: float, bits: float, height: float) -> float:
        return Bounds({}).trials(Bound(degree, bits, height))

    assert [needed(d, 0, 0) for d in (0, 1, 2**20, 2**29)] == [2, 2, 4, 40]
    assert needed(1, 1, 0) == 41 and needed(1, 2, 0) == 97
    assert [needed(1, 0, h) for h in (30, 30 * 2**15, 30 * 2**24)] == [2, 5, 41]
    assert needed(1e30, 0, 0) == needed(1, 0, 1e30) == math.inf


@pytest.mark.parametrize(("argument", "bits"), [(tensor("x", p), 0), (mul(tensor("x", p), Step(tensor("x", p))), 3), (mul(U, Step(U)), 1)])
def test_signs_inside_functions_count_all(argument: Expr, bits: int) -> None:
    """f(u) under signs: one choice of all the signs that are drawn may be the only one to show a difference; without signs none is."""
    bounds, ratio = bounded(Sum(p, Apply("f", argument)))
    assert ratio.top.bits == 0
    assert bounds.trials(whole(ratio)) == {0: 2, 1: 41, 3: 208}[bits]


def test_arguments_that_may_meet_take_more_trials() -> None:
    """n different values of a function are n² pairs that may be equal by chance; of different functions they are told apart."""
    wide = {"n": 3_000}
    (one, same), (two, other) = (
        bounded(Sum(p, body), wide) for body in (Apply("f", tensor("x", p)), mul(Apply("f", tensor("x", p)), Apply("g", tensor("x", p))))
    )
    assert {name: len(values) for name, values in one.arguments.items()} == {("f", 0): 3_000}
    assert len(two.arguments) == 2
    assert 5 < one.trials(whole(same)) < two.trials(whole(other))


@given(rational_expressions(), st.integers(0, 5))
def test_bounds_of_residues_hold(expr: Expr, seed: int) -> None:
    """The bound of the degree is no less than the degree along a line through the point, found by exact differences."""
    start, along, at = leaves(seed), leaves(seed + 100), {p: 0, q: 1, r: 1}
    _, ratio = bounded(expr, at=at)
    assume(whole(ratio).degree <= 24)
    values = []
    try:
        for t in range(int(whole(ratio).degree) + 4):
            here = {name: exact(start[name] + t * along[name]) for name in start}
            values.append(Fraction(naive(expr, PROGRAM, SIZES, here, at)))
    except ZeroDivisionError:
        assume(False)
        raise
    if whole(ratio).degree == ratio.top.degree:  # a polynomial of degree d has vanishing differences of order d + 1
        for _ in range(int(ratio.top.degree) + 1):
            values = [b - a for a, b in pairwise(values)]
        assert not any(values)


@pytest.mark.parametrize(("expr", "top", "bottom"), [
    (num(Fraction(6, 4)), Bound(0, 0, math.log2(3)), Bound(0, 0, 1)),
    (tensor("u"), Bound(1, 0, 0), UNIT),
    (power(U, -3), UNIT, Bound(3, 0, 0)),
    (mul(U, U, V), Bound(3, 0, 0), UNIT),
    (add(U, mul(num(3), V)), Bound(1, 0, 2), UNIT),
    (add(power(U, -1), V), Bound(2, 0, 1), Bound(1, 0, 0)),
    (Sum(p, U), Bound(1, 0, math.log2(3)), UNIT),
    (Sum(p, tensor("x", p)), Bound(1, 0, math.log2(3)), UNIT),
    (Sum(p, power(tensor("x", p), -1)), Bound(2, 0, math.log2(3)), Bound(3, 0, 0)),
    (mul(Sum(p, power(tensor("x", p), -1)), Sum(p, power(tensor("x", p), -2))), Bound(6, 0, 2 * math.log2(3)), Bound(9, 0, 0)),
    (add(Sum(p, power(tensor("x", p), -1)), Sum(p, power(tensor("x", p), -1))), Bound(2, 0, 1 + math.log2(3)), Bound(3, 0, 0)),
    (add(Sum(p, power(tensor("x", p), -1)), power(U, -1)), Bound(3, 0, 2), Bound(4, 0, 0)),
    (power(Sum(p, power(tensor("x", p), -1)), -1), Bound(3, 0, 0), Bound(2, 0, math.log2(3))),
    (Sum(p, mul(tensor("x", p), tensor("s", p, p))), Bound(2, 0, math.log2(3) + 2), UNIT),
    (Prod(p, tensor("x", p)), Bound(3, 0, 0), UNIT),
    (Prod(p, U), Bound(3, 0, 0), UNIT),
    (Step(U), Bound(0, 1, 1), UNIT),
    (Apply("f", mul(U, V)), DRAWN, UNIT),
    (Pi(), DRAWN, UNIT),
    (delta(p, q), UNIT, UNIT),
    (Size("n"), Bound(0, 0, math.log2(3)), UNIT),
])
def test_bounds_of_each_node(expr: Expr, top: Bound, bottom: Bound) -> None:
    """Degree, signs and height of numerator and denominator, by hand."""
    _, found = bounded(expr, at={p: 0, q: 1})
    assert found.top == pytest.approx(top)
    assert whole(found) == pytest.approx(top.times(bottom))
