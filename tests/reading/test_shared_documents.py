"""Real documents with labelled relations, where they are at hand: every labelled relation sign is found."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from verify.reading.document import place, read
from verify.reading.syntax import Formula, Link
from verify.reading.traversal import walk

SHARED = Path(__file__).resolve().parents[3] / "shared"


def labelled() -> Iterator[tuple[Path, list[tuple[str, int]]]]:
    """Each document with the places of its labelled signs: (line, or cell:line in a notebook; column)."""
    for table in sorted(SHARED.glob("*/labels.tsv")):
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        alone = [p for p in sorted(table.parent.glob("*.md")) if p.name != "README.md"]
        for name in dict.fromkeys(row.get("file") or alone[0].name for row in rows):
            yield table.parent / name, [(row["line"], int(row["column"])) for row in rows if row.get("file", name) == name]


DOCUMENTS = list(labelled())


@pytest.mark.skipif(not DOCUMENTS, reason="the shared documents are not here")
@pytest.mark.parametrize(("path", "labels"), DOCUMENTS, ids=[path.name for path, _ in DOCUMENTS])
def test_every_labelled_sign_is_found(path: Path, labels: list[tuple[str, int]]) -> None:
    """Every labelled relation sign is the sign of a link, at most one column off (``:=``, ``&=``)."""
    document = read(path.read_bytes(), path.suffix[1:])
    found: dict[str, list[tuple[int, int]]] = {}
    for statement in (s for p in document.parts if isinstance(p, Formula) for s in p.statements):
        for node in (n for top in (statement.content, *statement.conditions) for n in walk(top)):
            if isinstance(node, Link):
                cell, line, column = place(document, node.span.start)
                name = str(line) if cell is None else f"{cell}:{line}"
                found.setdefault(name, []).append((column, column + node.span.end - node.span.start))
    missing = [(line, column) for line, column in labels if not any(a - 1 <= column <= b for a, b in found.get(line, []))]
    assert missing == []


@pytest.mark.skipif(not DOCUMENTS, reason="the shared documents are not here")
@pytest.mark.parametrize("path", [path for path, _ in DOCUMENTS], ids=[path.name for path, _ in DOCUMENTS])
def test_places_are_those_of_the_file(path: Path) -> None:
    """The character at a formula's place in the file is the one at its offset in the document."""
    document = read(path.read_bytes(), path.suffix[1:])
    text = path.read_text(encoding="utf-8")
    sources = ["".join(cell["source"]) for cell in json.loads(text)["cells"]] if path.suffix == ".ipynb" else [text]
    lines = [source.split("\n") for source in sources]
    formulas = [p for p in document.parts if isinstance(p, Formula)]
    assert len(formulas) > 20
    for formula in formulas:
        cell, line, column = place(document, formula.span.start)
        assert lines[cell or 0][line - 1][column - 1] == document.text[formula.span.start]
