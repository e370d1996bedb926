"""The pytest plugin: derivation files are tests, one a relation.

A file whose name matches the ini option ``backproof_files`` (default ``*.derivation.md``) is checked as ``backproof check`` would, and each of its
relations becomes a test item named by the place of its sign, ``35:115``.
"""

from __future__ import annotations

import pytest

OPTION = "backproof_files"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the ini option: the glob patterns, by file name, of the documents that are collected."""
    parser.addini(OPTION, "glob patterns of the derivation documents to check, by file name", type="args", default=["*.derivation.md"])
