"""Marks: what each answer earns for each asked quantity, and the table of a class."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from io import StringIO

from verify.grading.assignment import Assignment
from verify.report import Asked, Report

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell must not begin with, or a spreadsheet takes it for a formula."""

MISREAD = frozenset({"glyph", "lost-prime"})
"""The slips that a machine which reads handwriting makes."""


@dataclass(frozen=True)
class Column:
    """What an answer earned for one asked quantity, its steps included; ``unread`` if a person must look at a part of it."""

    quantity: str
    points: float
    out_of: float
    unread: bool


@dataclass(frozen=True)
class Marked:
    """An answer by its name and what it earned: each asked quantity, then its steps. ``lost`` says why nothing of it could be read."""

    answer: str
    asked: tuple[Asked, ...]
    lost: str | None = None

    @property
    def points(self) -> float:
        """What the answer earned; what is unread earns nothing until a person has looked."""
        return sum(a.points for a in self.asked)

    @property
    def out_of(self) -> float:
        """What the assignment gives at most."""
        return sum(a.out_of for a in self.asked)

    @property
    def columns(self) -> list[Column]:
        """One column an asked quantity, in the assignment's order."""
        found: dict[str, list[Asked]] = {}
        for asked in self.asked:
            found.setdefault(asked.step_of or asked.quantity, []).append(asked)
        return [
            Column(quantity, sum(a.points for a in parts), sum(a.out_of for a in parts), any(a.status == "unread" for a in parts))
            for quantity, parts in found.items()
        ]

    @property
    def unread(self) -> int:
        """How many asked quantities a person must look at."""
        return sum(c.unread for c in self.columns)


def with_points(report: Report, assignment: Assignment) -> Report:
    """The report with each asked quantity and, behind it, its steps, with the points that the assignment gives for their statuses."""
    mistakes = {r.id: r.mistake for r in report.relations}
    by_quantity = {a.quantity: a for a in report.asked if a.step_of is None}
    by_quantity.update({a.quantity: a for a in report.asked if a.quantity not in by_quantity})

    def scored(asked: Asked, points: float, step_of: str | None = None, name: str = "") -> Asked:
        earned = points * share(asked, mistakes.get(asked.relation or ""), assignment)
        return replace(asked, points=earned, out_of=points, step_of=step_of, name=name)

    found = []
    for ask in assignment.ask:
        found.append(scored(by_quantity[ask.quantity], ask.points))
        found += [scored(by_quantity[step.quantity], step.points, ask.quantity, step.name) for step in ask.steps]
    return replace(report, asked=tuple(found))


def share(asked: Asked, mistake: str | None, assignment: Assignment) -> float:
    """The share of its points that a status earns; ``mistake`` is that of the relation that earned it."""
    marks = assignment.marks
    match asked.status:
        case "right":
            return 1.0
        case "slip":
            return marks.misreadings if mistake in MISREAD else marks.slips
        case "follows":
            return marks.follow_through
    return 0.0


def marked(answer: str, report: Report) -> Marked:
    """What a report with points says of an answer."""
    return Marked(answer, report.asked)


def unreadable(answer: str, assignment: Assignment, reason: str) -> Marked:
    """An answer of which nothing could be read, with the reason: everything asked is unread, nothing is wrong."""
    nothing = Report("", "", (), asked=tuple(Asked(quantity, "unread") for quantity in assignment.quantities))
    return Marked(answer, with_points(nothing, assignment).asked, lost=reason)


def marks_csv(answers: Iterable[Marked], assignment: Assignment) -> str:
    """The marks as CSV (RFC 4180): one row an answer in the order of their names, one column an asked quantity.

    A quantity that a person must look at says ``unread`` in place of points; the last column counts these.
    """
    stream = StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(["answer", "points", "out_of", *(harmless(a.quantity) for a in assignment.ask), "unread"])
    for answer in in_rows(answers):
        cells = ["unread" if c.unread else f"{c.points:g}" for c in answer.columns]
        writer.writerow([harmless(answer.answer), f"{answer.points:g}", f"{answer.out_of:g}", *cells, answer.unread])
    return stream.getvalue()


def in_rows(answers: Iterable[Marked]) -> Sequence[Marked]:
    """The answers in the order of their names."""
    return sorted(answers, key=lambda a: a.answer)


def harmless(cell: str) -> str:
    """The text as a spreadsheet cell that is never taken for a formula: behind an apostrophe where it would be."""
    return "'" + cell if cell.lstrip(" ").startswith(DANGEROUS) else cell
