"""The report on a document as one HTML file: no script, nothing loaded from elsewhere, everything that a document contains escaped."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from verify.reading.parser import parse
from verify.reading.syntax import Document
from verify.reading.tokens import NO_MACROS, Macro, macros_in
from verify.rendering.mathml import array, latex_as_mathml, shown, written
from verify.rendering.page import FINE, Block, Maths, Row, Words, blocks, code_blocks
from verify.rendering.places import leaves
from verify.rendering.text import few_digits, points
from verify.report import Asked, Place, Relation, Report, Status, Verdict, Witness

POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:"
"""What a browser lets the page do: show itself."""

MARKS: dict[Verdict, str] = {"given": "·", "proved": "✓", "tested": "≈", "slip": "~", "follows": "↳", "refuted": "✗", "unread": "?"}
STATUS_MARKS: dict[Status, tuple[str, str]] = {
    "right": ("✓", "proved"),
    "slip": ("~", "slip"),
    "follows": ("↳", "follows"),
    "wrong": ("✗", "refuted"),
    "missing": ("–", "missing"),
    "unread": ("?", "unread"),
}
"""The sign of each status, and the class that gives it its colour."""
MEANINGS: dict[Verdict, str] = {
    "given": "introduces something: a definition, an assumption, an update rule",
    "proved": "true for all widths, off the kinks, under the listed assumptions",
    "tested": "true at the stated widths, up to the stated chance",
    "slip": "false or meaningless as written, true after a repair of notation",
    "follows": "false, and exactly what follows from an earlier wrong line",
    "refuted": "false under every admissible reading",
    "unread": "not read, ambiguous, or out of reach: a person must look",
}

_STYLES = {"strong": "strong", "em": "em", "s": "s", "code": "code", "fault": "mark"}
_DOLLARS = re.compile(r"(?<!\\)\$([^$]+)\$")
_LATEX = re.compile(r"\\[A-Za-z]|[A-Za-z0-9})]'*[_^]")
_WORD = re.compile(r"(?<![\\A-Za-z_{])[A-Za-z]{2,}")
_LATEX_GLUE = frozenset(["+", "-", "=", "<", ">", "/", "\\cdot", "\\odot", "\\,"])


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of an explanation: what it is about, and what it says."""

    label: str
    value: Markup


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to say about a relation. ``relation`` is it itself, where its row holds others too."""

    verdict: Verdict
    place: str
    mistake: str | None
    relation: Markup | None
    facts: tuple[Fact, ...]
    witness: WitnessView | None
    read_as: Markup | None


@dataclass(frozen=True, slots=True)
class WitnessView:
    """A witness with its numbers as formulas."""

    left: str
    right: str
    entry: tuple[tuple[str, int], ...]
    sizes: tuple[tuple[str, int], ...]
    values: tuple[tuple[Markup, Markup], ...]


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of the page: its marks, its content, its explanations."""

    marks: tuple[Relation, ...]
    body: Markup
    continues: bool
    verdict: Verdict | None
    explanations: tuple[Explanation, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BlockView:
    """A block of the page."""

    kind: str
    level: int
    rows: tuple[RowView, ...]
    cell: int | None


def html_report(
    report: Report, document: Document | None, *, lang: str = "en", translate: Callable[[str], str] = str, explain: bool = False
) -> str:
    """The report as one HTML file. ``document`` is the report's text as read, or None where that is program code.

    ``explain`` adds how each relation was read, also of those that are fine.
    ``lang`` is the language that ``translate`` puts the labels of the page into; the document's own language is left open.
    Raises ValueError if the document is not the one of the report.
    """
    page = _Page(report, document, translate)
    body = [page.block(block) for block in (code_blocks(report) if document is None else blocks(report, document))]
    return template("report.html.jinja").render(
        _=translate,
        shown=shown,
        lang=lang,
        policy=POLICY,
        font=font(),
        title=shown(report.file) or translate("standard input"),
        page=page,
        points=points,
        open_points=sum(a.out_of for a in report.asked if a.status == "unread"),
        explain=explain,
        report=report,
        blocks=body,
        marks=MARKS,
        status_marks=STATUS_MARKS,
        meanings=MEANINGS,
        cells=any(block.cell is not None for block in body),
    )


class _Page:
    """What the template asks for: the parts of one report as markup."""

    def __init__(self, report: Report, document: Document | None, translate: Callable[[str], str]) -> None:
        self.report, self.translate = report, translate
        self.code = document is None
        self.macros: Mapping[str, Macro] = NO_MACROS if document is None else macros_in(document.text)
        self.known: dict[tuple[str, bool], Markup] = {}
        self.by_id = {relation.id: relation for relation in report.relations}
        self.earned: dict[str, list[Asked]] = {}
        for asked in report.asked:
            if asked.relation is not None and asked.out_of:
                self.earned.setdefault(asked.relation, []).append(asked)

    def block(self, block: Block) -> BlockView:
        rows = tuple(self.row(row) for row in block.rows if row.items or row.relations)
        return BlockView(block.kind, min(2 + max(block.level, 1), 6), rows, block.cell)

    def row(self, row: Row) -> RowView:
        worst = next((r.verdict for r in row.relations if r.verdict not in FINE), None)
        alone = len(row.relations) == 1
        explained = tuple(self.explanation(r, alone) for r in row.relations if r.verdict not in FINE)
        notes = tuple(self.scope(r) for r in row.relations if r.verdict == "tested")
        return RowView(tuple(row.relations), _body(row), row.continues, worst, explained, notes)

    def scope(self, relation: Relation) -> str:
        """For which widths a relation was found to hold, and with what chance of an error."""
        chance = self.translate("up to a chance of {bound}").format(bound=shown(relation.bound)) if relation.bound else ""
        return ", ".join(part for part in (shown(relation.scope or ""), chance) if part)

    def explanation(self, relation: Relation, alone: bool) -> Explanation:
        """What there is to say about a relation that needs a look."""
        whole = None if alone else self.written(f"{relation.lhs} {relation.relation} {relation.rhs}")
        return Explanation(
            relation.verdict,
            self.place(relation.place),
            self.translate(relation.mistake) if relation.mistake else None,
            whole,
            tuple(self.facts(relation)),
            self.witness(relation.witness) if relation.witness is not None else None,
            self.math(relation.read_as, display=True) if relation.read_as else None,
        )

    def facts(self, relation: Relation) -> Iterator[Fact]:
        """The lines of an explanation, in order."""
        say = self.translate
        if relation.message:
            yield Fact(say("why"), self.message(relation.message))
        if relation.repair:
            yield Fact(say("should be") if relation.verdict == "refuted" else say("meant"), self.written(relation.repair, display=True))
        origin = self.by_id.get(relation.follows_from or "")
        if origin is not None:
            link = Markup('<a href="#{}">{}</a>').format(origin.id, self.place(origin.place))
            yield Fact(say("follows from"), link)
        if relation.rhs_equals_head:
            yield Fact(say("but"), escape(say("the right side does equal the head of the chain")))
        if relation.assumptions:
            yield Fact(say("assuming"), escape(", ".join(shown(a) for a in relation.assumptions)))

    def witness(self, witness: Witness) -> WitnessView:
        """A witness for the page."""
        return WitnessView(
            *_short(witness.left, witness.right),
            tuple((shown(index), at) for index, at in witness.entry.items()),
            tuple((shown(axis), size) for axis, size in witness.sizes.items()),
            tuple((self.written(name), Markup(written(array(value)))) for name, value in leaves(self.report, witness.values).items()),
        )

    def math(self, latex: str, *, display: bool = False) -> Markup:
        """LaTeX of the report as a formula."""
        if not self.macros:
            return _math(latex, display)
        key = latex, display
        if key not in self.known:
            self.known[key] = _markup(latex, self.macros, display)
        return self.known[key]

    def written(self, source: str, *, display: bool = False) -> Markup:
        """What is in the document's own notation: a formula, or code."""
        return Markup("<code>{}</code>").format(shown(source)) if self.code else self.math(source, display=display)

    def message(self, text: str) -> Markup:
        """A sentence of the report with its formulas: those between dollar signs, or else the runs of words that are LaTeX."""
        if self.code:
            return escape(shown(text))
        if _DOLLARS.search(text):
            parts = _DOLLARS.split(text)
            return Markup("").join(self.math(part) if k % 2 else escape(shown(part)) for k, part in enumerate(parts))
        return Markup("").join(self.math(part) if latex else escape(shown(part)) for part, latex in _runs(text))

    def place(self, place: Place) -> str:
        """A place in words."""
        line = self.translate("line {line}").format(line=place.line)
        return line if place.cell is None else f"{self.translate('cell {cell}').format(cell=place.cell)}, {line}"

    @property
    def network(self) -> list[tuple[Markup, str, Markup | None, str]]:
        """The network's quantities: name, axes, definition or None, and why it was not understood or ""."""
        rows = []
        for name, value in self.report.network.items():
            assert isinstance(value, dict)
            defined = value["defined_as"]
            rows.append(
                (
                    self.written(name),
                    ", ".join(shown(axis) for axis in value["axes"]),
                    None if defined is None else self.math(defined, display=True),
                    shown(value.get("not_understood", "")),
                )
            )
        return rows

    @property
    def looks(self) -> list[tuple[Verdict, list[Relation]]]:
        """The relations that need a look, the gravest verdict first."""
        order: tuple[Verdict, ...] = ("refuted", "follows", "slip", "unread")
        found = [(verdict, [r for r in self.report.relations if r.verdict == verdict]) for verdict in order]
        return [(verdict, relations) for verdict, relations in found if relations]

    def places(self, relations: list[Relation]) -> list[tuple[str, Relation]]:
        """The places of relations in words, each line once, with the first relation there."""
        found: dict[str, Relation] = {}
        for relation in relations:
            found.setdefault(self.place(relation.place), relation)
        return list(found.items())

    @property
    def assumed(self) -> list[tuple[str, list[Relation]]]:
        """What was assumed, each with the relations that need it."""
        found: dict[str, list[Relation]] = {}
        for relation in self.report.relations:
            for assumption in relation.assumptions:
                found.setdefault(assumption, []).append(relation)
        return [(shown(assumption), relations) for assumption, relations in found.items()]

    @property
    def readings(self) -> list[tuple[Relation, Markup]]:
        """How each relation was read."""
        return [(relation, self.math(relation.read_as, display=True)) for relation in self.report.relations if relation.read_as]


@lru_cache(maxsize=2_000)
def _math(latex: str, display: bool) -> Markup:
    """A formula without macros as markup; the pages of a class show the same ones again and again."""
    return _markup(latex, NO_MACROS, display)


def _markup(latex: str, macros: Mapping[str, Macro], display: bool) -> Markup:
    return Markup("").join(Markup(written(part)) for part in latex_as_mathml(latex, macros, display=display))


def _body(row: Row) -> Markup:
    """A row's prose and formulas as markup."""
    return Markup("").join(_run(item) for item in row.items)


def _run(item: Words | Maths) -> Markup:
    if isinstance(item, Maths):
        return Markup(written(item.element))
    if item.style == "br":
        return Markup("<br>")
    text = escape(shown(item.text))
    tag = _STYLES.get(item.style)
    return Markup(f"<{tag}>{{}}</{tag}>").format(text) if tag else text


def _short(left: str, right: str) -> tuple[str, str]:
    """Both sides of a witness with six digits where that tells them apart, else as they are."""
    short = few_digits(left), few_digits(right)
    first, second = short if short[0] != short[1] else (left, right)
    return shown(first), shown(second)


def _runs(text: str) -> Iterator[tuple[str, bool]]:
    """A sentence in stretches, each with whether it is LaTeX: words with commands or scripts, and what joins two of those."""
    chunks = _in_parentheses(_chunks(text))
    latex = [bool(_LATEX.search(chunk)) for chunk in chunks]
    for k in range(2, len(chunks) - 2):  # an operator, with white space around it
        latex[k] = latex[k] or (latex[k - 2] and latex[k + 2] and chunks[k] in _LATEX_GLUE)
    for k in range(1, len(chunks) - 1):
        latex[k] = latex[k] or (latex[k - 1] and latex[k + 1] and chunks[k].isspace())
    at = 0
    while at < len(chunks):
        end = at + 1
        while end < len(chunks) and latex[end] == latex[at]:
            end += 1
        run = "".join(chunks[at:end])
        core = run.rstrip(",;:. ") if latex[at] else run
        readable = latex[at] and not parse(core)[1]
        yield core, readable
        if run[len(core) :]:
            yield run[len(core) :], False
        at = end


def _chunks(text: str) -> list[str]:
    """The text cut at white space that is in no braces."""
    found: list[str] = []
    depth = 0
    for letter in text:
        depth = max(0, depth + (letter == "{") - (letter == "}"))
        blank = letter.isspace() and depth == 0
        if found and blank == found[-1].isspace():
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _in_parentheses(chunks: list[str]) -> list[str]:
    """The chunks with those joined that are a term in parentheses, ``(1 - a_{h2})``: formulas and no words."""
    found: list[str] = []
    at = 0
    while at < len(chunks):
        end, open_ = at + 1, chunks[at].count("(") - chunks[at].count(")")
        while open_ > 0 and end < len(chunks):
            open_ += chunks[end].count("(") - chunks[end].count(")")
            end += 1
        group = "".join(chunks[at:end])
        joined = open_ == 0 and _LATEX.search(group) is not None and _WORD.search(group) is None
        found.append(group if joined else chunks[at])
        at = end if joined else at + 1
    return found


@cache
def template(name: str) -> Template:
    """A template of this folder; what is put into it is escaped."""
    environment = Environment(
        loader=PackageLoader("verify", "rendering"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    return environment.get_template(name)


@cache
def font() -> str:
    """The subset of STIX Two Math as base64."""
    data = files("verify.rendering").joinpath("stix-two-math-subset.woff2").read_bytes()
    return base64.b64encode(data).decode("ascii")
