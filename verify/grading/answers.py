"""The answers of a class: files, folders, and the archives that Canvas, Moodle and Gradescope hand out. Nothing is unpacked to the disk."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from verify.files import FORMATS, MAX_BYTES, Unreadable, documents_in, read_bytes
from verify.grading.online_text import markdown_of

MAX_MEMBERS = 100_000

CANVAS = re.compile(r"(?P<who>[^_/]+)(?:_LATE)?_(?P<id>\d+)_(?P<file>\d+|text)(?:_(?P<name>[^/]+))?(?P<end>\.html)?")
MOODLE = re.compile(r"(?:.*/)?(?P<who>[^/]+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?/(?P<name>.+)")
GRADESCOPE = re.compile(r"(?:.*/)?(?P<folder>submission_\d+)/(?P<name>.+)")
METADATA = "submission_metadata.yml"


@dataclass(frozen=True)
class Student:
    """Who handed an answer in, as a learning platform knows them: Canvas' user id, Moodle's participant number, Gradescope's student id."""

    name: str = ""
    id: str = ""
    email: str = ""


@dataclass(frozen=True)
class Answer:
    """An answer by its name, which is its own in the class; ``load`` gives its bytes or raises Unreadable."""

    name: str
    format: str
    load: Callable[[], bytes] = field(compare=False)
    student: Student | None = None


@dataclass(frozen=True)
class Class:
    """The answers in the order of their names, and what is to be said about what was handed in."""

    answers: tuple[Answer, ...]
    remarks: tuple[str, ...]


def answers_in(sources: Sequence[Path], leave_out: Iterable[Path] = ()) -> Class:
    """The answers in files, folders and zip archives; raises Unreadable, with the path in the reason, where one of these cannot be used.

    Names are relative to a folder or archive that is given alone; of several, each name begins with its own. What is no document is a
    remark in a folder, and an unread answer where a learning platform says whose it is. Two files of one name in an archive, and two
    answers of one student, are both kept, and remarked on.
    """
    leave_out = list(leave_out)
    left_out = {path.resolve() for path in leave_out}
    remarks: list[str] = []
    found: list[Answer] = []
    for source in sources:
        if source.resolve() in left_out:
            continue
        if not source.exists():
            raise Unreadable(f"{source}: no such file")
        if source.is_dir():
            here = _of_folder(source, leave_out, remarks)
        elif source.suffix.lower() == ".zip":
            here = _of_archive(source, remarks)
        else:
            here = [Answer(source.name, _format(source.name), lambda path=source: read_bytes(path))]  # type: ignore[misc]
        if len(sources) > 1 and (source.is_dir() or source.suffix.lower() == ".zip"):
            here = [replace(answer, name=f"{source.name}/{answer.name}") for answer in here]
        found += here
    found = _told_apart(found)
    remarks += _twice(found)
    return Class(tuple(sorted(found, key=lambda a: a.name)), tuple(remarks))


def _format(name: str) -> str:
    return FORMATS.get(PurePosixPath(name).suffix.lower(), "")


def _told_apart(answers: Iterable[Answer]) -> list[Answer]:
    """The answers, a number behind the name of each that has one already."""
    taken: set[str] = set()
    found = []
    for answer in answers:
        name, n = answer.name, 1
        while name in taken:
            n += 1
            name = f"{answer.name} ({n})"
        taken.add(name)
        found.append(replace(answer, name=name))
    return found


def _twice(answers: Sequence[Answer]) -> Iterator[str]:
    """Remarks on students with more than one answer."""
    of: dict[str, list[str]] = {}
    for answer in answers:
        if answer.student is not None and answer.student.id:
            of.setdefault(answer.student.id, []).append(answer.name)
    yield from (f"two answers of one student: {', '.join(names)}" for names in of.values() if len(names) > 1)


Entry = tuple[str, Callable[[], bytes]]


def _of_folder(folder: Path, leave_out: Sequence[Path], remarks: list[str]) -> list[Answer]:
    files = documents_in(folder, leave_out, every=True)
    entries = [(path.relative_to(folder).as_posix(), (lambda path=path: read_bytes(path))) for path in files]
    return _recognised(entries, remarks, str(folder))


def _of_archive(path: Path, remarks: list[str]) -> list[Answer]:
    try:
        if not path.is_file():
            raise Unreadable(f"{path}: {'not a regular file' if path.exists() else 'no such file'}")
        archive = zipfile.ZipFile(path)
        members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise Unreadable(f"{path}: no zip archive that can be read: {error}") from None
    if len(members) > MAX_MEMBERS:
        raise Unreadable(f"{path}: more than {MAX_MEMBERS} files in it")
    entries: list[Entry] = []
    for member in members:
        name = member.filename.replace("\\", "/")
        parts = [p for p in name.split("/") if p]
        if member.is_dir() or not parts or parts[0] == "__MACOSX" or parts[-1].startswith("."):
            continue
        if ".." in parts or name.startswith("/") or re.match(r"[A-Za-z]:", name):
            remarks.append(f"{path}: {name} leads out of the archive and is left out")
            continue
        entries.append(("/".join(parts), lambda member=member: _member(archive, member)))  # type: ignore[misc]
    return _recognised(entries, remarks, str(path))


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The bytes of a file in an archive, at most as many as a file may have; raises Unreadable."""
    try:
        with archive.open(member) as stream:
            found = stream.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"cannot be read from the archive: {error}") from None
    if len(found) > MAX_BYTES:
        raise Unreadable(f"larger than {MAX_BYTES / 1024 / 1024:g} MB")
    return found


def _recognised(entries: Sequence[Entry], remarks: list[str], where: str) -> list[Answer]:
    """The entries of a folder or an archive as answers, with their students where their names say who handed them in."""
    metadata = next((load for name, load in entries if PurePosixPath(name).name == METADATA), None)
    if metadata is not None:
        return _of_gradescope(entries, metadata, remarks, where)
    if entries and all(MOODLE.fullmatch(name) for name, _ in entries):
        return [_handed_in(name, load, m["name"], Student(m["who"], m["id"])) for name, load in entries if (m := MOODLE.fullmatch(name))]
    if entries and all(CANVAS.fullmatch(name) for name, _ in entries):
        return [
            _handed_in(name, load, "online.html" if m["file"] == "text" else m["name"] or name, Student(m["who"], m["id"]))
            for name, load in entries
            if (m := CANVAS.fullmatch(name))
        ]
    others = [name for name, _ in entries if not _format(name)]
    if others:
        shown = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")
        remarks.append(f"{where}: left out, since these are no documents: {shown}")
    return [Answer(name, _format(name), load) for name, load in entries if _format(name)]


def _handed_in(name: str, load: Callable[[], bytes], file: str, student: Student) -> Answer:
    """An answer of a student; what is no document stays in the class, and is not read."""
    ending = PurePosixPath(file).suffix.lower()
    if ending == ".html":
        return Answer(name, "md", lambda: markdown_of(load()), student)
    if ending in FORMATS:
        return Answer(name, FORMATS[ending], load, student)

    def refused() -> bytes:
        inside = " an archive in the archive is not opened;" if ending == ".zip" else ""
        raise Unreadable(f"files that end in {ending} are not read;{inside} ask for Markdown, TeX, a notebook or NumPy code")

    return Answer(name, "", refused, student)


def _of_gradescope(entries: Sequence[Entry], load_metadata: Callable[[], bytes], remarks: list[str], where: str) -> list[Answer]:
    students: dict[str, Student] = {}
    try:
        for folder, about in _yaml(load_metadata()).items():
            submitters = about.get(":submitters") if isinstance(about, dict) else None
            people = [p for p in submitters or [] if isinstance(p, dict)]
            if people:
                parts = [", ".join(str(p.get(key) or "") for p in people) for key in (":name", ":sid", ":email")]
                students[str(folder)] = Student(*parts)
    except (Unreadable, ValueError, AttributeError, RecursionError) as error:
        remarks.append(f"{where}: {METADATA} is not read: {error}")
    found = []
    for name, load in entries:
        match = GRADESCOPE.fullmatch(name)
        if match is not None:
            found.append(_handed_in(name, load, match["name"], students.get(match["folder"], Student(match["folder"], match["folder"]))))
    return found


def _yaml(data: bytes) -> dict[Any, Any]:
    import yaml

    try:
        found = yaml.load(data, Loader=_plain_loader())
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    return found if isinstance(found, dict) else {}


def _plain_loader() -> Any:
    """A loader of YAML that makes nothing but text, lists and mappings, and follows no aliases."""
    import yaml

    class Plain(yaml.BaseLoader):  # type: ignore[misc]
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("aliases are not read")
            return super().compose_node(parent, index)

    return Plain
