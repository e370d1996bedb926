"""An equals sign where a product is meant."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, TextEdit
from verify.mistakes._mistake import Mistake
from verify.reading.syntax import Added, Node, Product


def undo(side: Node, around: Around) -> Iterator[Candidate]:
    """Nothing of one side: two neighbouring relations are mended together, which judging does."""
    yield from ()


def apply(side: Node, around: Around) -> Iterator[Candidate]:
    """An equals sign for the last sign of a product, or of the last term's."""
    last = side.terms[-1] if isinstance(side, Added) else side
    if isinstance(last, Product) and last.operator == "cdot":
        start, end = last.left.span.end, last.right.span.start
        yield Candidate(last.left, (TextEdit(start, end, " = "),), "product-for-equals", around.text[start:end].strip(), "=")


MISTAKE = Mistake(
    name="product-for-equals",
    kind="notation",
    order=115,
    undo=undo,
    apply=apply,
    says="= stands where a product is meant",
    example=(r"\frac{\partial L}{\partial w} = \delta \cdot x", r"\frac{\partial L}{\partial w} = \delta = x"),
)
