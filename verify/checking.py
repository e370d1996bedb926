"""The whole way from a document's text to a report: read, understand, decide, judge, explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Protocol

from verify.deciding import Deciders, shared
from verify.evidence import evidence as evidence_of
from verify.explaining.diagnosis import diagnose
from verify.explaining.message import changes, kind_of, message_of, repaired_line
from verify.judging.asked import asked
from verify.judging.judge import Judge
from verify.judging.judgement import Judgement
from verify.judging.second_opinions import with_second_opinions
from verify.kernel.decision import Proved, Refuted, Tested
from verify.kernel.decision import Witness as Shown
from verify.kernel.expr import Index
from verify.kernel.program import Assumption, Claim, OneHot, OutOfReach, Positive, SumsToOne
from verify.meaning.assumed import assumed
from verify.meaning.conventions import conventions
from verify.meaning.declarations import Declared, declared
from verify.meaning.definitions import lines as declared_lines
from verify.meaning.network import Network
from verify.meaning.repairs import Candidate, TextEdit
from verify.meaning.symbols import occurrence
from verify.notations.index import shown, shown_relation
from verify.reading.document import place, read
from verify.reading.macros import origin
from verify.reading.syntax import Document, Node, Span
from verify.report import Asked, Convention, Edit, Place, Reading, Relation, Remark, Report, Witness


class Asking(Protocol):
    """What an assignment gives a check: its network as a document, the quantities it asks for, the assumptions it allows."""

    @property
    def body(self) -> str:
        """The network in Markdown, with the assumptions as relations."""

    @property
    def quantities(self) -> Sequence[str]:
        """The asked quantities in LaTeX."""

    @property
    def within(self) -> Mapping[str, Sequence[str]]:
        """The symbols that a quantity may be given in, where it says so."""


def check(
    text: str | bytes,
    *,
    file: str = "",
    format: str = "md",
    assignment: Asking | None = None,
    fast: bool = False,
    evidence: bool = False,
    deciders: Deciders | None = None,
) -> Report:
    """The report on a document: one verdict a relation, and how the assignment's quantities came out.

    ``format`` is md, tex, ipynb or py. ``fast`` leaves out the second opinions on the derivatives. Never raises for what the document
    contains; what cannot be read is ``unread`` and a diagnostic. An assignment that asks for what its network lacks raises ValueError.
    ``deciders`` share what is decided between documents on one network; the report is the same without.
    """
    if format == "py":
        from verify.checking_code import check_code  # late: only answers in code need it

        return check_code(text, file=file, assignment=assignment)
    document = read(text, format)
    return check_document(document, file=file, assignment=assignment, fast=fast, evidence=evidence, deciders=deciders)


def check_document(
    document: Document,
    *,
    file: str = "",
    assignment: Asking | None = None,
    fast: bool = False,
    evidence: bool = False,
    deciders: Deciders | None = None,
) -> Report:
    """The report on a document that was read: see ``check``."""
    given = _network_of(assignment.body) if assignment is not None else None
    plain = document.plain or document
    found, stated, judgements = judged(plain, given, deciders or Deciders())
    network = found.scopes[-1].network
    if not fast:
        judgements = with_second_opinions(judgements)
    chains: dict[int, str] = {}
    names = {j.link.span: f"r{n + 1}" for n, j in enumerate(judgements)}
    relations: list[Relation] = []
    made: dict[str | None, str | None] = {}
    for n, judgement in enumerate(judgements):
        chain = chains.setdefault(id(judgement.chain), f"c{len(chains) + 1}")
        source = names.get(judgement.follows.sign) if judgement.follows is not None else None
        relation = _relation(f"r{n + 1}", chain, source, judgement, document, plain, stated, evidence)
        made[relation.id] = relation.mistake if source is None else made.get(source)  # what follows has the mistake that it follows from
        relations.append(replace(relation, mistake=made[relation.id]))
    return Report(
        file=file,
        text=document.text,
        relations=tuple(relations),
        network=_described(network, _lines(judgements, relations, network)),
        readings=_readings(found),
        conventions=(*conventions(network), *(Convention(a, says="assumed in so many words") for a in sorted(map(described, stated)))),
        diagnostics=tuple(_remark(document, d.span, d.message) for d in document.diagnostics),
        asked=_asked(assignment, judgements, [r.id for r in relations], found) if assignment is not None else (),
    )


@lru_cache(maxsize=4)
def _network_of(body: str) -> Document:
    """An assignment's network as it is read, for all the answers to it."""
    return read(body)


def _asked(assignment: Asking, judgements: Sequence[Judgement], names: Sequence[str], found: Declared) -> tuple[Asked, ...]:
    """How the asked quantities came out; unread where the answer leaves nothing of the assignment's network understood."""
    try:
        return asked(assignment.quantities, judgements, names, found.scopes, assignment.within)
    except ValueError:
        alone = declared(read(""), _network_of(assignment.body)).scopes
        return tuple(replace(a, status="unread") for a in asked(assignment.quantities, (), (), alone, assignment.within))


def judged(document: Document, given: Document | None, deciders: Deciders) -> tuple[Declared, frozenset[Assumption], list[Judgement]]:
    """What a document declares, what it assumes in so many words, and the judgement of each relation; ``given`` is an assignment."""
    found = declared(document, given)
    documents = [one for one in (given, document) if one is not None]
    lines = [*(declared_lines(given) if given is not None else []), *found.lines]
    every = [assumed(documents, lines, scope.network, found.families) for scope in found.scopes]
    pool = [deciders.of(scope.network.program, one.every) for scope, one in zip(found.scopes, every, strict=True)]
    stated = frozenset[Assumption]().union(*(one.stated for one in every))
    return found, stated, Judge(document, found, pool, every).judgements()


def _relation(
    name: str,
    chain: str,
    source: str | None,
    judgement: Judgement,
    document: Document,
    plain: Document,
    stated: frozenset[Assumption],
    evidence: bool,
) -> Relation:
    """What is reported of a judgement; ``plain`` is the document that was judged, with its macros written out."""
    left, link, right = judgement.left, judgement.link, judgement.link.right
    first, last = left if left is not None else link, right if right is not None else link
    start, end = origin(plain.calls, first.span.start, last.span.end)
    edits = _diagnosis(judgement, plain.text) if judgement.verdict == "refuted" else judgement.repairs
    message = message_of(judgement, edits)
    made = changes(edits, plain)
    repair = repaired_line(judgement, edits, made, plain, document.text) if edits else None
    decision = judgement.outcome.decision if judgement.outcome is not None else None
    smallest = _smallest(judgement)
    begin, finish = place(document, start), place(document, end)
    at = origin(plain.calls, link.span.start, link.span.end)
    sign = place(document, at.start)
    return Relation(
        id=name,
        chain=chain,
        place=Place(sign[1], sign[2], sign[2] + at.end - at.start, sign[0]),
        span=((begin[1], begin[2]), (finish[1], finish[2])),
        offsets=(start, end),
        lhs=_source(document, plain, left) if left is not None else "",
        relation=judgement.sign(plain.text),
        rhs=_source(document, plain, right) if right is not None else "",
        verdict=judgement.verdict,
        read_as=_read_as(judgement),
        rhs_equals_head=judgement.equals_head,
        scope=_scope(decision),
        bound=f"2^{decision.bound_log2:.0f}" if isinstance(decision, Tested) else None,
        assumptions=_assumptions(judgement, stated),
        mistake=kind_of(edits),
        message=message,
        repair=repair,
        edits=tuple(Edit(e.start, e.end, e.text) for e in made),
        fault=_fault(made, start, end, judgement, plain),
        follows_from=source,
        witness=_witness(smallest),
        evidence=_evidence(judgement, smallest) if evidence else None,
    )


def _scope(decision: object) -> str | None:
    match decision:
        case Proved():
            return decision.scope
        case Tested():
            return "widths " + ", ".join(f"{axis}={size}" for axis, size in decision.sizes) if decision.sizes else "no widths"
    return None


def _source(document: Document, plain: Document, node: Node) -> str:
    """What the author wrote for a node of the document that was judged."""
    start, end = origin(plain.calls, node.span.start, node.span.end)
    return document.text[start:end]


def _read_as(judgement: Judgement) -> str:
    claim = judgement.claim
    if claim is None:
        return ""
    return shown_relation(claim.left, claim.right)


def _fault(made: Sequence[TextEdit], start: int, end: int, judgement: Judgement, plain: Document) -> tuple[int, int] | None:
    if judgement.verdict not in ("slip", "refuted", "follows"):
        return None
    if not made:
        right = judgement.link.right
        return origin(plain.calls, right.span.start, right.span.end) if right is not None else (start, end)
    low, high = min(e.start for e in made), max(e.end for e in made)
    return (low, high) if high > low else (max(start, low - 1), low)


def _assumptions(judgement: Judgement, stated: frozenset[Assumption]) -> tuple[str, ...]:
    if judgement.outcome is None:
        return ()
    return tuple(described(a) + ("" if a in stated else " (unstated)") for a in judgement.outcome.assumptions)


def described(assumption: Assumption) -> str:
    """An assumption in words and symbols."""
    match assumption:
        case SumsToOne(name, _):
            return f"{name} sums to 1"
        case OneHot(name, _):
            return f"{name} is one-hot"
        case Positive(name):
            return f"{name} > 0"


def _diagnosis(judgement: Judgement, text: str) -> tuple[Candidate, ...]:
    """What mends a refuted relation; nothing where nothing that is known does, or the search goes too far."""
    try:
        return diagnose(judgement, text)
    except (OutOfReach, RecursionError):
        return ()


def _smallest(judgement: Judgement) -> Shown | None:
    outcome, decider = judgement.outcome, judgement.decider
    if judgement.verdict != "refuted" or outcome is None or decider is None or not isinstance(outcome.decision, Refuted):
        return None
    return decider.smallest(outcome.decision)


def _witness(found: Shown | None) -> Witness | None:
    if found is None:
        return None
    return Witness(
        sizes=dict(found.sizes),
        values={name: _texts(value) for name, value in found.values},
        entry={letter(i): n + 1 for i, n in found.entry},
        left=found.left,
        right=found.right,
    )


def _evidence(judgement: Judgement, smallest: Shown | None) -> dict[str, object] | None:
    claim, outcome, decider = judgement.believed or judgement.claim, judgement.outcome, judgement.decider
    if judgement.verdict not in ("proved", "tested", "slip", "follows", "refuted") or claim is None or outcome is None or decider is None:
        return None
    program, own = decider.assumed.program, judgement.reading.network.program if judgement.reading else None
    if own is not None and shared(own).definitions == program.definitions:  # as this document writes it
        program = replace(program, definitions=own.definitions)
    return evidence_of(Claim(program, claim.left, claim.right, claim.conditions), outcome.decision, smallest)


def letter(index: Index) -> str:
    """The letter that a reader knows an index by."""
    return index.name.lstrip("·").split("~")[0]


def _texts(value: object) -> object:
    return [_texts(v) for v in value] if isinstance(value, (list, tuple)) else str(value)


def _lines(judgements: Sequence[Judgement], relations: Sequence[Relation], network: Network) -> dict[str, int]:
    """The line in which each quantity was introduced, of those that a relation introduces."""
    found: dict[str, int] = {}
    for judgement, relation in zip(judgements, relations, strict=True):
        named = occurrence(judgement.left, network.words) if judgement.verdict == "given" and judgement.left is not None else None
        if named is not None:
            found.setdefault(named.key, relation.place.line)
    return found


def _described(network: Network, lines: Mapping[str, int]) -> dict[str, object]:
    found: dict[str, object] = {}
    for definition in network.program.definitions:
        found[definition.name] = {
            "axes": list(definition.axes),
            "defined_as": shown(definition.body) if definition.body is not None else None,
            **({"line": lines[definition.name]} if definition.name in lines else {}),
        }
    for key, reason in network.failed.items():
        found[key] = {"axes": list(network.slots.get(key, ())), "defined_as": None, "not_understood": reason}
    return found


def _readings(found: Declared) -> tuple[Reading, ...]:
    aliases = {pair: None for scope in found.scopes for pair in scope.network.aliases.items()}
    return tuple(Reading(symbol, key, "not declared; it looks like this one") for symbol, key in aliases)


def _remark(document: Document, span: Span, message: str) -> Remark:
    cell, line, column = place(document, span.start)
    return Remark(line, message, column, cell)
