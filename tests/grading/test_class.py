"""A class from its answers to its marks: what is written, what a rerun does again and what not, what a person decides."""

from __future__ import annotations

import csv
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from classroom import ASSIGNMENT, BY_W, BY_Z, UNREAD, WRONG
from click.testing import CliRunner, Result

from verify.cli import main
from verify.marking import page_name

ANSWERS = {
    "=first.md": BY_Z + BY_W,
    "b/wrong.md": WRONG,
    "b/also wrong.md": "So:\n\n" + WRONG + BY_W,
    "code.py": "z = x @ w\nloss = (z - y) ** 2\ndz = 2 * (z - y)\ndw = dz * x\n",
    "empty.md": "",
    "page.tex": "\\begin{document}" + UNREAD + "\\end{document}",
    "unread.md": UNREAD,
}


def run(*arguments: object) -> Result:
    """The result of grading; what it raises is raised here."""
    return CliRunner().invoke(main, ["grade", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture(scope="module")
def marked(tmp_path_factory) -> tuple[Path, Result]:
    """A folder with the answers, the assignment and their marks; and the result of the marking."""
    folder = tmp_path_factory.mktemp("class")
    for name, text in ANSWERS.items():
        (folder / "answers" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "answers" / name).write_text(text, encoding="utf-8")
    (folder / "answers" / "scan.pdf").write_bytes(b"%PDF")
    (folder / "answers" / "huge.md").write_bytes(b"")
    with (folder / "answers" / "huge.md").open("r+b") as stream:
        stream.truncate(64 * 1024**2)
    (folder / "assignment.md").write_text(ASSIGNMENT, encoding="utf-8")
    return folder, grade(folder)


def grade(folder: Path, *options: str) -> Result:
    """The class graded into its folder, by one process."""
    return run(folder / "answers", "--assignment", folder / "assignment.md", "--out", folder / "out", "--jobs", 1, "--fast", *options)


def rows(folder: Path) -> dict[str, list[str]]:
    """The rows of marks.csv by the answers' names."""
    with (folder / "out" / "marks.csv").open(encoding="utf-8", newline="") as stream:
        return {row[0]: row[1:] for row in csv.reader(stream)}


def test_marks(marked: tuple[Path, Result]) -> None:
    """A row an answer, names made harmless; what was not read is set aside and said, what is no document is named."""
    folder, result = marked
    found = rows(folder)
    assert found["answer"] == ["points", "out_of", r"\frac{\partial L}{\partial z}", r"\frac{\partial L}{\partial w}", "unread"]
    assert found["'=first.md"] == ["4", "4", "2", "2", "0"]
    assert found["b/wrong.md"] == ["0", "4", "0", "0", "0"] and found["b/also wrong.md"] == ["2", "4", "0", "2", "0"]
    assert found["empty.md"] == ["0", "4", "0", "0", "0"] and found["unread.md"] == ["0", "4", "unread", "0", "1"]
    assert found["page.tex"] == found["unread.md"] and found["huge.md"] == ["0", "4", "unread", "unread", "2"]
    assert result.exit_code == 2 and "huge.md: larger than 32 MB" in result.stderr and "scan.pdf" in result.stderr


def test_files_that_are_no_text(marked: tuple[Path, Result], tmp_path: Path) -> None:
    """A picture or PDF under a document's name is set aside for a person, and never an answer in which everything is missing."""
    folder, _ = marked
    (tmp_path / "scan.md").write_bytes(b"%PDF-1.7\n$x = 1$\n")
    (tmp_path / "photo.tex").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    result = run(tmp_path, "--assignment", folder / "assignment.md", "--out", tmp_path / "out", "--jobs", 1, "--fast")
    assert result.exit_code == 2 and "scan.md: not text but a PDF" in result.stderr and "photo.tex: not text but a picture" in result.stderr
    found = rows(tmp_path)
    assert found["scan.md"] == found["photo.tex"] == ["0", "4", "unread", "unread", "2"]


def test_where_marks_cannot_go(marked: tuple[Path, Result], tmp_path: Path) -> None:
    """A file in the place of the folder for marks, a roster that is none, and a cluster without its packages are one line each."""
    folder, _ = marked
    answers, roster = (folder / "answers/b/wrong.md"), tmp_path / "roster.csv"
    options = [answers, "--assignment", folder / "assignment.md", "--jobs", 1, "--fast", "--out"]
    result = run(*options, answers)
    assert (result.exit_code, result.stderr) == (2, f"backproof: {answers}: not a folder\n")
    result = run(*options, tmp_path / "out", "--format", "canvas", "--roster", roster)
    assert result.exit_code == 2 and result.stderr == f"backproof: {roster}: no such file\n"
    roster.write_bytes("Øre".encode("latin-1"))
    result = run(*options, tmp_path / "out", "--format", "canvas", "--roster", roster)
    assert result.exit_code == 2 and result.stderr == f"backproof: {roster}: not UTF-8 text\n"


def test_pages(marked: tuple[Path, Result]) -> None:
    """The class has a page, with a picture and a link to each answer's; pages have no script and no name that leads elsewhere."""
    folder, _ = marked
    index = (folder / "out/report/index.html").read_text(encoding="utf-8")
    links = set(re.findall(r'href="([^"#]+)(?:#r\d+)?"', index))
    assert links == {page_name(name) for name in ANSWERS}
    assert {p.name for p in (folder / "out/report").iterdir()} == links | {"index.html"}
    assert index.count("<svg") > 4 and "<script" not in index and "constant-factor" in index and f"{page_name('b/wrong.md')}#r1" in index
    page = (folder / "out/report" / page_name("b/also wrong.md")).read_text(encoding="utf-8")
    assert "by the inputs" in page and "0 / 2" in page and 'id="r1"' in page


def test_every_verdict_is_in_the_base(marked: tuple[Path, Result]) -> None:
    """The verdicts of all answers can be asked for in SQL, with the reason."""
    folder, _ = marked
    with sqlite3.connect(folder / "out/grades.sqlite") as base:
        found = base.execute("SELECT answer, line, verdict, mistake FROM verdicts WHERE verdict = 'refuted' ORDER BY answer").fetchall()
        points = dict(base.execute("SELECT answer, points FROM answers"))
    assert found == [("b/also wrong.md", 3, "refuted", "constant-factor"), ("b/wrong.md", 1, "refuted", "constant-factor")]
    assert points["=first.md"] == 4.0 and len(points) == len(ANSWERS) + 1


def test_a_rerun_does_what_is_left(marked: tuple[Path, Result], monkeypatch) -> None:
    """Nothing is done twice; a changed answer, a missing page, a new answer are; marks.csv is the same bytes where nothing changed."""
    from verify import marking

    folder, _ = marked
    done: list[list[str]] = []
    really = marking.spread

    def spread(function, tasks, how, prepared):
        done.append([answer.name for answer, _ in tasks])
        return really(function, tasks, how, prepared)

    monkeypatch.setattr(marking, "spread", spread)
    before = (folder / "out/marks.csv").read_bytes(), (folder / "out/overrules.toml").read_bytes()
    assert grade(folder).exit_code == 2
    assert before == ((folder / "out/marks.csv").read_bytes(), (folder / "out/overrules.toml").read_bytes())
    (folder / "out/report" / page_name("unread.md")).unlink()
    (folder / "answers/empty.md").write_text(BY_Z, encoding="utf-8")
    (folder / "answers/new.md").write_text(BY_Z, encoding="utf-8")
    grade(folder)
    assert rows(folder)["empty.md"][0] == "2" and (folder / "out/report" / page_name("unread.md")).exists()
    (folder / "answers/empty.md").write_text("", encoding="utf-8")
    (folder / "answers/new.md").unlink()
    grade(folder)
    assert done == [[], ["empty.md", "new.md", "unread.md"], ["empty.md"]]
    assert before[0] == (folder / "out/marks.csv").read_bytes() and not (folder / "out/report" / page_name("new.md")).exists()


def test_pages_in_another_language(marked: tuple[Path, Result]) -> None:
    """``--lang`` writes the pages anew in that language, from the verdicts that are kept; marks are the same bytes; and back again."""
    folder, _ = marked
    name = page_name("b/wrong.md")
    before = (folder / "out/marks.csv").read_bytes(), (folder / "out/report" / name).read_bytes()
    grade(folder, "--lang", "vi")
    page = (folder / "out/report" / name).read_text(encoding="utf-8")
    assert '<html lang="vi">' in page and "Các dòng cần xem lại" in page and "the factor" not in page
    assert (folder / "out/marks.csv").read_bytes() == before[0]
    grade(folder)
    assert before == ((folder / "out/marks.csv").read_bytes(), (folder / "out/report" / name).read_bytes())


def test_the_class_in_another_language(marked: tuple[Path, Result]) -> None:
    """The page of the class and what the terminal shows have no English sentence with ``--lang vi``, names of files and mistakes apart."""
    folder, _ = marked
    found = grade(folder, "--lang", "vi")
    page = (folder / "out/report/index.html").read_text(encoding="utf-8")
    grade(folder)
    assert '<html lang="vi">' in page and "Cả lớp" in page and "sai hằng số" in page and ", dòng 3" in page
    for text in (re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL), found.stdout):
        words = re.sub(r"by the inputs|\S*\.(md|tex|py|html|csv|toml)\b|\S*/\S*", " ", text)
        assert not re.findall(r"\b(the|of|is|are|answers?|points?|unread|missing|wrong|mistakes?|line|marks|report|decide|larger)\b", words)


def test_decide_once(marked: tuple[Path, Result], tmp_path: Path) -> None:
    """Equal lines of several answers are one entry; what is decided there counts in each, is kept, and stands on the pages."""
    folder, _ = marked
    path = folder / "out/overrules.toml"
    untouched = path.read_text(encoding="utf-8")
    entries = [entry for entry in untouched.split("[[line]]")[1:] if "code.py" not in entry]
    assert [re.findall(r"answers = (\d+)", entry) for entry in entries] == [["2"], ["2"]]
    assert "verdict = 'unread'" in entries[0] and "verdict = 'refuted'" in entries[1]
    quantity = r"quantity = '\frac{\partial L}{\partial z}'"
    unread = (
        entries[0].replace("decide = ''", "decide = 'right'").replace("quantity = ''", quantity).replace("note = ''", "note = 'π is ok'")
    )
    refuted = entries[1].replace("decide = ''", "decide = 'slip'")
    by_hand = f"[[answer]]\nname = 'empty.md'\n{quantity}\npoints = 0.5\n\n"
    path.write_text("[[line]]" + unread + by_hand + "[[line]]" + refuted, encoding="utf-8")
    grade(folder)
    decided = rows(folder)
    assert [decided[name][2] for name in ("unread.md", "page.tex", "b/wrong.md", "b/also wrong.md", "empty.md")] == [
        "2",
        "2",
        "2",
        "2",
        "0.5",
    ]
    page = (folder / "out/report" / page_name("unread.md")).read_text(encoding="utf-8")
    assert "π is ok" in page and "decided by a person" in page
    kept = path.read_text(encoding="utf-8")
    marks = (folder / "out/marks.csv").read_bytes()
    grade(folder)
    assert path.read_text(encoding="utf-8") == kept and (folder / "out/marks.csv").read_bytes() == marks and "π is ok" in kept
    path.write_text(untouched, encoding="utf-8")
    grade(folder)
    assert rows(folder)["unread.md"][2] == "unread" and path.read_text(encoding="utf-8") == untouched


def test_points_by_hand_for_nobody(marked: tuple[Path, Result]) -> None:
    """Points that are set for an answer that is not there, as by a slip in its name, are said to be, and kept."""
    folder, _ = marked
    path = folder / "out/overrules.toml"
    before = path.read_text(encoding="utf-8")
    rule = "\n[[answer]]\nname = 'b/wrng.md'\nquantity = '\\frac{\\partial L}{\\partial z}'\npoints = 1.0\n"
    path.write_text(before + rule, encoding="utf-8")
    result = grade(folder)
    assert f"{path}: no answer is called b/wrng.md\n" in result.stderr and "b/wrng.md" in path.read_text(encoding="utf-8")
    path.write_text(before, encoding="utf-8")
    assert "no answer is called" not in grade(folder).stderr


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[[line]]\nid = 'a'\ndecide = 'maybe'\n", 3, "line.1.decide"),
        ("[[line]]\nid = 'a'\nquantity = 'q'\n", 3, "q is not asked for"),
        ("[[answer]]\nname = 'a'\nquantity = '\\frac{\\partial L}{\\partial z}'\npoints = 3\n", 4, "is worth 2 points"),
        ("[[answer]]\nnam = 'a'\n", 2, "unknown key; is name meant?"),
        ("[[line\n", 1, "no TOML"),
    ],
)
def test_decisions_that_are_wrong(marked: tuple[Path, Result], text: str, line: int, message: str) -> None:
    """Errors in the file of decisions have their line, end the marking and change nothing."""
    folder, _ = marked
    path = folder / "out/overrules.toml"
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(text, encoding="utf-8")
        result = grade(folder)
        assert result.exit_code == 2 and path.read_text(encoding="utf-8") == text
        assert any(f"overrules.toml:{line}: " in said and message in said for said in result.stderr.splitlines()), result.stderr
    finally:
        path.write_text(before, encoding="utf-8")


def test_what_a_line_means_is_part_of_it() -> None:
    """Lines that are written alike are not equal where the answers define their names otherwise."""
    from verify.checking import check
    from verify.grading.assignment import parse_assignment
    from verify.grading.overrules import open_lines

    assignment = parse_assignment(ASSIGNMENT)
    line = "$$ \\frac{\\partial L}{\\partial z} = \\delta $$\n"
    same = []
    for definition in ("z - y", "3(z - y)", "3(z - y)", "3(z - y) $$ and $$ q := 5"):
        report = check(f"$$ \\delta := {definition} $$\n{line}", assignment=assignment, fast=True)
        (found,) = (o.same for o in open_lines(report, {}) if o.line == 2)
        same.append(found)
    assert same[0] != same[1] and same[1] == same[2] == same[3]


def children(parent: int) -> list[int]:
    """The processes that a process has started and that are alive."""
    listed = subprocess.run(["ps", "-A", "-o", "ppid=,pid="], capture_output=True, text=True, check=True).stdout
    return [int(pid) for ppid, pid in map(str.split, listed.splitlines()) if int(ppid) == parent]


def exists(process: int) -> bool:
    """Whether a process is alive."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_kill_loses_nothing(marked: tuple[Path, Result], tmp_path: Path) -> None:
    """Killed in the middle, the same command goes on and writes the same marks; what had been kept is not lost."""
    folder, _ = marked
    answers, out = tmp_path / "answers", tmp_path / "out"
    answers.mkdir()
    for n in range(40):
        (answers / f"{n}.md").write_text(f"Answer {n}.\n\n" + (BY_Z + BY_W, WRONG + BY_W, UNREAD)[n % 3], encoding="utf-8")
    options = ["grade", str(answers), "--assignment", str(folder / "assignment.md"), "--jobs", "1", "--fast", "--out"]
    command = [sys.executable, "-m", "verify.cli", *options]
    child = subprocess.Popen([*command, str(out)], stdout=subprocess.DEVNULL, start_new_session=True)
    kept = 0
    while child.poll() is None and kept < 5:
        time.sleep(0.05)
        kept = len(list((out / "report").glob("*.html"))) if (out / "report").exists() else 0
    workers = children(child.pid)
    child.send_signal(signal.SIGKILL)
    child.wait()
    until = time.monotonic() + 20
    while alive := [worker for worker in workers if exists(worker)]:
        assert time.monotonic() < until, alive
        time.sleep(0.1)
    assert workers
    assert not (out / "marks.csv").exists()
    with sqlite3.connect(out / "grades.sqlite") as base:
        before = base.execute("SELECT answer, made FROM answers").fetchall()
    assert before
    subprocess.run([*command, str(out)], stdout=subprocess.DEVNULL, check=True)
    subprocess.run([*command, str(tmp_path / "whole")], stdout=subprocess.DEVNULL, check=True)
    assert (out / "marks.csv").read_bytes() == (tmp_path / "whole/marks.csv").read_bytes()
    assert len(rows(tmp_path)) == 41
