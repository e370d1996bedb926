"""What a document demands of given quantities: ``w^T w = 1``, ``S^T = S``, "where S is symmetric". It is taken note of and not used."""

from __future__ import annotations

from collections.abc import Iterator

from verify.meaning.symbols import Lexicon, occurrence
from verify.meaning.vocabulary import says
from verify.reading.syntax import Added, Big, Call, Derivative, Document, Formula, Name, Node, Number, Prose, Scripted
from verify.reading.traversal import walk

NEAR = 80


def is_demand(left: Node, right: Node) -> bool:
    """Whether a relation has the form of a condition: a product, power or sum that is a number, or a matrix that is its transpose."""
    if isinstance(left, Big) and (left.operator != "sum" or not isinstance(left.body, (Name, Scripted))):
        return False
    if any(isinstance(n, (Derivative, Call)) for side in (left, right) for n in walk(side)):
        return False
    if isinstance(left, (Name, Scripted)) and isinstance(right, (Name, Scripted)):
        return without_script(left) == without_script(right) and left != right
    plain = isinstance(left, (Name, Number)) or (isinstance(left, Scripted) and left.sup is None)
    is_value = isinstance(right, Number) or (isinstance(right, Name) and right.text in ("I", "1"))
    return is_value and not plain and not isinstance(left, Added)


def without_script(node: Node) -> Node:
    """A symbol without its superscript."""
    return node.base if isinstance(node, Scripted) and node.sub is None else node


def bound_by_words(document: Document, words: Lexicon) -> Iterator[str]:
    """The symbols beside which words say that they are symmetric, orthogonal and the like."""
    parts = document.parts
    for n, part in enumerate(parts):
        if not isinstance(part, Formula) or part.display:
            continue
        behind, before = parts[n + 1] if n + 1 < len(parts) else None, parts[n - 1] if n else None
        around = [behind.text[:NEAR]] if isinstance(behind, Prose) else []
        around += [before.text[-NEAR:]] if isinstance(before, Prose) else []
        if any(says("demanded", text) for text in around):
            for statement in part.statements:
                for node in walk(statement.content):
                    occ = occurrence(node, words) if isinstance(node, (Name, Scripted)) else None
                    if occ is not None:
                        yield occ.key
