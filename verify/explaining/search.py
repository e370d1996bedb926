"""The search for edits of one side of a relation that make it true: what was tried, what the sieve lets through, how far it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from verify.deciding import Decider
from verify.judging.judge import says_zero
from verify.kernel.expr import Expr, Index
from verify.meaning.claims import ChainReading, Typed
from verify.meaning.elaborate import Elaborator
from verify.meaning.recalling import Memory
from verify.meaning.repairs import Alternatives, Around, Candidate, Place, alone
from verify.meaning.surroundings import Clash, Unread, Value, implicit, is_implicit
from verify.meaning.symbols import keys_in
from verify.mistakes._mistake import Mistake, alternatives, with_indices
from verify.reading.syntax import Big, Cases, Node
from verify.reading.traversal import walk
from verify.workspace import Sieve

BLANK = "□"
"""The symbol that stands for any of many quantities of one kind."""


def surroundings(reading: ChainReading, left: Node, right: Node, text: str) -> Around:
    """What edits of a relation's sides may draw on: the network, the letters and axes of the line, and which right sides have a meaning."""
    net = reading.network
    keys = {net.aliases.get(key, key) for side in (left, right) for key in keys_in(side, net.words)}
    axes = frozenset(axis for key in keys for axis in net.slots.get(key, ()))
    sides = reading.chain.sides
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
class Search:
    """The trials of one relation's right sides under one left side. ``budget`` is how many more sides are read."""

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

    def with_left(self, left: Node) -> Search:
        """A search for the same chain with another left side at its head."""
        chain = replace(self.reading.chain, first=left)
        reading = replace(self.reading, chain=chain, target=None, prime=None, letters={}, memory=Memory())
        return Search(reading, self.decider, left, self.around)

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
