"""The sides of a document's lines, and the lines with their formulas rewritten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from verify.meaning.abbreviations import (
    as_letter,
    plain_components,
    plain_entries,
)
from verify.meaning.definitions import Line
from verify.meaning.symbols import (
    Lexicon,
    letter_of,
    lexicon,
)
from verify.reading.syntax import (
    Chain,
    Name,
    Node,
    Statement,
)
from verify.reading.traversal import walk


def numbered(every: Iterable[Line]) -> Iterator[tuple[int, Node]]:
    """The statements of lines with the lines' numbers."""
    return ((line.number, line.statement.content) for line in every)

def plain_statements(statements: Iterable[Statement]) -> list[Statement]:
    """The statements with indices that are entries, the ``y_i`` of ``p_{y_i}``, as letters; also where one is compared with an index."""
    listed = [replace(s, content=plain_components(plain_entries(s.content))) for s in statements]
    entries = {n.text for s in listed for n in walk(s.content) if isinstance(n, Name) and "_" in (letter_of(n) or "")}
    if not entries:
        return listed
    return [
        replace(s, content=plain_condition(s.content, entries), conditions=tuple(plain_condition(c, entries) for c in s.conditions))
        for s in listed
    ]


def plain_condition(node: Node, entries: set[str]) -> Node:
    """``k \\neq y_i`` with both sides as letters; any other node unchanged."""
    if not isinstance(node, Chain) or node.first is None or len(node.links) != 1 or node.links[0].right is None:
        return node
    one, other = node.first, node.links[0].right
    plain = [letter if isinstance(letter := as_letter(side), Name) and letter.text in entries else side for side in (one, other)]
    if plain == [one, other] or not all(letter_of(side) for side in plain):
        return node
    return replace(node, first=plain[0], links=(replace(node.links[0], right=plain[1]),))


def rewritten_lines(
    every: list[Line], own: list[Line], words: Lexicon, change: Callable[[Node], Node] | None
) -> tuple[list[Line], list[Line], Lexicon]:
    """The lines with their formulas changed, and the lexicon of what they are then."""
    if change is None:
        return every, own, words

    done: dict[int, Line] = {}
    for line in (*every, *own):
        if id(line) not in done:
            content = change(line.statement.content)
            same = content is line.statement.content
            done[id(line)] = line if same else replace(line, statement=replace(line.statement, content=content))
    if all(id(line) == before for before, line in done.items()):
        return every, own, words
    every, own = [done[id(line)] for line in every], [done[id(line)] for line in own]
    anew = lexicon([line.statement.content for line in every] + [c for line in every for c in line.statement.conditions])
    return every, own, replace(anew, layered=anew.layered | words.layered)


def heads_of(every: list[Line]) -> list[Chain]:
    """The chains of the document that have a left side."""
    return [c for line in every if isinstance(c := line.statement.content, Chain) and c.first is not None]


def sides_of(line: Line) -> list[Node]:
    """The sides of a line's chain."""
    content = line.statement.content
    if not isinstance(content, Chain):
        return []
    return [side for side in content.sides if side is not None]
