"""A factor left out of a product."""

from collections.abc import Iterable, Iterator
from itertools import cycle

from verify.meaning.repairs import Alternatives, Around, Candidate, Place
from verify.mistakes._mistake import (
    Mistake,
    alternatives,
    factors,
    grouped,
    in_use,
    is_number,
    is_ordered,
    is_width,
    leaving_out,
    letters_at,
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


class Places:
    """The places behind the products of a side, each one once."""

    def __init__(self, side: Node) -> None:
        self.side = side
        self._known: dict[tuple[int, str], Place] = {}

    def behind(self, term: Node, operator: str) -> Place:
        """The place at the end of one of the side's products, joined by that sign."""
        key = id(term), operator
        if key not in self._known:
            self._known[key] = Place(lambda factor: with_factor(self.side, term, factor, "", "", operator).node)
        return self._known[key]


def put_in(side: Node, around: Around) -> Iterator[Candidate]:
    """What stands as a factor on other sides of the chain, then a declared quantity with its forms, put into a product."""
    ordered = is_ordered(around)
    yield from local_derivatives(side, around)
    places = Places(side)
    if ("nearby",) not in around.made:
        around.made["nearby",] = around.kinds(list(nearby(around)))
    for term in products(side, ordered):
        own = {around.source(f.span) for f in factors(term)}
        beside = joint(side, term, around)
        if not ordered:
            found = alternatives_put_in(places, term, ((kind, beside) for kind in around.made["nearby",]), around)
            yield from (c for c in found if c.becomes not in own)
            continue
        for factor, text in nearby(around):
            if text not in own:
                yield with_factor(side, term, factor, text, "dropped-factor", beside)
                yield with_factor_before(side, term, factor, text, "dropped-factor")
                yield with_factor(side, term, factor, text, "dropped-factor", "odot")
    yield from quantities_put_in(places, around)
    if ordered:
        yield from ordered_put_in(side, around)
    yield from differences_put_in(places, around)


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


def quantities_put_in(places: Places, around: Around) -> Iterator[Candidate]:
    """A declared quantity, its reciprocal, or one minus it or its square, put into a product."""
    side, ordered = places.side, is_ordered(around)
    for term in products(side, ordered):
        beside = joint(side, term, around)
        letters = letters_at(term, around)
        if (whole := around.made.get(("forms", letters))) is None:
            kinds = quantities(letters, term.span, around)
            whole = around.made["forms", letters] = tuple(forms(q, over) for q in kinds for over in ((False, True) if ordered else (None,)))
        operators = ("odot", beside) if ordered else (beside,)
        yield from alternatives_put_in(places, term, zip(whole, cycle(operators)), around)


def forms(of: Alternatives, over: bool | None) -> Alternatives:
    """Quantities, their reciprocals, one minus them and their squares; ``over``: the reciprocals alone, or all but them."""
    found: list[tuple[Node, str, int]] = []
    for node, text, place in zip(of.nodes, of.texts, of.order, strict=True):
        span, at = node.span, 4 * place
        one = number(span, "1")
        if over is not False:
            found.append((Fraction(span, one, node), rf"\frac{{1}}{{{text}}}", at + 1))
        if over is True:
            continue
        found += [(node, text, at), (Group(span, "(", Added(span, ("+", "-"), (one, node))), f"(1 - {text})", at + 2)]
        if isinstance(node, Name) or (isinstance(node, Scripted) and node.sup is None):
            bare = node if isinstance(node, Scripted) else Scripted(span, node)
            square = Scripted(span, bare.base, bare.sub, number(span, "2"))
            found.append((Group(span, "(", Added(span, ("+", "-"), (one, square))), f"(1 - {text}^2)", at + 3))
    return alternatives(of.axes or (), of.letters, of.grid, found)


def differences_put_in(places: Places, around: Around) -> Iterator[Candidate]:
    """The difference of two quantities of one kind, an error ``o − y``, put into a product."""
    side, ordered = places.side, is_ordered(around)
    for term in products(side, ordered):
        beside = joint(side, term, around)
        letters = letters_at(term, around)
        if (whole := around.made.get(("differences", letters))) is None:
            kinds = [q for q in quantities(letters, term.span, around) if q.axes and len(q.nodes) > 1]
            whole = around.made["differences", letters] = tuple(map(differences, kinds))
        signs = ("odot", beside) if ordered else (beside,)
        yield from alternatives_put_in(places, term, ((pairs, sign) for sign in signs for pairs in whole), around)


def differences(of: Alternatives) -> Alternatives:
    """The differences of two quantities of one kind."""
    found: list[tuple[Node, str, int]] = []
    every = list(zip(of.nodes, of.texts, of.order, strict=True))
    most = max(of.order) + 1
    for one, text, place in every:
        for other, other_text, other_place in every:
            if text != other_text:
                factor = Group(one.span, "(", Added(one.span, ("+", "-"), (one, other)))
                found.append((factor, f"({text} - {other_text})", most * place + other_place))
    return alternatives(of.axes or (), of.letters, of.grid, found)


def alternatives_put_in(
    places: Places, term: Node, factors: Iterable[tuple[Alternatives, str]], around: Around
) -> Iterator[Candidate]:
    """Each of those factors put into a product, with its sign, that may make the line true; the likeliest first."""
    found: list[tuple[int, Node, str, str]] = []
    for kind, operator in factors:
        likely = around.likely(places.behind(term, operator), kind)
        nodes = zip(kind.order, kind.nodes, kind.texts, likely, strict=True)
        found.extend((place, node, text, operator) for place, node, text, yes in nodes if yes)
    for _, node, text, operator in sorted(found, key=lambda f: f[0]):
        yield with_factor(places.side, term, node, text, "dropped-factor", operator)


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
            tree = new if term is side else replaced(side, term, new)
            yield Candidate(tree, (leaving_out(parts, n, n),), "dropped-factor", around.source(factor.span), "")


MISTAKE = Mistake(
    name="dropped-factor",
    kind="mathematics",
    order=40,
    undo=put_in,
    apply=drop,
    says="the factor {becomes} is missing",
    example=(r"\frac{\partial L}{\partial w} = (o - y) x", r"\frac{\partial L}{\partial w} = o - y"),
)
