"""Expressions in the order in which people write them. Only sums and products are put in order; nothing is computed."""

from __future__ import annotations

from verify.kernel.expr import (
    ONE,
    Add,
    Apply,
    Delta,
    Derivative,
    Expr,
    Mul,
    Num,
    Pow,
    Prod,
    Size,
    Step,
    Sum,
    Tensor,
    children,
    mul,
    rebuild,
)

KINDS: tuple[type[Expr], ...] = (Num, Size, Derivative, Tensor, Apply, Pow, Delta, Add, Step, Sum, Prod)
"""The kinds of factors in the order in which they stand in a product."""


def readable(expr: Expr) -> Expr:
    """The same expression with what is subtracted behind what is added, constants and sums first, and factors by kind, sums last.

    ``-y + o`` becomes ``o - y``, ``-a + 1`` becomes ``1 - a``; factors of one kind stay in the order given, so that a chain of derivatives
    does. ``1 - [-u > 0]`` becomes ``[u > 0]``, which is the same off the kink.
    """
    below = tuple(readable(child) for child in children(expr))
    match expr:
        case Add():
            step = _step(below)
            return step if step is not None else Add(tuple(sorted(below, key=_place)))
        case Mul():
            return mul(*sorted(below, key=_kind))
        case Derivative():
            return rebuild(expr, (below[0], expr.wrt))
    return rebuild(expr, below) if below else expr


def _kind(factor: Expr) -> int:
    return next((n for n, kind in enumerate(KINDS) if isinstance(factor, kind)), len(KINDS))


def _place(term: Expr) -> tuple[bool, bool, bool]:
    """Where a term of a sum stands: constants first, then sums over an axis, what is subtracted last."""
    sums = any(isinstance(f, Sum) for f in (term.factors if isinstance(term, Mul) else (term,)))
    return _is_negative(term), not isinstance(term, Num), not sums


def _is_negative(term: Expr) -> bool:
    first = term.factors[0] if isinstance(term, Mul) else term
    return isinstance(first, Num) and first.value < 0


def _step(terms: tuple[Expr, ...]) -> Expr | None:
    """``[u > 0]`` for ``1 - [-u > 0]``, else None."""
    match terms:
        case (one, Mul((Num(value), Step(argument)))) | (Mul((Num(value), Step(argument))), one) if one == ONE and value == -1:
            if _is_negative(argument):
                return Step(readable(mul(Num(value), argument)))
    return None
