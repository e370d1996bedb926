"""What an entry shows beside its gradients: the lines of its proof, each decided, and its pitfalls, each refuted."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import catalogue, families
from derivations._entry import Rule
from tests.derivations.cases import OPINIONS, TOLERANCE, at_witness, decided, each_entry, few, holds, remembered
from verify.kernel.decision import Proved, Refuted
from verify.networks import networks
from verify.oracles.second_opinion import gap
from verify.sympy_bridge import claim, program


@each_entry
def test_steps_are_proved(entry):
    """Each line of the proof is proved as its page says, under its case condition, and names a rule of the closed list; no line is A = A
    after SymPy has put both sides into its own order."""
    derivation = catalogue()[entry]
    for step in derivation.steps:
        decision = decided(derivation, step.left, step.right, step.where)
        assert holds(derivation, decision), (step, decision)
        assert step.rule in get_args(Rule)
        assert step.left != step.right


@each_entry
@settings(max_examples=few(1))
@given(data=st.data())
def test_steps_in_numbers(entry, data):
    """Each line of the proof holds in numbers, with the derivatives in it by autodiff."""
    derivation = catalogue()[entry]
    network, oracle = data.draw(networks(program(derivation))), remembered("autodiff")
    for step in derivation.steps:
        assert gap(claim(derivation, step.left, step.right, step.where), network, oracle) < TOLERANCE, step


@each_entry
def test_pitfalls_are_refuted(entry):
    """Each known mistake is refuted by the kernel, and at the kernel's witness each opinion finds the two sides apart as well."""
    derivation = catalogue()[entry]
    of = program(derivation)
    for pitfall in derivation.pitfalls:
        wrong = derivation.fallen(pitfall)
        decision = decided(derivation, pitfall.gradient, wrong)
        assert isinstance(decision, Refuted), (pitfall, decision)
        network = at_witness(of, decision)
        for opinion, oracle in OPINIONS.items():
            assert gap(claim(derivation, pitfall.gradient, wrong), network, oracle) > 10 * TOLERANCE, (pitfall, opinion)


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
