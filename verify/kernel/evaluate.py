"""Evaluation of one entry of an expression at a point, node by node as the nodes are defined, in any algebra: balls, residues, bounds.

What is met again at the same positions, also under another name of an index, is computed once.
"""

from __future__ import annotations

import math
import operator
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache, reduce
from itertools import count
from random import Random
from typing import Any, Protocol

import flint

from verify.kernel.expr import ONE, Add, Apply, Delta, Expr, Index, Mul, Num, Pi, Position, Pow, Prod, Size, Step, Sum, Tensor, rebuild
from verify.kernel.program import Definition, OutOfReach

MOST_ENTRIES, MOST_NODES = 1 << 17, 1 << 15
NESTED = 50  # nodes below one another that are computed before what is still deeper is computed by itself
OWN = -1  # the order of what only an algebra knows, π and roots: no function of a document has it
Law = Callable[[Mapping[str, Definition], Expr], Expr | None]


class Algebra(Protocol):
    """What is computed with at a point. A value that is not defined stays so under every operation."""

    def number(self, value: Fraction) -> Any: ...
    def leaf(self, name: str, at: tuple[int, ...]) -> Any: ...
    def add(self, terms: Sequence[Any]) -> Any: ...
    def mul(self, factors: Sequence[Any]) -> Any: ...
    def power(self, base: Any, exponent: Fraction) -> Any: ...
    def step(self, argument: Any) -> Any: ...
    def apply(self, function: str, order: int, argument: Any) -> Any: ...


class _Deep(Exception):
    """Raised with an expression and its positions, which are to be computed first."""


class Reader:
    """How expressions over some definitions without Derivative nodes are read: found once, and kept.

    ``law`` gives an expression to be computed instead of a node, or None.
    """

    def __init__(self, definitions: Mapping[str, Definition], law: Law = lambda definitions, expr: None) -> None:
        self.definitions, self.law = definitions, law
        self._read: dict[Expr, tuple[Expr, dict[Index, Index]]] = {}

    def read(self, expr: Expr) -> tuple[Expr, dict[Index, Index]]:
        """What is computed for an expression, the same for what differs in names of indices alone; the free ones with their new names."""
        if expr not in self._read:
            self._read[expr] = alike(self._meant(expr))
        return self._read[expr]

    def _meant(self, expr: Expr) -> Expr:
        """What is computed instead of an expression: by the law, and with factors drawn out of sums that do not run over them."""
        other = self.law(self.definitions, expr)
        if other is not None:
            return self._meant(other)
        if not isinstance(expr, Sum):
            return expr
        body = self._meant(expr.body)
        factors = body.factors if isinstance(body, Mul) else (body,)
        inside, outside = ([f for f in factors if (expr.index in f.free) is within] for within in (True, False))
        if not inside:
            return Mul((*outside, Size(expr.index.axis)))
        rest = Sum(expr.index, Mul(tuple(inside)) if len(inside) > 1 else inside[0])
        return Mul((*outside, rest)) if outside else rest  # no constants are joined: 0 times what has no value has none


class Evaluation:
    """The entries of expressions at some widths in an algebra. Raises OutOfReach where there would be too many."""

    def __init__(self, reader: Reader, sizes: Mapping[str, int], algebra: Algebra) -> None:
        self.reader, self.sizes, self.algebra = reader, sizes, algebra
        self.work = 0  # entries computed so far
        self._known: dict[Expr, dict[tuple[int, ...], Any]] = defaultdict(dict)
        self._level = 0

    def value(self, expr: Expr, at: Mapping[Index, int]) -> Any:
        """The value where the free indices are at these positions."""
        waiting: list[tuple[Expr, Mapping[Index, int]]] = [(expr, at)]
        while True:  # no deep recursion: programs may be deep
            self._level = 0
            try:
                found = self._value(*waiting[-1])
            except _Deep as deep:
                waiting.append(deep.args)
                continue
            waiting.pop()
            if not waiting:
                return found

    def _value(self, expr: Expr, at: Mapping[Index, int]) -> Any:
        node, names = self.reader.read(expr)
        known, places = self._known[node], tuple([at[i] for i in names])
        if places not in known:
            if self._level > NESTED:
                raise _Deep(expr, at)
            self.work += 1
            if self.work > MOST_ENTRIES:
                raise OutOfReach("the tensors have too many entries at these widths")
            self._level += 1
            known[places] = self._computed(node, dict(zip(names.values(), places, strict=True)))
            self._level -= 1
        return known[places]

    def _computed(self, expr: Expr, at: Mapping[Index, int]) -> Any:
        algebra = self.algebra

        def place(position: Position) -> int:
            return at[position] if isinstance(position, Index) else position

        match expr:
            case Num(number):
                return algebra.number(number)
            case Pi():
                return algebra.apply("π", OWN, algebra.number(ONE.value))
            case Size(axis):
                return algebra.number(Fraction(self.sizes[axis]))
            case Tensor(name, positions):
                d, places = self.reader.definitions[name], tuple(map(place, positions))
                return algebra.leaf(name, places) if d.body is None else self._value(d.body, dict(zip(d.indices, places, strict=True)))
            case Delta(left, right):
                return algebra.number(Fraction(place(left) == place(right)))
            case Add(below):
                return algebra.add([self._value(e, at) for e in below])
            case Mul(below):
                return algebra.mul([self._value(e, at) for e in below])
            case Sum(index, body) | Prod(index, body):
                entries = [self._value(body, {**at, index: n}) for n in range(self.sizes[index.axis])]
                return algebra.add(entries) if isinstance(expr, Sum) else algebra.mul(entries)
            case Pow(base, exponent):
                return algebra.power(self._value(base, at), exponent)
            case Step(argument):
                return algebra.step(self._value(argument, at))
            case Apply(function, argument, order):
                return algebra.apply(function, order, self._value(argument, at))
        raise OutOfReach("a derivative is resolved before it is evaluated")


def alike(expr: Expr) -> tuple[Expr, dict[Index, Index]]:
    """The expression with other names for all indices, the same for what differs in names alone; the free ones with their new names."""
    free: dict[Index, Index] = {}
    numbers = count()

    def at(position: Position, bound: Mapping[Index, Index]) -> Position:
        if not isinstance(position, Index):
            return position
        return bound.get(position) or free.setdefault(position, Index(f"free {len(free)}", position.axis))

    def put(e: Expr, bound: Mapping[Index, Index]) -> Expr:
        number = next(numbers)
        if number > MOST_NODES:
            raise OutOfReach("the expression is too large")
        match e:
            case Sum(index, body) | Prod(index, body):
                new = Index(f"bound {number}", index.axis)
                return type(e)(new, put(body, {**bound, index: new}))
            case Add(below) | Mul(below):
                return type(e)(tuple([put(b, bound) for b in below]))
            case Tensor(name, positions):
                return Tensor(name, tuple([at(p, bound) for p in positions]))
            case Delta(left, right):
                return Delta(at(left, bound), at(right, bound))
        return rebuild(e, tuple([put(b, bound) for b in e.below]))

    return put(expr, {}), free


@cache
def instance(function: str) -> tuple[Fraction, ...]:
    """The coefficients of the polynomial that stands for an unknown function where numbers are wanted."""
    draw = Random(function)
    return tuple(Fraction(draw.choice([-1, 1]) * draw.randint(5, 16), 8 * math.factorial(k)) for k in range(12))


FUNCTIONS: Mapping[str, Callable[[flint.arb], flint.arb]] = {
    f: getattr(flint.arb, f) for f in ("exp", "log", "sin", "cos", "sinh", "cosh", "tanh", "atan", "erf")
} | {"sigmoid": lambda u: 1 / (1 + (-u).exp()), "softplus": lambda u: u.exp().log1p()}


class Balls:
    """FLINT's balls; ``leaves`` are arrays of rationals. What has no value, and a step that may be at its kink, is not finite."""

    def __init__(self, leaves: Mapping[str, Any]) -> None:
        self.leaves = leaves

    def number(self, value: Fraction) -> flint.arb:
        return flint.arb(flint.fmpq(value.numerator, value.denominator))

    def leaf(self, name: str, at: tuple[int, ...]) -> flint.arb:
        return self.number(self.leaves[name][at])

    def add(self, terms: Sequence[flint.arb]) -> flint.arb:
        return reduce(operator.add, terms)

    def mul(self, factors: Sequence[flint.arb]) -> flint.arb:
        return reduce(operator.mul, factors)

    def power(self, base: flint.arb, exponent: Fraction) -> flint.arb:
        if not base.is_finite():
            return flint.arb("nan")  # FLINT makes 1 of what has no value to the power 0
        whole = exponent.denominator == 1 and abs(exponent) < 1 << 31
        return base ** (int(exponent) if whole else self.number(exponent))

    def step(self, argument: flint.arb) -> flint.arb:
        return flint.arb(1) if argument > 0 else flint.arb(0) if argument < 0 else flint.arb("nan")

    def apply(self, function: str, order: int, argument: flint.arb) -> flint.arb:
        if order == OWN:
            return flint.arb.pi()
        if function in FUNCTIONS:
            return FUNCTIONS[function](argument) if argument.is_finite() else flint.arb("nan")
        terms = list(enumerate(instance(function)))[order:]
        return reduce(lambda found, term: found * argument + self.number(term[1] * math.perm(term[0], order)), terms[::-1], flint.arb(0))
