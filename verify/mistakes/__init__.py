"""Known mistakes, one a file: discovered, in the order in which they are tried."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from verify.mistakes._mistake import Mistake


@cache
def all_mistakes() -> tuple[Mistake, ...]:
    """Every mistake of this folder, the likeliest first."""
    names = (m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    found = [importlib.import_module(f"{__name__}.{name}").MISTAKE for name in names]
    return tuple(sorted(found, key=lambda m: (m.order, m.name)))
