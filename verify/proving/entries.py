"""Proofs of the catalogue's entries: by the steps that stand on an entry's page, or derived from its forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from verify.kernel.decision import Decision, Proved, Tested
from verify.kernel.expr import Tensor
from verify.proving.network import Detail, derive
from verify.proving.order import readable
from verify.proving.proof import Block, Chain, Heading, Line, NotProved, Proof
from verify.sympy_bridge import claim, program, to_expr
from verify.workspace import Workspace

if TYPE_CHECKING:
    from derivations._entry import Derivation


def prove(derivation: Derivation, wanted: Sequence[str] = (), detail: Detail = "full", own_steps: bool = True) -> Proof:
    """The proof of an entry: by its own steps where it has some and nothing else is wanted, else derived from its forward pass.

    Raises NotProved, naming the step, where the kernel does not decide one, and where a wanted quantity is not the entry's.
    """
    if derivation.steps and not wanted and own_steps:
        return by_hand(derivation)
    root, gradients = results_of(derivation)
    return derive(
        program(derivation),
        root,
        tuple(wanted) or gradients,
        detail,
        name=derivation.name,
        title=derivation.title,
        source=derivation.source,
        parameters=_parameters(derivation),
    )


def _parameters(derivation: Derivation) -> tuple[str, ...]:
    return tuple(t.name for t in map(to_expr, derivation.parameters) if isinstance(t, Tensor))


def results_of(derivation: Derivation) -> tuple[str, tuple[str, ...]]:
    """What an entry differentiates, and by what: its parameters, or where it has none what its gradients are by."""
    ends = [(to_expr(left.args[0]), to_expr(left.args[1])) for left in derivation.gradients]
    pairs = [(of.name, by.name) for of, by in ends if isinstance(of, Tensor) and isinstance(by, Tensor)]
    last = to_expr(tuple(derivation.forward)[-1])
    root = last.name if isinstance(last, Tensor) and any(of == last.name for of, _ in pairs) else pairs[-1][0]
    return root, _parameters(derivation) or tuple(dict.fromkeys(by for of, by in pairs if of == root))


def by_hand(derivation: Derivation) -> Proof:
    """The proof of an entry by its own steps; raises NotProved, naming the step, where the kernel does not decide it."""
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

    blocks: list[Block] = []
    for step in derivation.steps:
        found = line(step.left, step.right, step.rule, step.note, step.where)
        last = blocks[-1] if blocks else None
        before = last.lines[-1] if isinstance(last, Chain) else None
        if isinstance(last, Chain) and before is not None and before.right == found.left and before.conditions == found.conditions:
            blocks[-1] = Chain((*last.lines, found))
            continue
        if before is not None and before.conditions and not found.conditions:
            blocks.append(Heading("together", None))
        blocks.append(Chain((found,)))
    results = tuple(line(left, right, "result") for left, right in derivation.gradients.items())
    entries = ((to_expr(left), to_expr(right)) for left, right in derivation.forward.items())
    return Proof(
        derivation.name,
        derivation.title,
        derivation.source,
        forward,
        tuple((entry, readable(body)) for entry, body in entries if isinstance(entry, Tensor)),
        tuple(sorted(forward.assumptions, key=repr)),
        tuple(blocks),
        results,
        _parameters(derivation),
    )
