"""Programs that the kernel's tests share, and a naive evaluator that knows nothing of arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from verify.kernel.calculus import Resolver
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
    Pow,
    Prod,
    Size,
    Step,
    Sum,
    Tensor,
    add,
    delta,
    div,
    mul,
    neg,
    power,
    relu,
    sub,
    total,
)
from verify.kernel.program import Assumption, Definition, Program, SumsToOne

i, j, k, m, n = Index("i", "in"), Index("j", "h1"), Index("k", "h2"), Index("m", "out"), Index("n", "out")


def tensor(name: str, *positions: Index | int) -> Tensor:
    return Tensor(name, positions)


def definition(name: str, *indices: Index, body: Expr | None = None) -> Definition:
    return Definition(name, indices, body)


def classifier(assumptions: frozenset[Assumption] = frozenset({SumsToOne("y")})) -> Program:
    """ReLU, sigmoid and softmax layers under cross-entropy."""
    exp_z = Apply("exp", tensor("z", m))
    return Program(
        (
            definition("x", i),
            definition("w1", i, j),
            definition("b1", j),
            definition("w2", j, k),
            definition("b2", k),
            definition("wo", k, m),
            definition("bz", m),
            definition("y", m),
            definition("z1", j, body=add(Sum(i, mul(tensor("x", i), tensor("w1", i, j))), tensor("b1", j))),
            definition("a1", j, body=relu(tensor("z1", j))),
            definition("z2", k, body=add(Sum(j, mul(tensor("a1", j), tensor("w2", j, k))), tensor("b2", k))),
            definition("a2", k, body=Apply("sigmoid", tensor("z2", k))),
            definition("z", m, body=add(Sum(k, mul(tensor("a2", k), tensor("wo", k, m))), tensor("bz", m))),
            definition("o", m, body=div(exp_z, Sum(n, Apply("exp", tensor("z", n))))),
            definition("L", body=neg(Sum(m, mul(tensor("y", m), Apply("log", tensor("o", m)))))),
        ),
        assumptions,
    )


LOSS = tensor("L")
ERROR = sub(tensor("o", m), tensor("y", m))
A2 = tensor("a2", k)
DELTA2 = mul(Sum(m, mul(ERROR, tensor("wo", k, m))), A2, sub(ONE, A2))
DELTA1 = mul(Sum(k, mul(DELTA2, tensor("w2", j, k))), Step(tensor("z1", j)))

GRADIENTS: dict[str, tuple[Expr, Expr]] = {
    "z": (Derivative(LOSS, tensor("z", m)), ERROR),
    "wo": (Derivative(LOSS, tensor("wo", k, m)), mul(ERROR, A2)),
    "bz": (Derivative(LOSS, tensor("bz", m)), ERROR),
    "w2": (Derivative(LOSS, tensor("w2", j, k)), mul(DELTA2, tensor("a1", j))),
    "b2": (Derivative(LOSS, tensor("b2", k)), DELTA2),
    "w1": (Derivative(LOSS, tensor("w1", i, j)), mul(DELTA1, tensor("x", i))),
    "b1": (Derivative(LOSS, tensor("b1", j)), DELTA1),
    "softmax": (Derivative(tensor("o", m), tensor("z", n)), mul(tensor("o", m), sub(delta(m, n), tensor("o", n)))),
    "softmax diagonal": (Derivative(tensor("o", m), tensor("z", m)), mul(tensor("o", m), sub(ONE, tensor("o", m)))),
    "sigmoid": (Derivative(A2, tensor("z2", k)), mul(A2, sub(ONE, A2))),
}


def residual(depth: int) -> Program:
    """Layers with two paths each: 2 to the power of the depth paths from the loss to the input."""
    h = Index("i", "h")
    definitions = [definition("a0", h)]
    for layer in range(depth):
        before = tensor(f"a{layer}", h)
        definitions.append(definition(f"a{layer + 1}", h, body=add(before, Apply("tanh", before))))
    return Program((*definitions, definition("L", body=Sum(h, power(tensor(f"a{depth}", h), 2)))))


def trace_of_power(matrix: str, axis: str, exponent: int) -> Expr:
    """The trace of a power of a square matrix, in indices."""
    r = [Index(f"r{t}", axis) for t in range(exponent)]
    return total(mul(*(tensor(matrix, r[t], r[(t + 1) % exponent]) for t in range(exponent))), *r)


def naive(expr: Expr, program: Program, sizes: Mapping[str, int], leaves: Mapping[str, Any], at: Mapping[Index, int]) -> Any:
    """The value of one entry, by the textbook definition of every node; exact where all functions are rational."""
    entries: dict[tuple[str, tuple[int, ...]], Any] = {}

    def value(e: Expr, where: Mapping[Index, int]) -> Any:
        def place(position: Index | int) -> int:
            return where[position] if isinstance(position, Index) else position

        match e:
            case Num(number):
                return number
            case Size(axis):
                return sizes[axis]
            case Tensor(name, positions):
                made = program.by_name[name]
                places = tuple(place(p) for p in positions)
                if made.body is None:
                    return leaves[name][places]
                if (name, places) not in entries:
                    entries[name, places] = value(made.body, dict(zip(made.indices, places, strict=True)))
                return entries[name, places]
            case Delta(left, right):
                return int(place(left) == place(right))
            case Add(terms):
                return sum(value(t, where) for t in terms)
            case Mul(factors):
                return math.prod(value(f, where) for f in factors)
            case Pow(base, exponent):
                of = value(base, where)
                of = Fraction(of) if isinstance(of, int) else of
                return of ** (int(exponent) if exponent.denominator == 1 else float(exponent))
            case Sum(index, body):
                return sum(value(body, {**where, index: p}) for p in range(sizes[index.axis]))
            case Prod(index, body):
                return math.prod(value(body, {**where, index: p}) for p in range(sizes[index.axis]))
            case Step(argument):
                return int(value(argument, where) > 0)
            case Apply("sigmoid", argument, 0):
                return 1 / (1 + math.exp(-value(argument, where)))
            case Apply("softplus", argument, 0):
                return math.log(1 + math.exp(value(argument, where)))
            case Apply(function, argument, 0):
                return getattr(math, function)(value(argument, where))
        raise AssertionError(e)

    return value(expr, at)


HALF = Fraction(1, 2)


def resolve_shared(program: Program, expr: Expr) -> tuple[Program, Expr]:
    """The program with the Jacobians that the expression needs, and the expression without Derivative nodes."""
    resolver = Resolver(program)
    resolved = resolver.resolve(expr)
    return resolver.program, resolved
