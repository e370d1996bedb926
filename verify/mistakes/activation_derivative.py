"""The derivative of an activation put wrongly: a for 1 − a, 1 − a for 1 − a², a (1 − a) for 1 − a²."""

from collections.abc import Iterator
from itertools import permutations

from verify.meaning.claims import names_quantity
from verify.meaning.repairs import Around, Candidate, TextEdit, edited
from verify.mistakes._mistake import Mistake, factors, grouped, leaving_out, number, terms, without
from verify.reading.syntax import Added, Group, Juxtaposed, Name, Node, Number, Scripted
from verify.reading.traversal import replaced, walk


def another_form(side: Node, around: Around) -> Iterator[Candidate]:
    """A factor a replaced by 1 − a, or 1 − a by a; 1 − a² by 1 − a or a (1 − a), and 1 − a by 1 − a²."""
    for term in terms(side):
        for factor in factors(term):
            match factor:
                case Group(span, "(", Added(_, ("+", "-"), (Number(_, "1"), Node() as inner))) if is_computed(inner, around):
                    yield edited(side, factor, inner, around.source(inner.span), "activation-derivative", around)
                case Name(span) | Scripted(span, Name()) if is_computed(factor, around):
                    new = Group(span, "(", Added(span, ("+", "-"), (number(span, "1"), factor)))
                    yield edited(side, factor, new, f"(1 - {around.source(span)})", "activation-derivative", around)
    yield from squares(side, around)
    for node in walk(side):
        match node:
            case Added(span, ("+", "-"), (Number(_, "1") as one, Scripted() as square)) if is_square(square):
                base = Scripted(square.span, square.base, square.sub) if square.sub is not None else square.base
                text = around.source(square.span).rsplit("^", 1)[0]
                linear = Added(span, ("+", "-"), (one, base))
                yield edited(side, node, linear, f"1 - {text}", "activation-derivative", around)
                product = Juxtaposed(span, (base, Group(span, "(", linear)))
                yield edited(side, node, product, f"{text} (1 - {text})", "activation-derivative", around)
            case Added(span, ("+", "-"), (Number(_, "1") as one, Node() as inner)) if is_computed(inner, around):
                bare = inner if isinstance(inner, Scripted) else Scripted(inner.span, inner)
                squared = Scripted(inner.span, bare.base, bare.sub, number(inner.span, "2"))
                new_sum = Added(span, ("+", "-"), (one, squared))
                yield edited(side, node, new_sum, f"1 - {around.source(inner.span)}^2", "activation-derivative", around)


def squares(side: Node, around: Around) -> Iterator[Candidate]:
    """1 − a² for a (1 − a)."""
    for term in (*terms(side), *grouped(side)):
        parts = factors(term)
        for one, other in permutations(parts, 2):
            match other:
                case Group(_, "(", Added(_, ("+", "-"), (Number(_, "1"), inner))) if is_computed(one, around):
                    text = around.source(one.span)
                    if around.source(inner.span) != text or not isinstance(one, (Name, Scripted)):
                        continue
                    bare = one if isinstance(one, Scripted) else Scripted(one.span, one)
                    square = Scripted(one.span, bare.base, bare.sub, number(one.span, "2"))
                    new = replaced(without(term, one), inner, square)
                    n = parts.index(one)
                    edits = (leaving_out(parts, n, n), TextEdit(inner.span.end, inner.span.end, "^2"))
                    tree = new if term is side else replaced(side, term, new)
                    yield Candidate(tree, edits, "activation-derivative", f"{text} (1 - {text})", f"1 - {text}^2")


def is_computed(node: Node, around: Around) -> bool:
    """Whether a node is a symbol for a quantity that the network computes, without exponent or transpose."""
    if not isinstance(node, (Name, Scripted)) or (isinstance(node, Scripted) and (node.sup is not None or not isinstance(node.base, Name))):
        return False
    key = names_quantity(node, around.network)
    definition = around.network.program.by_name.get(key or "")
    return definition is not None and definition.body is not None and key != around.network.root


def is_square(node: Node) -> bool:
    """Whether a node is the square of something."""
    return isinstance(node, Scripted) and isinstance(node.sup, Number) and node.sup.text == "2" and not node.primes


MISTAKE = Mistake(
    name="activation-derivative",
    kind="mathematics",
    order=11,
    undo=another_form,
    apply=another_form,
    says="the activation's derivative is put wrongly: {becomes} for {was}",
    example=(r"\frac{\partial a}{\partial z} = a (1 - a)", r"\frac{\partial a}{\partial z} = a \cdot a"),
)
