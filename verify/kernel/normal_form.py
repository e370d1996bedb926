# ruff: noqa: I001
"""The decision procedure for all widths: two expressions are equal when their normal forms are.

A normal form is a sum of monomials; a monomial is a rational times powers of *bases*. A base is an entry of a tensor, a
Kronecker delta, a size, a function of a normal form (exp, log, step, power of a sum, unknown function), or a *contraction*: a
connected product of such entries summed over all the indices that it binds. A contraction is closed, its bound indices are
numbered canonically, so products never capture an index and (Σ_i x_i)² is the square of a base, which Σ_i x_i² is not.

Every rewriting is an identity wherever both of its sides have a value, off the kinks, at all widths ≥ 1. The standing assumption is
that what is written has a value: denominators are not 0, arguments of logarithms are positive, a position that is named exists.
Anything that is not understood, and anything over the budget, gives up: no proof. Being equal and having no proof is allowed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from hashlib import sha256
from itertools import groupby, islice, permutations, product as choices
from math import floor, gcd, lcm, prod
from typing import Any, NamedTuple

from verify.kernel.expr import Add, Apply, Delta, Expr, Mul, Num, Pi, Position, Pow, Prod, Size, Step, Sum, Tensor, children
from verify.kernel.program import Assumption, Condition, Equal, OneHot, Positive, Program, SumsToOne

Rational = int | Fraction
Label = tuple[Any, ...]  # (kind, number or name, axis), or (FIXED, number)
Base = tuple[str, tuple[Any, ...]]  # a key, whose first letter is its kind, and labels; for a contraction "Σ" and its factors
Factors = dict[Base, Rational]
Factor = tuple[Base, Rational]
Monomial = tuple[Factor, ...]  # sorted
Poly = dict[Monomial, Rational]
FIXED, BOUND, FACTOR, SLOT, FRESH, FREE = range(6)  # BOUND by a sum, FACTOR: bound by a product; SLOT: of a key, for a label
ONE: Poly = {(): 1}


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


class Normalizer:
    """The decision procedure for one program. ``auxiliary`` names definitions, such as Jacobians, that every level inlines."""

    def __init__(self, program: Program, auxiliary: frozenset[str] = frozenset()) -> None:
        self.program = program
        self.hot: dict[str, list[int]] = defaultdict(list)
        for a in sorted((a for a in program.assumptions if isinstance(a, OneHot)), key=repr):
            self.hot["." + a.name].append(a.position)
        self.inlined = auxiliary | {d.name for d in program.definitions if d.body is not None and _nonlinear(d.body)}

    def equal(self, left: Expr, right: Expr, conditions: tuple[Condition, ...] = (), budget: int = 20_000) -> Proof | None:
        """A proof that both sides are equal for all widths, all indices that meet the conditions, and all values, or None.

        Neither side has a Derivative. None means not shown, never different; it is also the answer over the budget, which
        counts the monomials made at each level, and where a side has no value or the conditions contradict each other.
        """
        for number, level in enumerate(LEVELS[: 4 if self.program.sizes else 3]):
            form = _Form(self, level, budget)
            try:
                sides = form.convert(left), form.convert(right)
                if form.vanishes(_mix((sides[0], 1), (sides[1], -1)), conditions):
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


def _labels(*bases: Base) -> frozenset[Label]:
    """The labels that bases depend on."""
    places = (p for key, ps in bases for p in (ps if key != "Σ" else (p for (_, qs), _ in ps for p in qs)))
    return frozenset(p for p in places if p[0] >= FACTOR)


def _moved(places: tuple[Label, ...], table: Mapping[Label, Label]) -> tuple[Label, ...]:
    return tuple(table.get(p, p) for p in places)


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
        labels = _labels(factor[0]) & bound
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
        self.fresh = 0
        self.cache: dict[Expr, Poly] = {}
        self.inner: dict[str, tuple[Poly, tuple[Label, ...], Any]] = {}  # what a key stands for, with slots for its labels
        self.symmetric: dict[str, list[tuple[int, ...]]] = {}  # permutations of the slots that leave it as it is
        self.loose: set[str] = set()  # keys whose slots or sign depend on the labels' names
        self.hanging: set[str] = set()  # keys of contractions with one label

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
                at = _labels(*(base for mono in poly for base, _ in mono))
                places[at] = self.expand(places[at], poly)
            every = frozenset[Label]().union(*places)
            deltas = {at: any(base[0] == "δ" for mono in p for base, _ in mono) for at, p in places.items()}
            polys = tuple(self.whole(p) if len(p) > 1 and at != every and not deltas[at] else p for at, p in places.items())
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
                if b in _labels(*dict(rest)):
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
                for at in self.tables.hot[key]:  # y_i y_k = δ_ik y_i, y² = y, and y_i (Σ_k y_k c_k)^f = y_i c_i^f
                    for other, f in rest:
                        atoms, bound = self.opened(other) if other[0] == "Σ" else ((), frozenset())
                        for (k, ps), g in atoms:
                            if (k, g) == (key, 1) and ps[at] in bound and [n for n, p in enumerate(ps) if p != places[n]] == [at]:
                                self.assumed(OneHot(key[1:], at))
                                found = self.total(self.rename(_without(atoms, (k, ps)), {ps[at]: places[at]}), bound - {ps[at]})
                                return self.expand(self.product(dict(_without(factors.items(), other))), self.power(found, f))
                        if other[0] == key and f > 0 and [n for n, p in enumerate(places) if p != other[1][n]] == [at]:
                            self.assumed(OneHot(key[1:], at))
                            return self.product(_times(_without(factors.items(), other), [(("δ", (places[at], other[1][at])), 1)]))
                    if e != 1:
                        self.assumed(OneHot(key[1:], at))
                        return self.product(_times(rest, [(base, 1)]))
            case "+" if key not in self.hanging:
                inner = [*self.inner[key][0].items()]
                if len(inner) == 1 and [(b[0], f) for b, f in inner[0][0]] == [("Σ", 1)] and inner[0][1] == 1:
                    return self.expand(self.product(dict(rest)), self.power(self.instance(base), e))
                if e >= 1 and not (self.level.keep and _labels(*factors) - {*places}):
                    return self.expand(self.product(_times(rest, [(base, e - floor(e))])), self.power(self.instance(base), floor(e)))
                if e < 0 and isinstance(e, int):
                    return self.reduced(base, factors)
        return None

    def reduced(self, base: Base, factors: Factors) -> Poly | None:
        """A product with P^e, e < 0, if the power of one entry p of P in it is not from 0 to below p's degree in P.

        For P = T + Q, where T is the only term of highest degree in p, or the only one without p: P^e = (P^(e+1) - Q·P^e)/T.
        Apart from powers of p that the product has, T has no zeros: nothing is divided by that may be 0."""
        inner, slots, _ = self.inner[base[0]]
        table = dict(zip(slots, base[1], strict=True))
        entries = {b for mono in inner for b, _ in mono if b[0][0] not in "Σδs" and b[0] not in self.tables.hot}
        for pivot, entry in sorted(((b[0], _moved(b[1], table)), b) for b in entries)[::-1]:
            degrees = {mono: dict(mono).get(entry, 0) for mono in inner}
            degree, have = max(degrees.values()), factors.get(pivot, 0)
            ends = [[mono for mono, d in degrees.items() if d == end] for end in (degree, 0)]
            sure = [len(e) == 1 and all(b == entry or b[0][0] in "e#pπ" for b, _ in e[0]) for e in ends]
            if any(sure) and min(degrees.values()) == 0:
                if not (sure[0] and have >= degree) and not (sure[1] and have < 0):
                    return None
                lead = {mono: inner[mono] for mono in ends[0 if have >= degree else 1]}
                ((divisor, c),) = self.power(self.instance(base, lead), -1).items()
                others = self.instance(base, _mix((inner, 1), (lead, -1)))
                quotient = _times(factors.items(), divisor)
                less = self.expand({tuple(quotient.items()): 1}, others)
                return _mix((self.product(_times(quotient.items(), [(base, 1)])), c), (less, -c))
        return None

    # --- labels: renaming, summing, canonical numbering ---------------------------------------------------------------------

    def rename(self, mono: Monomial, table: Mapping[Label, Label]) -> Poly:
        """A product with labels replaced all at once. Where labels meet in a function, it is made again."""
        factors: list[Factor] = []
        polys: list[Poly] = []
        for (key, places), e in mono:
            if key == "Σ" and not _labels((key, places)).isdisjoint(table):
                atoms, bound = self.opened((key, places))
                polys.append(self.power(self.total(self.rename(atoms, table), bound), e))
                continue
            moved = _moved(places, table) if key != "Σ" else places
            if moved != places and key in self.inner and (len({*moved}) < len(moved) or min(moved)[0] == FIXED or key in self.loose):
                polys.append(self.power(self.made(key[0], self.inner[key][2], (key, moved)), e))
            else:
                factors.append(((key, moved), e))
        return reduce(self.expand, polys, self.product(_times((), factors)))

    def renamed(self, poly: Poly, table: Mapping[Label, Label]) -> Poly:
        """A sum with labels replaced all at once."""
        return _mix(*((self.rename(mono, table), c) for mono, c in poly.items())) if table else poly

    def instance(self, base: Base, poly: Poly | None = None, index: Label | None = None) -> Poly:
        """What a base's key stands for, or a part of it, at the base's labels; ``index`` for the index that a product binds."""
        inner, slots, axis = self.inner[base[0]]
        table = dict(zip(slots, base[1], strict=True)) | ({(FACTOR, 0, axis): index} if index else {})
        return self.renamed(inner if poly is None else poly, table)

    def made(self, kind: str, tag: Any, base: Base) -> Poly:
        """What a base is equal to, made again from what its key stands for."""
        if kind == "∏":
            index = self.new(tag)
            return self.all_of(self.instance(base, index=index), index)
        make: dict[str, Callable[[Poly], Poly]] = {"e": self.exp, "l": self.log, "s": self.step}
        inner = self.instance(base)
        return make[kind](inner) if kind in make else self.apply(inner, *tag) if kind == "f" else inner

    def new(self, axis: str) -> Label:
        self.fresh += 1
        return (FRESH, self.fresh, axis)

    def opened(self, base: Base) -> tuple[Monomial, frozenset[Label]]:
        """The factors of a contraction with new labels for its bound indices, and these labels."""
        table: dict[Label, Label] = {}
        if base[0] in self.hanging:
            inner, slots, _ = self.inner[base[0]]
            table = dict(zip(slots, base[1], strict=True))
            ((base, _),) = next(iter(inner))
        new = {p: self.new(p[2]) for p in sorted({p for (_, places), _ in base[1] for p in places if p[0] == BOUND})}
        return tuple(self.numbered(base[1], table | new)), frozenset(new.values())

    def numbered(self, factors: Iterable[Factor], table: Mapping[Label, Label]) -> Iterable[Factor]:
        """Factors with other labels, none of which meet."""
        return (((key, self.least(key, _moved(places, table))), e) for (key, places), e in factors)

    def least(self, key: str, places: tuple[Label, ...]) -> tuple[Label, ...]:
        return min(tuple(places[n] for n in order) for order in self.symmetric[key]) if key in self.symmetric else places

    def size(self, axis: str) -> Poly:
        self.sizes_used |= axis in self.sizes
        return {(): self.sizes[axis]} if axis in self.sizes else _atom(("#" + axis, ()))

    def total(self, poly: Poly, bound: frozenset[Label]) -> Poly:
        """The sum over every position of the bound labels."""
        return _mix(*((self.contracted(mono, bound), c) for mono, c in poly.items()))

    def contracted(self, mono: Monomial, bound: frozenset[Label]) -> Poly:
        """The sum of a product over the bound labels, taken apart into connected contractions."""
        inside = [f for f in mono if _labels(f[0]) & bound]
        for base, _ in inside:
            if base[0] == "δ":
                gone = min(_labels(base) & bound)
                (kept,) = {*base[1]} - {gone}
                return self.total(self.rename(_without(mono, base), {gone: kept}), bound - {gone})
        groups = _groups(inside, bound)
        for labels, atoms in groups:
            ends = _labels(*dict(atoms)) - labels
            for base, e in atoms:
                found = self.simpler(base, dict(atoms)) if base[0][0] == "+" and e > 0 else None
                if found is None and isinstance(e, int) and e > 0 and (base[0] == "Σ" or (base[0] in self.hanging and not ends)):
                    more, new = self.opened(base)
                    found, bound = self.product(_times(_times(atoms, [(base, -1)]).items(), more)), bound | new
                if found is not None:
                    return self.total(self.expand(found, {_without(mono, *dict(atoms)): 1}), bound)
        for label in sorted(bound):
            here = [f for f in inside if label in _labels(f[0])]
            rest = _without(mono, *dict(here))
            if not here:
                return self.expand(self.size(label[2]), self.contracted(mono, bound - {label}))
            if len(here) == 1 and here[0][1] == 1 and here[0][0][0][0] == "." and here[0][0][1].count(label) == 1:
                name, at = here[0][0][0][1:], here[0][0][1].index(label)
                if self.assumed(SumsToOne(name, at), OneHot(name, at)):
                    return self.contracted(rest, bound - {label})
            if any(e < 0 and (base[0] == "Σ" or base[0] in self.hanging) for base, e in inside):
                value = self.closed(here, frozenset({label}))
                if dict(rest).get(value, 0) < 0:  # a sum over its own value: Σ_k E_nk / Σ_m E_nm
                    return self.total(self.product(_times(rest, [(value, 1)])), bound - {label})
        return self.product(_times(_without(mono, *dict(inside)), [(self.closed(atoms, labels), 1) for labels, atoms in groups]))

    def closed(self, atoms: Iterable[Factor], bound: frozenset[Label]) -> Base:
        """The base of a connected product summed over the bound labels.

        What hangs on one label alone, seen from the free labels, becomes a base of that label, as a layer's error signal does:
        so the work is linear in the depth. This is the tree of the graph's blocks, and does not depend on the order of the sums."""
        atoms = [(self.intern("+", _atom(b)) if b[0] == "Σ" else b, e) for b, e in atoms]
        free = _labels(*dict(atoms)) - bound
        if not free or self.tables.hot:
            return self.contraction(atoms, bound)
        for label in sorted(bound):
            for labels, part in _groups(atoms, bound - {label}) if label in bound else ():
                if _labels(*dict(part)) <= labels | {label}:
                    atoms = [*_times(_without(atoms, *dict(part)), [(self.closed(part, labels), 1)]).items()]
                    bound -= labels
        if len(free) > 1:
            return self.contraction(atoms, bound)
        (label,) = free
        slot = (SLOT, 0, label[2])
        base = self.contraction([*self.numbered(atoms, {label: slot})], bound)
        key = "+" + _digest(base)
        self.hanging.add(key)
        self.inner[key] = (_atom(base), (slot,), None)
        return (key, (label,))

    def contraction(self, atoms: list[Factor], bound: frozenset[Label]) -> Base:
        """The base of a connected product summed over the bound labels, the same whatever they are called.

        Colours are refined until stable; where labels stay tied, each of the first tied class is tried and the least result taken.
        Of two labels that may be exchanged, one is tried.
        """

        def ranked(marks: dict[Label, Any]) -> dict[Label, int]:
            order = sorted(marks.values())
            return {p: order.index(mark) for p, mark in marks.items()}

        def search(colours: dict[Label, int]) -> Monomial:
            while True:
                named = [*self.numbered(atoms, {p: (BOUND, c, p[2]) for p, c in colours.items()})]
                classes = len({*colours.values()})
                if classes == len(colours):
                    return tuple(sorted(named))
                self.spend(len(atoms))
                seen: dict[Label, list[Any]] = {p: [] for p in colours}
                for code, ((key, places), _) in zip(named, atoms, strict=True):
                    for n, p in enumerate(places):
                        if p in seen:
                            seen[p].append((code, 0 if key in self.symmetric else n))
                colours = ranked({p: (c, sorted(seen[p])) for p, c in colours.items()})
                if len({*colours.values()}) == classes:
                    break
            first = min(c for c in colours.values() if [*colours.values()].count(c) > 1)
            tried: list[Label] = []
            for p in (p for p in sorted(colours) if colours[p] == first):
                self.spend(len(tried) * len(atoms))
                if not any({*self.numbered(atoms, {p: t, t: p})} == {*atoms} for t in tried):
                    tried.append(p)
            return min(search(ranked({q: (c, q != p) for q, c in colours.items()})) for p in tried)

        return ("Σ", search(ranked({p: p[2] for p in bound})))

    def intern(self, kind: str, poly: Poly, tag: Any = None, index: Label | None = None, loose: bool = False) -> Base:
        """The base for a function of a sum, its key the sum's digest with slots for its labels; ``index`` is bound by the function.

        Labels are ordered by where they occur; of the orders that this leaves open, the one with the least text is taken."""

        def mark(p: Label) -> str:
            found = []
            for mono, c in poly.items():
                atoms = ((b[0], a, e) for b, e in mono for a in (b[1] if b[0] == "Σ" else ((b, 1),)))
                found.append((c, sorted((o, k, e, f, key_slots(k, ps, p)) for o, ((k, ps), f), e in atoms if p in ps)))
            return repr((p[2], sorted(found)))

        def key_slots(key: str, places: tuple[Label, ...], p: Label) -> list[int]:
            return [n for n, q in enumerate(places) if p == q and key not in self.symmetric]

        labels = sorted(_labels(*(base for mono in poly for base, _ in mono)) - {index})
        marks = {p: mark(p) for p in labels} if len(labels) > 1 else dict.fromkeys(labels, "")
        ties = [[*group] for _, group in groupby(sorted(labels, key=marks.__getitem__), marks.__getitem__)]
        found: list[tuple[str, tuple[Label, ...], Poly]] = []
        for order in islice(choices(*(permutations(tie) if len(tie) < 5 else [tie] for tie in ties)), 24):
            places = tuple(p for tie in order for p in tie)
            table = {p: (SLOT, n, p[2]) for n, p in enumerate(places)} | ({index: (FACTOR, 0, index[2])} if index else {})
            inner = self.renamed(poly, table)
            found.append((repr((tag, sorted(inner.items()))), places, inner))
        text, places, inner = min(found)
        key = kind + _digest(text)
        if key not in self.inner:
            self.inner[key] = (inner, tuple((SLOT, n, p[2]) for n, p in enumerate(places)), tag)
            same = [tuple(places.index(p) for p in other) for again, other, _ in found if again == text]
            self.symmetric |= {key: same} if len(same) > 1 else {}
            self.loose |= {key} if loose or len(same) > 1 else set()
        return (key, places)

    # --- functions of sums --------------------------------------------------------------------------------------------------

    def factored(self, poly: Poly) -> tuple[Rational, Factors, Poly]:
        """A sum as a positive rational, powers of bases, and a sum without common factors, its coefficients coprime integers."""
        content: Factors = {}
        while poly:
            low: Factors = dict(next(iter(poly)))
            for powers in map(dict, poly):
                low = {b: e for b in low | powers if (e := min(low.get(b, 0), powers.get(b, 0)))}
            if not low:
                scale = Fraction(gcd(*(c.numerator for c in poly.values())), lcm(*(c.denominator for c in poly.values())))
                return _plain(scale), content, _mix((poly, 1 / scale))
            content = _times(content.items(), low.items())
            poly = _mix(*((self.product(_times(mono, low.items(), -1)), c) for mono, c in poly.items()))
        raise _GiveUp

    def signed(self, kind: str, poly: Poly) -> tuple[int, Poly]:
        """A sign and the base for a sum or its negative; the same base for both, by the least text that does not name labels."""
        sums: dict[str, Rational] = defaultdict(int)
        for mono, c in poly.items():
            sums[repr(sorted((b[0], sorted((k, f) for (k, _), f in b[1]) if b[0] == "Σ" else [], e) for b, e in mono))] += c
        first = next((sums[shape] for shape in sorted(sums) if sums[shape]), 0)
        sign = 1 if (first or poly[min(poly)]) > 0 else -1
        poly = _mix((poly, sign))
        return sign, poly if poly == ONE else _atom(self.intern(kind, poly, loose=not first))

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
        for base in (b for mono in poly for b, _ in mono):
            match base[0][0]:
                case ".":
                    sure = self.assumed(Positive(base[0][1:]))
                case "Σ":
                    sure = self.positive({base[1]: 1})
                case "+" | "∏":
                    sure = self.positive(self.inner[base[0]][0])
                case "f":
                    sure = self.inner[base[0]][2] == ("sigmoid", 0)
                case kind:
                    sure = kind in "e#pπ"
            if not sure:
                return False
        return all(c > 0 for c in poly.values())

    def exp(self, poly: Poly) -> Poly:
        """exp, as a product over the terms of the sum; exp(c·log P) is P^c, since P is positive."""
        logs = {mono: c for mono, c in poly.items() if [(b[0][0], e) for b, e in mono] == [("l", 1)]}
        powers = [(self.intern("e", {mono: 1}), c) for mono, c in poly.items() if mono not in logs]
        return reduce(self.expand, (self.power(self.instance(mono[0][0]), c) for mono, c in logs.items()), self.product(_times((), powers)))

    def log(self, poly: Poly) -> Poly:
        """log, as a sum over the factors that are known to be positive."""
        c, sure, rest = self.split(poly)
        mono = next(iter(rest))
        if rest == {mono: 1} and len(mono) == 1 and (mono[0][1].numerator % 2 or mono[0][1].denominator % 2 == 0):
            sure, rest = _times(sure.items(), mono), ONE  # b to an odd power is positive, so b is
        parts: list[tuple[Poly, Rational]] = [(_atom(self.intern("l", {(): prime})), n) for prime, n in _primes(c).items()]
        for base, e in sure.items():
            value = _atom(base)
            match base[0][0]:
                case "e":
                    parts.append((self.instance(base), e))
                    continue
                case "∏" if self.positive(value):
                    index = self.new(self.inner[base[0]][2])
                    parts.append((self.total(self.log(self.instance(base, index=index)), frozenset({index})), e))
                    continue
                case "p":
                    value = {(): int(base[0][1:])}
                case "+":
                    value = self.instance(base)
            parts.append((_atom(self.intern("l", value)), e))
        return _mix(*parts, *([(_atom(self.intern("l", rest)), 1)] if rest != ONE else []))

    def step(self, poly: Poly) -> Poly:
        """1 where a sum is positive; positive factors do not matter, and step(-u) is 1 - step(u) off the kink."""
        rest = self.split(poly)[2]
        if [*rest] == [()] or self.positive(rest):
            return ONE if self.positive(rest) else {}
        sign, base = self.signed("s", rest)
        return base if sign > 0 else _mix((ONE, 1), (base, -1))

    def all_of(self, poly: Poly, index: Label) -> Poly:
        """The product over every position of a label."""
        if len(poly) == 1 and all(isinstance(e, int) for mono in poly for _, e in mono):  # factor by factor
            ((mono, c),) = poly.items()
            number = [(self.intern("∏", {(): c}, index[2], index), 1)] if c != 1 else []
            return self.product(_times(number, ((self.intern("∏", _atom(b), index[2], index), e) for b, e in mono)))
        return _atom(self.intern("∏", poly, index[2], index)) if poly else {}

    def apply(self, poly: Poly, function: str, order: int) -> Poly:
        """A function of a sum: what has a rule here in exponentials, everything else as a base of its own."""
        match function if order == 0 else "":
            case "exp":
                return self.exp(poly)
            case "log":
                return self.log(poly)
            case "softplus":
                return self.log(_mix((ONE, 1), (self.exp(poly), 1)))
            case "sinh" | "cosh":
                return _mix((self.exp(poly), Fraction(1, 2)), (self.exp(_mix((poly, -1))), Fraction(1 if function == "cosh" else -1, 2)))
            case "sigmoid" if not self.level.keep:
                return self.power(_mix((ONE, 1), (self.exp(_mix((poly, -1))), 1)), -1)
            case "tanh" if not self.level.keep:
                return _mix((ONE, 1), (self.power(_mix((ONE, 1), (self.exp(_mix((poly, 2))), 1)), -1), -2))
        return _atom(self.intern("f", poly, (function, order)))

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
            case Pow(Pow(base, f) as inner, e) if e.denominator == 1:
                if f < 0:
                    self.convert(inner)  # gives up where there is none: 1/(1/0) is not 0
                return self.convert(Pow(base, f * e))
            case Pow(base, e):
                return self.power(self.convert(base), e)
            case Sum(index, body) | Prod(index, body):
                label, size = _label(index), self.sizes.get(index.axis, 0)
                if self.level.sized and 1 <= size <= 6:
                    self.sizes_used = True
                    values = [self.renamed(self.convert(body), {label: (FIXED, n)}) for n in range(size)]
                    return _mix(*((v, 1) for v in values)) if isinstance(expr, Sum) else self.times(*values)
                bound = {label}
                while isinstance(expr, Sum) and isinstance(body, Sum) and _label(body.index) not in bound and not self.level.sized:
                    bound, body = bound | {_label(body.index)}, body.body
                return self.total(self.convert(body), frozenset(bound)) if isinstance(expr, Sum) else self.all_of(self.convert(body), label)
            case Step(argument):
                return self.step(self.convert(argument))
            case Apply(function, argument, order):
                return self.apply(self.convert(argument), function, order)
        raise _GiveUp

    def vanishes(self, poly: Poly, conditions: tuple[Condition, ...]) -> bool:
        """Whether a sum is 0 under conditions that can be met: it is empty once it is multiplied by its denominators.

        Positions that are the same are a delta's, which multiplies the sum; a product with a delta of positions that differ is 0."""
        pairs = {c: (_label(c.left), _label(c.right)) for c in conditions}
        apart = [{*pair} for c, pair in pairs.items() if not isinstance(c, Equal)]

        def possible(poly: Poly) -> Poly:
            """The terms whose deltas join none of the positions that differ: each delta names the least label of its group first."""
            out = {}
            for mono, c in poly.items():
                groups: dict[Label, set[Label]] = defaultdict(set)
                for (key, places), _ in mono:
                    if key == "δ":
                        groups[places[0]] |= {*places}
                if not any(len(pair) == 1 or any(pair <= group for group in groups.values()) for pair in apart):
                    out[mono] = c
            return out

        met = self.product({("δ", pair): 1 for c, pair in pairs.items() if isinstance(c, Equal)})
        if not possible(met):
            return False
        poly = self.expand(met, poly)
        while poly := possible(poly):
            low = {base: e for mono in poly for base, e in sorted(mono, key=lambda f: -f[1]) if base[0][0] == "+" and e < 0}
            if not low or self.level.keep:
                return False
            base = max(low)
            e = min(dict(mono).get(base, 0) for mono in poly)
            poly = _mix(*((self.product(_times(mono, [(base, -floor(e))])), c) for mono, c in poly.items()))
        return True
