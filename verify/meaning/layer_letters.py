"""Documents that tell layers apart by the letter of an index: ``a_i`` of the inputs, ``a_j`` of the hidden layer, ``a_k`` of the outputs.

There ``w_{ij}`` and ``w_{jk}`` are two matrices, and ``\\delta_j`` and ``\\delta_k`` two vectors. Each gets a tag of its own, so that the
rest of the reading sees the quantities that are meant.

A document writes so if its sums lead from one letter to the next, ``s_j = \\sum_i w_{ij} x_i`` and then ``s_k = \\sum_j w_{jk} y_j``,
always in one direction, and if nothing in it puts two of the letters side by side on one axis.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from verify.meaning.symbols import OPEN_FUNCTIONS, base_text, bound_letters, items_of, letter_of
from verify.notations.index import LAYER_TAGS
from verify.reading.syntax import Big, Chain, Derivative, Juxtaposed, Link, Name, Node, Scripted
from verify.reading.traversal import rewritten, walk


def plain_layers(roots: Sequence[Node]) -> list[Node]:
    """The trees with a tag on every quantity that the document has in several layers and tells apart by the letters of its indices."""
    path = layers(roots)
    if len(path) < 3 or any(letter != path[-1] for root in roots for letter in _summed_into_a_number(root) & set(path)):
        return list(roots)
    used: defaultdict[str, set[frozenset[str]]] = defaultdict(set)
    beside = [further_letters(root, path) for root in roots]
    for root, others in zip(roots, beside, strict=True):
        if any(isinstance(node, Derivative) for node in walk(root)):
            continue  # a gradient may be wrong in its letters: what there is stands in definitions
        for base, letters in _indexed(root):
            used[base].add(frozenset(others.get(letter, letter) for letter in letters))
    shared = {base for base, sets in used.items() if len(sets) > 1}
    if not shared or any(not letters <= set(path) for base in shared for letters in used[base]):
        return list(roots)  # a further letter: which layer it counts along is not said
    return [_tagged(root, shared, path, others) for root, others in zip(roots, beside, strict=True)]


def _tagged(root: Node, shared: set[str], path: Sequence[str], others: Mapping[str, str]) -> Node:
    """The tree with tags on the shared quantities; a weight belongs to the layer that it leads to."""

    def change(node: Node) -> Node | None:
        match node:
            case Scripted(_, Name() as base, sub, _, _) if sub is not None and base_text(base) in shared:
                letters = [others.get(letter, letter) for letter in _letters(sub)]
                if not letters or not set(letters) <= set(path):
                    return None
                tag = Name(sub.span, LAYER_TAGS[max(letters, key=path.index)], "text")
                sup = rewritten(node.sup, change) if node.sup is not None else None
                return replace(node, sub=Juxtaposed(sub.span, (tag, *items_of(sub))), sup=sup)
        return None

    return rewritten(root, change)


def further_letters(root: Node, path: Sequence[str]) -> dict[str, str]:
    r"""The letters of a formula that count along the layer of another one, by what both stand on: the l of ``e^{a_k} / \sum_l e^{a_l}``."""
    beside: defaultdict[str, set[str]] = defaultdict(set)
    for base, letters in _indexed(root):
        beside[base].update(letters)
    found: dict[str, str] = {}
    for letter in {letter for letters in beside.values() for letter in letters} - set(path):
        layers_of = {other for letters in beside.values() if letter in letters for other in letters & set(path)}
        if len(layers_of) == 1:
            found[letter] = layers_of.pop()
    return found


def layers(roots: Iterable[Node]) -> tuple[str, ...]:
    """The letters that stand for layers, from the inputs on; empty where letters do not tell layers apart."""
    steps: dict[str, str] = {}
    for root in roots:
        for one, other in _compared(root):
            if one != other:
                return ()
        if not isinstance(root, Chain) or not root.links or not (head := _head(root)):
            continue
        for link in root.links:
            for low in _summed_with(link.right, head) if link.right is not None else ():
                if steps.setdefault(head, low) != low:
                    return ()
    return _path(steps)


def _path(steps: dict[str, str]) -> tuple[str, ...]:
    """The letters of steps that form one path, from its start; empty for any other graph."""
    starts = set(steps.values()) - set(steps)
    above = {low: high for high, low in steps.items()}
    if len(starts) != 1 or len(above) != len(steps):
        return ()
    path = [starts.pop()]
    while path[-1] in above:
        path.append(above[path[-1]])
    return tuple(path)


def _head(chain: Chain) -> str:
    """The index letter of the quantity that a chain defines without a derivative, else ""."""
    match chain.first:
        case Scripted(_, Name(_, text, _, _), sub, None, 0) if sub is not None and text not in ("delta", *OPEN_FUNCTIONS):
            sides = (link.right for link in chain.links if link.right is not None)
            if chain.links[0].relation in ("=", ":=", "equiv") and not any(isinstance(n, Derivative) for s in sides for n in walk(s)):
                return letter_of(sub) or ""
    return ""


def _summed_with(side: Node, head: str) -> Iterator[str]:
    """The letters over which a side sums a weight with that letter and the head's, times something of that letter."""
    for node in walk(side):
        if isinstance(node, Big) and node.operator == "sum" and node.lower is not None and node.body is not None:
            indexed = list(_indexed(node.body))
            for letter in bound_letters(node.lower):
                carry = [{*letters} for _, letters in indexed if letter in letters]
                if letter != head and {letter, head} in carry and {letter} in carry:
                    yield letter


def _summed_into_a_number(root: Node) -> set[str]:
    """The letters over which the definition of a quantity without indices sums, as the loss does over the outputs; not those of weights."""
    match root:
        case Chain(_, Name(), (Link(_, _, right), *_)) if right is not None:
            bodies = [(n.body, n.lower) for n in walk(right) if isinstance(n, Big) and n.lower is not None and n.body is not None]
            return {c for body, lower in bodies if all(len(s) == 1 for _, s in _indexed(body)) for c in bound_letters(lower)}
    return set()


def _indexed(root: Node) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names with one or two letters below them and nothing else there: the name, and the letters."""
    for node in walk(root):
        match node:
            case Scripted(_, Name() as base, sub, _, _) if sub is not None and not _is_delta(node):
                if letters := _letters(sub):
                    yield base_text(base), letters


def _letters(sub: Node) -> tuple[str, ...]:
    """The one or two letters that a subscript consists of; none for any other subscript."""
    letters = [letter_of(item) or "" for item in items_of(sub)]
    return tuple(letters) if len(letters) <= 2 and all(letters) else ()


def _is_delta(node: Scripted) -> bool:
    """Whether a symbol may be Kronecker's."""
    return isinstance(node.base, Name) and node.base.text == "delta" and node.sub is not None and len(items_of(node.sub)) == 2


def _compared(root: Node) -> Iterator[tuple[str, str]]:
    """The pairs of letters that a tree puts on one axis: by a Kronecker delta, or by comparing them."""
    for node in walk(root):
        match node:
            case Scripted(_, _, sub, _, _) if sub is not None and _is_delta(node):
                if len(letters := _letters(sub)) == 2:
                    yield letters[0], letters[1]
            case Chain(_, first, (Link(_, "=" | "!=", right), *_)) if first is not None and right is not None:
                if (a := letter_of(first)) and (b := letter_of(right)):
                    yield a, b
