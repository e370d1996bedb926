"""How far a class is, with the rate, where a person watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO


@contextmanager
def progress(stream: IO[str]) -> Iterator[Callable[[int, int], None]]:
    """A function that is told how many answers are done of how many; shows a bar on a terminal and nothing elsewhere."""
    if not stream.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f} answers/s" if task.speed else "", "dim")

    columns = (TextColumn("marking"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("marking", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
