"""The closed list of repairs of notation, as candidate edits of one side.

Each repair is a function from a side and what is known around it to candidates; cheap ones come first. A candidate names its mistake
(DESIGN: notation), the edited tree, and the text edits that make it. Which candidate holds is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from verify.meaning.network import Network
from verify.meaning.symbols import bound_letters, letter_of, occurrence, symbol_node
from verify.reading.syntax import Added, Big, Derivative, Group, Juxtaposed, Name, Node, Number, Scripted, Span
from verify.reading.traversal import below, replaced, rewritten, walk


@dataclass(frozen=True)
class TextEdit:
    """A stretch of the document replaced by other text (code-point offsets)."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Candidate:
    """An edited side: the tree, the edits of the text, the mistake that they undo, and in words what was put for what."""

    node: Node
    edits: tuple[TextEdit, ...]
    mistake: str
    was: str
    becomes: str


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Nodes of one kind, with the text of each: made of quantities with the same axes that are written with the same letters, or without.

    They fit a place alike, or none of them does. ``grid`` are the axes of their rows and columns in matrix notation; ``order`` says which
    are the likelier ones, the least first. Without axes: a node of which that is not known.
    """

    axes: tuple[str, ...] | None
    letters: tuple[str, ...]
    grid: tuple[str | None, str | None] | None
    nodes: tuple[Node, ...]
    texts: tuple[str, ...]
    order: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Place:
    """A place in a side for any of many nodes: ``filled`` is the side with a node there."""

    filled: Callable[[Node], Node]


@dataclass(frozen=True)
class Around:
    """What repairs and mistakes may draw on: the network, the document's text, index letters in use beside the side."""

    network: Network
    text: str
    letters: frozenset[str]
    axes: frozenset[str] | None = None
    """The axes that the line's own quantities have, where they are known: what has another one cannot be meant."""
    fits: Callable[[Node], bool] = lambda side: True
    """Whether a side has a meaning in its line: of edits that put quantities of one kind in one place, one tells for all."""
    nearby: tuple[Node, ...] = ()
    """The other sides of the chain: what is missing here may stand there."""
    likely: Callable[[Place, Alternatives], Sequence[bool]] = lambda place, nodes: [True] * len(nodes.nodes)
    """Which of many nodes in one place may make the line true: one reading tells for all."""
    kinds: Callable[[Sequence[tuple[Node, str]]], tuple[Alternatives, ...]] = lambda nodes: tuple(map(alone, nodes, count()))
    """Nodes with their texts, those of each kind together."""
    made: dict[tuple[object, ...], tuple[Alternatives, ...]] = field(default_factory=dict, compare=False)
    """What may be put in beside some letters, made once."""

    def source(self, span: Span) -> str:
        """The document's text of a span."""
        return self.text[span.start : span.end]


def alone(node: tuple[Node, str], place: int) -> Alternatives:
    """A node with its text that is of no kind that is known."""
    return Alternatives(None, (), None, node[:1], node[1:], (place,))


def applied(text: str, start: int, end: int, edits: Iterable[TextEdit]) -> str | None:
    """A stretch of the text with edits made; None where two edits overlap."""
    out, at = [], start
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if edit.start < at or edit.end > end:
            return None
        out.append(text[at : edit.start] + edit.text)
        at = edit.end
    return "".join(out) + text[at:end]


def edited(side: Node, old: Node, new: Node, text: str, mistake: str, around: Around) -> Candidate:
    """The side with one node replaced, its text replaced by ``text``."""
    return Candidate(replaced(side, old, new), (TextEdit(old.span.start, old.span.end, text),), mistake, around.source(old.span), text)


def leftover_derivative(side: Node, around: Around) -> Iterator[Candidate]:
    """A ∂ below without one above: the division by it is left out."""
    for node in walk(side):
        if isinstance(node, Derivative) and node.one_sided and node.numerator is not None:
            yield edited(side, node, node.numerator, around.source(node.numerator.span), "extra-derivative", around)


def prime_for_one(side: Node, around: Around) -> Iterator[Candidate]:
    """An exponent 1 on a group: a prime misread."""
    for node in walk(side):
        if isinstance(node, Scripted) and isinstance(node.sup, Number) and node.sup.text == "1" and not isinstance(node.base, Name):
            script = TextEdit(node.base.span.end, node.span.end, "'")
            yield Candidate(replaced(side, node, replace(node, sup=None, primes=1)), (script,), "lost-prime", "^1", "'")


def letter_for_digit(side: Node, around: Around) -> Iterator[Candidate]:
    """The digit 0 or 1 where the document declares the letter that it looks like."""
    for node in walk(side):
        if isinstance(node, Number) and node.text in ("0", "1"):
            for letter in {"0": ("o", "O"), "1": ("l", "I")}[node.text]:
                if letter in around.network.slots:
                    yield edited(side, node, Name(node.span, letter), letter, "glyph", around)


def other_index(side: Node, around: Around) -> Iterator[Candidate]:
    """One index letter for another, in one term first, then at one occurrence."""
    letters = sorted(around.letters)
    terms = [t for n in walk(side) if isinstance(n, Added) for t in n.terms]
    seen: set[tuple[int, str, str]] = set()
    for term in terms:
        free = {letter for n, letter in _index_letters(term, around) if not _bound_in(term, n, letter)}
        for old in sorted(free):
            for new in letters:
                if new == old or (id(term), old, new) in seen:
                    continue
                seen.add((id(term), old, new))
                nodes = [n for n, letter in _index_letters(term, around) if letter == old]
                yield _renamed(side, nodes, old, new, around)
    for node, old in list(_index_letters(side, around)):
        for new in letters:
            if new != old:
                yield _renamed(side, [node], old, new, around)


def _renamed(side: Node, nodes: list[Node], old: str, new: str, around: Around) -> Candidate:
    wanted = {id(n) for n in nodes}
    tree = rewritten(side, lambda n: Name(n.span, new) if id(n) in wanted else None)
    edits = tuple(TextEdit(n.span.start, n.span.end, new) for n in nodes)
    return Candidate(tree, edits, "index-slip", old, new)


def _index_letters(root: Node, around: Around) -> list[tuple[Node, str]]:
    """The letters in subscripts that are indices, with their nodes."""
    found: list[tuple[Node, str]] = []
    for node in walk(root):
        if isinstance(node, Scripted) and isinstance(node.base, Name):
            occ = occurrence(node, around.network.words)
            if occ is not None:
                found.extend((term, letter) for term in occ.written if (letter := letter_of(term)) is not None)
    return found


def _bound_in(root: Node, node: Node, letter: str) -> bool:
    return any(
        isinstance(n, Big)
        and n.lower is not None
        and n.body is not None
        and letter in set(bound_letters(n.lower))
        and any(m is node for m in walk(n.body))
        for n in walk(root)
    )


def inert_term(side: Node, around: Around) -> Iterator[Candidate]:
    """A lone symbol added inside the numerator of a derivative: another symbol of the same letter."""
    for node in walk(side):
        if not isinstance(node, Derivative) or node.numerator is None:
            continue
        body = node.numerator
        while isinstance(body, Group):
            body = body.body
        if not isinstance(body, Added):
            continue
        for term in body.terms:
            if not isinstance(term, (Name, Scripted)):
                continue
            occ = occurrence(term, around.network.words)
            if occ is None:
                continue
            stem = occ.key.split("_", 1)[0]
            for key in around.network.slots:
                if key != occ.key and key.split("_", 1)[0] == stem:
                    yield edited(side, term, symbol_node(key, term.span), key, "index-slip", around)


def left_out_tag(left: Node, recent: tuple[str, ...], around: Around) -> Iterator[Candidate]:
    """The subscript left out of a derivative's numerator: ``df/dx`` right behind the definition of ``f_c``."""
    if isinstance(left, Derivative) and isinstance(left.numerator, (Name, Scripted)):
        occ = occurrence(left.numerator, around.network.words)
        for key in recent:
            if occ is not None and key != occ.key and key.split("_", 1)[0] == occ.key.split("_", 1)[0]:
                yield edited(left, left.numerator, symbol_node(key, left.numerator.span), key, "index-slip", around)


def one_transpose(side: Node, around: Around) -> Iterator[Candidate]:
    """A transpose put on one matrix or vector, or taken off one."""
    for node in operands(side):
        occ = occurrence(node, around.network.words)
        if (
            occ is None
            or occ.written
            or around.network.grids.get(around.network.aliases.get(occ.key, occ.key), (None, None)) == (None, None)
        ):
            continue
        mark = Name(node.span, "top")
        bare = node if isinstance(node, Scripted) else Scripted(node.span, node)
        if not occ.transposed:
            sup: Node | None = mark if bare.sup is None else Juxtaposed(node.span, (bare.sup, mark))
        elif isinstance(bare.sup, Juxtaposed):
            sup = bare.sup.items[0]
        else:
            sup = None
        source = around.source(node.span)
        text = f"{source}^T" if bare.sup is None else f"{{{source}}}^T" if not occ.transposed else source.rsplit("^", 1)[0]
        new = replace(bare, sup=sup) if sup is not None or bare.sub is not None else bare.base
        yield edited(side, node, new, text, "missing-transpose", around)


def operands(side: Node) -> Iterator[Name | Scripted]:
    """The symbols of a side that are operands, not letters in scripts or quantities that a derivative is taken by."""
    stack = [side]
    while stack:
        top = stack.pop()
        if isinstance(top, (Name, Scripted)) and (isinstance(top, Name) or isinstance(top.base, Name)):
            yield top
        elif isinstance(top, Derivative):
            continue
        elif isinstance(top, Big):
            stack.extend([top.body] if top.body is not None else [])
        else:
            stack.extend(reversed(below(top)))


def sum_scope(side: Node, around: Around) -> Iterator[Candidate]:
    """``-Σ a + b`` meant as ``-Σ (a + b)``."""
    for node in walk(side):
        if not isinstance(node, Added):
            continue
        for n, term in enumerate(node.terms[:-1]):
            if isinstance(term, Big) and term.body is not None and term.operator == "sum":
                rest = node.terms[n + 1 :]
                inner = Added(node.span, ("+", *node.signs[n + 1 :]), (term.body, *rest))
                joined = replace(term, body=Group(term.body.span, "(", inner))
                new: Node = joined if n == 0 and node.signs[0] == "+" else Added(node.span, node.signs[: n + 1], (*node.terms[:n], joined))
                start, end = term.body.span.start, node.span.end
                yield Candidate(
                    replaced(side, node, new),
                    (TextEdit(start, start, r"\left("), TextEdit(end, end, r"\right)")),
                    "sum-scope",
                    around.source(node.span),
                    "the sum over both terms",
                )


ANYWHERE = (leftover_derivative, prime_for_one, letter_for_digit, sum_scope)
"""Repairs that may be tried on any side that does not hold as written."""
WHERE_ILL_TYPED = (one_transpose, inert_term, other_index)
"""Repairs that may be tried only on a side that has no meaning as written."""

__all__ = ["ANYWHERE", "WHERE_ILL_TYPED", "Around", "Candidate", "TextEdit", "edited", "left_out_tag", "symbol_node"]
