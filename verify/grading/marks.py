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


@dataclass(frozen=True)
class Marked:
    """An answer by its name and what it earned, one entry an asked quantity; ``lost`` if its file could not be read at all."""

    answer: str
    asked: tuple[Asked, ...]
    lost: bool = False

    @property
    def points(self) -> float:
        """What the answer earned; what is unread earns nothing until a person has looked."""
        return sum(a.points for a in self.asked)

    @property
    def out_of(self) -> float:
        """What the assignment gives at most."""
        return sum(a.out_of for a in self.asked)

    @property
    def unread(self) -> int:
        """How many asked quantities a person must look at."""
        return sum(a.status == "unread" for a in self.asked)


def with_points(report: Report, assignment: Assignment) -> Report:
    """The report with the points of each asked quantity, by its status and the assignment's shares."""
    shares = {"right": 1.0, "slip": assignment.marks.slips, "follows": assignment.marks.follow_through}
    points = {a.quantity: a.points for a in assignment.ask}
    scored = tuple(replace(a, points=points[a.quantity] * shares.get(a.status, 0.0), out_of=points[a.quantity]) for a in report.asked)
    return replace(report, asked=scored)


def marked(answer: str, report: Report) -> Marked:
    """What a report with points says of an answer."""
    return Marked(answer, report.asked)


def unreadable(answer: str, assignment: Assignment) -> Marked:
    """An answer of which nothing could be read: everything asked is unread, nothing is wrong."""
    return Marked(answer, tuple(Asked(a.quantity, "unread", None, 0.0, a.points) for a in assignment.ask), lost=True)


def marks_csv(answers: Iterable[Marked], assignment: Assignment) -> str:
    """The marks as CSV (RFC 4180): one row an answer in the order of their names, one column an asked quantity.

    A quantity that a person must look at says ``unread`` in place of points; the last column counts these.
    """
    stream = StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(["answer", "points", "out_of", *map(harmless, assignment.quantities), "unread"])
    for answer in sorted(answers, key=lambda a: a.answer):
        cells = ["unread" if a.status == "unread" else f"{a.points:g}" for a in in_order(answer.asked, assignment)]
        writer.writerow([harmless(answer.answer), f"{answer.points:g}", f"{answer.out_of:g}", *cells, answer.unread])
    return stream.getvalue()


def in_order(asked: Sequence[Asked], assignment: Assignment) -> list[Asked]:
    """The asked quantities in the assignment's order."""
    by_quantity = {a.quantity: a for a in asked}
    return [by_quantity[q] for q in assignment.quantities]


def harmless(cell: str) -> str:
    """The text as a spreadsheet cell that is never taken for a formula: behind an apostrophe where it would be."""
    return "'" + cell if cell.lstrip(" ").startswith(DANGEROUS) else cell
