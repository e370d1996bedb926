"""What is asked of programs besides decisions: which quantities depend on which, and derivatives written out."""

from __future__ import annotations

from itertools import count

from verify.kernel.calculus import Resolver
from verify.kernel.expr import Expr, Index, Prod, Sum, Tensor, children, rebuild, substitute
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


def numbered(expr: Expr) -> Expr:
    """The expression with its bound indices called after their axes and numbered from the outside in, whatever they were called."""
    names = {i.name for i in expr.free}
    fresh = (n for n in count(1) if not any(name.endswith(f"~{n}") for name in names))

    def at(e: Expr) -> Expr:
        if isinstance(e, (Sum, Prod)):
            index = Index(f"{e.index.axis}~{next(fresh)}", e.index.axis)
            return type(e)(index, at(substitute(e.body, {e.index: index})))
        return rebuild(e, tuple(map(at, children(e))))

    return at(expr)
