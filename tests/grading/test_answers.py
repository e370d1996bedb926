"""Answers as learning platforms hand them out: whose each is, and archives that mean no good."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from verify.files import MAX_BYTES, Unreadable
from verify.grading.answers import Class, Student, answers_in
from verify.grading.online_text import markdown_of

CANVAS = {
    "doejane_12345_678901_homework-2.md": "$a = 1$",
    "roeric_LATE_12346_678902_answer.tex": "$a = 2$",
    "lovelaceada_12347_text.html": '<p>So <img data-equation-content="a = 3" src="x"> and \\(b = 4\\)</p><script>1</script>',
    "noethermax_12348_678904_scan.pdf": "%PDF",
}
MOODLE = {
    "Nguyễn Thị Đạo_2201_assignsubmission_file/bài làm.md": "$a = 1$",
    "Jane Doe_2202_assignsubmission_file_/answer.md": "$a = 2$",
    "Ada Lovelace_2203_assignsubmission_onlinetext/onlinetext.html": "<p>$$a = 3$$</p>",
    "Max Noether_2204_assignsubmission_file/inner.zip": "PK",
}
GRADESCOPE = {
    "assignment_42_export/submission_metadata.yml": (
        "---\nsubmission_1:\n  :submitters:\n  - :name: Jane Doe\n    :sid: '007'\n    :email: jane@example.org\n  :score: 3.0\n"
        "submission_2:\n  :submitters:\n  - :name: Ada\n    :sid:\n    :email: ada@example.org\n"
    ),
    "assignment_42_export/submission_1/answer.md": "$a = 1$",
    "assignment_42_export/submission_2/notes/answer.md": "$a = 2$",
}


def archive(folder: Path, members: dict[str, str], name: str = "class.zip") -> Path:
    """An archive with these members."""
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for member, text in members.items():
            stream.writestr(member, text)
    return path


def contents(found: Class) -> dict[str, str]:
    """What each answer holds, or why it cannot be read."""

    def content(load) -> str:
        try:
            return load().decode()
        except Unreadable as reason:
            return f"! {reason}"

    return {a.name: content(a.load) for a in found.answers}


def test_canvas(tmp_path: Path) -> None:
    """Names, late marks, user ids and texts typed online are read; what is no document stays in the class, unread."""
    found = answers_in([archive(tmp_path, CANVAS)])
    assert {a.name: a.student for a in found.answers} == {
        name: Student(name.split("_")[0], user) for name, user in zip(CANVAS, ("12345", "12346", "12347", "12348"), strict=True)
    }
    assert contents(found)["lovelaceada_12347_text.html"] == "So $a = 3$ and \\(b = 4\\)\n"
    assert "files that end in .pdf are not read" in contents(found)["noethermax_12348_678904_scan.pdf"]
    assert [a.format for a in found.answers] == ["md", "md", "", "tex"] and found.remarks == ()


def test_moodle_as_archive_and_unpacked(tmp_path: Path) -> None:
    """Both forms of the folders' names are read, names in any letters; an archive in the archive is not opened."""
    path = archive(tmp_path, MOODLE)
    found = answers_in([path])
    assert {a.student for a in found.answers} == {
        Student("Nguyễn Thị Đạo", "2201"), Student("Jane Doe", "2202"), Student("Ada Lovelace", "2203"), Student("Max Noether", "2204"),
    }  # fmt: skip
    assert "an archive in the archive is not opened" in contents(found)["Max Noether_2204_assignsubmission_file/inner.zip"]
    assert contents(found)["Ada Lovelace_2203_assignsubmission_onlinetext/onlinetext.html"] == "$$a = 3$$\n"
    with zipfile.ZipFile(path) as stream:
        stream.extractall(tmp_path / "unpacked")
    assert answers_in([tmp_path / "unpacked"]) == found


def test_gradescope(tmp_path: Path) -> None:
    """Submitters are those of the metadata, ids as text; metadata that are no good are a remark."""
    found = answers_in([archive(tmp_path, GRADESCOPE)])
    assert [a.student for a in found.answers] == [Student("Jane Doe", "007", "jane@example.org"), Student("Ada", "", "ada@example.org")]
    bad = GRADESCOPE | {"assignment_42_export/submission_metadata.yml": "a: &a [x]\nb: [*a, *a]\n"}
    found = answers_in([archive(tmp_path, bad)])
    assert len(found.answers) == 2 and "aliases are not read" in found.remarks[0]
    evil = GRADESCOPE | {"assignment_42_export/submission_metadata.yml": "!!python/object/apply:os.system ['touch evil']"}
    assert len(answers_in([archive(tmp_path, evil)]).answers) == 2 and not Path("evil").exists()


def test_an_archive_that_leads_outside(tmp_path: Path) -> None:
    """Names that lead out of the archive are left out and said; nothing is written anywhere."""
    before = set(tmp_path.rglob("*"))
    path = archive(
        tmp_path,
        {"../../x.md": "a", "/etc/y.md": "b", "C:\\z.md": "c", "a/../../w.md": "d", "good.md": "$a = 1$", "__MACOSX/._good.md": ""},
    )
    found = answers_in([path])
    assert contents(found) == {"good.md": "$a = 1$"} and sum("leads out of the archive" in remark for remark in found.remarks) == 4
    assert set(tmp_path.rglob("*")) == before | {path}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_and_two_answers_of_one_student(tmp_path: Path) -> None:
    """Both are kept, told apart, and said."""
    path = archive(tmp_path, {"doejane_1_2_a.md": "$a = 1$", "doejane_1_3_b.md": "$a = 2$"})
    with zipfile.ZipFile(path, "a") as stream:
        stream.writestr("doejane_1_2_a.md", "$a = 3$")
    found = answers_in([path])
    assert contents(found) == {"doejane_1_2_a.md": "$a = 1$", "doejane_1_2_a.md (2)": "$a = 3$", "doejane_1_3_b.md": "$a = 2$"}
    assert len(found.remarks) == 1 and "answers of one student" in found.remarks[0]


def test_a_bomb(tmp_path: Path) -> None:
    """A member that unpacks to more than an answer may have is unread, whatever its header says, and read no further than that."""
    path = archive(tmp_path, {"bomb.md": " " * (MAX_BYTES + 10**6), "good.md": "$a = 1$"})
    assert path.stat().st_size < 200_000
    assert contents(answers_in([path])) == {"bomb.md": "! larger than 32 MB", "good.md": "$a = 1$"}


def test_archives_that_are_none(tmp_path: Path) -> None:
    """What is no archive, is cut off or damaged is an error with its name, or an unread answer; there is no traceback."""
    path = archive(tmp_path, {"a.md": "$a = 1$" * 50, "b.md": "$b = 1$"})
    data = path.read_bytes()
    for n, bad in enumerate((b"", b"PK", data[:60], data[: len(data) // 2])):
        (tmp_path / f"{n}.zip").write_bytes(bad)
        with pytest.raises(Unreadable, match=rf"{n}\.zip: no zip archive"):
            answers_in([tmp_path / f"{n}.zip"])
    at = data.index(b"a.md") + 4
    (tmp_path / "damaged.zip").write_bytes(data[:at] + struct.pack("B", data[at] ^ 0x55) * 8 + data[at + 8 :])
    assert contents(answers_in([tmp_path / "damaged.zip"]))["a.md"].startswith("! cannot be read from the archive")
    (tmp_path / "folder.zip").mkdir()
    assert answers_in([tmp_path / "folder.zip"]) == Class((), ())
    with pytest.raises(Unreadable, match="no such file"):
        answers_in([tmp_path / "missing.zip"])


def test_several_places(tmp_path: Path) -> None:
    """Answers of several files, folders and archives have names of their own; the assignment is not among them."""
    for name in ("one/a.md", "two/a.md", "a.md", "assignment.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("$a = 1$", encoding="utf-8")
    sources = [tmp_path / "one", tmp_path / "two", tmp_path / "a.md", tmp_path / "assignment.md", archive(tmp_path, {"a.md": ""})]
    found = answers_in(sources, leave_out=[tmp_path / "assignment.md"])
    assert [a.name for a in found.answers] == ["a.md", "class.zip/a.md", "one/a.md", "two/a.md"]


def test_text_typed_online() -> None:
    """Blocks are lines, entities letters, scripts nothing; bytes that are no UTF-8 do no harm."""
    page = b"<html><head><title>t</title></head><body><p>a &lt; b</p><ul><li>$x = 1$</li></ul><style>p{}</style>\xff</body>"
    assert markdown_of(page).decode("utf-8", "surrogateescape") == "a < b\n\n$x = 1$\n\n\udcff\n"
