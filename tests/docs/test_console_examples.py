"""The commands that tutorials and how-to pages show do what these say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
FOUND = [*sorted(DOCS.glob("tutorial/*.md")), *sorted(DOCS.glob("how-to/*.md"))]
PAGES = [page for page in FOUND if "```console" in page.read_text(encoding="utf-8")]
FILE = re.compile(r"as `([\w./-]+)`:\n\n```\w*\n(.*?)```", re.DOTALL)
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)


def test_there_are_pages() -> None:
    """The pages that show commands were found."""
    assert len(PAGES) >= 7


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_happens(page: Path, tmp_path: Path) -> None:
    """In an empty folder, with the files that the page says to save: each stretch of output, between ``[...]``, comes in that order."""
    text = page.read_text(encoding="utf-8")
    for name, content in FILE.findall(text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    bin_folder = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": os.pathsep.join((bin_folder, os.environ["PATH"])), "NO_COLOR": "1", "COLUMNS": "120"}
    environment |= {"PYTEST_ADDOPTS": "-p no:cacheprovider", "PYTHONPATH": str(DOCS.parent)}
    for block in CONSOLE.findall(text):
        for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
            at = 0
            for stretch in shown.split("[...]"):
                found = done.stdout.find(stretch.strip("\n"), at)
                assert found >= 0, f"$ {command}\nprints\n{done.stdout}{done.stderr}\nand not\n{stretch}"
                at = found + len(stretch.strip("\n"))
