"""What a class has come to so far, in one SQLite file: every verdict, and the marks. A transaction an answer, so that a kill loses nothing.

What is kept is found again by the content of an answer, the assignment and the engine; a rerun does only what is not there yet.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import TracebackType

from pydantic import TypeAdapter

from verify.files import Unreadable
from verify.grading.answers import Student
from verify.grading.marks import Marked
from verify.grading.overrules import Group, OpenLine
from verify.report import Asked, Relation, Report

SCHEMA = """
CREATE TABLE IF NOT EXISTS results (
    content TEXT PRIMARY KEY, lost TEXT, report BLOB
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS relations (
    content TEXT, id TEXT, cell INTEGER, line INTEGER, "column" INTEGER, lhs TEXT, relation TEXT, rhs TEXT, read_as TEXT, verdict TEXT,
    mistake TEXT, message TEXT, repair TEXT, same TEXT, PRIMARY KEY (content, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
    answer TEXT PRIMARY KEY, content TEXT, made TEXT, page TEXT, student TEXT, lost TEXT, points REAL, out_of REAL, unread INTEGER,
    asked TEXT
) WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS verdicts AS SELECT answer, relations.* FROM answers JOIN relations USING (content);
CREATE INDEX IF NOT EXISTS relations_same ON relations (same) WHERE same IS NOT NULL;
PRAGMA user_version = 1;
"""


@dataclass(frozen=True)
class Kept:
    """What is kept of an answer: its marks, the file name of its page, and from what both were made."""

    marked: Marked
    content: str
    made: str
    page: str
    student: Student | None


@cache
def _reports() -> TypeAdapter[Report]:
    return TypeAdapter(Report)


@cache
def _asked() -> TypeAdapter[tuple[Asked, ...]]:
    return TypeAdapter(tuple[Asked, ...])


def packed(report: Report) -> bytes:
    """A report as compressed JSON."""
    return zlib.compress(_reports().dump_json(report), 3)


def unpacked(data: bytes) -> Report:
    """The report that was packed."""
    return _reports().validate_json(zlib.decompress(data))


class Store:
    """The file ``grades.sqlite`` of a class. Raises Unreadable where it is none, or cannot be written."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.base = sqlite3.connect(path, isolation_level=None)
            self.base.execute("PRAGMA journal_mode = WAL")
            self.base.execute("PRAGMA synchronous = NORMAL")
            if self.base.execute("PRAGMA user_version").fetchone()[0] == 0:
                self.base.executescript(SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise Unreadable(f"{path}: {error}") from None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.base.close()

    def kept(self) -> dict[str, Kept]:
        """What is kept of each answer, by its name."""
        rows = self.base.execute("SELECT answer, content, made, page, student, lost, asked FROM answers")
        return {
            answer: Kept(
                Marked(answer, _asked().validate_json(asked), lost),
                content,
                made,
                page,
                Student(**json.loads(student)) if student else None,
            )
            for answer, content, made, page, student, lost, asked in rows
        }

    def report(self, content: str) -> bytes | None:
        """The report on a content as it was packed; None where there is none."""
        row = self.base.execute("SELECT report FROM results WHERE content = ?", (content,)).fetchone()
        return None if row is None else row[0]

    def wrong_lines(self) -> dict[str, dict[str, tuple[int, str, str | None]]]:
        """Of each answer the lines that are not right, by the ids of their relations: line, verdict, mistake."""
        found: dict[str, dict[str, tuple[int, str, str | None]]] = {}
        rows = self.base.execute(
            "SELECT answer, id, line, verdict, mistake FROM verdicts"
            " WHERE verdict NOT IN ('given', 'proved', 'tested') ORDER BY answer, line"
        )
        for answer, relation, line, verdict, mistake in rows:
            found.setdefault(answer, {})[relation] = line, verdict, mistake
        return found

    def same_lines(self, content: str) -> frozenset[str]:
        """What is equal for equal lines, of the open lines of a content."""
        return frozenset(
            row[0] for row in self.base.execute("SELECT same FROM relations WHERE content = ? AND same IS NOT NULL", (content,))
        )

    def put(self, kept: Kept, report: bytes | None, relations: Iterable[Relation], lines: Iterable[OpenLine]) -> None:
        """Keep an answer, and the result on its content where that is new; all of it or nothing."""
        same = {line.relation: line.same for line in lines}
        rows = [
            (kept.content, r.id, r.place.cell, r.place.line, r.place.column, r.lhs, r.relation, r.rhs, r.read_as, r.verdict, r.mistake,
             r.message, r.repair, same.get(r.id))
            for r in relations
        ]  # fmt: skip
        marked = kept.marked
        student = json.dumps(asdict(kept.student)) if kept.student is not None else None
        row = (
            marked.answer, kept.content, kept.made, kept.page, student, marked.lost, marked.points, marked.out_of, marked.unread,
            _asked().dump_json(marked.asked).decode(),
        )  # fmt: skip
        with self._transaction():
            self.base.execute("INSERT OR IGNORE INTO results VALUES (?, ?, ?)", (kept.content, marked.lost, report))
            self.base.executemany(f"INSERT OR IGNORE INTO relations VALUES ({', '.join('?' * 14)})", rows)
            self.base.execute(f"INSERT OR REPLACE INTO answers VALUES ({', '.join('?' * 10)})", row)

    def forget(self, answers: Iterable[str]) -> None:
        """Drop answers that are not in the class any more; results on their contents stay."""
        with self._transaction():
            self.base.executemany("DELETE FROM answers WHERE answer = ?", [(a,) for a in answers])

    def groups(self, examples: int = 3) -> Iterator[Group]:
        """The open lines of the class, equal ones together."""
        rows = self.base.execute(
            "SELECT same, lhs || ' ' || relation || ' ' || rhs, verdict, message, answer, line, cell FROM verdicts"
            " WHERE same IS NOT NULL ORDER BY same, answer, line"
        )
        found: dict[str, list[tuple[str, ...]]] = {}
        for same, *rest in rows:
            found.setdefault(same, []).append(tuple(rest))
        for same, lines in found.items():
            text, verdict, reason = lines[0][:3]
            places = [f"{answer}, {'' if cell is None else f'cell {cell}, '}line {line}" for _, _, _, answer, line, cell in lines]
            shown = tuple(places[:examples])
            yield Group(same, " ".join(text.split()), verdict, " ".join(reason.split()), len({line[3] for line in lines}), shown)

    def _transaction(self) -> _Transaction:
        return _Transaction(self.base)


class _Transaction:
    def __init__(self, base: sqlite3.Connection) -> None:
        self.base = base

    def __enter__(self) -> None:
        try:
            self.base.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise Unreadable(str(error)) from None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.base.execute("COMMIT" if kind is None else "ROLLBACK")
        except sqlite3.Error as reason:
            raise Unreadable(str(reason)) from None
        if isinstance(error, sqlite3.Error):
            raise Unreadable(str(error)) from None
