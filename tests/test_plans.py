"""Plans of array operations over floats: what is compiled once, and that it computes what numpy does."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest

from tests.kernel.programs import definition, residual, tensor
from verify.floats import COMPLEX, FLOAT
from verify.kernel.calculus import Resolver
from verify.kernel.expr import Apply, Derivative, Expr, Index, Sum, add, mul, num
from verify.kernel.program import Definition, OutOfReach, Program
from verify.plans import Plan, Point

p, q, r = Index("p", "n"), Index("q", "n"), Index("r", "m")
SIZES = {"n": 3, "m": 2}
PROGRAM = Program((definition("x", p), definition("w", p, r)))
LEAVES = {"x": np.arange(3.0), "w": np.arange(6.0).reshape(3, 2)}


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


def test_complex_step() -> None:
    """A complex step gives the derivative to the last digit: the oracle that uses it sees the same evaluation."""
    program = Program((definition("u"),))
    body = Apply("tanh", mul(tensor("u"), Apply("sigmoid", tensor("u"))))
    resolved = Resolver(program).resolve(Derivative(body, tensor("u")))
    here = Point(Plan(program.by_name), {}, {"u": np.array(0.75 + 1e-30j)}, COMPLEX).value(body)
    there = Point(Plan(program.by_name), {}, {"u": np.array(Fraction(3, 4), dtype=object)}, FLOAT).value(resolved)
    assert here.imag / 1e-30 == pytest.approx(float(there), rel=1e-14)


def test_too_many_entries_are_refused() -> None:
    """A product with more entries than are allowed raises before it is computed."""
    with pytest.raises(OutOfReach, match="entries"):
        Point(Plan(PROGRAM.by_name), SIZES, LEAVES, FLOAT, limit=8).value(mul(tensor("x", p), tensor("w", q, r)))


def test_too_much_work_is_refused() -> None:
    """Many results, none of them too large, are too much for one expression; the next expression has its own budget."""
    point = Point(Plan(PROGRAM.by_name), SIZES, LEAVES, FLOAT, limit=6)
    with pytest.raises(OutOfReach, match="entries"):
        point.value(add(*(Apply("tanh", mul(num(factor), tensor("x", p))) for factor in range(2, 400))))
    assert point.value(tensor("x", q)) is not None


def test_deep_programs_do_not_exhaust_the_stack() -> None:
    """400 layers, values and gradients."""
    resolver = Resolver(residual(400))
    expr = resolver.resolve(Derivative(tensor("L"), tensor("a0", Index("i", "h"))))
    point = Point(Plan(resolver.definitions), {"h": 3}, {"a0": np.array([0.5, 0.25, 0.125])}, FLOAT)
    assert np.all(np.isfinite(point.value(expr)))


def test_a_value_is_computed_once() -> None:
    """An expression that was evaluated costs a look-up."""
    point = Point(Plan(PROGRAM.by_name), SIZES, LEAVES, FLOAT)
    expr = Sum(p, mul(tensor("w", p, r), tensor("x", p)))
    assert point.value(expr) is point.value(Sum(p, mul(tensor("w", p, r), tensor("x", p))))
