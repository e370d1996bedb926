"""What a document says to be one-hot in words: "where y is one-hot", "nhãn one-hot y", "der One-Hot-Vektor y".

Words bind to the symbol right before them ("y is one-hot", "y (one-hot)") or right behind ("the one-hot label y"); without a symbol they
may name the target or the input. What is said under a condition, or of nothing in particular, is left in doubt; what is denied is not said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from verify.meaning.vocabulary import stems, whole_words
from verify.reading.syntax import Chain, Document, Formula, Name, Node, Scripted, Span, Tuple

OPEN, CLOSE = "\ue000", "\ue001"
"""Around the number of a formula, in a text whose formulas are numbers. Private letters: no document's own survive beside them."""
FORMULA = re.compile(rf"{OPEN}(\d+){CLOSE}")
CLAUSE = re.compile(
    r"(?<=[^\W\d]|[\ue001)])[.!?](?=\s|$)|[;。；！？]|\n\s*\n|\n\s*(?=[-*+|#>]|\d+[.)])|\\(?:item|par|section|subsection|paragraph)\b"
)
"""What ends a clause: a full stop behind a word or a formula, a blank line, a new item, row or heading."""
MARKUP = re.compile(r"\\(?:emph|textbf|textit|text|mbox)\b|[*`{}]|(?<!\w)_|_(?!\w)")
HYPHENS = re.compile("[\u2010-\u2015\u2212]|--+")
LONE = re.compile(r"(?<![\w\\$'’-])([A-Za-z])(?![\w$'’-])")
"""A letter that stands alone in a text, which may be a symbol written without mathematics."""
FAR = 6
"""How many words may stand between a symbol and what is said of it."""


@dataclass(frozen=True)
class Mention:
    """One place where a document says one-hot: the symbols that it says it of, or else what it may be said of.

    ``of`` are symbols that are one-hot; ``kind`` is ``target`` or ``input`` where only such a word is said; ``perhaps`` are symbols of
    which it is said in a way that leaves a doubt. With none of the three nobody knows. ``rows`` is 0 where each row is said to be so, 1
    for each column.
    """

    of: tuple[Node, ...] = ()
    kind: str = ""
    perhaps: tuple[Node, ...] = ()
    rows: int | None = None


def mentions(document: Document) -> Iterator[Mention]:
    """The places where the words of a document say one-hot, in order; places that deny it are left out."""
    formulas = [part for part in document.parts if isinstance(part, Formula)]
    hot = re.compile("|".join(map(re.escape, stems("one-hot"))), re.IGNORECASE)
    for clause in CLAUSE.split(_running(document)):
        plain = re.sub(r"\s+", " ", MARKUP.sub("", HYPHENS.sub("-", clause.replace("~", " "))))
        for place in hot.finditer(plain):
            if not _denied(plain[: place.start()]):
                yield _mention(plain, place.start(), place.end(), formulas)
    for formula in formulas:
        if hot.search(HYPHENS.sub("-", document.text[formula.inside.start : formula.inside.end])):
            yield Mention()


def _running(document: Document) -> str:
    """The text of a document with its formulas as numbers and without its code and comments."""
    found: list[str] = []
    at, number = 0, 0
    for part in document.parts:
        found.append(document.text[at : part.span.start])
        if isinstance(part, Formula):
            found.append(f" {OPEN}{number}{CLOSE}{'' if not part.display else ' '}")
            number += 1
        elif part.kind not in ("code", "comment"):
            found.append(document.text[part.span.start : part.span.end])
        at = part.span.end
    return "".join(found) + document.text[at:]


def _denied(before: str) -> bool:
    """Whether what stands before says that something is not one-hot."""
    return bool(whole_words("not").search(" ".join(re.split(r"[,:(]", before)[-1].split()[-FAR:])))


def _mention(text: str, start: int, end: int, formulas: list[Formula]) -> Mention:
    """What is said to be one-hot at a place of a clause."""
    before, behind = text[:start], text[end:]
    sentence = text.lower()
    kinds = {n for n, name in enumerate(("row", "column")) if _row(name, sentence)}
    rows = kinds.pop() if len(kinds) == 1 else None
    unsure = whole_words("if").search(before) is not None
    ahead, reached = _ahead(before, formulas)
    after = _after(behind, formulas)
    named = ahead if reached == "said" else after or ahead
    if named:
        listed = tuple(n for n in _coordinated(before, formulas) if n not in named) if named == ahead else ()
        return Mention((), "", (*named, *listed), rows) if unsure else Mention(named, "", listed, rows)
    around = " ".join((*re.split(r"[,;:(]", before)[-1].split()[-FAR:], "", *re.split(r"[,;:)]", behind)[0].split()[:FAR])).lower()
    said = [kind for kind in ("target", "input") if any(stem in around for stem in stems(kind))]
    perhaps = tuple(n for m in FORMULA.finditer(text) for n in _symbols(formulas[int(m[1])]))
    return Mention((), said[0] if len(said) == 1 and not unsure else "", perhaps, rows)


def _row(kind: str, text: str) -> bool:
    return any(re.search(r"(?<![a-z])" + stem, text) for stem in stems(kind))


def _ahead(before: str, formulas: list[Formula]) -> tuple[tuple[Node, ...], str]:
    """The symbols right before, of which the words between say that they are ("said") or which they only describe ("beside")."""
    marks = list(FORMULA.finditer(before))
    if marks:
        between = before[marks[-1].end() :]
        symbols = _symbols(formulas[int(marks[-1][1])])
        if symbols and (how := _joins(between)):
            return symbols, how
    letters = [m for m in LONE.finditer(before) if not marks or m.start() > marks[-1].end()]
    for letter in letters:
        if _joins(before[letter.end() :]) == "said" and whole_words("is").match(before[letter.end() :].lstrip()):
            return (Name(Span(0, 0), letter[1]),), "said"
    return (), ""


def _joins(between: str) -> str:
    """How the words between a symbol and "one-hot" tie the two: ``said`` by a verb, ``beside`` with an article alone, "" not at all."""
    words = re.sub(r"^[\s,:(-]+", " ", between)
    if not words.strip() or whole_words("a").fullmatch(words.strip()):
        return "beside"
    if len(words.split()) > FAR or re.search(r"[,:;()]", words) or whole_words("apart").search(words):
        return ""
    return "said" if whole_words("is").search(words) else ""


def _after(behind: str, formulas: list[Formula]) -> tuple[Node, ...]:
    """The symbols right behind, with no more than a noun between."""
    mark = FORMULA.search(behind)
    if mark is None:
        return ()
    between = behind[: mark.start()].strip()
    verb = whole_words("is").search(between)
    if verb is not None and between[verb.end() :].strip():
        return ()
    if len(between.split()) > 3 or re.search(r"[,:;()]", between) or whole_words("apart").search(between):
        return ()
    return _symbols(formulas[int(mark[1])])


def _coordinated(before: str, formulas: list[Formula]) -> tuple[Node, ...]:
    """The symbols before the last that "and" or a comma ties to it: of these it may be said, too."""
    marks = list(FORMULA.finditer(before))
    found: list[Node] = []
    for one, other in zip(reversed(marks[:-1]), reversed(marks[1:]), strict=True):
        between = before[one.end() : other.start()].strip(" ,")
        if between and not whole_words("apart").fullmatch(between):
            break
        found += _symbols(formulas[int(one[1])])
    return tuple(found)


def _symbols(formula: Formula) -> tuple[Node, ...]:
    r"""The symbols of a formula that is no more than symbols, ``y``, ``x, y`` or ``y \in \{0, 1\}^K``; none of any other."""
    if len(formula.statements) != 1:
        return ()
    content: Node | None = formula.statements[0].content
    if isinstance(content, Chain) and content.links and content.links[0].relation == "in":
        content = content.first
    listed: Iterable[Node | None] = content.items if isinstance(content, Tuple) else (content,)
    return tuple(item for item in listed if isinstance(item, (Name, Scripted)))
