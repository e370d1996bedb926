"""Sentences for judgements, and the repaired line in the document's own notation."""

from __future__ import annotations

from collections.abc import Iterable

from verify.judging.judgement import Judgement
from verify.meaning.repairs import Candidate, applied
from verify.mistakes import all_mistakes

MEANINGS = {"follows": "it is what follows from an earlier wrong line"}
"""What to say of a verdict that needs no other reason."""


def sentences(edits: Iterable[Candidate]) -> str:
    """What was put wrongly, one clause an edit."""
    known = {m.name: m.says for m in all_mistakes()}
    return "; ".join(dict.fromkeys(known[c.mistake].format(was=c.was, becomes=c.becomes) for c in edits))


def kind_of(edits: Iterable[Candidate]) -> str | None:
    """The name of the gravest mistake among edits: mathematics before notation, in the order of finding."""
    edits = list(edits)
    notation = {m.name for m in all_mistakes() if m.kind == "notation"}
    graver = [c for c in edits if c.mistake not in notation]
    return (graver or edits)[0].mistake if edits else None


def repaired_line(judgement: Judgement, edits: tuple[Candidate, ...], text: str) -> str | None:
    """The relation with its edits made, in the document's notation."""
    left, right = judgement.left, judgement.link.right
    if left is None or right is None:
        return None
    changes = [e for c in edits for e in c.edits]
    joined = any(c.mistake == "product-for-equals" for c in edits)
    if joined:
        ends = max((link.right.span.end for link in judgement.chain.links if link.right is not None), default=right.span.end)
        first = judgement.chain.first or left
        return applied(text, first.span.start, ends, changes)
    one = applied(text, left.span.start, left.span.end, [e for e in changes if left.span.start <= e.start and e.end <= left.span.end])
    other = applied(text, right.span.start, right.span.end, [e for e in changes if right.span.start <= e.start and e.end <= right.span.end])
    if one is None or other is None:
        return None
    return " ".join(f"{one} {judgement.sign(text)} {other}".split())


def message_of(judgement: Judgement, edits: tuple[Candidate, ...]) -> str:
    """Why a relation got its verdict, in one sentence; ``edits`` mend it."""
    match judgement.verdict:
        case "slip":
            return sentences(edits)
        case "refuted":
            return sentences(edits) if edits else (judgement.reason or "the two sides differ")
        case "follows":
            return MEANINGS["follows"]
        case "unread" | "given":
            return judgement.reason
    return "; ".join(judgement.notes)
