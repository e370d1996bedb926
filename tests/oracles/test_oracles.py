"""The oracles: right on derivatives known by heart, of one mind on random programs, and deaf to nothing that they should hear."""

import math
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.kernel.expr import (
    ONE,
    Apply,
    Delta,
    Derivative,
    Index,
    Pi,
    Pow,
    Prod,
    Size,
    Step,
    Sum,
    Tensor,
    add,
    mul,
    num,
    relu,
    sub,
)
from verify.kernel.program import Claim, Definition, Equal, Program, Unequal
from verify.networks import networks
from verify.oracles import autodiff as autodiff_module
from verify.oracles.autodiff import autodiff
from verify.oracles.finite_differences import central_differences, complex_step
from verify.oracles.forward import VANISHING, Forward, Network, Unsupported, disagreement, shape
from verify.oracles.second_opinion import evaluate, gap, kernel
from verify.oracles.symbolic import symbolic

ORACLES = {f.__name__: f for f in (symbolic, autodiff, complex_step, central_differences)}
each_oracle = pytest.mark.parametrize("oracle", ORACLES.values(), ids=ORACLES)
ROW, COL, OTHER = Index("i", "in"), Index("j", "out"), Index("k", "out")
x, u, w, b = Tensor("x", (ROW,)), Tensor("u", (COL,)), Tensor("w", (ROW, COL)), Tensor("b")
LEAVES = (Definition("x", (ROW,)), Definition("u", (COL,)), Definition("w", (ROW, COL)), Definition("b"))
TOLERANCE = 1e-7


def scalar(body):
    """A program of one number ``y`` computed from one number ``b``."""
    return Program((Definition("b"), Definition("y", (), body)))


def at(value):
    """The network in which ``b`` has that value."""
    return Network({}, {"b": np.array(value)})


BY_HEART = {
    "exp": (Apply("exp", b), math.exp),
    "log": (Apply("log", b), lambda v: 1 / v),
    "sin": (Apply("sin", b), math.cos),
    "cos": (Apply("cos", b), lambda v: -math.sin(v)),
    "sinh": (Apply("sinh", b), math.cosh),
    "cosh": (Apply("cosh", b), math.sinh),
    "tanh": (Apply("tanh", b), lambda v: 1 - math.tanh(v) ** 2),
    "atan": (Apply("atan", b), lambda v: 1 / (1 + v * v)),
    "sigmoid": (Apply("sigmoid", b), lambda v: math.exp(-v) / (1 + math.exp(-v)) ** 2),
    "softplus": (Apply("softplus", b), lambda v: 1 / (1 + math.exp(-v))),
    "erf": (Apply("erf", b), lambda v: 2 / math.sqrt(math.pi) * math.exp(-v * v)),
    "relu, on": (relu(b), lambda v: 1.0),
    "relu, off": (relu(sub(num(-1), b)), lambda v: 0.0),
    "step": (Step(b), lambda v: 0.0),
    "root": (Pow(b, Fraction(1, 2)), lambda v: 0.5 / math.sqrt(v)),
    "quotient": (Pow(b, Fraction(-2)), lambda v: -2 / v**3),
    "constant": (mul(num(3), Pi()), lambda v: 0.0),
    "product": (mul(b, b, b, Pi()), lambda v: 3 * math.pi * v * v),
}


@each_oracle
@pytest.mark.parametrize("name", BY_HEART)
@pytest.mark.parametrize("value", [0.3, 1.7])
@pytest.mark.filterwarnings("error::UserWarning:autograd")
def test_derivatives_known_by_heart(name, value, oracle):
    """Each function, power and step has the derivative of the tables."""
    body, slope = BY_HEART[name]
    assert disagreement(oracle(scalar(body), "y", "b", at(value)), np.array(slope(value))) < TOLERANCE


@each_oracle
def test_axes_are_the_quantitys_and_then_the_others(oracle):
    """∂z_j/∂w_ik = x_i δ_jk has the axes out, in, out in this order."""
    of = Program((*LEAVES, Definition("z", (COL,), Sum(ROW, mul(x, w)))))
    random = np.random.default_rng(0)
    sizes = {"in": 2, "out": 3}
    network = Network(sizes, {d.name: random.normal(size=shape(of, d.name, sizes)) for d in LEAVES})
    assert disagreement(oracle(of, "z", "w", network), np.einsum("i,jk->jik", network.leaves["x"], np.eye(3))) < TOLERANCE


@each_oracle
def test_quantity_in_between_is_free(oracle):
    """By a quantity that the program defines, its definition does not count: ∂(z²)/∂z is 2z, and what lies before z stays."""
    z = Tensor("z")
    of = Program((Definition("b"), Definition("z", (), mul(num(3), b)), Definition("y", (), add(mul(z, z), b))))
    assert disagreement(oracle(of, "y", "z", at(0.5)), np.array(3.0)) < TOLERANCE
    assert disagreement(oracle(of, "y", "b", at(0.5)), np.array(10.0)) < TOLERANCE


@each_oracle
@pytest.mark.filterwarnings("error::UserWarning:autograd")
def test_identity_and_independence(oracle):
    """A quantity's Jacobian by itself is the identity; by what it does not depend on, 0."""
    of = Program((*LEAVES, Definition("z", (ROW,), mul(x, x))))
    network = Network({"in": 3, "out": 2}, {"x": np.arange(1.0, 4), "u": np.ones(2), "w": np.ones((3, 2)), "b": np.array(1.0)})
    assert disagreement(oracle(of, "z", "z", network), np.eye(3)) < TOLERANCE
    assert disagreement(oracle(of, "z", "u", network), np.zeros((3, 2))) < TOLERANCE


@each_oracle
def test_unknown_function_is_unsupported(oracle):
    """A function without a rule is said to be one; nothing is guessed. So is a derivative of it, and a leaf without values."""
    for body in (Apply("mish", b), Apply("exp", b, 1)):
        with pytest.raises(Unsupported):
            oracle(scalar(body), "y", "b", at(1.0))
    with pytest.raises(Unsupported):
        oracle(scalar(b), "y", "b", Network({}, {}))


def bodies():
    """Random smooth expressions in the indices ``ROW`` and ``COL``, sums with shadowing letters among them."""
    leaves = st.sampled_from([x, u, w, b, num(2), Size("in"), Size("out"), Pi(), Tensor("x", (0,)), Delta(COL, OTHER), Delta(ROW, 1)])
    letters = st.sampled_from([ROW, COL, OTHER])
    return st.recursive(
        leaves.map(lambda e: Sum(OTHER, e) if OTHER in e.free else e),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: add(*parts)),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: mul(*parts)),
            st.tuples(letters, inner).map(lambda pair: Sum(*pair)),
            st.tuples(letters, inner).map(lambda pair: Prod(pair[0], add(num(2), Apply("tanh", pair[1])))),
            st.tuples(st.sampled_from(["tanh", "sigmoid", "sin", "atan"]), inner).map(lambda pair: Apply(*pair)),
            inner.map(lambda e: Pow(add(num(2), mul(e, e)), Fraction(-1, 2))),
        ),
        max_leaves=6,
    )


@settings(max_examples=60)
@given(body=bodies(), wrt=st.sampled_from(["x", "u", "w", "b"]), seed=st.integers(0, 100))
@pytest.mark.filterwarnings("error::UserWarning:autograd")
def test_oracles_are_of_one_mind(body, wrt, seed):
    """On random programs the four oracles and the kernel find one Jacobian, whatever letters shadow each other."""
    of = Program((*LEAVES, Definition("y", (ROW, COL), body)))
    random = np.random.default_rng(seed)
    sizes = {"in": 2, "out": 3}
    network = Network(sizes, {d.name: random.uniform(-0.9, 0.9, shape(of, d.name, sizes)) for d in LEAVES})
    reference = autodiff(of, "y", wrt, network)
    if np.max(np.abs(reference), initial=0) < 1e3:
        for other in (kernel, symbolic, complex_step):
            assert disagreement(reference, other(of, "y", wrt, network)) < 1e-9, other
        assert disagreement(reference, central_differences(of, "y", wrt, network)) < 1e-5


def test_complex_step_takes_the_relu_by_the_real_part():
    """On either side of the kink, however near, the complex step gives 1 or 0; central differences reach across and do not."""
    for value, slope in ((1e-9, 1.0), (-1e-9, 0.0)):
        assert complex_step(scalar(relu(b)), "y", "b", at(value)) == slope
        assert abs(central_differences(scalar(relu(b)), "y", "b", at(value)) - slope) > 0.1


def test_disagreement_asserts_shapes():
    """(4, 4) and (4,) broadcast to equal arrays, and are not the same tensor."""
    with pytest.raises(AssertionError, match="shapes"):
        disagreement(np.ones((4, 4)), np.ones(4))


def test_disagreement_is_relative_to_the_norm():
    """A small entry is measured by the tensor that it belongs to; an error of one part in a thousand shows at any scale."""
    one = np.array([3.0, 4.0, 0.0])
    assert disagreement(one, one + np.array([0, 0, 5e-3])) == pytest.approx(1e-3, rel=1e-3)
    for scale in (VANISHING, 1.0, 1e9):
        assert disagreement(scale * one, 1.001 * scale * one) == pytest.approx(0.8e-3, rel=1e-2)


def test_disagreement_never_agrees_on_what_is_no_number():
    """NaN and infinity disagree with everything, themselves included; two zeros agree."""
    for strange in (math.nan, math.inf):
        assert disagreement(np.array([strange]), np.array([strange])) == math.inf
    assert disagreement(np.zeros(3), np.zeros(3)) == 0.0
    assert disagreement(np.zeros((0,)), np.zeros((0,))) == 0.0


NETWORK = Network({"in": 2, "out": 3}, {"x": np.array([0.5, -1.0]), "u": np.array([1.0, 2.0, 3.0])})
VECTORS = Program((Definition("x", (ROW,)), Definition("u", (COL,)), Definition("s", (COL,), Apply("sigmoid", u))))


def slope(left, right):
    """∂s_left/∂u_right."""
    return Derivative(Tensor("s", (left,)), Tensor("u", (right,)))


@each_oracle
def test_claims_under_a_condition(oracle):
    """∂s_j/∂u_k is s_j(1 − s_j) where j = k, 0 where not, and neither everywhere."""
    s = Tensor("s", (COL,))
    diagonal, zero = mul(s, sub(ONE, s)), num(0)
    equal, unequal = (Equal(COL, OTHER),), (Unequal(COL, OTHER),)
    assert gap(Claim(VECTORS, slope(COL, OTHER), diagonal, equal), NETWORK, oracle) < TOLERANCE
    assert gap(Claim(VECTORS, slope(COL, OTHER), zero, unequal), NETWORK, oracle) < TOLERANCE
    assert gap(Claim(VECTORS, slope(COL, OTHER), diagonal), NETWORK, oracle) > 0.1
    assert gap(Claim(VECTORS, slope(COL, OTHER), zero), NETWORK, oracle) > 0.1
    assert gap(Claim(VECTORS, slope(COL, COL), diagonal), NETWORK, oracle) < TOLERANCE
    assert gap(Claim(VECTORS, slope(0, 1), zero), NETWORK, oracle) < TOLERANCE


@each_oracle
def test_derivative_of_an_expression(oracle):
    """What is differentiated may be an expression with indices of its own: ∂(x_i log s_j)/∂u_k = x_i (1 − s_j) δ_jk, also inside a sum."""
    inner = Derivative(mul(x, Apply("log", Tensor("s", (COL,)))), Tensor("u", (OTHER,)))
    closed = mul(x, sub(ONE, Tensor("s", (COL,))), Delta(COL, OTHER))
    assert gap(Claim(VECTORS, inner, closed), NETWORK, oracle) < TOLERANCE
    assert gap(Claim(VECTORS, Sum(COL, inner), mul(x, sub(ONE, Tensor("s", (OTHER,))))), NETWORK, oracle) < TOLERANCE


def test_derivative_of_a_derivative_is_unsupported():
    """Second derivatives are out of reach, and said to be."""
    twice = Derivative(slope(COL, OTHER), Tensor("u", (COL,)))
    with pytest.raises(Unsupported):
        evaluate(VECTORS, twice, (COL, OTHER), NETWORK, autodiff)


@pytest.mark.parametrize(
    ("expr", "value"),
    [
        (Sum(COL, ONE), lambda v: 3.0),
        (Prod(COL, num(2)), lambda v: 8.0),
        (Sum(COL, Sum(COL, u)), lambda v: 3 * v.sum()),
        (mul(u, Sum(COL, u)), lambda v: v * v.sum()),
        (Sum(COL, Delta(COL, 2)), lambda v: 1.0),
    ],
    ids=["count", "power", "shadowed", "free and bound", "fixed position"],
)
def test_sums_count_every_position(expr, value):
    """A sum over a body without its index counts the axis; a shadowed letter is the inner sum's own; a fixed position is hit once."""
    found = Forward(NETWORK.sizes).array(expr, tuple(sorted(expr.free)), NETWORK.leaves)
    np.testing.assert_allclose(found, value(NETWORK.leaves["u"]))


def test_names_of_a_program_are_never_run(tmp_path):
    """A tensor called like a piece of code is a name and nothing else, also to the symbolic oracle, which makes functions of source."""
    trace = tmp_path / "trace"
    name = f"__import__('pathlib').Path({str(trace)!r}).touch()"
    hostile = Tensor(name)
    of = Program((Definition(name), Definition("y", (), Apply("exp", hostile))))
    assert symbolic(of, "y", name, Network({}, {name: np.array(0.0)})) == pytest.approx(1.0)
    assert not trace.exists()


@settings(max_examples=10)
@given(data=st.data())
def test_oracles_leave_their_input_alone(data):
    """The leaves of a network are the same after an oracle has moved them about."""
    of = Program((*LEAVES, Definition("y", (), Sum(ROW, Sum(COL, Apply("tanh", mul(x, w)))))))
    network = data.draw(networks(of))
    before = {name: value.copy() for name, value in network.leaves.items()}
    for oracle in ORACLES.values():
        oracle(of, "y", "w", network)
    assert all(np.array_equal(before[name], network.leaves[name]) for name in before)


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("forward", ["sympy", "autograd"]),
        ("second_opinion", ["sympy", "autograd"]),
        ("autodiff", ["sympy"]),
        ("finite_differences", ["sympy", "autograd"]),
        ("symbolic", ["autograd"]),
    ],
)
def test_oracles_import_only_their_own_library(module, absent):
    """SymPy and autograd are imported by the oracle that needs them and by no other, so that a check can ask one of them cheaply."""
    code = f"import sys, verify.oracles.{module}; print(sorted(set({absent!r}) & set(sys.modules)))"
    root = Path(autodiff_module.__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root).stdout == "[]\n"
