"""Definitions that compute through each other where one holds the body of the other: ``H = σ(XW + b)`` beside ``Z = XW + b`` is ``H =
σ(Z)``.

What a body means is unchanged; only then does a derivative by Z see that H depends on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from verify.kernel.expr import Add, Expr, Index, Mul, Prod, Sum, Tensor, children, rebuild
from verify.kernel.program import Definition, Program, nodes

Shape = int
"""A hash of an expression without the names of its indices."""


def exposed(program: Program) -> Program:
    """The program with each definition's body, where it stands inside another definition, replaced by the defined quantity."""
    table = dict(program.by_name)
    whole: defaultdict[tuple[Shape, bool], dict[str, None]] = defaultdict(dict)
    within: defaultdict[Shape, dict[str, None]] = defaultdict(dict)
    shapes: dict[Expr, Shape] = {}

    def enter(name: str, body: Expr) -> None:
        """Note under which shapes parts of a body are found."""
        whole[shape(body, shapes), bool(table[name].indices)][name] = None
        for node in nodes({}, *children(body)):
            within[shape(node, shapes)][name] = None

    places = {d.name: n for n, d in enumerate(program.definitions)}
    for d in program.definitions:
        if d.body is not None:
            enter(d.name, d.body)
    for inner in program.definitions:
        if inner.body is None or not isinstance(inner.body, (Add, Mul, Sum)):
            continue
        alike = shape(inner.body, shapes)
        # Of two numbers that are the same neither is a part of the other; a matrix may be another one with its indices exchanged.
        found = within.get(alike, {}) | whole.get((alike, True), {}) | (whole.get((alike, False), {}) if inner.indices else {})
        found.pop(inner.name, None)
        above = above_of(table, inner.name) if found else frozenset()
        for name in sorted(found.keys() - above, key=places.__getitem__):
            outer = table[name]
            assert outer.body is not None
            body = put(outer.body, inner)
            if body != outer.body and body != Tensor(inner.name, outer.indices):
                table[name] = replace(outer, body=body)
                enter(name, body)
    return replace(program, definitions=tuple(in_order([table[d.name] for d in program.definitions])))


def shape(expr: Expr, known: dict[Expr, Shape]) -> Shape:
    """What an expression has in common with all that match it: the same number for the same nodes over the same axes. The table grows."""
    stack = [expr]
    while expr not in known:
        top = stack[-1]
        missing = [child for child in children(top) if child not in known]
        stack.extend(missing)
        if not missing:
            stack.pop()
            own = tuple(p.axis if isinstance(p, Index) else p for p in top.parts if not isinstance(p, Expr))
            known[top] = hash((type(top).__name__, own, tuple(known[child] for child in children(top))))
    return known[expr]


def above_of(table: Mapping[str, Definition], name: str) -> frozenset[str]:
    """The quantities that one is computed from, directly or not."""
    stack, seen = [name], set[str]()
    while stack:
        found = table.get(stack.pop())
        new = found.uses - seen if found is not None else frozenset[str]()
        seen |= new
        stack.extend(new)
    return frozenset(seen)


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
