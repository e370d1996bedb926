"""PDF from LaTeX or Typst by what is installed, safely: nothing that a document says runs, and nothing outside its folder is read."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

SECONDS = 120
ENGINES = ("xelatex", "lualatex", "pdflatex")
"""The TeX engines in the order in which they are tried; the first two have every letter."""


class NoTypesetter(Exception):
    """No PDF can be made; says why, and what to install."""


def pdf(typst_source: str, latex_source: str) -> bytes:
    """A PDF of a document that is given in both languages: by Typst if its package is installed, else by a TeX found on the machine.

    Raises NoTypesetter where there is neither, or where the one that there is fails.
    """
    try:
        import typst
    except ImportError:
        return _by_tex(latex_source)
    with TemporaryDirectory() as folder:
        source = Path(folder) / "proof.typ"
        source.write_text(typst_source, encoding="utf-8")
        try:
            return bytes(typst.compile(str(source), root=folder))
        except Exception as error:
            raise NoTypesetter(f"Typst fails: {error}") from None


def _by_tex(source: str) -> bytes:
    engine = next((found for name in ENGINES if (found := shutil.which(name))), None)
    if engine is None:
        raise NoTypesetter(
            "there is neither Typst (pip install 'backproof[pdf]') nor a TeX on this machine; --to html needs neither"
        )
    with TemporaryDirectory() as folder:
        (Path(folder) / "proof.tex").write_text(source, encoding="utf-8")
        command = [engine, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "proof.tex"]
        try:
            done = subprocess.run(
                command, cwd=folder, env=_environment(folder), capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            raise NoTypesetter(f"{Path(engine).name} takes longer than {SECONDS} seconds") from None
        made = Path(folder) / "proof.pdf"
        if done.returncode != 0 or not made.exists():
            first = re.search(r"^!.*", done.stdout.decode("utf-8", "replace"), re.MULTILINE)
            raise NoTypesetter(f"{Path(engine).name} fails{f': {first[0]}' if first else ''}")
        return made.read_bytes()


def _environment(folder: str) -> Mapping[str, str]:
    """What TeX sees: only files below its folder are read or written by name, and no configuration of the user's."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "SystemRoot") if key in os.environ}
    return {**kept, "HOME": folder, "TEXMFHOME": folder, "openin_any": "p", "openout_any": "p", "shell_escape": "f"}
