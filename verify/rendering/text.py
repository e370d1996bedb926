"""Reports for the terminal: each line that needs a look with a mark under the offending part, the reason, the repair, a witness."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import IO

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from verify.language import SOURCE, Translator, translator
from verify.rendering.cells import cropped, excerpt, visible
from verify.rendering.places import leaves, place_of, sign_offset
from verify.report import Asked, Place, Relation, Report, Status, Verdict, Witness

Part = Text | Table | Padding
Row = tuple[str, Text]

SYMBOLS: dict[Verdict, tuple[str, str]] = {
    "given": ("·", "dim"),
    "proved": ("✓", "green"),
    "tested": ("≈", "green"),
    "slip": ("~", "yellow"),
    "follows": ("↳", "magenta"),
    "refuted": ("✗", "bold red"),
    "unread": ("?", "cyan"),
}
"""The symbol and the style of each verdict."""

STATUSES: dict[Status, tuple[str, str]] = {
    "right": ("✓", "green"),
    "slip": ("~", "yellow"),
    "follows": ("↳", "magenta"),
    "wrong": ("✗", "bold red"),
    "missing": ("-", "red"),
    "unread": ("?", "cyan"),
}
FINE: frozenset[Verdict] = frozenset({"given", "proved", "tested"})
"""The verdicts that need no look."""

PLAIN_WIDTH = 120
ENGLISH = translator(SOURCE)
LABELS = ("why", "should be", "meant", "from", "but", "witness", "read as", "holds for", "assuming")
"""What stands before the lines below a relation."""
LONGEST = 2000
"""The most cells of a message, a repair or a reading that are shown; the JSON report has them whole."""
BALL = re.compile(r"\[?(-?\d+(?:\.\d*)?(?:e[+-]?\d+)?)?(?: ?\+/- (\d+(?:\.\d*)?(?:e[+-]?\d+)?)\])?")
"""An enclosure as the kernel writes it: a decimal, ``[middle +/- radius]``, or about 0 ``[+/- radius]``."""


def console_for(stream: IO[str]) -> Console:
    """A console that writes to a terminal, without colour where ``NO_COLOR`` is set."""
    return Console(file=stream, highlight=False, emoji=False, markup=False)


def width_of(stream: IO[str]) -> int:
    """The cells in a line of the terminal that the stream is, or of plain text."""
    return console_for(stream).width if stream.isatty() else PLAIN_WIDTH


def report_parts(
    report: Report, width: int, *, verbose: bool = False, explain: bool = False, translate: Translator = ENGLISH
) -> Iterator[Part]:
    """The report from top to bottom, for a terminal of that many cells, its labels in the translator's language.

    Shown are the relations that are not given, proved or tested; with ``verbose`` all; with ``explain`` all, and how each was read.
    """
    yield from _head(report, width, verbose or explain, translate)
    if explain:
        yield from _understood(report, translate)
    brief = False
    for relation in report.relations:
        fine = relation.verdict in FINE
        if fine and not (verbose or explain):
            continue
        if brief and not fine:
            yield Text()
        brief = fine
        yield from relation_parts(report, relation, width, explain=explain, translate=translate)
        if not fine:
            yield Text()
    if brief:
        yield Text()
    yield _summary(report, translate)
    if report.asked:
        yield Text()
        yield _asked_table(report, translate)


def relation_parts(
    report: Report, relation: Relation, width: int, *, explain: bool = False, translate: Translator = ENGLISH
) -> Iterator[Part]:
    """One relation: its place and verdict; unless it is fine, its line with a mark under the fault, and what there is to say."""
    symbol, style = SYMBOLS[relation.verdict]
    head = Text.assemble((_where(report, relation.place), "bold"), "  ", (f"{symbol} {translate(relation.verdict)}", style))
    if relation.verdict in FINE:
        room = max(width - head.cell_len - 2, 12)
        head.append("  ").append(cropped(_words(f"{relation.lhs} {relation.relation} {relation.rhs}"), room), "dim")
        yield head
        gutter = 4
    else:
        if relation.mistake:
            head.append(f"  {translate(relation.mistake)}", "dim")
        yield head
        source, gutter = _source(report, relation, width)
        yield from source
    rows = _rows(report, relation, explain, translate)
    if rows:
        yield Padding(_grid(rows, max(cell_len(translate(label)) for label in LABELS)), (0, 0, 0, gutter))


def write(parts: Iterable[Part], stream: IO[str]) -> None:
    """Writes the parts to a stream: as plain text unless it is a terminal."""
    if not stream.isatty():
        stream.write(as_plain_text(parts) + "\n")
        return
    console = console_for(stream)
    for part in parts:
        console.print(part)


def as_plain_text(parts: Iterable[Part], width: int = PLAIN_WIDTH) -> str:
    """The parts as text without styles and without spaces at the ends of lines."""
    stream = StringIO()
    console = Console(file=stream, width=width, color_system=None, highlight=False, emoji=False, markup=False, force_terminal=False)
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in stream.getvalue().split("\n")).rstrip("\n")


def _where(report: Report, place: Place) -> str:
    cell = "" if place.cell is None else f"[cell {place.cell}]"
    return f"{_name(report)}{cell}:{place.line}:{place.column}"


def _name(report: Report) -> str:
    return visible(report.file) or "standard input"


def _head(report: Report, width: int, verbose: bool, translate: Translator) -> Iterator[Part]:
    count = len(report.relations)
    counted = translate("{count} relation" if count == 1 else "{count} relations").format(count=count)
    yield Text.assemble((_name(report), "bold"), "" if report.withheld else f"  {counted}")
    rows: list[Row] = []
    leaves: list[str] = []
    defined: list[str] = []
    for name, value in report.network.items():
        assert isinstance(value, dict)
        shown = f"{name}[{', '.join(value['axes'])}]" if value["axes"] else name
        if "not_understood" in value:
            rows.append((translate("not understood"), Text(visible(f"{name}: {value['not_understood']}"), "cyan")))
        else:
            (leaves if value["defined_as"] is None else defined).append(shown)
    if defined and not verbose:
        rows.insert(0, (translate("network"), Text(cropped(visible(" → ".join(defined)), width - 16))))
    elif defined:
        rows.insert(0, (translate("network"), Text(visible(" → ".join(defined)))))
        rows.insert(1, (translate("given"), Text(visible(", ".join(leaves)))))
    for reading in report.readings:
        said = translate("{symbol} read as {key} ({reason})").format(symbol=reading.symbol, key=reading.read_as, reason=reading.why)
        rows.append((translate("reading"), Text(visible(said), "yellow")))
    for remark in report.diagnostics:
        where = _where(report, Place(remark.line, remark.column, remark.column, remark.cell))
        rows.append((translate("note"), Text.assemble((where, "bold"), "  ", visible(remark.message))))
    if rows:
        yield Padding(_grid(rows), (0, 0, 0, 2))
    yield Text()


def _understood(report: Report, translate: Translator) -> Iterator[Part]:
    """Each quantity with its axes, its definition and where that stands, and the document's conventions."""
    quantities = Table.grid(padding=(0, 2))
    for name, value in report.network.items():
        assert isinstance(value, dict)
        if "not_understood" in value:
            continue
        line = translate("line {line}").format(line=value["line"]) if "line" in value else ""
        defined = f"= {value['defined_as']}" if value["defined_as"] is not None else translate("not defined here")
        axes = f"[{', '.join(value['axes'])}]"
        quantities.add_row(Text(visible(name)), Text(visible(axes)), Text(visible(defined), "dim"), Text(line, "bold"))
    if quantities.row_count:
        yield Padding(quantities, (0, 0, 1, 2))
    written = Table.grid(padding=(0, 2))
    for convention in report.conventions:
        written.add_row(Text(visible(convention.about), "yellow"), Text(visible(convention.says)))
    if written.row_count:
        yield Padding(written, (0, 0, 1, 2))


def _source(report: Report, relation: Relation, width: int) -> tuple[list[Part], int]:
    """The line of the fault with carets under what is wrong, and how far they are indented."""
    text = report.text
    if relation.fault is not None:
        start, end = relation.fault
    else:
        start = sign_offset(text, relation)
        end = start + relation.place.end_column - relation.place.column
    low = text.rfind("\n", 0, start) + 1
    high = text.find("\n", start)
    high = len(text) if high < 0 else high
    spans = [(e.start, e.end) if e.end > e.start else (max(e.start - 1, low), e.start) for e in relation.edits]
    if not spans or any(not low <= s < e <= high for s, e in spans):
        spans = [(start, min(end, high))]
    number = str(place_of(text, relation, start)[0])
    gutter = max(len(number), 3) + 2
    anchor = relation.offsets[0] - low if relation.offsets[0] >= low else 0
    shown = excerpt(text[low:high].rstrip("\r"), [(s - low, e - low) for s, e in spans], max(width - gutter - 3, 20), anchor)
    above = Text.assemble((f"{number:>{gutter - 1}} │ ", "dim"), shown.text, no_wrap=True, overflow="crop")
    below = Text.assemble((" " * gutter + "│ ", "dim"), (shown.marks, SYMBOLS[relation.verdict][1]), no_wrap=True, overflow="crop")
    return [above, below], gutter + 2


def _rows(report: Report, relation: Relation, explain: bool, translate: Translator) -> list[Row]:
    rows: list[Row] = []
    if relation.message and (relation.verdict not in FINE or explain):
        rows.append((translate("why"), Text(_words(relation.message))))
    if relation.repair:
        rows.append((translate("should be" if relation.verdict == "refuted" else "meant"), Text(_words(relation.repair), "green")))
    if relation.follows_from is not None:
        origin = next((r for r in report.relations if r.id == relation.follows_from), None)
        if origin is not None:
            rows.append((translate("from"), Text(_where(report, origin.place), "magenta")))
    if relation.rhs_equals_head and relation.verdict not in FINE:
        rows.append((translate("but"), Text(translate("the right side does equal the head of the chain"))))
    if relation.witness is not None:
        rows.extend(_witness_rows(report, relation.witness, translate))
    if explain and relation.read_as:
        rows.append((translate("read as"), Text(_words(relation.read_as))))
    if explain and relation.scope:
        chance = ", " + translate("up to a chance of {bound}").format(bound=relation.bound) if relation.bound else ""
        rows.append((translate("holds for"), Text(visible(relation.scope + chance))))
    if relation.assumptions and (explain or relation.verdict not in FINE):
        rows.append((translate("assuming"), Text(visible(", ".join(relation.assumptions)))))
    return rows


def _witness_rows(report: Report, witness: Witness, translate: Translator) -> list[Row]:
    sizes = ", ".join(f"{axis} {size}" for axis, size in witness.sizes.items())
    entry = ", ".join(f"{index} = {position}" for index, position in witness.entry.items())
    left, right = _told_apart(witness.left, witness.right)
    template = "the left side is {left}, the right side {right}" + (" at {entry}" if entry else "")
    sides = Text(translate(template).format(left=visible(left), right=visible(right), entry=visible(entry)))
    rows: list[Row] = [(translate("witness"), sides)]
    if sizes:
        rows.append(("", Text(translate("widths: {sizes}").format(sizes=visible(sizes)), "dim")))
    if witness.values:
        values = leaves(report, witness.values).items()
        rows.append(("", Text(visible("  ".join(f"{name}={_nested(value)}" for name, value in values)), "dim")))
    return rows


def _told_apart(left: str, right: str) -> tuple[str, str]:
    """Both enclosures by six digits of their middles where these tell them apart, else in full."""
    short = few_digits(left), few_digits(right)
    return short if short[0] != short[1] else (left, right)


def few_digits(enclosure: str) -> str:
    """The middle of an enclosure by six digits, 0 for one of less than 10^-9 about 0; as it is where it has no middle or is wider."""
    found = BALL.fullmatch(enclosure)
    if not found or not (found[1] or found[2]):
        return enclosure
    if found[1]:
        return f"{float(found[1]):.6g}"
    return "0" if float(found[2]) < 1e-9 else enclosure


def _nested(value: object) -> str:
    return f"[{','.join(_nested(v) for v in value)}]" if isinstance(value, (list, tuple)) else str(value)


def _summary(report: Report, translate: Translator) -> Table:
    """How many relations got each verdict, and on which lines those stand that need a look."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="left")
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for verdict, (symbol, style) in SYMBOLS.items():
        found = [r for r in report.relations if r.verdict == verdict]
        if found:
            places = "" if verdict in FINE else translate("lines" if len(found) > 1 else "line") + " "
            lines = "" if verdict in FINE else ", ".join(dict.fromkeys(_short_place(r.place) for r in found))
            table.add_row(Text(f"{symbol} {translate(verdict)}", style), Text(str(len(found)), style), Text(places + lines, "dim"))
    if not report.relations and not report.withheld:
        table.add_row(Text(translate("no relation found"), "cyan"))
    return table


def _short_place(place: Place) -> str:
    return str(place.line) if place.cell is None else f"{place.cell}:{place.line}"


def _asked_table(report: Report, translate: Translator) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    places = {r.id: r.place for r in report.relations}
    table.add_row(Text(translate("asked for"), "bold"), "", Text(translate("points"), "bold"), "")
    for asked in report.asked:
        symbol, style = STATUSES[asked.status]
        line = translate("line {line}").format(line=_short_place(places[asked.relation])) if asked.relation in places else ""
        label = visible(asked.quantity) if asked.step_of is None else f"  {visible(asked.name or asked.quantity)}"
        table.add_row(Text(label), Text(f"{symbol} {translate(asked.status)}", style), Text(points(asked)), Text(line, "dim"))
    total, out_of = sum(a.points for a in report.asked), sum(a.out_of for a in report.asked)
    table.add_row("", "", Text(f"{total:g} / {out_of:g}", "bold"), "")
    return table


def points(asked: Asked) -> str:
    """What a quantity earns, of how much; what could not be read earns nothing before a person has looked, which is not 0."""
    return f"{'?' if asked.status == 'unread' else f'{asked.points:g}'} / {asked.out_of:g}"


def _grid(rows: list[Row], labels: int | None = None) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, width=labels)
    grid.add_column(overflow="fold")
    for label, value in rows:
        grid.add_row(label, value)
    return grid


def _words(text: str) -> str:
    """The text in one paragraph; of a very long one the beginning."""
    return cropped(_one_line(text[: 4 * LONGEST]), LONGEST)


def _one_line(text: str) -> str:
    return visible(" ".join(text.split()))
