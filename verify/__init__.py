"""backproof: the referee for hand-derived gradients."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.checking import check
    from verify.gradients import check_gradient
    from verify.grading.grade import grade
    from verify.proving.subject import prove

__all__ = ["check", "check_gradient", "grade", "prove"]
ROOMS = {"check": "checking", "check_gradient": "gradients", "grade": "grading.grade", "prove": "proving.subject"}


def __getattr__(name: str) -> object:
    """The public functions, imported when they are first asked for: importing a single room stays cheap."""
    if name not in ROOMS:
        raise AttributeError(f"module 'verify' has no attribute {name!r}")
    return getattr(import_module(f"verify.{ROOMS[name]}"), name)
