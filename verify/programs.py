"""What is asked of programs besides decisions: which quantities depend on which, and derivatives written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from itertools import count

from verify.kernel.calculus import Resolver
from verify.kernel.expr import Expr, Index, Prod, Sum, Tensor, children, rebuild, substitute
from verify.kernel.program import Definition, Program


def affected(program: Program, name: str) -> frozenset[str]:
    """The quantities whose value depends on the named one, itself left out."""
    found = {name}
    for definition in program.definitions:
        if not found.isdisjoint(definition.uses):
            found.add(definition.name)
    return frozenset(found - {name})


def reached_from(program: Program, name: str) -> frozenset[str]:
    """The quantities that the named one is computed from, itself among them."""
    found: set[str] = set()
    stack = [name]
    while stack:
        key = stack.pop()
        if key not in found:
            found.add(key)
            stack.extend(program.by_name[key].uses if key in program.by_name else ())
    return frozenset(found)


def rewritten(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """The expression with every node for which ``change`` gives another one replaced by that; what is put in is not visited again."""
    new = change(expr)
    if new is not None:
        return new
    below = children(expr)
    moved = tuple(rewritten(child, change) for child in below)
    return expr if moved == below else rebuild(expr, moved)


def resolve(program: Program, expr: Expr) -> Expr:
    """The expression without Derivative nodes, in quantities of the program alone; may be exponential in the depth."""
    resolver = Resolver(program)

    return _inlined(resolver.resolve(expr), resolver.definitions, resolver.definitions.keys() - program.by_name.keys())


def in_terms_of(program: Program, expr: Expr, name: str) -> Expr:
    """The expression without Derivative nodes and without quantities that depend on the named one; may be exponential in the depth."""
    return _inlined(resolve(program, expr), program.by_name, affected(program, name))


def _inlined(expr: Expr, definitions: Mapping[str, Definition], names: Set[str]) -> Expr:
    """The expression with the named quantities replaced by their definitions, over and over."""

    def change(e: Expr) -> Expr | None:
        if not isinstance(e, Tensor) or e.name not in names:
            return None
        made = definitions[e.name]
        assert made.body is not None
        return rewritten(substitute(made.body, dict(zip(made.indices, e.indices, strict=True))), change)

    return rewritten(expr, change)


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
