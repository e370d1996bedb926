"""Derivatives of one body, one rule at a time, as a textbook takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from verify.kernel.calculus import RULES, differentiate, summed
from verify.kernel.expr import (
    ONE,
    ZERO,
    Add,
    Apply,
    Derivative,
    Expr,
    Mul,
    Pow,
    Step,
    Sum,
    Tensor,
    add,
    children,
    delta,
    fresh,
    mul,
    neg,
    num,
    power,
    rebuild,
    sub,
    substitute,
)
from verify.kernel.program import nodes

PASSES = 40
"""A body nested deeper than this is differentiated in one go."""


@dataclass(frozen=True)
class Applied:
    """An expression on the way to the derivative, and the rule that led to it."""

    rule: str
    expr: Expr


def steps(body: Expr, wrt: Tensor, depends: Callable[[str], bool]) -> Iterator[Applied]:
    """The derivative of a body by an entry of a quantity, a rule at a time, until no derivative is left.

    ``depends`` says of a quantity's name whether its value depends on the one that is differentiated by, or is it. A quantity that does
    so on a way of its own keeps its derivative: what it is has been derived before.
    """

    def constant(e: Expr) -> bool:
        return not any(isinstance(t, Tensor) and depends(t.name) for t in nodes({}, e))

    def d(e: Expr) -> Expr:
        if constant(e):
            return ZERO
        if isinstance(e, Tensor):
            return entry(e)
        return differentiate(e, entry, wrt.free) if _simple(e) and not isinstance(e, Sum) else Derivative(e, wrt)

    rule = ""

    def named(found: str) -> None:
        nonlocal rule
        rule = rule or found

    def once(e: Expr) -> Expr:
        match e:
            case Derivative(inner, by) if by == wrt:
                return outermost(inner)
        below = tuple(map(once, children(e)))
        if isinstance(e, Sum) and below[0] != e.body:
            return ZERO if below[0] == ZERO else Sum(e.index, below[0])
        return rebuild(e, below) if below else e

    def outermost(e: Expr) -> Expr:
        """The derivative of an expression by the rule for what it is at the top."""
        if constant(e):
            return ZERO
        match e:
            case Tensor():
                named("elementary derivative")
                return entry(e)
            case Add(terms):
                named("sum rule")
                return add(*(outermost(t) if _simple(t) else d(t) for t in terms))
            case Sum(index, inner) if index not in wrt.free:
                named("sum rule")
                found = outermost(inner) if _simple(inner) or isinstance(inner, (Sum, Add)) else d(inner)
                return ZERO if found == ZERO else Sum(index, found)
            case Sum(index, inner):
                new = fresh(index, wrt.free | inner.free)
                return outermost(Sum(new, substitute(inner, {index: new})))
            case Mul(factors):
                return product(factors)
            case Pow(base, exponent):
                named("quotient rule" if exponent == -1 else "power rule")
                return mul(num(exponent), power(base, exponent - 1), d(base))
            case Apply(function, argument, 0):
                named({"exp": "exponential", "log": "logarithm"}.get(function, "elementary derivative"))
                outer = RULES[function](argument) if function in RULES else Apply(function, argument, 1)
                return mul(outer, d(argument))
        return differentiate(e, entry, wrt.free)

    def entry(t: Tensor) -> Expr:
        if t.name == wrt.name:
            return mul(*(delta(p, q) for p, q in zip(t.indices, wrt.indices, strict=True)))
        return Derivative(t, wrt) if depends(t.name) else ZERO

    def product(factors: tuple[Expr, ...]) -> Expr:
        still = [f for f in factors if constant(f)]
        moving = [f for f in factors if not constant(f)]
        if len(moving) == 1:
            return mul(*still, outermost(moving[0]))
        match moving:
            case [one, Step(argument)] | [Step(argument), one] if one == argument:
                named("step")
                return mul(*still, Step(argument), d(argument))
        above = [f for f in moving if not (isinstance(f, Pow) and f.exponent < 0)]
        below = [power(f.base, -f.exponent) for f in moving if isinstance(f, Pow) and f.exponent < 0]
        moving = [f for f in moving if not isinstance(f, Step)]
        if above and below:
            named("quotient rule")
            u, v = mul(*above), mul(*below)
            return mul(*still, sub(mul(d(u), v), mul(u, d(v))), power(v, -2))
        named("product rule")
        return add(*(mul(*(d(f) if f is g else f for f in factors)) for g in moving))

    expr: Expr = Derivative(body, wrt)
    for _ in range(PASSES):
        rule = ""
        found = once(expr)
        if found == expr:
            return
        expr = found
        yield Applied(rule or "sum rule", expr)


def contracted(expr: Expr) -> Expr:
    """The expression with every sum over a Kronecker delta taken."""
    below = tuple(map(contracted, children(expr)))
    match expr:
        case Derivative():
            return expr
        case Sum(index, _):
            return summed(index, below[0]) if index in below[0].free else Sum(index, below[0])
    return rebuild(expr, below) if below else expr


def activation_forms(value: Tensor, argument: Expr) -> Iterator[Expr]:
    """What derivatives of activations look like in terms of their own value and their argument."""
    a = value
    yield mul(a, sub(ONE, a))
    yield sub(ONE, power(a, 2))
    yield Step(argument)
    yield a
    yield sub(ONE, Apply("exp", neg(a)))
    yield add(a, mul(Apply("sigmoid", argument), sub(ONE, a)))
    yield mul(num(Fraction(1, 2)), sub(ONE, power(a, 2)))


def _simple(e: Expr) -> bool:
    """Whether the derivative of a term is seen at once: an entry, or one with constant factors, maybe summed."""
    match e:
        case Tensor():
            return True
        case Mul(factors):
            return all(isinstance(f, Tensor) or not children(f) for f in factors)
        case Add(terms):
            return all(_simple(t) or not children(t) for t in terms)
        case Sum(_, body):
            return _simple(body)
    return False
