"""A factor left out of a product."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, TextEdit
from verify.mistakes._mistake import Kind, Mistake, factors, number, quantities, terms, with_factor, without
from verify.reading.syntax import Added, Fraction, Group, Node
from verify.reading.traversal import replaced


def put_in(side: Node, around: Around) -> Iterator[Candidate]:
    """A declared quantity, its reciprocal, or one minus it, put into a product."""
    for term in terms(side):
        fitting: dict[Kind, bool] = {}
        for node, text, kind in quantities(term, around):
            if not fitting.get(kind, True):
                continue
            plain = with_factor(side, term, node, text, "dropped-factor")
            if kind not in fitting:
                fitting[kind] = around.fits(plain.node)
            if not fitting[kind]:
                continue
            yield plain
            yield with_factor(side, term, Fraction(term.span, number(term.span, "1"), node), rf"\frac{{1}}{{{text}}}", "dropped-factor")
            complement = Group(term.span, "(", Added(term.span, ("+", "-"), (number(term.span, "1"), node)))
            yield with_factor(side, term, complement, f"(1 - {text})", "dropped-factor")


def drop(side: Node, around: Around) -> Iterator[Candidate]:
    """One factor of a product left out."""
    for term in terms(side):
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
    order=20,
    undo=put_in,
    apply=drop,
    says="the factor {becomes} is missing",
    example=(r"\frac{\partial L}{\partial w} = (o - y) x", r"\frac{\partial L}{\partial w} = o - y"),
)
