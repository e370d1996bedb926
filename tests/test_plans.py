"""One fast evaluation over floats, complex numbers, balls and residues: against a naive evaluator, and against each other."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import permutations, product

import flint
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.kernel.laws import FALSEHOODS, LAWS, U, V
from tests.kernel.programs import GRADIENTS, HALF, classifier, definition, k, m, n, naive, residual, tensor
from tests.kernel.rational import PROGRAM, SIZES, exact, leaves, p, q, r, rational_expressions, residues, trials
from verify.floats import BALL, COMPLEX, FLOAT
from verify.kernel.calculus import RULES, Resolver
from verify.kernel.decision import Kernel
from verify.kernel.evaluate import instance
from verify.kernel.expr import (
    ONE,
    Apply,
    Delta,
    Derivative,
    Expr,
    Index,
    Pi,
    Pow,
    Step,
    Sum,
    add,
    delta,
    mul,
    neg,
    num,
    power,
    sub,
    total,
)
from verify.kernel.modular import Trials, law
from verify.kernel.program import Definition, OutOfReach, Program, Unequal
from verify.plans import Numbers, Plan, Point
from verify.residues import Residues, contracted, differ


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
    those, plan = trials(seed), Plan(PROGRAM.by_name)
    points = [Point(plan, SIZES, given_leaves, f) for f in (FLOAT, COMPLEX, BALL)]
    modular = Residues(Plan(PROGRAM.by_name, law), SIZES, {n: residues(those, v) for n, v in given_leaves.items()}, those)
    with np.errstate(all="ignore"), flint.ctx.workprec(400):
        real, imaginary, balls = (point.array(expr, indices) for point in points)
        found = modular.value(total(mul(expr, *(Delta(i, n) for i, n in zip(indices, (2, 1, 0), strict=True))), *indices))
        assert modular.met.any()
        assert np.all((found == residues(those, exact(truth[2, 1, 0]))) | ~modular.met)
        for at, t in truth.items():
            scale = max(map(abs, truth.values())) + 10**4
            assert float(real[at]) == pytest.approx(float(t), abs=1e-6 * float(scale))
            assert complex(imaginary[at]) == pytest.approx(float(t), abs=1e-6 * float(scale))
            assert (balls[at] * t.denominator).contains(flint.fmpz(t.numerator))


@pytest.mark.parametrize("function", sorted(RULES))
def test_functions_agree_across_fields(function: str) -> None:
    """Each known function has the same value over floats, complex numbers and balls."""
    program = Program((definition("u"),))
    for u in (Fraction(3, 7), Fraction(5, 2)):
        at, expr = {"u": exact(u)}, Apply(function, tensor("u"))
        real, imaginary, ball = (Point(Plan(program.by_name), {}, at, f).value(expr) for f in (FLOAT, COMPLEX, BALL))
        assert float(real) == pytest.approx(float(ball.mid()), rel=1e-12)
        assert complex(imaginary) == pytest.approx(float(real), rel=1e-12)


def test_complex_step() -> None:
    """A complex step gives the derivative to the last digit: the oracle that uses it sees the same evaluation."""
    program = Program((definition("u"),))
    body = Apply("tanh", mul(tensor("u"), Apply("sigmoid", tensor("u"))))
    resolved = Resolver(program).resolve(Derivative(body, tensor("u")))
    here = Point(Plan(program.by_name), {}, {"u": np.array(0.75 + 1e-30j)}, COMPLEX).value(body)
    there = Point(Plan(program.by_name), {}, {"u": exact(Fraction(3, 4))}, FLOAT).value(resolved)
    assert here.imag / 1e-30 == pytest.approx(float(there), rel=1e-14)


def test_entries_without_a_value_are_not_numbers() -> None:
    """log(-1), 1/0, √-1 and a step at its kink: the entry is not a number, over floats and balls, and stays so under functions."""
    program = Program((definition("u"), definition("z")))
    at = {"u": exact(Fraction(-1)), "z": exact(Fraction(0))}
    for expr in (Apply("log", tensor("u")), power(tensor("z"), -1), Pow(tensor("u"), HALF), Step(tensor("z"))):
        for around in (expr, Apply("tanh", expr), mul(tensor("z"), expr)):
            with np.errstate(all="ignore"):
                assert not Point(Plan(program.by_name), {}, at, BALL).value(around).is_finite()
        with np.errstate(all="ignore"):
            assert not np.isfinite(Point(Plan(program.by_name), {}, at, FLOAT).value(expr))


def test_balls_enclose() -> None:
    """A ball holds the exact value: π and √2 to 300 bits inside their enclosures at 64."""
    expressions = [Pi(), Pow(num(2), HALF), Apply("erf", num(HALF)), Apply("softplus", num(-7)), Apply("atan", num(3))]
    for expr in expressions:
        with flint.ctx.workprec(64):
            wide = Point(Plan({}), {}, {}, BALL).value(expr)
        with flint.ctx.workprec(300):
            assert wide.contains(Point(Plan({}), {}, {}, BALL).value(expr))


def test_unknown_functions_have_one_instance() -> None:
    """The polynomial of a name and its derivatives belong together; two names have different ones."""
    assert instance("f") == instance("f") != instance("g")
    u = 0.5
    direct = sum(float(c) * k * u ** (k - 1) for k, c in enumerate(instance("f")) if k)
    assert float(Point(Plan({}), {}, {}, FLOAT).value(Apply("f", num(HALF), 1))) == pytest.approx(direct)


def test_a_derivative_is_not_evaluated() -> None:
    """Derivative nodes are resolved first; evaluation refuses them."""
    with pytest.raises(OutOfReach, match="resolved"):
        Point(Plan({}), {}, {}, FLOAT).value(Derivative(num(1), tensor("u")))


def test_too_many_entries_are_refused() -> None:
    """A product with more entries than a field takes raises before it is computed."""
    wide = Program((definition("x", p), definition("w", r)))
    small = Numbers(FLOAT.leaf, FLOAT.pi, FLOAT.functions, FLOAT.step, 5)
    at = {"x": exact([Fraction(1)] * 3), "w": exact([Fraction(1)] * 2)}
    with pytest.raises(OutOfReach, match="entries"):
        Point(Plan(wide.by_name), SIZES, at, small).value(mul(tensor("x", p), tensor("w", r)))


def test_too_much_work_is_refused() -> None:
    """Many results, none of them too large, are too much for one expression; the next expression has its own budget."""
    small = Numbers(FLOAT.leaf, FLOAT.pi, FLOAT.functions, FLOAT.step, 6)
    point = Point(Plan(PROGRAM.by_name), SIZES, leaves(1), small)
    with pytest.raises(OutOfReach, match="entries"):
        point.value(add(*(Apply("tanh", mul(num(factor), tensor("x", p))) for factor in range(2, 200))))
    assert point.value(tensor("x", q)) is not None


def test_deep_programs_do_not_exhaust_the_stack() -> None:
    """400 layers, values and gradients."""
    program = residual(400)
    resolver = Resolver(program)
    expr = resolver.resolve(Derivative(tensor("L"), tensor("a0", Index("i", "h"))))
    point = Point(Plan(resolver.definitions), {"h": 3}, {"a0": exact([Fraction(1, 2**k) for k in (1, 2, 3)])}, FLOAT)
    assert np.all(np.isfinite(point.value(expr)))


def test_a_value_is_computed_once() -> None:
    """An expression that was evaluated costs a look-up."""
    point = Point(Plan(PROGRAM.by_name), SIZES, leaves(1), FLOAT)
    expr = Sum(p, mul(tensor("w", p, r), tensor("x", p)))
    assert point.value(expr) is point.value(Sum(p, mul(tensor("w", p, r), tensor("x", p))))


# Residues


def residue(expr: Expr, count: int = 4) -> tuple[list[int], list[bool]]:
    """An expression's values in some trials, and in which of them it has one."""
    program, those = Program((definition("u"), definition("t"))), trials(0, count)
    point = Residues(Plan(program.by_name, law), {"n": 3}, {"u": those.drawn(), "t": those.drawn()}, those)
    return np.broadcast_to(point.value(expr), count).tolist(), point.met.tolist()


@pytest.mark.parametrize("inner", [1, 3, 300, 1 << 14])
def test_products_of_residues_are_exact(inner: int) -> None:
    """Products of matrices and vectors are those of whole numbers modulo each prime, also where every residue is the largest one."""
    those = trials(inner)
    a, b, c = Index("a", "a"), Index("b", "b"), Index("c", "c")
    definitions = Program((Definition("A", (a, b)), Definition("B", (b, c)), Definition("d", (b,)))).by_name
    sizes = {"a": 2, "b": inner, "c": 2}
    for full in (False, True):
        leaves = {n: those.drawn(*(sizes[x] for x in d.axes)) for n, d in definitions.items()}
        leaves = {n: np.broadcast_to(those.primes - 1, v.shape) for n, v in leaves.items()} if full else leaves
        point = Residues(Plan(definitions), sizes, leaves, those)
        whole = {n: v.astype(object) for n, v in leaves.items()}
        for left, right, spec in (("A", "B", "ab,bc->ac"), ("A", "d", "ab,b->a"), ("d", "d", "b,b->")):
            found = point.value(Sum(b, mul(*(tensor(name, *definitions[name].indices) for name in (left, right)))))
            for t, prime in enumerate(those.primes.tolist()):
                truth = np.einsum(spec, whole[left][..., t], whole[right][..., t])
                assert np.array_equal(np.asarray(found[..., t].astype(object)), truth % prime)


@given(st.integers(1, 2**50), st.integers(-40, 40), st.integers(0, 20))
def test_powers_of_residues_are_exact(base: int, exponent: int, seed: int) -> None:
    """Powers with whole exponents, negative ones too."""
    those = trials(seed)
    point = Residues(Plan(Program((definition("u"),)).by_name), {}, {"u": residues(those, exact(Fraction(base)))}, those)
    got = np.broadcast_to(point.value(Pow(U, Fraction(exponent))), 3)
    assert point.met.all()
    assert got.tolist() == [pow(base, exponent, prime) for prime in those.primes.tolist()]


@given(st.integers(1, 9), st.integers(0, 20))
def test_inverses_are_inverses(entries: int, seed: int) -> None:
    """Every entry times its inverse is 1, also where the trials have no entry in common; where one is 0 the trial is not met."""
    those = trials(seed)
    plan = Plan(Program((Definition("x", (p,)),)).by_name)
    leaf = those.drawn(entries)
    point = Residues(plan, {"n": entries}, {"x": leaf}, those)
    assert np.all(leaf * point.value(power(tensor("x", p), -1)) % those.primes == 1) and point.met.all()
    leaf = leaf.copy()
    leaf[-1, 1] = 0
    point = Residues(plan, {"n": entries}, {"x": leaf}, those)
    point.value(power(tensor("x", p), -1))
    assert point.met.tolist() == [True, False, True]


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
    """1/(u−u) and the step of 0 are met in no trial; an answer would be made up."""
    zero = add(mul(U, V), neg(mul(V, U)))
    for expr in (power(zero, -1), Step(zero)):
        assert residue(expr)[1] == [False] * 4


def test_a_denominator_that_the_prime_divides_is_unlucky() -> None:
    """1/p has no residue modulo p; an exponent of 2^31 is out of reach."""
    those = trials(0)
    point = Residues(Plan({}, law), {}, {}, those)
    point.value(num(Fraction(1, int(those.primes[1]))))
    assert point.met.tolist() == [True, False, True]
    with pytest.raises(OutOfReach, match="exponent"):
        point.value(Pow(num(3), Fraction(2**31)))


def network(seed: int, width: int = 0) -> tuple[Resolver, dict[str, int], Trials, dict[str, np.ndarray]]:
    """The classifier's residues at unequal widths, or at one width, with Σy = 1 by construction."""
    resolver, those = Resolver(classifier()), trials(seed)
    sizes = {"in": width or 3, "h1": width or 5, "h2": width or 4, "out": width or 3}
    at = {d.name: those.drawn(*(sizes[a] for a in d.axes)) for d in classifier().definitions if d.body is None}
    at["y"][-1] = (1 + sizes["out"] * those.primes - at["y"][:-1].sum(0)) % those.primes
    return resolver, sizes, those, at


def test_the_gradients_of_a_network_hold_modulo_primes() -> None:
    """Every gradient of the classifier; with a changed sign none does."""
    resolver, sizes, those, at = network(3)
    point = Residues(Plan(resolver.definitions, law), sizes, at, those)
    for left, right in GRADIENTS.values():
        assert not np.any(point.value(resolver.resolve(sub(left, right))))
        assert np.any(point.value(resolver.resolve(add(left, right))))
    assert point.met.all()


@pytest.mark.parametrize("width", [0, 20])
def test_contracted_differences(width: int) -> None:
    """One number is 0 for a true claim and for nothing else: a sign, one wrong entry, a pair that was to be left out."""
    resolver, sizes, those, at = network(4, width)

    def number(left: Expr, right: Expr, *apart: Unequal) -> bool:
        sides = resolver.resolve(left), resolver.resolve(right)
        indices = tuple(sorted(sides[0].free | sides[1].free))
        random, sums = contracted(resolver.definitions, sides, indices, apart)
        drawn = {d.name: those.drawn(sizes[d.axes[0]]) for d in random.values()}
        assert len(drawn) == len(indices) and not resolver.definitions.keys() & drawn.keys()
        one, other = map(Residues(Plan(resolver.definitions | random, law), sizes, at | drawn, those).value, sums)
        return bool(np.any(one != other))

    for left, right in GRADIENTS.values():
        assert not number(left, right)
        assert number(left, neg(right))
    left, right = GRADIENTS["wo"]
    assert number(left, add(right, mul(delta(m, 2), delta(k, 1))))
    left, _ = GRADIENTS["softmax"]
    rest = neg(mul(tensor("o", m), tensor("o", n)))
    assert not number(left, rest, Unequal(m, n))
    assert number(left, rest)


@pytest.mark.parametrize("width", [3, 60])
def test_claims_differ_modulo_primes(width: int) -> None:
    """A false claim differs in a few trials at any width, a true one does not; what is out of reach does not."""
    kernel, sizes = Kernel(classifier()), dict.fromkeys(("in", "h1", "h2", "out"), width)
    for left, right in GRADIENTS.values():
        assert not differ(kernel, kernel.settle(left, right), sizes)
        assert differ(kernel, kernel.settle(left, mul(num(1 + Fraction(1, 10**12)), right)), sizes)
    assert not differ(kernel, kernel.settle(Pow(tensor("L"), Fraction(2**40)), ONE), sizes)


# Plans


def operations(*exprs: Expr) -> list[str]:
    plan = Plan(PROGRAM.by_name)
    for expr in exprs:
        plan.value(expr)
    return [o.kind for o in plan.operations]


def test_what_is_the_same_up_to_names_is_one_operation() -> None:
    """exp x_p and exp x_q, and sums that differ in the name of the bound index or the order of the factors, are computed once."""
    one = Sum(p, mul(tensor("w", p, r), tensor("x", p)))
    other = Sum(q, mul(tensor("x", q), tensor("w", q, Index("t", "m"))))
    assert operations(one, other) == operations(one)
    assert operations(Apply("exp", tensor("x", p)), Apply("exp", tensor("x", q))) == ["leaf", "apply"]


def test_sums_of_products_are_contracted_in_pairs() -> None:
    """Σ_p Σ_q x_p s_pq x_q is two products of arrays, and nothing with both axes is made."""
    expr = Sum(p, Sum(q, mul(tensor("x", p), tensor("w", p, r), tensor("w", q, r), tensor("x", q))))
    assert operations(expr) == ["leaf", "leaf", "dot", "mul"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_contractions_in_any_layout(order: tuple[int, ...]) -> None:
    """Products of tensors with three axes over one or two of them, the axes in every order, are numpy's einsum."""
    a, b, c, d = (Index(letter, axis) for letter, axis in zip("abcd", ("n", "m", "k", "n"), strict=True))
    first, second = [(a, b, c)[o] for o in order], [(c, d, b)[o] for o in order]
    program = Program((Definition("S", tuple(first)), Definition("T", tuple(second)), Definition("t", (c,))))
    sizes, draw = {"n": 3, "m": 2, "k": 4}, np.random.default_rng(order)
    at = {e.name: draw.normal(size=[sizes[x] for x in e.axes]) for e in program.definitions}
    s, t, u = (tensor(e.name, *e.indices) for e in program.definitions)
    letters = ["".join(i.name for i in e.indices) for e in program.definitions]
    point = Point(Plan(program.by_name), sizes, at, FLOAT)
    for factors, bound in product(((s, t), (s, u), (t, u), (s, t, u)), ((c,), (b,), (b, c), (a, b, c, d))):
        expr = mul(*factors)
        for index in bound:
            expr = Sum(index, expr)
        kept = [i for i in (a, b, c, d) if i in expr.free]
        used = [n for n, f in enumerate((s, t, u)) if f in factors]
        lost = math.prod(sizes[i.axis] for i in bound if not any(i in f.free for f in factors))
        spec = ",".join(letters[n] for n in used) + "->" + "".join(i.name for i in kept)
        truth = lost * np.einsum(spec, *(at[program.definitions[n].name] for n in used))
        assert np.allclose(point.array(expr, tuple(kept)), truth)
