"""Elaboration with a memory: the same claims as without, however many other sides were read before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from verify.checking import judged
from verify.deciding import Deciders
from verify.explaining.search import surroundings
from verify.meaning.claims import ChainReading, Typed
from verify.meaning.recalling import Memory
from verify.mistakes import all_mistakes
from verify.programs import numbered
from verify.reading.document import read
from verify.reading.syntax import Node

DOCUMENTS = [
    Path("docs/examples/relu_sigmoid_softmax.md"),
    *(Path("tests/golden") / f"{name}.md" for name in ("bare_sums_and_identities", "prime_notation", "softmax_cases", "index_notation")),
]
ROOT = Path(__file__).parents[2]


def told(reading: ChainReading, left: Node, right: Node) -> list[object]:
    """What two sides claim, whatever their bound indices are called; or why they claim nothing."""
    found = []
    for claim in reading.tries(left, right):
        if isinstance(claim, Typed):
            partitions = tuple(tuple(map(numbered, guards)) for guards in claim.partitions)
            found.append(replace(claim, left=numbered(claim.left), right=numbered(claim.right), partitions=partitions))
        else:
            found.append(str(claim))
    return found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.stem)
def test_a_memory_changes_no_claim(path: Path) -> None:
    """Each side of a document, and each with a mistake in it, claims the same with a memory that the sides before it have filled."""
    document = read((ROOT / path).read_text(encoding="utf-8"))
    seen = 0
    for judgement in judged(document, None, Deciders())[2]:
        reading, left, right = judgement.reading, judgement.left, judgement.link.right
        if reading is None or left is None or right is None:
            continue
        plain, recalling = (replace(reading, memory=memory, _lefts={}) for memory in (None, Memory()))
        around = surroundings(plain, left, right, document.text)
        sides = [right, *(c.node for m in all_mistakes() if m.of == "right" for c in list(m.apply(right, around))[:3]), right]
        seen += len(sides)
        for side in sides:
            assert told(plain, left, side) == told(recalling, left, side)
    assert seen > 30
