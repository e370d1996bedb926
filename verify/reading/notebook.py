"""Jupyter notebooks to the sources of their cells. Code is kept as text; outputs and metadata are not looked at."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: ``kind`` is markdown, code or raw; ``source`` is its text."""

    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a text is no notebook, and at which offset."""

    offset: int
    reason: str


def cells(text: str) -> tuple[Cell, ...] | Broken:
    """The cells of a notebook (nbformat 3 or 4) in order, or why it cannot be read. What is no cell counts as an empty raw one, so that
    the numbers of the others stay right."""
    try:
        notebook = json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        return Broken(min(error.pos, len(text)), f"not a notebook: {error.msg}")
    except RecursionError:
        return Broken(0, "not a notebook: nested too deeply")
    if not isinstance(notebook, dict):
        return Broken(0, "not a notebook: no object")
    found = notebook.get("cells")
    if found is None and isinstance(notebook.get("worksheets"), list):
        sheets = [s.get("cells") for s in notebook["worksheets"] if isinstance(s, dict)]
        found = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    if not isinstance(found, list):
        return Broken(0, "not a notebook: it has no cells")
    return tuple(_cell(cell) for cell in found)


def _cell(cell: object) -> Cell:
    if not isinstance(cell, dict):
        return Cell("raw", "")
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        source = ""
    match cell.get("cell_type"):
        case "markdown" | "code" as kind:
            return Cell(kind, source)
        case "heading":
            level = str(cell.get("level", "1"))
            return Cell("markdown", "#" * (int(level) if level in set("123456") else 1) + " " + source)
        case _:
            return Cell("raw", source)
