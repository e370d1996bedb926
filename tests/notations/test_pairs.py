"""Pairs of lines that must come out different, or equal, in every notation in which they make sense: index, matrix, loose and NumPy."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from verify.checking import judged
from verify.checking_code import check_code
from verify.deciding import Deciders
from verify.reading.document import read

DATA: dict[str, Any] = tomllib.loads(Path(__file__).with_name("pairs.toml").read_text(encoding="utf-8"))
NOTATIONS = ("index", "matrix", "loose", "numpy")
CASES = [
    pytest.param(kind, notation, DATA["network"][pair["network"]][notation], pair[notation], id=f"{pair['name']}-{notation}")
    for kind in ("different", "equal")
    for pair in DATA[kind]
    for notation in NOTATIONS
    if notation in pair
]
SHARED = Deciders()


def verdicts(notation: str, network: str, lines: list[str]) -> list[list[str]]:
    """The verdicts of each of the lines, together below a network; nothing is explained in a document, which would take long."""
    if notation == "numpy":
        return [[check_code(f"import numpy as np\n{network}    {line}\n").relations[-1].verdict] for line in lines]
    text = network
    ends = []
    for line in lines:
        text += f"\n$$ {line} $$\n"
        ends.append(len(text))
    _, _, judgements = judged(read(text), None, SHARED)
    starts = [len(network), *ends]
    return [[j.verdict for j in judgements if start <= j.link.span.start < end] for start, end in pairwise(starts)]


@pytest.mark.parametrize(("kind", "notation", "network", "lines"), CASES)
def test_a_pair_comes_out_different_or_equal(kind: str, notation: str, network: str, lines: list[str]) -> None:
    """The first line is right. The second is so too where both say the same; else it is refuted, or a slip of the pen."""
    first, second = verdicts(notation, network, lines)
    right = {"proved", "tested", "given"}  # what a definition says is said again
    assert first and set(first) <= right
    assert second and (second[-1] in right if kind == "equal" else set(second) <= {"refuted", "slip"})


def test_every_kind_is_there_in_most_notations() -> None:
    """A pair that a notation leaves out has no such line there: loose notation has no transposes, code no letters of indices."""
    for notation in NOTATIONS:
        assert sum(case.values[1] == notation for case in CASES) >= 15
