"""The definitions of a document, found by their form, and the stretches of the document in which each is in force.

A quantity is defined where it first stands alone on the left. It is defined anew where the document says so: by ``f(x, y) = …``, by ``:=`` or a
word such as "let", or under a new heading in terms of other quantities. From there on a new *scope* begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from verify.meaning.elaborate import function_name
from verify.meaning.symbols import Lexicon, iteration, keys_in, letter_of, occurrence
from verify.reading.syntax import (
    Chain,
    Derivative,
    Document,
    Ellipsis,
    Formula,
    Group,
    Juxtaposed,
    Matrix,
    Name,
    Nabla,
    Node,
    Number,
    Prose,
    Scripted,
    Statement,
    Tuple,
    Unreadable,
    Words,
)
from verify.reading.traversal import walk

DEFINING = frozenset({"=", ":=", "equiv", "triangleq", "def"})
MARKERS = re.compile(
    r"\b(let|define[sd]?|suppose|consider|assume|now|instead|đặt|gọi|sei|soit|posons|sea|пусть|обозначим)\b|设|令|记|定义",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Line:
    """A statement of the document with its formula, the prose right before it, the number of its section."""

    statement: Statement
    formula: Formula
    before: str
    number: int
    section: int = 0


@dataclass(frozen=True)
class Found:
    """A definition as written: key, written indices, the sides that may be its body, parameters of ``f(x) = …``.

    ``names_entries`` marks one that only names the entries of a tuple or matrix: the quantity stays a leaf.
    """

    key: str
    written: tuple[Node, ...]
    bodies: tuple[Node, ...]
    parameters: tuple[str, ...]
    line: Line
    names_entries: bool = False

    @property
    def derived(self) -> bool:
        """Whether it names a derivative."""
        return is_derived(self.bodies[0])


@dataclass(frozen=True)
class Stretch:
    """From a line on (by number): the definitions in force, one a key."""

    start: int
    definitions: dict[str, Found]
    refinements: tuple[Found, ...] = ()


def lines(document: Document, first: int = 0) -> list[Line]:
    """The statements of a document in order, numbered from ``first``."""
    found: list[Line] = []
    before, section = "", 0
    for part in document.parts:
        if isinstance(part, Prose):
            if part.kind == "heading":
                section += 1
            if part.kind not in ("code", "comment"):
                before = part.text
            continue
        for statement in part.statements:
            found.append(Line(statement, part, before, first + len(found), section))
        before = ""
    return found


def is_derived(node: Node) -> bool:
    """Whether a side speaks of derivatives."""
    return any(isinstance(n, (Derivative, Nabla)) for n in walk(node))


def is_marked(line: Line) -> bool:
    """Whether a definition marker stands before a line: a word such as "let", or ``:=``."""
    chain = line.statement.content
    if isinstance(chain, Chain) and chain.links and chain.links[0].relation == ":=":
        return True
    return bool(MARKERS.search(line.before[-60:]) or MARKERS.search(line.statement.words))


def head_of(line: Line, words: Lexicon) -> Found | None:
    """The definition that a line could be, by its form, else None."""
    chain = line.statement.content
    if not isinstance(chain, Chain) or chain.first is None or not chain.links or chain.links[0].relation not in DEFINING:
        return None
    right = chain.links[0].right
    if right is None or isinstance(right, (Unreadable, Words)):
        return None
    first: Node = chain.first
    parameters: tuple[str, ...] = ()
    if isinstance(first, Juxtaposed) and len(first.items) == 2 and isinstance(first.items[1], Group) and first.items[1].delimiter == "(":
        body = first.items[1].body
        parts = body.items if isinstance(body, Tuple) else (body,)
        found = [occurrence(p, words) for p in parts]
        if any(o is None or o.exponent for o in found):
            return None
        if iteration(body) is not None and not is_function_head(first.items[0]):
            return None
        first, parameters = first.items[0], tuple(o.key for o in found if o is not None)
    if not isinstance(first, (Name, Scripted)) or function_name(first) is not None:
        return None
    letter = letter_of(first)
    if letter is not None and words.is_index(letter) and isinstance(right, (Number, Name)):
        return None
    occ = occurrence(first, words)
    if occ is None or occ.exponent is not None or occ.primes or occ.transposed:
        return None
    bodies = tuple(
        link.right for link in chain.links if link.relation in DEFINING and link.right is not None and not isinstance(link.right, (Unreadable, Words))
    )
    return Found(occ.key, occ.written, bodies, parameters, line, names_entries(right))


def is_function_head(node: Node) -> bool:
    """Whether a letter before ``(t)`` rather is a function than an iterate."""
    name = node.base if isinstance(node, Scripted) else node
    return isinstance(name, Name) and name.text in ("f", "g", "h", "sigma", "phi", "varphi", "psi", "p", "q", "L", "J", "E")


def names_entries(node: Node) -> bool:
    """Whether a side is a tuple or matrix of entries, which gives them names and says nothing of their values."""
    match node:
        case Tuple() | Ellipsis():
            return True
        case Group(_, _, body):
            return names_entries(body)
        case Scripted(_, base, _, _, _):
            return names_entries(base)
        case Matrix(_, rows):
            return all(isinstance(cell, (Name, Scripted, Ellipsis, Words, Number)) for row in rows for cell in row)
    return False


def stretches(every: Iterable[Line], words: Lexicon) -> tuple[list[Stretch], frozenset[int]]:
    """The stretches of a document with the definitions in force in each, and the numbers of the lines that define.

    In a stretch a key means its last definition up to the stretch's end, else the first one after it.
    """
    current: dict[str, Found] = {}
    history: dict[str, list[Found]] = {}
    places: set[int] = set()
    starts: list[int] = [0]
    refinements: list[Found] = []
    for line in every:
        found = head_of(line, words)
        if found is None or found.key in keys_in(found.bodies[0], words):
            continue
        earlier = current.get(found.key)
        if earlier is not None:
            if not is_redefinition(earlier, found, words):
                if not found.parameters and not found.derived and not found.names_entries:
                    refinements.append(found)
                continue
            starts.append(line.number)
        current[found.key] = found
        history.setdefault(found.key, []).append(found)
        places.add(line.number)
    out = []
    for start, end in zip(starts, [*starts[1:], 1 << 60], strict=True):
        table = {}
        for key, versions in history.items():
            before = [f for f in versions if f.line.number < end]
            table[key] = before[-1] if before else versions[0]
        more = tuple(f for f in refinements if start <= f.line.number < end)
        out.append(Stretch(start, table, more))
    return out, frozenset(places)


def is_redefinition(earlier: Found, found: Found, words: Lexicon) -> bool:
    """Whether a second definition of a key replaces the first: said so, or under a new heading in terms of other quantities."""
    if found.bodies[0] == earlier.bodies[0] or found.derived != earlier.derived:
        return False
    if earlier.names_entries or found.names_entries:
        return False
    if found.parameters and earlier.parameters:
        return True
    others = set(keys_in(found.bodies[0], words)) - {"e"} != set(keys_in(earlier.bodies[0], words)) - {"e"}
    return others and (found.line.section != earlier.line.section or is_marked(found.line))
