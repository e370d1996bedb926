"""What a document writes with: a letter for each index, a name for each tensor and each width, columns or rows."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from verify.kernel.expr import Add, Derivative, Expr, Index, Prod, Size, Sum, children
from verify.kernel.program import Program

LETTERS = "ijklmnpqrstuv"
MORE_LETTERS = "abcdfghowxyz"
WIDTHS = "NMDKHTCPQRABUVWXYZ"
GREEK = frozenset(
    {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi"}
    | {"pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma"}
    | {"Phi", "Psi", "Omega"}
)


class Unsayable(Exception):
    """What a notation has no way to write; says what and why."""


@dataclass(frozen=True)
class Page:
    """How one document writes the quantities of a program.

    ``letters`` has a letter for each index, ``widths`` one for each axis whose number of positions is written. With ``rows`` a tensor
    of one axis is a row in matrix notation, else a column. A tensor of two axes has its first axis along its rows.
    """

    program: Program
    letters: Mapping[Index, str] = field(default_factory=dict)
    widths: Mapping[str, str] = field(default_factory=dict)
    rows: bool = False


def page_of(program: Program, exprs: Iterable[Expr] = (), rows: bool = False) -> Page:
    """The page for a program's definitions and further expressions, with one letter for an index all through."""
    own: list[Expr] = [d.body for d in program.definitions if d.body is not None]
    every = [*own, *exprs]
    taken = {tensor_name(d.name) for d in program.definitions}
    formal = dict.fromkeys(i for d in program.definitions for i in d.indices)
    bound = {i.name for expr in own for node in below(expr) if isinstance(node, (Sum, Prod)) for i in (node.index,)}
    letters = naming([*formal, *indices_of(every)], taken, bound | {*LETTERS})
    sized = {axis for expr in every for node in below(expr) if (axis := counted(node)) is not None}
    axes = [axis for axis in dict.fromkeys(i.axis for d in program.definitions for i in d.indices) if axis in sized]
    free = iter(c for c in WIDTHS if c not in taken)
    return Page(program, letters, {axis: next(free) for axis in axes}, rows)


def counted(node: Expr) -> str | None:
    """The axis whose number of positions a node is, or becomes where it sums something that is the same all along the axis; else None."""
    match node:
        case Size(axis):
            return axis
        case Sum(index, body):
            terms = body.terms if isinstance(body, Add) else (body,)
            return index.axis if any(index not in term.free for term in terms) else None
    return None


def naming(indices: Iterable[Index], taken: Iterable[str] = (), usual: Container[str] | None = None) -> dict[Index, str]:
    """A distinct letter for each index: its own where that is one letter, free and usual for an index, else the next of ``i, j, k, …``."""
    used = set(taken)
    names: dict[Index, str] = {}
    for index in sorted(dict.fromkeys(indices), key=lambda i: (i.name.startswith("·"), "~" in i.name)):
        wanted = index.name.split("~")[0].rstrip("'")
        strange = usual is not None and wanted not in usual
        if strange or wanted.startswith("·") or wanted in used or not wanted.isalpha() or len(wanted) > 1:
            wanted = next((c for c in LETTERS + MORE_LETTERS if c not in used), f"i_{{{len(names)}}}")
        names[index] = wanted
        used.add(wanted)
    return names


def below(expr: Expr) -> Iterator[Expr]:
    """The expression and every node in it, from the left."""
    stack = [expr]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(children(top)))


def indices_of(exprs: Iterable[Expr]) -> Iterator[Index]:
    """The indices of the expressions, free and bound, in reading order, with repetitions."""
    for expr in exprs:
        for node in below(expr):
            yield from sorted(node.free)
            if isinstance(node, (Sum, Prod)):
                yield node.index


def tensor_name(name: str) -> str:
    r"""The name in LaTeX: ``w_h1`` is ``w_{h1}``, ``delta`` is ``\delta``; what is LaTeX already stays."""
    if "{" in name or "\\" in name:
        return name
    stem, _, script = name.partition("_")
    stem = f"\\{stem}" if stem in GREEK else stem
    if len(script) == 1 and script in LETTERS + "cdfg":
        script = rf"\text{{{script}}}"  # a tag, not an index
    return f"{stem}_{{{script}}}" if script else stem


def index_name(name: str) -> str:
    """The name of an index in LaTeX: ``j1`` is ``j_{1}``."""
    found = re.fullmatch(r"([A-Za-z]+)(\d+)", name)
    return f"{found[1]}_{{{found[2]}}}" if found else name


def diagonal(expr: Derivative) -> bool:
    """Whether both ends of a derivative carry an index in common: one entry of an elementwise Jacobian or of a local factor."""
    return bool(expr.body.free & expr.wrt.free)
