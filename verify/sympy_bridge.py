"""Between SymPy and the kernel's language, both ways: what the catalogue is written in, and what is decided.

An ``Idx`` with the range ``0 … n − 1`` is an index of the axis that the symbol ``n`` names, and ``n`` itself is the axis's size. Only the
catalogue and the symbolic oracle come through here; no text of an answer does, and SymPy is asked to evaluate nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from derivations._entry import Derivation, d, index, one_hot, positive, quantity, step, sums_to_one, tensor
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
    Position,
    Pow,
    Prod,
    Size,
    Step,
    Sum,
    Tensor,
    add,
    children,
    delta,
    fresh,
    mul,
    num,
    power,
    sub,
    substitute,
    total,
)
from verify.kernel.program import Assumption, Claim, Condition, Definition, Equal, OneHot, Positive, Program, SumsToOne, Unequal

ELEMENTARY = {f.__name__: f for f in (sp.exp, sp.log, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.erf)}


class Inexpressible(ValueError):
    """What stands on one side of the bridge has nothing to match it on the other; says what."""


def _axis(of: Any) -> str:
    lower, upper = of.lower, of.upper
    if lower != 0 or not isinstance(upper + 1, sp.Symbol):
        raise Inexpressible(f"the index {of} does not range over all positions of a named axis")
    return str(upper + 1)


def _index(of: Any) -> Index:
    return Index(str(of.label), _axis(of))


def _position(of: Any) -> Position:
    match of:
        case sp.Idx():
            return _index(of)
        case sp.Integer() if of >= 0:
            return int(of)
    raise Inexpressible(f"{of} is not a position: an index, or a number from 0")


def _tensor(entry: Any) -> Tensor:
    if isinstance(entry, sp.Symbol):
        return Tensor(str(entry))
    if not isinstance(entry, sp.Indexed):
        raise Inexpressible(f"{entry} is not an entry of a tensor")
    positions = tuple(_position(i) for i in entry.indices)
    for position, length in zip(positions, entry.base.shape or (None,) * len(positions), strict=True):
        if length is not None and isinstance(position, Index) and position.axis != str(length):
            raise Inexpressible(f"{entry}: the index {position.name} ranges over {position.axis}, the axis is {length}")
    return Tensor(quantity(entry), positions)


def _ranges(limits: Any) -> tuple[Index, ...]:
    """The indices of a SymPy sum, the outermost first; a range other than the index's own is refused."""
    for variable, *bounds in limits:
        if not isinstance(variable, sp.Idx) or (bounds and tuple(bounds) != (variable.lower, variable.upper)):
            raise Inexpressible(f"the range of {variable} is not an axis")
    return tuple(_index(variable) for variable, *_ in reversed(limits))


def _indicator(condition: Any) -> Expr:
    """1 where the condition holds, else 0; off the kinks, so that ``u > 0`` and ``u ≥ 0`` are one."""
    match condition:
        case sp.StrictGreaterThan() | sp.GreaterThan():
            return Step(to_expr(condition.lhs - condition.rhs))
        case sp.StrictLessThan() | sp.LessThan():
            return Step(to_expr(condition.rhs - condition.lhs))
        case sp.Equality() | sp.Unequality():
            same = delta(_position(condition.lhs), _position(condition.rhs))
            return same if isinstance(condition, sp.Equality) else sub(ONE, same)
        case sp.And():
            return mul(*map(_indicator, condition.args))
        case sp.Or():
            return sub(ONE, mul(*(sub(ONE, _indicator(c)) for c in condition.args)))
        case sp.Not():
            return sub(ONE, _indicator(condition.args[0]))
        case sp.ITE():
            first, then, other = map(_indicator, condition.args)
            return add(mul(first, then), mul(sub(ONE, first), other))
        case sp.logic.boolalg.BooleanTrue():
            return ONE
        case sp.logic.boolalg.BooleanFalse():
            return num(0)
    raise Inexpressible(f"the condition {condition}")


def to_expr(of: Any) -> Expr:
    """The kernel's expression for a SymPy expression in index notation. Fails with Inexpressible, naming the part that has no match."""
    match of:
        case sp.Rational():
            return num(Fraction(int(of.p), int(of.q)))
        case sp.Symbol():
            return Size(str(of)) if of.is_integer else Tensor(str(of))
        case sp.Indexed():
            return _tensor(of)
        case sp.Add():
            return add(*map(to_expr, of.args))
        case sp.Mul():
            return mul(*map(to_expr, of.args))
        case sp.Pow(args=(base, sp.Rational() as exponent)):
            return power(to_expr(base), Fraction(int(exponent.p), int(exponent.q)))
        case sp.Pow(args=(base, exponent)):
            return Apply("exp", mul(to_expr(exponent), Apply("log", to_expr(base))))
        case sp.Sum():
            return total(to_expr(of.function), *_ranges(of.limits))
        case sp.Product():
            body = to_expr(of.function)
            for bound in reversed(_ranges(of.limits)):
                body = Prod(bound, body)
            return body
        case sp.KroneckerDelta():
            return delta(_position(of.args[0]), _position(of.args[1]))
        case sp.Piecewise():
            terms: list[Expr] = []
            before: Expr = ONE
            for value, condition in of.args:
                here = _indicator(condition)
                terms.append(mul(to_expr(value), before, here))
                before = mul(before, sub(ONE, here))
            return add(*terms)
        case sp.Function() if of.func == step:
            return Step(to_expr(of.args[0]))
        case d():
            return Derivative(to_expr(of.args[0]), _tensor(of.args[1]))
        case sp.Subs(expr=sp.Derivative(args=(AppliedUndef(args=(inner,)) as function, by))) if len(of.point) == 1:
            (variable,), (argument,) = of.variables, of.point
            if inner == by[0] == variable:
                return Apply(function.func.__name__, to_expr(argument), int(by[1]))
        case sp.Function() if len(of.args) == 1 and (of.func.__name__ in ELEMENTARY or isinstance(of, AppliedUndef)):
            return Apply(of.func.__name__, to_expr(of.args[0]))
    if of == sp.pi:
        return Pi()
    if of == sp.E:
        return Apply("exp", ONE)
    raise Inexpressible(f"{type(of).__name__}: {of}")


def to_sympy(expr: Expr, axes: Mapping[str, tuple[str, ...]] | None = None) -> Any:
    """The SymPy expression for a kernel expression. Every bound index gets a name of its own, so that SymPy captures none.

    ``axes`` gives the axes of tensors that are written with a fixed position; without it those have no shape.
    """
    return _write(expr, axes or {}, {i.name for i in expr.free})


def _write(expr: Expr, axes: Mapping[str, tuple[str, ...]], used: set[str]) -> Any:
    def write(e: Expr) -> Any:
        return _write(e, axes, used)

    def at(position: Position) -> Any:
        return sp.Integer(position) if isinstance(position, int) else index(position.name, position.axis)

    match expr:
        case Num(value):
            return sp.Rational(value.numerator, value.denominator)
        case Pi():
            return sp.pi
        case Size(axis):
            return index("i", axis).upper + 1
        case Tensor(name, ()):
            return tensor(name)
        case Tensor(name, positions):
            known = axes.get(name) or tuple(p.axis for p in positions if isinstance(p, Index))
            base = tensor(name, *(index("i", a) for a in known)) if len(known) == len(positions) else sp.IndexedBase(name)
            return base[tuple(at(p) for p in positions)]
        case Delta(left, right):
            return sp.KroneckerDelta(at(left), at(right))
        case Add(terms):
            return sp.Add(*map(write, terms))
        case Mul(factors):
            return sp.Mul(*map(write, factors))
        case Pow(base, exponent):
            return write(base) ** sp.Rational(exponent.numerator, exponent.denominator)
        case Sum(bound, body) | Prod(bound, body):
            name = next(n for n in (bound.name + "'" * primes for primes in range(len(used) + 1)) if n not in used)
            used.add(name)
            body = substitute(body, {bound: Index(name, bound.axis)})
            return (sp.Sum if isinstance(expr, Sum) else sp.Product)(write(body), index(name, bound.axis))
        case Step(argument):
            return step(write(argument))
        case Apply(function, argument, 0):
            return ELEMENTARY.get(function, sp.Function(function))(write(argument))
        case Apply(function, argument, order):
            variable = sp.Dummy("u")
            slope = sp.Derivative(sp.Function(function)(variable), (variable, order))
            return sp.Subs(slope, variable, write(argument))
        case Derivative(body, wrt):
            return d(write(body), write(wrt))
    raise Inexpressible(f"{expr}")


def condition(where: Any) -> Condition:
    """The kernel's case condition for ``Eq`` or ``Ne`` of two positions."""
    match where:
        case sp.Equality():
            return Equal(_position(where.lhs), _position(where.rhs))
        case sp.Unequality():
            return Unequal(_position(where.lhs), _position(where.rhs))
    raise Inexpressible(f"the case {where}")


def assumption(relation: Any) -> Assumption:
    """The kernel's assumption for a relation of an entry's domain, as the catalogue's vocabulary writes it."""
    match relation:
        case sp.Equality(lhs=sp.Sum(function=sp.Indexed() as entry, limits=(limit,)), rhs=sp.core.numbers.One()):
            return SumsToOne(quantity(entry), entry.indices.index(limit[0]))
        case sp.StrictGreaterThan(lhs=entry, rhs=sp.core.numbers.Zero()):
            return Positive(_tensor(entry).name)
        case sp.And():
            for part in relation.args:
                match part:
                    case sp.Equality(lhs=sp.Sum(function=sp.Indexed() as entry, limits=(limit,))) if relation == one_hot(entry, limit[0]):
                        return OneHot(quantity(entry), entry.indices.index(limit[0]))
    raise Inexpressible(f"the assumption {relation}")


def _entries(expr: Expr) -> Iterator[Tensor]:
    if isinstance(expr, Tensor):
        yield expr
    for child in children(expr):
        yield from _entries(child)


def _leaf(name: str, entries: list[Tensor]) -> Definition:
    """The declaration of a leaf, from how it is used: an axis that is never indexed by a letter is not known."""
    formal: tuple[Index, ...] = ()
    for column in zip(*(entry.indices for entry in entries), strict=True):
        letters = [p for p in column if isinstance(p, Index)]
        if len({p.axis for p in letters}) != 1:
            raise Inexpressible(f"{name}: one axis is indexed over {sorted({p.axis for p in letters})}")
        formal += (fresh(letters[0], {*formal}),)
    return Definition(name, formal)


@cache
def program(derivation: Derivation) -> Program:
    """The forward pass of an entry as a program: its leaves in the order in which they appear, its definitions, its domain, and the sizes
    that it fixes."""
    definitions: dict[str, Definition] = {}
    used: dict[str, list[Tensor]] = {}
    for left, right in derivation.forward.items():
        entry, body = _tensor(left), to_expr(right)
        formal = tuple(p for p in entry.indices if isinstance(p, Index))
        if len(set(formal)) != len(entry.indices):
            raise Inexpressible(f"{left}: a definition is of an entry with indices that are all different")
        if not body.free <= set(formal):
            raise Inexpressible(f"{left}: its body depends on {sorted(i.name for i in body.free - set(formal))}")
        definitions[entry.name] = Definition(entry.name, formal, body)
        for use in _entries(body):
            used.setdefault(use.name, []).append(use)
    leaves = [_leaf(name, entries) for name, entries in used.items() if name not in definitions]
    sizes = tuple(sorted((_index(i).axis, n) for i, n in derivation.sizes.items()))
    return Program((*leaves, *definitions.values()), frozenset(map(assumption, derivation.domain)), sizes)


def forward(of: Program) -> dict[Any, Any]:
    """The definitions of a program in SymPy, as an entry writes its forward pass; leaves are what they use and do not define."""
    axes = {definition.name: definition.axes for definition in of.definitions}
    return {
        to_sympy(Tensor(definition.name, definition.indices), axes): to_sympy(definition.body, axes)
        for definition in of.definitions
        if definition.body is not None
    }


def domain(of: Program) -> tuple[Any, ...]:
    """The assumptions of a program in SymPy, as an entry writes its domain, in the order of their text."""
    relations = []
    for assumed in of.assumptions:
        definition = of.by_name[assumed.name]
        entry = to_sympy(Tensor(definition.name, definition.indices))
        match assumed:
            case SumsToOne(_, position):
                relations.append(sums_to_one(entry, entry.indices[position]))
            case OneHot(_, position):
                relations.append(one_hot(entry, entry.indices[position]))
            case Positive():
                relations.append(positive(entry))
    return tuple(sorted(relations, key=str))


def claim(derivation: Derivation, left: Any, right: Any, where: Any = None) -> Claim:
    """The claim that two SymPy sides are equal under an entry's forward pass and domain, and where the case condition holds."""
    return Claim(program(derivation), to_expr(left), to_expr(right), () if where is None else (condition(where),))
