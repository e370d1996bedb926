"""Names of widths: the N of a sum from 1 to N is the number of positions of the axis that the sum runs over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from verify.meaning.axes import Defining
from verify.meaning.symbols import Lexicon, bound_letters, letter_of, occurrence
from verify.reading.syntax import Big, Name, Node, Scripted
from verify.reading.traversal import walk


def summed_widths(
    definitions: Iterable[Defining], slots: Mapping[str, tuple[str, ...]], words: Lexicon, samples: frozenset[str] = frozenset()
) -> dict[str, str]:
    """The axis of each name that stands above a sum; none for a name that stands above sums over two axes, or that is defined.

    The one index of a row or column of a matrix runs over the axis of the ``samples``.
    """
    heads = set()
    found: dict[str, set[str]] = {}
    for definition in definitions:
        heads.add(definition.key)
        for node in walk(definition.body):
            if isinstance(node, Big) and node.body is not None and node.lower is not None and isinstance(node.upper, (Name, Scripted)):
                above, letters = occurrence(node.upper, words), [*bound_letters(node.lower)]
                if above is not None and not above.written and len(letters) == 1:
                    found.setdefault(above.key, set()).add(_axis(node.body, letters[0], slots, words, samples))
    return {key: axis for key, axes in found.items() if len(axes) == 1 and (axis := min(axes)) and key not in heads}


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
