"""The catalogue: one file a derivation, each read like a page of a textbook.

A file of this folder that defines ``DERIVATION`` is an entry, under the file's name; one that also defines ``at_depth`` is a family.
Files that begin with an underscore, and packages, are not entries. Nothing is listed by hand.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from derivations._entry import Derivation


def names() -> tuple[str, ...]:
    """The names of the entries, sorted; imports none of them."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.ispkg and not m.name.startswith("_")))


def _modules() -> Iterator[tuple[str, ModuleType]]:
    for name in names():
        yield name, import_module(f"{__name__}.{name}")


@cache
def catalogue() -> Mapping[str, Derivation]:
    """Every entry under its name. Fails with AttributeError if a file of the folder is not an entry."""
    return MappingProxyType({name: module.DERIVATION for name, module in _modules()})


@cache
def families() -> Mapping[str, Callable[[int], Derivation]]:
    """Those entries that exist at any depth: a function from the depth, 1 or more, to the derivation."""
    return MappingProxyType({name: module.at_depth for name, module in _modules() if hasattr(module, "at_depth")})
