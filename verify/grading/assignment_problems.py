"""What is wrong with an assignment beyond its form: what it asks of a network that does not have it, what of the network was not read."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from verify.checking import check
from verify.grading.assignment import Assignment
from verify.judging.asked import asked_pair, asked_symbol
from verify.meaning.assumed import sum_assumed
from verify.meaning.declarations import declared
from verify.meaning.network import Network
from verify.reading.document import read
from verify.reading.parser import parse
from verify.reading.syntax import Chain
from verify.report import Report


@dataclass(frozen=True)
class Problems:
    """Problems by their lines in the assignment's file: with ``errors`` it cannot be used, ``doubts`` are for its author to look at."""

    errors: tuple[tuple[int, str], ...]
    doubts: tuple[tuple[int, str], ...]
    report: Report


def problems(assignment: Assignment) -> Problems:
    """What is wrong with an assignment: the front matter held against the network, and the network's own lines."""
    network = declared(read(""), read(assignment.body)).scopes[-1].network
    errors: list[tuple[int, str]] = []
    for n, ask in enumerate(assignment.ask):
        places: list[tuple[str, tuple[str | int, ...]]] = [(ask.quantity, ("ask", n, "quantity"))]
        places += [(step.quantity, ("ask", n, "steps", k, "quantity")) for k, step in enumerate(ask.steps)]
        for quantity, place in places:
            try:
                asked_pair(quantity, network)
            except ValueError as error:
                errors.append((assignment.line(*place), f"{error}{_likely(quantity, network)}"))
        for symbol in ask.within:
            try:
                asked_symbol(symbol, network)
            except ValueError as error:
                errors.append((assignment.line("ask", n, "in"), f"in: {error}{_likely(symbol, network)}"))
    for n, assume in enumerate(assignment.assume):
        if not _assumed(assume.relation, network):
            line = assignment.line("assume", n, "relation")
            errors.append((line, f"{assume.relation} is no assumption that is known: say that a target of the network sums to 1"))
    report = check(assignment.text, fast=True)
    doubts = []
    for relation in report.relations:
        if relation.verdict in ("refuted", "slip", "follows", "unread"):
            said = f"{relation.lhs} {relation.relation} {relation.rhs} is {relation.verdict}: {relation.message}"
            doubts.append((assignment.text_line + relation.place.line - 1, said))
    doubts += [(assignment.text_line + r.line - 1, r.message) for r in report.diagnostics]
    named = {line for line, _ in doubts}
    for name, reason in network.failed.items():
        line = next((r.place.line for r in report.relations if name in r.lhs), 1) + assignment.text_line - 1
        if line not in named:
            doubts.append((line, f"{name} is not understood: {reason}"))
    return Problems(tuple(sorted(errors)), tuple(sorted(doubts)), report)


def _assumed(relation: str, network: Network) -> bool:
    statements, wrong = parse(relation)
    if wrong or len(statements) != 1 or not isinstance(chain := statements[0].content, Chain) or chain.first is None:
        return False
    return len(chain.links) == 1 and (right := chain.links[0].right) is not None and sum_assumed(chain.first, right, network) is not None


def _likely(text: str, network: Network) -> str:
    """A clause with the quantity of the network that is close to what is written, if one is."""
    words = text.replace("\\frac", " ").replace("\\partial", " ").replace("{ ", " ").replace("}", " ").split()
    known = {name.replace("{", "").replace("}", ""): name for name in network.slots}
    for word in (w.replace("{", "") for w in words):
        close = difflib.get_close_matches(word, known, 1, 0.6)
        if word not in known and close:
            return f"; is {known[close[0]]} meant?"
    return f"; the network has {', '.join(network.slots)}" if network.slots else "; no network was found below the front matter"
