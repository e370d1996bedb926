"""The loss of a network: the one that is defined, or any function of the last quantities where only its name is given."""

from __future__ import annotations

from dataclasses import replace

from verify.kernel import expr as k
from verify.kernel.program import Definition
from verify.meaning.definitions import Found, Line, head_of
from verify.meaning.lines import heads_of
from verify.meaning.network import Network
from verify.meaning.slopes import quantity_of
from verify.meaning.symbols import (
    occurrence,
)
from verify.reading.syntax import (
    Big,
    Derivative,
    Fraction,
    Group,
    Juxtaposed,
    Name,
    Node,
    Number,
    Product,
    Scripted,
    Tuple,
)
from verify.reading.traversal import walk

LOSSES = ("L", "\\mathcal{L}", "J", "E", "C", "\\ell", "loss", "\\text{loss}", "\\mathcal{J}", "\\xi", "\\mathcal{E}")


def with_open_loss(network: Network, every: list[Line]) -> Network:
    """The network with the loss that the document differentiates, or whose ``dX`` it writes, and never defines: any function of the
    network's last quantities.

    First derivatives of every smooth function at a point are those of a linear one, so the loss is a sum of the last
    quantities' entries with free coefficients; the loss itself and its second derivatives stay out of every claim
    (``abstract`` says so).
    """
    if network.root is not None:
        return network
    unknown = frozenset(head.key for line in every if (head := head_of(line, network.words)) is not None and is_open_loss(head))
    if differentials(network, every):
        unknown = frozenset()  # what ``dX`` is divided by, the loss would tell
    network = replace(network, failed={key: why for key, why in network.failed.items() if key not in unknown})
    tops: dict[str, int] = {}
    for line in every:
        for node in walk(line.statement.content):
            if isinstance(node, Derivative) and isinstance(node.numerator, (Name, Scripted)):
                occ = occurrence(node.numerator, network.words)
                if occ is not None and not occ.written and occ.exponent is None:
                    key = network.aliases.get(occ.key, occ.key)
                    definition = network.program.by_name.get(key)
                    if key not in network.failed and (definition is None or (definition.body is None and not definition.indices)):
                        tops[key] = tops.get(key, 0) + 1
    used = {name for d in network.program.definitions for name in d.uses}
    last = [d for d in network.program.definitions if d.body is not None and d.name not in used]
    if not tops and len(differentials(network, every)) > 1:
        tops = {next(name for name in LOSSES if name not in network.slots and name not in network.program.by_name): 1}
    if not tops or not last:
        return network
    loss = max(tops, key=lambda key: tops[key])
    terms, leaves = [], []
    for d in before_derivatives(last, loss, network, every):
        slope = f"∂{loss}/∂{d.name}"
        leaves.append(Definition(slope, d.indices))
        terms.append(k.total(k.mul(k.Tensor(slope, d.indices), k.Tensor(d.name, d.indices)), *d.indices))
    others = tuple(d for d in network.program.definitions if d.name != loss)
    program = replace(network.program, definitions=(*leaves, *others, Definition(loss, (), k.add(*terms))))
    return replace(network, program=program, root=loss, abstract=loss, slots={**network.slots, loss: ()})


def is_open_loss(found: Found) -> bool:
    r"""Whether a loss is only said to be a function of several quantities, ``J = \frac{1}{m} \sum_i \ell(\hat{y}_i, y_i)``: any such
    function.
    """
    if found.key not in LOSSES:
        return False
    body: Node | None = found.bodies[-1]
    while body is not None:
        match body:
            case Big(_, "sum", _, _, inner):
                body = inner
            case Juxtaposed(_, (Fraction(_, Number(), _), *rest)) if rest:
                body = rest[0] if len(rest) == 1 else Juxtaposed(body.span, tuple(rest))
            case Product(_, _, Fraction(_, Number(), _), inner):
                body = inner
            case Juxtaposed(_, (Name() | Scripted(_, Name()), Group(_, "(", Tuple()))):
                return True
            case _:
                return False
    return False


def before_derivatives(last: list[Definition], loss: str, network: Network, every: list[Line]) -> list[Definition]:
    """Of the last quantities those that are defined before the loss is first differentiated, if there are any: what is named behind that
    abbreviates, ``s = 1/\\sqrt{v + ε}``, and is nothing that the loss is computed from.
    """
    defined: dict[str, int] = {}
    for line in every:
        head = head_of(line, network.words)
        if head is not None:
            defined.setdefault(head.key, line.number)
        tops = (n.numerator for n in walk(line.statement.content) if isinstance(n, Derivative))
        occurrences = (occurrence(top, network.words) for top in tops if isinstance(top, (Name, Scripted)))
        if any(occ is not None and network.aliases.get(occ.key, occ.key) == loss for occ in occurrences):
            earlier = [d for d in last if defined.get(d.name, line.number) < line.number]
            return earlier or last
    return last


def differentials(network: Network, every: list[Line]) -> frozenset[str]:
    """The quantities X of which lines say what ``dX`` is, in a document that means no d of its own."""
    if "d" in network.slots:
        return frozenset()
    heads = (quantity_of(chain.first, network) for chain in heads_of(every) if chain.first is not None)
    return frozenset(key for key in heads if key is not None and key in network.slots)


def loss_of(network: Network, every: list[Line]) -> str | None:
    """The loss: a defined scalar that the document differentiates, a usual loss name first."""
    tops: dict[str, int] = {}
    for line in every:
        for node in walk(line.statement.content):
            if isinstance(node, Derivative) and isinstance(node.numerator, (Name, Scripted)):
                occ = occurrence(node.numerator, network.words)
                if occ is not None:
                    key = network.aliases.get(occ.key, occ.key)
                    if key in LOSSES and key not in network.slots and not occ.written:
                        return None  # the loss is differentiated and never defined: no other quantity is one
                    if (
                        network.slots.get(key) == ()
                        and network.program.by_name.get(key) is not None
                        and network.program.by_name[key].body is not None
                    ):
                        tops[key] = tops.get(key, 0) + 1
    defined = [d.name for d in network.program.definitions if d.body is not None and not d.indices]
    for key in LOSSES:
        if key in defined:
            return key
    return max(tops, key=lambda key: tops[key]) if tops else None
