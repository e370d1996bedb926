"""Text measured in terminal cells: widths of letters, a window on a long line, a mark under a part of it."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

ELLIPSIS = "…"
REACH = 8
"""How many times the width, in code points, is looked at on either side of a mark: a line may have megabytes."""


@dataclass(frozen=True)
class Excerpt:
    """A stretch of a line as it is shown, and the line of carets below it."""

    text: str
    marks: str


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


def excerpt(line: str, spans: Sequence[tuple[int, int]], width: int, anchor: int | None = None) -> Excerpt:
    """A window of at most ``width`` cells on a line, around its marked parts: ``spans`` in code points, at least one.

    ``anchor`` is where the reader would like the window to begin, say where the relation does; it is kept where the parts still fit.
    An end that is cut off shows an ellipsis. An empty span, and one behind the line's end, marks the one place where it is.
    """
    near = (max(min(start for start, _ in spans) - REACH * width, 0), max(start for start, _ in spans) + REACH * width)
    before, after = near[0] > 0, near[1] < len(line)
    line = line[slice(*near)]
    spans = [(start - near[0], min(end - near[0], len(line))) for start, end in spans]
    parts = clusters(visible(line))
    offsets, cells = [0], [0]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
        cells.append(cells[-1] + cell_len(part))
    marked = [_clusters_of(offsets, start, end) for start, end in spans]
    first, last = min(low for low, _ in marked), max(high for _, high in marked)
    low, high = 0, len(parts)
    if cells[-1] > width or before or after:
        wanted = None if anchor is None or anchor < near[0] else bisect_right(offsets, anchor - near[0]) - 1
        low, high = _window(cells, min(first, high), min(last, high), width, wanted)
    head, tail = (ELLIPSIS if low or before else ""), (ELLIPSIS if high < len(parts) or after else "")
    carets = [" "] * (cell_len(head) + cells[high] - cells[low] + 1)
    for start, end in marked:
        start, end = max(start, low), min(end, high)
        at = cell_len(head) + cells[min(start, high)] - cells[low]
        length = max(1, cells[end] - cells[start]) if end > start else 1
        carets[at : at + length] = "^" * length
    return Excerpt(head + "".join(parts[low:high]) + tail, "".join(carets).rstrip())


def _clusters_of(offsets: list[int], start: int, end: int) -> tuple[int, int]:
    """The clusters, from and to, that a span of code points touches; the span's own place if it touches none."""
    low = min(bisect_right(offsets, max(start, 0)) - 1, len(offsets) - 1)
    high = min(bisect_left(offsets, end), len(offsets) - 1)
    return low, max(low, high)


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


def cropped(text: str, width: int) -> str:
    """The text, or its beginning and an ellipsis, in at most that many cells."""
    text = text[: REACH * width]
    if cell_len(text) <= width:
        return text
    out, used = "", 0
    for part in clusters(text):
        used += cell_len(part)
        if used > width - 1:
            break
        out += part
    return out + ELLIPSIS
