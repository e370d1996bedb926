"""The test of the test: a gradient made wrong, however little, must fail each of the opinions."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import catalogue
from tests.derivations.cases import OPINIONS, TOLERANCE, at_witness, each_entry, each_opinion, few, remembered, workspace
from verify.kernel.decision import Refuted
from verify.kernel.expr import Derivative, Index, Prod, Step, Sum, Tensor, children, mul, neg, num, rebuild
from verify.networks import networks
from verify.oracles.second_opinion import gap
from verify.sympy_bridge import claim, program


def occurrences(expr, scope):
    """Every entry of a tensor in an expression, with the indices in force where it stands; not those that only a step's sign depends on."""
    if isinstance(expr, Step):
        return
    if isinstance(expr, Tensor):
        yield expr, scope
    inner = (*scope, expr.index) if isinstance(expr, (Sum, Prod)) else scope
    for child in children(expr):
        yield from occurrences(child, inner)


def exchanged(expr, old, new):
    """The expression with one entry written for another, everywhere."""
    return new if expr == old else rebuild(expr, tuple(exchanged(child, old, new) for child in children(expr)))


def kin(one, other):
    """Whether two quantities are the same letter in two layers: ``a_h1`` and ``a_h2``."""
    return one != other and one.partition("_")[0] == other.partition("_")[0]


def swaps(stated):
    """The claim with a tensor in the place of another: the same letter of another layer first, then any that fits the indices in force."""
    definitions = stated.program.definitions
    found = []
    for entry, scope in occurrences(stated.right, tuple(sorted(stated.left.free))):
        letters = {i.axis: i for i in (*scope, *(p for p in entry.indices if isinstance(p, Index)))}
        for d in definitions:
            if d.name != entry.name and all(axis in letters for axis in d.axes) and len(set(d.axes)) == len(d.axes):
                found.append((not kin(d.name, entry.name), entry, Tensor(d.name, tuple(letters[axis] for axis in d.axes))))
    for _, old, new in sorted(found, key=lambda f: f[0]):
        yield replace(stated, right=exchanged(stated.right, old, new))
    letters = {i.axis: i for i in stated.left.free}
    for d in definitions:  # a step is the same of a ReLU's input and output: then the whole side is another tensor
        if all(axis in letters for axis in d.axes):
            yield replace(stated, right=Tensor(d.name, tuple(letters[axis] for axis in d.axes)))


def refuted(derivation, stated):
    """Whether the kernel refutes a claim on a derivation."""
    return isinstance(workspace(derivation).decide(stated.left, stated.right), Refuted)


def swapped(derivation, stated):
    """The claim with another tensor in it. A swap may leave it right (a ReLU's step by its output): the first one that is wrong counts."""
    return next(c for c in swaps(stated) if refuted(derivation, c))


@each_opinion
@each_entry
@settings(max_examples=few(1))
@given(data=st.data())
def test_slightly_wrong_gradients_fail(entry, opinion, data):
    """Wrong by 0.05 % or by its sign: each opinion says no, on a network that it was not chosen for."""
    derivation = catalogue()[entry]
    network, oracle = data.draw(networks(program(derivation))), remembered(opinion)
    for derivative, closed in derivation.gradients.items():
        stated = claim(derivation, derivative, closed)
        for factor in (Fraction(10005, 10000), Fraction(-1)):
            wrong = replace(stated, right=mul(num(factor), stated.right))
            assert gap(wrong, network, oracle) > 10 * TOLERANCE, (derivative.name, factor)


@each_entry
def test_wrong_gradients_are_refuted(entry):
    """Wrong by 0.05 %, by its sign, or by a tensor of another layer (where none fits, another tensor): the kernel refutes it; the oracles
    see the exchange at the kernel's witness."""
    derivation = catalogue()[entry]
    for derivative, closed in derivation.gradients.items():
        stated = claim(derivation, derivative, closed)
        assert refuted(derivation, replace(stated, right=mul(num(Fraction(10005, 10000)), stated.right))), derivative.name
        assert refuted(derivation, replace(stated, right=neg(stated.right))), derivative.name
        other = swapped(derivation, stated)
        network = at_witness(stated.program, workspace(derivation).decide(other.left, other.right))
        for opinion, oracle in OPINIONS.items():
            with np.errstate(all="ignore"):  # away from the witness's entry the wrong side may have no value
                assert gap(other, network, oracle) > 10 * TOLERANCE, (derivative.name, opinion)


def test_swap_takes_another_layer_where_it_fits():
    """In the gradient of the first weight a layer's quantity is exchanged for that of another layer, not for just any tensor."""
    derivation = catalogue()["relu_sigmoid_softmax_mlp"]
    right = claim(derivation, *derivation.gradient("dL/dw_h1"))
    names = {t.name for t, _ in occurrences(right.right, ())}
    others = {t.name for t, _ in occurrences(swapped(derivation, right).right, ())}
    (gone,), new = names - others, others - names
    assert kin(gone, next(iter(new or names - {gone})))
    assert isinstance(right.left, Derivative)
