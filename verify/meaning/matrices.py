"""One side of a relation in matrix notation: products, transposes and sums by position, over the same tensors.

A value is a grid: an expression with at most one index for its rows and one for its columns. A vector is a column or a row, as the
document's definitions show; ``None`` stands for a single row or column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction as Rational
from functools import partial
from itertools import pairwise

from verify.kernel import expr as k
from verify.kernel.expr import Expr, Index
from verify.meaning.elaborate import Elaborator
from verify.meaning.functions import ELEMENTWISE, SIGMOID_LETTERS, extreme, function_name, indicator, power_of_e, raised
from verify.meaning.network import Network
from verify.meaning.patterns import pattern
from verify.meaning.slices import lies_along
from verify.meaning.surroundings import Clash, Surroundings, Undeclared, Unread, Value
from verify.meaning.symbols import COLUMN, ROW, Occurrence, axes_of_ones, is_identity, is_ones, letter_of, occurrence, places_of
from verify.reading.syntax import (
    Added,
    Big,
    Call,
    Cases,
    Chain,
    Derivative,
    Fraction,
    Group,
    Juxtaposed,
    Matrix,
    Nabla,
    Name,
    Node,
    Noted,
    Number,
    Product,
    Scripted,
    Tuple,
)
from verify.reading.traversal import below, walk

ENTRYWISE = frozenset({"odot", "circ", "ast"})
ARRAY_SUMS = frozenset({"np.sum", "numpy.sum", "torch.sum", "jnp.sum", "sum"})
PLAIN = frozenset({"cdot", "times", "*", ".", "", "bullet"})


ANY = "any"
"""The axis of ones, as long as what they meet."""


@dataclass(frozen=True)
class Grid:
    """An expression with the index of its rows and of its columns, None where there is one row or one column."""

    expr: Expr
    row: Index | None = None
    col: Index | None = None
    square: bool = False
    """Whether the rows and the columns are as many, though nothing says yet how many: an identity matrix."""

    @property
    def axes(self) -> tuple[str | None, str | None]:
        """The names of the row axis and of the column axis."""
        return (self.row.axis if self.row else None, self.col.axis if self.col else None)

    @property
    def is_scalar(self) -> bool:
        """Whether the grid has one entry."""
        return self.row is None and self.col is None

    def transposed(self) -> Grid:
        """The grid with rows and columns exchanged."""
        return Grid(self.expr, self.col, self.row)

    def met(self, row: str | None, col: str | None) -> Grid:
        """The grid with the axes of ones, which fit any, as those that they meet; its entries are the same along them."""
        if self.square:
            row = col = row if row not in (None, ANY) else col
        found = [
            Index(index.name, axis) if index is not None and index.axis == ANY and axis is not None else index
            for index, axis in ((self.row, row), (self.col, col))
        ]
        table = {a: b for a, b in ((self.row, found[0]), (self.col, found[1])) if a is not None and b is not None}
        return Grid(k.substitute(self.expr, table), found[0], found[1], self.square and found[0] == self.row)


def symbols_in(node: Node) -> Iterator[Node]:
    """The nodes of a tree without the letters that carry scripts and what is written below them: symbols, and what they stand in."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        if isinstance(top, Scripted) and isinstance(top.base, Name):
            stack.extend([top.sup] if top.sup is not None else [])
        else:
            stack.extend(reversed(below(top)))


def is_matrix_notation(node: Node, network: Network, slices: bool = True) -> bool:
    """Whether a side is written by position: it names a matrix or a vector without its indices, or a row or column of a matrix."""
    if not network.grids:
        return False
    for n in symbols_in(node):
        if is_ones(n) or isinstance(n, Matrix):
            return True
        if isinstance(n, (Name, Scripted)):
            occ = occurrence(n, network.words)
            key = network.aliases.get(occ.key, occ.key) if occ is not None else ""
            grid = network.grids.get(key, (None, None))
            lead = len(network.slots.get(key, ())) - sum(axis is not None for axis in grid)
            if occ is None or grid == (None, None):
                continue
            if len(occ.written) == lead or (slices and len(occ.written) == 1 and None not in grid):
                return True
    return False


class NoGrid(Unread):
    """A side has no rows and columns; it may have a meaning entry by entry."""


@dataclass
class MatrixElaborator:
    """Elaborates sides in matrix notation against a network. ``numerator_layout`` transposes derivatives of scalars by matrices."""

    net: Network
    around: Surroundings
    numerator_layout: bool = False
    turned: bool = False
    """Whether the rows of a matrix are written as columns, and its columns as rows."""
    serial: int = 0
    sliced: bool = field(init=False, default=False)
    """Whether a row or column of a matrix was met."""
    entries: Elaborator = field(init=False)

    def __post_init__(self) -> None:
        self.entries = Elaborator(self.net, self.around)

    def side(self, node: Node) -> Grid:
        """The grid of a whole side; raises Unread, Undeclared or Clash."""
        return self.grid(node)

    def fresh(self, axis: str) -> Index:
        self.serial += 1
        return Index(f"·{axis}~{self.serial}", axis)

    def grid(self, node: Node) -> Grid:
        """The grid of a node; raises Unread, Undeclared or Clash."""
        match node:
            case Number(_, text):
                return Grid(k.num(Rational(text)))
            case Name() | Scripted():
                return self.symbol(node)
            case Group(_, delimiter, body) if delimiter in ("(", "[", "{"):
                return self.grid(body)
            case Group(_, "|", body):
                inner = self.grid(body)
                return replace(inner, expr=ELEMENTWISE["abs"](inner.expr))
            case Group(_, "||", body):
                inner = self.grid(body)
                return Grid(k.power(self.summed(k.power(inner.expr, 2), inner), Rational(1, 2)))
            case Group(_, "<", Tuple(_, (one, other))):
                both = self.entrywise(self.grid(one), self.grid(other), k.mul)
                return Grid(self.summed(both.expr, both))
            case Juxtaposed() | Product():
                return self.product(node)
            case Fraction(_, Number(), Name(_, "e", "", ())) if "e" not in self.net.slots:
                return Grid(self.entries.value(node, None).expr)
            case Fraction(_, a, b):
                return self.quotient(a, b)
            case Added(_, signs, terms):
                return self.added(signs, [self.grid(t) for t in terms])
            case Call(_, function, argument, index):
                return self.call(function, argument, index)
            case Big():
                return self.big(node)
            case Derivative():
                return self.derivative(node)
            case Nabla(_, wrt, 1, body) if wrt is not None and body is not None:
                return self.derivative(Derivative(node.span, body, (wrt,)))
            case Noted(_, body, _, _):
                return self.grid(body)
            case Cases():
                return self.cases(node)
            case Matrix(_, rows, "[" | "(" | ""):
                return self.with_dots(rows)
        raise Unread(f"{type(node).__name__.lower()} is not understood in matrix notation")

    def with_dots(self, rows: tuple[tuple[Node, ...], ...]) -> Grid:
        """A matrix written out with dots, by its entry in general."""
        found = pattern(rows)
        if found is None:
            raise Unread("a matrix with dots whose pattern is not plain")
        letters = [ROW, COLUMN]
        self.entries.open(letters)
        try:
            cells = [self.grid(cell) if cell is not None else None for cell in (found.entry, found.diagonal)]
            axes = [(self.entries.bound[letter][-1][0], next(iter(self.entries.bound[letter][-1][1]), ANY)) for letter in letters]
        finally:
            self.entries.close(letters)
        if any(cell is not None and not cell.is_scalar for cell in cells):
            raise Unread("a matrix made of blocks")
        entry, diagonal = (cell.expr if cell is not None else None for cell in cells)
        row = Index(axes[0][0], axes[0][1]) if found.rows else None
        col = Index(axes[1][0], axes[1][1]) if found.columns else None
        if diagonal is not None and row is not None and col is not None:
            col = Index(col.name, row.axis)
            same = k.delta(row, col)
            rest = k.mul(k.sub(k.ONE, same), entry) if entry is not None else k.ZERO
            return Grid(k.add(k.mul(same, diagonal), rest), row, col)
        assert entry is not None
        return Grid(entry, row, col)

    def summed(self, expr: Expr, grid: Grid) -> Expr:
        return k.total(expr, *(i for i in (grid.row, grid.col) if i is not None))

    # -- symbols ----------------------------------------------------------------------------------------------------------------

    def ones(self, node: Node) -> Grid:
        """A vector or matrix of ones: how many there are follows from what it meets."""
        row, col = (self.fresh(ANY) if along else None for along in axes_of_ones(node))
        return Grid(k.ONE, row, col)

    def identity(self) -> Grid:
        """An identity matrix: how many rows it has follows from what it meets."""
        row, col = self.fresh(ANY), self.fresh(ANY)
        return Grid(k.Delta(row, col), row, col, True)

    def symbol(self, node: Name | Scripted) -> Grid:
        if is_ones(node):
            return self.ones(node)
        if is_identity(node) and not self.declares(node):
            return self.identity()
        occ = occurrence(node, self.net.words)
        if occ is None:
            assert isinstance(node, Scripted)
            return self.scripted(node)
        key = self.entries.resolve(occ.key)
        if (power := power_of_e(node)) is not None and not occ.transposed and "e" not in self.net.slots:
            inner = self.grid(power)
            return replace(inner, expr=k.Apply("exp", inner.expr))
        row_axis, col_axis = self.net.grids.get(key, (None, None))
        if len(occ.written) == 1 and row_axis and col_axis and len(self.net.slots[key]) == 2 and key not in self.net.failed:
            return self.raised(self.slice(key, occ, (row_axis, col_axis)), occ.exponent)
        lead = len(self.net.slots.get(key, ())) - sum(axis is not None for axis in self.net.grids.get(key, (None, None)))
        if len(occ.written) != lead or key not in self.net.grids or key in self.net.failed:
            bare = replace(node, sup=None) if occ.transposed and isinstance(node, Scripted) else node
            value = self.entries.symbol(bare, None)
            if value.implicit:
                raise Unread(f"{key} with some of its indices")
            return Grid(value.expr)
        if occ.primes:
            raise Unread("a prime on a matrix")
        row_axis, col_axis = self.net.grids[key]
        row = self.fresh(row_axis) if row_axis else None
        col = self.fresh(col_axis) if col_axis else None
        samples = tuple(self.entries.position(term, axis) for term, axis in zip(occ.written, self.net.slots[key], strict=False))
        grid = Grid(k.Tensor(key, samples + tuple(i for i in (row, col) if i is not None)), row, col)
        if occ.transposed:
            grid = grid.transposed()
        return self.raised(grid, occ.exponent)

    def slice(self, key: str, occ: Occurrence, axes: tuple[str, str]) -> Grid:
        """A row or a column of a matrix; a row is written as a column where the document's vectors are columns."""
        self.sliced = True
        term = occ.written[0]
        said = self.net.spoken.get((key, letter_of(term) or ""))
        known = self.entries.axis_of(term) or self.entries.counted.get(letter_of(term) or "")
        along = lies_along(letter_of(term), axes, known, self.net.samples, said)
        if along is None:
            raise Unread(f"{key} with one index: it is not said whether a row or a column is meant")
        position = self.entries.position(term, axes[along])
        rest = self.fresh(axes[1 - along])
        expr = k.Tensor(key, (position, rest) if along == 0 else (rest, position))
        by_row = (along == 0) is not self.turned
        grid = Grid(expr, None, rest) if by_row else Grid(expr, rest, None)
        return grid.transposed() if occ.transposed else grid

    def declares(self, node: Node) -> bool:
        """Whether the document declares a symbol."""
        occ = occurrence(node, self.net.words)
        return occ is not None and occ.key in self.net.slots

    def scripted(self, node: Scripted) -> Grid:
        base, sub, sup = node.base, node.sub, node.sup
        if node.primes:
            raise Unread("a prime on an expression")
        inner = self.grid(base)
        if sub is not None and not (isinstance(base, Group) and base.delimiter == "||"):
            inner = self.entry(inner, tuple(places_of(sub)))
        if isinstance(sup, Name) and sup.text in ("top", "intercal", "T", "prime", "t"):
            return inner.transposed()
        if isinstance(sup, Scripted) or (isinstance(sup, Group) and self.is_transpose(sup)):
            return inner.transposed()
        return self.raised(inner, sup)

    def entry(self, inner: Grid, places: tuple[Node, ...]) -> Grid:
        """``(AB)_{ij}`` and ``(Wx)_i``: an entry of an expression; ``(AB)_i`` with one index: a row, or a column, as for a matrix."""
        lines = [index for index in (inner.row, inner.col) if index is not None]
        if len(lines) == len(places):
            table = {index: self.entries.position(place, index.axis) for index, place in zip(lines, places, strict=True)}
            return Grid(k.substitute(inner.expr, table))
        if len(lines) != 2 or len(places) != 1:
            raise Unread("a subscript on an expression")
        axes = (lines[0].axis, lines[1].axis)
        known = self.entries.axis_of(places[0]) or self.entries.counted.get(letter_of(places[0]) or "")
        along = lies_along(letter_of(places[0]), axes, known, self.net.samples, None)
        if along is None:
            raise Unread("an expression with one index: it is not said whether a row or a column is meant")
        self.sliced = True
        expr = k.substitute(inner.expr, {lines[along]: self.entries.position(places[0], axes[along])})
        rest = lines[1 - along]
        return Grid(expr, None, rest) if (along == 0) is not self.turned else Grid(expr, rest, None)

    def is_transpose(self, node: Node) -> bool:
        return isinstance(node, Group) and isinstance(node.body, Name) and node.body.text in ("top", "T")

    def raised(self, base: Grid, exponent: Node | None) -> Grid:
        if exponent is None:
            return base
        if base.row is not None and base.col is not None:
            if base.row.axis == base.col.axis:
                raise Unread("a power of a square matrix")
            self.around.notes.append("a power of a matrix that is not square is read entry by entry")
        power = self.grid(exponent).expr
        if not isinstance(power, k.Num):
            raise Unread("a power that is not a number")
        if not base.is_scalar and power.value < 0:
            raise Unread("an inverse of a vector")
        return replace(base, expr=raised(base.expr, power.value))

    # -- products ---------------------------------------------------------------------------------------------------------------

    def product(self, node: Node) -> Grid:
        """Products from the left; ``AB ∘ C`` is ``(AB) ∘ C``."""
        if (chained := self.chain_rule(node)) is not None:
            return chained
        if isinstance(node, Product):
            if node.operator in ("/", "div"):
                return self.quotient(node.left, node.right)
            left, right = self.grid(node.left), self.grid(node.right)
            if node.operator in ENTRYWISE:
                return self.entrywise(left, right, k.mul)
            if node.operator == "otimes":
                return self.times(left if left.col is None else left.transposed(), right if right.row is None else right.transposed())
            if node.operator == "*" and left.axes == right.axes and not left.is_scalar:
                self.around.notes.append("a star between two arrays of one shape is read entry by entry")
                return self.entrywise(left, right, k.mul)
            if node.operator == "times" and left.axes == right.axes and None not in left.axes and left.axes[0] != left.axes[1]:
                self.around.notes.append("a cross between two arrays of one shape is read entry by entry")
                return self.entrywise(left, right, k.mul)
            if node.operator in PLAIN:
                return self.times(left, right, dotted=node.operator == "cdot")
            raise Unread(f"the product sign {node.operator}")
        grids = [self.grid(f) for f in self.entries.factors(node)]
        out = grids[0]
        for grid in grids[1:]:
            out = self.times(out, grid)
        return out

    def chain_rule(self, node: Node) -> Grid | None:
        """``∂L/∂A · ∂A/∂B`` of a scalar L: the derivative of A summed over A's entries, in the shape of B; None for any other product."""
        factors = self.entries.factors(node)
        links = [f for f in factors if isinstance(f, Derivative) and len(f.denominators) == 1 and f.order == 1 and not f.one_sided]
        if len(links) < 2 or len(links) != len(factors):
            return None
        if any(one.denominators[0] != other.numerator for one, other in pairwise(links)):
            return None
        top = links[0].numerator
        if top is None or not self.grid(top).is_scalar:
            return None
        shape = self.symbol_of(links[-1].denominators[0])
        value = self.entries.multiplied([self.entries.value(f, None) for f in links], frozenset(a for a in shape.axes if a is not None))
        table = {i: index for i in value.implicit for index in (shape.row, shape.col) if index is not None and index.axis == i.axis}
        if len(table) != len(value.implicit) or len(set(table.values())) != sum(axis is not None for axis in shape.axes):
            return None
        return Grid(k.substitute(value.expr, table), shape.row, shape.col)

    def times(self, left: Grid, right: Grid, dotted: bool = False) -> Grid:
        """The matrix product; a scalar scales; vectors of one shape with a dot between have an inner product."""
        if left.is_scalar or right.is_scalar:
            other = right if left.is_scalar else left
            return Grid(k.mul(left.expr, right.expr), other.row, other.col)
        if left.col is None and right.row is None:
            return Grid(k.mul(left.expr, right.expr), left.row, right.col)
        inner = {index.axis for index in (left.col, right.row) if index is not None}
        if inner == {ANY}:
            raise Unread("as many ones as nobody says")
        if ANY in inner:
            left, right = left.met(None, right.axes[0]), right.met(left.axes[1], None)
        if left.col is not None and right.row is not None and left.col.axis == right.row.axis:
            joined = k.substitute(right.expr, {right.row: left.col})
            return Grid(k.Sum(left.col, k.mul(left.expr, joined)), left.row, right.col)
        if dotted and left.axes == right.axes:
            both = self.entrywise(left, right, k.mul)
            if left.row is None or left.col is None:
                return Grid(self.summed(both.expr, both))
            self.around.notes.append("a dot between two matrices of one shape is read entry by entry")
            return both
        if left.axes == right.axes and (left.row is None or left.col is None):
            self.around.notes.append("two vectors of one shape side by side are read entry by entry")
            return self.entrywise(left, right, k.mul)
        raise Clash(f"{self.shown(left)} times {self.shown(right)} does not fit")

    def entrywise(self, left: Grid, right: Grid, join: Callable[[Expr, Expr], Expr]) -> Grid:
        """Two grids joined entry by entry; a scalar fits all, a vector fits the matrix side that has its axis."""
        if left.is_scalar or right.is_scalar:
            other = right if left.is_scalar else left
            return Grid(join(left.expr, right.expr), other.row, other.col)
        left = left.met(*right.axes)
        right = right.met(*left.axes)
        table: dict[Index, Index] = {}
        row, col = left.row, left.col
        if right.axes == left.axes:
            table = {b: a for a, b in ((left.row, right.row), (left.col, right.col)) if a is not None and b is not None}
        elif left.row is not None and left.col is not None and (right.row is None) != (right.col is None):
            line = right.row or right.col
            assert line is not None
            places = [i for i in (left.col, left.row) if i.axis == line.axis]
            if not places:
                raise Clash(f"{self.shown(left)} and {self.shown(right)} do not fit entry by entry")
            table = {line: places[0]}
        elif right.row is not None and right.col is not None and (left.row is None) != (left.col is None):
            return self.entrywise(right, left, lambda a, b: join(b, a))
        else:
            raise Clash(f"{self.shown(left)} and {self.shown(right)} do not fit entry by entry")
        return Grid(join(left.expr, k.substitute(right.expr, table)), row, col)

    def shown(self, grid: Grid) -> str:
        """The shape in the document's own words: ``[m × n]`` where it names the widths, else by the quantities that have them."""
        return f"[{' × '.join('1' if axis is None else self.length(axis) for axis in grid.axes)}]"

    def length(self, axis: str) -> str:
        """How the document calls the number of positions of an axis; else whose rows, columns or entries they are."""
        if axis == ANY:
            return "?"
        named = sorted(key for key, other in self.net.sizes.items() if other == axis)
        if named:
            return named[0]
        for key, (row, col) in self.net.grids.items():
            if axis in (row, col):
                single = None in (row, col)
                return f"{key}" if single else f"{key}.{'rows' if axis == row else 'columns'}"
        return axis

    def quotient(self, a: Node, b: Node) -> Grid:
        top, bottom = self.grid(a), self.grid(b)
        return self.entrywise(top, replace(bottom, expr=k.power(bottom.expr, -1)), k.mul)

    def added(self, signs: tuple[str, ...], grids: list[Grid]) -> Grid:
        out: Grid | None = None
        for sign, grid in zip(signs, grids, strict=True):
            if sign not in ("+", "-"):
                raise Unread("a sign that is both plus and minus")
            term = replace(grid, expr=k.neg(grid.expr)) if sign == "-" else grid
            out = term if out is None else self.entrywise(out, term, k.add)
        assert out is not None
        return out

    # -- functions, sums, derivatives ---------------------------------------------------------------------------------------------

    def call(self, function: Node, argument: Node, index: Node | None) -> Grid:
        pair = argument.body if isinstance(argument, Group) else None
        if isinstance(function, Name) and function.text in ("max", "min") and isinstance(pair, Tuple) and len(pair.items) == 2:
            return self.extremum(function.text, *(self.grid(item) for item in pair.items))
        if isinstance(function, Name) and function.text in ARRAY_SUMS and isinstance(pair, Tuple):
            return self.array_sum(self.grid(pair.items[0]), pair.items[1:])
        return self.called(function, self.grid(argument), index)

    def extremum(self, which: str, one: Grid, other: Grid) -> Grid:
        """The larger or smaller of two grids entry by entry; ``max(0, Z)`` is the ReLU."""
        return self.entrywise(one, other, partial(extreme, which))

    def array_sum(self, inner: Grid, options: tuple[Node, ...]) -> Grid:
        """``np.sum(Z, axis=1)``: over the columns for axis 1, over the rows for axis 0."""
        axis = None
        for option in options:
            if not isinstance(option, Chain) or option.first is None or len(option.links) != 1:
                raise Unread("an option of a sum")
            word = "".join(n.text for n in walk(option.first) if isinstance(n, Name))
            value = option.links[0].right
            if word == "axis" and isinstance(value, Number):
                axis = value.text
        gone = {None: (inner.row, inner.col), "0": (inner.row,), "1": (inner.col,)}.get(axis)
        if gone is None:
            raise Unread("an axis that a matrix does not have")
        kept = [index if index not in gone else None for index in (inner.row, inner.col)]
        return Grid(k.total(inner.expr, *(index for index in gone if index is not None)), kept[0], kept[1])

    def called(self, function: Node, inner: Grid, index: Node | None) -> Grid:
        """A function of a grid: of each entry, or of the whole where the function says so."""
        name = function.base if isinstance(function, Scripted) else function
        if not isinstance(name, Name):
            raise Unread("a function that is not a name")
        known = function_name(name)
        primes = function.primes if isinstance(function, Scripted) else 0
        exponent = function.sup if isinstance(function, Scripted) else None
        occ = occurrence(function, self.net.words)
        key = self.entries.resolve(occ.key) if occ is not None else ""
        if known == "softmax":
            return self.softmax(inner)
        if self.entries.is_unknown_function(name, key):
            order = self.entries.order_of(function)
            return self.raised(replace(inner, expr=k.Apply(key, inner.expr, order)), exponent)
        if key in self.net.functions and len(self.net.functions[key][0]) == 1:
            value = self.entries.applied_function(key, [Value(inner.expr)], primes)
            return self.raised(replace(inner, expr=value.expr), exponent)
        if known is None and name.text not in SIGMOID_LETTERS:
            match name.text.lower():
                case "tr" | "trace":
                    if inner.row is None or inner.col is None or inner.row.axis != inner.col.axis:
                        raise Clash("a trace of something that is not square")
                    return Grid(k.Sum(inner.row, k.substitute(inner.expr, {inner.col: inner.row})))
                case "sum":
                    return Grid(self.summed(inner.expr, inner))
                case "diag" if (inner.row is None) != (inner.col is None):
                    line = inner.row or inner.col
                    assert line is not None
                    twin = self.fresh(line.axis)
                    return Grid(k.mul(k.Delta(line, twin), inner.expr), line, twin)
                case "diag" if inner.is_scalar:
                    raise Clash("a diagonal matrix of one number")
            raise Unread(f"the function {name.text}")
        if primes:
            value = self.entries.function_derivative(ELEMENTWISE[known or "sigmoid"], Value(inner.expr), primes)
            return self.raised(replace(inner, expr=value.expr), exponent)
        return self.raised(replace(inner, expr=ELEMENTWISE[known or "sigmoid"](inner.expr)), exponent)

    def softmax(self, inner: Grid) -> Grid:
        """Softmax along a vector; of a matrix along the axis that is not the samples'."""
        if inner.row is not None and inner.col is not None:
            along = inner.row if inner.col.axis in self.net.samples else inner.col
        else:
            line = inner.row or inner.col
            if line is None:
                raise Unread("softmax of a scalar")
            along = line
        m = self.fresh(along.axis)
        below = k.Sum(m, k.Apply("exp", k.substitute(inner.expr, {along: m})))
        return replace(inner, expr=k.div(k.Apply("exp", inner.expr), below))

    def big(self, node: Big) -> Grid:
        if node.operator != "sum" or node.body is None:
            raise Unread(f"the operator {node.operator} in matrix notation")
        letters, excluded = self.entries.bounds(node)
        if not letters:
            inner = self.grid(node.body)
            return self.bare_sum(inner)
        self.entries.open(letters, node.upper)
        try:
            inner = self.grid(node.body)
            found = self.entries.opened(letters)
            kept = [indicator(self.entries.index_condition(term)) for term in excluded]
        finally:
            self.entries.close(letters)
        above = occurrence(node.upper, self.net.words) if isinstance(node.upper, (Name, Scripted)) else None
        if above is not None and len(found) == 1:
            self.around.widths.setdefault(above.key, found[0].axis)
        return replace(inner, expr=k.total(k.mul(*kept, inner.expr), *found))

    def bare_sum(self, inner: Grid) -> Grid:
        """A Σ without index: over the one axis of a matrix that the target lacks where it has the other one, else over every entry."""
        kept = [index for index in (inner.row, inner.col) if index is not None and index.axis in (self.around.target or ())]
        if None in inner.axes or len(kept) != 1:
            return Grid(self.summed(inner.expr, inner))
        over = inner.col if kept[0] is inner.row else inner.row
        assert over is not None
        total = k.Sum(over, inner.expr)
        return Grid(total, kept[0], None) if kept[0] is inner.row else Grid(total, None, kept[0])

    def derivative(self, node: Derivative) -> Grid:
        """``∂A/∂B`` of a scalar has B's shape; of a vector by a vector, A's axis by rows and B's by columns."""
        if node.numerator is None or node.one_sided or node.order != 1 or len(node.denominators) != 1:
            raise Unread("a derivative of this form in matrix notation")
        top = self.grid(node.numerator)
        below = self.symbol_of(node.denominators[0])
        if not isinstance(below.expr, k.Tensor):
            raise Unread("a derivative by something that is not a quantity")
        expr = k.Derivative(top.expr, below.expr)
        if top.is_scalar:
            return Grid(expr, below.col, below.row) if self.numerator_layout else Grid(expr, below.row, below.col)
        if below.is_scalar:
            return Grid(expr, top.row, top.col)
        one, other = top.row or top.col, below.row or below.col
        if (top.row is not None and top.col is not None) or (below.row is not None and below.col is not None):
            raise NoGrid("a derivative of a matrix by a matrix")
        return Grid(expr, other, one) if self.net.jacobian_by_columns else Grid(expr, one, other)

    def symbol_of(self, node: Node) -> Grid:
        while isinstance(node, Group):
            node = node.body
        if isinstance(node, (Name, Scripted)):
            return self.symbol(node)
        raise Unread("a derivative by something that is not a quantity")

    def step(self, node: Cases) -> Grid:
        """1 or 0 by the sign of each entry: ``1[Z > 0]``; raises Unread for cases of matrices of another form."""
        values = [row.value.text if isinstance(row.value, Number) else "" for row in node.rows]
        condition = node.rows[0].condition
        if values != ["1", "0"] or node.rows[1].condition is not None or not isinstance(condition, Chain):
            raise Unread("cases of a matrix")
        link = condition.links[0]
        if condition.first is None or link.right is None or link.relation not in (">", ">=", "<", "<="):
            raise Unread("cases of a matrix")
        gap = self.added(("+", "-"), [self.grid(condition.first), self.grid(link.right)])
        return replace(gap, expr=k.Step(gap.expr if link.relation in (">", ">=") else k.neg(gap.expr)))

    def cases(self, node: Cases) -> Grid:
        if any(is_matrix_notation(side, self.net) for side in _compared(node)):
            return self.step(node)
        try:
            value = self.entries.value(node, None)
        except Unread:
            return self.step(node)
        return self.step(node) if value.implicit else Grid(value.expr)


def _compared(node: Cases) -> list[Node]:
    """What the conditions of cases compare."""
    conditions = [row.condition for row in node.rows if isinstance(row.condition, Chain)]
    return [side for c in conditions for side in c.sides if side is not None]


__all__ = ["Clash", "Grid", "MatrixElaborator", "Undeclared", "Unread", "is_matrix_notation"]
