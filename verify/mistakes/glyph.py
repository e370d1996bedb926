"""A letter that was read as the digit that it looks like."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, edited, letter_for_digit
from verify.mistakes._mistake import Mistake, symbols
from verify.reading.syntax import Name, Node, Number

DIGITS = {"o": "0", "O": "0", "l": "1", "I": "1"}


def apply(side: Node, around: Around) -> Iterator[Candidate]:
    """The digit that a lone letter looks like."""
    for node in symbols(side):
        if isinstance(node, Name) and node.text in DIGITS:
            digit = DIGITS[node.text]
            yield edited(side, node, Number(node.span, digit), digit, "glyph", around)


MISTAKE = Mistake(
    name="glyph",
    kind="notation",
    order=114,
    undo=letter_for_digit,
    apply=apply,
    says="{was} is {becomes} misread",
    example=(r"\frac{\partial L}{\partial z} = o - y", r"\frac{\partial L}{\partial z} = 0 - y"),
)
