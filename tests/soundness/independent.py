"""The value of an expression by the textbook definition of every node, at high precision, with nothing of the kernel's evaluation.

Entry by entry and sum by sum, in mpmath: slow, and made of other code than arrays, residues and balls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from random import Random
from typing import Any

import mpmath

from verify.kernel.expr import Add, Apply, Delta, Expr, Index, Mul, Num, Pi, Pow, Prod, Size, Step, Sum, Tensor
from verify.kernel.program import Claim, Definition, OneHot, Positive, Program, Unequal

DIGITS = 50


class NoValue(ArithmeticError):
    """Raised where an expression has no real value at a point."""


def entry(expr: Expr, network: Network, at: Mapping[Index, int]) -> Any:
    """The value of one entry. Raises NoValue off the domain and on a kink."""

    def value(e: Expr, where: Mapping[Index, int]) -> Any:
        def place(position: Index | int) -> int:
            return where[position] if isinstance(position, Index) else position

        match e:
            case Num(number):
                return mpmath.mpf(number.numerator) / number.denominator
            case Pi():
                return +mpmath.pi
            case Size(axis):
                return mpmath.mpf(network.sizes[axis])
            case Tensor(name, positions):
                return network.tensor(name, tuple(place(p) for p in positions))
            case Delta(left, right):
                return mpmath.mpf(place(left) == place(right))
            case Add(terms):
                return mpmath.fsum([value(t, where) for t in terms])
            case Mul(factors):
                return mpmath.fprod([value(f, where) for f in factors])
            case Pow(base, exponent):
                return _real(mpmath.power, value(base, where), mpmath.mpf(exponent.numerator) / exponent.denominator)
            case Sum(index, body):
                return mpmath.fsum([value(body, {**where, index: p}) for p in range(network.sizes[index.axis])])
            case Prod(index, body):
                return mpmath.fprod([value(body, {**where, index: p}) for p in range(network.sizes[index.axis])])
            case Step(argument):
                u = value(argument, where)
                if u == 0:
                    raise NoValue("a kink")
                return mpmath.mpf(u > 0)
            case Apply("sigmoid", argument, 0):
                return 1 / (1 + mpmath.exp(-value(argument, where)))
            case Apply("softplus", argument, 0):
                return mpmath.log(1 + mpmath.exp(value(argument, where)))
            case Apply(("exp" | "log" | "sin" | "cos" | "sinh" | "cosh" | "tanh" | "atan" | "erf") as function, argument, 0):
                return _real(getattr(mpmath, function), value(argument, where))
        raise NoValue(f"no textbook value for {e}")

    return value(expr, at)


def _real(function: Any, *arguments: Any) -> Any:
    try:
        found = function(*arguments)
    except (ZeroDivisionError, ValueError):
        raise NoValue("a pole") from None
    if not mpmath.isfinite(found) or (isinstance(found, mpmath.mpc) and found.imag):
        raise NoValue("no real value")
    return found


class Network:
    """One network: widths, leaves drawn to meet the assumptions, and the entries computed so far."""

    def __init__(self, program: Program, sizes: Mapping[str, int], draw: Random) -> None:
        self.program, self.sizes = program, sizes
        self._entries: dict[tuple[str, tuple[int, ...]], Any] = {}
        for d in program.definitions:
            if d.body is None:
                self._leaf(d, draw)

    def _leaf(self, leaf: Definition, draw: Random) -> None:
        shape = [range(self.sizes[axis]) for axis in leaf.axes]
        values = {at: mpmath.mpf(draw.randint(-2000, 2000) or 1) / 1024 for at in product(*shape)}
        for a in sorted((a for a in self.program.assumptions if a.name == leaf.name), key=lambda a: isinstance(a, OneHot)):
            values = {at: abs(v) for at, v in values.items()}
            if isinstance(a, Positive):
                continue
            rows: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
            for at in values:
                rows.setdefault((*at[: a.position], *at[a.position + 1 :]), []).append(at)
            for row in rows.values():
                hot, whole = draw.choice(row), mpmath.fsum([values[at] for at in row])
                values |= {at: mpmath.mpf(at == hot) if isinstance(a, OneHot) else values[at] / whole for at in row}
        self._entries |= {(leaf.name, at): v for at, v in values.items()}

    def tensor(self, name: str, at: tuple[int, ...]) -> Any:
        """One entry of a quantity."""
        if (name, at) not in self._entries:
            d = self.program.by_name[name]
            assert d.body is not None
            self._entries[name, at] = entry(d.body, self, dict(zip(d.indices, at, strict=True)))
        return self._entries[name, at]


def differ(claim: Claim, points: int = 3) -> bool | None:
    """Whether the sides differ at generic points of unequal widths, or of those that the program fixes, to 40 digits; None if they have a
    value at none of them."""
    named = {p for c in claim.conditions for p in (c.left, c.right) if isinstance(p, Index)}
    indices = sorted(claim.left.free | claim.right.free | named)
    axes = sorted({i.axis for d in claim.program.definitions for i in d.indices})
    seen = False
    with mpmath.workdps(DIGITS):
        for n in range(points):
            draw = Random(f"independent {n}")
            network = Network(claim.program, {axis: 2 + (n + k) % 3 for k, axis in enumerate(axes)} | dict(claim.program.sizes), draw)
            for at in _some(_places(claim, indices, network.sizes), draw):
                try:
                    one, other = entry(claim.left, network, at), entry(claim.right, network, at)
                except NoValue:
                    continue
                seen = True
                if abs(one - other) > mpmath.mpf(10) ** -40 * max(abs(one), abs(other), mpmath.mpf(10) ** -5):
                    return True
    return False if seen else None


def _places(claim: Claim, indices: list[Index], sizes: Mapping[str, int]) -> Iterator[dict[Index, int]]:
    for values in product(*(range(sizes[i.axis]) for i in indices)):
        at = dict(zip(indices, values, strict=True))
        pairs = [(at.get(c.left, c.left), at.get(c.right, c.right), isinstance(c, Unequal)) for c in claim.conditions]  # type: ignore[arg-type]
        if all((left != right) is apart for left, right, apart in pairs):
            yield at


def _some(places: Iterator[dict[Index, int]], draw: Random) -> list[dict[Index, int]]:
    found = list(places)
    return draw.sample(found, min(12, len(found)))
