"""Sums that leave out what they run over, ``\\sum (t_j - p_j)^2``, with the written letter that they can only mean."""

from __future__ import annotations

from dataclasses import replace

from verify.meaning.abbreviations import free_letters
from verify.meaning.symbols import Lexicon, bound_letters, letter_of, occurrence
from verify.reading.syntax import Big, Chain, Derivative, Name, Node, Scripted
from verify.reading.traversal import below, classes, rewritten, with_parts


def with_letters(root: Node, words: Lexicon) -> Node:
    r"""The formula with each Σ without index that sums over a written letter given that letter.

    It is the letter of its body that the head of the chain and the sums around it do not have: j of ``z_i = \sum
    w_{ij} x_j``. What is differentiated may sum over the letter of what it is differentiated by, which is another one
    then: ``\frac{\partial}{\partial p_j} \sum (t_j - p_j)^2``. Two letters, or none: as it is.
    """
    if not isinstance(root, Chain) or root.first is None or Big not in classes(root):
        return root
    of = root.first.numerator if isinstance(root.first, Derivative) else None
    above = frozenset(_heads(of, words)) if of is not None else frozenset()
    return _bound(root, frozenset(_heads(root.first, words)), above, words, False)


def _heads(node: Node, words: Lexicon) -> list[str]:
    """The letters of the symbols that stand in a tree outside its sums."""
    if isinstance(node, Big):
        return []
    if isinstance(node, (Name, Scripted)) and (occ := occurrence(node, words)) is not None:
        return [letter for term in occ.written if (letter := letter_of(term)) is not None]
    return [letter for child in below(node) for letter in _heads(child, words)]


def _bound(node: Node, known: frozenset[str], above: frozenset[str], words: Lexicon, differentiated: bool) -> Node:
    """The tree with its sums' letters; ``known`` are the letters from outside, ``above`` those of what the chain differentiates."""

    def change(inner: Node) -> Node | None:
        if isinstance(inner, Derivative) and inner.numerator is not None:
            return with_parts(inner, numerator=_bound(inner.numerator, known, above, words, True))
        if not isinstance(inner, Big) or inner.body is None:
            return None
        if inner.lower is not None:
            return with_parts(inner, body=_bound(inner.body, known | set(bound_letters(inner.lower)), above, words, differentiated))
        body = _bound(inner.body, known, above, words, differentiated)
        free = free_letters(body, words)
        own = [letter for letter in free if letter not in known]
        if differentiated and not own:
            own = [letter for letter in free if letter not in above]
        if inner.operator != "sum" or len(own) != 1:
            return with_parts(inner, body=body)
        return replace(inner, lower=Name(inner.span, own[0]), body=body)

    return rewritten(node, change)
