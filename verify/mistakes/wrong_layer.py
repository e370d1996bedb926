"""A quantity of another layer: the same letter with another tag."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate
from verify.mistakes._mistake import Mistake
from verify.mistakes.wrong_symbol import replace_symbol
from verify.reading.syntax import Node


def another_layer(side: Node, around: Around) -> Iterator[Candidate]:
    """Each symbol replaced by its namesakes of other layers."""
    yield from (c for c in replace_symbol(side, around) if c.mistake == "wrong-layer")


MISTAKE = Mistake(
    name="wrong-layer",
    kind="mathematics",
    order=30,
    undo=another_layer,
    apply=another_layer,
    says="{becomes} belongs where {was} stands: it is of another layer",
    example=(r"\frac{\partial z}{\partial a_{h2}} = w_o", r"\frac{\partial z}{\partial a_{h2}} = w_{h2}"),
)
