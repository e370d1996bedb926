"""Reports as JSON objects of the format ``backproof-check/1``. Keys may be added to it, never changed."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

from verify.evidence import sealed
from verify.rendering.places import leaves, place_of
from verify.report import Asked, Relation, Report

FORMAT = "backproof-check/1"


def json_line(report: Report) -> str:
    """The report as one line of JSON, in ASCII so that it survives every pipe and locale."""
    return json.dumps(as_object(report), allow_nan=False, separators=(", ", ": "))


def as_object(report: Report) -> dict[str, Any]:
    """The report as the JSON object that the schema describes; with evidence where the report has any."""
    return {
        "format": FORMAT,
        "file": report.file,
        "network": report.network,
        "readings": [{"symbol": r.symbol, "read_as": r.read_as, "why": r.why} for r in report.readings],
        "conventions": [{"about": c.about, "says": c.says} for c in report.conventions],
        "diagnostics": [{"cell": d.cell, "line": d.line, "column": d.column, "message": d.message} for d in report.diagnostics],
        "relations": [_relation(report, r) for r in report.relations],
        "asked": [_asked(a) for a in report.asked],
        "summary": report.summary,
        "engine": {"version": engine_version()},
    }


def _asked(a: Asked) -> dict[str, Any]:
    return {
        "quantity": a.quantity,
        "status": a.status,
        "relation": a.relation,
        "points": a.points,
        "out_of": a.out_of,
        "step_of": a.step_of,
        "name": a.name,
    }


def schema() -> dict[str, Any]:
    """The JSON Schema of the format."""
    found: dict[str, Any] = json.loads(files("verify.rendering").joinpath("check.schema.json").read_text(encoding="utf-8"))
    return found


def engine_version() -> str:
    """The installed version of backproof, or ``unknown`` where it runs without being installed."""
    try:
        return version("backproof")
    except PackageNotFoundError:
        return "unknown"


def _relation(report: Report, r: Relation) -> dict[str, Any]:
    found = _fields(report, r)
    return found if all(other.evidence is None for other in report.relations) else {**found, "evidence": sealed(found, r.evidence)}


def _fields(report: Report, r: Relation) -> dict[str, Any]:
    text = report.text
    return {
        "id": r.id,
        "chain": r.chain,
        "cell": r.place.cell,
        "line": r.place.line,
        "column": r.place.column,
        "end_column": r.place.end_column,
        "span": [list(end) for end in r.span],
        "lhs": r.lhs,
        "relation": r.relation,
        "rhs": r.rhs,
        "read_as": r.read_as,
        "verdict": r.verdict,
        "rhs_equals_head": r.rhs_equals_head,
        "scope": r.scope,
        "bound": r.bound,
        "assumptions": list(r.assumptions),
        "mistake": r.mistake,
        "message": r.message,
        "repair": r.repair,
        "edits": [{"span": [list(place_of(text, r, e.start)), list(place_of(text, r, e.end))], "text": e.text} for e in r.edits],
        "follows_from": r.follows_from,
        "witness": None
        if r.witness is None
        else {
            "sizes": r.witness.sizes,
            "values": leaves(report, r.witness.values),
            "entry": r.witness.entry,
            "left": r.witness.left,
            "right": r.witness.right,
        },
    }
