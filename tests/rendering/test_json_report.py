"""The JSON report: valid by its own schema, with true places, on one line."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator, ValidationError
from samples import relation, report

from verify.checking import check
from verify.rendering.json_report import as_object, json_line, schema
from verify.report import Asked, Edit, Reading, Remark, Witness

TEXT = "# Answer\n\n$$z = w x$$\n\n$$\n\\begin{aligned}\nb &= u \\\\\n &+ v\n\\end{aligned}\n$$\n"
SUM = "b &= u \\\\\n &+ v"


def sample():
    """A report that has something in every field."""
    at = TEXT.index("v\n\\end")
    return report(
        TEXT,
        relation(TEXT, "z = w x", "proved", scope="all widths", assumptions=("y sums to 1",), rhs_equals_head=True),
        relation(
            TEXT,
            SUM,
            "refuted",
            mistake="sign",
            message="m",
            repair="b = u - v",
            edits=(Edit(at - 1, at, "-"), Edit(at, at, "2")),
            follows_from="r1",
            witness=Witness({"in": 2}, {"x": [["1/2", "0"]], "c": "1"}, {"k": 2}, "0", "1"),
        ),
        network={"x": {"axes": ["in"], "defined_as": None}, "q": {"axes": [], "defined_as": None, "not_understood": "why"}},
        readings=(Reading("x_0", "w_o", "why"),),
        diagnostics=(Remark(1, "m", 2, None),),
        asked=(Asked("dL/dw", "missing", None, 0, 1),),
    )


def test_report_is_valid_by_the_schema() -> None:
    """A report with something in every field meets the schema, and so does an empty one."""
    validator = Draft202012Validator(schema())
    Draft202012Validator.check_schema(schema())
    validator.validate(as_object(sample()))
    validator.validate(as_object(report("")))


@pytest.mark.parametrize("key", ["verdict", "line", "end_column", "witness", "edits", "rhs_equals_head"])
def test_schema_asks_for_each_key(key: str) -> None:
    """The schema can fail: a relation without one of its keys is not valid."""
    found = as_object(sample())
    del found["relations"][0][key]
    with pytest.raises(ValidationError):
        Draft202012Validator(schema()).validate(found)


def test_schema_knows_the_verdicts() -> None:
    """A verdict that is none of the seven is not valid."""
    found = as_object(sample())
    found["relations"][0]["verdict"] = "right"
    with pytest.raises(ValidationError):
        Draft202012Validator(schema()).validate(found)


@pytest.mark.parametrize("line", [r"z^{(i)} = \theta^T x^{(i)}", r"s = \theta^T u", r"\d{L}{a} = \d{L}{b}", r"\d{L}{a} = 2 \d{L}{b} c"])
def test_sides_are_whole(line: str) -> None:
    """The sides of a relation are what stands left and right of its sign, an inner product in full, a macro with its arguments."""
    text = "\\newcommand{\\d}[2]{\\frac{\\partial #1}{\\partial #2}}\n\n$h(u) = g(\\theta^T u)$\n\n$" + line + "$\n"
    found = as_object(check(text, fast=True))["relations"][-1]
    assert [found["lhs"], found["rhs"]] == line.split(" = ")


def test_places_of_edits() -> None:
    """Edits have the line and column of where they stand, also on a later line than the relation's sign."""
    edits = as_object(sample())["relations"][1]["edits"]
    assert edits == [{"span": [[8, 4], [8, 5]], "text": "-"}, {"span": [[8, 5], [8, 5]], "text": "2"}]


def test_sign_has_the_columns_of_the_text() -> None:
    """The columns of a relation cut its sign out of its line."""
    lines = TEXT.split("\n")
    for found in as_object(sample())["relations"]:
        assert lines[found["line"] - 1][found["column"] - 1 : found["end_column"] - 1] == found["relation"]


def test_one_line_of_ascii() -> None:
    """The object is one line that any locale can write, whatever letters the document has, lone surrogates too."""
    text = "$ạ = \udc80\u2028b$\n"
    line = json_line(report(text, relation(text, "ạ = \udc80\u2028b", "unread"), file="\udcff.md"))
    assert line.isascii() and line.splitlines() == [line]
    assert json.loads(line)["relations"][0]["lhs"] == "ạ"
