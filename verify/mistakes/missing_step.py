"""The step of a ReLU left out of a product."""

from collections.abc import Iterator

from verify.kernel.expr import Expr, Step, Tensor, children
from verify.meaning.repairs import Around, Candidate, symbol_node
from verify.mistakes._mistake import Mistake, factors, number, terms, with_factor
from verify.mistakes.dropped_factor import leave_out as drop
from verify.reading.syntax import CaseRow, Cases, Chain, Link, Node


def put_in(side: Node, around: Around) -> Iterator[Candidate]:
    """The step of each quantity that the network rectifies, put into a product."""
    for term in terms(side):
        for key in rectified(around):
            z = symbol_node(key, term.span)
            zero, one = number(term.span, "0"), number(term.span, "1")
            rows = tuple(
                CaseRow(term.span, value, Chain(term.span, z, (Link(term.span, relation, zero),)))
                for value, relation in ((zero, "<="), (one, ">"))
            )
            text = rf"\begin{{cases}} 0 & {key} \leq 0 \\ 1 & {key} > 0 \end{{cases}}"
            yield with_factor(side, term, Cases(term.span, rows), text, "missing-step")


def leave_out(side: Node, around: Around) -> Iterator[Candidate]:
    """A product without its step."""
    for candidate in drop(side, around):
        for term in terms(side):
            if any(isinstance(f, Cases) and around.source(f.span) == candidate.was for f in factors(term)):
                yield Candidate(candidate.node, candidate.edits, "missing-step", candidate.was, "")


def rectified(around: Around) -> list[str]:
    """The quantities that stand in a step of the forward pass."""
    found: dict[str, None] = {}
    stack: list[Expr] = [d.body for d in around.network.program.definitions if d.body is not None]
    while stack:
        top = stack.pop()
        if isinstance(top, Step) and isinstance(top.argument, Tensor):
            found[top.argument.name] = None
        stack.extend(children(top))
    return list(found)


MISTAKE = Mistake(
    name="missing-step",
    kind="mathematics",
    order=15,
    undo=put_in,
    apply=leave_out,
    says="the step of the ReLU is missing: {becomes}",
    example=(
        r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} \cdot \begin{cases} 0 & z \leq 0 \\ 1 & z > 0 \end{cases}",
        r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a}",
    ),
)
