"""Matrices written out by entries: a side as a table of numbers, at the sizes that the document writes.

A named matrix becomes a table where the document says how many rows and columns it has. Two tables are equal entry by entry; a claim about
them holds at these sizes and is not made for others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from verify.kernel import expr as k
from verify.kernel.expr import Expr, Index
from verify.meaning.entries import LARGEST, cells_of, is_pattern, is_transpose
from verify.meaning.matrices import ENTRYWISE, PLAIN, Grid, MatrixElaborator
from verify.meaning.surroundings import Clash, Unread
from verify.reading.syntax import Added, Call, Fraction, Group, Juxtaposed, Matrix, Node, Noted, Product, Scripted
from verify.reading.traversal import classes, walk


@dataclass(frozen=True)
class Table:
    """The entries of a matrix, row by row."""

    rows: tuple[tuple[Expr, ...], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and of columns."""
        return len(self.rows), len(self.rows[0])

    def transposed(self) -> Table:
        """The table with rows and columns exchanged."""
        return Table(tuple(zip(*self.rows, strict=True)))

    def mapped(self, change: Callable[[Expr], Expr]) -> Table:
        """The table with every entry changed."""
        return Table(tuple(tuple(change(entry) for entry in row) for row in self.rows))


def is_written_out(node: Node) -> bool:
    """Whether a side writes a matrix out in full, without dots."""
    return Matrix in classes(node) and not any(is_pattern(n.rows) for n in walk(node) if isinstance(n, Matrix))


def axis_of(size: int) -> str:
    """The name of the axis that the rows or columns of a table of that size run along."""
    return f"#{size}"


def folded(table: Table) -> tuple[Expr, tuple[Index | None, Index | None]]:
    """A table as one expression over the index of its rows and of its columns (None for a single one)."""
    height, width = table.shape
    row = Index("·row", axis_of(height)) if height > 1 else None
    col = Index("·col", axis_of(width)) if width > 1 else None
    return at(table, row, col), (row, col)


def at(table: Table, row: Index | None, col: Index | None) -> Expr:
    """The entry of a table at an index of its rows and one of its columns."""
    terms = []
    for r, line in enumerate(table.rows):
        for c, entry in enumerate(line):
            place = [k.delta(index, n) for index, n in ((row, r), (col, c)) if index is not None]
            terms.append(k.mul(*place, entry))
    return k.add(*terms)


class TableElaborator:
    """Elaborates sides with matrices that are written out; ``sizes`` are the widths of the network's axes."""

    def __init__(self, matrices: MatrixElaborator, sizes: dict[str, int]) -> None:
        self.matrices, self.sizes = matrices, sizes

    def table(self, node: Node) -> Table:
        """The table of a node; raises Unread, Undeclared or Clash."""
        if not any(isinstance(n, Matrix) for n in walk(node)):
            return self.concrete(self.matrices.grid(node))
        match node:
            case Matrix(_, rows, delimiter):
                if delimiter in ("|", "||") or is_pattern(rows):
                    raise Unread("a determinant" if delimiter == "|" else "a matrix with dots among its entries")
                return self.written(rows)
            case Group(_, "(" | "[" | "{" | "", body) | Noted(_, body, _, _):
                return self.table(body)
            case Scripted(_, base, None, sup, 0) if is_transpose(sup):
                return self.table(base).transposed()
            case Added(_, signs, terms):
                if any(sign not in ("+", "-") for sign in signs):
                    raise Unread("a sign that is both plus and minus")
                tables = [self.table(t) for t in terms]
                signed = [t.mapped(k.neg) if sign == "-" else t for sign, t in zip(signs, tables, strict=True)]
                out = signed[0]
                for term in signed[1:]:
                    out = self.joined(out, term, k.add)
                return out
            case Product(_, operator, left, right):
                return self.product(operator, self.table(left), self.table(right))
            case Juxtaposed():
                factors = [self.table(f) for f in self.matrices.entries.factors(node)]
                out = factors[0]
                for factor in factors[1:]:
                    out = self.times(out, factor)
                return out
            case Fraction(_, above, below):
                return self.joined(self.table(above), self.table(below), k.div)
            case Call(_, function, argument, index):
                return self.applied(self.table(argument), lambda grid: self.matrices.called(function, grid, index))
        raise Unread(f"{type(node).__name__.lower()} of a matrix that is written out")

    def written(self, rows: tuple[tuple[Node, ...], ...]) -> Table:
        """The table of a matrix whose entries are numbers."""
        if len({len(row) for row in rows}) != 1:
            raise Unread("a matrix whose rows have different lengths")
        if len(rows) > LARGEST or len(rows[0]) > LARGEST:
            raise Unread("a matrix of that size")
        grids = [[self.matrices.grid(cell) for cell in row] for row in rows]
        if not all(grid.is_scalar for row in grids for grid in row):
            raise Unread("a matrix made of blocks")
        return Table(tuple(tuple(grid.expr for grid in row) for row in grids))

    def concrete(self, grid: Grid) -> Table:
        """A grid at the sizes of its axes; raises Unread where the document does not say them."""
        spans = []
        for index in (grid.row, grid.col):
            if index is not None and self.sizes.get(index.axis, LARGEST + 1) > LARGEST:
                raise Unread(f"the document does not write out how many entries there are along {index.axis}")
            spans.append(self.sizes[index.axis] if index is not None else 1)

        def entry(r: int, c: int) -> Expr:
            places = ((grid.row, r), (grid.col, c))
            return k.substitute(grid.expr, {index: n for index, n in places if index is not None})

        return Table(tuple(tuple(entry(r, c) for c in range(spans[1])) for r in range(spans[0])))

    # -- operations -----------------------------------------------------------------------------------------------------------------

    def product(self, operator: str, left: Table, right: Table) -> Table:
        """Two tables with a product sign between."""
        if operator in ("/", "div"):
            return self.joined(left, right, k.div)
        if operator in ENTRYWISE:
            return self.joined(left, right, k.mul)
        fits, same = left.shape[1] == right.shape[0], left.shape == right.shape
        if operator == "otimes" and left.shape[1] == 1 and right.shape[1] == 1:
            return self.times(left, right.transposed())
        if operator not in PLAIN:
            raise Unread(f"the product sign {operator}")
        if operator == "cdot" and same and not fits and 1 in left.shape:
            return self.times(left, right.transposed()) if left.shape[0] == 1 else self.times(left.transposed(), right)
        if operator == "*" and same and left.shape != (1, 1):
            if fits:
                raise Unread("a star between two square matrices: a matrix product, or one entry by entry")
            return self.joined(left, right, k.mul)
        return self.times(left, right)

    def times(self, left: Table, right: Table) -> Table:
        """The matrix product; a number scales."""
        for one, other in ((left, right), (right, left)):
            if one.shape == (1, 1):
                return other.mapped(partial(k.mul, one.rows[0][0]))
        if left.shape[1] != right.shape[0]:
            raise Clash(f"a {shown(left)} matrix times a {shown(right)} one")
        columns = list(zip(*right.rows, strict=True))
        rows = tuple(
            tuple(k.add(*(k.mul(a, b) for a, b in zip(row, column, strict=True))) for column in columns) for row in left.rows
        )
        return Table(rows)

    def joined(self, left: Table, right: Table, join: Callable[[Expr, Expr], Expr]) -> Table:
        """Two tables joined entry by entry; a number fits all, a row or a column fits a matrix of that width or height."""
        (a, b), (c, d) = left.shape, right.shape
        numbers = (1, 1) in (left.shape, right.shape)
        lines = 1 in left.shape and 1 in right.shape and left.shape != right.shape
        if not (a == c or 1 in (a, c)) or not (b == d or 1 in (b, d)) or (lines and not numbers):
            raise Clash(f"a {shown(left)} matrix and a {shown(right)} one do not fit entry by entry")
        height, width = max(a, c), max(b, d)
        one, other = spread(left, height, width), spread(right, height, width)
        return Table(tuple(tuple(join(x, y) for x, y in zip(p, q, strict=True)) for p, q in zip(one, other, strict=True)))

    def applied(self, inner: Table, function: Callable[[Grid], Grid]) -> Table:
        """A function of a table: of each entry, or of the whole where the function says so."""
        expr, (row, col) = folded(inner)
        out = function(Grid(expr, row, col))
        sizes = {**self.sizes, **{index.axis: n for index, n in zip((row, col), inner.shape, strict=True) if index is not None}}
        return TableElaborator(self.matrices, sizes).concrete(out)


def spread(table: Table, height: int, width: int) -> list[list[Expr]]:
    """The entries of a table, a single row or column repeated."""
    rows, columns = table.shape
    return [[table.rows[r if rows > 1 else 0][c if columns > 1 else 0] for c in range(width)] for r in range(height)]


def shown(table: Table) -> str:
    """The shape of a table in words: ``3×2``."""
    return f"{table.shape[0]}×{table.shape[1]}"


def aligned(left: Table, right: Table) -> tuple[Expr, Expr, dict[str, int]]:
    """Both tables as expressions over the same indices, and the widths of these; raises Unread or Clash."""
    if left.shape != right.shape:
        if 1 in left.shape + right.shape and left.shape[0] * left.shape[1] == right.shape[0] * right.shape[1]:
            raise Unread(f"a {shown(left)} matrix beside a {shown(right)} one: a matrix read as a column is not understood")
        raise Clash(f"the left side is {shown(left)}, the right side {shown(right)}")
    (one, axes), (other, _) = folded(left), folded(right)
    return one, other, {index.axis: n for index, n in zip(axes, left.shape, strict=True) if index is not None}


__all__ = ["Table", "TableElaborator", "aligned", "at", "cells_of", "folded", "is_written_out"]
