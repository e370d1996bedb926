"""How an answer came out on the quantities that were asked for.

What counts is a relation whose head is the asked derivative (or an update that claims it) and whose right side is in
closed form: quantities of the network, and derivatives that the answer has itself brought into closed form, directly
or factor by factor along its own chain rule. A bare chain rule and ``∂L/∂w = ∂L/∂w`` earn nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from verify.judging.judgement import Judgement
from verify.meaning.claims import names_quantity, updated_quantity
from verify.meaning.declarations import Scope
from verify.meaning.leaves import SCALARS
from verify.meaning.network import Network
from verify.mistakes._mistake import factors
from verify.reading.parser import parse
from verify.reading.syntax import Added, Chain, Derivative, Differential, Nabla, Node
from verify.reading.traversal import below, walk
from verify.report import Asked, Status

Pair = tuple[str, str]
RANK: tuple[Status, ...] = ("right", "slip", "follows", "unread", "wrong", "missing")


def asked(
    quantities: Sequence[str],
    judgements: Sequence[Judgement],
    names: Sequence[str],
    scopes: Sequence[Scope],
    within: Mapping[str, Sequence[str]],
) -> tuple[Asked, ...]:
    """The status of each asked quantity, with the relation that earned it; ``names`` are the relations' ids in the report.

    ``scopes`` are the networks in force along the answer, the assignment's first. Where the answer has put another definition in the place
    of one of the assignment's, nothing is right: a person must look. ``within`` gives the symbols that a quantity may be given in: a
    relation with another quantity of the network in it does not count. What is no derivative of the assignment's quantities raises
    ValueError.
    """
    home = scopes[0].network
    at = [_network_at(judgement, scopes) for judgement in judgements]
    settled = established(judgements, at)
    found = []
    for quantity in quantities:
        pair = asked_pair(quantity, home)
        allowed = frozenset(asked_symbol(symbol, home) for symbol in within[quantity]) if quantity in within else None
        best: tuple[Status, str | None] = ("missing", None)
        claims: list[tuple[str, Status]] = []
        about = []
        for judgement, name, network in zip(judgements, names, at, strict=True):
            if claimed(judgement.whole, network) != pair:
                continue
            about.append(name)
            status = status_for(judgement, pair, settled, network)
            if status is None or not (allowed is None or _given_in(judgement, allowed, network)):
                continue
            if not home.assigned <= network.assigned:
                status = "unread"
            claims.append((name, status))
            if RANK.index(status) < RANK.index(best[0]):
                best = (status, name)
        found.append(Asked(quantity, *best, claims=tuple(claims), about=tuple(about)))
    return tuple(found)


def _network_at(judgement: Judgement, scopes: Sequence[Scope]) -> Network:
    """The network in force where a relation stands."""
    return next((scope.network for scope in reversed(scopes) if scope.start <= judgement.line.number), scopes[0].network)


def asked_pair(quantity: str, network: Network) -> Pair:
    """(numerator, denominator) of an asked quantity; raises ValueError where it is not a derivative of quantities of the network."""
    pair = pair_of(quantity_node(quantity), network)
    if pair is None:
        raise ValueError(f"the asked quantity {quantity} is not a derivative of quantities of the network")
    return pair


def asked_symbol(symbol: str, network: Network) -> str:
    """The quantity of the network that a symbol names; raises ValueError where it names none."""
    key = names_quantity(quantity_node(symbol), network)
    if key is None:
        raise ValueError(f"{symbol} is no quantity of the network")
    return key


def _given_in(judgement: Judgement, allowed: frozenset[str], network: Network) -> bool:
    """Whether a right side has only the allowed quantities in it, derivatives, and names that the answer itself has defined."""
    updated = updated_quantity(judgement.chain)
    own = {names_quantity(updated, network)} if updated is not None else set()
    right = judgement.link.right
    todo = [right] if right is not None else []
    while todo:
        node = todo.pop()
        if isinstance(node, (Derivative, Nabla, Differential)):
            continue
        key = names_quantity(node, network)
        if key is None:
            todo.extend(below(node))
        elif key not in allowed and key not in own and key not in SCALARS:
            definition = network.program.by_name.get(key)
            if definition is None or definition.body is None or key in network.assigned:
                return False
    return True


def quantity_node(text: str) -> Node:
    """The syntax of an asked quantity; raises ValueError where it is not one expression."""
    statements, _ = parse(text)
    if len(statements) != 1 or isinstance(statements[0].content, Chain):
        raise ValueError(f"the asked quantity {text} is not one expression")
    return statements[0].content


def pair_of(node: Node, network: Network) -> Pair | None:
    """(numerator, denominator) of a first derivative of one quantity by another, else None."""
    match node:
        case Derivative(_, numerator, (denominator,), 1, False) if numerator is not None:
            top, below = names_quantity(numerator, network), names_quantity(denominator, network)
            return (top, below) if top is not None and below is not None else None
        case Nabla(_, wrt, 1, body) if wrt is not None and body is not None:
            top, below = names_quantity(body, network), names_quantity(wrt, network)
            return (top, below) if top is not None and below is not None else None
    return None


def claimed(chain: Chain, network: Network) -> Pair | None:
    """The derivative that a chain is about: its head, or the gradient that its update claims."""
    updated = updated_quantity(chain)
    if updated is not None:
        key = names_quantity(updated, network)
        return (network.root, key) if key is not None and network.root is not None else None
    return pair_of(chain.first, network) if chain.first is not None else None


def status_for(judgement: Judgement, pair: Pair, settled: frozenset[Pair], network: Network) -> Status | None:
    """What one relation earns for an asked derivative; None where it says nothing about it."""
    right = judgement.link.right
    if right is None or claimed(judgement.whole, network) != pair:
        return None
    if judgement.verdict == "given" or not closed(right, settled - {pair}, network):
        return None
    if (judgement.number == 0 and judgement.head is None) or judgement.verdict in ("slip", "follows"):
        return {"proved": "right", "tested": "right", "slip": "slip", "follows": "follows", "unread": "unread", "refuted": "wrong"}[
            judgement.verdict
        ]  # type: ignore[return-value]
    return "right" if judgement.equals_head else "wrong" if judgement.equals_head is False else "unread"


def closed(node: Node, settled: frozenset[Pair], network: Network) -> bool:
    """Whether a side is in closed form: no derivative but those that the answer has established, and not a product of derivatives alone."""
    derivatives = [n for n in walk(node) if isinstance(n, (Derivative, Nabla, Differential))]
    if any((pair := pair_of(n, network)) is None or pair not in settled for n in derivatives):
        return False
    terms = node.terms if isinstance(node, Added) else (node,)
    return not any(all(isinstance(f, (Derivative, Nabla)) for f in factors(t)) for t in terms)


def established(judgements: Sequence[Judgement], networks: Sequence[Network]) -> frozenset[Pair]:
    """The derivatives that the answer has brought into closed form, directly or along one of its chain rules."""
    settled: set[Pair] = set()
    grown = True
    while grown:
        before = len(settled)
        for judgement, network in zip(judgements, networks, strict=True):
            right = judgement.link.right
            if right is None or judgement.verdict not in ("proved", "tested", "slip", "follows"):
                continue
            pair = claimed(judgement.whole, network)
            if pair is not None and pair not in settled and closed(right, frozenset(settled), network):
                settled.add(pair)
            settled.update(_along(right, settled, network))
        grown = len(settled) > before
    return frozenset(settled)


def _along(side: Node, settled: set[Pair], network: Network) -> set[Pair]:
    """Derivatives over stretches of a chain rule ``∂A/∂B · ∂B/∂C`` all of whose factors are established."""
    pairs = [pair_of(f, network) for f in factors(side)]
    found: set[Pair] = set()
    for n, first in enumerate(pairs):
        if first is None or first not in settled:
            continue
        top, at = first
        for pair in pairs[n + 1 :]:
            if pair is None or pair[0] != at or pair not in settled:
                break
            at = pair[1]
            found.add((top, at))
    return found
