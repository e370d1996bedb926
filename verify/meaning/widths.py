"""Names of widths: the N of a sum from 1 to N is the number of positions of the axis that the sum runs over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from verify.meaning.axes import Defining
from verify.meaning.symbols import Lexicon, bound_letters, letter_of, occurrence
from verify.reading.syntax import Big, Fraction, Juxtaposed, Name, Node, Number, Product, Scripted
from verify.reading.traversal import walk

COUNTS = frozenset({"m", "n", "N", "M", "B", "T", "K", "H", "D"})
"""The letters that count what a mean is taken over."""


def summed_widths(
    definitions: Iterable[Defining], slots: Mapping[str, tuple[str, ...]], words: Lexicon, samples: frozenset[str] = frozenset()
) -> dict[str, str]:
    """The axis of each name that stands above a sum, or that divides one over one index of which no end is written, ``1/m Σ_i x_i``; none
    for a name that counts two axes, or that is defined.

    The one index of a row or column of a matrix runs over the axis of the ``samples``.
    """
    heads = set()
    found: dict[str, set[str]] = {}
    for definition in definitions:
        heads.add(definition.key)
        for node in walk(definition.body):
            counted = mean_over(node)
            if counted is not None:
                name, letter, body = counted
                found.setdefault(name, set()).add(_axis(body, letter, slots, words, samples))
            if isinstance(node, Big) and node.body is not None and node.lower is not None and isinstance(node.upper, (Name, Scripted)):
                above, letters = occurrence(node.upper, words), [*bound_letters(node.lower)]
                if above is not None and not above.written and len(letters) == 1:
                    found.setdefault(above.key, set()).add(_axis(node.body, letters[0], slots, words, samples))
    return {key: axis for key, axes in found.items() if len(axes) == 1 and (axis := min(axes)) and key not in heads}


def mean_over(node: Node) -> tuple[str, str, Node] | None:
    r"""The count, the letter and the body of a mean that is written without the end of its sum, ``\frac{1}{m} \sum_i x_i``; else None.

    Of two sums, one in the other, it is not said which is meant.
    """
    if not isinstance(node, (Juxtaposed, Product)):
        return None
    items = node.items if isinstance(node, Juxtaposed) else (node.left, node.right)
    for one, total in pairwise(items):
        match one, total:
            case (
                Fraction(_, Number(), Name(_, name, "", ()) | Juxtaposed(_, (Number(), Name(_, name, "", ())))),
                Big(_, "sum", lower, None, body),
            ) if (
                name in COUNTS and lower is not None and body is not None and not any(isinstance(n, Big) for n in walk(body))
                and len(letters := [*bound_letters(lower)]) == 1
            ):
                return name, letters[0], body
    return None


def _axis(body: Node, letter: str, slots: Mapping[str, tuple[str, ...]], words: Lexicon, samples: frozenset[str]) -> str:
    """The axis that a letter runs over in the body of its sum, "" where nothing shows it."""
    for node in walk(body):
        occ = occurrence(node, words) if isinstance(node, (Name, Scripted)) else None
        if occ is None:
            continue
        axes = slots.get(occ.key, ())
        if len(occ.written) < len(axes) and occ.key in words.slices.values():
            axes = tuple(axis for axis in axes if axis in samples)
        for term, axis in zip(occ.written, axes, strict=False):
            if letter_of(term) == letter:
                return axis
    return ""
