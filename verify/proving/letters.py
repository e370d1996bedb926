"""One letter an axis: the indices of a program renamed, so that a proof has the same letter for an axis wherever it can."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from verify.kernel.expr import Delta, Expr, Index, Position, Prod, Sum, Tensor, children, fresh, rebuild
from verify.kernel.program import Definition, Program
from verify.notations.page import tensor_name

LETTERS = "ijkmnpqrsluv"
"""The letters that an index may have, the plainest first."""


def lettered(program: Program) -> Program:
    """The same program with the index of each axis called by one letter; a second index of an axis beside it has a prime."""
    letters = _letters(program)
    return replace(program, definitions=tuple(_renamed(d, letters) for d in program.definitions))


def _renamed(definition: Definition, letters: dict[str, str]) -> Definition:
    table: dict[Index, Index] = {}
    for index in definition.indices:
        table[index] = fresh(Index(letters[index.axis], index.axis), set(table.values()))
    body = None if definition.body is None else _in(definition.body, table, letters)
    return replace(definition, indices=tuple(table[i] for i in definition.indices), body=body)


def _in(expr: Expr, table: dict[Index, Index], letters: dict[str, str]) -> Expr:
    """The expression with its free indices renamed by the table, its bound ones by their axis, out of the way of all in scope."""

    def at(position: Position) -> Position:
        return table[position] if isinstance(position, Index) else position

    match expr:
        case Sum(index, body) | Prod(index, body):
            kept = {i: new for i, new in table.items() if i != index}
            new = fresh(Index(letters[index.axis], index.axis), set(kept.values()))
            return type(expr)(new, _in(body, {**kept, index: new}, letters))
        case Tensor(name, positions):
            return Tensor(name, tuple(map(at, positions)))
        case Delta(left, right):
            return Delta(at(left), at(right))
    below = children(expr)
    return rebuild(expr, tuple(_in(child, table, letters) for child in below)) if below else expr


def _letters(program: Program) -> dict[str, str]:
    """A letter for each axis: the one that the program has most for it, else the next that is free."""
    used: dict[str, Counter[str]] = {}
    for definition in program.definitions:
        for index in (*definition.indices, *_bound(definition.body)):
            used.setdefault(index.axis, Counter())[index.name] += 1
    taken = {tensor_name(d.name) for d in program.definitions}
    found: dict[str, str] = {}
    pool = [c for c in LETTERS if c not in taken]
    for axis, names in used.items():
        own = [name for name, _ in names.most_common() if name in pool and name not in found.values()]
        rest = [c for c in pool if c not in found.values()]
        found[axis] = next(iter((*own, *rest)), axis)
    return found


def _bound(expr: Expr | None) -> list[Index]:
    found: list[Index] = []
    stack = [] if expr is None else [expr]
    while stack:
        top = stack.pop()
        if isinstance(top, Sum | Prod):
            found.append(top.index)
        stack.extend(children(top))
    return found
