"""The derivative of an activation put wrongly: a for 1 − a, 1 − a for 1 − a², a (1 − a) for 1 − a²."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, edited
from verify.mistakes._mistake import Mistake, factors, number, terms
from verify.reading.syntax import Added, Group, Juxtaposed, Name, Node, Number, Scripted
from verify.reading.traversal import walk


def another_form(side: Node, around: Around) -> Iterator[Candidate]:
    """A factor a replaced by 1 − a, or 1 − a by a; 1 − a² by 1 − a or a (1 − a), and 1 − a by 1 − a²."""
    for term in terms(side):
        for factor in factors(term):
            match factor:
                case Group(span, "(", Added(_, ("+", "-"), (Number(_, "1"), (Name() | Scripted()) as inner))) if not is_square(inner):
                    yield edited(side, factor, inner, around.source(inner.span), "activation-derivative", around)
                case Name(span) | Scripted(span, Name()):
                    new = Group(span, "(", Added(span, ("+", "-"), (number(span, "1"), factor)))
                    yield edited(side, factor, new, f"(1 - {around.source(span)})", "activation-derivative", around)
    for node in walk(side):
        match node:
            case Added(span, ("+", "-"), (Number(_, "1") as one, Scripted() as square)) if is_square(square):
                base = Scripted(square.span, square.base, square.sub) if square.sub is not None else square.base
                text = around.source(square.span).rsplit("^", 1)[0]
                linear = Added(span, ("+", "-"), (one, base))
                yield edited(side, node, linear, f"1 - {text}", "activation-derivative", around)
                product = Juxtaposed(span, (base, Group(span, "(", linear)))
                yield edited(side, node, product, f"{text} (1 - {text})", "activation-derivative", around)
            case Added(span, ("+", "-"), (Number(_, "1") as one, (Name() | Scripted(base=Name(), sup=None)) as inner)):
                bare = inner if isinstance(inner, Scripted) else Scripted(inner.span, inner)
                square = Scripted(inner.span, bare.base, bare.sub, number(inner.span, "2"))
                new_sum = Added(span, ("+", "-"), (one, square))
                yield edited(side, node, new_sum, f"1 - {around.source(inner.span)}^2", "activation-derivative", around)


def is_square(node: Node) -> bool:
    """Whether a node is the square of something."""
    return isinstance(node, Scripted) and isinstance(node.sup, Number) and node.sup.text == "2" and not node.primes


MISTAKE = Mistake(
    name="activation-derivative",
    kind="mathematics",
    order=25,
    undo=another_form,
    apply=another_form,
    says="the activation's derivative is put wrongly: {becomes} for {was}",
    example=(r"\frac{\partial a}{\partial z} = a (1 - a)", r"\frac{\partial a}{\partial z} = a \cdot a"),
)
