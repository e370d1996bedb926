"""Proofs of the catalogue's gradients: the steps of an entry, each decided by the kernel in the very form in which it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.kernel.decision import Kernel, Proved
from verify.kernel.expr import Expr, Index, Prod, Sum, Tensor, children
from verify.kernel.program import Assumption, Condition
from verify.proving.order import readable
from verify.sympy_bridge import claim, program, to_expr

if TYPE_CHECKING:
    from derivations._entry import Derivation


class NotProved(Exception):
    """A step that the kernel does not prove, so that there is no proof to show."""


@dataclass(frozen=True)
class Line:
    """One step: left = right by a rule where the conditions hold, and the kernel's proof of it."""

    left: Expr
    right: Expr
    rule: str
    note: str
    conditions: tuple[Condition, ...]
    proved: Proved


@dataclass(frozen=True)
class Proof:
    """A derivation made ready to be read.

    ``definitions`` are the forward pass; ``chains`` the steps, those of one chain (each left side the right side before) together, under
    the same conditions; ``results`` the gradients in closed form, each proved as well.
    """

    name: str
    title: str
    source: str
    definitions: tuple[tuple[Tensor, Expr], ...]
    assumptions: tuple[Assumption, ...]
    chains: tuple[tuple[Line, ...], ...]
    results: tuple[Line, ...]

    @property
    def indices(self) -> tuple[Index, ...]:
        """Every index that the proof shows, free or bound, in order of their names."""
        lines = (*self.results, *(line for chain in self.chains for line in chain))
        shown = [e for pair in self.definitions for e in pair] + [e for line in lines for e in (line.left, line.right)]
        return tuple(sorted(set(indices_of(shown))))


def prove(derivation: Derivation) -> Proof:
    """The proof of a catalogue's entry; raises NotProved, naming the step, where the kernel does not prove it for all widths."""
    forward = program(derivation)
    kernel = Kernel(forward)

    def line(left: object, right: object, rule: str, note: str = "", where: object = None) -> Line:
        claimed = claim(derivation, left, right, where)
        one, other = readable(claimed.left), readable(claimed.right)
        proved = kernel.prove(one, other, claimed.conditions)
        if proved is None or proved.scope != "all widths":
            raise NotProved(f"{derivation.name}: {left} = {right} is not proved")
        return Line(one, other, rule, note, claimed.conditions, proved)

    chains: list[tuple[Line, ...]] = []
    for step in derivation.steps:
        found = line(step.left, step.right, step.rule, step.note, step.where)
        goes_on = chains and chains[-1][-1].right == found.left and chains[-1][-1].conditions == found.conditions
        if goes_on:
            chains[-1] += (found,)
        else:
            chains.append((found,))
    entries = ((to_expr(left), to_expr(right)) for left, right in derivation.forward.items())
    return Proof(
        derivation.name,
        derivation.title,
        derivation.source,
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
