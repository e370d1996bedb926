r"""Vectors in plain letters: inner products ``\theta^T x^{(i)}`` and ``u_o^T v_c`` in documents that set nothing in bold.

Where the document also writes the entries of both factors, ``\theta_j`` and ``x_j^{(i)}``, the product becomes a sum over them; else the
factors with an index are vectors, as if they were set in bold. A function of a vector, ``h_\theta(x)``, is put in where it is called.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from verify.meaning.symbols import TRANSPOSES, Lexicon, base_text, items_of, occurrence
from verify.reading.syntax import Big, Chain, Ellipsis, Group, Juxtaposed, Name, Node, Product, Scripted, Span
from verify.reading.traversal import rewritten, walk

ENTRY = "κ"
"""The letter of the sums that inner products become."""
Change = Callable[[Node], Node]


def vectors_made_plain(roots: Sequence[Node], words: Lexicon) -> Change | None:
    """The change that makes the inner products of a document plain, or None where there are none to be."""
    pairs = [pair for root in roots for pair in inner_products(root, words)]
    if not pairs:
        return None
    counts: defaultdict[str, set[int]] = defaultdict(set)
    for root in roots:
        for node in walk(root):
            occ = occurrence(node, words) if isinstance(node, (Name, Scripted)) else None
            if occ is not None:
                counts[occ.key].add(len(occ.written))
    by_entries: set[str] = set()
    as_bold: set[str] = set()
    for one, other in pairs:
        first, second = occurrence(one, words), occurrence(other, words)
        assert first is not None and second is not None
        if len(first.written) + 1 in counts[first.key] and len(second.written) + 1 in counts[second.key]:
            by_entries |= {first.key, second.key}
        else:
            as_bold |= {occ.key for occ in (first, second) if occ.written}
    functions = dict(f for root in roots if (f := vector_function(root, by_entries, words)) is not None)
    functions = {key: found for key, found in functions.items() if any(_is_called_elsewhere(root, key, found[0], words) for root in roots)}

    def change(root: Node) -> Node:
        if functions:
            root = _called(root, functions, words)
        if by_entries:
            root = _summed(root, by_entries, words)
        if by_entries:
            root = _samples_apart(root, by_entries, counts, words)
        return _bold(root, as_bold - by_entries, words) if as_bold - by_entries else root

    return change if by_entries or as_bold else None


def inner_products(root: Node, words: Lexicon) -> Iterator[tuple[Node, Node]]:
    """The pairs ``a^T b`` of two symbols in plain letters of which one has an index, or both have none."""
    for node in walk(root):
        factors = node.items if isinstance(node, Juxtaposed) else (node.left, node.right) if isinstance(node, Product) else ()
        for one, other in pairwise(factors):
            if is_inner(one, other, words):
                yield one, other


def is_inner(one: Node, other: Node, words: Lexicon) -> bool:
    """Whether two factors are ``a^T b`` in plain small letters."""
    if not isinstance(one, Scripted) or not isinstance(other, (Name, Scripted)):
        return False
    first, second = occurrence(one, words), occurrence(other, words)
    if first is None or second is None or not first.transposed or second.transposed or first.exponent or second.exponent:
        return False
    return all(is_plain_small(n) for n in (one, other))


def is_plain_small(node: Node) -> bool:
    """Whether a symbol is a small letter that is not in bold."""
    name = node.base if isinstance(node, Scripted) else node
    return isinstance(name, Name) and name.font in ("", "it") and not name.text[:1].isupper()


def indexed(node: Node) -> Node:
    """The symbol with the letter of entries behind its indices, without a transpose."""
    letter = Name(node.span, ENTRY)
    if isinstance(node, Name):
        return Scripted(node.span, node, letter)
    assert isinstance(node, Scripted)
    sup = None if isinstance(node.sup, Name) and node.sup.text in TRANSPOSES else node.sup
    items = (*items_of(node.sub), letter) if node.sub is not None else (letter,)
    return replace(node, sub=items[0] if len(items) == 1 else Juxtaposed(node.span, items), sup=sup)


def _summed(root: Node, keys: set[str], words: Lexicon) -> Node:
    def named(node: Node) -> bool:
        occ = occurrence(node, words)
        return occ is not None and occ.key in keys

    def total(one: Node, other: Node) -> Node:
        span = Span(one.span.start, other.span.end)
        body = Juxtaposed(span, (indexed(one), indexed(other)))
        return Group(span, "(", Big(span, "sum", Name(span, ENTRY), None, body))

    def change(node: Node) -> Node | None:
        if isinstance(node, Product) and is_inner(node.left, node.right, words) and named(node.left) and named(node.right):
            return total(node.left, node.right)
        if isinstance(node, Juxtaposed):
            out: list[Node] = []
            queue = list(node.items)
            while queue:
                item = queue.pop(0)
                if queue and is_inner(item, queue[0], words) and named(item) and named(queue[0]):
                    out.append(total(item, queue.pop(0)))
                else:
                    out.append(rewritten(item, change))
            return out[0] if len(out) == 1 else replace(node, items=tuple(out))
        return None

    return rewritten(root, change)


def vector_function(root: Node, keys: set[str], words: Lexicon) -> tuple[str, tuple[str, Node]] | None:
    """The name, the parameter and the body of a function ``h(x) = …`` of one vector, else None."""
    if not isinstance(root, Chain) or not isinstance(root.first, Juxtaposed) or not root.links or root.links[0].right is None:
        return None
    match root.first.items:
        case (Name() | Scripted() as head, Group(_, "(", Name() as parameter)) if base_text(parameter) in keys:
            occ = occurrence(head, words)
            if occ is not None and not occ.written and root.links[0].relation in ("=", ":=", "equiv", "def"):
                sides = [link.right for link in root.links if link.right is not None]
                plain = [side for side in sides if not any(isinstance(n, Ellipsis) for n in walk(side))]
                return occ.key, (base_text(parameter), (plain or sides)[-1])
    return None


def _is_called_elsewhere(root: Node, key: str, parameter: str, words: Lexicon) -> bool:
    """Whether a tree has a call of a function with another argument than the vector that it is defined with: not so of a loss ``J(w)``."""
    seen: list[bool] = []
    for node in walk(root):
        for head, argument in pairwise(node.items) if isinstance(node, Juxtaposed) else ():
            occ = occurrence(head, words) if isinstance(head, (Name, Scripted)) else None
            if occ is not None and occ.key == key and isinstance(argument, Group):
                seen.append(isinstance(argument.body, Name) and base_text(argument.body) == parameter)
    return not all(seen)


def _called(root: Node, functions: dict[str, tuple[str, Node]], words: Lexicon) -> Node:
    """The tree with the body put in for each call of a function of a vector; its definition, and a call with the vector that it is
    defined with, lose their argument."""

    def put(body: Node, parameter: str, argument: Node) -> Node:
        def change(node: Node) -> Node | None:
            base = node.base if isinstance(node, Scripted) else node
            if not isinstance(base, Name) or base_text(base) != parameter:
                return None
            if isinstance(node, Scripted) and isinstance(argument, Scripted):
                return replace(argument, sub=node.sub if argument.sub is None else argument.sub)
            return replace(node, base=argument) if isinstance(node, Scripted) and isinstance(argument, Name) else argument

        return Group(body.span, "(", rewritten(body, change))

    def change(node: Node) -> Node | None:
        if isinstance(node, Juxtaposed):
            out: list[Node] = []
            queue = list(node.items)
            while queue:
                item = queue.pop(0)
                occ = occurrence(item, words) if isinstance(item, (Name, Scripted)) else None
                found = functions.get(occ.key) if occ is not None else None
                if found is not None and queue and isinstance(queue[0], Group) and isinstance(queue[0].body, (Name, Scripted)):
                    argument = queue.pop(0)
                    assert isinstance(argument, Group) and occ is not None
                    is_own = isinstance(argument.body, Name) and base_text(argument.body) == found[0]
                    inner = {key: one for key, one in functions.items() if key != occ.key}
                    out.append(item if is_own else _called(put(found[1], found[0], argument.body), inner, words))
                else:
                    out.append(rewritten(item, change))
            return out[0] if len(out) == 1 else replace(node, items=tuple(out))
        return None

    own = vector_function(root, {f[0] for f in functions.values()}, words)
    if isinstance(root, Chain) and isinstance(root.first, Juxtaposed) and own is not None and own[0] in functions:
        links = tuple(replace(link, right=rewritten(link.right, change)) if link.right is not None else link for link in root.links)
        return replace(root, first=root.first.items[0], links=links)
    return rewritten(root, change)


def _samples_apart(root: Node, keys: set[str], counts: dict[str, set[int]], words: Lexicon) -> Node:
    """The tree with ``x^{(i)}`` as another quantity than x where the document has both."""

    def change(node: Node) -> Node | None:
        if not isinstance(node, Scripted) or not isinstance(node.base, Name) or not isinstance(node.sup, Group):
            return None
        occ = occurrence(replace(node, sub=None), words)
        if occ is None or not occ.written or not (occ.key in keys and {0, 1, 2} <= counts[occ.key]):
            return None
        return replace(node, base=replace(node.base, accents=(*node.base.accents, "check")))

    return rewritten(root, change)


def _bold(root: Node, keys: set[str], words: Lexicon) -> Node:
    """The tree with some symbols set in bold where they have an index."""

    def change(node: Node) -> Node | None:
        occ = occurrence(node, words) if isinstance(node, (Name, Scripted)) else None
        if occ is None or occ.key not in keys or not occ.written:
            return None
        assert isinstance(node, Scripted) and isinstance(node.base, Name)
        return replace(node, base=replace(node.base, font="bf"))

    return rewritten(root, change)


__all__ = ["vectors_made_plain"]
