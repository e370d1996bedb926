"""What a mistake is, and the places of a side that mistakes work on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from verify.meaning.repairs import Around, Candidate, TextEdit, symbol_node
from verify.meaning.symbols import letter_of, occurrence
from verify.reading.syntax import (
    Added,
    Big,
    Derivative,
    Fraction,
    Group,
    Juxtaposed,
    Name,
    Node,
    Number,
    Product,
    Scripted,
    Span,
)
from verify.reading.traversal import below, replaced, walk

Rewrite = Callable[[Node, Around], Iterator[Candidate]]
Kind = tuple[tuple[str, ...], tuple[str, ...]]
"""The axes of a quantity and the letters written at it: two of one kind fit a place alike, or neither does."""


@dataclass(frozen=True)
class Mistake:
    """A known mistake: its name, how to undo it and how to make it, what to say of it.

    ``undo`` yields edits of a wrong side, one of which may be the right one; ``apply`` yields edits of a right side that make this mistake.
    ``says`` is a sentence with ``{was}`` and ``{becomes}`` in the document's notation.
    """

    name: str
    kind: Literal["mathematics", "notation"]
    order: int
    undo: Rewrite
    apply: Rewrite
    says: str
    example: tuple[str, str]


def terms(side: Node) -> Iterator[Node]:
    """The products of a side that a factor can be put into: terms of sums, bodies of Σ, numerators, the side itself; outermost first."""
    yield from _terms(side, True)


def _terms(node: Node, top: bool) -> Iterator[Node]:
    if top and not isinstance(node, (Added, Big, Group)):
        yield node
    match node:
        case Added(_, _, parts):
            for part in parts:
                yield from _terms(part, True)
        case Big(_, _, _, _, body) if body is not None:
            yield from _terms(body, True)
        case Group(_, _, body):
            yield from _terms(body, isinstance(body, Added))
        case Derivative():
            return
        case _:
            for child in below(node):
                if not isinstance(node, Scripted):
                    yield from _terms(child, isinstance(node, Fraction))


def factors(term: Node) -> list[Node]:
    """The factors of a product, flattened."""
    match term:
        case Product(_, operator, left, right) if operator not in ("/", "div"):
            return factors(left) + factors(right)
        case Juxtaposed(_, items):
            return [f for i in items for f in factors(i)]
    return [term]


def without(term: Node, factor: Node) -> Node:
    """A product without one of its factors."""
    match term:
        case Product(_, _, left, right):
            if left is factor:
                return right
            if right is factor:
                return left
            return replace(term, left=without(left, factor), right=without(right, factor))
        case Juxtaposed(_, items):
            rest = tuple(without(i, factor) for i in items if i is not factor)
            return rest[0] if len(rest) == 1 else replace(term, items=rest)
    return term


def with_factor(side: Node, term: Node, factor: Node, text: str, mistake: str) -> Candidate:
    """The side with a factor put at the end of one of its products."""
    product: Node = Product(term.span, "cdot", Group(term.span, "(", term) if isinstance(term, Added) else term, factor)
    edit = TextEdit(term.span.end, term.span.end, f" \\cdot {text}")
    return Candidate(product if term is side else replaced(side, term, product), (edit,), mistake, "", text)


def symbols(side: Node) -> list[Name | Scripted]:
    """The symbols of a side that are operands, each once; letters in scripts are not."""
    found: list[Name | Scripted] = []

    def visit(node: Node) -> None:
        if isinstance(node, (Name, Scripted)) and (isinstance(node, Name) or isinstance(node.base, Name)):
            found.append(node)
            return
        if isinstance(node, Big):
            if node.body is not None:
                visit(node.body)
            return
        for child in below(node):
            visit(child)

    visit(side)
    return found


def with_indices(key: str, letters: tuple[str, ...], span: Span) -> tuple[Node, str]:
    """A symbol with index letters, and its text: ``o`` with ``i`` is ``o_i``, ``w_{o}`` with ``j, k`` is ``w_{o,jk}``."""
    if not letters:
        return symbol_node(key, span), key
    plain = symbol_node(key, span)
    items: list[Node] = []
    if isinstance(plain, Scripted) and plain.sub is not None:
        items.append(plain.sub)
        plain = plain.base
    items.extend(Name(span, letter) for letter in letters)
    flat = [i for n in items for i in (n.items if isinstance(n, Juxtaposed) else (n,))]
    sub: Node = flat[0] if len(flat) == 1 else Juxtaposed(span, tuple(flat))
    stem, _, tag = key.partition("_{")
    script = tag.rstrip("}") + "".join(letters)
    return Scripted(span, plain, sub=sub), f"{stem}_{script}" if len(script) == 1 else f"{stem}_{{{script}}}"


def letters_in(term: Node, around: Around) -> list[str]:
    """The index letters written in a term."""
    found: dict[str, None] = {}
    for node in walk(term):
        if isinstance(node, Scripted) and isinstance(node.base, Name):
            occ = occurrence(node, around.network.words)
            if occ is not None:
                found.update(dict.fromkeys(letter for t in occ.written if (letter := letter_of(t))))
    return list(found)


def quantities(term: Node, around: Around) -> Iterator[tuple[Node, str, Kind]]:
    """The declared quantities as they could stand in a term, bare or with the term's index letters, and of what kind each is."""
    letters = letters_in(term, around)
    for key, slots in around.network.slots.items():
        if key == around.network.root or key in around.network.failed:
            continue
        if around.axes is not None and not around.axes.issuperset(slots):
            continue
        written: list[tuple[str, ...]] = []
        if len(slots) == 1:
            written = [(letter,) for letter in letters]
        elif len(slots) == 2:
            written = [(a, b) for a in letters for b in letters if a != b]
        if not (slots and letters):
            written.append(())
        for chosen in written:
            yield *with_indices(key, chosen, term.span), (slots, chosen)


def number(span: Span, text: str) -> Node:
    """A number node."""
    return Number(span, text)
