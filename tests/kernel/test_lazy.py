"""Properties that are computed once an object."""

from __future__ import annotations

from threading import Barrier, Thread

from verify.kernel.lazy import lazy


class Box:
    """An object that counts how often its content is computed."""

    def __init__(self) -> None:
        self.computed = 0

    @lazy
    def content(self) -> int:
        """What is inside."""
        self.computed += 1
        return 7


def test_it_is_computed_once() -> None:
    """The second look finds the value; on the class there is the property, with its docstring."""
    box = Box()
    assert (box.content, box.content, box.computed) == (7, 7, 1)
    assert Box.content.__doc__ == "What is inside."


def test_a_thread_inside_one_property_holds_up_no_other() -> None:
    """Two threads are inside two properties at once, and both end."""
    both = Barrier(2)

    class Pair:
        @lazy
        def one(self) -> int:
            both.wait(5)
            return 1

        @lazy
        def other(self) -> int:
            both.wait(5)
            return 2

    first, second = Pair(), Pair()
    found: list[int] = []
    threads = [Thread(target=lambda: found.append(first.one)), Thread(target=lambda: found.append(second.other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [1, 2]
