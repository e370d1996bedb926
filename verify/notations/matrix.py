"""Matrix notation: products by position, transposes, entry-by-entry products, outer products, diagonals and vectors of ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import permutations

from verify.kernel.expr import (
    Add,
    Apply,
    Delta,
    Derivative,
    Expr,
    Index,
    Mul,
    Num,
    Pi,
    Pow,
    Prod,
    Size,
    Step,
    Sum,
    Tensor,
    add,
    fresh,
    mul,
    num,
    substitute,
)
from verify.notations.page import Page, Unsayable, diagonal, tensor_name
from verify.notations.printer import (
    SUM,
    Softmax,
    added,
    function_name,
    number,
    over,
    plain_name,
    product_of,
    quotient,
    relu_argument,
    with_softmax,
    wrapped,
)

Side = Index | None
"""What runs along the rows, or along the columns, of a grid: an index, or nothing where there is a single one."""
ONES, UNIT = r"\mathbf{1}", "I"
ENTRYWISE, PRODUCT, FACTOR = 1, 2, 3
"""What an expression stands in, beside a sum (0): a product entry by entry, a matrix product, or a place where only one factor fits."""


def sides(page: Page, exprs: Sequence[Expr]) -> tuple[str, ...] | Unsayable:
    """The expressions as scalars, vectors or matrices of one shape, or why they cannot be said so.

    A vector is a column, on a page with rows a row. Of the two ways round a matrix the shorter to write is taken.
    """
    try:
        free = sorted(frozenset[Index]().union(*(e.free for e in exprs)))
        if len(free) > 2:
            raise Unsayable(f"{len(free)} axes, and a matrix has two")
        bare = [with_softmax(without_deltas(expr)) for expr in exprs]
        printer = _Matrices(page)
        if len(free) == 1 and any(_is_diagonal(expr) for expr in bare):
            return tuple(printer.diagonal_side(expr, free[0]) for expr in bare)
        found: list[tuple[str, ...]] = []
        reason = Unsayable("")
        for row, col in printer.orientations(free):
            try:
                found.append(tuple(printer.side(expr, row, col) for expr in bare))
            except Unsayable as why:
                reason = why
        if not found:
            raise reason
        return min(found, key=lambda texts: (texts[0].endswith(r"^\top"), len("".join(texts))))
    except Unsayable as reason:
        return reason


def _is_diagonal(expr: Expr) -> bool:
    return isinstance(expr, Derivative) and diagonal(expr) and len(expr.free) == 1


def without_deltas(expr: Expr) -> Expr:
    """The same expression with sums over a Kronecker delta carried out, products opened that have one in a sum, numbers before sums."""
    here = over(expr, without_deltas)
    match here:
        case Mul(factors):
            for n, factor in enumerate(factors):
                if isinstance(factor, Add) and any(_has_delta(t) for t in factor.terms):
                    rest = factors[:n] + factors[n + 1 :]
                    return add(*(without_deltas(mul(*rest, term)) for term in factor.terms))
        case Sum(index, Add(terms)) if any(_has_delta(t) for t in terms):
            return add(*(without_deltas(Sum(index, t)) for t in terms))
        case Sum(index, body):
            factors = body.factors if isinstance(body, Mul) else (body,)
            for n, factor in enumerate(factors):
                if isinstance(factor, Delta) and index in factor.free and factor.left != factor.right:
                    other = factor.right if factor.left == index else factor.left
                    return substitute(mul(*factors[:n], *factors[n + 1 :]), {index: other})
            numbers = [f for f in factors if isinstance(f, Num)]
            if numbers:
                return mul(*numbers, Sum(index, product_of([f for f in factors if not isinstance(f, Num)])))
    return here


def _has_delta(term: Expr) -> bool:
    return isinstance(term, Delta) or (isinstance(term, Mul) and any(isinstance(f, Delta) for f in term.factors))


class _Matrices:
    def __init__(self, page: Page) -> None:
        self.page = page

    def orientations(self, free: Sequence[Index]) -> list[tuple[Side, Side]]:
        """The ways in which the free indices can run: rows and columns."""
        match free:
            case []:
                return [(None, None)]
            case [index]:
                return [(None, index)] if self.page.rows else [(index, None)]
        return [(free[0], free[1]), (free[1], free[0])]

    def side(self, expr: Expr, row: Side, col: Side) -> str:
        """A whole side; a number other than 0 that stands for a vector gets a vector of ones."""
        if not expr.free and (row or col) and expr != num(0):
            return self.spread(expr, row, col, SUM)
        return self.grid(expr, row, col, SUM)

    def diagonal_side(self, expr: Expr, index: Index) -> str:
        """A side of a relation about the diagonal of an elementwise Jacobian: the Jacobian, or a diagonal matrix."""
        if isinstance(expr, Derivative):
            wrt = replace(expr.wrt, indices=tuple(_twin(i) if i == index else i for i in expr.wrt.indices))
            return self.derivative(Derivative(expr.body, wrt), index, _twin(index))
        if not expr.free:
            return self.text_times(expr, UNIT)
        return rf"\operatorname{{diag}}\left({self.grid(expr, *self.orientations([index])[0], SUM)}\right)"

    def text_times(self, scalar: Expr, text: str) -> str:
        """A number times what is written so."""
        return text if scalar == num(1) else f"{self.grid(scalar, None, None, PRODUCT)} {text}"

    def spread(self, expr: Expr, row: Side, col: Side, level: int) -> str:
        """What lacks one of two directions, times ones along it."""
        here = [i if i in expr.free else None for i in (row, col)]
        ones = [rf"{ONES}" if row and not here[0] else "", rf"{ONES}^\top" if col and not here[1] else ""]
        if not expr.free:
            return wrapped(self.text_times(expr, " ".join(o for o in ones if o)), level, PRODUCT)
        inner = self.grid(expr, here[0], here[1], FACTOR)
        return wrapped(" ".join(t for t in (ones[0], inner, ones[1]) if t), level, PRODUCT)

    def grid(self, expr: Expr, row: Side, col: Side, level: int) -> str:
        """The matrix whose entry at row and col is the expression; a number spreads over all entries."""
        if not expr.free:
            row = col = None
        elif expr.free < {i for i in (row, col) if i is not None}:
            return self.spread(expr, row, col, level)
        scalar = row is None and col is None
        match expr:
            case Num(value):
                return number(value, level)
            case Pi():
                return r"\pi"
            case Size(axis):
                return self.page.widths.get(axis) or rf"\lvert {axis} \rvert"
            case Tensor():
                return self.tensor(expr, row, col)
            case Delta():
                return UNIT
            case Add(terms):
                return wrapped(added(terms, lambda e, at: self.grid(e, row, col, at)), level, SUM)
            case Mul():
                inner = relu_argument(expr)
                if inner is not None:
                    return self.call(r"\text{ReLU}", inner, row, col)
                return self.contraction((), expr.factors, row, col, level)
            case Sum():
                bound, body = _sums(expr)
                return self.contraction(bound, body.factors if isinstance(body, Mul) else (body,), row, col, level)
            case Pow(base, exponent):
                return self.power(base, exponent, row, col, level, scalar)
            case Step(argument):
                return rf"\mathbf{{1}}[{self.grid(argument, row, col, SUM)} > 0]"
            case Apply("exp", argument, 0):
                return f"e^{{{self.grid(argument, row, col, SUM)}}}"
            case Apply(function, argument, order):
                return self.call(function_name(function) + "'" * order, argument, row, col)
            case Softmax(argument, along):
                if row is not None and col is not None and along != col:
                    return self.call(r"\text{softmax}", argument, col, row) + r"^\top"
                return self.call(r"\text{softmax}", argument, row, col)
            case Derivative():
                return self.derivative(expr, row, col)
            case Prod():
                raise Unsayable("a product over an axis")
        raise Unsayable(f"there is no matrix notation for {type(expr).__name__}")

    def call(self, name: str, argument: Expr, row: Side, col: Side) -> str:
        return rf"{name}\left({self.grid(argument, row, col, SUM)}\right)"

    def own(self, expr: Tensor) -> tuple[Side, Side]:
        """How a tensor's own rows and columns run."""
        name = tensor_name(expr.name)
        indices = [i for i in expr.indices if isinstance(i, Index)]
        if len(indices) < len(expr.indices):
            raise Unsayable(f"one position of {name}")
        if len({*indices}) < len(indices):
            raise Unsayable(f"the diagonal of {name}")
        match indices:
            case []:
                return None, None
            case [only]:
                return (None, only) if self.page.rows else (only, None)
            case [first, second]:
                return first, second
        raise Unsayable(f"{name} has {len(indices)} axes, and a matrix has two")

    def tensor(self, expr: Tensor, row: Side, col: Side) -> str:
        name = plain_name(expr)
        if self.own(expr) == (row, col):
            return name
        return rf"{{{name}}}^\top" if "^" in name else rf"{name}^\top"

    def power(self, base: Expr, exponent: Fraction, row: Side, col: Side, level: int, scalar: bool) -> str:
        if exponent < 0:
            below = base if exponent == -1 else Pow(base, -exponent)
            return rf"\frac{{1}}{{{self.grid(below, row, col, SUM)}}}"
        if exponent == Fraction(1, 2):
            return rf"\sqrt{{{self.grid(base, row, col, SUM)}}}"
        inner = self.grid(base, row, col, FACTOR)
        plain = isinstance(base, (Tensor, Size)) and "^" not in inner
        if scalar or (exponent.denominator == 1 and exponent > 3) or exponent.denominator > 1:
            if row is not None and col is not None and row.axis == col.axis:
                raise Unsayable("a power of the entries of a square matrix")
            text = inner if plain else rf"\left({self.grid(base, row, col, SUM)}\right)"
            return f"{text}^{{{exponent}}}"
        return wrapped(r" \odot ".join([inner] * int(exponent)), level, ENTRYWISE)

    def derivative(self, expr: Derivative, row: Side, col: Side) -> str:
        if diagonal(expr):
            raise Unsayable("one entry of a Jacobian")
        own = self.own(expr.wrt)
        over, under = sorted(expr.body.free), [i for i in own if i is not None]
        if over and under:
            if len(over) > 1 or len(under) > 1:
                raise Unsayable("a derivative with more than two axes")
            own = over[0], under[0]
        elif over:
            own = self.orientations(over)[0]
        above = self.grid(expr.body, *self.orientations(over)[0], FACTOR)
        text = rf"\frac{{\partial {above}}}{{\partial {plain_name(expr.wrt)}}}"
        return text if own == (row, col) else rf"\left({text}\right)^\top"

    def contraction(self, bound: Sequence[Index], factors: Sequence[Expr], row: Side, col: Side, level: int) -> str:
        """A product of factors, summed over the bound indices: the shortest way through products of what has at most two axes."""
        if len(bound) <= 1:
            return self.product(bound[0] if bound else None, factors, row, col, level)
        found: list[str] = []
        reason = Unsayable("")
        for order in permutations(bound):
            blocks = list(factors)
            try:
                for index in order[:-1]:
                    touched = [f for f in blocks if index in f.free]
                    block = Sum(index, product_of(touched)) if touched else Size(index.axis)
                    if len(block.free) > 2:
                        raise Unsayable("a product with three axes")
                    blocks = [*(f for f in blocks if index not in f.free), block]
                found.append(self.product(order[-1], blocks, row, col, level))
            except Unsayable as why:
                reason = why
        if not found:
            raise reason
        return min(found, key=len)

    def product(self, k: Index | None, factors: Sequence[Expr], row: Side, col: Side, level: int) -> str:
        """A product of factors with at most two axes each, summed over one index or none."""
        groups: dict[frozenset[Index], list[Expr]] = {}
        for factor in factors:
            groups.setdefault(factor.free, []).append(factor)

        def group(*indices: Side) -> list[Expr]:
            wanted = [i for i in indices if i is not None]
            return groups.pop(frozenset(wanted), []) if len(wanted) == len(indices) else []

        scalars = groups.pop(frozenset(), [])
        alone = sum(map(len, groups.values())) == 1
        columns = self.operands(group(row), row, None, alone)
        lines = self.operands(group(col), None, col, alone)
        grids = self.operands(group(row, col), row, col, alone)
        left, right, middle = group(row, k), group(k, col), group(k)
        if groups:
            raise Unsayable("a product with three axes")
        core: list[str] = []
        if k is not None and left and right:
            weights = [self.diag(self.operands(middle, *self.orientations([k])[0]))] if middle else []
            core, beside = [self.entrywise(left, row, k), *weights, self.entrywise(right, k, col)], grids
        elif k is not None and left:
            core, beside = [self.entrywise(left, row, k), self.entrywise(middle, k, None) if middle else ONES], columns
        elif k is not None and right:
            core, beside = [self.entrywise(middle, None, k) if middle else rf"{ONES}^\top", self.entrywise(right, k, col)], lines
        if core:
            text = " ".join(core)
            if not columns and not lines and not grids:
                return self.scaled(scalars, [text], PRODUCT, level)
            beside.append(rf"\left({text}\right)")
        elif k is not None and middle:
            inner = self.inner(middle, k)
            texts, own = self.shaped(columns, lines, grids)
            if own == ENTRYWISE:
                texts = [rf"\left({text}\right)" for text in texts]
            return self.scaled(scalars, [rf"\left({inner}\right)" if texts else inner, *texts], PRODUCT, level)
        elif k is not None:
            scalars.append(Size(k.axis))
        texts, own = self.shaped(columns, lines, grids)
        return self.scaled(scalars, texts, own, level)

    def shaped(self, columns: list[str], lines: list[str], grids: list[str]) -> tuple[list[str], int]:
        """What stands along the rows, along the columns and in both, as the factors of one product; and what kind of product it is."""
        if not grids and not (columns and lines):
            alone = columns or lines
            return ([r" \odot ".join(alone)] if alone else []), (ENTRYWISE if len(alone) > 1 else PRODUCT)
        if not grids:
            return [_grouped(columns), _grouped(lines)], PRODUCT
        if not columns and not lines:
            return [r" \odot ".join(grids)], (ENTRYWISE if len(grids) > 1 else PRODUCT)
        before = [self.diag(columns)] if columns else []
        after = [self.diag(lines)] if lines else []
        return [*before, *([] if grids == [UNIT] else [_grouped(grids)]), *after], PRODUCT

    def diag(self, operands: Sequence[str]) -> str:
        """The diagonal matrix of a vector."""
        inner = r" \odot ".join(operands)
        return rf"\operatorname{{diag}}\left({inner}\right)"

    def inner(self, factors: Sequence[Expr], k: Index) -> str:
        """The sum of a vector's entries: an inner product, a squared norm, or a product with ones."""
        match factors:
            case [Pow(base, exponent)] if exponent == 2:
                return rf"\left\| {self.grid(base, *self.orientations([k])[0], SUM)} \right\|^2"
        _, above, below = quotient(factors)
        if len(above) == 2 and not below:
            return f"{self.entrywise(above[:1], None, k)} {self.entrywise(above[1:], k, None)}"
        return rf"{ONES}^\top {self.entrywise(factors, k, None)}"

    def operands(self, factors: Sequence[Expr], row: Side, col: Side, alone: bool = False) -> list[str]:
        """Factors of one shape, to be multiplied entry by entry; or one that stands alone but for numbers."""
        _, above, below = quotient(factors)
        if not below:
            return [self.grid(f, row, col, PRODUCT if alone else FACTOR) for f in above]
        top, bottom = (r" \odot ".join(self.grid(f, row, col, SUM if len(part) == 1 else FACTOR) for f in part) for part in (above, below))
        return [rf"\frac{{{top or 1}}}{{{bottom}}}"]

    def entrywise(self, factors: Sequence[Expr], row: Side, col: Side) -> str:
        """Factors of one shape, multiplied entry by entry, as a factor of a matrix product."""
        if len(factors) == 1:
            return self.grid(factors[0], row, col, PRODUCT)
        return _grouped(self.operands(factors, row, col))

    def scaled(self, scalars: Sequence[Expr], texts: Sequence[str], own: int, level: int) -> str:
        """A product, the numbers in front."""
        sign, above, below = quotient(scalars)
        last = len(above) - 1
        write = [self.grid(f, None, None, PRODUCT if n == last and not texts and not below else FACTOR) for n, f in enumerate(above)]
        if below:
            upper = [self.grid(f, None, None, FACTOR if len(above) > 1 else SUM) for f in above]
            lower = [self.grid(f, None, None, FACTOR if len(below) > 1 else SUM) for f in below]
            over, under = (r" \, ".join(parts) for parts in (upper, lower))
            write = [rf"\frac{{{over or 1}}}{{{under}}}"]
        parts = [*write, *texts] or ["1"]
        if sign:
            return wrapped(f"{sign}{' '.join(parts)}", level, SUM)
        if len(parts) == 1 and (write or _is_factor(parts[0])):
            return parts[0]
        return wrapped(" ".join(parts), level, ENTRYWISE if own == ENTRYWISE else PRODUCT)


def _grouped(operands: Sequence[str]) -> str:
    text = r" \odot ".join(operands)
    return rf"\left({text}\right)" if len(operands) > 1 else text


def _is_factor(text: str) -> bool:
    """Whether a text is one factor whatever stands beside it."""
    return " " not in text


def _twin(index: Index) -> Index:
    return fresh(index, {index})


def _sums(expr: Expr) -> tuple[tuple[Index, ...], Expr]:
    bound: tuple[Index, ...] = ()
    while isinstance(expr, Sum):
        bound, expr = (*bound, expr.index), expr.body
    return bound, expr
