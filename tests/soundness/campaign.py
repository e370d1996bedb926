"""Random claims made from the catalogue: mutants, of which none may pass, and true claims in other words, of which none may be refuted.

`make soundness` runs it at full size; `python -m tests.soundness.campaign --help` says how else. Each claim is made from a number alone, so
that a failure can be repeated.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, partial
from hashlib import sha256
from random import Random

from rich.progress import track

from derivations import catalogue
from tests.soundness.independent import differ
from verify.kernel.decision import IllTyped, Proved, Refuted, Undecided
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
    Sum,
    Tensor,
    add,
    children,
    delta,
    div,
    fresh,
    mul,
    neg,
    num,
    power,
    rebuild,
    sub,
    substitute,
    total,
)
from verify.kernel.program import Claim, Program
from verify.sympy_bridge import claim
from verify.workspace import Workspace

Path = tuple[int, ...]
Scope = tuple[Index, ...]
TINY = Fraction(1, 10**12)


@dataclass(frozen=True)
class Site:
    """A node of an expression: where it stands, and the indices in force there."""

    path: Path
    node: Expr
    scope: Scope


def sites(expr: Expr, scope: Scope, path: Path = ()) -> Iterator[Site]:
    """Every node of an expression."""
    yield Site(path, expr, scope)
    inner = (*scope, expr.index) if isinstance(expr, (Sum, Prod)) else scope
    for n, child in enumerate(children(expr)):
        yield from sites(child, inner, (*path, n))


def put(expr: Expr, path: Path, new: Expr) -> Expr:
    """The expression with another node at a place."""
    if not path:
        return new
    below = [put(child, path[1:], new) if n == path[0] else child for n, child in enumerate(children(expr))]
    return rebuild(expr, tuple(below))


# --- the claims to begin with ----------------------------------------------------------------------------------------------------


@cache
def claims() -> tuple[Claim, ...]:
    """The gradients and the steps of the catalogue with a side that has no derivative in it, which is put on the right."""
    found = []
    for entry in catalogue().values():
        stated = [claim(entry, left, right) for left, right in entry.gradients.items()]
        stated += [claim(entry, step.left, step.right, step.where) for step in entry.steps]
        for c in stated:
            sides = [side for side in (c.right, c.left) if not any(isinstance(s.node, Derivative) for s in sites(side, ()))]
            if sides and c.left != c.right:
                found.append(c if sides[0] is c.right else replace(c, left=c.right, right=c.left))
    return tuple(dict.fromkeys(found))


@cache
def workspace(of: Program) -> Workspace:
    """One workspace a program, so that its Jacobians are made once."""
    return Workspace(of)


# --- mutations: each makes another expression, mostly a wrong one ---------------------------------------------------------------------


def by_sign(site: Site, draw: Random, of: Program) -> Expr | None:
    return neg(site.node)


def by_factor(site: Site, draw: Random, of: Program) -> Expr | None:
    widths: list[Expr] = [Size(i.axis) for i in site.scope] or [num(2)]
    return mul(draw.choice([num(2), num(Fraction(1, 2)), num(3), draw.choice(widths), power(draw.choice(widths), -1)]), site.node)


def by_tensor(site: Site, draw: Random, of: Program) -> Expr | None:
    """Another tensor with the same axes."""
    if not isinstance(site.node, Tensor):
        return None
    axes = of.by_name[site.node.name].axes
    others = [d.name for d in of.definitions if d.axes == axes and d.name != site.node.name]
    return Tensor(draw.choice(others), site.node.indices) if others else None


def by_index(site: Site, draw: Random, of: Program) -> Expr | None:
    """Another index of the same axis in one place, or two indices exchanged."""
    if not isinstance(site.node, (Tensor, Delta)):
        return None
    positions = list(site.node.indices if isinstance(site.node, Tensor) else (site.node.left, site.node.right))
    choices = [
        (n, other)
        for n, p in enumerate(positions)
        for other in (*site.scope, 0, 1)
        if other != p and isinstance(p, Index) and (isinstance(other, int) or other.axis == p.axis)
    ]
    if not choices:
        return None
    n, new = draw.choice(choices)
    if new in positions and draw.random() < 0.5:
        positions[positions.index(new)] = positions[n]
    positions[n] = new
    return Tensor(site.node.name, tuple(positions)) if isinstance(site.node, Tensor) else delta(positions[0], positions[1])


def by_sum(site: Site, draw: Random, of: Program) -> Expr | None:
    """A sum dropped, for one of its terms; or a sum more."""
    if isinstance(site.node, Sum):
        here = [i for i in site.scope if i.axis == site.node.index.axis]
        return substitute(site.node.body, {site.node.index: draw.choice([*here, 0])})
    return Sum(draw.choice(site.scope), site.node) if site.scope else None


def by_little(site: Site, draw: Random, of: Program) -> Expr | None:
    """A constant changed by 10^-12, or what is no constant by a factor that near to 1."""
    if isinstance(site.node, Num):
        return num(site.node.value + draw.choice([TINY, -TINY]))
    return mul(num(1 + draw.choice([TINY, -TINY])), site.node)


def by_exponent(site: Site, draw: Random, of: Program) -> Expr | None:
    if isinstance(site.node, Pow):
        return power(site.node.base, site.node.exponent + draw.choice([-1, 1, Fraction(1, 2)]))
    return power(site.node, draw.choice([2, 3, -1]))


def by_part(site: Site, draw: Random, of: Program) -> Expr | None:
    """A term or a factor left out, or put in twice."""
    if not isinstance(site.node, (Add, Mul)):
        return None
    parts = list(children(site.node))
    n = draw.randrange(len(parts))
    parts[n : n + 1] = draw.choice([[], [parts[n], parts[n]]])
    return (add if isinstance(site.node, Add) else mul)(*parts)


def by_function(site: Site, draw: Random, of: Program) -> Expr | None:
    if isinstance(site.node, Apply):
        return draw.choice([Apply(draw.choice(["exp", "tanh", "sigmoid"]), site.node.argument), site.node.argument])
    return None


MUTATIONS = (by_sign, by_factor, by_tensor, by_tensor, by_index, by_index, by_sum, by_little, by_exponent, by_part, by_function)


# --- rewritings: each makes an expression of the same value -----------------------------------------------------------------------------


def renamed(site: Site, draw: Random, of: Program) -> Expr | None:
    """Another name for a bound index, maybe one that is taken outside."""
    if not isinstance(site.node, (Sum, Prod)):
        return None
    old = site.node.index
    new = fresh(Index(draw.choice(["q", "t", *(i.name for i in site.scope)]), old.axis), (site.node.body.free - {old}) | {old})
    return type(site.node)(new, substitute(site.node.body, {old: new}))


def reordered(site: Site, draw: Random, of: Program) -> Expr | None:
    if not isinstance(site.node, (Add, Mul)):
        return None
    parts = draw.sample(children(site.node), len(children(site.node)))
    return type(site.node)(tuple(parts))


def distributed(site: Site, draw: Random, of: Program) -> Expr | None:
    """A product with a sum, term by term: a(1 − a) becomes a − a·a."""
    if not isinstance(site.node, Mul):
        return None
    sums = [n for n, f in enumerate(site.node.factors) if isinstance(f, Add)]
    if not sums:
        return None
    n = draw.choice(sums)
    rest = site.node.factors[:n] + site.node.factors[n + 1 :]
    return add(*(mul(*rest, term) for term in children(site.node.factors[n])))


def squared(site: Site, draw: Random, of: Program) -> Expr | None:
    """a·a as a², u² as u·u."""
    if isinstance(site.node, Pow) and site.node.exponent == 2:
        return mul(site.node.base, site.node.base)
    if isinstance(site.node, Mul):
        twice = [f for n, f in enumerate(site.node.factors) if f in site.node.factors[:n]]
        if twice:
            rest = list(site.node.factors)
            rest.remove(twice[0])
            rest.remove(twice[0])
            return mul(*rest, power(twice[0], 2))
    return None


def split(site: Site, draw: Random, of: Program) -> Expr | None:
    """Σ(a + b) as Σa + Σb, Σ c·a as c·Σa, two sums in the other order."""
    match site.node:
        case Sum(index, Add(terms)):
            return add(*(Sum(index, t) for t in terms))
        case Sum(index, Mul(factors)) if any(index not in f.free for f in factors):
            outside = [f for f in factors if index not in f.free]
            return mul(*outside, Sum(index, mul(*(f for f in factors if index in f.free))))
        case Sum(index, Sum(other, body)):
            return total(body, other, index)
    return None


def moved_in(site: Site, draw: Random, of: Program) -> Expr | None:
    """c·Σa as Σ c·a."""
    if isinstance(site.node, Mul):
        for n, f in enumerate(site.node.factors):
            if isinstance(f, Sum):
                rest = mul(*site.node.factors[:n], *site.node.factors[n + 1 :])
                new = fresh(f.index, rest.free | (f.body.free - {f.index}))
                return Sum(new, mul(rest, substitute(f.body, {f.index: new})))
    return None


def inlined(site: Site, draw: Random, of: Program) -> Expr | None:
    """A quantity by its definition."""
    if not isinstance(site.node, Tensor):
        return None
    d = of.by_name[site.node.name]
    return None if d.body is None else substitute(d.body, dict(zip(d.indices, site.node.indices, strict=True)))


def shifted(site: Site, draw: Random, of: Program) -> Expr | None:
    """exp(u_k) / Σ exp(u_m), or what is defined so, as exp(u_k − c) / Σ exp(u_m − c)."""
    node = inlined(site, draw, of) or site.node
    match children(node) if isinstance(node, Mul) else ():
        case (Apply("exp", u, 0), Pow(Sum(index, Apply("exp", v, 0)), exponent)) | (
            Pow(Sum(index, Apply("exp", v, 0)), exponent),
            Apply("exp", u, 0),
        ) if exponent == -1:
            by = draw.choice([num(7), *(Tensor(d.name) for d in of.definitions if not d.indices), *_fixed(u)])
            return div(Apply("exp", sub(u, by)), Sum(index, Apply("exp", sub(v, by))))
    return None


def _fixed(u: Expr) -> list[Expr]:
    """The first entry of a vector, as what is subtracted."""
    return [Tensor(u.name, (0,))] if isinstance(u, Tensor) and len(u.indices) == 1 else []


def nothing_added(site: Site, draw: Random, of: Program) -> Expr | None:
    """u + t − t, u·t/t for an exponential t."""
    t: Expr = draw.choice([s for s in (Tensor(d.name, d.indices) for d in of.definitions) if s.free <= {*site.scope}] or [num(3)])
    e = Apply("exp", t)
    return draw.choice([sub(add(site.node, t), t), mul(e, site.node, power(e, -1)), add(mul(t, site.node), mul(sub(ONE, t), site.node))])


REWRITINGS = (renamed, renamed, reordered, distributed, distributed, squared, split, moved_in, inlined, shifted, shifted, nothing_added)
Change = Callable[[Site, Random, Program], Expr | None]


def changed(stated: Claim, ways: Iterable[Change], times: int, draw: Random, nodes: int = 250) -> Claim | None:
    """The claim with its right side changed a few times, or None where no way fits."""
    right, free = stated.right, tuple(sorted(stated.left.free | stated.right.free))
    for _ in range(times):
        new = None
        for _ in range(20):
            site = draw.choice(list(sites(right, free)))
            new = draw.choice(list(ways))(site, draw, stated.program)
            if new is not None:
                break
        if new is None:
            return None
        right = put(right, site.path, new)
        if sum(1 for _ in sites(right, free)) > nodes:
            break
    return None if right == stated.right else replace(stated, right=right)


# --- what is counted -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What became of one claim, a digest of it, and the claim itself where it is a failure."""

    what: str
    claim: str
    failure: str = ""


def mutant(number: int) -> Outcome:
    """The outcome for the mutant of that number: refuted, not decided, another true claim, or a false pass."""
    draw = Random(f"mutant {number}")
    while True:
        origin = draw.choice(claims())
        found = changed(origin, MUTATIONS, 1 + (draw.random() < 0.6), draw)
        if found is None:
            continue
        try:
            decision = workspace(found.program).decide(found.left, found.right, found.conditions)
        except IllTyped:
            continue
        if isinstance(decision, (Refuted, Undecided)):
            return Outcome("refuted" if isinstance(decision, Refuted) else "not decided", digest(found))
        # The original is true; a mutant that passes has to have its value everywhere.
        apart = differ(replace(origin, left=origin.right, right=found.right))
        if apart:
            return Outcome("FALSE PASS", digest(found), f"mutant {number}: {found.left} = {found.right}")
        return Outcome("true after all" if apart is False else "passed, without a value at the points of comparison", digest(found))


def rewritten(number: int) -> Outcome:
    """The outcome for the rewritten true claim of that number: proved, tested, not decided, or a false alarm."""
    draw = Random(f"rewritten {number}")
    while True:
        found = changed(draw.choice(claims()), REWRITINGS, draw.randint(1, 6), draw)
        if found is None:
            continue
        decision = workspace(found.program).decide(found.left, found.right, found.conditions)
        if isinstance(decision, Refuted):
            return Outcome("FALSE ALARM", digest(found), f"rewritten {number}: {found.left} = {found.right}; {decision.witness}")
        what = "proved" if isinstance(decision, Proved) else "not decided" if isinstance(decision, Undecided) else "tested"
        return Outcome(what, digest(found))


def digest(of: Claim) -> str:
    """What tells claims apart."""
    names = tuple(d.name for d in of.program.definitions)
    return sha256(repr((names, of.left, of.right, of.conditions)).encode()).hexdigest()[:16]


KINDS: dict[str, Callable[[int], Outcome]] = {"mutants": mutant, "rewritten": rewritten}


def counted(outcomes: Iterable[Outcome]) -> tuple[Counter[str], int, list[str]]:
    """How many claims had each outcome, how many different ones there were, and the failures."""
    counts: Counter[str] = Counter()
    different: set[str] = set()
    failures = []
    for outcome in outcomes:
        counts[outcome.what] += 1
        different.add(outcome.claim)
        failures += [outcome.failure] if outcome.failure else []
    return counts, len(different), failures


def _batch(kind: str, numbers: range) -> list[Outcome]:
    if numbers.start % 5000 == 0:  # what was computed for thousands of claims is let go
        workspace.cache_clear()
    return [KINDS[kind](number) for number in numbers]


def main() -> int:
    """Run the campaign; 1 if there is a false pass or a false alarm."""
    parser = argparse.ArgumentParser(prog="make soundness", description=__doc__)
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--rewritten", type=int, default=10_000)
    parser.add_argument("--start", type=int, default=0, help="the number of the first claim")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    failures: list[str] = []
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        for kind in KINDS:
            end, size = options.start + getattr(options, kind), 50
            batches = [range(n, min(n + size, end)) for n in range(options.start, end, size)]
            done = track(pool.imap_unordered(partial(_batch, kind), batches), kind, total=len(batches))
            counts, different, failed = counted(outcome for batch in done for outcome in batch)
            failures += failed
            shares = ", ".join(f"{n} {what}" for what, n in counts.most_common())
            print(f"{kind}: {counts.total()}, {different} of them different: {shares}", flush=True)
    print(*failures, sep="\n")
    print("no false pass, no false alarm" if not failures else f"{len(failures)} FAILURES")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
