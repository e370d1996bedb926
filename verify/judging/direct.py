r"""Derivatives along one way: ``∂a/∂b`` of a's own formula, with what else depends on b held fixed.

In ``∂L/∂x = ∂L/∂a ∂a/∂x + ∂L/∂c ∂c/∂x`` with a built on c, and in ``∂L/∂w = Σ_t ∂L/∂h_t ∂h_t/∂w`` with h_t built on h_{t-1}, the
factors ``∂a/∂x`` and ``∂h_t/∂w`` can only be those: the way through c, or through the steps before, would count twice. A document that
writes such a sum means these derivatives so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from verify.kernel import expr as kernel
from verify.kernel.program import Program
from verify.meaning.claims import Typed, names_quantity
from verify.meaning.families import Families, bound_to
from verify.meaning.network import Network
from verify.meaning.symbols import occurrence
from verify.programs import affected, resolve, rewritten
from verify.reading.syntax import Added, Big, Derivative, Name, Node, Scripted
from verify.reading.traversal import walk

Ways = frozenset[tuple[str, str]]
"""Pairs (a, b) for which a document means by ``∂a/∂b`` the derivative of a's own formula; a without the number of its step."""
STEP = re.compile(r"_\{(?:\d+|[a-zA-Z](?:[+-]1)?)\}$")
"""The step that a key ends in."""


def direct_ways(statements: Iterable[Node], network: Network, families: Families) -> Ways:
    """The pairs for which the sums of a document leave no other meaning."""
    found: set[tuple[str, str]] = set()
    for content in statements:
        for node in walk(content):
            match node:
                case Added(_, _, terms):
                    found |= by_sum(terms, network)
                case Big(_, "sum", lower, _, Node() as body) if lower is None or any(bound_to(node, t) for t in families.letters):
                    found |= by_steps(body, network)
    return frozenset(found)


def by_sum(terms: Iterable[Node], network: Network) -> Ways:
    """The pairs of a sum of chains: several terms that go to the same quantity, each through another, one of which is built on another."""
    through: dict[str, list[str]] = {}
    for term in terms:
        for over, by in _links(term, network):
            through.setdefault(by, []).append(over)
    found: set[tuple[str, str]] = set()
    for by, ways in through.items():
        moved = affected(network.program, by)
        nested = any(b in affected(network.program, a) for a in ways for b in ways)
        if len(ways) == len(set(ways)) > 1 and moved.issuperset(ways) and nested:
            found |= {(way, by) for way in ways}
    return frozenset(found)


def by_steps(body: Node, network: Network) -> Ways:
    r"""The pairs of the chains over all steps of the whole loss: h and w of ``\sum_t ∂L/∂h_t ∂h_t/∂w``."""
    slopes = [n for n in walk(body) if isinstance(n, Derivative) and len(n.denominators) == 1 and n.numerator is not None]
    if len(slopes) != 2:
        return frozenset()
    first, second = slopes
    of, by = _key(first.numerator, network), _key(second.denominators[0], network)
    over = second.numerator
    if of is None or of not in (network.root, *network.losses) or STEP.search(of) or by not in network.slots:
        return frozenset()
    if first.denominators[0] != over or not isinstance(over, Scripted):
        return frozenset()
    state = _key(over, network)
    return frozenset({(STEP.sub("", state), by)}) if state is not None and by is not None and STEP.search(state) else frozenset()


def _links(term: Node, network: Network) -> list[tuple[str, str]]:
    """(m, x) of a term ``∂L/∂m ∂m/∂x``; nothing for any other term."""
    slopes = [n for n in walk(term) if isinstance(n, Derivative) and len(n.denominators) == 1 and n.numerator is not None]
    if len(slopes) != 2 or slopes[0].denominators[0] != slopes[1].numerator:
        return []
    over, by = (names_quantity(n, network) if n is not None else None for n in (slopes[1].numerator, slopes[1].denominators[0]))
    return [(over, by)] if over is not None and by is not None else []


def _key(node: Node | None, network: Network) -> str | None:
    occ = occurrence(node, network.words) if isinstance(node, (Name, Scripted)) else None
    return None if occ is None else network.aliases.get(occ.key, occ.key)


def meant(claim: Typed, change: Callable[[kernel.Expr], kernel.Expr | None]) -> Typed | None:
    """What a claim says if the nodes for which ``change`` gives others are those; None where there is none."""
    left, right = rewritten(claim.left, change), rewritten(claim.right, change)
    return None if (left, right) == (claim.left, claim.right) else replace(claim, left=left, right=right)


def along_own_formulas(claim: Typed, network: Network, admitted: Callable[[str, str], bool]) -> Typed | None:
    """The claim with each ``∂a/∂b`` of an admitted pair, a not the loss, that of a's own formula; None where it has none."""
    table = network.program.by_name

    def own(node: kernel.Expr) -> kernel.Expr | None:
        losses = (network.root, *network.losses)
        if isinstance(node, kernel.Derivative) and isinstance(node.body, kernel.Tensor) and node.body.name not in losses:
            of, by = table.get(node.body.name), node.wrt.name
            if of is not None and by in of.uses and admitted(of.name, by):
                moved = affected(network.program, by)
                if any(name in moved for name in of.uses):
                    held = tuple(d if d.name == of.name else replace(d, body=None) for d in network.program.definitions)
                    return resolve(replace(network.program, definitions=held), node)
        return None

    return meant(claim, own)


def along_own_steps(claim: Typed, network: Network, admitted: Callable[[str, str], bool]) -> Typed | None:
    """The claim with each derivative of a state by what all steps share, of an admitted pair, that of its own step; None where it has
    none.
    """

    def held(node: kernel.Expr) -> kernel.Expr | None:
        step = step_of(node.body.name) if isinstance(node, kernel.Derivative) and isinstance(node.body, kernel.Tensor) else None
        if isinstance(node, kernel.Derivative) and step is not None and step_of(node.wrt.name) is None:
            assert isinstance(node.body, kernel.Tensor)
            if admitted(node.body.name, node.wrt.name):
                return resolve(cut_before(network, step), node)
        return None

    return meant(claim, held)


def cut_before(network: Network, step: int) -> Program:
    """The program with the steps before one given."""
    cut = [replace(d, body=None) if (step_of(d.name) or step) < step else d for d in network.program.definitions]
    return replace(network.program, definitions=tuple(cut))


def is_earlier_step(one: str, other: str) -> bool:
    """Whether two names are those of two steps of one quantity: ``c_{1}`` and ``c_{2}``."""
    return one != other and STEP.sub("", one) == STEP.sub("", other) and bool(STEP.search(one) and STEP.search(other))


def step_of(name: str) -> int | None:
    """The number of the step that a quantity's name ends in: 2 of ``h_{2}``, else None."""
    found = re.search(r"_\{(?:.*\D)?(\d+)\}$", name)
    return int(found[1]) if found else None


def directly(claim: Typed, network: Network, ways: Ways) -> Typed | None:
    """The claim as the document's sums over several ways mean its derivatives; None where they say nothing of it."""

    def admitted(over: str, by: str) -> bool:
        return (over, by) in ways or (STEP.sub("", over), by) in ways

    own = along_own_formulas(claim, network, admitted)
    return along_own_steps(own or claim, network, admitted) or own
