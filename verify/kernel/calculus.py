# ruff: noqa: I001
"""Differentiation of a program: the truth of every derivative.

The Jacobian of one quantity by another is added to the program as a definition of its own, computed backwards from the
Jacobians by the quantities in between: however many paths there are, the size is linear in the depth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cache

from verify.kernel.expr import (
    ONE, ZERO, Add, Apply, Delta, Derivative, Expr, Index, Mul, Pi, Pow, Prod, Size, Sum, Tensor,
    add, children, delta, fresh, mul, neg, num, power, rebuild, sub, substitute,
)
from verify.kernel.program import Definition, OutOfReach, Program


WORK = 50_000  # factors that one differentiation writes down at most


RULES: Mapping[str, Callable[[Expr], Expr]] = {
    "exp": lambda u: Apply("exp", u),
    "log": lambda u: power(u, -1),
    "sin": lambda u: Apply("cos", u),
    "cos": lambda u: neg(Apply("sin", u)),
    "sinh": lambda u: Apply("cosh", u),
    "cosh": lambda u: Apply("sinh", u),
    "tanh": lambda u: sub(ONE, power(Apply("tanh", u), 2)),
    "atan": lambda u: power(add(ONE, power(u, 2)), -1),
    "sigmoid": lambda u: mul(Apply("sigmoid", u), sub(ONE, Apply("sigmoid", u))),
    "softplus": lambda u: Apply("sigmoid", u),
    "erf": lambda u: mul(num(2), power(Pi(), Fraction(-1, 2)), Apply("exp", neg(power(u, 2)))),
}


BY_EXP: Mapping[str, Callable[[Expr], Expr]] = {
    "sigmoid": lambda u: power(add(ONE, Apply("exp", neg(u))), -1),
    "tanh": lambda u: sub(mul(num(2), power(add(ONE, Apply("exp", mul(num(-2), u))), -1)), ONE),
    "softplus": lambda u: Apply("log", add(ONE, Apply("exp", u))),
    "sinh": lambda u: mul(num(Fraction(1, 2)), sub(Apply("exp", u), Apply("exp", neg(u)))),
    "cosh": lambda u: mul(num(Fraction(1, 2)), add(Apply("exp", u), Apply("exp", neg(u)))),
}


def summed(index: Index, body: Expr) -> Expr:
    """The sum of the body over the index, with a Kronecker delta of the index contracted where one is a factor."""
    if index not in body.free:
        return mul(Size(index.axis), body)
    factors = body.factors if isinstance(body, Mul) else (body,)
    for n, factor in enumerate(factors):
        if isinstance(factor, Delta) and index in factor.free:
            other = factor.right if factor.left == index else factor.left
            return substitute(mul(*factors[:n], *factors[n + 1 :]), {index: other})
    if isinstance(body, Add) and any(isinstance(f, Delta) for t in body.terms for f in (t, *children(t))):
        return add(*(summed(index, t) for t in body.terms))
    return Sum(index, body)


def differentiate(expr: Expr, entry: Callable[[Tensor], Expr], avoid: frozenset[Index]) -> Expr:
    """The derivative of an expression without Derivative nodes, given that of each tensor entry in it.

    ``avoid`` are the free indices of the quantity that it is differentiated by: a bound index never captures one. Raises OutOfReach.
    """

    work = WORK

    @cache
    def d(e: Expr) -> Expr:
        nonlocal work
        work -= len(children(e)) ** (2 if isinstance(e, Mul) else 1) + 1
        if work < 0:
            raise OutOfReach("the derivative has too many terms")
        match e:
            case Tensor():
                return entry(e)
            case Add(terms):
                return add(*map(d, terms))
            case Mul(factors):
                return add(*(mul(*factors[:n], slope, *factors[n + 1 :]) for n, slope in enumerate(map(d, factors))))
            case Pow(base, exponent):
                return mul(num(exponent), power(base, exponent - 1), d(base))
            case Sum(index, body) | Prod(index, body):
                new = fresh(index, avoid | (body.free - {index}))
                body = substitute(body, {index: new})
                slope = d(body)
                if isinstance(e, Prod):  # times the product of the other factors, which is right where one is 0 too
                    other = fresh(new, avoid | body.free | {new})
                    factor = substitute(body, {new: other})
                    slope = mul(slope, Prod(other, add(factor, mul(delta(other, new), sub(ONE, factor)))))
                return ZERO if slope == ZERO else summed(new, slope)
            case Apply(function, argument, order):
                outer = RULES[function](argument) if function in RULES else Apply(function, argument, order + 1)
                return mul(outer, d(argument))
            case Derivative():
                raise ValueError("an inner derivative is resolved first")
        return ZERO  # constants, sizes and deltas; steps too, off the kink

    return d(expr)


class Resolver:
    """A program that grows by a definition for each Jacobian that is asked for.

    ``definitions`` are those of the given program, without Derivative nodes, and the Jacobians, each after all that it uses.
    """

    def __init__(self, program: Program) -> None:
        self.given = program
        self._below: dict[str, frozenset[str]] = {}
        self._jacobians: dict[tuple[str, str], str] = {}
        self._resolved: dict[Expr, Expr] = {}
        self._program = Program()
        self.definitions: dict[str, Definition] = {}
        for definition in program.definitions:
            self._define(definition if definition.body is None else replace(definition, body=self.resolve(definition.body)))

    @property
    def program(self) -> Program:
        """The program with every definition made so far."""
        if len(self._program.definitions) != len(self.definitions):
            self._program = replace(self.given, definitions=tuple(self.definitions.values()))
        return self._program

    def _define(self, definition: Definition) -> None:
        self._below[definition.name] = definition.uses.union(*(self._below[name] for name in definition.uses))
        self.definitions[definition.name] = definition

    def resolve(self, expr: Expr) -> Expr:
        """The expression without Derivative nodes and without derivatives of known functions."""
        found = self._resolved.get(expr)
        if found is None:
            found = self._resolved[expr] = self._resolve(expr)
        return found

    def _resolve(self, expr: Expr) -> Expr:
        below = tuple(self.resolve(child) for child in children(expr))
        match expr:
            case Derivative(_, wrt):
                return differentiate(below[0], lambda t: self._entry(t, wrt), wrt.free)
            case Apply(function, _, order) if function in RULES and order > 0:
                return _unfold(function, below[0], order)
        return expr if below == children(expr) else rebuild(expr, below)

    def _entry(self, tensor: Tensor, wrt: Tensor) -> Expr:
        if tensor.name == wrt.name:
            return mul(*(delta(p, q) for p, q in zip(tensor.indices, wrt.indices, strict=True)))
        jacobian = self._jacobian(tensor.name, wrt.name)
        return ZERO if jacobian is None else Tensor(jacobian, tensor.indices + wrt.indices)

    def _jacobian(self, name: str, wrt: str) -> str | None:
        """The tensor of derivatives of a quantity by another one, its own axes first; None if it does not depend on it."""
        above = self._below.get(name, frozenset())
        if (name, wrt) in self._jacobians or wrt not in above:
            return self._jacobians.get((name, wrt))
        rows = self.definitions[name].indices
        columns = _apart(self.definitions[wrt].indices, rows)
        at, terms = Tensor(wrt, columns), []
        path = [d for d in self.definitions.values() if (d.name == name or d.name in above) and wrt in self._below[d.name]]
        for consumer in reversed(path):  # the nearest to the result first, so that the recursion stays flat
            assert consumer.body is not None
            outer = None if consumer.name == name else self._jacobian(name, consumer.name)
            middle = rows if outer is None else _apart(consumer.indices, rows + columns)
            if wrt not in consumer.uses:
                continue
            body = substitute(consumer.body, dict(zip(consumer.indices, middle, strict=True)))
            local = differentiate(body, lambda t: self._entry(t, at) if t.name == wrt else ZERO, at.free)
            for term in local.terms if isinstance(local, Add) else (local,):
                if outer is not None:
                    term = mul(Tensor(outer, rows + middle), term)
                    for index in middle:
                        term = summed(index, term)
                terms.append(term)
        made = f"∂{name}/∂{wrt}"
        while made in self.definitions or made in self.given.by_name:
            made += "′"
        self._define(Definition(made, rows + columns, add(*terms)))
        self._jacobians[name, wrt] = made
        return made


def _apart(indices: tuple[Index, ...], avoid: tuple[Index, ...]) -> tuple[Index, ...]:
    """The indices, renamed where they are among those to avoid."""
    for index in indices:
        avoid = (*avoid, fresh(index, set(avoid)))
    return avoid[len(avoid) - len(indices) :]


def _unfold(function: str, argument: Expr, order: int) -> Expr:
    """A derivative of a known function, in known functions."""
    variable = Tensor("")
    expr: Expr = Apply(function, variable)
    for _ in range(order):
        expr = differentiate(expr, lambda t: ONE, frozenset())

    def put(e: Expr) -> Expr:
        return argument if e == variable else rebuild(e, tuple(map(put, children(e))))

    return put(expr)
