"""Evaluation of every entry of expressions at a point, fast: one plan of operations, run over arrays of floats, complex numbers, balls or
residues. It chooses what is worth trying, and decides nothing: the kernel has an evaluation of its own, of one entry.

An expression is compiled once, into array operations that know nothing of widths, values or index names; what is the same up to the
names of its indices is one operation. A sum of products is contracted two factors at a time, so that a layer is a product of matrices.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, reduce
from typing import Any, NamedTuple

import numpy as np

from verify.kernel.evaluate import instance
from verify.kernel.expr import Add, Apply, Delta, Expr, Index, Mul, Num, Pi, Position, Pow, Prod, Size, Step, Sum, Tensor
from verify.kernel.program import Definition, OutOfReach

MOST_AXES = 24
MOST_WORK = 1 << 7  # times as many entries as one result may have are computed for one expression


class Value(NamedTuple):
    """Where an expression's value is found: the number of an operation, and the free index that each axis of its result stands for."""

    number: int
    indices: tuple[Index, ...]


class Operation(NamedTuple):
    """One array operation on earlier results; the names of the axes that it runs over, last those that are summed or multiplied away."""

    kind: str
    inputs: tuple[int, ...]
    data: Any
    axes: tuple[str, ...]
    gone: tuple[str, ...] = ()


def _as_it_is(data: Any) -> Any:
    return data


@cache
def _reshaping(order: tuple[int, ...], kept: tuple[bool, ...]) -> Callable[[Any], Any]:
    key = tuple(slice(None) if k else None for k in kept)
    return lambda data: data.transpose(*order, *range(len(order), data.ndim))[key]


def _aligned(indices: tuple[Index, ...], onto: tuple[Index, ...]) -> Callable[[Any], Any]:
    """What transposes an array with these axes, and gives it axes of length 1, so that it broadcasts over others."""
    if indices == onto[len(onto) - len(indices) :]:
        return _as_it_is
    return _reshaping(tuple(indices.index(i) for i in onto if i in indices), tuple(i in indices for i in onto))


class Plan:
    """The operations for expressions over some definitions, each after those that it uses.

    ``definitions`` are without Derivative nodes and may grow. ``law`` gives an expression to be computed instead of a node, or None.
    """

    def __init__(self, definitions: Mapping[str, Definition], law: Callable[[Mapping[str, Definition], Expr], Expr | None] | None = None):
        self.definitions, self.law = definitions, law
        self.operations: list[Operation] = []
        self._numbers: dict[Operation, int] = {}
        self._values: dict[Expr, Value] = {}
        self._tensors: dict[str, Value] = {}
        self._needs: dict[int, list[int]] = {}

    def value(self, expr: Expr) -> Value:
        """Where the expression's value is found."""
        found = self._values.get(expr)
        if found is None:
            other = self.law(self.definitions, expr) if self.law else None
            found = self._values[expr] = self._compiled(expr) if other is None else self.value(other)
        return found

    def needs(self, number: int) -> list[int]:
        """The numbers of the operations that one rests on, in order, itself the last."""
        if number not in self._needs:
            found, stack = {number}, [number]
            while stack:
                new = [n for n in self.operations[stack.pop()].inputs if n not in found]
                found.update(new)
                stack.extend(new)
            self._needs[number] = sorted(found)
        return self._needs[number]

    def _compiled(self, expr: Expr) -> Value:
        match expr:
            case Num(number):
                return self._made("number", number)
            case Pi():
                return self._made("pi", None)
            case Size(axis):
                return self._made("size", axis)
            case Tensor(name, positions):
                return self._entries(self.definitions[name], positions)
            case Delta(left, right) if left == right or (isinstance(left, int) and isinstance(right, int)):
                return self._made("number", Fraction(left == right))
            case Delta(left, right):
                indices = tuple(p for p in (left, right) if isinstance(p, Index))
                return self._made("delta", (indices[0].axis, *(p for p in (left, right) if isinstance(p, int))), indices)
            case Add(terms):
                return self._joined("add", [self.value(t) for t in terms])
            case Mul(factors):
                return self._product([self.value(f) for f in factors], set())
            case Pow(base, exponent):
                value, whole = self.value(base), exponent.denominator == 1 and abs(exponent) < 1 << 31
                return self._made("power", int(exponent) if whole else exponent, value.indices, (value,))
            case Sum():
                bound, body = {expr.index}, expr.body
                while isinstance(body, Sum) and body.index not in bound:
                    bound, body = bound | {body.index}, body.body
                return self._product([self.value(f) for f in (body.factors if isinstance(body, Mul) else (body,))], bound)
            case Prod(index, body):
                value = self.value(body)
                at = value.indices.index(index) if index in value.indices else None
                return self._made("prod", at, tuple(i for i in value.indices if i != index), (value,), {index})
            case Step(argument):
                value = self.value(argument)
                return self._made("step", None, value.indices, (value,))
            case Apply(function, argument, order):
                value = self.value(argument)
                return self._made("apply", (function, order), value.indices, (value,))
        raise OutOfReach("a derivative is resolved before it is evaluated")

    def _made(self, kind: str, data: Any, indices: tuple[Index, ...] = (), of: Iterable[Value] = (), gone: Iterable[Index] = ()) -> Value:
        lost = tuple(i.axis for i in sorted(gone))
        operation = Operation(kind, tuple(v.number for v in of), data, tuple(i.axis for i in indices) + lost, lost)
        number = self._numbers.setdefault(operation, len(self.operations))
        if number == len(self.operations):
            self.operations.append(operation)
        return Value(number, indices)

    def _tensor(self, name: str) -> Value:
        stack = [name]
        while name not in self._tensors:  # no recursion here: programs may be deep
            d = self.definitions[stack[-1]]
            missing = [n for n in d.uses if n not in self._tensors]
            stack.extend(missing)
            if not missing:
                self._tensors[stack.pop()] = self._made("leaf", d.name, d.indices) if d.body is None else self.value(d.body)
        return self._tensors[name]

    def _entries(self, d: Definition, positions: tuple[Position, ...]) -> Value:
        value, at = self._tensor(d.name), dict(zip(d.indices, positions, strict=True))
        places = [at[i] for i in value.indices]
        left = [p for p in places if isinstance(p, Index)]
        indices = tuple(dict.fromkeys(left))
        if len(indices) == len(places):
            return Value(value.number, indices)
        fixed = tuple(None if isinstance(p, Index) else p for p in places)
        diagonal = None if len(indices) == len(left) else ((*map(indices.index, left), ...), (*range(len(indices)), ...))
        return self._made("view", (fixed, diagonal), indices, (value,))

    def _joined(self, kind: str, values: list[Value]) -> Value:
        """Arrays with some axes in common joined entry by entry."""
        most = max(values, key=lambda v: len(v.indices)).indices
        onto = (*dict.fromkeys(i for v in values for i in v.indices if i not in most), *most)
        return self._made(kind, tuple(_aligned(v.indices, onto) for v in values), onto, values)

    def _product(self, values: list[Value], bound: set[Index]) -> Value:
        """The product summed over the bound indices, one after the other, the one first that has the fewest others beside it."""
        free = {i for i in bound if not any(i in v.indices for v in values)}
        values, bound = values + [self._made("size", i.axis) for i in sorted(free)], bound - free
        while bound:
            index = min(bound, key=lambda i: (len({j for v in values if i in v.indices for j in v.indices}), i))
            group = sorted((v for v in values if index in v.indices), key=_weight)
            values = [v for v in values if index not in v.indices]
            gone = {i for i in bound if any(i in v.indices for v in group) and not any(i in v.indices for v in values)}
            *others, last = group
            values.append(self._contracted(reduce(self._times, others), last, gone) if others else self._summed(last, gone))
            bound = bound - gone
        return reduce(self._times, sorted(values, key=_weight))

    def _times(self, one: Value, other: Value) -> Value:
        return self._joined("mul", [one, other])

    def _summed(self, value: Value, gone: set[Index]) -> Value:
        """The sum over indices that the value has."""
        at = tuple(n for n, i in enumerate(value.indices) if i in gone)
        return self._made("sum", at, tuple(i for i in value.indices if i not in gone), (value,), gone) if gone else value

    def _contracted(self, one: Value, other: Value, gone: set[Index]) -> Value:
        """The product of two values summed over indices."""
        one, other = (self._summed(v, {i for i in gone if i in v.indices and i not in w.indices}) for v, w in ((one, other), (other, one)))
        gone = {i for i in gone if i in one.indices}
        ways = None
        if len(gone) == 1 and {*one.indices} & {*other.indices} == gone:
            (index,) = gone
            if other.indices[-1] == index and index in (one.indices[-2:-1] or one.indices):
                one, other = other, one
            left = (*(i for i in one.indices if i != index), index)
            rest = tuple(i for i in other.indices if i != index)
            right = (*rest[:-1], index, *rest[-1:])
            result, ways = left[:-1] + rest, (_aligned(one.indices, left), _aligned(other.indices, right))
        else:
            result = tuple(sorted({*one.indices, *other.indices} - gone))
        letters = (*result, *sorted(gone))
        data = tuple(tuple(map(letters.index, indices)) for indices in (one.indices, other.indices, result))
        return self._made("dot", (ways, data), result, (one, other), gone)


def _weight(value: Value) -> int:
    return len(value.indices)


class Point:
    """One choice of widths and of leaf values, and the results of a plan's operations there so far.

    ``leaves`` hold what the field's ``leaf`` takes: arrays of Fractions.
    """

    def __init__(self, plan: Plan, sizes: Mapping[str, int], leaves: Mapping[str, Any], field: Numbers) -> None:
        self.plan, self.sizes, self.leaves, self.field = plan, sizes, leaves, field
        self.work = 0  # entries computed so far
        self._results: dict[int, Any] = {}
        self._entries: dict[tuple[str, ...], int] = {}

    def value(self, expr: Expr) -> Any:
        """The value of an expression; its axes are those of the plan's."""
        results, operations = self._results, self.plan.operations
        number, most = self.plan.value(expr).number, self.work + self.field.limit * MOST_WORK
        if number not in results:
            for n in self.plan.needs(number):
                if n not in results:
                    operation = operations[n]
                    self.work += self._entries.get(operation.axes) or self._fit(operation.axes)
                    if self.work > most:
                        raise OutOfReach("the tensors have too many entries at these widths")
                    results[n] = getattr(self, operation.kind)(operation, *[results[i] for i in operation.inputs])
        return results[number]

    def array(self, expr: Expr, indices: tuple[Index, ...]) -> Any:
        """The value as an array with these axes in this order; they include the free indices."""
        self._fit(tuple(i.axis for i in indices))
        data, shape = _aligned(self.plan.value(expr).indices, indices)(self.value(expr)), tuple(self.sizes[i.axis] for i in indices)
        return data if isinstance(data, np.ndarray) and data.shape == shape else np.broadcast_to(data, shape)

    def _fit(self, axes: tuple[str, ...]) -> int:
        """The number of entries over some axes."""
        entries = math.prod(self.sizes[a] for a in axes)
        if entries > self.field.limit or len(axes) > MOST_AXES:
            raise OutOfReach("the tensors have too many entries at these widths")
        self._entries[axes] = entries
        return entries

    # One method for each kind of operation.

    def number(self, op: Operation) -> Any:
        return self.field.leaf(op.data)

    def pi(self, op: Operation) -> Any:
        return self.field.pi()

    def size(self, op: Operation) -> Any:
        return self.field.leaf(Fraction(self.sizes[op.data]))

    def leaf(self, op: Operation) -> Any:
        return self.field.leaf(self.leaves[op.data])

    def same(self, op: Operation) -> Any:
        n = self.sizes[op.data[0]]
        return np.arange(n) == op.data[1] if len(op.data) == 2 else np.eye(n, dtype=bool)

    def delta(self, op: Operation) -> Any:
        return np.where(self.same(op), self.field.leaf(Fraction(1)), self.field.leaf(Fraction(0)))

    def view(self, op: Operation, data: Any) -> Any:
        fixed, diagonal = op.data
        data = data[tuple(slice(None) if n is None else n for n in fixed)]
        return data if diagonal is None else np.einsum(data, *diagonal)

    def add(self, op: Operation, *data: Any) -> Any:
        return reduce(operator.add, [how(d) for how, d in zip(op.data, data, strict=True)])

    def mul(self, op: Operation, left: Any, right: Any) -> Any:
        return op.data[0](left) * op.data[1](right)

    def dot(self, op: Operation, left: Any, right: Any) -> Any:
        ways, (one, other, result) = op.data
        return self.field.dot(ways[0](left), ways[1](right)) if ways else np.einsum(left, one, right, other, result)

    def sum(self, op: Operation, data: Any) -> Any:
        return np.add.reduce(data, op.data)

    def prod(self, op: Operation, data: Any) -> Any:
        return data ** self.sizes[op.gone[0]] if op.data is None else np.multiply.reduce(data, op.data)

    def power(self, op: Operation, data: Any) -> Any:
        return self.field.power(data, op.data)

    def step(self, op: Operation, data: Any) -> Any:
        return self.field.step(data)

    def apply(self, op: Operation, data: Any) -> Any:
        return self.field.apply(data, *op.data)


@dataclass(frozen=True)
class Numbers:
    """A field of numpy arrays. Where a value is not defined, or a step is at its kink, the entry is not a number."""

    leaf: Callable[[Any], Any]
    pi: Callable[[], Any]
    functions: Mapping[str, Callable[[Any], Any]]
    step: Callable[[Any], Any]
    limit: int
    dot: Callable[[Any, Any], Any] = np.dot

    def power(self, data: Any, exponent: Fraction | int) -> Any:
        return data ** (exponent if isinstance(exponent, int) else self.leaf(exponent))

    def apply(self, data: Any, function: str, order: int) -> Any:
        if function in self.functions:
            return self.functions[function](data)
        result = self.leaf(Fraction(0))
        for k, coefficient in reversed(list(enumerate(instance(function)))[order:]):
            result = result * data + self.leaf(coefficient * math.perm(k, order))
        return result
