"""The axes of a document's quantities, inferred from its definitions by unification.

Every slot of a quantity is an axis variable. Index letters unify slots within one definition (a letter has no type of its own beyond it);
elementwise functions and softmax copy axes; in a loose ``S = Σ u v + b`` one factor is a known vector, the other takes its axis and
that of S.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from verify.meaning.functions import function_name
from verify.meaning.symbols import Lexicon, bound_letters, keys_in, letter_of, occurrence
from verify.reading.syntax import (
    Added,
    Big,
    Call,
    Cases,
    Chain,
    Derivative,
    Fraction,
    Group,
    Juxtaposed,
    Name,
    Node,
    Noted,
    Number,
    Product,
    Scripted,
    Tuple,
)
from verify.reading.traversal import walk

Shape = tuple[int, ...]
WEIGHT_LETTERS = frozenset({"w", "W", "theta", "Theta", "U", "V", "u", "v"})


@dataclass
class AxisVariables:
    """Union-find over axis variables, and the slots found for each quantity so far."""

    parent: list[int] = field(default_factory=list)
    slots: dict[str, Shape] = field(default_factory=dict)

    def new(self) -> int:
        """A fresh axis variable."""
        self.parent.append(len(self.parent))
        return len(self.parent) - 1

    def find(self, variable: int) -> int:
        """The representative of a variable's class."""
        while self.parent[variable] != variable:
            self.parent[variable] = self.parent[self.parent[variable]]
            variable = self.parent[variable]
        return variable

    def unify(self, a: int, b: int) -> None:
        """Make two variables one axis; the older one stays the representative."""
        a, b = self.find(a), self.find(b)
        if a != b:
            self.parent[max(a, b)] = min(a, b)

    def of(self, key: str) -> Shape | None:
        """The slots of a quantity by representative, or None if nothing is known of it."""
        found = self.slots.get(key)
        return None if found is None else tuple(self.find(v) for v in found)


@dataclass(frozen=True)
class Defining:
    """A definition as written: the head's key, its written index terms, the body; parameters of ``f(x) = …``."""

    key: str
    written: tuple[Node, ...]
    body: Node
    parameters: tuple[str, ...] = ()


def infer(
    definitions: list[Defining],
    words: Lexicon,
    weights: frozenset[str],
    is_function: frozenset[str],
    state: AxisVariables | None = None,
    sides: Iterable[Node] = (),
    others: Iterable[Defining] = (),
) -> AxisVariables:
    """The axis variables of every quantity that the definitions name.

    ``weights`` are the keys that the document updates or differentiates by; ``state`` holds what is known already.
    ``sides`` are all sides of the document's chains: they give axes to symbols that a definition names without them,
    and change nothing for the others; so they do for those that only ``others``, definitions read by position, name
    with indices. What stays unknown is a scalar.
    """
    state = state or AxisVariables()
    indexed = _written_counts(definitions, words)
    pending = list(definitions)
    for last in (False, True):
        for _ in range(len(definitions) + 2):
            before = (len(state.slots), sum(state.parent[v] == v for v in range(len(state.parent))))
            for definition in pending:
                _Pass(state, words, weights, indexed, is_function, last).definition(definition)
            after = (len(state.slots), sum(state.parent[v] == v for v in range(len(state.parent))))
            if before == after:
                break
    declared = {key for definition in definitions for key in (definition.key, *keys_in(definition.body, words))}
    declared |= {key for definition in others for key in keys_in(definition.body, words)}
    for side in sides:
        _observe(side, state, words, declared)
    for definition in definitions:
        state.slots.setdefault(definition.key, ())
        for key in keys_in(definition.body, words):
            state.slots.setdefault(key, ())
    return state


def _observe(side: Node, state: AxisVariables, words: Lexicon, declared: set[str]) -> None:
    """Axes for the declared symbols of a side that have none yet, by the letters they share with symbols that do."""
    found = [
        occ for node in walk(side) if isinstance(node, (Name, Scripted)) and (occ := occurrence(node, words)) is not None and occ.written
    ]
    letters: dict[str, int] = {}
    for occ in found:
        for term, slot in zip(occ.written, state.slots.get(occ.key, ()), strict=False):
            if (letter := letter_of(term)) is not None:
                letters.setdefault(letter, slot)
    for occ in found:
        if occ.key not in state.slots and occ.key in declared:
            state.slots[occ.key] = tuple(
                letters.setdefault(letter, state.new()) if (letter := letter_of(t)) is not None else state.new() for t in occ.written
            )


def _written_counts(definitions: Iterable[Defining], words: Lexicon) -> dict[str, int]:
    """For each key the largest number of indices that any definition writes on it."""
    counts: dict[str, int] = {}
    for definition in definitions:
        counts[definition.key] = max(counts.get(definition.key, 0), len(definition.written))
        for node in walk(definition.body):
            occ = occurrence(node, words)
            if occ is not None:
                counts[occ.key] = max(counts.get(occ.key, 0), len(occ.written))
    return counts


class _Pass:
    """One walk over one definition; ``last`` lets a bare product of unknowns decide for itself."""

    def __init__(
        self,
        state: AxisVariables,
        words: Lexicon,
        weights: frozenset[str],
        indexed: dict[str, int],
        is_function: frozenset[str],
        last: bool,
    ) -> None:
        self.state, self.words, self.weights, self.indexed, self.is_function, self.last = state, words, weights, indexed, is_function, last
        self.letters: dict[str, list[int]] = {}
        self.head = ""
        self.head_shape: Shape | None = None

    def definition(self, definition: Defining) -> None:
        self.head = definition.key
        if definition.written and definition.key not in self.state.slots:
            self.state.slots[definition.key] = tuple(self.state.new() for _ in definition.written)
        slots = self.state.of(definition.key)
        if slots is not None:
            self.written(definition.written, slots)
            self.head_shape = slots[len(definition.written) :]
        found = self.shape(definition.body, self.head_shape)
        if slots is None and found is not None:
            self.state.slots[definition.key] = found
        elif slots is not None and found and self.head_shape is not None and len(found) == len(self.head_shape):
            self.unify_all(found, self.head_shape)

    def unify_all(self, a: Shape, b: Shape) -> None:
        """Make two lists of axes one; without indices they come in no order, so that only those that the other list lacks are joined."""
        a, b = tuple(map(self.state.find, a)), tuple(map(self.state.find, b))
        for one, other in zip([v for v in a if v not in b], [v for v in b if v not in a], strict=False):
            self.state.unify(one, other)

    def written(self, terms: tuple[Node, ...], slots: Shape) -> None:
        for term, slot in zip(terms, slots, strict=False):
            letter = letter_of(term)
            if letter is None:
                continue
            known = self.letters.setdefault(letter, [])
            if known:
                self.state.unify(known[-1], slot)
            else:
                known.append(slot)

    def symbol(self, node: Node, want: Shape | None) -> Shape | None:
        occ = occurrence(node, self.words)
        if occ is None:
            assert isinstance(node, Scripted)
            return self.shape(node.base, want)
        key = occ.key
        count = len(occ.written)
        if key in self.is_function:
            return ()
        if key not in self.state.slots:
            if count or self.indexed.get(key, 0):
                count = max(count, self.indexed.get(key, 0))
                self.state.slots[key] = tuple(self.state.new() for _ in range(count))
            elif want is not None and key != "e":
                self.state.slots[key] = want
            else:
                return None
        slots = self.state.of(key) or ()
        if count == 1 and len(slots) == 2 and isinstance(node, Scripted) and node.sub is None and key in self.words.slices.values():
            return None  # one sample of a matrix of them: whether a row or a column is found later
        self.written(occ.written, slots)
        return slots[len(occ.written) :]

    def shape(self, node: Node, want: Shape | None) -> Shape | None:
        """The implicit axes of a node; None where a quantity below is still unknown."""
        match node:
            case Number():
                return ()
            case Name() | Scripted():
                number = isinstance(node, Scripted) and isinstance(node.base, Name) and node.base.text == "e" and node.sub is None
                if number and isinstance(node, Scripted) and node.sup is not None:
                    return self.shape(node.sup, want)
                return self.symbol(node, want)
            case Group(_, _, body) | Noted(_, body, _, _):
                return self.shape(body, want)
            case Added(_, _, terms):
                shapes = [self.shape(t, want) for t in terms]
                found = next((s for s in shapes if s), None)
                if found:
                    for term, s in zip(terms, shapes, strict=True):
                        if s is None:
                            self.shape(term, found)
                    return found
                return None if any(s is None for s in shapes) else ()
            case Fraction(_, a, b) | Product(_, "/", a, b):
                return self.joined([a, b], want)
            case Juxtaposed(_, (name, Group(_, "(", argument))) if function_name(name) == "softmax":
                return self.softmax(argument, want)
            case Juxtaposed() | Product():
                return self.joined(self.factors(node), want)
            case Call(_, function, argument, _):
                if isinstance(function, Scripted) and function.sub is not None:
                    for term in function.sub.items if isinstance(function.sub, Tuple) else (function.sub,):
                        inner = self.shape(argument, None)
                        if inner:
                            self.written((term,), inner)
                            return inner[1:]
                return self.softmax(argument, want) if function_name(function) == "softmax" else self.shape(argument, want)
            case Tuple(_, items):
                return self.joined(list(items), want)
            case Big():
                return self.big(node, want)
            case Derivative(_, numerator, denominators):
                parts = [self.shape(n, None) for n in (numerator, *denominators) if n is not None]
                return None if any(p is None for p in parts) else tuple(v for p in parts if p is not None for v in p)
            case Cases(_, rows):
                shapes = [self.shape(r.value, want) for r in rows]
                for r in rows:
                    if isinstance(r.condition, Chain) and r.condition.first is not None:
                        shapes.append(self.shape(r.condition.first, None))
                return next((s for s in shapes if s), () if all(s is not None for s in shapes) else None)
        return ()

    def softmax(self, argument: Node, want: Shape | None) -> Shape | None:
        """The axes of a softmax: those of its argument, at least one, because the softmax of one number says nothing."""
        found = self.shape(argument, want)
        return self.shape(argument, (self.state.new(),)) if found is None and self.last else found

    def factors(self, node: Node) -> list[Node]:
        match node:
            case Product(_, _, left, right):
                return self.factors(left) + self.factors(right)
            case Juxtaposed(_, items):
                out: list[Node] = []
                for item in items:
                    name = out[-1] if out else None
                    if isinstance(name, Name) and isinstance(item, Group) and (len(name.text) > 1 or name.text in self.is_function):
                        out[-1] = item
                    else:
                        out.extend(self.factors(item))
                return out
        return [node]

    def joined(self, factors: list[Node], want: Shape | None) -> Shape | None:
        shapes = [self.shape(f, None) for f in factors]
        axes = tuple(dict.fromkeys(v for s in shapes if s for v in s))
        if any(s is None for s in shapes) and axes and all(s is None or s == axes or not s for s in shapes):
            unknown = [f for f, s in zip(factors, shapes, strict=True) if s is None]
            if self.last:
                shapes = [self.shape(f, axes) for f in unknown]
            elif len(unknown) == 1 and not self.under_bare_sum:
                shapes = [self.shape(unknown[0], axes)]
        if any(s is None for s in shapes):
            return None
        return axes

    under_bare_sum = False

    def big(self, node: Big, want: Shape | None) -> Shape | None:
        if node.body is None:
            return ()
        letters = list(dict.fromkeys(bound_letters(node.lower))) if node.lower is not None else []
        if letters:
            saved = {letter: self.letters.get(letter) for letter in letters}
            for letter in letters:
                self.letters[letter] = []
            found = self.shape(node.body, want)
            for letter, old in saved.items():
                if old is None:
                    self.letters.pop(letter, None)
                else:
                    self.letters[letter] = old
            return found
        return self.contraction(node.body)

    def contraction(self, body: Node) -> Shape | None:
        """The axes of a bare ``Σ u v``: what u and v do not share."""
        factors = self.factors(body)
        self.under_bare_sum = True
        shapes = [self.shape(f, None) for f in factors]
        self.under_bare_sum = False
        unknown = [n for n, s in enumerate(shapes) if s is None]
        known = [n for n, s in enumerate(shapes) if s]
        if len(factors) == 2 and unknown and self.head:
            weight = self.weight(factors, unknown, known)
            other = 1 - weight
            if shapes[other] is None:
                self.shape(factors[other], (self.state.new(),))
            if shapes[weight] is None:
                inner = self.shape(factors[other], None) or ()
                if len(inner) == 1 or (inner and self.head_shape == ()):  # for a number, the two are of one shape
                    outer = self.head_shape
                    if outer is None:
                        outer = (self.state.new(),)
                        self.state.slots[self.head] = outer
                        self.head_shape = outer
                    self.shape(factors[weight], inner + outer)
            shapes = [self.shape(f, None) for f in factors]
        if self.last and all(not s for s in shapes) and any(s is None for s in shapes):
            line = (self.state.new(),)  # a Σ without index sums over something
            shapes = [self.shape(f, line) if s is None else s for f, s in zip(factors, shapes, strict=True)]
        if any(s is None for s in shapes):
            return None
        counts: dict[int, int] = {}
        for s in shapes:
            for v in s or ():
                counts[v] = counts.get(v, 0) + 1
        if all(n < 2 for n in counts.values()):
            return ()
        return tuple(v for v, n in counts.items() if n < 2)

    def weight(self, factors: list[Node], unknown: list[int], known: list[int]) -> int:
        """Which of two factors is the weight: the unknown one beside a vector; else the one that is updated, named so, or tagged like
        the head.
        """
        if len(unknown) == 1 and known:
            return unknown[0]
        for hits in ([n for n in unknown if self.is_updated(factors[n])], [n for n in unknown if is_weight_letter(factors[n])]):
            if len(hits) == 1:
                return hits[0]
        return unknown[-1]

    def is_updated(self, node: Node) -> bool:
        """Whether the document updates or differentiates by a symbol."""
        occ = occurrence(node, self.words) if isinstance(node, (Name, Scripted)) else None
        return occ is not None and occ.key in self.weights


def is_weight_letter(node: Node) -> bool:
    """Whether a symbol has a letter that weights usually have."""
    name = node.base if isinstance(node, Scripted) else node
    return isinstance(name, Name) and name.text in WEIGHT_LETTERS
