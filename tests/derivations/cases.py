"""What the tests of the catalogue run over: its entries, the opinions on a derivative, and the kernel's decisions, each made once."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
from hypothesis import settings

from derivations import catalogue
from verify.kernel.decision import Proved, Refuted, Tested
from verify.networks import axes
from verify.oracles.autodiff import autodiff
from verify.oracles.finite_differences import central_differences, complex_step
from verify.oracles.forward import Network, shape
from verify.oracles.second_opinion import Oracle, kernel
from verify.oracles.symbolic import symbolic
from verify.sympy_bridge import claim, program
from verify.workspace import Workspace

OPINIONS: Mapping[str, Oracle] = {
    "kernel": kernel,
    "symbolic": symbolic,
    "autodiff": autodiff,
    "complex_step": complex_step,
    "central_differences": central_differences,
}
TOLERANCE = 1e-7
"""Relative to the tensor's norm. An error of 0.05 % is at least 5e-4 over the root of the number of entries."""

each_entry = pytest.mark.parametrize("entry", catalogue())
each_opinion = pytest.mark.parametrize("opinion", OPINIONS)


def few(examples: int) -> int:
    """That many examples, and in proportion more under a larger profile of Hypothesis (``make catalogue``)."""
    return max(1, examples * settings.default.max_examples // 100)


@cache
def workspace(derivation):
    """One workspace a derivation, so that its Jacobians are made once."""
    return Workspace(program(derivation))


def decided(derivation, left, right, where=None):
    """The kernel's decision of one line of a derivation."""
    stated = claim(derivation, left, right, where)
    return workspace(derivation).decide(stated.left, stated.right, stated.conditions)


def holds(derivation, decision):
    """Whether a decision is what the page says of its lines: proved for all widths, or at those that it fixes; tested where it says why."""
    if isinstance(decision, Proved):
        return bool(derivation.sizes) or decision.scope == "all widths"
    return bool(derivation.tested) and isinstance(decision, Tested) and decision.bound_log2 <= -40


def remembered(opinion: str) -> Oracle:
    """The oracle of that name for one network, asked for each Jacobian of a program once."""
    found = {}

    def asked(of, name, wrt, network):
        key = (of, name, wrt)
        if key not in found:
            found[key] = OPINIONS[opinion](of, name, wrt, network)
        return found[key]

    return asked


def at_witness(of, decision):
    """The network of a refutation's witness; what the claim does not depend on is a half."""
    assert isinstance(decision, Refuted), decision
    sizes = dict.fromkeys(axes(of), 2) | dict(of.sizes) | dict(decision.witness.sizes)
    unseen = {leaf.name: np.full(shape(of, leaf.name, sizes), 0.5) for leaf in of.definitions if leaf.body is None}
    return Network(sizes, unseen | {name: np.array(values, dtype=float) for name, values in decision.witness.values})
