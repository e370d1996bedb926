"""The pytest plugin: derivation files are tests, one a relation.

A file whose path matches a glob of the ini option ``backproof_files`` (default ``*.derivation.md``) is checked as
``backproof check`` would. Each of its relations is an item named by the place of its sign, ``answer.derivation.md::35:115``.
It passes if it is given, proved or tested, is skipped if it is unread, and fails otherwise; if the file has ``expect``
comments, each relation must come out as its comment says.

The fixture ``check_gradient`` is for gradients that are written in NumPy by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from verify.expectations import Expected
    from verify.gradients import GradientCheck, How
    from verify.report import Relation, Report

OPTION = "backproof_files"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the ini option: glob patterns of the documents that are collected, matched from the right of their paths."""
    parser.addini(OPTION, "glob patterns of the derivation documents to check", type="args", default=["*.derivation.md"])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The collector of a file that one of the patterns matches; None for others."""
    if any(file_path.match(pattern) for pattern in parent.config.getini(OPTION)):
        collector: pytest.Collector = DerivationFile.from_parent(parent, path=file_path)
        return collector
    return None


@pytest.fixture
def check_gradient(record_property: Callable[[str, object], None]) -> Callable[..., GradientCheck]:
    """A function that checks a hand-written NumPy gradient and fails the test where it is wrong; called like ``verify.check_gradient``.

    ``require="proved"`` lets nothing less than a proof pass. How the gradient was checked is a property of the test in its report.
    """

    def checked(
        function: Callable[..., Any],
        gradient: Callable[..., Any],
        *arguments: Any,
        wrt: Sequence[str] | None = None,
        tolerance: float = 1e-6,
        require: How = "compared",
    ) -> GradientCheck:
        from verify.gradients import check_gradient as check

        found = check(function, gradient, *arguments, wrt=wrt, tolerance=tolerance)
        record_property("gradient", found.how)
        found.assert_ok(require)
        return found

    return checked


class Unexpected(Exception):
    """A relation that did not come out as it should; says how it should have."""


class DerivationFile(pytest.File):
    """A derivation document."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each relation; a file that cannot be read, or has no relation, is an error."""
        from verify.checking import check
        from verify.expectations import ExpectationError, comments, paired
        from verify.files import Unreadable, format_of, read_bytes

        try:
            data, format = read_bytes(self.path), format_of(self.path)
            report = check(data, file=self.path.name, format=format)
            found = comments(report.text, format)
            pairs = paired(report, found)
        except (Unreadable, ExpectationError) as error:
            raise self.CollectError(f"{self.path}: {error}") from None
        if not pairs:
            raise self.CollectError(f"{self.path}: no relation in this file")
        for relation, expected in pairs:
            cell = "" if relation.place.cell is None else f"{relation.place.cell}:"
            name = f"{cell}{relation.place.line}:{relation.place.column}"
            yield RelationItem.from_parent(self, name=name, report=report, relation=relation, expected=expected, any_expected=bool(found))


class RelationItem(pytest.Item):
    """One relation of a derivation document."""

    def __init__(self, *, report: Report, relation: Relation, expected: Expected | None, any_expected: bool, **more: Any) -> None:
        super().__init__(**more)
        self.report = report
        self.relation = relation
        self.expected = expected
        self.any_expected = any_expected
        self.heading = heading_above(report.text, relation.offsets[0])
        self.extra_keyword_matches.update({relation.verdict, *self.heading.split()})
        self.user_properties.append(("verdict", relation.verdict))

    def runtest(self) -> None:
        """Raises Unexpected unless the relation came out as it should."""
        if self.any_expected:
            if self.expected is None:
                raise Unexpected("no expectation, in a document that has some")
            if not self.expected.meets(self.relation):
                raise Unexpected(f"expected {self.expected}")
        elif self.relation.verdict == "unread":
            pytest.skip(self.relation.message or "unread")
        elif self.relation.verdict not in ("given", "proved", "tested"):
            raise Unexpected("expected given, proved or tested")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The place, the line, the diagnosis, and what was expected."""
        if not isinstance(excinfo.value, Unexpected):
            return super().repr_failure(excinfo, style)
        from verify.rendering.text import as_plain_text, relation_parts

        return f"{as_plain_text(relation_parts(self.report, self.relation, 100), 100)}\n{excinfo.value}"

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, the line from 0, and the item's title: its place and the heading that it stands under."""
        return self.path, self.relation.place.line - 1, " ".join((self.name, self.heading)).strip()


def heading_above(text: str, offset: int) -> str:
    """The last Markdown heading before an offset, without its signs; empty where there is none."""
    found = ""
    for line in text[:offset].split("\n"):
        if line.startswith("#") and line.lstrip("#").startswith(" "):
            found = line.lstrip("#").strip().rstrip("#").strip()
    return found
