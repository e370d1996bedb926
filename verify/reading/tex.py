r"""TeX documents to formulas and prose: comments and verbatim first, then the maths of the body. Nothing is executed, no file is read.

Time is linear in the text: a delimiter that has no partner in its paragraph is looked for once, not once for each opener.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from verify.reading.scanning import ENVIRONMENT, Groups, Scan, blank, body_start, dollar_after, masked
from verify.reading.syntax import Diagnostic, Formula, Prose, Span

_HIDDEN = re.compile(
    r"\\begin\s{0,9}\{(?P<verbatim>(?:verbatim|Verbatim|lstlisting|minted|comment|filecontents|tikzpicture)\*?)\}"
    r"|\\(?:verb\*?|lstinline)(?P<delimiter>[^\sA-Za-z*])"
    r"|(?P<comment>%[^\n]*)"
    r"|\\.",
    re.DOTALL,
)
_OPENER = re.compile(
    rf"\\begin\s{{0,9}}\{{(?P<environment>{ENVIRONMENT})\}}"
    r"|\\(?P<side>begin|end)\s{0,9}\{(?P<other>[A-Za-z]{1,40}\*?)\}"
    r"|(?P<bracket>\\[(\[])"
    r"|\\(?P<heading>part|chapter|section|subsection|subsubsection|paragraph|subparagraph|title)\*?\s{0,9}(?=[\[{])"
    r"|\\(?P<definition>(?:re|provide)?newcommand|def|gdef|edef|xdef|DeclareMathOperator|(?:re)?newenvironment|newtheorem)(?![A-Za-z])"
    r"|\\(?P<item>item)(?![A-Za-z])"
    r"|\\."
    r"|(?P<dollars>\$\$?)"
    r"|(?P<paragraph>\n[ \t\r\f\v]*\n)",
    re.DOTALL,
)
_REFUSED = re.compile(
    r"(?<!\\)\\(?:input|include|write|openin|openout|read|import|subimport|subfile|InputIfFileExists|verbatiminput|lstinputlisting"
    r"|directlua|special)(?![A-Za-z])"
)
_BLANK_LINE = re.compile(r"\n[ \t\r\f\v]*+(?=\n|\Z)")
_OPTION = re.compile(r"\[[^\[\]\n]{0,200}\]")
_EXPECTATION = re.compile(r"%+[ \t]*expect[ \t]*:")
_KINDS = {"tabular": "table", "tabularx": "table", "longtable": "table", "quote": "quote", "quotation": "quote"}
_MOST_VERB = 500
_MOST_HEADING = 2000
_MOST_DEFINITION = 5000


@dataclass(slots=True)
class _Page:
    """The state of one scan. ``text`` is as written, ``clean`` has comments and verbatim blanked out."""

    text: str
    clean: str
    end: int
    parts: list[Formula | Prose] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    hidden: list[Prose] = field(default_factory=list)
    """Comments and verbatim that become parts, last first."""
    prose: int = 0
    kind: str = "paragraph"
    heading_until: int = -1
    blank: int = -1
    groups: Groups = field(default_factory=Groups)
    missing: dict[str, int] = field(default_factory=dict)


def scan(text: str) -> Scan:
    """The formulas and the prose of a TeX document or of a fragment of one; spans are offsets into ``text``.

    Before ``\\begin{document}`` and behind ``\\end{document}`` nothing is searched. Commands that read or write files or run programs are
    refused with a diagnostic.
    """
    masks, hidden = _comments_and_verbatim(text)
    clean = masked(text, masks)
    start, end = _body(clean)
    page = _Page(text, clean, end, prose=start, hidden=[p for p in reversed(hidden) if start <= p.span.start < end])
    if start and text[:start].strip():
        page.parts.append(Prose(Span(0, start), text[:start], "metadata"))
    for m in _REFUSED.finditer(clean, 0, end):
        page.diagnostics.append(Diagnostic(Span(*m.span()), f"{m.group()} is refused: nothing outside the document is read or run"))
    _read(page, start)
    _flush(page, end)
    return Scan(tuple(page.parts), tuple(masks), tuple(sorted(page.diagnostics, key=lambda d: d.span)))


def _comments_and_verbatim(text: str) -> tuple[list[tuple[int, str]], list[Prose]]:
    """(masks, prose): comments that stand alone in their line or say what to expect, and verbatim as code."""
    masks: list[tuple[int, str]] = []
    hidden: list[Prose] = []
    unclosed: set[str] = set()
    at = line = 0
    while m := _HIDDEN.search(text, at):
        at = m.end()
        found = text.rfind("\n", line, m.start())
        alone = not text[found + 1 : m.start()].strip() if found >= 0 or line == 0 else False
        line = m.start()
        if m.group("comment"):
            masks.append(blank(text, *m.span()))
            words = m.group().rstrip("\r")
            if alone or _EXPECTATION.match(words):
                hidden.append(Prose(Span(m.start(), m.start() + len(words)), words, "comment"))
        elif name := m.group("verbatim"):
            closing = f"\\end{{{name}}}"
            close = -1 if name in unclosed else text.find(closing, at)
            if close < 0:
                unclosed.add(name)
                continue
            at = close + len(closing)
            masks.append(blank(text, m.start(), at))
            hidden.append(Prose(Span(m.start(), at), text[m.start() : at], "code"))
        elif delimiter := m.group("delimiter"):
            close = text.find("}" if delimiter == "{" else delimiter, at, at + _MOST_VERB)
            if close >= 0 and "\n" not in text[at:close]:
                at = close + 1
                masks.append(blank(text, m.start(), at))
    return masks, hidden


def _body(clean: str) -> tuple[int, int]:
    """Where the body begins and ends."""
    opening = re.search(r"\\begin\s{0,9}\{document\}", clean)
    closing = re.compile(r"\\end\s{0,9}\{document\}").search(clean, opening.end() if opening else 0)
    return opening.end() if opening else 0, closing.start() if closing else len(clean)


def _read(page: _Page, at: int) -> None:
    clean = page.clean
    environments: list[str] = []
    while m := _OPENER.search(clean, at, page.end):
        at = m.end()
        if page.heading_until >= 0 and m.start() >= page.heading_until:
            _close_heading(page)
        stop = _next_blank(page, m.start()) if page.heading_until < 0 else page.heading_until
        if name := m.group("environment"):
            at = _delimited(page, m, f"\\end{{{name}}}", stop, body_start(clean, name, at, stop), name != "math")
        elif m.group("bracket"):
            at = _delimited(page, m, "\\)" if m.group() == "\\(" else "\\]", stop, at, m.group() == "\\[")
        elif m.group("dollars"):
            at = _dollars(page, m, stop)
        elif m.group("heading"):
            option = _OPTION.match(clean, at, page.end)
            brace = option.end() if option else at
            close = page.groups.end(clean, brace, min(page.end, brace + _MOST_HEADING)) if clean[brace : brace + 1] == "{" else None
            if close is not None and page.heading_until < 0:
                _flush(page, m.start())
                page.kind, page.heading_until, at = "heading", close, brace + 1
        elif m.group("definition"):
            at = _definition_end(page, at)
        elif m.group("paragraph"):
            at -= 1
            if page.text[m.start() : m.end()].isspace():
                _flush(page, m.start())
                page.kind = environments[-1] if environments else "paragraph"
        elif m.group("item"):
            _flush(page, m.start())
            page.kind = "item"
        elif kind := _KINDS.get((m.group("other") or "").rstrip("*")):
            _flush(page, m.start())
            if m.group("side") == "begin":
                environments.append(kind)
            elif environments:
                environments.pop()
            page.kind = environments[-1] if environments else "paragraph"
    if page.heading_until >= 0:
        _close_heading(page)


def _close_heading(page: _Page) -> None:
    _flush(page, page.heading_until)
    page.kind, page.heading_until = "paragraph", -1


def _delimited(page: _Page, m: re.Match[str], closing: str, stop: int, inside: int, display: bool) -> int:
    """Read the formula that opens at ``m``, or say that it is not closed; where to go on."""
    close = _find(page, closing, inside, stop)
    if close is None:
        page.diagnostics.append(Diagnostic(Span(*m.span()), f"{m.group()} is not closed by {closing} before the next blank line"))
        return m.end()
    _formula(page, Span(m.start(), close + len(closing)), Span(inside, close), display)
    return close + len(closing)


def _dollars(page: _Page, m: re.Match[str], stop: int) -> int:
    """Read the formula between dollar signs that opens at ``m``, or say that it is not closed; where to go on."""
    if m.group() == "$$":
        return _delimited(page, m, "$$", stop, m.end(), True)
    close = None if page.missing.get("$", -1) >= stop else dollar_after(page.clean, m.end(), stop, page.groups)
    if close is None:
        page.missing["$"] = max(stop, page.missing.get("$", -1))
        page.diagnostics.append(Diagnostic(Span(*m.span()), "this $ has no partner before the next blank line"))
        return m.end()
    _formula(page, Span(m.start(), close + 1), Span(m.end(), close), False)
    return close + 1


def _formula(page: _Page, span: Span, inside: Span, display: bool) -> None:
    _flush(page, span.start)
    while page.hidden and page.hidden[-1].span.start < span.end:
        page.hidden.pop()  # a comment inside the formula
    page.parts.append(Formula(span, inside, display, ()))
    page.prose = span.end


def _flush(page: _Page, until: int) -> None:
    """Make parts of the prose that has piled up before ``until``, and of the comments and the verbatim in it."""
    while page.hidden and page.hidden[-1].span.start < until:
        part = page.hidden.pop()
        _words(page, part.span.start)
        page.parts.append(part)
        page.prose = part.span.end
    _words(page, until)


def _words(page: _Page, until: int) -> None:
    if page.prose < until:
        words = page.text[page.prose : until]
        if words.strip():
            start = page.prose + len(words) - len(words.lstrip())
            end = page.prose + len(words.rstrip())
            page.parts.append(Prose(Span(start, end), page.text[start:end], page.kind))
        page.prose = until


def _definition_end(page: _Page, at: int) -> int:
    """Where the definition of a macro ends whose command ends at ``at``: its dollar signs are no formulas of the document."""
    clean, limit = page.clean, min(page.end, at + _MOST_DEFINITION)
    head = _DEFINITION_HEAD.match(clean, at, limit)
    at = head.end() if head else at
    while clean[at : at + 1] == "{" and (close := page.groups.end(clean, at, limit)):
        at = close
        option = _DEFINITION_OPTIONS.match(clean, at, limit)
        at = option.end() if option else at
    return at


_DEFINITION_HEAD = re.compile(r"\*?\s*+(?:\\[A-Za-z@]+(?:#\d)*)?\s*+(?:\[[^\[\]\n]{0,200}\]\s*+){0,2}")
_DEFINITION_OPTIONS = re.compile(r"\s*+(?:\[[^\[\]\n]{0,200}\]\s*+){0,2}(?=\{)")


def _next_blank(page: _Page, at: int) -> int:
    """The next blank line; one that holds a comment is not blank."""
    if page.blank < at:
        m = _BLANK_LINE.search(page.text, at, page.end)
        page.blank = m.start() if m else page.end
    return page.blank


def _find(page: _Page, closing: str, at: int, stop: int) -> int | None:
    """Where ``closing`` stands next, not escaped, before ``stop``; None if nowhere, which is remembered."""
    if page.missing.get(closing, -1) >= stop:
        return None
    clean = page.clean
    found = clean.find(closing, at, stop)
    while found > at and _escaped(clean, found, at):
        found = clean.find(closing, found + 1, stop)
    if found < 0:
        page.missing[closing] = max(stop, page.missing.get(closing, -1))
        return None
    return found


def _escaped(text: str, at: int, after: int) -> bool:
    before = at
    while before > after and text[before - 1] == "\\":
        before -= 1
    return (at - before) % 2 == 1
