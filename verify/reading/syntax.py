"""Syntax trees of mathematical notation: frozen nodes, every node with its span.

What the notation leaves open stays open: a call or a product, a superscript that is a power, a layer, a sample or a
transpose, a sum without body, a one-sided partial. ``verify.meaning`` settles it with the whole document in view.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple


class Span(NamedTuple):
    """A stretch of a document's text, as code-point offsets from 0; ``end`` is exclusive."""

    start: int
    end: int


class Remembering:
    """Has room for what was found below a node, and of which classes, so that it is looked for once; no part of the node's value."""

    __slots__ = ("found", "kinds")
    found: Sequence[Node]
    kinds: frozenset[type[Node]]


@dataclass(frozen=True, slots=True)
class Node(Remembering):
    """The common part of every node: where it stands. Spans do not count in comparisons."""

    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A decimal numeral as written: ``2``, ``0.5``."""

    text: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    r"""An identifier without its scripts: ``w``, ``eta`` (from ``\eta``), ``relu`` (from ``\text{relu}``).

    ``font`` is ``""`` or one of bf (also ``\boldsymbol``, ``\bm``, ``\vec`` is an accent), cal, bb, rm, it, sf, frak, tt,
    text. ``accents`` from the inside out: hat, tilde, bar, vec, dot, ddot, check. Greek and other control-word letters are
    named without the backslash (``sigma``, ``varsigma``, ``ell``, ``infty``); Unicode letters likewise (``η`` is ``eta``).
    """

    text: str
    font: str = ""
    accents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scripted(Node):
    """A base with a subscript, a superscript, primes. The superscript's meaning is left open.

    ``x_{ij}`` has the subscript ``Juxtaposed(i, j)``, ``x_{i,j}`` has ``Tuple(i, j)``, ``w_{h1}`` has ``Juxtaposed(h, 1)``;
    ``a^\top`` has the superscript ``Name("top")``; ``x''`` has 2 primes and no superscript.
    """

    base: Node
    sub: Node | None = None
    sup: Node | None = None
    primes: int = 0


@dataclass(frozen=True, slots=True)
class Tuple(Node):
    """Items separated by commas, without delimiters of their own: ``i, j``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Group(Node):
    """A delimited expression; ``delimiter`` is one of ``( [ | || < {`` or a mixed pair such as ``[)``. ``{`` means a visible brace."""

    delimiter: str
    body: Node


@dataclass(frozen=True, slots=True)
class Juxtaposed(Node):
    """Factors side by side: a product, or a function and its argument."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Product(Node):
    r"""Two operands with a product sign between: ``cdot times * . odot circ ast otimes`` (left-associative), or ``/`` and ``div``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Fraction(Node):
    r"""``\frac{a}{b}`` that is not a derivative."""

    numerator: Node
    denominator: Node


@dataclass(frozen=True, slots=True)
class Added(Node):
    """A sum of signed terms; ``signs`` are ``+``, ``-``, ``±`` or ``∓``, one a term; the first is ``+`` if none is written."""

    signs: tuple[str, ...]
    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    r"""A function that needs no parentheses, with its argument: ``\ln x``, ``\exp(x)``, ``\tanh^2 z``, ``\sqrt[3]{x}`` (index 3),
    ``\det A``.

    ``f(x)`` of a plain letter is ``Juxtaposed(f, Group)``: whether it is a call is left open.
    """

    function: Node
    argument: Node
    index: Node | None = None


@dataclass(frozen=True, slots=True)
class Big(Node):
    r"""A big operator: ``sum prod max min argmax argmin lim int``; the body is None for one that stands alone (``\sum'``, ``(\sum)``)."""

    operator: str
    lower: Node | None
    upper: Node | None
    body: Node | None


@dataclass(frozen=True, slots=True)
class Derivative(Node):
    r"""``\frac{\partial A}{\partial B}``, ``dA/dB``, ``\frac{\partial}{\partial B} A`` (operator form: the body is what follows),
    ``\partial_w L``.

    ``numerator`` is None for an operator without operand. ``denominators`` has one entry for each ∂ below; ``order`` is as
    written above (``\partial^2`` is 2). ``one_sided`` is True where only the denominator has a ``\partial``. ``symbol`` is ``partial``
    or ``d``.
    """

    numerator: Node | None
    denominators: tuple[Node, ...]
    order: int = 1
    one_sided: bool = False
    symbol: Literal["partial", "d"] = "partial"


@dataclass(frozen=True, slots=True)
class Nabla(Node):
    r"""``\nabla_W L``, ``\nabla L``, ``\nabla^2``."""

    wrt: Node | None
    order: int
    body: Node | None


@dataclass(frozen=True, slots=True)
class Differential(Node):
    r"""A lone ``\partial A`` outside a fraction; ``order`` is 2 for ``\partial^2``; the body is None for a bare ``\partial``."""

    body: Node | None
    order: int = 1


@dataclass(frozen=True, slots=True)
class CaseRow(Node):
    """One row of ``cases``: its value, and its condition (a relation, a chain, text, or None for otherwise)."""

    value: Node
    condition: Node | None


@dataclass(frozen=True, slots=True)
class Cases(Node):
    """``cases`` or a one-sided brace over rows."""

    rows: tuple[CaseRow, ...]


@dataclass(frozen=True, slots=True)
class Matrix(Node):
    """A matrix or vector written out by rows."""

    rows: tuple[tuple[Node, ...], ...]
    delimiter: str = "["


@dataclass(frozen=True, slots=True)
class Noted(Node):
    r"""``\underbrace{X}_{note}`` and its kin: X, with a note that may be a condition. ``kind``: underbrace, overbrace, underset,
    overset, cancel.
    """

    body: Node
    note: Node | None
    kind: str


@dataclass(frozen=True, slots=True)
class Evaluated(Node):
    r"""``\left. X \right|_{x = 0}``."""

    body: Node
    at: Node | None


@dataclass(frozen=True, slots=True)
class Words(Node):
    r"""Prose inside a formula: ``\text{otherwise}``."""

    text: str


@dataclass(frozen=True, slots=True)
class Ellipsis(Node):
    r"""``\dots``, ``\cdots``, ``\vdots``, ``\ddots``; ``kind`` is the command's name."""

    kind: str


@dataclass(frozen=True, slots=True)
class Reference(Node):
    "r``(2)`` or ``\\eqref{eq:2}`` as an operand that refers to a line with that name; left open where it may be a number in parentheses."

    label: str


@dataclass(frozen=True, slots=True)
class Operator(Node):
    """A factorial, a percent sign, a bare ``\\partial`` and other operators without a node of their own, as an operand: kept, not
    understood.
    """

    text: str
    operands: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable(Node):
    """A stretch that could not be read, and what was expected there. Reading went on after it."""

    expected: str


@dataclass(frozen=True, slots=True)
class Link(Node):
    r"""One relation of a chain: the sign and what stands right of it. ``span`` is the sign's.

    ``relation`` is ``= != < <= > >= approx equiv := <- propto sim in iff leq`` … in ASCII; ``\Leftrightarrow`` between two
    values is ``iff``. ``right`` is Unreadable or None where nothing readable follows.
    """

    relation: str
    right: Node | None


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """``A = B = C``: the first side (None for a chain that begins with its sign and has nothing to continue) and its links."""

    first: Node | None
    links: tuple[Link, ...]

    @property
    def sides(self) -> tuple[Node | None, ...]:
        """The sides in order, None for one that is missing."""
        return (self.first, *(link.right for link in self.links))


@dataclass(frozen=True, slots=True)
class Statement:
    """A chain or a lone expression of a document, with what stands around it.

    ``content`` is a Chain, an expression, or Unreadable. ``label`` is its name (``(2)``, ``\\tag{2}``),
    ``conditions`` are side conditions behind it (``\\forall i: i = k``, ``i \\neq j``, ``\\text{if } x > 0``),
    ``arrow`` is the arrow before it (``Rightarrow``, ``to`` …) or "". ``words`` is the text inside the formula right
    before it (``\\text{Tính: }``).
    """

    content: Node
    label: str = ""
    conditions: tuple[Node, ...] = ()
    arrow: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula of a document (inline or displayed): its span with the delimiters, the span inside, its statements in order."""

    span: Span
    inside: Span
    display: bool
    statements: tuple[Statement, ...]
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Prose:
    """Words between formulas; ``kind`` is paragraph, heading, item, table, quote or code (code is not searched for maths)."""

    span: Span
    text: str
    kind: str = "paragraph"
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What could not be read, where, and what was expected."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class MacroCall:
    """A macro call that is written out: its span in the text with all calls written out, its source in the document, what it becomes.

    ``copied`` are the stretches of arguments that stand in both: (offset there, offset in the document, length).
    """

    span: Span
    source: Span
    text: str
    copied: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A document as read: its text (of a notebook, the sources of all cells joined), formulas and prose in order, diagnostics.

    ``place`` of an offset is (cell or None, line, column), both from 1. A chain that goes on in a later row or formula is one Chain in
    the formula where it began; the links keep their own spans.
    """

    text: str
    parts: tuple[Formula | Prose, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    line_starts: tuple[tuple[int, int | None, int], ...] = ()
    """For each line: (offset, cell or None, line number within its cell or file), in order."""
    plain: Document | None = None
    """The same document with its macros written out, where it uses any; its ``calls`` lead back to this one."""
    calls: tuple[MacroCall, ...] = ()
