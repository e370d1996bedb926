"""Every gradient of the catalogue: proved, and held against opinions that share nothing but the forward pass."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import catalogue, families
from tests.derivations.cases import OPINIONS, TOLERANCE, decided, each_entry, each_opinion, few, holds, remembered
from verify.kernel.decision import Proved
from verify.networks import degenerate_networks, networks
from verify.oracles.second_opinion import gap
from verify.sympy_bridge import claim, program


@each_entry
def test_gradients_are_proved(entry):
    """The kernel proves every closed form for all widths, not only at those that were drawn, unless the page says why it cannot; and what a
    page says is not proved is not."""
    derivation = catalogue()[entry]
    decisions = {derivative.name: decided(derivation, derivative, closed) for derivative, closed in derivation.gradients.items()}
    for name, decision in decisions.items():
        assert holds(derivation, decision), (name, decision)
    assert bool(derivation.tested) is any(not isinstance(decision, Proved) for decision in decisions.values())


@each_opinion
@each_entry
@settings(max_examples=few(2))
@given(data=st.data())
def test_gradients_in_numbers(entry, opinion, data):
    """The closed forms have the values that the opinion finds, on networks with unequal widths of at least 3."""
    derivation = catalogue()[entry]
    network, oracle = data.draw(networks(program(derivation))), remembered(opinion)
    for derivative, closed in derivation.gradients.items():
        assert gap(claim(derivation, derivative, closed), network, oracle) < TOLERANCE, derivative.name


@pytest.mark.parametrize("opinion", ["kernel", "autodiff"])
@each_entry
@settings(max_examples=few(2))
@given(data=st.data())
def test_degenerate_widths(entry, opinion, data):
    """With all widths equal, 1 included, the gradients hold too. What this cannot see is said at ``degenerate_networks``."""
    derivation = catalogue()[entry]
    network, oracle = data.draw(degenerate_networks(program(derivation))), remembered(opinion)
    for derivative, closed in derivation.gradients.items():
        assert gap(claim(derivation, derivative, closed), network, oracle) < TOLERANCE, derivative.name


@each_opinion
@pytest.mark.parametrize("entry", families())
@settings(max_examples=few(2))
@given(data=st.data())
def test_any_depth(entry, opinion, data):
    """A family's gradients hold at every depth from 1 to 4, all of them on one network."""
    derivation = families()[entry](data.draw(st.integers(1, 4), label="depth"))
    network, oracle = data.draw(networks(program(derivation))), remembered(opinion)
    for derivative, closed in derivation.gradients.items():
        assert gap(claim(derivation, derivative, closed), network, oracle) < TOLERANCE, derivative.name


@each_opinion
@settings(max_examples=5)
@given(data=st.data())
def test_one_unit_sees_nothing(opinion, data):
    """Why the widths are at least 3: with one output a wrong gradient of the softmax network passes, since every gradient is 0."""
    derivation = catalogue()["cross_entropy_softmax"]
    network = data.draw(degenerate_networks(program(derivation)).filter(lambda n: n.sizes["out"] == 1))
    derivative, closed = derivation.gradient("dL/dz")
    assert gap(claim(derivation, derivative, -7 * closed), network, OPINIONS[opinion]) < TOLERANCE
