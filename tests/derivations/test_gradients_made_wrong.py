"""The test of the test: a gradient made wrong, however little, must fail each of the four opinions."""

from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import catalogue
from tests.derivations.cases import OPINIONS, TOLERANCE, each_gradient, each_opinion
from verify.kernel.decision import Refuted
from verify.kernel.expr import Derivative, Index, Prod, Step, Sum, Tensor, children, mul, neg, num, rebuild
from verify.networks import networks
from verify.oracles.second_opinion import gap
from verify.sympy_bridge import claim, program
from verify.workspace import Workspace


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


@cache
def workspace(entry):
    """One workspace an entry, so that its Jacobians are made once."""
    return Workspace(program(catalogue()[entry]))


def refuted(entry, stated):
    """Whether the kernel refutes a claim on an entry."""
    return isinstance(workspace(entry).decide(stated.left, stated.right), Refuted)


@cache
def wrong(entry, gradient, way):
    """The claim of a gradient made wrong. A swap may leave it right (a ReLU's step by its output): the first one that is wrong counts."""
    derivation = catalogue()[entry]
    stated = claim(derivation, *derivation.gradient(gradient))
    match way:
        case "0.05%":
            return replace(stated, right=mul(num(Fraction(10005, 10000)), stated.right))
        case "sign":
            return replace(stated, right=neg(stated.right))
    return next(c for c in swaps(stated) if refuted(entry, c))


each_way = pytest.mark.parametrize("way", ["0.05%", "sign", "swapped"])


@each_way
@each_gradient
def test_wrong_gradient_is_refuted(entry, gradient, way):
    """Wrong by 0.05 %, by its sign, or by another tensor: the kernel refutes it."""
    assert refuted(entry, wrong(entry, gradient, way))


@each_opinion
@each_way
@each_gradient
@settings(max_examples=2)
@given(data=st.data())
def test_wrong_gradient_fails(entry, gradient, way, opinion, data):
    """Wrong by 0.05 %, by its sign, or by a tensor of another layer (where none fits, another tensor): each opinion says no."""
    stated = wrong(entry, gradient, way)
    network = data.draw(networks(stated.program))
    assert gap(stated, network, OPINIONS[opinion]) > 10 * TOLERANCE


def test_swap_takes_another_layer_where_it_fits():
    """In the gradient of the first weight a layer's quantity is exchanged for that of another layer, not for just any tensor."""
    derivation = catalogue()["relu_sigmoid_softmax_mlp"]
    right = claim(derivation, *derivation.gradient("dL/dw_h1"))
    names = {t.name for t, _ in occurrences(right.right, ())}
    swapped = {t.name for t, _ in occurrences(wrong("relu_sigmoid_softmax_mlp", "dL/dw_h1", "swapped").right, ())}
    (gone,), new = names - swapped, swapped - names
    assert kin(gone, next(iter(new or names - {gone})))
    assert isinstance(right.left, Derivative)
