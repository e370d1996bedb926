"""Conditions on two indices that the prose states in plain letters: a heading or a line of words of its own, ``Case 2: i ≠ j``."""

from __future__ import annotations

import re

from verify.meaning.vocabulary import whole_words
from verify.reading.syntax import Chain, Link, Name, Span

CONDITION = re.compile(
    r"(?P<before>.*?)(?<![\w\\$])(?P<left>[A-Za-z])\s*(?P<sign>==?|≠|!=|<>)\s*(?P<right>[A-Za-z])(?![\w$])(?P<after>.*)"
)
LINE = re.compile(r"\n|\*\*|__")
ASIDE = re.compile(r"\([^()]*\)|（[^（）]*）|[\d\W_]+")


def case_in(text: str, start: int) -> Chain | None:
    """The condition on two letters that the last line of a prose states and nothing else, ``Case 2: i ≠ j (another class)``, else None.

    ``start`` is where the text stands in the document. Words other than those for a case make the condition part of a sentence, which
    may say it of something else.
    """
    at = len(text)
    for line in reversed(LINE.split(text)):
        at = text.rfind(line, 0, at)
        if not ASIDE.sub("", line):
            continue
        found = CONDITION.fullmatch(line)
        if found is None or any(has_other_words(found[part]) for part in ("before", "after")):
            return None
        left, sign, right = (Span(start + at + found.start(part), start + at + found.end(part)) for part in ("left", "sign", "right"))
        relation = "=" if found["sign"].startswith("=") else "!="
        name = Name(left, found["left"])
        return Chain(Span(left.start, right.end), name, (Link(sign, relation, Name(right, found["right"])),))
    return None


def has_other_words(text: str) -> bool:
    """Whether a text has words besides those for a case, asides in brackets apart."""
    return bool(ASIDE.sub("", whole_words("case").sub(" ", re.sub(r"\([^()]*\)|（[^（）]*）", " ", text))))
