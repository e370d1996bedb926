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
        ("points = 2", "point = 2", 4, "ask.1.point:"),
        ("points = 2", "points = ", 4, "no TOML"),
        ("quantity = 'b'", "quantity = ''", 8, "ask.2.quantity"),
        ("quantity = 'b'", "points = 1", 7, "ask.2.quantity: Field required"),
        ("quantity = 'b'", r"quantity = '\frac{\partial L}{\partial w}'", 1, "is asked for twice"),
        ("slips = 0.5", "slips = 1.5", 14, "marks.slips"),
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


def test_nesting_without_end() -> None:
    """A value nested ten thousand deep is an error, not a crash."""
    with pytest.raises(AssignmentError):
        parse_assignment(TEXT.replace("points = 2", "points = " + "[" * 10_000))
