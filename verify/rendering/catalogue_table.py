"""The catalogue as a table for the terminal and as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from derivations._entry import Derivation


def matching(entries: Iterable[Derivation], words: Sequence[str], translate: Callable[[str], str] = str) -> list[Derivation]:
    """The entries that have every one of the words in their name, source, or title in either language, whatever the case."""
    return [e for e in entries if all(w.casefold() in f"{e.name} {e.title} {translate(e.title)} {e.source}".casefold() for w in words)]


def catalogue_table(entries: Sequence[Derivation], translate: Callable[[str], str] = str) -> Table:
    """One row an entry: its name, what it shows, how many gradients, what is known of them, and where it is found in print."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(translate("name"), style="bold", no_wrap=True)
    table.add_column(translate("what it shows"), ratio=5)
    table.add_column(translate("gradients"), justify="right")
    table.add_column(translate("decided"))
    table.add_column(translate("source"), ratio=4, style="dim")
    for entry in entries:
        table.add_row(entry.name, Text(translate(entry.title)), str(len(entry.gradients)), translate(entry.scope), Text(entry.source))
    return table


def catalogue_data(entries: Sequence[Derivation]) -> list[dict[str, Any]]:
    """What the table shows, and the names of gradients and pitfalls, as plain data."""
    return [
        {
            "name": entry.name,
            "title": entry.title,
            "source": entry.source,
            "decided": entry.scope,
            "tested_because": entry.tested or None,
            "gradients": [derivative.name for derivative in entry.gradients],
            "parameters": [str(parameter) for parameter in entry.parameters],
            "steps": len(entry.steps),
            "pitfalls": [{"gradient": pitfall.gradient.name, "mistake": pitfall.mistake} for pitfall in entry.pitfalls],
        }
        for entry in entries
    ]
