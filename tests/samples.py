"""Reports made by hand, for tests of what comes after the verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from verify.report import Place, Relation, Report


def relation(text: str, source: str, verdict: str, *, sign: str = "=", fault: str | None = None, number: int = 1, **more: Any) -> Relation:
    """The relation that stands as ``source`` in the text; ``fault`` is the offending part of it."""
    start = text.index(source)
    middle = text.index(sign, start)
    end = start + len(source)

    def place(offset: int) -> tuple[int, int]:
        return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)

    line, column = place(middle)
    at = None if fault is None else text.index(fault, start)
    return Relation(
        id=f"r{number}",
        chain=f"c{number}",
        place=Place(line, column, column + len(sign)),
        span=(place(start), place(end)),
        offsets=(start, end),
        lhs=text[start:middle].strip(),
        relation=sign,
        rhs=text[middle + len(sign) : end].strip(),
        verdict=verdict,  # type: ignore[arg-type]
        fault=None if at is None or fault is None else (at, at + len(fault)),
        **more,
    )


def report(text: str, *relations: Relation, file: str = "answer.md", **more: Any) -> Report:
    """A report on the text with these relations, numbered in order."""
    numbered = tuple(replace(r, id=f"r{n}", chain=f"c{n}") for n, r in enumerate(relations, 1))
    return Report(file=file, text=text, relations=numbered, **more)
