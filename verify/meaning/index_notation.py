"""An expression as LaTeX in index notation, with every index written: how a line was read, unambiguously."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

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
    Position,
    Pow,
    Prod,
    Size,
    Step,
    Sum,
    Tensor,
    children,
)

LETTERS = "ijklmnpqrstuv"


def shown(expr: Expr, names: dict[Index, str] | None = None) -> str:
    """LaTeX for an expression; indices keep their letters where these are free, implicit ones get letters of their own."""
    return _Printer(names if names is not None else naming([expr])).text(expr, 0)


def shown_relation(left: Expr, right: Expr) -> str:
    """LaTeX for an equation, with the same letters on both sides."""
    names = naming([left, right])
    return f"{shown(left, names)} = {shown(right, names)}"


def naming(exprs: Iterable[Expr]) -> dict[Index, str]:
    """A distinct letter for every index of the expressions, free or bound; written letters first."""
    found: dict[Index, None] = {}
    for expr in exprs:
        stack = [expr]
        while stack:
            top = stack.pop()
            found.update(dict.fromkeys(sorted(top.free)))
            if isinstance(top, (Sum, Prod)):
                found[top.index] = None
            stack.extend(reversed(children(top)))
    names: dict[Index, str] = {}
    ordered = sorted(found, key=lambda i: (i.name.startswith("·"), "~" in i.name))
    for index in ordered:
        wanted = index.name.split("~")[0].rstrip("'")
        if wanted.startswith("·") or wanted in names.values() or not wanted.isalpha() or len(wanted) > 1:
            wanted = next((c for c in LETTERS if c not in names.values()), f"i_{{{len(names)}}}")
        names[index] = wanted
    return names


class _Printer:
    """Prints with parentheses by precedence: 0 sum, 1 product, 2 factor."""

    def __init__(self, names: dict[Index, str]) -> None:
        self.names = names

    def at(self, position: Position) -> str:
        return str(position + 1) if isinstance(position, int) else self.names.get(position, position.name)

    def tensor(self, name: str, indices: tuple[Position, ...]) -> str:
        if not indices:
            return name
        script = (", " if len(indices) > 1 and any(isinstance(i, int) for i in indices) else "").join(self.at(i) for i in indices)
        if "_{" in name and name.endswith("}"):
            return f"{name[:-1]},{script}}}"
        return f"{name}_{{{script}}}" if len(script) > 1 else f"{name}_{script}"

    def wrapped(self, text: str, level: int, needed: int) -> str:
        return rf"\left({text}\right)" if level > needed else text

    def text(self, expr: Expr, level: int) -> str:
        match expr:
            case Num(value):
                return self.number(value, level)
            case Pi():
                return r"\pi"
            case Size(axis):
                return rf"\lvert {axis} \rvert"
            case Tensor(name, indices):
                return self.tensor(name, indices)
            case Delta(left, right):
                return rf"\delta_{{{self.at(left)}{self.at(right)}}}"
            case Add(terms):
                return self.wrapped(self.added(terms), level, 0)
            case Mul(factors):
                return self.wrapped(self.product(factors), level, 1)
            case Pow(base, exponent):
                if exponent < 0:
                    below = self.text(base if exponent == -1 else Pow(base, -exponent), 0)
                    return rf"\frac{{1}}{{{below}}}"
                if exponent == Fraction(1, 2):
                    return rf"\sqrt{{{self.text(base, 0)}}}"
                inner = self.text(base, 2)
                if not isinstance(base, (Tensor, Num)) or "^" in inner:
                    inner = rf"\left({self.text(base, 0)}\right)"
                return f"{inner}^{{{exponent}}}"
            case Sum(index, body):
                return self.wrapped(rf"\sum_{{{self.at(index)}}} {self.text(body, 1)}", level, 1)
            case Prod(index, body):
                return self.wrapped(rf"\prod_{{{self.at(index)}}} {self.text(body, 1)}", level, 1)
            case Step(argument):
                return rf"\mathbf{{1}}[{self.text(argument, 0)} > 0]"
            case Apply("exp", argument, 0):
                return f"e^{{{self.text(argument, 0)}}}"
            case Apply(function, argument, order):
                name = {"log": r"\ln", "sin": r"\sin", "cos": r"\cos", "tanh": r"\tanh", "sigmoid": r"\sigma"}.get(
                    function, rf"\text{{{function}}}"
                )
                return name + "'" * order + rf"\left({self.text(argument, 0)}\right)"
            case Derivative(body, wrt):
                return rf"\frac{{\partial {self.text(body, 2)}}}{{\partial {self.text(wrt, 2)}}}"
        raise TypeError(f"no notation for {type(expr).__name__}")

    def number(self, value: Fraction, level: int) -> str:
        text = str(value.numerator) if value.denominator == 1 else rf"\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
        if value.denominator != 1 and value < 0:
            text = f"-{text}"
        return self.wrapped(text, level, 0) if value < 0 else text

    def added(self, terms: tuple[Expr, ...]) -> str:
        out = ""
        for n, term in enumerate(terms):
            sign, rest = _signed(term)
            body = self.text(rest, 1)
            out += f" {sign} {body}" if n else f"{'-' if sign == '-' else ''}{body}"
        return out

    def product(self, factors: tuple[Expr, ...]) -> str:
        above = [f for f in factors if not (isinstance(f, Pow) and f.exponent < 0)]
        below = [Pow(f.base, -f.exponent) if f.exponent != -1 else f.base for f in factors if isinstance(f, Pow) and f.exponent < 0]
        sign = ""
        if above and isinstance(above[0], Num) and above[0].value < 0:
            sign = "-"
            above = ([Num(-above[0].value)] if above[0].value != -1 else []) + above[1:]
        top = self.joined(above) or "1"
        if not below:
            return sign + top
        upper = top if len(above) != 1 else self.text(above[0], 0)
        lower = self.joined(below) if len(below) > 1 else self.text(below[0], 0)
        return rf"{sign}\frac{{{upper}}}{{{lower}}}"

    def joined(self, factors: list[Expr]) -> str:
        """Factors side by side; a sum that is not the last factor stands in parentheses."""
        texts = [self.text(f, 2 if n < len(factors) - 1 or not isinstance(f, (Sum, Prod)) else 1) for n, f in enumerate(factors)]
        return r" \, ".join(texts)


def _signed(term: Expr) -> tuple[str, Expr]:
    if isinstance(term, Num) and term.value < 0:
        return "-", Num(-term.value)
    if isinstance(term, Mul) and isinstance(term.factors[0], Num) and term.factors[0].value < 0:
        value = -term.factors[0].value
        rest = term.factors[1:] if value == 1 else (Num(value), *term.factors[1:])
        return "-", rest[0] if len(rest) == 1 else Mul(rest)
    return "+", term
