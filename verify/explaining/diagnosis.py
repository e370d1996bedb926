"""Which mistakes, undone, make a refuted relation true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.deciding import Decider
from verify.judging.judge import Judgement
from verify.meaning.claims import ChainReading, Typed
from verify.meaning.repairs import Around, Candidate, letter_for_digit
from verify.meaning.symbols import keys_in
from verify.mistakes import all_mistakes
from verify.mistakes._mistake import Mistake
from verify.reading.syntax import Node

ONE_EDIT = 1_500
TWO_EDITS = 1_500
FIRST_OF_TWO = ("wrong-layer", "wrong-symbol", "sign", "activation-derivative", "swapped-indices", "missing-sum")
SECOND_OF_TWO = ("dropped-factor", "sign", "activation-derivative", "wrong-layer")


@dataclass(frozen=True)
class Diagnosis:
    """The edits that make a relation true, in the order in which they were found, and the repaired claim."""

    edits: tuple[Candidate, ...]
    claim: Typed
    side: Node


def diagnose(judgement: Judgement, text: str) -> Diagnosis | None:
    """The fewest edits of the right side that make the relation true: misread glyphs, then one mistake, then two; None if none is found."""
    reading, decider, left, right = judgement.reading, judgement.decider, judgement.left, judgement.link.right
    if reading is None or decider is None or left is None or right is None:
        return None
    around = surroundings(reading, left, right, text)
    search = _Search(reading, decider, left, around)
    mathematics = [m for m in all_mistakes() if m.kind == "mathematics"]
    bases = [((), right), *(((c,), c.node) for c in letter_for_digit(right, around))]
    for edits, side in bases:
        if edits and (claim := search.true(side)) is not None:
            return Diagnosis(edits, claim, side)
    search.budget = ONE_EDIT
    for edits, side in bases:
        for candidate in search.one(side, [m for m in mathematics if m.of == "right"]):
            if (claim := search.true(candidate.node)) is not None:
                return Diagnosis((*edits, candidate), claim, candidate.node)
    if judgement.number == 0:
        for candidate in search.one(left, [m for m in mathematics if m.of == "left"]):
            chain = replace(reading.chain, first=candidate.node)
            afresh = replace(reading, chain=chain, target=None, prime=None, letters={})
            if (claim := _Search(afresh, decider, candidate.node, around).true(right)) is not None:
                return Diagnosis((candidate,), claim, right)
    search.budget = TWO_EDITS
    firsts = [m for m in mathematics if m.name in FIRST_OF_TWO]
    seconds = [m for m in mathematics if m.name in SECOND_OF_TWO]
    for edits, side in reversed(bases):
        for first in search.one(side, firsts):
            if search.typed(first.node) is None:
                continue
            for second in search.one(first.node, seconds):
                if (claim := search.true(second.node)) is not None:
                    return Diagnosis((*edits, first, second), claim, second.node)
    return None


def surroundings(reading: ChainReading, left: Node, right: Node, text: str) -> Around:
    """What edits of a relation's sides may draw on: the network, the letters and axes of the line, and which right sides have a meaning."""
    net = reading.network
    keys = {net.aliases.get(key, key) for side in (left, right) for key in keys_in(side, net.words)}
    axes = frozenset(axis for key in keys for axis in net.slots.get(key, ()))
    sides = (reading.chain.first, *(link.right for link in reading.chain.links))
    nearby = tuple(s for s in sides if s is not None and s is not right)
    return Around(net, text, frozenset(reading.letters), axes, lambda side: any(True for _ in typed(reading, left, side)), nearby)


def typed(reading: ChainReading, left: Node, right: Node) -> Iterator[Typed]:
    """The claims that two sides may make, as far as they have a meaning."""
    return (claim for claim in reading.tries(left, right) if isinstance(claim, Typed) and not claim.loose_ends)


@dataclass
class _Search:
    reading: ChainReading
    decider: Decider
    left: Node
    around: Around
    budget: int = 100

    def one(self, side: Node, mistakes: tuple[Mistake, ...] | list[Mistake]) -> Iterator[Candidate]:
        for mistake in mistakes:
            for candidate in mistake.undo(side, self.around):
                self.budget -= 1
                if self.budget < 0:
                    return
                yield candidate

    def typed(self, side: Node) -> Typed | None:
        """The first claim with that right side that has a meaning, else None."""
        return next(typed(self.reading, self.left, side), None)

    def true(self, side: Node) -> Typed | None:
        """The claim with that right side if it is decided to be true, else None."""
        for claim in typed(self.reading, self.left, side):
            decider = self.decider.at(claim)
            if decider.screens(claim) and decider.holds(claim) is not None:
                return claim
        return None
