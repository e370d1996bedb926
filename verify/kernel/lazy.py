"""Properties that are computed once an object, without a lock.

``functools.cached_property`` of Python 3.11 holds one lock a property for all objects while it computes: two threads that descend through
expressions of different kinds in different orders wait for each other for ever. Here the same value may be computed twice, which does no
harm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class lazy(Generic[Value]):
    """A property that keeps its value in the object's dictionary, where it is found before the property from then on."""

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self.compute, self.__doc__ = compute, compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, owner: object | None, kind: type) -> Value:
        if owner is None:
            return self  # type: ignore[return-value]  # of the class itself, for documentation
        value: Value = self.compute(owner)
        owner.__dict__[self.name] = value
        return value
