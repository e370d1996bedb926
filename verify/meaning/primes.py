r"""Primes and layers in one notation: ``g^{[1]'}``, ``g^{[1]\prime}``, ``{g^{[1]}}'`` become ``g'^{[1]}``; and primed indices as letters of
their own: ``\sum_{k'} a_{k'}``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from verify.meaning.symbols import USUAL_INDICES, letter_of
from verify.reading.syntax import Big, Group, Juxtaposed, Name, Node, Scripted, Statement
from verify.reading.traversal import rewritten, walk, with_parts


def plain_primes(node: Node) -> Node:
    """The tree with every prime beside a layer in brackets on the letter itself; spans stay."""

    def change(n: Node) -> Node | None:
        if not isinstance(n, Scripted):
            return None
        match n.base, n.sup:
            case Name(), Scripted(_, Group(_, "[" | "(", _) as layer, None, None, primes) if primes:
                return replace(n, sup=layer, primes=n.primes + primes)
            case Name(), Juxtaposed(_, (Group(_, "[" | "(", _) as layer, Name(_, "prime"))):
                return replace(n, sup=layer, primes=n.primes + 1)
            case Scripted(_, Name(), _, Group(_, "[" | "(", _), 0) as inner, None if n.primes and n.sub is None:
                return replace(inner, span=n.span, primes=n.primes)
        return None

    return rewritten(node, change)


def without_primed_indices(statements: Iterable[Statement]) -> list[Statement]:
    """The statements with every primed index as a letter that the document does not use; spans stay."""
    listed = list(statements)
    trees = [tree for s in listed for tree in (s.content, *s.conditions)]
    primed = dict.fromkeys((letter, index.primes) for tree in trees for place in _places(tree) for letter, index in _primed(place))
    if not primed:
        return listed
    used = {n.text for tree in trees for n in walk(tree) if isinstance(n, Name)}
    free = dict(zip(primed, sorted(USUAL_INDICES - used), strict=False))

    def as_letter(node: Node) -> Node | None:
        found = next((free.get((letter, index.primes)) for letter, index in _primed(node) if index is node), None)
        return Name(node.span, found) if found is not None else None

    def change(node: Node) -> Node | None:
        match node:
            case Scripted(_, base, sub, sup, _) if any(True for place in _places(node, deep=False) for _ in _primed(place)):
                sub = rewritten(sub, as_letter) if sub is not None else None
                sup = rewritten(sup, as_letter if isinstance(sup, Group) else change) if sup is not None else None
                return with_parts(node, base=rewritten(base, change), sub=sub, sup=sup)
            case Big(_, _, lower, _, body) if lower is not None:
                return with_parts(node, lower=rewritten(lower, as_letter), body=rewritten(body, change) if body is not None else None)
        return None

    return [
        replace(s, content=rewritten(s.content, change), conditions=tuple(rewritten(c, as_letter) for c in s.conditions)) for s in listed
    ]


def _places(root: Node, deep: bool = True) -> Iterator[Node]:
    """The parts of a tree in which a primed letter is an index: subscripts, superscripts in brackets, lower bounds."""
    for node in walk(root) if deep else (root,):
        match node:
            case Scripted(_, _, sub, sup, _):
                yield from (part for part in (sub, sup if isinstance(sup, Group) else None) if part is not None)
            case Big(_, _, lower, _, _) if lower is not None:
                yield lower


def _primed(root: Node) -> Iterator[tuple[str, Scripted]]:
    """The primed letters in a tree, each with its letter."""
    for node in walk(root):
        match node:
            case Scripted(_, Name() as base, None, None, primes) if primes and (letter := letter_of(base)):
                yield letter, node
