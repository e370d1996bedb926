"""The marks of a class in the forms that learning platforms take."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from verify.files import Unreadable, read_bytes, write_text
from verify.grading.assignment import Assignment
from verify.grading.hints import limited
from verify.grading.overrules import open_lines
from verify.grading.store import Kept, Store, unpacked
from verify.marking import GRADES, Sheet, marked_report, overrules_in, page_name
from verify.rendering import gradebooks, gradescope, prairielearn
from verify.report import Report

Platform = Literal["gradescope", "canvas", "moodle", "prairielearn"]
RESULTS = "results.json"


def export(kept: Sequence[Kept], sheet: Sheet, out: Path, platform: Platform, title: str | None, roster: Path | None) -> Iterator[str]:
    """Write the marks for a learning platform into the folder of marks; yields what is to be said about it.

    Of one answer ``results.json``, of several a file each in ``results/`` (Gradescope, PrairieLearn); ``canvas.csv``, ``moodle.csv``.
    ``roster`` is the table that the platform gave out, which Moodle's needs. Raises Unreadable where that cannot be used.
    """
    out_of = sum(ask.out_of for ask in sheet.assignment.ask)
    match platform:
        case "canvas":
            yield from _table(
                out / "canvas.csv", lambda text: gradebooks.canvas(kept, title or heading(sheet.assignment), out_of, text), roster
            )
        case "moodle":
            if roster is None:
                raise Unreadable("Moodle takes back only its own table: give the grading worksheet that it hands out with --roster")
            yield from _table(out / "moodle.csv", lambda text: gradebooks.moodle(kept, out_of, text or ""), roster)
        case "gradescope" | "prairielearn":
            for name, found in _results(kept, sheet, out, platform):
                write_text(out / name, json.dumps(found, ensure_ascii=False, indent=2) + "\n")
                yield f"results: {out / name}"


def nothing(out: Path, platform: Platform | None, reason: str) -> None:
    """Write the results of what holds no answer at all, where the platform shows results to the one who handed it in."""
    match platform:
        case "gradescope":
            write_text(out / RESULTS, json.dumps(gradescope.nothing(reason)) + "\n")
        case "prairielearn":
            write_text(out / RESULTS, json.dumps(prairielearn.nothing(reason)) + "\n")


def heading(assignment: Assignment) -> str:
    """The title of an assignment: its first heading."""
    found = re.search(r"^#+\s*(.+?)\s*#*$", assignment.text, re.MULTILINE)
    return found[1] if found else "backproof"


def _table(path: Path, filled: Callable[[str | None], gradebooks.Filled], roster: Path | None) -> Iterator[str]:
    try:
        found = filled(read_bytes(roster).decode("utf-8") if roster is not None else None)
    except UnicodeDecodeError:
        raise Unreadable(f"{roster}: not UTF-8 text") from None
    except (gradebooks.WrongTable, Unreadable) as error:
        raise Unreadable(f"{roster}: {error}") from None
    write_text(path, found.text)
    yield from found.remarks
    yield f"table: {path}"


def _results(kept: Sequence[Kept], sheet: Sheet, out: Path, platform: Platform) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The results of each answer as its author may see them, with the file that they belong into."""
    sheet = replace(sheet, overrules=overrules_in(out, sheet.assignment))
    with Store(out / GRADES) as store:
        for one in kept:
            packed = store.report(one.content)
            asked = one.marked.asked
            if packed is None:
                report = Report(one.marked.answer, "", ())
            else:
                found = replace(unpacked(packed), file=one.marked.answer)
                report = limited(marked_report(found, open_lines(found, sheet.given), sheet), sheet.assignment.marks.hints)
            match platform:
                case "prairielearn":
                    results = prairielearn.results(report, asked, one.marked.lost)
                case _:
                    results = gradescope.results(report, asked, sheet.assignment)
                    if one.marked.lost is not None:
                        results["output"] = one.marked.lost
            yield Path(RESULTS) if len(kept) == 1 else Path("results") / page_name(one.marked.answer).replace(".html", ".json"), results
