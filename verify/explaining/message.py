"""Sentences for judgements, and the repaired line in the document's own notation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from verify.judging.judgement import Judgement
from verify.meaning.repairs import Candidate, TextEdit, applied
from verify.mistakes import all_mistakes
from verify.reading.macros import origin, whole
from verify.reading.syntax import Document

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


def changes(edits: Iterable[Candidate], read: Document) -> tuple[TextEdit, ...]:
    """The edits of the text that its author wrote. ``read`` is the document as it was judged, in which macros may be written out; a call in
    which there is something to edit stays so.
    """
    made = sorted((e for c in edits for e in c.edits), key=lambda e: (e.start, e.end))
    if not read.calls:
        return tuple(made)
    found: list[tuple[int, int, list[TextEdit]]] = []
    for edit in made:
        start, end = whole(read.calls, edit.start, edit.end)
        if found and start < found[-1][1]:
            before = found.pop()
            found.append((before[0], max(end, before[1]), [*before[2], edit]))
        else:
            found.append((start, end, [edit]))
    texts = [(start, end, applied(read.text, start, end, inside)) for start, end, inside in found]
    places = [(origin(read.calls, start, end), text) for start, end, text in texts if text is not None]
    return tuple(TextEdit(span.start, span.end, text) for span, text in places)


def repaired_line(judgement: Judgement, edits: Iterable[Candidate], made: Sequence[TextEdit], read: Document, text: str) -> str | None:
    """The relation with its edits made, in its author's notation.

    ``made`` are the edits as changes of ``text``, which the author wrote; ``read`` is the document as it was judged.
    """
    left, right = judgement.left, judgement.link.right
    if left is None or right is None:
        return None
    joined = any(c.mistake == "product-for-equals" for c in edits)
    if joined:
        ends = max((link.right.span.end for link in judgement.chain.links if link.right is not None), default=right.span.end)
        first = judgement.chain.first or left
        line = origin(read.calls, first.span.start, ends)
        return applied(text, line.start, line.end, made)
    sides = (origin(read.calls, side.span.start, side.span.end) for side in (left, right))
    one, other = (applied(text, s.start, s.end, [e for e in made if s.start <= e.start and e.end <= s.end]) for s in sides)
    if one is None or other is None:
        return None
    return " ".join(f"{one} {judgement.sign(read.text)} {other}".split())


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
