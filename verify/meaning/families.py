"""Families of quantities: layers ``W^{(l)}`` and time steps ``h_t``, written once for every l or t.

A letter is a *family letter* if a script counts with it: ``a^{(l-1)}``, ``h_{t-1}``. A family is instantiated at a
fixed depth; a statement with a free family letter stands for all its instances, and its verdict is the worst of
theirs.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from verify.meaning.ellipses import without_dots
from verify.meaning.symbols import base_text, letter_of, states_shape
from verify.reading.syntax import Added, Big, Chain, Group, Juxtaposed, Name, Node, Number, Scripted, Statement, Tuple
from verify.reading.traversal import below, rewritten, walk

DEPTH = 3
FRESH = "ι"
"""A letter for sums that are written with dots."""
TOPS = {"l": "L", "ell": "L", "t": "T", "k": "K", "n": "N", "i": "I", "h": "H"}


class OutOfRange(Exception):
    """A script of an instance lies outside of the family."""


@dataclass(frozen=True)
class Families:
    """The family letters of a document, and the letters that stand for the last member."""

    letters: frozenset[str] = frozenset()
    tops: frozenset[str] = frozenset()
    lags: frozenset[str] = frozenset()
    """The family letters that count steps between members: the m of ``S_{k-m}``."""
    firsts: Mapping[str, int] = field(default_factory=dict)
    """For a letter whose family begins later than at 1 the member that it begins at: l of ``a^l = f(a^{l-1})`` with ``a^1 = x`` at 2."""
    bases: frozenset[str] = frozenset()
    """The names that carry such a letter as a superscript: all their members are layers, no powers."""

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
    lags: set[tuple[str, str]] = set()
    roots = list(roots)
    for root in roots:
        for node in walk(root):
            if not isinstance(node, Scripted):
                continue
            is_power = isinstance(node.base, Group)
            for script in (node.sub,) if is_power else (node.sub, node.sup):
                for item in items(script):
                    if isinstance(item, Added) and (letter := counted(item)) is not None:
                        counting.add(letter)
                    elif isinstance(item, Added) and (pair := lagged(item)) is not None:
                        lags.add(pair)
                    elif (plain := letter_of(item)) is not None:
                        alone.add(plain)
    letters = {c for c in counting if c in alone and c in TOPS}
    ends = {letter for root in roots for node in walk(root) if (letter := end_of(node, letters)) is not None} - {"l", "t"}
    letters -= ends
    steps = {lag for letter, lag in lags if letter in letters | ends and lag not in letters | ends}
    tops = {TOPS[c] for c in letters if c in TOPS and TOPS[c] in alone}
    starts = {letter: first for letter in letters if (first := first_of(letter, roots)) is not None}
    last = frozenset(tops | (ends if letters else set()))
    return Families(frozenset(letters | steps), last, frozenset(steps), starts, frozenset(numbered_by(starts, roots)))


def left_out_members(roots: Iterable[Node], found: Families) -> dict[Name, Scripted]:
    """For each name that a definition builds on one member of a family, and that is nowhere written with a script, the name with the
    member's script: ``z = W x_t + U h_{t-1}`` is ``z_t``. A loss may be that of a step or of them all, and is left as it is.
    """
    roots = list(roots)
    scripted = {n.base for root in roots for n in walk(root) if isinstance(n, Scripted) and not is_member(n)}
    members: dict[Name, Scripted] = {}
    whole: set[Name] = set()
    for root in roots if found.letters else ():
        if not (isinstance(root, Chain) and root.links and root.links[0].relation in ("=", ":=", "equiv") and isinstance(root.first, Name)):
            continue
        right = root.links[0].right
        letters = found.free_in(right) if right is not None else frozenset()
        if root.first in scripted or root.first.text in LOSS_LETTERS or len(letters) != 1 or right is None:
            whole.add(root.first)
            continue
        letter = next(iter(letters))
        for node in walk(right):
            script = (node.sub if node.sup is None else node.sup) if isinstance(node, Scripted) else None
            if isinstance(node, Scripted) and script is not None and letter in map(letter_of, items(script)):
                sub, sup = (script, None) if node.sup is None else (None, script)
                members.setdefault(root.first, Scripted(root.first.span, root.first, sub, sup))
    return {name: member for name, member in members.items() if name not in whole}


def is_member(node: Scripted) -> bool:
    """Whether a symbol has one script alone, a letter or a number, as the members of a family have."""
    script = node.sub if node.sup is None else node.sup if node.sub is None else None
    return script is not None and all(letter_of(item) is not None or isinstance(item, Number) for item in items(script))


def with_members(node: Node, members: Mapping[Name, Scripted]) -> Node:
    """The tree with the names that left out their member's script with it."""

    def change(n: Node) -> Node | None:
        member = members.get(n) if isinstance(n, Name) else None
        return replace(member, span=n.span, base=replace(n, span=n.span)) if member is not None else None

    return rewritten(node, change)


LOSS_LETTERS = frozenset({"L", "J", "E", "C", "ell", "loss"})


def numbered_by(letters: Container[str], roots: Iterable[Node]) -> Iterator[str]:
    """The names that carry one of these letters as a superscript."""
    for root in roots:
        for node in walk(root):
            if isinstance(node, Scripted) and isinstance(node.base, Name) and any(letter_of(item) in letters for item in items(node.sup)):
                yield base_text(node.base)


def first_of(letter: str, roots: Iterable[Node]) -> int | None:
    """The member that the formulas of a family begin with, where they build one on the one before it and the first is another quantity:
    2 for ``a^l = f(a^{l-1})`` with ``a^1 = x``; else None.
    """
    built: set[Node] = set()
    begun: dict[Node, int] = {}
    for root in roots:
        if not (isinstance(root, Chain) and root.links and isinstance(root.first, Scripted)):
            continue
        head, right = root.first, root.links[0].right
        script = next(items(head.sup), None)
        if script is not None and letter_of(script) == letter:
            built.add(head.base)
        elif isinstance(script, Number) and script.text.isdigit() and isinstance(right, Name):
            begun[head.base] = int(script.text)
    return next((1 + number for head, number in begun.items() if head in built and number > 0), None)


def lagged(node: Added) -> tuple[str, str] | None:
    """The two letters of ``k - m`` or ``k - m + 1``, else None."""
    match node:
        case Added(_, ("+", "-", *_), (Name() as one, Name() as other, *rest)) if all(isinstance(r, Number) for r in rest):
            letter, lag = letter_of(one), letter_of(other)
            return (letter, lag) if letter and lag and lag.islower() else None
    return None


def end_of(node: Node, letters: set[str]) -> str | None:
    """The small letter at which a sum or product over a family ends, ``n`` of ``Σ_{k=1}^n``, else None."""
    if isinstance(node, Big) and node.operator in ("sum", "prod") and any(bound_to(node, c) for c in letters):
        return letter_of(node.upper) if node.upper is not None else None
    return None


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
        if isinstance(n, Big) and n.operator in ("sum", "prod") and n.body is not None:
            letter = next((c for c in found.letters if bound_to(n, c)), None)
            if letter is not None:
                return written_out(n, letter, values, found)
        if isinstance(n, Scripted):
            if (lag := letter_of(n.sup) if n.sup is not None else None) in found.lags and lag in numbers:
                factor = rewritten(replace(n, sup=None), change)  # m equal factors
                return Group(n.span, "(", factor if numbers[lag] == 1 else Juxtaposed(n.span, (factor,) * numbers[lag]))
            transposed = isinstance(n.sup, Name) and n.sup.text == "T"  # of a vector, also where T is the last step
            sub, sup = evaluated(n.sub, numbers), n.sup if transposed else evaluated(n.sup, numbers)
            base = rewritten(n.base, change)
            if sub is not n.sub or sup is not n.sup or base is not n.base:
                return replace(n, base=base, sub=sub, sup=sup)
        return None

    return without_dots(rewritten(node, change), FRESH)


def written_out(node: Big, letter: str, values: dict[str, int], found: Families) -> Node:
    """``Σ_{t=1}^{T} X_t`` as ``X_1 + X_2 + X_3``, ``Π_{t=2}^{T} X_t`` as ``X_2 X_3``; raises OutOfRange where no term is left."""
    assert node.body is not None
    numbers = {**dict.fromkeys(found.tops, DEPTH), **values}
    lower = node.lower.links[0].right if isinstance(node.lower, Chain) else None
    first = bound(lower, numbers, 1)
    last = bound(node.upper, numbers, DEPTH)
    if first > last:
        raise OutOfRange("an empty sum")
    members = tuple(instance(node.body, {**values, letter: n}, found) for n in range(first, last + 1))
    if node.operator == "prod":
        return Group(node.span, "(", members[0] if len(members) == 1 else Juxtaposed(node.span, members))
    return Group(node.span, "(", Added(node.span, ("+",) * len(members), members))


def bound(node: Node | None, numbers: dict[str, int], otherwise: int) -> int:
    """The number that a bound of a sum over a family stands for; ``otherwise`` where it says nothing that is known."""
    value = evaluated(node, numbers)
    return int(value.text) if isinstance(value, Number) and value.text.isdigit() else otherwise


def evaluated(script: Node | None, numbers: dict[str, int]) -> Node | None:
    """A script with its family letters counted out."""
    match script:
        case None:
            return None
        case Added(span, signs, terms) if isinstance(terms[0], Name) and set(signs) <= {"+", "-"}:
            parts = [step_of(term, numbers) for term in terms]
            steps = [part for part in parts if part is not None]
            if len(steps) < len(parts):
                return script
            value = sum(step if sign == "+" else -step for sign, step in zip(signs, steps, strict=True))
            if not 0 <= value <= DEPTH:
                raise OutOfRange(f"the member {value}")
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


def step_of(node: Node, numbers: dict[str, int]) -> int | None:
    """The number that a term of a script stands for, or None."""
    if isinstance(node, Number):
        return int(float(node.text))
    letter = letter_of(node)
    return numbers.get(letter) if letter is not None else None


def instances(statement: Statement, found: Families) -> list[tuple[dict[str, int], Statement]]:
    """The statement at every member of its families (values, statement); the statement alone where it names none.

    What it says of a shape holds for what a family starts from too, of which a formula is not about.
    """
    if not found.letters:
        return [({}, statement)]
    free = sorted(found.free_in(statement.content))
    choices: list[dict[str, int]] = [{}]
    for letter in free[:2]:
        first = int(letter in found.lags and not is_shape(statement.content))
        first = max(first, found.firsts.get(letter, 0))
        choices = [{**c, letter: n} for c in choices for n in range(first, DEPTH + 1)]
    out = []
    for values in choices:
        try:
            out.append((values, replace(statement, content=instance(statement.content, values, found))))
        except OutOfRange:
            continue
    return out


def is_shape(content: Node) -> bool:
    """Whether a formula only says of which shape something is."""
    return isinstance(content, Chain) and len(content.links) == 1 and states_shape(content.links[0])


__all__ = ["DEPTH", "Families", "families", "instances", "is_shape"]
