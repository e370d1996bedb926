"""Each command, environment, container and hard case that people use stands in a golden document, whose relations all have a verdict."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"
ITEMS: dict[str, dict[str, list[str]]] = tomllib.loads(Path(__file__).with_name("notation_items.toml").read_text(encoding="utf-8"))
LISTED = [pytest.param(*item, id=f"{kind}: {name}") for kind, items in ITEMS.items() for name, item in items.items()]


@pytest.mark.parametrize(("written", "name"), LISTED)
def test_a_golden_document_has_it(written: str, name: str) -> None:
    """What people write is tried in a document whose relations all have an expected verdict."""
    text = (GOLDEN / name).read_text(encoding="utf-8")
    assert "expect:" in text
    assert written in text


def test_what_stays_unread_in_the_suite_is_little() -> None:
    """Of the relations of the documents that are made for the notation, few may stay unread; each says why in its report."""
    names = {name for items in ITEMS.values() for _, name in items.values()}
    verdicts = [v for name in names for v in expectations((GOLDEN / name).read_text(encoding="utf-8"))]
    assert len(verdicts) > 300 and sum("unread" in v.split("|") for v in verdicts) < 0.1 * len(verdicts)


def expectations(text: str) -> list[str]:
    """What a document expects of its relations, in order."""
    comments = [line.partition("expect:")[2].rstrip("-> ") for line in text.splitlines() if "expect:" in line]
    return [verdict.partition("[")[0].strip() for comment in comments for verdict in comment.split(",")]
