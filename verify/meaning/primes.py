r"""Primes and layers in one notation: ``g^{[1]'}``, ``g^{[1]\prime}``, ``{g^{[1]}}'`` become ``g'^{[1]}``."""

from __future__ import annotations

from dataclasses import replace

from verify.reading.syntax import Group, Juxtaposed, Name, Node, Scripted
from verify.reading.traversal import rewritten


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
