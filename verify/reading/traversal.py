"""Walking and rewriting syntax trees: children, descendants, replacement of one node."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from operator import is_
from typing import Any, cast

from verify.reading.syntax import Node

KEPT = 300
"""How many nodes are kept at most of a walk: with those below a node at every depth, memory stays a multiple of the text."""


class _Fields(dict[type[Node], tuple[str, ...]]):
    """The fields that may hold nodes, of each class of nodes that was asked for."""

    def __missing__(self, cls: type[Node]) -> tuple[str, ...]:
        every = fields(cls)
        self[cls] = tuple(f.name for f in every if f.name != "span" and f.type not in ("str", "int", "bool", "tuple[str, ...]"))
        return self[cls]


_FIELDS = _Fields()


def below(node: Node) -> list[Node]:
    """The nodes directly below a node, in reading order."""
    found: list[Node] = []
    for name in _FIELDS[type(node)]:
        value = getattr(node, name)
        if value is None:
            continue
        if type(value) is tuple:
            _collect(value, found)
        elif isinstance(value, Node):
            found.append(value)
    return found


def _collect(values: tuple[object, ...], found: list[Node]) -> None:
    for value in values:
        if isinstance(value, Node):
            found.append(value)
        elif type(value) is tuple:
            _collect(value, found)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, parents first; an explicit stack, so that depth does not matter.

    The same formulas are walked through many times: what a walk found is kept with the node where it began.
    """
    yield node
    yield from _under(node)


def _under(node: Node) -> Sequence[Node]:
    """What stands below a node, without the node itself: it would hold itself in memory."""
    try:
        return node.found
    except AttributeError:
        pass
    found: list[Node] = []
    stack = below(node)[::-1]
    while stack:
        top = stack.pop()
        found.append(top)
        stack.extend(reversed(below(top)))
    if len(found) <= KEPT:
        object.__setattr__(node, "found", found)
    return found


def classes(node: Node) -> frozenset[type[Node]]:
    """The classes of the node and of everything below it; kept with every node, so that a tree with a new part is soon told."""
    stack = [node]
    while stack:
        top = stack[-1]
        if hasattr(top, "kinds"):
            stack.pop()
            continue
        parts = below(top)
        missing = [part for part in parts if not hasattr(part, "kinds")]
        stack.extend(missing)
        if not missing:
            object.__setattr__(top, "kinds", _SETS.setdefault(kinds := frozenset([type(top)]).union(*(p.kinds for p in parts)), kinds))
    return node.kinds


_SETS: dict[frozenset[type[Node]], frozenset[type[Node]]] = {}
"""Each set of classes once: there are few of them, and many nodes."""


def replaced(root: Node, old: Node, new: Node) -> Node:
    """The tree with one node (found by identity) replaced by another; the rest keeps its spans."""
    if root is old:
        return new
    for name in _FIELDS[type(root)]:
        value = getattr(root, name)
        moved = replaced(value, old, new) if isinstance(value, Node) else _replaced_in(value, old, new)
        if moved is not value:
            return replace(root, **cast(dict[str, Any], {name: moved}))
    return root


def _replaced_in(value: object, old: Node, new: Node) -> object:
    if type(value) is not tuple:
        return value
    for n, item in enumerate(value):
        moved = replaced(item, old, new) if isinstance(item, Node) else _replaced_in(item, old, new)
        if moved is not item:
            return (*value[:n], moved, *value[n + 1 :])
    return value


def with_parts(node: Node, **parts: object) -> Node:
    """The node with other parts; the node itself where they are the same ones."""
    for name, part in parts.items():
        was = getattr(node, name)
        same = len(part) == len(was) and all(map(is_, part, was)) if type(part) is tuple and type(was) is tuple else part is was
        if not same:
            return replace(node, **cast(dict[str, Any], parts))
    return node


def rewritten(root: Node, change: Callable[[Node], Node | None]) -> Node:
    """The tree with every node for which ``change`` gives another one replaced by that; what is put in is not visited again."""
    new = change(root)
    if new is not None:
        return new
    updates: dict[str, Any] = {}
    for name in _FIELDS[type(root)]:
        value = getattr(root, name)
        moved = _rewritten_value(value, change)
        if moved is not value:
            updates[name] = moved
    return replace(root, **updates) if updates else root


def _rewritten_value(value: object, change: Callable[[Node], Node | None]) -> object:
    if isinstance(value, Node):
        return rewritten(value, change)
    if isinstance(value, tuple):
        moved = tuple(_rewritten_value(item, change) for item in value)
        return moved if any(a is not b for a, b in zip(moved, value, strict=True)) else value
    return value
