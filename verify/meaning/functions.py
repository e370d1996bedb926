"""Functions as a document writes them: their names, and what they are in the kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction as Rational

from verify.kernel import expr as k
from verify.kernel.expr import Expr
from verify.kernel.program import Condition, Equal
from verify.reading.syntax import (
    Chain,
    Group,
    Name,
    Node,
    Number,
    Scripted,
)

ELEMENTWISE: Mapping[str, Callable[[Expr], Expr]] = {
    "ln": lambda u: k.Apply("log", u),
    "log": lambda u: k.Apply("log", u),
    "exp": lambda u: k.Apply("exp", u),
    "sin": lambda u: k.Apply("sin", u),
    "cos": lambda u: k.Apply("cos", u),
    "tanh": lambda u: k.Apply("tanh", u),
    "sigmoid": lambda u: k.Apply("sigmoid", u),
    "logistic": lambda u: k.Apply("sigmoid", u),
    "softplus": lambda u: k.Apply("softplus", u),
    "erf": lambda u: k.Apply("erf", u),
    "relu": k.relu,
    "step": k.Step,
    "heaviside": k.Step,
    "sqrt": lambda u: k.power(u, Rational(1, 2)),
    "abs": lambda u: k.mul(u, k.sub(k.mul(k.num(2), k.Step(u)), k.ONE)),
    "sign": lambda u: k.sub(k.mul(k.num(2), k.Step(u)), k.ONE),
    "sgn": lambda u: k.sub(k.mul(k.num(2), k.Step(u)), k.ONE),
    "swish": lambda u: k.mul(u, k.Apply("sigmoid", u)),
    "silu": lambda u: k.mul(u, k.Apply("sigmoid", u)),
}
SIGMOID_LETTERS = frozenset({"sigma"})
SPECIAL_FUNCTIONS = frozenset({"diag", "tr", "trace", "sum", "mean", "vec", "det", "max", "min", "argmax", "argmin", "softmax", "softmin"})
FUNCTION_LETTERS = frozenset({"f", "g", "phi", "varphi", "psi", "F", "G"})


def function_name(node: Node) -> str | None:
    """The known function that a name stands for (``Sigmoid`` is ``sigmoid``), else None."""
    if isinstance(node, Name) and not node.accents:
        low = node.text.lower()
        if len(low) > 1 and (low in ELEMENTWISE or low == "softmax"):
            return low
    return None


def power_of_e(node: Node) -> Node | None:
    """The exponent of ``e^u``, else None."""
    if isinstance(node, Scripted) and isinstance(node.base, Name) and node.base.text == "e" and node.sub is None and not node.primes:
        return node.sup
    return None


def extreme(which: str, a: Expr, b: Expr) -> Expr:
    """The max or min of two expressions; ``max(0, z)`` is the ReLU."""
    if which == "max" and k.ZERO in (a, b):
        return k.relu(b if a == k.ZERO else a)
    first = k.sub(a, b) if which == "max" else k.sub(b, a)
    return k.add(b, k.mul(k.sub(a, b), k.Step(first)))


def raised(base: Expr, exponent: Rational) -> Expr:
    """A power; the square of a root is what stands under it."""
    if isinstance(base, k.Pow) and base.exponent == Rational(1, 2) and exponent == 2:
        return base.base
    return k.power(base, exponent)


def indicated(head: Node, argument: Node) -> Chain | None:
    r"""The condition of an indicator ``\mathbb{1}[z > 0]``, ``\mathbf 1(i = k)``, ``\mathbb{I}(…)``, else None."""
    if not (isinstance(argument, Group) and isinstance(argument.body, Chain) and len(argument.body.links) == 1):
        return None
    is_one = isinstance(head, Name) and ((head.text == "1" and head.font) or (head.text in ("I", "1") and head.font == "bb"))
    return argument.body if is_one or (isinstance(head, Number) and head.text == "1") else None


def indicator(condition: Condition) -> Expr:
    same = k.delta(condition.left, condition.right)
    return same if isinstance(condition, Equal) else k.sub(k.ONE, same)
