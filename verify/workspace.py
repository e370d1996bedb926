"""Everything that is computed about one program, so that many claims on it are cheap: sample points, screens, witnesses.

Nothing here decides: floats and samples only say what is worth trying. What the kernel makes of it is the decision.
"""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, count, islice
from random import Random
from typing import Any

import flint
import numpy as np

from verify.advice import ADVICE
from verify.floats import BALL, FLOAT
from verify.kernel.decision import PRECISIONS, Decision, Kernel, Refuted, Settled, Undecided, Witness, precise
from verify.kernel.expr import ZERO, Apply, Delta, Derivative, Expr, Index, Position, Prod, Size, Step, Sum, Tensor, children, rebuild
from verify.kernel.program import Condition, Definition, Equal, OneHot, OutOfReach, Positive, Program, SumsToOne, nodes
from verify.plans import MOST_AXES, Plan, Point
from verify.programs import rewritten
from verify.residues import differ

WIDTHS = (3, 5, 7, 4)
ENTRIES = 1 << 17
FAINT, TINY = 1e-3, 1e-200  # what floats see: relative to the sides, and at all
SIMPLE = ("integers 0", "integers 1", "halves 0", "integers 2")


class _Leaves(dict[str, Any]):
    """Leaf values that are drawn when they are asked for."""

    def __init__(self, draw: Callable[[str], Any]) -> None:
        self._draw = draw

    def __missing__(self, name: str) -> Any:
        self[name] = self._draw(name)
        return self[name]


@dataclass(frozen=True)
class Sights:
    """What sampled points must do justice to: how many positions of each axis are named, or one, and the arguments of steps.

    Those of the program and of the claim at hand, and of no other claim: what is decided about a claim does not depend on what was asked
    before it.
    """

    least: tuple[tuple[str, int], ...]
    steps: tuple[Expr, ...]


class OutOfDomain(Exception):
    """Raised where no point that was tried gives the sides a value; says why."""


class Sieve:
    """One sampled point at which many claims are looked at: what they have in common is computed once, and forgotten with the sieve."""

    def __init__(self, kernel: Kernel, point: Point) -> None:
        self._kernel = kernel
        self._stacks: dict[str, Definition] = {}
        self._stacked: dict[object, str] = {}
        self._sizes, self._leaves = dict(point.sizes), _Leaves(point.leaves.__getitem__)
        plan = Plan(ChainMap(self._stacks, kernel.resolver.definitions))
        self._point = Point(plan, self._sizes, self._leaves, FLOAT)
        self._resolved: dict[Expr, Expr] = {}

    def passes(self, left: Expr, right: Expr, conditions: tuple[Condition, ...] = ()) -> bool:
        """Whether both sides, with the same free indices, agree at the point as far as floats can tell; True where they cannot.

        With conditions, only the entries that meet them are compared.
        """
        return bool(self._agreeing(left, right, conditions))

    def passing(
        self, left: Expr, right: Expr, conditions: tuple[Condition, ...], blank: str, indices: tuple[Index, ...], values: tuple[Expr, ...]
    ) -> list[bool]:
        """For each of many values over some indices whether the sides agree with it in the place of the tensor named ``blank``."""
        try:
            with np.errstate(all="ignore"):
                stack = self._stack(indices, values)
        except (ArithmeticError, KeyError, ValueError, OutOfReach, RecursionError):
            return [True] * len(values)
        row = self._stacks[stack].indices[0]
        filled = rewritten(right, lambda e: Tensor(stack, (row, *e.indices)) if isinstance(e, Tensor) and e.name == blank else None)
        agreeing: list[bool] = np.broadcast_to(self._agreeing(left, filled, conditions, (row,)), len(values)).tolist()
        return agreeing

    def _stack(self, indices: tuple[Index, ...], values: tuple[Expr, ...]) -> str:
        """The name of a leaf that holds many values over some indices, its first axis numbers them."""
        key = indices, values
        if key not in self._stacked:
            arrays = [self._point.array(self._without_derivatives(value), indices) for value in values]
            name, axis = f"·{len(self._stacked)}", f"·{len(values)}"
            self._sizes[axis] = len(values)
            self._leaves[name] = np.stack(arrays)
            self._stacks[name] = Definition(name, (Index("·", axis), *(Index(f"·{n}", i.axis) for n, i in enumerate(indices))))
            self._stacked[key] = name
        return self._stacked[key]

    def _agreeing(self, left: Expr, right: Expr, conditions: tuple[Condition, ...], rows: tuple[Index, ...] = ()) -> Any:
        """Whether both sides agree, for each of the rows along which the right one is given; True where floats cannot tell."""
        indices = tuple(sorted((left.free | right.free).difference(rows)))
        try:
            with np.errstate(all="ignore"):
                one = self._point.array(self._without_derivatives(left), indices)
                other = self._point.array(self._without_derivatives(right), rows + indices)
                kept = np.isfinite(one) & np.isfinite(other)
        except (ArithmeticError, KeyError, ValueError, OutOfReach, RecursionError):
            return True  # what has no meaning is for the kernel to say
        places = dict(zip(indices, np.ogrid[tuple(map(slice, kept.shape[len(rows) :]))], strict=True)) if conditions else {}
        for condition in conditions:
            pair = [places.get(p) if isinstance(p, Index) else p for p in (condition.left, condition.right)]
            if any(place is None for place in pair):
                if len(conditions) > 1:
                    return True  # two conditions by way of a letter that stands on neither side are for the kernel, too
                continue
            kept = kept & (pair[0] == pair[1] if isinstance(condition, Equal) else pair[0] != pair[1])
        if not rows:
            return not kept.any() or _agree(one[kept], other[kept])
        within = tuple(range(len(rows), kept.ndim))
        with np.errstate(all="ignore"):
            gap, scale = (
                np.max(data, axis=within, initial=0, where=kept)
                for data in (np.abs(one - other), np.maximum(np.abs(one), np.abs(other)))
            )
        return gap <= 1e-9 * scale + 1e-12

    def _without_derivatives(self, expr: Expr) -> Expr:
        """The expression without Derivative nodes. The kernel keeps what it made of those, and the sieve the rest."""
        found = self._resolved.get(expr)
        if found is None:
            if isinstance(expr, Derivative) or (isinstance(expr, Apply) and expr.order):
                found = self._kernel.resolver.resolve(expr)
            else:
                below = children(expr)
                above = tuple(map(self._without_derivatives, below))
                found = expr if above == below else rebuild(expr, above)
            self._resolved[expr] = found
        return found


class Workspace:
    """The claims on one program, screened and decided. Raises IllTyped for a program that has no meaning or no model."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.kernel = Kernel(program, ADVICE)
        self._definitions = self.kernel.resolver.definitions
        self._plan = Plan(self._definitions)
        self._fixed = dict(program.sizes)
        self._points: dict[object, Point] = {}
        self._samples: dict[tuple[frozenset[str], Sights], list[Point]] = {}
        self._sights: dict[Settled, Sights] = {}
        self._claims: dict[Refuted, tuple[Expr, Expr, tuple[Condition, ...]]] = {}
        nothing = Sights(tuple((axis, 1) for axis in sorted({axis for d in program.definitions for axis in d.axes})), ())
        self._known = frozenset[Expr]()
        self._base, self._known = self._seen([d.body for d in self._definitions.values() if d.body is not None], nothing)
        self._unit = self._positive_leaves()

    def typed(self, expr: Expr) -> None:
        """Raises IllTyped, with the reason, where an expression has no meaning."""
        self.kernel.settle(expr, expr)

    def screen(self, left: Expr, right: Expr, conditions: tuple[Condition, ...] = ()) -> bool:
        """Whether both sides agree at the sampled points, as far as floats can tell; True also where they are out of reach.

        False means almost surely not equal, or without a value at every point. Raises IllTyped.
        """
        try:
            return all(_agree(one, other) for one, other in self._sampled(self.kernel.settle(left, right, conditions)))
        except (OutOfReach, RecursionError):
            return True
        except OutOfDomain:
            return False

    def sieve(self) -> Sieve:
        """A sieve for many claims on the program that are looked at once, most of them false."""
        # Where all steps are on, no gradient vanishes by chance, so that this point tells most false claims.
        return Sieve(self.kernel, self._sample(self._unit, self._base)[2])

    def vanishes(self, expr: Expr, conditions: tuple[Condition, ...] = ()) -> bool:
        """Whether the expression is 0 at the sampled points, as far as floats can tell; what is small, exactly. Raises IllTyped."""
        try:
            largest = [float(np.max(np.abs(one))) for one, _ in self._sampled(self.kernel.settle(expr, expr, conditions))]
            if not all(value < 1e-10 for value in largest):
                return False
            return not any(largest) or not isinstance(self.decide(expr, ZERO, conditions), Refuted)
        except (OutOfReach, OutOfDomain, RecursionError):
            return False

    def decide(self, left: Expr, right: Expr, conditions: tuple[Condition, ...] = (), budget: int = 20_000) -> Decision:
        """The decision on a claim; undecided, with the reason, where it is too large or has no value. Raises IllTyped."""
        try:
            claim = self.kernel.settle(left, right, conditions)
            try:
                sides = [(one, other, _agree(one, other)) for one, other in self._sampled(claim)]
                plausible = all(agree for _, _, agree in sides)
                # Where both sides are as small as the error of rounding, floats tell nothing, and exact points are cheaper than a proof.
                faint = plausible and all(float(np.max(np.abs(one))) < 1e-6 for one, _, _ in sides)
            except (OutOfReach, RecursionError):
                plausible, faint = True, False
            decision: Decision | None = self._refuted(left, right, conditions, plausible, 1) if faint else None
            if decision is None and plausible:
                decision = self.kernel.prove(left, right, conditions, budget)
            decision = decision or self._refuted(left, right, conditions, plausible)
            if decision is not None:
                return decision
            sizes = self._sizes(WIDTHS, self._of(claim))
            if plausible and differ(self.kernel, claim, sizes):
                return Undecided("engine gap: neither proved nor refuted, and the sides differ modulo a prime")
            if plausible:
                return self.kernel.test(left, right, conditions, sizes)
            return Undecided("engine gap: the sides seem to differ, and no exact point shows it")
        except (OutOfReach, OutOfDomain) as reason:
            return Undecided(str(reason))
        except RecursionError:
            return Undecided("the expression is nested too deeply")

    def _refuted(
        self, left: Expr, right: Expr, conditions: tuple[Condition, ...], plausible: bool, points: int | None = None
    ) -> Refuted | None:
        claim = self.kernel.settle(left, right, conditions)
        fixed = [[self._fixed.get(axis, 1) for axis in self._definitions[name].axes] for name in self._leaves(*claim.exprs)]
        if any(math.prod(shape) > BALL.limit for shape in fixed):
            return None
        for point in islice(self._candidates(claim, plausible), points):
            refuted = self._shown(claim, point, left, right, conditions)
            if refuted is not None:
                self._claims[refuted] = left, right, conditions
                return refuted
        return None

    def _shown(self, claim: Settled, point: Point, left: Expr, right: Expr, conditions: tuple[Condition, ...]) -> Refuted | None:
        leaves = {name: point.leaves[name] for name in sorted(self._leaves(*claim.exprs))}
        entry = _by_floats(claim, point)
        entry = _by_balls(claim, point) if entry is None else entry
        if entry is None:
            return None
        return self.kernel.refute(left, right, conditions, point.sizes, leaves, dict(zip(claim.indices, entry, strict=True)))

    def shrink(self, refuted: Refuted) -> Witness:
        """A witness for the same claim, decided here before, with each axis as narrow as the sides still visibly differ."""
        left, right, conditions = self._claims[refuted]
        claim = self.kernel.settle(left, right, conditions)
        sights = self._of(claim)
        least = dict(sights.least)
        best, attempts = refuted, 0
        for axis, width in refuted.witness.sizes:
            for narrower in range(self._fixed.get(axis, least[axis]), width):
                sizes = self._sizes((1,), sights) | dict(best.witness.sizes) | {axis: narrower}
                attempts += 1
                points = (self._point(style, sizes, self._unit) for style in SIMPLE[:2] if attempts <= 16)
                found = next((p for p in points if self._gap(claim, p) == 2), None)
                smaller = found and self._shown(claim, found, left, right, conditions)
                if smaller:
                    best = smaller
                    break
        return best.witness

    def _candidates(self, claim: Settled, plausible: bool) -> Iterator[Point]:
        """Points at which the sides may differ, the simplest first; where floats see no difference, some all the same."""
        sights = self._of(claim)
        for unit in dict.fromkeys((self._unit, self._unit | self._leaves(*claim.exprs))):
            if plausible:
                yield from (self._point(style, self._sizes((n,), sights), unit) for style, n in (("halves 0", 2), ("integers 1", 3)))
                yield self._point("generic 0", self._sizes(WIDTHS, sights), unit)
                continue
            faint: list[Point] = []
            for style, n in ((style, n) for n in (1, 2, 3) for style in SIMPLE):
                point = self._point(style, self._sizes((n,), sights), unit)
                gap = self._gap(claim, point)
                if gap == 2:
                    yield point
                elif gap == 1 and len(faint) < 4:
                    faint.append(point)
                elif gap == 1:
                    break
            yield from faint
            yield from (point for point in self._sample(unit, sights) if not _agree(*_entries(claim, point)))

    def _gap(self, claim: Settled, point: Point) -> int:
        """Whether the sides differ at a point so that everyone sees it (2), or only relative to their own size (1), or not (0)."""
        gap, scale = _gap(*_entries(claim, point))
        return 2 if np.any(gap > 1e-2 * np.maximum(scale, 1)) else 1 if np.any(gap > FAINT * scale + TINY) else 0

    def _sampled(self, claim: Settled) -> Iterator[tuple[Any, Any]]:
        """The entries of both sides at each sampled point, those that meet the conditions and have a value."""
        sights = self._of(claim)
        reason = "the sides have no value at any point that was tried"
        for unit in (self._unit, None):
            found = False
            for point in self._sample(self._leaves(*claim.exprs) | self._unit if unit is None else unit, sights):
                one, other = _entries(claim, point)
                if one.size:
                    found = True
                    yield one, other
                elif not _allowed(claim, point.sizes).any():
                    reason = "no entry meets the conditions"
            if found:
                return
        raise OutOfDomain(reason)

    def _of(self, claim: Settled) -> Sights:
        """What the points for a claim must do justice to."""
        if claim not in self._sights:
            self._sights[claim], _ = self._seen(claim.exprs, self._base)
        return self._sights[claim]

    def _seen(self, exprs: Iterable[Expr], base: Sights) -> tuple[Sights, frozenset[Expr]]:
        """What is in sight of some expressions beside what is already, and every node that was looked at."""
        least, steps = dict(base.least), list(base.steps)
        stack, known = list(exprs), set[Expr]()
        while stack:
            node = stack.pop()
            if node in known or node in self._known:
                continue
            known.add(node)
            stack.extend(children(node))
            pairs: list[tuple[Position, str]] = [(i, i.axis) for i in node.free]
            match node:
                case Tensor(name, positions):
                    pairs += zip(positions, self._definitions[name].axes, strict=True)
                case Delta(one, other):
                    pairs += [(p, i.axis) for p in (one, other) for i in node.free]
                case Size(axis) | Sum(Index(_, axis), _) | Prod(Index(_, axis), _):
                    pairs.append((0, axis))
                case Step(argument):
                    steps.append(argument)
            for position, axis in pairs:
                least[axis] = max(least.get(axis, 1), position + 1 if isinstance(position, int) else 1)
        return Sights(tuple(sorted(least.items())), tuple(dict.fromkeys(steps))), frozenset(known)

    def _sizes(self, widths: Sequence[int], sights: Sights) -> dict[str, int]:
        """One width for all axes; of several widths, and of more where these run out, each axis has one of its own: at equal widths a
        transpose hides, and so does 1/N for the wrong N. As far as the axes are free."""
        if len(widths) == 1:
            return {axis: self._fixed.get(axis, max(widths[0], least)) for axis, least in sights.least}
        sizes: dict[str, int] = dict(self._fixed)
        for axis, least in sights.least:
            if axis not in self._fixed:
                sizes[axis] = next(n for n in chain(widths, count(min(widths))) if n >= least and n not in sizes.values())
        return {axis: sizes[axis] for axis, _ in sights.least}

    def _point(self, style: str, sizes: dict[str, int], unit: frozenset[str]) -> Point:
        key = style, tuple(sizes.items()), unit
        if key not in self._points:
            self._points[key] = Point(self._plan, sizes, _Leaves(lambda name: self._leaf(name, style, sizes, unit)), FLOAT)
        return self._points[key]

    def _leaf(self, name: str, style: str, sizes: dict[str, int], unit: frozenset[str]) -> Any:
        """Exact entries that meet the assumptions: the same ones on every run."""
        leaf = self._definitions[name]
        shape = tuple(sizes[axis] for axis in leaf.axes)
        count = math.prod(shape)
        if count > ENTRIES:
            raise OutOfReach(f"{leaf.name} has too many entries")
        draw = Random(f"{style} {leaf.name} {shape}")
        kind, _, number = style.partition(" ")
        # Sums over an axis stay of the size of their terms, so that nothing saturates; biases are small now and then, so that the
        # sign of a sum is not that of its bias; the points that are drawn for signs not yet seen go farther out.
        scale = 1.5 / math.sqrt(sum(shape) / len(shape)) if len(shape) > 1 else 1 / (1 + int(number) % 2)
        scale *= max(1, int(number) - 1)
        entries: list[Fraction] = []
        for _ in range(count):
            match kind:
                case "integers":
                    entry = Fraction(draw.choice((-2, -1, 1, 2)))
                case "halves":
                    entry = Fraction(draw.choice((-3, -1, 1, 3)), 2)
                case _:
                    entry = Fraction(round(draw.gauss(0, scale) * 64) or 1, 64)
            if count == 1:  # a single number is seen with both signs
                entry = abs(entry) * (-1) ** (int(number) + Random(leaf.name).randrange(2))
            if leaf.name in unit:
                entry = Fraction(draw.randint(1, 15), 16) if kind in ("generic", "active") else Fraction(draw.randint(1, 3), 4)
            entries.append(abs(entry) if kind == "active" else entry)
        values = np.empty(count, dtype=object)
        values[:] = entries
        values = values.reshape(shape)
        mine = [a for a in self.program.assumptions if a.name == leaf.name]
        for a in sorted(mine, key=lambda a: isinstance(a, OneHot)):
            rows = np.moveaxis(values, 0 if isinstance(a, Positive) else a.position, 0) if shape else values
            if isinstance(a, OneHot):
                hot = np.array([draw.randrange(len(rows)) for _ in range(count // len(rows))]).reshape(np.shape(rows[0]))
                rows[...] = (np.arange(len(rows)).reshape(-1, *[1] * hot.ndim) == hot) * np.array(Fraction(1))
            else:
                values[...] = np.abs(values)
            if isinstance(a, SumsToOne):
                rows[...] = rows / rows.sum(axis=0)
        return values

    def _sample(self, unit: frozenset[str], sights: Sights) -> list[Point]:
        """Points at which steps have had both signs, and different ones where they stand at one place, as far as they can."""
        if (unit, sights) not in self._samples:
            rotated = [self._sizes(WIDTHS[n:] + WIDTHS[:n], sights) for n in range(len(WIDTHS))]
            points = [self._point(style, rotated[n], unit) for n, style in enumerate(("generic 0", "generic 1", "active 0"))]
            seen = {signs for point in points for signs in _signs(point, sights.steps)}
            for n in range(2, 8):
                if len(seen) == 2 * len(sights.steps) ** 2:  # two signs each, and four for each pair
                    break
                point = self._point(f"generic {n}", rotated[n % len(rotated)], unit)
                if not seen.issuperset(found := _signs(point, sights.steps)):
                    points.append(point)
                    seen |= found
            self._samples[unit, sights] = points
        return self._samples[unit, sights]

    def _leaves(self, *exprs: Expr) -> frozenset[str]:
        names = {n.name for n in nodes(self._definitions, *exprs) if isinstance(n, Tensor)}
        return frozenset(name for name in names if self._definitions[name].body is None)

    def _positive_leaves(self) -> frozenset[str]:
        """The leaves to draw between 0 and 1 so that the program has a value: those that logarithms and roots make need of."""
        unit = frozenset[str]()
        for definition in self.program.definitions:
            body, whole = self._definitions[definition.name].body, Tensor(definition.name, definition.indices)
            while body is not None:
                try:
                    with np.errstate(all="ignore"):
                        good = all(np.all(np.isfinite(p.value(whole))) for p in self._sample(unit, self._base)[:2])
                except (OutOfReach, RecursionError):
                    return unit
                direct = frozenset(n for n in definition.uses if self._definitions[n].body is None) - unit
                more = direct or self._leaves(body) - unit
                if good or not more:
                    break
                unit |= more
        return unit


def _signs(point: Point, steps: tuple[Expr, ...]) -> set[tuple[int, ...]]:
    """The signs that steps have, alone and in pairs with the same indices."""
    with np.errstate(all="ignore"):
        values = [(at := tuple(sorted(argument.free)), point.array(argument, at)) for argument in steps]
    signs = [(at, np.sign(np.nan_to_num(value))) for at, value in values]
    pairs = [(a, b) for b in range(len(signs)) for a in range(b + 1) if signs[a][0] == signs[b][0]]
    return {(a, b, s, t) for a, b in pairs for s in (-1, 1) for t in (-1, 1) if np.any((signs[a][1] == s) & (signs[b][1] == t))}


def _agree(one: Any, other: Any) -> bool:
    scale = max(np.max(np.abs(one), initial=0), np.max(np.abs(other), initial=0))
    return bool(np.max(np.abs(one - other), initial=0) <= 1e-9 * scale + 1e-12)


def _sides(claim: Settled, point: Point, finite: Callable[[Any], Any]) -> tuple[Any, Any, Any]:
    """Both sides as arrays over the claim's indices, and in which entries the conditions are met and all has a value."""
    one, other = point.array(claim.left, claim.indices), point.array(claim.right, claim.indices)
    kept = finite(one) & finite(other) & all(np.all(finite(point.value(expr))) for expr in claim.domain)
    return one, other, kept & _allowed(claim, point.sizes) if claim.apart else kept


def _over_floats(claim: Settled, point: Point) -> tuple[Any, Any, Any]:
    try:
        with np.errstate(all="ignore"):
            return _sides(claim, point, np.isfinite)
    except OverflowError:
        raise OutOfReach("a number is too large for floats") from None


def _entries(claim: Settled, point: Point) -> tuple[Any, Any]:
    """The entries of both sides that meet the conditions and have a value."""
    one, other, kept = _over_floats(claim, point)
    return one[kept], other[kept]


def _gap(one: Any, other: Any) -> tuple[Any, Any]:
    """How far entries lie apart, and how large they are."""
    return np.abs(one - other), np.maximum(np.abs(one), np.abs(other))


def _by_floats(claim: Settled, point: Point) -> tuple[int, ...] | None:
    """The entry in which the sides lie farthest apart, if floats see that they do."""
    one, other, kept = _over_floats(claim, point)
    with np.errstate(all="ignore"):
        gap, scale = _gap(one, other)
        seen = kept & (gap > FAINT * scale + TINY)
    return _largest({at: gap[at] for at in np.ndindex(seen.shape) if seen[at]})


def _by_balls(claim: Settled, point: Point) -> tuple[int, ...] | None:
    """The same by enclosures, which see any difference; None also where it is out of reach."""
    for bits in PRECISIONS:
        try:
            with precise(bits):
                here = Point(point.plan, point.sizes, point.leaves, BALL)
                one, other, kept = _sides(claim, here, _finite)
                shown = (at for at in np.ndindex(kept.shape) if kept[at] and not one[at].overlaps(other[at]))
                apart = {at: abs(one[at] - other[at]).mid() for at in shown}
        except OutOfReach:
            return None
        if apart:
            return _largest(apart)
    return None


def _largest(gaps: dict[tuple[int, ...], Any]) -> tuple[int, ...] | None:
    return max(gaps, key=lambda at: gaps[at], default=None)


def _finite(balls: Any) -> Any:
    return np.asarray(np.frompyfunc(flint.arb.is_finite, 1, 1)(balls), dtype=bool)


def _allowed(claim: Settled, sizes: Mapping[str, int]) -> Any:
    """Which entries meet the conditions, as an array over the claim's indices."""
    shape = tuple(sizes[i.axis] for i in claim.indices)
    if math.prod(shape) > ENTRIES or len(shape) > MOST_AXES:
        raise OutOfReach("the claim has too many entries at these widths")
    places = dict(zip(claim.indices, np.ogrid[tuple(map(slice, shape))], strict=True))
    allowed: Any = np.ones(shape, dtype=bool)
    for pair in claim.apart:
        left, right = (places[p] if isinstance(p, Index) else p for p in (pair.left, pair.right))
        allowed &= left != right
    return allowed
