"""Iterates of gradient descent in one notation: ``w_{t+1} = w_t - …``, ``w^{(t+1)} = w^{(t)} - …``, ``w_{new} = w_{old} - …`` become
``w(t+1) = w(t) - …``.

Only where the quantity without its mark stands elsewhere in the document: ``h_{t+1} = h_t + …`` of a recurrence is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verify.meaning.symbols import iteration
from verify.reading.syntax import Added, Chain, Group, Juxtaposed, Name, Node, Number, Scripted, Statement, Words
from verify.reading.traversal import rewritten, walk


def plain_iterates(statements: Iterable[Statement]) -> list[Statement]:
    """The statements, the updates among them with their iterates in one notation; spans stay."""
    listed = list(statements)
    known: set[Node] = {node for s in listed for node in walk(s.content) if isinstance(node, (Name, Scripted))}
    return [replace(s, content=_plain(s.content, known)) if isinstance(s.content, Chain) else s for s in listed]


def _plain(chain: Chain, known: set[Node]) -> Chain:
    if not isinstance(chain.first, Scripted) or not chain.links or chain.links[0].right is None:
        return chain
    found = marked(chain.first)
    if found is None or found[1] != "next" or found[0] not in known:
        return chain
    bare = found[0]
    right = chain.links[0].right
    start = right.terms[0] if isinstance(right, Added) else right
    old = marked(start) if isinstance(start, Scripted) else None
    if start != bare and (old is None or old != (bare, "now")):
        return chain

    def now(node: Node) -> Node | None:
        if isinstance(node, Scripted) and marked(node) == (bare, "now"):
            return replace(bare, span=node.span)
        return None

    links = tuple(replace(link, right=rewritten(link.right, now) if link.right is not None else None) for link in chain.links)
    span = chain.first.span
    step = Added(span, ("+", "+"), (Name(span, "t"), Number(span, "1")))
    return replace(chain, first=Juxtaposed(span, (replace(bare, span=span), Group(span, "(", step))), links=links)


def marked(node: Scripted) -> tuple[Node, str] | None:
    """(the symbol without its mark, ``next`` or ``now``) of an iterate ``w_{t+1}``, ``w^{(t)}``, ``w_{old}``, else None."""
    for name, script, other in (("sub", node.sub, node.sup), ("sup", node.sup, node.sub)):
        mark = which(script)
        if mark is not None:
            if other is None and not node.primes:
                return node.base, mark
            return replace(node, sub=None if name == "sub" else node.sub, sup=None if name == "sup" else node.sup), mark
    return None


def which(script: Node | None) -> str | None:
    """``next`` for ``t+1``, ``(t+1)`` and "new", ``now`` for ``t``, ``(t)`` and "old", else None."""
    match script:
        case Group(_, "(" | "[", body):
            return iteration(body)
        case Added() | Name():
            if (mark := iteration(script)) is not None:
                return mark
    words = {"new": "next", "next": "next", "old": "now", "current": "now"}
    match script:
        case Name(_, text) | Words(_, text):
            return words.get(text.strip().lower())
        case Juxtaposed(_, items) if all(isinstance(i, Name) for i in items):
            return words.get("".join(i.text for i in items if isinstance(i, Name)).lower())
    return None
