"""A report's evidence decided again: whether each relation's verdict is what its certificate or witness shows.

What ties evidence to its relation: a digest of both together, the relation as read, the definitions of the report's network, the scope,
the bound, the assumptions and the witness that the report states. The document is not read again: that a line means what ``read_as``
says is for the reader to see.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from verify.checking import described, letter
from verify.evidence import Malformed, Rejected, digest, replayed
from verify.kernel.decision import Proved, Refuted, Tested, Witness
from verify.kernel.program import Claim
from verify.notations.index import shown, shown_relation

SHOWS: dict[str, tuple[type, ...]] = {
    "proved": (Proved,),
    "tested": (Tested,),
    "refuted": (Refuted,),
    "slip": (Proved, Tested),
    "follows": (Proved, Tested),
}
NEEDS = ("proved", "tested", "slip", "follows")


@dataclass(frozen=True)
class Recheck:
    """What became of one relation: confirmed, rejected with the reason, or nothing to replay (None)."""

    relation: str
    verdict: str
    line: int
    confirmed: bool | None
    reason: str = ""


def rechecked(report: Any) -> Iterator[Recheck]:
    """The outcome for each relation of a report made with evidence, in order. Raises Malformed where it is no report."""
    relations = report.get("relations") if isinstance(report, dict) else None
    network = report.get("network") if isinstance(report, dict) else None
    if not isinstance(relations, list) or not isinstance(network, dict) or not all(isinstance(r, dict) for r in relations):
        raise Malformed("this is no report of `backproof check --json --evidence`")
    counts: dict[str, int] = {}
    for relation in relations:
        verdict = str(relation.get("verdict"))
        counts[verdict] = counts.get(verdict, 0) + 1
    if counts != report.get("summary"):
        raise Malformed("the summary does not count the relations of the report")
    names = [relation.get("id") for relation in relations]
    for number, relation in enumerate(relations):
        yield _rechecked(relation, network, duplicate=names.index(relation.get("id")) != number)


def _rechecked(relation: dict[str, Any], network: dict[str, Any], duplicate: bool) -> Recheck:
    name, verdict, line = str(relation.get("id")), str(relation.get("verdict")), relation.get("line")
    place = line if isinstance(line, int) else 0
    evidence = relation.get("evidence")
    if duplicate:
        return Recheck(name, verdict, place, False, "the report has two relations of this name")
    if evidence is None:
        needed = verdict in NEEDS or relation.get("witness") is not None
        return Recheck(name, verdict, place, False if needed else None, "there is no evidence" if needed else "")
    try:
        _check(relation, evidence, network)
    except (Malformed, Rejected) as reason:
        return Recheck(name, verdict, place, False, str(reason))
    return Recheck(name, verdict, place, True)


def _check(relation: dict[str, Any], sealed_evidence: Any, network: dict[str, Any]) -> None:
    if not isinstance(sealed_evidence, dict):
        raise Malformed("evidence is a record")
    evidence = {key: value for key, value in sealed_evidence.items() if key != "digest"}
    if sealed_evidence.get("digest") != digest(relation, evidence):
        raise Rejected("the evidence and the relation do not belong together")
    claim, decision = replayed(evidence)
    if not isinstance(decision, SHOWS.get(str(relation.get("verdict")), ())):
        raise Rejected(f"the evidence does not show that the relation is {relation.get('verdict')}")
    if relation.get("verdict") == "follows":
        # The claim is what the line says under a belief: neither its own reading nor, where a quantity is believed, the network's.
        if not isinstance(relation.get("follows_from"), str):
            raise Rejected("it is not said what the relation follows from")
    elif shown_relation(claim.left, claim.right) != relation.get("read_as"):
        raise Rejected("the evidence is about another relation")
    else:
        _same_network(claim, network)
    if isinstance(decision, Refuted):
        _same_witness(relation.get("witness"), decision.witness, evidence["shown"])
        return
    stated = relation.get("assumptions")
    words = [str(a).removesuffix(" (unstated)") for a in stated] if isinstance(stated, list) else []
    if sorted(words) != sorted(described(a) for a in decision.assumptions):
        raise Rejected("the assumptions are not those that the report states")
    scope = decision.scope if isinstance(decision, Proved) else _widths(decision)
    if scope != relation.get("scope") or isinstance(decision, Tested) is not isinstance(relation.get("bound"), str):
        raise Rejected("the scope is not what the report states")


def _widths(decision: Tested) -> str:
    return "widths " + ", ".join(f"{axis}={size}" for axis, size in decision.sizes) if decision.sizes else "no widths"


def _same_network(claim: Claim, network: dict[str, Any]) -> None:
    for definition in claim.program.definitions:
        known = network.get(definition.name)
        body = None if definition.body is None else shown(definition.body)
        if not isinstance(known, dict) or known.get("axes") != list(definition.axes) or known.get("defined_as") != body:
            raise Rejected(f"{definition.name} is not what the report's network says")


def _same_witness(stated: Any, found: Witness, data: dict[str, Any]) -> None:
    entry = {letter(index): position + 1 for index, position in found.entry}
    mine = {"sizes": dict(found.sizes), "values": dict(data["values"]), "entry": entry, "left": found.left, "right": found.right}
    if stated != mine:
        raise Rejected("the witness is not the one that the report states")
