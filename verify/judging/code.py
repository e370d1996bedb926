"""The verdict on every assignment of NumPy code.

What introduces a value of the forward pass is given. What is assigned to the name of a gradient is proved or refuted against the
derivative of the loss; the gradients that it uses count as true, so that one wrong line does not make the next ones wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from verify.deciding import Decider, Outcome
from verify.kernel import expr as k
from verify.kernel.decision import IllTyped, Proved, Refuted, Undecided
from verify.kernel.program import nodes
from verify.meaning.array_values import Array, Hidden, Mismatch, NotRead
from verify.meaning.claims import Typed
from verify.meaning.code_claims import Backward, Passage, step_of, without_rate
from verify.meaning.code_entries import Gradient, Pack, Task
from verify.reading import numpy_code as py
from verify.reading.numpy_code import Expression
from verify.report import Verdict

MAX_GROUPS = 250
"""So many values are decided in one file."""

MAX_AXES = 48
"""A network with more axes is not decided: each is tried at a width of its own."""

MAX_WORK = 4_000_000
"""The values that are decided in one file times the square of its definitions: deep networks cost more for each."""


@dataclass(frozen=True)
class Finding:
    """The verdict on one task, with everything that an explanation needs.

    ``claim`` is what it was read as, None where the shapes do not fit; ``quantity`` is what it is the gradient of; ``group`` are the
    tasks that build the value up, this one among them.
    """

    task: Task
    verdict: Verdict
    reason: str = ""
    quantity: str | None = None
    claim: Typed | None = None
    outcome: Outcome | None = None
    notes: tuple[str, ...] = ()
    group: tuple[Task, ...] = ()
    follows: int | None = None


@dataclass
class CodeJudge:
    """Judges the tasks of one passage in order."""

    passage: Passage
    backward: Backward = field(init=False)
    found: dict[int, Finding] = field(default_factory=dict)
    trusted: bool | None = None

    used: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        self.backward = Backward(self.passage)
        self.used = used_by_claims(self.passage)

    @cached_property
    def decider(self) -> Decider:
        """The decider of claims about the passage's program."""
        return Decider(self.passage.program, self.passage.assumptions)

    def findings(self) -> list[Finding]:
        """The findings on all tasks, in order."""
        most = min(MAX_GROUPS, MAX_WORK // (1 + len(self.passage.program.definitions)) ** 2)
        if len({axis for d in self.passage.program.definitions for axis in d.axes}) > MAX_AXES:
            most = 0
        for n, group in enumerate(self.passage.groups):
            if n >= most:
                self.found.update(
                    (task.number, Finding(task, "unread", "the network is too large, or the file has too many gradients")) for task in group
                )
                continue
            for finding in self.group(group):
                self.found[finding.task.number] = finding
        return [self.found[n] for n in sorted(self.found)]

    @property
    def understood(self) -> bool:
        """Whether a gradient of this code has been proved: then shapes that do not fit are wrong, and not misunderstood."""
        return any(f.verdict in ("proved", "tested") and f.claim is not None and f.task.kind != "update" for f in self.found.values())

    # -- one value ----------------------------------------------------------------------------------------------------------------------

    def group(self, group: tuple[Task, ...]) -> Iterator[Finding]:
        """The findings on tasks that build up one value."""
        if group[-1].kind == "update":
            yield self.update(group[-1])
            return
        last: Array | None = None
        reason: NotRead | Mismatch | None = None
        for task in group:
            last, reason = self.valued(task)
        task = group[-1]
        if not task.quantities:
            for member in group:
                value = self.backward.true.get(member.number)
                yield (
                    Finding(member, "unread", value.reason)
                    if isinstance(value, Hidden)
                    else Finding(member, "given", "an intermediate value", group=group)
                )
            return
        final = self.final(group, last, reason)
        self.remember(final, last)
        for member in group[:-1]:
            yield (
                replace(final, task=member, notes=(*final.notes, "judged with the statements that complete it"))
                if final.verdict != "refuted"
                else Finding(member, "given", f"the beginning of {member.key}, which later statements complete", group=group)
            )
        yield final

    def valued(self, task: Task) -> tuple[Array | None, NotRead | Mismatch | None]:
        """The value of a task, kept for the tasks that use it."""
        back = self.backward
        reason: NotRead | Mismatch | None = None
        value: Array | None = None
        try:
            value = back.value(task, back.true)
            back.true[task.number] = value
        except (NotRead, Mismatch) as error:
            reason = error
            back.true[task.number] = Hidden(f"{task.key} is not understood: {error}")
        try:
            back.actual[task.number] = back.value(task, back.actual)
        except (NotRead, Mismatch) as error:
            back.actual[task.number] = Hidden(str(error))
        return value, reason

    def remember(self, final: Finding, value: Array | None) -> None:
        if final.quantity is not None:
            try:
                self.backward.settle(final.task, final.quantity, value)
            except NotRead as error:
                self.backward.true[final.task.number] = Hidden(str(error))

    def blocked(self) -> str | None:
        """Why nothing about the loss can be decided; None where it can."""
        passage = self.passage
        if passage.loss is None:
            failed = next(
                (f"{key}: {reason}" for key, reason in passage.follower.failed.items() if "loss" in key.lower() or "cost" in key.lower()),
                None,
            )
            return f"the loss is not understood: {failed}" if failed else "no loss is computed in this code"
        if self.trusted is None:
            # A maximum counts as a constant only where the loss does not depend on it at all.
            self.trusted = all(self.constant(name) for name in passage.follower.shifts & passage.ancestors)
        return None if self.trusted else "a maximum along an axis matters for the loss"

    def constant(self, name: str) -> bool:
        assert self.passage.loss is not None
        indices = self.passage.program.by_name[name].indices
        slope = k.Derivative(k.Tensor(self.passage.loss), k.Tensor(name, indices))
        return self.decider.holds(Typed(slope, k.ZERO)) is not None

    def final(self, group: tuple[Task, ...], value: Array | None, reason: NotRead | Mismatch | None) -> Finding:
        """The finding on the statement that completes a value."""
        task, back = group[-1], self.backward
        names, plain = back.candidates(group)
        base = Finding(task, "unread", quantity=names[0], group=group)
        blocked = self.blocked()
        if blocked is not None:
            return replace(base, reason=blocked)
        if self.passage.upstream and not self.passage.follower.handed and not task.linked:
            return replace(base, reason="no loss is computed in this code, so that the first gradient cannot be checked")
        if len(group) == 1 and isinstance(task.value, py.Number) and not task.operator:
            return replace(base, reason="a number is assigned to the name of a gradient")
        copied = self.copied(task, names)
        if copied is not None:
            return copied
        if value is None and isinstance(reason, NotRead):
            return replace(base, reason=str(reason))
        readings = [(n, value) for n in names] if value is not None else []
        actual = back.actual.get(task.number)
        if isinstance(actual, Array) and actual != value:
            readings += [(n, actual) for n in names]
        clash = reason
        false: list[tuple[str, Typed]] = []
        for name, array in readings:
            try:
                claim = back.claim(name, array)
            except Mismatch as error:
                clash = clash or error
                continue
            except NotRead as error:
                return replace(base, reason=str(error))
            outcome = self.decider.holds(claim)
            if outcome is not None:
                verdict: Verdict = "proved" if isinstance(outcome.decision, Proved) else "tested"
                return replace(base, verdict=verdict, quantity=name, claim=claim, outcome=outcome, notes=self.shape_note(name, array))
            if array is value:
                false.append((name, claim))
        return self.refuted(base, false, clash, plain)

    def copied(self, task: Task, names: tuple[str, ...]) -> Finding | None:
        """The finding on a plain copy of a gradient: that on what is copied."""
        if task.operator or not isinstance(task.value, (py.Name, py.Member, py.Item)):
            return None
        entry = task.seen.get(self.backward.follower.safe_key(task.value) or "")
        number = getattr(entry, "task", None)
        source = self.found.get(number) if isinstance(number, int) else None
        if source is None or source.quantity not in names:
            return None
        verdict: Verdict = "follows" if source.verdict == "refuted" else source.verdict
        return replace(source, task=task, verdict=verdict, group=(task,), follows=number if verdict == "follows" else None, reason="a copy")

    def shape_note(self, name: str, array: Array) -> tuple[str, ...]:
        if len(array.dims) == len(self.passage.quantities[name].axes):
            return ()
        return ("the shape differs from that of the quantity in axes of one entry",)

    def refuted(self, base: Finding, false: list[tuple[str, Typed]], clash: NotRead | Mismatch | None, plain: bool) -> Finding:
        """Refuted where every reading is false; unread where one is out of reach."""
        if any(key in self.passage.follower.late for key in self.late(base.task)):
            return replace(base, reason="it uses a value that is not known")
        if not false:
            return replace(base, verdict="refuted", reason=f"the shapes do not fit: {clash}")
        name, claim = false[0]
        if not plain:
            return replace(
                base, claim=claim, quantity=name, reason=f"{base.task.key} may be the gradient by more than one value of its name"
            )
        for other, one in false:
            if other != name and self.decider.screens(one):
                return replace(base, claim=one, quantity=other, reason="neither proved nor refuted")
        outcome = self.decider.refuses(claim)
        if not isinstance(outcome.decision, Refuted):
            reason = outcome.decision.reason if isinstance(outcome.decision, Undecided) else "neither proved nor refuted"
            return replace(base, claim=claim, quantity=name, reason=reason)
        single = self.single(claim)
        if single is not None:
            return replace(
                base, claim=claim, quantity=name, reason=f"true only where the axis {single} has one entry, and its width is not stated"
            )
        return replace(base, verdict="refuted", claim=claim, quantity=name, outcome=outcome, reason="the two sides differ")

    def late(self, task: Task) -> Iterator[str]:
        late = self.passage.follower.late
        for node in py.walk(task.value):
            key = self.backward.follower.safe_key(node)
            if key in late and self.passage.quantities_of(key) != ():
                yield key or ""

    def single(self, claim: Typed) -> str | None:
        """An axis of no stated width that the loss is a mean over, at whose width 1 the claim holds; None if there is none."""
        passage = self.passage
        if len(passage.samples) < 2:
            return None
        for axis in sorted(passage.samples):
            if axis in passage.follower.axes.fixed or axis in passage.follower.axes.sizes:
                continue
            if not any(axis in passage.program.by_name[p].axes for p in passage.parameters):
                continue
            narrow = Decider(replace(passage.program, sizes=((axis, 1),)), passage.assumptions)
            try:
                if narrow.holds(claim) is not None and not narrow.vanishes(claim.left, ()):
                    return axis
            except IllTyped:
                continue
        return None

    # -- updates ------------------------------------------------------------------------------------------------------------------------

    def update(self, task: Task) -> Finding:
        """The finding on a step of gradient descent: what it takes away is the gradient times a positive rate."""
        back = self.backward
        base = Finding(task, "unread", quantity=task.quantities[0] if task.quantities else None, group=(task,))
        step = step_of(task)
        if base.quantity is None or step is None:
            return replace(base, reason="an update that is not understood")
        blocked = self.blocked()
        if blocked is not None:
            return replace(base, reason=blocked)
        try:
            value = back.value(task, back.true, step[0])
            free = [
                d.name
                for d in self.passage.program.definitions
                if d.body is None and not d.indices and d.name not in self.passage.ancestors
            ]
            rest, sign = without_rate(value.expr, free)
            claim = back.claim(base.quantity, Array(rest, value.dims))
        except NotRead as error:
            return replace(base, reason=str(error))
        except Mismatch as error:
            return replace(base, verdict="refuted", reason=f"the shapes do not fit: {error}")
        if self.passage.scales != {True: k.ONE, False: k.ONE}:
            claim = replace(claim, left=self.bare(claim.left), right=self.bare(claim.right))
        if (sign > 0) != step[1]:
            claim = replace(claim, right=k.neg(claim.right))
        if not any(isinstance(n, k.Derivative) for n in nodes({}, claim.right)) and not self.depends(claim.right):
            return replace(base, reason="an update without a gradient")
        outcome = self.decider.holds(claim)
        if outcome is not None:
            verdict: Verdict = "proved" if isinstance(outcome.decision, Proved) else "tested"
            return replace(base, verdict=verdict, claim=claim, outcome=outcome)
        if isinstance(rest, k.Add):
            return replace(base, claim=claim, reason="the update adds something to the gradient")
        if self.passage.upstream and not self.passage.follower.handed:
            return replace(base, claim=claim, reason="no loss is computed in this code, so that the sign of the update cannot be checked")
        outcome = self.decider.refuses(claim)
        if isinstance(outcome.decision, Refuted):
            return replace(base, verdict="refuted", claim=claim, outcome=outcome, reason="the two sides differ")
        return replace(base, claim=claim, reason="neither proved nor refuted")

    # -- other right sides --------------------------------------------------------------------------------------------------------------

    def edited(self, finding: Finding, changed: Task, node: Expression) -> Typed | None:
        """The claim of a finding if one statement of its group had another right side; None where that has no meaning."""
        back = self.backward
        if finding.quantity is None or finding.task.kind == "update":
            return None
        before = {task.number: back.true.get(task.number) for task in finding.group}
        try:
            value: Array | None = None
            for task in finding.group:
                value = back.value(task, back.true, node if task is changed else None)
                back.true[task.number] = value
            return None if value is None else back.claim(finding.quantity, value)
        except (NotRead, Mismatch):
            return None
        finally:
            for number, old in before.items():
                if old is not None:
                    back.true[number] = old

    def bare(self, expr: k.Expr) -> k.Expr:
        """A side of an update's claim without the sizes that its gradients are multiplied by: they are part of the rate."""
        factors = expr.factors if isinstance(expr, k.Mul) else (expr,)
        return k.mul(*(f for f in factors if not isinstance(f, k.Size)))

    def depends(self, expr: k.Expr) -> bool:
        """Whether an expression mentions more than parameters and numbers."""
        names = {n.name for n in nodes({}, expr) if isinstance(n, k.Tensor)}
        return bool(names - self.passage.parameters)


def used_by_claims(passage: Passage) -> frozenset[int]:
    """The tasks whose values a claim uses, directly or through intermediate values."""
    follower = passage.follower
    used: set[int] = set()
    for task in reversed(follower.tasks):
        if task.kind not in ("gradient", "update") and not task.quantities and task.number not in used:
            continue
        reads = [n for side in (task.value, task.target) for n in py.walk(side)]
        for node in reads:
            key = follower.safe_key(node) if isinstance(node, (py.Name, py.Member, py.Item)) else None
            entry = None if key is None else task.seen.get(key)
            stack = [entry]
            while stack:
                top = stack.pop()
                if isinstance(top, Gradient):
                    used.add(top.task)
                elif isinstance(top, Pack):
                    stack.extend(top.items)
    return frozenset(used)
