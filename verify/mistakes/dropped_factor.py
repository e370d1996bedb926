"""A factor left out of a product."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, TextEdit
from verify.mistakes._mistake import (
    Kind,
    Mistake,
    factors,
    grouped,
    in_use,
    is_number,
    is_ordered,
    is_width,
    number,
    quantities,
    terms,
    with_factor,
    with_factor_before,
    with_indices,
    without,
)
from verify.reading.syntax import Added, Call, Derivative, Fraction, Group, Name, Node, Number, Scripted
from verify.reading.traversal import replaced, walk


def put_in(side: Node, around: Around) -> Iterator[Candidate]:
    """What stands as a factor on other sides of the chain, then a declared quantity with its forms, put into a product."""
    ordered = is_ordered(around)
    yield from local_derivatives(side, around)
    for term in products(side, ordered):
        own = {around.source(f.span) for f in factors(term)}
        for factor, text in nearby(around):
            if text not in own:
                yield with_factor(side, term, factor, text, "dropped-factor", joint(side, term, around))
                if ordered:
                    yield with_factor_before(side, term, factor, text, "dropped-factor")
                    yield with_factor(side, term, factor, text, "dropped-factor", "odot")
    yield from quantities_put_in(side, around)
    if ordered:
        yield from ordered_put_in(side, around)
    yield from differences_put_in(side, around)


def local_derivatives(side: Node, around: Around) -> Iterator[Candidate]:
    """The link of a chain rule that is missing: ``∂A/∂B`` beside ``∂L/∂A``, where the chain is about ``∂L/∂B``."""
    wanted = [n for s in around.nearby[:1] for n in walk(s) if isinstance(n, Derivative) and len(n.denominators) == 1]
    for term in products(side):
        for written in walk(term):
            if not isinstance(written, Derivative) or len(written.denominators) != 1:
                continue
            for whole in wanted:
                top, by = written.denominators[0], whole.denominators[0]
                link = Derivative(term.span, top, (by,), symbol=written.symbol)
                sign = r"\partial " if written.symbol == "partial" else "d"
                text = rf"\frac{{{sign}{around.source(top.span)}}}{{{sign}{around.source(by.span)}}}"
                yield with_factor(side, term, link, text, "dropped-factor", "" if is_ordered(around) else joint(side, term, around))
                if is_ordered(around):
                    turned = Scripted(term.span, Group(term.span, "(", link), sup=Name(term.span, "top"))
                    yield with_factor_before(side, term, link, text, "dropped-factor")
                    yield with_factor_before(side, term, turned, rf"\left({text}\right)^\top", "dropped-factor")


def joint(side: Node, term: Node, around: Around) -> str:
    """The sign by which a side joins factors: the dot where it uses one or where a function would go on without it, else none."""
    last = factors(term)[-1]
    if r"\cdot" in around.source(side.span) or is_ordered(around) or (isinstance(last, Call) and not isinstance(last.argument, Group)):
        return "cdot"
    return "," if r"\," in around.source(side.span) else ""


def products(side: Node, within: bool = False) -> Iterator[Node]:
    """The products of a side, numbers in sums last and 0 left out; ``within``: also what stands in parentheses."""
    yield from (term for term in terms(side) if not isinstance(term, Number) or (term is side and term.text != "0"))
    if within:
        yield from (n.body for n in walk(side) if isinstance(n, Group) and n.delimiter == "(" and not isinstance(n.body, (Added, Number)))
    yield from (term for term in terms(side) if isinstance(term, Number) and term is not side and term.text != "0")


def ordered_put_in(side: Node, around: Around) -> Iterator[Candidate]:
    """A quantity, transposed or not, in front of a product or behind it: in matrix notation the place tells."""
    for term in products(side, within=True):
        for key in in_use(around.network):
            if around.network.grids.get(key, (None, None)) == (None, None):
                continue
            node, text = with_indices(key, (), term.span)
            bare = node if isinstance(node, Scripted) else Scripted(term.span, node)
            turned = Scripted(term.span, bare.base, bare.sub, Name(term.span, "top"))
            for factor, source in ((turned, rf"{text}^\top"), (node, text)):
                for made in (
                    with_factor_before(side, term, factor, source, "dropped-factor"),
                    with_factor(side, term, factor, source, "dropped-factor", ""),
                ):
                    if around.fits(made.node):
                        yield made


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
    for term in products(side, is_ordered(around)):
        beside = joint(side, term, around)
        operator = "odot" if is_ordered(around) else beside
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
            yield with_factor(side, term, Fraction(term.span, one, node), rf"\frac{{1}}{{{text}}}", "dropped-factor", beside)
            complement = Group(term.span, "(", Added(term.span, ("+", "-"), (one, node)))
            yield with_factor(side, term, complement, f"(1 - {text})", "dropped-factor", operator)
            if isinstance(node, Name) or (isinstance(node, Scripted) and node.sup is None):
                bare = node if isinstance(node, Scripted) else Scripted(node.span, node)
                square = Scripted(node.span, bare.base, bare.sub, number(node.span, "2"))
                complement = Group(term.span, "(", Added(term.span, ("+", "-"), (one, square)))
                yield with_factor(side, term, complement, f"(1 - {text}^2)", "dropped-factor", operator)


def differences_put_in(side: Node, around: Around) -> Iterator[Candidate]:
    """The difference of two quantities of one kind, an error ``o − y``, put into a product."""
    signs = ("odot",) if is_ordered(around) else ()
    for term in products(side, is_ordered(around)):
        every = list(quantities(term, around))
        for one, text, kind in every:
            for other, other_text, other_kind in every:
                if kind == other_kind and text != other_text and kind[0]:
                    factor = Group(term.span, "(", Added(term.span, ("+", "-"), (one, other)))
                    for sign in (*signs, joint(side, term, around)):
                        made = with_factor(side, term, factor, f"({text} - {other_text})", "dropped-factor", sign)
                        if around.fits(made.node):
                            yield made


def drop(side: Node, around: Around) -> Iterator[Candidate]:
    """One factor of a product left out; a number is a constant factor, a width the mean over samples: other mistakes."""
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
