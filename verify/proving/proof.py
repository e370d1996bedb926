"""Proofs as data: what stands in them, in order, each step decided by the kernel in the very form in which it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from verify.kernel.decision import Decision, Proved, Tested
from verify.kernel.expr import Derivative, Expr, Index, Prod, Sum, Tensor, children
from verify.kernel.program import Assumption, Condition, Program
from verify.proving.order import readable
from verify.sympy_bridge import claim, program, to_expr
from verify.workspace import Workspace

if TYPE_CHECKING:
    from derivations._entry import Derivation


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
    of: Tensor


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


@dataclass(frozen=True)
class Update:
    """What a step of gradient descent makes of a parameter whose gradient has just been derived."""

    of: Tensor
    derivative: Derivative
    value: Expr


Block = Chain | Heading | Way | Signal | Update


@dataclass(frozen=True)
class Proof:
    """A derivation made ready to be read.

    ``program`` is what it is about, with the error signals that it names; ``definitions`` are the forward pass; ``blocks`` what is said, in
    order; ``results`` the wanted derivatives in closed form, each decided as well.
    """

    name: str
    title: str
    source: str
    program: Program
    definitions: tuple[tuple[Tensor, Expr], ...]
    assumptions: tuple[Assumption, ...]
    blocks: tuple[Block, ...]
    results: tuple[Line, ...]

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every step, the results last."""
        return (*(line for block in self.blocks if isinstance(block, Chain) for line in block.lines), *self.results)

    @property
    def chains(self) -> tuple[tuple[Line, ...], ...]:
        """The steps, those of one chain together."""
        return tuple(block.lines for block in self.blocks if isinstance(block, Chain))


def prove(derivation: Derivation) -> Proof:
    """The proof of a catalogue's entry by its own steps; raises NotProved, naming the step, where the kernel does not decide it."""
    forward = program(derivation)
    workspace = Workspace(forward)

    def line(left: object, right: object, rule: str, note: str = "", where: object = None) -> Line:
        claimed = claim(derivation, left, right, where)
        one, other = readable(claimed.left), readable(claimed.right)
        decision: Decision | None = workspace.kernel.prove(one, other, claimed.conditions)
        decision = decision or workspace.decide(one, other, claimed.conditions)
        if not isinstance(decision, (Proved, Tested)):
            raise NotProved(f"{derivation.name}: {left} = {right} is not proved")
        return Line(one, other, rule, note, claimed.conditions, decision)

    chains: list[Chain] = []
    for step in derivation.steps:
        found = line(step.left, step.right, step.rule, step.note, step.where)
        before = chains[-1].lines[-1] if chains else None
        if before is not None and before.right == found.left and before.conditions == found.conditions:
            chains[-1] = Chain((*chains[-1].lines, found))
        else:
            chains.append(Chain((found,)))
    entries = ((to_expr(left), to_expr(right)) for left, right in derivation.forward.items())
    return Proof(
        derivation.name,
        derivation.title,
        derivation.source,
        forward,
        tuple((entry, readable(body)) for entry, body in entries if isinstance(entry, Tensor)),
        tuple(sorted(forward.assumptions, key=repr)),
        tuple(chains),
        tuple(line(left, right, "result") for left, right in derivation.gradients.items()),
    )


def indices_of(exprs: Iterable[Expr]) -> Iterator[Index]:
    """The indices of the expressions, free and bound, in no particular order and with repetitions."""
    stack = list(exprs)
    while stack:
        top = stack.pop()
        yield from top.free
        if isinstance(top, (Sum, Prod)):
            yield top.index
        stack.extend(children(top))
