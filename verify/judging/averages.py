"""What momentum and Adam keep of the gradients of the steps before: quantities of an update rule and not of the network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from verify.meaning.functions import ELEMENTWISE
from verify.meaning.network import Network
from verify.meaning.symbols import keys_in, occurrence
from verify.programs import affected
from verify.reading.syntax import Added, Chain, Derivative, Fraction, Group, Juxtaposed, Nabla, Name, Node, Number, Product, Scripted, Span

MEMBER = re.compile(r"_\{(?:\d+|[tkni](?:[+-]1)?)\}$")
"""The step in a key: ``_{2}`` of ``v_{2}``, ``_{t}`` of ``v_{t}``."""
RATES = frozenset({
    "alpha", "beta", "gamma", "epsilon", "varepsilon", "eta", "kappa", "lambda", "mu", "nu", "rho", "tau", "lr",
    "t", "T", "k", "n", "m", "N",
})  # fmt: skip
"""What rates, and what counts steps and samples, are called."""
ASSIGNING = frozenset({"=", ":=", "<-"})


@dataclass(frozen=True)
class Average:
    """A quantity that is built from derivatives of the loss and rates alone: the derivatives, whether it runs along them (``+``) or
    against them, and whether they are squared in it.
    """

    slopes: tuple[Node, ...]
    sign: str = "+"
    squared: bool = False


@dataclass(frozen=True)
class Averages:
    """The averages that a document keeps, by their keys without the step's number."""

    network: Network
    found: Mapping[str, Average] = field(default_factory=dict)

    def lead(self, node: Node) -> Average | None:
        """The direction that a step is along: the slope or average among its factors, in the numerator, that is not squared; None where
        there is none or several, or a factor is neither a rate nor an average.
        """
        sign, body = (node.signs[0], node.terms[0]) if isinstance(node, Added) and len(node.terms) == 1 else ("+", node)
        leads: list[Average] = []
        for factor, above in parts(body):
            average = self.of(factor)
            if average is not None and above:
                leads.append(average)
            elif average is None and not self.is_rate(factor):
                return None
        if len(leads) != 1:
            squares = leads and all(len(one.slopes) == 1 and one == leads[0] for one in leads)  # g ⊙ g
            return Average(leads[0].slopes, "+", squared=True) if squares else None
        return Average(leads[0].slopes, "+" if sign == leads[0].sign else "-", leads[0].squared)

    def of(self, node: Node) -> Average | None:
        """The average that a factor is: a bare derivative, a name of one, a power of either; else None."""
        match node:
            case Derivative(_, numerator, (_,)) if numerator is not None:
                return Average((node,))
            case Nabla(_, _, 1, body) if body is not None:
                return Average((node,))
            case Juxtaposed(_, (Name(_, "d", _, ()), Name() | Scripted())) if "d" not in self.network.slots or self.network.gradients:
                return Average((node,))
            case Group(_, "(", body):
                return self.of(body)
            case Scripted(_, Group(_, "(", body), None, Number(_, "2"), 0) if (inner := self.of(body)) is not None:
                return Average(inner.slopes, "+", squared=True)
        return self.named(node)

    def named(self, node: Node) -> Average | None:
        """The average that a symbol names, or its square; else None."""
        occ = occurrence(node, self.network.words) if isinstance(node, (Name, Scripted)) else None
        found = self.found.get(stem(occ.key)) if occ is not None else None
        if found is None or occ is None or occ.exponent is None:
            return found
        return Average(found.slopes, "+", squared=True) if occ.exponent == Number(occ.exponent.span, "2") else None

    def is_rate(self, node: Node) -> bool:
        """Whether a factor is built from numbers, averages, and letters of rates on which no loss depends."""
        network = self.network
        for key in keys_in(node, network.words):
            if stem(key) in self.found or key in ELEMENTWISE:
                continue
            if stem(key).lstrip("\\") not in RATES or not affected(network.program, key).isdisjoint(network.losses):
                return False
        return not any(isinstance(part, (Derivative, Nabla)) for part, _ in parts(node))

    def stated(self, chain: Node) -> tuple[str, Average] | None:
        """The key and what it is, of a statement ``v = β v + (1 - β) ∂L/∂w``, ``g = ∂L/∂w`` or ``m' = m / (1 - β)``; else None."""
        if not (isinstance(chain, Chain) and len(chain.links) == 1 and chain.links[0].relation in ASSIGNING):
            return None
        left, right = chain.first, chain.links[0].right
        occ = occurrence(left, self.network.words) if isinstance(left, (Name, Scripted)) else None
        if occ is None or right is None or occ.exponent is not None or occ.primes or occ.key.startswith("\\Delta "):
            return None
        if not affected(self.network.program, occ.key).isdisjoint(self.network.losses):
            return None
        signs, terms = (right.signs, right.terms) if isinstance(right, Added) else (("+",), (right,))
        own = [n for n, term in enumerate(terms) if self.is_past(term, stem(occ.key))]
        rest = [n for n in range(len(terms)) if n not in own]
        if len(rest) != 1 or len(own) != len(terms) - 1 or len(own) > 1:
            return None
        new = terms[rest[0]]
        if not own and (signs[0] == "-" or not (self.of(new) or any(self.named(f) for f, _ in parts(new)))):
            return None  # neither the bare derivative nor made from averages: a quantity such as δ
        lead = self.lead(Added(right.span, (signs[rest[0]],), (new,)))
        if lead is None or any(below(slope) == left for slope in lead.slopes):
            return None  # the update of a quantity itself
        return stem(occ.key), lead

    def is_past(self, term: Node, key: str) -> bool:
        """Whether a term is the quantity's own value before, weighted by rates: ``β v_{t-1}``."""
        factors = [factor for factor, _ in parts(term)]
        own = [f for f in factors if isinstance(f, (Name, Scripted)) and [stem(k) for k in keys_in(f, self.network.words)] == [key]]
        return len(own) == 1 and all(self.is_rate(f) for f in factors if f is not own[0])


def averages(statements: Iterable[Node], network: Network) -> Averages:
    """The averages of gradients that the statements of a document introduce, in order."""
    found = Averages(network)
    for content in statements:
        if (one := found.stated(content)) is not None and one[0] not in found.found:
            found = Averages(network, {**found.found, one[0]: one[1]})
    return found


def below(slope: Node) -> Node | None:
    """What a slope differentiates by."""
    match slope:
        case Derivative(_, _, (by,)) | Juxtaposed(_, (_, by)):
            return by
        case Nabla(_, wrt, _, _):
            return wrt
    return None


def stem(key: str) -> str:
    """A key without the number of its step."""
    return MEMBER.sub("", key)


def parts(node: Node, above: bool = True) -> list[tuple[Node, bool]]:
    """The factors of a product or quotient, each with whether it stands in the numerator; ``dW`` is one."""
    match node:
        case Fraction(_, numerator, denominator):
            return parts(numerator, above) + parts(denominator, not above)
        case Product(_, operator, left, right):
            return parts(left, above) + parts(right, above if operator != "/" else not above)
        case Juxtaposed(_, items):
            out: list[tuple[Node, bool]] = []
            for item in items:
                last = out[-1][0] if out else None
                if isinstance(last, Name) and last.text == "d" and not last.accents and isinstance(item, (Name, Scripted)):
                    out[-1] = (Juxtaposed(Span(last.span.start, item.span.end), (last, item)), above)
                else:
                    out.extend(parts(item, above))
            return out
    return [(node, above)]
