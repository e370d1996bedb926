"""One declared quantity in the place of another; of the same letter with another tag, the wrong layer."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, edited
from verify.meaning.symbols import letter_of, occurrence
from verify.mistakes._mistake import Mistake, symbols, with_indices
from verify.reading.syntax import Node
from verify.reading.traversal import replaced


def stem(key: str) -> str:
    """The letter of a key without its tag."""
    return key.split("_", 1)[0].split("^", 1)[0]


def replace_symbol(side: Node, around: Around) -> Iterator[Candidate]:
    """Each symbol replaced by each other declared quantity with as many axes, the same letter first."""
    network = around.network
    for node in symbols(side):
        occ = occurrence(node, network.words)
        if occ is None or occ.exponent is not None or occ.primes:
            continue
        key = network.aliases.get(occ.key, occ.key)
        if key not in network.slots:
            continue
        letters = tuple(letter for t in occ.written if (letter := letter_of(t)))
        others = [o for o, slots in network.slots.items() if o != key and len(slots) == len(network.slots[key]) and o != network.root]
        fitting = {network.slots[key]: True}
        for other in sorted(others, key=lambda o: stem(o) != stem(key)):
            new, text = with_indices(other, letters, node.span)
            slots = network.slots[other]
            if slots not in fitting:
                fitting[slots] = around.fits(replaced(side, node, new))
            if not fitting[slots]:
                continue
            yield edited(side, node, new, text, "wrong-layer" if stem(other) == stem(key) else "wrong-symbol", around)


def another_symbol(side: Node, around: Around) -> Iterator[Candidate]:
    """Only the replacements that name another letter."""
    yield from (c for c in replace_symbol(side, around) if c.mistake == "wrong-symbol")


MISTAKE = Mistake(
    name="wrong-symbol",
    kind="mathematics",
    order=31,
    undo=another_symbol,
    apply=another_symbol,
    says="{becomes} belongs where {was} stands",
    example=(r"\frac{\partial L}{\partial w} = (o - y) x", r"\frac{\partial L}{\partial w} = (o - y) b"),
)
