"""Marks: shares of points, the table's order, cells that no spreadsheet runs."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import relation, report

from verify.grading.assignment import parse_assignment
from verify.grading.marks import DANGEROUS, Marked, harmless, marked, marks_csv, unreadable, with_points
from verify.rendering.marks_table import marks_table
from verify.rendering.text import as_plain_text
from verify.report import Asked

ASSIGNMENT = parse_assignment(
    "+++\n[[ask]]\nquantity = 'a'\npoints = 2\n[[ask]]\nquantity = '-b'\npoints = 4\n[marks]\nslips = 0.5\nfollow-through = 0.25\n+++\n"
)


@pytest.mark.parametrize(
    ("status", "points"), [("right", 4.0), ("slip", 2.0), ("follows", 1.0), ("wrong", 0.0), ("missing", 0.0), ("unread", 0.0)]
)
def test_shares(status, points: float) -> None:
    """A status earns the share that the assignment gives it."""
    found = with_points(report("", asked=(Asked("a", "right"), Asked("-b", status))), ASSIGNMENT)
    assert [(a.points, a.out_of) for a in found.asked] == [(2.0, 2.0), (points, 4.0)]


def test_csv_of_a_class() -> None:
    """Rows are in the order of names; what is unread says so instead of points and is counted."""
    one = marked("b.md", with_points(report("", asked=(Asked("a", "slip"), Asked("-b", "unread"))), ASSIGNMENT))
    assert marks_csv([one, unreadable("a.md", ASSIGNMENT, "lost")], ASSIGNMENT) == (
        "answer,points,out_of,a,'-b,unread\r\na.md,0,6,unread,unread,2\r\nb.md,1,6,1,unread,1\r\n"
    )


def test_misreadings_cost_what_the_assignment_says() -> None:
    """A slip that is only a misread letter keeps all its points unless the assignment says otherwise."""
    text = "$a = 0$"
    for mistake, points in (("glyph", 2.0), ("index-slip", 1.0)):
        line = relation(text, "a = 0", "slip", mistake=mistake)
        found = with_points(report(text, line, asked=(Asked("a", "slip", "r1"), Asked("-b", "missing"))), ASSIGNMENT)
        assert found.asked[0].points == points


def test_steps_earn_their_own_points() -> None:
    """A quantity's column has the points of its result and of its steps; it is unread if one of them is; each keeps its line."""
    text = ASSIGNMENT.source.replace(
        "[marks]", "[[ask.steps]]\nquantity = 'a'\npoints = 3\n[[ask.steps]]\nquantity = 'c'\npoints = 5\n[marks]"
    )
    steps = parse_assignment(text)
    asked = (Asked("a", "right", "r1"), Asked("-b", "missing"), Asked("c", "slip", "r2"))
    one = marked("one", with_points(report("", asked=asked), steps))
    assert [(a.quantity, a.step_of, a.points, a.relation) for a in one.asked] == [
        ("a", None, 2.0, "r1"), ("-b", None, 0.0, None), ("a", "-b", 3.0, "r1"), ("c", "-b", 2.5, "r2"),
    ]  # fmt: skip
    assert [(c.points, c.out_of, c.unread) for c in one.columns] == [(2.0, 2.0, False), (5.5, 12.0, False)]
    two = marked("two", with_points(report("", asked=(*asked[:2], Asked("c", "unread"))), steps))
    assert marks_csv([one, two], steps).splitlines()[1:] == ["one,7.5,14,2,5.5,0", "two,5,14,2,unread,1"]


names = st.text(st.characters(codec="utf-8") | st.sampled_from("=+-@\t,\"'\n\r "))


@given(st.lists(names))
def test_csv_survives_any_name(answers: list[str]) -> None:
    """Whatever answers are called, the table has one row for each with as many cells as the header, and no cell that is a formula."""
    written = marks_csv([Marked(name, unreadable("", ASSIGNMENT, "").asked) for name in answers], ASSIGNMENT)
    header, *rows = csv.reader(StringIO(written, newline=""))
    assert [row[0] for row in rows] == [harmless(name) for name in sorted(answers)]
    assert all(len(row) == len(header) and not row[0].lstrip(" ").startswith(DANGEROUS) for row in rows)


@given(names)
def test_harmless_keeps_the_text(cell: str) -> None:
    """A cell is the text itself, or the text behind an apostrophe."""
    assert harmless(cell) in (cell, "'" + cell)


def test_table_of_a_class() -> None:
    """The table for the terminal has a row an answer and says what its columns are."""
    shown = as_plain_text(marks_table([unreadable("x\x1b[2J.md", ASSIGNMENT, "")], ASSIGNMENT))
    assert "\x1b" not in shown and "0 / 6" in shown and "2  -b" in shown
