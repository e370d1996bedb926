"""Each derivative that a verdict rests on, held against an independent oracle at one random network.

An oracle never makes a verdict; where one disagrees with the kernel, the verdict becomes ``unread`` and says so.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from random import Random

import numpy as np

from verify.judging.judgement import Judgement
from verify.kernel.expr import Derivative, Tensor
from verify.kernel.program import OneHot, Program, SumsToOne, nodes
from verify.oracles.autodiff import autodiff
from verify.oracles.forward import Network, Unsupported, disagreement
from verify.oracles.second_opinion import kernel

TOLERANCE = 1e-6
WIDTHS = (3, 5, 4, 6)


def with_second_opinions(judgements: list[Judgement]) -> list[Judgement]:
    """The judgements, those with a derivative on which autodiff and the kernel disagree set to unread."""
    out = []
    for judgement in judgements:
        agreed = True
        for quantity, wrt in sorted(derivatives_of(judgement)):
            assert judgement.decider is not None
            known = judgement.decider.agreed
            if (quantity, wrt) not in known:
                known[quantity, wrt] = agree(judgement.decider.assumed.program, quantity, wrt)
            agreed = agreed and known[quantity, wrt]
        doubt = "the engines disagree on a derivative; this is a bug of backproof"
        out.append(judgement if agreed else replace(judgement, verdict="unread", reason=doubt))
    return out


def derivatives_of(judgement: Judgement) -> frozenset[tuple[str, str]]:
    """The (quantity, by which) pairs of the derivatives between named quantities that a judgement's claim names."""
    claim = judgement.claim
    if claim is None or judgement.verdict not in ("proved", "tested", "slip", "refuted", "follows"):
        return frozenset()
    return frozenset(
        (node.body.name, node.wrt.name)
        for node in nodes({}, claim.left, claim.right)
        if isinstance(node, Derivative) and isinstance(node.body, Tensor)
    )


def agree(program: Program, quantity: str, wrt: str) -> bool:
    """Whether the kernel's Jacobian and autodiff's are the same at a random network; True where the oracle has no rule for a function."""
    network = random_network(program)
    try:
        with np.errstate(all="ignore"):
            one, other = kernel(program, quantity, wrt, network), autodiff(program, quantity, wrt, network)
    except Unsupported:
        return True
    if not (np.all(np.isfinite(one)) and np.all(np.isfinite(other))):
        return True
    return disagreement(one, other) <= TOLERANCE


def random_network(program: Program) -> Network:
    """A network with widths at least 3 and small weights; targets that meet the program's assumptions. The same on every run."""
    axes = sorted({axis for d in program.definitions for axis in d.axes})
    fixed = dict(program.sizes)
    sizes = {axis: fixed.get(axis, WIDTHS[n % len(WIDTHS)]) for n, axis in enumerate(axes)}
    draw = Random(0)
    leaves = {}
    for definition in program.definitions:
        if definition.body is not None:
            continue
        shape = tuple(sizes[a] for a in definition.axes)
        values = np.array([draw.uniform(0.1, 1.0) for _ in range(int(np.prod(shape)))]).reshape(shape)
        if len(shape) > 1:
            values = (values - 0.5) / sqrt(shape[0])
        for assumption in program.assumptions:
            if assumption.name == definition.name and isinstance(assumption, (SumsToOne, OneHot)):
                values = values / values.sum(axis=assumption.position, keepdims=True)
        leaves[definition.name] = values
    return Network(sizes, leaves)
