"""What a report says of how a document writes."""

from __future__ import annotations

import jsonschema
import pytest

import verify
from verify.language import translated, translator
from verify.rendering.json_report import as_object, schema
from verify.rendering.text import as_plain_text, report_parts

COLUMNS = r"""
$$ z = W x + b $$
$$ L = \frac{1}{2} \| z - y \|^2 $$
$$ \frac{\partial L}{\partial W} = (z - y) x^T $$
"""
INDICES = r"""
$$ z_i = \sum_j w_{ij} x_j $$
$$ L = \sum_i z_i^2 $$
$$ \frac{\partial L}{\partial w_{ij}} = 2 z_i x_j $$
"""


def said(text: str) -> dict[str, str]:
    """The conventions of a document by what they are about."""
    return {c.about: c.says for c in verify.check(text).conventions}


def test_matrices() -> None:
    """A document in matrix notation: what is a column, how a matrix lies, how its derivative is laid out."""
    found = said(COLUMNS)
    assert found["L"] == "the loss"
    assert found["x"] == "a column over x"
    assert found["W"] == "a matrix with z along its rows and x along its columns"
    assert found["∂L/∂W"] == "the derivative of a scalar by a matrix has the shape of the matrix"


def test_indices() -> None:
    """A document in index notation has no rows and columns, and says what is written with all its indices."""
    found = said(INDICES)
    assert "∂L/∂W" not in found
    assert any("w" in about.split(", ") for about, says in found.items() if says == "written with all indices everywhere")


def test_the_line_of_a_definition() -> None:
    """A quantity that a relation introduces has the line of that relation, a leaf has none."""
    network = verify.check(COLUMNS).network
    assert network["z"]["line"] == 2 and network["L"]["line"] == 3
    assert "line" not in network["x"]


@pytest.mark.parametrize("text", [COLUMNS, INDICES])
def test_shown_and_in_json(text: str) -> None:
    """The table of the terminal has every quantity and convention; only where it is asked for. JSON has them always, as the schema says."""
    report = verify.check(text)
    explained = as_plain_text(report_parts(report, 200, explain=True), 200)
    plain = as_plain_text(report_parts(report, 200), 200)
    for convention in report.conventions:
        assert convention.says in explained and convention.says not in plain
    found = as_object(report)
    jsonschema.validate(found, schema())
    assert [c["says"] for c in found["conventions"]] == [c.says for c in report.conventions]


def test_in_vietnamese() -> None:
    """The sentences are translated, what they are about is not."""
    report = verify.check(COLUMNS)
    other = translated(report, translator("vi"))
    assert [c.about for c in other.conventions] == [c.about for c in report.conventions]
    assert all(a.says != b.says for a, b in zip(other.conventions, report.conventions, strict=True))
