"""Which leaves of a network sum to 1, as the shape of its losses suggests."""

from __future__ import annotations

from verify.kernel import expr as k
from verify.kernel.expr import Index
from verify.kernel.program import SumsToOne, nodes
from verify.meaning.network import Network


def known_to(network: Network) -> frozenset[SumsToOne]:
    """An assumption Σ = 1 for each of the network's leaves with an axis: the suggested one, else along the last axis."""
    suggested = {a.name: a for a in sums_to_one(network)}
    leaves = (d for d in network.program.definitions if d.body is None and d.indices)
    return frozenset(suggested.get(d.name, SumsToOne(d.name, len(d.indices) - 1)) for d in leaves)


def sums_to_one(network: Network) -> frozenset[SumsToOne]:
    """The assumptions Σy = 1 that the shape of the losses suggests: for each leaf that stands before a logarithm, along its last axis that
    counts no samples.
    """
    found: set[SumsToOne] = set()
    leaves = {d.name: d for d in network.program.definitions if d.body is None}
    for definition in network.program.definitions:
        if definition.body is not None:
            for node in nodes({}, definition.body):
                if isinstance(node, k.Mul) and any(_has_log(f) for f in node.factors):
                    for f in node.factors:
                        if isinstance(f, k.Tensor) and f.name in leaves and f.indices:
                            classes = [at for at, axis in enumerate(leaves[f.name].axes) if axis not in network.samples]
                            at = classes[-1] if classes else len(f.indices) - 1
                            if isinstance(f.indices[at], Index):
                                found.add(SumsToOne(f.name, at))
    return frozenset(found)


def _has_log(expr: k.Expr) -> bool:
    return any(isinstance(n, k.Apply) and n.function == "log" for n in nodes({}, expr))
