"""What a document assumes of given quantities: in formulas (Σy = 1), in words (one-hot), and by the shape of its loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from verify.kernel import expr as k
from verify.kernel.expr import Index
from verify.kernel.program import Definition, OneHot, SumsToOne, nodes
from verify.meaning.claims import names_quantity
from verify.meaning.definitions import Line
from verify.meaning.families import Families, instances
from verify.meaning.glyphs import SAME_LETTERS, glyph_cost, likeliest
from verify.meaning.network import Network
from verify.meaning.normalized import known_to, sums_to_one
from verify.meaning.onehot import Mention, mentions
from verify.meaning.symbols import TRANSPOSES, bound_letters, is_ones, letter_of, occurrence
from verify.reading.syntax import Big, Chain, Document, Juxtaposed, Name, Node, Number, Product, Scripted, Statement

Along = SumsToOne | OneHot
TARGETS, INPUTS = ("y", "t"), ("x",)
"""The letters of what people call a target and an input."""


@dataclass(frozen=True)
class Assumed:
    """What is assumed of the leaves of a network: what the document states, and what the shape of its loss suggests.

    Of each set in ``doubtful`` the document says something, and not clearly what or of what: nothing is proved by it, and nothing refuted
    that would hold under it. All but these have a model together.
    """

    stated: frozenset[Along] = frozenset()
    suggested: frozenset[Along] = frozenset()
    doubtful: tuple[frozenset[Along], ...] = ()

    @property
    def every(self) -> frozenset[Along]:
        """What claims may be decided under."""
        return self.stated | self.suggested

    def doubted(self) -> Iterator[frozenset[Along]]:
        """For each doubt what would be assumed if it were so."""
        for more in self.doubtful:
            wanted: list[Along] = [*sorted(more, key=repr), *sorted(self.every, key=repr)]
            yield consistent(wanted)


def assumed(documents: Sequence[Document], lines: Sequence[Line], network: Network, found: Families) -> Assumed:
    """What documents, with their lines, assume of the leaves of a network; ``found`` are their families of layers and steps."""
    sums = tuple(stated_sums(lines, network))
    reader = _Reader(network, found, frozenset(sums))
    every = [mention for document in documents for mention in mentions(document)]
    hot: dict[OneHot, None] = {}
    doubts: list[tuple[OneHot, ...]] = []
    for mention in every:
        sure, perhaps = reader.read(mention)
        hot.update(dict.fromkeys(sure))
        doubts += perhaps
    if every and not hot and not doubts:
        doubts = [reader.anything()]
    stated = consistent((*hot, *sums))
    named = {a.name for a in hot}
    suggested = consistent((*stated, *(a for a in sums_to_one(network) & known_to(network) if a.name not in named))) - stated
    alone: list[frozenset[Along]] = [frozenset([a]) for pair in doubts for a in pair]
    alone += [frozenset([a]) for a in sums if a not in stated]
    joint = consistent(a for pair in doubts for a in reversed(pair))
    doubtful = dict.fromkeys([*alone, joint])
    return Assumed(stated, suggested, tuple(d for d in doubtful if not d <= stated))


def consistent(wanted: Iterable[Along]) -> frozenset[Along]:
    """The assumptions that are sure to have a model together: of those about one leaf the ones along the axis of the first."""
    along: dict[str, int] = {}
    return frozenset(a for a in wanted if along.setdefault(a.name, a.position) == a.position)


def stated_sums(lines: Iterable[Line], network: Network) -> Iterator[SumsToOne]:
    """The sums that formulas say to be 1, of leaves."""
    for line in lines:
        chain = line.statement.content
        if isinstance(chain, Chain) and chain.first is not None and chain.links and chain.links[0].right is not None:
            assumption = sum_assumed(chain.first, chain.links[0].right, network)
            if assumption is not None:
                yield assumption


def sum_assumed(left: Node, right: Node, network: Network) -> SumsToOne | None:
    r"""The assumption that ``Σ_i y_i = 1``, or ``\mathbf 1^\top y = 1``, states of a leaf, else None."""
    if (summed := summed_by_ones(left)) is not None:
        leaf = _leaf(names_quantity(summed[0], network), network)
        if leaf is None or (len(leaf.indices) == 1) != (isinstance(right, Number) and right.text == "1"):
            return None
        axes = (0,) if len(leaf.indices) == 1 else (0, 1) if len(leaf.indices) == 2 and is_ones(right) else ()
        return SumsToOne(leaf.name, axes[summed[1] if len(axes) > 1 else 0]) if axes else None
    if not (isinstance(right, Number) and right.text == "1"):
        return None
    if not (isinstance(left, Big) and left.operator == "sum" and left.body is not None):
        return None
    definition = _leaf(names_quantity(left.body, network), network)
    occ = occurrence(left.body, network.words) if definition is not None else None
    if definition is None or occ is None or occ.exponent is not None or occ.primes:
        return None
    bound = tuple(bound_letters(left.lower)) if left.lower is not None else ()
    written = [letter_of(term) for term in occ.written]
    if not bound or not written:
        return SumsToOne(definition.name, len(definition.indices) - 1)
    if len(bound) > 1 or bound[0] not in written:
        return None
    missing = len(definition.indices) - len(written)
    return SumsToOne(definition.name, written.index(bound[0]) + missing) if missing >= 0 else None


def summed_by_ones(side: Node) -> tuple[Node, int] | None:
    r"""What a product with a vector of ones sums, and along which of its axes: y of ``\mathbf 1^\top y`` (0) and of ``y \mathbf 1`` (1)."""
    match side:
        case Juxtaposed(_, (one, other)) | Product(_, _, one, other):
            if is_transposed(one) and is_ones(one):
                return other, 0
            if is_ones(other) and isinstance(one, (Name, Scripted)):
                return (without_transpose(one), 0) if is_transposed(one) else (one, 1)
    return None


def is_transposed(node: Node) -> bool:
    """Whether a symbol is written with a mark of a transpose."""
    return isinstance(node, Scripted) and isinstance(node.sup, Name) and node.sup.text in TRANSPOSES


def without_transpose(node: Node) -> Node:
    """A symbol without its superscript."""
    return node if not isinstance(node, Scripted) else node.base if node.sub is None else replace(node, sup=None)


def _leaf(key: str | None, network: Network) -> Definition | None:
    """The definition of a leaf with axes, else None."""
    definition = network.program.by_name.get(key or "")
    return definition if definition is not None and definition.body is None and definition.indices else None


@dataclass(frozen=True)
class _Reader:
    """What mentions of "one-hot" say of the leaves of one network."""

    network: Network
    families: Families
    sums: frozenset[SumsToOne]

    def read(self, mention: Mention) -> tuple[list[OneHot], list[tuple[OneHot, ...]]]:
        """What a mention says, and for each thing that it leaves in doubt what it may be."""
        sure: list[OneHot] = []
        doubts: list[tuple[OneHot, ...]] = []
        known = self._named(mention.of) or [(leaf, ()) for leaf in self._kind(mention.kind)]
        for leaf, written in known:
            along = self.along(leaf, written, mention.rows)
            if along is not None:
                sure.append(OneHot(leaf.name, along))
            else:
                doubts.append(_any(leaf))
        if not known or mention.of:
            doubts += [_any(leaf) for leaf, _ in self._named(mention.perhaps)]
        return sure, doubts

    def anything(self) -> tuple[OneHot, ...]:
        """Every leaf with axes along each of them: what may be one-hot where nothing is named."""
        return tuple(a for d in self.network.program.definitions if _leaf(d.name, self.network) for a in _any(d))

    def _named(self, symbols: Iterable[Node]) -> list[tuple[Definition, tuple[Node, ...]]]:
        """The leaves with axes that symbols stand for, with the indices that they are written with."""
        found: dict[str, tuple[Definition, tuple[Node, ...]]] = {}
        for symbol in symbols:
            for _, statement in instances(Statement(symbol), self.families):
                occ = occurrence(statement.content, self.network.words)
                leaf = self._like(occ.key) if occ is not None else None
                if leaf is not None and occ is not None:
                    found.setdefault(leaf.name, (leaf, occ.written))
        return list(found.values())

    def _like(self, key: str) -> Definition | None:
        """The leaf of that name, or the only one whose name is of the same letters in another font."""
        key = self.network.aliases.get(key, key)
        if key in self.network.program.by_name:
            return _leaf(key, self.network)
        leaves = (leaf for d in self.network.program.definitions if (leaf := _leaf(d.name, self.network)))
        close = [leaf for leaf in leaves if (cost := glyph_cost(key, leaf.name)) is not None and cost <= SAME_LETTERS]
        return close[0] if len(close) == 1 else None

    def _kind(self, kind: str) -> list[Definition]:
        """The only leaf that is a target, or an input, by its place in the loss or by its letter; none where there are several."""
        if not kind:
            return []
        names = {a.name for a in sums_to_one(self.network)} if kind == "target" else set()
        leaves = [leaf for d in self.network.program.definitions if (leaf := _leaf(d.name, self.network))]
        if len(names) != 1:
            letters = TARGETS if kind == "target" else INPUTS
            names = {d.name for d in leaves if likeliest(d.name, letters) is not None}
        return [d for d in leaves if d.name in names] if len(names) == 1 else []

    def along(self, leaf: Definition, written: tuple[Node, ...], rows: int | None) -> int | None:
        """The number of the axis along which a leaf is one-hot; None where it may be one or another.

        With all indices but one written it is the one left out; else the axis of a sum that is said to be 1, the one that words name, the
        one that does not run over samples, and the one along which something is normalized.
        """
        axes = leaf.axes
        if len(axes) == 1:
            return 0
        letters = [letter_of(term) for term in written]
        if len(letters) == len(axes) - 1 == 1:
            return self._left_out(leaf, letters[0])
        stated = {a.position for a in self.sums if a.name == leaf.name}
        if len(stated) == 1:
            return stated.pop()
        if len(axes) != 2:
            return None
        if rows is not None:
            return 1 - rows
        apart = [n for n, axis in enumerate(axes) if axis not in self.network.samples]
        if len(apart) == 1:
            return apart[0]
        normalized = {
            node.index.axis
            for d in self.network.program.definitions
            if d.body is not None
            for node in nodes({}, d.body)
            if isinstance(node, k.Sum) and any(isinstance(n, k.Apply) and n.function == "exp" for n in nodes({}, node.body))
        }
        among = [n for n, axis in enumerate(axes) if axis in normalized]
        return among[0] if len(among) == 1 else None

    def _left_out(self, leaf: Definition, letter: str | None) -> int | None:
        """The axis of two that a lone index does not count along; by what it counts elsewhere, else it is taken for the first."""
        places = {n for n, i in enumerate(leaf.indices) if i.name == letter}
        for d in self.network.program.definitions:
            for node in nodes({}, d.body) if d.body is not None else ():
                if isinstance(node, k.Tensor) and node.name == leaf.name:
                    places |= {n for n, i in enumerate(node.indices) if isinstance(i, Index) and i.name == letter}
        if len(places) > 1:
            return None
        return 1 - places.pop() if places else 1


def _any(leaf: Definition) -> tuple[OneHot, ...]:
    return tuple(OneHot(leaf.name, n) for n in range(len(leaf.indices)))
