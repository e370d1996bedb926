"""Every gradient of the catalogue, against four opinions that share nothing but the forward pass."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import catalogue, families
from tests.derivations.cases import OPINIONS, TOLERANCE, each_gradient, each_opinion
from verify.kernel.decision import Proved
from verify.networks import degenerate_networks, networks
from verify.oracles.second_opinion import gap
from verify.sympy_bridge import claim, program
from verify.workspace import Workspace


@cache
def workspace(entry):
    """One workspace an entry, so that its Jacobians are made once."""
    return Workspace(program(catalogue()[entry]))


@each_opinion
@each_gradient
@settings(max_examples=5)
@given(data=st.data())
def test_gradient(entry, gradient, opinion, data):
    """The closed form on the page has the values that the opinion finds, on networks with unequal widths of at least 3."""
    derivation = catalogue()[entry]
    network = data.draw(networks(program(derivation)))
    assert gap(claim(derivation, *derivation.gradient(gradient)), network, OPINIONS[opinion]) < TOLERANCE


@each_gradient
def test_gradient_is_proved(entry, gradient):
    """The kernel proves the closed form for all widths, not only at those that were drawn."""
    derivation = catalogue()[entry]
    stated = claim(derivation, *derivation.gradient(gradient))
    decision = workspace(entry).decide(stated.left, stated.right)
    assert isinstance(decision, Proved), decision
    assert decision.scope == "all widths"


@each_opinion
@pytest.mark.parametrize("entry", families())
@settings(max_examples=4)
@given(data=st.data())
def test_any_depth(entry, opinion, data):
    """A family's gradients hold at every depth from 1 to 4, all of them on one network."""
    derivation = families()[entry](data.draw(st.integers(1, 4), label="depth"))
    network = data.draw(networks(program(derivation)))
    for derivative, closed in derivation.gradients.items():
        assert gap(claim(derivation, derivative, closed), network, OPINIONS[opinion]) < TOLERANCE, derivative


@each_opinion
@pytest.mark.parametrize("entry", catalogue())
@settings(max_examples=4)
@given(data=st.data())
def test_degenerate_widths(entry, opinion, data):
    """With all widths equal, 1 included, the gradients hold too. What this cannot see is said at ``degenerate_networks``."""
    derivation = catalogue()[entry]
    network = data.draw(degenerate_networks(program(derivation)))
    for derivative, closed in derivation.gradients.items():
        assert gap(claim(derivation, derivative, closed), network, OPINIONS[opinion]) < TOLERANCE, derivative


@pytest.mark.parametrize("opinion", OPINIONS)
@settings(max_examples=5)
@given(data=st.data())
def test_one_unit_sees_nothing(opinion, data):
    """Why the widths are at least 3: with one output a wrong gradient of the softmax network passes, since every gradient is 0."""
    derivation = catalogue()["cross_entropy_softmax"]
    network = data.draw(degenerate_networks(program(derivation)).filter(lambda n: n.sizes["out"] == 1))
    derivative, closed = derivation.gradient("dL/dz")
    assert gap(claim(derivation, derivative, -7 * closed), network, OPINIONS[opinion]) < TOLERANCE
