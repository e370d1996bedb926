"""A prime read as an exponent 1."""

from collections.abc import Iterator
from dataclasses import replace

from verify.meaning.repairs import Around, Candidate, TextEdit, prime_for_one
from verify.mistakes._mistake import Mistake
from verify.reading.syntax import Name, Node, Number, Scripted
from verify.reading.traversal import replaced, walk


def apply(side: Node, around: Around) -> Iterator[Candidate]:
    """An exponent 1 in the place of the prime of a group."""
    for node in walk(side):
        if isinstance(node, Scripted) and node.primes == 1 and node.sup is None and not isinstance(node.base, Name):
            new = replace(node, primes=0, sup=Number(node.span, "1"))
            edit = TextEdit(node.base.span.end, node.span.end, "^1")
            yield Candidate(replaced(side, node, new), (edit,), "lost-prime", "'", "^1")


MISTAKE = Mistake(
    name="lost-prime",
    kind="notation",
    order=112,
    undo=prime_for_one,
    apply=apply,
    says="the exponent 1 is a prime misread",
    example=(
        r"\frac{\partial a}{\partial z} = \left(\frac{1}{1 + e^{-z}}\right)'",
        r"\frac{\partial a}{\partial z} = \left(\frac{1}{1 + e^{-z}}\right)^1",
    ),
)
