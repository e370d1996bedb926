"""What a document believes after a wrong line, and what later lines claim under that belief.

A refuted line about a named derivative or quantity is the document's belief about it. Under the belief that ``∂A/∂B`` is R, the total
derivative of E by w is

    ∂E/∂w  +  Σ ∂E/∂A (R − ∂A/∂B) ∂B/∂w,

the sum over the indices of A and B: of all paths from w to E, those through B and then A carry R in the place of the true ``∂A/∂B``.
One formula serves three kinds of belief: the derivative itself (E is A, w is B), a local derivative, and an adjoint (A is the loss). R is
expanded under the truth. The belief that a quantity is R is the program with that definition.

What a line claims under a belief is again a claim about a program, and the kernel decides it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from verify.deciding import Decider
from verify.kernel.expr import (
    ONE,
    Delta,
    Derivative,
    Expr,
    Index,
    Prod,
    Sum,
    Tensor,
    add,
    fresh,
    mul,
    sub,
    substitute,
    total,
)
from verify.kernel.program import Condition, Definition, Equal, Program, nodes
from verify.meaning.claims import Typed
from verify.mistakes._mistake import factors
from verify.programs import rewritten
from verify.reading.syntax import Added, Juxtaposed, Node, Span
from verify.reading.syntax import Derivative as DerivativeNode

Named = Mapping[str, tuple[Tensor, Derivative]]
"""The quantities that a document defines as derivatives, with the derivatives."""


@dataclass(frozen=True)
class Belief:
    """What a refuted line makes the document believe: the line's number, its relation sign, the network it is about, and what is believed.

    Of a derivative: ``top`` and ``by`` with the indices of the line, and the ``value``. Of a quantity: ``program``, the forward pass with
    the believed definition.
    """

    line: int
    sign: Span
    scope: int
    top: Tensor | None = None
    by: Tensor | None = None
    value: Expr = ONE
    program: Program | None = None

    def under(self, claim: Typed, named: Named) -> Typed | None:
        """What the claim says under the belief; None where it says nothing else than without it."""
        if self.program is not None:
            return claim
        left, right = (rewritten(written_out(side, named), self._believed) for side in (claim.left, claim.right))
        if (left, right) == (claim.left, claim.right):
            return None
        return replace(claim, left=left, right=right)

    def _believed(self, expr: Expr) -> Expr | None:
        match expr:
            case Derivative(body, wrt) if not any(isinstance(n, Derivative) for n in nodes({}, body)):
                return self._derivative(body, wrt)
            case Derivative():
                return expr
        return None

    def _derivative(self, body: Expr, wrt: Tensor) -> Expr:
        assert self.top is not None and self.by is not None
        taken = {i for n in nodes({}, body, wrt) for i in (*n.free, *((n.index,) if isinstance(n, (Sum, Prod)) else ()))}
        table: dict[Index, Index] = {}
        for index in sorted(self.top.free | self.by.free):
            table[index] = fresh(Index(f"{index.name}~", index.axis), taken | set(table.values()))
        top, by, value = (substitute(e, table) for e in (self.top, self.by, self.value))
        assert isinstance(top, Tensor) and isinstance(by, Tensor)
        change = mul(Derivative(body, top), sub(value, Derivative(top, by)), Derivative(by, wrt))
        return add(Derivative(body, wrt), total(change, *table.values()))


def written_out(expr: Expr, named: Named) -> Expr:
    """The expression with the names of derivatives (``δ`` for ``∂L/∂z``) replaced by the derivatives."""

    def change(e: Expr) -> Expr | None:
        if isinstance(e, Tensor) and e.name in named:
            name, derivative = named[e.name]
            return substitute(derivative, {i: p for i, p in zip(name.indices, e.indices, strict=True) if isinstance(i, Index)})
        return e if isinstance(e, Derivative) else None

    return rewritten(expr, change)


def naming(claim: Typed) -> tuple[Tensor, Derivative] | None:
    """The quantity and the derivative that a definition ``δ = ∂L/∂z`` gives a name to."""
    left, right = claim.left, claim.right
    if isinstance(left, Tensor) and isinstance(right, Derivative) and apart(left) and left.free == right.free:
        return left, right
    return None


def belief(claim: Typed, decider: Decider, named: Named, line: int, sign: Span, scope: int) -> Belief | None:
    """What a refuted claim makes the document believe, if its left side is one derivative or quantity, and it does not make life easy."""
    program = decider.program
    left, value = written_out(claim.left, named), claim.right
    if not value.free <= left.free | conditioned(claim.conditions) or claim.loose_ends:
        return None
    if isinstance(left, Tensor):
        definition = program.by_name.get(left.name)
        if definition is None or definition.body is None or not apart(left):
            return None
        body = substitute(definition.body, dict(zip(definition.indices, left.indices, strict=True)))
        return _of_quantity(left, body, claim, decider, Belief(line, sign, scope))
    if not (isinstance(left, Derivative) and isinstance(left.body, Tensor) and apart(left.body) and apart(left.wrt)):
        return None
    if degenerate(value, left, decider, claim.conditions):
        return None
    for condition in claim.conditions:
        one = Delta(condition.left, condition.right)
        if not one.free <= left.free:
            return None
        # Where the condition does not hold, nothing is believed: the truth stays.
        kept = one if isinstance(condition, Equal) else sub(ONE, one)
        value = add(mul(kept, value), mul(sub(ONE, kept), left))
    return Belief(line, sign, scope, left.body, left.wrt, value)


def _of_quantity(left: Tensor, body: Expr, claim: Typed, decider: Decider, found: Belief) -> Belief | None:
    """The belief that a defined quantity is something else: the program with that definition, as far as it is one."""
    program = decider.program
    if claim.conditions or claim.sizes or any(isinstance(n, Derivative) for n in nodes(program.by_name, claim.right)):
        return None
    if any(isinstance(n, Tensor) and n.name == left.name for n in nodes(program.by_name, claim.right)):
        return None
    if degenerate(claim.right, body, decider, ()):
        return None
    earlier = [d.name for d in program.definitions[: program.definitions.index(program.by_name[left.name])]]
    if any(isinstance(n, Tensor) and n.name not in earlier for n in nodes({}, claim.right)):
        return None
    formal = program.by_name[left.name].indices
    table = {old: new for old, new in zip(left.indices, formal, strict=True) if isinstance(old, Index)}
    new = Definition(left.name, formal, substitute(claim.right, table))
    return replace(found, program=replace(program, definitions=tuple(new if d.name == new.name else d for d in program.definitions)))


def factorwise(left: Node, right: Node) -> Iterator[tuple[tuple[Node, Node], ...]]:
    """Ways to see a line as a product of equations: each factor of the left side beside a stretch of the factors of the right one."""
    ones = factors(left)
    negative = isinstance(right, Added) and right.signs == ("-",)
    others = factors(right.terms[0] if negative and isinstance(right, Added) else right)
    if not 2 <= len(ones) <= len(others) <= 8 or not any(isinstance(one, DerivativeNode) for one in ones):
        return
    for cuts in combinations(range(1, len(others)), len(ones) - 1):
        ends = (0, *cuts, len(others))
        groups = [others[a:b] for a, b in pairwise(ends)]
        sides: list[Node] = [g[0] if len(g) == 1 else Juxtaposed(right.span, tuple(g)) for g in groups]
        if negative:
            sides[0] = Added(right.span, ("-",), (sides[0],))
        yield tuple(zip(ones, sides, strict=True))


def degenerate(value: Expr, truth: Expr, decider: Decider, conditions: tuple[Condition, ...]) -> bool:
    """Whether a believed value makes life easy: it is 0, or is free of what it should depend on and has nothing in its place."""
    if decider.vanishes(value, conditions):
        return True
    believed, true = leaves(value, decider), leaves(truth, decider)
    return len(true - believed) > len(believed - true)


def leaves(expr: Expr, decider: Decider) -> frozenset[str]:
    """The inputs, weights and targets that an expression depends on."""
    resolver = decider.assumed.kernel.resolver
    resolved = resolver.resolve(expr)
    table = resolver.definitions
    return frozenset(n.name for n in nodes(table, resolved) if isinstance(n, Tensor) and table[n.name].body is None)


def conditioned(conditions: tuple[Condition, ...]) -> frozenset[Index]:
    """The indices that conditions are about."""
    return frozenset(p for c in conditions for p in (c.left, c.right) if isinstance(p, Index))


def apart(tensor: Tensor) -> bool:
    """Whether a tensor stands with an index of its own for each of its axes."""
    return len(tensor.free) == len(tensor.indices)
