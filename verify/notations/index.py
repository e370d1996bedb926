"""Index notation: every index written, every sum with its index. Unambiguous; it is also how a report says how a line was read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from verify.kernel.expr import Delta, Expr, Index, Position, Prod, Sum, Tensor
from verify.kernel.program import Program
from verify.notations.page import Page, Unsayable, indices_of, naming, tensor_name
from verify.notations.printer import PRODUCT, Printer, wrapped


def sides(page: Page, exprs: Sequence[Expr]) -> tuple[str, ...] | Unsayable:
    """The expressions in index notation, or why they cannot be said so."""
    try:
        return tuple(_Indices(page).text(expr) for expr in exprs)
    except Unsayable as reason:
        return reason


LAYER_TAGS = {letter: chr(ord("𝖺") + ord(letter) - ord("a")) for letter in map(chr, range(ord("a"), ord("z") + 1))}
"""The tags of quantities that a document tells apart by the letter of their index: letters that no document uses."""
PLAIN_TAGS = str.maketrans({tag: letter for letter, tag in LAYER_TAGS.items()})
_TAG_BEFORE_INDICES = re.compile(f"_{{[{''.join(LAYER_TAGS.values())}],")


def shown(expr: Expr, names: Mapping[Index, str] | None = None) -> str:
    """LaTeX for an expression; indices keep their letters where these are free, implicit ones get letters of their own.

    Tags that a document says by the letter of an index are left out.
    """
    letters = names if names is not None else naming(_written([expr]))
    return _TAG_BEFORE_INDICES.sub("_{", _Indices(Page(Program(), letters)).text(expr)).translate(PLAIN_TAGS)


def shown_relation(left: Expr, right: Expr) -> str:
    """LaTeX for an equation, with the same letters on both sides."""
    names = naming(_written([left, right]))
    return f"{shown(left, names)} = {shown(right, names)}"


def _written(exprs: Iterable[Expr]) -> list[Index]:
    """The indices in order of their first use."""
    return list(dict.fromkeys(indices_of(exprs)))


class _Indices(Printer):
    def at(self, position: Position) -> str:
        return str(position + 1) if isinstance(position, int) else self.page.letters.get(position, position.name)

    def script(self, positions: Sequence[Position]) -> str:
        apart = len(positions) > 1 and any(isinstance(i, int) for i in positions) and not all(isinstance(i, int) for i in positions)
        return (", " if apart else "").join(self.at(i) for i in positions)

    def tensor(self, expr: Tensor) -> str:
        name, script = tensor_name(expr.name), self.script(expr.indices)
        if not script:
            return name
        if "_{" in name and name.endswith("}"):
            return f"{name[:-1]},{script}}}"
        return f"{name}_{{{script}}}" if len(script) > 1 else f"{name}_{script}"

    def delta(self, expr: Delta) -> str:
        return rf"\delta_{{{self.script((expr.left, expr.right))}}}"

    def big(self, expr: Sum | Prod, level: int) -> str:
        sign = r"\sum" if isinstance(expr, Sum) else r"\prod"
        width = self.page.widths.get(expr.index.axis)
        bounds = f"_{{{self.at(expr.index)}=1}}^{{{width}}}" if width else f"_{{{self.at(expr.index)}}}"
        return wrapped(f"{sign}{bounds} {self.text(expr.body, PRODUCT)}", level, PRODUCT)
