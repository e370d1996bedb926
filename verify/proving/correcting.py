"""A document with its wrong lines mended: what is wrong, what depends on it, and nothing else, in the document's own notation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verify.checking import check, judged
from verify.deciding import Deciders
from verify.judging.asked import claimed, pair_of
from verify.judging.judgement import Judgement
from verify.kernel.expr import Add, Derivative, Index, Tensor
from verify.meaning.claims import LEARNING_RATES, updated_quantity
from verify.meaning.network import Network
from verify.notations import NOTATIONS
from verify.notations.page import Page, Unsayable, below, indices_of, naming, tensor_name
from verify.proving.letters import lettered
from verify.proving.network import derive
from verify.proving.proof import NotProved
from verify.reading.document import read
from verify.reading.syntax import Document, Formula

WRONG = frozenset({"refuted", "slip", "follows"})
ROUNDS = 8
"""What is mended may show that a later line was wrong too; a document in which that goes on longer is left as it is then."""


@dataclass(frozen=True)
class Change:
    """A formula that was changed: the line where it stands in the original, what it was, what it is, and the first mistake in it."""

    line: int
    was: str
    becomes: str
    mistake: str | None


@dataclass(frozen=True)
class Left:
    """A wrong relation that was left: its line in the original, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Corrected:
    """A document mended: its text without and with marks where it was changed, what was changed, and what is still wrong."""

    text: str
    marked: str
    changes: tuple[Change, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    text: str
    mistake: str | None = None


def corrected(text: str | bytes, format: str = "md", mark: str = "corrected") -> Corrected:
    """The document with each wrong relation mended.

    A line is mended by the repair that its diagnosis knows; where it knows none, the right side is replaced by the proved derivative that
    the line is about, if it is about one. Then the document is checked again: what followed from the wrong line is wrong now, and is
    mended the same way. ``mark`` is the word that marks a changed formula. Notebooks and code are not corrected (ValueError).
    """
    if format not in ("md", "tex"):
        raise ValueError("Markdown and LaTeX documents are corrected, no others")
    original = read(text, format)
    now, deciders = original.text, Deciders()
    mistakes: dict[int, str] = {}
    stuck: frozenset[tuple[str, str]] = frozenset()
    for _ in range(ROUNDS):
        edits, stuck = _mending(now, format, deciders, stuck)
        if not edits:
            break
        document = read(now, format)
        for edit in edits:
            formula = _formula_at(document, edit.start)
            if formula is not None and edit.mistake is not None:
                mistakes.setdefault(formula, edit.mistake)
        now = _applied(now, edits)
    changes, marked = _marked(original, read(now, format), format, mark, mistakes)
    report = check(now, format=format, fast=True, deciders=deciders)
    left = tuple(Left(r.place.line, r.message or "the two sides differ") for r in report.relations if r.verdict in WRONG)
    return Corrected(now, marked, changes, left)


def _mending(
    text: str, format: str, deciders: Deciders, stuck: frozenset[tuple[str, str]]
) -> tuple[list[_Edit], frozenset[tuple[str, str]]]:
    """The edits of one round, none of them overlapping, and the relations that nothing mends.

    Where a line that is wrong is followed by lines that are wrong in terms of it, only what does not rest on another is mended first.
    """
    report = check(text, format=format, fast=True, deciders=deciders)
    found, _, judgements = judged(read(text, format), None, deciders)
    network = found.scopes[-1].network
    wrong = [(r, j) for r, j in zip(report.relations, judgements, strict=True) if r.verdict in WRONG and (r.lhs, r.rhs) not in stuck]
    known = [(r, [_Edit(e.start, e.end, e.text, r.mistake) for e in r.edits]) for r, _ in wrong if r.edits]
    every = list(dict.fromkeys(e for _, edits in known for e in edits))
    if every and not _overlap(every, every):
        expected = sum(r.verdict in WRONG for r in report.relations) - len(known)
        if sum(j.verdict in WRONG for j in _judgements(_applied(text, every), format, deciders)) <= expected:
            return every, stuck
    edits: list[_Edit] = []
    for relation, judgement in wrong:
        if relation.verdict == "follows" and edits:
            continue
        own = [_Edit(e.start, e.end, e.text, relation.mistake) for e in relation.edits]
        proposals = [p for p in (own, *_truths(judgement, network, text)) if p]
        free = [p for p in proposals if not _overlap(p, edits)]
        better = next((p for p in free if _betters(text, p, format, deciders, judgements, judgements.index(judgement))), None)
        if better is not None:
            edits += [e for e in better if e not in edits]
        elif len(free) == len(proposals):
            stuck |= {(relation.lhs, relation.rhs)}
    return edits, stuck


def _judgements(text: str, format: str, deciders: Deciders) -> list[Judgement]:
    return judged(read(text, format), None, deciders)[2]


def _betters(text: str, edits: list[_Edit], format: str, deciders: Deciders, before: Sequence[Judgement], number: int) -> bool:
    """Whether a wrong relation, of that number, is no longer wrong when the edits are made."""
    after = _judgements(_applied(text, edits), format, deciders)
    if len(after) != len(before):
        return sum(j.verdict in WRONG for j in after) < sum(j.verdict in WRONG for j in before)
    return after[number].verdict in ("proved", "tested", "given")


def _overlap(one: list[_Edit], other: list[_Edit]) -> bool:
    return any(a != b and a.start <= b.end and b.start <= a.end for a in one for b in other)


def _applied(text: str, edits: Sequence[_Edit]) -> str:
    for edit in sorted(edits, key=lambda e: (e.start, e.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


# -- the truth in the document's notation ----------------------------------------------------------------------------------------------


def _truths(judgement: Judgement, network: Network, text: str) -> Iterator[list[_Edit]]:
    """Edits that put the proved derivative in place of a right side, the document's notation first; none if it is about no derivative."""
    right, pair = judgement.link.right, claimed(judgement.chain, network)
    if pair is None and judgement.left is not None:
        pair = pair_of(judgement.left, network)
    if right is None or pair is None:
        return
    before = ""
    if updated_quantity(judgement.chain) is not None:
        rate = "|".join(re.escape(r) + r"(?![A-Za-z])" for r in LEARNING_RATES)
        step = re.match(rf".*?-\s*(?:{rate})", text[right.span.start : right.span.end], re.DOTALL)
        if step is None or judgement.number > 0:
            return
        before = step[0]
    for side, terms in _written(pair, network, _letters_of(pair[1], judgement)):
        apart = before and (terms or side.startswith("-"))
        yield [_Edit(right.span.start, right.span.end, before + (rf" \left({side}\right)" if apart else f" {side}" if before else side))]


def _letters_of(name: str, judgement: Judgement) -> tuple[str, ...]:
    """The letters that a relation writes at a quantity, if it writes them and was understood."""
    sides = () if judgement.claim is None else (judgement.claim.left, judgement.claim.right)
    for node in (n for side in sides for n in below(side)):
        entry = node.wrt if isinstance(node, Derivative) else node
        if isinstance(entry, Tensor) and entry.name == name:
            letters = tuple(i.name for i in entry.indices if isinstance(i, Index))
            if len({*letters}) == len(entry.indices) and all(len(c) == 1 and c.isalpha() for c in letters):
                return letters
    return ()


def _written(pair: tuple[str, str], network: Network, own: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """A derivative in closed form, and whether it is a sum of terms: in the notation of the document, then in the others.

    ``own`` are the letters of its free indices, if the document writes some.
    """
    of, by = pair
    program = lettered(network.program)
    if of not in program.by_name or by not in program.by_name or network.failed:
        return
    try:
        result = derive(program, of, (by,), "brief", signals=False).results[0]
    except NotProved:
        return
    free = program.by_name[by].indices if own else ()
    taken = {*own, *(tensor_name(d.name) for d in program.definitions)}
    bound = [i for i in indices_of((result.left, result.right)) if i not in free]
    letters = dict(zip(free, own, strict=True)) | naming(bound, taken)
    widths = {axis: name for name, axis in network.sizes.items()}
    first = "index" if network.explicit else "matrix" if by in network.grids else "loose"
    for style in sorted(NOTATIONS, key=lambda style: style != first):
        found = NOTATIONS[style](Page(program, letters, widths), (result.left, result.right))
        if not isinstance(found, Unsayable):
            yield found[1], isinstance(result.right, Add)


# -- marks ---------------------------------------------------------------------------------------------------------------------------------


def _formula_at(document: Document, offset: int) -> int | None:
    """The number of the formula that an offset lies in."""
    formulas = [part for part in document.parts if isinstance(part, Formula)]
    return next((n for n, f in enumerate(formulas) if f.inside.start <= offset <= f.inside.end), None)


def _marked(original: Document, now: Document, format: str, mark: str, mistakes: dict[int, str]) -> tuple[tuple[Change, ...], str]:
    """What was changed, and the new text with a mark and a comment behind each formula that was."""
    old = [part for part in original.parts if isinstance(part, Formula)]
    new = [part for part in now.parts if isinstance(part, Formula)]
    if len(old) != len(new):
        return (), now.text
    changes: list[Change] = []
    text = now.text
    for n in reversed(range(len(new))):
        was, becomes = (d.text[f.inside.start : f.inside.end] for d, f in ((original, old[n]), (now, new[n])))
        if was == becomes:
            continue
        line = original.text.count("\n", 0, old[n].inside.start) + 1
        changes.append(Change(line, was.strip(), becomes.strip(), mistakes.get(n)))
        text = text[: new[n].span.end] + _mark(was, new[n].display, format, mark) + text[new[n].span.end :]
    return tuple(reversed(changes)), text


def _mark(was: str, display: bool, format: str, mark: str) -> str:
    """The mark behind a formula, and in a comment what stood there."""
    kept = " ".join(was.split())
    if format == "tex":
        shown = "".join(c for c in kept if c.isprintable())
        return f" \\textbf{{[{mark}]}}% {shown}\n"
    comment = kept.replace("-", "\u2212").replace(">", "\u203a")  # neither ends a comment
    return f"\n\n**[{mark}]** <!-- {comment} -->\n" if display else f" **[{mark}]**<!-- {comment} -->"
