"""Macros written out: the same formulas, and the way back to what their author wrote."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.checking import check
from verify.reading.document import read
from verify.reading.macros import origin
from verify.reading.syntax import Formula
from verify.reading.traversal import walk

DEFINED = r"""\newcommand{\dd}[2]{\frac{\partial #1}{\partial #2}}
\newcommand{\err}{(o - y)} \newcommand{\paren}[1]{\left( #1 \right)} \newcommand{\twice}[1]{#1 + #1}
\newcommand{\pd}{\dd} \newcommand{\opt}[2][L]{\dd{#1}{#2}} \def\nothing{} \DeclareMathOperator{\relu}{relu}
"""
FORMULAS = (
    r"\dd{L}{z} = \err",
    r"\dd L z = \err a_{h2}",
    r"\pd{L}{z} = 2\err x",
    r"\opt{z} = \opt[J]{z} + \opt w",
    r"\paren{a + \twice{b}} = \paren{ \err }^2",
    r"\nothing x = \nothing y\nothing",
    r"a = \relu z + \relu(z)",
    r"w^\paren{l} = \sigma\paren{z}",
)


def kinds(formula: Formula) -> list[str]:
    """The nodes of a formula's statements, without their places."""
    return [type(node).__name__ + getattr(node, "text", "") for s in formula.statements for node in walk(s.content)]


@pytest.mark.parametrize("formula", FORMULAS)
def test_written_out_it_is_the_same_formula(formula: str) -> None:
    """With its macros written out a formula has the same tree, and without a macro there is nothing to write out."""
    document = read(f"{DEFINED}\n$$ {formula} $$\n", "tex")
    assert document.plain is not None
    own, plain = ([p for p in d.parts if isinstance(p, Formula)] for d in (document, document.plain))
    assert [kinds(f) for f in own] == [kinds(f) for f in plain]
    called = document.plain.text[plain[-1].inside.start : plain[-1].inside.end]
    assert not any(name in called for name in (r"\dd", r"\err", r"\paren", r"\twice", r"\pd", r"\opt", r"\nothing", r"\relu"))
    assert read(f"{DEFINED}\n$$ a = b $$\n", "tex").plain is None


def test_the_way_back() -> None:
    """A stretch outside of calls and in an argument is found to the letter, one that has something of a macro's body is the whole call."""
    document = read(f"{DEFINED}\n$$ x = \\paren{{o - y}} \\err + \\twice{{b}} c $$\n", "tex")
    assert document.plain is not None
    text, calls = document.plain.text, document.plain.calls

    def back(part: str, offset: int = 0) -> str:
        at = text.index(part, text.index("x = ")) + offset
        start, end = origin(calls, at, at + len(part) - offset)
        return document.text[start:end]

    assert back("o - y") == "o - y" and back("- y") == "- y" and back(" c ") == " c "
    assert back(r"\left(o") == r"\paren{o - y}" and back("(o - y)", 1) == r"\err"
    assert back("b+b") == back("b+") == r"\twice{b}"
    assert back("x = \\left") == r"x = \paren{o - y}"


PIECES = (r"\dd{a}{b}", r"\err", r"\paren{x y}", r"\nothing", "a", " ", "+", r"\alpha", "2", r"\twice")


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_every_stretch_comes_from_somewhere(pieces: list[str]) -> None:
    """Whatever stands side by side: every node of the text with macros written out comes from a stretch of the formula."""
    document = read(f"{DEFINED}\n$$ x = {''.join(pieces)} $$\n", "tex")
    for number, part in enumerate(document.plain.parts if document.plain is not None else ()):
        own = document.parts[number]
        if isinstance(part, Formula) and isinstance(own, Formula):
            assert kinds(part) == kinds(own)
            for node in (n for s in part.statements for n in walk(s.content)):
                start, end = origin(document.plain.calls, node.span.start, node.span.end)
                assert own.inside.start <= start <= end <= own.inside.end


NETWORK = r"""\newcommand{\dd}[2]{\frac{\partial #1}{\partial #2}} \newcommand{\paren}[1]{\left( #1 \right)} \newcommand{\err}{(z + y)}
$$ z = w x $$ $$ L = \frac{1}{2} (z - y)^2 $$
"""


@pytest.mark.parametrize(
    ("line", "repair", "edit"),
    [
        (r"\dd{L}{z} = \err", r"\dd{L}{z} = (z - y)", ("\\err", "(z - y)")),
        (r"\dd{L}{w} = \err x", r"\dd{L}{w} = (z - y) x", ("\\err", "(z - y)")),
        (r"\dd{L}{z} = \paren{z + y}", r"\dd{L}{z} = \paren{z - y}", (" + ", " - ")),
        (r"\dd{L}{z} = \paren{y - z}", r"\dd{L}{z} = \paren{z - y}", ("y - z", "z - y")),
    ],
)
def test_repairs_of_lines_with_macros(line: str, repair: str, edit: tuple[str, str]) -> None:
    """The repaired line is the author's, with the macro written out in which something had to change; sides stay as they were written."""
    report = check(f"{NETWORK}\n$$ {line} $$\n", format="tex", fast=True)
    found = report.relations[-1]
    assert (found.verdict, found.repair) == ("refuted", repair)
    assert f"{found.lhs} {found.relation} {found.rhs}" == line
    assert [(report.text[e.start : e.end], e.text) for e in found.edits] == [edit]
    assert found.fault is not None and report.text[found.fault[0] : found.fault[1]] == edit[0]
    mended = report.text
    for change in reversed(found.edits):
        mended = mended[: change.start] + change.text + mended[change.end :]
    assert check(mended, format="tex", fast=True).relations[-1].verdict == "proved"


def test_a_notebook_with_macros() -> None:
    """Places count within the cell, as they do without macros."""
    network, line = "$$ z = w x $$\n$$ L = \\frac{1}{2}(z - y)^2 $$\n", "$$ \\frac{\\partial L}{\\partial z} = \\err $$\n"
    cells = [{"cell_type": "markdown", "metadata": {}, "source": source} for source in (r"$\newcommand{\err}{(z + y)}$", network + line)]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    found = check(json.dumps(notebook), format="ipynb", fast=True).relations[-1]
    assert (found.verdict, found.place.cell, found.place.line) == ("refuted", 1, 3)
    assert found.repair == r"\frac{\partial L}{\partial z} = (z - y)"
