"""The golden documents in LaTeX; those in Markdown are collected by the plugin."""

from __future__ import annotations

from pathlib import Path

import pytest

from verify.checking import check
from verify.expectations import comments, paired

DOCUMENTS = sorted((Path(__file__).parents[1] / "golden").glob("*.tex"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_each_relation_is_as_expected(path: Path) -> None:
    """Every relation has an expectation and meets it."""
    report = check(path.read_bytes(), file=path.name, format="tex")
    pairs = paired(report, comments(report.text, "tex"))
    assert pairs
    wrong = [(r.place.line, r.verdict, str(e)) for r, e in pairs if e is None or not e.meets(r)]
    assert wrong == []
