"""The values of subtrees, remembered while many sides of one chain are elaborated that differ in a small place from each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from verify.kernel.expr import Expr
from verify.meaning.elaborate import Elaborator
from verify.meaning.network import Network
from verify.meaning.surroundings import Surroundings, Value
from verify.reading.syntax import Big, Node

Pairs = tuple[tuple[str, str], ...]


class State(NamedTuple):
    """How far the elaboration of a side has come: what the value of its next node may depend on, and what that may add to.

    ``bound`` holds the bound letters in scope with the name and the axis that each has; no axis until its first use.
    """

    letters: Pairs
    bound: tuple[tuple[str, str, str | None], ...]
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Recalled:
    """The value of a node, the state after it, and what it says of its surroundings; with the nodes by whose identity it is found."""

    nodes: tuple[Node, Big | None]
    value: Value
    after: State
    serial: int
    notes: tuple[str, ...]
    widths: Pairs
    partitions: tuple[tuple[Expr, ...], ...]
    twins: bool


@dataclass
class Memory:
    """What is remembered of one chain: the values of nodes by where they stand, the calls that neighbours make."""

    values: dict[object, Recalled] = field(default_factory=dict)
    summing: set[int] = field(default_factory=set)
    """The nodes whose value depends on which sum is in sight, since a sum without body stands in them."""
    calls: dict[tuple[int, int], tuple[Node, Node, Node | None]] = field(default_factory=dict)


class RecallingElaborator(Elaborator):
    """Elaborates sides of one chain. A node that stood in another side, in the same state, is not elaborated again.

    The chain's own surroundings (its target, what its prime means, its references) must be the same for all that share a memory.
    """

    def __init__(self, network: Network, around: Surroundings, memory: Memory) -> None:
        super().__init__(network, around)
        self.memory = memory
        self.way = around.diagonal, around.free_sum, around.kept_axes
        self.bodiless = 0
        """How many sums without body were met: their value depends on the whole side."""

    def value(self, node: Node, target: frozenset[str] | None) -> Value:
        """The value of a node; raises Unread, Undeclared or Clash."""
        around, before = self.around, self.state()
        place = id(node), target, self.way, before
        summing = id(node) in self.memory.summing
        known = self.memory.values.get((place, id(self.sum_in_sight) if summing else 0))
        if known is not None:
            self.bodiless += summing
            self.recall(known, before)
            return known.value
        bodiless, notes, partitions = self.bodiless, len(around.notes), len(around.partitions)
        twins, around.twins = around.twins, False
        widths = dict(around.widths)
        value = super().value(node, target)
        seen = self.sum_in_sight if self.bodiless != bodiless else None
        if self.bodiless != bodiless:
            self.memory.summing.add(id(node))
        self.memory.values[place, id(seen) if self.bodiless != bodiless else 0] = Recalled(
            (node, seen),
            value,
            self.state(),
            self.serial,
            tuple(around.notes[notes:]),
            tuple(pair for pair in around.widths.items() if pair[0] not in widths),
            tuple(around.partitions[partitions:]),
            around.twins,
        )
        around.twins = around.twins or twins
        return value

    @cached_property
    def sum_in_sight(self) -> Big | None:
        """The sum that a sum without body stands for in this side."""
        return self.around.sum_in_sight()

    def state(self) -> State:
        """How far the elaboration has come."""
        bound = tuple(
            (letter, stack[-1][0], stack[-1][1][0] if stack[-1][1] else None) for letter, stack in self.bound.items() if stack
        )
        return State(tuple(self.around.letters.items()), bound, tuple(self.around.counts.items()))

    def recall(self, known: Recalled, before: State) -> None:
        """Say of the surroundings what elaborating the node again would say."""
        around, after = self.around, known.after
        around.letters.update(after.letters[len(before.letters) :])
        around.counts.update(after.counts[len(before.counts) :])
        for (letter, _, axis), (_, _, was) in zip(after.bound, before.bound, strict=True):
            if axis is not None and was is None:
                self.bound[letter][-1][1].append(axis)
        self.serial = max(self.serial, known.serial)
        around.notes.extend(known.notes)
        for name, axis in known.widths:
            around.widths.setdefault(name, axis)
        around.partitions.extend(known.partitions)
        around.twins = around.twins or known.twins

    def big(self, node: Big, target: frozenset[str] | None) -> Value:
        """The value of a big operator."""
        if node.body is None:
            self.bodiless += 1
            _ = self.sum_in_sight  # before the sum itself is read, in which none is in sight
        return super().big(node, target)

    def applied(self, head: Node, argument: Node) -> Node | None:
        """``f(x)`` as a Call, ``w(t)`` as w; None where the two are factors. The same node for the same neighbours."""
        key = id(head), id(argument)
        known = self.memory.calls.get(key)
        if known is None:
            known = self.memory.calls[key] = head, argument, super().applied(head, argument)
        return known[2]
