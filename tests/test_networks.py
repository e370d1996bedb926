"""The random networks: widths, kinks and targets are as promised, and what the degenerate ones cannot see is shown."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import catalogue
from derivations._entry import Derivation, d, index, size, tensor
from verify.kernel.expr import Apply, Index, Step, Sum, Tensor, add, mul, num, power, relu
from verify.kernel.program import Definition, OneHot, Positive, Program, SumsToOne
from verify.networks import KINK, LARGEST_ARGUMENT, SMALLEST, SMALLEST_DENOMINATOR, axes, degenerate_networks, networks
from verify.oracles.autodiff import autodiff
from verify.oracles.forward import Forward, shape
from verify.oracles.second_opinion import gap
from verify.sympy_bridge import claim, program

IN, OUT = Index("i", "in"), Index("j", "out")


def watched(of, network):
    """The values of every argument of a step or a function in the forward pass of a network."""
    seen = []
    Forward(network.sizes, watch=lambda node, value: seen.append((node, value))).run(of, network.leaves)
    return seen


@pytest.mark.parametrize("entry", catalogue())
@settings(max_examples=5)
@given(data=st.data())
def test_networks_are_regular(entry, data):
    """Widths are unequal and at least 3, shapes fit, kinks are away with some unit active, nothing saturates, logarithms have a value."""
    of = program(catalogue()[entry])
    network = data.draw(networks(of))
    assert network.sizes.items() >= dict(of.sizes).items()
    widths = [network.sizes[axis] for axis in axes(of) if axis not in dict(of.sizes)]
    assert len(set(widths)) == len(widths)
    assert min(widths, default=SMALLEST) >= SMALLEST
    for leaf in of.definitions:
        if leaf.body is None:
            assert network.leaves[leaf.name].shape == shape(of, leaf.name, network.sizes)
            assert np.any(network.leaves[leaf.name] != 0)
    for node, value in watched(of, network):
        if isinstance(node, Step):
            assert np.min(np.abs(value)) >= KINK
            assert np.any(value > 0)
        elif isinstance(node, Apply):
            assert np.min(value) >= SMALLEST_DENOMINATOR if node.function == "log" else np.max(np.abs(value)) <= LARGEST_ARGUMENT


@settings(max_examples=30)
@given(data=st.data())
def test_targets_are_what_is_assumed(data):
    """Targets that sum to one do so along their axis, one-hot ones are 0 and 1, positive leaves are positive."""
    leaves = (Definition("s", (IN, OUT)), Definition("h", (OUT, IN)), Definition("p", (IN,)), Definition("q", (IN,)))
    assumed = frozenset({SumsToOne("s", 1), OneHot("h", 0), Positive("p"), SumsToOne("q", 0), Positive("q")})
    network = data.draw(networks(Program(leaves, assumed)))
    np.testing.assert_allclose(network.leaves["s"].sum(axis=1), 1)
    np.testing.assert_array_equal(network.leaves["h"].sum(axis=0), 1)
    assert set(np.unique(network.leaves["h"])) <= {0.0, 1.0}
    assert np.all(network.leaves["p"] > 0)
    assert np.all(network.leaves["q"] > 0)
    np.testing.assert_allclose(network.leaves["q"].sum(), 1)


def test_both_kinds_of_targets_and_of_patterns_are_drawn():
    """Soft and one-hot targets, all units active and only some: each is among the first examples, so that none goes untested."""
    of = program(catalogue()["relu_sigmoid_softmax_mlp"])
    seen = set()

    @settings(max_examples=40)
    @given(network=networks(of))
    def collect(network):
        seen.add("one-hot" if set(network.leaves["y"]) <= {0.0, 1.0} else "soft")
        for node, value in watched(of, network):
            if isinstance(node, Step):
                seen.add("all active" if np.all(value > 0) else "some active")

    collect()
    assert seen == {"one-hot", "soft", "all active", "some active"}


@settings(max_examples=10)
@given(data=st.data())
def test_sizes_that_a_program_fixes_stay(data):
    """An axis whose size the document states keeps it; the others are drawn."""
    of = Program((Definition("x", (IN,)), Definition("u", (OUT,))), sizes=(("in", 2),))
    assert data.draw(networks(of)).sizes["in"] == 2
    assert data.draw(networks(of)).sizes["out"] >= SMALLEST
    assert data.draw(degenerate_networks(of)).sizes["in"] == 2


@settings(max_examples=20)
@given(data=st.data())
def test_degenerate_widths_are_equal(data):
    """All axes have one width, and 1 is among the widths that are drawn."""
    network = data.draw(degenerate_networks(program(catalogue()["relu_sigmoid_softmax_mlp"])))
    assert len(set(network.sizes.values())) == 1
    assert 1 <= network.sizes["in"] <= SMALLEST


def test_where_degenerate_networks_are_blind():
    """Σ_j u_i for Σ_j u_j over another axis: 1/#in for 1/#out passes at equal widths and fails at unequal ones."""
    i, j = index("i", "in"), index("j", "out")
    x, u, loss = tensor("x", i), tensor("u", j), tensor("L")
    page = Derivation("m", "t.", forward={loss: sp.Sum(x[i], i) / size(i) + sp.Sum(u[j], j)}, gradients={d(loss, x[i]): 1 / size(i)})
    wrong = claim(page, d(loss, x[i]), 1 / size(j))

    @settings(max_examples=10)
    @given(equal=degenerate_networks(program(page)), unequal=networks(program(page)))
    def compare(equal, unequal):
        assert gap(wrong, equal, autodiff) < 1e-12
        assert gap(wrong, unequal, autodiff) > 1e-2

    compare()


def test_denominators_and_roots_are_kept_away_from_zero():
    """The bases of negative and fractional powers are at least 0.01, so that no quotient and no root is without a value."""
    square = mul(Tensor("x", (IN,)), Tensor("x", (IN,)))
    of = Program(
        (
            Definition("x", (IN,)),
            Definition("q", (IN,), power(Tensor("x", (IN,)), -1)),
            Definition("r", (), power(add(Sum(IN, square), num(-1)), Fraction(1, 2))),
            Definition("a", (IN,), relu(Tensor("x", (IN,)))),
        )
    )

    @settings(max_examples=20)
    @given(network=networks(of))
    def regular(network):
        values = Forward(network.sizes).run(of, network.leaves)
        assert all(np.all(np.isfinite(value)) for value in values.values())

    regular()
