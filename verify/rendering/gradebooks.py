"""The marks of a class as the tables that Canvas and Moodle take back.

Canvas' gradebook (https://community.canvaslms.com/docs/DOC-12829): ``Student, ID, SIS User ID, SIS Login ID, Section``, then a column an
assignment named ``Title (number)``, and a row ``Points Possible``. Moodle's grading worksheet (https://docs.moodle.org/en/Offline_grading):
the table that Moodle gave out, with the grades filled in; its headers are in the language of the site.

A mark stands only where nothing is left for a person to look at: an empty cell changes nothing in either of them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO

from verify.grading.marks import harmless
from verify.grading.store import Kept

POSSIBLE = "Points Possible"
CANVAS_HEAD = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
GRADES = {
    "grade",
    "điểm",
    "bewertung",
    "note",
    "calificación",
    "nota",
    "cijfer",
    "оценка",
    "成绩",
    "評点",
    "성적",
    "ocena",
    "betyg",
    "karakter",
}
MAXIMUM = re.compile(r"\d+(?:[.,]\d+)?")


class WrongTable(ValueError):
    """A table that is not the one of the learning platform."""


@dataclass(frozen=True)
class Filled:
    """A table to be handed to a learning platform, and what is to be said about it."""

    text: str
    remarks: tuple[str, ...]


def by_student(kept: Iterable[Kept]) -> tuple[dict[str, float], tuple[str, ...]]:
    """The points of each student by their id, and remarks on those who get none: something is unread, or there are two answers."""
    points: dict[str, float] = {}
    answers: dict[str, list[str]] = {}
    remarks = []
    for one in kept:
        if one.student is None or not one.student.id:
            remarks.append(f"{one.marked.answer}: it is not known whose answer it is")
            continue
        answers.setdefault(one.student.id, []).append(one.marked.answer)
        if one.marked.unread:
            remarks.append(f"{one.marked.answer}: no mark, a person must look at it first")
        else:
            points[one.student.id] = one.marked.points
    for student, names in answers.items():
        if len(names) > 1:
            points.pop(student, None)
            remarks.append(f"{', '.join(names)}: no mark, for these are {len(names)} answers of one student")
    return points, tuple(remarks)


def canvas(kept: Sequence[Kept], title: str, out_of: float, export: str | None = None) -> Filled:
    """Canvas' gradebook with one assignment: the exported one filled in, or a new one with the students of the class.

    ``title`` is the header of the assignment's column, with its number in brackets where it exists already. Raises WrongTable for an export
    without the columns of one.
    """
    points, remarks = by_student(kept)
    if export is None:
        names = {one.student.id: one.student.name for one in kept if one.student is not None and one.student.id}
        table = [[*CANVAS_HEAD, title], [f"    {POSSIBLE}", "", "", "", "", f"{out_of:g}"]]
        table += [
            [name, student, "", "", "", f"{points[student]:g}" if student in points else ""] for student, name in sorted(names.items())
        ]
        return Filled(_written(table, keep_first=False), remarks)
    table = _read(export)
    head = table[0]
    if "ID" not in head or "Student" not in head:
        raise WrongTable("a gradebook exported from Canvas has columns Student and ID")
    column = next((n for n, name in enumerate(head) if name == title or re.sub(r" \(\d+\)$", "", name) == title), None)
    if column is None:
        column = len(head)
        head.append(title)
    student = head.index("ID")
    for row in table[1:]:
        row += [""] * (len(head) - len(row))
        if row[0].strip() == POSSIBLE:
            row[column] = row[column] or f"{out_of:g}"
        elif row[student] in points:
            row[column] = f"{points.pop(row[student]):g}"
    kept_columns = [n for n, name in enumerate(head) if name in CANVAS_HEAD or n == column]
    missing = tuple(f"student {student} is not in the gradebook" for student in points)
    return Filled(_written([[row[n] for n in kept_columns] for row in table], keep_first=False), remarks + missing)


def moodle(kept: Sequence[Kept], out_of: float, worksheet: str) -> Filled:
    """Moodle's grading worksheet with the grades filled in, all else as it was; raises WrongTable where it is none."""
    points, remarks = by_student(kept)
    table = _read(worksheet)
    head = [name.strip().lower() for name in table[0]]
    identifiers = [re.search(r"(\d+)\s*$", row[0]) for row in table[1:] if row]
    column = next((n for n, name in enumerate(head) if name in GRADES), None)
    if column is None or not identifiers or not all(identifiers):
        raise WrongTable("a grading worksheet of Moodle has an identifier that ends in a number, and a column with the grade")
    most = _maximum(table, column)
    scale = most / out_of if most and out_of and most != out_of else 1.0
    for row, identifier in zip((row for row in table[1:] if row), identifiers, strict=True):
        row += [""] * (len(head) - len(row))
        if identifier is not None and identifier[1] in points:
            row[column] = f"{points.pop(identifier[1]) * scale:.2f}"
    scaled = (f"the worksheet's maximum grade is {most:g}, the assignment's {out_of:g}: points are scaled",) if scale != 1.0 else ()
    missing = tuple(f"participant {student} is not in the worksheet" for student in points)
    return Filled(_written(table, keep_first=True), remarks + scaled + missing)


def _maximum(table: Sequence[Sequence[str]], column: int) -> float | None:
    """The maximum grade: the one number that stands in the column behind the grade."""
    found = {row[column + 1] for row in table[1:] if len(row) > column + 1}
    if len(found) != 1 or not MAXIMUM.fullmatch(only := next(iter(found))):
        return None
    return float(only.replace(",", "."))


def _read(text: str) -> list[list[str]]:
    table = list(csv.reader(StringIO(text.removeprefix("\ufeff"), newline="")))
    if not table or not table[0]:
        raise WrongTable("the table is empty")
    return table


def _written(table: Iterable[Sequence[str]], *, keep_first: bool) -> str:
    """The table as CSV; what a spreadsheet would take for a formula stands behind an apostrophe, numbers as they are."""
    stream = StringIO(newline="")
    writer = csv.writer(stream)
    for n, row in enumerate(table):
        writer.writerow(row if n == 0 and keep_first else [cell if cell == "-" or _is_number(cell) else harmless(cell) for cell in row])
    return stream.getvalue()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
