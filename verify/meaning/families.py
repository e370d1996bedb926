"""Families of quantities: layers ``W^{(l)}`` and time steps ``h_t``, written once for every l or t.

A letter is a *family letter* if a script counts with it: ``a^{(l-1)}``, ``h_{t-1}``. A family is instantiated at a fixed depth; a
statement with a
free family letter stands for all its instances, and its verdict is the worst of theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from verify.meaning.symbols import letter_of
from verify.reading.syntax import Added, Big, Chain, Group, Juxtaposed, Name, Node, Number, Scripted, Statement, Tuple
from verify.reading.traversal import below, rewritten, walk

DEPTH = 3
TOPS = {"l": "L", "ell": "L", "t": "T", "k": "K", "n": "N", "i": "I", "h": "H"}


class OutOfRange(Exception):
    """A script of an instance lies outside of the family."""


@dataclass(frozen=True)
class Families:
    """The family letters of a document, and the letters that stand for the last member."""

    letters: frozenset[str] = frozenset()
    tops: frozenset[str] = frozenset()

    def free_in(self, node: Node) -> frozenset[str]:
        """The family letters that a tree leaves open; those that a big operator binds do not count."""
        found: set[str] = set()
        stack: list[tuple[Node, frozenset[str]]] = [(node, frozenset())]
        while stack:
            top, bound = stack.pop()
            if isinstance(top, Big) and top.lower is not None:
                bound = bound | {letter for letter in self.letters if bound_to(top, letter)}
            if isinstance(top, Scripted):
                for script in (top.sub, top.sup):
                    if script is not None:
                        found |= {letter for n in walk(script) if (letter := letter_of(n)) in self.letters} - bound
            stack.extend((child, bound) for child in below(top))
        return frozenset(found)


def bound_to(node: Big, letter: str) -> bool:
    """Whether a big operator binds a letter."""
    lower = node.lower
    head = lower.first if isinstance(lower, Chain) else lower
    return head is not None and letter_of(head) == letter


def families(roots: Iterable[Node]) -> Families:
    """The family letters of a document: those with which a script counts up or down by one."""
    counting: set[str] = set()
    alone: set[str] = set()
    for root in roots:
        for node in walk(root):
            if not isinstance(node, Scripted):
                continue
            for script in (node.sub, node.sup):
                for item in items(script):
                    if isinstance(item, Added) and (letter := counted(item)) is not None:
                        counting.add(letter)
                    elif (plain := letter_of(item)) is not None:
                        alone.add(plain)
    letters = {c for c in counting if c in alone and c in TOPS}
    return Families(frozenset(letters), frozenset(TOPS[c] for c in letters if TOPS[c] in alone))


def items(script: Node | None) -> Iterator[Node]:
    """The items of a script, without its brackets."""
    while isinstance(script, Group):
        script = script.body
    if isinstance(script, Tuple):
        for item in script.items:
            yield from items(item)
    elif script is not None:
        yield script


def counted(node: Added) -> str | None:
    """The letter of ``l-1`` or ``l+1``, else None."""
    match node:
        case Added(_, ("+", _), (Name() as name, Number(_, "1"))):
            return letter_of(name)
    return None


def instance(node: Node, values: dict[str, int], found: Families) -> Node:
    """The tree with family letters in scripts replaced by numbers, and sums over a family written out; raises OutOfRange below 0 or
    past the end.
    """
    numbers = {**dict.fromkeys(found.tops, DEPTH), **values}

    def change(n: Node) -> Node | None:
        if isinstance(n, Big) and n.operator == "sum" and n.body is not None:
            letter = next((c for c in found.letters if bound_to(n, c)), None)
            if letter is not None:
                return written_out(n, letter, values, found)
        if isinstance(n, Scripted):
            sub, sup = evaluated(n.sub, numbers), evaluated(n.sup, numbers)
            base = instance(n.base, values, found)
            if sub is not n.sub or sup is not n.sup or base is not n.base:
                return replace(n, base=base, sub=sub, sup=sup)
        return None

    return rewritten(node, change)


def written_out(node: Big, letter: str, values: dict[str, int], found: Families) -> Node:
    """``Σ_{t=1}^{T} X_t`` as ``X_1 + X_2 + X_3``."""
    assert node.body is not None
    first = 1
    if isinstance(node.lower, Chain) and isinstance(node.lower.links[0].right, Number):
        first = int(float(node.lower.links[0].right.text))
    terms = tuple(instance(node.body, {**values, letter: n}, found) for n in range(first, DEPTH + 1))
    return Group(node.span, "(", Added(node.span, ("+",) * len(terms), terms))


def evaluated(script: Node | None, numbers: dict[str, int]) -> Node | None:
    """A script with its family letters counted out."""
    match script:
        case None:
            return None
        case Added(span, ("+", sign), (Name() as name, Number(_, step))) if (letter := letter_of(name)) in numbers:
            value = numbers[letter] + (int(float(step)) if sign == "+" else -int(float(step)))
            if not 0 <= value <= DEPTH:
                raise OutOfRange(f"{letter} {sign} {step}")
            return Number(span, str(value))
        case Name(span) if (letter := letter_of(script)) in numbers:
            return Number(span, str(numbers[letter]))
        case Group(_, _, body):
            inner = evaluated(body, numbers)
            return script if inner is body or inner is None else replace(script, body=inner)
        case Tuple(_, parts):
            moved = tuple(evaluated(p, numbers) or p for p in parts)
            return replace(script, items=moved) if any(a is not b for a, b in zip(moved, parts, strict=True)) else script
        case Juxtaposed(_, parts):
            moved = tuple(evaluated(p, numbers) or p for p in parts)
            return replace(script, items=moved) if any(a is not b for a, b in zip(moved, parts, strict=True)) else script
    return script


def instances(statement: Statement, found: Families) -> list[tuple[dict[str, int], Statement]]:
    """The statement at every member of its families (values, statement); the statement alone where it names none."""
    if not found.letters:
        return [({}, statement)]
    free = sorted(found.free_in(statement.content))
    choices: list[dict[str, int]] = [{}]
    for letter in free[:2]:
        choices = [{**c, letter: n} for c in choices for n in range(0, DEPTH + 1)]
    out = []
    for values in choices:
        try:
            out.append((values, replace(statement, content=instance(statement.content, values, found))))
        except OutOfRange:
            continue
    return out


__all__ = ["DEPTH", "Families", "families", "instances"]
