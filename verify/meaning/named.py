"""Functions that a document names and does not write out: "where f is the sigmoid", ``\\phi = \\tanh``, ``f'(x) = f(x)(1 - f(x))``.

The letter is read as the named function everywhere. A function that a formula defines is left alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction as Rational

from verify.meaning.functions import function_name
from verify.meaning.vocabulary import function_in
from verify.reading.syntax import (
    Added,
    Chain,
    Document,
    Formula,
    Group,
    Juxtaposed,
    Name,
    Node,
    Number,
    Product,
    Prose,
    Scripted,
    Statement,
    Tuple,
)
from verify.reading.traversal import rewritten, walk, with_parts

FUNCTIONS = frozenset({"f", "g", "phi", "varphi", "psi"})
"""Letters that stand for the one function that the prose names, if they are the only such letter."""
NEAR = 90
POINTS = (Rational(1, 3), Rational(3, 7), Rational(5, 2))


def functions_named(document: Document, statements: Iterable[Statement]) -> dict[str, str]:
    """For each letter that stands for a function without a formula of its own the function that words or a property name."""
    listed = [s.content for s in statements]
    called = {letter for content in listed for letter in calls(content)}
    defined = {head for content in listed if (head := defined_function(content)) is not None}
    defined |= {letter for content in listed for letter in spelled_out(content)}
    found: dict[str, str] = {}
    for letter, function in (*by_words(document), *(pair for c in listed for pair in by_property(c))):
        if letter in called and letter not in defined:
            found.setdefault(letter, function)
    open_letters = (called & FUNCTIONS) - defined - set(found) - set(shaped(listed))
    if len(open_letters) == 1 and not set(found.values()):
        prose = [p.text for p in document.parts if isinstance(p, Prose) and p.kind not in ("code", "comment")]
        function_of_all = function_in(" ".join(prose))
        if function_of_all is not None:
            found[open_letters.pop()] = function_of_all
    return found


def shaped(contents: Iterable[Node]) -> Iterator[str]:
    r"""The letters of which a shape is stated, ``g \\in \\mathbb{R}^n``: quantities, whatever stands behind them."""
    for content in contents:
        if isinstance(content, Chain) and content.links and content.links[0].relation == "in":
            for item in content.first.items if isinstance(content.first, Tuple) else (content.first,):
                if isinstance(item, Name):
                    yield item.text


def with_functions(content: Node, table: dict[str, str]) -> Node:
    """The tree with each of the letters, where it is called or primed, replaced by the name of its function."""
    if not table:
        return content

    def name(node: Node) -> Node | None:
        base = node.base if isinstance(node, Scripted) and node.sub is None else node
        if not isinstance(base, Name) or base.accents or base.text not in table:
            return None
        known = replace(base, text=table[base.text], font="text")
        return replace(node, base=known) if isinstance(node, Scripted) else known

    def change(node: Node) -> Node | None:
        if isinstance(node, Juxtaposed):
            items = []
            for n, item in enumerate(node.items):
                is_called = n + 1 < len(node.items) and opens(node.items[n + 1])
                items.append((name(item) if is_called else None) or rewritten(item, change))
            return with_parts(node, items=tuple(items))
        if isinstance(node, Scripted) and node.primes:
            return name(node)
        return None

    return rewritten(content, change)


def opens(node: Node) -> bool:
    """Whether a factor is a group that may be an argument."""
    inner = node.base if isinstance(node, Scripted) else node
    return isinstance(inner, Group) and inner.delimiter in ("(", "[")


def calls(content: Node) -> Iterator[str]:
    """The letters that stand before a group, or carry a prime."""
    for node in walk(content):
        if isinstance(node, Juxtaposed):
            for item, following in zip(node.items, node.items[1:], strict=False):
                base = item.base if isinstance(item, Scripted) else item
                if isinstance(base, Name) and not base.accents and opens(following):
                    yield base.text
        elif isinstance(node, Scripted) and node.primes and isinstance(node.base, Name):
            yield node.base.text


def defined_function(content: Node) -> str | None:
    """The letter that a formula ``f(x) = …`` defines, else None."""
    if isinstance(content, Chain) and isinstance(content.first, Juxtaposed) and len(content.first.items) == 2 and content.links:
        head = content.first.items[0]
        if isinstance(head, Name) and opens(content.first.items[1]) and content.links[0].relation in ("=", ":=", "equiv", "def"):
            return head.text
    return None


def spelled_out(content: Node) -> Iterator[str]:
    """The letters of functions that a chain calls and then writes out: g of ``y = g(z) = …``."""
    if isinstance(content, Chain):
        sides = content.sides
        for side, following in itertools.pairwise(sides):
            if not (isinstance(side, Juxtaposed) and len(side.items) == 2 and opens(side.items[1])) or following is None:
                continue
            letter = side.items[0]
            if isinstance(letter, Name) and letter.text not in set(calls(following)):
                yield letter.text


def by_words(document: Document) -> Iterator[tuple[str, str]]:
    """The letters that words say a function of: those of a lone formula with words about it before or behind, and ``f = \\tanh``."""
    parts = document.parts
    for n, part in enumerate(parts):
        if not isinstance(part, Formula) or len(part.statements) != 1:
            continue
        content = part.statements[0].content
        if isinstance(content, Chain) and isinstance(content.first, Name) and len(content.links) == 1:
            right = content.links[0].right
            function = function_name(right) if right is not None else None
            if function is not None and function != "softmax":
                yield content.first.text, function
            continue
        lone = content.items[0] if isinstance(content, Juxtaposed) and len(content.items) == 2 and opens(content.items[1]) else content
        if not isinstance(lone, Name) or lone.accents:
            continue
        behind, before = parts[n + 1] if n + 1 < len(parts) else None, parts[n - 1] if n else None
        said = None
        if isinstance(behind, Prose) and behind.kind not in ("code", "comment"):
            said = function_in(clause(behind.text[:NEAR], first=True))
        if said is None and isinstance(before, Prose) and before.kind not in ("code", "comment"):
            said = function_in(clause(before.text[-NEAR:], first=False))
        if said is not None:
            yield lone.text, said


def clause(text: str, first: bool) -> str:
    """The first or the last clause of some words."""
    for stop in ".。;；:\n":
        text = text.split(stop)[0 if first else -1]
    return text


def by_property(content: Node) -> Iterator[tuple[str, str]]:
    """The letters and the functions of ``f'(x) = f(x)(1 - f(x))`` and ``f'(x) = 1 - f(x)^2``, wherever they stand in a chain."""
    if not isinstance(content, Chain):
        return
    for side, right in itertools.pairwise(content.sides):
        match side:
            case Scripted(_, Name(_, letter), None, None, 1) | Juxtaposed(_, (Scripted(_, Name(_, letter), None, None, 1), Group())):
                values = [value_at(right, letter, point) for point in POINTS] if right is not None else []
                if values == [p * (1 - p) for p in POINTS]:
                    yield letter, "sigmoid"
                if values == [1 - p * p for p in POINTS]:
                    yield letter, "tanh"


def value_at(node: Node, letter: str, value: Rational) -> Rational | None:
    """What a polynomial in f(x) is where f(x) has a value; None for anything else."""
    match node:
        case Number(_, text):
            return Rational(text)
        case Name(_, text) if text == letter:
            return value
        case Juxtaposed(_, (Name(_, text), Group())) if text == letter:
            return value
        case Group(_, _, body):
            return value_at(body, letter, value)
        case Scripted(_, base, None, Number(_, "2"), 0):
            inner = value_at(base, letter, value)
            return None if inner is None else inner**2
        case Added(_, signs, terms):
            total = Rational(0)
            for sign, term in zip(signs, terms, strict=True):
                part = value_at(term, letter, value)
                if part is None or sign not in ("+", "-"):
                    return None
                total += part if sign == "+" else -part
            return total
        case Product(_, "cdot" | "times" | "*" | "", left, right):
            return _times([value_at(left, letter, value), value_at(right, letter, value)])
        case Juxtaposed(_, items):
            return _times([value_at(f, letter, value) for f in _joined(items, letter)])
    return None


def _joined(items: tuple[Node, ...], letter: str) -> list[Node]:
    """The factors of a product, each call of the function as one."""
    out: list[Node] = []
    for item in items:
        last = out[-1] if out else None
        name = last.base if isinstance(last, Scripted) else last
        if isinstance(name, Name) and name.text == letter and opens(item):
            inner = item.base if isinstance(item, Scripted) else item
            call: Node = Juxtaposed(name.span, (name, inner))
            power = item.sup if isinstance(item, Scripted) else last.sup if isinstance(last, Scripted) else None
            out[-1] = Scripted(name.span, Group(name.span, "(", call), None, power) if power is not None else call
        else:
            out.append(item)
    return out


def _times(values: list[Rational | None]) -> Rational | None:
    product = Rational(1)
    for value in values:
        if value is None:
            return None
        product *= value
    return product
