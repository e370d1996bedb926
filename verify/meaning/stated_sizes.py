"""The sizes and the lying of quantities that a document states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from verify.meaning.axes import Defining
from verify.meaning.definitions import Line
from verify.meaning.entries import Naming
from verify.meaning.shapes import (
    is_bold,
)
from verify.meaning.symbols import (
    Lexicon,
    occurrence,
    script_text,
    states_shape,
)
from verify.meaning.tables import cells_of, is_written_out
from verify.reading.syntax import (
    Chain,
    Group,
    Name,
    Node,
    Product,
    Scripted,
    Tuple,
)


def declared_rows(stated: Mapping[str, tuple[str, ...]], found: Iterable[Naming]) -> dict[str, bool]:
    r"""For each vector that ``b \in \mathbb{R}^{1 \times n}`` or a capital that is written out declares so whether it is a row."""
    lying = {key: sizes[0] == "1" for key, sizes in stated.items() if len(sizes) == 2 and sizes.count("1") == 1}
    capitals = {one.key: one.rows == "1" for one in found if len(one.shape) == 1 and not one.implied and is_capital(one.key)}
    return {**capitals, **lying}


def is_capital(key: str) -> bool:
    """Whether a quantity's letter is a capital."""
    return key.split("_{", 1)[0].split("^{", 1)[0].rstrip("}").rsplit("{", 1)[-1][:1].isupper()


def stated_widths(every: list[Line], words: Lexicon) -> dict[str, tuple[str, ...]]:
    r"""The widths that ``W \in \mathbb{R}^{m \times n}`` states for a quantity, at most two: keys of names, or numbers.

    The symbols of a list, ``x, y \\in \\mathbb{R}^n``, have one shape.
    """
    found: dict[str, tuple[str, ...]] = {}
    listed: list[Node] = []
    for before, line in zip([None, *every], every, strict=False):
        if before is not None and before.formula is not line.formula:
            listed = []
        for chain in (line.statement.content, *line.statement.conditions):
            if not isinstance(chain, Chain) or chain.first is None:
                listed = [*listed, chain] if isinstance(chain, (Name, Scripted)) else []
                continue
            for link in chain.links:
                if states_shape(link):
                    assert isinstance(link.right, (Name, Scripted))
                    sizes = _sizes(link.right.sup, words) if isinstance(link.right, Scripted) and link.right.sup is not None else []
                    for item in (*listed, *(chain.first.items if isinstance(chain.first, Tuple) else (chain.first,))):
                        occ = occurrence(item, words) if isinstance(item, (Name, Scripted)) else None
                        if occ is not None and len(sizes) <= 2 and (not occ.written or is_bold(occ.key)):
                            found[occ.key] = tuple(sizes)
            listed = []
    return found


def _sizes(node: Node, words: Lexicon) -> list[str]:
    match node:
        case Product(_, "times", left, right):
            return _sizes(left, words) + _sizes(right, words)
        case Group(_, _, body):
            return _sizes(body, words)
    occ = occurrence(node, words) if isinstance(node, (Name, Scripted)) else None
    return [occ.key if occ is not None and not occ.written else script_text(node) or str(node)]


def sizes_by_entries(definitions: Iterable[Defining], slots: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The widths of the axes of quantities that are defined entry by entry."""
    sizes: dict[str, int] = {}
    for d in definitions:
        cells = cells_of(d.body) if is_written_out(d.body) else None
        spans = [n for n in (len(cells), len(cells[0])) if n > 1] if cells is not None else []
        if len(spans) == len(slots.get(d.key, ())):
            sizes.update(zip(slots[d.key], spans, strict=True))
    return sizes
