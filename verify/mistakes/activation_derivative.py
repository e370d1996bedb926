"""The derivative of an activation put wrongly: a for 1 − a, 1 − a for a."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, edited
from verify.mistakes._mistake import Mistake, factors, number, terms
from verify.reading.syntax import Added, Group, Name, Node, Number, Scripted


def complement(side: Node, around: Around) -> Iterator[Candidate]:
    """A factor a replaced by 1 − a, or 1 − a by a."""
    for term in terms(side):
        for factor in factors(term):
            match factor:
                case Group(span, "(", Added(_, ("+", "-"), (Number(_, "1"), (Name() | Scripted()) as inner))):
                    yield edited(side, factor, inner, around.source(inner.span), "activation-derivative", around)
                case Name(span) | Scripted(span):
                    new = Group(span, "(", Added(span, ("+", "-"), (number(span, "1"), factor)))
                    yield edited(side, factor, new, f"(1 - {around.source(span)})", "activation-derivative", around)


MISTAKE = Mistake(
    name="activation-derivative",
    kind="mathematics",
    order=25,
    undo=complement,
    apply=complement,
    says="the activation's derivative is put wrongly: {becomes} for {was}",
    example=(r"\frac{\partial a}{\partial z} = a (1 - a)", r"\frac{\partial a}{\partial z} = a \cdot a"),
)
