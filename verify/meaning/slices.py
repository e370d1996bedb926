r"""Rows and columns of a matrix that go by an index: ``\mathbf{x}_i`` for row i of ``X``, ``\mathbf{w}_j`` for a column of ``W``, and
``x^{(i)}`` for the column of an example.

A small bold letter with one index, or a small one with the index of an example, is a row or column of the capital of the same letter,
where the document writes that one too and never says what the small one is by a formula. Whether a row or a column is meant the prose says,
or the kind of the index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from verify.meaning.symbols import Lexicon, letter_of, occurrence, occurrences_in
from verify.meaning.vocabulary import stems
from verify.reading.syntax import Added, Big, Derivative, Document, Formula, Name, Node, Prose, Scripted, Tuple
from verify.reading.traversal import walk

NEAR = 60
USUAL_SAMPLES = frozenset("inmks")


def slices(sides: Iterable[Node], words: Lexicon, heads: frozenset[str], matrices: frozenset[str]) -> dict[str, str]:
    """For each small bold letter with one index, and each small letter with two, the capital whose rows, columns or entries it names.

    ``matrices`` are the capitals that the document names the entries or declares the shape of.
    """
    counts: dict[str, set[int]] = {}
    ends: set[str] = set()
    sampled: set[str] = set()
    beside: list[set[str]] = []
    known = set(matrices) | {key for key in heads if key[:1].isupper()}
    for side in sides:
        for occ in occurrences_in(side, words):
            counts.setdefault(occ.key, set()).add(len(occ.written))
            if occ.transposed:
                known.add(occ.key)
        for node in walk(side):
            if isinstance(node, Scripted) and node.sub is None and (occ_one := occurrence(node, words)) and len(occ_one.written) == 1:
                sampled.add(occ_one.key)
            if isinstance(node, Added):
                terms = (occurrence(t, words) for t in node.terms if isinstance(t, (Name, Scripted)))
                beside.append({occ.key for occ in terms if occ is not None and not occ.written})
            if isinstance(node, Big) and isinstance(node.upper, (Name, Scripted)) and (occ_end := occurrence(node.upper, words)):
                ends.add(occ_end.key)
            if isinstance(node, Derivative):
                below = (occurrence(d, words) for d in node.denominators if isinstance(d, (Name, Scripted)))
                known.update(occ.key for occ in below if occ is not None and not occ.written)
    known.update(key for keys in beside if keys & known for key in keys)
    found: dict[str, str] = {}
    for key, written in counts.items():
        bold = key.startswith("\\mathbf{")
        if key in heads or not (written == {2} or ((bold or key in sampled) and written == {1})):
            continue
        letter, rest = key.removeprefix("\\mathbf{").split("}", 1) if bold else (key[:1], key[1:])
        if len(letter) != 1 or not letter.islower():
            continue
        capitals = [c for c in (letter.upper() + rest, f"\\mathbf{{{letter.upper()}}}{rest}") if counts.get(c, {1}) <= {0, 2}]
        if len(capitals) == 1 and capitals[0] in known - ends:
            found[key] = capitals[0]
    return found


def spoken(document: Document, words: Lexicon) -> dict[tuple[str, str], int]:
    """For each quantity with a lone index letter of which the prose says so: 0 for a row of it, 1 for a column."""
    found: dict[tuple[str, str], int] = {}
    parts = document.parts
    for n, part in enumerate(parts):
        if not isinstance(part, Formula) or len(part.statements) != 1:
            continue
        content = part.statements[0].content
        for item in content.items if isinstance(content, Tuple) else (content,):
            occ = occurrence(item, words) if isinstance(item, Scripted) else None
            letter = letter_of(occ.written[0]) if occ is not None and len(occ.written) == 1 else None
            if occ is None or letter is None:
                continue
            behind = re.split(r"[,.;:]", "".join(_plain(p) for p in parts[n + 1 : n + 6]))[0]
            before = re.split(r"[,.;:]", "".join(_plain(p) for p in parts[max(0, n - 3) : n]))[-1]
            for text in (behind[:NEAR], before[-NEAR:]):
                kinds = {kind for kind, name in enumerate(("row", "column")) if _names(name, text.lower())}
                if len(kinds) == 1:
                    found.setdefault((occ.key, letter), kinds.pop())
                    break
    return found


def _names(kind: str, text: str) -> bool:
    return any(re.search(r"(?<![a-z])" + stem, text) for stem in stems(kind))


def _plain(part: Formula | Prose) -> str:
    return part.text if isinstance(part, Prose) else " ¤ "


def lies_along(letter: str | None, axes: tuple[str, str], known: str | None, samples: frozenset[str], said: int | None) -> int | None:
    """Which of a matrix's two axes the one index of a symbol counts along: as the prose says, the axis that its letter has, or that of
    the samples for a letter that usually counts them; None where nothing tells.
    """
    if said is not None:
        return said
    if known is not None:
        return axes.index(known) if axes.count(known) == 1 else None
    if letter in USUAL_SAMPLES and len(samples & set(axes)) == 1:
        return 0 if axes[0] in samples else 1
    return None
