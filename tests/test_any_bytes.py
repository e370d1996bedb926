"""Whatever bytes an answer consists of, in any of the formats, it gets a report or diagnostics and never an exception."""

# ruff: noqa: E501

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.checking import check

GOLDEN = Path(__file__).parent / "golden"
DOCUMENTS = [path.read_text(encoding="utf-8") for path in sorted(GOLDEN.glob("*.md"))[::4]]
ARTICLES = [path.read_text(encoding="utf-8") for path in sorted(GOLDEN.glob("*.tex"))]
CODE = "import numpy as np\nz = X @ W + b\na = np.tanh(z)\nL = np.sum((a - y) ** 2)\nda = 2 * (a - y)\nfor i in range(3):\n    W -= lr * X.T @ da\n"
FORMATS = ("md", "tex", "ipynb", "py")
SOUP = [
    *(
        "\\frac",
        "\\partial",
        "\\sum_{i=1}^{N}",
        "\\begin{aligned}",
        "\\end{aligned}",
        "\\begin{cases}",
        "\\left(",
        "\\right)",
        "{",
        "}",
        "$",
        "$$",
    ),
    *(
        "&",
        "\\\\",
        "=",
        "^",
        "_",
        "'",
        "\\mathbf{1}",
        "\\in \\mathbb{R}^{n \\times m}",
        "\\text{",
        "\\newcommand{\\a}{\\b}",
        "\\a",
        "\\tag{1}",
    ),
    *(
        "def f(x):",
        "    return x",
        "np.einsum('ij,jk->ik', A, B)",
        "@",
        "lambda",
        "[",
        "]",
        "(",
        ")",
        ":",
        "for i in range(9**9):",
        '{"cells": [',
        "\n",
    ),
]


def notebook(text: str) -> str:
    """A notebook with one cell of that text."""
    return json.dumps(
        {"cells": [{"cell_type": "markdown", "source": [text], "metadata": {}}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    )


def mutated(text: str, edits: list[tuple[float, int, str]]) -> str:
    """The text with stretches replaced: where, as a share of its length, how many letters, by what."""
    for where, length, new in edits:
        at = int(where * len(text))
        text = text[:at] + new + text[at + length :]
    return text


edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(SOUP) | st.text(max_size=4)), min_size=1, max_size=4)
real = st.sampled_from([("md", t) for t in DOCUMENTS] + [("tex", t) for t in ARTICLES] + [("py", CODE)])


@settings(max_examples=60)
@given(st.sampled_from(FORMATS), st.binary(max_size=200) | st.lists(st.sampled_from(SOUP), max_size=20).map(" ".join))
def test_any_bytes_and_any_soup_of_tokens_get_a_report(format: str, content: bytes | str) -> None:
    """Random bytes, and tokens of LaTeX, Python and JSON in any order."""
    report = check(content, format=format, fast=True)
    assert len({r.id for r in report.relations}) == len(report.relations)


@settings(max_examples=25)
@given(real, edits)
def test_a_real_document_with_damage_gets_a_report(document: tuple[str, str], damage: list[tuple[float, int, str]]) -> None:
    """Documents of people, cut and spliced at random, also inside a notebook."""
    format, text = document
    broken = mutated(text[:1500], damage)
    check(broken, format=format, fast=True)
    if format == "md":
        check(notebook(broken), format="ipynb", fast=True)


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_document_has_no_relations(format: str) -> None:
    """Nothing in, nothing out."""
    assert check(b"", format=format).relations == ()
