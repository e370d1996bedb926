"""Errors written by hand after real ones: documents with one wrong line in each section, the mistake, and the right line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "errors"
SECTION = re.compile(
    r"^## (?P<title>.+)\n\n\$\$(?P<wrong>.+)\$\$\n<!-- expect: refuted \[(?P<mistake>[a-z-]+)\] -->\n<!-- right: (?P<right>.+) -->$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Error:
    """A wrong line below its network: the document, the mistake in it, the line that should stand there."""

    file: str
    title: str
    network: str
    wrong: str
    mistake: str
    right: str

    def document(self, line: str) -> str:
        """The network with a line below it."""
        return f"{self.network}$$ {line} $$\n"


def errors() -> Iterator[Error]:
    """Every error of the folder, in order."""
    for path in sorted(FOLDER.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        network = text[: text.index("## ")]
        for m in SECTION.finditer(text):
            yield Error(path.stem, m["title"], network, m["wrong"].strip(), m["mistake"], m["right"].strip())
