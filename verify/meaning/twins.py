"""Recurrences that a document writes twice, once in capitals and once in small letters: ``S_k = f(S_{k-1} W + X_k U)``, then
``s_k = s_{k-1} w + x_k u``.

From the second one on it is the one that is differentiated. A formula behind it that names the state of the first, and nothing else that
the first is built on, means the state of the second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from verify.meaning.symbols import is_function_letter, letter_of
from verify.reading.syntax import Added, Chain, Group, Juxtaposed, Name, Node, Number, Scripted, Statement
from verify.reading.traversal import rewritten, walk


@dataclass(frozen=True)
class Recurrence:
    """A recurrence: the letter of its state, and the letters that it is built on."""

    state: str
    ingredients: frozenset[str]


def without_twins(statements: Iterable[Statement]) -> list[Statement]:
    """The statements, the state of a recurrence read as that of its twin behind the twin; spans stay."""
    listed = list(statements)
    seen: dict[str, Recurrence] = {}
    renamed: dict[str, tuple[str, frozenset[str]]] = {}
    out = []
    for statement in listed:
        found = recurrence(statement.content)
        if found is not None:
            seen.setdefault(found.state, found)
            twin = seen.get(found.state.swapcase())
            if twin is not None and {c.lower() for c in twin.ingredients} == {c.lower() for c in found.ingredients}:
                renamed.setdefault(twin.state, (found.state, twin.ingredients - found.ingredients))
        out.append(replace(statement, content=_renamed(statement.content, renamed)) if found is None else statement)
    return out


def recurrence(content: Node) -> Recurrence | None:
    """The recurrence that a formula states, else None."""
    if not (isinstance(content, Chain) and isinstance(content.first, Scripted) and content.links):
        return None
    head, body = content.first, content.links[0].right
    letter = letter_of(head.sub) if head.sub is not None else None
    if not isinstance(head.base, Name) or len(head.base.text) > 1 or body is None or letter is None:
        return None
    state = head.base.text
    scripted = [n for n in walk(body) if isinstance(n, Scripted)]
    if not any(isinstance(n.base, Name) and n.base.text == state and counts_back(n.sub, letter) for n in scripted):
        return None
    skipped = {id(n) for s in scripted for script in (s.sub, s.sup) if script is not None for n in walk(script)}
    for product in walk(body):
        if isinstance(product, Juxtaposed):
            skipped |= {id(item) for n, item in enumerate(product.items[:-1]) if _is_call(product, n)}
    letters = {n.text for n in walk(body) if isinstance(n, Name) and len(n.text) == 1 and id(n) not in skipped}
    return Recurrence(state, frozenset(letters - {state}))


def _is_call(product: Juxtaposed, n: int) -> bool:
    return is_function_letter(product.items[n]) and isinstance(product.items[n + 1], Group)


def counts_back(script: Node | None, letter: str) -> bool:
    """Whether a script is ``k - 1``."""
    match script:
        case Added(_, ("+", "-"), (Name() as name, Number(_, "1"))):
            return letter_of(name) == letter
    return False


def _renamed(content: Node, table: dict[str, tuple[str, frozenset[str]]]) -> Node:
    if not table:
        return content
    letters = {n.text for n in walk(content) if isinstance(n, Name)}

    def change(n: Node) -> Node | None:
        if isinstance(n, Scripted) and isinstance(n.base, Name) and n.base.text in table and n.sub is not None:
            twin, others = table[n.base.text]
            if not letters & others:
                return replace(n, base=replace(n.base, text=twin))
        return None

    return rewritten(content, change)


__all__ = ["without_twins"]
