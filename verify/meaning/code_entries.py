"""What names in code stand for while it is followed, and what is noted of its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from verify.meaning.array_values import Value
from verify.reading import numpy_code as py
from verify.reading.numpy_code import Expression

Kind = Literal["gradient", "change", "temporary", "update"]


@dataclass(frozen=True)
class Quantity:
    """A leaf or a definition of the program, with the axis of each dimension (None for one of a single entry)."""

    name: str
    axes: tuple[str | None, ...]


@dataclass(frozen=True)
class Gradient:
    """The value that a name for a gradient has after the task of that number."""

    task: int


@dataclass(frozen=True)
class Pack:
    """A tuple or a list of entries, some of which may be gradients."""

    items: tuple[Entry | None, ...]


Entry = Value | Quantity | Gradient | Pack


@dataclass(frozen=True)
class Task:
    """A statement that has to do with gradients, to be judged when the forward pass is known.

    ``quantities`` are the program's names of what it may be the gradient of, the last version first; of an update, of what is updated.
    ``seen`` is what names meant there; ``linked`` says that the value depends on a gradient assigned before.
    """

    number: int
    statement: py.Assign
    target: Expression
    value: Expression
    operator: str
    key: str
    kind: Kind
    seen: Mapping[str, Entry]
    quantities: tuple[str, ...] = ()
    linked: bool = True


@dataclass(frozen=True)
class Note:
    """What was made of a statement that claims nothing: ``given`` with what it introduces, or ``unread`` with the reason."""

    verdict: Literal["given", "unread"]
    reason: str
