"""Answers that were typed into the form of a learning platform: HTML as Markdown, with Canvas' pictures of equations as formulas again."""

from __future__ import annotations

import re
from html.parser import HTMLParser

BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "table", "ul", "ol", "hr"})
SILENT = frozenset({"script", "style", "head", "title", "template"})
VOID = frozenset({"br", "hr", "img"})


class _Text(HTMLParser):
    """Collects the text; nothing of the page is followed or run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            self.silent += 1
        if tag in BLOCKS:
            self.found.append("\n")
        equation = dict(attrs).get("data-equation-content")
        if tag == "img" and equation and not self.silent:
            self.found.append(f"${equation}$")

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self.silent = max(0, self.silent - 1)
        if tag in BLOCKS and tag not in VOID:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append(data)


def markdown_of(html: bytes) -> bytes:
    r"""The text of a page as Markdown: blocks on lines of their own, ``\(…\)`` and dollars as they are; bytes that are no UTF-8 stay."""
    reader = _Text()
    reader.feed(html.decode("utf-8", "surrogateescape"))
    reader.close()
    text = "".join(reader.found).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n").encode("utf-8", "surrogateescape") + b"\n"
