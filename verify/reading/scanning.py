"""What the scanners of Markdown and TeX share: their result, masks of equal length, the environments that hold a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from verify.reading.syntax import Diagnostic, Formula, Prose

ENVIRONMENT = r"(?:equation|align|alignat|xalignat|flalign|gather|multline|eqnarray|displaymath|math|dmath|IEEEeqnarray)\*?"
"""The environments whose body is a formula, as a regular expression for their names."""

WORDS_IN_MATHS = re.compile(r"\\(?:text[a-z]*|mbox|hbox|fbox|intertext|shortintertext|colorbox\{[^{}$]{0,80}\})\s{0,80}\{")
"""Commands whose argument is text, in which dollar signs open formulas of their own."""

_ARGUMENT = re.compile(r"\s*\{[^{}]*\}")
_MOST_TEXT = 1000


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scanner found in a stretch of text.

    ``parts`` in order and disjoint; the formulas have no statements yet. ``masks`` are (offset, replacement) of equal length, in any
    order but disjoint: what a parser of the formulas must not see (comments, quote marks, code) and the escapes of the container.
    """

    parts: tuple[Formula | Prose, ...]
    masks: tuple[tuple[int, str], ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def masked(text: str, masks: Iterable[tuple[int, str]]) -> str:
    """The text with every mask laid over it; as long as the text, so that offsets stay right."""
    out, at = [], 0
    for start, replacement in sorted(masks):
        out.append(text[at:start])
        out.append(replacement)
        at = start + len(replacement)
    out.append(text[at:])
    return "".join(out)


def blank(text: str, start: int, end: int) -> tuple[int, str]:
    """A mask that turns a stretch into spaces; line breaks stay."""
    return start, re.sub(r"[^\n]", " ", text[start:end])


@dataclass(slots=True)
class Groups:
    """Follows braces, with a bound on how often in vain: then every brace counts as open, so that reading takes time linear in the text."""

    left: int = 300

    def end(self, text: str, brace: int, limit: int) -> int | None:
        """The offset behind the brace that closes the one at ``brace``, or None if there is none before ``limit``."""
        depth = 0
        for m in _BRACE.finditer(text, brace, limit if self.left > 0 else brace):
            depth += (m.group() == "{") - (m.group() == "}")
            if depth == 0 and m.group() == "}":
                return m.end()
        self.left -= 1
        return None


def dollar_after(text: str, start: int, limit: int, groups: Groups) -> int | None:
    r"""The offset of the next dollar sign before ``limit`` that is neither escaped nor in a ``\text{…}``, or None."""
    at = start
    while m := _DOLLAR.search(text, at, limit):
        if m.group() == "$":
            return m.start()
        at = m.end()
        words = WORDS_IN_MATHS.match(text, m.start(), limit)
        if words and (close := groups.end(text, words.end() - 1, min(limit, words.end() + _MOST_TEXT))):
            if len(_LONE_DOLLAR.findall(text, words.end(), close)) % 2 == 0:
                at = close
            else:
                groups.left -= 1  # the formula ends within the group, and its brace is what is broken
    return None


_LONE_DOLLAR = re.compile(r"(?<!\\)\$")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_DOLLAR = re.compile(r"\\.|\$", re.DOTALL)


def body_start(text: str, name: str, at: int, limit: int) -> int:
    r"""Where the body of an environment begins whose ``\begin{name}`` ends at ``at``: behind the argument, if it takes one."""
    takes_argument = name.rstrip("*") in ("alignat", "xalignat", "IEEEeqnarray")
    m = _ARGUMENT.match(text, at, limit) if takes_argument else None
    return m.end() if m else at
