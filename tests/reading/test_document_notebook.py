"""Notebooks: cells, places within them, and notebooks that are broken."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.reading.document import Document, place, read
from verify.reading.syntax import Chain, Formula, Prose


def notebook(*cells: tuple[str, str | list[str]]) -> str:
    """A notebook (nbformat 4) with cells of these kinds and sources."""
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": kind, "source": source} for kind, source in cells]})


def formulas(document: Document) -> list[tuple[int | None, str]]:
    """The cell and the inside of every formula, in order."""
    return [(p.cell, document.text[p.inside.start : p.inside.end]) for p in document.parts if isinstance(p, Formula)]


def test_cells_are_read_by_their_kinds() -> None:
    """Markdown cells are read, code and raw cells kept as prose; cells count from 0 over all; sources are strings or lists."""
    document = read(
        notebook(("markdown", "# A\n$a=1$"), ("code", ["x = '$y$'\n", "z"]), ("raw", "raw $r$"), ("markdown", ["so\n", "$$b=2$$"])), "ipynb"
    )
    assert document.text == "# A\n$a=1$\nx = '$y$'\nz\nraw $r$\nso\n$$b=2$$"
    assert formulas(document) == [(0, "a=1"), (3, "b=2")]
    assert [(p.cell, p.kind, p.text) for p in document.parts if isinstance(p, Prose)] == [
        (0, "heading", "# A"),
        (1, "code", "x = '$y$'\nz"),
        (2, "paragraph", "raw $r$"),
        (3, "paragraph", "so"),
    ]


def test_places_count_within_the_cell() -> None:
    """The line of a place is the one within its cell's source, as ``split`` counts them, empty cells and last line breaks included."""
    document = read(notebook(("markdown", "$a=1$\n"), ("markdown", ""), ("code", "\n\n"), ("markdown", "\nlet\n $b=2$")), "ipynb")
    chains = [p.statements[0].content for p in document.parts if isinstance(p, Formula)]
    assert [place(document, c.links[0].span.start) for c in chains if isinstance(c, Chain)] == [(0, 1, 3), (3, 3, 4)]


def test_a_formula_does_not_go_beyond_its_cell() -> None:
    """A dollar sign or a fence without its partner harms no other cell."""
    document = read(notebook(("markdown", "$$a"), ("markdown", "```\nb"), ("markdown", "$c=3$"), ("markdown", "$d$$")), "ipynb")
    assert formulas(document) == [(2, "c=3"), (3, "d")]
    assert [place(document, d.span.start)[0] for d in document.diagnostics] == [0, 1, 3]


def test_a_chain_does_not_go_on_in_another_cell() -> None:
    """A formula that begins with its sign in a cell of its own does not continue the cell before."""
    document = read(notebook(("markdown", "$$a = b$$"), ("markdown", "$$= c$$")), "ipynb")
    contents = [p.statements[0].content for p in document.parts if isinstance(p, Formula)]
    assert [len(c.links) for c in contents if isinstance(c, Chain)] == [1, 1]


def test_macros_are_shared_across_cells() -> None:
    """A macro of a Markdown cell counts in all of them; one that a code cell spells does not."""
    document = read(
        notebook(("markdown", "$\\newcommand{\\loss}{L}$"), ("code", "r'\\def\\gain{G}'"), ("markdown", "$\\loss = 1$")), "ipynb"
    )
    plain = read(notebook(("markdown", "$L = 1$")), "ipynb")
    assert [p.statements for p in document.parts if isinstance(p, Formula) and p.statements] == [
        p.statements for p in plain.parts if isinstance(p, Formula)
    ]


def test_front_matter_is_of_files_only() -> None:
    """A rule at the head of a cell begins no front matter."""
    assert formulas(read(notebook(("markdown", "---\na: $b$\n\n---\n")), "ipynb")) == [(0, "b")]


def test_the_older_format_is_read() -> None:
    """nbformat 3 keeps its cells in worksheets, code under ``input``, and has heading cells."""
    cells = [
        {"cell_type": "heading", "level": 2, "source": "On $a$"},
        {"cell_type": "code", "input": "x"},
        {"cell_type": "markdown", "source": ["$b=1$"]},
    ]
    document = read(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}), "ipynb")
    assert formulas(document) == [(0, "a"), (2, "b=1")]
    assert [(p.kind, p.text) for p in document.parts if isinstance(p, Prose)] == [("heading", "## On"), ("code", "x")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"cells": 1}',
        '{"cells": [}',
        "[" * 100_000,
        '{"a": ' * 100_000,
        "$a=1$",
        '{"cells": [1e999999999, ' + "9" * 10_000 + "]",
    ],
)
def test_a_broken_notebook_gives_a_diagnostic(text: str) -> None:
    """What is no notebook gives a diagnostic and no parts, and no exception."""
    document = read(text, "ipynb")
    assert document.parts == () and len(document.diagnostics) == 1
    cell, line, _ = place(document, document.diagnostics[0].span.start)
    assert cell is None and line >= 1


def test_the_place_of_broken_json_is_told() -> None:
    """The diagnostic of broken JSON stands where the JSON breaks."""
    document = read('{"cells": [\n  {"source": x}\n]}', "ipynb")
    assert place(document, document.diagnostics[0].span.start) == (None, 2, 14)


def test_odd_cells_keep_the_numbers_of_the_others() -> None:
    """What is no cell, has no source or an odd one, counts as an empty cell."""
    cells = [
        1,
        {},
        {"cell_type": "markdown", "source": {"a": 1}},
        {"cell_type": ["markdown"], "source": [1, "$a$"]},
        {"cell_type": "markdown", "source": "$b$"},
    ]
    assert formulas(read(json.dumps({"cells": cells}), "ipynb")) == [(4, "b")]


def test_half_a_surrogate_pair_is_replaced() -> None:
    """JSON may spell half a surrogate pair, which no encoding can write: it is replaced, and the offsets stay."""
    document = read('{"cells": [{"cell_type": "markdown", "source": "\\ud800 $a=1$"}]}', "ipynb")
    assert document.text == "\ufffd $a=1$"
    assert formulas(document) == [(0, "a=1")]


@given(st.lists(st.tuples(st.sampled_from(["markdown", "code", "raw"]), st.text("ab$=\\n\n#>`- ", max_size=30))))
def test_every_line_has_its_cell_and_number(cells: list[tuple[str, str]]) -> None:
    """The text is the sources joined by line breaks, and the place of every line's first character is its cell and number."""
    document = read(notebook(*cells), "ipynb")
    assert document.text == "\n".join(source for _, source in cells)
    offset = 0
    for cell, (_, source) in enumerate(cells):
        for number, line in enumerate(source.split("\n"), 1):
            assert place(document, offset) == (cell, number, 1)
            assert place(document, offset + len(line)) == (cell, number, len(line) + 1)
            offset += len(line) + 1
