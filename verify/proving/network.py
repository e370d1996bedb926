"""The gradients of a network derived from its forward pass alone: the chain rule along the network, with named error signals.

Backwards from the result, each quantity on the way gets its error signal from those of the quantities that it feeds. What is proposed
here is shown only after the kernel has decided it, in the form in which it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from verify.advice import ADVICE
from verify.kernel.decision import IllTyped, Kernel, Proved, Tested
from verify.kernel.expr import (
    ONE,
    ZERO,
    Apply,
    Delta,
    Derivative,
    Expr,
    Index,
    Mul,
    Num,
    Position,
    Pow,
    Prod,
    Sum,
    Tensor,
    add,
    children,
    delta,
    fresh,
    mul,
    neg,
    power,
    rebuild,
    substitute,
    total,
)
from verify.kernel.program import Condition, Definition, Equal, OutOfReach, Program, Unequal, nodes
from verify.notations.page import LETTERS
from verify.programs import affected
from verify.proving.order import readable
from verify.proving.proof import Block, Chain, Heading, Line, NotProved, Proof, Signal, Way
from verify.proving.rules import activation_forms, contracted, steps
from verify.proving.tidy import Fold, Tidier, TooLarge, signature, weight
from verify.workspace import Workspace

Detail = Literal["brief", "full"]

SHORT = 7
"""The error signal of this weight is written out where it is used as well: ``o - y`` is what people look for."""
LONG = 14
"""A derivative of this weight gets a name even if it is used only once."""


@dataclass(frozen=True)
class Local:
    """How a quantity answers at once to one that it uses: both entries, the indices to sum over, the steps, the closed form.

    ``alone`` says that there is no other way from the one to the other, so that the derivative of the program is this one.
    """

    entry: Tensor
    wrt: Tensor
    over: tuple[Index, ...]
    alone: bool
    steps: tuple[tuple[str, Expr], ...]
    value: Expr


def derive(
    program: Program,
    root: str,
    wanted: Sequence[str],
    detail: Detail = "full",
    *,
    name: str = "",
    title: str = "",
    source: str = "",
    parameters: Sequence[str] = (),
    signals: bool = True,
) -> Proof:
    """The proof of the derivatives of a quantity by the wanted ones, each step decided.

    ``root`` is what is differentiated, as a rule the loss; ``wanted`` are names of quantities that it depends on, in the order in which
    the results are listed; those among the ``parameters`` get their update rule too. Without ``signals`` no error signal gets a
    name, and the results are in quantities of the program alone. Raises NotProved where something wanted has no influence, or where the
    kernel decides no form of a step.
    """
    proof = _Derivation(program, root, tuple(wanted), detail == "full", signals).proof(name, title, source)
    return replace(proof, parameters=tuple(parameters))


class _Derivation:
    def __init__(self, program: Program, root: str, wanted: tuple[str, ...], full: bool, signals: bool = True) -> None:
        self.program, self.wanted, self.full = program, wanted, full
        self.definitions = program.by_name
        taken = frozenset(i for d in program.definitions for i in d.indices)
        formal = self.definitions[root].indices
        self.root = Tensor(root, _apart(formal, taken))
        self.reach = {name: affected(program, name) for name in self.definitions}
        for name in wanted:
            if root not in self.reach[name]:
                raise NotProved(f"{root} does not depend on {name}")
        moved = frozenset[str]().union(*(self.reach[name] for name in wanted)) | set(wanted)
        self.path = tuple(d.name for d in program.definitions if d.name in moved and root in self.reach[d.name])
        self.signals = self._signals() if signals else {}
        extended = replace(program, definitions=(*program.definitions, *self.signals.values()))
        self.kernel = Kernel(extended, ADVICE)
        self.tidier = Tidier(self._is_one, tuple(_folds(program)))
        self.values: dict[str, Expr] = {}
        self.named: list[str] = []
        self.ones: dict[str, bool] = {}

    @cached_property
    def workspace(self) -> Workspace:
        return Workspace(self.kernel.program)

    def _signals(self) -> dict[str, Definition]:
        """A definition of the error signal of each quantity on the way, under a name that is free."""
        if self.root.indices:
            return {}
        inner = [name for name in self.path if name not in self.wanted]
        found: dict[str, Definition] = {}
        inner.sort(key=lambda name: not self._is_reused(name))  # these have the first choice of a name
        for name, signal in zip(inner, signal_names(inner), strict=True):
            while signal in self.definitions or signal in {d.name for d in found.values()}:
                signal += "'"
            indices = self.definitions[name].indices
            found[name] = Definition(signal, indices, Derivative(self.root, Tensor(name, indices)))
        return found

    # -- deciding ---------------------------------------------------------------------------------------------------------------

    def decide(self, left: Expr, right: Expr, conditions: tuple[Condition, ...] = ()) -> Proved | Tested | None:
        """The decision that a step is true, or None."""
        try:
            proved = self.kernel.prove(left, right, conditions)
            if proved is not None:
                return proved
            decision = self.workspace.decide(left, right, conditions)
        except (IllTyped, OutOfReach, RecursionError):
            return None
        return decision if isinstance(decision, Proved | Tested) else None

    def _proves(self, left: Expr, right: Expr) -> bool:
        try:
            return self.kernel.prove(left, right, (), 4_000) is not None
        except (IllTyped, OutOfReach, RecursionError):
            return False

    def _is_one(self, found: Sum) -> bool:
        if not isinstance(found.body, Tensor):
            return False
        sign = signature(found)
        if sign not in self.ones:
            self.ones[sign] = self._proves(found, ONE)
        return self.ones[sign]

    def best(self, expr: Expr, more: Iterable[Expr] = ()) -> Expr:
        """The most readable form of an expression that the kernel proves to be equal to it."""
        for form in sorted([*more, *self.tidier.forms(expr)], key=weight):
            if signature(form) == signature(expr) or self._proves(expr, form):
                return form
        return expr

    def chain(self, head: Expr, links: Iterable[tuple[str, Expr]], conditions: tuple[Condition, ...] = ()) -> Chain:
        """The steps from a head through the links, those that change nothing left out. Raises NotProved for a step that is not decided."""
        lines: list[Line] = []
        links = list(links)
        free = frozenset[Index]().union(head.free, *(expr.free for _, expr in links))
        last = readable(_unshadowed(head, free))
        for rule, expr in links:
            shown = readable(_unshadowed(expr, free))
            if signature(shown) == signature(last):
                continue
            decision = self.decide(last, shown, conditions)
            if decision is None:
                raise NotProved(f"the step to {signature(shown)} by the {rule} is not decided")
            lines.append(Line(last, shown, rule, "", conditions, decision))
            last = shown
        return Chain(tuple(lines))

    # -- one quantity by one that it uses ---------------------------------------------------------------------------------------------

    def local(self, consumer: str, name: str) -> Local:
        """How a quantity answers to one that its body uses, with every other quantity in the body held fixed."""
        definition, wrt = self.definitions[consumer], Tensor(name, self.definitions[name].indices)
        assert definition.body is not None
        is_root = consumer == self.root.name
        aligned = {} if is_root else _aligned(definition, name)
        table: dict[Index, Position] = {}
        avoid = {*wrt.indices, *aligned.values()}
        for n, index in enumerate(definition.indices):
            if is_root:
                table[index] = self.root.indices[n]
            elif index in aligned:
                table[index] = wrt.indices[aligned[index]]
            else:
                new = fresh(index, {i for i in avoid if isinstance(i, Index)})
                avoid.add(new)
                table[index] = new
        over = tuple(i for i in (table[j] for j in definition.indices) if isinstance(i, Index) and i not in wrt.free and not is_root)
        entry = Tensor(consumer, tuple(table[i] for i in definition.indices))
        body = substitute(definition.body, table)
        others = definition.uses - {name}
        alone = not any(name in self._above(other) for other in others)
        tidier = Tidier(self._is_one, (Fold(consumer, definition.indices, definition.body),))
        found: list[tuple[str, Expr]] = []
        match body:
            case Apply("sigmoid", argument, 0) if self.full:
                body = power(add(ONE, Apply("exp", neg(argument))), -1)
                found.append(("definition", Derivative(body, wrt)))
        found += [(a.rule, contracted(a.expr)) for a in steps(body, wrt, lambda other: other == name)]
        short = found[-1][1]
        forms = [*(activation_forms(entry, wrt) if _is_elementwise(definition, wrt, table) else ()), *tidier.forms(short)]
        value = next((f for f in sorted(forms, key=weight) if signature(f) == signature(short) or self._proves(short, f)), short)
        mentions = any(isinstance(t, Tensor) and t.name == consumer for t in nodes({}, value))
        found.append(("definition" if mentions else "algebra", value))
        return Local(entry, wrt, over, alone, tuple(found), value)

    def _above(self, name: str) -> frozenset[str]:
        """The names that a quantity depends on."""
        return frozenset(other for other, reached in self.reach.items() if name in reached)

    # -- along the network --------------------------------------------------------------------------------------------------------

    def value(self, name: str, entry: Tensor) -> Expr:
        """The derivative of the root by an entry that has been derived: its error signal, or its closed form."""
        formal: tuple[Index, ...] = self.definitions[name].indices
        table: dict[Index, Position] = dict(zip(formal, entry.indices, strict=True))
        return substitute(self.values[name], table)

    def blocks(self, name: str) -> list[Block]:
        """What the proof says about one quantity, the quantities that it feeds having been dealt with."""
        wrt = Tensor(name, self.definitions[name].indices)
        head = Derivative(self.root, wrt)
        consumers = [d.name for d in self.program.definitions if name in d.uses and (d.name == self.root.name or d.name in self.path)]
        locals_ = {c: self.local(c, name) for c in consumers}
        found: list[Block] = [Heading("gradient" if name in self.wanted else "signal", wrt)]
        through = [locals_[c].entry for c in consumers]
        found.append(Way(wrt, self.root, tuple(through)))
        if consumers == [self.root.name]:
            local = locals_[self.root.name]
            cases = self.cases(local) if self.full else []
            if cases:
                found += cases
            links = list(local.steps) if self.full and not cases else [("case" if cases else _rule_of(local), local.value)]
        else:
            for c in consumers:
                if c != self.root.name and locals_[c].alone and (self.full or not _plain(locals_[c])):
                    found += self.shown(locals_[c])
            symbolic = add(*(self._term(c, locals_[c], symbolic=True) for c in consumers))
            explicit = add(*(self._term(c, locals_[c], symbolic=False) for c in consumers))
            links = [("chain rule", symbolic), ("substitution", explicit)]
        links += self.simplified(links[-1][1])
        if name in self.wanted:
            links.append(("substitution", self.best(self._written_out(links[-1][1]))))
        chain = self.chain(head, links)
        found.append(chain)
        result = chain.lines[-1].right if chain.lines else head
        self.values[name] = result
        if name in self.signals and self._deserves_a_name(name, result):
            signal = self.signals[name]
            self.named.append(name)
            self.values[name] = Tensor(signal.name, signal.indices)
            found.append(Signal(Tensor(signal.name, signal.indices), head, result))
        return found

    def simplified(self, expr: Expr) -> list[tuple[str, Expr]]:
        """The way from an expression to its most readable form: cancelling, contracting, using what sums are known, collecting."""
        best = self.best(expr)
        if not self.full or signature(best) == signature(expr):
            return [("algebra", best)]
        blind = Tidier()
        found = [("algebra", blind.light(expr)), ("algebra", blind.cancelled(expr))]
        try:
            open_sums = blind.expanded(expr)
        except TooLarge:
            open_sums = best
        if signature(open_sums) != signature(best) and any(self._is_one(s) for s in nodes({}, open_sums) if isinstance(s, Sum)):
            found.append(("contraction", open_sums))
            last = "assumption" if self.program.assumptions else "algebra"
        else:
            last = "algebra"
        heaviest = weight(expr)[0]
        return [(rule, e) for rule, e in found if weight(best) < weight(e) and weight(e)[0] <= heaviest + 2] + [(last, best)]

    def shown(self, local: Local) -> list[Block]:
        """The local derivative as a chain of its own, by cases where it is by cases."""
        head = Derivative(local.entry, local.wrt)
        cases = self.cases(local) if self.full else []
        links = local.steps if self.full and not cases else (("case" if cases else _rule_of(local), local.value),)
        return [*cases, self.chain(head, links)]

    def cases(self, local: Local) -> list[Block]:
        """The chains of the two cases, where an entry answers to another entry of its own axis; none where there is but one case."""
        pairs = {
            (d.left, d.right)
            for d in nodes({}, local.value)
            if isinstance(d, Delta) and isinstance(d.left, Index) and isinstance(d.right, Index)
        }
        wanted = [(a, b) for a in local.entry.indices for b in local.wrt.indices if (a, b) in pairs or (b, a) in pairs]
        if len(pairs) != 1 or len(wanted) != 1 or not isinstance(wanted[0][0], Index) or not isinstance(wanted[0][1], Index):
            return []
        one, other = wanted[0]
        assert isinstance(one, Index) and isinstance(other, Index)
        if self.tidier.light(_decided(local.value, one, other, False)) == ZERO:
            return []
        head = Derivative(local.entry, local.wrt)
        found: list[Block] = []
        for condition, value in ((Equal(one, other), True), (Unequal(one, other), False)):
            links = []
            for rule, expr in local.steps:
                taken = _decided(expr, one, other, value)
                if value and not any(isinstance(n, Derivative) for n in nodes({}, expr)):
                    taken = substitute(taken, {other: one})
                links.append((rule, self.tidier.light(taken) if rule in ("definition", "algebra") else taken))
            try:
                found.append(self.chain(head, links, (condition,)))
            except NotProved:
                return []
        return [*found, Heading("together", local.wrt)]

    def _term(self, consumer: str, local: Local, symbolic: bool) -> Expr:
        inner: Expr = Derivative(local.entry, local.wrt) if symbolic and local.alone else local.value
        if consumer == self.root.name:
            return local.value
        outer: Expr = Derivative(self.root, local.entry) if symbolic else self.value(consumer, local.entry)
        product = mul(outer, inner)
        number = product.factors[0] if isinstance(product, Mul) and isinstance(product.factors[0], Num) else ONE
        rest = mul(*product.factors[1:]) if isinstance(product, Mul) and number is not ONE else product
        if rest == ZERO:
            return ZERO
        return mul(number, total(rest, *local.over))

    def _written_out(self, expr: Expr) -> Expr:
        """The expression with error signals that are short replaced by what they are."""
        by_signal = {self.signals[name].name: name for name in self.named}

        def put(e: Expr) -> Expr:
            if isinstance(e, Tensor) and e.name in by_signal:
                short = self.short.get(by_signal[e.name])
                if short is not None:
                    formal = self.definitions[by_signal[e.name]].indices
                    return substitute(short, dict(zip(formal, e.indices, strict=True)))
                return e
            below = children(e)
            return e if not below or isinstance(e, Derivative) else rebuild(e, tuple(map(put, below)))

        return put(expr)

    @cached_property
    def short(self) -> dict[str, Expr]:
        """The error signals that are written out, by the quantity that they belong to."""
        return {}

    def _deserves_a_name(self, name: str, value: Expr) -> bool:
        heavy = weight(value)[0]
        if heavy <= SHORT and not any(isinstance(t, Sum) for t in nodes({}, value)):
            self.short[name] = value
        return (self._is_reused(name) and heavy > 2) or heavy > LONG

    def _is_reused(self, name: str) -> bool:
        """Whether the derivatives by at least two quantities go through this one."""
        return len(self.definitions[name].uses & {*self.path, *self.wanted}) >= 2

    def proof(self, name: str, title: str, source: str) -> Proof:
        """The whole proof, results last."""
        inner = [n for n in reversed(self.path) if n != self.root.name and self.definitions[n].body is not None]
        leaves = [n for n in self.wanted if self.definitions[n].body is None]
        found: list[Block] = []
        done = {self.root.name}
        while inner or leaves:
            # A parameter comes as soon as what it feeds has been dealt with.
            ready = [n for n in leaves if {c for c in self.path if n in self.definitions[c].uses} <= done]
            following = ready[0] if ready else inner.pop(0)
            leaves = [n for n in leaves if n != following]
            found += self.blocks(following)
            done.add(following)
        results = []
        for wanted in self.wanted:
            head, value = Derivative(self.root, Tensor(wanted, self.definitions[wanted].indices)), self.values[wanted]
            decision = self.decide(head, value)
            if decision is None:
                raise NotProved(f"the derivative by {wanted} is not decided")
            results.append(Line(head, value, "result", "", (), decision))
        lines = [line for block in found if isinstance(block, Chain) for line in block.lines]
        mentioned = {
            n.name for n in nodes(self.definitions, *(e for x in lines for e in (x.left, x.right)), self.root) if isinstance(n, Tensor)
        }
        definitions = tuple(
            (Tensor(d.name, d.indices), readable(d.body)) for d in self.program.definitions if d.body is not None and d.name in mentioned
        )
        return Proof(
            name,
            title,
            source,
            self.kernel.program,
            definitions,
            tuple(sorted(self.program.assumptions, key=repr)),
            tuple(found),
            tuple(results),
        )


def signal_names(quantities: Sequence[str]) -> list[str]:
    """A name for the error signal of each quantity: δ with the quantity's tag, or with its whole name where an earlier one has the tag."""
    found: list[str] = []
    tags: list[str] = []
    for quantity in quantities:
        tag = _tag(quantity)
        tag = tag if tag not in tags else _plain_name(quantity)
        tags.append(tag)
        found.append(rf"\delta^{{({tag})}}" if _is_letter(tag) else rf"\delta_{{{tag}}}")
    return found


def _tag(quantity: str) -> str:
    """What tells a quantity from others of its letter: ``h2`` of ``z_h2``, ``z_{h2}`` and ``z^{(h2)}``, the name itself without one."""
    _, _, script = quantity.partition("_") if "_" in quantity else quantity.partition("^")
    tag = script.strip("{}()")
    return tag if tag.isalnum() and not _is_letter(tag) else _plain_name(quantity)


def _is_letter(tag: str) -> bool:
    """Whether a tag would be read as an index."""
    return len(tag) == 1 and tag in LETTERS


def _plain_name(quantity: str) -> str:
    return "".join(c for c in quantity if c.isalnum())


def _aligned(definition: Definition, name: str) -> dict[Index, int]:
    """The formal indices of a definition that stand at one place of a quantity wherever its body uses it: index → place."""
    assert definition.body is not None
    uses = [t for t in nodes({}, definition.body) if isinstance(t, Tensor) and t.name == name]
    found: dict[Index, int] = {}
    for index in definition.indices:
        places = [n for n in range(len(uses[0].indices)) if all(t.indices[n] == index for t in uses)]
        if places and places[0] not in found.values():
            found[index] = places[0]
    return found


def _is_elementwise(definition: Definition, wrt: Tensor, table: dict[Index, Position]) -> bool:
    """Whether an entry depends on the same entry of the other quantity and on nothing else, as activations do."""
    assert definition.body is not None
    uses = {t for t in nodes({}, definition.body) if isinstance(t, Tensor)}
    return uses == {Tensor(wrt.name, definition.indices)} and tuple(table[i] for i in definition.indices) == wrt.indices


def _rule_of(local: Local) -> str:
    """The rules that lead to a local derivative, in the order in which they are used."""
    rules = [rule for rule, _ in local.steps if rule not in ("algebra", "definition", "contraction")]
    return next((r for r in rules if r != "sum rule"), "sum rule")


def _plain(local: Local) -> bool:
    """Whether a local derivative is seen at once: a factor of a product, or 1."""
    return isinstance(local.value, Tensor) or not children(local.value)


def _decided(expr: Expr, one: Index, other: Index, same: bool) -> Expr:
    """The expression with the Kronecker delta of two indices put to 1 or 0."""
    if isinstance(expr, Delta) and {expr.left, expr.right} == {one, other}:
        return ONE if same else delta(0, 1)
    below = children(expr)
    return rebuild(expr, tuple(_decided(b, one, other, same) for b in below)) if below else expr


def _apart(indices: Sequence[Index], avoid: frozenset[Index]) -> tuple[Index, ...]:
    found: list[Index] = []
    for index in indices:
        found.append(fresh(index, avoid | set(found)))
    return tuple(found)


def _unshadowed(expr: Expr, free: frozenset[Index]) -> Expr:
    """The expression with no bound index called like one that is free in the chain."""
    below = tuple(_unshadowed(child, free) for child in children(expr))
    match expr:
        case Sum(index, _) | Prod(index, _) if index in free:
            new = fresh(index, free | below[0].free)
            return type(expr)(new, substitute(below[0], {index: new}))
    return rebuild(expr, below) if below else expr


def _folds(program: Program) -> list[Fold]:
    """The definitions that are recognized in an expression: what is more than a sum of products."""
    found = []
    for d in program.definitions:
        if d.body is not None and d.body.free == set(d.indices) and isinstance(d.body, Mul | Apply | Pow):
            found.append(Fold(d.name, d.indices, d.body))
    return found
