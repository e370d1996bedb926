"""Text measured in terminal cells: widths of letters, a window on a long line, a mark under a part of it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from rich.cells import cell_len

ELLIPSIS = "…"


@dataclass(frozen=True)
class Excerpt:
    """A stretch of a line as it is shown, with the cells before the marked part and the cells that it takes."""

    text: str
    before: int
    marked: int


def visible(text: str) -> str:
    """The text with one visible letter for each that a terminal would act on: controls and bidirectional marks; tabs are spaces.

    Keeps the number of code points, so that offsets stay true.
    """
    return "".join(" " if c == "\t" else "\N{REPLACEMENT CHARACTER}" if _acts(c) else c for c in text)


def _acts(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category in ("Cc", "Cs", "Zl", "Zp") or (category == "Cf" and unicodedata.bidirectional(letter) not in ("BN", ""))


def clusters(text: str) -> list[str]:
    """The text cut where a mark may stand: a letter with the combining letters and joiners that follow it."""
    found: list[str] = []
    for letter in text:
        if found and (cell_len(letter) == 0 or found[-1].endswith("\N{ZERO WIDTH JOINER}")):
            found[-1] += letter
        else:
            found.append(letter)
    return found


def excerpt(line: str, start: int, end: int, width: int, anchor: int | None = None) -> Excerpt:
    """A window of at most ``width`` cells on a line, around the part from ``start`` to ``end`` (code points), with the mark's place.

    ``anchor`` is where the reader would like the window to begin, say where the relation does; it is kept where the part still fits.
    An end that is cut off shows an ellipsis. A mark is at least one cell wide, also at the line's end.
    """
    shown = visible(line)
    start, end = min(max(start, 0), len(line)), min(max(end, 0), len(line))
    parts = clusters(shown)
    offsets, cells = [0], [0]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
        cells.append(cells[-1] + cell_len(part))
    first = max((k for k, at in enumerate(offsets) if at <= start), default=0)
    last = next((k for k, at in enumerate(offsets) if at >= end), len(parts))
    last = max(first, last)
    if cells[-1] <= width:
        return Excerpt(shown, cells[first], max(1, cells[last] - cells[first]))
    wanted = None if anchor is None else max(k for k, at in enumerate(offsets) if at <= max(anchor, 0))
    low, high = _window(cells, first, last, width, wanted)
    head, tail = (ELLIPSIS if low else ""), (ELLIPSIS if high < len(parts) else "")
    text = head + "".join(parts[low:high]) + tail
    before = cell_len(head) + cells[min(max(first, low), high)] - cells[low]
    return Excerpt(text, before, max(1, cells[min(last, high)] - cells[max(first, low)]))


def _window(cells: list[int], first: int, last: int, width: int, anchor: int | None) -> tuple[int, int]:
    """Which clusters are shown: from the anchor if the part fits then, else with a third of the spare room before the part."""
    room = max(width - 2, 1)
    count = len(cells) - 1
    if anchor is not None and anchor <= first and cells[last] - cells[anchor] <= room:
        low = anchor
    else:
        spare = max(room - (cells[last] - cells[first]), 0)
        low = first
        while low > 0 and cells[first] - cells[low - 1] <= spare // 3:
            low -= 1
    while low > 0 and cells[count] - cells[low - 1] <= room:
        low -= 1
    high = low
    while high < count and cells[high + 1] - cells[low] <= room:
        high += 1
    return low, high
