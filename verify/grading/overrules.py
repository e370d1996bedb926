"""What a person decides over the machine: a TOML file beside the marks, in which equal lines of many answers are one entry.

::

    [[line]]
    id = '5b0c…'            # which lines these are
    text = 'a = b'
    verdict = 'unread'
    answers = 14
    examples = ['a.md, line 12']
    decide = 'right'        # right, slip, follows, wrong; empty while nothing is decided
    quantity = ''           # for a line that was not read: the asked quantity that it states
    note = ''

    [[answer]]
    name = 'b.md'
    quantity = '\\frac{\\partial L}{\\partial w}'
    points = 1.5
    note = 'on the back of the page'
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field, model_validator

from verify.grading.assignment import Assignment, AssignmentError, Part, line_of, parsed_toml, validated
from verify.judging.asked import RANK
from verify.report import Asked, Decided, Relation, Report, Status

Decision = Literal["", "right", "slip", "follows", "wrong"]
OPEN = frozenset({"unread", "refuted", "follows", "slip"})
"""The verdicts that a person may want to decide otherwise."""

HEAD = """\
# Decisions of a person, for lines that were not read and for verdicts that are disputed. Equal lines of many answers are one entry.
# Set `decide` to 'right', 'slip', 'follows' or 'wrong' and run `backproof grade` again: it counts in every answer with that line. For a
# line that was not read, say also which asked `quantity` it states. What is decided is kept; entries without a decision come and go.
# To set the points of one answer by hand, add:
#
#     [[answer]]
#     name = 'a.md'
#     quantity = '...'      # as the assignment writes it
#     points = 1.5
#     note = 'why'
"""


class LineRule(Part):
    """A decision on all lines that are equal to one."""

    id: str
    text: str = ""
    verdict: str = ""
    reason: str = ""
    answers: int = 0
    examples: list[str] = Field(default_factory=list)
    decide: Decision = ""
    quantity: str = ""
    note: str = ""


class AnswerRule(Part):
    """The points of one answer for one asked quantity, set by hand."""

    name: str
    quantity: str
    points: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    note: str = ""


class Overrules(Part):
    """The decisions of a file."""

    line: list[LineRule] = Field(default_factory=list)
    answer: list[AnswerRule] = Field(default_factory=list)

    @model_validator(mode="after")
    def _once(self) -> Overrules:
        for rules in ([r.id for r in self.line], [f"{r.name}, {r.quantity}" for r in self.answer]):
            twice = sorted({r for r in rules if rules.count(r) > 1})
            if twice:
                raise ValueError(f"{twice[0]} is decided twice")
        return self

    @property
    def decided(self) -> dict[str, LineRule]:
        """The decisions on lines, by their ids."""
        return {rule.id: rule for rule in self.line if rule.decide}

    def of_answer(self, name: str) -> dict[str, AnswerRule]:
        """The points set by hand for an answer, by quantity."""
        return {rule.quantity: rule for rule in self.answer if rule.name == name}

    def strangers(self, names: Iterable[str]) -> list[str]:
        """The answers whose points are set by hand and that are none of the names."""
        return sorted({rule.name for rule in self.answer} - set(names))


def parse_overrules(text: str, assignment: Assignment) -> Overrules:
    """The decisions in a file's text; raises AssignmentError with the lines where it is wrong."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    found = validated(Overrules, parsed_toml(lines, 0), lines, 0)
    out_of = {ask.quantity: ask.out_of for ask in assignment.ask}
    wrong = []
    for n, line in enumerate(found.line):
        if line.quantity and line.quantity not in assignment.quantities:
            wrong.append((line_of(lines, ("line", n, "quantity")), f"{line.quantity} is not asked for"))
    for n, answer in enumerate(found.answer):
        if answer.quantity not in out_of:
            wrong.append((line_of(lines, ("answer", n, "quantity")), f"{answer.quantity} is not asked for"))
        elif answer.points > out_of[answer.quantity]:
            wrong.append((line_of(lines, ("answer", n, "points")), f"{answer.quantity} is worth {out_of[answer.quantity]:g} points"))
    if wrong:
        raise AssignmentError(*sorted(wrong))
    return found


@dataclass(frozen=True)
class OpenLine:
    """A line of an answer that a person may decide: ``same`` is equal for equal lines."""

    same: str
    relation: str
    line: int
    cell: int | None
    text: str
    verdict: str
    reason: str


def open_lines(report: Report, given: Mapping[str, object]) -> tuple[OpenLine, ...]:
    """The lines of a report that are unread or may be disputed; ``given`` is the assignment's network as a report describes it."""
    own = {name: value for name, value in report.network.items() if given.get(name) != value}
    return tuple(
        OpenLine(_same(r, own), r.id, r.place.line, r.place.cell, _text(r), r.verdict, r.message)
        for r in report.relations
        if r.verdict in OPEN
    )


def _text(relation: Relation) -> str:
    return " ".join(f"{relation.lhs} {relation.relation} {relation.rhs}".split())


def _same(relation: Relation, own: Mapping[str, object]) -> str:
    """What is equal for equal lines: the relation as it was read, or else as it is written, its verdict, and what the answer itself says of
    the names in it."""
    text = _text(relation)
    used: dict[str, object] = {}
    words = _words(f"{text} {relation.read_as}")
    grown = True
    while grown:
        grown = False
        for name, value in own.items():
            if name not in used and not _words(name).isdisjoint(words):
                used[name] = value
                words |= _words(json.dumps(value, ensure_ascii=False, default=str).replace("\\\\", "\\"))
                grown = True
    what = [relation.read_as or text, relation.verdict, relation.mistake, sorted(used.items())]
    return hashlib.sha256(json.dumps(what, default=str).encode()).hexdigest()[:16]


def _words(text: str) -> set[str]:
    """The commands and letters in a formula: what names are made of."""
    return set(re.findall(r"\\[A-Za-z]+|[^\W\d_]", text))


def overruled(report: Report, lines: Sequence[OpenLine], rules: Overrules, name: str) -> Report:
    """The report with what a person has decided: the lines bear the decisions, and the asked quantities have the statuses that follow.

    The verdicts themselves stay. A decision on a line counts for the quantities that the line states, or for the one that is named with it.
    """
    decided = rules.decided
    by_relation = {line.relation: decided[line.same] for line in lines if line.same in decided}
    relations = tuple(
        replace(r, decided=Decided(by_relation[r.id].decide or "unread", by_relation[r.id].note)) if r.id in by_relation else r
        for r in report.relations
    )
    return replace(report, relations=relations, asked=tuple(_asked(asked, by_relation) for asked in report.asked))


def _asked(asked: Asked, rules: Mapping[str, LineRule]) -> Asked:
    """An asked quantity under the decisions on relations."""
    claims: dict[str, Status] = dict(asked.claims)
    for relation, rule in rules.items():
        if relation in claims or rule.quantity == asked.quantity:
            claims[relation] = rule.decide or "unread"
    best = min(claims.items(), key=lambda claim: RANK.index(claim[1]), default=None)
    if best is None or dict(asked.claims) == claims:
        return asked
    relation, status = best
    note = rules[relation].note or "decided by a person" if relation in rules else asked.decided
    return replace(asked, status=status, relation=relation, decided=note)


def with_points_by_hand(asked: Iterable[Asked], rules: Mapping[str, AnswerRule]) -> tuple[Asked, ...]:
    """The asked quantities with the points that a person has set for an answer: all of them for the result, none for the steps."""
    found = []
    asked = list(asked)
    worth: dict[str, float] = {}
    for a in asked:
        worth[a.step_of or a.quantity] = worth.get(a.step_of or a.quantity, 0.0) + a.out_of
    for a in asked:
        rule = rules.get(a.step_of or a.quantity)
        if rule is None:
            found.append(a)
            continue
        status: Status = "right" if rule.points == worth[rule.quantity] else "slip" if rule.points else "wrong"
        points = 0.0 if a.step_of else rule.points
        found.append(replace(a, status=status, points=points, decided=rule.note or "set by a person"))
    return tuple(found)


@dataclass(frozen=True)
class Group:
    """Equal open lines of a class: one of them, in how many answers they stand, and where the first few are."""

    same: str
    text: str
    verdict: str
    reason: str
    answers: int
    examples: tuple[str, ...]


def overrules_toml(rules: Overrules, groups: Iterable[Group]) -> str:
    """The file of decisions for a class: what is decided, then the open lines, the unread first and the frequent before the rare."""
    kept = {rule.id: rule for rule in rules.line if rule.decide or rule.note}
    lines: list[LineRule] = []
    order = {"unread": 0, "refuted": 1, "follows": 2, "slip": 3}
    for group in sorted(groups, key=lambda g: (order[g.verdict], -g.answers, g.text, g.same)):
        old = kept.pop(group.same, None)
        shown = LineRule(
            id=group.same, text=group.text, verdict=group.verdict, reason=group.reason, answers=group.answers, examples=list(group.examples)
        )
        if old is not None:
            shown = shown.model_copy(update={"decide": old.decide, "quantity": old.quantity, "note": old.note})
        lines.append(shown)
    gone = [rule.model_copy(update={"answers": 0, "examples": []}) for rule in kept.values()]
    out = [HEAD]
    for answer in rules.answer:
        out.append(_table("answer", {"name": answer.name, "quantity": answer.quantity, "points": answer.points, "note": answer.note}))
    for line in [*(r for r in lines if r.decide), *gone, *(r for r in lines if not r.decide)]:
        out.append(_table("line", line.model_dump()))
    return "\n".join(out)


def _table(name: str, values: Mapping[str, object]) -> str:
    return "\n".join([f"[[{name}]]", *(f"{key} = {toml(value)}" for key, value in values.items()), ""])


def toml(value: object) -> str:
    """A value as TOML: text in literal quotes where it may stand there, so that LaTeX keeps its backslashes."""
    match value:
        case str():
            return f"'{value}'" if "'" not in value and value.isprintable() else f'"{"".join(map(_escaped, value))}"'
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case float():
            return repr(value)
    return str(value)


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    if letter.isprintable():
        return letter
    return "\N{REPLACEMENT CHARACTER}" if "\ud800" <= letter <= "\udfff" else f"\\U{ord(letter):08x}"
