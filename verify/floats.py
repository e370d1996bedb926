"""What plans are run over: floats, complex numbers and balls. They choose what is worth trying, and decide nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import flint
import numpy as np

from verify.kernel.evaluate import FUNCTIONS, Balls
from verify.plans import Numbers

_FUNCTIONS: dict[str, Callable[[Any], Any]] = {f: getattr(np, f) for f in ("exp", "log", "sin", "cos", "sinh", "cosh", "tanh")} | {
    "atan": np.arctan,
    "sigmoid": lambda u: 1 / (1 + np.exp(-u)),
    "softplus": lambda u: np.log(1 + np.exp(u)),
}


def _step(u: Any) -> Any:
    return np.where(u > 0, 1.0, np.where(u < 0, 0.0, np.nan))[()]


FLOAT = Numbers(
    lambda v: np.asarray(v, dtype=float)[()],
    lambda: np.float64(np.pi),
    _FUNCTIONS | {"erf": np.vectorize(math.erf, otypes=[float])},
    _step,
    1 << 21,
)
COMPLEX = Numbers(
    lambda v: np.asarray(v).astype(complex)[()],
    lambda: np.complex128(np.pi),
    _FUNCTIONS | {"erf": np.vectorize(lambda u: complex(flint.acb(u).erf()), otypes=[complex])},
    lambda u: _step(u.real),
    1 << 21,
)


def _each(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    each: Callable[[Any], Any] = np.frompyfunc(function, 1, 1)
    return each


_BALLS = Balls({})
BALL = Numbers(
    _each(_BALLS.number),
    flint.arb.pi,
    {name: _each(partial(_BALLS.apply, name, 0)) for name in FUNCTIONS},
    _each(_BALLS.step),
    1 << 16,
)
