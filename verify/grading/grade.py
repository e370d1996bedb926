"""One answer marked in memory: no files, no database, no other processes."""

from __future__ import annotations

from verify.checking import check
from verify.grading.assignment import Assignment, parse_assignment
from verify.grading.marks import with_points
from verify.report import Report


def grade(answer: str | bytes, assignment: str | Assignment, *, format: str = "md", fast: bool = False) -> Report:
    """The report on an answer with points: each of ``report.asked`` has ``points`` and what it gives at most, ``out_of``.

    ``assignment`` is the text of an assignment with its front matter, or one that was parsed before; ``format`` that of the answer: md,
    tex, ipynb or py. ``fast`` leaves out the second opinions. What of the answer cannot be read is unread and earns nothing until a
    person has looked. Raises AssignmentError, a ValueError, for an assignment that is none.
    """
    parsed = parse_assignment(assignment) if isinstance(assignment, str) else assignment
    return with_points(check(answer, format=format, assignment=parsed, fast=fast), parsed)
