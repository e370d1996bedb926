"""One declared quantity in the place of another: of the same letter with another tag the wrong layer, in an argument the wrong argument."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, edited
from verify.meaning.symbols import letter_of, occurrence
from verify.mistakes._mistake import Mistake, in_use, operands, with_indices
from verify.reading.syntax import Derivative, Juxtaposed, Name, Node, Number, Scripted
from verify.reading.traversal import replaced, walk


def stem(key: str) -> str:
    """The letter of a key without its tag."""
    return key.split("_", 1)[0].split("^", 1)[0]


def replace_symbol(side: Node, around: Around) -> Iterator[Candidate]:
    """Each symbol replaced by each other declared quantity with as many axes, its namesakes first; the loss only above in a derivative."""
    network = around.network
    known = in_use(network)
    above = {id(n.numerator) for n in walk(side) if isinstance(n, Derivative)}
    for node, inside in operands(side):
        occ = occurrence(node, network.words)
        if occ is None or occ.primes or (occ.exponent is not None and not is_power(node)):
            continue
        key = network.aliases.get(occ.key, occ.key)
        if key not in network.slots:
            continue
        letters = tuple(letter for t in occ.written if (letter := letter_of(t)))
        barred = {key} if id(node) in above else {key, network.root}
        others = [o for o in known if o not in barred and len(network.slots[o]) == len(network.slots[key])]
        fitting = {network.slots[key]: True}
        for other in sorted(others, key=lambda o: stem(o) != stem(key)):
            new, text = with_indices(other, letters, node.span)
            if is_power(node) and isinstance(node, Scripted) and node.sup is not None:
                bare = new if isinstance(new, Scripted) else Scripted(node.span, new)
                new, text = Scripted(node.span, bare.base, bare.sub, node.sup), f"{text}^{around.source(node.sup.span)}"
            if occ.transposed and isinstance(node, Scripted):
                new, text = transposed(new, text, node)
            slots = network.slots[other]
            if slots not in fitting:
                fitting[slots] = around.fits(replaced(side, node, new))
            if not fitting[slots]:
                continue
            yield edited(side, node, new, text, kind(stem(other) == stem(key), inside), around)


def kind(same_letter: bool, inside: bool) -> str:
    """The name of the mistake: of another layer, in an argument, or elsewhere."""
    return "wrong-layer" if same_letter else "wrong-argument" if inside else "wrong-symbol"


def transposed(symbol: Node, text: str, like: Scripted) -> tuple[Node, str]:
    """The symbol with the mark that says that it is transposed."""
    mark = like.sup.items[-1] if isinstance(like.sup, Juxtaposed) else like.sup
    bare = symbol if isinstance(symbol, Scripted) else Scripted(like.span, symbol)
    sup = mark if bare.sup is None or mark is None else Juxtaposed(like.span, (bare.sup, mark))
    shown = f"{{{text}}}" if bare.sup is not None else text
    name = mark.text if isinstance(mark, Name) else "top"
    return Scripted(like.span, bare.base, bare.sub, sup, bare.primes), f"{shown}^{name if len(name) == 1 else chr(92) + name}"


def is_power(node: Node) -> bool:
    """Whether a symbol stands with a number as its exponent, and the place for another exponent is free."""
    return isinstance(node, Scripted) and isinstance(node.sup, Number) and not node.primes


def another_symbol(side: Node, around: Around) -> Iterator[Candidate]:
    """Only the replacements that name another letter, outside arguments."""
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
