"""One evaluation over floats, complex numbers, balls and residues: against a naive evaluator, and against each other."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import flint
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.kernel.programs import GRADIENTS, HALF, classifier, definition, naive, residual, tensor
from verify.kernel.calculus import RULES, Resolver
from verify.kernel.evaluate import BALL, COMPLEX, FLOAT, Numbers, OutOfReach, Point, instance
from verify.kernel.expr import (
    ONE,
    Apply,
    Derivative,
    Expr,
    Index,
    Pi,
    Pow,
    Prod,
    Size,
    Step,
    Sum,
    add,
    delta,
    div,
    mul,
    neg,
    num,
    power,
    sub,
)
from verify.kernel.modular import DRAWN, UNIT, Bound, Modular, Residues, Unlucky
from verify.kernel.program import Program

p, q, r = Index("p", "n"), Index("q", "n"), Index("r", "m")
SIZES = {"n": 3, "m": 2}
PROGRAM = Program((
    definition("x", p), definition("w", p, r), definition("c"),
    definition("v", r, body=Sum(p, mul(tensor("w", p, r), tensor("x", p)))),
    definition("s", p, q, body=add(tensor("x", p), mul(num(2), tensor("x", q)), delta(p, q))),
))


def exact(array: object) -> np.ndarray:
    return np.array(array, dtype=object)


def leaves(seed: int) -> dict[str, np.ndarray]:
    draw = random.Random(seed)
    entries = [Fraction(draw.choice([-1, 1]) * draw.randint(1, 20), draw.randint(1, 6)) for _ in range(10)]
    return {"x": exact(entries[:3]), "w": exact(entries[3:9]).reshape(3, 2), "c": exact(entries[9])}


def rational_expressions() -> st.SearchStrategy[Expr]:
    """Sums, products, quotients and contractions of entries, with diagonals, fixed positions and colliding letters."""
    letters = st.sampled_from([p, q])
    atoms = st.one_of(
        letters.map(lambda a: tensor("x", a)), st.tuples(letters, st.sampled_from([r, 0, 1])).map(lambda ab: tensor("w", *ab)),
        st.tuples(letters, letters).map(lambda ab: tensor("s", *ab)), st.tuples(letters, letters).map(lambda ab: delta(*ab)),
        st.sampled_from([tensor("c"), tensor("v", r), Size("m"), delta(p, 2), tensor("x", 1), num(HALF), num(-3)]),
    )

    def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        return st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda es: add(*es)),
            st.lists(inner, min_size=2, max_size=3).map(lambda es: mul(*es)),
            st.tuples(st.sampled_from([p, q, r]), inner).map(lambda ib: Sum(*ib)),
            st.tuples(st.sampled_from([p, r]), inner).map(lambda ib: Prod(*ib)),
            st.tuples(inner, st.sampled_from([-1, 2, 3])).map(lambda be: power(*be)),
        )

    return st.recursive(atoms, grow, max_leaves=8)


@given(rational_expressions(), st.integers(0, 5))
def test_all_fields_agree_with_the_naive_evaluator(expr: Expr, seed: int) -> None:
    """Floats, complex numbers, balls and residues give what the definitions of the nodes give, entry by entry."""
    given_leaves, indices = leaves(seed), (p, q, r)
    try:
        truth = {
            at: Fraction(naive(expr, PROGRAM, SIZES, given_leaves, dict(zip(indices, at, strict=True)))) for at in np.ndindex(3, 3, 2)
        }
    except ZeroDivisionError:
        assume(False)
        raise
    assume(all(abs(t) < 10**12 for t in truth.values()))
    field = Modular(random.Random(seed))
    points = [Point(PROGRAM.by_name, SIZES, given_leaves, f) for f in (FLOAT, COMPLEX, BALL, field)]
    with np.errstate(all="ignore"), flint.ctx.workprec(400):
        try:
            real, imaginary, balls, residues = (point.array(expr, indices) for point in points)
        except Unlucky:
            assume(False)
            raise
        for at, t in truth.items():
            scale = max(map(abs, truth.values())) + 10**4
            assert float(real[at]) == pytest.approx(float(t), abs=1e-6 * float(scale))
            assert complex(imaginary[at]) == pytest.approx(float(t), abs=1e-6 * float(scale))
            assert (balls[at] * t.denominator).contains(flint.fmpz(t.numerator))
            assert int(residues.array[at]) == t.numerator * pow(t.denominator, -1, field.prime) % field.prime


@given(rational_expressions(), st.integers(0, 5))
def test_bounds_of_residues_hold(expr: Expr, seed: int) -> None:
    """The bound of the degree is no less than the degree along a line through the point, found by exact differences."""
    draw = random.Random(seed)
    start, along = leaves(seed), leaves(seed + 100)
    field = Modular(draw)
    drawn = {
        name: Residues(np.array([draw.randrange(field.prime) for _ in range(v.size)], dtype=np.int64).reshape(v.shape), DRAWN)
        for name, v in start.items()
    }
    try:
        bound = Point(PROGRAM.by_name, SIZES, drawn, field).array(expr, (p, q, r))
        assume(bound.num.degree + bound.den.degree <= 24)
        values = []
        for t in range(int(bound.num.degree + bound.den.degree) + 4):
            here = {name: exact(start[name] + t * along[name]) for name in start}
            values.append(Fraction(naive(expr, PROGRAM, SIZES, here, {p: 0, q: 1, r: 1})))
    except (Unlucky, ZeroDivisionError):
        assume(False)
        raise
    if bound.den.degree == 0:  # a polynomial of degree d has vanishing differences of order d + 1
        for _ in range(int(bound.num.degree) + 1):
            values = [b - a for a, b in pairwise(values)]
        assert not any(values)


@pytest.mark.parametrize("function", sorted(RULES))
def test_functions_agree_across_fields(function: str) -> None:
    """Each known function has the same value over floats, complex numbers and balls."""
    program = Program((definition("u"),))
    for u in (Fraction(3, 7), Fraction(5, 2)):
        at, expr = {"u": exact(u)}, Apply(function, tensor("u"))
        real, imaginary, ball = (Point(program.by_name, {}, at, f).value(expr).data for f in (FLOAT, COMPLEX, BALL))
        assert float(real) == pytest.approx(float(ball.mid()), rel=1e-12)
        assert complex(imaginary) == pytest.approx(float(real), rel=1e-12)


def test_complex_step() -> None:
    """A complex step gives the derivative to the last digit: the oracle that uses it sees the same evaluation."""
    program = Program((definition("u"),))
    body = Apply("tanh", mul(tensor("u"), Apply("sigmoid", tensor("u"))))
    resolved = Resolver(program).resolve(Derivative(body, tensor("u")))
    here = Point(program.by_name, {}, {"u": np.array(0.75 + 1e-30j)}, COMPLEX).value(body).data
    there = Point(program.by_name, {}, {"u": exact(Fraction(3, 4))}, FLOAT).value(resolved).data
    assert here.imag / 1e-30 == pytest.approx(float(there), rel=1e-14)


def test_entries_without_a_value_are_not_numbers() -> None:
    """log(-1), 1/0, √-1 and a step at its kink: the entry is not a number, over floats and balls, and stays so under functions."""
    program = Program((definition("u"), definition("z")))
    at = {"u": exact(Fraction(-1)), "z": exact(Fraction(0))}
    for expr in (Apply("log", tensor("u")), power(tensor("z"), -1), Pow(tensor("u"), HALF), Step(tensor("z"))):
        for around in (expr, Apply("tanh", expr), mul(tensor("z"), expr)):
            with np.errstate(all="ignore"):
                assert not Point(program.by_name, {}, at, BALL).value(around).data.is_finite()
        with np.errstate(all="ignore"):
            assert not np.isfinite(Point(program.by_name, {}, at, FLOAT).value(expr).data)


def test_balls_enclose() -> None:
    """A ball holds the exact value: π and √2 to 300 bits inside their enclosures at 64."""
    expressions = [Pi(), Pow(num(2), HALF), Apply("erf", num(HALF)), Apply("softplus", num(-7)), Apply("atan", num(3))]
    for expr in expressions:
        with flint.ctx.workprec(64):
            wide = Point({}, {}, {}, BALL).value(expr).data
        with flint.ctx.workprec(300):
            assert wide.contains(Point({}, {}, {}, BALL).value(expr).data)


def test_unknown_functions_have_one_instance() -> None:
    """The polynomial of a name and its derivatives belong together; two names have different ones."""
    assert instance("f") == instance("f") != instance("g")
    u = 0.5
    direct = sum(float(c) * k * u ** (k - 1) for k, c in enumerate(instance("f")) if k)
    assert float(Point({}, {}, {}, FLOAT).value(Apply("f", num(HALF), 1)).data) == pytest.approx(direct)


def test_a_derivative_is_not_evaluated() -> None:
    """Derivative nodes are resolved first; evaluation refuses them."""
    with pytest.raises(OutOfReach, match="resolved"):
        Point({}, {}, {}, FLOAT).value(Derivative(num(1), tensor("u")))


def test_too_many_entries_are_refused() -> None:
    """A product with more entries than a field takes raises before it is computed."""
    wide = Program((definition("x", p), definition("w", r)))
    small = Numbers(FLOAT.leaf, FLOAT.pi, FLOAT.functions, FLOAT.sign, 5)
    at = {"x": exact([Fraction(1)] * 3), "w": exact([Fraction(1)] * 2)}
    with pytest.raises(OutOfReach, match="entries"):
        Point(wide.by_name, SIZES, at, small).value(mul(tensor("x", p), tensor("w", r)))


def test_deep_programs_do_not_exhaust_the_stack() -> None:
    """400 layers, values and gradients."""
    program = residual(400)
    resolver = Resolver(program)
    expr = resolver.resolve(Derivative(tensor("L"), tensor("a0", Index("i", "h"))))
    point = Point(resolver.definitions, {"h": 3}, {"a0": exact([Fraction(1, 2**k) for k in (1, 2, 3)])}, FLOAT)
    assert np.all(np.isfinite(point.value(expr).data))


def test_a_value_is_computed_once() -> None:
    """An expression that was evaluated costs a look-up."""
    point = Point(PROGRAM.by_name, SIZES, leaves(1), FLOAT)
    expr = Sum(p, mul(tensor("w", p, r), tensor("x", p)))
    assert point.value(expr) is point.value(Sum(p, mul(tensor("w", p, r), tensor("x", p))))


# Residues


def residue(expr: Expr, seed: int = 0) -> Residues:
    program = Program((definition("u"), definition("v")))
    draw = random.Random(seed)
    field = Modular(draw)
    at = {d.name: Residues(np.array(draw.randrange(field.prime), dtype=np.int64), DRAWN) for d in program.definitions if d.body is None}
    with np.errstate(all="ignore"):
        found = Point(program.by_name, {"n": 3}, at, field).value(expr).data
    assert isinstance(found, Residues)
    return found


U, V = tensor("u"), tensor("v")


@given(st.lists(st.integers(0, 2**50 - 1), min_size=2, max_size=2), st.integers(0, 50))
def test_products_of_residues_are_exact(pair: list[int], seed: int) -> None:
    """The product by a float quotient is the product modulo the prime, for every pair."""
    field = Modular(random.Random(seed))
    a, b = (np.array([x % field.prime, field.prime - 1, 1], dtype=np.int64) for x in pair)
    got = field.mul(Residues(a), Residues(b)).array
    assert [int(g) for g in got] == [int(x) * int(y) % field.prime for x, y in zip(a, b, strict=True)]


@given(st.integers(1, 2**50), st.integers(-40, 40), st.integers(0, 20))
def test_powers_of_residues_are_exact(base: int, exponent: int, seed: int) -> None:
    """Powers with whole exponents, negative ones too."""
    field = Modular(random.Random(seed))
    base = base % field.prime or 1
    got = field.power(Residues(np.array([base], dtype=np.int64)), Fraction(exponent))
    assert int(got.array[0]) == pow(base, exponent, field.prime)


@pytest.mark.parametrize(("left", "right"), [
    (Apply("exp", add(U, V)), mul(Apply("exp", U), Apply("exp", V))),
    (mul(Apply("exp", neg(U)), Apply("exp", U)), ONE),
    (Apply("exp", mul(num(3), U)), power(Apply("exp", U), 3)),
    (Apply("log", mul(U, V)), add(Apply("log", U), Apply("log", V))),
    (Apply("log", div(Apply("exp", U), V)), sub(U, Apply("log", V))),
    (Apply("exp", Apply("log", U)), U),
    (sub(ONE, Apply("sigmoid", U)), Apply("sigmoid", neg(U))),
    (Apply("tanh", U), sub(mul(num(2), Apply("sigmoid", mul(num(2), U))), ONE)),
    (neg(Apply("log", Apply("sigmoid", neg(U)))), Apply("softplus", U)),
    (sub(power(Apply("cosh", U), 2), power(Apply("sinh", U), 2)), ONE),
    (add(power(Apply("cos", U), 2), power(Apply("sin", U), 2)), ONE),
    (Step(neg(U)), sub(ONE, Step(U))),
    (Step(mul(num(3), U)), Step(U)),
    (power(Step(U), 2), Step(U)),
    (Apply("f", add(U, V)), Apply("f", add(V, U))),
    (Pow(U, Fraction(3, 2)), mul(U, Pow(U, HALF))),
    (mul(Pi(), power(Pi(), -1)), ONE),
])
def test_laws_hold_for_residues(left: Expr, right: Expr) -> None:
    """What is true by the laws of exp, log, sin and steps comes out equal modulo every prime."""
    for seed in range(4):
        assert not residue(sub(left, right), seed).array.any()


@pytest.mark.parametrize(("left", "right"), [
    (Apply("exp", add(U, V)), add(Apply("exp", U), Apply("exp", V))),
    (Apply("sigmoid", U), Apply("sigmoid", neg(U))),
    (Apply("sin", U), Apply("cos", U)),
    (Step(U), ONE),
    (Step(U), Step(V)),
    (Step(U), Step(add(U, V))),
    (Pow(power(U, 2), HALF), U),
    (Apply("f", U), Apply("g", U)),
    (Apply("f", U, 1), Apply("f", U)),
    (Apply("erf", U), Apply("atan", U)),
    (Apply("log", add(U, V)), add(Apply("log", U), Apply("log", V))),
])
def test_falsehoods_differ_for_residues(left: Expr, right: Expr) -> None:
    """What is false differs in at least one of a few trials; without signs, in each of them."""
    found = [bool(residue(sub(left, right), seed).array.any()) for seed in range(40)]
    assert all(found) or (any(found) and "Step" in repr((left, right)))


def test_no_inverse_is_unlucky() -> None:
    """1/(u−u) and the step of 0 raise; an answer would be made up."""
    zero = add(mul(U, V), neg(mul(V, U)))
    for expr in (power(zero, -1), Step(zero)):
        with pytest.raises(Unlucky):
            residue(expr)


def test_a_denominator_that_the_prime_divides_is_unlucky() -> None:
    """1/p has no residue modulo p; an axis of more than 2^13 positions is out of reach."""
    field = Modular(random.Random(5))
    with pytest.raises(Unlucky):
        field.leaf(Fraction(1, field.prime))
    with pytest.raises(OutOfReach, match="wide"):
        field.sum(Residues(np.zeros(2**13 + 1, dtype=np.int64)), 0)


def test_survival_counts_signs_and_degree() -> None:
    """The bound grows with the degree, is a half for one sign, and 1 where nothing can be said."""
    field = Modular(random.Random(1))
    at = np.array([0], dtype=np.int64)
    plain, steep, sign = (field.survival(Residues(at, Bound(d, b, 0), UNIT)) for d, b in ((3, 0), (3000, 0), (3, 1)))
    assert 0 < plain < steep < 2**-30
    assert HALF <= sign < HALF + Fraction(1, 10**6)
    assert field.survival(Residues(at, Bound(1e30, 0, 0))) == 1.0


def test_the_gradients_of_a_network_hold_modulo_primes() -> None:
    """Every gradient of the classifier, at random residues with Σy = 1 by construction; with a changed sign none does."""
    resolver = Resolver(classifier())
    draw = random.Random(3)
    field = Modular(draw)
    sizes = {"in": 3, "h1": 2, "h2": 4, "out": 3}
    at = {}
    for d in classifier().definitions:
        if d.body is None:
            shape = tuple(sizes[a] for a in d.axes)
            array = np.array([draw.randrange(field.prime) for _ in range(int(np.prod(shape)))], dtype=np.int64).reshape(shape)
            if d.name == "y":
                array[-1] = (1 - array[:-1].sum()) % field.prime
            at[d.name] = Residues(array, DRAWN)
    point = Point(resolver.definitions, sizes, at, field)
    for left, right in GRADIENTS.values():
        assert not point.value(resolver.resolve(sub(left, right))).data.array.any()
        assert point.value(resolver.resolve(add(left, right))).data.array.any()
