"""The values of two cases exchanged."""

from collections.abc import Iterator
from dataclasses import replace

from verify.meaning.repairs import Around, Candidate, TextEdit
from verify.mistakes._mistake import Mistake
from verify.reading.syntax import Cases, Node
from verify.reading.traversal import replaced, walk


def exchange(side: Node, around: Around) -> Iterator[Candidate]:
    """The values of two neighbouring cases exchanged."""
    for node in walk(side):
        if not isinstance(node, Cases):
            continue
        for n in range(len(node.rows) - 1):
            a, b = node.rows[n], node.rows[n + 1]
            rows = (*node.rows[:n], replace(a, value=b.value), replace(b, value=a.value), *node.rows[n + 2 :])
            one, two = around.source(a.value.span), around.source(b.value.span)
            edits = (TextEdit(a.value.span.start, a.value.span.end, two), TextEdit(b.value.span.start, b.value.span.end, one))
            new = replace(node, rows=rows)
            yield Candidate(new if node is side else replaced(side, node, new), edits, "wrong-case", f"{one}, {two}", f"{two}, {one}")


MISTAKE = Mistake(
    name="wrong-case",
    kind="mathematics",
    order=36,
    undo=exchange,
    apply=exchange,
    says="the cases are the wrong way round: {becomes} for {was}",
    example=(
        r"\frac{\partial a}{\partial z} = \begin{cases} 0 & z \leq 0 \\ 1 & z > 0 \end{cases}",
        r"\frac{\partial a}{\partial z} = \begin{cases} 1 & z \leq 0 \\ 0 & z > 0 \end{cases}",
    ),
)
