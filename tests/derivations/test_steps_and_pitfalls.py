"""What an entry shows beside its gradients: the lines of its proof, each decided, and its pitfalls, each refuted."""

from functools import cache
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import catalogue, families
from derivations._entry import Rule
from tests.derivations.cases import OPINIONS, PITFALLS, STEPS, TOLERANCE
from verify.kernel.decision import Proved, Refuted
from verify.networks import axes, networks
from verify.oracles.autodiff import autodiff
from verify.oracles.forward import Network, shape
from verify.oracles.second_opinion import gap
from verify.sympy_bridge import claim, program
from verify.workspace import Workspace

each_step = pytest.mark.parametrize(("entry", "n"), STEPS, ids=[f"{e}-{n}" for e, n in STEPS])
each_pitfall = pytest.mark.parametrize(
    ("entry", "n"), PITFALLS, ids=[f"{e}-{n}-{(p := catalogue()[e].pitfalls[n]).mistake}-{p.gradient.name}" for e, n in PITFALLS]
)


@cache
def workspace(derivation):
    """One workspace an entry, so that its Jacobians are made once."""
    return Workspace(program(derivation))


def decided(derivation, left, right, where=None):
    """The kernel's decision of one line of an entry."""
    stated = claim(derivation, left, right, where)
    return workspace(derivation).decide(stated.left, stated.right, stated.conditions)


@each_step
def test_step_is_proved(entry, n):
    """Each line of the proof is proved for all widths, under its case condition, and says a rule of the closed list."""
    derivation = catalogue()[entry]
    step = derivation.steps[n]
    decision = decided(derivation, step.left, step.right, step.where)
    assert isinstance(decision, Proved), decision
    assert decision.scope == "all widths"
    assert step.rule in get_args(Rule)


@each_step
@settings(max_examples=2)
@given(data=st.data())
def test_step_in_numbers(entry, n, data):
    """Each line of the proof holds in numbers, with the derivatives in it by autodiff."""
    derivation = catalogue()[entry]
    step = derivation.steps[n]
    network = data.draw(networks(program(derivation)))
    assert gap(claim(derivation, step.left, step.right, step.where), network, autodiff) < TOLERANCE


@each_step
def test_step_says_something(entry, n):
    """No line is ``A = A`` after SymPy has put both sides into its own order."""
    step = catalogue()[entry].steps[n]
    assert step.left != step.right


@each_pitfall
def test_pitfall_is_refuted(entry, n):
    """Each known mistake is refuted by the kernel, with a witness."""
    derivation = catalogue()[entry]
    pitfall = derivation.pitfalls[n]
    decision = decided(derivation, pitfall.gradient, derivation.fallen(pitfall))
    assert isinstance(decision, Refuted), decision
    assert decision.witness.left != decision.witness.right


@pytest.mark.parametrize("opinion", OPINIONS)
@each_pitfall
def test_pitfall_in_numbers(entry, n, opinion):
    """At the kernel's witness each opinion finds the two sides apart as well."""
    derivation = catalogue()[entry]
    pitfall = derivation.pitfalls[n]
    witness = decided(derivation, pitfall.gradient, derivation.fallen(pitfall)).witness
    of = program(derivation)
    sizes = dict.fromkeys(axes(of), 2) | dict(witness.sizes)
    unseen = {leaf.name: np.ones(shape(of, leaf.name, sizes)) for leaf in of.definitions if leaf.body is None}
    network = Network(sizes, unseen | {name: np.array(values, dtype=float) for name, values in witness.values})
    assert gap(claim(derivation, pitfall.gradient, derivation.fallen(pitfall)), network, OPINIONS[opinion]) > 10 * TOLERANCE


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("family", families())
def test_family_at_other_depths(family, depth):
    """At other depths than the one in the catalogue, gradients and steps are proved and pitfalls refuted as well."""
    derivation = families()[family](depth)
    lines = [(*line, None) for line in derivation.gradients.items()] + [(s.left, s.right, s.where) for s in derivation.steps]
    for left, right, where in lines:
        assert isinstance(decided(derivation, left, right, where), Proved), (left, right)
    for pitfall in derivation.pitfalls:
        assert isinstance(decided(derivation, pitfall.gradient, derivation.fallen(pitfall)), Refuted), pitfall
