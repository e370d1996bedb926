"""Hostile input through the real command: lines beside it keep their verdicts, nothing of it is run, nothing else is read or written.

The rows run together in one process here, the costly ones small; ``make hostile`` runs each alone and in full, with its time and memory.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from classroom import ASSIGNMENT, BY_W, BY_Z
from hostile.rows import AFTER, BEFORE, FILES, GOOD, MARKUP, ROWS, Row

from verify.checking import check
from verify.kernel.decision import QUANTITIES

ROOT = Path(__file__).parents[2]
SMALL = [row for row in ROWS if not (row.costly and row.small is None)]
TOGETHER_SECONDS = 240


def limits() -> None:
    """Hold the process that is about to begin to memory and time."""
    resource.setrlimit(resource.RLIMIT_AS, (3 * 1024**3, 3 * 1024**3))
    resource.setrlimit(resource.RLIMIT_CPU, (TOGETHER_SECONDS, TOGETHER_SECONDS))


def command(*arguments: object, cwd: Path, **more) -> subprocess.CompletedProcess[str]:
    """The real command in a folder of its own."""
    environment = {**os.environ, "HOME": str(cwd), "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    call = [sys.executable, "-m", "verify.cli", *map(str, arguments)]
    return subprocess.run(call, cwd=cwd, env=environment, capture_output=True, text=True, check=False, preexec_fn=limits, **more)


def name_of(row: Row) -> str:
    """The file of a row."""
    return f"{ROWS.index(row):03}{row.suffix}"


@pytest.fixture(scope="module")
def checked(tmp_path_factory) -> tuple[dict[str, dict], subprocess.CompletedProcess[str], set[str], Path]:
    """All rows checked in one process: the reports by file, the result, what was written besides, the folder."""
    folder = tmp_path_factory.mktemp("hostile")
    for row in SMALL:
        row.write(folder / name_of(row), small=True)
    before = {p.name for p in folder.iterdir()}
    done = command("check", "--json", "--html", "pages", *map(name_of, SMALL), cwd=folder)
    reports = {report["file"]: report for report in map(json.loads, done.stdout.splitlines())}
    return reports, done, {p.name for p in folder.iterdir()} - before, folder


def test_nothing_is_run_or_written(checked) -> None:
    """No row leaves a traceback, an internal error, a file or the content of another file."""
    _, done, written, folder = checked
    assert written == {"pages"} and done.returncode == 2
    for word in ("Traceback", "internal error", "root:x:"):
        assert word not in done.stdout + done.stderr
    assert not any("root:x:" in page.read_text(encoding="utf-8") for page in (folder / "pages").iterdir())


@pytest.mark.parametrize("row", SMALL, ids=lambda row: f"{row.kind}: {row.name}"[:60])
def test_lines_beside_it_keep_their_verdicts(checked, row: Row) -> None:
    """A row has a report, or is one line on standard error; the right lines before and behind it are as they are without it."""
    reports, done, _, _ = checked
    report = reports.get(name_of(row))
    if report is None:
        assert 2 in row.status and sum(f" {name_of(row)}:" in line for line in done.stderr.splitlines()) == 1
        return
    assert set(row.status) & {0, 1}
    if row.text is not None or row.small is not None:
        found = [r["verdict"] for r in report["relations"]]
        assert tuple(found[:3] + found[-1:]) == GOOD
        for relation in report["relations"][3:-1]:
            assert relation["verdict"] != "unread" or relation["message"]


def test_what_cannot_be_read_has_its_place(checked) -> None:
    """A broken formula is a diagnostic or an unread relation on its own line."""
    reports, _, _, _ = checked
    for row in ROWS:
        if row.kind == "broken TeX" and row.name in (r"\frac{a}", "x^", r"\sum_", "= = =", r"\left( z"):
            report = reports[name_of(row)]
            told = {d["line"] for d in report["diagnostics"]} | {r["line"] for r in report["relations"] if r["verdict"] == "unread"}
            assert 7 in told, row.name


def test_pages_escape_everything(checked) -> None:
    """No page has a script, an event handler or a link of an answer's."""
    _, _, _, folder = checked
    for row in MARKUP:
        page = (folder / "pages" / f"{name_of(row)}.html").read_text(encoding="utf-8").split("</style>")[1].lower()
        for evil in ("<script", "<img", "<svg", 'href="javascript', "href='javascript", "<iframe"):
            assert evil not in page


def test_files_by_the_name_of_the_trouble(checked) -> None:
    """Files that are none are said in a few words."""
    _, done, _, _ = checked
    said = {line.split(":")[1].strip(): line for line in done.stderr.splitlines() if line.startswith("backproof: ")}
    reasons = {row.name: said.get(name_of(row), "") for row in FILES}
    for name, reason in (
        ("a directory", "a directory"),
        ("missing", "no such file"),
        ("a symlink loop", "a loop"),
        ("a FIFO", "not a regular"),
    ):
        assert reason in reasons[name]


@pytest.mark.parametrize("name", ["=1+1.md", "@SUM(A1).md", "-x.md", "+x.md", "a'b\".md", "a\nb.md", "<script>.md", "..md", "%s{0}.md"])
def test_names_of_files(tmp_path: Path, name: str) -> None:
    """Whatever an answer is called, its cell is no formula, its page stays in the folder, its name is escaped."""
    from verify.grading.marks import harmless
    from verify.marking import page_name

    assert not harmless(name).startswith(("=", "+", "-", "@"))
    page = page_name(name)
    assert Path(page).name == page and not page.startswith(".") and page.isascii() and set("/\\\n\"'<>&%{") & set(page) == set()
    assert page_name("../../x") != page_name("x") and "/" not in page_name("../../x")


def test_a_full_disk_and_ctrl_c(tmp_path: Path) -> None:
    """A disk that takes no more is one line and status 2, Ctrl-C one line and status 130; the same command then goes on."""
    for n in range(4):
        (tmp_path / "answers").mkdir(exist_ok=True)
        (tmp_path / "answers" / f"{n}.md").write_text(f"{n}\n\n" + BY_Z + BY_W * (n % 2), encoding="utf-8")
    (tmp_path / "assignment.md").write_text(ASSIGNMENT, encoding="utf-8")
    options = ["grade", "answers", "--assignment", "assignment.md", "--jobs", "1", "--fast", "--out"]

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    call = [sys.executable, "-m", "verify.cli", *options, "out"]
    full = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, preexec_fn=little)
    said = [line for line in full.stderr.splitlines() if line.startswith("backproof: ")]
    assert full.returncode == 2 and len(said) == 1 and "too large" in said[0] and "Traceback" not in full.stderr
    assert not list((tmp_path / "out").rglob("*.part"))
    child = subprocess.Popen(call, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while child.poll() is None and not list((tmp_path / "out/report").glob("*.html")) and time.monotonic() < until:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, error = child.communicate()
    assert child.returncode in (130, 0) and "Traceback" not in error and ("goes on from here" in error) == (child.returncode == 130)
    assert command(*options, "out", cwd=tmp_path).returncode == 0
    with (tmp_path / "out/marks.csv").open(encoding="utf-8", newline="") as stream:
        assert [row[1] for row in csv.reader(stream)] == ["points", "2", "4", "2", "4"]


def test_more_definitions_than_are_taken() -> None:
    """Of more definitions than the kernel takes the first ones are understood: lines about these keep their verdicts."""
    numbered = "".join(f"$z_{{{n}}} = {n} z$\n\n" for n in range(2, QUANTITIES + 40))
    report = check(BEFORE + numbered + f"$\\frac{{\\partial z_{{{QUANTITIES + 30}}}}}{{\\partial z}} = 1$" + AFTER, fast=True)
    assert [r.verdict for r in (*report.relations[:3], report.relations[-1])] == list(GOOD)
    late = report.relations[-2]
    assert late.verdict == "unread" and "too many quantities" in late.message
