"""A checked document as rows for a page: what it says in its own order, no row with more than one relation that needs a look.

A row is prose and formulas side by side, with the relations whose marks stand in its margin. Display formulas and chains are broken
into rows before a relation sign, so that every mark stands beside its relation.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import dropwhile
from typing import Literal
from xml.etree.ElementTree import Element

from markdown_it import MarkdownIt

from verify.reading.lexicon import BREAKS
from verify.reading.syntax import Document, Formula, Prose, Span
from verify.reading.tokens import Token, macros_in
from verify.rendering.mathml import Atom, Loose, Side, Sign, Source, atoms, loose_elements, loose_tokens, math, piece_elements, pieces
from verify.rendering.places import sign_offset
from verify.report import Relation, Report

Kind = Literal["paragraph", "heading", "item", "table", "quote", "code", "metadata", "display"]
Style = Literal["", "strong", "em", "s", "code", "br", "fault"]

FINE = frozenset({"given", "proved", "tested"})
LONGEST_MARKED_UP = 20_000
"""Longer stretches of prose are shown as they are written, without looking for emphasis."""

_KINDS: dict[str, Kind] = {"heading": "heading", "item": "item", "table": "table", "quote": "quote", "code": "code", "metadata": "metadata"}
_BLANK_LINE = re.compile(r"\n[ \t>]*\r?\n")
_MARKER = re.compile(r"(?:[-*+•]|\d{1,9}[.)])(?:\s+|$)|\\item\b\s*")
_HEADING = re.compile(r"#{1,6}\s*|\\(?:sub)*(?:section|paragraph)\*?\s*\{|\\(?:chapter|part)\*?\s*\{")
_TEX_STYLE = re.compile(r"\\(?:text(?P<style>bf|it|tt|sl|sf|rm|up|sc)|(?P<emph>emph))\s*\{(?P<words>[^{}\\]*)\}")
_TEX_LAYOUT = re.compile(
    r"\\(?:(?:label|pagestyle|thispagestyle|vspace\*?|hspace\*?|setlength\{[^{}]*\}|bibliography(?:style)?)\s*\{[^{}]*\}"
    r"|(?:maketitle|tableofcontents|newpage|clearpage|noindent|centering|smallskip|medskip|bigskip|tiny|scriptsize|footnotesize|small"
    r"|normalsize|large|Large|par|hfill|item|indent|appendix)(?![A-Za-z]))\s*"
)
_TEX_STYLES: dict[str, Style] = {"bf": "strong", "it": "em", "sl": "em", "tt": "code"}
_MARKDOWN_STYLES: dict[str, Style] = {"strong_open": "strong", "em_open": "em", "s_open": "s"}


@dataclass(frozen=True, slots=True)
class Words:
    """A run of prose or code in one style; ``br`` is a line break, ``fault`` is what is wrong."""

    text: str
    style: Style = ""


@dataclass(frozen=True, slots=True)
class Maths:
    """A formula, or the side of one."""

    element: Element


@dataclass(slots=True)
class Row:
    """What stands side by side, and the relations that it holds. ``continues`` marks one that goes on with the chain of the row above."""

    items: list[Words | Maths] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    continues: bool = False


@dataclass(slots=True)
class Block:
    """A paragraph, heading, list item, display formula or such; ``level`` is that of a heading, ``cell`` the notebook's cell."""

    kind: Kind
    rows: list[Row]
    span: Span
    level: int = 0
    cell: int | None = None


def blocks(report: Report, document: Document) -> list[Block]:
    """The document with its relations, in order. ``document`` is the report's text as read.

    Every relation of the report is in exactly one row; one whose sign stands in no formula (in code, say) gets a row of its own behind the
    block that it stands in. Comments are left out, as they are where the document is rendered.
    """
    if document.text != report.text:
        raise ValueError("the document is not the one of the report")
    layout = _Layout(report, document)
    found: list[Block] = []
    for group in _groups(document):
        block = layout.block(group)
        block.rows = [row for row in block.rows if row.relations or any(not isinstance(i, Words) or i.text.strip() for i in row.items)]
        if block.rows:
            found.append(block)
    _place_others(found, [r for left in layout.waiting.values() for r in left])
    return found


def code_blocks(report: Report) -> list[Block]:
    """Program code with its relations: one row for the lines of statements that have some, one for the lines between two of those."""
    text = report.text
    starts = [0, *(m.end() for m in re.finditer("\n", text))]
    faults = sorted({fault for relation in report.relations for fault in _faults(relation)})
    stretches: list[tuple[int, int, list[Relation]]] = []
    for relation in sorted(report.relations, key=lambda r: r.offsets):
        first = bisect_right(starts, relation.offsets[0]) - 1
        last = bisect_right(starts, max(relation.offsets[1] - 1, relation.offsets[0]))
        if stretches and first < stretches[-1][1]:
            begun, until, here = stretches[-1]
            stretches[-1] = (begun, max(until, last), [*here, relation])
        else:
            stretches.append((first, last, [relation]))
    rows: list[Row] = []
    line = 0
    for first, last, relations in [*stretches, (len(starts), len(starts), [])]:
        ends = [*starts, len(text) + 1]
        for low, high, here in ((line, first, []), (first, last, relations)):
            code = Span(ends[low], max(ends[low], ends[high] - 1)) if high > low else Span(0, 0)
            if text[code.start : code.end].strip():
                rows.append(Row(_code(text, code, faults), list(here)))
        line = last
    return [Block("code", rows, Span(0, len(text)))] if rows else []


def _code(text: str, span: Span, faults: list[Span]) -> list[Words | Maths]:
    """A stretch of code with the faults in it marked; ``faults`` are sorted."""
    found: list[Words | Maths] = []
    at = span.start
    for fault in faults[max(0, bisect_left(faults, Span(span.start, 0)) - 1) :]:
        if fault.start >= span.end:
            break
        low, high = max(fault.start, at), min(fault.end, span.end)
        if low < high:
            found += [Words(text[at:low]), Words(text[low:high], "fault")]
            at = high
    return [*found, Words(text[at : span.end])]


def _place_others(found: list[Block], others: list[Relation]) -> None:
    """Put relations whose signs are in no formula behind the blocks in which they stand."""
    starts = [block.span.start for block in found]
    inserted: dict[int, list[Row]] = defaultdict(list)
    for relation in sorted(others, key=lambda r: r.offsets):
        source = " ".join(f"{relation.lhs} {relation.relation} {relation.rhs}".split())
        inserted[bisect_right(starts, relation.offsets[0]) - 1].append(Row([Words(source, "code")], [relation]))
    for k in sorted(inserted, reverse=True):
        span = found[k].span if k >= 0 else Span(0, 0)
        found.insert(k + 1, Block("paragraph", inserted[k], span))


# Blocks


@dataclass(slots=True)
class _Group:
    kind: Kind
    parts: list[Formula | Prose]


def _groups(document: Document) -> Iterator[_Group]:
    """The parts of the document that belong together: a paragraph with its inline formulas, a display formula, a heading."""
    going: _Group | None = None
    for part in document.parts:
        if isinstance(part, Prose) and part.kind == "comment":
            continue
        if going is not None and _goes_on(going, part, document.text):
            going.parts.append(part)
            continue
        if going is not None:
            yield going
        going = _Group(_kind_of(part), [part])
    if going is not None:
        yield going


def _kind_of(part: Formula | Prose) -> Kind:
    if isinstance(part, Formula):
        return "display" if part.display else "paragraph"
    return _KINDS.get(part.kind, "paragraph")


def _goes_on(going: _Group, part: Formula | Prose, text: str) -> bool:
    last = going.parts[-1]
    gap = text[last.span.end : part.span.start]
    if going.kind in ("display", "code", "metadata") or part.cell != last.cell or _BLANK_LINE.search(gap):
        return False
    if isinstance(part, Formula):
        return not part.display and not (going.kind == "heading" and "\n" in gap)
    if _kind_of(part) != going.kind or (going.kind == "heading" and "\n" in gap):
        return False
    return not (going.kind == "item" and "\n" in gap and _MARKER.match(part.text))


def _faults(relation: Relation) -> list[Span]:
    """The parts of the text that are wrong in a relation: what its edits replace, or else its fault."""
    edited = [Span(edit.start, edit.end) for edit in relation.edits if edit.end > edit.start]
    return edited or ([Span(*relation.fault)] if relation.fault is not None else [])


class _Layout:
    """Lays out the groups of one document in order, and hands each relation to the row with its sign."""

    def __init__(self, report: Report, document: Document) -> None:
        self.text = document.text
        self.macros = macros_in(document.text)
        self.waiting: dict[int, list[Relation]] = defaultdict(list)
        for relation in report.relations:
            self.waiting[sign_offset(report.text, relation)].append(relation)
        self.atoms = self._atoms_by_formula(document)
        self.faults = sorted({span for relation in report.relations for span in _faults(relation)})
        self.fault_starts = [fault.start for fault in self.faults]

    def _atoms_by_formula(self, document: Document) -> dict[int, list[tuple[int, Atom]]]:
        """The atoms of all statements by the start of the formula in which they stand: a chain may go on in later formulas."""
        starts = [part.span.start for part in document.parts if isinstance(part, Formula)]
        found: dict[int, list[tuple[int, Atom]]] = defaultdict(list)
        for part in document.parts:
            if isinstance(part, Formula):
                for statement in part.statements:
                    for offset, atom in atoms(statement):
                        k = bisect_right(starts, offset) - 1
                        found[starts[k] if k >= 0 else part.span.start].append((offset, atom))
        for here in found.values():
            here.sort(key=lambda item: item[0])
        return found

    def block(self, group: _Group) -> Block:
        """The rows of a group."""
        first = group.parts[0]
        found = Block(group.kind, [Row()], Span(first.span.start, group.parts[-1].span.end), cell=first.cell)
        at = first.span.start
        for part in group.parts:
            if part is not first and self.text[at : part.span.start].isspace():
                found.rows[-1].items.append(Words(" "))
            if isinstance(part, Formula):
                self.formula(part, found)
            else:
                self.prose(part, found, part is first)
            at = part.span.end
        return found

    def prose(self, part: Prose, block: Block, first: bool) -> None:
        """Add a stretch of prose to the block's last row."""
        text = part.text
        row = block.rows[-1]
        if block.kind in ("code", "metadata", "table"):
            row.items.append(Words(text))
            return
        if block.kind == "heading":
            marker = _HEADING.match(text) if first else None
            if marker:
                text = text[marker.end() :]
                block.level = marker.group().count("#") or 1 + marker.group().count("sub")
            text = text.removesuffix("}") if self.text[part.span.start] == "\\" or block.level else text.rstrip("# ")
        if block.kind == "item" and first and (marker := _MARKER.match(text)):
            text = text[marker.end() :]
            row.items.append(Words(f"{marker.group().strip() if marker.group()[0].isdigit() else '•'} "))
        if block.kind == "quote":
            text = re.sub(r"^[ \t]*>[> \t]*", "", text, flags=re.MULTILINE)
        row.items += styled(text)

    def formula(self, part: Formula, block: Block) -> None:
        """Add a formula to the block, in as many rows as its relations need."""
        here = self.atoms.get(part.span.start, [])
        writer = _Writer(self, block, part, here)
        for piece in pieces(part.inside, here, writer.source):
            writer.piece(piece)
        writer.close()

    def source(self, span: Span) -> Source:
        """The text, with the faults that begin in a stretch of it or cover all of it."""
        low, high = bisect_right(self.fault_starts, span.start), bisect_right(self.fault_starts, span.end)
        while low and self.faults[low - 1].end >= span.end:
            low -= 1
        return Source(self.text, tuple(self.faults[low:high]), self.macros)

    def take(self, offset: int) -> Relation | None:
        """The relation whose sign stands at an offset; each is given once."""
        here = self.waiting.get(offset)
        return here.pop(0) if here else None

    def peek(self, offset: int | None) -> Relation | None:
        """The relation whose sign stands at an offset, not taken yet."""
        here = self.waiting.get(offset) if offset is not None else None
        return here[0] if here else None


class _Writer:
    """Writes the pieces of one formula into the rows of a block."""

    def __init__(self, layout: _Layout, block: Block, part: Formula, here: list[tuple[int, Atom]]) -> None:
        self.layout, self.block, self.part = layout, block, part
        self.pending: list[Element] = []
        self.start = self.end = part.inside.start
        self.source = Source(layout.text, macros=layout.macros)
        self.row_of_source = False
        self.held: list[Token] = []
        self.display = part.display or any(isinstance(a, Sign) and layout.peek(a.link.span.start) for _, a in here)
        self.before = len(block.rows[-1].relations)

    @property
    def row(self) -> Row:
        return self.block.rows[-1]

    def piece(self, piece: Atom | Loose) -> None:
        """Write a piece: break the row before it where it must be."""
        match piece:
            case Loose():
                self.loose(piece)
            case Side():
                relation = self.layout.peek(piece.first_sign)
                if piece.opens and (self.row_of_source or (relation is not None and self.must_break(relation))):
                    self.break_row(False)
                self.release()
                self.add(piece, piece.node.span)
            case Sign():
                relation = self.layout.peek(piece.link.span.start)
                if piece.role == "next" and relation is not None and self.must_break(relation):
                    self.break_row(True)
                elif self.pending and piece.role != "condition":
                    self.release()
                    self.flush()
                elif piece.role == "next" and not self.row.items:
                    self.row.continues = True
                self.release()
                self.add(piece, piece.link.span)
                taken = self.layout.take(piece.link.span.start)
                if taken is not None:
                    self.row.relations.append(taken)

    def must_break(self, relation: Relation) -> bool:
        """Whether the relation needs a row of its own, given those that are in the row already."""
        return len(self.row.relations) > self.before or any({relation.verdict, r.verdict} - FINE for r in self.row.relations)

    def loose(self, piece: Loose) -> None:
        """Write what stands between two sides: what is before a row's end to this row, the rest with what follows."""
        tokens = loose_tokens(piece.span, self.source)
        cut = next((n for n, t in enumerate(tokens) if t.kind == "row"), None)
        if cut is not None:
            self.row_of_source = True
        else:
            cut = next((n for n, t in enumerate(tokens) if t.kind not in (",", ";", ".", "}")), len(tokens))
        last = piece.span.end >= self.part.inside.end
        now, later = (tokens, []) if last else (tokens[:cut], tokens[cut:])
        shown = loose_elements(now, self.source)
        if shown:
            self.pending += shown
            self.end = max(self.end, now[-1].end)
        self.held = later

    def release(self) -> None:
        """Write what was held back for the piece that follows."""
        if not self.pending and not self.row.items:
            self.held = list(dropwhile(lambda token: token.text in BREAKS, self.held))
        shown = loose_elements(self.held, self.source)
        if shown:
            self.note(Span(self.held[0].start, self.held[-1].end))
            self.pending += shown
        self.held = []

    def add(self, piece: Atom, span: Span) -> None:
        self.note(span)
        self.pending += piece_elements(piece, self.layout.source(span))
        self.row_of_source = False

    def note(self, span: Span) -> None:
        """Extend the stretch of source that the pending elements show."""
        self.start = span.start if not self.pending else min(self.start, span.start)
        self.end = max(self.end, span.end)

    def flush(self) -> None:
        """Put the pending elements into the row as one formula."""
        if self.pending:
            alttext = self.layout.text[self.start : self.end]
            self.row.items.append(Maths(math(self.pending, alttext, display=self.display)))
            self.pending = []
            self.start = self.end

    def break_row(self, continues: bool) -> None:
        self.flush()
        self.row_of_source = False
        if self.row.items:
            self.block.rows.append(Row(continues=continues))
            self.before = 0

    def close(self) -> None:
        """Write what is left; a formula of which nothing is shown is shown as its source."""
        self.release()
        self.flush()


# Prose


def styled(text: str) -> list[Words]:
    """Prose with its emphasis, of Markdown and TeX, as runs in one style.

    TeX commands that print nothing are left out; links and everything else stay as they are written.
    """
    if len(text) > LONGEST_MARKED_UP:
        return [Words(text)]
    found: list[Words] = []
    open_styles: list[Style] = [""]
    for token in _markdown().parseInline(text)[0].children or []:
        if token.type in _MARKDOWN_STYLES:
            open_styles.append(_MARKDOWN_STYLES[token.type])
        elif token.type.endswith("_close") and len(open_styles) > 1:
            open_styles.pop()
        elif token.type == "hardbreak":
            found.append(Words("", "br"))
        elif token.type == "softbreak":
            found.append(Words(" ", open_styles[-1]))
        elif token.type == "code_inline":
            found.append(Words(token.content, "code"))
        elif token.content:
            found += _tex_styled(token.content, open_styles[-1])
    return found


def _tex_styled(text: str, outer: Style) -> Iterator[Words]:
    text = _TEX_LAYOUT.sub("", text)
    at = 0
    for m in _TEX_STYLE.finditer(text):
        if m.start() > at:
            yield Words(text[at : m.start()], outer)
        style: Style = "em" if m.group("emph") else _TEX_STYLES.get(m.group("style"), outer)
        yield Words(m.group("words"), style)
        at = m.end()
    if at < len(text):
        yield Words(text[at:], outer)


@cache
def _markdown() -> MarkdownIt:
    """A reader of inline Markdown that knows emphasis, code, escapes and line breaks, and neither links nor HTML."""
    return MarkdownIt("zero").enable(["emphasis", "strikethrough", "backticks", "escape", "newline", "balance_pairs", "fragments_join"])
