"""Update rules that claim nothing: ``w - η ∂L/∂w`` with the bare derivative, or ``w - Δw`` with a step that has a name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from verify.judging.averages import Averages
from verify.meaning.claims import LEARNING_RATES
from verify.meaning.network import Network
from verify.meaning.symbols import iteration, occurrence, symbol_node
from verify.programs import affected
from verify.reading.syntax import (
    Added,
    Call,
    Chain,
    Derivative,
    Fraction,
    Group,
    Juxtaposed,
    Nabla,
    Name,
    Node,
    Number,
    Product,
    Scripted,
    Span,
)


def stated_rule(updated: Node, right: Node, kept: Averages) -> Literal["down", "up"] | None:
    """``down`` for w minus a multiple of the bare derivative by w or of an average of such, or w with a named step; ``up`` for w plus such
    a multiple; else None.
    """
    network = kept.network
    if not (isinstance(right, Added) and len(right.terms) == 2 and right.signs[0] == "+" and unmarked(right.terms[0]) == unmarked(updated)):
        return None
    step, sign = right.terms[1], right.signs[1]
    if kept.of(step) is None and is_named_step(step, updated, network):
        return "down"
    factors = flat(step)
    named = "d" not in network.slots or network.gradients  # whether dW is a derivative
    bare = [f for f in factors if is_slope(f, updated) and (named or not isinstance(f, Juxtaposed))]
    if len(bare) == 1 and all(is_plain(f, updated, kept) for f in factors):
        return "down" if sign == "-" else "up"
    lead = kept.lead(step)
    if lead is None or lead.squared or not all(is_slope(slope, updated) for slope in lead.slopes):
        return None
    return "down" if sign != lead.sign else "up"


def stepped(node: Node) -> Node | None:
    """The quantity w of a step ``Δw``, else None."""
    symbol = unmarked(node)
    base = symbol.base if isinstance(symbol, Scripted) else symbol
    if not isinstance(base, Name) or base.accents[-1:] != ("Delta",):
        return None
    plain = replace(base, accents=base.accents[:-1])
    return replace(symbol, base=plain) if isinstance(symbol, Scripted) else plain


def stated_step(left: Node, right: Node) -> str | None:
    """The sign of a step ``Δw = ± η ∂L/∂w`` that is stated with the bare derivative, else None."""
    updated = stepped(left)
    if updated is None:
        return None
    sign, body = (right.signs[0], right.terms[0]) if isinstance(right, Added) and len(right.terms) == 1 else ("+", right)
    factors = flat(body)
    bare = [f for f in factors if is_slope(f, updated)]
    return sign if len(bare) == 1 and all(is_plain(f, updated) for f in factors) else None


def step_sign(statements: Iterable[Node]) -> str | None:
    """``+`` where the document's steps are along the gradient and taken from the weights, ``-`` where they are against it and added; None
    where it does not say or says both.
    """
    signs: set[str] = set()
    for content in statements:
        if not isinstance(content, Chain) or content.first is None:
            continue
        for link in content.links:
            if link.right is not None and (sign := stated_step(content.first, link.right)) is not None:
                signs.add(sign)
            if isinstance(link.right, Added) and len(link.right.terms) == 2:
                start, step = link.right.terms
                if (updated := stepped(step)) is not None and unmarked(start) == updated:
                    signs.add("+" if link.right.signs[1] == "-" else "-")
    return signs.pop() if len(signs) == 1 else None


def meant_step(sign: str, rate: str, root: str, updated: Node) -> Node:
    """``± η ∂L/∂w`` as a tree."""
    span = updated.span
    slope = Derivative(span, symbol_node(root, span), (updated,))
    return Added(span, (sign,), (Juxtaposed(span, (symbol_node(rate, span), slope)),))


def is_named_step(step: Node, updated: Node, network: Network) -> bool:
    """Whether a step is a lone symbol that means no quantity of the network: ``Δw``, or the velocity ``v``."""
    symbol = unmarked(step)
    occ = occurrence(symbol, network.words) if isinstance(symbol, (Name, Scripted)) else None
    if occ is None or occ.exponent is not None:
        return False
    if occ.key.startswith("\\Delta "):
        return True
    definition = network.program.by_name.get(occ.key)
    if definition is None or occ.key in (network.free | network.failed.keys()):
        return occ.key not in network.aliases
    return bool(definition.uses & set(LEARNING_RATES))  # a velocity is built with a rate, a quantity of the network is not


def is_slope(node: Node, updated: Node) -> bool:
    """Whether a factor is the bare derivative by the updated quantity, alone or under a function such as sign."""
    match node:
        case Derivative(_, _, (below,)):
            return unmarked(below) == unmarked(updated)
        case Nabla(_, wrt, 1, _) if wrt is not None:
            return unmarked(wrt) == unmarked(updated)
        case Group(_, _, body) | Call(_, Name(), body, _):
            return is_slope(body, updated)
        case Juxtaposed(_, (Name(_, "d", _, ()), wrt)):
            return unmarked(wrt) == unmarked(updated)
    return False


def is_plain(factor: Node, updated: Node, kept: Averages | None = None) -> bool:
    """Whether a factor of a step is the slope, a number or a symbol; with ``kept`` only one on which no loss depends."""
    match factor:
        case Fraction(_, a, b):
            return all(isinstance(n, (Name, Scripted, Number)) for n in (a, b))
        case Name() | Scripted() if kept is not None and not is_slope(factor, updated):
            occ = occurrence(factor, kept.network.words)
            known = (*kept.network.sizes, *LEARNING_RATES)
            return occ is None or occ.key in known or affected(kept.network.program, occ.key).isdisjoint(kept.network.losses)
    return isinstance(factor, (Name, Scripted, Number)) or is_slope(factor, updated)


def unmarked(node: Node) -> Node:
    """A symbol without the iteration behind it: w of ``w(t)``."""
    if isinstance(node, Juxtaposed) and len(node.items) == 2 and isinstance(node.items[1], Group) and iteration(node.items[1].body):
        return node.items[0]
    return node


def flat(node: Node) -> list[Node]:
    """The factors of a step; ``dW``, or a symbol and the iteration behind it, are one, ``sign(…)`` is what stands in it."""
    match node:
        case Product(_, operator, left, right) if operator != "/":
            return flat(left) + flat(right)
        case Juxtaposed(_, items):
            out: list[Node] = []
            for item in items:
                if out and isinstance(item, (Name, Scripted)) and isinstance(out[-1], Name) and out[-1].text == "d" and not out[-1].accents:
                    out[-1] = Juxtaposed(Span(out[-1].span.start, item.span.end), (out[-1], item))  # dW
                elif not (out and isinstance(item, Group)):
                    out.extend(flat(item))
                elif iteration(item.body):
                    continue
                elif isinstance(out[-1], Name):
                    out[-1] = item
                else:
                    out.append(item)
            return out
    return [node]
