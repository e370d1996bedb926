"""The command line: exit status, streams, and what bad files do to good ones."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from verify.cli import main
from verify.files import MAX_BYTES
from verify.rendering.json_report import schema

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples"

RIGHT = "$$ z = \\sum_i w_i x_i $$\n$$ L = (z - y)^2 $$\n$$ \\frac{\\partial L}{\\partial z} = 2 (z - y) $$\n"
WRONG = RIGHT.replace("2 (z", "3 (z")
UNREAD = RIGHT + "$$ \\frac{\\partial L}{\\partial q} = 3 $$\n"


def run(*arguments: object, stdin: str | bytes | None = None) -> Result:
    """The result of the command; what it raises is raised here."""
    return CliRunner().invoke(main, [str(a) for a in arguments], input=stdin, catch_exceptions=False)


@pytest.fixture
def file(tmp_path: Path):
    """A function that writes a file and returns its path."""

    def write(text: str, name: str = "answer.md") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("text", "options", "status"),
    [(RIGHT, [], 0), (WRONG, [], 1), (UNREAD, [], 0), (UNREAD, ["--strict"], 1), (RIGHT, ["--strict"], 0), ("", [], 0)],
)
def test_exit_status_of_check(file, text: str, options: list[str], status: int) -> None:
    """0 where nothing is refuted, 1 where something is; with --strict also where something is unread."""
    assert run("check", file(text), *options).exit_code == status


def test_json_is_one_valid_object_a_line(file) -> None:
    """Two files give two lines, each valid by the published schema."""
    result = run("check", "--json", file(RIGHT), file(WRONG, "wrong.md"))
    published = json.loads(run("schema").stdout)
    assert published == schema()
    found = [json.loads(line) for line in result.stdout.splitlines()]
    for one in found:
        Draft202012Validator(published).validate(one)
    assert [one["summary"].get("refuted", 0) for one in found] == [0, 1]


@pytest.mark.parametrize("name", ["relu_sigmoid_softmax.md", "relu_sigmoid_softmax_corrected.md"])
def test_json_of_the_examples_is_valid(name: str) -> None:
    """The reports of real answers, with witnesses, edits and asked quantities, meet the schema, and their places are those of the text."""
    result = run("check", "--json", EXAMPLES / name, "--assignment", EXAMPLES / "assignment.md")
    found = json.loads(result.stdout)
    Draft202012Validator(schema()).validate(found)
    lines = (EXAMPLES / name).read_text(encoding="utf-8").split("\n")
    for relation in found["relations"]:
        assert lines[relation["line"] - 1][relation["column"] - 1 : relation["end_column"] - 1] == relation["relation"]


def test_standard_input() -> None:
    """``-`` is read from standard input."""
    result = run("check", "-", stdin=WRONG)
    assert result.exit_code == 1 and "standard input:3:" in result.stdout


def test_example_names_its_errors_and_its_missing_biases() -> None:
    """The first example answer: its errors are refuted, the asked bias updates are missing, others earn their points."""
    result = run("check", "--json", EXAMPLES / "relu_sigmoid_softmax.md", "--assignment", EXAMPLES / "assignment.md")
    found = json.loads(result.stdout)
    assert {r["mistake"] for r in found["relations"] if r["verdict"] == "refuted"} >= {"dropped-factor", "wrong-layer"}
    statuses = {a["quantity"]: a["status"] for a in found["asked"]}
    assert [statuses[rf"\frac{{\partial L}}{{\partial b_{b}}}"] for b in ("z", "{h2}", "{h1}")] == ["missing"] * 3
    assert statuses[r"\frac{\partial L}{\partial w_o}"] == "right" and statuses[r"\frac{\partial L}{\partial w_{h2}}"] == "wrong"


def test_corrected_example_gets_full_marks() -> None:
    """The corrected copy has nothing refuted or slipped, and every asked quantity is right."""
    result = run("check", "--json", EXAMPLES / "relu_sigmoid_softmax_corrected.md", "--assignment", EXAMPLES / "assignment.md")
    found = json.loads(result.stdout)
    assert set(found["summary"]) <= {"given", "proved", "tested"}
    assert {a["status"] for a in found["asked"]} == {"right"}


def broken(folder: Path, kind: str) -> Path:
    """A path in the folder that cannot be read, for the given reason."""
    path = folder / f"{kind}.md"
    match kind:
        case "directory":
            path.mkdir()
        case "loop":
            path.symlink_to(path)
        case "fifo":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "large":
            with path.open("wb") as stream:
                stream.truncate(MAX_BYTES + 1)
        case "name":
            return folder / ("x" * 300 + ".md")
        case "pdf":
            path.write_bytes(b"%PDF-1.7\n" + 100 * b"stream $x = 1$ endstream\n")
        case "noise":
            path.write_bytes(bytes(range(256)) * 40)
        case "format":
            path = folder / "answer.docx"
            path.write_text(RIGHT, encoding="utf-8")
    return path


KINDS = {
    "missing": "no such file",
    "directory": "a directory, not a file",
    "loop": "a loop of symbolic links",
    "fifo": "not a regular file",
    "device": "not a regular file",
    "large": "larger than 32 MB",
    "name": "the name is too long",
    "format": "files that end in .docx are not read",
    "pdf": "not text but a PDF",
    "noise": "not text",
}


@pytest.mark.parametrize("kind", KINDS)
def test_bad_files_are_one_line_and_harm_no_other(file, tmp_path: Path, kind: str) -> None:
    """A file that cannot be read is one line on standard error and status 2; the file after it is checked as ever."""
    result = run("check", broken(tmp_path, kind), file(RIGHT))
    assert result.exit_code == 2
    assert KINDS[kind] in result.stderr and result.stderr.count("\n") == 1
    assert "answer.md  3 relations" in result.stdout


def test_a_file_that_may_not_be_read(file, monkeypatch) -> None:
    """Where the system forbids to open a file, that is the reason given, whoever runs the test."""
    forbidden, allowed, really = file(RIGHT, "forbidden.md"), file(RIGHT), os.open

    def opened(path, *more):
        if path == forbidden:
            raise PermissionError(errno.EACCES, "Permission denied")
        return really(path, *more)

    monkeypatch.setattr(os, "open", opened)
    result = run("check", forbidden, allowed)
    assert result.exit_code == 2 and "forbidden.md: no permission to read it" in result.stderr and "answer.md  3 relations" in result.stdout


def test_names_of_files_do_not_act_on_the_terminal(tmp_path: Path) -> None:
    """Control letters of a file's name are not written to the terminal."""
    result = run("check", tmp_path / "a\x1b[2J\nb.md")
    assert result.exit_code == 2 and "\x1b" not in result.stderr and result.stderr.count("\n") == 1


def test_bytes_that_are_no_text_are_no_traceback(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are read as far as they go; the status is one that is documented."""
    path = tmp_path / "latin.md"
    path.write_bytes("Già $a = b$ \xff\x00".encode("latin-1"))
    assert run("check", path).exit_code in (0, 1)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "begins with a line +++"),
        ("# Title\n", 1, "begins with a line +++"),
        ("+++\n[[ask]]\n", 1, "no second line"),
        ("+++\n[[ask]]\nquantity = \n+++\n", 3, "no TOML"),
        ("+++\n[[ask]]\nquantity = 'a'\npoints = -1\n+++\n", 4, "points"),
        ("+++\n+++\n$$z = 1$$", 1, "ask"),
    ],
)
def test_assignment_that_is_wrong(file, text: str, line: int, message: str) -> None:
    """An assignment that cannot be used is one line with the place, and status 2."""
    result = run("check", file(RIGHT), "--assignment", file(text, "assignment.md"))
    assert result.exit_code == 2 and result.stdout == "" and result.stderr.count("\n") == 1
    assert f"assignment.md:{line}: " in result.stderr and message in result.stderr


def test_assignment_that_asks_for_what_its_network_lacks(file) -> None:
    """A quantity that the assignment's own network does not have is an error of the assignment, found before any answer is read."""
    assignment = file("+++\n[[ask]]\nquantity = '\\frac{\\partial L}{\\partial q}'\n+++\n" + RIGHT, "assignment.md")
    result = run("check", file(RIGHT), "--assignment", assignment)
    assert result.exit_code == 2 and r"\frac{\partial L}{\partial q}" in result.stderr


ASSIGNMENT = "+++\n[[ask]]\nquantity = '\\frac{\\partial L}{\\partial z}'\npoints = 2\n+++\n" + "\n".join(RIGHT.split("\n")[:2])


def test_grade_writes_the_marks_of_a_folder(file, tmp_path: Path) -> None:
    """Each answer of a folder has a row, in the order of names; what cannot be read is unread, and the status says so."""
    answers = tmp_path / "answers"
    (answers / "b").mkdir(parents=True)
    (answers / "=evil.md").write_text(RIGHT, encoding="utf-8")
    (answers / "b" / "wrong.md").write_text(WRONG, encoding="utf-8")
    (answers / "empty.md").write_text("", encoding="utf-8")
    (answers / "elsewhere.md").symlink_to(file(RIGHT))
    (answers / ".hidden.md").write_text(RIGHT, encoding="utf-8")
    assignment = file(ASSIGNMENT, "assignment.md")
    result = run("grade", answers, "--assignment", assignment, "--out", tmp_path / "out")
    assert result.exit_code == 0
    header, *rows = (tmp_path / "out" / "marks.csv").read_text(encoding="utf-8").splitlines()
    assert header == r"answer,points,out_of,\frac{\partial L}{\partial z},unread"
    assert rows == ["'=evil.md,2,2,2,0", "b/wrong.md,0,2,0,0", "empty.md,0,2,0,0"]
    (answers / "fifo.md").symlink_to("/dev/zero")
    (answers / "large.md").write_bytes(b"")
    with (answers / "large.md").open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    result = run("grade", answers, "--assignment", assignment, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert (tmp_path / "out" / "marks.csv").read_text(encoding="utf-8").splitlines()[-1] == "large.md,0,2,unread,1"


def test_grade_gives_the_same_file_twice(file, tmp_path: Path) -> None:
    """Marking twice, into a folder among the answers too, gives the same bytes."""
    file(RIGHT)
    assignment = file(ASSIGNMENT, "assignment.md")
    written = []
    for _ in range(2):
        assert run("grade", tmp_path, "--assignment", assignment, "--out", tmp_path / "out").exit_code == 0
        written.append((tmp_path / "out" / "marks.csv").read_bytes())
    assert written[0] == written[1] and b"assignment" not in written[0]


@pytest.mark.parametrize("out", ["file.md", "file.md/below"])
def test_grade_that_cannot_write(file, tmp_path: Path, out: str) -> None:
    """Marks that cannot be written are one line and status 2."""
    file(RIGHT, "file.md")
    result = run("grade", tmp_path, "--assignment", file(ASSIGNMENT, "assignment.md"), "--out", tmp_path / out)
    assert result.exit_code == 2 and result.stderr.count("\n") == 1


def test_grade_of_no_folder(file, tmp_path: Path) -> None:
    """A folder that is none, or has no answers, is one line and status 2."""
    assignment = file(ASSIGNMENT, "assignment.md")
    for folder in (tmp_path / "missing", assignment, tmp_path):
        result = run("grade", folder, "--assignment", assignment, "--out", tmp_path / "out")
        assert result.exit_code == 2 and result.stderr.count("\n") == 1


def test_the_same_output_on_every_run() -> None:
    """Whatever the seed of Python's hashes, both reports of an answer are the same bytes."""
    written = set()
    for seed in ("1", "2", "3"):
        for options in (["--json"], []):
            command = [sys.executable, "-m", "verify.cli", "check", *options, "--fast", str(EXAMPLES / "relu_sigmoid_softmax.md")]
            done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=False)
            written.add(done.stdout)
    assert len(written) == 2


def test_prove_prints_a_backward_pass_in_numpy(tmp_path: Path) -> None:
    """``prove NAME --to py`` prints a function whose gradients are proved when it is checked; what is no single number is refused."""
    out = tmp_path / "backward.py"
    printed = run("prove", "mlp_softmax_batch", "--to", "py", "-o", str(out))
    assert (printed.exit_code, printed.output) == (0, "")
    assert "dW_2 = a_1.T @ dz_2" in out.read_text() and "db_1 = np.sum(dz_1, axis=0)" in out.read_text()
    assert run("check", "--strict", str(out)).exit_code == 0
    refused = run("prove", "sigmoid", "--to", "py")
    assert refused.exit_code == 2 and "no single number" in refused.output
