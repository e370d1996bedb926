"""Two indices of a quantity exchanged, or one index letter for another where the line still makes sense."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, TextEdit
from verify.meaning.symbols import letter_of, occurrence
from verify.mistakes._mistake import Mistake, letters_in, symbols
from verify.reading.syntax import Name, Node
from verify.reading.traversal import rewritten


def exchange(side: Node, around: Around) -> Iterator[Candidate]:
    """Two letters of one symbol exchanged; then one letter of one symbol replaced by another letter of the side."""
    found = [(n, o) for n in symbols(side) if (o := occurrence(n, around.network.words)) is not None and o.written]
    for _, occ in found:
        terms = [t for t in occ.written if letter_of(t)]
        for n in range(len(terms) - 1):
            yield _renamed(side, {terms[n]: letter_of(terms[n + 1]) or "", terms[n + 1]: letter_of(terms[n]) or ""}, around)
    letters = letters_in(side, around)
    for _, occ in found:
        for term in occ.written:
            for letter in letters:
                if letter_of(term) not in (None, letter):
                    yield _renamed(side, {term: letter}, around)


def _renamed(side: Node, table: dict[Node, str], around: Around) -> Candidate:
    wanted = {id(node): letter for node, letter in table.items()}
    tree = rewritten(side, lambda n: Name(n.span, wanted[id(n)]) if id(n) in wanted else None)
    edits = tuple(TextEdit(n.span.start, n.span.end, letter) for n, letter in table.items())
    was = ", ".join(around.source(n.span) for n in table)
    return Candidate(tree, edits, "swapped-indices", was, ", ".join(table.values()))


def mix_up(side: Node, around: Around) -> Iterator[Candidate]:
    """The exchanges after which the line still makes sense: one that does not is an index slip."""
    yield from (c for c in exchange(side, around) if around.fits(c.node))


MISTAKE = Mistake(
    name="swapped-indices",
    kind="mathematics",
    order=35,
    undo=exchange,
    apply=mix_up,
    says="the indices {was} should be {becomes}",
    example=(r"\frac{\partial L}{\partial w_{ij}} = \delta_j x_i", r"\frac{\partial L}{\partial w_{ij}} = \delta_i x_j"),
)
