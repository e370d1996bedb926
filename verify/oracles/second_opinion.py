"""What an oracle says of a claim: both sides in numbers at one network, every derivative by the oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from verify.floats import FLOAT
from verify.kernel.calculus import Resolver
from verify.kernel.expr import ONE, Derivative, Expr, Index, Tensor, children, delta, fresh, mul, rebuild, sub
from verify.kernel.program import Claim, Condition, Definition, Equal, Program
from verify.oracles.forward import Array, Forward, Network, disagreement
from verify.plans import Plan, Point

Oracle = Callable[[Program, str, str, Network], Array]


def evaluate(program: Program, expr: Expr, indices: tuple[Index, ...], network: Network, oracle: Oracle) -> Array:
    """The values of an expression at a network as an array with these axes, in this order; each derivative in it is the oracle's.

    ``indices`` include the free ones. Fails with Unsupported for a derivative inside another, or a function without a rule.
    """
    forward = Forward(network.sizes)
    known = forward.run(program, network.leaves)

    def looked_up(e: Expr) -> Expr:
        if not isinstance(e, Derivative):
            return rebuild(e, tuple(looked_up(child) for child in children(e)))
        name, of, within = f"∂{len(known)}", e.body, program
        if not isinstance(of, Tensor):
            quantity = Definition(name + " of", tuple(sorted(of.free)), of)
            of, within = Tensor(quantity.name, quantity.indices), replace(program, definitions=(*program.definitions, quantity))
        known[name] = oracle(within, of.name, e.wrt.name, network)
        return Tensor(name, of.indices + e.wrt.indices)

    return np.asarray(forward.array(looked_up(expr), indices, known), dtype=float)


def kernel(program: Program, quantity: str, wrt: str, network: Network) -> Array:
    """The kernel's own Jacobian in numbers: no second opinion, but what those are held against."""
    columns: tuple[Index, ...] = ()
    for index in program.by_name[wrt].indices:
        columns += (fresh(index, {*program.by_name[quantity].indices, *columns}),)
    rows = program.by_name[quantity].indices
    resolver = Resolver(program)
    resolved = resolver.resolve(Derivative(Tensor(quantity, rows), Tensor(wrt, columns)))
    point = Point(Plan(resolver.definitions), network.sizes, network.leaves, FLOAT)
    return np.asarray(point.array(resolved, rows + columns), dtype=float)


def _holds(condition: Condition) -> Expr:
    same = delta(condition.left, condition.right)
    return same if isinstance(condition, Equal) else sub(ONE, same)


def gap(claim: Claim, network: Network, oracle: Oracle) -> float:
    """The disagreement of a claim's two sides at a network, where its conditions hold; 0 for a true claim, up to rounding."""
    where = mul(*map(_holds, claim.conditions))
    indices = tuple(sorted(claim.left.free | claim.right.free | where.free))
    left, right = (evaluate(claim.program, mul(where, side), indices, network, oracle) for side in (claim.left, claim.right))
    return disagreement(left, right)
