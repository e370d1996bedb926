"""A factor left out of a product."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, TextEdit
from verify.mistakes._mistake import (
    Kind,
    Mistake,
    factors,
    in_use,
    is_number,
    is_width,
    number,
    quantities,
    terms,
    with_factor,
    with_factor_before,
    with_indices,
    without,
)
from verify.reading.syntax import Added, Fraction, Group, Juxtaposed, Name, Node, Number, Product, Scripted
from verify.reading.traversal import replaced, walk


def put_in(side: Node, around: Around) -> Iterator[Candidate]:
    """What stands as a factor on other sides of the chain, then a declared quantity with its forms, put into a product."""
    ordered = any(None not in grid for grid in around.network.grids.values())
    for term in products(side):
        own = {around.source(f.span) for f in factors(term)}
        for factor, text in nearby(around):
            if text not in own:
                yield with_factor(side, term, factor, text, "dropped-factor")
                if ordered:
                    yield with_factor_before(side, term, factor, text, "dropped-factor")
    yield from quantities_put_in(side, around)
    if ordered:
        yield from transposes_put_in(side, around)


def products(side: Node) -> Iterator[Node]:
    """The products of a side that are more than a number."""
    return (term for term in terms(side) if not isinstance(term, Number))


def grouped(side: Node) -> Iterator[Node]:
    """The products that stand in parentheses."""
    return (n.body for n in walk(side) if isinstance(n, Group) and n.delimiter == "(" and isinstance(n.body, (Product, Juxtaposed)))


def transposes_put_in(side: Node, around: Around) -> Iterator[Candidate]:
    """A quantity, transposed or not, in front of a product or behind it: in matrix notation the place tells."""
    for term in products(side):
        for key in in_use(around.network):
            if around.network.grids.get(key, (None, None)) == (None, None):
                continue
            node, text = with_indices(key, (), term.span)
            bare = node if isinstance(node, Scripted) else Scripted(term.span, node)
            turned = Scripted(term.span, bare.base, bare.sub, Name(term.span, "top"))
            for factor, source in ((turned, rf"{text}^\top"), (node, text)):
                before = with_factor_before(side, term, factor, source, "dropped-factor")
                if around.fits(before.node):
                    yield before
                if factor is turned and around.fits((behind := with_factor(side, term, factor, source, "dropped-factor")).node):
                    yield behind


def nearby(around: Around) -> Iterator[tuple[Node, str]]:
    """The factors of the other sides of the chain, and the sums that they are divided by, each text once."""
    found: dict[str, Node] = {}
    for side in around.nearby:
        for term in terms(side):
            for factor in factors(term):
                text = around.source(factor.span)
                if not is_number(text) and not (factor is term and factor is side):
                    found.setdefault(f"({text})" if isinstance(factor, Added) else text, factor)
    for text, node in found.items():
        yield (Group(node.span, "(", node) if isinstance(node, Added) else node), text


def quantities_put_in(side: Node, around: Around) -> Iterator[Candidate]:
    """A declared quantity, its reciprocal, or one minus it or its square, put into a product."""
    operator = "odot" if any(None not in grid for grid in around.network.grids.values()) else "cdot"
    for term in products(side):
        fitting: dict[Kind, bool] = {}
        for node, text, kind in quantities(term, around):
            if not fitting.get(kind, True):
                continue
            plain = with_factor(side, term, node, text, "dropped-factor", operator)
            if kind not in fitting:
                fitting[kind] = around.fits(plain.node)
            if not fitting[kind]:
                continue
            yield plain
            one = number(term.span, "1")
            yield with_factor(side, term, Fraction(term.span, one, node), rf"\frac{{1}}{{{text}}}", "dropped-factor")
            complement = Group(term.span, "(", Added(term.span, ("+", "-"), (one, node)))
            yield with_factor(side, term, complement, f"(1 - {text})", "dropped-factor", operator)
            if isinstance(node, Name) or (isinstance(node, Scripted) and node.sup is None):
                bare = node if isinstance(node, Scripted) else Scripted(node.span, node)
                square = Scripted(node.span, bare.base, bare.sub, number(node.span, "2"))
                complement = Group(term.span, "(", Added(term.span, ("+", "-"), (one, square)))
                yield with_factor(side, term, complement, f"(1 - {text}^2)", "dropped-factor", operator)


def drop(side: Node, around: Around) -> Iterator[Candidate]:
    """One factor of a product left out; a number is a constant factor, another mistake."""
    yield from (c for c in leave_out(side, around) if not is_number(c.was) and not is_width(c.was, around))


def leave_out(side: Node, around: Around) -> Iterator[Candidate]:
    """One factor of a product left out, of whatever kind."""
    for term in (*terms(side), *grouped(side)):
        parts = factors(term)
        if len(parts) < 2:
            continue
        for n, factor in enumerate(parts):
            new = without(term, factor)
            # The product sign goes with the factor: the one behind it, or that before the last one.
            start, end = (factor.span.start, parts[n + 1].span.start) if n + 1 < len(parts) else (parts[n - 1].span.end, factor.span.end)
            edit = TextEdit(start, end, "")
            yield Candidate(new if term is side else replaced(side, term, new), (edit,), "dropped-factor", around.source(factor.span), "")


MISTAKE = Mistake(
    name="dropped-factor",
    kind="mathematics",
    order=40,
    undo=put_in,
    apply=drop,
    says="the factor {becomes} is missing",
    example=(r"\frac{\partial L}{\partial w} = (o - y) x", r"\frac{\partial L}{\partial w} = o - y"),
)
