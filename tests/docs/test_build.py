"""The documentation builds without a warning, every link inside it leads somewhere, and its examples run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="the extra [docs] is not installed")
pytest.importorskip("myst_nb", reason="the extra [docs] is not installed")

ROOT = Path(__file__).parents[2]


def test_the_documentation_builds(tmp_path: Path) -> None:
    """Warnings are errors: a dead link, a cell that fails, a page in no list."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "gallery.html").exists() and (tmp_path / "catalogue" / "softmax_jacobian.html").exists()
    front = (tmp_path / "catalogue" / "softmax_jacobian.html").read_text(encoding="utf-8")
    assert "https://cdn" not in front
