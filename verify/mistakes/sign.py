"""A term with the wrong sign."""

from collections.abc import Iterator
from dataclasses import replace

from verify.meaning.repairs import Around, Candidate, TextEdit
from verify.mistakes._mistake import Mistake
from verify.reading.syntax import Added, Node
from verify.reading.traversal import replaced, walk

OPPOSITE = {"+": "-", "-": "+"}


def flip(side: Node, around: Around) -> Iterator[Candidate]:
    """One sign of a sum turned round, the innermost sums first; the whole side negated last."""
    for node in reversed([n for n in walk(side) if isinstance(n, Added)]):
        for n in reversed(range(len(node.terms))):
            sign = node.signs[n]
            if sign not in OPPOSITE:
                continue
            signs = (*node.signs[:n], OPPOSITE[sign], *node.signs[n + 1 :])
            start = node.terms[n - 1].span.end if n else node.span.start
            end = node.terms[n].span.start
            gap = around.text[start:end]
            text = gap.replace(sign, "" if n == 0 and sign == "-" else OPPOSITE[sign], 1) if sign in gap else gap + "-"
            yield Candidate(replaced(side, node, replace(node, signs=signs)), (TextEdit(start, end, text),), "sign", sign, OPPOSITE[sign])
    if not isinstance(side, Added):
        at = side.span.start
        yield Candidate(Added(side.span, ("-",), (side,)), (TextEdit(at, at, "-"),), "sign", "+", "-")


MISTAKE = Mistake(
    name="sign",
    kind="mathematics",
    order=10,
    undo=flip,
    apply=flip,
    says="a sign is wrong: there should be {becomes} for {was}",
    example=(r"\frac{\partial L}{\partial z} = o - y", r"\frac{\partial L}{\partial z} = y - o"),
)
