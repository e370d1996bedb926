"""A function of the wrong thing: another quantity in its argument, a function where none belongs, or none where one does."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, edited
from verify.meaning.repairs import operands as plain_operands
from verify.mistakes._mistake import Mistake
from verify.mistakes.wrong_symbol import replace_symbol
from verify.reading.syntax import Call, Group, Name, Node, Scripted
from verify.reading.traversal import walk


def undo(side: Node, around: Around) -> Iterator[Candidate]:
    """Another quantity in an argument; a power of e, or a function's value, replaced by the exponent or the argument."""
    yield from another_argument(side, around)
    for node in walk(side):
        match node:
            case Scripted(_, Name(_, "e"), None, Node() as exponent, 0):
                yield edited(side, node, Group(exponent.span, "(", exponent), f"({inner(exponent, around)})", "wrong-argument", around)
            case Call(_, Name(), Group() as argument):
                yield edited(side, node, argument, around.source(argument.span), "wrong-argument", around)
    yield from exponentials(side, around)


def apply(side: Node, around: Around) -> Iterator[Candidate]:
    """Another quantity in an argument; a function left out; a sum of exponentials as an exponential."""
    yield from another_argument(side, around)
    for node in walk(side):
        if isinstance(node, Call) and isinstance(node.function, Name) and isinstance(node.argument, Group):
            yield edited(side, node, node.argument, around.source(node.argument.span), "wrong-argument", around)


def another_argument(side: Node, around: Around) -> Iterator[Candidate]:
    """Each symbol in the argument of a function, or in a condition, replaced by other quantities."""
    yield from (c for c in replace_symbol(side, around) if c.mistake == "wrong-argument")


def exponentials(side: Node, around: Around) -> Iterator[Candidate]:
    """A lone symbol as the exponent of e, or as the argument of a logarithm; not in derivatives."""
    for node in plain_operands(side):
        source = around.source(node.span)
        for text, new in (
            (f"e^{{{source}}}", Scripted(node.span, Name(node.span, "e"), sup=node)),
            (rf"\ln({source})", Call(node.span, Name(node.span, "ln"), Group(node.span, "(", node))),
        ):
            yield edited(side, node, new, text, "wrong-argument", around)


def inner(exponent: Node, around: Around) -> str:
    """The text of an exponent without its braces."""
    source = around.source(exponent.span)
    return source[1:-1] if source.startswith("{") else source


MISTAKE = Mistake(
    name="wrong-argument",
    kind="mathematics",
    order=38,
    undo=undo,
    apply=apply,
    says="{becomes} belongs where {was} stands: a function is taken of the wrong thing",
    example=(r"a = \frac{1}{1 + e^{-z}}", r"a = \frac{1}{1 + e^{-a}}"),
)
