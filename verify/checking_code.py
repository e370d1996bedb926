"""From the text of NumPy code to a report: read, follow, decide, judge, explain. Nothing of it is executed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from verify.deciding import Decider
from verify.explaining.code_diagnosis import Mend, Search, edited
from verify.judging.code import CodeJudge, Finding
from verify.judging.code_asked import asked_of_code
from verify.kernel.decision import IllTyped, Refuted, Tested
from verify.kernel.program import Assumption, OneHot, Positive, SumsToOne
from verify.meaning.code_claims import Passage, passage_of
from verify.meaning.declarations import declared
from verify.meaning.index_notation import shown, shown_relation
from verify.reading import numpy_code as py
from verify.reading.document import decoded, read
from verify.reading.numpy_code import Assign, Code, read_code
from verify.report import Asked, Edit, Place, Relation, Remark, Report, Verdict, Witness

GRAVITY: tuple[Verdict, ...] = ("refuted", "follows", "unread", "slip", "tested", "proved", "given")
"""Verdicts, the gravest first: a statement that is followed more than once has the gravest of its verdicts."""


class Asking(Protocol):
    """What an assignment gives a check: its network as a document, and the quantities that it asks for."""

    @property
    def body(self) -> str:
        """The network in Markdown, with the assumptions as relations."""

    @property
    def quantities(self) -> Sequence[str]:
        """The asked quantities in LaTeX."""


def check_code(text: str | bytes, *, file: str = "", assignment: Asking | None = None) -> Report:
    """The report on NumPy code: one relation an assignment. Never raises for what the code contains; nothing of it is executed.

    What introduces a value of the forward pass is ``given``; what is assigned to a gradient's name is a claim about the derivative of the
    loss. What an assignment asks for counts if the code's loss is shown to be the assignment's; an assignment that asks for what its
    network lacks raises ValueError.
    """
    text, notes = decoded(text) if isinstance(text, bytes) else (text, [])
    text = text.removeprefix("\ufeff")
    code = read_code(text)
    lines = _Lines(text)
    remarks = [Remark(*lines.place(d.span.start)[:1], d.message, lines.place(d.span.start)[1]) for d in (*notes, *code.diagnostics)]
    passage = passage_of(code)
    try:
        results = _judged(passage)
        if passage.follower.tasks and not all(f.verdict in ("proved", "tested", "given") for f, _, _ in results.values()):
            lenient = passage_of(code, guards=True)
            if lenient.follower.guarded:
                results = _better(results, _judged(lenient), lenient)
    except IllTyped as reason:
        remarks.append(Remark(1, f"the forward pass has no meaning: {reason}"))
        results = {}
    relations = tuple(_relations(code, passage, results, lines))
    statuses: tuple[Asked, ...] = ()
    if assignment is not None:
        ids = {line_and_column(r): r.id for r in relations}
        findings = [(f, ids[lines.place(f.task.statement.sign.start)]) for f, _, _ in results.values()]
        network = declared(read(""), read(assignment.body)).scopes[-1].network
        statuses, different = asked_of_code(assignment.quantities, findings, passage, network)
        if different is not None:
            remarks.append(Remark(1, different))
    return Report(file=file, text=text, relations=relations, network=_described(passage), diagnostics=tuple(remarks), asked=statuses)


def line_and_column(relation: Relation) -> tuple[int, int]:
    """Where the sign of a relation stands."""
    return relation.place.line, relation.place.column


Results = dict[int, tuple[Finding, Mend | None, CodeJudge]]


def _judged(passage: Passage) -> Results:
    """The finding on each task by its number, with what mends it."""
    judge = CodeJudge(passage, Decider(passage.program, passage.assumptions))
    search = Search(judge, passage.follower.code.text)
    found: Results = {}
    for finding in judge.findings():
        mend = search.mend(finding) if finding.verdict == "refuted" else None
        if finding.verdict == "refuted" and finding.claim is None and mend is None and not judge.understood:
            finding = replace(finding, verdict="unread")
        found[finding.task.number] = finding, mend, judge
        if mend is not None and mend.task is not finding.task:
            beginning = replace(finding, task=mend.task, reason=finding.reason)
            found[mend.task.number] = beginning, mend, judge
            found[finding.task.number] = replace(finding, verdict="given", reason=f"it completes {finding.task.key}"), None, judge
    return found


def _better(exact: Results, lenient: Results, passage: Passage) -> Results:
    """Of each task the finding of the code as it is, or where that is false or not decided, of the code without its tiny guards."""
    guards = ", ".join(sorted(passage.follower.guarded))
    found: Results = {}
    for number, (finding, mend, judge) in exact.items():
        other = lenient.get(number)
        if finding.verdict in ("proved", "tested", "given") or other is None:
            found[number] = finding, mend, judge
        else:
            one, other_mend, other_judge = other
            found[number] = replace(one, notes=(*one.notes, f"{guards}, which keeps values finite, is read as 0")), other_mend, other_judge
    return found


class _Lines:
    """Lines and columns of offsets."""

    def __init__(self, text: str) -> None:
        self.starts = [0, *(n + 1 for n, c in enumerate(text) if c == "\n")]

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1


def _relations(code: Code, passage: Passage, results: Results, lines: _Lines) -> list[Relation]:
    """One relation for each assignment sign, in order."""
    at: dict[int, list[tuple[Finding, Mend | None, CodeJudge]]] = {}
    for finding, mend, judge in results.values():
        at.setdefault(finding.task.statement.sign.start, []).append((finding, mend, judge))
    signs: dict[int, Assign] = {}
    for statement in py.every_statement(code.statements):
        if isinstance(statement, Assign):
            signs.setdefault(statement.sign.start, statement)
    numbers = {start: f"r{n}" for n, start in enumerate(sorted(signs), 1)}
    found = []
    for start in sorted(signs):
        statement = signs[start]
        here = min(at.get(start, ()), key=lambda f: GRAVITY.index(f[0].verdict), default=None)
        if here is not None:
            found.append(_claimed(numbers, statement, here, results, code.text, lines))
            continue
        note = passage.follower.notes.get(start)
        verdict: Verdict = "unread" if note is None else note.verdict
        reason = "not reached" if note is None else note.reason
        found.append(_plain(numbers[start], statement, code.text, lines, verdict, reason))
    return found


def _plain(name: str, statement: Assign, text: str, lines: _Lines, verdict: Verdict, reason: str) -> Relation:
    left, right, sign = statement.target.span, statement.value.span, statement.sign
    line, column = lines.place(sign.start)
    return Relation(
        id=name,
        chain=f"c{name[1:]}",
        place=Place(line, column, column + sign.end - sign.start),
        span=(lines.place(left.start), lines.place(right.end)),
        offsets=(left.start, right.end),
        lhs=text[left.start : left.end],
        relation=text[sign.start : sign.end],
        rhs=text[right.start : right.end],
        verdict=verdict,
        message=reason,
    )


def _claimed(
    numbers: Mapping[int, str], statement: Assign, here: tuple[Finding, Mend | None, CodeJudge], results: Results, text: str, lines: _Lines
) -> Relation:
    finding, mend, judge = here
    base = _plain(numbers[statement.sign.start], statement, text, lines, finding.verdict, "; ".join(finding.notes) or finding.reason)
    if finding.verdict == "given":
        return base
    decision = finding.outcome.decision if finding.outcome is not None else None
    claim = finding.claim
    base = replace(
        base,
        read_as=shown_relation(claim.left, claim.right) if claim is not None else "",
        scope=getattr(decision, "scope", None),
        bound=f"2^{decision.bound_log2:.0f}" if isinstance(decision, Tested) else None,
        assumptions=tuple(described(a) for a in finding.outcome.assumptions) if finding.outcome is not None else (),
    )
    if isinstance(decision, Tested):
        base = replace(
            base, scope="widths " + ", ".join(f"{axis}={size}" for axis, size in decision.sizes) if decision.sizes else "no widths"
        )
    if finding.verdict == "follows" and finding.follows is not None and finding.follows in results:
        source = results[finding.follows][0].task.statement.sign.start
        return replace(
            base, follows_from=numbers.get(source), message=f"a copy of {text[statement.value.span.start : statement.value.span.end]}"
        )
    if finding.verdict != "refuted":
        return base
    right = statement.value.span
    edits = () if mend is None else tuple(Edit(start, end, new) for start, end, new in mend.edits)
    low, high = (min(e.start for e in edits), max(e.end for e in edits)) if edits else (right.start, right.end)
    return replace(
        base,
        mistake=None if mend is None else mend.mistake,
        message=finding.reason if mend is None else mend.message,
        repair=None if mend is None else _mended(statement, mend, text),
        edits=edits,
        fault=(low, high),
        witness=_witness(finding, judge),
    )


def _mended(statement: Assign, mend: Mend, text: str) -> str:
    left = text[statement.target.span.start : statement.sign.end]
    return " ".join(f"{left} {edited(text, mend.task.value, mend.edits)}".split())


def _witness(finding: Finding, judge: CodeJudge) -> Witness | None:
    if finding.outcome is None or not isinstance(finding.outcome.decision, Refuted):
        return None
    found = judge.decider.assumed.shrink(finding.outcome.decision)
    names = {}
    for n, (index, position) in enumerate(found.entry):
        names["ijklmnpq"[n % 8] if len(found.entry) <= 8 else index.name] = position + 1
    return Witness(dict(found.sizes), {name: _texts(v) for name, v in found.values}, names, found.left, found.right)


def _texts(value: object) -> object:
    return [_texts(v) for v in value] if isinstance(value, (list, tuple)) else str(value)


def described(assumption: Assumption) -> str:
    """An assumption in words; what the code does not say itself is unstated."""
    match assumption:
        case OneHot(name, _):
            return f"{name} is one-hot"
        case SumsToOne(name, _):
            return f"{name} sums to 1 (unstated)"
        case Positive(name):
            return f"{name} > 0 (unstated)"


def _described(passage: Passage) -> dict[str, object]:
    found: dict[str, object] = {}
    for definition in passage.program.definitions:
        found[definition.name] = {
            "axes": list(definition.axes),
            "defined_as": shown(definition.body) if definition.body is not None else None,
        }
    for key, reason in passage.follower.failed.items():
        found.setdefault(key, {"axes": [], "defined_as": None, "not_understood": reason})
    return found
