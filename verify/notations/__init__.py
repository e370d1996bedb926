"""Expressions of the kernel as people write them: in index, matrix and loose notation.

Each notation is one function ``sides(page, exprs)``: the sides of a chain as LaTeX, or why they cannot be said so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from verify.kernel.expr import Expr
from verify.notations import index, loose, matrix
from verify.notations.page import Page, Unsayable

Notation = Callable[[Page, Sequence[Expr]], tuple[str, ...] | Unsayable]

NOTATIONS: Mapping[str, Notation] = {"index": index.sides, "matrix": matrix.sides, "loose": loose.sides}
"""The notations by the names that the command line has for them."""
