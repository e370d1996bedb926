"""What an assignment asks for: a Markdown file with TOML front matter between lines of ``+++``.

The body declares the network in the notation of any derivation; the front matter says which quantities are asked for::

    +++
    [[ask]]
    quantity = '\\frac{\\partial L}{\\partial w}'
    points = 2

    [[assume]]
    relation = '\\sum_i y_i = 1'

    [marks]
    slips = 1.0
    follow-through = 1.0
    +++
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

FENCE = "+++"
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class AssignmentError(ValueError):
    """An assignment that cannot be used, with the line of its file (from 1) at which it goes wrong."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Ask(_Part):
    """A quantity that is asked for, in the document's notation, and the points it is worth.

    ``within`` (written ``in``) are the symbols that an answer may be given in; empty for all of the network.
    """

    quantity: Annotated[str, Field(min_length=1)]
    points: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    within: Annotated[list[str], Field(alias="in")] = []


class Assume(_Part):
    """A relation that holds by assumption, such as a target that sums to one."""

    relation: Annotated[str, Field(min_length=1)]


class Marks(_Part):
    """The share of the points that a slip of notation, and a result that follows from an earlier mistake, still earn."""

    slips: Share = 1.0
    follow_through: Annotated[Share, Field(alias="follow-through")] = 1.0


class Assignment(_Part):
    """An assignment: what is asked, what is assumed, how it is marked, and the text that declares the network."""

    ask: Annotated[list[Ask], Field(min_length=1)]
    assume: list[Assume] = []
    marks: Marks = Marks()
    text: str

    @model_validator(mode="after")
    def _asks_once(self) -> Assignment:
        quantities = [a.quantity for a in self.ask]
        twice = sorted({q for q in quantities if quantities.count(q) > 1})
        if twice:
            raise ValueError(f"{twice[0]} is asked for twice")
        return self

    @property
    def body(self) -> str:
        """The network in Markdown, with the assumptions as formulas behind it."""
        return "\n\n".join((self.text, *(f"$${a.relation}$$" for a in self.assume)))

    @property
    def quantities(self) -> tuple[str, ...]:
        """The asked quantities in order."""
        return tuple(a.quantity for a in self.ask)


def parse_assignment(text: str) -> Assignment:
    """The assignment that a file's text describes; raises AssignmentError with the line where it is wrong."""
    lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
    opening = next((n for n, line in enumerate(lines) if line.strip()), None)
    if opening is None or lines[opening].strip() != FENCE:
        raise AssignmentError(1 if opening is None else opening + 1, f"an assignment begins with a line {FENCE}")
    closing = next((n for n in range(opening + 1, len(lines)) if lines[n].strip() == FENCE), None)
    if closing is None:
        raise AssignmentError(opening + 1, f"the front matter that begins here has no second line {FENCE}")
    front = lines[opening + 1 : closing]
    try:
        found = tomllib.loads("\n".join(front))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise AssignmentError(opening + 1 + _toml_line(str(error), len(front)), f"no TOML: {_without_place(str(error))}") from None
    if "text" in found:
        raise AssignmentError(opening + 1 + line_of(front, ("text",)), "text: the network stands below the front matter")
    try:
        return Assignment.model_validate({**found, "text": "\n".join(lines[closing + 1 :])})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(p + 1 if isinstance(p, int) else p) for p in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        raise AssignmentError(opening + 1 + line_of(front, first["loc"]), f"{where}: {what}" if where else what) from None


def line_of(front: Sequence[str], place: Sequence[Any]) -> int:
    """The line of the front matter, from 1, on which a key like ``("ask", 1, "points")`` is; its table's if it is missing, else 0."""
    if not place:
        return 0
    name = str(place[0])
    nth = place[1] if len(place) > 1 and isinstance(place[1], int) else 0
    heads = [n for n, line in enumerate(front) if re.match(rf"\s*(\[\[?\s*{re.escape(name)}\s*\]|{re.escape(name)}\s*=)", line)]
    if nth >= len(heads):
        return 0
    start = heads[nth]
    key = next((str(p) for p in place[1:] if isinstance(p, str)), None)
    if key is not None:
        for n in range(start + 1, len(front)):
            if front[n].lstrip().startswith("["):
                break
            if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", front[n]):
                return n + 1
    return start + 1


def _toml_line(message: str, last: int) -> int:
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else max(last, 1)


def _without_place(message: str) -> str:
    return re.sub(r" \(at .*\)$", "", message)
