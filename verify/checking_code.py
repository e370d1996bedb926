"""From the text of NumPy code to a report: read, follow, decide, judge, explain. Nothing of it is executed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from verify.explaining.code_diagnosis import Mend, Search, edited
from verify.judging.code import CodeJudge, Finding
from verify.judging.code_asked import asked_of_code
from verify.kernel.decision import IllTyped, Proved, Refuted, Tested
from verify.kernel.program import Assumption, OneHot, Positive, SumsToOne
from verify.meaning.code_claims import Passage, reading_of, readings_of, units
from verify.meaning.code_entries import Note
from verify.meaning.declarations import declared
from verify.notations.index import shown, shown_relation
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

    What introduces a value of the forward pass is ``given``; what is assigned to a gradient's name is a claim about the derivative of
    the loss. What an assignment asks for counts if the code's loss is shown to be the assignment's; an assignment that asks for what its
    network lacks raises ValueError.
    """
    text, notes = decoded(text) if isinstance(text, bytes) else (text, [])
    text = text.removeprefix("\ufeff")
    code = read_code(text)
    text = code.text
    lines = _Lines(text)
    remarks = [Remark(*lines.place(d.span.start)[:1], d.message, lines.place(d.span.start)[1]) for d in (*notes, *code.diagnostics)]
    passages: list[Passage] = []
    results: list[Result] = []
    for unit in units(code):
        passage, found, reason = _unit(unit)
        passages.append(passage)
        results += found
        if reason is not None:
            remarks.append(Remark(1, f"the forward pass has no meaning: {reason}"))
    relations = tuple(_relations(code, passages, results, lines))
    statuses: tuple[Asked, ...] = ()
    if assignment is not None:
        ids = {(r.place.line, r.place.column): r.id for r in relations}
        last = [r.finding for r in results if r.passage.follower.code is passages[-1].follower.code]
        findings = [(finding, ids[lines.place(finding.task.statement.sign.start)]) for finding in last]
        network = declared(read(""), read(assignment.body)).scopes[-1].network
        statuses, different = asked_of_code(assignment.quantities, findings, passages[-1], network)
        if different is not None:
            remarks.append(Remark(1, different))
    return Report(file=file, text=text, relations=relations, network=_described(passages), diagnostics=tuple(remarks), asked=statuses)


@dataclass(frozen=True)
class Result:
    """The finding on one task, with what mends it, and what it was found with."""

    finding: Finding
    mend: Mend | None
    judge: CodeJudge
    passage: Passage


def _unit(code: Code) -> tuple[Passage, list[Result], str | None]:
    """What a file or a part of one says, the results on its tasks, and why it has no meaning where it has none."""
    passage, *rivals = readings_of(code)
    try:
        results = _judged(passage)
        if not all(r.finding.verdict in ("proved", "tested", "given") for r in results):
            lenient = reading_of(code, passage.follower.leaves, guards=True)
            if lenient.follower.guarded:
                results = _better(results, _judged(lenient), lenient)
                rivals = [reading_of(code, rival.follower.leaves, guards=True) for rival in rivals]
        for rival in rivals:
            results = _agreed(results, _judged(rival, mend=False))
    except IllTyped as reason:
        return passage, [], str(reason)
    return passage, results, None


def _agreed(results: list[Result], others: list[Result]) -> list[Result]:
    """The results, those unread on which another choice of ranks decides otherwise."""
    opposed = dict(zip(_turns(others), others, strict=True))
    found = []
    for turn, result in zip(_turns(results), results, strict=True):
        other = opposed.get(turn)
        verdicts = {result.finding.verdict, other.finding.verdict if other is not None else result.finding.verdict}
        if "refuted" in verdicts and verdicts & {"proved", "tested"}:
            reason = "it depends on the shapes of inputs, which the code does not state"
            result = Result(replace(result.finding, verdict="unread", reason=reason, outcome=None), None, result.judge, result.passage)
        found.append(result)
    return found


def _judged(passage: Passage, mend: bool = True) -> list[Result]:
    """The result on each task in order."""
    judge = CodeJudge(passage)
    search = Search(judge, passage.follower.code.text)
    found: dict[int, Result] = {}
    for finding in judge.findings():
        edit = search.mend(finding) if mend and finding.verdict == "refuted" else None
        if finding.verdict == "refuted" and finding.claim is None and edit is None and not judge.understood:
            finding = replace(finding, verdict="unread")
        found[finding.task.number] = Result(finding, edit, judge, passage)
        if edit is not None and edit.task is not finding.task:
            found[edit.task.number] = Result(replace(finding, task=edit.task), edit, judge, passage)
            completes = replace(finding, verdict="given", reason=f"it completes {finding.task.key}")
            found[finding.task.number] = Result(completes, None, judge, passage)
    return [found[n] for n in sorted(found)]


def _better(exact: list[Result], lenient: list[Result], passage: Passage) -> list[Result]:
    """Of each task the result of the code as it is, or where that is false or not decided, of the code without its tiny guards."""
    note = f"{', '.join(sorted(passage.follower.guarded))}, which keeps values finite, is read as 0"
    others = dict(zip(_turns(lenient), lenient, strict=True))
    found = []
    for turn, result in zip(_turns(exact), exact, strict=True):
        other = others.get(turn)
        if result.finding.verdict in ("proved", "tested", "given") or other is None:
            found.append(result)
        else:
            found.append(replace(other, finding=replace(other.finding, notes=(*other.finding.notes, note))))
    return found


def _turns(results: list[Result]) -> list[tuple[int, int]]:
    """For each result the place of its sign and how often it has been there before: a loop's statement has a result for each turn."""
    seen: dict[int, int] = {}
    found = []
    for result in results:
        start = result.finding.task.statement.sign.start
        seen[start] = seen.get(start, 0) + 1
        found.append((start, seen[start]))
    return found


class _Lines:
    """Lines and columns of offsets."""

    def __init__(self, text: str) -> None:
        self.starts = [0, *(n + 1 for n, c in enumerate(text) if c == "\n")]

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1


def _relations(code: Code, passages: list[Passage], results: list[Result], lines: _Lines) -> list[Relation]:
    """One relation for each assignment sign, in order."""
    at: dict[int, list[Result]] = {}
    for result in results:
        at.setdefault(result.finding.task.statement.sign.start, []).append(result)
    signs: dict[int, Assign] = {}
    for statement in py.every_statement(code.statements):
        if isinstance(statement, Assign):
            signs.setdefault(statement.sign.start, statement)
    numbers = {start: f"r{n}" for n, start in enumerate(sorted(signs), 1)}
    found = []
    for start in sorted(signs):
        statement = signs[start]
        here = min(at.get(start, ()), key=lambda r: GRAVITY.index(r.finding.verdict), default=None)
        if here is not None:
            found.append(_claimed(numbers, statement, here, code.text, lines))
            continue
        notes = [note for passage in passages if (note := passage.follower.notes.get(start)) is not None]
        note = min(notes, key=lambda n: n.verdict == "given", default=Note("unread", "not reached"))
        found.append(_plain(numbers[start], statement, code.text, lines, note.verdict, note.reason))
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


def _claimed(numbers: Mapping[int, str], statement: Assign, here: Result, text: str, lines: _Lines) -> Relation:
    finding, mend, judge = here.finding, here.mend, here.judge
    said = [*([finding.reason] if finding.verdict == "unread" else ()), *finding.notes]
    base = _plain(numbers[statement.sign.start], statement, text, lines, finding.verdict, "; ".join(said) or finding.reason)
    if finding.verdict == "given":
        return base
    decision = finding.outcome.decision if finding.outcome is not None else None
    claim = finding.claim
    base = replace(
        base,
        read_as=shown_relation(claim.left, claim.right) if claim is not None else "",
        scope=_scope(decision),
        bound=f"2^{decision.bound_log2:.0f}" if isinstance(decision, Tested) else None,
        assumptions=_assumptions(here),
    )
    right = statement.value.span
    if finding.verdict == "follows" and finding.follows is not None:
        source = judge.found[finding.follows].task.statement.sign.start
        return replace(base, follows_from=numbers.get(source), message=f"a copy of {text[right.start : right.end]}")
    if finding.verdict != "refuted":
        return base
    edits = () if mend is None else tuple(Edit(start, end, new) for start, end, new in mend.edits)
    return replace(
        base,
        mistake=None if mend is None else mend.mistake,
        message=finding.reason if mend is None else mend.message,
        repair=None if mend is None else _mended(statement, mend, text),
        edits=edits,
        fault=(min(e.start for e in edits), max(e.end for e in edits)) if edits else (right.start, right.end),
        witness=_witness(finding, judge),
    )


def _scope(decision: object) -> str | None:
    match decision:
        case Proved():
            return decision.scope
        case Tested():
            return "widths " + ", ".join(f"{axis}={size}" for axis, size in decision.sizes) if decision.sizes else "no widths"
    return None


def _mended(statement: Assign, mend: Mend, text: str) -> str:
    left = text[statement.target.span.start : statement.sign.end]
    return " ".join(f"{left} {edited(text, mend.task.value, mend.edits)}".split())


def _witness(finding: Finding, judge: CodeJudge) -> Witness | None:
    if finding.outcome is None or not isinstance(finding.outcome.decision, Refuted):
        return None
    found = judge.decider.smallest(finding.outcome.decision)
    letters = "ijklmnpq" if len(found.entry) <= 8 else [index.name for index, _ in found.entry]
    entry = {letters[n]: position + 1 for n, (_, position) in enumerate(found.entry)}
    return Witness(dict(found.sizes), {name: _texts(v) for name, v in found.values}, entry, found.left, found.right)


def _texts(value: object) -> object:
    return [_texts(v) for v in value] if isinstance(value, (list, tuple)) else str(value)


def _assumptions(here: Result) -> tuple[str, ...]:
    """What a decision rests on, in words."""
    if here.finding.outcome is None:
        return ()
    positive = [described(Positive(name)) for name in sorted(here.passage.follower.positive)]
    return (*(described(a) for a in here.finding.outcome.assumptions), *positive)


def described(assumption: Assumption) -> str:
    """An assumption in words; what the code does not say itself is unstated."""
    match assumption:
        case OneHot(name, _):
            return f"{name} is one-hot"
        case SumsToOne(name, _):
            return f"{name} sums to 1 (unstated)"
        case Positive(name):
            return f"{name} > 0 (unstated)"


def _described(passages: list[Passage]) -> dict[str, object]:
    found: dict[str, object] = {}
    for passage in passages:
        for d in passage.program.definitions:
            found[d.name] = {"axes": list(d.axes), "defined_as": shown(d.body) if d.body is not None else None}
        for key, reason in passage.follower.failed.items():
            found.setdefault(key, {"axes": [], "defined_as": None, "not_understood": reason})
    return found
