"""A term with the wrong sign."""

from collections.abc import Iterator
from dataclasses import replace

from verify.meaning.repairs import Around, Candidate, TextEdit
from verify.mistakes._mistake import Mistake
from verify.reading.syntax import Added, Chain, Group, Node, Number
from verify.reading.traversal import replaced, walk

OPPOSITE = {"+": "-", "-": "+"}


def flip(side: Node, around: Around) -> Iterator[Candidate]:
    """A difference turned round, one sign of a sum changed, the innermost sums first; the whole side negated last."""
    sums = list(reversed([n for n in walk(side) if isinstance(n, Added)]))
    for node in sums:
        if len(node.terms) == 2 and sorted(node.signs) in (["+", "-"], ["+", "+"]) and node.signs[0] == "+":
            yield from _reversed(side, node, around)
    for node in sums:
        for n in reversed(range(len(node.terms))):
            sign = node.signs[n]
            if sign not in OPPOSITE or (isinstance(node.terms[n], Number) and len(node.terms) == 1):
                continue
            signs = (*node.signs[:n], OPPOSITE[sign], *node.signs[n + 1 :])
            start = node.terms[n - 1].span.end if n else node.span.start
            end = node.terms[n].span.start
            gap = around.text[start:end]
            text = gap.replace(sign, "" if n == 0 and sign == "-" else OPPOSITE[sign], 1) if sign in gap else gap + "-"
            changed = replace(node, signs=signs)
            new: Node = node.terms[0] if signs == ("+",) else changed
            yield Candidate(replaced(side, node, new), (TextEdit(start, end, text),), "sign", sign, OPPOSITE[sign])
    for group in walk(side):
        first = group.body.first if isinstance(group, Group) and isinstance(group.body, Chain) else None
        if first is not None and not isinstance(first, Added):
            negative = Added(first.span, ("-",), (first,))
            yield Candidate(replaced(side, first, negative), (TextEdit(first.span.start, first.span.start, "-"),), "sign", "+", "-")
    if isinstance(side, Number):
        return
    start, end = side.span.start, side.span.end
    if not isinstance(side, Added):
        yield Candidate(Added(side.span, ("-",), (side,)), (TextEdit(start, start, "-"),), "sign", "+", "-")
    elif len(side.terms) > 1:
        negative = Added(side.span, ("-",), (Group(side.span, "(", side),))
        yield Candidate(negative, (TextEdit(start, start, r"-\left("), TextEdit(end, end, r"\right)")), "sign", "+", "-")


def _reversed(side: Node, node: Added, around: Around) -> Iterator[Candidate]:
    """``a - b`` as ``b - a``."""
    one, other = node.terms
    if node.signs[1] != "-" or isinstance(other, Added):
        return
    new = Added(node.span, ("+", "-"), (other, one))
    gap = around.text[one.span.end : other.span.start]
    text = around.source(other.span) + gap + around.source(one.span)
    edit = TextEdit(node.span.start, node.span.end, text)
    yield Candidate(replaced(side, node, new), (edit,), "sign", around.source(node.span), text)


MISTAKE = Mistake(
    name="sign",
    kind="mathematics",
    order=10,
    undo=flip,
    apply=flip,
    says="a sign is wrong: there should be {becomes} for {was}",
    example=(r"\frac{\partial L}{\partial z} = o - y", r"\frac{\partial L}{\partial z} = y - o"),
)
