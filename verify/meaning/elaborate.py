"""One side of a relation to an expression of index notation, in index and loose notation.

Axes that are not written are *implicit*: every tensor that carries one shares a single index named after the axis, so
that factors join by axis. Rules: an implicit axis that the target lacks is summed where at least two factors of a
product carry it; carried by one factor alone it is a clash of types. A product ``∂A/∂B · ∂B/∂C`` of Jacobians
contracts over B's axes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction as Rational

from verify.kernel import expr as k
from verify.kernel.expr import Expr, Index
from verify.kernel.program import Condition, Equal, Program, Unequal
from verify.meaning.functions import (
    ELEMENTWISE,
    FUNCTION_LETTERS,
    SIGMOID_LETTERS,
    SPECIAL_FUNCTIONS,
    extreme,
    function_name,
    indicated,
    indicator,
    power_of_e,
    raised,
)
from verify.meaning.network import Network, entry_of
from verify.meaning.sum_signs import begins_at_zero, ends_at, is_sum
from verify.meaning.surroundings import Clash, Surroundings, Undeclared, Unread, Value, implicit, is_implicit
from verify.meaning.symbols import (
    Lexicon,
    Occurrence,
    base_text,
    bound_letters,
    iteration,
    letter_of,
    numbered_entry,
    occurrence,
    script_text,
    symbol_node,
)
from verify.programs import in_terms_of, resolve, rewritten
from verify.reading.syntax import (
    Added,
    Big,
    Call,
    CaseRow,
    Cases,
    Chain,
    Derivative,
    Evaluated,
    Fraction,
    Group,
    Juxtaposed,
    Link,
    Nabla,
    Name,
    Node,
    Noted,
    Number,
    Product,
    Reference,
    Scripted,
    Span,
    Tuple,
)
from verify.reading.traversal import walk

DELTA_AT = re.compile(r"\\delta_\{(\d+)\}")
"""A Kronecker delta whose first index is a number."""
PRODUCT_SIGNS = frozenset({"cdot", "times", "*", ".", "", "odot", "circ", "ast", "bullet"})


class Elaborator:
    """Elaborates sides of relations against a network."""

    def __init__(self, network: Network, around: Surroundings) -> None:
        self.net = network
        self.around = around
        self.bound: dict[str, list[tuple[str, list[str]]]] = {}
        self.counted: dict[str, str] = {}
        """For bound letters the axis that the end of their sum counts, where the document says so."""
        self.serial = 0

    # -- entry points ---------------------------------------------------------------------------------------------------------

    def side(self, node: Node) -> Value:
        """The value of a whole side, its implicit axes held against the target."""
        value = self.value(node, self.around.target)
        target = self.around.target
        if target is not None:
            extra = [i for i in value.implicit if i.axis not in target]
            if extra and not (value.upper and value.lower) and not self.around.kept_axes:
                if not self.around.free_sum:
                    raise Clash(f"the axis {extra[0].axis} stands on one side only")
                value = replace(value, expr=k.total(value.expr, *extra), implicit=tuple(i for i in value.implicit if i not in extra))
        return value

    def value(self, node: Node, target: frozenset[str] | None) -> Value:
        """The value of a node; raises Unread, Undeclared or Clash."""
        match node:
            case Number(_, text):
                return Value(k.num(Rational(text)))
            case Name() | Scripted():
                return self.symbol(node, target)
            case Group(_, delimiter, body):
                if delimiter == "|":
                    inner = self.value(body, target)
                    return replace(inner, expr=ELEMENTWISE["abs"](inner.expr), above=None, below=None)
                if delimiter == "[" and isinstance(body, Chain):
                    zero, one = Number(node.span, "0"), Number(node.span, "1")
                    return self.cases((CaseRow(node.span, one, body), CaseRow(node.span, zero, None)), target)
                if delimiter in ("(", "[", "{"):
                    return self.value(body, target)
                if delimiter == "<" and isinstance(body, Tuple) and len(body.items) == 2:
                    pair = [self.value(item, None) for item in body.items]
                    if set(pair[0].implicit) != set(pair[1].implicit):
                        raise Clash("an inner product of two quantities with different axes")
                    return Value(k.total(k.mul(*(v.expr for v in pair)), *pair[0].implicit))
                if delimiter == "||":
                    inner = self.value(body, None)
                    return Value(k.power(k.total(k.power(inner.expr, 2), *inner.implicit), Rational(1, 2)))
                raise Unread(f"the delimiter {delimiter}")
            case Juxtaposed() | Product():
                return self.product(node, target)
            case Fraction(_, Number(_, text), Name(_, "e", "", ())) if "e" not in self.net.slots:
                return Value(k.mul(k.num(Rational(text)), k.Apply("exp", k.num(-1))))
            case Fraction(_, numerator, denominator):
                return self.quotient(numerator, denominator, target)
            case Added(_, signs, terms):
                return self.added(signs, terms, target)
            case Call(_, function, argument, index):
                return self.call(function, argument, index, target)
            case Big():
                return self.big(node, target)
            case Derivative():
                return self.derivative(node)
            case Nabla(_, wrt, 1, body) if wrt is not None and body is not None:
                return self.derivative(Derivative(node.span, body, (wrt,)))
            case Cases(_, rows):
                return self.cases(rows, target)
            case Evaluated(_, body, Chain(_, Name() | Scripted() as variable, (Link(_, "=", point),))) if point is not None:
                return self.evaluated(body, variable, point)
            case Noted(_, body, note, kind):
                return self.noted(body, note, kind, target)
            case Reference(_, label):
                if label in self.around.labels:
                    return self.value(self.around.labels[label], target)
                raise Unread(f"no line is named ({label})")
        raise Unread(f"{type(node).__name__.lower()} is not understood here")

    # -- symbols ----------------------------------------------------------------------------------------------------------------

    def symbol(self, node: Name | Scripted, target: frozenset[str] | None) -> Value:
        if isinstance(node, Scripted) and isinstance(node.base, Name) and node.base.text == "1" and isinstance(node.sub, Chain):
            return self.scripted(replace(node, base=Number(node.base.span, "1")), target)
        occ = occurrence(node, self.net.words)
        power = power_of_e(node)
        if power is not None and not ("e" in self.net.slots and (self.net.slots["e"] == () or isinstance(power, Number))):
            inner = self.value(power, None)
            return Value(k.Apply("exp", inner.expr), inner.implicit)
        if occ is None:
            assert isinstance(node, Scripted)
            return self.scripted(node, target)
        occ = self.at_number(node, occ)
        key = self.resolve(occ.key)
        if occ.primes or (isinstance(node, Scripted) and isinstance(node.sup, Name) and node.sup.text == "prime"):
            return self.primed(self.tensor(key, occ), max(occ.primes, 1))
        if key == "pi" or (occ.key == "\\pi" and key not in self.net.slots):
            return Value(k.Pi())
        base = self.tensor(key, occ)
        if occ.transposed:
            raise Unread("a transpose in loose notation")
        return self.raised(base, occ.exponent)

    def at_number(self, node: Node, occ: Occurrence) -> Occurrence:
        """A symbol whose first index is a number, the 1 of ``x_{1, j}``, where nothing is called ``x_1`` and x has one axis more."""
        stem, tag = entry_of(occ, self.net)
        return replace(occ, key=stem, written=(Number(node.span, tag), *occ.written)) if stem else occ

    def resolve(self, key: str) -> str:
        """The declared key that a key stands for: itself, or what the document's misreadings say."""
        return self.around.overrides.get(key, self.net.aliases.get(key, key))

    def tensor(self, key: str, occ: Occurrence) -> Value:
        if key in self.net.sizes and not occ.written and key not in self.net.slots:
            return Value(k.Size(self.net.sizes[key]))
        if key not in self.net.slots and occ.key == "\\delta" and len(occ.written) == 2:
            return Value(self.kronecker(*occ.written))
        if not occ.written and (entry := numbered_entry(key, self.net.slots)) is not None and entry[0] not in self.net.failed:
            return self.numbered(*entry)
        if key not in self.net.slots and len(occ.written) == 1 and (tag := DELTA_AT.fullmatch(occ.key)) is not None:
            return Value(self.kronecker(Number(occ.written[0].span, tag[1]), *occ.written))
        if key not in self.net.slots:
            raise Undeclared(occ.key)
        if key in self.net.failed:
            raise Unread(f"the definition of {key} was not understood: {self.net.failed[key]}")
        slots = self.net.slots[key]
        positions: list[k.Position | None] = [None] * len(slots)
        if len(occ.written) > len(slots):
            raise Unread(f"{key} has {len(slots)} axes as far as it is known, and {len(occ.written)} indices are written")
        every = len(occ.written) == len(slots)
        for k_th, term in enumerate(occ.written):
            known = self.axis_of(term)
            if known is None and len(slots) == 2 and len(occ.written) == 1:
                said = self.net.spoken.get((key, letter_of(term) or ""))
                known = slots[said] if said is not None else None
            # All indices written: each stands for its own slot. Some left out: each goes where its axis is.
            free = [k_th] if every else [n for n, p in enumerate(positions) if p is None]
            places = [n for n in free if known is None or slots[n] == known]
            if not places:
                raise Clash(f"the index {letter_of(term) or 'written'} of {key} does not range over the axis that it stands for")
            positions[places[0]] = self.position(term, slots[places[0]])
        unseen: list[Index] = []
        for n, p in enumerate(positions):
            if p is None:
                index = implicit(slots[n])
                if index in unseen:
                    raise Unread(f"{key} has two axes of one kind ({slots[n]}): without indices it is ambiguous")
                unseen.append(index)
                positions[n] = index
        return Value(k.Tensor(key, tuple(p for p in positions if p is not None)), tuple(unseen))

    def numbered(self, key: str, places: tuple[int, ...]) -> Value:
        """An entry of a quantity by its number; raises Clash where the document writes out fewer."""
        for axis, place in zip(self.net.slots[key], places, strict=True):
            if place >= self.net.entry_sizes.get(axis, place + 1):
                raise Clash(f"there is no entry {place + 1}: there are {self.net.entry_sizes[axis]} of them")
        return Value(k.Tensor(key, places))

    def kronecker(self, one: Node, other: Node) -> Expr:
        """``δ_ij`` where no δ is declared; the letters' axis is that of the one that ranges over something already."""
        axis = self.axis_of(one) or self.axis_of(other)
        if axis is None:
            raise Unread("a Kronecker delta whose indices range over nothing known")
        return k.delta(self.position(one, axis), self.position(other, axis))

    def axis_of(self, term: Node) -> str | None:
        letter = letter_of(term)
        if letter is None:
            return None
        if self.bound.get(letter):
            found = self.bound[letter][-1][1]
            return found[0] if found else None
        return self.around.letters.get(letter)

    def position(self, term: Node, axis: str) -> k.Position:
        if isinstance(term, Number):
            if not term.text.isdigit():
                raise Unread("an index that is not a whole number")
            place = int(term.text) - 1 if int(term.text) > 0 else 0
            if place >= self.net.entry_sizes.get(axis, place + 1):
                raise Clash(f"there is no entry {term.text}: there are {self.net.entry_sizes[axis]} of them")
            return place
        letter = letter_of(term)
        if letter is None:
            raise Unread("an index that is not a letter")
        if self.bound.get(letter):
            name, found = self.bound[letter][-1]
            if not found:
                found.append(axis)
            return Index(name, found[0])
        self.around.letters.setdefault(letter, axis)
        return Index(letter, self.around.letters[letter])

    def scripted(self, node: Scripted, target: frozenset[str] | None) -> Value:
        """A group, a big operator or a function with scripts: a power, a prime, or an entry of a vector."""
        base, sub, sup, primes = node.base, node.sub, node.sup, node.primes
        if isinstance(base, Group) and base.delimiter == "||" and script_text(sub) in ("2", "F"):
            sub = None
        if isinstance(base, Number) and base.text == "1" and isinstance(sub, Chain):
            zero = Number(node.span, "0")
            return self.cases((CaseRow(node.span, base, sub), CaseRow(node.span, zero, None)), target)
        if sub is not None:
            inner = self.value(base, None)
            if len(inner.implicit) != 1:
                raise Unread("a subscript on an expression")
            at = self.position(sub, inner.implicit[0].axis)
            return self.raised(Value(k.substitute(inner.expr, {inner.implicit[0]: at})), sup)
        if isinstance(sup, Name) and sup.text == "prime":
            primes, sup = primes + 1, None
        if primes:
            if isinstance(base, Big) and base.body is None:
                return self.primed(self.big(base, target), primes)
            return self.primed(self.value(base, None), primes)
        return self.raised(self.value(base, target if not isinstance(base, Group) or is_sum(base) else None), sup)

    def primed(self, value: Value, times: int) -> Value:
        variable = self.around.prime
        if variable is None:
            raise Unread("it is not said by which variable the prime differentiates")
        expr = value.expr
        for _ in range(times):
            expr = k.Derivative(expr, variable)
        more = tuple(i for i in variable.indices if isinstance(i, Index) and is_implicit(i) and i not in value.implicit)
        return Value(expr, value.implicit + more)

    def raised(self, base: Value, exponent: Node | None) -> Value:
        if exponent is None:
            return base
        power = self.value(exponent, None)
        if power.implicit:
            raise Unread("an exponent with axes")
        match power.expr:
            case k.Num(value):
                return Value(raised(base.expr, value), base.implicit)
            case k.Mul((k.Num(a), k.Pow(k.Num(b), c))) if c == -1:
                return Value(k.power(base.expr, a / b), base.implicit)
            case k.Pow(k.Num(b), c) if c == -1:
                return Value(k.power(base.expr, 1 / b), base.implicit)
        return Value(k.Apply("exp", k.mul(power.expr, k.Apply("log", base.expr))), base.implicit)

    # -- products ---------------------------------------------------------------------------------------------------------------

    def factors(self, node: Node) -> list[Node]:
        """The factors of a product in order; a function and its argument become one Call."""
        match node:
            case Product(_, operator, left, right) if operator in PRODUCT_SIGNS:
                return self.factors(left) + self.factors(right)
            case Juxtaposed(_, items):
                out: list[Node] = []
                queue = list(items)
                while queue:
                    item = queue.pop(0)
                    if queue and (joined := self.applied(item, queue[0])) is not None:
                        queue.pop(0)
                        out.append(joined)
                    else:
                        out.extend(self.factors(item) if isinstance(item, (Juxtaposed, Product)) else [item])
                return out
        return [node]

    def applied(self, head: Node, argument: Node) -> Node | None:
        """``f(x)`` as a Call, ``w(t)`` as w; None where the two are factors."""
        if (gradient := self.gradient(head, argument)) is not None:
            return gradient
        if (condition := indicated(head, argument)) is not None:
            zero, one = Number(argument.span, "0"), Number(argument.span, "1")
            return Cases(argument.span, (CaseRow(argument.span, one, condition), CaseRow(argument.span, zero, None)))
        inner = argument.base if isinstance(argument, Scripted) else argument
        is_group = isinstance(inner, Group) and inner.delimiter in ("(", "[")
        name = head.base if isinstance(head, Scripted) else head
        if not isinstance(name, Name):
            return None
        if is_group and name.font and name.text.lower() in SPECIAL_FUNCTIONS:
            return Call(head.span, head, argument)
        if function_name(name) is not None and (is_group or name.font):
            return Call(head.span, head, argument)
        occ = occurrence(head, self.net.words)
        if not is_group or occ is None:
            return None
        assert isinstance(inner, Group)
        key = self.resolve(occ.key)
        if key in self.net.functions or (name.text in SIGMOID_LETTERS and key not in self.net.slots):
            return Call(head.span, head, argument)
        if self.is_unknown_function(name, key) and iteration(inner.body) is None:
            return Call(head.span, head, argument)
        if not isinstance(argument, Group):
            return None
        if key == self.around.iterated and iteration(argument.body) == "now":
            return head
        if key in self.net.slots and iteration(argument.body) == "now" and self.resolve(_key(argument.body)) not in self.net.slots:
            return head
        if key in self.net.slots and key in self.net.arguments and _same_arguments(argument.body, self.net.arguments[key], self.net.words):
            return head
        return None

    def is_unknown_function(self, name: Name, key: str) -> bool:
        """Whether a name stands for a function that the document leaves open: every smooth function of that name."""
        word = name.font == "text" and len(name.text) > 1 and function_name(name) is None and name.text.lower() not in SPECIAL_FUNCTIONS
        return (name.text in FUNCTION_LETTERS or word) and not name.accents and key not in self.net.slots and key not in self.net.functions

    def order_of(self, function: Node) -> int:
        """How many primes a function carries."""
        return function.primes if isinstance(function, Scripted) else 0

    def gradient(self, head: Node, quantity: Node) -> Node | None:
        """``dW`` as ``∂L/∂W``, where W is declared, d is not, and there is a loss L; m times that for a quantity of each of m samples,
        where the document leaves their mean to the weights.
        """
        if self.net.root is None or not (isinstance(head, Name) and head.text == "d" and not head.accents):
            return None
        if "d" in self.net.slots and not self.net.gradients:
            return None
        if self.net.differentials:
            raise Unread("a differential")
        occ = occurrence(quantity, self.net.words) if isinstance(quantity, (Name, Scripted)) else None
        if occ is None or self.resolve(occ.key) not in self.net.slots or self.net.root == self.resolve(occ.key):
            return None
        span = Span(head.span.start, quantity.span.end)
        slope = Derivative(span, symbol_node(self.net.root, head.span), (quantity,), symbol="d")
        of_samples = self.net.samples & set(self.net.slots[self.resolve(occ.key)])
        definition = self.net.program.by_name.get(self.resolve(occ.key))
        if self.net.averaged is not None and definition is not None:
            number, of_a_mean = symbol_node(self.net.averaged[0], head.span), self.net.averaged[1]
            given = definition.body is None and not of_samples
            if given == of_a_mean:
                return slope
            return Fraction(span, slope, number) if given else Product(span, "cdot", number, slope)
        if not self.net.per_sample or not of_samples:
            return slope
        count = next((name for name, axis in self.net.sizes.items() if axis in of_samples), None)
        if count is None:
            raise Unread("the derivative for each sample of a mean whose number is not named")
        return Product(span, "cdot", symbol_node(count, head.span), slope)

    def product(self, node: Node, target: frozenset[str] | None) -> Value:
        if isinstance(node, Product) and node.operator not in PRODUCT_SIGNS:
            if node.operator in ("/", "div"):
                return self.quotient(node.left, node.right, target)
            raise Unread(f"the product sign {node.operator}")
        factors = self.factors(node)
        within = [target if isinstance(f, Cases) or is_sum(f) or len(factors) == 1 else None for f in factors]
        return self.multiplied([self.value(f, axes) for f, axes in zip(factors, within, strict=True)], target)

    def multiplied(self, values: list[Value], target: frozenset[str] | None) -> Value:
        """The product of values in order: Jacobians of a chain contract, the rest joins by axis."""
        chain: list[Value] = []
        for value in values:
            if chain and chain[-1].below is not None and chain[-1].below == value.above:
                chain[-1] = self.chained(chain[-1], value)
            else:
                chain.append(value)
        if len(chain) == 1:
            return chain[0]
        if any(i.name.endswith("'") for v in chain for i in v.implicit):
            self.around.twins = True
            chain = [self.diagonal_of(v) if self.around.diagonal else v for v in chain]
        carried: dict[Index, int] = {}
        for value in chain:
            for index in value.implicit:
                carried[index] = carried.get(index, 0) + 1
        expr = k.mul(*(v.expr for v in chain))
        kept: list[Index] = []
        summed: list[Index] = []
        for index, count in carried.items():
            if target is None or index.axis in target:
                kept.append(index)
            elif count >= 2 or self.around.free_sum:
                summed.append(index)
            elif self.around.kept_axes:
                kept.append(index)
            else:
                raise Clash(f"the axis {index.axis} stands in one factor only, and the other side does not have it")
        return Value(k.total(expr, *summed), tuple(kept))

    def chained(self, left: Value, right: Value) -> Value:
        """``∂A/∂B · ∂B/∂C`` contracted over B's implicit axes."""
        links: dict[Index, Index] = {}
        a, b = left.expr, right.expr
        if len(left.lower) != len(right.upper):
            raise Unread("a chain of Jacobians with some indices written and some not")
        dummies = []
        for one, other in zip(left.lower, right.upper, strict=True):
            self.serial += 1
            dummy = Index(f"{one.axis}~{self.serial}", one.axis)
            dummies.append(dummy)
            a, b = k.substitute(a, {one: dummy}), k.substitute(b, {other: dummy})
        rest = right.lower
        upper = left.upper
        for index in rest:
            plain = implicit(index.axis)
            if plain in upper:
                plain = implicit(index.axis, 1)
            links[index] = plain
        b = k.substitute(b, links)
        lower = tuple(links[i] for i in rest)
        return Value(k.total(k.mul(a, b), *dummies), upper + lower, left.above, right.below, upper, lower)

    def diagonal_of(self, value: Value) -> Value:
        """An elementwise Jacobian by its diagonal; any other value unchanged."""
        twins = [i for i in value.implicit if i.name.endswith("'")]
        expr = value.expr
        for twin in twins:
            expr = k.substitute(expr, {twin: implicit(twin.axis)})
        return Value(expr, tuple(i for i in value.implicit if i not in twins)) if twins else value

    def quotient(self, numerator: Node, denominator: Node, target: frozenset[str] | None) -> Value:
        top = self.value(numerator, target)
        bottom = self.value(denominator, target if is_sum(denominator) else None)
        axes = tuple(dict.fromkeys(top.implicit + bottom.implicit))
        return Value(k.div(top.expr, bottom.expr), axes)

    def added(self, signs: tuple[str, ...], terms: tuple[Node, ...], target: frozenset[str] | None) -> Value:
        if any(s not in ("+", "-") for s in signs):
            raise Unread("a sign that is both plus and minus")
        values = [self.value(t, target) for t in terms]
        axes: tuple[Index, ...] = ()
        for value in values:
            if value.implicit and axes and set(value.implicit) != set(axes):
                raise Clash("the terms of a sum have different axes")
            axes = axes or value.implicit
        expr = k.add(*(k.neg(v.expr) if s == "-" else v.expr for s, v in zip(signs, values, strict=True)))
        if len(values) == 1 and signs == ("-",):
            return replace(values[0], expr=expr)
        return Value(expr, axes)

    # -- functions --------------------------------------------------------------------------------------------------------------

    def call(self, function: Node, argument: Node, index: Node | None, target: frozenset[str] | None) -> Value:
        name = function.base if isinstance(function, Scripted) else function
        primes = function.primes if isinstance(function, Scripted) else 0
        exponent = function.sup if isinstance(function, Scripted) else None
        if isinstance(exponent, Name) and exponent.text == "prime":
            primes, exponent = primes + 1, None
        if not isinstance(name, Name):
            raise Unread("a function that is not a name")
        outer_sub: Node | None = function.sub if isinstance(function, Scripted) else None
        if isinstance(argument, Scripted) and isinstance(argument.base, Group):
            outer_sub, exponent = argument.sub or outer_sub, argument.sup or exponent
            argument = argument.base
        known = function_name(name)
        occ = occurrence(function, self.net.words)
        key = self.resolve(occ.key) if occ is not None else ""
        pair = argument.body if isinstance(argument, Group) else None
        if name.text in ("max", "min") and isinstance(pair, Tuple) and len(pair.items) == 2:
            result = self.extremum(name.text, *pair.items)
        elif key in self.net.functions:
            result = self.user_call(key, argument, primes)
        elif self.is_unknown_function(name, key):
            inner = self.value(argument, None)
            result = Value(k.Apply(key, inner.expr, self.order_of(function)), inner.implicit)
        elif known == "softmax":
            result = self.softmax(argument)
        elif known is not None or (name.text in SIGMOID_LETTERS):
            operation = ELEMENTWISE[known or "sigmoid"]
            inner = self.value(argument, target)
            result = Value(operation(inner.expr), inner.implicit)
            if known == "sqrt" and index is not None:
                root = self.value(index, None).expr
                if not isinstance(root, k.Num):
                    raise Unread("a root whose index is not a number")
                result = Value(k.power(inner.expr, 1 / root.value), inner.implicit)
            if primes:
                result = self.function_derivative(operation, inner, primes)
        else:
            raise Unread(f"the function {name.text}")
        if outer_sub is not None and known == "softmax":
            if len(result.implicit) != 1:
                raise Unread("a subscript on an expression")
            at = self.position(outer_sub, result.implicit[0].axis)
            result = Value(k.substitute(result.expr, {result.implicit[0]: at}))
        return self.raised(result, exponent)

    def extremum(self, which: str, one: Node, other: Node) -> Value:
        """max or min of two values, entry by entry; ``max(0, z)`` is the ReLU."""
        a, b = self.value(one, None), self.value(other, None)
        axes = tuple(dict.fromkeys(a.implicit + b.implicit))
        return Value(extreme(which, a.expr, b.expr), axes)

    def function_derivative(self, operation: Callable[[Expr], Expr], inner: Value, times: int) -> Value:
        """f'(u): the derivative of f as a function, at u."""
        variable = k.Tensor("·u")
        expr = operation(variable)
        for _ in range(times):
            expr = k.Derivative(expr, variable)
        return Value(_at(resolve(Program(), expr), variable, inner.expr), inner.implicit)

    def user_call(self, key: str, argument: Node, primes: int) -> Value:
        given = argument.body if isinstance(argument, Group) else argument
        parts = given.items if isinstance(given, Tuple) else (given,)
        return self.applied_function(key, [self.value(p, None) for p in parts], primes)

    def applied_function(self, key: str, values: list[Value], primes: int) -> Value:
        """A function of the document at its arguments, differentiated as often as primes say."""
        parameters, expr = self.net.functions[key]
        if len(values) != len(parameters):
            raise Clash(f"{key} takes {len(parameters)} arguments")
        if primes and len(parameters) != 1:
            raise Unread("a prime on a function of several variables")
        for _ in range(primes):
            expr = resolve(Program(), k.Derivative(expr, k.Tensor(parameters[0])))
        for parameter, value in zip(parameters, values, strict=True):
            expr = _at(expr, k.Tensor(parameter), value.expr)
        return Value(expr, tuple(dict.fromkeys(i for v in values for i in v.implicit)))

    def softmax(self, argument: Node) -> Value:
        inner = self.value(argument, None)
        axes = inner.implicit or tuple(i for i in inner.expr.free if i.name in self.around.letters)
        if len(axes) != 1:
            raise Unread("softmax of something that is not a vector")
        self.serial += 1
        m = Index(f"m~{self.serial}", axes[0].axis)
        below = k.Sum(m, k.Apply("exp", k.substitute(inner.expr, {axes[0]: m})))
        return Value(k.div(k.Apply("exp", inner.expr), below), inner.implicit)

    # -- sums -------------------------------------------------------------------------------------------------------------------

    def big(self, node: Big, target: frozenset[str] | None) -> Value:
        if node.operator not in ("sum", "prod"):
            raise Unread(f"the operator {node.operator}")
        if node.body is None:
            seen = self.around.sum_in_sight()
            if seen is None:
                raise Unread("it is not clear which sum a Σ without body stands for")
            inside, self.around.sum_in_sight = self.around.sum_in_sight, lambda: None
            try:
                return self.big(seen, target)
            finally:
                self.around.sum_in_sight = inside
        letters, excluded = self.bounds(node)
        if not letters:
            return self.bare_sum(node, target)
        self.open(letters, node.upper)
        try:
            inner = self.value(node.body, target)
            indices = self.opened(letters)
            guard = [indicator(self.index_condition(term)) for term in excluded]
        finally:
            self.close(letters)
        if isinstance(node.upper, (Name, Scripted)) and len(indices) == 1:
            above = occurrence(node.upper, self.net.words)
            if above is not None:
                self.around.widths.setdefault(above.key, indices[0].axis)
        if (count := ends_at(node)) is not None:
            for index in indices:
                if self.around.counts.setdefault(index.axis, count) != count:
                    raise Unread("sums over one axis that end at different numbers")
        body = k.mul(*guard, inner.expr)
        if node.operator == "sum":
            return Value(k.total(body, *indices), inner.implicit)
        if guard:
            body = k.add(k.mul(*guard, inner.expr), k.sub(k.ONE, k.mul(*guard)))
        for index in reversed(indices):
            body = k.Prod(index, body)
        return Value(body, inner.implicit)

    def open(self, letters: list[str], upper: Node | None = None) -> None:
        """Begin the scope of bound letters, of a sum up to N for the one it has."""
        end = upper.text if isinstance(upper, Name) else ""
        counted = self.net.entry_counts.get(end, self.net.sizes.get(end))
        for letter in letters:
            self.counted.pop(letter, None)
            if counted is not None and len(letters) == 1:
                self.counted[letter] = counted
            self.serial += 1
            self.bound.setdefault(letter, []).append((f"{letter}~{self.serial}", []))

    def opened(self, letters: list[str]) -> list[Index]:
        """The indices that the open letters became; raises Clash for one that its body does not use."""
        indices = []
        for letter in letters:
            name, found = self.bound[letter][-1]
            if not found:
                raise Clash(f"the sum runs over {letter}, and {letter} does not stand in its body")
            indices.append(Index(name, found[0]))
        return indices

    def close(self, letters: list[str]) -> None:
        """End the scope of bound letters."""
        for letter in letters:
            self.bound[letter].pop()

    def bounds(self, node: Big) -> tuple[list[str], list[Chain]]:
        """The bound letters of a big operator and its side conditions ``i ≠ k``."""
        if node.lower is None:
            return [], []
        letters = list(dict.fromkeys(bound_letters(node.lower)))
        if node.upper is not None and self.ends_early(node, letters, node.upper):
            raise Unread("a sum that does not run over a whole axis")
        excluded: list[Chain] = []
        for item in node.lower.items if isinstance(node.lower, Tuple) else (node.lower,):
            if isinstance(item, Chain):
                for link in item.links:
                    if link.relation == "!=":
                        excluded.append(item)
                    elif self.around.defining and (running := self.running(letters, link.right, node.body)) is not None:
                        letters = [running]
                    elif link.relation == "=" and not (isinstance(link.right, Number) and link.right.text in ("0", "1")):
                        raise Unread("a sum that does not begin at 0 or 1")
                    elif link.relation not in ("=", "in"):
                        raise Unread(f"a sum with the bound {link.relation}")
        return letters, excluded

    def ends_early(self, node: Big, letters: list[str], upper: Node) -> bool:
        """Whether a big operator ends at what is no width: at a letter that runs itself (``Σ_{i=1}^{j}``), before or behind the last
        position (``Σ_{i=1}^{n-1}``; from 0 that one is the last), at a multiple.
        """
        match upper:
            case Name():
                return upper.text in letters or upper.text in self.around.letters or bool(self.bound.get(upper.text))
            case Added(_, ("+", "-"), (_, Number(_, "1"))):
                return not begins_at_zero(node)
            case Added():
                return True
            case Juxtaposed(_, (Number(), *_)) | Fraction():
                return True
        return False

    def running(self, letters: list[str], start: Node | None, body: Node | None) -> str | None:
        """The letter that a sum ``Σ_{i=c}`` runs over where c stands in its body and i does not: c; else None."""
        letter = letter_of(start) if start is not None else None
        if letter is None or body is None or len(letters) != 1 or not self.net.words.is_index(letter) or self.bound.get(letter):
            return None
        symbols = [occ for n in walk(body) if isinstance(n, Scripted) and (occ := occurrence(n, self.net.words)) is not None]
        used = {letter_of(term) for occ in symbols for term in occ.written}
        if letter not in used or (letters[0] in used and not self.bound.get(letters[0])):
            return None
        self.around.notes.append(f"the sum that begins with {letters[0]} = {letter} runs over {letter}")
        return letter

    def bare_sum(self, node: Big, target: frozenset[str] | None) -> Value:
        """A Σ without index: over the axes that the target lacks; without target, over those that two factors share, else over all."""
        assert node.body is not None
        values = [self.value(f, None) for f in self.factors(node.body)]
        joint = self.multiplied(values, None)
        if target is not None:
            over = [i for i in joint.implicit if i.axis not in target] or list(joint.implicit)
        else:
            counts = {i: sum(i in v.implicit for v in values) for i in joint.implicit}
            over = [i for i, n in counts.items() if n >= 2] or list(joint.implicit)
        if not over:
            raise Clash("a sum over nothing")
        return Value(k.total(joint.expr, *over), tuple(i for i in joint.implicit if i not in over))

    def index_condition(self, chain: Chain) -> Condition:
        """``i = k`` or ``i ≠ k`` between index letters whose axis is known from one of them."""
        left, link = chain.first, chain.links[-1]
        if left is None or link.right is None:
            raise Unread("a condition with a missing side")
        axis = self.axis_of(left) or self.axis_of(link.right)
        if axis is None:
            raise Unread("a condition on letters that index nothing")
        one, other = self.position(left, axis), self.position(link.right, axis)
        if link.relation == "=":
            return Equal(one, other)
        if link.relation == "!=":
            return Unequal(one, other)
        raise Unread(f"the condition {link.relation}")

    # -- derivatives ------------------------------------------------------------------------------------------------------------

    def derivative(self, node: Derivative) -> Value:
        if node.numerator is None:
            raise Unread("a derivative of nothing")
        if node.one_sided:
            raise Unread("a ∂ below without one above")
        top = self.value(node.numerator, None)
        expr, above = top.expr, self.quantity_of(node.numerator)
        seen = list(top.implicit)
        lower: list[Index] = []
        below = None
        for part in node.denominators:
            repeat = 1
            if isinstance(part, Scripted) and isinstance(part.sup, Number) and node.order == int(part.sup.text) > 1:
                part, repeat = replace(part, sup=None), node.order
            variable = self.variable(part)
            for _ in range(repeat):
                renamed: dict[Index, Index] = {}
                for index in variable.indices:
                    if isinstance(index, Index) and is_implicit(index):
                        primes = 0
                        while implicit(index.axis, primes) in seen:
                            primes += 1
                        renamed[index] = implicit(index.axis, primes)
                        seen.append(renamed[index])
                        lower.append(renamed[index])
                moved = k.substitute(variable, renamed)
                assert isinstance(moved, k.Tensor)
                expr = k.Derivative(expr, moved)
            below = variable.name
        simple = len(node.denominators) == 1 and node.order == 1
        written = any(isinstance(i, Index) and not is_implicit(i) for i in variable.indices) if simple else True
        upper = top.implicit
        return Value(
            expr,
            tuple(seen),
            above,
            below if simple and not written else None,
            upper,
            tuple(lower),
        )

    def quantity_of(self, node: Node) -> str | None:
        """The quantity that a node names without written indices."""
        if isinstance(node, (Name, Scripted)):
            occ = occurrence(node, self.net.words)
            if occ is not None and not occ.written and occ.exponent is None and not occ.primes:
                return self.resolve(occ.key)
        if isinstance(node, Group):
            return self.quantity_of(node.body)
        return None

    def variable(self, node: Node) -> k.Tensor:
        """The quantity that a derivative is taken by."""
        if isinstance(node, Group):
            return self.variable(node.body)
        if isinstance(node, Juxtaposed) and len(node.items) == 2 and self.applied(*node.items) is node.items[0]:
            return self.variable(node.items[0])
        if isinstance(node, (Name, Scripted)):
            value = self.symbol(node, None)
            if isinstance(value.expr, k.Tensor):
                return value.expr
        raise Unread("a derivative by something that is not a quantity")

    # -- cases and notes ----------------------------------------------------------------------------------------------------------

    def cases(self, rows: tuple[CaseRow, ...], target: frozenset[str] | None) -> Value:
        guards: list[Expr | None] = []
        values: list[Value] = []
        axes: dict[Index, None] = {}
        for row in rows:
            value = self.value(row.value, target)
            values.append(value)
            axes.update(dict.fromkeys(value.implicit))
            condition = row.condition
            if condition is None:
                guards.append(None)
                continue
            if isinstance(condition, Group) and condition.body is not None:
                condition = condition.body
            if not isinstance(condition, Chain):
                raise Unread("a case whose condition is not a relation")
            guard = self.guard(condition, target)
            axes.update(dict.fromkeys(guard.implicit))
            guards.append(guard.expr)
        if sum(g is None for g in guards) > 1:
            raise Unread("two cases without condition")
        stated = [g for g in guards if g is not None]
        rest = k.sub(k.ONE, k.add(*stated))
        if all(g is not None for g in guards):
            self.around.partitions.append(tuple(stated))
        expr = k.add(*(k.mul(g if g is not None else rest, v.expr) for g, v in zip(guards, values, strict=True)))
        return Value(expr, tuple(axes))

    def guard(self, condition: Chain, target: frozenset[str] | None = None) -> Value:
        """A condition as 0 or 1: a step for an order of numbers, a delta for equal indices."""
        if condition.first is None or len(condition.links) != 1 or condition.links[0].right is None:
            raise Unread("a condition with more than one relation")
        left, link = condition.first, condition.links[0]
        right = link.right
        assert right is not None
        if link.relation in ("=", "!=") and letter_of(left) and letter_of(right):
            return Value(indicator(self.index_condition(condition)))
        one, other = (self.value(side, target if is_sum(side) else None) for side in (left, right))
        axes = tuple(dict.fromkeys(one.implicit + other.implicit))
        if link.relation in (">", ">="):
            return Value(k.Step(k.sub(one.expr, other.expr)), axes)
        if link.relation in ("<", "<="):
            return Value(k.Step(k.sub(other.expr, one.expr)), axes)
        raise Unread(f"the condition {link.relation}")

    def evaluated(self, body: Node, variable: Node, point: Node) -> Value:
        """An expression at a point, ``df/du |_{u = 2}``: a number for a given number, put in after everything is differentiated."""
        value, wrt, at = (self.value(node, None) for node in (body, variable, point))
        leaf = self.net.program.by_name.get(wrt.expr.name) if isinstance(wrt.expr, k.Tensor) else None
        if leaf is None or leaf.body is not None or leaf.indices or at.implicit:
            raise Unread("an evaluation at a point that is not a number given for a number")
        return Value(_at(in_terms_of(self.net.program, value.expr, leaf.name), k.Tensor(leaf.name), at.expr), value.implicit)

    def noted(self, body: Node, note: Node | None, kind: str, target: frozenset[str] | None) -> Value:
        """An underbraced term; a note ``i = K`` renames i in it."""
        if isinstance(note, Chain) and note.first is not None and len(note.links) == 1 and note.links[0].relation == "=":
            old, new = letter_of(note.first), letter_of(note.links[0].right) if note.links[0].right else None
            if old and new:
                value = self.value(body, target)
                axis = self.around.letters.get(old)
                if axis is not None:
                    self.around.letters.setdefault(new, axis)
                    self.around.notes.append(f"{old} = {new} under the brace")
                    return replace(value, expr=k.substitute(value.expr, {Index(old, axis): Index(new, axis)}))
                return value
        return self.value(body, target)


def _at(expr: Expr, variable: k.Tensor, value: Expr) -> Expr:
    """The expression with a scalar variable replaced by a value; no index of the value is bound in the expression."""
    return rewritten(expr, lambda e: value if e == variable else None)


def _key(node: Node) -> str:
    return base_text(node) if isinstance(node, Name) else ""


def _same_arguments(body: Node, names: tuple[str, ...], words: Lexicon) -> bool:
    parts = body.items if isinstance(body, Tuple) else (body,)
    found = (occurrence(part, words) if isinstance(part, (Name, Scripted)) else None for part in parts)
    return tuple(occ.key if occ is not None and not occ.written else "" for occ in found) == names
