"""The marks of a class as a table for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.table import Table
from rich.text import Text

from verify.grading.assignment import Assignment
from verify.grading.marks import Marked, in_rows
from verify.rendering.cells import visible
from verify.rendering.text import STATUSES


def marks_table(answers: Sequence[Marked], assignment: Assignment, translate: Callable[[str], str] = str) -> tuple[Table, Text]:
    """One row an answer in the order of their names: a sign for each asked quantity, then the points; and what columns and signs mean."""
    table = Table(box=None, padding=(0, 2), pad_edge=False)
    table.add_column(translate("answer"), overflow="fold")
    for n in range(1, len(assignment.ask) + 1):
        table.add_column(str(n), justify="center")
    table.add_column(translate("points"), justify="right")
    table.add_column(translate("unread"), justify="right")
    for answer in in_rows(answers):
        signs = [Text(*STATUSES[a.status]) for a in answer.asked if a.step_of is None]
        unread = Text(str(answer.unread), "cyan") if answer.unread else Text()
        table.add_row(Text(visible(answer.answer)), *signs, Text(f"{answer.points:g} / {answer.out_of:g}", "bold"), unread)
    return table, _legend(assignment, translate)


def _legend(assignment: Assignment, translate: Callable[[str], str]) -> Text:
    quantities = (f"{n}  {visible(q)}" for n, q in enumerate((a.quantity for a in assignment.ask), 1))
    signs = "   ".join(f"{sign} {translate(status)}" for status, (sign, _) in STATUSES.items())
    return Text("\n".join(("", *quantities, "", signs)), "dim")
