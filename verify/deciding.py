"""Claims to decisions: the kernel asked without and with the assumptions that a document makes or leaves unstated."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from verify.kernel.calculus import RULES
from verify.kernel.decision import IllTyped, Proved, Refuted, Tested, Undecided, Witness
from verify.kernel.expr import ONE, Apply, Expr, add
from verify.kernel.program import Assumption, Condition, Definition, Program, nodes
from verify.meaning.claims import LEARNING_RATES, Typed
from verify.meaning.network import Network
from verify.programs import numbered
from verify.workspace import Workspace


@dataclass(frozen=True)
class Outcome:
    """A decision with the assumptions that it was made under."""

    decision: Proved | Tested | Refuted | Undecided
    assumptions: tuple[Assumption, ...] = ()


Sides = tuple[Expr, Expr, tuple[Condition, ...], tuple[tuple[Expr, ...], ...]]


class Explained:
    """What mends refuted lines, as far as it was looked for: of so many lines, those that were asked for last."""

    def __init__(self, most: int = 3_000) -> None:
        self.most = most
        self._kept: dict[Hashable, list[tuple[Network, Any]]] = {}

    def get(self, line: Hashable, network: Network) -> Any:
        """What is kept of a line in a document that declares the network; None where nothing is."""
        kept = self._kept.pop(line, [])
        if kept:
            self._kept[line] = kept
        return next((found for other, found in kept if other == network), None)

    def put(self, line: Hashable, network: Network, found: Any) -> None:
        """Keep what was found of a line."""
        self._kept.setdefault(line, []).append((network, found))
        while sum(map(len, self._kept.values())) > self.most:
            del self._kept[next(iter(self._kept))]


class Decider:
    """Decides claims about one program, first as they stand, then under the assumptions at hand; each claim once.

    ``assumptions`` are what the document states and what its shape suggests (Σy = 1 for a target under a logarithm). A claim that needs
    none of them is decided without them. What is decided about a claim does not depend on what was asked before it.
    """

    def __init__(self, program: Program, assumptions: Iterable[Assumption], explained: Explained | None = None) -> None:
        self.program = program
        self.assumptions = frozenset(assumptions)
        self._sized: dict[tuple[tuple[str, int], ...], Decider] = {}
        self.plain = Workspace(replace(program, assumptions=frozenset()))
        self.assumed = Workspace(replace(program, assumptions=self.assumptions)) if self.assumptions else self.plain
        self._screened: dict[Sides, bool] = {}
        self._held: dict[Sides, Outcome | None] = {}
        self._refused: dict[Sides, Outcome] = {}
        self._vanishing: dict[tuple[Expr, tuple[Condition, ...]], bool] = {}
        self._smallest: dict[Refuted, Witness] = {}
        self.agreed: dict[tuple[str, str], bool] = {}
        """What second opinions have said of derivatives: see judging."""
        self.explained = explained if explained is not None else Explained()
        """What mends refuted lines, as far as it was looked for: see explaining."""

    @property
    def asked(self) -> int:
        """How many claims have been sifted: a measure of the memory in use."""
        return len(self._screened) + len(self._held) + len(self._vanishing) + sum(1 + d.asked for d in self._sized.values())

    def at(self, claim: Typed) -> Decider:
        """The decider for the widths that a claim is made at: itself, where the claim says none."""
        if not claim.sizes:
            return self
        if claim.sizes not in self._sized:
            sizes = {**dict(self.program.sizes), **dict(claim.sizes)}
            self._sized[claim.sizes] = Decider(replace(self.program, sizes=tuple(sorted(sizes.items()))), self.assumptions, self.explained)
        return self._sized[claim.sizes]

    def workspaces(self) -> Iterable[Workspace]:
        """The workspaces in the order in which they are asked."""
        return (self.plain,) if self.plain is self.assumed else (self.plain, self.assumed)

    def vanishes(self, expr: Expr, conditions: tuple[Condition, ...]) -> bool:
        """Whether an expression is 0 wherever the conditions hold, by sampling; used to find readings, never for a verdict."""
        key = expr, conditions
        if key not in self._vanishing:
            try:
                self._vanishing[key] = self.assumed.vanishes(expr, conditions)
            except IllTyped:
                self._vanishing[key] = False
        return self._vanishing[key]

    def screens(self, claim: Typed) -> bool:
        """Whether a claim agrees at sampled points under the assumptions; used to sift candidates, never for a verdict."""
        key = _sides(claim)
        if key not in self._screened:
            try:
                agree = self.assumed.screen(claim.left, claim.right, claim.conditions)
                self._screened[key] = agree and self._partitioned(claim)
            except IllTyped:
                self._screened[key] = False
        return self._screened[key]

    def holds(self, claim: Typed) -> Outcome | None:
        """The decision that a claim is true, or None if it is not decided to be so."""
        key = _sides(claim)
        if key not in self._held:
            self._held[key] = self._holds(claim)
        return self._held[key]

    def _holds(self, claim: Typed) -> Outcome | None:
        sides = claim.left, claim.right, claim.conditions
        try:
            agreeing = [w for w in self.workspaces() if w.screen(*sides)]
            if not agreeing or not self._partitioned(claim):
                return None
            proofs = (w.kernel.prove(*sides) for w in agreeing)
            decision = next((p for p in proofs if p is not None), None) or agreeing[0].decide(*sides)
        except IllTyped:
            return None
        if isinstance(decision, (Proved, Tested)):
            return Outcome(decision, tuple(sorted(decision.assumptions, key=repr)))
        return None

    def open_functions(self, expr: Expr) -> frozenset[tuple[str, int]]:
        """The functions without a rule that an expression rests on, with how often each is differentiated."""
        resolver = self.assumed.kernel.resolver
        found = nodes(resolver.definitions, resolver.resolve(expr))
        return frozenset((n.function, n.order) for n in found if isinstance(n, Apply) and n.function not in RULES)

    def unlike(self, claim: Typed, generic: frozenset[str]) -> str | None:
        """A function that the document leaves open and that the two sides use differently, or None.

        Such a claim may hold for the function that is meant, so that a counterexample with another one says nothing.
        ``generic`` are the functions that the document itself uses with a prime, as any function: they must only
        stand on both sides.
        """
        one, other = self.open_functions(claim.left), self.open_functions(claim.right)
        apart = {name for name, _ in one} ^ {name for name, _ in other}
        apart |= {name for name, _ in one ^ other if name not in generic}
        return min(apart) if apart else None

    def refuses(self, claim: Typed) -> Outcome:
        """The decision on a claim that was not found to hold: refuted with a witness, or undecided with the reason."""
        key = _sides(claim)
        if key not in self._refused:
            try:
                self._refused[key] = Outcome(self.assumed.decide(claim.left, claim.right, claim.conditions))
            except IllTyped as reason:
                self._refused[key] = Outcome(Undecided(str(reason)))
        return self._refused[key]

    def smallest(self, refuted: Refuted) -> Witness:
        """The witness of a claim that was refuted here, shrunk to the smallest widths at which both sides still visibly differ."""
        if refuted not in self._smallest:
            self._smallest[refuted] = self.assumed.shrink(refuted)
        return self._smallest[refuted]

    def _partitioned(self, claim: Typed) -> bool:
        return all(self.assumed.screen(add(*guards), ONE, ()) for guards in claim.partitions)


def shared(program: Program) -> Program:
    """The program with its bound indices numbered and every usual learning rate among its leaves, whether it is used or not."""
    used = {name for d in program.definitions for name in d.uses}
    leaves = [Definition(name) for name in sorted(LEARNING_RATES) if name not in used]
    rates = [leaf for leaf in leaves if program.by_name.get(leaf.name, leaf) == leaf]
    rest = [d if d.body is None else replace(d, body=numbered(d.body)) for d in program.definitions if d not in rates]
    return replace(program, definitions=(*rates, *rest))


def _sides(claim: Typed) -> Sides:
    return claim.left, claim.right, claim.conditions, claim.partitions


class Deciders:
    """The deciders asked last, so that documents on one network share what is decided. For one thread at a time.

    Documents that differ in the letters of bound indices, or in that of the learning rate, share a decider.
    """

    def __init__(self, most: int = 8, claims: int = 8_000) -> None:
        self.most, self.claims = most, claims
        self._explained = Explained()
        self._kept: dict[tuple[Program, frozenset[Assumption]], Decider] = {}

    def of(self, program: Program, assumptions: Iterable[Assumption]) -> Decider:
        """The decider for a program under assumptions: one at hand, or a new one where there is none or it has grown too large."""
        key = shared(program), frozenset(assumptions)
        found = self._kept.pop(key, None)
        if found is None or found.asked > self.claims:
            found = Decider(*key, self._explained)
        self._kept[key] = found
        while len(self._kept) > self.most:
            del self._kept[next(iter(self._kept))]
        return found
