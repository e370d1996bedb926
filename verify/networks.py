"""Random networks for Hypothesis: widths, weights, inputs and targets of a program, where derivatives exist and can be told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import assume, event
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from verify.kernel.expr import Apply, Expr, Pow, Step
from verify.kernel.program import Definition, OneHot, Positive, Program, SumsToOne
from verify.oracles.forward import Array, Forward, Network, shape

SMALLEST = 3
"""With one unit the softmax is constant and every gradient is 0; identities that hold at two need not hold at three."""
LARGEST_ARGUMENT = 3.0
"""Beyond it sigmoid and tanh saturate, and a²(1 − a) becomes a(1 − a)."""
KINK = 0.05
"""The least distance of a step's argument from 0: there is no derivative at the kink, and differences must not reach across."""
SMALLEST_DENOMINATOR = 1e-3
GRID = 16


def axes(program: Program) -> tuple[str, ...]:
    """The names of the program's axes, in the order in which they appear."""
    return tuple(dict.fromkeys(axis for definition in program.definitions for axis in definition.axes))


@st.composite
def networks(draw: st.DrawFn, program: Program) -> Network:
    """Networks with widths that are pairwise different and at least 3, so that a swapped layer, a transpose or a missing sum shows.

    Every argument of exp, sigmoid, tanh … is at most 3 in size; every kink is at least 0.05 away, with some unit active at each ReLU;
    logarithms and denominators are away from 0. Targets that are assumed to add up to 1 do, softly or one-hot. Sizes that the program
    fixes stay.
    """
    free = [axis for axis in axes(program) if axis not in dict(program.sizes)]
    widths = draw(st.permutations(range(SMALLEST, SMALLEST + len(free))))
    network = draw(_filled(program, dict(program.sizes) | dict(zip(free, widths, strict=True))))
    assume(_regular(program, network, lambda u: bool(np.any(u > 0))))
    return network


@st.composite
def degenerate_networks(draw: st.DrawFn, program: Program) -> Network:
    """Networks whose widths are all equal, 1 included.

    A test on these sees signs, factors and activations where the width is 2 or more. It does not see a transposed weight's shape, a
    swapped layer's shape, or 1/N of the wrong axis; at width 1 it sees no missing sum, and under a softmax nothing at all, for every
    gradient is 0. It is worth having because formulas that divide by a width, or slice an axis, break there first.
    """
    width = draw(st.integers(1, SMALLEST))
    network = draw(_filled(program, dict(program.sizes) | {axis: width for axis in axes(program) if axis not in dict(program.sizes)}))
    event(f"every axis has {width}")
    assume(_regular(program, network, lambda u: True))
    return network


def _regular(program: Program, network: Network, active: Callable[[Array], bool]) -> bool:
    """Whether the forward pass stays where it is smooth and does not saturate."""
    fine: list[bool] = []

    def watch(node: Expr, value: Any) -> None:
        match node:
            case Step():
                fine.append(bool(np.min(np.abs(value)) >= KINK) and active(value))
                event(f"ReLU: {'all' if np.all(value > 0) else 'some'} active")
            case Apply("log", _, _):
                fine.append(bool(np.min(value) >= SMALLEST_DENOMINATOR))
            case Apply():
                fine.append(bool(np.max(np.abs(value)) <= LARGEST_ARGUMENT))
            case Pow(_, exponent) if exponent < 0 or exponent.denominator != 1:
                fine.append(bool(np.min(value if exponent.denominator != 1 else np.abs(value)) >= SMALLEST_DENOMINATOR))

    with np.errstate(all="ignore"):
        Forward(network.sizes, watch=watch).run(program, network.leaves)
    return all(fine)


@st.composite
def _filled(draw: st.DrawFn, program: Program, sizes: dict[str, int]) -> Network:
    leaves = {d.name: draw(_leaf(program, d, sizes)) for d in program.definitions if d.body is None}
    return Network(sizes, leaves)


def _leaf(program: Program, leaf: Definition, sizes: dict[str, int]) -> st.SearchStrategy[Array]:
    """Values on a grid. A weight is drawn smaller the more units feed the next, so that few networks saturate and are thrown away."""
    of = shape(program, leaf.name, sizes)
    assumed = [a for a in program.assumptions if a.name == leaf.name]
    for assumption in assumed:
        if isinstance(assumption, OneHot):
            return _one_hot(of, assumption.position)
    for assumption in assumed:
        if isinstance(assumption, SumsToOne):
            soft = _soft(of, assumption.position)
            return soft if Positive(leaf.name) in assumed else st.one_of(_one_hot(of, assumption.position), soft)
    if assumed:
        return _grid(of, 1, GRID).map(lambda a: a / GRID)
    scale = 1.5 if len(of) < 2 else 2 / of[0] ** 0.5
    return _grid(of, -GRID, GRID).map(lambda a: a * scale / GRID)


def _grid(of: tuple[int, ...], low: int, high: int) -> st.SearchStrategy[Array]:
    return hnp.arrays(np.int64, of, elements=st.integers(low, high), fill=st.nothing()).map(lambda a: a.astype(float))


def _soft(of: tuple[int, ...], along: int) -> st.SearchStrategy[Array]:
    return _grid(of, 1, GRID).map(lambda a: a / a.sum(axis=along, keepdims=True))


def _one_hot(of: tuple[int, ...], along: int) -> st.SearchStrategy[Array]:
    rest = of[:along] + of[along + 1 :]
    places = hnp.arrays(np.int64, rest, elements=st.integers(0, of[along] - 1), fill=st.nothing())
    return places.map(lambda at: np.moveaxis(np.eye(of[along])[at], -1, along))
