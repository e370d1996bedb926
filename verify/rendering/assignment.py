"""An assignment for the terminal: what it asks for, and the network as it was understood."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from verify.grading.assignment import Assignment
from verify.rendering.cells import visible
from verify.rendering.text import Part
from verify.report import Report


def assignment_parts(assignment: Assignment, report: Report) -> Iterator[Part]:
    """The asked quantities with their points, how slips and follow-through are marked, and each quantity of the network."""
    asked = Table.grid(padding=(0, 2))
    for ask in assignment.ask:
        within = f"in {', '.join(ask.within)}" if ask.within else ""
        asked.add_row(Text(visible(ask.quantity)), Text(f"{ask.points:g}", "bold"), Text(visible(within), "dim"))
        for step in ask.steps:
            asked.add_row(
                Text(visible(f"  {step.name or step.quantity}")), Text(f"{step.points:g}", "bold"), Text(visible(step.quantity), "dim")
            )
    asked.add_row(Text("total"), Text(f"{sum(a.out_of for a in assignment.ask):g}", "bold"), "")
    yield asked
    marks = assignment.marks
    yield Text(
        f"\nof these, a slip earns {marks.slips:g}, a misreading {marks.misreadings:g}, follow-through {marks.follow_through:g}; "
        f"hints: {marks.hints}\n"
    )
    network = Table.grid(padding=(0, 2))
    for name, value in report.network.items():
        assert isinstance(value, dict)
        axes = f"[{', '.join(value['axes'])}]" if value["axes"] else ""
        defined = value.get("not_understood") or value["defined_as"] or "given"
        network.add_row(Text(visible(name + axes)), Text(visible(defined), "dim"))
    yield network
