"""A sum that is meant to run over more terms than are written in its scope."""

from collections.abc import Iterator
from dataclasses import replace

from verify.meaning.repairs import Around, Candidate, TextEdit, sum_scope
from verify.mistakes._mistake import Mistake
from verify.reading.syntax import Added, Big, Group, Node
from verify.reading.traversal import replaced, walk


def apply(side: Node, around: Around) -> Iterator[Candidate]:
    """The parentheses left out around the sum in the scope of a Σ."""
    for node in walk(side):
        if isinstance(node, Big) and node.operator == "sum" and isinstance(node.body, Group) and isinstance(node.body.body, Added):
            group, inner = node.body, node.body.body
            first = replace(node, body=inner.terms[0])
            new = Added(node.span, inner.signs, (first, *inner.terms[1:]))
            edits = (TextEdit(group.span.start, inner.span.start, ""), TextEdit(inner.span.end, group.span.end, ""))
            yield Candidate(replaced(side, node, new), edits, "sum-scope", around.source(group.span), around.source(inner.span))


MISTAKE = Mistake(
    name="sum-scope",
    kind="notation",
    order=116,
    undo=sum_scope,
    apply=apply,
    says="the sum is meant to run over both terms",
    example=(r"L = -\sum_k (y_k \ln o_k + (1 - y_k) \ln (1 - o_k))", r"L = -\sum_k y_k \ln o_k + (1 - y_k) \ln (1 - o_k)"),
)
