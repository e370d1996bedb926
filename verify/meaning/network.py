"""The forward pass that a document declares: its quantities with their axes, as a program of the kernel.

A definition that is not understood is kept with the reason; what depends on it is never refuted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from verify.kernel.expr import Expr
from verify.kernel.program import Program
from verify.meaning.symbols import Lexicon, Occurrence


@dataclass(frozen=True)
class Network:
    """What a document's definitions declare.

    ``slots`` maps each key to the names of its axes; ``failed`` each definition that was not understood to the
    reason; ``functions`` a function's key to its parameters and body; ``arguments`` a quantity written ``f(x, y)`` to
    its argument names; ``sizes`` a name such as N to the axis whose width it is; ``aliases`` a misread key to the
    declared one; ``root`` is the loss, if there is one, ``losses`` are all. ``grids`` holds the row and column axes
    of what is written in matrix notation (None for a single row or column), ``samples`` the axes that run over
    samples. ``assigned`` are the quantities that an assignment defines. ``explicit`` are the quantities that the
    definitions write with all their indices everywhere. In ``numerator_layout`` the derivative of a scalar by a
    matrix is written transposed. ``abstract`` is a loss that is differentiated and never defined: only its first
    derivatives mean anything. ``entry_sizes`` are the widths of the axes of the matrices that the document writes out
    to name their entries; only claims about matrices written out are made at them; ``entry_counts`` are the letters
    that such a matrix counts its rows or columns up to, each with the axis. With ``jacobian_by_columns`` the
    derivative of a vector has the numerator's entries along the columns. ``oriented`` are the vectors that the
    document declares to be a row or a column. ``spoken`` says of a matrix with a lone index letter whether a row (0)
    or a column (1) is meant, where the prose does. With ``differentials``, ``dX`` is a differential and not the
    derivative of the loss by X: the document writes ``dL = …`` itself. With ``gradients``, ``dX`` is the derivative
    although d is a quantity too, because the document writes ``dX = …``. With ``per_sample``, ``dZ`` of a quantity
    that every sample has is the derivative of that sample's loss, and the mean is taken where the weights'
    derivatives are formed.
    """

    words: Lexicon
    program: Program = field(default_factory=Program)
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, tuple[tuple[str, ...], Expr]] = field(default_factory=dict)
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    root: str | None = None
    losses: tuple[str, ...] = ()
    grids: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    samples: frozenset[str] = frozenset()
    assigned: frozenset[str] = frozenset()
    explicit: frozenset[str] = frozenset()
    numerator_layout: bool = False
    abstract: str | None = None
    differentials: bool = False
    gradients: bool = False
    per_sample: bool = False
    entry_sizes: Mapping[str, int] = field(default_factory=dict)
    entry_counts: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[str, int] = field(default_factory=dict)
    """For each axis over which sums of definitions end at one number that number."""
    jacobian_by_columns: bool = False
    oriented: frozenset[str] = frozenset()
    spoken: Mapping[tuple[str, str], int] = field(default_factory=dict)

    averaged: tuple[str, bool] | None = None
    """The number of samples that gradients ``dW`` of parameters alone are divided by, and whether the loss is, too."""
    free: frozenset[str] = frozenset()
    """Symbols that the document never introduces, read as free variables."""


def entry_of(occ: Occurrence, network: Network) -> tuple[str, str]:
    """The quantity and the number of ``x_{1, j}``, whose first index is a number; two empty texts for any other symbol."""
    stem, _, tag = occ.key.rstrip("}").rpartition("_{")
    known = occ.key in network.slots or len(network.slots.get(stem, ())) != len(occ.written) + 1
    return ("", "") if known or not tag.isdigit() or not occ.written else (stem, tag)
