"""Numerical differentiation: complex step and central differences, away from kinks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from verify.kernel.program import Program
from verify.oracles.forward import Array, Forward, Network

COMPLEX_STEP = 1e-30
CENTRAL_STEP = 1e-4


def complex_step(program: Program, quantity: str, wrt: str, network: Network) -> Array:
    """The Jacobian of a quantity by another, the first one's axes first: Im f(x + ih) / h, exact to rounding where f is analytic.

    ``wrt`` is taken as a free variable. A ReLU is decided by the real part. Source: Squire and Trapp, SIAM Review 40 (1998).
    """
    return _columns(program, quantity, wrt, network, lambda of, _: of(1j * COMPLEX_STEP).imag / COMPLEX_STEP)


def central_differences(program: Program, quantity: str, wrt: str, network: Network) -> Array:
    """The Jacobian of a quantity by another, the first one's axes first, by the five-point formula with error O(h⁴).

    ``wrt`` is taken as a free variable. The step h is a ten-thousandth of the entry, at most 1e-4 and at least 1e-5; assumes that no
    kink and no end of a domain lies within 2h. Source: Abramowitz and Stegun, 25.3.6.
    """

    def slope(of: Callable[[complex], Any], entry: float) -> Any:
        h = CENTRAL_STEP * min(1.0, max(0.1, abs(entry)))
        return (8 * (of(h) - of(-h)) - (of(2 * h) - of(-2 * h))) / (12 * h)

    return _columns(program, quantity, wrt, network, slope)


def _columns(program: Program, quantity: str, wrt: str, network: Network, slope: Callable[[Callable[[complex], Any], float], Any]) -> Array:
    """The slopes along each entry of ``wrt``, put side by side; ``slope`` sees the quantity as a function of the entry's displacement."""
    forward = Forward(network.sizes)
    at = np.asarray(forward.run(program, network.leaves)[wrt])
    columns = []
    for entry in np.ndindex(at.shape):
        direction = np.zeros(at.shape)
        direction[entry] = 1

        def of(displacement: complex, direction: Array = direction) -> Any:
            return forward.run(program, {**network.leaves, wrt: at + displacement * direction})[quantity]

        columns.append(slope(of, float(at[entry])))
    result = np.stack(columns, axis=-1)
    return np.asarray(result.reshape(result.shape[:-1] + at.shape), dtype=float)
