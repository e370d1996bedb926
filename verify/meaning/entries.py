r"""Matrices and vectors written out: ``W = \begin{bmatrix} w_{11} & w_{12} \\ \vdots & \vdots \end{bmatrix}`` names the entries of W.

Such a line says nothing of the values: it says by which letter an entry is written, and how many rows and columns there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from verify.meaning.patterns import labels, pattern
from verify.meaning.symbols import (
    COLUMN,
    ROW,
    TRANSPOSES,
    Entries,
    Lexicon,
    base_text,
    digits_of,
    letter_of,
    occurrence,
    places_of,
    script_text,
)
from verify.reading.syntax import Chain, Derivative, Ellipsis, Group, Matrix, Name, Node, Noted, Number, Scripted, Tuple, Words

LARGEST = 12
"""More rows or columns than that nobody writes out."""


@dataclass(frozen=True)
class Naming:
    """That the entries of a quantity are written with a letter: ``letter`` is its key, ``rows`` and ``columns`` are numbers, or the name of
    a number that is left open. ``implied`` is a letter that no line says, the usual one; in one that is
    not ``exact`` an entry stands at another's place.
    """

    key: str
    letter: str
    entries: Entries
    rows: str
    columns: str
    implied: bool = False
    exact: bool = True

    def resized(self) -> Naming:
        """The naming of a quantity that was defined anew since: the letter stays, the numbers of rows and columns do not."""
        return replace(self, rows=self.rows if self.rows == "1" else "?", columns=self.columns if self.columns == "1" else "?")

    @property
    def shape(self) -> tuple[str, ...]:
        """The sizes of the axes longer than 1."""
        return tuple(size for size in (self.rows, self.columns) if size != "1")


def cells_of(node: Node) -> tuple[tuple[Node, ...], ...] | None:
    """The cells, row by row, of a matrix or vector written out, ``[a, b]^T`` too; None for any other node."""
    match node:
        case Matrix(_, rows, _) if rows and len({len(row) for row in rows}) == 1:
            return rows
        case Group(_, "(" | "[" | "", Tuple(_, items)):
            return (items,)
        case Tuple(_, items):
            return (items,)
        case Group(_, "(" | "[" | "{" | "", (Matrix() | Group() | Scripted()) as body) | Noted(_, body, _, _):
            return cells_of(body)
        case Scripted(_, base, None, sup, 0) if is_transpose(sup):
            inner = cells_of(base)
            return tuple(zip(*inner, strict=True)) if inner is not None else None
    return None


def is_transpose(sup: Node | None) -> bool:
    """Whether a superscript says that rows and columns are exchanged."""
    while isinstance(sup, Group):
        sup = sup.body
    return isinstance(sup, Name) and sup.text in TRANSPOSES


def is_pattern(cells: tuple[tuple[Node, ...], ...]) -> bool:
    """Whether dots stand for some of the cells."""
    return any(isinstance(cell, Ellipsis) for row in cells for cell in row)


def naming(left: Node, right: Node, words: Lexicon) -> Naming | None:
    """How a line ``left = right`` names the entries of a quantity, else None."""
    occ = occurrence(left, words) if isinstance(left, (Name, Scripted)) else None
    cells = cells_of(right)
    if occ is None or occ.written or occ.exponent is not None or occ.primes or cells is None:
        return None
    if len(cells) > LARGEST or len(cells[0]) > LARGEST or len(cells) * len(cells[0]) < 2:
        return None
    if occ.transposed:
        cells = tuple(zip(*cells, strict=True))
    rows, columns = labels(list(cells)), labels(list(zip(*cells, strict=True)))
    if rows is None or columns is None:
        return None
    for count in (2, 1):
        found = _named(occ.key, cells, rows, columns, count, words)
        if found is not None:
            return found
    return None


def _named(
    key: str, cells: tuple[tuple[Node, ...], ...], rows: list[str], columns: list[str], count: int, words: Lexicon
) -> Naming | None:
    if count == 1 and len(rows) > 1 and len(columns) > 1:
        return None
    rows, columns = list(rows), list(columns)
    stem: str | None = None
    wrong = 0
    for r, row in enumerate(cells):
        for c, cell in enumerate(row):
            if "" in (rows[r], columns[c]):
                continue
            found = _stem(cell, count, words)
            if found is None or found[0] != (stem or found[0]):
                return None
            stem = found[0]
            places = found[1] if count == 2 else ([found[1][0], "1"] if len(columns) == 1 else ["1", found[1][0]])
            rows[r], columns[c] = (place if label == "?" else label for label, place in zip((rows[r], columns[c]), places, strict=True))
            wrong += [rows[r], columns[c]] != places
    if stem is None or not same_letter(key, stem) or wrong > (1 if len(rows) * len(columns) >= 4 else 0):
        return None
    height, width = rows[-1], columns[-1]
    counts = (height != "1", width != "1") if count == 2 else (True,)
    return Naming(key, stem, Entries(key, counts), height, width, exact=not wrong)


def same_letter(key: str, letter: str) -> bool:
    r"""Whether a quantity and its entries have one letter but for case, font and an arrow: ``\mathbf{W}`` and ``w``."""
    plain = []
    for text in (key, letter):
        stem = text.split("_{", 1)[0].split("^{", 1)[0]
        for dress in ("mathbf", "mathcal", "mathrm", "mathit", "mathsf", "boldsymbol", "vec"):
            stem = stem.replace("\\" + dress + "{", "{")
        plain.append(stem.replace("{", "").replace("}", "").lower())
    return plain[0] == plain[1]


def _stem(cell: Node, count: int, words: Lexicon) -> tuple[str, list[str]] | None:
    """An entry's letter with its tag and layer, and the places that it is at."""
    if not (isinstance(cell, Scripted) and isinstance(cell.base, Name)) or cell.sub is None or cell.base.font == "bf":
        return None
    whole = occurrence(Scripted(cell.span, cell.base, None, cell.sup), words)
    if whole is None or whole.written or whole.exponent is not None or whole.transposed or cell.primes:
        return None
    for items in (places_of(cell.sub), [digit for item in places_of(cell.sub) for digit in digits_of(item)]):
        places = items[-count:]
        if len(places) < count or not all(isinstance(p, Number) or letter_of(p) is not None for p in places):
            continue
        if count == 1 and len(items) == 1 and isinstance(items[0], Number) and len(items[0].text) > 1 and int(items[0].text) > LARGEST:
            continue
        tag = "".join(script_text(item) for item in items[:-count])
        base = base_text(cell.base)
        stem, _, layer = whole.key.partition("^")
        letter = words.merged.get(base, stem) + (f"_{{{tag}}}" if tag else "") + ("^" + layer if layer else "")
        return letter, [script_text(p) for p in places]
    return None


def jacobian_layout(left: Node, right: Node) -> str | None:
    """``rows`` where ``∂y/∂x = [∂y_1/∂x_1, …]`` lays the numerator's entries out by rows, ``columns`` by columns; None for another line."""
    cells = cells_of(right)
    if not isinstance(left, Derivative) or cells is None or len(cells) < 2 or len(cells[0]) < 2:
        return None
    if is_pattern(cells):
        general = pattern(cells)
        entry = general.entry if general is not None and general.diagonal is None else None
        if not isinstance(entry, Derivative) or len(entry.denominators) != 1 or entry.order != 1:
            return None
        ways = (([ROW], [COLUMN], "rows"), ([COLUMN], [ROW], "columns"))
        found = _place(entry.numerator)[1], _place(entry.denominators[0])[1]
        return next((way for above, below, way in ways if found == (above, below)), None)
    places: list[list[tuple[tuple[str, list[str]], tuple[str, list[str]]]]] = []
    for row in cells:
        places.append([])
        for cell in row:
            if not isinstance(cell, Derivative) or len(cell.denominators) != 1 or cell.order != 1:
                return None
            places[-1].append((_place(cell.numerator), _place(cell.denominators[0])))
    (y, _), (x, _) = places[0][0]
    for layout in ("rows", "columns") if x and y else ():
        if all(
            pair == ((y, [str((r if layout == "rows" else c) + 1)]), (x, [str((c if layout == "rows" else r) + 1)]))
            for r, row in enumerate(places)
            for c, pair in enumerate(row)
        ):
            return layout
    return None


def _place(node: Node | None) -> tuple[str, list[str]]:
    """The letter and the places of an entry such as ``y_2``."""
    if isinstance(node, Scripted) and isinstance(node.base, Name) and node.sup is None and not node.primes:
        return base_text(node.base), [script_text(p) for p in places_of(node.sub)]
    return "", []


def _naming_line(left: Node, right: Node, words: Lexicon) -> Naming | None:
    """What a line names the entries of: its left side, or the quantity that its left side is a derivative by."""
    if not isinstance(left, Derivative):
        return naming(left, right, words)
    cells = cells_of(right)
    if cells is None or len(left.denominators) != 1 or left.order != 1:
        return None
    if not all(isinstance(cell, (Derivative, Ellipsis, Words)) for row in cells for cell in row):
        return None
    below = tuple(tuple(cell.denominators[0] if isinstance(cell, Derivative) else cell for cell in row) for row in cells)
    above = {cell.numerator for row in cells for cell in row if isinstance(cell, Derivative)}
    return naming(left.denominators[0], Matrix(right.span, below), words) if above == {left.numerator} else None


def namings(chains: Iterable[tuple[int, Node]], words: Lexicon, heads: frozenset[str]) -> list[tuple[int, Naming]]:
    """Every naming of entries among numbered lines. ``heads`` are keys that the document defines: a vector of quantities with definitions
    of their own names nothing.
    """
    found: list[tuple[int, Naming]] = []
    for number, content in chains:
        if not isinstance(content, Chain) or content.first is None:
            continue
        for link in content.links:
            if link.right is None or link.relation not in ("=", ":="):
                continue
            one = _naming_line(content.first, link.right, words)
            for each in [one] if one is not None else implied(content.first, link.right, words):
                if not any(key.startswith(each.letter + "_{") and key[len(each.letter) + 2 :][:1].isdigit() for key in heads):
                    found.append((number, each))
    said = {each.key for _, each in found if not each.implied} | {each.letter for _, each in found if not each.implied}
    return [(number, each) for number, each in found if not each.implied or not {each.key, each.letter} & said]


def naming_links(content: Node, words: Lexicon) -> list[int]:
    """The numbers of the relations of a chain that do nothing but name entries, or lay out a Jacobian's."""
    if not isinstance(content, Chain) or content.first is None:
        return []
    found = []
    for n, link in enumerate(content.links):
        if link.right is not None and link.relation in ("=", ":="):
            one = naming(content.first, link.right, words)
            if (one is not None and one.exact) or jacobian_layout(content.first, link.right) is not None:
                found.append(n)
    return found


def implied(left: Node, right: Node, words: Lexicon) -> list[Naming]:
    """The usual letters of entries, where a line does not say them: those of a Jacobian, and ``v_1, v_2`` of a vector ``v`` whose entries
    are computed.
    """
    cells = cells_of(right)
    if cells is None or is_pattern(cells):
        return []
    height, width = len(cells), len(cells[0])
    if (layout := jacobian_layout(left, right)) is not None and isinstance(left, Derivative) and left.numerator is not None:
        spans = (height, width) if layout == "rows" else (width, height)
        sides = zip((left.numerator, left.denominators[0]), spans, strict=True)
        return [one for side, span in sides if (one := _usual(side, span, 1, words)) is not None]
    one = _usual(left, height, width, words) if height * width > 1 else None
    return [one] if one is not None else []


def _usual(node: Node, height: int, width: int, words: Lexicon) -> Naming | None:
    """The naming of a symbol's entries by the same letter, small and plain."""
    occ = occurrence(node, words) if isinstance(node, (Name, Scripted)) else None
    if occ is None or occ.written or occ.exponent is not None or occ.primes or occ.transposed:
        return None
    name = node.base if isinstance(node, Scripted) else node
    if not isinstance(name, Name) or len(name.text) != 1:
        return None
    is_matrix = height > 1 and width > 1
    plain = replace(name, text=name.text.lower() if is_matrix else name.text, font="" if name.font == "bf" else name.font)
    stem, rest = base_text(plain), occ.key.removeprefix(words.merged.get(base_text(name), base_text(name)))
    counts = (True, True) if is_matrix else (True,)
    return Naming(occ.key, stem + rest, Entries(occ.key, counts), str(height), str(width), implied=True)


def lettered(words: Lexicon, found: Iterable[Naming]) -> Lexicon:
    """The lexicon with the letters that name entries."""
    entries = {one.letter: one.entries for one in found}
    return replace(words, entries=entries) if entries else words


def declared_by(found: Iterable[Naming]) -> dict[str, tuple[str, ...]]:
    """The shapes that namings declare, as the names of the axes longer than 1."""
    return {one.key: one.shape for one in found}


def names_of_widths(found: Iterable[Naming], slots: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """For each letter that a naming counts rows or columns up to the axis that these run along; none for one that counts several."""
    names: dict[str, set[str]] = {}
    for one in found:
        axes = slots.get(one.key, ())
        for axis, size in zip(axes, one.shape, strict=True) if len(axes) == len(one.shape) else ():
            if size.isalpha():
                names.setdefault(size, set()).add(axis)
    return {name: min(axes) for name, axes in names.items() if len(axes) == 1}


def widths(found: Iterable[Naming], slots: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The width of each axis that a naming counts; an axis of two widths has none."""
    sizes: dict[str, set[int]] = {}
    for one in found:
        axes = slots.get(one.key, ())
        for axis, size in zip(axes, one.shape, strict=True) if len(axes) == len(one.shape) else ():
            if size.isdigit():
                sizes.setdefault(axis, set()).add(int(size))
    return {axis: min(numbers) for axis, numbers in sizes.items() if len(numbers) == 1}
