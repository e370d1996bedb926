"""What a check found: one verdict a relation, as plain data. ``rendering`` shows it, ``grading`` marks it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["given", "proved", "tested", "slip", "follows", "refuted", "unread"]
Status = Literal["right", "slip", "follows", "wrong", "missing", "unread"]


@dataclass(frozen=True)
class Place:
    """Where something stands: the cell of a notebook (from 0) or None, line and columns in code points from 1; end exclusive."""

    line: int
    column: int
    end_column: int
    cell: int | None = None


@dataclass(frozen=True)
class Edit:
    """A replacement in the document's text that mends a line: code-point offsets and the new text, in the document's notation."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Witness:
    """A smallest network on which both sides differ: widths, values of leaves, and both sides at one entry.

    ``sizes`` maps axes to widths, ``values`` leaf names to nested lists of rationals as text (``"3/2"``), ``entry`` the free
    indices to positions counted from 1, ``left`` and ``right`` are decimal enclosures such as ``0.25`` or ``[0.2689 +/- 2e-5]``.
    """

    sizes: dict[str, int]
    values: dict[str, object]
    entry: dict[str, int]
    left: str
    right: str


@dataclass(frozen=True)
class Decided:
    """What a person has decided of a relation, over the verdict that stays as it was found: what it earns, and a note."""

    status: Status
    note: str = ""


@dataclass(frozen=True)
class Relation:
    """One relation of the document with its verdict. The fields are those of ``check --json``; offsets count code points of the text."""

    id: str
    chain: str
    place: Place
    span: tuple[tuple[int, int], tuple[int, int]]
    """Line and column where the relation's left side begins, and where its right side ends."""
    offsets: tuple[int, int]
    """The same as offsets of the document's text; ``fault`` below lies inside, or is None."""
    lhs: str
    relation: str
    rhs: str
    verdict: Verdict
    read_as: str = ""
    rhs_equals_head: bool | None = None
    scope: str | None = None
    bound: str | None = None
    assumptions: tuple[str, ...] = ()
    mistake: str | None = None
    message: str = ""
    repair: str | None = None
    edits: tuple[Edit, ...] = ()
    fault: tuple[int, int] | None = None
    """The offending part, as offsets; what the terminal underlines."""
    follows_from: str | None = None
    witness: Witness | None = None
    evidence: dict[str, object] | None = None
    """What ``recheck`` replays: the claim as data with its certificate or witness."""
    decided: Decided | None = None


@dataclass(frozen=True)
class Reading:
    """A symbol of the document that was read as another one, and why."""

    symbol: str
    read_as: str
    why: str


@dataclass(frozen=True)
class Convention:
    """How the document writes: a symbol or a form, and what is meant by it everywhere."""

    about: str
    says: str


@dataclass(frozen=True)
class Remark:
    """A diagnostic with its place."""

    line: int
    message: str
    column: int = 1
    cell: int | None = None


@dataclass(frozen=True)
class Asked:
    """An asked quantity of the assignment: how it came out, and the relation that earned it.

    ``claims`` are all relations that state it in closed form, with what each would earn; ``about`` all relations of chains about it.
    A step on the way to another asked quantity has that one as ``step_of``, and perhaps a ``name``. Where a person has
    decided, ``decided`` is what they noted.
    """

    quantity: str
    status: Status
    relation: str | None = None
    points: float = 0.0
    out_of: float = 0.0
    claims: tuple[tuple[str, Status], ...] = ()
    about: tuple[str, ...] = ()
    step_of: str | None = None
    name: str = ""
    decided: str | None = None


@dataclass(frozen=True)
class Report:
    """The whole check of one document. ``text`` is the text that offsets count in; ``network`` maps each quantity to its axes, its
    definition, and the line of the definition where the document has one.
    """

    file: str
    text: str
    relations: tuple[Relation, ...]
    network: dict[str, object] = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()
    conventions: tuple[Convention, ...] = ()
    diagnostics: tuple[Remark, ...] = ()
    asked: tuple[Asked, ...] = ()
    withheld: bool = False
    """Whether relations were left out that its author is not to see yet."""

    @property
    def summary(self) -> dict[str, int]:
        """How many relations got each verdict, in the order of the verdicts."""
        order: tuple[Verdict, ...] = ("given", "proved", "tested", "slip", "follows", "refuted", "unread")
        counts = {v: sum(r.verdict == v for r in self.relations) for v in order}
        return {v: n for v, n in counts.items() if n}
