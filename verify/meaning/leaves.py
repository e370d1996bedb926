"""The leaves of a network that no line declares: symbols that are never introduced, learning rates."""

from __future__ import annotations

from dataclasses import replace

from verify.kernel.expr import Index
from verify.kernel.program import Definition
from verify.meaning.definitions import Line
from verify.meaning.network import Network
from verify.meaning.strangers import free_variables
from verify.meaning.symbols import (
    keys_in,
    numbered_entry,
)
from verify.reading.syntax import (
    Chain,
    Node,
)

SCALARS = frozenset({"\\eta", "\\alpha", "\\lambda", "\\gamma", "\\epsilon", "\\varepsilon", "\\mu", "\\rho", "lr"})


def with_free_symbols(network: Network, sides: list[Node], heads: set[str]) -> Network:
    """The network with the symbols that the document never introduces as leaves."""
    every = free_variables(sides, network, heads | SCALARS)
    found = {key: axes for key, axes in every.items() if numbered_entry(key, network.slots) is None}
    leaves = tuple(Definition(key, tuple(Index(placeholder(n), axis) for n, axis in enumerate(axes))) for key, axes in found.items())
    program = replace(network.program, definitions=(*leaves, *network.program.definitions))
    return replace(network, slots={**network.slots, **found}, program=program, free=frozenset(found))


def placeholder(n: int) -> str:
    return "ijklmnpqrs"[n] if n < 10 else f"i{n}"


def with_rates(network: Network, every: list[Line]) -> Network:
    """The network with the free scalars of updates (learning rates, decay) as leaves."""
    found: dict[str, None] = {}
    for line in every:
        content = line.statement.content
        if isinstance(content, Chain):
            for link in content.links:
                if link.right is not None:
                    found.update(dict.fromkeys(key for key in keys_in(link.right, network.words) if key in SCALARS))
    new = [key for key in found if key not in network.slots]
    leaves = tuple(Definition(key) for key in new)
    return replace(
        network,
        slots={**network.slots, **dict.fromkeys(new, ())},
        program=replace(network.program, definitions=(*leaves, *network.program.definitions)),
    )
