"""Expressions of typed index notation: frozen nodes, free indices, substitution.

An index ranges over a named axis. Two axes are never the same because their sizes happen to agree.
A tensor carries one index, or a fixed position counted from 0, for each of its axes. What has no node
here is written with what has one: ``relu(z)`` is ``z*[z > 0]``, the condition ``i = k`` is a Kronecker
delta, ``cases`` are sums of steps and deltas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from verify.kernel.lazy import lazy


@dataclass(frozen=True, slots=True, order=True)
class Index:
    """A variable that ranges over the positions of a named axis."""

    name: str
    axis: str


Position = Index | int


class Expr:
    """A scalar for each assignment of its free indices."""

    __dataclass_fields__: dict[str, object]

    @lazy
    def parts(self) -> tuple[object, ...]:
        """What the node's fields hold in order, tuples taken apart."""
        found: tuple[object, ...] = ()
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            found += value if isinstance(value, tuple) else (value,)
        return found

    @lazy
    def below(self) -> tuple[Expr, ...]:
        """The expressions directly below."""
        return tuple(p for p in self.parts if isinstance(p, Expr))

    @lazy
    def free(self) -> frozenset[Index]:
        """The indices that the value depends on."""
        own = frozenset([p for p in self.parts if isinstance(p, Index)])
        below = own.union(*[child.free for child in self.below])
        return below - own if isinstance(self, (Sum, Prod)) else below

    @lazy
    def _hash(self) -> int:
        return hash((type(self).__name__, self.parts))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return type(self) is type(other) and hash(self) == hash(other) and self.parts == other.parts


@dataclass(frozen=True, eq=False)
class Num(Expr):
    """A rational constant."""

    value: Fraction


@dataclass(frozen=True, eq=False)
class Pi(Expr):
    """The circle constant."""


@dataclass(frozen=True, eq=False)
class Size(Expr):
    """The number of positions of an axis, at least 1."""

    axis: str


@dataclass(frozen=True, eq=False)
class Tensor(Expr):
    """An entry of a named tensor: a leaf or a defined quantity of the program."""

    name: str
    indices: tuple[Position, ...] = ()


@dataclass(frozen=True, eq=False)
class Delta(Expr):
    """1 where two positions of one axis are the same, else 0."""

    left: Position
    right: Position


@dataclass(frozen=True, eq=False)
class Add(Expr):
    terms: tuple[Expr, ...]


@dataclass(frozen=True, eq=False)
class Mul(Expr):
    factors: tuple[Expr, ...]


@dataclass(frozen=True, eq=False)
class Pow(Expr):
    """A power with a constant rational exponent; other powers are written with exp and log."""

    base: Expr
    exponent: Fraction


@dataclass(frozen=True, eq=False)
class Sum(Expr):
    """The sum of the body over every position of the index's axis."""

    index: Index
    body: Expr


@dataclass(frozen=True, eq=False)
class Prod(Expr):
    """The product of the body over every position of the index's axis."""

    index: Index
    body: Expr


@dataclass(frozen=True, eq=False)
class Step(Expr):
    """1 where the argument is positive, 0 where it is negative; a kink at 0, where nothing is claimed."""

    argument: Expr


@dataclass(frozen=True, eq=False)
class Apply(Expr):
    """A function of one number, differentiated ``order`` times.

    A function that calculus.py has no rule for stands for every smooth function of that name.
    """

    function: str
    argument: Expr
    order: int = 0


@dataclass(frozen=True, eq=False)
class Derivative(Expr):
    """The total derivative of the body by one entry of a quantity, through every path of the program.

    The quantity itself is taken as a free variable: its own definition does not count.
    """

    body: Expr
    wrt: Tensor


ZERO = Num(Fraction(0))
ONE = Num(Fraction(1))


def children(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly below a node."""
    return expr.below


def num(value: int | Fraction) -> Num:
    """The rational constant of that value."""
    return Num(Fraction(value))


def add(*terms: Expr) -> Expr:
    """The sum of the terms, flattened, zeros left out, constants joined."""
    flat = [t for term in terms for t in (term.terms if isinstance(term, Add) else (term,))]
    rest = [t for t in flat if not isinstance(t, Num)]
    if len(rest) < len(flat):
        constant = sum((t.value for t in flat if isinstance(t, Num)), Fraction(0))
        rest += [Num(constant)] if constant else []
    return ZERO if not rest else rest[0] if len(rest) == 1 else Add(tuple(rest))


def mul(*factors: Expr) -> Expr:
    """The product of the factors, flattened, ones left out, constants joined, 0 if one factor is 0."""
    flat = [f for factor in factors for f in (factor.factors if isinstance(factor, Mul) else (factor,))]
    rest = [f for f in flat if not isinstance(f, Num)]
    if len(rest) < len(flat):
        constant = prod((f.value for f in flat if isinstance(f, Num)), start=Fraction(1))
        if not constant:
            return ZERO
        rest = rest if constant == 1 else [Num(constant), *rest]
    return ONE if not rest else rest[0] if len(rest) == 1 else Mul(tuple(rest))


def neg(expr: Expr) -> Expr:
    """The expression with its sign changed."""
    return mul(num(-1), expr)


def sub(left: Expr, right: Expr) -> Expr:
    """The difference of two expressions."""
    return add(left, neg(right))


def power(base: Expr, exponent: int | Fraction) -> Expr:
    """The base to a constant rational exponent; exponents 0 and 1 are resolved."""
    return ONE if exponent == 0 else base if exponent == 1 else Pow(base, Fraction(exponent))


def div(left: Expr, right: Expr) -> Expr:
    """The quotient, as a product with a power of -1."""
    return mul(left, power(right, -1))


def total(body: Expr, *indices: Index) -> Expr:
    """The sum of the body over the indices, the first one outermost."""
    for index in reversed(indices):
        body = Sum(index, body)
    return body


def relu(argument: Expr) -> Expr:
    """max(0, argument), as the argument times its step."""
    return mul(argument, Step(argument))


def fresh(index: Index, avoid: frozenset[Index] | set[Index]) -> Index:
    """The index itself, or one of the same axis with primes added until it is not among those to avoid."""
    while index in avoid:
        index = Index(index.name + "'", index.axis)
    return index


def substitute(expr: Expr, table: Mapping[Index, Position]) -> Expr:
    """The expression with free indices replaced all at once; bound indices are renamed where they would capture."""
    table = {a: b for a, b in table.items() if a in expr.free and a != b}
    if not table:
        return expr

    def at(position: Position) -> Position:
        return table.get(position, position) if isinstance(position, Index) else position

    match expr:
        case Tensor(name, indices):
            return Tensor(name, tuple(at(i) for i in indices))
        case Delta(left, right):
            return delta(at(left), at(right))
        case Sum(index, body) | Prod(index, body):
            inserted = {b for b in table.values() if isinstance(b, Index)}
            new = fresh(index, inserted | (body.free - {index})) if index in inserted else index
            return type(expr)(new, substitute(body, {**table, index: new}))
    return rebuild(expr, tuple(substitute(child, table) for child in children(expr)))


def rebuild(expr: Expr, below: tuple[Expr, ...]) -> Expr:
    """The same node over other children; constants are joined, nothing else is computed."""
    if isinstance(expr, (Add, Mul)):
        return add(*below) if isinstance(expr, Add) else mul(*below)
    make, rest = type(expr), iter(below)
    return make(*(next(rest) if isinstance(part, Expr) else part for part in expr.parts)) if below else expr


def delta(left: Position, right: Position) -> Expr:
    """The Kronecker delta of two positions; 1 for equal ones, 0 for two different fixed positions."""
    if left == right:
        return ONE
    if isinstance(left, int) and isinstance(right, int):
        return ZERO
    return Delta(left, right)
