"""Reverse-mode automatic differentiation by HIPS autograd."""

from __future__ import annotations

from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np

from verify.kernel.program import Program
from verify.oracles.forward import Array, Forward, Network


def autodiff(program: Program, quantity: str, wrt: str, network: Network) -> Array:
    """The Jacobian of a quantity by another, the first one's axes first, by autograd on the forward pass.

    What the program computes between the leaves and ``wrt`` is left out: ``wrt`` is taken as a free variable. Fails with Unsupported where
    the program has a function that the forward pass has no rule for.
    """
    forward = Forward(network.sizes, anp)
    at = Forward(network.sizes).run(program, network.leaves)[wrt]

    def of(value: Any) -> Any:
        found = forward.run(program, {**network.leaves, wrt: value})[quantity]
        return found + 0.0 * anp.sum(value)  # autograd warns of what does not depend on the value at all: there 0 is the derivative

    return np.asarray(autograd.jacobian(of)(np.asarray(at, dtype=float)))
