"""Evaluation over balls and residues, and its bounds: against a naive evaluator, plans of floats, and each other."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise, permutations, product

import flint
import numpy as np
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.kernel.programs import GRADIENTS, HALF, classifier, definition, k, m, n, naive, residual, tensor
from verify.floats import COMPLEX, FLOAT
from verify.kernel.calculus import RULES, Resolver
from verify.kernel.evaluate import BALL, MOST_AXES, MOST_WORK, OutOfReach, Point, instance
from verify.kernel.expr import (
    ONE,
    Apply,
    Delta,
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
from verify.kernel.modular import DRAWN, Bound, Bounds, Modular, Ratio, by_law, contracted
from verify.kernel.program import Definition, Program, Unequal
from verify.plans import Plan
from verify.plans import Point as FloatPoint

p, q, r = Index("p", "n"), Index("q", "n"), Index("r", "m")
SIZES = {"n": 3, "m": 2}
EMPTY = Program()
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


def in_field(number: Callable[[Fraction], object], values: np.ndarray) -> np.ndarray:
    """Rationals as numbers of a field."""
    return np.asarray(np.frompyfunc(number, 1, 1)(values), dtype=object)


def ball(expr: Expr, program: Program = EMPTY, **leaves: Fraction) -> flint.arb:
    """The ball of an expression without indices; the leaves are numbers."""
    point = Point(program.by_name, {"n": 3}, {name: in_field(BALL.number, exact(value)) for name, value in leaves.items()}, BALL)
    return point.value(expr).data.item()


def rational_expressions() -> st.SearchStrategy[Expr]:
    """Sums, products, quotients and contractions of entries, with diagonals, fixed positions and colliding letters."""
    letters = st.sampled_from([p, q])
    atoms = st.one_of(
        letters.map(lambda a: tensor("x", a)), st.tuples(letters, st.sampled_from([r, 0, 1])).map(lambda ab: tensor("w", *ab)),
        st.tuples(letters, letters).map(lambda ab: tensor("s", *ab)), st.tuples(letters, letters).map(lambda ab: Delta(*ab)),
        st.sampled_from([tensor("c"), tensor("v", r), Size("m"), delta(p, 2), Delta(0, 1), tensor("x", 1), num(HALF), num(-3)]),
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
    field = Modular(random.Random(seed).randbytes)
    plan, leaves_as = Plan(PROGRAM.by_name), (lambda number: {n: in_field(number, v) for n, v in given_leaves.items()})
    with np.errstate(all="ignore"), flint.ctx.workprec(400):
        try:
            real, imaginary = (FloatPoint(plan, SIZES, given_leaves, f).array(expr, indices) for f in (FLOAT, COMPLEX))
            balls = Point(PROGRAM.by_name, SIZES, leaves_as(BALL.number), BALL).array(expr, indices)
            definitions, (rewritten,) = by_law(PROGRAM.by_name, expr)
            modular = Point(definitions, SIZES, leaves_as(field.number), field).array(rewritten, indices)
        except ZeroDivisionError:
            assume(False)
            raise
        for at, t in truth.items():
            scale = max(map(abs, truth.values())) + 10**4
            assert float(real[at]) == pytest.approx(float(t), abs=1e-6 * float(scale))
            assert complex(imaginary[at]) == pytest.approx(float(t), abs=1e-6 * float(scale))
            assert (balls[at] * t.denominator).contains(flint.fmpz(t.numerator))
            assert int(modular[at]) == t.numerator * pow(t.denominator, -1, field.prime) % field.prime


@given(rational_expressions(), st.integers(0, 5))
def test_bounds_of_residues_hold(expr: Expr, seed: int) -> None:
    """The bound of the degree is no less than the degree along a line through the point, found by exact differences."""
    start, along = leaves(seed), leaves(seed + 100)
    definitions, (rewritten,) = by_law(PROGRAM.by_name, expr)
    bound = Bounds(definitions, SIZES, dict.fromkeys(start, DRAWN)).of(rewritten)
    assume(bound.top.degree + bound.bottom.degree <= 24)
    values = []
    try:
        for t in range(int(bound.top.degree + bound.bottom.degree) + 4):
            here = {name: exact(start[name] + t * along[name]) for name in start}
            values.append(Fraction(naive(expr, PROGRAM, SIZES, here, {p: 0, q: 1, r: 1})))
    except ZeroDivisionError:
        assume(False)
        raise
    if bound.bottom.degree == 0:  # a polynomial of degree d has vanishing differences of order d + 1
        for _ in range(int(bound.top.degree) + 1):
            values = [b - a for a, b in pairwise(values)]
        assert not any(values)


@pytest.mark.parametrize("function", sorted(RULES))
def test_functions_agree_across_fields(function: str) -> None:
    """Each known function has the same value over floats, complex numbers and balls."""
    program = Program((definition("u"),))
    for u in (Fraction(3, 7), Fraction(5, 2)):
        expr = Apply(function, tensor("u"))
        real, imaginary = (FloatPoint(Plan(program.by_name), {}, {"u": exact(u)}, f).value(expr) for f in (FLOAT, COMPLEX))
        assert float(real) == pytest.approx(float(ball(expr, program, u=u).mid()), rel=1e-12)
        assert complex(imaginary) == pytest.approx(float(real), rel=1e-12)


def test_entries_without_a_value_are_not_numbers() -> None:
    """log(-1), 1/0, √-1 and a step at its kink: the entry is not a number, over floats and balls, and stays so under functions."""
    program = Program((definition("u"), definition("z")))
    values = {"u": Fraction(-1), "z": Fraction(0)}
    for expr in (Apply("log", tensor("u")), power(tensor("z"), -1), Pow(tensor("u"), HALF), Step(tensor("z"))):
        for around in (expr, Apply("tanh", expr), mul(tensor("z"), expr)):
            assert not ball(around, program, **values).is_finite()
        with np.errstate(all="ignore"):
            at = {name: exact(value) for name, value in values.items()}
            assert not np.isfinite(FloatPoint(Plan(program.by_name), {}, at, FLOAT).value(expr))


def test_balls_enclose() -> None:
    """A ball holds the exact value: π and √2 to 300 bits inside their enclosures at 64."""
    expressions = [Pi(), Pow(num(2), HALF), Apply("erf", num(HALF)), Apply("softplus", num(-7)), Apply("atan", num(3))]
    for expr in expressions:
        with flint.ctx.workprec(64):
            wide = ball(expr)
        with flint.ctx.workprec(300):
            assert wide.contains(ball(expr))


def test_huge_exponents_are_balls_too() -> None:
    """An exponent of more than 31 bits is a real power."""
    assert ball(Pow(num(1), Fraction(2**40))).contains(1)
    assert 0 < ball(Pow(num(HALF), Fraction(2**40))) < 2.0**-1000


def test_unknown_functions_have_one_instance() -> None:
    """The polynomial of a name and its derivatives belong together; two names have different ones."""
    assert instance("f") == instance("f") != instance("g")
    u = 0.5
    direct = sum(float(c) * k * u ** (k - 1) for k, c in enumerate(instance("f")) if k)
    assert float(ball(Apply("f", num(HALF), 1)).mid()) == pytest.approx(direct)
    assert float(FloatPoint(Plan({}), {}, {}, FLOAT).value(Apply("f", num(HALF), 1))) == pytest.approx(direct)


def test_a_derivative_is_not_evaluated() -> None:
    """Derivative nodes are resolved first; evaluation refuses them."""
    with pytest.raises(OutOfReach, match="resolved"):
        ball(Derivative(num(1), tensor("u")))


def test_too_many_entries_are_refused() -> None:
    """An array with too many entries or axes raises before it is made, in a product, a sum and where a value is wanted over indices."""
    wide = Program((definition("x", p), definition("w", r)))
    point = Point(wide.by_name, {"n": 1 << 9, "m": 1 << 8}, {"x": np.ones(1 << 9, object), "w": np.ones(1 << 8, object)}, BALL)
    for expr in (mul(tensor("x", p), tensor("w", r)), add(tensor("x", p), tensor("w", r)), delta(Index("a", "n"), p)):
        with pytest.raises(OutOfReach, match="entries"):
            point.value(expr)
    with pytest.raises(OutOfReach, match="entries"):
        point.array(ONE, (p, r))
    many = tuple(Index(f"i{n}", "one") for n in range(MOST_AXES + 1))
    with pytest.raises(OutOfReach, match="entries"):
        Point({}, {"one": 1}, {}, BALL).array(ONE, many)


def test_too_much_work_is_refused() -> None:
    """Many results, none of them too large, are too much for one point."""
    point = Point(PROGRAM.by_name, {"n": 1 << 15}, {"x": in_field(BALL.number, exact([Fraction(1)])).repeat(1 << 15)}, BALL)
    point.work = MOST_WORK - (1 << 16)
    with pytest.raises(OutOfReach, match="entries"):
        point.value(add(*(mul(num(factor), tensor("x", p)) for factor in range(2, 20))))


def test_deep_programs_do_not_exhaust_the_stack() -> None:
    """400 layers, values and gradients, by balls and modulo a prime with its bounds."""
    resolver = Resolver(residual(400))
    expr = resolver.resolve(Derivative(tensor("L"), tensor("a0", Index("i", "h"))))
    start = in_field(BALL.number, exact([Fraction(1, 2**k) for k in (1, 2, 3)]))
    point = Point(resolver.definitions, {"h": 3}, {"a0": start}, BALL)
    assert all(entry.is_finite() for entry in point.value(expr).data)
    definitions, (rewritten,) = by_law(resolver.definitions, expr)
    field = Modular()
    assert Point(definitions, {"h": 3}, {"a0": field.drawn(3)}, field).value(rewritten).data.shape == (3,)
    assert Bounds(definitions, {"h": 3}, {"a0": DRAWN}).of(rewritten).top.degree > 400


def test_a_value_is_computed_once() -> None:
    """An expression that was evaluated costs a look-up."""
    point = Point(PROGRAM.by_name, SIZES, {name: in_field(BALL.number, v) for name, v in leaves(1).items()}, BALL)
    expr = Sum(p, mul(tensor("w", p, r), tensor("x", p)))
    assert point.value(expr) is point.value(Sum(p, mul(tensor("w", p, r), tensor("x", p))))


# Residues


def residue(expr: Expr, seed: int = 0) -> int:
    program = Program((definition("u"), definition("v")))
    field = Modular(random.Random(seed).randbytes)
    definitions, (rewritten,) = by_law(program.by_name, expr)
    return int(Point(definitions, {"n": 3}, {"u": field.drawn(), "v": field.drawn()}, field).value(rewritten).data.item())


U, V = tensor("u"), tensor("v")


def test_primes_have_61_bits_and_differ() -> None:
    """Primes are drawn anew for each field, and residues below them."""
    fields = [Modular() for _ in range(20)]
    assert len({f.prime for f in fields}) == 20
    assert all(2**60 < f.prime < 2**61 and sympy.isprime(f.prime) for f in fields)
    assert all(0 <= int(x) < f.prime for f in fields for x in f.drawn(3, 5).flat)


@given(st.integers(1, 2**50), st.integers(-40, 40), st.integers(0, 20))
def test_powers_of_residues_are_exact(base: int, exponent: int, seed: int) -> None:
    """Powers with whole exponents, negative ones too."""
    field = Modular(random.Random(seed).randbytes)
    got = field.power(in_field(field.number, exact([Fraction(base)])), Fraction(exponent))
    assert int(got[0]) == pow(base, exponent, field.prime)


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
        assert not residue(sub(left, right), seed)


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
    found = [bool(residue(sub(left, right), seed)) for seed in range(40)]
    assert all(found) or (any(found) and "Step" in repr((left, right)))


def test_no_inverse_is_unlucky() -> None:
    """1/(u−u) and the step of 0 raise; an answer would be made up."""
    zero = add(mul(U, V), neg(mul(V, U)))
    for expr in (power(zero, -1), Step(zero)):
        with pytest.raises(ZeroDivisionError):
            residue(expr)


def test_a_denominator_that_the_prime_divides_is_unlucky() -> None:
    """1/p has no residue modulo p; an exponent of 2^31 is out of reach."""
    field = Modular()
    with pytest.raises(ZeroDivisionError):
        field.number(Fraction(1, field.prime))
    with pytest.raises(OutOfReach, match="exponent"):
        by_law({}, Pow(num(3), Fraction(2**31)))


def test_survival_counts_signs_and_degree() -> None:
    """The bound grows with the degree, is a half for one sign, and 1 where nothing can be said."""
    bounds = Bounds({}, {}, {})
    plain, steep, sign = (bounds.survival(Ratio(Bound(d, b, 0))) for d, b in ((3, 0), (3000, 0), (3, 1)))
    assert 0 < plain < steep < 2**-40
    assert HALF <= sign < HALF + Fraction(1, 10**6)
    assert bounds.survival(Ratio(Bound(1e30, 0, 0))) == 1.0


@pytest.mark.parametrize(("expr", "expected"), [
    (num(Fraction(6, 4)), Ratio(Bound(0, 0, math.log2(3)), Bound(0, 0, 1))),
    (tensor("u"), Ratio(Bound(1, 0, 0))),
    (power(U, -3), Ratio(bottom=Bound(3, 0, 0))),
    (mul(U, U, V), Ratio(Bound(3, 0, 0))),
    (add(U, mul(num(3), V)), Ratio(Bound(1, 0, 2))),
    (add(power(U, -1), V), Ratio(Bound(2, 0, 1), Bound(1, 0, 0))),
    (Sum(p, U), Ratio(Bound(1, 0, math.log2(3)))),
    (Sum(p, tensor("x", p)), Ratio(Bound(1, 0, math.log2(3)))),
    (Sum(p, power(tensor("x", p), -1)), Ratio(Bound(2, 0, math.log2(3)), Bound(3, 0, 0))),
    (Sum(p, mul(tensor("x", p), tensor("s", p, p))), Ratio(Bound(2, 0, math.log2(3) + 2))),
    (Prod(p, tensor("x", p)), Ratio(Bound(3, 0, 0))),
    (Prod(p, U), Ratio(Bound(3, 0, 0))),
    (Step(U), Ratio(Bound(0, 1, 1))),
    (Apply("f", mul(U, V)), Ratio(DRAWN)),
    (Pi(), Ratio(DRAWN)),
    (delta(p, q), Ratio()),
    (Size("n"), Ratio(Bound(0, 0, math.log2(3)))),
])
def test_bounds_of_each_node(expr: Expr, expected: Ratio) -> None:
    """Degree, signs and height of numerator and denominator, by hand."""
    program = Program((*PROGRAM.definitions, definition("u"), definition("v2")))
    named = {**program.by_name, "v": definition("v")}
    definitions, (rewritten,) = by_law(named, expr)
    found = Bounds(definitions, SIZES, dict.fromkeys(("u", "v", "x", "c", "w"), DRAWN)).of(rewritten)
    assert found.top == pytest.approx(expected.top)
    assert found.bottom == pytest.approx(expected.bottom)


def network(seed: int, width: int = 0) -> tuple[Resolver, dict[str, int], Modular, dict[str, np.ndarray]]:
    """The classifier's residues at unequal widths, or at one width, with Σy = 1 by construction."""
    resolver, field = Resolver(classifier()), Modular(random.Random(seed).randbytes)
    sizes = {"in": width or 3, "h1": width or 5, "h2": width or 4, "out": width or 3}
    at = {d.name: field.drawn(*(sizes[a] for a in d.axes)) for d in classifier().definitions if d.body is None}
    at["y"][-1] = 1 - at["y"][:-1].sum()
    return resolver, sizes, field, at


def test_the_gradients_of_a_network_hold_modulo_primes() -> None:
    """Every gradient of the classifier; with a changed sign none does."""
    resolver, sizes, field, at = network(3)
    for left, right in GRADIENTS.values():
        resolved = [resolver.resolve(expr) for expr in (sub(left, right), add(left, right))]
        definitions, rewritten = by_law(resolver.definitions, *resolved)
        zero, other = (Point(definitions, sizes, at, field).value(expr).data for expr in rewritten)
        assert not np.any(zero != 0)
        assert np.any(other != 0)


@pytest.mark.parametrize("width", [0, 20])
def test_contracted_differences(width: int) -> None:
    """One number is 0 for a true claim and for nothing else: a sign, one wrong entry, a pair that was to be left out."""
    resolver, sizes, field, at = network(4, width)

    def number(left: Expr, right: Expr, *apart: Unequal) -> int:
        sides = resolver.resolve(left), resolver.resolve(right)
        indices = tuple(sorted(sides[0].free | sides[1].free))
        random, sums = contracted(resolver.definitions, sides, indices, apart)
        drawn = {d.name: field.drawn(sizes[d.axes[0]]) for d in random.values()}
        assert len(drawn) == len(indices) and not resolver.definitions.keys() & drawn.keys()
        definitions, rewritten = by_law(resolver.definitions | random, *sums)
        one, other = map(Point(definitions, sizes, at | drawn, field).value, rewritten)
        return int(one.data.item() - other.data.item())

    for left, right in GRADIENTS.values():
        assert not number(left, right)
        assert number(left, neg(right))
    left, right = GRADIENTS["wo"]
    assert number(left, add(right, mul(delta(m, 2), delta(k, 1))))
    left, _ = GRADIENTS["softmax"]
    rest = neg(mul(tensor("o", m), tensor("o", n)))
    assert not number(left, rest, Unequal(m, n))
    assert number(left, rest)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_contractions_in_any_layout(order: tuple[int, ...]) -> None:
    """Products of tensors with three axes over one or two of them, the axes in every order, are numpy's einsum over whole numbers."""
    a, b, c, d = (Index(letter, axis) for letter, axis in zip("abcd", ("n", "m", "k", "n"), strict=True))
    first, second = [(a, b, c)[o] for o in order], [(c, d, b)[o] for o in order]
    program = Program((Definition("S", tuple(first)), Definition("T", tuple(second)), Definition("t", (c,))))
    sizes, draw = {"n": 3, "m": 2, "k": 4}, np.random.default_rng(order)
    at = {e.name: draw.integers(-9, 9, size=[sizes[x] for x in e.axes]) for e in program.definitions}
    exactly = {name: in_field(BALL.number, v.astype(object)) for name, v in at.items()}
    factors = dict(zip("STt", (tensor(e.name, *e.indices) for e in program.definitions), strict=True))
    letters = {e.name: "".join(i.name for i in e.indices) for e in program.definitions}
    for names, bound in product(("ST", "St", "Tt", "STt"), ((c,), (b,), (b, c), (a, b, c, d))):
        expr = mul(*(factors[name] for name in names))
        for index in bound:
            expr = Sum(index, expr)
        kept = [i for i in (a, b, c, d) if i in expr.free]
        lost = math.prod(sizes[i.axis] for i in bound if not any(i in factors[name].free for name in names))
        truth = lost * np.einsum(",".join(letters[name] for name in names) + "->" + "".join(i.name for i in kept), *map(at.get, names))
        found = Point(program.by_name, sizes, exactly, BALL).array(expr, tuple(kept))
        assert np.array_equal(np.vectorize(float, otypes=[float])(found), truth)
