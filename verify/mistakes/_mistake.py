"""What a mistake is, and the places of a side that mistakes work on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from verify.meaning.functions import SIGMOID_LETTERS, SPECIAL_FUNCTIONS, function_name, indicated
from verify.meaning.network import Network
from verify.meaning.repairs import Alternatives, Around, Candidate, TextEdit, symbol_node
from verify.meaning.symbols import letter_of, occurrence
from verify.reading.syntax import (
    Added,
    Big,
    Call,
    CaseRow,
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
from verify.reading.traversal import below, replaced, rewritten, walk

Rewrite = Callable[[Node, Around], Iterator[Candidate]]
ONE_OVER = re.compile(r"(?:\\[dt]?frac\s*(?:\{\s*1\s*\}|1)|1\s*/)\s*")
"""What divides by what follows, in a factor's text."""


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
    of: Literal["right", "left"] = "right"
    """The side of a relation that it is made in."""


def terms(side: Node) -> Iterator[Node]:
    """The products of a side that a factor can be put into: terms of sums, bodies of Σ, numerators, the side itself; outermost first."""
    yield from _terms(side, True)


def _terms(node: Node, top: bool) -> Iterator[Node]:
    if top and not isinstance(node, Big):
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
        case Call(_, _, argument):
            yield from _terms(argument, False)
        case _:
            for child in below(node):
                if not isinstance(node, Scripted):
                    yield from _terms(child, isinstance(node, Fraction))


def grouped(side: Node) -> Iterator[Node]:
    """The products that stand in parentheses."""
    return (n.body for n in walk(side) if isinstance(n, Group) and n.delimiter == "(" and isinstance(n.body, (Product, Juxtaposed)))


def factors(term: Node) -> list[Node]:
    """The factors of a product, flattened; a function with its argument is one."""
    match term:
        case Product(_, operator, left, right) if operator not in ("/", "div"):
            return factors(left) + factors(right)
        case Juxtaposed(_, items):
            found: list[Node] = []
            n = 0
            while n < len(items):
                if n + 1 < len(items) and is_call(items[n], items[n + 1]):
                    found.append(Juxtaposed(Span(items[n].span.start, items[n + 1].span.end), items[n : n + 2]))
                    n += 2
                else:
                    found.extend(factors(items[n]))
                    n += 1
            return found
    return [term]


def is_number(text: str) -> bool:
    """Whether the text of a factor is a number or a fraction of numbers."""
    return all(ch.isdigit() or ch in ". /{}" for ch in text.replace("\\frac", ""))


def is_width(text: str, around: Around) -> bool:
    """Whether the text of a factor is a width or one over it: ``N``, ``\\frac{1}{N}``."""
    return ONE_OVER.sub("", text, count=1).strip("{} ") in around.network.sizes


def is_call(head: Node, argument: Node) -> bool:
    """Whether two neighbours are a known function, or an indicator, and its argument."""
    inner = argument.base if isinstance(argument, Scripted) else argument
    name = head.base if isinstance(head, Scripted) else head
    if not isinstance(inner, Group) or inner.delimiter not in ("(", "[") or not isinstance(name, Name):
        return False
    special = bool(name.font) and name.text.lower() in SPECIAL_FUNCTIONS
    return special or function_name(name) is not None or name.text in SIGMOID_LETTERS or indicated(head, argument) is not None


def without(term: Node, factor: Node) -> Node:
    """A product without one of its factors."""
    gone = [factor, *(factor.items if isinstance(factor, Juxtaposed) else ())]

    def goes(node: Node) -> bool:
        return any(node is g for g in gone) or (isinstance(node, Juxtaposed) and all(goes(i) for i in node.items))

    match term:
        case Product(_, _, left, right):
            if goes(left):
                return right
            if goes(right):
                return left
            return replace(term, left=without(left, factor), right=without(right, factor))
        case Juxtaposed(_, items):
            rest = tuple(without(i, factor) for i in items if not goes(i))
            return rest[0] if len(rest) == 1 else replace(term, items=rest)
    return term


def leaving_out(parts: Sequence[Node], first: int, last: int) -> TextEdit:
    """The edit that leaves out the factors of a product from one to another, not all of them, with a product sign: the one behind them, or
    that before the last ones.
    """
    if last + 1 < len(parts):
        return TextEdit(parts[first].span.start, parts[last + 1].span.start, "")
    return TextEdit(parts[first - 1].span.end, parts[last].span.end, "")


def with_factor(side: Node, term: Node, factor: Node, text: str, mistake: str, operator: str = "cdot") -> Candidate:
    """The side with a factor put at the end of one of its products, around a sum with parentheses; ``operator`` is "" or "," for none."""
    start, end = term.span.start, term.span.end
    grouped = Group(term.span, "(", term) if isinstance(term, Added) else term
    product: Node = Product(term.span, operator, grouped, factor) if operator.isalpha() else Juxtaposed(term.span, (grouped, factor))
    joint = f" \\{operator} " if operator else " "
    edits: tuple[TextEdit, ...] = (TextEdit(end, end, f"{joint}{text}"),)
    if isinstance(term, Added):
        edits = (TextEdit(start, start, "("), TextEdit(end, end, f"){joint}{text}"))
    return Candidate(product if term is side else replaced(side, term, product), edits, mistake, "", text)


def symbols(side: Node) -> list[Name | Scripted]:
    """The symbols of a side that are operands, each once; letters in scripts and functions with an argument are not."""
    return [node for node, _ in operands(side)]


def operands(side: Node) -> list[tuple[Name | Scripted, bool]]:
    """The symbols of a side that are operands, each with whether it stands in the argument of a function or in a condition."""
    found: list[tuple[Name | Scripted, bool]] = []

    def visit(node: Node, inside: bool) -> None:
        match node:
            case Name() | Scripted(base=Name()):
                found.append((node, inside))
            case Big():
                if node.body is not None:
                    visit(node.body, inside)
            case Call():
                visit(node.argument, True)
            case CaseRow():
                visit(node.value, inside)
                if node.condition is not None:
                    visit(node.condition, True)
            case Juxtaposed(_, items):
                for n, item in enumerate(items):
                    if not (n + 1 < len(items) and is_call(item, items[n + 1])):
                        visit(item, inside or (n > 0 and is_call(items[n - 1], item)))
            case _:
                for child in below(node):
                    visit(child, inside)

    visit(side, False)
    return found


def numbers(side: Node) -> list[Number]:
    """The numbers of a side that are operands or exponents; those in indices are not."""
    found: list[Number] = []
    stack = [side]
    while stack:
        node = stack.pop()
        if isinstance(node, Number):
            found.append(node)
        elif isinstance(node, Scripted):
            stack.extend([node.sup] if node.sup is not None else [])
            stack.extend([node.base] if not isinstance(node.base, Name) else [])
        elif isinstance(node, Big):
            stack.extend([node.body] if node.body is not None else [])
        elif not isinstance(node, Derivative):
            stack.extend(reversed(below(node)))
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
    tag = tag.rstrip("}")
    script = tag + ("," if tag[-1:].isdigit() else "") + "".join(letters)
    return Scripted(span, plain, sub=sub), f"{stem}_{script}" if len(script) == 1 else f"{stem}_{{{script}}}"


def with_factor_before(side: Node, term: Node, factor: Node, text: str, mistake: str) -> Candidate:
    """The side with a factor put at the beginning of one of its products, where the order tells."""
    start, end = term.span.start, term.span.end
    product: Node = Juxtaposed(term.span, (factor, Group(term.span, "(", term) if isinstance(term, Added) else term))
    edits: tuple[TextEdit, ...] = (TextEdit(start, start, f"{text} "),)
    if isinstance(term, Added):
        edits = (TextEdit(start, start, f"{text} ("), TextEdit(end, end, ")"))
    return Candidate(product if term is side else replaced(side, term, product), edits, mistake, "", text)


def letters_in(term: Node, around: Around) -> list[str]:
    """The index letters written in a term."""
    found: dict[str, None] = {}
    for node in walk(term):
        if isinstance(node, Scripted) and isinstance(node.base, Name):
            occ = occurrence(node, around.network.words)
            if occ is not None:
                found.update(dict.fromkeys(letter for t in occ.written if (letter := letter_of(t))))
    return list(found)


def indexed(side: Node, around: Around) -> list[tuple[Node, ...]]:
    """The index letters at each symbol of a side that has some, in order; those that an abbreviation leaves out do not stand there."""
    found = [occurrence(n, around.network.words) for n in symbols(side)]
    written = (tuple(t for t in o.written if stands(t, around)) for o in found if o is not None)
    return [terms for terms in written if terms]


def stands(term: Node, around: Around) -> bool:
    """Whether an index is a letter and stands in the document."""
    letter = letter_of(term)
    return letter is not None and around.source(term.span).lstrip("\\")[:1] == letter[0]


def with_letters(side: Node, letters: Sequence[tuple[Node, str]], mistake: str, around: Around) -> Candidate:
    """The side with other letters at places of indices."""
    wanted = {id(node): letter for node, letter in letters}
    tree = rewritten(side, lambda n: Name(n.span, wanted[id(n)]) if id(n) in wanted else None)
    edits = tuple(TextEdit(n.span.start, n.span.end, letter if len(letter) == 1 else f"{{{letter}}}") for n, letter in letters)
    was = dict.fromkeys(around.source(n.span) for n, _ in letters)
    return Candidate(tree, edits, mistake, ", ".join(was), ", ".join(dict.fromkeys(letter for _, letter in letters)))


def is_ordered(around: Around) -> bool:
    """Whether the network is in matrix notation, where the place of a factor tells."""
    return any(None not in grid for grid in around.network.grids.values())


def letters_at(term: Node, around: Around) -> tuple[str, ...]:
    """The index letters that a quantity in a term may carry: those of the term first."""
    return tuple(dict.fromkeys([*letters_in(term, around), *sorted(around.letters)]))


def quantities(letters: tuple[str, ...], span: Span, around: Around) -> list[Alternatives]:
    """The declared quantities, bare or with some of the letters, those of each kind together."""
    kinds: dict[tuple[tuple[str, ...], tuple[str, ...], tuple[str | None, str | None] | None], list[tuple[Node, str, int]]] = {}
    number = 0
    for key in in_use(around.network):
        slots = around.network.slots[key]
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
            kinds.setdefault((slots, chosen, around.network.grids.get(key)), []).append((*with_indices(key, chosen, span), number))
            number += 1
    return [alternatives(slots, chosen, grid, found) for (slots, chosen, grid), found in kinds.items()]


def alternatives(
    axes: tuple[str, ...], letters: tuple[str, ...], grid: tuple[str | None, str | None] | None, found: Sequence[tuple[Node, str, int]]
) -> Alternatives:
    """Nodes of one kind with their texts and their order."""
    return Alternatives(axes, letters, grid, tuple(f[0] for f in found), tuple(f[1] for f in found), tuple(f[2] for f in found))


def in_use(network: Network) -> list[str]:
    """The quantities that are defined, or that definitions use: those that a line may be about."""
    used = {name for d in network.program.definitions for name in (*d.uses, *((d.name,) if d.body is not None else ()))}
    return [key for key in network.slots if key in used and key not in network.failed]


def number(span: Span, text: str) -> Node:
    """A number node."""
    return Number(span, text)
