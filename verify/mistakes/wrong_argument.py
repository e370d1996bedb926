"""A function applied where it does not belong, or left out: ``e^{1 + e^{-z}}`` for ``1 + e^{-z}``."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, edited
from verify.mistakes._mistake import Mistake
from verify.reading.syntax import Call, Group, Name, Node, Scripted
from verify.reading.traversal import walk


def take_off(side: Node, around: Around) -> Iterator[Candidate]:
    """A power of e, or a function's value, replaced by the exponent or the argument."""
    for node in walk(side):
        match node:
            case Scripted(_, Name(_, "e"), None, Node() as exponent, 0):
                yield edited(side, node, Group(exponent.span, "(", exponent), f"({around.source(exponent.span)})", "wrong-argument", around)
            case Call(_, Name(), Group() as argument):
                yield edited(side, node, argument, around.source(argument.span), "wrong-argument", around)


def put_on(side: Node, around: Around) -> Iterator[Candidate]:
    """A group raised into the exponent of e."""
    for node in walk(side):
        if isinstance(node, Group) and node.delimiter == "(":
            raised = Scripted(node.span, Name(node.span, "e"), sup=node.body)
            yield edited(side, node, raised, f"e^{{{around.source(node.body.span)}}}", "wrong-argument", around)


MISTAKE = Mistake(
    name="wrong-argument",
    kind="mathematics",
    order=48,
    undo=take_off,
    apply=put_on,
    says="{becomes} belongs where {was} stands: a function is applied that does not belong here",
    example=(r"a = \frac{1}{1 + e^{-z}}", r"a = \frac{1}{e^{1 + e^{-z}}}"),
)
