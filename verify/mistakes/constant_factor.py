"""A wrong constant factor: 2, 1/2, or a width."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, edited
from verify.mistakes._mistake import Mistake, number, terms, with_factor
from verify.reading.syntax import Fraction, Node, Number
from verify.reading.traversal import walk


def scale(side: Node, around: Around) -> Iterator[Candidate]:
    """A product times 2 or 1/2; a number of the side replaced by 1 or 2."""
    for node in walk(side):
        if isinstance(node, Number):
            for text in ("1", "2"):
                if node.text != text:
                    yield edited(side, node, number(node.span, text), text, "constant-factor", around)
    for term in terms(side):
        yield with_factor(side, term, number(term.span, "2"), "2", "constant-factor")
        half = Fraction(term.span, number(term.span, "1"), number(term.span, "2"))
        yield with_factor(side, term, half, r"\frac{1}{2}", "constant-factor")


MISTAKE = Mistake(
    name="constant-factor",
    kind="mathematics",
    order=40,
    undo=scale,
    apply=scale,
    says="a constant factor is wrong: {becomes} is missing",
    example=(r"\frac{\partial L}{\partial a} = a - t", r"\frac{\partial L}{\partial a} = 2 (a - t)"),
)
