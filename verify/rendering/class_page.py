"""The page of a class: what it got right and wrong, by asked quantity and by mistake, as pictures; and a row an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from verify.grading.assignment import Assignment
from verify.grading.hints import KINDS
from verify.grading.marks import Marked
from verify.grading.store import Kept
from verify.language import SOURCE
from verify.reading.tokens import NO_MACROS
from verify.rendering.html import MARKS, POLICY, STATUS_MARKS, font, template
from verify.rendering.mathml import latex_as_mathml, shown, written
from verify.report import Status

Wrong = Mapping[str, Mapping[str, tuple[int, str, str | None]]]
"""Of each answer the lines that are not right, by relation: line, verdict, mistake."""

STATUSES: tuple[Status, ...] = ("right", "slip", "follows", "wrong", "missing", "unread")
EXAMPLES = 4
BINS = 10
BAR, HEIGHT = 400, 18


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: its status, its count, where it begins and how wide it is."""

    status: Status
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class QuantityView:
    """How a class came out on an asked quantity or a step to one."""

    formula: Markup
    name: str
    step: bool
    parts: tuple[Part, ...]
    mean: float
    out_of: float


@dataclass(frozen=True, slots=True)
class MistakeView:
    """A mistake in lines about a quantity: in how many answers it is, and where it can be seen."""

    name: str
    says: str
    slip: bool
    answers: int
    width: float
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """A row of the table of answers."""

    name: str
    page: str
    points: float
    statuses: tuple[tuple[str, str, str], ...]
    unread: int
    lost: str


def class_page(
    kept: Sequence[Kept], assignment: Assignment, wrong: Wrong, *, lang: str = SOURCE, translate: Callable[[str], str] = str
) -> str:
    """The page of a class as one HTML file: no script, nothing loaded from elsewhere; links lead to the answers' pages beside it.

    ``lang`` is the language that ``translate`` puts the page into.
    """
    marked = [one.marked for one in kept]
    out_of = sum(a.out_of for a in assignment.ask)
    return template("class.html.jinja").render(
        _=translate,
        lang=lang,
        shown=shown,
        policy=POLICY,
        font=font(),
        quantities=_quantities(marked, assignment),
        mistakes=_mistakes(kept, wrong, translate),
        answers=[_answer(one, translate) for one in kept],
        columns=[(n, _math(ask.quantity, display=False)) for n, ask in enumerate(assignment.ask, 1)],
        bins=_bins([m.points for m in marked], out_of),
        count=len(kept),
        mean=sum(m.points for m in marked) / len(marked) if marked else 0.0,
        out_of=out_of,
        unread=sum(m.unread > 0 for m in marked),
        lost=sum(m.lost is not None for m in marked),
        marks=STATUS_MARKS,
        verdict_marks=MARKS,
        bar=BAR,
        height=HEIGHT,
    )


def _math(latex: str, *, display: bool = True) -> Markup:
    return Markup("").join(Markup(written(part)) for part in latex_as_mathml(latex, NO_MACROS, display=display))


def _quantities(marked: Sequence[Marked], assignment: Assignment) -> list[QuantityView]:
    """The asked quantities and their steps in order, each with its bar."""
    entries: list[tuple[str, str | None, str]] = []
    for ask in assignment.ask:
        entries.append((ask.quantity, None, ""))
        entries += [(step.quantity, ask.quantity, step.name) for step in ask.steps]
    found = []
    for quantity, step_of, name in entries:
        here = [a for m in marked for a in m.asked if (a.quantity, a.step_of) == (quantity, step_of)]
        counts = Counter(a.status for a in here)
        parts, x = [], 0.0
        for status in STATUSES:
            if counts[status]:
                width = BAR * counts[status] / len(here)
                parts.append(Part(status, counts[status], round(x, 2), round(width, 2)))
                x += width
        total = len(here) or 1
        mean, worth = sum(a.points for a in here) / total, sum(a.out_of for a in here) / total
        found.append(QuantityView(_math(quantity), name, step_of is not None, tuple(parts), mean, worth))
    return found


def _mistakes(kept: Sequence[Kept], wrong: Wrong, translate: Callable[[str], str]) -> list[tuple[Markup | None, list[MistakeView]]]:
    """The mistakes by asked quantity, the frequent first; what is in lines about nothing asked stands under None."""
    places: dict[str | None, dict[tuple[str, bool], list[tuple[str, str]]]] = {}
    for one in kept:
        lines = wrong.get(one.marked.answer, {})
        about: dict[str, str] = {}
        for asked in one.marked.asked:
            for relation in asked.about:
                about.setdefault(relation, asked.quantity)
        seen: set[tuple[str | None, tuple[str, bool]]] = set()
        for relation, (line, verdict, mistake) in lines.items():
            if verdict not in ("refuted", "slip"):
                continue
            name = mistake or ("no known mistake" if verdict == "refuted" else "slip")
            key = about.get(relation), (name, verdict == "slip")
            if key not in seen:
                seen.add(key)
                link = f"{one.page}#{relation}", f"{one.marked.answer}, {translate('line {line}').format(line=line)}"
                places.setdefault(key[0], {}).setdefault(key[1], []).append(link)
    order: list[str | None] = list(dict.fromkeys(a.quantity for one in kept[:1] for a in one.marked.asked))
    most = max((len(links) for found in places.values() for links in found.values()), default=1)
    groups: list[tuple[Markup | None, list[MistakeView]]] = []
    for quantity in [*order, None]:
        found = sorted(places.get(quantity, {}).items(), key=lambda item: (-len(item[1]), item[0]))
        views = [
            MistakeView(translate(name), _says(name, translate), slip, len(at), round(BAR * len(at) / most, 2), tuple(at[:EXAMPLES]))
            for (name, slip), at in found
        ]
        if views:
            groups.append((None if quantity is None else _math(quantity), views))
    return groups


def _says(name: str, translate: Callable[[str], str]) -> str:
    """What a mistake is, in a sentence; empty where its name says it already."""
    said = translate(KINDS.get(name, ""))
    return "" if said == translate(name) else said


def _bins(points: Sequence[float], out_of: float) -> list[tuple[str, int, float]]:
    """How many answers earned how much: label, count and height (of 1) of each bin."""
    counts = [0] * BINS
    for p in points:
        counts[min(int(BINS * p / out_of), BINS - 1) if out_of else BINS - 1] += 1
    most = max(counts) or 1
    return [(f"{out_of * n / BINS:.3g} – {out_of * (n + 1) / BINS:.3g}", count, count / most) for n, count in enumerate(counts)]


def _answer(one: Kept, translate: Callable[[str], str]) -> AnswerView:
    statuses = tuple((*STATUS_MARKS[a.status], translate(a.status)) for a in one.marked.asked if a.step_of is None)
    lost = translate(one.marked.lost or "")
    return AnswerView(shown(one.marked.answer), one.page, one.marked.points, statuses, one.marked.unread, shown(lost))
