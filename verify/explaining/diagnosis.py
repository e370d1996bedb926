"""Which mistakes, undone, make a refuted relation true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from verify.deciding import Decider
from verify.judging.judge import says_zero
from verify.judging.judgement import Judgement
from verify.kernel.program import Program
from verify.meaning.claims import LEARNING_RATES, ChainReading, Typed
from verify.meaning.repairs import Around, Candidate, letter_for_digit
from verify.meaning.symbols import COLUMN, ROW, keys_in
from verify.mistakes import all_mistakes, index_slip
from verify.mistakes._mistake import Mistake
from verify.reading.syntax import Group, Name, Node, Number, Reference
from verify.reading.traversal import walk
from verify.workspace import Sieve

ONE_EDIT = 1_500
TWO_EDITS = 800
FIRST_OF_TWO = ("wrong-layer", "wrong-symbol", "sign", "activation-derivative", "swapped-indices", "missing-sum")
SECOND_OF_TWO = ("dropped-factor", "sign", "activation-derivative", "wrong-layer")


def diagnose(judgement: Judgement, text: str) -> tuple[Candidate, ...]:
    """The fewest edits that make a refuted relation true, in the order in which they were found; none if none are found.

    Misread glyphs, then one mistake on the right side, then one on the left side, then one index in both, then two on the right side. Where
    the chain goes on, it tells which side is meant: a left side that a later side equals is, one that is 0 or alone against the others is
    not. What was found for a chain is kept with what was decided about its network: most lines of a class are the same.
    """
    decider, left, right = judgement.decider, judgement.left, judgement.link.right
    if judgement.reading is None or decider is None or left is None or right is None:
        return ()
    reading = in_sight(judgement.reading, decider.program)
    chain = reading.chain
    start = chain.first.span.start if chain.first is not None else left.span.start
    end = max([right.span.end, *(link.right.span.end for link in chain.links if link.right is not None)])
    labels = tuple(sorted(reading.labels.items()))
    line = text[start:end], chain, judgement.number, reading.cases, reading.stated, labels, decider.program, decider.assumptions
    edits: tuple[Candidate, ...] | None = decider.explained.get(line, reading.network)
    if edits is None:
        edits = moved(_searched(reading, decider, left, right, judgement.number, text), -start)
        decider.explained.put(line, reading.network, edits)
    return moved(edits, start)


def in_sight(reading: ChainReading, program: Program) -> ChainReading:
    """The reading of a chain with no more of the document than the chain can be about: the lines that it refers to, and which of its own
    letters, and of the letters of quantities, are indices. So lines that look the same are the same in answers that differ elsewhere.
    ``program`` is the network's as it is decided about.
    """
    roots: list[Node] = [reading.chain, *reading.cases, *reading.stated]
    labels: dict[str, Node] = {}
    for root in roots:
        for node in walk(root):
            match node:
                case (Reference(_, label) | Group(_, "(", Number(_, label))) if label in reading.labels and label not in labels:
                    labels[label] = reading.labels[label]
                    roots.append(labels[label])
    network = reading.network
    nodes = [node for root in roots for node in walk(root)]
    letters = {n.text for n in nodes if isinstance(n, Name)} | {ROW, COLUMN, *"".join(network.slots)}
    words = replace(network.words, indices=network.words.indices & letters, bound=network.words.bound & letters)
    named = {key for root in roots for key in keys_in(root, network.words)}
    aliases = {key: other for key, other in network.aliases.items() if key in named}
    rates = network.slots.keys() & {*LEARNING_RATES} - named - {name for d in network.program.definitions for name in d.uses}
    slots = {key: axes for key, axes in network.slots.items() if axes or key not in rates}
    narrow = replace(network, words=words, aliases=aliases, slots=slots, free=network.free - rates, program=program)
    return ChainReading(narrow, reading.chain, labels, reading.cases, reading.stated, reading.vanishes)


def moved(candidates: Iterable[Candidate], by: int) -> tuple[Candidate, ...]:
    """The candidates for the same line so many characters farther on in the text."""
    return tuple(replace(c, edits=tuple(replace(e, start=e.start + by, end=e.end + by) for e in c.edits)) for c in candidates)


def _searched(reading: ChainReading, decider: Decider, left: Node, right: Node, number: int, text: str) -> tuple[Candidate, ...]:
    around = surroundings(reading, left, right, text)
    search = _Search(reading, decider, left, around)
    known = [m for m in all_mistakes() if m.kind == "mathematics" or m is index_slip.MISTAKE]
    bases: list[tuple[tuple[Candidate, ...], Node]] = [((), right), *(((c,), c.node) for c in letter_for_digit(right, around))]
    for edits, side in bases:
        if edits and search.true(side):
            return edits

    def on_the_right() -> tuple[Candidate, ...]:
        for edits, side in bases:
            for candidate in search.one(side, [m for m in known if m.of == "right"]):
                if search.true(candidate.node):
                    return (*edits, candidate)
        return ()

    def on_the_left() -> tuple[Candidate, ...]:
        for candidate in search.one(left, [m for m in known if m.of == "left"]):
            afresh = search.with_left(candidate.node)
            if not afresh.nothing and afresh.true(right):
                return (candidate,)
        return ()

    def on_both() -> tuple[Candidate, ...]:
        for at_left, at_right in index_slip.for_one_entry(left, right, around):
            if search.with_left(at_left.node).true(at_right.node):
                return at_left, at_right
        return ()

    def two_on_the_right() -> tuple[Candidate, ...]:
        search.budget = TWO_EDITS
        seconds = [m for m in known if m.name in SECOND_OF_TWO]
        for edits, side in reversed(bases):
            for first in search.one(side, [m for m in known if m.name in FIRST_OF_TWO]):
                if not search.has_meaning(first.node):
                    continue
                for second in search.one(first.node, seconds):
                    if search.true(second.node):
                        return (*edits, first, second)
        return ()

    search.budget = ONE_EDIT
    stages = [on_the_right, on_both, two_on_the_right] if not search.nothing else [on_both]
    if number == 0 and (search.nothing or not any(map(search.agrees, around.nearby[1:]))):
        odd = any(map(_Search(reading, decider, right, around).agrees, around.nearby[1:]))  # the left side among the sides of its chain
        stages.insert(0 if odd or search.nothing else 1, on_the_left)
    return next((found for stage in stages if (found := stage())), ())


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
    seen: set[object] = field(default_factory=set)
    """What was tried already: different edits may say the same."""

    @cached_property
    def sieve(self) -> Sieve:
        """What most candidates do not pass."""
        return self.decider.assumed.sieve()

    @cached_property
    def nothing(self) -> bool:
        """Whether the left side is 0 whatever the network, and the chain does not say so: a right side that is 0 too would mend nothing."""
        if says_zero(self.reading.chain):
            return False
        claim = next(typed(self.reading, self.left, self.left), None)
        return claim is not None and self.decider.at(claim).vanishes(claim.left, claim.conditions)

    def with_left(self, left: Node) -> _Search:
        """A search for the same chain with another left side at its head."""
        chain = replace(self.reading.chain, first=left)
        return _Search(replace(self.reading, chain=chain, target=None, prime=None, letters={}), self.decider, left, self.around)

    def one(self, side: Node, mistakes: tuple[Mistake, ...] | list[Mistake]) -> Iterator[Candidate]:
        for mistake in mistakes:
            for candidate in mistake.undo(side, self.around):
                self.budget -= 1
                if self.budget < 0:
                    return
                yield candidate

    def has_meaning(self, side: Node) -> bool:
        """Whether there is a claim with that right side."""
        return next(typed(self.reading, self.left, side), None) is not None

    def claims(self, side: Node) -> Iterator[Typed]:
        """The claims that a right side may make; a loose end may be an axis along which both sides are constant."""
        return (claim for claim in self.reading.tries(self.left, side) if isinstance(claim, Typed))

    def agrees(self, side: Node) -> bool:
        """Whether a claim with that right side agrees at sampled points."""
        return any(self.decider.at(claim).screens(claim) for claim in typed(self.reading, self.left, side))

    def true(self, side: Node) -> bool:
        """Whether a claim with that right side is decided to be true; the left side itself says nothing."""
        if side == self.left:
            return False
        for claim in (c for read in self.claims(side) for c in (read, read.counted()) if c is not None):
            key = claim.right, claim.conditions, claim.sizes
            if key in self.seen:
                continue
            self.seen.add(key)
            if not claim.sizes and not self.sieve.passes(claim.left, claim.right, claim.conditions):
                continue
            decider = self.decider.at(claim)
            if decider.screens(claim) and decider.holds(claim) is not None:
                return True
        return False
