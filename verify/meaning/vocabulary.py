"""What documents say in words: the stems of ``words.json``, by language. No language is known anywhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(files(__package__).joinpath("words.json").read_text(encoding="utf-8"))
    return table


@cache
def stems(*path: str) -> tuple[str, ...]:
    """The stems of one list in all languages, the longest first."""
    found = _table()
    for name in path:
        found = found[name]
    return tuple(sorted({stem for every in found.values() for stem in every}, key=lambda s: (-len(s), s)))


@cache
def whole_words(kind: str) -> re.Pattern[str]:
    """A pattern for the entries of a list as whole words; where a script has no spaces between words, wherever they stand."""
    found = (rf"(?<!\w){re.escape(w)}(?!\w)" if ord(w[0]) < 0x2E80 else re.escape(w) for w in stems(kind))
    return re.compile("|".join(found), re.IGNORECASE)


def says(kind: str, text: str) -> bool:
    """Whether a text has one of the stems of a list."""
    low = text.lower()
    return any(stem in low for stem in stems(kind))


def functions() -> tuple[str, ...]:
    """The functions that have names in words."""
    return tuple(_table()["functions"])


def function_in(text: str) -> str | None:
    """The function that a text names, or None where it names none or several."""
    low = text.lower()
    found = [name for name in functions() if any(stem in low for stem in stems("functions", name))]
    return found[0] if len(found) == 1 else None
