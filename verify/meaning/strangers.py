"""Symbols that a document uses and never introduces, as free variables: the c of ``\\sqrt{x^2 + c}``, the N of a mean whose sum ends at n.

What is proved with a free variable holds whatever its value is. It must not depend on what is differentiated by, so that a symbol which is
itself differentiated, primed or stepped is none; and nothing is refuted with one, except where a line consists of free variables alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from verify.meaning.network import Network, entry_of
from verify.meaning.shapes import rank
from verify.meaning.symbols import TRANSPOSES, Lexicon, Occurrence, letter_of, occurrence, occurrences_in
from verify.reading.syntax import Derivative, Differential, Group, Juxtaposed, Nabla, Name, Node, Scripted, Tuple
from verify.reading.traversal import walk

PLAIN = re.compile(r"(?:[A-Za-z]|\\[a-z]+|\\(?:hat|tilde|bar)\{\\?[A-Za-z]+\})(?:_\{\w+\})?")
NO_VARIABLES = frozenset({"e", "d", "D", "I", "\\pi", "\\partial", "\\infty", "\\nabla", "\\delta", "\\imath"})


def free_variables(sides: Iterable[Node], network: Network, heads: set[str]) -> dict[str, tuple[str, ...]]:
    """For each symbol that may be read as a free variable its axes, by the index letters that it shares with declared ones."""
    words = network.words
    every = list(sides)
    barred = set(heads) | set(network.slots) | set(network.aliases) | set(network.sizes) | set(network.failed)
    for side in every:
        barred |= dependent(side, words)
        barred |= {n.sup.text for n in walk(side) if isinstance(n, Scripted) and isinstance(n.sup, Name) and n.sup.text in TRANSPOSES}
    counts: dict[str, set[int]] = {}
    axes: dict[str, tuple[str, ...]] = {}
    for side in every:
        found = list(occurrences_in(side, words))
        letters = {
            letter: axis
            for occ in found
            for term, axis in zip(occ.written, network.slots.get(occ.key, ()), strict=False)
            if (letter := letter_of(term)) is not None
        }
        for occ in found:
            if occ.key in barred or entry_of(occ, network)[0] or not is_plain(occ, words) or (network.grids and rank(occ.key, {}, True)):
                continue
            counts.setdefault(occ.key, set()).add(len(occ.written))
            known = tuple(letters.get(letter_of(term) or "", "") for term in occ.written)
            if all(known):
                axes.setdefault(occ.key, known)
    return {key: axes[key] for key, numbers in counts.items() if len(numbers) == 1 and key in axes}


def is_plain(occ: Occurrence, words: Lexicon) -> bool:
    """Whether a symbol looks like a number with a name: a letter, with a tag or an accent."""
    return PLAIN.fullmatch(occ.key) is not None and occ.key not in NO_VARIABLES and not occ.transposed and not words.is_index(occ.key)


def dependent(side: Node, words: Lexicon) -> set[str]:
    """The symbols that a side differentiates, primes, calls or takes a step of: they depend on something."""
    found: set[str] = set()

    def bar(node: Node | None) -> None:
        if isinstance(node, (Name, Scripted)) and (occ := occurrence(node, words)) is not None:
            found.add(occ.key)

    for node in walk(side):
        match node:
            case Derivative(_, numerator, _) | Nabla(_, _, _, numerator):
                bar(numerator)
            case Differential(_, body):
                bar(body)
            case Scripted(_, _, _, _, primes) if primes:
                bar(node)
            case Scripted(_, _, _, Name(_, "prime"), _):
                bar(node)
            case Juxtaposed(_, items):
                for item, behind in pairwise(items):
                    inner = behind.base if isinstance(behind, Scripted) else behind
                    if isinstance(inner, Group) and isinstance(inner.body, (Name, Scripted, Tuple)):
                        bar(item)  # u(x)
                    if isinstance(item, Name) and item.text in ("d", "D") and not item.accents:
                        bar(behind)
    return found


def is_closed(sides: Iterable[Node], network: Network) -> bool:
    """Whether a line consists of variables alone and says of what the derivative is taken: ``d/dx (x^2 + c) = 2x``."""
    listed = list(sides)
    known = {d.name for d in network.program.definitions if d.body is None} | {"e", "\\pi"}
    if not all(occ.key in known for side in listed for occ in occurrences_in(side, network.words)):
        return False
    derivatives = [n for side in listed for n in walk(side) if isinstance(n, Derivative)]
    return bool(derivatives) and all(n.numerator is not None and occurrence(n.numerator, network.words) is None for n in derivatives)
