"""A sum left out."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, TextEdit
from verify.mistakes._mistake import Mistake, is_ordered, letters_in, terms
from verify.reading.syntax import Added, Big, Name, Node, Number
from verify.reading.traversal import replaced, walk


def put_in(side: Node, around: Around) -> Iterator[Candidate]:
    """A product summed over one of its index letters, or without naming one where it has none."""
    for term in (t for t in terms(side) if not isinstance(t, (Added, Number))):
        for letter in letters_in(term, around) or ([] if is_ordered(around) else [""]):
            sign = rf"\sum_{letter}" if letter else r"\sum"
            new = Big(term.span, "sum", Name(term.span, letter) if letter else None, None, term)
            edit = TextEdit(term.span.start, term.span.start, f"{sign} ")
            yield Candidate(new if term is side else replaced(side, term, new), (edit,), "missing-sum", "", sign)


def leave_out(side: Node, around: Around) -> Iterator[Candidate]:
    """A sum's body without its Σ."""
    for node in walk(side):
        if isinstance(node, Big) and node.operator == "sum" and node.body is not None:
            edit = TextEdit(node.span.start, node.body.span.start, "")
            new = node.body if node is side else replaced(side, node, node.body)
            yield Candidate(new, (edit,), "missing-sum", around.text[node.span.start : node.body.span.start].strip(), "")


MISTAKE = Mistake(
    name="missing-sum",
    kind="mathematics",
    order=14,
    undo=put_in,
    apply=leave_out,
    says="the sum {becomes} is missing",
    example=(r"\frac{\partial L}{\partial a_j} = \sum_k \delta_k w_{jk}", r"\frac{\partial L}{\partial a_j} = \delta_k w_{jk}"),
)
