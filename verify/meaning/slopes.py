"""What ``dX`` means in a document: the derivative of the loss by X, that of each sample's loss, a differential, or d times X."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from verify.kernel.expr import Size, Tensor
from verify.kernel.program import nodes
from verify.meaning.network import Network
from verify.meaning.symbols import occurrence
from verify.reading.syntax import Chain, Derivative, Fraction, Juxtaposed, Name, Node, Product, Scripted
from verify.reading.traversal import walk

USUAL_COUNTS = frozenset({"m", "n", "N", "M", "B"})
"""Letters for a number of samples."""


def with_slopes(network: Network, sides: Iterable[Node], chains: Iterable[Chain]) -> Network:
    """The network with what the document's sides and chains say of ``dX``."""
    listed = list(chains)
    heads = [chain.first for chain in listed if chain.first is not None]
    return replace(
        network,
        differentials=any(quantity_of(side, network) == network.root is not None for side in sides),
        gradients=any(quantity_of(head, network) in network.slots.keys() - {network.root} for head in heads),
        per_sample=leaves_the_mean(network, listed),
        averaged=averaged(network, listed),
    )


def quantity_of(node: Node, network: Network) -> str | None:
    """X of a tree that is ``dX`` and nothing else."""
    if isinstance(node, Juxtaposed) and len(node.items) == 2:
        return next(slopes(node, network), None)
    return None


def slopes(node: Node, network: Network) -> Iterator[str]:
    """The quantities X that stand behind a d in a tree."""
    for part in walk(node):
        for head, quantity in pairwise(part.items) if isinstance(part, Juxtaposed) else ():
            if isinstance(head, Name) and head.text == "d" and not head.accents and isinstance(quantity, (Name, Scripted)):
                occ = occurrence(quantity, network.words)
                if occ is not None:
                    yield occ.key


def leaves_the_mean(network: Network, chains: Iterable[Chain]) -> bool:
    """Whether the loss is a mean over samples and the document takes that mean where it forms ``dW = 1/m dZ …`` from the samples' dZ."""
    loss = network.program.by_name.get(network.root or "")
    if loss is None or loss.body is None or not any(isinstance(n, Size) and n.axis in network.samples for n in nodes({}, loss.body)):
        return False
    counts = {name for name, axis in network.sizes.items() if axis in network.samples}

    def of_samples(node: Node) -> set[bool]:
        return {bool(network.samples & set(network.slots[key])) for key in slopes(node, network) if key in network.slots}

    for chain in chains:
        if chain.first is None or of_samples(chain.first) != {False}:
            continue
        for side in (link.right for link in chain.links if link.right is not None):
            if True in of_samples(side) and any(is_mean(n, counts) for n in walk(side)):
                return True
    return False


def averaged(network: Network, chains: Iterable[Chain]) -> tuple[str, bool] | None:
    """The number of samples by which the document divides the gradients of parameters alone, ``dW = 1/m dZ A^T``, and whether its loss is
    divided by it too; None where another rule holds.
    """
    loss = network.program.by_name.get(network.root or "")
    if loss is None or loss.body is None or any(isinstance(n, Size) for n in nodes({}, loss.body)):
        return None
    numbers = USUAL_COUNTS & ({d.name for d in network.program.definitions if d.body is None and not d.indices} | network.sizes.keys())
    found: set[str] = set()
    for chain in chains:
        left = quantity_of(chain.first, network) if chain.first is not None else None
        definition = network.program.by_name.get(left or "")
        for side in (link.right for link in chain.links if link.right is not None):
            counts = {c for c in numbers if any(is_mean(n, {c}) for n in walk(side))}
            if left is None or definition is None or not counts or not any(True for _ in slopes(side, network)):
                continue
            if definition.body is not None:
                return None  # the gradient of a layer is divided too
            found |= counts
    if len(found) != 1:
        return None
    count = found.pop()
    of_a_mean = any(isinstance(n, Tensor) and n.name == count for n in nodes({}, loss.body)) or said_to_be_of_the_loss(network, chains)
    return count, of_a_mean


def said_to_be_of_the_loss(network: Network, chains: Iterable[Chain]) -> bool:
    r"""Whether the document writes ``dW = \\partial J / \\partial W`` of a parameter and its loss."""
    for chain in chains:
        key = quantity_of(chain.first, network) if chain.first is not None else None
        for side in (link.right for link in chain.links):
            if key is None or not isinstance(side, Derivative) or side.numerator is None or len(side.denominators) != 1:
                continue
            over, by = occurrence(side.numerator, network.words), occurrence(side.denominators[0], network.words)
            if over is not None and by is not None and (over.key, by.key) == (network.root, key):
                return True
    return False


def is_mean(node: Node, counts: set[str]) -> bool:
    """Whether a node is ``1/m``, or something else divided by m, with the number of samples m."""
    match node:
        case Fraction(_, _, Name(_, text)) | Product(_, "/", _, Name(_, text)):
            return text in counts
    return False
