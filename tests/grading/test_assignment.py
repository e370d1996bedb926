"""Assignment files: what they say, and where they are wrong."""

from __future__ import annotations

import pytest

from verify.grading.assignment import AssignmentError, parse_assignment

TEXT = r"""+++
[[ask]]
quantity = '\frac{\partial L}{\partial w}'
points = 2
in = ['o', 'y']

[[ask]]
quantity = 'b'

[[assume]]
relation = '\sum_i y_i = 1'

[marks]
slips = 0.5
follow-through = 0
+++

$$z = w x$$
"""


def test_what_an_assignment_says() -> None:
    """Quantities, points, shares and the network are those of the file, with TOML's literal strings; what is left out has its default."""
    found = parse_assignment(TEXT)
    assert found.quantities == (r"\frac{\partial L}{\partial w}", "b")
    assert [a.points for a in found.ask] == [2.0, 1.0] and found.ask[0].within == ["o", "y"]
    assert (found.marks.slips, found.marks.follow_through) == (0.5, 0.0)
    assert "$$z = w x$$" in found.body and r"$$\sum_i y_i = 1$$" in found.body and "+++" not in found.body


def test_windows_line_ends_and_a_byte_order_mark() -> None:
    """A file from Windows says the same."""
    assert parse_assignment("\ufeff" + TEXT.replace("\n", "\r\n")).ask == parse_assignment(TEXT).ask


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("points = 2", "points = 'two'", 4, "ask.1.points"),
        ("points = 2", "points = -1", 4, "ask.1.points"),
        ("points = 2", "points = nan", 4, "ask.1.points"),
        ("points = 2", "points = inf", 4, "ask.1.points"),
        ("points = 2", "point = 2", 4, "ask.1.point: unknown key; is points meant?"),
        ("points = 2", "points = ", 4, "no TOML"),
        ("quantity = 'b'", "quantity = ''", 8, "ask.2.quantity"),
        ("quantity = 'b'", "points = 1", 7, "ask.2.quantity: is missing"),
        ("quantity = 'b'", r"quantity = '\frac{\partial L}{\partial w}'", 1, "is asked for twice"),
        ("slips = 0.5", "slips = 1.5", 14, "marks.slips"),
        ("slips = 0.5", "hints = 'all'", 14, "marks.hints"),
        ("[[assume]]", "[[ask.steps]]\nquantity = 'c'\npoints = -1\n[[assume]]", 12, "ask.2.steps.1.points"),
        ("[[assume]]", "[[ask.steps]]\nquantty = 'c'\n[[assume]]", 10, "ask.2.steps.1.quantity: is missing"),
        ("[[assume]]", "[[ask.steps]]\nquantity = 'c'\n[[ask.steps]]\nquantity = 'c'\n[[assume]]", 1, "c is a step of b twice"),
        ("follow-through = 0", "follow-through = true", 15, "marks.follow-through"),
        ("follow-through = 0", "follow_through = 0", 15, "marks.follow_through"),
        ("[marks]", "[mark]", 13, "mark:"),
        ("[marks]", "[marks", 13, "no TOML"),
        ("[[ask]]\nquantity = '\\", "text = 1\n[[ask]]\nquantity = '\\", 2, "text"),
    ],
)
def test_errors_have_their_line(old: str, new: str, line: int, message: str) -> None:
    """What is wrong is said with the line on which it stands."""
    assert old in TEXT
    with pytest.raises(AssignmentError) as error:
        parse_assignment(TEXT.replace(old, new, 1))
    assert (error.value.line, message in error.value.message) == (line, True), str(error.value)


def test_all_that_is_wrong_is_said() -> None:
    """Every error has its line, in the order of the file."""
    with pytest.raises(AssignmentError) as error:
        parse_assignment(TEXT.replace("points = 2", "points = -2").replace("slips", "slip").replace("= 0\n", "= 7\n"))
    assert [line for line, _ in error.value.problems] == [4, 14, 15]
    assert "is slips meant?" in error.value.problems[1][1]


def test_steps_and_lines() -> None:
    """Steps are asked for behind the quantities and add their points; each key of the front matter has its line, and so has the text."""
    text = TEXT.replace("[[assume]]", "[[ask.steps]]\nname = 'first'\nquantity = 'c'\npoints = 3\n\n[[assume]]")
    found = parse_assignment("\n" + text)
    assert found.quantities == (r"\frac{\partial L}{\partial w}", "b", "c") and [a.out_of for a in found.ask] == [2.0, 4.0]
    lines = found.source.split("\n")
    for place, wanted in (
        (("ask", 0, "points"), "points = 2"), (("ask", 1, "quantity"), "quantity = 'b'"), (("ask", 1, "steps", 0, "points"), "points = 3"),
        (("ask", 1, "points"), "[[ask]]"), (("assume", 0, "relation"), r"relation = '\sum_i y_i = 1'"), (("marks", "slips"), "slips = 0.5"),
    ):  # fmt: skip
        assert lines[found.line(*place) - 1] == wanted
    assert lines[found.text_line - 1] == found.text.split("\n")[0] and lines[found.text_line - 2] == "+++"


def test_nesting_without_end() -> None:
    """A value nested ten thousand deep is an error, not a crash."""
    with pytest.raises(AssignmentError):
        parse_assignment(TEXT.replace("points = 2", "points = " + "[" * 10_000))
