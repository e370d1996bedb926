"""The truth of every derivative: against differences, by its laws, and for its size."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kernel.programs import GRADIENTS, LOSS, classifier, definition, naive, residual, resolve_shared, tensor
from verify.floats import FLOAT
from verify.kernel.calculus import RULES, Resolver, summed
from verify.kernel.expr import (
    ONE,
    ZERO,
    Apply,
    Delta,
    Derivative,
    Expr,
    Index,
    Num,
    Pow,
    Prod,
    Size,
    Step,
    Sum,
    Tensor,
    add,
    children,
    delta,
    mul,
    neg,
    num,
    power,
    rebuild,
    sub,
    substitute,
)
from verify.kernel.program import Program, nodes
from verify.plans import Plan, Point
from verify.programs import affected, resolve

p, q, r = Index("p", "n"), Index("q", "n"), Index("r", "n")
SIZES = {"n": 3}


def rationals(count: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return np.array([Fraction(int(v), 16) for v in draw.integers(4, 24, count)], dtype=object)


def value(program: Program, expr: Expr, leaves: dict[str, np.ndarray], indices: tuple[Index, ...], sizes: dict[str, int]) -> np.ndarray:
    resolver = Resolver(program)
    resolved = resolver.resolve(expr)
    return np.asarray(Point(Plan(resolver.definitions), sizes, leaves, FLOAT).array(resolved, indices), dtype=float)


@pytest.mark.parametrize("function", sorted(RULES))
@pytest.mark.parametrize("order", [1, 2, 3])
def test_each_rule_agrees_with_differences(function: str, order: int) -> None:
    """The derivative of every known function, of each order, is what central differences of the order below find."""
    program = Program((definition("u"),))

    def at(u: float, n: int) -> float:
        return float(value(program, Apply(function, tensor("u"), n), {"u": np.array(Fraction(u), dtype=object)}, (), {}))

    h = 2.0**-12
    for u in (0.375, 1.5):
        assert at(u, order) == pytest.approx((at(u + h, order - 1) - at(u - h, order - 1)) / (2 * h), rel=1e-5, abs=1e-6)


def scalars() -> st.SearchStrategy[Expr]:
    """Expressions with free index p over a vector x, a matrix w and every kind of node; the bound letters collide on purpose."""
    letters = st.sampled_from([p, q, r])
    leaves = st.one_of(
        letters.map(lambda a: tensor("x", a)),
        st.tuples(letters, letters).map(lambda ab: tensor("w", *ab)),
        st.tuples(letters, letters).map(lambda ab: delta(*ab)),
        st.integers(-2, 2).map(num),
        st.just(Size("n")),
    )

    def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        return st.one_of(
            st.tuples(inner, inner).map(lambda ab: add(*ab)),
            st.tuples(inner, inner).map(lambda ab: mul(*ab)),
            st.tuples(letters, inner).map(lambda ib: Sum(*ib)),
            st.tuples(letters, inner).map(lambda ib: Prod(*ib)),
            inner.map(lambda e: power(e, 2)),
            inner.map(lambda e: Apply("tanh", e)),
            inner.map(lambda e: mul(e, Step(e))),
        )

    return st.recursive(leaves, grow, max_leaves=6).map(lambda e: substitute(e, {q: p, r: p}))


@given(scalars(), st.integers(0, 10))
def test_derivatives_agree_with_differences(body: Expr, seed: int) -> None:
    """∂body[p]/∂x[q] and ∂body[p]/∂w[q, r] are what central differences find, for every entry, whatever the bound letters are."""
    program = Program((definition("x", p), definition("w", p, q), definition("A", p, body=body)))
    leaves = {"x": rationals(3, seed), "w": rationals(9, seed + 1).reshape(3, 3)}
    if any(abs(v) < 0.01 for s in nodes({}, body) if isinstance(s, Step) for v in [np.min(np.abs(every(program, s.argument, leaves)))]):
        return
    for name, at in (("x", (q,)), ("w", (q, r))):
        for subject in (body, tensor("A", p)):
            found = value(program, Derivative(subject, tensor(name, *at)), leaves, (p, *at), SIZES)
            for entry in itertools.product(range(3), repeat=len(at)):
                up, down = ({**leaves, name: shifted(leaves[name], entry, h)} for h in (Fraction(1, 4096), Fraction(-1, 4096)))
                slope = (value(program, body, up, (p,), SIZES) - value(program, body, down, (p,), SIZES)) * 2048
                scale = 1 + np.max(np.abs(found)) + np.max(np.abs(value(program, body, leaves, (p,), SIZES)))
                if scale < 1e5:
                    assert found[(slice(None), *entry)] == pytest.approx(slope, abs=1e-3 * scale)


def every(program: Program, expr: Expr, leaves: dict[str, np.ndarray]) -> np.ndarray:
    return value(program, expr, leaves, tuple(sorted(expr.free)), SIZES)


def shifted(array: np.ndarray, entry: tuple[int, ...], by: Fraction) -> np.ndarray:
    copy = array.copy()
    copy[entry] += by
    return copy


def test_gradients_of_a_network_agree_with_differences() -> None:
    """Every gradient of a ReLU, sigmoid and softmax network, at widths that all differ."""
    program = classifier()
    sizes = {"in": 2, "h1": 4, "h2": 3, "out": 5}
    leaves = {
        d.name: (rationals(math.prod(sizes[a] for a in d.axes), seed) - Fraction(3, 4)).reshape([sizes[a] for a in d.axes])
        for seed, d in enumerate(program.definitions) if d.body is None
    }

    def loss(given: dict[str, np.ndarray]) -> float:
        return float(naive(LOSS, program, sizes, given, {}))

    for name in ("x", "w1", "b1", "w2", "b2", "wo", "bz", "y"):
        indices = program.by_name[name].indices
        found = value(program, Derivative(LOSS, Tensor(name, indices)), leaves, indices, sizes)
        for entry in np.ndindex(found.shape):
            up, down = (loss({**leaves, name: shifted(leaves[name], entry, h)}) for h in (Fraction(1, 4096), Fraction(-1, 4096)))
            assert found[entry] == pytest.approx((up - down) * 2048, abs=1e-5)


def test_the_quantity_is_cut() -> None:
    """∂/∂z takes z for a free variable: what z is made of does not count, and z counts even where it is a definition."""
    z, loss = definition("z", body=mul(num(3), tensor("x"))), definition("L", body=mul(tensor("z"), tensor("x")))
    program = Program((definition("x"), z, loss))
    assert resolve(program, Derivative(LOSS, tensor("z"))) == tensor("x")
    assert resolve(program, Derivative(tensor("z"), tensor("z"))) == ONE
    assert resolve(program, Derivative(tensor("x"), tensor("z"))) == ZERO
    through = value(program, Derivative(LOSS, tensor("x")), {"x": np.array(Fraction(2), dtype=object)}, (), {})
    assert through == 12  # z + x·3


def test_a_diagonal_is_taken_after_differentiation() -> None:
    """∂A[p]/∂x[p] is an entry of the Jacobian, not the derivative by one letter: w[p,p] for A[p] = Σ_q w[p,q] x[q]."""
    program = Program((definition("x", p), definition("w", p, q), definition("A", p, body=Sum(q, mul(tensor("w", p, q), tensor("x", q))))))
    assert resolve(program, Derivative(tensor("A", p), tensor("x", p))) == tensor("w", p, p)
    assert resolve(program, Derivative(tensor("A", p), tensor("x", q))) == tensor("w", p, q)
    assert resolve(program, Derivative(Sum(p, tensor("x", p)), tensor("x", p))) == ONE


def test_a_bound_index_never_captures() -> None:
    """Σ_p w[q,p] x[p] by x[p] is w[q,p] with p free: not Σ_p w[q,p] (SymPy issue 21891)."""
    program = Program((definition("x", p), definition("w", p, q)))
    body = Sum(p, mul(tensor("w", q, p), tensor("x", p)))
    assert resolve(program, Derivative(body, tensor("x", p))) == tensor("w", q, p)
    assert resolve(program, Derivative(body, tensor("w", q, p))) == tensor("x", p)
    inside = Sum(p, mul(tensor("x", p), Derivative(body, tensor("x", p))))
    assert resolve(program, inside) == Sum(p, mul(tensor("x", p), tensor("w", q, p)))


def test_fixed_positions() -> None:
    """By one fixed entry: ∂(Σx²)/∂x₁ is 2x₁, and ∂x₀/∂x₁ is 0."""
    program = Program((definition("x", p),))
    assert resolve(program, Derivative(Sum(p, power(tensor("x", p), 2)), tensor("x", 1))) == mul(num(2), tensor("x", 1))
    assert resolve(program, Derivative(tensor("x", 0), tensor("x", 1))) == ZERO
    assert resolve(program, Derivative(tensor("x", p), tensor("x", 1))) == Delta(p, 1)


def test_second_derivatives() -> None:
    """The Hessian of Σ x³ is diagonal with 6x, through a named loss too."""
    cubes = Sum(p, power(tensor("x", p), 3))
    program = Program((definition("x", p), definition("L", body=cubes)))
    leaves = {"x": rationals(3, 5)}
    for body in (cubes, LOSS):
        hessian = value(program, Derivative(Derivative(body, tensor("x", p)), tensor("x", q)), leaves, (p, q), SIZES)
        assert hessian == pytest.approx(np.diag(6 * leaves["x"].astype(float)))


def test_definitions_may_be_derivatives() -> None:
    """A quantity that a document defines as a derivative can be used and differentiated like any other."""
    program = Program((
        definition("x", p), definition("L", body=Sum(p, power(tensor("x", p), 3))),
        definition("g", p, body=Derivative(LOSS, tensor("x", p))), definition("S", body=Sum(p, tensor("g", p))),
    ))
    leaves = {"x": rationals(3, 5)}
    assert value(program, tensor("g", p), leaves, (p,), SIZES) == pytest.approx(3 * leaves["x"].astype(float) ** 2)
    assert value(program, Derivative(tensor("S"), tensor("x", p)), leaves, (p,), SIZES) == pytest.approx(6 * leaves["x"].astype(float))


def test_an_unknown_function_gains_an_order() -> None:
    """f(u²) by u is 2u f′(u²); a name that the program lacks is a free variable."""
    u = tensor("u")
    assert resolve(Program(), Derivative(Apply("f", power(u, 2)), u)) == mul(Apply("f", power(u, 2), 1), num(2), u)
    assert resolve(Program(), Derivative(Apply("f", tensor("v")), u)) == ZERO


def test_steps_are_flat_off_the_kink() -> None:
    """The derivative of relu(u) is its step, that of a step is 0."""
    u = tensor("u")
    assert resolve(Program(), Derivative(mul(u, Step(u)), u)) == Step(u)
    assert resolve(Program(), Derivative(Step(u), u)) == ZERO


def size(expr: Expr) -> int:
    return 1 + sum(size(child) for child in children(expr))


def test_size_is_linear_in_depth() -> None:
    """With 2^depth paths, each layer adds the same number of Jacobians and nodes; 300 layers do not exhaust the stack."""
    def nodes_at(depth: int) -> int:
        extended, _ = resolve_shared(residual(depth), Derivative(LOSS, tensor("a0", Index("i", "h"))))
        return sum(size(d.body) for d in extended.definitions if d.body is not None)

    per_layer = nodes_at(12) - nodes_at(11)
    assert nodes_at(60) - nodes_at(12) == 48 * per_layer
    assert nodes_at(300) - nodes_at(60) == 240 * per_layer


def test_shared_weights_add_up_over_time() -> None:
    """An unrolled recurrence h ← w h: the derivative of w^t h₀ by w is t w^(t-1) h₀."""
    steps = [definition("w"), definition("h0")]
    for t in range(5):
        steps.append(definition(f"h{t + 1}", body=mul(tensor("w"), tensor(f"h{t}"))))
    leaves = {"w": np.array(Fraction(3, 2), dtype=object), "h0": np.array(Fraction(2), dtype=object)}
    assert value(Program(tuple(steps)), Derivative(tensor("h5"), tensor("w")), leaves, (), {}) == pytest.approx(5 * 1.5**4 * 2)


def test_names_never_clash() -> None:
    """A document that has a quantity called ∂L/∂x keeps it."""
    program = Program((definition("x"), definition("L", body=power(tensor("x"), 2)), definition("∂L/∂x", body=num(7))))
    leaves = {"x": np.array(Fraction(3), dtype=object)}
    assert value(program, Derivative(LOSS, tensor("x")), leaves, (), {}) == 6
    assert value(program, tensor("∂L/∂x"), leaves, (), {}) == 7


def test_sums_contract_deltas() -> None:
    """Σ_p δ(p,q) x[p] is x[q]; over an index that the body lacks it is the size times the body."""
    assert summed(p, mul(Delta(p, q), tensor("x", p))) == tensor("x", q)
    assert summed(p, add(Delta(p, q), mul(Delta(q, p), tensor("x", p)))) == add(ONE, tensor("x", q))
    assert summed(p, tensor("x", q)) == mul(Size("n"), tensor("x", q))


def test_affected_quantities() -> None:
    """What depends on a quantity, directly or not, itself left out."""
    assert affected(classifier(), "z") == {"o", "L"}
    assert affected(classifier(), "y") == {"L"}
    assert affected(classifier(), "L") == frozenset()


def test_resolving_leaves_no_derivative() -> None:
    """Neither in the expression nor in the definitions; the inlined form uses the program's own quantities only."""
    program = classifier()
    for left, _ in GRADIENTS.values():
        extended, expr = resolve_shared(program, left)
        assert not any(isinstance(n, Derivative) for n in nodes(extended.by_name, expr))
        own = resolve(program, left)
        assert {n.name for n in nodes({}, own) if isinstance(n, Tensor)} <= set(program.by_name)


def test_an_unresolved_inner_derivative_is_refused() -> None:
    """differentiate itself never guesses what a Derivative node means."""
    from verify.kernel.calculus import differentiate

    with pytest.raises(ValueError, match="resolved first"):
        differentiate(Derivative(tensor("u"), tensor("u")), lambda t: ONE, frozenset())


def test_constants_are_flat() -> None:
    """Numbers, sizes, π and deltas have the derivative 0; a negative or broken power has its own."""
    u = tensor("u")
    assert resolve(Program(), Derivative(add(num(3), Size("n"), Delta(p, q)), u)) == ZERO
    assert resolve(Program(), Derivative(Pow(u, Fraction(-1)), u)) == mul(num(-1), Pow(u, Fraction(-2)))
    root = sub(Pow(u, Fraction(1, 2)), neg(Num(Fraction(1))))
    assert resolve(Program(), Derivative(root, u)) == mul(num(Fraction(1, 2)), Pow(u, Fraction(-1, 2)))


def test_a_derivative_is_built_again() -> None:
    """A derivative over other children keeps what it is by."""
    expr = Derivative(tensor("z", p), tensor("x", q))
    assert rebuild(expr, (tensor("y", p), tensor("v", r))) == Derivative(tensor("y", p), tensor("v", r))
