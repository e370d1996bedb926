"""Formulas as LaTeX with as few parentheses as the reader needs; how a tensor, a sum or a width is written is left to each notation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from verify.kernel.expr import (
    ONE,
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
    children,
    mul,
    rebuild,
    substitute,
)
from verify.notations.page import Page, Unsayable, tensor_name

SUM, PRODUCT, FACTOR = 0, 1, 2
"""What an expression stands in: a sum, a product, or a place where only one factor fits."""

FUNCTIONS = {
    "log": r"\ln", "sin": r"\sin", "cos": r"\cos", "tanh": r"\tanh", "sinh": r"\sinh", "cosh": r"\cosh", "atan": r"\arctan",
    "sigmoid": r"\sigma",
}  # fmt: skip


class Printer(ABC):
    """Prints expressions with the names of a page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @abstractmethod
    def tensor(self, expr: Tensor) -> str:
        """An entry of a tensor, or the tensor."""

    @abstractmethod
    def delta(self, expr: Delta) -> str:
        """A Kronecker delta."""

    @abstractmethod
    def big(self, expr: Sum | Prod, level: int) -> str:
        """A sum or a product over an axis."""

    def width(self, axis: str) -> str:
        """The number of positions of an axis."""
        return self.page.widths.get(axis) or rf"\lvert {axis} \rvert"

    def text(self, expr: Expr, level: int = SUM) -> str:
        """LaTeX for an expression that stands in a sum, in a product, or as one factor."""
        match expr:
            case Num(value):
                return number(value, level)
            case Pi():
                return r"\pi"
            case Size(axis):
                return self.width(axis)
            case Tensor():
                return self.tensor(expr)
            case Delta():
                return self.delta(expr)
            case Add(terms):
                return wrapped(added(terms, self.text), level, SUM)
            case Mul(factors):
                inner = relu_argument(expr)
                if inner is not None:
                    return self.call(r"\text{ReLU}", inner)
                return wrapped(self.product(factors), level, PRODUCT)
            case Pow(base, exponent):
                return self.power(base, exponent)
            case Sum(index, body) if signed(body)[0] == "-":
                return wrapped(f"-{self.text(Sum(index, signed(body)[1]), PRODUCT)}", level, SUM)
            case Sum() | Prod():
                return self.big(expr, level)
            case Step(argument):
                return rf"\mathbf{{1}}[{self.text(argument)} > 0]"
            case Apply("exp", argument, 0):
                return f"e^{{{self.text(argument)}}}"
            case Apply(function, argument, order):
                return self.call(function_name(function) + "'" * order, argument)
            case Softmax(argument, _):
                return self.call(r"\text{softmax}", argument)
            case Derivative(body, wrt):
                return rf"\frac{{\partial {self.text(body, FACTOR)}}}{{\partial {self.tensor(wrt)}}}"
        raise Unsayable(f"there is no notation for {type(expr).__name__}")

    def call(self, name: str, argument: Expr) -> str:
        """A function of one argument."""
        return rf"{name}\left({self.text(argument)}\right)"

    def power(self, base: Expr, exponent: Fraction) -> str:
        """A power with a constant exponent; a negative one is a fraction, a half a root."""
        if exponent < 0:
            return rf"\frac{{1}}{{{self.text(base if exponent == -1 else Pow(base, -exponent))}}}"
        if exponent == Fraction(1, 2):
            return rf"\sqrt{{{self.text(base)}}}"
        inner = self.text(base, FACTOR)
        if (not isinstance(base, (Tensor, Size)) and not (isinstance(base, Num) and base.value.denominator == 1)) or "^" in inner:
            inner = rf"\left({self.text(base)}\right)"
        return f"{inner}^{{{exponent}}}"

    def product(self, factors: Sequence[Expr]) -> str:
        """Factors side by side; those with a negative power below a fraction's bar."""
        sign, above, below = quotient(factors)
        top = self.joined(above) or "1"
        if not below:
            return sign + top
        upper = top if len(above) != 1 else self.text(above[0])
        lower = self.joined(below) if len(below) > 1 else self.text(below[0])
        return rf"{sign}\frac{{{upper}}}{{{lower}}}"

    def joined(self, factors: Sequence[Expr]) -> str:
        """Factors side by side; a sum over an axis that is not the last factor stands in parentheses."""
        last = len(factors) - 1
        texts = [self.text(f, PRODUCT if n == last and isinstance(f, (Sum, Prod)) else FACTOR) for n, f in enumerate(factors)]
        return r" \, ".join(texts)


def number(value: Fraction, level: int) -> str:
    """A rational number."""
    text = str(value.numerator) if value.denominator == 1 else rf"\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
    if value.denominator != 1 and value < 0:
        text = f"-{text}"
    return wrapped(text, level, SUM) if value < 0 else text


def wrapped(text: str, level: int, own: int) -> str:
    """The text in parentheses where it stands in a place that asks for more than it is."""
    return rf"\left({text}\right)" if level > own else text


def added(terms: Sequence[Expr], write: Callable[[Expr, int], str]) -> str:
    """Terms with their signs between them."""
    out = ""
    for n, term in enumerate(terms):
        sign, rest = signed(term)
        text = write(rest, PRODUCT)
        out += f" {sign} {text}" if n else f"{'-' if sign == '-' else ''}{text}"
    return out


def signed(term: Expr) -> tuple[str, Expr]:
    """The sign of a term and the term without it."""
    if isinstance(term, Num) and term.value < 0:
        return "-", Num(-term.value)
    if isinstance(term, Mul) and isinstance(term.factors[0], Num) and term.factors[0].value < 0:
        return "-", mul(Num(-term.factors[0].value), *term.factors[1:])
    return "+", term


def quotient(factors: Sequence[Expr]) -> tuple[str, list[Expr], list[Expr]]:
    """The sign of a product, its factors above and those below a fraction's bar; constants first."""
    sign = ""
    above: list[Expr] = []
    below: list[Expr] = []
    for factor in factors:
        match factor:
            case Num(value) if value < 0:
                sign = "" if sign else "-"
                if value != -1:
                    above.append(Num(-value))
            case Pow(base, exponent) if exponent < 0:
                below.append(base if exponent == -1 else Pow(base, -exponent))
            case _:
                above.append(factor)
    return sign, above, below


def plain_name(tensor: Tensor) -> str:
    """The name of a tensor that stands without indices: not e, which is then 2.718…"""
    if tensor.name == "e" and tensor.indices:
        raise Unsayable("a quantity called e, which without an index is the base of the logarithm")
    return tensor_name(tensor.name)


def function_name(function: str) -> str:
    """The name of an elementwise function in LaTeX."""
    if function in FUNCTIONS:
        return FUNCTIONS[function]
    return function if "\\" in function or len(function) == 1 else rf"\text{{{function}}}"


def relu_argument(expr: Mul) -> Expr | None:
    """``u`` for ``u [u > 0]``, else None."""
    step = next((f for f in expr.factors if isinstance(f, Step)), None)
    if step is not None and mul(*(f for f in expr.factors if f is not step)) == step.argument:
        return step.argument
    return None


@dataclass(frozen=True, eq=False)
class Softmax(Expr):
    """``e^u / Σ e^u`` along an axis. For printing alone: the kernel has no such node, and nothing may be substituted in it."""

    argument: Expr
    along: Index

    @cached_property
    def free(self) -> frozenset[Index]:
        return self.argument.free


def with_softmax(expr: Expr) -> Expr:
    """The expression with its quotients ``e^u / Σ e^u`` as Softmax nodes."""
    here = over(expr, with_softmax)
    if isinstance(here, Mul):
        for n, bottom in enumerate(here.factors):
            for m, top in enumerate(here.factors):
                along = _softmax(top, bottom)
                if along is not None and isinstance(top, Apply):
                    rest = [f for q, f in enumerate(here.factors) if q not in (n, m)]
                    return mul(*rest, Softmax(top.argument, along))
    return here


def over(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The same node over its children changed; the terms of a sum stay in their order."""
    below = children(expr)
    changed = tuple(map(change, below))
    if changed == below:
        return expr
    return Add(changed) if isinstance(expr, Add) else rebuild(expr, changed)


def _softmax(top: Expr, bottom: Expr) -> Index | None:
    """The index along which two factors make a softmax, if they do."""
    match top, bottom:
        case Apply("exp", _, 0), Pow(Sum(bound, body), exponent) if exponent == -1:
            for index in top.free - body.free:
                if index.axis == bound.axis and substitute(top, {index: bound}) == body:
                    return index
    return None


def product_of(factors: Sequence[Expr]) -> Expr:
    """The product of the factors as they stand, without joining constants."""
    return ONE if not factors else factors[0] if len(factors) == 1 else Mul(tuple(factors))
