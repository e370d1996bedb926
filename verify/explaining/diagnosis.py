"""Which mistakes, undone, make a refuted relation true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify.deciding import Decider
from verify.judging.judge import Judgement
from verify.meaning.claims import ChainReading, Typed
from verify.meaning.elaborate import Clash, Unread
from verify.meaning.repairs import Around, Candidate, letter_for_digit
from verify.meaning.symbols import keys_in
from verify.mistakes import all_mistakes, swapped_indices
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
    bases = [((), right), *(((c,), c.node) for c in letter_for_digit(right, around))]
    for edits, side in bases:
        if edits and (claim := search.true(side)) is not None:
            return Diagnosis(edits, claim, side)
    search.budget = ONE_EDIT
    for edits, side in bases:
        for candidate in search.one(side, all_mistakes()):
            if (claim := search.true(candidate.node)) is not None:
                return Diagnosis((*edits, candidate), claim, candidate.node)
    for candidate in swapped_indices.MISTAKE.undo(left, around) if judgement.number == 0 else ():
        chain = replace(reading.chain, first=candidate.node)
        afresh = replace(reading, chain=chain, target=None, prime=None, letters={})
        if (claim := _Search(afresh, decider, candidate.node, around).true(right)) is not None:
            return Diagnosis((candidate,), claim, right)
    search.budget = TWO_EDITS
    firsts = [m for m in all_mistakes() if m.name in FIRST_OF_TWO]
    seconds = [m for m in all_mistakes() if m.name in SECOND_OF_TWO]
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
    return Around(net, text, frozenset(reading.letters), axes, lambda side: typed(reading, left, side) is not None)


def typed(reading: ChainReading, left: Node, right: Node) -> Typed | None:
    """The claim that two sides are equal if it has a meaning, else None."""
    try:
        claim = reading.typed(left, right)
    except (Unread, Clash):
        return None
    return None if claim.loose_ends else claim


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
        """The claim with that right side if it has a meaning, else None."""
        return typed(self.reading, self.left, side)

    def true(self, side: Node) -> Typed | None:
        """The claim with that right side if it is decided to be true, else None."""
        claim = self.typed(side)
        if claim is None or not self.decider.at(claim).screens(claim):
            return None
        return claim if self.decider.at(claim).holds(claim) is not None else None
