r"""``\delta h`` for the derivative of the loss by h, where the document says that it is: ``\delta h_t = \frac{\partial L}{\partial h_t}``.

It is then what ``dh`` is elsewhere, for every quantity behind a ``\delta``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from verify.reading.syntax import Chain, Derivative, Juxtaposed, Name, Node, Scripted, Statement
from verify.reading.traversal import rewritten, walk


def with_delta_slopes(statements: Iterable[Statement]) -> list[Statement]:
    r"""The statements with ``d`` for each ``\delta`` before a symbol, if one of them says that this is a derivative; spans stay."""
    listed = list(statements)
    if not any(says_slope(s.content) for s in listed) or any(_apart(n) for s in listed for n in walk(s.content)):
        return listed
    return [replace(s, content=rewritten(s.content, _as_d)) for s in listed]


def says_slope(content: Node) -> bool:
    r"""Whether a line says that ``\delta X`` is a derivative by X."""
    match content:
        case Chain(_, Juxtaposed(_, (delta, symbol)), links) if is_delta(delta):
            slopes = (link.right for link in links if isinstance(link.right, Derivative))
            return any(slope.denominators == (symbol,) for slope in slopes)
    return False


def is_delta(node: Node) -> bool:
    r"""Whether a node is ``\delta`` and nothing else."""
    return isinstance(node, Name) and node.text == "delta" and not node.accents


def _apart(node: Node) -> bool:
    """Whether δ has scripts of its own, and is a quantity."""
    return isinstance(node, Scripted) and is_delta(node.base)


def _as_d(node: Node) -> Node | None:
    if not isinstance(node, Juxtaposed):
        return None
    before = {id(one) for one, other in pairwise(node.items) if is_delta(one) and isinstance(other, (Name, Scripted))}
    if not before:
        return None
    return replace(node, items=tuple(Name(i.span, "d") if id(i) in before else rewritten(i, _as_d) for i in node.items))
