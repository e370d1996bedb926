"""Which mistakes, undone, make a refuted relation true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from verify.deciding import Decider
from verify.judging.judge import says_zero
from verify.judging.judgement import Judgement
from verify.kernel.expr import Expr, Index
from verify.kernel.program import Program
from verify.meaning.claims import LEARNING_RATES, ChainReading, Typed
from verify.meaning.elaborate import Elaborator
from verify.meaning.recalling import Memory
from verify.meaning.repairs import Alternatives, Around, Candidate, Place, alone, letter_for_digit
from verify.meaning.surroundings import Clash, Unread, Value, implicit, is_implicit
from verify.meaning.symbols import COLUMN, ROW, keys_in
from verify.mistakes import all_mistakes, index_slip
from verify.mistakes._mistake import Mistake, alternatives, with_indices
from verify.reading.syntax import Big, Cases, Group, Name, Node, Number, Reference
from verify.reading.traversal import walk
from verify.workspace import Sieve

ONE_EDIT = 1_500
TWO_EDITS = 250
FIRST_OF_TWO = ("wrong-layer", "wrong-symbol", "sign", "activation-derivative", "swapped-indices", "missing-sum")
BLANK = "□"
"""The symbol that stands for any of many quantities of one kind."""
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
    return ChainReading(narrow, reading.chain, labels, reading.cases, reading.stated, reading.vanishes, memory=Memory())


def moved(candidates: Iterable[Candidate], by: int) -> tuple[Candidate, ...]:
    """The candidates for the same line so many characters farther on in the text."""
    return tuple(replace(c, edits=tuple(replace(e, start=e.start + by, end=e.end + by) for e in c.edits)) for c in candidates)


def _searched(reading: ChainReading, decider: Decider, left: Node, right: Node, number: int, text: str) -> tuple[Candidate, ...]:
    around = surroundings(reading, left, right, text)
    search = _Search(reading, decider, left, around)
    around = search.around
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

    def fits(side: Node) -> bool:
        return any(True for _ in typed(reading, left, side))

    def likely(place: Place, nodes: Alternatives) -> Sequence[bool]:
        return [fits(place.filled(nodes.nodes[0]))] * len(nodes.nodes)

    return Around(net, text, frozenset(reading.letters), axes, fits, nearby, likely)


def typed(reading: ChainReading, left: Node, right: Node) -> Iterator[Typed]:
    """The claims that two sides may make, as far as they have a meaning."""
    return (claim for claim in reading.tries(left, right) if isinstance(claim, Typed) and not claim.loose_ends)


def indices_of(axes: tuple[str, ...], letters: tuple[str, ...]) -> tuple[Index, ...]:
    """The indices of a quantity with these axes that is written with these letters, or without."""
    return tuple(map(Index, letters, axes)) if letters and len(letters) == len(axes) else tuple(map(implicit, axes))


def kind_of(indices: tuple[Index, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The axes of indices, and their letters as far as they are written."""
    return tuple(i.axis for i in indices), tuple(i.name for i in indices if not is_implicit(i))


def depends_on_place(node: Node) -> bool:
    """Whether what a node means may depend on what is put beside it: a sum with a body and without index, cases."""
    return isinstance(node, Cases) or (isinstance(node, Big) and node.lower is None and node.body is not None)


@dataclass
class _Search:
    reading: ChainReading
    decider: Decider
    left: Node
    around: Around
    budget: int = 100
    seen: set[object] = field(default_factory=set)
    """What was tried already: different edits may say the same."""
    values: dict[Alternatives, tuple[Expr, ...] | None] = field(default_factory=dict)
    """The values of what may be put in; None where they are not understood."""
    read: dict[object, list[Typed]] = field(default_factory=dict)
    """The claims with a blank in a place, for each kind of what it stands for."""
    blanks: dict[object, ChainReading] = field(default_factory=dict)
    """The chain with a blank declared, for each kind of what it stands for."""

    def __post_init__(self) -> None:
        self.around = replace(self.around, likely=self.likely, kinds=self.kinds)

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
        reading = replace(self.reading, chain=chain, target=None, prime=None, letters={}, memory=Memory())
        return _Search(reading, self.decider, left, self.around)

    def blank_reading(self, nodes: Alternatives) -> ChainReading:
        """The chain with a symbol declared that stands for any of some nodes."""
        kind = nodes.axes, nodes.grid
        if kind not in self.blanks:
            network = self.reading.network
            grids = {**network.grids, BLANK: nodes.grid} if nodes.grid is not None else network.grids
            network = replace(network, slots={**network.slots, BLANK: nodes.axes or ()}, grids=grids)
            self.blanks[kind] = replace(self.reading, network=network)
        return self.blanks[kind]

    def likely(self, place: Place, nodes: Alternatives) -> Sequence[bool]:
        """Which of many nodes in one place of the right side may make a claim true: the side is read once, with a blank for them."""
        if nodes.axes is None:
            return [True] * len(nodes.nodes)
        kind = place, nodes.axes, nodes.letters, nodes.grid
        if kind not in self.read:
            self.budget -= 1
            blank, _ = with_indices(BLANK, nodes.letters, self.left.span)
            tries = self.blank_reading(nodes).tries(self.left, place.filled(blank)) if self.budget >= 0 else ()
            self.read[kind] = [claim for claim in tries if isinstance(claim, Typed)]
        claims = self.read[kind]
        if all(claim.loose_ends for claim in claims):
            return [False] * len(nodes.nodes)
        values = self.values_of(nodes)
        if values is None or any(claim.sizes or claim.counts for claim in claims):
            return [True] * len(nodes.nodes)
        indices = indices_of(nodes.axes, nodes.letters)
        passing = [self.sieve.passing(c.left, c.right, c.conditions, BLANK, indices, values) for c in claims]
        return [any(one) for one in zip(*passing, strict=True)]

    def values_of(self, nodes: Alternatives) -> tuple[Expr, ...] | None:
        """The expressions of nodes of one kind; None where they are not understood by themselves."""
        if nodes not in self.values:
            found = [self.value_of(node, dict(zip(nodes.letters, nodes.axes or (), strict=False))) for node in nodes.nodes]
            self.values[nodes] = tuple(v.expr for v in found if v is not None) if None not in found else None
        return self.values[nodes]

    def value_of(self, node: Node, letters: Mapping[str, str]) -> Value | None:
        """The value of a node by itself, where some letters index axes; None where it is not understood so."""
        around = self.reading.surroundings()
        around.letters.update(letters)
        around.sum_in_sight = lambda: self.reading.sum_in_sight(node)
        try:
            return Elaborator(self.reading.network, around).value(node, None)
        except (Unread, Clash):
            return None

    def kinds(self, nodes: Sequence[tuple[Node, str]]) -> tuple[Alternatives, ...]:
        """Nodes with their texts, those of each kind together; alone what depends on its place: a Jacobian, a sum without index, cases."""
        found: dict[tuple[Index, ...], list[tuple[Node, str, int]]] = {}
        rest: list[Alternatives] = []
        for place, (node, text) in enumerate(nodes):
            value = self.value_of(node, {}) if not any(depends_on_place(n) for n in walk(node)) else None
            indices = tuple(sorted(value.expr.free)) if value is not None else ()
            if value is None or value.above or value.below or value.lower or indices != indices_of(*kind_of(indices)):
                rest.append(alone((node, text), place))
            else:
                found.setdefault(indices, []).append((node, text, place))
        together = (alternatives(*kind_of(indices), None, some) for indices, some in found.items())
        return (*together, *rest)

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
