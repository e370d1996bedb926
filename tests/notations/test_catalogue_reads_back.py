"""Every entry of the catalogue, printed as a document in each notation and read back by the checker."""

from __future__ import annotations

import pytest

from derivations import catalogue
from tests.notations.documents import line, printed
from verify.checking import check
from verify.notations.page import Unsayable

ENTRIES = sorted(catalogue())


@pytest.mark.parametrize("name", ENTRIES)
def test_right_gradients_are_proved_in_index_notation(name: str) -> None:
    """What index notation prints reads back: definitions are given and every gradient is proved."""
    derivation = catalogue()[name]
    document = printed(derivation, [line(left, right) for left, right in derivation.gradients.items()], "index")
    assert not isinstance(document, Unsayable) and not document.unsayable
    verdicts = [relation.verdict for relation in check(document.text, fast=True).relations]
    assert verdicts[: document.definitions] == ["given"] * document.definitions
    assert set(verdicts[document.definitions :]) <= {"proved", "tested"} and len(verdicts) == document.definitions + len(document.claims)
