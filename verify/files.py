"""Files of other people, opened with care."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

MAX_BYTES = 32 * 1024 * 1024
"""Files above this size are not read."""

FORMATS = {".md": "md", ".markdown": "md", ".txt": "md", "": "md", ".tex": "tex", ".ipynb": "ipynb", ".py": "py"}
"""The format of a document by the ending of its name."""

BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
OTHERS = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a zip archive or an office document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"{\\rtf": "an RTF document",
    b"\xd0\xcf\x11\xe0": "an office document",
}
"""What files begin with that are no text, whatever their names say."""

CONTROL = bytes(c for c in range(32) if c not in b"\t\n\v\f\r\x1b")

REASONS = {
    errno.ENOENT: "no such file",
    errno.ENOTDIR: "no such file",
    errno.EACCES: "no permission to read it",
    errno.EPERM: "no permission to read it",
    errno.ELOOP: "a loop of symbolic links",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ENXIO: "not a regular file",
}


class Unreadable(Exception):
    """A file that cannot be read or written, with the reason in a few words."""


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a regular file; raises Unreadable for what is none, is too large or cannot be opened. Never waits for a writer."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise Unreadable(REASONS.get(error.errno or 0, error.strerror or "cannot be opened")) from None
    except ValueError:
        raise Unreadable("not a name that a file can have") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise Unreadable("a directory, not a file" if stat.S_ISDIR(mode) else "not a regular file")
    try:
        with open(descriptor, "rb") as stream:
            found = stream.read(limit + 1)
    except OSError as error:
        raise Unreadable(error.strerror or "cannot be read") from None
    if len(found) > limit:
        raise Unreadable(f"larger than {limit / 1024 / 1024:g} MB")
    return found


def text_bytes(data: bytes) -> bytes:
    """The same bytes; raises Unreadable where they are no text in any encoding: another kind of file under a document's name."""
    kind = next((kind for head, kind in OTHERS.items() if data.startswith(head)), None)
    if kind is not None:
        raise Unreadable(f"not text but {kind}")
    if not data.startswith(BOMS) and len(data) - len(data.translate(None, CONTROL)) > max(8, len(data) // 50):
        raise Unreadable("not text")
    return data


def format_of(path: Path) -> str:
    """The format of a document by its name; raises Unreadable where the name says nothing."""
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise Unreadable(f"files that end in {path.suffix} are not read unless --format says what they are") from None


def documents_in(folder: Path, leave_out: Iterable[Path] = (), every: bool = False) -> list[Path]:
    """The documents below a folder, or with ``every`` all files, by their names, in a fixed order; no hidden ones, no symbolic links."""
    left_out = {p.resolve() for p in leave_out}
    found = []
    for top, folders, names in os.walk(folder):
        here = Path(top)
        folders[:] = sorted(n for n in folders if not n.startswith(".") and (here / n).resolve() not in left_out)
        for name in names:
            path = here / name
            wanted = not name.startswith(".") and (every or path.suffix.lower() in FORMATS)
            if wanted and not path.is_symlink() and path.resolve() not in left_out:
                found.append(path)
    return sorted(found, key=lambda p: p.relative_to(folder).as_posix())


def write_text(path: Path, text: str) -> None:
    """Writes a text file in UTF-8 whole or not at all; raises Unreadable, with the reason, where it cannot."""
    write_bytes(path, text.encode("utf-8", "replace"))


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all; raises Unreadable, with the reason, where it cannot."""
    partial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise Unreadable(error.strerror or "cannot be written") from None
