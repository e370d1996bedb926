"""Random networks for Hypothesis: widths, weights, inputs and targets of a program, where derivatives exist and can be told apart.

Hypothesis draws the widths, the kind of targets, the signs and a seed; the entries come from the seed, so that they are in general position
from the first example on. (Entries drawn one by one begin with a network of zeros, on which every gradient vanishes and nothing is seen.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from hypothesis import event, reject
from hypothesis import strategies as st

from verify.kernel.expr import Apply, Expr, Pow, Step
from verify.kernel.program import Definition, OneHot, Positive, Program, SumsToOne
from verify.oracles.forward import Array, Forward, Network, shape

SMALLEST = 3
"""With one unit the softmax is constant and every gradient is 0; identities that hold at two need not hold at three."""
LARGEST_ARGUMENT = 3.0
"""Beyond it sigmoid and tanh saturate, and a²(1 − a) becomes a(1 − a)."""
KINK = 0.05
"""The least distance of a step's argument from 0: there is no derivative at the kink, and differences must not reach across."""
SMALLEST_DENOMINATOR = 0.01
"""Also the least argument of a logarithm. Nearer to the pole, differences with a step of 1e-4 lose more than the tolerance."""
ATTEMPTS = 100


def axes(program: Program) -> tuple[str, ...]:
    """The names of the program's axes, in the order in which they appear."""
    return tuple(dict.fromkeys(axis for definition in program.definitions for axis in definition.axes))


@st.composite
def networks(draw: st.DrawFn, program: Program) -> Network:
    """Networks with widths that are pairwise different and at least 3, so that a swapped layer, a transpose or a missing sum shows.

    Every argument of exp, sigmoid, tanh … is at most 3 in size; every kink is at least 0.05 away, with some unit active at each ReLU, or
    all of them; logarithms and denominators are away from 0. Targets that are assumed to add up to 1 do, softly or one-hot. Sizes that the
    program fixes stay. Draws nothing (the example is discarded) if no such network is found.
    """
    free = [axis for axis in axes(program) if axis not in dict(program.sizes)]
    widths = draw(st.permutations(range(SMALLEST, SMALLEST + len(free))))
    return _drawn(draw, program, dict(zip(free, widths, strict=True)), lambda u: bool(np.any(u > 0)))


@st.composite
def degenerate_networks(draw: st.DrawFn, program: Program) -> Network:
    """Networks whose widths are all equal, 1 included.

    A test on these sees signs, factors and activations where the width is 2 or more. It does not see a transposed weight's shape, a
    swapped layer's shape, or 1/N of the wrong axis; at width 1 it sees no missing sum, and under a softmax nothing at all, for every
    gradient is 0. It is worth having because formulas that divide by a width, or slice an axis, break there first.
    """
    width = draw(st.integers(1, SMALLEST))
    event(f"every axis has {width}")
    return _drawn(draw, program, dict.fromkeys(axes(program), width), lambda u: True)


def _drawn(draw: st.DrawFn, program: Program, widths: dict[str, int], active: Callable[[Array], bool]) -> Network:
    sizes = widths | dict(program.sizes)
    hot, positive = draw(st.booleans(), label="one-hot targets"), draw(st.booleans(), label="positive weights")
    values = np.random.default_rng(draw(st.integers(0, 2**32 - 1), label="seed"))
    for _ in range(ATTEMPTS):
        leaves = {d.name: _leaf(program, d, sizes, values, hot, positive) for d in program.definitions if d.body is None}
        found = Network(sizes, leaves)
        patterns = _regular(program, found, active)
        if patterns is not None:
            for pattern in patterns:
                event(f"ReLU: {pattern}")
            return found
    reject()


def _regular(program: Program, network: Network, active: Callable[[Array], bool]) -> set[str] | None:
    """Which units are active at the kinks, in words, if the forward pass stays where it is smooth and does not saturate; else None."""
    fine, patterns = True, set[str]()

    def watch(node: Expr, value: Any) -> None:
        nonlocal fine
        match node:
            case Step():
                fine &= bool(np.min(np.abs(value)) >= KINK) and active(value)
                patterns.add("all active" if np.all(value > 0) else "none active" if np.all(value < 0) else "some active")
            case Apply("log", _, _):
                fine &= bool(np.min(value) >= SMALLEST_DENOMINATOR)
            case Apply():
                fine &= bool(np.max(np.abs(value)) <= LARGEST_ARGUMENT)
            case Pow(_, exponent) if exponent < 0 or exponent.denominator != 1:
                fine &= bool(np.min(value if exponent.denominator != 1 else np.abs(value)) >= SMALLEST_DENOMINATOR)

    with np.errstate(all="ignore"):
        Forward(network.sizes, watch=watch).run(program, network.leaves)
    return patterns if fine else None


def _leaf(program: Program, leaf: Definition, sizes: Mapping[str, int], draw: np.random.Generator, hot: bool, positive: bool) -> Array:
    """Entries of a leaf. A weight is drawn smaller the more units feed the next, so that few networks saturate and are drawn again."""
    of = shape(program, leaf.name, sizes)
    assumed = [a for a in program.assumptions if a.name == leaf.name]
    along = next((a.position for a in assumed if isinstance(a, (OneHot, SumsToOne))), None)
    if along is None:
        scale = 1.5 if len(of) < 2 else 2 / of[0] ** 0.5
        return draw.uniform(0.05 if positive or assumed else -scale, scale, of)
    if any(isinstance(a, OneHot) for a in assumed) or (hot and Positive(leaf.name) not in assumed):
        return np.moveaxis(np.eye(of[along])[draw.integers(of[along], size=of[:along] + of[along + 1 :])], -1, along)
    weights = draw.uniform(0.05, 1, of)
    return np.asarray(weights / weights.sum(axis=along, keepdims=True))
