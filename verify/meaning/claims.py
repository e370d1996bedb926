"""A chain with its surroundings, and the typed claim that one of its relations makes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from verify.kernel import expr as k
from verify.kernel.decision import IllTyped, Kernel
from verify.kernel.expr import Expr, Index
from verify.kernel.program import Condition, Equal, Program, Unequal, nodes
from verify.meaning.elaborate import Elaborator
from verify.meaning.matrices import Grid, MatrixElaborator, NoGrid, is_matrix_notation
from verify.meaning.network import Network
from verify.meaning.recalling import Memory, RecallingElaborator
from verify.meaning.slopes import quantity_of
from verify.meaning.surroundings import Clash, Found, Surroundings, Unread, Value, implicit, is_implicit
from verify.meaning.symbols import iteration, letter_of, occurrence
from verify.meaning.tables import TableElaborator, aligned, is_written_out
from verify.programs import affected
from verify.reading.syntax import Added, Big, Chain, Derivative, Group, Juxtaposed, Name, Node, Noted, Number, Product, Reference, Scripted
from verify.reading.traversal import rewritten, walk

Vanishes = Callable[[Expr, tuple[Condition, ...]], bool]
LEARNING_RATES = ("\\eta", "\\alpha", "lr", "\\epsilon", "\\varepsilon", "\\gamma", "\\mu", "\\lambda")
"""The likeliest first: beside a learning rate, λ is a weight decay."""


@dataclass(frozen=True)
class Typed:
    """Two sides as expressions over the same free indices, the conditions in force, and how they were read.

    ``loose_ends`` are written indices that stand on one side only. ``sizes`` are the widths of axes that the claim is made at, where a
    matrix is written out; along the axes ``unsized`` the document does not say how many entries there are.
    """

    left: Expr
    right: Expr
    conditions: tuple[Condition, ...] = ()
    notes: tuple[str, ...] = ()
    loose_ends: frozenset[Index] = frozenset()
    partitions: tuple[tuple[Expr, ...], ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()
    unsized: tuple[str, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    """The widths that sums up to a number speak of: what does not hold for all widths may hold for these."""

    def counted(self) -> Typed | None:
        """The claim at the widths that its sums speak of, if they speak of any, else None."""
        return replace(self, sizes=self.counts, counts=()) if self.counts and not self.sizes else None


@dataclass
class ChainReading:
    """What all sides of one chain share: the network, the target axes, the prime's variable, the sum in sight, the conditions.

    ``cases`` are the case conditions in force from lines above, ``stated`` the chain's own.
    """

    network: Network
    chain: Chain
    labels: Mapping[str, Node]
    cases: tuple[Chain, ...]
    stated: tuple[Chain, ...]
    vanishes: Vanishes
    updated: Node | None = None
    target: frozenset[str] | None = None
    prime: k.Tensor | None = None
    letters: dict[str, str] = field(default_factory=dict)
    memory: Memory | None = None
    """Where many sides are tried, what they have in common."""
    _lefts: dict[tuple[int, bool, bool, bool], tuple[Node, Value, Found]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.updated = updated_quantity(self.chain)
        for side in self.chain.sides:
            if side is None or self.prime is not None:
                continue
            for node in walk(side):
                if isinstance(node, Derivative) and len(node.denominators) == 1 and self.prime is None:
                    self.prime = self._variable(node)
        first = self.updated if self.updated is not None else self.chain.first
        gradient = first is not None and quantity_of(first, self.network) in self.network.slots  # dW
        if first is not None and not is_rigid(first) and not gradient:  # a chain that is read from its other end
            sides = [link.right for link in self.chain.links if link.right is not None]
            first = next((s for s in sides if is_rigid(s) and not isinstance(s, Number)), None)
        if first is not None and (is_rigid(first) or gradient):
            around = self.surroundings()
            try:
                value = Elaborator(self.network, around).value(first, None)
            except (Unread, Clash):
                return  # the chain has no target; its sides are read without one
            self.target = frozenset(i.axis for i in value.expr.free)
            self.letters.update(around.letters)

    def _variable(self, node: Derivative) -> k.Tensor | None:
        around = self.surroundings()
        elaborator = Elaborator(self.network, around)
        try:
            variable = elaborator.variable(node.denominators[0])
            if node.numerator is not None and not node.one_sided:
                value = elaborator.derivative(node)
                if value.lower and value.upper and isinstance(value.expr, k.Derivative):
                    variable = value.expr.wrt
        except (Unread, Clash):
            return None
        self.letters.update(around.letters)
        return variable

    def surroundings(self, *, diagonal: bool = False, free_sum: bool = False, kept_axes: bool = False) -> Surroundings:
        """Fresh surroundings for elaborating a side of this chain."""
        return Surroundings(
            iterated=names_quantity(self.updated, self.network) if self.updated is not None else None,
            letters=dict(self.letters),
            target=self.target,
            prime=self.prime,
            labels=self.labels,
            diagonal=diagonal,
            free_sum=free_sum,
            kept_axes=kept_axes,
        )

    def sum_in_sight(self, node: Node) -> Big | None:
        """The sum that a bare Σ of this side stands for: the only one of the side, else of the chain."""
        for roots in ((node,), self.chain.sides):
            found = [
                n
                for root in roots
                if root is not None
                for n in walk(root)
                if isinstance(n, Big) and n.operator == "sum" and n.body is not None
            ]
            if len(set(found)) == 1:
                return found[0]
        return None

    def value(self, node: Node, around: Surroundings) -> Value:
        """The value of one side; of ``w(t+1)`` what gradient descent makes of w."""
        around.sum_in_sight = lambda: self.sum_in_sight(node)
        if self.memory is not None:
            return RecallingElaborator(self.network, around, self.memory).side(node)
        return Elaborator(self.network, around).side(node)

    def tries(self, left: Node, right: Node) -> Iterator[Typed | Unread | Clash]:
        """The claims that two sides of the chain are equal, in order, or why not: with ``(2)`` for the line of that name if there is one,
        as it is written, then with elementwise Jacobians by their diagonals where there are any.
        """
        numbered = self.labels and any(isinstance(n, Group) and isinstance(n.body, Number) for n in walk(right))
        cited = rewritten(right, lambda n: reference(n, self.labels)) if numbered else right
        if cited is not right:
            yield self._tried(left, cited, self.surroundings())
        around = self.surroundings()
        yield self._tried(left, right, around)
        if around.twins:
            yield self._tried(left, right, self.surroundings(diagonal=True))

    def _tried(self, left: Node, right: Node, around: Surroundings) -> Typed | Unread | Clash:
        try:
            return self._typed(left, right, around)
        except (Unread, Clash) as reason:
            return reason

    def typed(self, left: Node, right: Node, *, free_sum: bool = False, kept_axes: bool = False) -> Typed:
        """The claim that two sides of the chain are equal; raises Unread, Undeclared or Clash."""
        return self._typed(left, right, self.surroundings(free_sum=free_sum, kept_axes=kept_axes))

    def _typed(self, left: Node, right: Node, around: Surroundings) -> Typed:
        try:
            claim = self._either(left, right, around)
        except RecursionError:
            raise Unread("it is nested too deeply") from None
        loss = self.network.abstract
        if loss is not None and (names_value(claim.left, loss) or names_value(claim.right, loss)):
            raise Unread(f"{loss} is not defined in this document: only its first derivatives mean anything")
        return claim

    def _either(self, left: Node, right: Node, around: Surroundings) -> Typed:
        if is_written_out(left) or is_written_out(right):
            return self.by_entries(left, right)
        if is_matrix_notation(left, self.network) or is_matrix_notation(right, self.network):
            try:
                return self.by_position(left, right)
            except NoGrid:
                pass
            except (Unread, Clash):
                by_name = is_matrix_notation(left, self.network, slices=False) or is_matrix_notation(right, self.network, slices=False)
                if by_name and not (is_chain_rule(left) and is_chain_rule(right)):
                    raise
            around.strict = True  # an entry beside a row of a matrix is another thing
        if self.updated is not None and left is self.chain.first:
            one_right = self.value(right, around)
            one_left = self.descended(one_right, around)
        else:
            one_left = self._left(left, around)
            one_right = self.value(right, around)
        return self.aligned(one_left, one_right, around)

    def _left(self, node: Node, around: Surroundings) -> Value:
        """The value of a left side in fresh surroundings, which take what it says of them; worked out once for all right sides tried."""
        key = id(node), around.diagonal, around.free_sum, around.kept_axes
        if key not in self._lefts:
            value = self.value(node, around)
            self._lefts[key] = node, value, around.found()
        _, value, found = self._lefts[key]
        around.take(found)
        return value

    def axes_of(self, side: Node) -> frozenset[str]:
        """The row and column axes of a side in matrix notation; none where it is not understood so."""
        try:
            axes = MatrixElaborator(self.network, self.surroundings(), self.network.numerator_layout).side(side).axes
        except (Unread, Clash):
            return frozenset()
        return frozenset(axis for axis in axes if axis is not None)

    def by_position(self, left: Node, right: Node) -> Typed:
        """The claim that two sides in matrix notation are equal; raises Unread, Undeclared or Clash.

        Where a row or column of a matrix stands, it may be written as a row or as a column, and either side may tell what its letter
        counts: the first way that fits.
        """
        first: Unread | Clash | None = None
        for turned in (False, True):
            for left_first in (False, True):
                around = self.surroundings()
                around.sum_in_sight = lambda: self.sum_in_sight(right)
                elaborator = MatrixElaborator(self.network, around, self.network.numerator_layout, turned)
                try:
                    return self._by_position(left, right, elaborator, left_first)
                except (Unread, Clash) as reason:
                    if not elaborator.sliced:
                        raise
                    first = first or reason
        assert first is not None
        raise first

    def _by_position(self, left: Node, right: Node, elaborator: MatrixElaborator, left_first: bool) -> Typed:
        around = elaborator.around
        if self.updated is not None and left is self.chain.first:
            other = elaborator.side(right)
            one = self.descended_by_position(other, elaborator)
        elif left_first:
            one = elaborator.side(left)
            other = elaborator.side(right)
        else:
            other = elaborator.side(right)
            one = elaborator.side(left)
        one = one.met(*other.axes)
        other = other.met(*one.axes)
        one, other = self.by_diagonal(one, other, around.notes), self.by_diagonal(other, one, around.notes)
        if one.axes != other.axes and None in one.axes and one.axes == other.axes[::-1] and self.lies_freely(left):
            around.notes.append("a vector is written as a row on one side and as a column on the other")
            other = other.transposed()
        if one.is_scalar != other.is_scalar and (k.ZERO in (one.expr, other.expr) or (spreads(one) and spreads(other))):
            around.notes.append("a number stands for all entries")
        elif one.axes != other.axes:
            raise Clash(f"the left side is {elaborator.shown(one)}, the right side {elaborator.shown(other)}")
        table = {b: a for a, b in ((one.row, other.row), (one.col, other.col)) if a is not None and b is not None}
        joined = k.substitute(other.expr, table)
        conditions = self.conditions(around, one.expr, joined)
        ends = frozenset(i for i in one.expr.free ^ joined.free if not is_implicit(i))
        return Typed(one.expr, joined, conditions, tuple(dict.fromkeys(around.notes)), ends, tuple(around.partitions))

    def lies_freely(self, node: Node) -> bool:
        """Whether a side is a vector, or the derivative by one, that nothing declares to be a row or a column."""
        if isinstance(node, Group):
            return self.lies_freely(node.body)
        if isinstance(node, Derivative):
            return len(node.denominators) == 1 and self.lies_freely(node.denominators[0])
        key = names_quantity(node, self.network)
        return key is not None and key not in self.network.oriented

    def by_entries(self, left: Node, right: Node) -> Typed:
        """The claim that two sides are equal entry by entry, of which one writes a matrix out; raises Unread, Undeclared or Clash."""
        if self.updated is not None and left is self.chain.first:
            raise Unread("an update with a matrix that is written out")
        around = self.surroundings()
        around.sum_in_sight = lambda: self.sum_in_sight(right)
        matrices = MatrixElaborator(self.network, around, self.network.numerator_layout)
        elaborator = TableElaborator(matrices, dict(self.network.entry_sizes))
        one, other = elaborator.table(left), elaborator.table(right)
        if is_rigid(left) and one.shape == other.shape[::-1] and 1 in one.shape:
            around.notes.append("a vector is written as a row on one side and as a column on the other")
            other = other.transposed()
        left_side, right_side, new = aligned(one, other)
        program = self.network.program
        sizes = {**dict(program.sizes), **self.network.entry_sizes, **new}
        try:
            Kernel(replace(program, sizes=tuple(sizes.items())))
        except IllTyped as reason:
            raise Unread(str(reason)) from None
        conditions = self.conditions(around, left_side, right_side)
        notes = tuple(dict.fromkeys(around.notes))
        unsized = sorted(axes_of(program, left_side, right_side) - sizes.keys())
        partitions = tuple(around.partitions)
        return Typed(left_side, right_side, conditions, notes, frozenset(), partitions, tuple(sorted(sizes.items())), tuple(unsized))

    def by_diagonal(self, side: Grid, other: Grid, notes: list[str]) -> Grid:
        """A square Jacobian beside a vector by its diagonal, where that is all there is; any other grid unchanged."""
        row, col = side.row, side.col
        line = other.row if other.col is None else other.col if other.row is None else None
        if row is None or col is None or row.axis != col.axis or not (other.is_scalar or (line is not None and line.axis == row.axis)):
            return side
        if not self.vanishes(side.expr, (Unequal(row, col),)):
            return side
        notes.append("a Jacobian that is diagonal is written by its diagonal")
        expr = k.substitute(side.expr, {col: row})
        return Grid(expr, row, None) if other.col is None else Grid(expr, None, row)

    def descended_by_position(self, right: Grid, elaborator: MatrixElaborator) -> Grid:
        """``W − η ∂L/∂W`` for an update in matrix notation."""
        assert self.updated is not None
        if self.network.root is None:
            raise Unread("no loss is declared")
        w = elaborator.side(self.updated)
        if not isinstance(w.expr, k.Tensor):
            raise Unread("an update of something that is not a quantity")
        gradient = k.Derivative(k.Tensor(self.loss_of(w.expr)), w.expr)
        return Grid(k.sub(w.expr, k.mul(learning_rate(right.expr), gradient)), w.row, w.col)

    def loss_of(self, quantity: k.Tensor) -> str:
        """The loss that an update of a quantity lowers: the document's, or another one that it defines and that depends on the quantity."""
        assert self.network.root is not None
        reached = affected(self.network.program, quantity.name)
        if self.network.root in reached:
            return self.network.root
        return next((name for name in self.network.losses if name in reached), self.network.root)

    def descended(self, right: Value, around: Surroundings) -> Value:
        """``w − η ∂L/∂w`` for an update of w, with the learning rate that the right side uses."""
        assert self.updated is not None
        if self.network.root is None:
            raise Unread("no loss is declared")
        w = Elaborator(self.network, around).value(self.updated, None)
        if not isinstance(w.expr, k.Tensor):
            raise Unread("an update of something that is not a quantity")
        gradient = k.Derivative(k.Tensor(self.loss_of(w.expr)), w.expr)
        return Value(k.sub(w.expr, k.mul(learning_rate(right.expr), gradient)), w.implicit)

    def aligned(self, left: Value, right: Value, around: Surroundings) -> Typed:
        """Both values over the same indices: Jacobians by their diagonal where they are diagonal, left-out indices bound."""
        notes = list(around.notes)
        one, other = left.expr, right.expr
        one, other = self._diagonal(one, other, notes), self._diagonal(other, one, notes)
        one = self._bound(one, other, notes, around.strict)
        other = self._bound(other, one, notes, around.strict)
        conditions = self.conditions(around, one, other)
        # The i of an index y_i that is on both sides is on both.
        within = {letter for i in one.free & other.free for letter in i.name.split("_")[1:]}
        ends = {i for i in one.free ^ other.free if not is_implicit(i) and i.name not in within}
        for condition in conditions:
            if isinstance(condition, Equal):
                ends -= {i for i in (condition.left, condition.right) if isinstance(i, Index)}
        counts = tuple(sorted({**self.network.ends, **around.counts}.items()))
        partitions = tuple(around.partitions)
        return Typed(one, other, conditions, tuple(dict.fromkeys(notes)), frozenset(ends), partitions, counts=counts)

    def _diagonal(self, side: Expr, other: Expr, notes: list[str]) -> Expr:
        for twin in sorted(i for i in side.free if is_implicit(i) and i.name.endswith("'") and i not in other.free):
            plain = implicit(twin.axis)
            if plain in side.free and self.vanishes(side, (Unequal(plain, twin),)):
                side = k.substitute(side, {twin: plain})
                notes.append("a Jacobian that is diagonal is written by its diagonal")
        return side

    def _bound(self, side: Expr, other: Expr, notes: list[str], strict: bool) -> Expr:
        for index in sorted(i for i in side.free if is_implicit(i) and i not in other.free):
            labels = sorted(i for i in other.free if not is_implicit(i) and i.axis == index.axis and i not in side.free)
            if len(labels) == 1 and strict:
                raise Unread(f"the index {labels[0].name} stands on one side only")
            if len(labels) == 1:
                side = k.substitute(side, {index: labels[0]})
                notes.append(f"the index {labels[0].name} is left out on one side")
            elif labels:
                raise Clash(f"the left-out index could be {' or '.join(i.name for i in labels)}")
        return side

    def conditions(self, around: Surroundings, left: Expr, right: Expr) -> tuple[Condition, ...]:
        """The conditions of the line, and the case conditions in force, whose letters both index something here.

        A derivative that is given with a δ or with cases of the same letters (``both together: …``) is not meant in one of the cases.
        """
        free = left.free | right.free
        formulas = [b for a, b in ((left, right), (right, left)) if isinstance(a, k.Derivative)]
        apart = {d.free for formula in formulas for d in nodes({}, formula) if isinstance(d, k.Delta)}
        found: list[Condition] = [*self._read(self.stated, around, free)]
        found += [c for c in self._read(self.cases, around, free) if {c.left, c.right} not in apart]
        return tuple(found)

    def _read(self, conditions: Iterable[Chain], around: Surroundings, free: frozenset[Index]) -> Iterator[Condition]:
        for chain in conditions:
            sides = chain.sides
            letters = [letter_of(s) if s is not None else None for s in sides]
            for n, link in enumerate(chain.links):
                a, b = letters[n], letters[n + 1]
                if a is None or b is None:
                    continue
                axis = around.letters.get(a) or around.letters.get(b)
                if axis is None or around.letters.get(a, axis) != around.letters.get(b, axis):
                    continue
                one, other = Index(a, axis), Index(b, axis)
                if link.relation == "!=" and one in free and other in free:
                    yield Unequal(one, other)
                elif link.relation == "=" and (one in free or other in free):
                    yield Equal(one, other)


def axes_of(program: Program, *exprs: Expr) -> set[str]:
    """The axes that expressions rest on, through the definitions of a program."""
    found: set[str] = set()
    for node in nodes(program.by_name, *exprs):
        match node:
            case k.Tensor(name):
                found.update(program.by_name[name].axes if name in program.by_name else ())
            case k.Sum(index, _) | k.Prod(index, _):
                found.add(index.axis)
            case k.Size(axis):
                found.add(axis)
    return found


def spreads(grid: Grid) -> bool:
    """Whether a number may stand for all entries of a grid: not for those of a Jacobian, where it would stand for the diagonal."""
    if grid.row is None or grid.col is None:
        return True
    return not any(isinstance(d, k.Derivative) and d.body.free for d in nodes({}, grid.expr))


def names_value(expr: Expr, quantity: str) -> bool:
    """Whether an expression uses a quantity other than through one first derivative."""
    match expr:
        case k.Derivative(k.Tensor(name), _) if name == quantity:
            return False
        case k.Tensor(name):
            return name == quantity
        case k.Derivative(body, _):
            return any(isinstance(t, k.Tensor) and t.name == quantity for t in _tensors(body))
    return any(names_value(child, quantity) for child in k.children(expr))


def learning_rate(expr: Expr) -> k.Tensor:
    """The learning rate that an update uses; raises Unread where there is none or more than one."""
    used = {t.name for t in _tensors(expr) if t.name in LEARNING_RATES and not t.indices}
    found = [name for name in LEARNING_RATES if name in used]
    if not found or {"\\eta", "\\alpha"} <= used:
        raise Unread("an update without one learning rate")
    return k.Tensor(found[0])


def reference(node: Node, labels: Collection[str]) -> Node | None:
    """What a number in parentheses that is the name of a line refers to; of a reference itself, and of all else, None."""
    match node:
        case Group(_, "(", Number(_, text)) if text in labels:
            return Reference(node.span, text)
        case Juxtaposed(_, (Name() | Scripted(_, _, _, _, _), Group(_, "(", Number()), *_)):
            return node  # f(2)
    return None


def is_chain_rule(node: Node) -> bool:
    """Whether a side is a product of derivatives, or one."""
    match node:
        case Derivative():
            return True
        case Product(_, operator, left, right):
            return operator not in ("/", "odot", "circ") and is_chain_rule(left) and is_chain_rule(right)
        case Juxtaposed(_, items):
            return all(is_chain_rule(i) for i in items)
    return False


def _tensors(expr: Expr) -> list[k.Tensor]:
    out: list[k.Tensor] = []
    stack = [expr]
    while stack:
        top = stack.pop()
        if isinstance(top, k.Tensor):
            out.append(top)
        stack.extend(k.children(top))
    return out


def is_rigid(node: Node) -> bool:
    """Whether a side fixes the axes of its chain by itself: a symbol, a derivative, a reference, a number."""
    if isinstance(node, Group):
        return is_rigid(node.body)
    if isinstance(node, Noted):
        return is_rigid(node.body)
    if isinstance(node, Juxtaposed):
        return len(node.items) == 2 and isinstance(node.items[0], (Name, Scripted)) and isinstance(node.items[1], Group)
    return isinstance(node, (Name, Scripted, Derivative, Reference, Number))


def updated_quantity(chain: Chain) -> Node | None:
    """The quantity that a chain updates: w of ``w(t+1) = …``, ``w^{(t+1)} = …``, ``w_{t+1} = …``, ``w ← …``, ``w := w - …``; else None."""
    first = chain.first
    if first is None or not chain.links:
        return None
    relation, right = chain.links[0].relation, chain.links[0].right
    if isinstance(first, (Name, Scripted)) and (relation == "<-" or (relation in ("=", ":=") and begins_with(right, first))):
        return first
    match first:
        case Juxtaposed(_, (Name() | Scripted() as base, Group(_, "(", body))) if iteration(body) == "next":
            return base
    return None


def begins_with(side: Node | None, symbol: Node) -> bool:
    """Whether a side is the symbol with something added to it or taken from it: an assignment, as an equation it would be absurd."""
    return isinstance(side, Added) and len(side.terms) > 1 and side.signs[0] == "+" and side.terms[0] == symbol


def names_quantity(node: Node, network: Network) -> str | None:
    """The declared key that a lone symbol names, else None."""
    if isinstance(node, (Name, Scripted)):
        occ = occurrence(node, network.words)
        if occ is not None:
            key = network.aliases.get(occ.key, occ.key)
            return key if key in network.slots else None
    return None
