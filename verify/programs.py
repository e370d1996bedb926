"""What is asked of programs besides decisions: which quantities depend on which, and derivatives written out."""

from __future__ import annotations

from verify.kernel.calculus import Resolver
from verify.kernel.expr import Expr, Tensor, children, rebuild, substitute
from verify.kernel.program import Program


def affected(program: Program, name: str) -> frozenset[str]:
    """The quantities whose value depends on the named one, itself left out."""
    found = {name}
    for definition in program.definitions:
        if not found.isdisjoint(definition.uses):
            found.add(definition.name)
    return frozenset(found - {name})


def resolve(program: Program, expr: Expr) -> Expr:
    """The expression without Derivative nodes, in quantities of the program alone; may be exponential in the depth."""
    resolver = Resolver(program)

    def inlined(e: Expr) -> Expr:
        if isinstance(e, Tensor) and e.name not in program.by_name and e.name in resolver.definitions:
            made = resolver.definitions[e.name]
            assert made.body is not None
            return inlined(substitute(made.body, dict(zip(made.indices, e.indices, strict=True))))
        return rebuild(e, tuple(map(inlined, children(e))))

    return inlined(resolver.resolve(expr))


def in_terms_of(program: Program, expr: Expr, name: str) -> Expr:
    """The expression without Derivative nodes and without quantities that depend on the named one; may be exponential in the depth."""
    moved = affected(program, name)

    def inlined(e: Expr) -> Expr:
        if isinstance(e, Tensor) and e.name in moved:
            made = program.by_name[e.name]
            assert made.body is not None
            return inlined(substitute(made.body, dict(zip(made.indices, e.indices, strict=True))))
        return rebuild(e, tuple(map(inlined, children(e))))

    return inlined(resolve(program, expr))
