"""Expressions as NumPy code that people write for them: ``@``, ``.T``, sums along an axis, broadcasting, elementwise functions.

An array has the axes of its quantity in their order. What stands beside it is broadcast to it as NumPy does: axes are aligned from the
last, and a length of 1 is put in where one is missing. Where nothing else says a contraction, it is an ``einsum``.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from verify.kernel.expr import (
    Add,
    Apply,
    Delta,
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
    fresh,
    num,
    substitute,
)
from verify.notations.matrix import without_deltas
from verify.notations.page import Unsayable
from verify.notations.printer import product_of, relu_argument, signed

ADDED, TIMES, UNARY, POWER, ATOM = range(5)
"""How tightly code binds: a sum, a product, a sign, a power, a name or a call."""

FUNCTIONS = {
    "exp": "np.exp", "log": "np.log", "tanh": "np.tanh", "sin": "np.sin", "cos": "np.cos", "sinh": "np.sinh", "cosh": "np.cosh",
    "atan": "np.arctan", "sigmoid": "sigmoid", "softplus": "softplus", "erf": "erf",
}  # fmt: skip
HELPERS = {
    "sigmoid": "def sigmoid(value):\n    return 1 / (1 + np.exp(-value))\n",
    "softplus": "def softplus(value):\n    return np.log(1 + np.exp(value))\n",
    "erf": "from scipy.special import erf\n",
}
"""What code needs that NumPy lacks, by the name of the function."""
EINSUM = "ijklmnpqrstuvwxyz"

Dims = tuple[Index, ...]


@dataclass
class CodePage:
    """How code names the quantities of a program; ``needs`` collects the helpers and ``sizes`` the axes whose lengths are mentioned."""

    names: dict[str, str] = field(default_factory=dict)
    needs: set[str] = field(default_factory=set)
    sizes: set[str] = field(default_factory=set)

    def name(self, quantity: str) -> str:
        """The variable for a quantity."""
        return self.names.setdefault(quantity, identifier(quantity))


def identifier(name: str) -> str:
    r"""A name of the kernel or of LaTeX as a variable: ``w_{h1}`` is ``w_h1``, ``\hat{y}`` is ``hat_y``."""
    plain = re.sub(r"\W+", "_", name.replace("'", "_prime").replace("\\", "_").replace("_{", "_")).strip("_")
    plain = re.sub(r"_+", "_", plain) or "q"
    return f"{plain}_" if keyword.iskeyword(plain) or plain in ("np", *HELPERS) or plain[0].isdigit() else plain


def length_of(axis: str) -> str:
    """The variable for the number of positions of an axis."""
    return f"n_{identifier(axis).rstrip('_')}"


def code(page: CodePage, head: Tensor, expr: Expr) -> str:
    """The code whose value is the array of a quantity, in the quantity's own axes; raises Unsayable with the reason."""
    dims = tuple(i for i in head.indices if isinstance(i, Index))
    body = without_deltas(expr)
    text, level = _Code(page).text(body, dims)
    if body.free != frozenset(dims):
        return f"{_wrapped(text, level, TIMES)} * np.ones_like({page.name(head.name)})"
    return text


def _wrapped(text: str, level: int, wanted: int) -> str:
    return f"({text})" if level < wanted else text


class _Code:
    """Code and how tightly it binds; every array that is made fits the axes asked for by broadcasting."""

    def __init__(self, page: CodePage) -> None:
        self.page = page

    def at(self, expr: Expr, dims: Dims, level: int) -> str:
        """Code that may stand where something of that level is asked for."""
        return _wrapped(*self.text(expr, dims), level)

    def text(self, expr: Expr, dims: Dims) -> tuple[str, int]:
        match expr:
            case Num(value):
                if value.denominator != 1:
                    return f"{value.numerator} / {value.denominator}", TIMES
                return str(value.numerator), ATOM if value >= 0 else UNARY
            case Pi():
                return "np.pi", ATOM
            case Size(axis):
                self.page.sizes.add(axis)
                return length_of(axis), ATOM
            case Tensor():
                return self.tensor(expr, dims)
            case Delta(Index() as left, Index() as right):
                self.page.sizes.add(left.axis)
                return self.fitted(f"np.eye({length_of(left.axis)})", tuple(i for i in dims if i in (left, right)), dims), ATOM
            case Add(terms):
                return self.added(terms, dims), ADDED
            case Mul(factors):
                inner = relu_argument(expr)
                if inner is not None:
                    return f"np.maximum(0, {self.at(inner, dims, ADDED)})", ATOM
                return self.product((), factors, dims)
            case Sum():
                bound, body = _sums(expr, dims)
                return self.product(bound, body.factors if isinstance(body, Mul) else (body,), dims)
            case Pow(base, exponent) if exponent < 0:
                return self.product((), (expr,), dims)
            case Pow(base, exponent):
                if exponent.denominator == 2 and exponent.numerator == 1:
                    return f"np.sqrt({self.at(base, dims, ADDED)})", ATOM
                power = str(exponent) if exponent.denominator == 1 else f"({exponent})"
                return f"{self.at(base, dims, ATOM)} ** {power}", POWER
            case Step(argument):
                return f"np.heaviside({self.at(argument, dims, ADDED)}, 0)", ATOM
            case Apply(function, argument, 0) if function in FUNCTIONS:
                if function in HELPERS:
                    self.page.needs.add(function)
                return f"{FUNCTIONS[function]}({self.at(argument, dims, ADDED)})", ATOM
            case Apply(function, _, _):
                raise Unsayable(f"the function {function}, which NumPy lacks")
            case Prod(index, body):
                new = fresh(index, {*dims} | (body.free - {index}))
                return self.reduced("np.prod", (new,), substitute(body, {index: new}), dims)
        raise Unsayable(f"code has no way to say {type(expr).__name__}")

    # -- arrays and their axes ------------------------------------------------------------------------------------------------------

    def natural(self, expr: Tensor) -> tuple[str, Dims]:
        """A quantity as it is stored, entries picked where a position is a number, with its axes."""
        name = self.page.name(expr.name)
        dims = tuple(i for i in expr.indices if isinstance(i, Index))
        if len(set(dims)) < len(dims):
            letters = _lettered([*dims])
            kept = tuple(dict.fromkeys(dims))
            spec = f"{''.join(letters[i] for i in dims)}->{''.join(letters[i] for i in kept)}"
            return f"np.einsum('{spec}', {name})", kept
        if len(dims) < len(expr.indices):
            places = [":" if isinstance(i, Index) else str(i) for i in expr.indices]
            while places[-1] == ":":
                places.pop()
            return f"{name}[{', '.join(places)}]", dims
        return name, dims

    def tensor(self, expr: Tensor, dims: Dims) -> tuple[str, int]:
        text, own = self.natural(expr)
        return self.fitted(text, own, dims), ATOM

    def fitted(self, text: str, own: Dims, dims: Dims) -> str:
        """An array with axes of its own as one that is broadcast along the axes asked for."""
        wanted = tuple(i for i in dims if i in own)
        if len(wanted) < len(own):
            raise Unsayable("an array with an axis that the other side lacks")
        if wanted != own:
            text = f"{text}.T" if len(own) == 2 else f"np.transpose({text}, {tuple(own.index(i) for i in wanted)})"
        if not wanted:
            return text
        places = [":" if i in wanted else "None" for i in dims[dims.index(wanted[0]) :]]
        return text if "None" not in places else f"{text}[{', '.join(places)}]"

    # -- sums and products ----------------------------------------------------------------------------------------------------------

    def added(self, terms: Sequence[Expr], dims: Dims) -> str:
        out = ""
        for n, term in enumerate(terms):
            sign, rest = signed(term)
            text = self.at(rest, dims, TIMES)
            out += f" {sign} {text}" if n else f"{'-' if sign == '-' else ''}{text}"
        return out

    def product(self, bound: Dims, factors: Sequence[Expr], dims: Dims) -> tuple[str, int]:
        """A product of factors summed over the bound indices: what does not depend on them outside, numbers below a bar last."""
        opened = _opened(factors, {*dims, *bound})
        bound, factors = (*bound, *opened[0]), opened[1]
        inside = [f for f in factors if f.free & {*bound}]
        outside = [f for f in factors if not f.free & {*bound}]
        sign, above, below = "", list[Expr](), list[Expr]()
        for factor in outside:
            match factor:
                case Num(value) if value < 0 or value.denominator != 1:
                    sign = ("" if sign else "-") if value < 0 else sign
                    above += [num(abs(value.numerator))] if abs(value.numerator) != 1 else []
                    below += [num(value.denominator)] if value.denominator != 1 else []
                case Pow(base, exponent) if exponent < 0:
                    below.append(base if exponent == -1 else Pow(base, -exponent))
                case _:
                    above.append(factor)
        for index in bound:
            if not any(index in f.free for f in inside):
                above.append(Size(index.axis))
        bound = tuple(i for i in bound if any(i in f.free for f in inside))
        floats = any(not isinstance(f, Step) for f in above)
        parts = [self.factor(f, dims, floats) for f in above]
        if inside:
            text, level = self.contracted(bound, inside, dims)
            parts.append(_wrapped(text, level, POWER if parts or "@" in text else TIMES) if parts else _wrapped(text, level, TIMES))
        top = " * ".join(parts) or "1"
        if below:
            under = [self.at(f, dims, POWER) for f in below]
            top = f"{top} / {under[0] if len(under) == 1 else '(' + ' * '.join(under) + ')'}"
        if not sign and not below and len(parts) == 1:
            return (text, level) if inside else self.text(above[0], dims)
        return f"{sign}{top}", ADDED if sign else TIMES

    def factor(self, expr: Expr, dims: Dims, floats: bool) -> str:
        """A factor of a product entry by entry; a step beside numbers is a comparison."""
        if isinstance(expr, Step) and floats:
            sign, argument = signed(expr.argument) if not isinstance(expr.argument, Add) else ("+", expr.argument)
            return f"({self.at(argument, dims, ADDED)} {'<' if sign == '-' else '>'} 0)"
        return self.at(expr, dims, POWER)

    def contracted(self, bound: Dims, factors: list[Expr], dims: Dims) -> tuple[str, int]:
        """A product summed over indices that each stand in some factor."""
        free = frozenset[Index]().union(*(f.free for f in factors))
        result = tuple(i for i in dims if i in free)
        if len(bound) == 1:
            found = self.matmul(bound[0], factors, result)
            if found is not None:
                text, level = found
                return (self.fitted(f"({text})", result, dims), ATOM) if self.needs_room(result, dims) else (text, level)
        many = len(free) > 2 and len(factors) > 1 and not any(f.free >= free for f in factors)
        if many:
            return self.einsum(bound, factors, result, dims), ATOM
        return self.reduced("np.sum", bound, product_of(factors), dims)

    def needs_room(self, own: Dims, dims: Dims) -> bool:
        """Whether an array needs an axis of length 1 to be broadcast."""
        return bool(own) and any(i not in own for i in dims[dims.index(own[0]) :])

    def matmul(self, k: Index, factors: list[Expr], result: Dims) -> tuple[str, int] | None:
        """A matrix product, a product with a vector, or an inner product, where the factors make one."""
        line = [f for f in factors if f.free == {k}]
        match result:
            case ():
                if len(factors) == 2:
                    return f"{self.at(factors[0], (k,), POWER)} @ {self.at(factors[1], (k,), POWER)}", TIMES
            case (i,):
                grid = [f for f in factors if f.free != {k}]
                if not line or not any(f.free == {i, k} for f in grid):
                    return None
                matrix, vector = product_of(grid), self.at(product_of(line), (k,), POWER)
                by_row, by_column = (self.at(matrix, axes, POWER) for axes in ((i, k), (k, i)))
                return (f"{by_row} @ {vector}" if len(by_row) <= len(by_column) else f"{vector} @ {by_column}"), TIMES
            case (i, j):
                left = [f for f in factors if f.free <= {i, k} and i in f.free]
                right = [f for f in factors if f.free <= {j, k} and j in f.free]
                if len(left) + len(right) + len(line) < len(factors) or not any(k in f.free for f in left):
                    return None
                if not any(k in f.free for f in right):
                    return None
                return f"{self.at(product_of([*left, *line]), (i, k), POWER)} @ {self.at(product_of(right), (k, j), POWER)}", TIMES
        return None

    def reduced(self, function: str, bound: Dims, body: Expr, dims: Dims) -> tuple[str, int]:
        """A sum or a product along axes; the axis is kept as one of length 1 where the value is broadcast along it."""
        result = tuple(i for i in dims if i in body.free)
        order = _order(body, bound, result)
        inner = self.at(body, order, ADDED)
        if not result:
            return f"{function}({inner})", ATOM
        at = tuple(order.index(i) for i in bound)
        axis = f"axis={at[0] if len(at) == 1 else at}"
        kept = tuple(i for i in order if i not in bound)
        if self.needs_room(result, dims) and len(order) <= len(dims) and all(
            i in bound or dims[n - len(order)] == i for n, i in enumerate(order)
        ):
            return f"{function}({inner}, {axis}, keepdims=True)", ATOM
        return self.fitted(f"{function}({inner}, {axis})", kept, dims), ATOM

    def einsum(self, bound: Dims, factors: Sequence[Expr], result: Dims, dims: Dims) -> str:
        """A contraction of arrays with more than two axes between them."""
        operands = []
        for factor in factors:
            if isinstance(factor, Tensor):
                operands.append((self.natural(factor)[0], tuple(dict.fromkeys(i for i in factor.indices if isinstance(i, Index)))))
            else:
                own = _order(factor, (), tuple(i for i in (*dims, *bound) if i in factor.free))
                operands.append((self.at(factor, own, ADDED), own))
        letters = _lettered([i for _, own in operands for i in own])
        inputs = ",".join("".join(letters[i] for i in own) for _, own in operands)
        spec = f"{inputs}->{''.join(letters[i] for i in result)}"
        return self.fitted(f"np.einsum('{spec}', {', '.join(text for text, _ in operands)})", result, dims)


def _lettered(indices: Iterable[Index]) -> dict[Index, str]:
    """A letter for each index, its own where it is free."""
    found: dict[Index, str] = {}
    for index in dict.fromkeys(indices):
        own = index.name[:1]
        taken = set(found.values())
        found[index] = own if own in EINSUM and own not in taken else next(c for c in EINSUM if c not in taken)
    return found


def _order(body: Expr, bound: Dims, result: Dims) -> Dims:
    """The order of the axes of what is summed: that of the largest quantity in it where the rest then stands as it is asked for."""
    wanted = {*result, *bound}
    tensors = (t for t in _tensors(body) if wanted <= t.free)
    for tensor in tensors:
        order = tuple(dict.fromkeys(i for i in tensor.indices if isinstance(i, Index) and i in wanted))
        if tuple(i for i in order if i not in bound) == result:
            return order
    return (*result, *bound)


def _tensors(expr: Expr) -> Iterable[Tensor]:
    stack = [expr]
    while stack:
        top = stack.pop(0)
        if isinstance(top, Tensor):
            yield top
        stack.extend(top.below)


def _opened(factors: Sequence[Expr], taken: set[Index]) -> tuple[Dims, list[Expr]]:
    """The indices that factors sum over and what is summed, where no two of them sum over an index of one name."""
    bound: Dims = ()
    out: list[Expr] = []
    for factor in factors:
        indices, body = _sums(factor)
        others = frozenset[Index]().union(*(f.free for f in factors if f is not factor))
        alone = len(factors) > 1 and sum(isinstance(f, Sum) for f in factors) == 1
        if alone and indices and isinstance(body, Mul) and not {*indices} & (taken | others) and not others <= body.free:
            bound += indices
            out += body.factors
        else:
            out.append(factor)
    return bound, out


def _sums(expr: Expr, taken: Dims = ()) -> tuple[Dims, Expr]:
    """The indices that nested sums run over, by names that are not taken, and what they sum."""
    bound: Dims = ()
    while isinstance(expr, Sum):
        new = fresh(expr.index, {*taken, *bound} | (expr.body.free - {expr.index}))
        bound, expr = (*bound, new), substitute(expr.body, {expr.index: new})
    return bound, expr

