"""Array expressions to expressions of the kernel, by position, with NumPy's rules of broadcasting.

An array has a dimension for each of its axes; a dimension is an index over a named axis, or None where it has one entry only. Axes are told
apart by how the code joins them, never by their sizes: a product contracts two dimensions only if they are one axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from string import ascii_letters

from verify.kernel import expr as k
from verify.kernel.expr import Expr, Index
from verify.kernel.program import Definition, nodes
from verify.meaning.array_values import Array, Axes, Closure, Dims, Hidden, Labels, Mask, Mismatch, NotRead, Several, Truth, Value, Word
from verify.reading import numpy_code as py
from verify.reading.numpy_code import Expression

MAX_CALLS = 12
"""Calls of the code's own functions within calls."""

MAX_NODES = 4_000
"""So many nodes of an expression are evaluated, those of the functions that it calls counted in."""

MAX_WEIGHT = 3_000
"""An expression with more nodes, written out, is not followed further."""

MAX_POSITION = 1_000
"""Entries at higher positions are not told apart."""

MAX_BITS = 256
"""A number with more digits is not followed further."""

TINY = Fraction(1, 100_000)
"""A number up to this one, added to keep a logarithm or a quotient finite, is a guard."""


UNARY: Mapping[str, Callable[[Expr], Expr]] = {
    "exp": lambda u: k.Apply("exp", u),
    "log": lambda u: k.Apply("log", u),
    "log1p": lambda u: k.Apply("log", k.add(k.ONE, u)),
    "expm1": lambda u: k.sub(k.Apply("exp", u), k.ONE),
    "log2": lambda u: k.div(k.Apply("log", u), k.Apply("log", k.num(2))),
    "log10": lambda u: k.div(k.Apply("log", u), k.Apply("log", k.num(10))),
    "tanh": lambda u: k.Apply("tanh", u),
    "sinh": lambda u: k.Apply("sinh", u),
    "cosh": lambda u: k.Apply("cosh", u),
    "sin": lambda u: k.Apply("sin", u),
    "cos": lambda u: k.Apply("cos", u),
    "arctan": lambda u: k.Apply("atan", u),
    "expit": lambda u: k.Apply("sigmoid", u),
    "erf": lambda u: k.Apply("erf", u),
    "sqrt": lambda u: k.power(u, Fraction(1, 2)),
    "square": lambda u: k.power(u, 2),
    "negative": k.neg,
    "reciprocal": lambda u: k.power(u, -1),
}
KEEPS = frozenset({
    "array", "asarray", "asmatrix", "matrix", "copy", "float", "float32", "float64", "ascontiguousarray", "atleast_1d", "atleast_2d",
    "nan_to_num", "astype", "item", "int", "deepcopy", "tolist", "float_", "double", "int64", "int32", "uint8", "bool_", "squeeze_",
})  # fmt: skip
"""Calls that give back the values that they are given."""

BINARY = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "true_divide": "/", "power": "**", "matmul": "@", "greater": ">",
          "less": "<", "greater_equal": ">=", "less_equal": "<=", "equal": "==", "not_equal": "!="}  # fmt: skip
FILLED = {"zeros_like": 0, "ones_like": 1, "zeros": 0, "ones": 1}
RANDOM = frozenset({
    "randn", "rand", "random", "normal", "uniform", "random_sample", "standard_normal", "empty", "randint", "binomial",
    "permutation", "linspace", "arange", "shuffle",
})  # fmt: skip
PROBABILITIES = frozenset({"keep_prob", "keep", "p", "keep_rate", "retain_prob", "keep_probability"})
MODULES = frozenset({"np", "numpy", "cp", "jnp", "math", "scipy", "random", "special", "linalg", "rng", "npr", "copy", "onp", "anp"})
MADE = frozenset(FILLED) | RANDOM


@dataclass
class Scope:
    """What an expression sees: ``lookup`` gives the value of a place such as ``W1`` or ``params['W1']``; names of parameters hide it.

    ``guards`` says whether tiny numbers that keep a value finite count as 0; ``guarded`` collects those that did. ``shifts`` is told of
    each maximum that is taken along an axis and gives the tensor that stands for it.
    """

    axes: Axes
    lookup: Callable[[Expression], Value | None]
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    shift: Callable[[Array, Dims], Array] | None = None
    labels: Callable[[Expression, Array], Labels | None] | None = None
    guards: bool = False
    guarded: set[str] = field(default_factory=set)
    random: set[str] = field(default_factory=set)
    thresholds: dict[str, tuple[Expr, bool]] = field(default_factory=dict)
    positive: set[str] = field(default_factory=set)
    left: int = MAX_NODES
    meter: list[int] = field(default_factory=lambda: [0])
    weights: dict[int, tuple[Expr, int]] = field(default_factory=dict)


class Evaluator:
    """Evaluates expressions in a scope; raises NotRead or Mismatch."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.axes = scope.axes
        self.locals: list[dict[str, Value]] = []

    # -- values ---------------------------------------------------------------------------------------------------------------------

    def value(self, node: Expression) -> Value:
        """The value of an expression."""
        self.scope.left -= 1
        self.scope.meter[0] += 1
        if self.scope.left < 0:
            raise NotRead("the expression is too large")
        match node:
            case py.Number(_, value):
                return Array(k.num(value))
            case py.Text(_, text):
                return Word(text)
            case py.Constant(_, truth):
                return Truth(truth)
            case py.Listed(_, items):
                return Several(tuple(self.value(i) for i in items))
            case py.Unary(_, operator, operand):
                return self.unary(operator, operand)
            case py.Binary(_, operator, left, right):
                return self.bounded(self.binary(operator, self.value(left), self.value(right)))
            case py.Lambda(_, parameters, body):
                return Closure(tuple((p, None) for p in parameters), body)
            case py.Choice(_, test, then, otherwise):
                return self.value(then if self.known(test) else otherwise)
            case py.Called():
                return self.bounded(self.called(node))
            case py.Unknown(_, reason):
                raise NotRead(reason)
            case py.Keyed() | py.Range():
                raise NotRead("not an array")
        if isinstance(node, py.Name) and self.locals and node.text in self.locals[-1]:
            return self.fresh(self.locals[-1][node.text])
        found = self.scope.lookup(node)
        if found is not None:
            if isinstance(found, Hidden):
                raise NotRead(found.reason)
            return self.fresh(found)
        match node:
            case py.Member():
                return self.member(node)
            case py.Item():
                return self.item(node)
        raise NotRead(f"{node.text if isinstance(node, py.Name) else 'a value'} is not known")

    def bounded(self, value: Value) -> Value:
        """The value, if it is not too large to go on with."""
        if isinstance(value, Array) and self.weight(value.expr) > MAX_WEIGHT:
            raise NotRead("the expression is too large")
        return value

    def weight(self, expr: Expr) -> int:
        """How many nodes an expression has, written out without sharing."""
        known = self.scope.weights
        found = known.get(id(expr))
        if found is None or found[0] is not expr:
            if isinstance(expr, k.Num) and max(expr.value.numerator.bit_length(), expr.value.denominator.bit_length()) > MAX_BITS:
                raise NotRead("the number is too large")
            found = known[id(expr)] = expr, 1 + sum(self.weight(child) for child in k.children(expr))
        return found[1]

    def array(self, node: Expression) -> Array:
        """The value of an expression, which is to be an array or a number."""
        return self.as_array(self.value(node))

    def as_array(self, value: Value) -> Array:
        """The value as an array."""
        match value:
            case Array():
                return value
            case Mask(array):
                return array
            case Truth(bool() as truth):
                return Array(k.num(int(truth)))
            case Hidden(reason):
                raise NotRead(reason)
            case Several(items) if items and all(isinstance(i, Array) and not i.dims for i in items):
                raise NotRead("a list of numbers")
        raise NotRead("not an array")

    def fresh(self, value: Value) -> Value:
        """The value with indices of its own, so that it may meet itself in one expression."""
        match value:
            case Array(expr, dims):
                table: dict[Index, k.Position] = {i: self.axes.index(i.axis) for i in dims if i is not None}
                moved = tuple(None if i is None else self.axes.moved(table, i) for i in dims)
                expr = k.substitute(expr, table)
                return Array(self.axes.renamed(expr) if self.axes.settled else expr, moved)
            case Mask(array):
                inner = self.fresh(array)
                assert isinstance(inner, Array)
                return Mask(inner)
            case Several(items):
                return Several(tuple(self.fresh(i) for i in items))
        return value

    def known(self, test: Expression) -> bool:
        """Whether a condition is true, where the code alone tells."""
        match test:
            case py.Unary(_, "not", operand):
                return not self.known(operand)
            case py.Binary(_, "and", left, right):
                return self.known(left) and self.known(right)
            case py.Binary(_, "or", left, right):
                return self.known(left) or self.known(right)
            case py.Binary(_, operator, left, right) if operator in ("==", "!=", "<", ">", "<=", ">="):
                one, other = self.value(left), self.value(right)
                if isinstance(one, Truth) and isinstance(other, Truth) and operator in ("==", "!="):
                    return (one.value == other.value) == (operator == "==")
                if isinstance(one, Word) and isinstance(other, Word) and operator in ("==", "!="):
                    return (one.text == other.text) == (operator == "==")
                if isinstance(one, Array) and isinstance(other, Array) and isinstance(one.expr, k.Num) and isinstance(other.expr, k.Num):
                    a, b = one.expr.value, other.expr.value
                    return {"==": a == b, "!=": a != b, "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}[operator]
            case _:
                value = self.value(test)
                if isinstance(value, Truth):
                    return bool(value.value)
                if isinstance(value, Array) and isinstance(value.expr, k.Num):
                    return value.expr.value != 0
        raise NotRead("it depends on a condition")

    # -- operators ------------------------------------------------------------------------------------------------------------------

    def unary(self, operator: str, operand: Expression) -> Value:
        if operator == "not":
            return Truth(not self.known(operand))
        value = self.value(operand)
        if operator == "~":
            if isinstance(value, Mask):
                return Mask(Array(k.sub(k.ONE, value.array.expr), value.array.dims))
            raise NotRead("~ of what is no condition")
        array = self.as_array(value)
        return Array(k.neg(array.expr), array.dims) if operator == "-" else array

    def binary(self, operator: str, one: Value, other: Value) -> Value:
        """Two values joined by an operator."""
        if operator == "+" and isinstance(one, Word) and isinstance(other, Word):
            return Word(one.text + other.text)
        if operator == "+" and isinstance(one, Several) and isinstance(other, Several):
            return Several(one.items + other.items)
        if (
            operator == "*"
            and isinstance(one, Several)
            and isinstance(other, Array)
            and isinstance(other.expr, k.Num)
            and 0 <= other.expr.value <= 64
        ):
            return Several(one.items * int(other.expr.value))
        if operator == "&" and isinstance(one, Mask) and isinstance(other, Mask):
            return Mask(self.joined(one.array, other.array, k.mul))
        left, right = self.as_array(one), self.as_array(other)
        match operator:
            case "+" | "-":
                if self.scope.guards and operator == "+":
                    for kept, guard in ((left, right), (right, left)):
                        if isinstance(guard.expr, k.Num) and 0 < guard.expr.value <= TINY:
                            return self.unguarded(kept, guard)
                return self.joined(left, right, k.add if operator == "+" else k.sub)
            case "*":
                return self.joined(left, right, k.mul)
            case "/":
                if isinstance(other, Mask):
                    raise NotRead("a division by a condition")
                return self.joined(left, right, quotient)
            case "**":
                return self.power(left, right)
            case "@":
                return self.matmul(left, right)
            case "//" | "%" if isinstance(left.expr, k.Num) and isinstance(right.expr, k.Num) and right.expr.value:
                a, b = left.expr.value, right.expr.value
                return Array(k.num(a // b if operator == "//" else a % b))
            case "<" | "<=" | ">" | ">=" | "==" | "!=":
                return self.compared(operator, left, right)
        raise NotRead(f"the operator {operator} is not understood here")

    def unguarded(self, kept: Array, guard: Array) -> Array:
        assert isinstance(guard.expr, k.Num)
        self.scope.guarded.add(f"{float(guard.expr.value):g}")
        return kept

    def joined(self, one: Array, other: Array, how: Callable[[Expr, Expr], Expr]) -> Array:
        """Two arrays joined entry by entry, broadcast to each other."""
        left, right, dims = self.broadcast(one, other)
        return Array(how(left, right), dims)

    def broadcast(self, one: Array, other: Array) -> tuple[Expr, Expr, Dims]:
        """Both entries over common dimensions, joined from the last one on."""
        size = max(len(one.dims), len(other.dims))
        ones: Dims = (None,) * (size - len(one.dims)) + one.dims
        others: Dims = (None,) * (size - len(other.dims)) + other.dims
        table: dict[Index, k.Position] = {}
        dims: list[Index | None] = []
        for a, b in zip(ones, others, strict=True):
            if a is not None and b is not None:
                self.axes.join(a.axis, b.axis)
                table[b] = a
            dims.append(a if a is not None else b)
        return one.expr, k.substitute(other.expr, table), tuple(dims)

    def power(self, base: Array, exponent: Array) -> Array:
        if isinstance(exponent.expr, k.Num):
            value = exponent.expr.value
            whole = isinstance(base.expr, k.Num) and value.denominator == 1
            if (abs(value) > 64 and not whole) or value.denominator > 64:
                raise NotRead("the exponent is too large")
            if isinstance(base.expr, k.Num):
                if max(base.expr.value.numerator.bit_length(), base.expr.value.denominator.bit_length()) * abs(value) > MAX_BITS:
                    raise NotRead("the number is too large")
                if base.expr.value == 0 and value < 0:
                    raise NotRead("a power of 0")
                return Array(k.num(base.expr.value ** int(value))) if value.denominator == 1 else Array(k.power(base.expr, value))
            return Array(k.power(base.expr, value), base.dims)
        if isinstance(base.expr, k.Num) and base.expr.value > 0:
            return Array(k.Apply("exp", k.mul(exponent.expr, k.Apply("log", base.expr))), exponent.dims)
        if base.expr == k.Apply("exp", k.ONE):
            return Array(k.Apply("exp", exponent.expr), exponent.dims)
        raise NotRead("the exponent is not a number")

    def matmul(self, one: Array, other: Array) -> Array:
        """The matrix product: of stacks of matrices where there are more than two dimensions."""
        if not one.dims or not other.dims:
            raise Mismatch("a matrix product with a number")
        left = one if len(one.dims) > 1 else Array(one.expr, (None, *one.dims))
        right = other if len(other.dims) > 1 else Array(other.expr, (*other.dims, None))
        inner, below = left.dims[-1], right.dims[-2]
        if (inner is None) != (below is None):
            raise Mismatch(f"{self.shown(one)} @ {self.shown(other)}: the inner axes differ")
        body_one, body_other = left.expr, right.expr
        if inner is not None and below is not None:
            try:
                self.axes.join(inner.axis, below.axis)
            except Mismatch:
                raise Mismatch(f"{self.shown(one)} @ {self.shown(other)}: the inner axes differ") from None
            body_other = k.substitute(body_other, {below: inner})
        row, col = left.dims[-2], right.dims[-1]
        stacked_one, stacked_other, stack = self.broadcast(Array(body_one, left.dims[:-2]), Array(body_other, right.dims[:-2]))
        product = k.mul(stacked_one, stacked_other)
        dims = stack + ((row,) if len(one.dims) > 1 else ()) + ((col,) if len(other.dims) > 1 else ())
        return Array(product if inner is None else k.Sum(inner, product), dims)

    def compared(self, operator: str, left: Array, right: Array) -> Mask:
        """A comparison as a step; at the kink itself nothing is claimed."""
        one, other, dims = self.broadcast(left, right)
        drawn = self.drawn(operator, one, other)
        if drawn is not None:
            return Mask(Array(drawn, dims))
        if operator in ("<", "<="):
            one, other, operator = other, one, {"<": ">", "<=": ">="}[operator]
        if other == k.ZERO and (split := self.rectified(one)) is not None:
            above = k.mul(split[0], self.step(split[1]))
            found = {">": above, "!=": split[0], "==": k.sub(k.ONE, split[0])}.get(operator)
            if found is None:
                raise NotRead("a comparison of what is 0 for half of its arguments")
            return Mask(Array(found, dims))
        if one == k.ZERO and operator == ">=" and (split := self.rectified(other)) is not None:
            return Mask(Array(k.sub(k.ONE, k.mul(split[0], self.step(split[1]))), dims))
        if other == k.ZERO and operator in ("==", "!="):
            raise NotRead("equality of numbers")
        if operator in ("==", "!=") or self.rectified(one) is not None or self.rectified(other) is not None:
            raise NotRead("a comparison that is not understood")
        return Mask(Array(self.step(k.sub(one, other)), dims))

    def drawn(self, operator: str, one: Expr, other: Expr) -> Expr | None:
        """A comparison of random numbers with a threshold, as the step of the random numbers: how they lie around 0 is as good as how
        they lie around the threshold. Only for one threshold each."""
        if operator in ("<", "<="):
            one, other = other, one
        for value, threshold, turned in ((one, other, False), (other, one, True)):
            if isinstance(value, k.Tensor) and value.name in self.scope.random and not threshold.free and threshold != k.ZERO:
                known, first = self.scope.thresholds.setdefault(value.name, (threshold, turned))
                if known != threshold:
                    raise NotRead("random numbers with two thresholds")
                return k.Step(value) if turned == first else k.sub(k.ONE, k.Step(value))
        return None

    def step(self, argument: Expr) -> Expr:
        """1 where the argument is positive; a probability to keep a unit is, and says nothing as a factor."""
        if isinstance(argument, k.Mul):
            kept = []
            for factor in argument.factors:
                base = factor.base if isinstance(factor, k.Pow) else factor
                if isinstance(base, k.Tensor) and not base.indices and base.name in PROBABILITIES:
                    self.scope.positive.add(base.name)
                elif not isinstance(base, k.Size):
                    kept.append(factor)
            argument = k.mul(*kept)
        return step(self.bent(argument) or argument)

    def bent(self, expr: Expr) -> Expr | None:
        """u, where an expression is a positive multiple of u for positive and for negative u, as leaky activations are."""
        if isinstance(expr, k.Tensor):
            definition = self.scope.definitions.get(expr.name)
            if definition is None or not isinstance(definition.body, (k.Add, k.Tensor)):
                return None
            expr = k.substitute(definition.body, dict(zip(definition.indices, expr.indices, strict=True)))
        steps = {n for n in nodes({}, expr) if isinstance(n, k.Step)}
        if len(steps) != 1:
            return None
        bend = steps.pop()
        assert isinstance(bend, k.Step)
        for value in (k.ONE, k.ZERO):
            piece = k.rebuild(expr, tuple(_put(c, bend, value) for c in k.children(expr)))
            if step(piece) != bend:
                return None
        return bend.argument

    def rectified(self, expr: Expr) -> tuple[Expr, Expr] | None:
        """Steps s and the rest u of an expression that is s·u, looked up through its definitions; None where it has no step as a factor.

        Such an expression is 0 for half of its arguments: it is positive exactly where all steps are 1 and the rest is positive."""
        steps: list[Expr] = []
        rest: list[Expr] = []
        stack = [expr]
        for _ in range(64):
            if not stack:
                break
            top = stack.pop()
            match top:
                case k.Mul(factors):
                    stack.extend(reversed(factors))
                case k.Step():
                    steps.append(top)
                case k.Tensor(name, positions) if (d := self.scope.definitions.get(name)) is not None and isinstance(
                    d.body, (k.Mul, k.Tensor, k.Step)
                ):
                    stack.append(k.substitute(d.body, dict(zip(d.indices, positions, strict=True))))
                case _:
                    rest.append(top)
        return (k.mul(*steps), k.mul(*rest, *stack)) if steps else None

    # -- parts of arrays --------------------------------------------------------------------------------------------------------------

    def member(self, node: py.Member) -> Value:
        match node.of:
            case py.Name(_, module) if module in MODULES:
                match node.name:
                    case "pi":
                        return Array(k.Pi())
                    case "e":
                        return Array(k.Apply("exp", k.ONE))
                    case "newaxis":
                        return Truth(None)
                raise NotRead(f"{module}.{node.name} is not understood")
        value = self.value(node.of)
        if isinstance(value, Labels):
            if node.name in ("shape", "size"):
                size = Array(k.Size(value.samples))
                return Several((size,)) if node.name == "shape" else size
            raise NotRead(f"{node.name} of class numbers")
        array = self.as_array(value)
        if not array.dims and not any(isinstance(n, k.Tensor) for n in nodes({}, array.expr)):
            raise NotRead(f"a number has no {node.name}")
        match node.name:
            case "T":
                turned = Array(array.expr, tuple(reversed(array.dims)))
                return Mask(turned) if isinstance(value, Mask) else turned
            case "shape":
                return Several(tuple(self.size(d) for d in array.dims))
            case "size":
                return Array(k.mul(*(k.Size(d.axis) for d in array.dims if d is not None)))
            case "ndim":
                return Array(k.num(len(array.dims)))
        raise NotRead(f".{node.name} is not understood")

    def size(self, dim: Index | None) -> Array:
        """The number of entries along a dimension."""
        return Array(k.ONE if dim is None else k.Size(dim.axis))

    def item(self, node: py.Item) -> Value:
        of = self.value(node.of)
        if isinstance(of, Several):
            if len(node.positions) == 1:
                position = node.positions[0]
                if isinstance(position, py.Range) and position.step is None:
                    start = 0 if position.start is None else self.whole(position.start)
                    stop = len(of.items) if position.stop is None else self.whole(position.stop)
                    return Several(of.items[start:stop])
                at = self.whole(position)
                if -len(of.items) <= at < len(of.items):
                    return of.items[at]
            raise NotRead("not an item of this list")
        if isinstance(of, Labels):
            raise NotRead("an item of class numbers")
        array = self.as_array(of)
        picked = self.picked(node, array)
        if picked is not None:
            return picked[0]
        dims: list[Index | None] = []
        expr, n = array.expr, 0
        for position in node.positions:
            match position:
                case py.Range(_, None, None, None):
                    if n >= len(array.dims):
                        raise Mismatch("more positions than axes")
                    dims.append(array.dims[n])
                    n += 1
                case py.Constant(_, None) | py.Member(_, _, "newaxis"):
                    dims.append(None)
                case py.Range():
                    raise NotRead("a part of an axis")
                case _:
                    at = self.whole(position)
                    if n >= len(array.dims):
                        raise Mismatch("more positions than axes")
                    dim = array.dims[n]
                    n += 1
                    if at < 0 and not (dim is None and at == -1):
                        raise NotRead("a position counted from the end")
                    if at > MAX_POSITION:
                        raise NotRead("a position that is too large")
                    if dim is not None:
                        expr = k.substitute(expr, {dim: at})
        found = Array(expr, (*dims, *array.dims[n:]))
        return Mask(found) if isinstance(of, Mask) else found

    def picked(self, node: py.Item, array: Array) -> tuple[Array, Array] | None:
        """``a[range(n), y]``: the entry of each row that the class numbers pick, and the one-hot array of a's shape; None for other
        items."""
        if len(node.positions) != 2 or len(array.dims) != 2 or self.scope.labels is None:
            return None
        if not is_range(node.positions[0]):
            return None
        labels = self.scope.labels(node.positions[1], array)
        if labels is None:
            return None
        row, col = array.dims
        assert row is not None and col is not None
        hot = k.Tensor(labels.one_hot, (row, col))
        return Array(k.Sum(col, k.mul(array.expr, hot)), (row,)), Array(hot, (row, col))

    def whole(self, node: Expression) -> int:
        """The whole number that an expression is known to be."""
        value = self.value(node)
        if isinstance(value, Array) and not value.dims and isinstance(value.expr, k.Num) and value.expr.value.denominator == 1:
            return int(value.expr.value)
        raise NotRead("a position that is not a known number")

    # -- calls ------------------------------------------------------------------------------------------------------------------------

    def called(self, node: py.Called) -> Value:
        """The value of a call: of the code's own functions, of NumPy's, of an array's methods."""
        own = self.own(node)
        if own is not None:
            return own
        match node.function:
            case py.Name(_, name):
                return self.function({"max": "maximum", "min": "minimum"}.get(name, name), node.arguments, dict(node.keywords))
            case py.Member(_, of, name):
                if is_module(of):
                    return self.function(name, node.arguments, dict(node.keywords))
                return self.function(name, (of, *node.arguments), dict(node.keywords), method=True)
        raise NotRead("a call that is not understood")

    def own(self, node: py.Called) -> Value | None:
        """The value of a call of one of the code's own functions; None where it is not one."""
        name = node.function
        found: Value | None = None
        if isinstance(name, py.Name) and self.locals and name.text in self.locals[-1]:
            found = self.locals[-1][name.text]
        elif isinstance(name, (py.Name, py.Member)):
            found = self.scope.lookup(name)
        if not isinstance(found, Closure):
            return None
        if len(self.locals) >= MAX_CALLS:
            raise NotRead("functions that call each other too deeply")
        parameters = found.parameters
        if parameters and parameters[0][0] == "self":
            parameters = parameters[1:]
        if len(node.arguments) > len(parameters):
            raise NotRead("a call with too many arguments")
        bound: dict[str, Value] = {}
        for (parameter, _), argument in zip(parameters, node.arguments, strict=False):
            bound[parameter] = self.value(argument)
        for parameter, argument in node.keywords:
            bound[parameter] = self.value(argument)
        for parameter, default in parameters:
            if parameter not in bound:
                if default is None:
                    raise NotRead(f"a call without {parameter}")
                bound[parameter] = self.value(default)
        self.locals.append(bound)
        try:
            if not isinstance(found.body, tuple):
                return self.value(found.body)
            result = self.run(found.body)
        finally:
            self.locals.pop()
        if result is None:
            raise NotRead("a function that returns nothing")
        return result

    def run(self, body: Sequence[py.Statement]) -> Value | None:
        """What a function's statements return; None if they do not."""
        scope = self.locals[-1]
        for statement in body:
            match statement:
                case py.Assign(_, py.Name(_, name), _, value, operator):
                    scope[name] = (
                        self.value(value) if not operator else self.binary(operator, self.value(statement.target), self.value(value))
                    )
                case py.Assign(_, py.Listed(_, targets), _, value, "") if all(isinstance(t, py.Name) for t in targets):
                    items = self.value(value)
                    if not isinstance(items, Several) or len(items.items) != len(targets):
                        raise NotRead("an assignment to several names")
                    scope.update((t.text, i) for t, i in zip(targets, items.items, strict=True) if isinstance(t, py.Name))
                case py.Assign(_, py.Item() as target, _, value, operator):
                    name, changed = self.stored(target, value, operator)
                    scope[name] = changed
                case py.Returned(_, value):
                    return Truth(None) if value is None else self.value(value)
                case py.Branch(_, test, then, otherwise):
                    result = self.run(then if self.known(test) else otherwise)
                    if result is not None:
                        return result
                case py.Function(_, name, parameters, inner):
                    scope[name] = Closure(parameters, inner)
                case py.Evaluated():
                    continue
                case _:
                    raise NotRead("a function with statements that are not understood")
        return None

    def stored(self, target: py.Item, value: Expression, operator: str) -> tuple[str, Array]:
        """The name and the new value of an array after ``a[mask] = value`` or ``a[range(n), y] -= value``."""
        if not isinstance(target.of, py.Name):
            raise NotRead("an assignment to a part of a value")
        old = self.array(target.of)
        return target.of.text, self.changed(old, target, value, operator)

    def changed(self, old: Array, target: py.Item, value: Expression, operator: str) -> Array:
        """An array after an assignment to some of its entries."""
        picked = self.picked(target, old)
        if picked is not None and operator in ("-", "+"):
            hot = self.joined(picked[1], self.number(value), k.mul)
            return self.joined(old, hot, k.sub if operator == "-" else k.add)
        if all(isinstance(p, py.Range) and p.start is None and p.stop is None and p.step is None for p in target.positions):
            new = self.array(value)
            return self.filled(old, new if not operator else self.as_array(self.binary(operator, old, new)))
        if len(target.positions) == 1:
            condition = self.value(target.positions[0])
            if isinstance(condition, Mask):
                new = self.number(value)
                if operator:
                    new = self.as_array(self.binary(operator, old, new))
                return self.chosen(condition.array, new, old)
        raise NotRead("an assignment to a part of an array")

    def filled(self, old: Array, new: Array) -> Array:
        _, expr, dims = self.broadcast(old, new)
        return Array(expr, dims)

    def number(self, node: Expression) -> Array:
        array = self.array(node)
        if array.dims:
            raise NotRead("an assignment of an array to a part of an array")
        return array

    def chosen(self, condition: Array, one: Array, other: Array) -> Array:
        """One array where a condition is true, the other elsewhere."""
        return self.joined(self.joined(condition, one, k.mul), self.joined(condition, other, lambda c, b: k.mul(k.sub(k.ONE, c), b)), k.add)

    def function(self, name: str, arguments: Sequence[Expression], keywords: dict[str, Expression], method: bool = False) -> Value:
        """The value of a function of NumPy, or of an array's method with the array first."""
        for gone in ("dtype", "out", "order", "copy"):
            keywords.pop(gone, None)
        given = len(arguments)
        if name in UNARY and given == 1 and not keywords:
            array = self.array(arguments[0])
            return Array(UNARY[name](array.expr), array.dims)
        if name in KEEPS and given >= 1:
            value = self.value(arguments[0])
            return value.array if isinstance(value, Mask) else value
        if name in BINARY and given == 2 and not keywords:
            return self.binary(BINARY[name], self.value(arguments[0]), self.value(arguments[1]))
        if (
            name in ("sum", "mean", "average", "max", "amax", "prod", "var", "std")
            and 1 <= given <= 2
            and set(keywords) <= {"axis", "keepdims"}
        ):
            return self.reduced(
                name, self.array(arguments[0]), arguments[1] if given == 2 else keywords.get("axis"), keywords.get("keepdims")
            )
        if name in FILLED and given >= 1:
            return self.made(k.num(FILLED[name]), arguments[0], name.endswith("_like"))
        if name in ("full", "full_like") and given == 2:
            return self.made(self.number(arguments[1]).expr, arguments[0], name.endswith("_like"))
        match name, given:
            case "dot", 2:
                one, other = self.array(arguments[0]), self.array(arguments[1])
                if not one.dims or not other.dims:
                    return self.joined(one, other, k.mul)
                if len(one.dims) > 2 or len(other.dims) > 2:
                    raise NotRead("np.dot of more than two axes")
                return self.matmul(one, other)
            case "outer", 2:
                one, other = self.array(arguments[0]), self.array(arguments[1])
                dims = [[d for d in a.dims if d is not None] for a in (one, other)]
                if any(len(d) > 1 for d in dims):
                    raise Mismatch("np.outer of arrays that are no vectors")
                return Array(k.mul(one.expr, other.expr), (dims[0][0] if dims[0] else None, dims[1][0] if dims[1] else None))
            case (("inner" | "vdot"), 2):
                one, other = self.array(arguments[0]), self.array(arguments[1])
                if len(one.dims) == len(other.dims) == 1:
                    return self.matmul(one, other)
            case (("transpose" | "swapaxes"), _):
                return self.transposed(self.array(arguments[0]), name, arguments[1:], keywords)
            case "einsum", _ if given >= 2:
                return self.einsum(arguments[0], [self.array(a) for a in arguments[1:]])
            case (("maximum" | "fmax"), 2):
                return self.larger(self.array(arguments[0]), self.array(arguments[1]))
            case (("minimum" | "fmin"), 2):
                one, other = (self.array(a) for a in arguments)
                negated = self.larger(Array(k.neg(one.expr), one.dims), Array(k.neg(other.expr), other.dims))
                return Array(k.neg(negated.expr), negated.dims)
            case "clip", 3:
                return self.clipped(*(self.array(a) for a in arguments))
            case (("abs" | "absolute" | "fabs"), 1):
                array = self.array(arguments[0])
                return Array(k.mul(array.expr, sign(array.expr)), array.dims)
            case "sign", 1:
                array = self.array(arguments[0])
                return Array(sign(array.expr), array.dims)
            case "heaviside", 2:
                array = self.array(arguments[0])
                return Array(step(array.expr), array.dims)
            case "where", 3:
                condition = self.value(arguments[0])
                if isinstance(condition, Mask):
                    return self.chosen(condition.array, self.array(arguments[1]), self.array(arguments[2]))
            case "len", 1:
                value = self.value(arguments[0])
                if isinstance(value, Several):
                    return Array(k.num(len(value.items)))
                if isinstance(value, Labels):
                    return Array(k.Size(value.samples))
                array = self.as_array(value)
                if array.dims:
                    return self.size(array.dims[0])
            case "shape", 1:
                return Several(tuple(self.size(d) for d in self.array(arguments[0]).dims))
            case "size", (1 | 2):
                array = self.array(arguments[0])
                if given == 2:
                    return self.size(array.dims[self.position(arguments[1], array)])
                return Array(k.mul(*(k.Size(d.axis) for d in array.dims if d is not None)))
            case (("eye" | "identity"), 1):
                axis = self.axis_of(arguments[0], "eye")
                if axis is not None:
                    row, col = self.axes.index(axis), self.axes.index(axis)
                    return Array(k.delta(row, col), (row, col))
            case "diag", 1:
                array = self.array(arguments[0])
                if len(array.dims) == 1 and array.dims[0] is not None:
                    col = self.axes.index(array.dims[0].axis)
                    return Array(k.mul(array.expr, k.delta(array.dims[0], col)), (array.dims[0], col))
            case "trace", 1:
                array = self.array(arguments[0])
                if len(array.dims) == 2 and array.dims[0] is not None and array.dims[1] is not None:
                    self.axes.join(array.dims[0].axis, array.dims[1].axis)
                    return Array(k.Sum(array.dims[0], k.substitute(array.expr, {array.dims[1]: array.dims[0]})))
            case "norm", 1:
                array = self.array(arguments[0])
                return Array(k.power(self.all_summed(k.power(array.expr, 2), array.dims), Fraction(1, 2)))
            case "expand_dims", 2:
                return self.expanded(self.array(arguments[0]), arguments[1])
            case "expand_dims", 1 if "axis" in keywords:
                return self.expanded(self.array(arguments[0]), keywords["axis"])
            case "squeeze", _:
                array = self.array(arguments[0])
                return Array(array.expr, tuple(d for d in array.dims if d is not None))
            case (("ravel" | "flatten"), 1):
                array = self.array(arguments[0])
                long = [d for d in array.dims if d is not None]
                if len(long) <= 1:
                    return Array(array.expr, (long[0] if long else None,))
            case "reshape", _ if given >= 2:
                return self.reshaped(self.array(arguments[0]), arguments[1:])
            case "str", 1:
                return Word(str(self.whole(arguments[0])))
        raise NotRead(f"{name} is not understood here")

    def reduced(self, name: str, array: Array, axis: Expression | None, keepdims: Expression | None) -> Array:
        """A sum, mean, product or maximum along axes."""
        kept = keepdims is not None and self.known(keepdims)
        if axis is None or (isinstance(axis, py.Constant) and axis.value is None):
            gone = set(range(len(array.dims)))
        elif isinstance(axis, py.Listed):
            gone = {self.position(a, array) for a in axis.items}
        else:
            gone = {self.position(axis, array)}
        over = [d for n, d in enumerate(array.dims) if n in gone and d is not None]
        dims = tuple(None if n in gone else d for n, d in enumerate(array.dims) if kept or n not in gone)
        if name in ("max", "amax"):
            if not over:
                return Array(array.expr, dims)
            if self.scope.shift is None:
                raise NotRead("a maximum along an axis")
            return self.scope.shift(array, dims)
        if name in ("var", "std"):
            mean = quotient(k.total(array.expr, *over), k.mul(*(k.Size(d.axis) for d in over)))
            spread = k.total(k.power(k.sub(array.expr, mean), 2), *over)
            variance = quotient(spread, k.mul(*(k.Size(d.axis) for d in over)))
            return Array(variance if name == "var" else k.power(variance, Fraction(1, 2)), dims)
        if name == "prod":
            expr = array.expr
            for index in reversed(over):
                expr = k.Prod(index, expr)
            return Array(expr, dims)
        expr = k.total(array.expr, *over)
        return Array(quotient(expr, k.mul(*(k.Size(d.axis) for d in over))) if name != "sum" else expr, dims)

    def all_summed(self, expr: Expr, dims: Dims) -> Expr:
        return k.total(expr, *(d for d in dims if d is not None))

    def position(self, node: Expression, array: Array) -> int:
        at = self.whole(node)
        if not array.dims and at in (0, -1):
            return 0  # of a single number, NumPy takes it as well
        if not -len(array.dims) <= at < len(array.dims):
            raise Mismatch(f"there is no axis {at}: the shape is {self.shown(array)}")
        return at % len(array.dims)

    def transposed(self, array: Array, name: str, rest: Sequence[Expression], keywords: Mapping[str, Expression]) -> Array:
        order: list[int] = list(reversed(range(len(array.dims))))
        given = [*rest, *keywords.values()]
        if name == "swapaxes" and len(given) == 2:
            one, other = (self.position(g, array) for g in given)
            order = list(range(len(array.dims)))
            order[one], order[other] = other, one
        elif given:
            nodes = given[0].items if len(given) == 1 and isinstance(given[0], py.Listed) else given
            order = [self.position(n, array) for n in nodes]
        if sorted(order) != list(range(len(array.dims))):
            raise Mismatch("not an order of the axes")
        return Array(array.expr, tuple(array.dims[n] for n in order))

    def einsum(self, rule: Expression, operands: list[Array]) -> Array:
        if not isinstance(rule, py.Text):
            raise NotRead("einsum without its rule")
        left, arrow, right = rule.value.replace(" ", "").partition("->")
        inputs = left.split(",")
        if len(inputs) != len(operands) or not all(c in ascii_letters for c in left.replace(",", "") + right):
            raise NotRead("an einsum that is not understood")
        if not arrow:
            letters = "".join(inputs)
            right = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
        at: dict[str, Index | None] = {}
        factors: list[Expr] = []
        for letters, operand in zip(inputs, operands, strict=True):
            if len(letters) != len(operand.dims):
                raise Mismatch(f"einsum: {letters} for {self.shown(operand)}")
            expr = operand.expr
            for letter, dim in zip(letters, operand.dims, strict=True):
                known = at.get(letter)
                if known is not None and dim is not None:
                    self.axes.join(known.axis, dim.axis)
                    expr = k.substitute(expr, {dim: known})
                elif dim is not None or letter not in at:
                    at[letter] = dim
            factors.append(expr)
        if len(set(right)) != len(right) or not set(right) <= set(at):
            raise Mismatch("einsum: letters of the result")
        over = [dim for letter, dim in at.items() if letter not in right and dim is not None]
        return Array(k.total(k.mul(*factors), *over), tuple(at[c] for c in right))

    def larger(self, one: Array, other: Array) -> Array:
        """The larger of two numbers, entry by entry."""
        left, right, dims = self.broadcast(one, other)
        if self.scope.guards:
            for guard, kept in ((left, right), (right, left)):
                if isinstance(guard, k.Num) and 0 < guard.value <= TINY:
                    self.scope.guarded.add(f"{float(guard.value):g}")
                    return Array(kept, dims)
        if left == k.ZERO:
            return Array(k.relu(right), dims)
        if right == k.ZERO:
            return Array(k.relu(left), dims)
        above = step(k.sub(left, right))
        return Array(k.add(k.mul(left, above), k.mul(right, k.sub(k.ONE, above))), dims)

    def clipped(self, array: Array, low: Array, high: Array) -> Array:
        if not isinstance(low.expr, k.Num) or not isinstance(high.expr, k.Num):
            raise NotRead("clip between unknown bounds")
        if self.scope.guards and 0 < low.expr.value <= TINY and 0 < 1 - high.expr.value <= TINY:
            self.scope.guarded.add(f"{float(low.expr.value):g}")
            return array
        raised = self.larger(array, low)
        lowered = self.larger(Array(k.neg(raised.expr), raised.dims), Array(k.neg(high.expr)))
        return Array(k.neg(lowered.expr), lowered.dims)

    def axis_of(self, node: Expression, hint: str) -> str | None:
        """The axis whose width an expression is; None for a width of 1."""
        if isinstance(node, py.Name):
            hint = node.text
        value = self.value(node)
        if isinstance(value, Array) and not value.dims:
            match value.expr:
                case k.Size(axis):
                    return self.axes.find(axis)
                case k.Num(number) if number.denominator == 1 and number >= 1:
                    if number == 1:
                        return None
                    axis = self.axes.new(hint)
                    self.axes.sizes[axis] = int(number)
                    return axis
        raise NotRead("the width of an axis")

    def made(self, entry: Expr, shape: Expression, like: bool) -> Array:
        """An array with one entry everywhere."""
        if like:
            return Array(entry, self.array(shape).dims)
        return Array(entry, self.shape(shape))

    def shape(self, node: Expression, hint: str = "axis") -> Dims:
        """The dimensions that a shape names; axes without a name are called after ``hint``."""
        if not isinstance(node, py.Listed):
            value = self.value(node)
            if isinstance(value, Several):
                sizes = [self.as_array(i).expr for i in value.items]
                if all(isinstance(s, k.Size) or s == k.ONE for s in sizes):
                    return tuple(self.axes.index(s.axis) if isinstance(s, k.Size) else None for s in sizes)
        nodes = node.items if isinstance(node, py.Listed) else (node,)
        axes = [self.axis_of(n, f"{hint}.{m + 1}") for m, n in enumerate(nodes)]
        return tuple(None if a is None else self.axes.index(a) for a in axes)

    def expanded(self, array: Array, axis: Expression) -> Array:
        at = self.whole(axis)
        at = at if at >= 0 else at + len(array.dims) + 1
        if not 0 <= at <= len(array.dims):
            raise Mismatch("no such axis")
        return Array(array.expr, (*array.dims[:at], None, *array.dims[at:]))

    def reshaped(self, array: Array, rest: Sequence[Expression]) -> Array:
        """An array in a shape that differs in axes of one entry only."""
        nodes: Sequence[Expression] = rest[0].items if len(rest) == 1 and isinstance(rest[0], py.Listed) else rest
        sizes: list[Expr] = []
        if len(nodes) == 1 and not isinstance(nodes[0], (py.Number, py.Unary)):
            value = self.value(nodes[0])
            sizes = [self.as_array(i).expr for i in value.items] if isinstance(value, Several) else [self.as_array(value).expr]
        else:
            sizes = [self.array(n).expr for n in nodes]
        long = [d for d in array.dims if d is not None]
        dims: list[Index | None] = []
        free = sizes.count(k.num(-1))
        named = sum(isinstance(s, k.Size) for s in sizes)
        for size in sizes:
            match size:
                case k.Num(number) if number == 1:
                    dims.append(None)
                case k.Num(number) if number == -1 and free == 1 and len(long) - named in (0, 1):
                    if len(long) - named == 0:
                        dims.append(None)
                    else:
                        dims.append(long[len([d for d in dims if d is not None])])
                case k.Size(axis) if len([d for d in dims if d is not None]) < len(long):
                    dim = long[len([d for d in dims if d is not None])]
                    self.axes.join(dim.axis, axis)
                    dims.append(dim)
                case _:
                    raise NotRead("a change of shape that is not understood")
        if [d for d in dims if d is not None] != long:
            raise NotRead("a change of shape that is not understood")
        return Array(array.expr, tuple(dims))

    def shown(self, array: Array) -> str:
        """The shape in words: ``(n, k)``."""
        inside = ", ".join("1" if d is None else self.axes.find(d.axis) for d in array.dims)
        return f"({inside}{',' if len(array.dims) == 1 else ''})"


def _put(expr: Expr, old: Expr, new: Expr) -> Expr:
    return new if expr == old else k.rebuild(expr, tuple(_put(c, old, new) for c in k.children(expr))) if k.children(expr) else expr


def quotient(left: Expr, right: Expr) -> Expr:
    """The quotient; ``1/(1 + exp(-z))`` is the sigmoid of z."""
    if isinstance(right, k.Num):
        if right.value == 0:
            raise NotRead("a division by 0")
        return k.mul(left, k.num(1 / right.value))
    match right:
        case k.Add((k.Apply("exp", argument, 0), k.Num(one))) if one == 1:
            return k.mul(left, k.Apply("sigmoid", k.neg(argument)))
    return k.div(left, right)


def step(argument: Expr) -> Expr:
    """1 where the argument is positive, 0 where it is negative; a positive number in front says nothing."""
    match argument:
        case k.Mul((k.Num(value), *rest)) if value > 0 and value != 1:
            return k.Step(k.mul(*rest))
        case k.Num(value) if value:
            return k.num(int(value > 0))
    return k.Step(argument)


def sign(argument: Expr) -> Expr:
    """1 where the argument is positive, -1 where it is negative."""
    return k.sub(k.mul(k.num(2), step(argument)), k.ONE)


def is_module(node: Expression) -> bool:
    """Whether an expression names a module: ``np``, ``np.random``."""
    match node:
        case py.Name(_, text):
            return text in MODULES
        case py.Member(_, of, name):
            return name in MODULES and is_module(of)
    return False


def is_range(node: Expression) -> bool:
    """Whether an expression counts through an axis: ``range(n)``, ``np.arange(n)``, ``list(range(n))``."""
    match node:
        case py.Called(_, py.Name(_, "list"), (inner,), _):
            return is_range(inner)
        case py.Called(_, py.Name(_, "range") | py.Member(_, _, "arange"), (_,), _):
            return True
    return False
