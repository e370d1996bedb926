"""What the sign of a sum says of its letters: where it ends and begins."""

from __future__ import annotations

from verify.reading.syntax import (
    Big,
    Chain,
    Group,
    Link,
    Node,
    Number,
    Scripted,
)


def is_sum(node: Node) -> bool:
    """Whether a node is a sum, or a power of one, in parentheses or not: a bare Σ sums what the line lacks wherever it stands."""
    while isinstance(node, (Group, Scripted)):
        if isinstance(node, Group) and node.delimiter not in ("(", "[", "{"):
            return False
        node = node.body if isinstance(node, Group) else node.base
    return isinstance(node, Big)


def ends_at(node: Big) -> int | None:
    """How many positions a sum from 0 or 1 to a number runs over, else None."""
    if not (isinstance(node.upper, Number) and node.upper.text.isdigit() and isinstance(node.lower, Chain) and len(node.lower.links) == 1):
        return None
    start = node.lower.links[0].right
    if node.lower.links[0].relation != "=" or not isinstance(start, Number) or start.text not in ("0", "1"):
        return None
    count = int(node.upper.text) + 1 - int(start.text)
    return count if count > 0 else None


def begins_at_zero(node: Big) -> bool:
    """Whether the positions of a big operator are counted from 0."""
    match node.lower:
        case Chain(_, _, (Link(_, "=", Number(_, "0")),)):
            return True
    return False
