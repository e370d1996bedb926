"""The mutation set: every known mistake made in every proof of the catalogue, in every notation, and what the check finds.

``python -m tests.explaining.mutants`` prints the figures and the confusion table of docs/explanation/mistakes.md; the same seed gives the
same documents. A proof is first written out and checked; what is not proved as it stands there is left out of the document. A mutant that
is true all the same (the check proves the edited line) is no mistake: it is counted and left out.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from random import Random

from tests.explaining.printed import Document, documents
from verify.checking import check, judged
from verify.deciding import Deciders
from verify.explaining.search import surroundings
from verify.judging.judgement import Judgement
from verify.meaning.claims import names_quantity
from verify.meaning.repairs import TextEdit, applied
from verify.mistakes import all_mistakes
from verify.reading.document import read
from verify.report import Relation, Report

FINE = ("given", "proved", "tested")
WRONG = ("refuted", "follows", "slip")
NOT_WRONG = ("not proved, and the chance", "not proved, and not tested", "the sides have no value", "both sides are 0 whatever")
"""What is said of lines that agree wherever they were tried, or have no value anywhere: they are not wrong as far as anybody knows."""
BLOCK = re.compile(r"\$\$.*?\$\$\n\n", re.DOTALL)


@dataclass(frozen=True)
class Mutant:
    """A document with one mistake: in which proof, which mistake, the offset of the sign of the edited relation."""

    entry: str
    notation: str
    mistake: str
    kind: str
    text: str
    sign: int


@dataclass(frozen=True)
class Outcome:
    """What the check made of a mutant. ``found``: the edited relation is the first that is called wrong; ``false_alarm``: one before it."""

    mutant: Mutant
    true: bool
    found: bool
    false_alarm: bool
    verdict: str
    named: str | None
    message: str
    repaired: bool | None
    """Whether the repaired line is right; None where none is shown."""


@dataclass
class Tally:
    """The figures over many mutants."""

    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def wrong(self) -> list[Outcome]:
        """The outcomes of mutants that are wrong."""
        return [o for o in self.outcomes if not o.true]

    def share(self, what: str) -> tuple[int, int]:
        """How many of how many: ``found``, ``named`` (of the mistakes), ``repaired`` (of those named rightly), ``alarms``."""
        wrong = self.wrong
        match what:
            case "found":
                return sum(o.found for o in wrong), len(wrong)
            case "named":
                return sum(o.named == o.mutant.mistake for o in wrong), len(wrong)
            case "repaired":
                named = [o for o in wrong if o.named == o.mutant.mistake]
                return sum(o.repaired is True for o in named), len(named)
        return sum(o.false_alarm for o in self.outcomes), len(self.outcomes)

    def confusion(self) -> dict[str, Counter[str]]:
        """For each mistake made how often each was named; ``-`` where none was."""
        table: dict[str, Counter[str]] = {}
        for o in self.wrong:
            table.setdefault(o.mutant.mistake, Counter())[o.named or "-"] += 1
        return table


def sound(document: Document, pool: Deciders) -> Document | None:
    """The document without the blocks that are not right as they stand; None where no derivative is left."""
    text = document.text
    for _ in range(4):
        report = check(text, fast=True, deciders=pool)
        spans = [m.span() for m in BLOCK.finditer(text)]
        wrong = [r.offsets[0] for r in report.relations if r.verdict not in FINE and r.relation != r"\in"]
        bad = [s for s in spans if any(s[0] <= at < s[1] for at in wrong)]
        if not bad:
            right = any(r.verdict in ("proved", "tested") for r in report.relations)
            return Document(document.entry, document.notation, text) if right else None
        for start, end in reversed(bad):
            text = text[:start] + text[end:]
    return None


def judgements(text: str, pool: Deciders) -> list[Judgement]:
    """The judgements of a document, with their syntax and readings."""
    return judged(read(text), None, pool)[2]


def mutants(document: Document, draw: Random, pool: Deciders) -> Iterator[Mutant]:
    """One mutant for each right line and each mistake that can be made in it."""
    for judgement in judgements(document.text, pool):
        left, right, reading = judgement.left, judgement.link.right, judgement.reading
        if judgement.verdict not in ("proved", "tested") or reading is None or left is None or right is None:
            continue
        if judgement.number == 0 and names_quantity(left, reading.network) is not None:
            continue  # a definition said again: another one is a dispute, not a mistake
        around = surroundings(reading, left, right, document.text)
        for mistake in all_mistakes():
            side = left if mistake.of == "left" else right
            if mistake.of == "left" and judgement.number:
                continue
            made = [c for c in mistake.apply(side, around) if c.edits]
            if not made:
                continue
            chosen = draw.choice(made)
            text = edited(document.text, chosen.edits)
            if text is not None and text != document.text:
                before = [e for e in chosen.edits if e.end <= judgement.link.span.start]
                sign = judgement.link.span.start + sum(len(e.text) - (e.end - e.start) for e in before)
                yield Mutant(document.entry, document.notation, mistake.name, mistake.kind, text, sign)


def edited(text: str, edits: Iterable[TextEdit]) -> str | None:
    """The text with edits made; None where they overlap."""
    return applied(text, 0, len(text), edits)


def outcome(mutant: Mutant, pool: Deciders) -> Outcome:
    """What the check makes of a mutant."""
    report = check(mutant.text, fast=True, deciders=pool)
    relation = at(report, mutant.sign)
    first = next((r for r in report.relations if r.verdict in WRONG), None)
    if relation is None:
        return Outcome(mutant, False, False, first is not None, "missing", None, "", None)
    wrong = relation.verdict == "refuted" or (mutant.kind == "notation" and relation.verdict == "slip")
    early = first is not None and first.offsets < relation.offsets and first is not relation
    repaired = right_after(mutant, relation, pool) if relation.edits else None
    true = relation.verdict in FINE or (relation.verdict == "unread" and relation.message.startswith(NOT_WRONG))
    return Outcome(mutant, true, wrong and first is relation, early, relation.verdict, relation.mistake, relation.message, repaired)


def right_after(mutant: Mutant, relation: Relation, pool: Deciders) -> bool:
    """Whether the relation is right once the edits that the check proposes are made."""
    text = edited(mutant.text, [TextEdit(e.start, e.end, e.text) for e in relation.edits])
    if text is None:
        return False
    shift = sum(len(e.text) - (e.end - e.start) for e in relation.edits if e.end <= mutant.sign)
    mended = at(check(text, fast=True, deciders=pool), mutant.sign + shift)
    return mended is not None and mended.verdict in FINE


def at(report: Report, sign: int) -> Relation | None:
    """The relation whose sign stands at an offset."""
    line = report.text.count("\n", 0, sign) + 1
    column = sign - (report.text.rfind("\n", 0, sign) + 1) + 1
    return next((r for r in report.relations if (r.place.line, r.place.column) == (line, column)), None)


def campaign(seed: int, most: int, each: int, only: Iterable[str] = (), jobs: int = 1) -> Iterator[Outcome]:
    """Outcomes of at most so many mutants in all and so many of one document, the documents in a random order."""
    wanted = set(only)
    sources = [d for d in documents() if not wanted or d.entry in wanted]
    Random(seed).shuffle(sources)
    made = 0
    with multiprocessing.Pool(jobs) if jobs > 1 else nullcontext() as pool:
        tasks = ((source, seed, each) for source in sources)
        for found in pool.imap(outcomes, tasks) if pool is not None else map(outcomes, tasks):
            yield from found[: most - made]
            made += len(found)
            if made >= most:
                return


def outcomes(task: tuple[Document, int, int]) -> list[Outcome]:
    """The outcomes of so many mutants of one document."""
    source, seed, each = task
    pool = Deciders()
    document = sound(source, pool)
    if document is None:
        return []
    draw = Random(f"{seed} {document.entry} {document.notation}")
    found = list(mutants(document, draw, pool))
    return [outcome(mutant, pool) for mutant in (found if len(found) <= each else draw.sample(found, each))]


def table(tally: Tally) -> str:
    """The figures and the confusion table as Markdown."""
    lines = []
    for what, words in (
        ("found", "first wrong line found"),
        ("named", "mistake named rightly"),
        ("repaired", "repaired line right, of those named"),
        ("alarms", "a right line before it called wrong"),
    ):
        n, of = tally.share(what)
        lines.append(f"| {words} | {n} of {of} | {100 * n / max(of, 1):.1f} % |")
    lines.append("")
    for mistake, row in sorted(tally.confusion().items()):
        named = ", ".join(f"{name} {n}" for name, n in row.most_common())
        lines.append(f"| {mistake} | {row.total()} | {named} |")
    return "\n".join(lines)


def summary(tally: Tally, seed: int) -> str:
    """What the figures rest on, and the figures."""
    true = sum(o.true for o in tally.outcomes)
    places = {(o.mutant.entry, o.mutant.notation) for o in tally.outcomes}
    head = f"{len(tally.wrong)} mutants of {len(places)} documents with seed {seed}; {true} more happen to be true"
    return f"{head}\n\n{table(tally)}"


def main() -> None:
    """Run a campaign and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=1_000_000, help="mutants in all")
    parser.add_argument("--each", type=int, default=1_000_000, help="mutants of one document")
    parser.add_argument("--only", nargs="*", default=(), help="entries of the catalogue")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print what is not as it should be")
    given = parser.parse_args()
    tally = Tally()
    for o in campaign(given.seed, given.most, given.each, given.only, given.jobs):
        tally.outcomes.append(o)
        m = o.mutant
        good = o.true or (o.found and o.named == m.mistake and o.repaired)
        if given.show and not good:
            start, end = m.text.rfind("\n", 0, m.sign) + 1, m.text.find("\n", m.sign)
            print(f"{m.entry} {m.notation}: {m.mistake}: {o.verdict} {o.named} repaired={o.repaired}: {o.message}\n    {m.text[start:end]}")
            sys.stdout.flush()
        if len(tally.outcomes) % 100 == 0:
            print(summary(tally, given.seed), file=sys.stderr, flush=True)
    print(summary(tally, given.seed))


if __name__ == "__main__":
    main()
