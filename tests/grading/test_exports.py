"""What learning platforms take: each held against its format's rules and against a sample made by hand from the specification."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import stat
import subprocess
import sys
import zipfile
from importlib.metadata import requires, version
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from classroom import ASSIGNMENT, BY_W, BY_Z, UNREAD, WRONG
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from packaging.requirements import Requirement

from verify.cli import main
from verify.grading.answers import Student
from verify.grading.marks import Marked
from verify.grading.store import Kept
from verify.rendering.gradebooks import WrongTable, canvas, moodle
from verify.rendering.gradescope import own_wheel
from verify.report import Asked

GRADESCOPE = {
    "type": "object",
    "additionalProperties": False,
    "anyOf": [{"required": ["score"]}, {"required": ["tests"], "properties": {"tests": {"minItems": 1}}}],
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "number"},
        "output": {"type": "string"},
        "output_format": {"enum": ["text", "html", "simple_format", "md", "ansi"]},
        "test_output_format": {"enum": ["text", "html", "simple_format", "md", "ansi"]},
        "visibility": {"enum": ["hidden", "after_due_date", "after_published", "visible"]},
        "stdout_visibility": {"enum": ["hidden", "after_due_date", "after_published", "visible"]},
        "extra_data": {"type": "object"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "score": {"type": "number", "minimum": 0},
                    "max_score": {"type": "number", "minimum": 0},
                    "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string"},
                    "name_format": {"enum": ["text", "html", "simple_format", "md", "ansi"]},
                    "number": {"type": "string"},
                    "output": {"type": "string"},
                    "output_format": {"enum": ["text", "html", "simple_format", "md", "ansi"]},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "visibility": {"enum": ["hidden", "after_due_date", "after_published", "visible"]},
                },
            },
        },
    },
}
"""The rules of results.json, from Gradescope's specification of autograders."""

GRADESCOPE_SAMPLE = {
    "execution_time": 136,
    "output": "x",
    "output_format": "simple_format",
    "visibility": "after_due_date",
    "tests": [
        {
            "score": 2.0,
            "max_score": 2.0,
            "status": "passed",
            "name": "Your name here",
            "number": "1.1",
            "tags": ["a"],
            "visibility": "visible",
        }
    ],
}

PRAIRIELEARN = {
    "type": "object",
    "required": ["score"],
    "properties": {
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "gradable": {"type": "boolean"},
        "format_errors": {"type": ["string", "array"], "items": {"type": "string"}},
        "message": {"type": "string"},
        "output": {"type": "string"},
        "images": {"type": "array"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "points", "max_points"],
                "properties": {
                    "name": {"type": "string"},
                    "description": {"type": "string"},
                    "points": {"type": "number"},
                    "max_points": {"type": "number"},
                    "message": {"type": "string"},
                    "output": {"type": "string"},
                },
            },
        },
    },
}
"""The rules of PrairieLearn's results.json, from its documentation of external graders."""

PRAIRIELEARN_SAMPLE = {
    "gradable": True, "score": 0.25, "message": "Tests completed.", "format_errors": [],
    "tests": [{"name": "Test 1", "description": "d", "points": 1, "max_points": 1, "message": "No errors!", "output": "Running"}],
}  # fmt: skip


def test_the_rules_take_the_samples() -> None:
    """The samples made by hand from the specifications meet the rules that the results are held against."""
    Draft202012Validator(GRADESCOPE).validate(GRADESCOPE_SAMPLE)
    Draft202012Validator(PRAIRIELEARN).validate(PRAIRIELEARN_SAMPLE)
    assert not Draft202012Validator(GRADESCOPE).is_valid({"output": "no score"})
    assert not Draft202012Validator(PRAIRIELEARN).is_valid({"score": 2})


def submission(folder: Path, files: dict[str, str], platform: str, hints: str = "repair") -> tuple[dict, Result]:
    """The results of one submission, and the result of the command."""
    (folder / "submission").mkdir()
    for name, text in files.items():
        (folder / "submission" / name).write_text(text, encoding="utf-8")
    (folder / "assignment.md").write_text(ASSIGNMENT.replace("+++\n$$", f"[marks]\nhints = '{hints}'\n+++\n$$"), encoding="utf-8")
    options = ["grade", "--assignment", folder / "assignment.md", "--out", folder / "out", "--format", platform, "--jobs", 1, "--fast"]
    done = CliRunner().invoke(main, [*map(str, options), str(folder / "submission")], catch_exceptions=False)
    return json.loads((folder / "out/results.json").read_text(encoding="utf-8")), done


def test_gradescope_results(tmp_path: Path) -> None:
    """Every asked quantity and step is a test with its points; what is unread is neither passed nor failed; the output says why."""
    found, _ = submission(tmp_path, {"answer.md": WRONG + BY_W}, "gradescope")
    Draft202012Validator(GRADESCOPE).validate(found)
    assert [(t["score"], t["max_score"], t.get("status")) for t in found["tests"]] == [(0, 2, "failed"), (1, 1, "passed"), (1, 1, "passed")]
    assert "constant-factor" in found["output"] and found["tests"][2]["name"].startswith("by the inputs: ")
    assert found["tests"][0]["output"] == "wrong (line 1)"


def test_gradescope_without_hints_and_unread(tmp_path: Path) -> None:
    """Where the assignment gives no hints, marks wait until they are published, and the output shows only what was not read."""
    found, _ = submission(tmp_path, {"answer.md": UNREAD + WRONG.replace("{\\partial z}", "{\\partial y}")}, "gradescope", "none")
    Draft202012Validator(GRADESCOPE).validate(found)
    assert {t["visibility"] for t in found["tests"]} == {"after_published"}
    assert "refuted" not in found["output"] and "mystery" in found["output"] and "status" not in found["tests"][0]


def test_gradescope_without_a_document(tmp_path: Path) -> None:
    """A submission without a document says what to hand in."""
    found, done = submission(tmp_path, {"scan.pdf": ""}, "gradescope")
    Draft202012Validator(GRADESCOPE).validate(found)
    assert done.exit_code == 2 and "hand in Markdown" in found["output"]


def test_prairielearn_results(tmp_path: Path) -> None:
    """The score is a share; what was not read costs no attempt and says which line."""
    (tmp_path / "good").mkdir()
    found, _ = submission(tmp_path / "good", {"answer.md": BY_Z}, "prairielearn")
    Draft202012Validator(PRAIRIELEARN).validate(found)
    assert found["gradable"] is True and found["score"] == 0.5 and sum(t["points"] for t in found["tests"]) == 2
    found, _ = submission(tmp_path, {"answer.md": UNREAD}, "prairielearn")
    Draft202012Validator(PRAIRIELEARN).validate(found)
    assert found["gradable"] is False and found["format_errors"][0].startswith("line 1: ")


def kept(name: str, student: Student | None, points: float, unread: bool = False) -> Kept:
    """What is kept of an answer with these points of 4."""
    asked = (Asked("q", "unread" if unread else "right", None, 0.0 if unread else points, 4.0),)
    return Kept(Marked(name, asked), "", "", "", student)


CLASS = [
    kept("a.md", Student("Doe, Jane", "101"), 4.0),
    kept("b.md", Student("=Roe", "102"), 2.5),
    kept("c.md", Student("Unread", "103"), 0.0, unread=True),
    kept("d.md", Student("Twice", "104"), 1.0),
    kept("e.md", Student("Twice", "104"), 2.0),
    kept("f.md", None, 3.0),
    kept("g.md", Student("Gone", "999"), 3.0),
]

CANVAS_EXPORT = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (77),Homework 2 (78),Final Score\r\n"
    '    Points Possible,,,,,10,4,(read only)\r\n"Doe, Jane",101,s1,jane,M1,9,,90\r\n"Roe, Ric",102,s2,ric,M1,8,1,80\r\n'
    '"Miss, Ing",103,s3,miss,M1,7,,70\r\n"Twice, T",104,s4,twice,M1,6,,60\r\n'
)
MOODLE_WORKSHEET = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),"
    "Last modified (grade),Feedback comments\r\n"
    'Participant 101,Jane Doe,j@x.org,Submitted for grading,,100.00,Yes,"Monday, 1 June 2026, 9:00 AM",-,\r\n'
    'Participant 102,=Roe,r@x.org,Submitted for grading,,100.00,Yes,"Monday, 1 June 2026, 9:01 AM",-,\r\n'
    'Participant 103,Miss,m@x.org,Submitted for grading,,100.00,Yes,"Monday, 1 June 2026, 9:02 AM",-,\r\n'
)


def rows(text: str) -> list[list[str]]:
    """The rows of a table."""
    return list(csv.reader(StringIO(text, newline="")))


def test_canvas_export_filled_in() -> None:
    """Only the students' columns and the assignment's come back; marks stand where nothing is left to look at; the rest is as it was."""
    filled = canvas(CLASS, "Homework 2", 4.0, CANVAS_EXPORT)
    assert rows(filled.text) == rows(
        "Student,ID,SIS User ID,SIS Login ID,Section,Homework 2 (78)\r\n    Points Possible,,,,,4\r\n"
        '"Doe, Jane",101,s1,jane,M1,4\r\n"Roe, Ric",102,s2,ric,M1,2.5\r\n"Miss, Ing",103,s3,miss,M1,\r\n"Twice, T",104,s4,twice,M1,\r\n'
    )
    said = "\n".join(filled.remarks)
    assert all(
        part in said for part in ("c.md: no mark", "d.md, e.md: no mark", "f.md: it is not known", "student 999 is not in the gradebook")
    )


def test_canvas_without_an_export() -> None:
    """A new gradebook has the columns that Canvas asks for, the points possible, and no cell that is a formula."""
    head, possible, *students = rows(canvas(CLASS, "Homework 2", 4.0).text)
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 2"] and possible[0].strip() == "Points Possible"
    assert students[:2] == [["Doe, Jane", "101", "", "", "", "4"], ["'=Roe", "102", "", "", "", "2.5"]]
    with pytest.raises(WrongTable):
        canvas(CLASS, "Homework 2", 4.0, "a,b\r\n1,2\r\n")


def test_moodle_worksheet_filled_in() -> None:
    """Grades are filled in, scaled to the worksheet's maximum; identifiers, headers and dates are as Moodle gave them."""
    filled = moodle(CLASS, 4.0, MOODLE_WORKSHEET)
    head, *students = rows(filled.text)
    before = rows(MOODLE_WORKSHEET.removeprefix("\ufeff"))
    assert head == before[0] and [row[4] for row in students] == ["100.00", "62.50", ""]
    assert [[row[0], *row[2:4], *row[5:]] for row in students] == [[row[0], *row[2:4], *row[5:]] for row in before[1:]]
    assert students[1][1] == "'=Roe" and any("points are scaled" in remark for remark in filled.remarks)


def test_moodle_in_another_language() -> None:
    """A worksheet of a Vietnamese site is filled in too; a table that is no worksheet is an error."""
    sheet = (
        MOODLE_WORKSHEET.replace("Identifier", "Mã định danh")
        .replace("Participant ", "Học viên ")
        .replace("Grade,Maximum Grade", "Điểm,Điểm tối đa")
    )
    assert [row[4] for row in rows(moodle(CLASS, 4.0, sheet).text)[1:]] == ["100.00", "62.50", ""]
    for bad in (
        "",
        "a,b\r\nc,d\r\n",
        MOODLE_WORKSHEET.replace("Participant 102", "Roe"),
        MOODLE_WORKSHEET.replace("Grade,Max", "Mark,Max"),
    ):
        with pytest.raises(WrongTable):
            moodle(CLASS, 4.0, bad)


def test_own_wheel() -> None:
    """The wheel made of what is installed is one by the specification: every file is in its record with its hash."""
    name, data = own_wheel()
    assert name.startswith("backproof-") and name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(BytesIO(data)) as wheel:
        names = wheel.namelist()
        info = next(n.split("/")[0] for n in names if n.endswith("/RECORD"))
        record = {row[0]: row[1] for row in csv.reader(wheel.read(f"{info}/RECORD").decode().splitlines())}
        assert set(record) == set(names) and "verify/cli.py" in names and "verify/rendering/gradescope_files/setup.sh" in names
        for member, digest in record.items():
            if digest:
                found = base64.urlsafe_b64encode(hashlib.sha256(wheel.read(member)).digest()).decode().rstrip("=")
                assert digest == f"sha256={found}"
        assert "backproof = verify.cli:main" in wheel.read(f"{info}/entry_points.txt").decode()
        assert wheel.read(f"{info}/METADATA").decode().startswith("Metadata-Version")


def test_the_autograder_is_set_up_without_a_network(tmp_path: Path) -> None:
    """With a wheel of each dependency in the archive, setup.sh installs backproof where no index can be reached and apt is not asked.

    The wheels are hollow: only their names and versions are what pip looks for.
    """
    python = Path(sys.base_prefix) / "bin/python3"
    if subprocess.run([python, "-m", "ensurepip", "--version"], capture_output=True, check=False).returncode:
        pytest.skip("this Python cannot make an environment with pip by itself")
    (tmp_path / "assignment.md").write_text(ASSIGNMENT, encoding="utf-8")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in needed("backproof"):
        hollow_wheel(wheels, name, version(name))
    made = CliRunner().invoke(
        main, ["gradescope", str(tmp_path / "assignment.md"), "-o", str(tmp_path / "autograder.zip"), "--wheels", str(wheels)]
    )
    assert made.exit_code == 0, made.output
    home, tools = tmp_path / "autograder", tmp_path / "bin"
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        archive.extractall(home / "source")
    tools.mkdir()
    for name in ("python3.13", "python3.12", "python3.11", "python3"):
        (tools / name).write_text(f'#!/bin/sh\nexec "{python}" "$@"\n', encoding="utf-8")
    (tools / "apt-get").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    environment = {"PATH": f"{tools}:/usr/bin:/bin", "AUTOGRADER": str(home), "HOME": str(tmp_path), **nowhere}
    done = subprocess.run(["bash", home / "source/setup.sh"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "127.0.0.1" not in done.stderr, done.stderr
    assert (home / "venv/bin/backproof").exists()


def needed(name: str) -> set[str]:
    """What a distribution needs, and what that needs, without what only its extras ask for."""
    found: set[str] = set()
    todo = [name]
    while todo:
        for requirement in map(Requirement, requires(todo.pop()) or []):
            if (requirement.marker is None or requirement.marker.evaluate({"extra": ""})) and requirement.name not in found:
                found.add(requirement.name)
                todo.append(requirement.name)
    return found


def hollow_wheel(folder: Path, name: str, number: str) -> None:
    """Write a wheel of that name and version with nothing in it."""
    stem = f"{name.replace('-', '_')}-{number}"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")
        wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{stem}.dist-info/RECORD", "")


def test_the_autograder_runs(tmp_path: Path) -> None:
    """The archive has what Gradescope asks for in its root; its script, run where the submission is, leaves results that are valid."""
    (tmp_path / "assignment.md").write_text(ASSIGNMENT, encoding="utf-8")
    made = CliRunner().invoke(main, ["gradescope", str(tmp_path / "assignment.md"), "-o", str(tmp_path / "autograder.zip")])
    assert made.exit_code == 0, made.output
    home = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        assert {"setup.sh", "run_autograder", "assignment.md"} <= set(archive.namelist())
        assert stat.S_IMODE(archive.getinfo("run_autograder").external_attr >> 16) == 0o755
        archive.extractall(home / "source")
    subprocess.run(["bash", "-n", home / "source/setup.sh"], check=True)
    (home / "venv").symlink_to(sys.prefix)
    (home / "submission").mkdir()
    (home / "submission/answer.md").write_text(BY_Z + BY_W, encoding="utf-8")
    command, environment = ["bash", str(home / "source/run_autograder")], {**os.environ, "AUTOGRADER": str(home)}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    found = json.loads((home / "results/results.json").read_text(encoding="utf-8"))
    Draft202012Validator(GRADESCOPE).validate(found)
    assert sum(t["score"] for t in found["tests"]) == 4
    (home / "submission/second.md").write_text(BY_Z, encoding="utf-8")
    subprocess.run(command, env=environment, check=True, capture_output=True)
    found = json.loads((home / "results/results.json").read_text(encoding="utf-8"))
    Draft202012Validator(GRADESCOPE).validate(found)
    assert "hand in one" in found["output"]
