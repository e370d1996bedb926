"""From the answers of a class to its marks: each checked, marked, put on a page, and kept, so that a rerun does only what is left."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from verify.checking import check, check_document
from verify.deciding import Deciders
from verify.files import Unreadable, read_bytes, text_bytes, write_text
from verify.grading.answers import Answer
from verify.grading.assignment import Assignment
from verify.grading.marks import Marked, marks_csv, unreadable, with_points
from verify.grading.overrules import OpenLine, Overrules, open_lines, overruled, overrules_toml, parse_overrules, with_points_by_hand
from verify.grading.store import Kept, Store, packed, unpacked
from verify.grading.workers import Spread, spread
from verify.language import SOURCE, translated, translator
from verify.reading.document import read
from verify.rendering.class_page import class_page
from verify.rendering.html import html_report
from verify.rendering.json_report import engine_version
from verify.report import Relation, Report

MARKS, REPORT, GRADES, OVERRULES, LOCK = "marks.csv", "report", "grades.sqlite", "overrules.toml", ".lock"


@dataclass(frozen=True)
class Sheet:
    """What every answer of a class is marked by. ``given`` is the assignment's network as a report describes it; ``fast`` leaves out the
    second opinions; ``lang`` is the language of the pages."""

    assignment: Assignment
    overrules: Overrules
    given: Mapping[str, object]
    fast: bool
    lang: str = SOURCE


@dataclass(frozen=True)
class Job:
    """An answer to be marked: its bytes, or where its content was checked before the report on it."""

    answer: str
    format: str
    data: bytes | None
    report: bytes | None
    sheet: Sheet


@dataclass(frozen=True)
class Paper:
    """A marked answer: its report as it is kept, its marks, its page, the lines that a person may decide."""

    report: bytes
    marked: Marked
    page: str
    relations: tuple[Relation, ...]
    lines: tuple[OpenLine, ...]


class _Desk(threading.local):
    """What the answers that a thread marks have in common: most lines of a class are the same. Limited, so that its memory is."""

    def __init__(self) -> None:
        self.deciders = Deciders(most=6, claims=2_000)


_DESK = _Desk()


def paper(job: Job) -> Paper:
    """What marking an answer gives, whatever was marked before it."""
    sheet = job.sheet
    known = unpacked(job.report) if job.report is not None else None
    data: str | bytes = known.text if known is not None else job.data or b""
    document = read(data, job.format) if job.format != "py" else None
    if known is not None:
        report = known
    elif document is not None:
        report = check_document(document, assignment=sheet.assignment, fast=sheet.fast, deciders=_DESK.deciders)
    else:
        report = check(data, format=job.format, assignment=sheet.assignment, fast=sheet.fast)
    kept = job.report if job.report is not None else packed(report)
    lines = open_lines(report, sheet.given)
    shown = marked_report(replace(report, file=job.answer), lines, sheet)
    translate = translator(sheet.lang)
    page = html_report(translated(shown, translate), document, lang=sheet.lang, translate=translate)
    return Paper(kept, Marked(job.answer, shown.asked), page, report.relations, lines)


def marked_report(report: Report, lines: Sequence[OpenLine], sheet: Sheet) -> Report:
    """The report with its points, under the decisions of a person."""
    decided = with_points(overruled(report, lines, sheet.overrules, report.file), sheet.assignment)
    return replace(decided, asked=with_points_by_hand(decided.asked, sheet.overrules.of_answer(report.file)))


def grade(
    answers: Sequence[Answer], sheet: Sheet, out: Path, how: Spread, progress: Callable[[int, int], None] = lambda done, of: None
) -> list[Kept]:
    """The marks of a class in the order of the answers' names, written to a folder with a page an answer and one of the class.

    What the folder already has of the same contents, assignment and engine is not done again; the decisions in its ``overrules.toml`` are
    kept and applied. ``progress`` is called with the numbers of answers that are done and of all. Raises Unreadable where the folder
    cannot be used, AssignmentError where the decisions in it are wrong, ConnectionError where a cluster does not answer.
    """
    with _alone(out):
        sheet = replace(sheet, overrules=overrules_in(out, sheet.assignment))
        with Store(out / GRADES) as store:
            kept = _Class(answers, sheet, out, how, store, progress).kept()
            write_text(out / OVERRULES, overrules_toml(sheet.overrules, store.groups()))
            page = class_page(kept, sheet.assignment, store.wrong_lines(), lang=sheet.lang, translate=translator(sheet.lang))
            write_text(out / REPORT / "index.html", page)
        write_text(out / MARKS, marks_csv((one.marked for one in kept), sheet.assignment))
    return kept


def overrules_in(out: Path, assignment: Assignment) -> Overrules:
    """The decisions in a folder of marks; none where it has no such file."""
    path = out / OVERRULES
    if not path.exists():
        return Overrules()
    try:
        return parse_overrules(read_bytes(path).decode("utf-8"), assignment)
    except UnicodeDecodeError:
        raise Unreadable(f"{path}: not UTF-8") from None


@dataclass(frozen=True)
class _Class:
    """The marking of a class: what is kept of it, brought up to date."""

    answers: Sequence[Answer]
    sheet: Sheet
    out: Path
    how: Spread
    store: Store
    progress: Callable[[int, int], None]

    def kept(self) -> list[Kept]:
        """What is kept of every answer, in the order of their names, after those have been marked that were not, or not so."""
        before = self.store.kept()
        gone = before.keys() - {answer.name for answer in self.answers}
        self.store.forget(gone)
        for name in gone:
            self._page(before[name].page).unlink(missing_ok=True)
        found: dict[str, Kept] = {}
        todo: list[tuple[Answer, str]] = []
        for answer in self.answers:
            old = before.get(answer.name)
            try:
                data = text_bytes(answer.load())
                content = _digest(engine(), self._asks(), answer.format, hashlib.sha256(data).hexdigest())
            except Unreadable as error:
                found[answer.name] = self._lost(answer, _digest("lost", answer.name, str(error)), str(error))
                continue
            if old is not None and self._stands(old, answer, content):
                found[answer.name] = old
                continue
            todo.append((answer, content))
        self.progress(len(found), len(self.answers))
        for (answer, content), made, reason in spread(paper, todo, self.how, self._job):
            if made is None:
                found[answer.name] = self._lost(answer, content, reason or "nothing is known of it")
            else:
                found[answer.name] = self._keep(answer, content, made)
            self.progress(len(found), len(self.answers))
        return [found[answer.name] for answer in self.answers]

    def _stands(self, old: Kept, answer: Answer, content: str) -> bool:
        """Whether what is kept of an answer is still what marking it would give, and its page is there."""
        made = self._made(answer, content, self.store.same_lines(content))
        return old.content == content and old.made == made and (old.marked.lost is not None or self._page(old.page).exists())

    def _job(self, task: tuple[Answer, str]) -> Job:
        """What marks an answer: its bytes, or the report on its content if there is one."""
        answer, content = task
        report = self.store.report(content)
        return Job(answer.name, answer.format, answer.load() if report is None else None, report, self.sheet)

    def _keep(self, answer: Answer, content: str, made: Paper) -> Kept:
        name = page_name(answer.name)
        write_text(self._page(name), made.page)
        stamp = self._made(answer, content, frozenset(line.same for line in made.lines))
        kept = Kept(made.marked, content, stamp, name, answer.student)
        self.store.put(kept, made.report, made.relations, made.lines)
        return kept

    def _lost(self, answer: Answer, content: str, reason: str) -> Kept:
        """Keep an answer of which nothing can be said; its points may be set by hand all the same."""
        marked = unreadable(answer.name, self.sheet.assignment, reason)
        marked = replace(marked, asked=with_points_by_hand(marked.asked, self.sheet.overrules.of_answer(answer.name)))
        kept = Kept(marked, content, self._made(answer, content, frozenset()), "", answer.student)
        self.store.put(kept, None, (), ())
        return kept

    def _page(self, name: str) -> Path:
        return self.out / REPORT / (name or "no page")

    def _asks(self) -> str:
        """All of the assignment that verdicts depend on."""
        assignment = self.sheet.assignment
        asks = {q: list(symbols) for q, symbols in assignment.within.items()}
        return _digest(assignment.body, *assignment.quantities, json.dumps(asks), str(self.sheet.fast))

    def _made(self, answer: Answer, content: str, same: frozenset[str]) -> str:
        """From what the marks and the page of an answer are made: its verdicts, the assignment, and the decisions that are about it."""
        rules = self.sheet.overrules
        lines = sorted((rule.id, rule.decide, rule.quantity, rule.note) for rule in rules.decided.values() if rule.id in same)
        points = sorted((rule.quantity, rule.points, rule.note) for rule in rules.of_answer(answer.name).values())
        student = asdict(answer.student) if answer.student is not None else None
        return _digest(content, self.sheet.assignment.source, self.sheet.lang, json.dumps([lines, points, student]))


def page_name(answer: str) -> str:
    """The name of an answer's page: its own name where a file may have that, and what tells it from every other."""
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', answer).strip('-.')[:80]}-{_digest(answer)[:8]}.html"


@cache
def engine() -> str:
    """The version of backproof with a digest of its own source: what verdicts are kept by."""
    digest = hashlib.sha256()
    todo: list[Traversable] = [files("verify")]
    while todo:
        for entry in sorted(todo.pop().iterdir(), key=lambda e: e.name):
            if entry.is_dir():
                todo.append(entry)
            elif not entry.name.endswith(".pyc"):
                digest.update(entry.name.encode() + b"\0" + entry.read_bytes())
    return f"{engine_version()}+{digest.hexdigest()[:12]}"


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold the folder for one marking at a time; raises Unreadable where another one is at work in it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        stream = (out / LOCK).open("w")
    except OSError as error:
        raise Unreadable(f"{out}: {error.strerror or 'cannot be written'}") from None
    with stream:
        with suppress(ImportError):
            import fcntl

            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Unreadable(f"{out}: another marking is at work in this folder") from None
        yield
