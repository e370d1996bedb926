"""Dots written out: ``A_3 \\cdots A_1`` as ``A_3 A_2 A_1``, ``w_1 x_1 + \\dots + w_n x_n`` as a sum over an index.

The terms before and behind the dots must be one term with other numbers; anything else keeps its dots, and is unread.
"""

from __future__ import annotations

from dataclasses import fields, replace

from verify.reading.syntax import Added, Big, Chain, Ellipsis, Juxtaposed, Link, Name, Node, Number, Product
from verify.reading.traversal import below, rewritten

MOST = 8
"""The longest product that is written out."""


def without_dots(node: Node, fresh: str) -> Node:
    """The tree with the dots in its sums and products written out where the terms around them say how; ``fresh`` is a letter that the
    document does not use.
    """

    def change(n: Node) -> Node | None:
        match n:
            case Added(_, signs, terms) if any(isinstance(t, Ellipsis) for t in terms):
                return _summed(n, signs, tuple(rewritten(t, change) for t in terms), fresh)
            case Product() | Juxtaposed():
                flat = _factors(n)
                if any(isinstance(f, Ellipsis) for f in flat):
                    return _multiplied(n, [rewritten(f, change) for f in flat])
        return None

    return rewritten(node, change)


def _factors(node: Node) -> list[Node]:
    match node:
        case Product(_, operator, left, right) if operator in ("cdot", "times", "*", ""):
            return _factors(left) + _factors(right)
        case Juxtaposed(_, items):
            return [f for item in items for f in _factors(item)]
    return [node]


def _multiplied(node: Node, factors: list[Node]) -> Node | None:
    """The product written out from the factor before the dots to the one behind them; None where they are not one factor counted on."""
    at = next(n for n, f in enumerate(factors) if isinstance(f, Ellipsis))
    if not 0 < at < len(factors) - 1 or sum(isinstance(f, Ellipsis) for f in factors) > 1:
        return None
    first, last = factors[at - 1], factors[at + 1]
    pairs = differing(first, last)
    if pairs is None or not all(isinstance(a, Number) and isinstance(b, Number) for a, b in pairs):
        return None
    if not pairs:
        members = [first]  # the shortest of the family: both ends are one
    else:
        gaps = {_value(b) - _value(a) for a, b in pairs}
        if len(gaps) != 1 or not 0 < abs(gap := gaps.pop()) <= MOST:
            return None
        step = 1 if gap > 0 else -1
        moving = {id(a) for a, _ in pairs}
        members = [_counted(first, moving, step * n) for n in range(abs(gap))] + [last]
    every = (*factors[: at - 1], *members, *factors[at + 2 :])
    return every[0] if len(every) == 1 else Juxtaposed(node.span, every)


def _counted(node: Node, moving: set[int], by: int) -> Node:
    """A member with the numbers that count moved on."""
    return rewritten(node, lambda n: Number(n.span, str(_value(n) + by)) if isinstance(n, Number) and id(n) in moving else None)


def _value(node: Node) -> int:
    return int(node.text) if isinstance(node, Number) and node.text.isdigit() else 0


def _summed(node: Added, signs: tuple[str, ...], terms: tuple[Node, ...], fresh: str) -> Node | None:
    """``u_1 + u_2 + … + u_n`` as ``Σ u``; None where the terms around the dots are not one term counted from 1 to a letter or number."""
    at = next(n for n, t in enumerate(terms) if isinstance(t, Ellipsis))
    if not 0 < at < len(terms) - 1 or sum(isinstance(t, Ellipsis) for t in terms) > 1:
        return None
    last = terms[at + 1]
    start = at
    while start > 0 and signs[start - 1] == signs[at + 1] and differing(terms[start - 1], last):
        start -= 1
    run = terms[start:at]
    for n, term in enumerate(run, 1):
        pairs = differing(term, last) or []
        if {_value(a) for a, _ in pairs} != {n}:
            return None
    if not run:
        return None
    pairs = differing(run[0], last) or []
    ends = {b for _, b in pairs}
    if len(ends) != 1:
        return None
    places = {id(a) for a, _ in pairs}
    letter = Name(node.span, fresh)
    body = rewritten(run[0], lambda n: replace(letter, span=n.span) if isinstance(n, Number) and id(n) in places else None)
    lower = Chain(node.span, letter, (Link(node.span, "=", Number(node.span, "1")),))
    total: Node = Big(node.span, "sum", lower, ends.pop(), body)
    every = (*terms[:start], total, *terms[at + 2 :])
    kept = (*signs[:start], signs[at + 1], *signs[at + 2 :])
    return total if len(every) == 1 and kept == ("+",) else Added(node.span, kept, every)


def differing(one: Node, other: Node) -> list[tuple[Node, Node]] | None:
    """The places where two trees have different numbers, or a number and a letter; None where they differ in anything else."""
    if one == other:
        return []
    if isinstance(one, Number) and isinstance(other, (Number, Name)):
        return [(one, other)]
    if type(one) is not type(other):
        return None
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name != "span" and a != b and isinstance(a, (str, int, bool)):
            return None
    ours, theirs = below(one), below(other)
    if len(ours) != len(theirs) or not ours:
        return None
    found: list[tuple[Node, Node]] = []
    for a_node, b_node in zip(ours, theirs, strict=True):
        more = differing(a_node, b_node)
        if more is None:
            return None
        found.extend(more)
    return found
