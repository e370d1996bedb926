"""Documents to formulas with positions: Markdown, TeX and notebooks, in one shape.

The containers find the formulas, the parser reads them, and here a chain that goes on in the next formula is put together.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from verify.reading import markdown, notebook, tex
from verify.reading.macros import calls_in, forward, spliced
from verify.reading.parser import parse
from verify.reading.scanning import Scan, blank, masked
from verify.reading.syntax import (
    Chain,
    Diagnostic,
    Document,
    Formula,
    Link,
    MacroCall,
    Name,
    Node,
    Prose,
    Span,
    Statement,
    Unreadable,
    Words,
)
from verify.reading.tokens import NO_MACROS, Macro, macros_in

MAX_CHARS = 20_000_000
"""A longer document is refused."""

MAX_LINES = 1_000_000
"""A document of more lines is refused."""

MAX_FORMULA = 100_000
"""A longer formula is left unread."""

MAX_PARSED = 1_000_000
"""Characters of formulas that are parsed; the formulas behind them are left unread."""

MAX_RELATIONS = 5_000
"""Relations that are read; the formulas behind them are left unread, with one diagnostic where they begin."""

FORMATS = ("md", "tex", "ipynb")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PUNCTUATION = re.compile(r"[\s.,;:]*")


def read(text: str | bytes, format: str = "md") -> Document:
    """The document as read: its formulas with their statements, and its prose, in order. ``format`` is md, tex or ipynb.

    Bytes are UTF-8, or UTF-16 or UTF-32 with a byte-order mark; the mark is dropped, and what does not decode is replaced and reported.
    Whatever the text, the answer is a document: what cannot be read is among its diagnostics. Raises ValueError for an unknown format.
    """
    if format not in FORMATS:
        raise ValueError(f"unknown format {format!r}: one of {', '.join(FORMATS)}")
    notes: list[Diagnostic] = []
    if isinstance(text, bytes):
        if len(text) > 4 * MAX_CHARS:
            return _refused(f"the document is too long: {len(text)} bytes")
        text, note = decoded(text)
        notes += note
    if len(text) > MAX_CHARS:
        return _refused(f"the document is too long: {len(text)} characters, {MAX_CHARS} are the most")
    text = _SURROGATE.sub("\ufffd", text)
    sources, kinds = [text], ["tex" if format == "tex" else "markdown"]
    if format == "ipynb":
        cells = notebook.cells(text)
        if isinstance(cells, notebook.Broken):
            sources, kinds = [text], ["broken"]
            notes.append(Diagnostic(Span(cells.offset, cells.offset), cells.reason))
        else:
            sources, kinds = [_SURROGATE.sub("\ufffd", cell.source) for cell in cells], [cell.kind for cell in cells]
            text = "\n".join(sources)
    if sum(source.count("\n") + 1 for source in sources) > MAX_LINES:
        return _refused(f"the document has more than {MAX_LINES} lines")
    numbered = format == "ipynb" and kinds != ["broken"]
    found = _scanned(text, sources, kinds, numbered)
    clean = masked(text, found.masks)
    macros = macros_in(clean)
    parts, unread = _parsed(found.parts, clean, macros)
    notes += [*found.diagnostics, *unread]
    document = Document(text, tuple(_joined(parts)), tuple(sorted(notes, key=lambda d: d.span)), _lines(sources, numbered))
    calls = calls_in(clean, (part.inside for part in found.parts if isinstance(part, Formula)), macros) if macros else ()
    return replace(document, plain=_plain(text, clean, found.parts, calls)) if calls else document


def _plain(text: str, clean: str, parts: Sequence[Formula | Prose], calls: tuple[MacroCall, ...]) -> Document:
    """The document with its macro calls written out."""

    def moved(span: Span) -> Span:
        return Span(forward(calls, span.start), forward(calls, span.end))

    shifted = [
        replace(p, span=moved(p.span), inside=moved(p.inside)) if isinstance(p, Formula) else replace(p, span=moved(p.span)) for p in parts
    ]
    read, _ = _parsed(shifted, spliced(clean, calls), NO_MACROS)
    return Document(spliced(text, calls), tuple(_joined(read)), calls=calls)


def _parsed(
    scanned: Sequence[Formula | Prose], clean: str, macros: Mapping[str, Macro]
) -> tuple[list[Formula | Prose], list[Diagnostic]]:
    """The parts with the statements of their formulas, and what could not be read."""
    parts: list[Formula | Prose] = []
    notes: list[Diagnostic] = []
    parsed = relations = 0
    for part in scanned:
        if isinstance(part, Formula):
            length = part.inside.end - part.inside.start
            if relations >= MAX_RELATIONS:
                if relations == MAX_RELATIONS:  # one formula stands for all that are left unread
                    statements, unread = _unread(part.inside, "a shorter document")
                    notes += unread
                    part = replace(part, statements=statements)
                    relations += 1
                parts.append(part)
                continue
            if length > MAX_FORMULA or parsed + length > MAX_PARSED:
                statements, unread = _unread(part.inside, "a shorter formula" if length > MAX_FORMULA else "a shorter document")
            else:
                statements, unread = parse(clean, part.inside.start, part.inside.end, macros)
                parsed += length
                links = sum(len(s.content.links) for s in statements if isinstance(s.content, Chain))
                relations = min(relations + links, MAX_RELATIONS)
            notes += unread
            part = replace(part, statements=statements)
        parts.append(part)
    return parts, notes


def place(document: Document, offset: int) -> tuple[int | None, int, int]:
    """(cell, line, column) of an offset: the cell from 0 (None outside notebooks), the line within the cell and the column from 1."""
    k = bisect_right(document.line_starts, offset, key=lambda line: line[0]) - 1
    if k < 0:
        return None, 1, offset + 1
    start, cell, line = document.line_starts[k]
    return cell, line, offset - start + 1


# Containers


def _refused(message: str) -> Document:
    return Document("", (), (Diagnostic(Span(0, 0), message),), ((0, None, 1),))


def _unread(inside: Span, expected: str) -> tuple[tuple[Statement, ...], tuple[Diagnostic, ...]]:
    """What stands for a formula that is not parsed for its length."""
    return (Statement(Unreadable(inside, expected)),), (Diagnostic(inside, f"left unread for its length: {expected} was expected"),)


def decoded(data: bytes) -> tuple[str, list[Diagnostic]]:
    """The text of bytes that are UTF-8, or UTF-16 or UTF-32 with a byte-order mark; what does not decode is replaced and reported."""
    bom, encoding = next(((bom, encoding) for bom, encoding in _BOMS if data.startswith(bom)), (b"", "utf-8"))
    data = data[len(bom) :]
    try:
        return data.decode(encoding), []
    except UnicodeDecodeError as error:
        text = data.decode(encoding, errors="replace")
        at = len(data[: error.start].decode(encoding, errors="replace"))
        return text, [Diagnostic(Span(at, min(at + 1, len(text))), f"not {encoding.upper()}: what does not decode is replaced")]


def _lines(sources: Sequence[str], numbered: bool) -> tuple[tuple[int, int | None, int], ...]:
    """For each line of the sources, joined by a line break: (offset, cell or None, number within the source)."""
    out: list[tuple[int, int | None, int]] = []
    start = 0
    for cell, source in enumerate(sources):
        for number, line in enumerate(source.split("\n"), 1):
            out.append((start, cell if numbered else None, number))
            start += len(line) + 1
    return tuple(out)


def _scanned(text: str, sources: Sequence[str], kinds: Sequence[str], numbered: bool) -> Scan:
    """What stands in the sources, each read in its own way; a formula never goes beyond its source."""
    scans: list[Scan] = []
    start = 0
    for k, (source, kind) in enumerate(zip(sources, kinds, strict=True)):
        end, cell = start + len(source), k if numbered else None
        match kind:
            case "markdown":
                scans.append(markdown.scan(text, start, end, cell))
            case "tex":
                scans.append(tex.scan(text))
            case "code" | "raw" if source.strip():
                prose = Prose(Span(start, end), source, "code" if kind == "code" else "paragraph", cell)
                scans.append(Scan((prose,), (blank(text, start, end),)))
        start = end + 1
    return Scan(
        tuple(part for scan in scans for part in scan.parts),
        tuple(mask for scan in scans for mask in scan.masks),
        tuple(note for scan in scans for note in scan.diagnostics),
    )


# Chains that go on in the next formula


@dataclass(slots=True)
class _Open:
    """The statement that the next formula may go on with; ``links`` grows, so that a chain over 10^5 formulas takes linear time."""

    part: int
    index: int
    statement: Statement
    first: Node | None
    links: list[Link]
    conditions: list[Node]
    label: str
    end: int
    grown: bool = False


def _joined(parts: list[Formula | Prose]) -> list[Formula | Prose]:
    """The parts with each chain that goes on in a later formula put together in the formula where it began.

    A formula goes on with the one before it, in the same cell and with no words between, if it begins with a relation sign, or if the one
    before it ends with one. It goes on with the last statement there.
    """
    out = list(parts)
    going: _Open | None = None
    for k, part in enumerate(parts):
        if isinstance(part, Prose):
            if part.kind != "comment" and not _PUNCTUATION.fullmatch(part.text):
                _settle(out, going)
                going = None
            continue
        if not part.statements:
            continue
        taken = 0
        aside = going is not None and part.display and _is_aside(parts[going.part], going)
        if going is not None and not aside and parts[going.part].cell == part.cell and _goes_on(going, part.statements[0]):
            taken = 1
            out[k] = replace(part, statements=part.statements[1:])
        last = next((n for n in range(len(part.statements) - 1, taken - 1, -1) if not _is_words(part.statements[n].content)), None)
        if last is not None:
            _settle(out, going)
            going = _opened(k, last - taken, part.statements[last])
        elif len(part.statements) > taken:
            _settle(out, going)
            going = None
    _settle(out, going)
    return out


def _is_aside(part: Formula | Prose, going: _Open) -> bool:
    """Whether a statement in running text only compares letters, ``when $k = j$:``, with which no display behind it goes on."""
    sides = (going.first, *(link.right for link in going.links))
    return isinstance(part, Formula) and not part.display and all(isinstance(side, Name) and len(side.text) == 1 for side in sides)


def _is_words(node: Node) -> bool:
    return isinstance(node, Words | Unreadable)


def _opened(part: int, index: int, statement: Statement) -> _Open:
    content = statement.content
    first, links = (content.first, list(content.links)) if isinstance(content, Chain) else (content, [])
    return _Open(part, index, statement, first, links, list(statement.conditions), statement.label, content.span.end)


def _goes_on(going: _Open, following: Statement) -> bool:
    """Whether the open statement takes in the following one; if so, it has."""
    content = following.content
    if following.arrow or following.words or _is_words(content):
        return False
    trailing = bool(going.links) and going.links[-1].right is None
    if isinstance(content, Chain) and content.first is None:
        going.links += content.links
    elif trailing:
        going.links[-1] = replace(going.links[-1], right=content.first if isinstance(content, Chain) else content)
        going.links += content.links if isinstance(content, Chain) else ()
    else:
        return False
    going.conditions += following.conditions
    going.label = going.label or following.label
    going.end, going.grown = content.span.end, True
    return True


def _settle(out: list[Formula | Prose], going: _Open | None) -> None:
    """Write the open statement back if it has grown."""
    if going is None or not going.grown:
        return
    formula = out[going.part]
    assert isinstance(formula, Formula)
    chain = Chain(Span(going.statement.content.span.start, going.end), going.first, tuple(going.links))
    statement = replace(going.statement, content=chain, conditions=tuple(going.conditions), label=going.label)
    statements = (*formula.statements[: going.index], statement, *formula.statements[going.index + 1 :])
    out[going.part] = replace(formula, statements=statements)
