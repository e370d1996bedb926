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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from hashlib import sha256
from itertools import permutations, product as choices
from math import floor, gcd, lcm
from typing import Any, Literal

from verify.kernel.expr import (
    Add, Apply, Delta, Expr, Index, Mul, Num, Pi, Position, Pow, Prod, Size, Step, Sum, Tensor, children, substitute,
)
from verify.kernel.program import Assumption, Condition, Equal, OneHot, Positive, Program, SumsToOne

Rational = int | Fraction
Label = tuple[Any, ...]  # (kind, number or name, axis); a fixed position is (FIXED, number). Any: tuples of one kind compare
Base = tuple[str, tuple[Any, ...]]  # key and labels; the key's first letter is its kind. A contraction is ("Σ", its factors)
Factors = dict[Base, Rational]
Monomial = tuple[tuple[Base, Rational], ...]  # sorted
Poly = dict[Monomial, Rational]
FIXED, BOUND, FACTOR, SLOT, FRESH, FREE = range(6)
ONE: Poly = {(): 1}
ODD, EVEN, POWERS = frozenset({"tanh", "erf", "sin", "atan"}), frozenset({"cos"}), 4096


@dataclass(frozen=True)
class Proof:
    """That two sides have one normal form: at which level, the left side's form, the assumptions and fixed sizes it took."""

    level: int
    normal_form: str
    assumptions: tuple[Assumption, ...] = ()
    sizes_used: bool = False


class _GiveUp(Exception):
    """No normal form: not understood, without a value, or over the budget."""


@dataclass(frozen=True)
class _Level:
    """How far definitions are inlined, whether sums stay factors where indices meet, whether fixed sizes are written out."""

    inline: Literal["nonlinear", "all"]
    keep: bool = False
    sized: bool = False


LEVELS = (_Level("nonlinear", keep=True), _Level("nonlinear"), _Level("all"), _Level("all", sized=True))


def equal(program: Program, left: Expr, right: Expr, conditions: tuple[Condition, ...] = (), budget: int = 20_000) -> Proof | None:
    """A proof that both sides are equal for all widths, all indices that meet the conditions, and all values, or None.

    Neither side has a Derivative. None means not shown, never different; it is also the answer over the budget, which
    counts the monomials made at each level, and where a side has no value or the conditions contradict each other.
    """
    return Normalizer(program).equal(left, right, conditions, budget)


class Normalizer:
    """The decision procedure for one program. ``auxiliary`` names definitions, such as Jacobians, that every level inlines."""

    def __init__(self, program: Program, auxiliary: frozenset[str] = frozenset()) -> None:
        self.program = program
        self.sizes = dict(program.sizes)
        self.hot = {a.name for a in program.assumptions if isinstance(a, OneHot)}
        self.nonlinear = auxiliary | {d.name for d in program.definitions if d.body is not None and _nonlinear(d.body)}

    def equal(self, left: Expr, right: Expr, conditions: tuple[Condition, ...] = (), budget: int = 20_000) -> Proof | None:
        """A proof that both sides are equal, or None; as the function of that name."""
        table: dict[Index, Position] = {}
        apart: list[frozenset[Position]] = []
        for condition in sorted(conditions, key=lambda c: not isinstance(c, Equal)):
            pair = [table.get(p, p) if isinstance(p, Index) else p for p in (condition.left, condition.right)]
            if len({p.axis for p in pair if isinstance(p, Index)}) > 1:
                return None
            if isinstance(condition, Equal) and pair[0] != pair[1]:
                moved = next((p for p in pair if isinstance(p, Index)), None)
                if moved is None:
                    return None
                kept = pair[1] if pair[0] == moved else pair[0]
                table = {i: kept if p == moved else p for i, p in table.items()} | {moved: kept}
            elif not isinstance(condition, Equal):
                if pair[0] == pair[1]:
                    return None
                apart.append(frozenset(pair))
        for number, level in enumerate(LEVELS[: 4 if self.sizes else 3]):
            try:
                form = _Form(self, level, budget)
                sides = [form.convert(substitute(side, table)) for side in (left, right)]
                difference = form.add(dict(sides[0]), sides[1], -1)
                if not form.vanishes(difference, [{_label(p) for p in pair} for pair in apart]):
                    continue
                used = sorted((u for u in form.used if not isinstance(u, str)), key=repr)
                return Proof(number, form.text(sides[0]), tuple(used), "sizes" in form.used)
            except (_GiveUp, RecursionError):
                continue
        return None


def _nonlinear(expr: Expr) -> bool:
    match expr:
        case Apply() | Step() | Prod():
            return True
        case Pow(_, exponent) if exponent < 0 or exponent.denominator != 1:
            return True
    return any(_nonlinear(child) for child in children(expr))


def _label(position: Position) -> Label:
    return (FIXED, position) if isinstance(position, int) else (FREE, position.name, position.axis)


def _plain(value: Rational) -> Rational:
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


def _whole(value: Rational) -> bool:
    return isinstance(value, int)


def _labels(base: Base) -> frozenset[Label]:
    """The free labels of a base."""
    places = (place for (_, places), _ in base[1] for place in places) if base[0] == "Σ" else base[1]
    return frozenset(p for p in places if p[0] >= FACTOR)


def _moved(places: tuple[Label, ...], table: Mapping[Label, Label]) -> tuple[Label, ...]:
    return tuple(table.get(p, p) for p in places)


def _groups(atoms: list[tuple[Base, Rational]], bound: frozenset[Label]) -> list[tuple[frozenset[Label], list[tuple[Base, Rational]]]]:
    """Products that share none of the bound labels, each with those that it has; what has none is left out."""
    groups: list[tuple[frozenset[Label], list[tuple[Base, Rational]]]] = []
    for base, e in atoms:
        labels, group = _labels(base) & bound, [(base, e)]
        if labels:
            for other in [g for g in groups if not labels.isdisjoint(g[0])]:
                groups.remove(other)
                labels, group = labels | other[0], other[1] + group
            groups.append((labels, group))
    return groups


def _times(factors: Factors, more: Iterable[tuple[Base, Rational]], by: Rational = 1) -> Factors:
    """The factors, changed in place, times others to a power."""
    for base, exponent in more:
        e = _plain(factors.get(base, 0) + exponent * by)
        if e:
            factors[base] = e
        else:
            factors.pop(base, None)
    return factors


class _Form:
    """The normal forms of one attempt at one level. Raises _GiveUp where there is none."""

    def __init__(self, normalizer: Normalizer, level: _Level, budget: int) -> None:
        self.tables, self.level, self.left = normalizer, level, budget
        self.used: set[Assumption | str] = set()
        self.fresh = 0
        self.cache: dict[Expr, Poly] = {}
        self.inner: dict[str, tuple[Poly, tuple[Label, ...], Any]] = {}  # what a key stands for, with slots for its labels
        self.symmetric: dict[str, list[tuple[int, ...]]] = {}  # permutations of the slots that leave it as it is
        self.loose: set[str] = set()  # keys whose canonical labels or sign depend on the labels' names
        self.hanging: dict[str, Base] = {}  # keys of contractions with one free label, and the contraction at the slot
        self.pivots: dict[str, list[tuple[Base, Rational, Monomial | None, Monomial | None]]] = {}

    def spend(self, cost: int = 1) -> None:
        self.left -= cost
        if self.left < 0:
            raise _GiveUp

    def assumed(self, assumption: Assumption) -> bool:
        if assumption not in self.tables.program.assumptions:
            return False
        self.used.add(assumption)
        return True

    # --- sums and products -------------------------------------------------------------------------------------------

    def add(self, into: Poly, poly: Poly, by: Rational = 1) -> Poly:
        """The first sum, changed in place, plus a multiple of the second."""
        for mono, c in poly.items():
            value = _plain(into.get(mono, 0) + c * by)
            if value:
                into[mono] = value
            else:
                into.pop(mono, None)
        return into

    def times(self, *polys: Poly) -> Poly:
        """The product of sums. Where the level keeps sums, those with the same labels are multiplied out, and the result
        is one base in a product with other labels: so (1 - a_j²) stays a factor under a weight w_ij."""
        if self.level.keep and len(polys) > 1:
            places: dict[frozenset[Label], Poly] = {}
            for poly in polys:
                at = frozenset[Label]().union(*(_labels(base) for mono in poly for base, _ in mono))
                places[at] = self.expand(places.get(at, ONE), poly)
            every = frozenset[Label]().union(*places)
            polys = tuple(self.kept(p) if len(p) > 1 and at != every else p for at, p in places.items())
        factors: Factors = {}
        number: Rational = 1
        for poly in polys:
            if len(poly) == 1:
                ((mono, c),) = poly.items()
                _times(factors, mono)
                number *= c
        sums = sorted((poly for poly in polys if len(poly) != 1), key=len)
        return reduce(self.expand, sums, self.scaled(self.product(factors), number))

    def kept(self, poly: Poly) -> Poly:
        """A sum as one base; as it is if there is a delta in it."""
        if any(base[0] == "δ" for mono in poly for base, _ in mono):
            return poly
        c, factors = self.whole(poly)
        return {tuple(factors.items()): c}

    def expand(self, left: Poly, right: Poly) -> Poly:
        """The product of two sums, term by term."""
        if left == ONE or right == ONE:
            return right if left == ONE else left
        out: Poly = {}
        for (m, c), (n, d) in choices(left.items(), right.items()):
            self.add(out, self.product(_times(dict(m), n)), c * d)
        return out

    def hot(self, key: str) -> list[int]:
        return [a.position for a in self.tables.program.assumptions if isinstance(a, OneHot) and a.name == key[1:]]

    def product(self, factors: Factors) -> Poly:
        """The normal form of a product of powers of bases."""
        self.spend()
        for base, e in factors.items():
            found = self.simpler(base, e, factors) if base[0][0] in "δsp.+" else None
            if found is not None:
                return found
        return {tuple(sorted(factors.items())): 1}

    def simpler(self, base: Base, e: Rational, factors: Factors) -> Poly | None:
        """The product, if one of its factors can be rewritten: deltas, s² = s, one-hot entries, kept sums that are there to expand."""
        key, places = base

        def rest(power: Rational = 0) -> Factors:
            others = {b: f for b, f in factors.items() if b != base}
            return {**others, base: power} if power else others

        match key[0]:
            case "δ":
                a, b = sorted(places)
                if e < 0 or len({p[2] for p in places if len(p) > 2}) > 1:
                    raise _GiveUp
                if a == b or b[0] == FIXED:
                    return self.product(rest()) if a == b else {}
                delta: Base = ("δ", (a, b))
                if any(b in _labels(other) for other in factors if other != base):
                    return self.expand({((delta, 1),): 1}, self.rename(tuple(rest().items()), {b: a}))
                if (base, e) != (delta, 1):
                    return self.product({**rest(), delta: 1})
            case "s" if e != 1:
                if e < 0:
                    raise _GiveUp
                return self.product(rest(1))
            case "p" if not 0 < e < 1:
                return self.scaled(self.product(rest(e - floor(e))), _power(int(key[1:]), floor(e)))
            case "." if e > 0 and (hot := self.hot(key)):
                for at in hot:
                    for other, f in factors.items():
                        if other[0] == key and f > 0 and [n for n, p in enumerate(places) if p != other[1][n]] == [at]:
                            self.assumed(OneHot(key[1:], at))
                            delta = ("δ", (places[at], other[1][at]))
                            return self.product({b: f for b, f in factors.items() if b != other} | {delta: 1})
                if e != 1:
                    self.assumed(OneHot(key[1:], hot[0]))
                    return self.product(rest(1))
            case "+" if key not in self.hanging:
                inner = self.inner[key][0]
                if list(inner.values()) == [1] and [(b[0], f) for m in inner for b, f in m] == [("Σ", 1)]:
                    return self.expand(self.product(rest()), self.power(self.instance(base), e))
                if e >= 1 and (not self.level.keep or all(_labels(b) <= {*places} for b in factors)):
                    return self.expand(self.product(rest(_plain(e - floor(e)))), self.power(self.instance(base), floor(e)))
                if e < 0 and _whole(e):
                    return self.reduced(base, e, factors)
        return None

    def reduced(self, base: Base, e: Rational, factors: Factors) -> Poly | None:
        """A product with P^e, e < 0, with fewer powers of one entry p of P: its power is at last from 0 to below p's degree in P.

        For P = T + Q, T the only term of highest degree d in p, or the only one without p: P^e = (P^(e+1) - Q·P^e)/T.
        Apart from p^d, T has no zeros, so that nothing is divided by that is not there to divide."""
        inner, slots, _ = self.inner[base[0]]
        table = dict(zip(slots, base[1]))
        pivots = [((p[0], _moved(p[1], table)), degree, top, bottom) for p, degree, top, bottom in self.pivots[base[0]]]
        if not pivots:
            return None
        pivot, degree, top, bottom = max(pivots, key=lambda p: p[0])
        have = factors.get(pivot, 0)
        term = top if have >= degree else bottom if have < 0 else None
        if term is None:
            return None
        lead = {term: inner[term]}
        ((divisor, c),) = self.power(self.instance(base, lead), -1).items()
        rest = _times(dict(factors), divisor)
        others = self.expand({tuple(rest.items()): 1}, self.instance(base, self.add(dict(inner), lead, -1)))
        return self.scaled(self.add(dict(self.product(_times(dict(rest), [(base, 1)]))), others, -1), c)

    def find_pivots(self, poly: Poly) -> list[tuple[Base, Rational, Monomial | None, Monomial | None]]:
        """Entries p of a sum with their degree, the terms that ``reduced`` may divide by: of degree d, and of degree 0."""
        found = []
        for pivot in sorted({b for mono in poly for b, _ in mono if b[0][0] not in "Σδs" and not self.hot(b[0])}):
            degrees = {mono: dict(mono).get(pivot, 0) for mono in poly}
            ends: list[Monomial | None] = []
            for degree in (max(degrees.values()), 0):
                terms = [mono for mono, d in degrees.items() if d == degree]
                sure = len(terms) == 1 and all(b == pivot or b[0][0] in "e#pπ" for b, _ in terms[0])
                ends.append(terms[0] if sure else None)
            if any(ends[n] is not None for n in range(2)) and min(degrees.values()) == 0:
                found.append((pivot, max(degrees.values()), ends[0], ends[1]))
        return found

    def scaled(self, poly: Poly, by: Rational) -> Poly:
        return poly if by == 1 else self.add({}, poly, by)

    # --- labels: renaming, summing, canonical numbering -----------------------------------------------------------------

    def rename(self, mono: Monomial, table: Mapping[Label, Label]) -> Poly:
        """A product with free labels replaced all at once."""
        factors: Factors = {}
        polys: list[Poly] = []
        for base, e in mono:
            key, places = base
            if key == "Σ":
                if _labels(base).isdisjoint(table):
                    _times(factors, [(base, e)])
                else:
                    atoms, bound = self.opened(base)
                    polys.append(self.power(self.total(self.rename(tuple(atoms), table), bound), e))
                continue
            moved = _moved(places, table)
            if moved != places and key in self.inner and (len({*moved}) < len(moved) or min(moved)[0] == FIXED or key in self.loose):
                polys.append(self.rebuilt((key, moved), e))
            else:
                _times(factors, [((key, moved), e)])
        return reduce(self.expand, polys, self.product(factors))

    def renamed(self, poly: Poly, table: Mapping[Label, Label]) -> Poly:
        """A sum with free labels replaced all at once."""
        out: Poly = {}
        for mono, c in poly.items():
            self.add(out, self.rename(mono, table), c)
        return out

    def instance(self, base: Base, poly: Poly | None = None) -> Poly:
        """What a base's key stands for (or a part of it), at the base's labels."""
        inner, slots, _ = self.inner[base[0]]
        return self.renamed(inner if poly is None else poly, dict(zip(slots, base[1])))

    def rebuilt(self, base: Base, e: Rational) -> Poly:
        """A power of a base, made again from what it stands for: where labels have met, it may be something simpler."""
        key, tag = base[0], self.inner[base[0]][2]
        if key[0] == "∏":  # the index of the product is made free under a new name before anything can meet it
            index = self.new(tag)
            table = dict(zip(self.inner[key][1], base[1])) | {(FACTOR, 0, tag): index}
            return self.power(self.all_of(self.renamed(self.inner[key][0], table), index), e)
        inner = self.instance(base)
        match key[0]:
            case "e":
                return self.exp(self.scaled(inner, e))
            case "l":
                return self.power(self.log(inner), e)
            case "s":
                return self.power(self.step(inner), e)
            case "f":
                return self.power(self.apply(inner, *tag), e)
        return self.power(inner, e)

    def new(self, axis: str) -> Label:
        self.fresh += 1
        return (FRESH, self.fresh, axis)

    def opened(self, base: Base) -> tuple[list[tuple[Base, Rational]], frozenset[Label]]:
        """The factors of a contraction with new labels for its bound indices, and these labels."""
        here: dict[Label, Label] = {}
        if base[0] in self.hanging:
            here = dict(zip(self.inner[base[0]][1], base[1]))
            base = self.hanging[base[0]]
        table = {p: self.new(p[2]) for p in sorted({p for (_, places), _ in base[1] for p in places if p[0] == BOUND})}
        atoms = [((key, self.least(key, _moved(places, here | table))), e) for (key, places), e in base[1]]
        return atoms, frozenset(table.values())

    def total(self, poly: Poly, bound: frozenset[Label]) -> Poly:
        """The sum over every position of the bound labels."""
        out: Poly = {}
        for mono, c in poly.items():
            self.add(out, self.contracted(mono, bound), c)
        return out

    def contracted(self, mono: Monomial, bound: frozenset[Label]) -> Poly:
        """The sum of a product over the bound labels, taken apart into connected contractions."""
        inside = [(base, e) for base, e in mono if not bound.isdisjoint(_labels(base))]
        uses: dict[Label, list[tuple[Base, Rational]]] = {label: [] for label in sorted(bound)}
        for base, e in inside:
            for label in _labels(base) & bound:
                uses[label].append((base, e))
            if base[0] == "δ":
                gone = min(_labels(base) & bound)
                (kept,) = {*base[1]} - {gone}
                return self.total(self.rename(tuple(f for f in mono if f[0] != base), {gone: kept}), bound - {gone})
        groups = _groups(inside, bound)
        for labels, atoms in groups:
            for base, e in atoms:
                found = self.simpler(base, e, dict(atoms)) if base[0][0] == "+" and e > 0 else None
                if found is not None:
                    return self.total(self.expand(found, {tuple(f for f in mono if f not in atoms): 1}), bound)
            free = any(not _labels(base) <= labels for base, _ in atoms)
            opening = [(b, e) for b, e in atoms if (b[0] == "Σ" or b[0] in self.hanging and not free) and _whole(e) and e > 0]
            if opening:
                factors = dict(f for f in mono if f not in opening)
                for base, e in opening:
                    for _ in range(int(e)):
                        self.spend()
                        more, new = self.opened(base)
                        bound |= new
                        _times(factors, more)
                return self.total(self.product(factors), bound)
        factors = dict(f for f in mono if f not in inside)
        number: Rational = 1
        ratio = any(e < 0 and (base[0] == "Σ" or base[0] in self.hanging) for base, e in inside)
        for label, here in uses.items():
            if not here:
                ((size, c),) = self.size(label[2]).items()
                _times(factors, size)
                number *= c
            elif len(here) == 1 and here[0][1] == 1 and self.adds_to_one(here[0][0], label):
                return self.contracted(tuple(f for f in mono if f not in here), bound - {label})
            elif ratio:  # a sum over its own value: Σ_k E_nk / Σ_m E_nm
                part = self.closed(here, frozenset({label}))
                if dict(mono).get(part, 0) < 0:
                    return self.total(self.product(_times(dict(f for f in mono if f not in here), [(part, 1)])), bound - {label})
        for labels, atoms in groups:
            _times(factors, [(self.closed(atoms, labels), 1)])
        return self.scaled(self.product(factors), number)

    def closed(self, atoms: list[tuple[Base, Rational]], bound: frozenset[Label]) -> Base:
        """The base of a connected product summed over the bound labels.

        What hangs on one label alone, seen from the free labels, becomes a base of that label, as a layer's error signal does:
        so the work is linear in the depth. This is the tree of the graph's blocks, and does not depend on the order of the sums."""
        atoms = [(self.intern("+", {((b, 1),): 1}) if b[0] == "Σ" else b, e) for b, e in atoms]
        free = frozenset[Label]().union(*(_labels(b) for b, _ in atoms)) - bound
        for label in sorted(bound) if free and len(bound) > 1 and not self.tables.hot else ():
            for labels, part in _groups(atoms, bound - {label}) if label in bound else ():
                if all(_labels(b) <= labels | {label} for b, _ in part):
                    rest = dict(f for f in atoms if f not in part)
                    atoms, bound = [*_times(rest, [(self.closed(part, labels), 1)]).items()], bound - labels
        if len(free) != 1 or self.tables.hot:
            return self.contraction(atoms, sorted(bound))
        (label,) = free
        slot = (SLOT, 0, label[2])
        atoms = [((key, self.least(key, _moved(places, {label: slot}))), e) for (key, places), e in atoms]
        base = self.contraction(atoms, sorted(bound))
        key = "+" + sha256(repr(base).encode()).hexdigest()
        self.hanging[key], self.inner[key], self.pivots[key] = base, ({((base, 1),): 1}, (slot,), None), []
        return (key, (label,))

    def size(self, axis: str) -> Poly:
        if axis in self.tables.sizes:
            self.used.add("sizes")
            return {(): self.tables.sizes[axis]}
        return {(((("#" + axis), ()), 1),): 1}

    def adds_to_one(self, base: Base, label: Label) -> bool:
        """Whether a tensor adds up to 1 over the one place where it has the label."""
        if base[0][0] != "." or base[1].count(label) != 1:
            return False
        name, at = base[0][1:], base[1].index(label)
        return self.assumed(SumsToOne(name, at)) or self.assumed(OneHot(name, at))

    def least(self, key: str, places: tuple[Label, ...]) -> tuple[Label, ...]:
        return min(tuple(places[n] for n in order) for order in self.symmetric[key]) if key in self.symmetric else places

    def contraction(self, atoms: list[tuple[Base, Rational]], bound: list[Label]) -> Base:
        """The base of a connected product summed over the bound labels, the same whatever they are called.

        Colours are refined until stable; where labels stay tied, each of the first tied class is tried and the least result taken.
        Of two labels that may be exchanged, one is tried.
        """
        everything = frozenset(atoms)

        def refined(colours: dict[Label, int]) -> dict[Label, int]:
            while len({*colours.values()}) < len(colours):
                self.spend(len(atoms))
                table = {p: (BOUND, c, p[2]) for p, c in colours.items()}
                seen: dict[Label, list[Any]] = defaultdict(list)
                for (key, places), e in atoms:
                    code = (key, e, self.least(key, _moved(places, table)))
                    for n, p in enumerate(places):
                        if p in colours:
                            seen[p].append((code, 0 if key in self.symmetric else n))
                marks = {p: (c, tuple(sorted(seen[p]))) for p, c in colours.items()}
                ranks = {mark: n for n, mark in enumerate(sorted({*marks.values()}))}
                if len(ranks) == len({*colours.values()}):
                    break
                colours = {p: ranks[mark] for p, mark in marks.items()}
            return colours

        def search(colours: dict[Label, int]) -> tuple[tuple[Base, Rational], ...]:
            colours = refined(colours)
            sizes: dict[int, list[Label]] = defaultdict(list)
            for p in bound:
                sizes[colours[p]].append(p)
            tied = next((sizes[c] for c in sorted(sizes) if len(sizes[c]) > 1), None)
            if tied is None:
                table = {p: (BOUND, n, p[2]) for n, p in enumerate(sorted(bound, key=lambda p: colours[p]))}
                return tuple(sorted(((key, self.least(key, _moved(places, table))), e) for (key, places), e in atoms))
            tried: list[Label] = []
            found = []
            for p in tied:
                self.spend(len(tried) * len(atoms))
                if not any({((k, self.least(k, _moved(q, {p: t, t: p}))), e) for (k, q), e in atoms} == everything for t in tried):
                    tried.append(p)
                    found.append(search({q: 2 * c - (q == p) for q, c in colours.items()}))
            return min(found)

        axes = sorted({p[2] for p in bound})
        return ("Σ", search({p: axes.index(p[2]) for p in bound}))

    def intern(self, kind: str, poly: Poly, tag: Any = None, index: Label | None = None) -> Base:
        """The base for a function of a sum, keyed by the sum's text with numbered slots for its labels; ``index`` is bound by it."""
        found: list[tuple[str, tuple[Label, ...], Poly, tuple[Label, ...]]] = []
        for order in self.orders(poly, index):
            slots = tuple((SLOT, n, p[2]) for n, p in enumerate(order))
            table = dict(zip(order, slots)) | ({index: (FACTOR, 0, index[2])} if index else {})
            inner = self.renamed(poly, table) if table else poly
            found.append((repr((tag, sorted(inner.items()))), order, inner, slots))
        text, places, inner, slots = min(found)
        key = kind + sha256(text.encode()).hexdigest()
        if key not in self.inner:
            self.inner[key] = (inner, slots, tag)
            self.pivots[key] = self.find_pivots(inner) if kind == "+" else []
            same = [tuple(places.index(p) for p in f[1]) for f in found if f[0] == text]
            if len(same) > 1:
                self.symmetric[key] = same
                self.loose.add(key)
        return (key, places)

    def orders(self, poly: Poly, index: Label | None) -> list[tuple[Label, ...]]:
        """Orders of a sum's free labels to choose from, the same whatever the labels are called, unless there are too many."""
        labels = sorted({p for mono in poly for base, _ in mono for p in _labels(base)} - {index})
        if len(labels) < 2:
            return [tuple(labels)]
        if len(poly) == 1 and len(mono := next(iter(poly))) == 1 and mono[0][0][0] != "Σ" and mono[0][0][0] not in self.symmetric:
            return [tuple(dict.fromkeys(p for p in mono[0][0][1] if p in labels))]
        marks: dict[Label, list[Any]] = defaultdict(list)
        for mono, c in poly.items():
            uses: dict[Label, list[Any]] = defaultdict(list)
            for base, e in mono:
                for (key, places), f in base[1] if base[0] == "Σ" else ((base, 1),):
                    for n, p in enumerate(places):
                        uses[p].append((base[0] == "Σ", key, e, f, 0 if key in self.symmetric else n))
            for p in labels:
                marks[p].append((c, sorted(uses[p])))
        ranked: dict[str, list[Label]] = defaultdict(list)
        for p in labels:
            ranked[repr((p[2], sorted(marks[p])))].append(p)
        ties = [ranked[mark] for mark in sorted(ranked)]
        count = reduce(lambda n, tie: n * len(list(permutations(tie))) if len(tie) < 5 else 99, ties, 1)
        if count > 24:
            return [tuple(p for tie in ties for p in tie)]
        return [tuple(p for tie in order for p in tie) for order in choices(*(permutations(tie) for tie in ties))]

    # --- functions of sums ----------------------------------------------------------------------------------------------

    def factored(self, poly: Poly) -> tuple[Rational, Factors, Poly]:
        """A sum as a positive rational, powers of bases, and a sum without common factors, its coefficients coprime integers."""
        content: Factors = {}
        while True:
            low: Factors = dict(next(iter(poly), ()))
            for mono in poly:
                powers = dict(mono)
                low = {b: min(low.get(b, 0), powers.get(b, 0)) for b in low | powers}
            low = {b: e for b, e in low.items() if e}
            if not low or not poly:
                break
            _times(content, low.items())
            divided: Poly = {}
            for mono, c in poly.items():
                self.add(divided, self.product(_times(dict(mono), low.items(), -1)), c)
            poly = divided
        if not poly:
            raise _GiveUp
        scale = Fraction(gcd(*(c.numerator for c in poly.values())), lcm(*(c.denominator for c in poly.values())))
        return _plain(scale), content, self.scaled(poly, 1 / scale)

    def signed(self, poly: Poly) -> tuple[int, Poly, bool]:
        """A sign and a sum that it multiplies, the same for a sum and its negative; and whether it hangs on the labels' names."""
        sums: dict[Any, Rational] = defaultdict(int)
        for mono, c in poly.items():
            shape = sorted((b[0], sorted((k, f) for (k, _), f in b[1]) if b[0] == "Σ" else [], e) for b, e in mono)
            sums[repr(shape)] += c
        first = next((sums[shape] for shape in sorted(sums) if sums[shape]), 0)
        sign = 1 if (first or poly[min(poly)]) > 0 else -1
        return sign, self.scaled(poly, sign), not first

    def whole(self, poly: Poly) -> tuple[Rational, Factors]:
        """A sum as a rational and powers of bases, one of them the sum without its common factors."""
        c, factors, rest = self.factored(poly)
        sign, rest, loose = self.signed(rest)
        if rest != ONE:
            base = self.intern("+", rest)
            self.loose |= {base[0]} if loose else set()
            _times(factors, [(base, 1)])
        return c * sign, factors

    def power(self, poly: Poly, e: Rational) -> Poly:
        """A rational power of a sum; a fractional one is split only over what is known to be positive."""
        e = _plain(e)
        if not poly and e > 0 or e == 1:
            return poly
        if not poly:
            raise _GiveUp
        if e == 0:
            return ONE
        if _whole(e) and (e < 0 or len(poly) == 1):
            c, factors = self.whole(poly) if len(poly) > 1 else (next(iter(poly.values())), dict(next(iter(poly))))
            return self.scaled(self.product(_times({}, factors.items(), e)), _power(c, e))
        if _whole(e):
            return reduce(self.expand, (poly for _ in range(int(e) - 1)), poly)
        c, factors, rest = self.split(poly)
        if rest == {(): -1}:
            raise _GiveUp
        out = _times({}, factors.items(), e)
        if rest != ONE:
            single = list(rest) if list(rest.values()) == [1] else [()]
            _times(out, [(single[0][0][0] if [f for _, f in single[0]] == [1] else self.intern("+", rest), e)])
        for prime, n in _primes(Fraction(c)).items():
            _times(out, [((f"p{prime}", ()), n * e)])
        return self.product(out)

    def split(self, poly: Poly) -> tuple[Rational, Factors, Poly]:
        """A sum as a positive rational, powers of bases known to be positive, and the rest."""
        c, content, rest = self.factored(poly)
        sure = {b: e for b, e in content.items() if self.positive(b)}
        other: Poly = {tuple(sorted((b, e) for b, e in content.items() if b not in sure)): 1}
        return c, sure, self.expand(other, rest)

    def positive(self, base: Base) -> bool:
        """Whether a base is positive at all values."""
        match base[0][0]:
            case "e" | "#" | "p" | "π":
                return True
            case ".":
                return self.assumed(Positive(base[0][1:]))
            case "f":
                return bool(self.inner[base[0]][2] == ("sigmoid", 0))
            case "Σ":
                return all(self.positive(b) for b, _ in base[1])
            case "+" | "∏":
                return self.all_positive(self.inner[base[0]][0])
        return False

    def all_positive(self, poly: Poly) -> bool:
        return all(c > 0 for c in poly.values()) and all(self.positive(b) for mono in poly for b, _ in mono)

    def exp(self, poly: Poly) -> Poly:
        """exp, as a product over the terms of the sum; exp(c·log P) is P^c, since P is positive."""
        factors: Factors = {}
        polys: list[Poly] = []
        for mono, c in poly.items():
            if len(mono) == 1 and mono[0][0][0][0] == "l" and mono[0][1] == 1:
                polys.append(self.power(self.instance(mono[0][0]), c))
            else:
                _times(factors, [(self.intern("e", {mono: 1}), c)])
        return reduce(self.expand, polys, self.product(factors))

    def log(self, poly: Poly) -> Poly:
        """log, as a sum over the factors that are known to be positive."""
        if not poly:
            raise _GiveUp
        c, factors, rest = self.split(poly)
        out: Poly = {}
        for prime, n in _primes(Fraction(c)).items():
            self.add(out, {((self.intern("l", {(): prime}), 1),): n})
        if list(rest.values()) == [1] and len(mono := next(iter(rest))) == 1 and (mono[0][1].numerator % 2 or mono[0][1].denominator % 2 == 0):
            factors, rest = _times(factors, mono), ONE  # b^odd is positive, so b is
        for base, e in factors.items():
            match base[0][0]:
                case "e":
                    self.add(out, self.instance(base), e)
                case "p":
                    self.add(out, {((self.intern("l", {(): int(base[0][1:])}), 1),): e})
                case "∏":
                    index = self.new(self.inner[base[0]][2])
                    table = dict(zip(self.inner[base[0]][1], base[1])) | {(FACTOR, 0, index[2]): index}
                    body = self.renamed(self.inner[base[0]][0], table)
                    whole: Poly = {((self.intern("l", {((base, 1),): 1}), 1),): 1}
                    self.add(out, self.total(self.log(body), frozenset({index})) if self.all_positive(body) else whole, e)
                case "+":
                    self.add(out, {((self.intern("l", self.instance(base)), 1),): e})
                case _:
                    self.add(out, {((self.intern("l", {((base, 1),): 1}), 1),): e})
        if rest != ONE:
            self.add(out, {((self.intern("l", rest), 1),): 1})
        return out

    def step(self, poly: Poly) -> Poly:
        """1 where a sum is positive; positive factors do not matter, and step(-u) is 1 - step(u) off the kink."""
        if not poly:
            raise _GiveUp
        rest = self.split(poly)[2]
        if list(rest) == [()] or self.all_positive(rest):
            return dict(ONE) if all(c > 0 for c in rest.values()) else {}
        sign, rest, loose = self.signed(rest)
        base = self.intern("s", rest)
        self.loose |= {base[0]} if loose else set()
        return self.add({} if sign > 0 else dict(ONE), {((base, 1),): sign})

    def all_of(self, poly: Poly, index: Label) -> Poly:
        """The product over every position of a label, factor by factor where the body is one term."""
        if len(poly) != 1 or not all(_whole(e) for mono in poly for _, e in mono):
            return {((self.intern("∏", poly, index[2], index), 1),): 1} if poly else {}
        ((mono, c),) = poly.items()
        out: Factors = {} if c == 1 else {self.intern("∏", {(): c}, index[2], index): 1}
        polys: list[Poly] = []
        for base, e in mono:
            if base[0][0] == "e":
                polys.append(self.exp(self.total(self.scaled(self.instance(base), e), frozenset({index}))))
            else:
                _times(out, [(self.intern("∏", {((base, 1),): 1}, index[2], index), e)])
        return reduce(self.expand, polys, self.product(out))

    def apply(self, poly: Poly, function: str, order: int) -> Poly:
        """A function of a sum: what has a rule here in exponentials, everything else as a base of its own."""
        match function if order == 0 or function == "exp" else "":
            case "exp":
                return self.exp(poly)
            case "log":
                return self.log(poly)
            case "softplus":
                return self.log(self.add(dict(ONE), self.exp(poly)))
            case "sinh" | "cosh":
                one = self.scaled(self.exp(poly), Fraction(1, 2))
                return self.add(dict(one), self.scaled(self.exp(self.scaled(poly, -1)), Fraction(1, 2)), 1 if function == "cosh" else -1)
            case "sigmoid" if not self.level.keep:
                return self.power(self.add(dict(ONE), self.exp(self.scaled(poly, -1))), -1)
            case "tanh" if not self.level.keep:
                return self.add(dict(ONE), self.power(self.add(dict(ONE), self.exp(self.scaled(poly, 2))), -1), -2)
        sign, loose = 1, False
        if poly and order == 0 and function in ODD | EVEN | {"sigmoid"}:
            sign, poly, loose = self.signed(poly)
        base = self.intern("f", poly, (function, order))
        self.loose |= {base[0]} if loose else set()
        value: Poly = {((base, 1),): sign if function not in EVEN else 1}
        return self.add(dict(ONE), value) if sign < 0 and function == "sigmoid" else value

    # --- expressions ----------------------------------------------------------------------------------------------------

    def convert(self, expr: Expr) -> Poly:
        """The normal form of an expression, its free indices as free labels."""
        if expr not in self.cache:
            self.spend()
            self.cache[expr] = self.converted(expr)
        return self.cache[expr]

    def converted(self, expr: Expr) -> Poly:
        match expr:
            case Num(value):
                return {(): _plain(value)} if value else {}
            case Pi():
                return {((("π", ()), 1),): 1}
            case Size(axis):
                return self.size(axis)
            case Tensor(name, indices):
                places = tuple(_label(p) for p in indices)
                definition = self.tables.program.by_name.get(name)
                if definition is not None and len(definition.indices) != len(indices):
                    raise _GiveUp
                if definition is None or definition.body is None or self.level.inline != "all" and name not in self.tables.nonlinear:
                    return self.product({("." + name, places): 1})
                table = {_label(a): b for a, b in zip(definition.indices, places) if _label(a) != b}
                return self.renamed(self.convert(definition.body), table) if table else self.convert(definition.body)
            case Delta(a, b):
                return self.product({("δ", (_label(a), _label(b))): 1})
            case Add(terms):
                return reduce(self.add, (self.convert(t) for t in terms), {})
            case Mul(factors):
                return self.times(*(self.convert(f) for f in factors))
            case Pow(Mul(factors), exponent) if exponent.denominator == 1:
                return self.times(*(self.convert(Pow(f, exponent)) for f in factors))
            case Pow(Pow(base, inner), exponent) if exponent.denominator == 1:
                return self.convert(Pow(base, inner * exponent))
            case Pow(base, exponent):
                return self.power(self.convert(base), exponent)
            case Sum(index, body) | Prod(index, body):
                label, size = _label(index), self.tables.sizes.get(index.axis, 0)
                poly = self.convert(body)
                if self.level.sized and 1 <= size <= 6:
                    self.used.add("sizes")
                    values = [self.renamed(poly, {label: (FIXED, n)}) for n in range(size)]
                    return reduce(self.add, values, {}) if isinstance(expr, Sum) else self.times(*values)
                return self.total(poly, frozenset({label})) if isinstance(expr, Sum) else self.all_of(poly, label)
            case Step(argument):
                return self.step(self.convert(argument))
            case Apply(function, argument, order):
                return self.apply(self.convert(argument), function, order)
        raise _GiveUp

    def vanishes(self, poly: Poly, apart: list[set[Label]]) -> bool:
        """Whether a sum is 0 where the labels of each pair differ: it is empty, once it is multiplied by its denominators."""
        while True:
            poly = {mono: c for mono, c in poly.items() if not any(pair <= group for group in _met(mono) for pair in apart)}
            low: Factors = {}
            for mono in poly:
                for base, e in mono:
                    if base[0][0] == "+" and e < low.get(base, 0):
                        low[base] = e
            if not low or self.level.keep:
                return not poly
            base = max(low)
            cleared: Poly = {}
            for mono, c in poly.items():
                self.add(cleared, self.product(_times(dict(mono), [(base, -floor(low[base]))])), c)
            poly = cleared

    def text(self, poly: Poly) -> str:
        """The normal form as text, or its digest where that is long."""
        text = repr([(mono, str(c)) for mono, c in sorted(poly.items())])
        return text if len(text) <= 400 else "sha256:" + sha256(text.encode()).hexdigest()


def _met(mono: Monomial) -> Iterator[set[Label]]:
    """Groups of labels that the deltas of a product make equal: each delta has the least label of its group first."""
    groups: dict[Label, set[Label]] = defaultdict(set)
    for (key, places), _ in mono:
        if key == "δ":
            groups[places[0]] |= {*places}
    yield from groups.values()


def _power(value: Rational, e: Rational) -> Rational:
    if max(e, -e) * max(value.numerator.bit_length(), value.denominator.bit_length()) > POWERS:
        raise _GiveUp
    return _plain(Fraction(value) ** int(e)) if e else 1


def _primes(value: Fraction) -> dict[int, int]:
    """Factors of a positive rational with their powers: small primes, and what is left over."""
    found: dict[int, int] = defaultdict(int)
    for number, sign in ((value.numerator, 1), (value.denominator, -1)):
        for prime in range(2, 1000):
            while number % prime == 0:
                found[prime] += sign
                number //= prime
        if number > 1:
            found[number] += sign
    return found
