"""Loose notation: tensors without indices; factors join by the axes that they share, and a bare Σ sums what the left side lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from verify.kernel.expr import Add, Apply, Delta, Derivative, Expr, Index, Mul, Pow, Prod, Step, Sum, Tensor
from verify.notations.page import Page, Unsayable
from verify.notations.printer import FACTOR, FUNCTIONS, PRODUCT, SUM, Printer, Softmax, plain_name, with_softmax, wrapped


def sides(page: Page, exprs: Sequence[Expr]) -> tuple[str, ...] | Unsayable:
    """The expressions in loose notation, or why they cannot be said so.

    The axes of the first are the target: an axis that it lacks is summed where two factors of a product carry it, or under a Σ.
    """
    try:
        target = exprs[0].free.union(*(e.free for e in exprs)) if exprs else frozenset()
        printer = _Loose(page, _one_an_axis(target))
        return tuple(printer.text(with_softmax(expr)) for expr in exprs)
    except Unsayable as reason:
        return reason


def _same_axis(axis: str) -> Unsayable:
    return Unsayable(f"two indices of the axis {axis}, which without letters are one")


def _one_an_axis(indices: Iterable[Index]) -> dict[str, Index]:
    found: dict[str, Index] = {}
    for index in sorted(indices):
        if found.setdefault(index.axis, index) != index:
            raise _same_axis(index.axis)
    return found


class _Loose(Printer):
    """``target`` are the axes of the line, None in a place that knows nothing of them; ``scope`` has the index that each axis stands for.

    ``joins`` says whether factors side by side are summed over what they share: not within a power, a denominator, a condition.
    """

    def __init__(self, page: Page, target: dict[str, Index]) -> None:
        super().__init__(page)
        self.target: frozenset[str] | None = frozenset(target)
        self.scope = target
        self.joins = True

    def tensor(self, expr: Tensor) -> str:
        name = plain_name(expr)
        indices = [i for i in expr.indices if isinstance(i, Index)]
        if len(indices) < len(expr.indices):
            raise Unsayable(f"one position of {name}, which needs an index")
        for index in indices:
            if self.scope.get(index.axis) != index or sum(i.axis == index.axis for i in indices) > 1:
                raise _same_axis(index.axis)
        return name

    def delta(self, expr: Delta) -> str:
        raise Unsayable("a Kronecker delta, which needs two indices")

    def text(self, expr: Expr, level: int = SUM) -> str:
        match expr:
            case Add(terms):
                axes = {frozenset(i.axis for i in t.free) for t in terms if t.free}
                if len(axes) > 1:
                    raise Unsayable("a sum of terms with different axes")
            case Mul() if any(isinstance(f, Sum) for f in expr.factors):
                return self.contracted(expr, level)
            case Softmax(argument, _) if len(argument.free) > 1:
                raise Unsayable("a softmax along one of several axes")
            case Softmax() | Apply("exp", _, 0) | Derivative():
                return self.apart(expr, level, None)
            case Apply(function, _, _) if function not in FUNCTIONS:
                return self.apart(expr, level, None)
            case Pow(inner, _) | Step(inner):
                return self.apart(expr, level, self.target if _is_sum(inner) else None)
        return super().text(expr, level)

    def apart(self, expr: Expr, level: int, target: frozenset[str] | None) -> str:
        """An expression in a place where factors are not joined, with what a bare Σ knows there of the line's axes."""
        outer, self.target, self.joins = (self.target, self.joins), target, False
        try:
            return super().text(expr, level)
        finally:
            self.target, self.joins = outer

    def joined(self, factors: Sequence[Expr]) -> str:
        """Factors side by side; only a sum among them knows the line's axes."""
        if len(factors) < 2:
            return super().joined(factors)
        outer = self.target, self.joins
        texts = []
        for n, factor in enumerate(factors):
            self.target, self.joins = (outer[0] if _is_sum(factor) else None), False
            try:
                texts.append(self.text(factor, PRODUCT if n == len(factors) - 1 and isinstance(factor, Sum) else FACTOR))
            finally:
                self.target, self.joins = outer
        return r" \, ".join(texts)

    def big(self, expr: Sum | Prod, level: int) -> str:
        """A sum under a Σ that sums every axis of its body that the line lacks, or all if it lacks none; else over a shared axis.

        Where the line's axes do not count, it sums the axes that two factors share, or all if they share none.
        """
        if isinstance(expr, Prod):
            raise Unsayable("a product over an axis, which needs an index")
        bound, factors = _opened(expr)
        axes = [i.axis for i in bound]
        carried = [i.axis for f in factors for i in f.free]
        if self.target is None:
            wanted = {axis for axis in carried if carried.count(axis) > 1} or {*carried}
        else:
            wanted = {*carried} - self.target or {*carried}
        if len({*axes}) == len(axes) and {*axes} == wanted:
            outer, self.target, self.joins = (self.target, self.joins), None, False
            try:
                return wrapped(rf"\sum {self.within(bound, factors)}", level, PRODUCT)
            finally:
                self.target, self.joins = outer
        return self.joined_by_axes(bound, factors, level)

    def contracted(self, expr: Mul, level: int) -> str:
        """A product with sums in it: by the axes that its factors share, or each sum in parentheses with its Σ."""
        as_it_stands = sum(bool(f.free) or isinstance(f, Sum) for f in expr.factors) == 1
        if as_it_stands:
            return wrapped(self.product(expr.factors), level, PRODUCT)
        try:
            return self.joined_by_axes(*_opened(expr), level)
        except Unsayable:
            return wrapped(self.product(expr.factors), level, PRODUCT)

    def joined_by_axes(self, bound: tuple[Index, ...], factors: tuple[Expr, ...], level: int) -> str:
        """Factors side by side, each bound axis carried by two of them and by nothing else of the line."""
        if not self.joins:
            raise Unsayable("a sum without Σ inside of another expression")
        axes = [i.axis for i in bound]
        for n, index in enumerate(bound):
            if index.axis in self.scope or index.axis in axes[:n]:
                raise _same_axis(index.axis)
            if sum(index in f.free for f in factors) < 2:
                raise Unsayable(f"a sum over the axis {index.axis} that a bare Σ would not mean here")
        return wrapped(self.within(bound, factors), level, PRODUCT)

    def within(self, bound: tuple[Index, ...], factors: tuple[Expr, ...]) -> str:
        """The factors side by side, where the bound indices are what their axes stand for."""
        outer = self.scope
        self.scope = outer | {i.axis: i for i in bound}
        try:
            return self.product(factors) if len(factors) > 1 else self.text(factors[0], PRODUCT)
        finally:
            self.scope = outer


def _is_sum(expr: Expr) -> bool:
    """Whether an expression is a sum over an axis, or a power of one."""
    return isinstance(expr, Sum) or (isinstance(expr, Pow) and expr.exponent > 0 and _is_sum(expr.base))


def _opened(expr: Expr) -> tuple[tuple[Index, ...], tuple[Expr, ...]]:
    """The indices that a product and its factors sum over, and the factors below."""
    match expr:
        case Sum(index, body):
            bound, factors = _opened(body)
            return (index, *bound), factors
        case Mul(parts):
            opened = [_opened(part) for part in parts]
            return tuple(i for bound, _ in opened for i in bound), tuple(f for _, factors in opened for f in factors)
    return (), (expr,)
