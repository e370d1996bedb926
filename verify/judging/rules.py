"""Update rules that claim nothing: ``w - η ∂L/∂w`` with the bare derivative, or ``w - Δw`` with a step that has a name."""

from __future__ import annotations

from typing import Literal

from verify.meaning.network import Network
from verify.meaning.symbols import iteration, occurrence
from verify.reading.syntax import Added, Call, Derivative, Fraction, Group, Juxtaposed, Nabla, Name, Node, Number, Product, Scripted


def stated_rule(updated: Node, right: Node, network: Network) -> Literal["down", "up"] | None:
    """``down`` for w minus a multiple of the bare derivative by w, or w with a named step; ``up`` for w plus such a multiple; else None."""
    if not (isinstance(right, Added) and len(right.terms) == 2 and right.signs[0] == "+" and unmarked(right.terms[0]) == unmarked(updated)):
        return None
    step, sign = right.terms[1], right.signs[1]
    if is_named_step(step, updated, network):
        return "down"
    factors = flat(step)
    bare = [f for f in factors if is_slope(f, updated)]
    if len(bare) != 1 or not all(is_plain(f, updated) for f in factors):
        return None
    return "down" if sign == "-" else "up"


def is_named_step(step: Node, updated: Node, network: Network) -> bool:
    """Whether a step is a lone symbol that means no quantity of the network: ``Δw``, or the velocity ``v``."""
    symbol = unmarked(step)
    occ = occurrence(symbol, network.words) if isinstance(symbol, (Name, Scripted)) else None
    if occ is None or occ.exponent is not None:
        return False
    if occ.key.startswith("\\Delta "):
        return True
    definition = network.program.by_name.get(occ.key)
    return occ.key not in network.aliases and (definition is None or occ.key in network.failed)


def is_slope(node: Node, updated: Node) -> bool:
    """Whether a factor is the bare derivative by the updated quantity, alone or under a function such as sign."""
    match node:
        case Derivative(_, _, (below,)):
            return unmarked(below) == unmarked(updated)
        case Nabla(_, wrt, 1, _) if wrt is not None:
            return unmarked(wrt) == unmarked(updated)
        case Group(_, _, body) | Call(_, Name(), body, _):
            return is_slope(body, updated)
    return False


def is_plain(factor: Node, updated: Node) -> bool:
    """Whether a factor of a step is the slope, a number or a symbol."""
    match factor:
        case Fraction(_, a, b):
            return all(isinstance(n, (Name, Scripted, Number)) for n in (a, b))
    return isinstance(factor, (Name, Scripted, Number)) or is_slope(factor, updated)


def unmarked(node: Node) -> Node:
    """A symbol without the iteration behind it: w of ``w(t)``."""
    if isinstance(node, Juxtaposed) and len(node.items) == 2 and isinstance(node.items[1], Group) and iteration(node.items[1].body):
        return node.items[0]
    return node


def flat(node: Node) -> list[Node]:
    """The factors of a step; a symbol and the iteration behind it are one, ``sign(…)`` is what stands in it."""
    match node:
        case Product(_, operator, left, right) if operator != "/":
            return flat(left) + flat(right)
        case Juxtaposed(_, items):
            out: list[Node] = []
            for item in items:
                if not (out and isinstance(item, Group)):
                    out.extend(flat(item))
                elif iteration(item.body):
                    continue
                elif isinstance(out[-1], Name):
                    out[-1] = item
                else:
                    out.append(item)
            return out
    return [node]
