"""The terminal report: what it shows, where its marks stand, what it never lets through."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from rich.cells import cell_len
from samples import relation, report

from verify.rendering.cells import clusters, excerpt, visible
from verify.rendering.text import as_plain_text, report_parts, width_of, write
from verify.report import Asked, Edit, Reading, Remark, Witness

TEXT = r"""# Answer

$$z = \sum_j w_j x_j$$

Vậy $\frac{\partial L}{\partial z} = y - o$ và $L = 1$

$$a = b$$
"""


def sample(**more):
    """A report with a refuted, a proved and an unread relation."""
    wrong = relation(
        TEXT,
        r"\frac{\partial L}{\partial z} = y - o",
        "refuted",
        fault="y - o",
        mistake="sign",
        message="the sign is wrong",
        repair=r"\frac{\partial L}{\partial z} = o - y",
        rhs_equals_head=True,
        witness=Witness({"out": 2}, {"y": ["1", "0"], "b": "1/2"}, {"k": 1}, "0.5", "[-0.5 +/- 1e-9]"),
    )
    return report(
        TEXT,
        relation(TEXT, r"z = \sum_j w_j x_j", "given"),
        wrong,
        relation(TEXT, "L = 1", "proved", scope="all widths", read_as="L = 1"),
        relation(TEXT, "a = b", "unread", message="a is not declared"),
        network={"x": {"axes": ["in"], "defined_as": None}, "z": {"axes": [], "defined_as": "Σ_j w_j x_j"}},
        **more,
    )


def text_of(found, width=100, **options):
    """The report as plain text."""
    return as_plain_text(report_parts(found, width, **options), width)


def test_shows_what_needs_a_look() -> None:
    """The whole report of a small answer: place, line, mark, reason, repair, witness, summary; what is fine is only counted."""
    readings = (Reading("x_0", "w_o", "not declared"),)
    asked = (Asked(r"\frac{\partial L}{\partial z}", "wrong", "r2", 0.0, 2.0), Asked("dL/db", "missing", None, 0.0, 1.0))
    assert text_of(sample(readings=readings, asked=asked, diagnostics=(Remark(9, "an unclosed brace", 4),))) == snapshot("""\
answer.md  4 relations
  network  z
  reading  x_0 read as w_o (not declared)
  note     answer.md:9:4  an unclosed brace

answer.md:5:36  ✗ refuted  sign
   5 │ Vậy $\\frac{\\partial L}{\\partial z} = y - o$ và $L = 1$
     │                                      ^^^^^
       why        the sign is wrong
       should be  \\frac{\\partial L}{\\partial z} = o - y
       but        the right side does equal the head of the chain
       witness    the left side is 0.5, the right side -0.5 at k = 1
                  widths: out 2
                  b=1/2  y=[1,0]

answer.md:7:5  ? unread
   7 │ $$a = b$$
     │     ^
       why        a is not declared

· given    1
✓ proved   1
✗ refuted  1  line 5
? unread   1  line 7

asked for                                 points
\\frac{\\partial L}{\\partial z}  ✗ wrong     0 / 2  line 5
dL/db                          - missing   0 / 1
                                           0 / 3\
""")


def test_verbose_lists_every_relation() -> None:
    """With ``verbose`` each relation of the report has a line with its place."""
    shown = text_of(sample(), verbose=True)
    assert all(f"answer.md:{r.place.line}:{r.place.column}" in shown for r in sample().relations)


def test_explained_reading_is_shown() -> None:
    """With ``explain`` the meaning and the scope of a proved relation stand below it."""
    shown = text_of(sample(), explain=True)
    assert "read as" in shown and "all widths" in shown


def test_mark_stands_under_the_fault() -> None:
    """The carets cover the fault's cells, behind letters of width two and letters with combining accents."""
    line = "数学 Vậy e\u0302 $a = bad$"
    found = report(line, relation(line, "a = bad", "refuted", fault="bad"))
    rows = text_of(found, 60).splitlines()
    above = next(r for r in rows if "bad" in r)
    below = rows[rows.index(above) + 1]
    assert cell_len(above[: above.index("bad")]) == below.index("^")
    assert below.count("^") == 3


def test_fault_on_a_later_line_of_the_relation() -> None:
    """Of a relation over several lines, the line of the fault is shown with its own number."""
    text = "$$a\n= b\n+ c$$"
    found = report(text, relation(text, "a\n= b\n+ c", "refuted", fault="c"))
    assert "3 │ + c$$" in text_of(found)


def test_nothing_acts_on_the_terminal() -> None:
    """Escape sequences and bidirectional overrides of an answer, its name and its messages do not reach the terminal."""
    text = "$\x1b[31ma = \u202eb$"
    found = report(text, relation(text, "a = \u202eb", "unread", message="odd \x1b]0;title\x07", repair="\x9b2J"), file="x\x1b[2J.md")
    assert not set(text_of(found)) & set("\x1b\u202e\x07\x9b")


def test_plain_where_no_terminal() -> None:
    """Written to something that is no terminal, the report has no styles and no spaces at the ends of lines."""
    stream = StringIO()
    write(report_parts(sample(), width_of(stream)), stream)
    assert "refuted" in stream.getvalue() and "\x1b" not in stream.getvalue() and " \n" not in stream.getvalue()


@pytest.mark.parametrize(
    ("left", "right", "shown"),
    [
        ("[0.60020714348499224 +/- 6.49e-28]", "1.5", "the left side is 0.600207, the right side 1.5"),
        ("[-1.000000000000000 +/- 6.49e-28]", "[2.5e+20 +/- 1e-9]", "the left side is -1, the right side 2.5e+20"),
        ("1.00000000001", "1.00000000002", "the left side is 1.00000000001, the right side 1.00000000002"),
        ("[+/- 4.77e-29]", "-2", "the left side is 0, the right side -2"),
        ("[+/- 0.2]", "inf", "the left side is [+/- 0.2], the right side inf"),
    ],
)
def test_sides_of_a_witness_are_short(left: str, right: str, shown: str) -> None:
    """The two sides are shown by a few digits where these tell them apart, else as they are."""
    found = report(TEXT, relation(TEXT, "a = b", "refuted", witness=Witness({}, {}, {}, left, right)))
    assert shown in text_of(found)


def test_no_color_is_respected(monkeypatch) -> None:
    """On a terminal with ``NO_COLOR`` set, no colour is written."""

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    written = []
    for _ in range(2):
        stream = Terminal()
        write(report_parts(sample(), width_of(stream)), stream)
        written.append(stream.getvalue())
        monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;31m" in written[0] and "\x1b[1;31m" not in written[1]


lines = st.text(st.characters(codec="utf-8") | st.sampled_from("数ạ́e\u0301\t=^\u200d"), max_size=300)


@given(lines, st.lists(st.tuples(st.integers(0, 300), st.integers(0, 20)), min_size=1), st.integers(8, 90), st.none() | st.integers(0, 300))
def test_excerpt_fits_and_has_a_mark(line: str, spans: list[tuple[int, int]], width: int, anchor: int | None) -> None:
    """Of any line, the excerpt fits the width, and a mark stands below it or right behind its end."""
    shown = excerpt(line, [(start, start + length) for start, length in spans], width, anchor)
    assert cell_len(shown.text) <= width
    assert "^" in shown.marks and len(shown.marks) <= cell_len(shown.text) + 1


@given(lines.filter(bool), st.data(), st.integers(12, 60))
def test_excerpt_shows_the_marked_letters(line: str, data: st.DataObject, width: int) -> None:
    """A single letter that is marked is in the excerpt, and carets stand at its cells and nowhere else."""
    parts = clusters(visible(line))
    at = data.draw(st.integers(0, len(parts) - 1))
    start = sum(map(len, parts[:at]))
    shown = excerpt(line, [(start, start + len(parts[at]))], width)
    before = 0
    for part in clusters(shown.text):
        if part == parts[at] and shown.marks == " " * before + "^" * max(1, cell_len(part)):
            return
        before += cell_len(part)
    raise AssertionError(f"{parts[at]!r} is not marked in {shown!r}")


def test_each_edit_has_its_mark() -> None:
    """What stands between two edits is not marked; an insertion is marked at the letter before it."""
    line = "$a = bcd(e)$"
    edits = tuple(Edit(line.index(old), line.index(old) + size, "x") for old, size in (("b", 1), ("d", 1), (")", 0)))
    found = report(line, relation(line, "a = bcd(e)", "refuted", fault="bcd(e", edits=edits))
    above, below = text_of(found).splitlines()[3:5]
    assert [letter for letter, mark in zip(above, below, strict=False) if mark == "^"] == ["b", "d", "e"]


@given(st.text())
def test_visible_keeps_offsets(text: str) -> None:
    """Making letters visible changes no offset."""
    assert len(visible(text)) == len(text)


def test_a_line_of_megabytes_is_cut_at_both_ends() -> None:
    """Of a very long line a window around the mark is shown, with an ellipsis at each end, and of its repair the beginning."""
    line = "a" * 3_000_000 + " = " + "b" * 3_000_000
    found = report(line, relation(line, line, "refuted", repair=line))
    above, below = text_of(found, 80).splitlines()[3:5]
    assert above.endswith("…") and above.split("│ ")[1].startswith("…")
    assert above[below.index("^")] == "=" and below.count("^") == 1
    assert len(text_of(found, 80)) < 5000
