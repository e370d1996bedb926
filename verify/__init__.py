"""backproof: the referee for hand-derived gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.checking import check
    from verify.gradients import check_gradient

__all__ = ["check", "check_gradient"]


def __getattr__(name: str) -> object:
    """The public functions, imported when they are first asked for: importing a single room stays cheap."""
    if name == "check":
        from verify.checking import check

        return check
    if name == "check_gradient":
        from verify.gradients import check_gradient

        return check_gradient
    raise AttributeError(f"module 'verify' has no attribute {name!r}")
