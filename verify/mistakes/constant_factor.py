"""A wrong constant: a factor 2 or 1/2 that is missing or too many, another number or exponent."""

from collections.abc import Iterator
from dataclasses import replace

from verify.meaning.repairs import Around, Candidate, edited
from verify.meaning.repairs import operands as plain_operands
from verify.meaning.symbols import is_ones
from verify.mistakes._mistake import Mistake, factors, is_number, number, numbers, operands, terms, with_factor_before
from verify.mistakes.dropped_factor import leave_out
from verify.reading.syntax import Fraction, Name, Node, Number, Scripted
from verify.reading.traversal import walk


def scale(side: Node, around: Around) -> Iterator[Candidate]:
    """A number left out of a product, or in the place of another; a symbol to the power 2 or 3; a product times 2 or 1/2."""
    for candidate in leave_out(side, around):
        if is_number(candidate.was):
            yield Candidate(candidate.node, candidate.edits, "constant-factor", candidate.was, "1")
    powers = {id(n.sup): n for n in walk(side) if isinstance(n, Scripted) and isinstance(n.sup, Number)}
    for node in numbers(side):
        for text in ("1", "2", "3") if node.text != "0" else ():
            if node.text != text and text == "1" and id(node) in powers:
                yield first_power(side, powers[id(node)], around)
            elif node.text != text:
                yield edited(side, node, number(node.span, text), text, "constant-factor", around)
    arguments = {symbol.span for symbol, inside in operands(side) if inside}
    for symbol in plain_operands(side):
        if symbol.span in arguments or takes_no_power(symbol):
            continue
        bare = symbol if isinstance(symbol, Scripted) else Scripted(symbol.span, symbol)
        for text in ("2", "3") if bare.sup is None and not bare.primes else ():
            powered = replace(bare, sup=number(symbol.span, text))
            yield edited(side, symbol, powered, f"{around.source(symbol.span)}^{text}", "constant-factor", around)
    for term in terms(side):
        if isinstance(term, Number) and term.text == "0":
            continue
        half = Fraction(term.span, number(term.span, "1"), number(term.span, "2"))
        for factor, text in ((number(term.span, "2"), "2"), (half, r"\frac{1}{2}")):
            joint = r"\cdot" if isinstance(factors(term)[0], Number) else ""
            made = with_factor_before(side, term, factor, f"{text} {joint}".strip(), "constant-factor")
            yield replace(made, was=around.source(term.span), becomes=f"{text} {joint} {around.source(term.span)}".replace("  ", " "))


def takes_no_power(symbol: Node) -> bool:
    """Whether nobody sets an exponent there: at the sign of a root, of a transpose, at ones, which are an indicator's, too."""
    return is_ones(symbol) or (isinstance(symbol, Name) and symbol.text in ("sqrt", "top", "intercal"))


def first_power(side: Node, power: Scripted, around: Around) -> Candidate:
    """The side with an exponent left out: a written 1 might be read as a tag."""
    base = replace(power, sup=None) if power.sub is not None or power.primes else power.base
    assert power.sup is not None
    start, sign, end = power.span.start, power.sup.span, power.span.end  # the sign may be a raised digit, x²; a tag may stand behind it
    before = around.text[start : sign.start].rstrip(" {").removesuffix("^").rstrip()
    text = before + around.text[sign.end : end].lstrip(" }")
    return edited(side, power, base, text, "constant-factor", around)


MISTAKE = Mistake(
    name="constant-factor",
    kind="mathematics",
    order=12,
    undo=scale,
    apply=scale,
    says="a constant is wrong: {becomes} belongs where {was} stands",
    example=(r"\frac{\partial L}{\partial a} = a - t", r"\frac{\partial L}{\partial a} = 2 (a - t)"),
)
