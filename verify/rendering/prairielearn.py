"""What an external grader hands back to PrairieLearn: the file ``/grade/results/results.json``.

The format is that of PrairieLearn's documentation (https://prairielearn.readthedocs.io/en/latest/externalGrading/).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from verify.rendering.gradescope import LONGEST, SAYS, WIDTH
from verify.rendering.text import as_plain_text, report_parts
from verify.report import Asked, Report


def results(report: Report, asked: Sequence[Asked], lost: str | None = None) -> dict[str, Any]:
    """The results of one answer. ``report`` is what its author may see.

    What could not be read makes the answer not gradable: it costs no attempt, and ``format_errors`` say what to write more clearly.
    """
    unread = [a for a in asked if a.status == "unread"]
    out_of = sum(a.out_of for a in asked)
    lines = [f"line {r.place.line}: {r.message}" for r in report.relations if r.verdict == "unread"]
    return {
        "gradable": not unread,
        "score": sum(a.points for a in asked) / out_of if out_of and not unread else 0.0,
        "message": "" if lost is not None else as_plain_text(report_parts(report, WIDTH, verbose=False), WIDTH)[:LONGEST],
        "format_errors": ([lost] if lost is not None else lines or [f"{a.quantity} could not be read" for a in unread]) if unread else [],
        "tests": [
            {
                "name": a.name or a.quantity,
                "description": a.quantity if a.step_of is None else f"{a.quantity}, a step to {a.step_of}",
                "points": a.points,
                "max_points": a.out_of,
                "message": SAYS[a.status],
            }
            for a in asked
        ],
    }


def nothing(reason: str) -> dict[str, Any]:
    """The results where there is no answer to be marked."""
    return {"gradable": False, "score": 0.0, "message": "", "format_errors": [reason], "tests": []}
