"""The form of an expression that people know: powers cancelled, deltas contracted, quantities named, common factors in front.

Nothing here is trusted. What it makes is a proposal, and a proof shows it only after the kernel has proved that it is equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import product as choices
from math import gcd

from verify.kernel.calculus import summed
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
    children,
    mul,
    num,
    power,
    rebuild,
    substitute,
)

TERMS = 64
"""An expansion with more terms than this is given up: nobody would call it readable."""


class TooLarge(Exception):
    """An expansion with too many terms."""


@dataclass(frozen=True)
class Fold:
    """A definition that may be recognized: its name, its formal indices and its body."""

    name: str
    indices: tuple[Index, ...]
    body: Expr


@dataclass(frozen=True)
class Tidier:
    """Proposes readable forms; ``is_one`` says which sums are known to be 1, ``folds`` which quantities may be named."""

    is_one: Callable[[Sum], bool] = lambda _: False
    folds: tuple[Fold, ...] = ()
    memo: dict[tuple[str, Expr], Expr] = field(default_factory=dict, compare=False)

    def forms(self, expr: Expr) -> list[Expr]:
        """Different forms of an expression, the most readable one first, the expression itself among them."""
        found = {signature(expr): expr}
        for make in (self.light, self.expanded):
            try:
                form = make(expr)
                found.setdefault(signature(form), form)
            except TooLarge:
                continue
        return sorted(found.values(), key=weight)

    def light(self, expr: Expr) -> Expr:
        """The expression with products kept: powers joined, deltas contracted, factors taken out of sums, quantities named."""
        return self._memo("light", expr, self._light)

    def expanded(self, expr: Expr) -> Expr:
        """The expression multiplied out, like terms joined, and common factors in front again. Raises TooLarge."""
        return self._memo("expanded", expr, lambda e: self.collected(self.terms(e)))

    def cancelled(self, expr: Expr) -> Expr:
        """The product with a sum of fractions in it multiplied out as far as denominators cancel, and no farther."""
        coefficient, factors = powers(expr)
        for sign, (chosen, n) in factors.items():
            if isinstance(chosen, Add) and n == 1 and _is_fractional(chosen):
                rest = [power(e, m) for s, (e, m) in factors.items() if s != sign]
                return add(*(self.light(mul(num(coefficient), term, *rest)) for term in chosen.terms))
        return self.light(expr)

    def _memo(self, kind: str, expr: Expr, make: Callable[[Expr], Expr]) -> Expr:
        if (kind, expr) not in self.memo:
            self.memo[kind, expr] = make(expr)
        return self.memo[kind, expr]

    def _light(self, expr: Expr) -> Expr:
        below = tuple(self.light(child) for child in children(expr))
        match expr:
            case Derivative():
                return expr
            case Sum(index, _):
                return self._sum(index, below[0])
            case Add():
                return add(*joined_terms(below))
            case Mul() | Pow():
                node = Pow(below[0], expr.exponent) if isinstance(expr, Pow) else mul(*below)
                return self.named(*powers(node))
            case Apply():
                return self.named(Fraction(1), {signature(e): (e, Fraction(1)) for e in [rebuild(expr, below)]})
        return rebuild(expr, below) if below else expr

    def _sum(self, index: Index, body: Expr) -> Expr:
        """The sum with what does not depend on the index in front of it; 1 where it is known to be."""
        factors = body.factors if isinstance(body, Mul) else (body,)
        outside = [f for f in factors if index not in f.free]
        inside = mul(*(f for f in factors if index in f.free))
        if index not in inside.free:
            return mul(Size(index.axis), *outside) if inside == ONE else Sum(index, body)
        found = summed(index, inside)
        if isinstance(found, Sum) and self.is_one(found):
            found = ONE
        return mul(*outside, found)

    def named(self, coefficient: Fraction, factors: dict[str, tuple[Expr, Fraction]]) -> Expr:
        """The product with the bodies of definitions in it replaced by their names."""
        free = sorted({i for e, _ in factors.values() for i in e.free})
        for fold in self.folds:
            for pattern, entry in _instances(fold, free):
                factors = _without(factors, *powers(pattern), entry)
        if coefficient < 0:
            turned = next((s for s, (e, n) in factors.items() if isinstance(e, Add) and n == 1 and _is_fractional(e)), None)
            if turned is not None:
                flipped = add(*(mul(num(-1), t) for t in children(factors[turned][0])))
                factors = {s: (flipped, n) if s == turned else (e, n) for s, (e, n) in factors.items()}
                coefficient = -coefficient
        return mul(num(coefficient), *(power(base, exponent) for base, exponent in factors.values()))

    def terms(self, expr: Expr) -> list[Expr]:
        """The terms of the expression multiplied out, each a product of powers, no two alike. Raises TooLarge."""
        match expr:
            case Add(terms):
                return joined_terms(t for term in terms for t in self.terms(term))
            case Mul() | Pow():
                coefficient, factors = powers(mul(*map(self._inner, expr.factors)) if isinstance(expr, Mul) else self._inner(expr))
                sums = [(s, e, n) for s, (e, n) in factors.items() if isinstance(e, Add) and n.denominator == 1 and 0 < n <= 3]
                if not sums:
                    return [self.named(coefficient, factors)]
                # What has a denominator or a delta goes first: what is multiplied in may cancel it.
                sign, chosen, n = next((s for s in sums if _is_fractional(s[1])), sums[0])
                rest = dict(factors)
                del rest[sign]
                others = [power(e, m) for e, m in rest.values()] + [power(chosen, n - 1)]
                if len(chosen.terms) > TERMS:
                    raise TooLarge
                return self._limited(t for term in chosen.terms for t in self.terms(mul(num(coefficient), term, *others)))
            case Sum():
                return self._terms_of_sum(expr)
        return [self.light(expr)]

    def _inner(self, factor: Expr) -> Expr:
        """A factor before it is multiplied out: sums over indices in their own best form."""
        if isinstance(factor, Sum):
            return add(*self._terms_of_sum(factor))
        if isinstance(factor, Pow):
            base = self.light(factor.base)
            return power(base, factor.exponent)
        return self.light(factor) if isinstance(factor, Apply | Step | Prod) else factor

    def _limited(self, terms: Iterable[Expr]) -> list[Expr]:
        found: list[Expr] = []
        for term in terms:
            found.append(term)
            if len(found) > TERMS:
                raise TooLarge
        return joined_terms(found)

    def _terms_of_sum(self, expr: Sum) -> list[Expr]:
        """A sum over an index, split where a term of it can be contracted or is known; else in one piece."""
        index = expr.index
        inner = self.terms(expr.body)
        made = [self._sum(index, term) for term in inner]
        if all(_still_sums(m, index) for m in made):
            whole = [self._sum(index, form) for form in self.forms(expr.body)]
            return [min(whole, key=weight)]
        kept = [term for term, m in zip(inner, made, strict=True) if _still_sums(m, index)]
        gone = [m for m in made if not _still_sums(m, index)]
        rest = [self._sum(index, self.collected(kept))] if kept else []
        return self._limited(t for m in gone for t in (self.terms(m) if isinstance(m, Mul | Add) else [m])) + rest

    def collected(self, terms: Sequence[Expr]) -> Expr:
        """The sum of the terms with what all of them share in front."""
        terms = joined_terms(terms)
        if len(terms) < 2:
            return add(*terms)
        split = [powers(t) for t in terms]
        shared: dict[str, tuple[Expr, Fraction]] = {}
        for sign, (base, exponent) in split[0][1].items():
            others = [factors.get(sign, (base, Fraction(0)))[1] for _, factors in split]
            least = min(others, key=abs)
            if all(n * exponent > 0 for n in others):
                shared[sign] = (base, least)
        content = _content([c for c, _ in split])
        inner = []
        for coefficient, factors in split:
            rest = {s: (e, n - shared[s][1] if s in shared else n) for s, (e, n) in factors.items()}
            inner.append(mul(num(coefficient / content), *(power(e, n) for e, n in rest.values())))
        return mul(num(content), *(power(e, n) for e, n in shared.values()), add(*inner))


def weight(expr: Expr) -> tuple[int, str]:
    """How much there is to read in an expression; the second entry makes the order one."""
    return _weight(expr), signature(expr)


@lru_cache(maxsize=100_000)
def _weight(expr: Expr) -> int:
    below = sum(map(_weight, children(expr)))
    match expr:
        case Num(value):
            return 0 if value in (1, -1) else 1
        case Sum() | Prod() | Delta():
            return 3 + below
        case Derivative():
            return 3 + below
        case Pow(_, exponent):
            return (0 if exponent == -1 else 1) + below
        case Apply() | Step():
            return 2 + below
        case Tensor() | Size():
            return 2
        case Add(terms):
            return len(terms) - 1 + below
        case Mul((Num(value), *rest)) if value < 0 and any(isinstance(f, Add) for f in rest):
            return 1 + below
    return below


def powers(expr: Expr) -> tuple[Fraction, dict[str, tuple[Expr, Fraction]]]:
    """A product as its rational factor and its bases with their exponents, by signature; steps and deltas once."""
    coefficient = Fraction(1)
    found: dict[str, tuple[Expr, Fraction]] = {}
    stack: list[tuple[Expr, Fraction]] = [(expr, Fraction(1))]
    while stack:
        top, exponent = stack.pop()
        match top:
            case Num(value) if exponent.denominator == 1 and (value != 0 or exponent > 0):
                coefficient *= Fraction(value**exponent)
            case Mul(factors) if exponent.denominator == 1:
                stack.extend((f, exponent) for f in reversed(factors))
            case Pow(base, inner) if exponent.denominator == 1 and inner.denominator == 1:
                stack.append((base, inner * exponent))
            case _:
                sign = signature(top)
                total = exponent + found.get(sign, (top, Fraction(0)))[1]
                once = isinstance(top, Step | Delta) and total > 0
                found[sign] = (top, Fraction(1) if once else total)
    return coefficient, {s: (e, n) for s, (e, n) in found.items() if n != 0}


def joined_terms(terms: Iterable[Expr]) -> list[Expr]:
    """The terms with those that differ in a rational factor only joined, and those that cancel left out."""
    found: dict[str, tuple[Fraction, Expr]] = {}
    for term in terms:
        for one in term.terms if isinstance(term, Add) else (term,):
            coefficient, factors = powers(one)
            rest = mul(*(power(e, n) for e, n in factors.values()))
            sign = signature(rest)
            found[sign] = (found.get(sign, (Fraction(0), rest))[0] + coefficient, rest)
    return [mul(num(c), rest) for c, rest in found.values() if c != 0]


@lru_cache(maxsize=200_000)
def signature(expr: Expr, bound: tuple[Index, ...] = ()) -> str:
    """A text that is the same for expressions that differ in the order of terms and factors and in the names of bound indices."""

    def at(position: Index | int) -> str:
        if isinstance(position, Index) and position in bound:
            return f"#{len(bound) - 1 - bound[::-1].index(position)}"
        return f"{position.name}:{position.axis}" if isinstance(position, Index) else str(position)

    match expr:
        case Num(value):
            return str(value)
        case Tensor(name, indices):
            return f"{name}[{','.join(map(at, indices))}]"
        case Delta(left, right):
            return "δ[" + ",".join(sorted((at(left), at(right)))) + "]"
        case Sum(index, body) | Prod(index, body):
            return f"{type(expr).__name__} {index.axis}({signature(body, (*bound, index))})"
        case Derivative(body, wrt):
            return f"∂{signature(body, bound)}/∂{signature(wrt, bound)}"
        case Add(terms):
            return "(" + "+".join(sorted(signature(t, bound) for t in terms)) + ")"
        case Mul(factors):
            return "(" + "*".join(sorted(signature(f, bound) for f in factors)) + ")"
        case Pow(base, exponent):
            return f"{signature(base, bound)}^{exponent}"
        case Apply(function, argument, order):
            return f"{function}{order}({signature(argument, bound)})"
        case Step(argument):
            return f"step({signature(argument, bound)})"
        case Size(axis):
            return f"|{axis}|"
    return type(expr).__name__


def _instances(fold: Fold, free: Sequence[Index]) -> Iterator[tuple[Expr, Tensor]]:
    """The bodies of a definition at the free indices in sight, with the entries that they define."""
    for chosen in choices(*([i for i in free if i.axis == formal.axis] for formal in fold.indices)):
        table = dict(zip(fold.indices, chosen, strict=True))
        yield substitute(fold.body, dict(table)), Tensor(fold.name, chosen)


def _without(
    factors: dict[str, tuple[Expr, Fraction]], coefficient: Fraction, pattern: dict[str, tuple[Expr, Fraction]], entry: Tensor
) -> dict[str, tuple[Expr, Fraction]]:
    """The factors with a pattern that is among them replaced by an entry, as often as it is."""
    if coefficient != 1 or not pattern or not all(s in factors and factors[s][1] * n > 0 for s, (_, n) in pattern.items()):
        return factors
    times = min(int(factors[s][1] / n) for s, (_, n) in pattern.items())
    if times < 1:
        return factors
    left = {s: (e, n - times * pattern[s][1] if s in pattern else n) for s, (e, n) in factors.items()}
    sign = signature(entry)
    total = times + left.get(sign, (entry, Fraction(0)))[1]
    return {s: (e, n) for s, (e, n) in {**left, sign: (entry, total)}.items() if n != 0}


def _is_fractional(expr: Expr) -> bool:
    """Whether a denominator or a delta stands in it."""
    stack = [expr]
    while stack:
        top = stack.pop()
        if isinstance(top, Delta) or (isinstance(top, Pow) and top.exponent < 0):
            return True
        if not isinstance(top, Sum | Prod | Apply):
            stack.extend(children(top))
    return False


def _still_sums(expr: Expr, index: Index) -> bool:
    factors = expr.factors if isinstance(expr, Mul) else (expr,)
    return any(isinstance(f, Sum) and f.index.axis == index.axis for f in factors)


def _content(coefficients: Sequence[Fraction]) -> Fraction:
    """The greatest rational that leaves whole numbers; negative if all are."""
    common = Fraction(0)
    for c in coefficients:
        common = Fraction(gcd(common.numerator * c.denominator, c.numerator * common.denominator), common.denominator * c.denominator)
    return -common if all(c < 0 for c in coefficients) else common
