"""Which mistakes, undone, make a refuted relation true."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verify.deciding import Decider
from verify.explaining.search import Search, surroundings
from verify.judging.judgement import Judgement
from verify.kernel.program import Program
from verify.meaning.claims import LEARNING_RATES, ChainReading
from verify.meaning.recalling import Memory
from verify.meaning.repairs import Candidate, letter_for_digit
from verify.meaning.symbols import COLUMN, ROW, keys_in
from verify.mistakes import all_mistakes, index_slip
from verify.reading.syntax import Group, Name, Node, Number, Reference
from verify.reading.traversal import walk

ONE_EDIT, TWO_EDITS = 1_500, 250
"""So many sides are read at most in the search for one edit and for two; what may be put into one place counts once, for one kind."""
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
    return ChainReading(narrow, reading.chain, labels, reading.cases, reading.stated, reading.vanishes, memory=Memory())


def moved(candidates: Iterable[Candidate], by: int) -> tuple[Candidate, ...]:
    """The candidates for the same line so many characters farther on in the text."""
    return tuple(replace(c, edits=tuple(replace(e, start=e.start + by, end=e.end + by) for e in c.edits)) for c in candidates)


def _searched(reading: ChainReading, decider: Decider, left: Node, right: Node, number: int, text: str) -> tuple[Candidate, ...]:
    around = surroundings(reading, left, right, text)
    search = Search(reading, decider, left, around)
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
        odd = any(map(Search(reading, decider, right, around).agrees, around.nearby[1:]))  # the left side among the sides of its chain
        stages.insert(0 if odd or search.nothing else 1, on_the_left)
    return next((found for stage in stages if (found := stage())), ())
