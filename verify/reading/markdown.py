r"""Markdown to formulas and prose, in one pass over the lines; each formula is found at once wherever it stands.

The blocks matter only as far as they say where maths may be and what kind of prose stands around it, so this scanner knows fences,
indented code, headings, tables, items and quotes, and no more. Maths comes first: ``- b`` or ``> 0`` on a row of its own inside ``$$`` is a
row of the formula, which a Markdown parser would take for an item or a quote.

Time is linear in the text: a delimiter that has no partner before the next blank line is looked for once, not once for each opener.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field

from verify.reading.scanning import ENVIRONMENT, Groups, Scan, blank, body_start, dollar_after
from verify.reading.syntax import Diagnostic, Formula, Prose, Span

_OPENER = re.compile(
    rf"\\begin\s{{0,9}}\{{(?P<environment>{ENVIRONMENT})\}}"
    r"|(?P<bracket>\\\\[(\[]|\\[(\[])"
    r"|\\."
    r"|(?P<dollars>\$\$|\$`?)"
    r"|(?P<role>\{math\}`+)"
    r"|(?P<ticks>`+)"
    r"|(?P<comment><!--)"
    r"|<(?P<raw>script|style|pre|textarea|code)\b",
    re.DOTALL,
)
_PREFIX = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|(?=\r?$))|>[ \t]*)*", re.MULTILINE)
_QUOTE_MARK = re.compile(r"[ \t]*>[ ]?")
_BLANK_LINE = re.compile(r"\n[ \t\r\f\v>]*+(?=\n|\Z)")
_HEADING = re.compile(r"[ \t>]*#{1,6}(?=[ \t\r\n]|\Z)")
_UNDERLINE = re.compile(r" {0,3}(?:={2,}|-{2,})[ \t\r]*(?=\n|\Z)")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t\r]*(?=\n|\Z)")
_FENCE = re.compile(r"(?P<fence>`{3,}(?=[^`\n]*(?:\n|\Z))|~{3,}|:{3,}(?=[ \t]*\{math\}))[ \t]*(?P<info>[^\n]*)")
_FENCE_END = re.compile(r"^[ \t>]*(`{3,}|~{3,})[ \t\r]*$", re.MULTILINE)
_COLONS_END = re.compile(r"^[ \t>]*:{3,}[ \t\r]*$", re.MULTILINE)
_TABLE_RULE = re.compile(r"[ \t>]*+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t\r]*+(?=\n|\Z)")
_DISPLAY_LINE = re.compile(rf"[ \t]*(?:\$\$|\\\\?\[|\\begin\s{{0,9}}\{{{ENVIRONMENT}\}})")
_OPTION = re.compile(r"^[ \t>]*:[\w-]+:[^\n]*$", re.MULTILINE)
_YAML = re.compile(r"---[ \t]*\r?\n(?=\s*(?:#|[\w\"'-]+[ \t]*:|---))")

_STRONG = re.compile(r"[\\^_]")
_RELATION = re.compile(r"[\\^_=<>+*/|&]")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_WORD = re.compile(r"[^\W\d_]{2,}")

_ESCAPES = re.compile(
    r"\\(?:text[a-z]*|mbox|operatorname\*?|mathrm|mathtt)\s{0,9}\{[^{}]*\}|(?P<entity>&(?:lt|gt|amp);)"
    r"|(?P<rows>\\\\\\\\)|(?P<double>\\\\[{}|,;:!%#&])|(?P<pair>\\\\)|(?P<single>\\[_*])|(?P<bar>\\\|)|\\.",
    re.DOTALL,
)
_ENTITIES = {"&lt;": "<   ", "&gt;": ">   ", "&amp;": "&    "}


@dataclass(slots=True)
class _Page:
    """The state of one scan."""

    text: str
    end: int
    cell: int | None
    parts: list[Formula | Prose] = field(default_factory=list)
    masks: list[tuple[int, str]] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    prose: int = 0
    """Where the prose begins that is not yet a part."""
    kind: str = "paragraph"
    quotes: int = 0
    """How many quote marks the lines of the present block begin with."""
    line: int = 0
    """Where the line begins that holds ``line_known``; behind its quote marks and item marker is ``line_words``."""
    line_known: int = 0
    line_words: int = -1
    blank: int = -1
    """The first blank line's line break at or behind the place last asked for."""
    groups: Groups = field(default_factory=Groups)
    missing: dict[str, int] = field(default_factory=dict)
    """For each closing delimiter: up to where it is known not to occur."""
    ticks: dict[int, list[int]] = field(default_factory=dict)
    """For each length: where the runs of so many backticks begin, up to ``ticks_until``."""
    ticks_until: int = -1
    fence_ends: tuple[list[int], list[int]] | None = None


_ENVIRONMENT = re.compile(r"\s*\\begin\{(?P<name>(?:align|aligned|alignat|gather|gathered|split|equation|eqnarray|multline)\*?)\}")
_ROW = re.compile(r"[=&\\]")
"""What a row of a formula has and words have not."""
FARTHEST_END = 10_000
"""How far the end of an environment with blank lines in it is looked for."""


def scan(text: str, start: int = 0, end: int | None = None, cell: int | None = None) -> Scan:
    """The formulas and the prose of ``text[start:end]``, read as Markdown; spans are offsets into ``text``."""
    page = _Page(text, len(text) if end is None else end, cell, prose=start, line=start, line_known=start)
    at = _front_matter(page) if start == 0 and cell is None else start
    after_blank, item_indent = True, 0
    while at < page.end:
        line_end = _line_end(page, at)
        empty = not text[at:line_end].strip()
        if at > start and text[at - 1] != "\n":  # behind a formula or a comment that ended in the middle of this line
            at = line_end + 1 if empty else _paragraph(page, at)
            continue
        if empty:
            _flush(page, at)
            after_blank, at = True, line_end + 1
            continue
        indent = _indent(page, at)
        if after_blank and indent < item_indent:
            item_indent = indent if indent > 1 else 0
        marker = _marker(page, at)
        if fence := _FENCE.match(text, at + len(marker), line_end):
            _flush(page, at)
            at, after_blank = _fenced(page, at, line_end, fence, marker), True
        elif after_blank and _is_code(page, at, indent, item_indent, marker):
            _flush(page, at)
            at = _indented(page, at, item_indent + 4)
        elif _RULE.match(text, at, page.end):
            _flush(page, at)
            at = page.prose = line_end + 1
            after_blank = True
        elif _HEADING.match(text, at, line_end) or (after_blank and not marker.strip() and _UNDERLINE.match(text, line_end + 1, page.end)):
            underline = None if _HEADING.match(text, at, line_end) else _UNDERLINE.match(text, line_end + 1, page.end)
            _flush(page, at)
            _open(page, "heading", marker)
            at = _inline(page, at, line_end, line_end)
            _flush(page, at)
            if underline:
                at = page.prose = max(at, underline.end())
            after_blank = True
        elif "|" in text[at:line_end] and _is_table_rule(page, line_end + 1):
            _flush(page, at)
            _open(page, "table", marker)
            at, after_blank = _table(page, at), True
        else:
            if marker.strip():
                item_indent = len(marker.expandtabs(4)) if marker.strip(" \t>") else item_indent
            if marker.strip() or after_blank:
                _flush(page, at)
                _open(page, "quote" if ">" in marker else "item" if marker.strip() else "paragraph", marker)
            at, after_blank = _paragraph(page, at), False
    _flush(page, page.end)
    return Scan(tuple(page.parts), tuple(page.masks), tuple(page.diagnostics))


# Blocks


def _front_matter(page: _Page) -> int:
    text = page.text
    closing = None
    if re.compile(r"\+\+\+[ \t]*\r?\n").match(text, 0, page.end):
        closing = re.compile(r"^\+\+\+[ \t\r]*$", re.MULTILINE).search(text, 4, page.end)
    elif opening := _YAML.match(text, 0, page.end):
        closing = re.compile(r"^(?:---|\.\.\.)[ \t\r]*$", re.MULTILINE).search(text, opening.end(), page.end)
    if not closing:
        return 0
    _hidden(page, 0, closing.end(), "metadata")
    return closing.end()


def _fenced(page: _Page, at: int, line_end: int, fence: re.Match[str], marker: str) -> int:
    """Read a fence that opens in the line at ``at``; where to go on."""
    text = page.text
    info = fence.group("info").strip()
    kind = re.match(r"(?:math|\{math\})(?![\w-])", info)
    close = _fence_end(page, fence.group("fence"), line_end)
    if close is None:
        page.diagnostics.append(Diagnostic(Span(fence.start("fence"), fence.end("fence")), "this fence is not closed"))
        if kind:
            return line_end + 1
        _hidden(page, at, page.end, "code")
        return page.end
    last = _line_end(page, close)
    if not kind:
        _hidden(page, at, last, "code")
        return last
    argument = fence.start("info") + kind.end() if info != kind.group() else line_end + 1
    inside = Span(min(argument, close), close)
    _open(page, "quote" if ">" in marker else "paragraph", marker)
    option = _OPTION.match(text, line_end + 1, inside.end) if kind.group() == "{math}" else None
    while option:
        page.masks.append(blank(text, option.start(), option.end()))
        option = _OPTION.match(text, option.end() + 1, inside.end)
    _formula(page, Span(fence.start("fence"), _stripped_end(text, close, last)), inside, True)
    return last


def _fence_end(page: _Page, fence: str, after: int) -> int | None:
    """Where the line begins that closes a fence, or None. The longest closing run that is still to come tells at once if none will do."""
    if fence[0] == ":":
        found = None if ":::" in page.missing else _COLONS_END.search(page.text, after, page.end)
        if found is None:
            page.missing[":::"] = 3
        return found.start() if found is not None else None
    if page.fence_ends is None:
        starts, lengths = [], []
        for m in _FENCE_END.finditer(page.text, 0, page.end):
            starts.append(m.start())
            lengths.append(len(m.group(1)) if m.group(1)[0] == "`" else -len(m.group(1)))
        page.fence_ends = starts, lengths
    starts, lengths = page.fence_ends
    sign, wanted = (1 if fence[0] == "`" else -1), len(fence)
    if page.missing.get(fence[0] * 3, wanted + 1) <= wanted:
        return None
    for k in range(bisect_left(starts, after), len(starts)):
        if sign * lengths[k] >= wanted:
            return starts[k]
    # Nothing this long follows; nothing longer will be found by a later fence either.
    page.missing[fence[0] * 3] = min(wanted, page.missing.get(fence[0] * 3, wanted))
    return None


def _is_code(page: _Page, at: int, indent: int, item_indent: int, marker: str) -> bool:
    """Whether indented code begins in the line; an item of a list is none, nor is a line that opens a display."""
    if indent < item_indent + 4 or (item_indent and marker.strip()):
        return False
    return not _DISPLAY_LINE.match(page.text, at, page.end)


def _indented(page: _Page, at: int, width: int) -> int:
    """Read indented code from the line at ``at``; where to go on. A line that opens a display ends it."""
    last = at
    while at < page.end:
        line_end = _line_end(page, at)
        if page.text[at:line_end].strip():
            if _indent(page, at) < width or (at > last and _DISPLAY_LINE.match(page.text, at, page.end)):
                break
            last = line_end
        at = line_end + 1
    _hidden(page, page.prose, last, "code")
    return min(last + 1, page.end)


def _is_table_rule(page: _Page, at: int) -> bool:
    m = _TABLE_RULE.match(page.text, at, page.end)
    return m is not None and "|" in m.group()


def _table(page: _Page, at: int) -> int:
    while at < page.end:
        line_end = _line_end(page, at)
        row = page.text[at:line_end]
        if not row.strip() or "|" not in row:
            break
        at = _inline(page, at, line_end, line_end)
        if at <= line_end:
            at = line_end + 1
    _flush(page, min(at, page.end))
    return at


def _paragraph(page: _Page, at: int) -> int:
    """Read a paragraph or the rest of one, up to a blank line or the next block; where to go on."""
    limit = _line_end(page, at)
    while limit < page.end:
        following = _line_end(page, limit + 1)
        begins = limit + 1
        if not page.text[begins:following].strip() or _breaks(page, begins, following):
            break
        limit = following
    at = _inline(page, at, limit, None)
    return at + 1 if at == limit else at


def _breaks(page: _Page, at: int, line_end: int) -> bool:
    """Whether the line begins a block of its own even right behind a paragraph."""
    text = page.text
    marker = _marker(page, at)
    deeper = marker.count(">") != page.quotes or marker.strip(" \t>")
    return bool(
        (marker.strip() and deeper)
        or _HEADING.match(text, at, line_end)
        or _FENCE.match(text, at + len(marker), line_end)
        or _RULE.match(text, at, page.end)
        or ("|" in text[at:line_end] and _is_table_rule(page, line_end + 1))
    )


# Inside the blocks


def _inline(page: _Page, at: int, limit: int, hard: int | None) -> int:
    """Read from ``at`` to ``limit``; the place reached, which is behind ``limit`` where a formula or a comment goes on further.

    A delimiter's partner is looked for up to ``hard``, or up to the next blank line.
    """
    text = page.text
    while at < limit:
        m = _OPENER.search(text, at, limit)
        if m is None:
            return limit
        stop = _beyond_blank_lines(page, m, _next_blank(page, m.start())) if hard is None else hard
        at = m.end()
        if m.group("comment"):
            close = _find(page, "-->", at, page.end)
            if close is None:
                page.diagnostics.append(Diagnostic(Span(*m.span()), "this comment is not closed"))
            else:
                _flush(page, m.start())
                _hidden(page, m.start(), close + 3, "comment")
                at = close + 3
        elif m.group("raw"):
            closing = f"</{m.group('raw')}>"
            close = _find(page, closing, at, page.end)
            if close is not None:
                _flush(page, m.start())
                _hidden(page, m.start(), close + len(closing), "code")
                at = close + len(closing)
        elif m.group("role"):
            length = m.end() - m.start("role") - len("{math}")
            close = _run_of_ticks(page, length, at, stop)
            if close is not None:
                _formula(page, Span(m.start(), close + length), Span(at, close), False)
                at = close + length
        elif m.group("ticks"):
            close = _run_of_ticks(page, m.end() - m.start(), at, stop)
            at = at if close is None else close + m.end() - m.start()
        elif name := m.group("environment"):
            at = _delimited(page, m, f"\\end{{{name}}}", stop, body_start(text, name, at, stop), True)
        elif bracket := m.group("bracket"):
            closing = bracket[:-1] + (")" if bracket[-1] == "(" else "]")
            at = _delimited(page, m, closing, stop, at, bracket[-1] == "[")
        elif m.group("dollars") == "$$":
            at = _delimited(page, m, "$$", stop, at, None)
        elif m.group("dollars"):
            at = _dollar(page, m, stop)
    return at


def _delimited(page: _Page, m: re.Match[str], closing: str, stop: int, inside: int, display: bool | None) -> int:
    """Read the formula that opens at ``m``, or say that it is not closed; where to go on."""
    text = page.text
    close = _find(page, closing, inside, stop)
    if close is None:
        page.diagnostics.append(Diagnostic(Span(*m.span()), f"{m.group()} is not closed by {closing} before the next blank line"))
        return m.end()
    if m.group("bracket") and not _RELATION.search(text, inside, close) and _WORD.search(text, inside, close):
        return m.end()  # an escaped bracket of the prose: \[see below\]
    if display is None:
        display = _begins_line(page, m.start()) or "\n" in text[inside:close]
    _formula(page, Span(m.start(), close + len(closing)), Span(inside, close), display, unescape=closing.startswith("\\\\"))
    return close + len(closing)


def _dollar(page: _Page, m: re.Match[str], stop: int) -> int:
    """Read the formula between single dollar signs that opens at ``m``, if it is one; where to go on."""
    text, opening = page.text, m.start()
    if m.group() == "$`":
        close = _find(page, "`$", m.end(), stop)
        if close is not None:
            _formula(page, Span(opening, close + 2), Span(m.end(), close), False)
            return close + 2
    inside = opening + 1
    missing = page.missing.get("$", -1) >= stop
    candidate = None if missing else dollar_after(text, inside, stop, page.groups)
    if candidate is None:
        page.missing["$"] = max(stop, page.missing.get("$", -1))
    elif _is_maths(text, inside, candidate, stop):
        _formula(page, Span(opening, candidate + 1), Span(inside, candidate), False)
        return candidate + 1
    if not text[inside : inside + 1].isdigit():
        page.diagnostics.append(Diagnostic(Span(opening, inside), "this $ has no partner before the next blank line"))
    return inside


def _is_maths(text: str, start: int, end: int, stop: int) -> bool:
    """Whether what stands between two dollar signs is maths rather than prose between two prices.

    Pandoc's rule (no space inside the dollar signs, no digit behind them) decides most; real documents break it, so that with a space
    inside it takes a sign of maths, and no words.
    """
    if start == end:
        return False
    following = text[end + 1 : end + 2] if end + 1 < stop else ""
    spaced = text[start].isspace(), text[end - 1].isspace()
    content = text[start:end]
    price = content.lstrip()[:1].isdigit() and following.isdigit()
    strong = bool(_STRONG.search(content))
    if spaced == (False, False):
        return not (price and not strong and "=" not in content)
    if price or not content.strip():
        return False
    if spaced == (False, True) and (following.isalnum() or following in ("\\", "$", "{")) and following:
        return False  # the second one opens rather than closes
    return strong or not _WORD.search(content)


def _formula(page: _Page, span: Span, inside: Span, display: bool, unescape: bool = False) -> None:
    text = page.text
    _flush(page, span.start)
    page.parts.append(Formula(span, inside, display, (), page.cell))
    page.prose = span.end
    line = text.find("\n", inside.start, inside.end) if page.quotes else -1
    while line >= 0:
        at = line + 1
        for _ in range(page.quotes):
            m = _QUOTE_MARK.match(text, at, inside.end)
            if m is None:
                break
            at = m.end()
        if at > line + 1:
            page.masks.append(blank(text, line + 1, at))
        line = text.find("\n", at, inside.end)
    for m in _ESCAPES.finditer(text, inside.start, inside.end):
        if m.group("entity"):
            page.masks.append((m.start(), _ENTITIES[m.group()]))
        elif m.group("single"):
            page.masks.append((m.start(), " " + m.group()[1]))
        elif m.group("bar") and page.kind == "table":
            page.masks.append((m.start(), " |"))
        elif m.group("rows") and unescape:
            page.masks.append((m.start(), "  \\\\"))
        elif m.group("double") and unescape:
            page.masks.append((m.start(), " " + m.group()[1:]))


# Small things


def _open(page: _Page, kind: str, marker: str) -> None:
    page.kind, page.quotes = kind, marker.count(">")


def _flush(page: _Page, until: int) -> None:
    """Make a part of the prose that has piled up before ``until``."""
    if page.prose < until:
        words = page.text[page.prose : until]
        if words.strip() and not (page.quotes and not words.strip(" \t\r\n>")):
            start = page.prose + len(words) - len(words.lstrip())
            end = page.prose + len(words.rstrip())
            page.parts.append(Prose(Span(start, end), page.text[start:end], page.kind, page.cell))
        page.prose = until


def _hidden(page: _Page, start: int, end: int, kind: str) -> None:
    """Keep a stretch as prose of this kind and hide it from the parser."""
    end = _stripped_end(page.text, start, end)
    page.parts.append(Prose(Span(start, end), page.text[start:end], kind, page.cell))
    page.masks.append(blank(page.text, start, end))
    page.prose = max(page.prose, end)


def _stripped_end(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] in "\r\n":
        end -= 1
    return end


def _line_end(page: _Page, at: int) -> int:
    found = page.text.find("\n", at, page.end)
    return page.end if found < 0 else found


def _begins_line(page: _Page, at: int) -> bool:
    """Whether nothing but quote marks and an item's marker stands before ``at`` in its line. Asked for in ascending order."""
    found = page.text.rfind("\n", page.line_known, at)
    if found >= 0 or page.line_words < 0:
        page.line = found + 1 if found >= 0 else page.line
        page.line_words = page.line + len(_marker(page, page.line))
    page.line_known = at
    return page.line_words >= at


def _marker(page: _Page, at: int) -> str:
    """The quote marks and the item's marker that a line begins with, and the space around them."""
    m = _PREFIX.match(page.text, at, page.end)
    return m.group() if m else ""


def _indent(page: _Page, at: int) -> int:
    m = re.compile(r"[ \t]*").match(page.text, at, page.end)
    return len(m.group().expandtabs(4)) if m else 0


def _next_blank(page: _Page, at: int) -> int:
    if page.blank < at:
        m = _BLANK_LINE.search(page.text, at, page.end)
        page.blank = m.start() if m else page.end
    return page.blank


def _beyond_blank_lines(page: _Page, m: re.Match[str], blank: int) -> int:
    r"""Where a delimiter's partner is looked for: up to the next blank line, or behind the end of the environment that a display begins
    with where that one has blank lines between its rows. What stands between them must be rows of formulas, no headings and no display.
    """
    while m.group("dollars") == "$$" and blank < page.end and page.text[m.end() : blank].rstrip().endswith(r"\\"):
        following = _next_blank_from(page, blank + 1)
        if "$$" not in page.text[blank:following] and not page.text[blank:following].rstrip().endswith(r"\\"):
            break
        blank = following  # a row that ends with a line break goes on below the blank line
    opened = _ENVIRONMENT.match(page.text, m.start() if m.group("environment") else m.end())
    if opened is None or (m.group("environment") is None and m.group("dollars") != "$$" and m.group("bracket") is None):
        return blank
    closing = f"\\end{{{opened['name']}}}"
    close = page.text.find(closing, opened.end(), min(opened.end() + FARTHEST_END, page.end))
    if close < blank:
        return blank
    rows = [row for row in re.split(r"\n[ \t]*\n", page.text[opened.end() : close]) if row.strip()]
    if any("$" in row or f"\\begin{{{opened['name']}}}" in row or not _ROW.search(row) or _HEADING.match(row) for row in rows):
        return blank
    return _next_blank_from(page, close)


def _next_blank_from(page: _Page, at: int) -> int:
    """The first blank line behind a place, which is not remembered."""
    m = _BLANK_LINE.search(page.text, at, page.end)
    return m.start() if m else page.end


def _find(page: _Page, closing: str, at: int, stop: int) -> int | None:
    """Where ``closing`` stands next, not escaped, before ``stop``; None if nowhere, which is remembered."""
    if page.missing.get(closing, -1) >= stop:
        return None
    text = page.text
    found = text.find(closing, at, stop)
    while found > at and closing[0] in "$\\`" and _escaped(text, found, at):
        found = text.find(closing, found + 1, stop)
    if found < 0 or found + len(closing) > stop:
        page.missing[closing] = max(stop, page.missing.get(closing, -1))
        return None
    return found


def _escaped(text: str, at: int, after: int) -> bool:
    """Whether an odd number of backslashes stands before ``at``."""
    before = at
    while before > after and text[before - 1] == "\\":
        before -= 1
    return (at - before) % 2 == 1


def _run_of_ticks(page: _Page, length: int, at: int, stop: int) -> int | None:
    """Where the next run of exactly so many backticks begins before ``stop``."""
    if page.ticks_until < stop:
        page.ticks = {}
        for m in re.compile(r"`+").finditer(page.text, at, stop):
            page.ticks.setdefault(m.end() - m.start(), []).append(m.start())
        page.ticks_until = stop
    starts = page.ticks.get(length, [])
    k = bisect_left(starts, at)
    return starts[k] if k < len(starts) and starts[k] + length <= stop else None
