"""Claims to decisions: the kernel asked without and with the assumptions that a document makes or leaves unstated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from verify.kernel.calculus import RULES
from verify.kernel.decision import IllTyped, Proved, Refuted, Tested, Undecided
from verify.kernel.expr import ONE, Apply, Expr, add
from verify.kernel.program import Assumption, Condition, Program, nodes
from verify.meaning.claims import Typed
from verify.workspace import Workspace


@dataclass(frozen=True)
class Outcome:
    """A decision with the assumptions that it was made under."""

    decision: Proved | Tested | Refuted | Undecided
    assumptions: tuple[Assumption, ...] = ()


class Decider:
    """Decides claims about one program, first as they stand, then under the assumptions at hand.

    ``assumptions`` are what the document states and what its shape suggests (Σy = 1 for a target under a logarithm). A claim that needs
    none of them is decided without them.
    """

    def __init__(self, program: Program, assumptions: Iterable[Assumption]) -> None:
        self.program = program
        self.assumptions = frozenset(assumptions)
        self.plain = Workspace(replace(program, assumptions=frozenset()))
        self.assumed = Workspace(replace(program, assumptions=self.assumptions)) if self.assumptions else self.plain

    def workspaces(self) -> Iterable[Workspace]:
        """The workspaces in the order in which they are asked."""
        return (self.plain,) if self.plain is self.assumed else (self.plain, self.assumed)

    def vanishes(self, expr: Expr, conditions: tuple[Condition, ...]) -> bool:
        """Whether an expression is 0 wherever the conditions hold, by sampling; used to find readings, never for a verdict."""
        try:
            return self.assumed.vanishes(expr, conditions)
        except IllTyped:
            return False

    def screens(self, claim: Typed) -> bool:
        """Whether a claim agrees at sampled points under the assumptions; used to sift candidates, never for a verdict."""
        try:
            return self.assumed.screen(claim.left, claim.right, claim.conditions) and self._partitioned(claim)
        except IllTyped:
            return False

    def holds(self, claim: Typed) -> Outcome | None:
        """The decision that a claim is true, or None if it is not decided to be so."""
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

        Such a claim may hold for the function that is meant, so that a counterexample with another one says nothing. ``generic`` are
        the functions
        that the document itself uses with a prime, as any function: they must only stand on both sides.
        """
        one, other = self.open_functions(claim.left), self.open_functions(claim.right)
        apart = {name for name, _ in one} ^ {name for name, _ in other}
        apart |= {name for name, _ in one ^ other if name not in generic}
        return min(apart) if apart else None

    def refuses(self, claim: Typed) -> Outcome:
        """The decision on a claim that was not found to hold: refuted with a witness, or undecided with the reason."""
        try:
            return Outcome(self.assumed.decide(claim.left, claim.right, claim.conditions))
        except IllTyped as reason:
            return Outcome(Undecided(str(reason)))

    def _partitioned(self, claim: Typed) -> bool:
        return all(self.assumed.screen(add(*guards), ONE, ()) for guards in claim.partitions)
