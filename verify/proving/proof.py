"""Proofs as data: what stands in them, in order, each step decided by the kernel in the very form in which it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from verify.kernel.decision import Proved, Tested
from verify.kernel.expr import Derivative, Expr, Tensor
from verify.kernel.program import Assumption, Condition, Program


class NotProved(Exception):
    """A step that the kernel does not decide to be true, so that there is no proof to show."""


@dataclass(frozen=True)
class Line:
    """One step: left = right by a rule where the conditions hold, and the kernel's decision that it is so."""

    left: Expr
    right: Expr
    rule: str
    note: str
    conditions: tuple[Condition, ...]
    decision: Proved | Tested


@dataclass(frozen=True)
class Chain:
    """Steps of which each left side is the right side before, under the same conditions."""

    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Heading:
    """Where the proof turns to another quantity, or puts the cases of a local derivative together again."""

    kind: Literal["signal", "gradient", "together"]
    of: Tensor | None


@dataclass(frozen=True)
class Way:
    """That a quantity acts on the result only through these."""

    of: Tensor
    root: Tensor
    through: tuple[Tensor, ...]


@dataclass(frozen=True)
class Signal:
    """That a derivative, whose closed form has just been derived, is an error signal with a name."""

    name: Tensor
    derivative: Derivative
    value: Expr


Block = Chain | Heading | Way | Signal


@dataclass(frozen=True)
class Proof:
    """A derivation made ready to be read.

    ``program`` is what it is about, with the error signals that it names; ``definitions`` are the forward pass; ``blocks`` what is said, in
    order; ``results`` the wanted derivatives in closed form, each decided as well; ``parameters`` what gradient descent updates.
    """

    name: str
    title: str
    source: str
    program: Program
    definitions: tuple[tuple[Tensor, Expr], ...]
    assumptions: tuple[Assumption, ...]
    blocks: tuple[Block, ...]
    results: tuple[Line, ...]
    parameters: tuple[str, ...] = ()

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every step, the results last."""
        return (*(line for block in self.blocks if isinstance(block, Chain) for line in block.lines), *self.results)

    @property
    def chains(self) -> tuple[tuple[Line, ...], ...]:
        """The steps, those of one chain together."""
        return tuple(block.lines for block in self.blocks if isinstance(block, Chain))
