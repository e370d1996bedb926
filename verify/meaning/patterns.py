r"""Matrices written out with dots: the entry in general, found from the entries that are written.

In the corner entry, 1 counts the rows and the last column's letter the columns: from ``-s_1 s_n`` comes ``-s_i s_j``. Each other entry that
is written must be the general one with its own numbers in place; anything else is no pattern. A diagonal may have an entry of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from verify.meaning.symbols import COLUMN, ROW, letter_of
from verify.reading.syntax import Ellipsis, Name, Node, Number, Scripted, Words
from verify.reading.traversal import rewritten, walk


@dataclass(frozen=True)
class Pattern:
    """The entry of a matrix in general, by the letters for its row and its column; None for 0. ``diagonal`` is the entry on the diagonal
    where that is another one. ``rows`` and ``columns`` say whether there are several.
    """

    entry: Node | None
    diagonal: Node | None
    rows: bool
    columns: bool


def pattern(rows: tuple[tuple[Node, ...], ...]) -> Pattern | None:
    """The pattern of a matrix that is written out with dots, else None."""
    if len({len(row) for row in rows}) != 1:
        return None
    columns = list(zip(*rows, strict=True))
    corners = _ends(rows[0][0], rows[-1][-1])
    down, across = _named(list(rows), corners), _named(columns, corners)
    if down is None or across is None:
        return None
    shown = {
        (down[r], across[c]): cell
        for r, row in enumerate(rows)
        for c, cell in enumerate(row)
        if down[r] and across[c] and not isinstance(cell, Ellipsis) and not (isinstance(cell, Words) and not cell.text)
    }
    if len(rows) == 1 or len(columns) == 1:
        return _line(shown, down, across)
    if sum(not isinstance(cell, (Ellipsis, Words)) for row in rows for cell in row) > len(shown):
        return None  # something stands among the dots
    square = down[-1] == across[-1]
    on = {place: cell for place, cell in shown.items() if place[0] == place[1]}
    off = {place: cell for place, cell in shown.items() if place not in on or not square}
    diagonal = _general(on, ("1", "1"), ROW, ROW) if square and ("1", "1") in on else None
    if square and diagonal is None:
        return None
    if all(isinstance(cell, Number) and cell.text == "0" for cell in off.values()):
        return Pattern(None, diagonal, True, True) if square else None
    corner = (down[0], across[-1])
    entry = _general(off, corner, ROW, COLUMN) if corner in off and len(off) > 1 else None
    if entry is None:
        return None
    same = rewritten(entry, lambda n: Name(n.span, ROW) if isinstance(n, Name) and n.text == COLUMN else None)
    return Pattern(entry, None if not square or same == diagonal else diagonal, True, True)


def labels(lines: list[tuple[Node, ...]]) -> list[str] | None:
    """For each row its number, "" for a row of dots, "?" for one behind it: the number is the row's own to say."""
    found: list[str] = []
    for n, line in enumerate(lines):
        if all(isinstance(cell, Ellipsis) or (isinstance(cell, Words) and not cell.text) for cell in line):
            if "" in found or n in (0, len(lines) - 1):
                return None
            found.append("")
        else:
            found.append("?" if "" in found else str(n + 1))
    return found if found.count("?") <= 1 else None


def _line(shown: dict[tuple[str, str], Node], down: list[str], across: list[str]) -> Pattern | None:
    """The pattern of a single row or column."""
    tall = len(down) > 1
    first = (down[0], across[0])
    entry = _general(shown, first, ROW if tall else COLUMN, ROW if tall else COLUMN) if first in shown and len(shown) > 1 else None
    return Pattern(entry, None, tall, not tall) if entry is not None else None


def _named(lines: list[tuple[Node, ...]], corners: set[str]) -> list[str] | None:
    """The names of rows: numbers, "" for dots, and for the last one the letter that its entries have where the first row's have 1, or
    else that of the corner on the diagonal.
    """
    found = labels(lines)
    if found is None or "?" not in found:
        return found
    last = found.index("?")
    letters = {end for one, other in zip(lines[0], lines[last], strict=True) for end in _ends(one, other)} or corners
    if len(letters) != 1:
        return None
    found[last] = next(iter(letters))
    return found


def _ends(one: Node, other: Node) -> set[str]:
    """The letters that stand in subscripts of one entry where another one has numbers."""
    mine, theirs = _places(one), _places(other)
    if len(mine) != len(theirs):
        return set()
    return {letter for a, b in zip(mine, theirs, strict=True) if isinstance(a, Number) and (letter := letter_of(b)) is not None}


def _places(node: Node) -> list[Node]:
    """The numbers and letters in the subscripts of a tree, in order."""
    found = [n for part in walk(node) if isinstance(part, Scripted) and part.sub is not None for n in walk(part.sub)]
    return [n for n in found if isinstance(n, (Number, Name))]


def _put(node: Node, table: dict[str, str]) -> Node:
    """The tree with places in its subscripts renamed."""
    wanted = {id(n): table[n.text] for n in _places(node) if isinstance(n, (Number, Name)) and n.text in table}
    return rewritten(node, lambda n: _place(n, wanted[id(n)]) if id(n) in wanted else None)


def _place(node: Node, text: str) -> Node:
    return Number(node.span, text) if text.isdigit() else Name(node.span, text)


def _general(cells: dict[tuple[str, str], Node], start: tuple[str, str], row: str, column: str) -> Node | None:
    """The entry in general, from the one at a place, if every other one is it with its own numbers; else None."""
    base = cells[start]
    table = {start[0]: row, start[1]: column} if start[0] != start[1] or row == column else {}
    entry = _put(base, table)
    if entry == base and len(cells) > 1 and any(cell != base for cell in cells.values()):
        return None
    for (r, c), cell in cells.items():
        if _put(entry, {row: r, column: c} if row != column else {row: c if r == "1" else r}) != cell:
            return None
    return entry
