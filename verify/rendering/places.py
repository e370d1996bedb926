"""Where things of a report stand: offsets as places, and the leaves of a witness in the order of the network."""

from __future__ import annotations

from verify.report import Relation, Report


def place_of(text: str, relation: Relation, offset: int) -> tuple[int, int]:
    """The line and column, both from 1, of an offset of the report's text that lies in the same file or cell as the relation.

    Counted from where the relation's left side begins, so that lines of a notebook count within their cell.
    """
    start, line = relation.offsets[0], relation.span[0][0]
    line += text.count("\n", start, offset) if offset >= start else -text.count("\n", offset, start)
    return line, offset - text.rfind("\n", 0, offset)


def sign_offset(text: str, relation: Relation) -> int:
    """The offset of the relation sign in the report's text."""
    at, line = relation.offsets[0], relation.span[0][0]
    at = text.rfind("\n", 0, at) + 1
    for _ in range(relation.place.line - line):
        at = text.find("\n", at) + 1
    return at + relation.place.column - 1


def leaves(report: Report, values: dict[str, object]) -> dict[str, object]:
    """A witness's values in the order in which the network declares the leaves, the same on every run."""
    order = {name: n for n, name in enumerate(report.network)}
    return dict(sorted(values.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))
