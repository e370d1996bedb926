"""Layers that a document numbers above a letter, ``A^{[2]}``, and below it, ``A_2`` or ``A_{[2]}``, in one notation: above."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from verify.meaning.symbols import TRANSPOSES, base_text
from verify.reading.syntax import Chain, Group, Juxtaposed, Name, Node, Number, Scripted
from verify.reading.traversal import rewritten, walk


def with_layers_above(roots: Sequence[Node]) -> list[Node]:
    """The trees with the number of a layer above its letter, for the letters that have it there somewhere, and never have both.

    A quantity that is defined with the number below is one of its own.
    """
    nodes = [n for root in roots for n in walk(root) if isinstance(n, Scripted)]
    above = {found for node in nodes for found in _above(node)}
    both = {base_text(n.base) for n in nodes if isinstance(n.base, Name) and n.sub is not None and any(True for _ in _above(n))}
    heads = (root.first for root in roots if isinstance(root, Chain) and root.links)
    own = {base_text(h.base) for h in heads if isinstance(h, Scripted) and isinstance(h.base, Name) and _below(h) is not None}
    wanted = {(base, number) for base, number in above if base not in both | own}
    if not wanted:
        return list(roots)

    def change(node: Node) -> Node | None:
        match node:
            case Scripted(span, Name() as base, _, sup, 0) if (number := _below(node)) and (base_text(base), number.text) in wanted:
                layer = Group(number.span, "[", number)
                match sup:
                    case None:
                        return replace(node, sub=None, sup=layer)
                    case Name(_, text) if text in TRANSPOSES:
                        return replace(node, sub=None, sup=Juxtaposed(span, (layer, sup)))
                    case Number():
                        return replace(node, base=Group(span, "(", Scripted(span, base, None, layer)), sub=None)
        return None

    return [rewritten(root, change) for root in roots]


def _above(node: Scripted) -> Iterator[tuple[str, str]]:
    """The name and the number of ``A^{[2]}``, also transposed or of one sample."""
    sup = node.sup.items[0] if isinstance(node.sup, Juxtaposed) else node.sup
    match node.base, sup:
        case Name() as base, Group(_, "[", Number(_, number)):
            yield base_text(base), number


def _below(node: Scripted) -> Number | None:
    """The number of ``A_2`` and ``A_{[2]}``."""
    inner = node.sub.body if isinstance(node.sub, Group) and node.sub.delimiter == "[" else node.sub
    return inner if isinstance(inner, Number) else None
