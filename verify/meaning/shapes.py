"""Shapes of the matrices and vectors of a document in matrix notation, from its definitions, by unification.

How many axes a symbol has is read from its declared shape, its font and its letter; which axes they are follows from products, sums and
elementwise functions. A vector is a column first; if the definitions do not fit so, a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from verify.meaning.abbreviations import free_letters
from verify.meaning.axes import Defining
from verify.meaning.functions import function_name, indicated, power_of_e
from verify.meaning.symbols import Lexicon, axes_of_ones, is_identity, is_ones, letter_of, occurrence, occurrences_in
from verify.reading.syntax import Added, Big, Call, Chain, Fraction, Group, Juxtaposed, Matrix, Name, Node, Noted, Product, Scripted, Tuple
from verify.reading.traversal import walk

UNIT = 0
SCALAR_NAMES = frozenset(
    {
        "L",
        "J",
        "E",
        "C",
        "N",
        "M",
        "T",
        "\\mathcal{L}",
        "\\mathcal{J}",
        "\\ell",
        "\\eta",
        "\\alpha",
        "\\lambda",
        "\\mathcal{E}",
        "\\xi",
        "m",
        "n",
    }
)
LOSS_LETTERS = frozenset({"L", "J", "E", "\\mathcal{L}", "\\mathcal{J}", "\\mathcal{E}", "\\ell"})
"""Letters that stand for a loss whatever tag they carry: the loss at one time step is a number too."""
WEIGHTS = frozenset({"W", "U", "V", "Theta"})
VECTOR_LETTERS = frozenset("abhxyzotuvqkgrscw")
Shape = tuple[int, int]


class Misfit(Exception):
    """Two shapes that must be one are not."""


@dataclass
class Shapes:
    """Union-find over row and column axes; 0 is the single row or column. ``lead`` are the axes of indices written on vectors."""

    parent: list[int] = field(default_factory=lambda: [UNIT])
    of: dict[str, Shape] = field(default_factory=dict)
    lead: dict[str, tuple[int, ...]] = field(default_factory=dict)
    named: dict[str, int] = field(default_factory=dict)
    """The axes that the document names by their widths: ``m`` and ``n`` of ``W \\in \\mathbb{R}^{m \\times n}``."""

    def new(self) -> int:
        """A fresh axis."""
        self.parent.append(len(self.parent))
        return len(self.parent) - 1

    def find(self, axis: int) -> int:
        """The representative of an axis."""
        while self.parent[axis] != axis:
            axis = self.parent[axis]
        return axis

    def unify(self, a: int, b: int) -> None:
        """Make two axes one; raises Misfit where one is the single row and the other is not."""
        a, b = self.find(a), self.find(b)
        if a == b:
            return
        if UNIT in (a, b):
            raise Misfit("a vector where a matrix belongs")
        self.parent[max(a, b)] = min(a, b)

    def shape(self, key: str) -> Shape | None:
        """The shape of a symbol by representatives."""
        found = self.of.get(key)
        return None if found is None else (self.find(found[0]), self.find(found[1]))


def rank(key: str, declared: Mapping[str, tuple[str, ...]], matrices_about: bool) -> int:
    """How many axes a symbol seems to have: as declared, by its font, by its letter."""
    if key in declared:
        return len(declared[key])
    stem = key.split("_{", 1)[0].split("^{", 1)[0]
    if key in SCALAR_NAMES or stem in LOSS_LETTERS:
        return 0
    bold = "mathbf" in stem or "bm" in stem or "boldsymbol" in stem
    letter = stem.rstrip("}").rsplit("{", 1)[-1]
    plain = letter.lstrip("\\")
    if bold:
        return 2 if plain[:1].isupper() else 1
    if len(letter) == 1 and letter.isupper():
        return 2
    if matrices_about and (plain in VECTOR_LETTERS or plain in ("delta", "theta", "beta") or "vec" in stem):
        return 1
    return 0


def sums_to_number(definition: Defining, words: Lexicon) -> bool:
    r"""Whether a quantity without an index is a number because its definition sums over every index: ``R = \frac12 \sum_i (z_i - x_i)^2``.

    A symbol without an index in the body must not look like a vector or a matrix either.
    """
    body = definition.body
    if definition.written or definition.parameters:
        return False
    found = list(occurrences_in(body, words))
    plain = not any(isinstance(n, (Big, Matrix)) for n in walk(body))
    if found and plain and all(occ.written for occ in found) and not free_letters(body, words):
        return True  # single entries alone: A_{11} A_{22} - A_{12} A_{21}
    if not any(isinstance(n, Big) and n.lower is not None for n in walk(body)):
        return False
    if any(isinstance(n, Matrix) or (isinstance(n, Big) and n.lower is None) for n in walk(body)) or free_letters(body, words):
        return False
    return all(
        not occ.transposed and not is_bold(occ.key) and (occ.written or words.is_index(occ.key) or rank(occ.key, {}, False) == 0)
        for occ in occurrences_in(body, words)
    )


def ends_of_sums(contents: Iterable[Node], words: Lexicon) -> frozenset[str]:
    r"""The capitals that sums run up to, ``D`` of ``\sum_{i=1}^{D}``, which count; none that is transposed or has an index anywhere."""
    ends: set[str] = set()
    matrices: set[str] = set()
    for content in contents:
        for node in walk(content):
            if isinstance(node, Big) and node.operator == "sum" and isinstance(node.upper, Name) and len(node.upper.text) == 1:
                ends.add(node.upper.text)
        matrices |= {occ.key for occ in occurrences_in(content, words) if occ.transposed or occ.written}
    return frozenset(ends - matrices)


def is_matrix_definition(
    definition: Defining, words: Lexicon, declared: Mapping[str, tuple[str, ...]], numbers: frozenset[str] = frozenset()
) -> bool:
    """Whether a definition is written by position: it names a bold letter, a declared shape or a transpose, or multiplies by a capital
    letter that is not among the numbers.
    """
    if any(isinstance(node, Big) and node.lower is None for node in walk(definition.body)):
        return False
    if any(isinstance(node, Matrix) for node in walk(definition.body)):
        return True
    for occ in occurrences_in(definition.body, words):
        if occ.written and is_bold(occ.key) and not words.is_entry(occ):
            return True  # a vector for each sample
        if len(occ.written) == 1 and occ.key in words.slices.values():
            return True  # a row or column of a matrix
        if definition.written or occ.written or words.is_index(occ.key) or occ.key in numbers:
            continue
        if occ.transposed or declared.get(occ.key) or rank(occ.key, declared, False) > 0:
            return True
    return False


def is_bold(key: str) -> bool:
    """Whether a symbol is set in bold."""
    return any(font in key.split("_{", 1)[0] for font in ("mathbf", "bm", "boldsymbol"))


def indexed(node: Node, words: Lexicon) -> bool:
    """Whether a tree writes an index on some symbol, or a Σ without index."""
    for n in walk(node):
        if isinstance(n, Big) and n.lower is None:
            return True
        if isinstance(n, (Name, Scripted)):
            occ = occurrence(n, words)
            if occ is not None and occ.written:
                return True
    return False


def fitting_shapes(
    definitions: Iterable[Defining],
    words: Lexicon,
    declared: Mapping[str, tuple[str, ...]],
    stated: Mapping[str, tuple[str, ...]],
    lying: Mapping[str, bool],
    identities: bool = False,
) -> tuple[Shapes | None, list[Defining]]:
    """The shapes of definitions in matrix notation, and those of them that fit together.

    ``stated`` are the widths that the document states for a quantity, "1" for a single row or column; they hold
    unless more definitions fit without them, or two names would be one axis. Vectors are columns, or rows if more
    definitions fit so; those that ``lying`` speaks of are rows where it says True. With ``identities`` a lone I is an
    identity matrix. A definition that does not fit the ones before it is left out.
    """
    definitions = list(definitions)
    best: tuple[Shapes | None, list[Defining]] = (None, [])
    for widths, rows in ((stated, False), (stated, True), ({}, False), ({}, True)):
        state, kept = stated_shapes(widths, rows), []
        for definition in definitions:
            trial = Shapes(list(state.parent), dict(state.of), dict(state.lead), state.named)
            try:
                _Walker(trial, words, declared, rows, lying, identities).definition(definition)
            except Misfit:
                continue
            if len({trial.find(axis) for axis in trial.named.values()}) < len(trial.named):
                continue
            state = trial
            kept.append(definition)
        if len(kept) > len(best[1]):
            best = (state, kept)
        if len(kept) == len(definitions):
            break
    return best


def stated_shapes(stated: Mapping[str, tuple[str, ...]], rows: bool) -> Shapes:
    """The shapes that a document states: an axis for each name of a width, and one for each number."""
    state = Shapes()
    for key, widths in stated.items():
        axes = []
        for width in widths:
            if width == "1":
                axes.append(UNIT)
            elif width.isdigit():
                axes.append(state.new())
            else:
                axes.append(state.named.setdefault(width, len(state.parent)))
                if state.named[width] == len(state.parent):
                    state.new()
        match axes:
            case []:
                state.of[key] = (UNIT, UNIT)
            case [line]:
                state.of[key] = (UNIT, line) if rows else (line, UNIT)
            case [row, col]:
                state.of[key] = (row, col)
    return state


class _Walker:
    def __init__(
        self,
        state: Shapes,
        words: Lexicon,
        declared: Mapping[str, tuple[str, ...]],
        rows: bool,
        lying: Mapping[str, bool],
        identities: bool,
    ) -> None:
        self.state, self.words, self.declared, self.rows, self.lying, self.identities = state, words, declared, rows, lying, identities

    def definition(self, definition: Defining) -> None:
        self.letters: dict[str, int] = {}
        self.sliced = False
        self.lead(definition.key, definition.written)
        self.rename(definition)
        found = self.shape(definition.body)
        if definition.written and not is_bold(definition.key):
            self.same((UNIT, UNIT), found)
        if definition.key in self.state.of:
            self.same(self.state.of[definition.key], found)
        else:
            self.state.of[definition.key] = found

    def rename(self, definition: Defining) -> None:
        """Give a symbol of which nothing is known the shape of the quantity that it is another name of: X of ``a_0 = X``."""
        body = definition.body
        occ = occurrence(body, self.words) if isinstance(body, (Name, Scripted)) and not is_ones(body) else None
        plain = occ is not None and not (occ.written or occ.transposed or occ.exponent is not None or occ.primes)
        if occ is not None and plain and occ.key not in self.state.of and not definition.written and definition.key in self.state.of:
            self.state.of[occ.key] = self.state.of[definition.key]

    in_cell = False
    """Whether an entry of a matrix that is written out is walked: a plain letter there is a number."""
    weight_first = False
    """Whether the sum at hand has a product ``W X``: samples are then columns, and a vector beside it stands for a column."""

    def lead(self, key: str, written: tuple[Node, ...]) -> None:
        """The axes of the indices that a vector or a number is written with, one a sample."""
        if not written:
            return
        axes = []
        for n, term in enumerate(written):
            letter = letter_of(term) or f"{n}"
            axes.append(self.letters.setdefault(letter, self.state.new()))
        known = self.state.lead.setdefault(key, tuple(axes))
        if len(known) != len(axes):
            raise Misfit("another number of indices")
        for a, b in zip(known, axes, strict=True):
            self.state.unify(a, b)

    def same(self, a: Shape, b: Shape) -> None:
        """Two shapes made one, without spreading."""
        for one, other in zip(a, b, strict=True):
            self.state.unify(one, other)

    def symbol(self, node: Name | Scripted) -> Shape:
        if is_ones(node):
            row, col = (self.state.new() if along else UNIT for along in axes_of_ones(node))
            return (row, col)
        if is_identity(node) and self.identities:
            square = self.state.new()
            return (square, square)
        occ = occurrence(node, self.words)
        if occ is None:
            if not isinstance(node, Scripted):
                return (UNIT, UNIT)
            row, col = self.shape(node.base)
            flipped = isinstance(node.sup, Name) and node.sup.text in ("top", "T", "intercal")
            return (col, row) if flipped else (row, col)
        if self.words.is_entry(occ):
            self.declare(occ.key)
            return (UNIT, UNIT)
        if len(occ.written) == 1 and occ.key in self.words.slices.values():
            return self.slice(occ.key, occ.written[0])
        if occ.written and not is_bold(occ.key):
            return (UNIT, UNIT)
        self.lead(occ.key, occ.written)
        if occ.key == "e" or power_of_e(node) is not None:
            power = power_of_e(node)
            return self.shape(power) if power is not None else (UNIT, UNIT)
        self.declare(occ.key, occ.transposed)
        row, col = self.state.of[occ.key]
        return (col, row) if occ.transposed else (row, col)

    def samples(self) -> set[int]:
        """The axes that data have and no weight does; of inputs, where there are any."""
        axes: dict[str, set[int]] = {"inputs": set(), "targets": set(), "weights": set()}
        for key in self.state.of:
            stem = key.split("_{", 1)[0].split("^{", 1)[0].rstrip("}").rsplit("{", 1)[-1]
            kind = "inputs" if stem in ("X", "D") else "targets" if stem in ("Y", "T") else "weights" if stem in {*WEIGHTS, "b"} else ""
            axes.get(kind, set()).update(self.state.shape(key) or ())
        return (axes["inputs"] or axes["targets"]) - axes["weights"] - {UNIT}

    def slice(self, key: str, index: Node) -> Shape:
        """The row or column of a matrix for one sample, and the matrix itself where it is new; a number where nothing tells which."""
        samples = self.samples()
        if len(samples) != 1:
            return (UNIT, UNIT)
        along = samples.pop()
        by_column = any((shape := self.state.shape(other)) is not None and shape[1] == along for other in self.state.of)
        if key not in self.state.of:
            rest = self.state.new()
            self.state.of[key] = (rest, along) if by_column else (along, rest)
        row, col = (self.state.find(axis) for axis in self.state.of[key])
        if along not in (row, col):
            return (UNIT, UNIT)
        self.sliced = True
        if (letter := letter_of(index)) is not None:
            self.state.unify(self.letters.setdefault(letter, along), along)
        return (row, UNIT) if along == col else (UNIT, col)

    def declare(self, key: str, transposed: bool = False) -> None:
        """New axes for a symbol of which nothing is known, as many as it seems to have; what is transposed is no number."""
        if key in self.state.of:
            return
        axes = rank(key, self.declared, True)
        if transposed and axes == 0 and key not in self.declared and key[:1].isupper():
            axes = 2
        if axes == 0 or (self.in_cell and key not in self.declared and not is_bold(key)):
            self.state.of[key] = (UNIT, UNIT)
        elif axes == 1:
            line = self.state.new()
            self.state.of[key] = (UNIT, line) if self.lying.get(key, self.rows) else (line, UNIT)
        else:
            self.state.of[key] = (self.state.new(), self.state.new())

    def lay(self, terms: tuple[Node, ...], matrix: Shape) -> None:
        """Make a vector that is added to every row of a matrix a row."""
        row, col = (self.state.find(axis) for axis in matrix)
        if UNIT in (row, col) or row == col:
            return
        for term in terms:
            occ = occurrence(term, self.words) if isinstance(term, (Name, Scripted)) else None
            if occ is None or occ.written or occ.transposed or occ.key in self.lying:
                continue
            if self.state.shape(occ.key) == (col, UNIT):
                self.state.of[occ.key] = (UNIT, col)

    def numbers_beside_numbers(self, items: tuple[Node, ...]) -> None:
        """Take lone small letters of which nothing is known for numbers where what they multiply is a number: ``y \\log a``."""
        strangers = [item for item in items if self.is_plain_stranger(item)]
        known = [item for item in items if isinstance(item, Call)]
        if strangers and known and all(self.shape(item) == (UNIT, UNIT) for item in known):
            for item in strangers:
                occ = occurrence(item, self.words)
                assert occ is not None
                self.state.of[occ.key] = (UNIT, UNIT)

    def is_plain_stranger(self, node: Node) -> bool:
        """Whether a term is a lone small letter of which nothing is known yet."""
        occ = occurrence(node, self.words) if isinstance(node, (Name, Scripted)) else None
        if occ is None or occ.written or occ.transposed or occ.key in self.state.of or occ.key in self.declared or is_bold(occ.key):
            return False
        return rank(occ.key, self.declared, True) == 1

    def join(self, a: Shape, b: Shape) -> Shape:
        """The shape of two grids joined entry by entry; a scalar or a vector spreads over a matrix."""
        a, b = (self.state.find(a[0]), self.state.find(a[1])), (self.state.find(b[0]), self.state.find(b[1]))
        if (UNIT, UNIT) in (a, b):
            return b if a == (UNIT, UNIT) else a
        if (a[0] == UNIT) == (b[0] == UNIT) and (a[1] == UNIT) == (b[1] == UNIT):
            self.state.unify(a[0], b[0])
            self.state.unify(a[1], b[1])
            return a
        matrix, line = (a, b) if UNIT not in a else (b, a)
        if UNIT in matrix:
            raise Misfit("a row beside a column")
        along = line[0] if line[1] == UNIT else line[1]
        if self.state.find(along) not in (self.state.find(matrix[0]), self.state.find(matrix[1])):
            self.state.unify(along, matrix[0] if self.weight_first else matrix[1])
        return matrix

    def times(self, a: Shape, b: Shape, dotted: bool) -> Shape:
        a, b = (self.state.find(a[0]), self.state.find(a[1])), (self.state.find(b[0]), self.state.find(b[1]))
        if (UNIT, UNIT) in (a, b):
            return b if a == (UNIT, UNIT) else a
        if dotted and UNIT in a and UNIT in b and (a[0] == UNIT) == (b[0] == UNIT):
            self.state.unify(max(a), max(b))
            return (UNIT, UNIT)
        if (a[0] != UNIT != b[0] and a[1] == UNIT == b[1]) or (a[0] == UNIT == b[0] and a[1] != UNIT != b[1]):
            return self.join(a, b)  # two vectors of one shape side by side, entry by entry
        self.state.unify(a[1], b[0])
        return (a[0], b[1])

    def shape(self, node: Node) -> Shape:
        match node:
            case Name() | Scripted():
                return self.symbol(node)
            case Group(_, "||" | "|" | "<", body):
                self.shape(body)
                return (UNIT, UNIT)
            case Group(_, _, body) | Noted(_, body, _, _):
                return self.shape(body)
            case Added(_, _, terms):
                self.weight_first = any(has_weight_first(t) for t in terms)
                unknown = [t for t in terms if self.is_plain_stranger(t)]
                joined: Shape = (UNIT, UNIT)
                for term in terms:
                    if term not in unknown:
                        joined = self.join(joined, self.shape(term))
                for term in unknown:
                    if joined == (UNIT, UNIT) and len(unknown) < len(terms):  # a bias beside a number is a number
                        occ = occurrence(term, self.words)
                        assert occ is not None
                        self.state.of[occ.key] = (UNIT, UNIT)
                    joined = self.join(joined, self.shape(term))
                self.lay(terms, joined)
                return joined
            case Product(_, operator, left, right):
                a, b = self.shape(left), self.shape(right)
                if operator in ("odot", "circ", "ast", "/", "div"):
                    return self.join(a, b)
                return self.times(a, b, operator == "cdot")
            case Juxtaposed(_, items):
                self.numbers_beside_numbers(items)
                queue = list(items)
                out: Shape | None = None
                while queue:
                    item = queue.pop(0)
                    if queue and (condition := indicated(item, queue[0])) is not None:
                        queue.pop(0)
                        found = self.compared(condition)
                    elif queue and isinstance(queue[0], Group) and isinstance(item, (Name, Scripted)) and self.is_function(item):
                        found = self.called(item, self.shape(queue.pop(0)))
                    else:
                        found = self.shape(item)
                    out = found if out is None else self.times(out, found, False)
                return out or (UNIT, UNIT)
            case Fraction(_, a, b):
                return self.join(self.shape(a), self.shape(b))
            case Tuple(_, items):  # of max(0, Z)
                out = (UNIT, UNIT)
                for item in items:
                    out = self.join(out, self.shape(item))
                return out
            case Call(_, function, argument, _):
                return self.called(function, self.shape(argument))
            case Matrix(_, rows, _) if len({len(row) for row in rows}) == 1:
                outside, self.in_cell = self.in_cell, True
                for cell in (cell for row in rows for cell in row):
                    self.shape(cell)
                self.in_cell = outside
                return (UNIT if len(rows) == 1 else self.state.new(), UNIT if len(rows[0]) == 1 else self.state.new())
            case Big(_, _, _, _, body) if body is not None:
                return self.shape(body)
        return (UNIT, UNIT)

    def compared(self, condition: Chain) -> Shape:
        """The shape of an indicator: that of what its condition compares."""
        shapes = [self.shape(side) for side in condition.sides if side is not None]
        out: Shape = (UNIT, UNIT)
        for found in shapes:
            out = self.join(out, found)
        return out

    def called(self, function: Node, inner: Shape) -> Shape:
        """The shape of a function of a grid: of each entry, or of the whole for a trace, a diagonal and their kind."""
        name = function.base if isinstance(function, Scripted) else function
        row, col = self.state.find(inner[0]), self.state.find(inner[1])
        match name.text.lower() if isinstance(name, Name) else "":
            case "tr" | "trace" | "det":
                self.state.unify(row, col)
                return (UNIT, UNIT)
            case "diag" if (row == UNIT) != (col == UNIT):
                return (max(row, col), max(row, col))
        return inner

    def is_function(self, node: Node) -> bool:
        name = node.base if isinstance(node, Scripted) else node
        return isinstance(name, Name) and (
            function_name(name) is not None or name.text in ("sigma", "phi", "f", "g", "varphi", "varsigma", "diag", "tr", "Tr", "trace")
        )


def has_weight_first(term: Node) -> bool:
    """Whether a product begins with a weight and ends with something else: ``W X``."""
    factors = [f for f in _factors(term) if not isinstance(f, Group)]
    letters = [base.text for f in factors if isinstance(base := f.base if isinstance(f, Scripted) else f, Name)]
    return len(letters) >= 2 and letters[0] in WEIGHTS and letters[-1] not in WEIGHTS


def _factors(node: Node) -> list[Node]:
    match node:
        case Product(_, _, left, right):
            return _factors(left) + _factors(right)
        case Juxtaposed(_, items):
            return [f for item in items for f in _factors(item)]
    return [node]
