r"""How many axes the members of a family of layers have, by what the document writes of any of them.

Small letters say nothing of it: ``z^l = w^l a^{l-1} + b^l``. Where some member is written with letters as its indices, ``w^{l+1}_{kj}``,
all have as many axes. A weight that is transposed in a factor of an elementwise product, ``(w^{l+1})^T \delta^{l+1} \odot …``, is a
matrix: of two vectors it would be a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from verify.meaning.symbols import Lexicon, letter_of, occurrence, occurrences_in, script_text
from verify.reading.syntax import Group, Nabla, Name, Node, Product, Scripted, Statement
from verify.reading.traversal import below, rewritten, walk

TRANSPOSES = ("T", "top", "intercal")
WEIGHT_LETTERS = frozenset({"w", "\\theta", "\\omega"})


def layers_by_entries(sides: Iterable[Node], words: Lexicon) -> dict[str, int]:
    """The number of axes of each layer ``w^{2}`` that the document writes without indices while it writes a layer of the same letter with
    them, always equally many; the number of axes of a weight's layers is 2 too where one is transposed in an elementwise product.
    """
    written: dict[str, set[int]] = {}
    bare: dict[str, dict[str, None]] = {}
    for side in sides:
        for occ in occurrences_in(side, words):
            stem = stem_of(occ.key)
            if stem is None:
                continue
            if occ.written and all(letter_of(term) is not None for term in occ.written):
                written.setdefault(stem, set()).add(len(occ.written))
            elif not occ.written:
                bare.setdefault(stem, {})[occ.key] = None
        for node in walk(side):
            if isinstance(node, Product) and node.operator in ("odot", "circ"):
                for stem in (stem_of(key) for factor in (node.left, node.right) for key in transposed_in(factor, words)):
                    if stem in WEIGHT_LETTERS:
                        written.setdefault(stem, set()).add(2)
    counts = {stem: min(found) for stem, found in written.items() if len(found) == 1 and min(found) <= 2}
    return {key: counts[stem] for stem, keys in bare.items() if stem in counts for key in keys}


def transposed_in(node: Node, words: Lexicon) -> Iterator[str]:
    """The keys that are transposed somewhere in a tree, ``w^{2}`` of ``(w^{2})^T``."""
    yield from (occ.key for occ in occurrences_in(node, words) if occ.transposed)
    for part in walk(node):
        if isinstance(part, Scripted) and isinstance(part.base, Group) and isinstance(part.sup, Name) and part.sup.text in TRANSPOSES:
            occ = occurrence(part.base.body, words) if isinstance(part.base.body, (Name, Scripted)) else None
            if occ is not None and not occ.written:
                yield occ.key


def with_layers_of_nablas(statements: Iterable[Statement]) -> list[Statement]:
    r"""The statements with the layer that a bare letter under a nabla stands for: ``\nabla_a C`` beside ``z^L`` is ``\nabla_{a^L} C``,
    where the document writes ``a`` with a layer everywhere else; spans stay.
    """
    listed = list(statements)
    layered: set[str] = set()
    alone: set[str] = set()
    for statement in listed:
        stack: list[Node] = [statement.content]
        while stack:
            node = stack.pop()
            if isinstance(node, Scripted) and node.sup is not None and (letter := letter_of(node.base)) is not None:
                layered.add(letter)
                stack.extend(script for script in (node.sub, node.sup) if script is not None)
            elif isinstance(node, Nabla) and (isinstance(node.wrt, Name) or node.wrt is None):
                stack.extend(() if node.body is None else (node.body,))
            elif (letter := letter_of(node)) is not None:
                alone.add(letter)
            else:
                stack.extend(below(node))
    return [replace(statement, content=_with_layers(statement.content, layered - alone)) for statement in listed]


def _with_layers(content: Node, letters: set[str]) -> Node:
    layers = {n.sup for n in walk(content) if isinstance(n, Scripted) and n.sup is not None and is_last(n.sup)}
    if len({script_text(layer) for layer in layers}) != 1 or not letters:
        return content
    layer = layers.pop()

    def change(node: Node) -> Node | None:
        if isinstance(node, Nabla) and isinstance(node.wrt, Name) and letter_of(node.wrt) in letters:
            return replace(node, wrt=Scripted(node.wrt.span, node.wrt, None, layer))
        return None

    return rewritten(content, change)


def is_last(script: Node) -> bool:
    """Whether a superscript is the letter of the last layer, ``L`` or ``(L)``."""
    while isinstance(script, Group) and script.body is not None:
        script = script.body
    return letter_of(script) == "L"


def stem_of(key: str) -> str | None:
    """The letter of a layer, ``w`` of ``w^{2}`` and ``w^{(2)}``; None for what is no layer."""
    stem, mark, _ = key.partition("^{")
    return stem if mark else None
