"""The only place that makes a decision: proved, refuted or tested. Whatever is tried elsewhere is decided here.

A proof is an equality of normal forms. A refutation is an exact point that meets the assumptions, off the kinks, where ball
enclosures of the two sides do not meet. A test is agreement modulo random primes, with a bound of the chance of error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import InitVar, dataclass
from fractions import Fraction
from itertools import product
from threading import RLock
from typing import Any, Never, final

import flint
import numpy as np

from verify.kernel.calculus import Resolver
from verify.kernel.evaluate import MOST_ENTRIES, Balls, Evaluation, Reader
from verify.kernel.expr import Apply, Delta, Derivative, Expr, Index, Position, Pow, Prod, Size, Sum, Tensor, children, substitute
from verify.kernel.lazy import lazy
from verify.kernel.modular import Bound, Bounds, Residues, Trials, largest, law, whole
from verify.kernel.normal_form import PLAIN, Advice, Normalizer, Proof
from verify.kernel.program import Assumption, Condition, Definition, Equal, OneHot, OutOfReach, Positive, Program, SumsToOne, Unequal, nodes

NODES, LEVELS, QUANTITIES, WIDEST, TRIALS, MOST_WORK, TOGETHER = 20_000, 100, 1_000, 1 << 12, 1 << 12, 1 << 25, 1 << 21
PRECISIONS = (96, 512)
_SEAL = object()
_PRECISION = RLock()  # FLINT keeps one precision for the whole process


class IllTyped(Exception):
    """Raised where an expression, a condition or a program has no meaning; says why."""


def _check(seal: object) -> None:
    if seal is not _SEAL:
        raise TypeError("only the kernel makes decisions")


def _kept(self: object, protocol: object = None) -> Never:
    raise TypeError("a decision is not copied: files hold its certificate or witness, which are decided again")


def _final(cls: type, **arguments: object) -> Never:
    raise TypeError("a decision has no other kinds")


@dataclass(frozen=True)
class Witness:
    """An exact point: the width of each axis, the leaves' entries (nested tuples), the entry of the claim, and its two sides there."""

    sizes: tuple[tuple[str, int], ...]
    values: tuple[tuple[str, Any], ...]
    entry: tuple[tuple[Index, int], ...]
    left: str
    right: str


@final
@dataclass(frozen=True)
class Proved:
    """True for all values that meet the assumptions, off the kinks; for all widths if that is the scope."""

    certificate: Proof
    assumptions: tuple[Assumption, ...]
    scope: str
    seal: InitVar[object]
    __reduce_ex__, __init_subclass__ = _kept, _final

    def __post_init__(self, seal: object) -> None:
        _check(seal)


@final
@dataclass(frozen=True)
class Refuted:
    """False: the witness shows it."""

    witness: Witness
    seal: InitVar[object]
    __reduce_ex__, __init_subclass__ = _kept, _final

    def __post_init__(self, seal: object) -> None:
        _check(seal)


@final
@dataclass(frozen=True)
class Tested:
    """True at the stated widths, unless an event has happened whose chance is at most 2^bound_log2."""

    bound_log2: float
    sizes: tuple[tuple[str, int], ...]
    primes: tuple[int, ...]
    trials: int
    degree: int
    height: int
    assumptions: tuple[Assumption, ...]
    seal: InitVar[object]
    __reduce_ex__, __init_subclass__ = _kept, _final

    def __post_init__(self, seal: object) -> None:
        _check(seal)


@dataclass(frozen=True)
class Undecided:
    """Not known, and why. Claims nothing, so that anyone may make one."""

    reason: str


Decision = Proved | Refuted | Tested | Undecided


@dataclass(frozen=True)
class Settled:
    """A claim made ready: no derivatives, equal positions joined, the pairs that differ, and all its free indices in order.

    What an evaluation has to know of it beside that is found when it is asked for: a proof does without.
    """

    left: Expr
    right: Expr
    apart: tuple[Unequal, ...]
    indices: tuple[Index, ...]
    written: tuple[Expr, Expr]
    resolver: Resolver

    @lazy
    def domain(self) -> tuple[Expr, ...]:
        """What is differentiated and does not have a value everywhere: a derivative means nothing where what it is of has no value,
        whatever the rules make of it there (log u by u is 1/u, and nothing for u < 0)."""
        given = self.resolver.given.by_name
        bodies = [n.body for n in nodes(given, *self.written) if isinstance(n, Derivative)]
        return tuple(dict.fromkeys(self.resolver.resolve(b) for b in bodies if any(map(_partial, nodes(given, b)))))

    @lazy
    def exprs(self) -> tuple[Expr, ...]:
        """All that is to have a value where the claim is evaluated."""
        return self.left, self.right, *self.domain

    @lazy
    def used(self) -> frozenset[str]:
        """The names of the quantities that it rests on."""
        return frozenset(n.name for n in nodes(self.resolver.definitions, *self.exprs) if isinstance(n, Tensor))

    @lazy
    def least(self) -> dict[str, int]:
        """The axes that it runs over, each with the least number of positions that it has: those that are named exist."""
        found, definitions = {index.axis: 1 for index in self.indices}, self.resolver.definitions
        for node in nodes(definitions, *self.exprs, *(Delta(c.left, c.right) for c in self.apart)):
            places: list[tuple[Position, str]] = []
            match node:
                case Tensor(name, positions):
                    places = [*zip(positions, definitions[name].axes, strict=True)]
                case Delta(left, right):
                    places = [(p, i.axis) for p in (left, right) for i in node.free]
                case Size(axis) | Sum(Index(_, axis), _) | Prod(Index(_, axis), _):
                    places = [(0, axis)]
            for position, axis in places:
                found[axis] = max(found.get(axis, 1), position + 1 if isinstance(position, int) else 1)
        return found

    def within(self, sizes: Mapping[str, int]) -> bool:
        """Whether every axis has the positions that it must have."""
        return all(sizes.get(axis, 0) >= n for axis, n in self.least.items())

    def admits(self, entry: Mapping[Index, int]) -> bool:
        """Whether the conditions hold where the indices are at these positions."""
        pairs = ((entry[p] if isinstance(p, Index) else p for p in (c.left, c.right)) for c in self.apart)
        return all(left != right for left, right in pairs)

    def entries(self, sizes: Mapping[str, int]) -> list[dict[Index, int]]:
        """The entries that it is about at these widths."""
        if math.prod(sizes[i.axis] for i in self.indices) > MOST_ENTRIES:
            raise OutOfReach("the claim has too many entries at these widths")
        return [at for at in positions(self.indices, sizes) if self.admits(at)]


def positions(indices: Iterable[Index], sizes: Mapping[str, int]) -> Iterator[dict[Index, int]]:
    """Every choice of positions for indices."""
    indices = tuple(indices)
    for places in product(*(range(sizes[i.axis]) for i in indices)):
        yield dict(zip(indices, places, strict=True))


@contextmanager
def precise(bits: int) -> Iterator[None]:
    """FLINT's precision for what is computed within; it has one for the whole process."""
    with _PRECISION, flint.ctx.workprec(bits):
        yield


def typed(definitions: Mapping[str, Definition], sizes: Mapping[str, int], *exprs: Expr) -> None:
    """Raises IllTyped where an expression has no meaning, OutOfReach where it is too large. A row for each kind of node."""
    left = NODES

    def at(position: Position, axis: str) -> None:
        if isinstance(position, Index) and position.axis != axis:
            raise IllTyped(f"the index {position.name} ranges over {position.axis}, not over {axis}")
        if isinstance(position, int) and not 0 <= position < sizes.get(axis, WIDEST):
            raise IllTyped(f"the axis {axis} has no position {position}")

    def check(expr: Expr, level: int) -> None:
        nonlocal left
        left -= 1
        if left < 0 or level > LEVELS:
            raise OutOfReach("the expression is too large")
        match expr:
            case Tensor(name, positions):
                if name not in definitions:
                    raise IllTyped(f"no quantity is called {name}")
                axes = definitions[name].axes
                if len(axes) != len(positions):
                    raise IllTyped(f"{name} has {len(axes)} axes, not {len(positions)}")
                for position, axis in zip(positions, axes, strict=True):
                    at(position, axis)
            case Delta(one, other):
                for axis in [p.axis for p in (one, other) if isinstance(p, Index)]:
                    at(one, axis)
                    at(other, axis)
            case Apply(name, _, order) if not 0 <= order <= 6:
                raise IllTyped(f"{name} is differentiated {order} times")
            case Derivative(_, wrt) if not isinstance(wrt, Tensor):
                raise IllTyped("a derivative is by an entry of a quantity")
        for child in children(expr):
            check(child, level + 1)

    for expr in exprs:
        check(expr, 0)


class Kernel:
    """What can be decided about the claims on one program. Raises IllTyped where the program has no meaning or no model.

    What is proved takes good ``advice``; what is refuted or tested takes none.
    """

    def __init__(self, program: Program, advice: Advice = PLAIN) -> None:
        earlier: dict[str, Definition] = {}
        if sum(d.body is not None for d in program.definitions) > QUANTITIES:
            raise IllTyped("the program has too many quantities")
        for d in program.definitions:
            if d.name in earlier or len(set(d.indices)) < len(d.indices):
                raise IllTyped(f"{d.name} is defined twice" if d.name in earlier else f"{d.name} has one index for two axes")
            if d.body is not None:
                typed(earlier, dict(program.sizes), d.body)
                if not d.body.free <= set(d.indices):
                    raise IllTyped(f"the definition of {d.name} has a free index")
            earlier[d.name] = d
        for a in program.assumptions:
            rivals = [b for b in program.assumptions if b.name == a.name and b != a and not isinstance(b, Positive)]
            if a.name not in earlier or earlier[a.name].body is not None:
                raise IllTyped(f"an assumption is made about {a.name}, which is not given")
            if not isinstance(a, Positive) and not 0 <= a.position < len(earlier[a.name].axes):
                raise IllTyped(f"an assumption is made about an axis that {a.name} does not have")
            if any((isinstance(a, Positive) and isinstance(b, OneHot)) or getattr(a, "position", b.position) != b.position for b in rivals):
                raise IllTyped(f"the assumptions about {a.name} may contradict each other")
        if len(dict(program.sizes)) < len(program.sizes) or any(n < 1 for _, n in program.sizes):
            raise IllTyped("an axis has two sizes" if all(n > 0 for _, n in program.sizes) else "an axis has at least one position")
        self.program, self.resolver = program, Resolver(program)
        self._plain, self._lawful = Reader(self.resolver.definitions), Reader(self.resolver.definitions, law)
        self._settled: dict[object, Settled] = {}
        self._normalizer = Normalizer(Program(), advice)

    def settle(self, left: Expr, right: Expr, conditions: tuple[Condition, ...] = ()) -> Settled:
        """The claim made ready. Raises IllTyped where it has no meaning or its conditions never hold."""
        typed(self.program.by_name, dict(self.program.sizes), left, right, *(Delta(c.left, c.right) for c in conditions))
        key = (left, right, conditions)
        if key not in self._settled:
            table: dict[Index, Position] = {}
            apart: list[Unequal] = []
            for c in sorted(conditions, key=lambda c: isinstance(c, Unequal)):
                one, other = (table.get(p, p) if isinstance(p, Index) else p for p in (c.left, c.right))
                fixed = isinstance(one, int) and isinstance(other, int)
                if (one == other) is isinstance(c, Unequal) and (fixed or one == other):
                    raise IllTyped("the conditions never hold")
                if isinstance(c, Unequal) and not fixed:
                    apart.append(Unequal(one, other))
                elif isinstance(c, Equal) and one != other:
                    kept, gone = (one, other) if isinstance(other, Index) else (other, one)
                    table = {i: kept if p == gone else p for i, p in table.items()} | ({gone: kept} if isinstance(gone, Index) else {})
            written = substitute(left, table), substitute(right, table)
            left, right = map(self.resolver.resolve, written)
            indices = {p for c in apart for p in (c.left, c.right) if isinstance(p, Index)} | left.free | right.free
            self._settled[key] = Settled(left, right, tuple(apart), tuple(sorted(indices)), written, self.resolver)
        return self._settled[key]

    def prove(self, left: Expr, right: Expr, conditions: tuple[Condition, ...] = (), budget: int = 20_000) -> Proved | None:
        """The claim proved, or None."""
        claim = self.settle(left, right, conditions)
        if claim.left == claim.right:
            return Proved(Proof(0, "the sides are one expression"), (), "all widths", _SEAL)
        if self._normalizer.program is not self.resolver.program:
            made = frozenset(self.resolver.definitions) - frozenset(self.program.by_name)
            self._normalizer = Normalizer(self.resolver.program, self._normalizer.advice, made)
        proof = self._normalizer.equal(claim.left, claim.right, claim.apart, budget)
        return None if proof is None else Proved(proof, proof.assumptions, "stated widths" if proof.sizes_used else "all widths", _SEAL)

    def refute(
        self, left: Expr, right: Expr, conditions: tuple[Condition, ...], sizes: Mapping[str, int], values: Mapping[str, Any],
        entry: Mapping[Index, int],
    ) -> Refuted | None:
        """The claim refuted in one entry at a point given as arrays of Fractions, or None: they do not show it, or are not allowed.

        Also how a witness that was stored is decided again.
        """
        claim = self.settle(left, right, conditions)
        leaves = {name: np.array(entries, dtype=object) for name, entries in values.items() if name in claim.used}
        if not claim.within(sizes) or not self._model(claim.used, sizes, leaves) or entry.keys() != {*claim.indices}:
            return None
        if not claim.admits(entry) or not all(type(n) is int and 0 <= n < sizes[i.axis] for i, n in entry.items()):
            return None
        for bits in PRECISIONS:
            with precise(bits):
                point = Evaluation(self._plain, sizes, Balls(leaves))
                try:
                    one, other = (point.value(side, entry) for side in (claim.left, claim.right))
                    if not (one.is_finite() and other.is_finite()) or one.overlaps(other):
                        continue
                    if not all(point.value(e, at).is_finite() for e in claim.domain for at in positions(e.free, sizes)):
                        continue
                except OutOfReach:
                    return None
                kept = tuple((name, _nested(entries.tolist())) for name, entries in leaves.items())
                widths = tuple((axis, sizes[axis]) for axis in sorted(claim.least))
                at = tuple((i, entry[i]) for i in claim.indices)
                return Refuted(Witness(widths, kept, at, str(one), str(other)), _SEAL)
        return None

    def _model(self, used: frozenset[str], sizes: Mapping[str, int], leaves: Mapping[str, Any]) -> bool:
        """Whether the point is exact, has the right shapes, and meets every assumption."""
        if not all(1 <= n <= WIDEST for n in sizes.values()) or not all(sizes.get(axis, n) == n for axis, n in self.program.sizes):
            return False
        for d in self.program.definitions:
            entries = leaves.get(d.name)
            shape = tuple(sizes.get(axis) for axis in d.axes)
            if d.body is None and d.name in used and (entries is None or entries.shape != shape):
                return False
        if not all(isinstance(x, (int, Fraction)) for entries in leaves.values() for x in entries.flat):
            return False
        for a in (a for a in self.program.assumptions if a.name in used):
            v = leaves[a.name]
            if isinstance(a, Positive) and not all(x > 0 for x in v.flat):
                return False
            if not isinstance(a, Positive) and not all(s == 1 for s in np.ravel(v.sum(axis=a.position))):
                return False
            if isinstance(a, OneHot) and not all(x in (0, 1) for x in v.flat):
                return False
        return True

    def test(self, left: Expr, right: Expr, conditions: tuple[Condition, ...], sizes: Mapping[str, int]) -> Tested | Undecided:
        """Whether the claim holds at these widths, by agreement modulo as many random primes as the bound of 2^-40 takes."""
        claim = self.settle(left, right, conditions)
        definitions, primes = self.resolver.definitions, list[int]()
        used = [definitions[name] for name in claim.used if definitions[name].body is None]
        if not claim.within(sizes):
            return Undecided("not proved, and not tested: an axis or a position is missing")
        try:
            bounds = Bounds({d.name: self._bound(d, sizes) for d in used})
            point = Evaluation(self._lawful, sizes, bounds)
            entries = claim.entries(sizes)
            if not entries:
                raise OutOfReach("no entry meets the conditions")
            each = [whole(bounds.add([point.value(claim.left, at), point.value(claim.right, at)])) for at in entries]
            bound = largest(each)
            needed, work = bounds.trials(bound), point.work + sum(math.prod(sizes[axis] for axis in d.axes) for d in used)
            if work > 2 * MOST_ENTRIES:
                raise OutOfReach("the tensors have too many entries at these widths")
            possible, together = min(TRIALS, MOST_WORK // work), max(1, TOGETHER // work)
            while len(primes) < needed:
                if needed - len(primes) > possible:
                    raise OutOfReach("that would take too many trials")
                trials = Trials(min(int(needed) - len(primes), together))
                residues = Residues({d.name: self.drawn(d, sizes, trials) for d in used}, trials)
                point = Evaluation(self._lawful, sizes, residues)
                for at in entries:
                    apart = point.value(claim.left, at) != point.value(claim.right, at)
                    if np.any(apart & residues.met):
                        return Undecided("engine gap: neither proved nor refuted, and the sides differ modulo a prime")
                primes += trials.primes[residues.met].tolist()
                possible -= len(trials.primes)
            degree, _, height = map(math.ceil, bound)
            assumptions = tuple(sorted((a for a in self.program.assumptions if a.name in claim.used), key=repr))
            return Tested(-40.0, tuple(sorted(sizes.items())), tuple(primes), len(primes), degree, height, assumptions, _SEAL)
        except OutOfReach as reason:
            return Undecided(f"not proved, and not tested: {reason}")

    def _assumed(self, d: Definition) -> OneHot | SumsToOne | None:
        """What is assumed of a leaf's rows, the stronger assumption of two."""
        found = [a for a in self.program.assumptions if a.name == d.name and not isinstance(a, Positive)]
        return max(found, key=lambda a: isinstance(a, OneHot), default=None)

    def _bound(self, d: Definition, sizes: Mapping[str, int]) -> Bound:
        """The bound of the residues that are drawn for a leaf."""
        assumed = self._assumed(d)
        width = math.log2(sizes[d.axes[assumed.position]]) if assumed else 0.0
        return Bound(0.0, width, 0.0) if isinstance(assumed, OneHot) else Bound(1.0, 0.0, width)

    def drawn(self, d: Definition, sizes: Mapping[str, int], trials: Trials) -> Any:
        """Residues for a leaf, uniform among those that meet the assumptions."""
        shape, assumed = tuple(sizes[axis] for axis in d.axes), self._assumed(d)
        if isinstance(assumed, OneHot):
            words, n = np.moveaxis(trials.words(*shape), assumed.position, 0), shape[assumed.position]
            places = np.arange(n).reshape(-1, *[1] * (words.ndim - 1))
            return np.moveaxis((places == words[0] % n).astype(np.uint64), 0, assumed.position)
        entries = trials.drawn(*shape)
        if assumed is not None:
            rows = np.moveaxis(entries, assumed.position, 0)
            rows[-1] = (trials.primes + 1 - rows[:-1].sum(0) % trials.primes) % trials.primes
        return entries


def _partial(expr: Expr) -> bool:
    """Whether a node may have no value where its children have one."""
    root = isinstance(expr, Pow) and (expr.exponent < 0 or expr.exponent.denominator > 1)
    return root or (isinstance(expr, Apply) and expr.function == "log")


def _nested(entries: Any) -> Any:
    return tuple(map(_nested, entries)) if isinstance(entries, list) else entries
