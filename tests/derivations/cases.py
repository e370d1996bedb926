"""What the tests of the catalogue run over: its entries, their gradients, and the four opinions on a derivative."""

from collections.abc import Mapping

import pytest

from derivations import catalogue
from verify.oracles.autodiff import autodiff
from verify.oracles.finite_differences import central_differences, complex_step
from verify.oracles.second_opinion import Oracle, kernel
from verify.oracles.symbolic import symbolic

OPINIONS: Mapping[str, Oracle] = {
    "kernel": kernel,
    "symbolic": symbolic,
    "autodiff": autodiff,
    "complex_step": complex_step,
    "central_differences": central_differences,
}
TOLERANCE = 1e-7
"""Relative to the tensor's norm. An error of 0.05 % is at least 5e-4 over the root of the number of entries."""

GRADIENTS = [(name, derivative.name) for name, derivation in catalogue().items() for derivative in derivation.gradients]
STEPS = [(name, n) for name, derivation in catalogue().items() for n in range(len(derivation.steps))]
PITFALLS = [(name, n) for name, derivation in catalogue().items() for n in range(len(derivation.pitfalls))]

each_opinion = pytest.mark.parametrize("opinion", OPINIONS)
each_gradient = pytest.mark.parametrize(("entry", "gradient"), GRADIENTS, ids=[f"{e}-{g}" for e, g in GRADIENTS])
