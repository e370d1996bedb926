"""Which definitions are written in matrix notation."""

from __future__ import annotations

from collections.abc import Mapping

from verify.meaning.axes import Defining
from verify.meaning.functions import indicated
from verify.meaning.losses import LOSSES
from verify.meaning.shapes import (
    indexed,
    is_matrix_definition,
)
from verify.meaning.symbols import (
    Lexicon,
    is_ones,
    keys_in,
    occurrence,
)
from verify.reading.syntax import (
    Big,
    Juxtaposed,
    Name,
    Node,
    Product,
    Scripted,
)
from verify.reading.traversal import walk


def in_matrix_notation(
    definitions: list[Defining], words: Lexicon, declared: dict[str, tuple[str, ...]], numbers: frozenset[str]
) -> list[Defining]:
    """The definitions in matrix notation: those that look so, and those that build on what they define without writing an index."""
    if any(is_loose(d, declared) for d in definitions) and not any(has_matrix_sign(d.body, words) for d in definitions):
        return []
    chosen = {d.key for d in definitions if is_matrix_definition(d, words, declared, numbers)}
    grown = True
    while grown:
        grown = False
        for d in definitions:
            if (
                d.key not in chosen
                and not d.written
                and not d.parameters
                and not indexed(d.body, words)
                and chosen & set(keys_in(d.body, words))
            ):
                chosen.add(d.key)
                grown = True
    return [d for d in definitions if d.key in chosen]


def is_loose(definition: Defining, declared: Mapping[str, tuple[str, ...]]) -> bool:
    r"""Whether factors that join by their axes define a quantity: a bare Σ over two symbols, ``z = \sum x w + b``, or one that leaves
    an axis of what it defines.

    A loss does not show it: ``L = -\\sum y \\log o`` is written in every notation.
    """
    if definition.key in LOSSES or definition.written:
        return False
    for node in walk(definition.body):
        if isinstance(node, Big) and node.operator == "sum" and node.lower is None and node.body is not None:
            factors = _factors(node.body)
            plain = len(factors) == 2 and all(isinstance(f, Name) or (isinstance(f, Scripted) and f.sup is None) for f in factors)
            return plain or bool(declared.get(definition.key))
    return False


def has_matrix_sign(body: Node, words: Lexicon) -> bool:
    """Whether a tree has what only matrix notation has: a transpose, a product entry by entry, a vector of ones."""
    indicators = {
        id(node.items[n - 1])
        for node in walk(body)
        if isinstance(node, Juxtaposed)
        for n in range(1, len(node.items))
        if indicated(node.items[n - 1], node.items[n]) is not None
    }
    for node in walk(body):
        if (isinstance(node, Product) and node.operator in ("odot", "circ")) or (is_ones(node) and id(node) not in indicators):
            return True
        occ = occurrence(node, words) if isinstance(node, (Name, Scripted)) else None
        if occ is not None and occ.transposed:
            return True
    return False


def _factors(node: Node) -> list[Node]:
    match node:
        case Product(_, operator, left, right) if operator in ("", "cdot", "times", "*", "."):
            return _factors(left) + _factors(right)
        case Juxtaposed(_, items):
            return [f for item in items for f in _factors(item)]
    return [node]
