"""What a document expects of its own relations, in comments that no one sees when it is rendered.

Below a formula stands ``<!-- expect: given, refuted [sign], proved|tested -->`` (in LaTeX ``% expect: …``): one expectation
for each relation since the last such comment, in order. ``|`` separates alternatives, the name in brackets is the mistake
that must be found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from verify.report import Relation, Report, Verdict

COMMENT = re.compile(r"<!--\s*expect:(.*?)-->", re.DOTALL)
TEX_COMMENT = re.compile(r"^[ \t]*%\s*expect:(.*)$", re.MULTILINE)
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
ALTERNATIVE = re.compile(r"(?P<verdict>[a-z]+)(?:\s*\[(?P<mistake>[a-z-]+)\])?")


class ExpectationError(ValueError):
    """An expectation that cannot be understood, with the line (from 1) of its comment."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line


@dataclass(frozen=True)
class Alternative:
    """A verdict that is right, and the mistake that must be named with it, if any."""

    verdict: Verdict
    mistake: str | None = None

    def meets(self, relation: Relation) -> bool:
        """Whether the relation got this verdict, with this mistake."""
        return relation.verdict == self.verdict and self.mistake in (None, relation.mistake)

    def __str__(self) -> str:
        return self.verdict if self.mistake is None else f"{self.verdict} [{self.mistake}]"


@dataclass(frozen=True)
class Expected:
    """What one relation may come out as."""

    alternatives: tuple[Alternative, ...]

    def meets(self, relation: Relation) -> bool:
        """Whether the relation came out as expected."""
        return any(a.meets(relation) for a in self.alternatives)

    def __str__(self) -> str:
        return "|".join(map(str, self.alternatives))


@dataclass(frozen=True)
class Comment:
    """A comment with its expectations: the offset and the line (from 1) at which it begins."""

    offset: int
    line: int
    expected: tuple[Expected, ...]


def comments(text: str, format: str = "md") -> tuple[Comment, ...]:
    """The comments of a Markdown or LaTeX document, in order; raises ExpectationError where one is not understood.

    What stands in fenced code is an example, not an expectation.
    """
    if format == "tex":
        pattern = TEX_COMMENT
    else:
        pattern = COMMENT
        text = FENCE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    found = []
    for match in pattern.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        found.append(Comment(match.start(), line, tuple(_expected(item, line) for item in match[1].split(","))))
    return tuple(found)


def _expected(item: str, line: int) -> Expected:
    alternatives = []
    for part in item.split("|"):
        match = ALTERNATIVE.fullmatch(part.strip())
        if match is None or match["verdict"] not in get_args(Verdict):
            raise ExpectationError(line, f"{part.strip()!r} is no verdict")
        alternatives.append(Alternative(match["verdict"], match["mistake"]))  # type: ignore[arg-type]
    return Expected(tuple(alternatives))


def paired(report: Report, found: Sequence[Comment]) -> list[tuple[Relation, Expected | None]]:
    """Each relation with what is expected of it: that of the first comment below it, in order; None where no comment speaks of it.

    Raises ExpectationError where a comment expects more relations than stand between it and the comment before.
    """
    relations = sorted(report.relations, key=lambda r: (r.offsets[1], r.offsets[0]))
    pairs: list[tuple[Relation, Expected | None]] = []
    above = -1
    for comment in found:
        between = [r for r in relations if above < r.offsets[1] <= comment.offset]
        if len(comment.expected) > len(between):
            raise ExpectationError(comment.line, f"{len(comment.expected)} relations are expected above, {len(between)} found")
        padded = (*comment.expected, *(None for _ in between[len(comment.expected) :]))
        pairs.extend(zip(between, padded, strict=True))
        above = comment.offset
    pairs.extend((r, None) for r in relations if r.offsets[1] > above)
    return pairs
