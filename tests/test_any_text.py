"""Whatever an answer contains, it gets a report that every output can show."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from verify.checking import check
from verify.rendering.json_report import json_line, schema
from verify.rendering.text import as_plain_text, report_parts

NETWORK = "$$z = \\sum_i w_i x_i$$ $$L = (z - y)^2$$\n"
SIGNS = ["=", "= ", "&=", "+", "-", ",", "(", ")", "{", "}", "_", "^", "&", "\\\\", "'", "%", "~", "|", "−", "＝", "∂", "·", "/", ":=", "!"]
LETTERS = ["x", "z", "y", "w_i", "x_i", "i", "L", "q", "é", "数", "e\u0301", "0", "1", "2", "0.5", "1/0", "0^{-1}", "9^{9^{9^9}}"]
COMMANDS = [
    *(r"\frac", r"\frac{\partial L}{\partial z}", r"\frac{\partial L}{\partial w_i}", r"\partial ", r"\sum", r"\sum_i ", r"\sum_{i=1}^N "),
    *(r"\begin{aligned}", r"\end{aligned}", r"\begin{cases}", r"\end{cases}", r"\left(", r"\right)", r"\quad ", r"\Rightarrow ", r"\ln "),
    *(r"\text{if }", r"\underbrace{z}_{i=k}", r"i \neq k", r"\def\a{\a\a}", r"\a", r"\input{/etc/passwd}", r"\cdot ", r"\eta ", r"(t+1)"),
]
AROUND = ["$$", "$", "\n", "\n\n", "# ", "- ", "```", "<!-- ", " -->", "\t", "\x00", "\x1b[31m", "\u202e", "\ud800", "\r\n", "\u2028"]
inside = st.lists(st.sampled_from(SIGNS) | st.sampled_from(LETTERS) | st.sampled_from(COMMANDS), max_size=12).map("".join)
sides = st.lists(st.sampled_from(LETTERS + COMMANDS), min_size=1, max_size=3).map("".join)
formulas = st.one_of(inside, st.lists(sides, min_size=2, max_size=3).map(" = ".join)).map("$${}$$ ".format)
texts = st.lists(formulas | st.sampled_from(AROUND) | st.text(max_size=3), max_size=8).map(lambda parts: NETWORK + "".join(parts))
VALIDATOR = Draft202012Validator(schema())


@settings(max_examples=150)
@given(texts)
def test_any_text_gets_a_report(text: str) -> None:
    """Fragments of answers in any order are checked without an error; the JSON meets the schema, its places are those of
    the text, each sign is reported once, and nothing in the terminal report acts on the terminal."""
    report = check(text)
    found = json.loads(json_line(report))
    VALIDATOR.validate(found)
    lines = report.text.split("\n")
    places = [(r["line"], r["column"]) for r in found["relations"]]
    assert len(set(places)) == len(places)
    for relation in report.relations:
        place = relation.place
        assert 1 <= place.line <= len(lines) and lines[place.line - 1][place.column - 1 : place.end_column - 1] == relation.relation
    shown = as_plain_text(report_parts(report, 80, verbose=True, explain=True))
    assert not {c for c in shown if c != "\n" and (ord(c) < 32 or c in "\x7f\u202e\ud800")}


@settings(max_examples=60)
@given(texts)
def test_a_report_is_the_same_twice(text: str) -> None:
    """Checking has no state: the same text gets the same report."""
    assert check(text) == check(text)
