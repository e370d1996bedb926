"""What an assignment asks for: a Markdown file with TOML front matter between lines of ``+++``.

The body declares the network in the notation of any derivation; the front matter says which quantities are asked for::

    +++
    [[ask]]
    quantity = '\\frac{\\partial L}{\\partial w}'
    points = 2
    in = ['o', 'y', 'x']

    [[ask.steps]]
    name = 'the error signal'
    quantity = '\\frac{\\partial L}{\\partial z}'
    points = 1

    [[assume]]
    relation = '\\sum_i y_i = 1'

    [marks]
    slips = 1.0
    misreadings = 1.0
    follow-through = 1.0
    hints = 'repair'
    +++
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

FENCE = "+++"
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Points = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]
Hints = Literal["none", "place", "kind", "repair"]
Place = tuple[str | int, ...]
"""A key of the front matter with the tables that it is in: ``("ask", 1, "points")``, counted from 0."""


class AssignmentError(ValueError):
    """An assignment that cannot be used: what is wrong, each with its line in the file (from 1); ``line`` and ``message`` are the first."""

    def __init__(self, *problems: tuple[int, str]) -> None:
        self.problems = problems
        self.line, self.message = problems[0]
        super().__init__("; ".join(f"line {line}: {message}" for line, message in problems))


class Part(BaseModel):
    """A table of a TOML file that people write: nothing unknown is accepted, nothing is converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Step(Part):
    """A derivative on the way to an asked quantity that earns points of its own; named for the reader."""

    quantity: Text
    name: str = ""
    points: Points = 1.0


class Ask(Part):
    """A quantity that is asked for, in the document's notation, and the points that its result is worth; those of ``steps`` come on top.

    ``within`` (written ``in``) are the symbols that an answer may be given in; empty for all of the network.
    """

    quantity: Text
    points: Points = 1.0
    within: Annotated[list[Text], Field(alias="in")] = []
    steps: list[Step] = []

    @property
    def out_of(self) -> float:
        """The points of the result and of the steps."""
        return self.points + sum(step.points for step in self.steps)


class Assume(Part):
    """A relation that holds by assumption, such as a target that sums to one."""

    relation: Text


class Marks(Part):
    """The share of the points that a slip of notation, a misread letter, and a result that follows from an earlier mistake still earn.

    ``hints`` is how much a check of an answer by its author gives away.
    """

    slips: Share = 1.0
    misreadings: Share = 1.0
    follow_through: Annotated[Share, Field(alias="follow-through")] = 1.0
    hints: Hints = "repair"


class Assignment(Part):
    """An assignment: what is asked, what is assumed, how it is marked, and the text that declares the network.

    ``source`` is the file it is from, ``text`` the part of it below the front matter.
    """

    ask: Annotated[list[Ask], Field(min_length=1)]
    assume: list[Assume] = []
    marks: Marks = Marks()
    text: str
    source: str

    @model_validator(mode="after")
    def _asks_once(self) -> Assignment:
        for what, quantities in (("", [a.quantity for a in self.ask]), *((a.quantity, [s.quantity for s in a.steps]) for a in self.ask)):
            twice = sorted({q for q in quantities if quantities.count(q) > 1})
            if twice:
                raise ValueError(f"{twice[0]} is {f'a step of {what}' if what else 'asked for'} twice")
        return self

    @property
    def body(self) -> str:
        """The network in Markdown, with the assumptions as formulas behind it."""
        return "\n\n".join((self.text, *(f"$${a.relation}$$" for a in self.assume)))

    @property
    def quantities(self) -> tuple[str, ...]:
        """What a check looks for, in order, each once: the asked quantities, then the steps on the way to them."""
        return tuple(dict.fromkeys((*(a.quantity for a in self.ask), *(s.quantity for a in self.ask for s in a.steps))))

    @property
    def within(self) -> Mapping[str, Sequence[str]]:
        """The symbols that an asked quantity may be given in, where it says so."""
        return {a.quantity: tuple(a.within) for a in self.ask if a.within}

    @property
    def text_line(self) -> int:
        """The line of the file on which the text begins."""
        return self.source.count("\n") - self.text.count("\n") + 1

    def line(self, *place: str | int) -> int:
        """The line of the file on which a key of the front matter stands; its table's where it is left out."""
        begin, end = _front(self.source)
        return begin + line_of(self.source.split("\n")[begin:end], place)


Model = TypeVar("Model", bound=BaseModel)


def parse_assignment(text: str) -> Assignment:
    """The assignment that a file's text describes; raises AssignmentError with the lines where it is wrong."""
    source = "\n".join(line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n"))
    begin, end = _front(source)
    lines = source.split("\n")
    front = lines[begin:end]
    found = parsed_toml(front, begin)
    for key in ("text", "source"):
        if key in found:
            raise AssignmentError((begin + line_of(front, (key,)), f"{key}: the network stands below the front matter"))
    return validated(Assignment, {**found, "text": "\n".join(lines[end + 1 :]), "source": source}, front, begin)


def _front(source: str) -> tuple[int, int]:
    """The lines of the front matter, from and to, counted from 0, without the fences."""
    lines = source.split("\n")
    opening = next((n for n, line in enumerate(lines) if line.strip()), None)
    if opening is None or lines[opening].strip() != FENCE:
        raise AssignmentError((1 if opening is None else opening + 1, f"an assignment begins with a line {FENCE}"))
    closing = next((n for n in range(opening + 1, len(lines)) if lines[n].strip() == FENCE), None)
    if closing is None:
        raise AssignmentError((opening + 1, f"the front matter that begins here has no second line {FENCE}"))
    return opening + 1, closing


def parsed_toml(lines: Sequence[str], before: int) -> dict[str, Any]:
    """TOML as data; raises AssignmentError. ``before`` is how many lines of the file stand before it."""
    try:
        return tomllib.loads("\n".join(lines))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"at line (\d+)", str(error))
        reason = re.sub(r" \(at .*\)$", "", str(error))
        raise AssignmentError((before + (int(found[1]) if found else max(len(lines), 1)), f"no TOML: {reason}")) from None


def validated(model: type[Model], data: Mapping[str, Any], lines: Sequence[str], before: int) -> Model:
    """The data of a TOML file as a model; raises AssignmentError with every line that does not fit it."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = []
        for one in error.errors(include_url=False, include_context=False):
            where = ".".join(str(p + 1 if isinstance(p, int) else p) for p in one["loc"])
            what = one["msg"].removeprefix("Value error, ").removeprefix("Input ")
            if one["type"] == "missing":
                what = "is missing"
            if one["type"] == "extra_forbidden":
                what = "unknown key" + _meant(str(one["loc"][-1]), _keys(model, one["loc"][:-1]))
            problems.append((before + line_of(lines, one["loc"]), f"{where}: {what}" if where else what))
        raise AssignmentError(*sorted(problems, key=lambda p: p[0])) from None


def _keys(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that a table may have, of the tables that a model holds."""
    for part in place:
        if isinstance(part, int):
            continue
        field = next((f for name, f in model.model_fields.items() if (f.alias or name) == part), None)
        inner = next((t for t in _types(field.annotation) if isinstance(t, type) and issubclass(t, BaseModel)), None) if field else None
        if inner is None:
            return []
        model = inner
    return [field.alias or name for name, field in model.model_fields.items() if name not in ("text", "source")]


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _types(part)


def _meant(word: str, known: Sequence[str]) -> str:
    """A clause with the known word that is close to this one, if one is."""
    close = difflib.get_close_matches(word.lower(), known, 1, 0.6)
    return f"; is {close[0]} meant?" if close else f"; known are {', '.join(known)}" if known else ""


def line_of(lines: Sequence[str], place: Place) -> int:
    """The line of a TOML file, from 1, on which a key like ``("ask", 1, "points")`` is; its table's where it is missing, else 0."""
    found = _places(lines)
    for length in range(len(place), 0, -1):
        if place[:length] in found:
            return found[place[:length]]
    return 0


def _places(lines: Sequence[str]) -> dict[Place, int]:
    """The line of each key and table of a TOML file: enough of TOML for what a person writes, a table a line, a key a line."""
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    for number, line in enumerate(lines, 1):
        head = re.match(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]", line)
        key = re.match(r"\s*([A-Za-z0-9_.-]+|\"[^\"]*\"|'[^']*')\s*=", line)
        if head:
            names = [name.strip().strip("\"'") for name in head[2].split(".")]
            table = ()
            for n, name in enumerate(names):
                table = (*table, name)
                if head[1] == "[[" and n == len(names) - 1:
                    counts[table] = counts.get(table, -1) + 1
                if table in counts:
                    table = (*table, counts[table])
            for length in range(1, len(table) + 1):
                found.setdefault(table[:length], number)
        elif key:
            found.setdefault((*table, *(name.strip("\"'") for name in key[1].split("."))), number)
    return found
