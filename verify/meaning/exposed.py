"""Definitions that compute through each other where one holds the body of the other: ``H = σ(XW + b)`` beside ``Z = XW + b`` is ``H =
σ(Z)``.

What a body means is unchanged; only then does a derivative by Z see that H depends on it.
"""

from __future__ import annotations

from dataclasses import replace

from verify.kernel.expr import Add, Expr, Index, Mul, Prod, Sum, Tensor, children, rebuild
from verify.kernel.program import Definition, Program


def exposed(program: Program) -> Program:
    """The program with each definition's body, where it stands inside another definition, replaced by the defined quantity."""
    definitions = list(program.definitions)
    for inner in program.definitions:
        if inner.body is None or not isinstance(inner.body, (Add, Mul, Sum)):
            continue
        for n, outer in enumerate(definitions):
            if outer.body is None or outer.name == inner.name or depends(definitions, inner.name, outer.name):
                continue
            body = put(outer.body, inner)
            if body != outer.body and body != Tensor(inner.name, outer.indices):
                definitions[n] = replace(outer, body=body)
    return replace(program, definitions=tuple(in_order(definitions)))


def depends(definitions: list[Definition], name: str, on: str) -> bool:
    """Whether a quantity is computed from another one, directly or not."""
    table = {d.name: d for d in definitions}
    stack, seen = [name], {name}
    while stack:
        found = table.get(stack.pop())
        for other in found.uses if found is not None else ():
            if other == on:
                return True
            if other not in seen:
                seen.add(other)
                stack.append(other)
    return False


def in_order(definitions: list[Definition]) -> list[Definition]:
    """The definitions, each after all that it uses; the given order otherwise. They have no cycle."""
    table = {d.name: d for d in definitions}
    out: dict[str, Definition] = {}

    def visit(d: Definition) -> None:
        if d.name not in out:
            for name in sorted(d.uses):
                if name in table and name != d.name:
                    visit(table[name])
            out[d.name] = d

    for d in definitions:
        visit(d)
    return list(out.values())


def put(expr: Expr, inner: Definition) -> Expr:
    """The expression with every occurrence of a definition's body replaced by its tensor."""
    assert inner.body is not None
    table: dict[Index, Index] = {}
    if match(inner.body, expr, table):
        return Tensor(inner.name, tuple(table.get(i, i) for i in inner.indices))
    below = children(expr)
    if not below:
        return expr
    moved = tuple(put(child, inner) for child in below)
    return expr if moved == below else rebuild(expr, moved)


def match(pattern: Expr, expr: Expr, table: dict[Index, Index]) -> bool:
    """Whether an expression is a pattern with its formal indices renamed by the table, which grows; bound indices may have any name."""
    if type(pattern) is not type(expr):
        return False
    match pattern, expr:
        case Tensor(name, indices), Tensor(other, places):
            if name != other or len(indices) != len(places):
                return False
            return all(
                table.setdefault(i, p) == p if isinstance(i, Index) and isinstance(p, Index) and i.axis == p.axis else i == p
                for i, p in zip(indices, places, strict=True)
            )
        case (Sum(index, body), Sum(other_index, other_body)) | (Prod(index, body), Prod(other_index, other_body)):
            if index.axis != other_index.axis or index in table:
                return False
            inside = {**table, index: other_index}
            if not match(body, other_body, inside):
                return False
            del inside[index]
            table.update(inside)
            return other_index not in table.values()
    ours, theirs = children(pattern), children(expr)
    if len(ours) != len(theirs) or (not ours and pattern != expr):
        return False
    same_node = not ours or rebuild(pattern, theirs) == expr
    return same_node and all(match(a, b, table) for a, b in zip(ours, theirs, strict=True))
