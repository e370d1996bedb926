"""What a Gradescope autograder hands back: the file ``results.json``, and the archive that makes it.

The formats are those of Gradescope's autograder specification (https://gradescope-autograders.readthedocs.io/en/latest/specs/).
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, metadata
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from verify.grading.assignment import Assignment
from verify.rendering.json_report import engine_version
from verify.rendering.text import as_plain_text, report_parts
from verify.report import Asked, Report

WIDTH = 100
LONGEST = 50_000
"""Longer output is cut: the page of a submission shows it whole."""

SAYS = {
    "right": "right",
    "slip": "right but for a slip of notation",
    "follows": "follows from an earlier mistake",
    "wrong": "wrong",
    "missing": "not found in the answer",
    "unread": "could not be read; a person will look at it",
}
EPOCH = (1980, 1, 1, 0, 0, 0)


def results(report: Report, asked: Sequence[Asked], assignment: Assignment) -> dict[str, Any]:
    """The results of one answer. ``report`` is what its author may see; without verdicts in it, marks are shown when they are published."""
    hidden = assignment.marks.hints == "none"
    return {
        "output": as_plain_text(report_parts(report, WIDTH, verbose=False), WIDTH)[:LONGEST],
        "output_format": "text",
        "visibility": "visible",
        "tests": [_test(a, n, report, hidden) for n, a in enumerate(asked, 1)],
    }


def nothing(reason: str) -> dict[str, Any]:
    """The results where there is no answer to be marked."""
    return {"score": 0, "output": reason, "output_format": "text", "visibility": "visible", "tests": []}


def _test(asked: Asked, number: int, report: Report, hidden: bool) -> dict[str, Any]:
    line = next((r.place.line for r in report.relations if r.id == asked.relation), None)
    found: dict[str, Any] = {
        "name": f"{asked.name}: {asked.quantity}" if asked.name else asked.quantity,
        "number": str(number),
        "score": asked.points,
        "max_score": asked.out_of,
        "output": SAYS[asked.status] + (f" (line {line})" if line is not None else "") + (f"; {asked.decided}" if asked.decided else ""),
        "output_format": "text",
        "visibility": "after_published" if hidden else "visible",
    }
    if asked.status != "unread":
        found["status"] = "passed" if asked.points == asked.out_of else "failed"
    return found


def autograder(assignment: Assignment, wheels: Sequence[Path] = ()) -> bytes:
    """The archive for Gradescope: an assignment, this version of backproof as a wheel, and what sets up and runs it.

    Other wheels go along with it; with all that backproof depends on among them, it is set up without a network.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("setup.sh", "run_autograder"):
            _put(archive, name, files("verify.rendering").joinpath("gradescope_files", name).read_bytes(), 0o755)
        _put(archive, "assignment.md", assignment.source.encode("utf-8"))
        name, data = own_wheel()
        _put(archive, f"wheels/{name}", data)
        for wheel in wheels:
            if wheel.name.split("-")[0] != "backproof":
                _put(archive, f"wheels/{wheel.name}", wheel.read_bytes())
    return stream.getvalue()


def own_wheel() -> tuple[str, bytes]:
    """This version of backproof as a wheel (its name and bytes), however it is installed; raises PackageNotFoundError where it is not."""
    about = metadata("backproof")
    version = engine_version().replace("-", "_")
    info = f"backproof-{version}.dist-info"
    stream = io.BytesIO()
    record = []
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as wheel:

        def add(name: str, data: bytes) -> None:
            _put(wheel, name, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            record.append(f"{name},sha256={digest},{len(data)}")

        for package in ("verify", "derivations"):
            for name, data in _files(files(package), package):
                add(name, data)
        add(f"{info}/METADATA", str(about).encode("utf-8"))
        add(f"{info}/WHEEL", b"Wheel-Version: 1.0\nGenerator: backproof\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        entries = "[console_scripts]\nbackproof = verify.cli:main\n\n[pytest11]\nbackproof = verify.pytest_plugin\n"
        add(f"{info}/entry_points.txt", entries.encode())
        _put(wheel, f"{info}/RECORD", "".join(f"{line}\n" for line in [*record, f"{info}/RECORD,,"]).encode())
    return f"backproof-{version}-py3-none-any.whl", stream.getvalue()


def _files(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _files(entry, f"{name}/{entry.name}")
        elif entry.is_file() and not entry.name.endswith(".pyc"):
            yield f"{name}/{entry.name}", entry.read_bytes()


def _put(archive: zipfile.ZipFile, name: str, data: bytes, mode: int = 0o644) -> None:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (0o100000 | mode) << 16
    info.create_system = 3
    archive.writestr(info, data)


__all__ = ["PackageNotFoundError", "autograder", "nothing", "own_wheel", "results"]
