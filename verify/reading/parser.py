"""Formulas to statements: what stands between them, what belongs to them, and the chains that rows go on with.

Rows, clauses and arrows separate statements; a row that begins with a relation sign goes on with the chain before it. Nothing is dropped in
silence: what is not read becomes Unreadable with a diagnostic, and reading goes on at the next relation, row or clause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from verify.reading.expressions import Expressions, Stop
from verify.reading.lexicon import ARROWS, BREAKS, CASES, CONDITION_WORDS, MATRICES, PRODUCTS
from verify.reading.macros import expanded
from verify.reading.stream import END, OPEN_END, stream
from verify.reading.syntax import (
    Added,
    Chain,
    Diagnostic,
    Group,
    Matrix,
    Name,
    Node,
    Number,
    Scripted,
    Span,
    Statement,
    Tuple,
    Unreadable,
    Words,
)  # fmt: skip
from verify.reading.tokens import NO_MACROS, Macro, tokenize

_ARROWS = frozenset("\\" + name for name in ARROWS)
_BREAKS = frozenset("\\" + name for name in BREAKS)
_BULLETS = frozenset({"*", "\\cdot", "\\bullet", "\\ast"})
_PUNCTUATION = frozenset({"row", "&", ",", ";", ".", "}", OPEN_END})
_LABELS = frozenset({"\\tag", "\\label", "\\eqref", "\\ref"})
_SIGNS = frozenset("\\" + name for name in PRODUCTS if name.isalpha()) | {"*", "/"}


def parse(
    text: str, start: int = 0, end: int | None = None, macros: Mapping[str, Macro] = NO_MACROS
) -> tuple[tuple[Statement, ...], tuple[Diagnostic, ...]]:
    """The statements of one formula's inside and what could not be read; spans are offsets into ``text``. Never raises."""
    stop = len(text) if end is None else end
    tokens, endless = expanded(tokenize(text, start, stop), macros)
    reader = _Statements(text, stream(tokens, stop))
    if endless:
        reader.note(Span(start, stop), "a macro that expands without end")
    return reader.formula(), tuple(reader.diagnostics)


@dataclass(slots=True)
class _Pending:
    """What stands before a statement and belongs to it."""

    arrow: str = ""
    words: list[str] = field(default_factory=list)
    conditions: list[Node] = field(default_factory=list)
    label: str = ""

    def taken(self, content: Node) -> Statement:
        """The statement that all this belongs to; nothing is pending then."""
        made = Statement(content, self.label, tuple(self.conditions), self.arrow, " ".join(self.words))
        self.clear()
        return made

    def clear(self) -> None:
        self.arrow, self.words, self.conditions, self.label = "", [], [], ""


class _Statements(Expressions):
    """Reads all statements of a formula."""

    def formula(self) -> tuple[Statement, ...]:
        """All statements up to the end."""
        out: list[Statement] = []
        pending = _Pending()
        if self.kinds[0] in _SIGNS and self.kinds[1] == END:
            return (Statement(self.operator()),)  # a sign that the text speaks about
        while True:
            self.separators(out, pending)
            token = self.tokens[self.at]
            if token.kind == END:
                break
            before = self.at
            self.statement(out, pending)
            if self.at == before:
                self.note(Span(token.start, token.end), f"{token.text} was not expected here")
                self.at += 1
        if pending.conditions and out:
            out[-1] = replace(out[-1], conditions=(*out[-1].conditions, *pending.conditions))
        elif pending.words and not out:
            end = self.tokens[self.at].start
            out.append(Statement(Words(Span(end, end), " ".join(pending.words)), arrow=pending.arrow))
        return tuple(out)

    def separators(self, out: list[Statement], pending: _Pending) -> None:
        """Pass over rows, clauses, arrows, words and labels between statements."""
        while (kind := self.kinds[self.at]) != END:
            if kind in _PUNCTUATION:
                self.at += 1
            elif kind == ":":
                self.at += 1
                if out and not pending.words and out[-1].words.strip().lower().startswith(CONDITION_WORDS):
                    shifted = out.pop()
                    pending.conditions.extend([shifted.content, *shifted.conditions])
                    pending.arrow = pending.arrow or shifted.arrow
            elif kind in _BREAKS:
                self.at = self.stream.beyond(self.at + 1) if kind in ("\\hspace", "\\hskip") else self.at + 1
            elif kind in ("\\begin", "\\end"):
                if kind == "\\begin" and self.environment(self.at) in MATRICES.keys() - {"array"} | CASES:
                    return
                self.at = self.stream.beyond(self.at + 1)
                if kind == "\\begin" and self.kinds[self.at] == "{":
                    self.at = self.stream.beyond(self.at)  # column layout of an array
            elif kind in _ARROWS:
                pending.arrow, pending.words = kind[1:], []
                self.at += 1
            elif kind in _LABELS:
                label = self.inner(self.at + 1)
                self.at = self.stream.beyond(self.at + 1)
                label = label if label.startswith("(") else f"({label})"
                if out and (kind == "\\tag" or (kind == "\\label" and not out[-1].label)):
                    out[-1] = replace(out[-1], label=label)
                elif kind == "\\label" and not out:
                    pending.label = label
            elif self.words_next():
                pending.words.append(self.take_words())
            elif kind == "\\forall":
                self.at += 1
                conditions = self.quantified()
                if out:
                    out[-1] = replace(out[-1], conditions=(*out[-1].conditions, *conditions))
                else:
                    pending.conditions.extend(conditions)
            elif kind in _BULLETS:
                self.at += 1
            elif out and (name := self.label_next()) is not None:
                out[-1] = replace(out[-1], label=name)
            else:
                return

    def quantified(self) -> list[Node]:
        r"""The conditions behind ``\forall``: ``i: i = k``, ``i \neq j``."""
        found: list[Node] = []
        start = self.tokens[self.at].start
        try:
            found.append(self.chain())
            if self.kinds[self.at] == ":":
                self.at += 1
                if self.starts_factor():
                    found.append(self.chain())
        except Stop as stop:
            self.unread(start, stop)
        return [c for c in found if isinstance(c, Chain)]

    def statement(self, out: list[Statement], pending: _Pending) -> None:
        """One statement, appended to ``out`` or to its last chain."""
        if self.relation() is not None:
            self.going_on(out, pending)
            return
        start = self.tokens[self.at].start
        try:
            content = self.chain()
        except Stop as stop:
            content = self.recovered(start, stop)
        if out and isinstance(content, Matrix) and all(isinstance(cell, Words) for row in content.rows for cell in row):
            return  # a remark beside the formula, set as a matrix of words
        alone = bool(out) and not pending.words and not pending.arrow
        if isinstance(content, Group) and content.delimiter == "(" and alone and isinstance(content.body, Chain) and _is_case(content.body):
            out[-1] = replace(out[-1], conditions=(*out[-1].conditions, content.body))  # behind what it restricts, in parentheses
            pending.clear()
        elif isinstance(content, Chain) and out and self.restricts(content, pending, alone):
            out[-1] = replace(out[-1], conditions=(*out[-1].conditions, content))
            pending.clear()
        else:
            out.append(pending.taken(content))

    def restricts(self, content: Chain, pending: _Pending, alone: bool) -> bool:
        """Whether a chain is a condition of the statement before it: behind a word such as if, or an inequality of its own."""
        if alone and all(link.relation == "!=" for link in content.links):
            return True
        worded = " ".join(pending.words).strip().lower().startswith(CONDITION_WORDS) and not pending.conditions and not pending.arrow
        return worded and _is_condition(content) and self.kinds[self.at] != ":"

    def going_on(self, out: list[Statement], pending: _Pending) -> None:
        """A row that begins with a relation: more links of the last chain, or a chain without first side."""
        start = self.tokens[self.at].start
        found = self.links()
        last = out[-1].content if out else None
        if last is None or isinstance(last, Words | Unreadable):
            out.append(pending.taken(Chain(self.span(start), None, found)))
            return
        first, links = (last.first, last.links) if isinstance(last, Chain) else (last, ())
        out[-1] = replace(out[-1], content=Chain(self.span(last.span.start), first, (*links, *found)))
        pending.clear()

    def recovered(self, start: int, stop: Stop) -> Node:
        """Unreadable up to the next relation, row or clause, with a diagnostic; then the links that follow."""
        bad = self.unread(start, stop)
        found = self.links() if self.relation() is not None else ()
        return Chain(self.span(start), bad, found) if found else bad


def _is_case(chain: Chain) -> bool:
    return all(isinstance(s, Name | Number) for s in chain.sides) and all(link.relation in ("=", "!=") for link in chain.links)


def _is_condition(chain: Chain) -> bool:
    return all(s is None or isinstance(s, Name | Number | Scripted | Added | Group | Tuple) for s in chain.sides)
