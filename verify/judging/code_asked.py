"""How NumPy code came out on the quantities that an assignment asks for.

The code's names stand for the assignment's where they are the same letters: ``W1`` for ``W_1``, ``w_h1`` for ``w_{h1}``. A gradient
counts only if the code's loss is shown to be that of the assignment, as a function of the same inputs and parameters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from verify.deciding import Decider
from verify.judging.asked import asked_pair
from verify.judging.code import Finding
from verify.kernel import expr as k
from verify.kernel.decision import IllTyped
from verify.kernel.expr import Expr, Index
from verify.kernel.program import Definition, Program
from verify.meaning.claims import Typed
from verify.meaning.code_claims import Passage
from verify.meaning.network import Network
from verify.report import Asked, Status, Verdict

STATUS: dict[Verdict, Status] = {
    "proved": "right", "tested": "right", "slip": "slip", "follows": "follows", "refuted": "wrong", "unread": "unread",
}  # fmt: skip
RANK: tuple[Status, ...] = ("right", "slip", "follows", "unread", "wrong", "missing")


def asked_of_code(
    quantities: Sequence[str], findings: Sequence[tuple[Finding, str]], passage: Passage, network: Network
) -> tuple[tuple[Asked, ...], str | None]:
    """The status of each asked quantity with the relation that earned it, and why none can be right where the losses are not shown to be
    one.

    ``findings`` come with the ids of their relations. A quantity that is not a derivative of the network's quantities raises ValueError.
    """
    pairs = [asked_pair(quantity, network) for quantity in quantities]
    reasons = {top: difference(passage, network, top) for top, _ in pairs}
    names = {plain(name): name for name in passage.program.by_name}
    found = []
    for quantity, (top, wrt) in zip(quantities, pairs, strict=True):
        best: tuple[Status, str | None] = ("missing", None)
        claims: list[tuple[str, Status]] = []
        for finding, relation in findings:
            status = STATUS.get(finding.verdict)
            if finding.quantity is None or finding.quantity != names.get(plain(wrt)) or status is None or finding.task.kind == "update":
                continue
            if reasons[top] is not None or passage.scales[passage.over_samples(finding.quantity)] != k.ONE:
                status = "unread"
            claims.append((relation, status))
            if RANK.index(status) < RANK.index(best[0]):
                best = status, relation
        found.append(Asked(quantity, *best, claims=tuple(claims), about=tuple(relation for relation, _ in claims)))
    return tuple(found), next((reason for reason in reasons.values() if reason is not None), None)


def plain(name: str) -> str:
    r"""A name without what only notation adds: ``w_{h1}`` is ``wh1``, ``\hat{y}`` is ``haty``."""
    return re.sub(r"[\\_{}^()\[\],\s]", "", name)


def difference(passage: Passage, network: Network, root: str) -> str | None:
    """Why the code's loss is not shown to be a quantity of the network; None where it is proved to be."""
    if passage.loss is None or passage.upstream:
        return "no loss is computed in this code"
    if root in network.failed:
        return f"{root} of the assignment is not understood: {network.failed[root]}"
    known = {plain(name): d for name, d in passage.program.by_name.items() if d.body is None}
    axes: dict[str, str] = {}
    renamed: dict[str, str] = {}
    definitions = list(passage.program.definitions)
    for definition in network.program.definitions:
        if definition.body is not None:
            renamed[definition.name] = f"assigned {definition.name}"
            continue
        twin = known.get(plain(definition.name))
        if twin is None or len(twin.axes) != len(definition.axes):
            return f"{definition.name} of the assignment is not found among the code's inputs and parameters"
        for one, other in zip(definition.axes, twin.axes, strict=True):
            if axes.setdefault(one, other) != other:
                return f"the axes of {definition.name} are not those of the assignment"
        renamed[definition.name] = twin.name
    for definition in network.program.definitions:
        if definition.body is not None:
            if not all(axis in axes for axis in definition.axes):
                return f"{definition.name} of the assignment has an axis that the code does not"
            indices = tuple(Index(i.name, axes[i.axis]) for i in definition.indices)
            try:
                definitions.append(Definition(renamed[definition.name], indices, _moved(definition.body, axes, renamed)))
            except KeyError:
                return f"{definition.name} of the assignment has an axis that the code does not"
    try:
        decider = Decider(Program(tuple(definitions), sizes=passage.program.sizes), passage.assumptions)
        claim = Typed(k.Tensor(renamed[root]), k.Tensor(passage.loss))
        return None if decider.holds(claim) is not None else "the code's loss is not shown to be that of the assignment"
    except (IllTyped, KeyError) as error:
        return f"the code's loss is not comparable with that of the assignment: {error}"


def _moved(expr: Expr, axes: dict[str, str], names: dict[str, str]) -> Expr:
    """An expression over other axes and names."""

    def at(position: k.Position) -> k.Position:
        return Index(position.name, axes[position.axis]) if isinstance(position, Index) else position

    match expr:
        case k.Tensor(name, positions):
            return k.Tensor(names[name], tuple(map(at, positions)))
        case k.Delta(left, right):
            return k.Delta(at(left), at(right))
        case k.Size(axis):
            return k.Size(axes[axis])
        case k.Sum(index, body):
            return k.Sum(Index(index.name, axes[index.axis]), _moved(body, axes, names))
        case k.Prod(index, body):
            return k.Prod(Index(index.name, axes[index.axis]), _moved(body, axes, names))
    below = k.children(expr)
    return k.rebuild(expr, tuple(_moved(child, axes, names) for child in below)) if below else expr
