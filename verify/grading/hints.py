"""How much of a report its author is shown before an answer is handed in."""

from __future__ import annotations

from dataclasses import replace

from verify.grading.assignment import Hints
from verify.report import Relation, Remark, Report

KINDS = {
    "sign": "a sign is wrong",
    "constant-factor": "a constant factor is wrong",
    "dropped-factor": "a factor is missing",
    "extra-factor": "a factor is too many",
    "wrong-layer": "a quantity is of another layer",
    "wrong-symbol": "a quantity is not the one that belongs there",
    "missing-sum": "a sum is missing",
    "extra-sum": "a sum is too many",
    "swapped-indices": "indices are exchanged",
    "activation-derivative": "the derivative of an activation is wrong",
    "wrong-argument": "a function has the wrong argument",
    "batch-mean": "the mean over the samples is wrong",
    "left-side": "the left side is not what the right side is",
    "missing-step": "the derivative of the ReLU is missing",
    "wrong-case": "a case is wrong",
    "index-slip": "an index is not the one that is meant",
    "missing-transpose": "a transpose is missing or too many",
    "lost-prime": "a prime was lost or misread",
    "extra-derivative": "a ∂ is left over",
    "glyph": "a letter was misread",
    "product-for-equals": "a product and an equals sign are exchanged",
    "sum-scope": "what a sum runs over is not clear",
}
"""What each mistake is, without where it is and without what belongs there."""

def limited(report: Report, hints: Hints) -> Report:
    """The report with what the assignment lets its author see.

    ``none``: only what could not be read. ``place``: the verdicts with their places, without reasons. ``kind``: also the kind of each
    mistake. ``repair``: everything.

    Nothing that is left out can be found from what is left: edits, witnesses, repaired readings and evidence go.
    """
    match hints:
        case "repair":
            return report
        case "none":
            unread = tuple(replace(r, evidence=None, rhs_equals_head=None) for r in report.relations if r.verdict == "unread")
            note = Remark(1, "this assignment does not show before the marks which lines are right; what could not be read is shown")
            if report.relations and not unread:
                note = Remark(1, "every relation was read; this assignment does not show before the marks which of them are right")
            withheld = len(unread) < len(report.relations)
            return replace(report, relations=unread, asked=(), diagnostics=(note, *report.diagnostics), withheld=withheld)
    return replace(report, relations=tuple(_without(r, hints == "kind") for r in report.relations))


def _without(relation: Relation, kind: bool) -> Relation:
    """A relation without what gives its repair away."""
    if relation.verdict in ("given", "proved", "tested", "unread"):
        return replace(relation, evidence=None, rhs_equals_head=None if relation.verdict == "unread" else relation.rhs_equals_head)
    return replace(
        relation,
        mistake=relation.mistake if kind else None,
        message=KINDS.get(relation.mistake or "", "") if kind and relation.verdict != "follows" else "",
        read_as="" if relation.verdict == "slip" else relation.read_as,
        repair=None,
        edits=(),
        fault=None,
        witness=None,
        evidence=None,
        rhs_equals_head=None,
    )
