"""A second division by the same ∂."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, TextEdit, leftover_derivative
from verify.mistakes._mistake import Mistake
from verify.reading.syntax import Derivative, Node
from verify.reading.traversal import walk


def apply(side: Node, around: Around) -> Iterator[Candidate]:
    """The side over the ∂ of one of its own derivatives."""
    for node in walk(side):
        if isinstance(node, Derivative) and not node.one_sided and len(node.denominators) == 1:
            by = node.denominators[0]
            new = Derivative(side.span, side, (by,), 1, True)
            start, end = side.span.start, side.span.end
            edits = (TextEdit(start, start, r"\frac{"), TextEdit(end, end, rf"}}{{\partial {around.source(by.span)}}}"))
            yield Candidate(new, edits, "extra-derivative", "", rf"\partial {around.source(by.span)}")
            return


MISTAKE = Mistake(
    name="extra-derivative",
    kind="notation",
    order=113,
    undo=leftover_derivative,
    apply=apply,
    says="a second division by the same ∂ is left over",
    example=(
        r"\frac{\partial L}{\partial z} = -\sum_i y_i \frac{\partial \ln o_i}{\partial z}",
        r"\frac{\partial L}{\partial z} = \frac{-\sum_i y_i \frac{\partial \ln o_i}{\partial z}}{\partial z}",
    ),
)
