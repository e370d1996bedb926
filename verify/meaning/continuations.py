"""Displays that go on where an earlier one stopped: ``$$= 2 (w x - y) x$$`` after words.

Its left side is the last side of the display before it; or the first one, where the words between state a case, since what follows that one
may hold in another case.
"""

from __future__ import annotations

from dataclasses import replace

from verify.meaning.definitions import Line
from verify.reading.syntax import Chain, Name, Node, Number, Unreadable, Words


def continued(lines: list[Line]) -> list[Line]:
    """The lines, each display that begins with a relation sign with its left side from the display before it under the same heading."""
    out: list[Line] = []
    last: Line | None = None
    case = False
    for line in lines:
        content = line.statement.content
        if last is not None and last.section != line.section:
            last = None
        case = case or line.case is not None or only_letters(content)
        headless = isinstance(content, Chain) and content.first is None and line.formula.display
        if headless and isinstance(content, Chain) and last is not None and last.formula is not line.formula:
            first = left_of(last.statement.content, case)
            goes_on = None if case or first is None else last.number
            line = replace(line, statement=replace(line.statement, content=replace(content, first=first)), goes_on=goes_on)
        if line.formula.display and not only_letters(content):
            last, case = line, False
        out.append(line)
    return out


def left_of(content: Node, case: bool) -> Node | None:
    """The side of a statement that the next display goes on from, None where it has none that could be read."""
    side: Node | None = content
    if isinstance(content, Chain):
        side = content.first if case or not content.links else content.links[-1].right
    return None if isinstance(side, (Unreadable, Words)) else side


def only_letters(node: Node) -> bool:
    r"""Whether a formula only compares letters and numbers: ``i = j``, ``k \neq 1``."""
    if not isinstance(node, Chain) or not node.links:
        return False
    sides = node.sides
    return all((isinstance(side, Name) and len(side.text) == 1 and not side.accents) or isinstance(side, Number) for side in sides)
