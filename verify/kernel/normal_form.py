# ruff: noqa: I001
"""The decision procedure for all widths: two expressions are equal when their normal forms are.

A normal form is a sum of monomials; a monomial is a rational times powers of *bases*. A base is a key and the labels that it is taken
at. The key names an entry of a tensor, a Kronecker delta, a size, or a function of a normal form, which ``_Form.meanings`` has: exp,
log, step, an unknown function, a power of a sum, a product over an index, a *contraction* (a connected product summed over all the
indices that it binds). What a function binds is numbered in its meaning, so products never capture an index, and (Σ_i x_i)² is the
square of a base, which Σ_i x_i² is not.

Every rewriting is an identity wherever both of its sides have a value, off the kinks, at all widths ≥ 1. The standing assumption is
that what is written has a value: denominators are not 0, arguments of logarithms are positive, a position that is named exists.
Anything that is not understood, and anything over the budget, gives up: no proof. Being equal and having no proof is allowed.

The choices that only decide whether a proof is found are made outside (``Advice``) and checked here: in which order a meaning's labels
are numbered, and which term of a denominator is taken apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from hashlib import sha256
from itertools import count, product as choices
from math import floor, gcd, lcm, prod
from typing import Any, NamedTuple

from verify.kernel.calculus import BY_EXP
from verify.kernel.expr import Add, Apply, Delta, Expr, Mul, Num, Pi, Position, Pow, Prod, Size, Step, Sum, Tensor, children, substitute
from verify.kernel.program import Assumption, OneHot, Positive, Program, SumsToOne, Unequal

Rational = int | Fraction
Label = tuple[Any, ...]  # (kind, number or name, axis), or (FIXED, number)
Base = tuple[str, tuple[Label, ...]]  # a key, whose first letter is its kind, and labels
Factors = dict[Base, Rational]
Factor = tuple[Base, Rational]
Monomial = tuple[Factor, ...]  # sorted
Poly = dict[Monomial, Rational]
FIXED, BOUND, SLOT, FRESH, FREE = range(5)  # in a meaning: BOUND by the function, SLOT for a label of the base
ONE: Poly = {(): 1}


class Meaning(NamedTuple):
    """What a key stands for: a function, named by the key's kind and a tag, of a sum with slots for the base's labels."""

    poly: Poly
    slots: tuple[Label, ...]
    bound: tuple[Label, ...]
    tag: Any


@dataclass(frozen=True)
class Advice:
    """Choices that cost at most a proof. ``orders`` of all the labels of a sum that is to be named, given those that are bound and the
    keys that are symmetric: of orders that name it differently, the kernel takes the one with the least text. ``lead``: the term of a
    denominator's meaning to take apart in a product, or None where the product stays as it is."""

    orders: Callable[[Poly, frozenset[Label], Set[str]], Iterable[Sequence[Label]]]
    lead: Callable[[Poly, Mapping[Label, Label], Factors, Set[str]], Monomial | None]


@dataclass(frozen=True)
class Proof:
    """That two sides have one normal form: at which level, the left side's form, the assumptions and fixed sizes it took."""

    level: int
    normal_form: str
    assumptions: tuple[Assumption, ...] = ()
    sizes_used: bool = False


class _GiveUp(Exception):
    """No normal form: not understood, without a value, or over the budget."""


class _Level(NamedTuple):
    """Whether all definitions are inlined, sums stay factors where indices meet, sums over a fixed size are written out."""

    inline: bool = False
    keep: bool = False
    sized: bool = False


LEVELS = (_Level(keep=True), _Level(), _Level(inline=True), _Level(inline=True, sized=True))


PLAIN = Advice(lambda poly, bound, unordered: [sorted(_labels(*poly) | bound)], lambda poly, table, factors, hot: None)


class Normalizer:
    """The decision procedure for one program. ``auxiliary`` names definitions, such as Jacobians, that every level inlines."""

    def __init__(self, program: Program, advice: Advice, auxiliary: frozenset[str] = frozenset()) -> None:
        self.program, self.advice = program, advice
        self.hot: dict[str, list[int]] = defaultdict(list)
        for a in sorted((a for a in program.assumptions if isinstance(a, OneHot)), key=repr):
            self.hot["." + a.name].append(a.position)
        self.inlined = auxiliary | {d.name for d in program.definitions if d.body is not None and _nonlinear(d.body)}

    def equal(self, left: Expr, right: Expr, apart: tuple[Unequal, ...] = (), budget: int = 20_000) -> Proof | None:
        """A proof that both sides are equal for all widths, all indices with those pairs apart, and all values, or None.

        Neither side has a Derivative. None means not shown, never different; it is also the answer over the budget, which
        counts the monomials made at each level, and where a side has no value.
        """
        for number, level in enumerate(LEVELS[: 4 if self.program.sizes else 3]):
            form = _Form(self, level, budget)
            try:
                sides = form.convert(left), form.convert(right)
                if form.vanishes(_mix((sides[0], 1), (sides[1], -1)), apart):
                    text = repr(sorted((mono, str(c)) for mono, c in sides[0].items()))
                    text = text if len(text) <= 400 else "sha256:" + _digest(text)
                    return Proof(number, text, tuple(sorted(form.used, key=repr)), form.sizes_used)
            except (_GiveUp, RecursionError):
                continue
        return None


def _nonlinear(expr: Expr) -> bool:
    """Whether it takes more than sums and products to compute an expression."""
    rational = isinstance(expr, Pow) and (expr.exponent < 0 or expr.exponent.denominator > 1)
    return rational or isinstance(expr, (Apply, Step, Prod)) or any(map(_nonlinear, children(expr)))


def _label(position: Position) -> Label:
    return (FIXED, position) if isinstance(position, int) else (FREE, position.name, position.axis)


def _plain(value: Rational) -> Rational:
    return value.numerator if value.denominator == 1 else value


def _digest(what: object) -> str:
    return sha256(repr(what).encode()).hexdigest()


def _labels(*products: Iterable[Factor]) -> frozenset[Label]:
    """The labels that products depend on."""
    return frozenset(p for factors in products for (_, places), _ in factors for p in places if p[0] != FIXED)


def _mix(*parts: tuple[Poly, Rational]) -> Poly:
    """The sum of multiples of sums."""
    out: Poly = defaultdict(int)
    for poly, by in parts:
        for mono, c in poly.items():
            out[mono] += c * by
    return {mono: _plain(c) for mono, c in out.items() if c}


def _times(factors: Iterable[Factor], more: Iterable[Factor] = (), by: Rational = 1) -> Factors:
    """A product times another to a power."""
    out: Factors = defaultdict(int, factors)
    for base, e in more:
        out[base] += e * by
    return {base: _plain(e) for base, e in out.items() if e}


def _without(factors: Iterable[Factor], *gone: Base) -> Monomial:
    return tuple(f for f in factors if f[0] not in gone)


def _atom(base: Base, e: Rational = 1) -> Poly:
    return {((base, e),): 1}


def _groups(factors: Iterable[Factor], bound: frozenset[Label]) -> list[tuple[frozenset[Label], Monomial]]:
    """Products that share none of the bound labels, each with those that it has; what has none is left out."""
    groups: list[tuple[frozenset[Label], Monomial]] = []
    for factor in factors:
        labels = bound.intersection(factor[0][1])
        group: Monomial = (factor,)
        if labels:
            for other in [g for g in groups if g[0] & labels]:
                groups.remove(other)
                labels, group = labels | other[0], other[1] + group
            groups.append((labels, group))
    return groups


def _power(value: Rational, e: int) -> Rational:
    if abs(e) * max(value.numerator.bit_length(), value.denominator.bit_length()) > 4096:
        raise _GiveUp
    return _plain(Fraction(value) ** e)


def _primes(value: Rational) -> dict[int, int]:
    """Factors of a positive rational with their powers: small primes, and what is left over."""
    found: dict[int, int] = defaultdict(int)
    for number, sign in ((value.numerator, 1), (value.denominator, -1)):
        for prime in range(2, 1000):
            while number % prime == 0:
                found[prime] += sign
                number //= prime
        found[number] += sign
    return {prime: e for prime, e in found.items() if prime > 1}


class _Form:
    """The normal forms of one attempt at one level. Raises _GiveUp where there is none."""

    def __init__(self, tables: Normalizer, level: _Level, budget: int) -> None:
        self.tables, self.level, self.left = tables, level, budget
        self.sizes = dict(tables.program.sizes)
        self.used: set[Assumption] = set()
        self.sizes_used = False
        self.fresh = count()
        self.cache: dict[Expr, Poly] = {}
        self.meanings: dict[str, Meaning] = {}
        self.loose: set[str] = set()  # keys whose labels can be taken in more than one order, and are in that of their names

    def spend(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise _GiveUp

    def assumed(self, *assumptions: Assumption) -> bool:
        """Whether the program assumes one of them; the first one is used."""
        found = [a for a in assumptions if a in self.tables.program.assumptions]
        self.used |= {*found[:1]}
        return bool(found)

    # --- products ---------------------------------------------------------------------------------------------------------

    def times(self, *polys: Poly) -> Poly:
        """The product of sums. Where the level keeps sums, those with the same labels are multiplied out, and the result
        is one base in a product with other labels: so (1 - a_j²) stays a factor under a weight w_ij."""
        if self.level.keep:
            places: dict[frozenset[Label], Poly] = defaultdict(ONE.copy)
            for poly in polys:
                at = _labels(*poly)
                places[at] = self.expand(places[at], poly)
            every = frozenset[Label]().union(*places)
            mixed = {at for at, p in places.items() if len(p) > 1 and at != every and "δ" not in {b[0] for mono in p for b, _ in mono}}
            polys = tuple(self.whole(p) if at in mixed else p for at, p in places.items())
        single = [next(iter(poly.items())) for poly in polys if len(poly) == 1]
        first = self.product(_times((), (f for mono, _ in single for f in mono)))
        return reduce(self.expand, sorted((p for p in polys if len(p) != 1), key=len), _mix((first, prod(c for _, c in single))))

    def expand(self, left: Poly, right: Poly) -> Poly:
        """The product of two sums, term by term."""
        if left == ONE or right == ONE:
            return right if left == ONE else left
        return _mix(*((self.product(_times(m, n)), c * d) for (m, c), (n, d) in choices(left.items(), right.items())))

    def product(self, factors: Factors) -> Poly:
        """The normal form of a product of powers of bases."""
        self.spend(1)
        for base in factors:
            found = self.simpler(base, factors) if base[0][0] in "δsp.+" else None
            if found is not None:
                return found
        return {tuple(sorted(factors.items())): 1}

    def simpler(self, base: Base, factors: Factors) -> Poly | None:
        """The product, if one factor of it can be rewritten: a delta, a step, a number's root, a one-hot entry, a power of a sum."""
        (key, places), e = base, factors[base]
        rest = _without(factors.items(), base)
        match key[0]:
            case "δ":
                a, b = sorted(places)
                if e < 0 or len({p[2] for p in places if p[0] != FIXED}) > 1:
                    raise _GiveUp
                if a == b or b[0] == FIXED:
                    return self.product(dict(rest)) if a == b else {}
                if b in _labels(rest):
                    return self.expand(_atom(("δ", (a, b))), self.rename(rest, {b: a}))
                if places != (a, b) or e != 1:
                    return self.product(_times(rest, [(("δ", (a, b)), 1)]))
            case "s" if e != 1:
                if e < 0:
                    raise _GiveUp
                return self.product(_times(rest, [(base, 1)]))
            case "p" if not 0 < e < 1:
                return _mix((self.product(_times(rest, [(base, e - floor(e))])), _power(int(key[1:]), floor(e))))
            case "." if e > 0 and key in self.tables.hot:
                return self.picked(base, factors)
            case "+" if e >= 1 and not (self.level.keep and _labels(factors.items()) - {*places}):
                return self.expand(self.product(_times(rest, [(base, e - floor(e))])), self.power(self.opened(base)[0], floor(e)))
            case "+" if e < 0 and isinstance(e, int):
                return self.reduced(base, factors)
        return None

    def picked(self, base: Base, factors: Factors) -> Poly | None:
        """A product with a one-hot entry: y_i y_k = δ_ik y_i, y² = y, and y_i (Σ_k y_k c_k)^f = y_i c_i^f."""
        key, places = base
        for at in self.tables.hot[key]:

            def beside(other: Base, at: int = at) -> bool:
                return other[0] == key and [n for n, p in enumerate(places) if p != other[1][n]] == [at]

            for other, f in _without(factors.items(), base):
                rest = _without(factors.items(), other)
                inner, bound = self.opened(other) if other[0][0] == "Σ" else ({}, frozenset[Label]())
                for mono, c in inner.items() if len(inner) == 1 else ():
                    for inside in (b for b, g in mono if g == 1 and beside(b) and b[1][at] in bound):
                        self.assumed(OneHot(key[1:], at))
                        gone = inside[1][at]
                        found = self.function("Σ", self.rename(_without(mono, inside), {gone: places[at]}), bound - {gone})
                        return self.expand(self.product(dict(rest)), self.power(_mix((found, c)), f))
                if f > 0 and beside(other):
                    self.assumed(OneHot(key[1:], at))
                    return self.product(_times(rest, [(("δ", (places[at], other[1][at])), 1)]))
            if factors[base] != 1:
                self.assumed(OneHot(key[1:], at))
                return self.product(_times(_without(factors.items(), base), [(base, 1)]))
        return None

    def reduced(self, base: Base, factors: Factors) -> Poly | None:
        """A product with P^e, e < 0, as (P^(e+1) - Q·P^e)/T for P = T + Q, where T is one term that is advised.

        Each base of T is never 0, or the product has its inverse, or as high a power of it: nothing is divided by that may be 0."""
        inner, slots, *_ = self.meanings[base[0]]
        lead = self.tables.advice.lead(inner, dict(zip(slots, base[1], strict=True)), factors, self.tables.hot.keys())
        if lead not in inner:
            return None
        ((divisor, c),) = self.power(self.opened(base, {lead: inner[lead]})[0], -1).items()
        if any(b[0][0] not in "e#pπ" and 0 <= factors.get(b, 0) < -f for b, f in divisor):
            return None
        others = self.opened(base, {mono: d for mono, d in inner.items() if mono != lead})[0]
        quotient = _times(factors.items(), divisor)
        less = ((self.product(_times(quotient.items(), mono)), -c * d) for mono, d in others.items())
        return _mix((self.product(_times(quotient.items(), [(base, 1)])), c), *less)

    # --- labels: renaming, summing, canonical numbering ---------------------------------------------------------------------

    def rename(self, mono: Monomial, table: Mapping[Label, Label]) -> Poly:
        """A product with labels replaced all at once. Where labels of a function meet or become fixed, it is made again."""
        factors: list[Factor] = []
        polys: list[Poly] = []
        for (key, places), e in mono:
            moved = tuple(table.get(p, p) for p in places)
            if moved != places and key in self.meanings and (key in self.loose or len({*moved}) < len(moved) or min(moved)[0] == FIXED):
                polys.append(self.power(self.made((key, moved)), e))
            else:
                factors.append(((key, moved), e))
        return reduce(self.expand, polys, self.product(_times((), factors)))

    def renamed(self, poly: Poly, table: Mapping[Label, Label]) -> Poly:
        """A sum with labels replaced all at once."""
        return _mix(*((self.rename(mono, table), c) for mono, c in poly.items())) if table else poly

    def opened(self, base: Base, part: Poly | None = None) -> tuple[Poly, frozenset[Label]]:
        """What a base is a function of, or a part of it, and new labels for what the function binds."""
        poly, slots, bound, _ = self.meanings[base[0]]
        new = {p: (FRESH, next(self.fresh), p[2]) for p in bound}
        return self.renamed(poly if part is None else part, dict(zip(slots, base[1], strict=True)) | new), frozenset(new.values())

    def made(self, base: Base) -> Poly:
        """What a base is equal to, made again from what its key stands for."""
        return self.function(base[0][0], *self.opened(base), self.meanings[base[0]].tag)

    def function(self, kind: str, poly: Poly, bound: frozenset[Label] = frozenset(), tag: Any = None) -> Poly:
        """A function of a sum, named by its kind and a tag."""
        match kind:
            case "Σ":
                return _mix(*((self.contracted(mono, bound), c) for mono, c in poly.items()))
            case "∏":
                return self.all_of(poly, bound)
            case "s":
                return self.step(poly)
            case "e":
                return self.exp(poly)
            case "l":
                return self.log(poly)
        return poly if kind == "+" else _atom(self.intern(kind, poly, bound, tag))

    def size(self, axis: str) -> Poly:
        self.sizes_used |= axis in self.sizes
        return {(): self.sizes[axis]} if axis in self.sizes else _atom(("#" + axis, ()))

    def contracted(self, mono: Monomial, bound: frozenset[Label]) -> Poly:
        """The sum of a product over the bound labels, taken apart into connected contractions."""
        inside = [f for f in mono if not bound.isdisjoint(f[0][1])]
        for base, _ in inside:
            if base[0] == "δ":
                gone = min(bound.intersection(base[1]))
                (kept,) = {*base[1]} - {gone}
                return self.function("Σ", self.rename(_without(mono, base), {gone: kept}), bound - {gone})
        groups = _groups(inside, bound)
        for labels, atoms in groups:
            ends = _labels(atoms) - labels
            for base, e in atoms:
                found = self.simpler(base, dict(atoms)) if base[0][0] == "+" and e > 0 else None
                hangs = len(base[1]) == 1 and ends and not self.tables.hot
                if base[0][0] == "Σ" and isinstance(e, int) and e > 0 and not hangs:
                    inner, new = self.opened(base)
                    found, bound = self.expand(self.product(_times(atoms, [(base, -1)])), inner), bound | new
                if found is not None:
                    return self.function("Σ", self.expand(found, {_without(mono, *dict(atoms)): 1}), bound)
        for label in sorted(bound):
            here = [f for f in inside if label in f[0][1]]
            rest = _without(mono, *dict(here))
            if not here:
                return self.expand(self.size(label[2]), self.contracted(mono, bound - {label}))
            ((key, places), e), *others = here
            if not others and e == 1 and key[0] == "." and places.count(label) == 1:
                name, at = key[1:], places.index(label)
                if self.assumed(SumsToOne(name, at), OneHot(name, at)):
                    return self.contracted(rest, bound - {label})
            if any(f < 0 and base[0][0] == "Σ" for base, f in inside):
                value = self.closed(here, frozenset({label}))
                if dict(rest).get(value, 0) < 0:  # a sum over its own value: Σ_k E_nk / Σ_m E_nm
                    return self.function("Σ", self.product(_times(rest, [(value, 1)])), bound - {label})
        return self.product(_times(_without(mono, *dict(inside)), [(self.closed(atoms, labels), 1) for labels, atoms in groups]))

    def closed(self, atoms: Iterable[Factor], bound: frozenset[Label]) -> Base:
        """The base of a connected product summed over the bound labels.

        What hangs on one label alone, seen from the free labels, becomes a base of that label, as a layer's error signal does:
        so the work is linear in the depth. This is the tree of the graph's blocks, and does not depend on the order of the sums."""
        if _labels(atoms := tuple(atoms)) - bound and not self.tables.hot:
            for label in sorted(bound):
                for labels, part in _groups(atoms, bound - {label}) if label in bound else ():
                    if _labels(part) <= labels | {label}:
                        atoms = tuple(_times(_without(atoms, *dict(part)), [(self.closed(part, labels), 1)]).items())
                        bound -= labels
        return self.intern("Σ", {tuple(sorted(atoms)): 1}, bound)

    def intern(self, kind: str, poly: Poly, bound: frozenset[Label] = frozenset(), tag: Any = None) -> Base:
        """The base for a function of a sum."""
        return self.named(kind, poly, bound, tag)[0]

    def named(self, kind: str, poly: Poly, bound: frozenset[Label], tag: Any, signed: bool = False) -> tuple[Base, int]:
        """The base for a function of a sum: its key is a digest of the sum with numbers for the labels, the same whatever they are called.
        If it is signed, a sum and its negative have one base, and signs that differ.

        Any order of the labels will do; of those that are advised, the one with the least text is taken."""
        labels = _labels(*poly) | bound
        found = []
        for order in self.tables.advice.orders(poly, bound, self.loose) if len(labels) > 1 else [[*labels]]:
            if sorted(order) != sorted(labels):
                raise _GiveUp
            numbers = tuple((BOUND if p in bound else SLOT, n, p[2]) for n, p in enumerate(order))
            terms = sorted(self.renamed(poly, dict(zip(order, numbers, strict=True))).items())
            sign = -1 if signed and terms[0][1] < 0 else 1
            terms = [(mono, c * sign) for mono, c in terms]
            found.append((repr((tag, numbers, terms)), tuple(p for p in order if p not in bound), sign, terms, numbers))
        text, places, sign, terms, numbers = min(found, key=lambda f: f[:2])
        key = kind + _digest(text)
        if key not in self.meanings:
            slots, inside = (tuple(p for p in numbers if p[0] == which) for which in (SLOT, BOUND))
            self.meanings[key] = Meaning(dict(terms), slots, inside, tag)
            self.loose |= {key for again, other, *_ in found if again == text and other != places}
        return (key, places), sign

    # --- functions of sums --------------------------------------------------------------------------------------------------

    def cleared(self, poly: Poly) -> tuple[Factors, Poly]:
        """A sum as powers of bases, of denominators too, and a sum without common factors."""
        content: Factors = {}
        while poly:
            low: Factors = dict(next(iter(poly)))
            for powers in map(dict, poly):
                low = {b: e for b in low | powers if (e := min(low.get(b, 0), powers.get(b, 0)))}
            if not low:
                break
            content = _times(content.items(), low.items())
            poly = _mix(*((self.product(_times(mono, low.items(), -1)), c) for mono, c in poly.items()))
        return content, poly

    def factored(self, poly: Poly) -> tuple[Rational, Factors, Poly]:
        """The same, the sum's coefficients coprime integers; first the positive rational that they were divided by."""
        content, rest = self.cleared(poly)
        if not rest:
            raise _GiveUp
        scale = Fraction(gcd(*(c.numerator for c in rest.values())), lcm(*(c.denominator for c in rest.values())))
        return _plain(scale), content, _mix((rest, 1 / scale))

    def signed(self, kind: str, poly: Poly) -> tuple[int, Poly]:
        """A sign and the base for a sum or its negative; the same base for both."""
        if poly in (ONE, _mix((ONE, -1))):
            return poly[()].numerator, ONE
        base, sign = self.named(kind, poly, frozenset(), None, signed=True)
        return sign, _atom(base)

    def whole(self, poly: Poly) -> Poly:
        """A sum as one term, not normalized: a rational times powers of bases, one of them the sum without its common factors."""
        c, factors, rest = self.factored(poly)
        sign, base = self.signed("+", rest)
        return {tuple(_times(factors.items(), next(iter(base))).items()): c * sign}

    def power(self, poly: Poly, e: Rational) -> Poly:
        """A rational power of a sum; a fractional one is split only over what is known to be positive."""
        e = _plain(e)
        if not poly and e <= 0:
            raise _GiveUp
        if not poly or e in (0, 1):
            return poly if e else ONE
        if isinstance(e, int):
            if e > 0 and len(poly) > 1:
                return reduce(self.expand, (poly for _ in range(e - 1)), poly)
            ((mono, c),) = (self.whole(poly) if len(poly) > 1 else poly).items()
            return _mix((self.product(_times((), mono, e)), _power(c, e)))
        c, sure, rest = self.split(poly)
        if [*rest] == [()] and rest != ONE:
            raise _GiveUp
        mono = next(iter(rest))
        single = rest == ONE or (rest == {mono: 1} and [f for _, f in mono] == [1])
        roots = [(("p" + str(prime), ()), n) for prime, n in _primes(c).items()]
        return self.product(_times(_times((), [*sure.items(), *roots], e).items(), mono if single else [(self.intern("+", rest), 1)], e))

    def split(self, poly: Poly) -> tuple[Rational, Factors, Poly]:
        """A sum as a positive rational, powers of bases known to be positive, and the rest."""
        c, content, rest = self.factored(poly)
        sure = {b: e for b, e in content.items() if self.positive(_atom(b))}
        return c, sure, self.expand({tuple(sorted(_without(content.items(), *sure))): 1}, rest)

    def positive(self, poly: Poly) -> bool:
        """Whether a sum is known to be positive: each number, and each base, is."""
        for key, _ in (b for mono in poly for b, _ in mono):
            match key[0]:
                case ".":
                    sure = self.assumed(Positive(key[1:]))
                case "Σ" | "+" | "∏":
                    sure = self.positive(self.meanings[key].poly)
                case "f":
                    sure = self.meanings[key].tag == ("sigmoid", 0)
                case kind:
                    sure = kind in "e#pπ"
            if not sure:
                return False
        return all(c > 0 for c in poly.values())

    def exp(self, poly: Poly) -> Poly:
        """exp, as a product over the terms of the sum; exp(c·log P) is P^c, since P is positive."""
        logs = {mono: c for mono, c in poly.items() if [(b[0][0], e) for b, e in mono] == [("l", 1)]}
        powers = [(self.intern("e", {mono: 1}), c) for mono, c in poly.items() if mono not in logs]
        arguments = (self.power(self.opened(mono[0][0])[0], c) for mono, c in logs.items())
        return reduce(self.expand, arguments, self.product(_times((), powers)))

    def log(self, poly: Poly) -> Poly:
        """log, as a sum over the factors that are known to be positive."""
        c, sure, rest = self.split(poly)
        mono = next(iter(rest))
        if rest == {mono: 1} and len(mono) == 1 and (mono[0][1].numerator % 2 or mono[0][1].denominator % 2 == 0):
            sure, rest = _times(sure.items(), mono), ONE  # b to an odd power is positive, so b is
        numbers = [(("p" + str(prime), ()), n) for prime, n in _primes(c).items()]
        others = [(_atom(self.intern("l", rest)), 1)] if rest != ONE else []
        return _mix(*((self.log_of(base), e) for base, e in (*numbers, *sure.items())), *others)

    def log_of(self, base: Base) -> Poly:
        """log of a base that is positive."""
        value: Poly = {(): int(base[0][1:])} if base[0][0] == "p" else _atom(base)
        if base[0][0] in "e+" or (base[0][0] == "∏" and self.positive(value)):
            value, bound = self.opened(base)
            if base[0][0] != "+":  # exp, or a product of positive factors
                return value if base[0][0] == "e" else self.function("Σ", self.log(value), bound)
        return _atom(self.intern("l", value))

    def step(self, poly: Poly) -> Poly:
        """1 where a sum is positive; positive factors do not matter, and step(-u) is 1 - step(u) off the kink."""
        rest = self.split(poly)[2]
        if [*rest] == [()] or self.positive(rest):
            return ONE if self.positive(rest) else {}
        sign, base = self.signed("s", rest)
        return base if sign > 0 else _mix((ONE, 1), (base, -1))

    def all_of(self, poly: Poly, bound: frozenset[Label]) -> Poly:
        """The product over every position of a label."""
        if len(poly) == 1 and all(isinstance(e, int) for mono in poly for _, e in mono):  # factor by factor
            ((mono, c),) = poly.items()
            parts: list[tuple[Poly, Rational]] = [*((_atom(b), e) for b, e in mono), ({(): c}, 1)]
            return self.product(_times((), ((self.intern("∏", part, bound), e) for part, e in parts if part != ONE)))
        return _atom(self.intern("∏", poly, bound)) if poly else {}

    # --- expressions --------------------------------------------------------------------------------------------------------

    def convert(self, expr: Expr) -> Poly:
        """The normal form of an expression, its free indices as free labels."""
        if expr not in self.cache:
            self.spend(1)
            self.cache[expr] = self.converted(expr)
        return self.cache[expr]

    def converted(self, expr: Expr) -> Poly:
        match expr:
            case Num(value):
                return _mix((ONE, value))
            case Pi():
                return _atom(("π", ()))
            case Size(axis):
                return self.size(axis)
            case Tensor(name, indices):
                places = tuple(map(_label, indices))
                d = self.tables.program.by_name.get(name)
                if d is None or d.body is None or not (self.level.inline or name in self.tables.inlined):
                    return self.product({("." + name, places): 1})
                if len(d.indices) != len(places) or not d.body.free <= {*d.indices}:
                    raise _GiveUp
                table = {a: b for a, b in zip(map(_label, d.indices), places, strict=True) if a != b}
                return self.renamed(self.convert(d.body), table)
            case Delta(a, b):
                return self.product({("δ", (_label(a), _label(b))): 1})
            case Add(terms):
                return _mix(*((self.convert(t), 1) for t in terms))
            case Mul(factors):
                return self.times(*map(self.convert, factors))
            case Pow(Mul(factors), e) if e.denominator == 1:
                return self.times(*(self.convert(Pow(f, e)) for f in factors))
            case Pow(Pow(base, f), e) if f > 0 and e.denominator == 1:
                return self.convert(Pow(base, f * e))
            case Pow(base, e):
                return self.power(self.convert(base), e)
            case Sum(index, body) | Prod(index, body):
                size, bound = self.sizes.get(index.axis, 0), {_label(index)}
                if self.level.sized and 1 <= size <= 6:
                    self.sizes_used = True
                    values = tuple(substitute(body, {index: n}) for n in range(size))
                    return self.convert(Add(values) if isinstance(expr, Sum) else Mul(values))
                while isinstance(expr, Sum) and isinstance(body, Sum) and _label(body.index) not in bound and not self.level.sized:
                    bound, body = bound | {_label(body.index)}, body.body
                return self.function("Σ" if isinstance(expr, Sum) else "∏", self.convert(body), frozenset(bound))
            case Step(argument):
                return self.function("s", self.convert(argument))
            case Apply("exp" | "log" as function, argument, 0):
                return self.function(function[0], self.convert(argument))
            case Apply(function, argument, 0) if function in BY_EXP and not (self.level.keep and function in ("sigmoid", "tanh")):
                return self.convert(BY_EXP[function](argument))
            case Apply(function, argument, order):
                return self.function("f", self.convert(argument), tag=(function, order))
        raise _GiveUp

    def vanishes(self, poly: Poly, apart: Iterable[Unequal]) -> bool:
        """Whether a sum is 0 where the pairs are apart, if they can be: times 1 - δ for each, and times its denominators, it is empty."""
        guard = reduce(self.expand, (_mix((ONE, 1), (self.convert(Delta(c.left, c.right)), -1)) for c in apart), ONE)
        return bool(guard) and not self.cleared(self.expand(guard, poly))[1]
