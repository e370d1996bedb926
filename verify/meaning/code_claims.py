"""What NumPy code claims: its forward pass as a program, and for each gradient statement the claim that it makes.

Each statement is judged on its own: the gradients that it uses count as the true derivatives, whatever was assigned to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from verify.kernel import expr as k
from verify.kernel.expr import Expr, Index
from verify.kernel.program import Assumption, Definition, OneHot, Program, SumsToOne, nodes
from verify.meaning.array_values import Array, Hidden, Labels, Mismatch, NotRead, Several, Value
from verify.meaning.arrays import Evaluator
from verify.meaning.claims import Typed
from verify.meaning.code import MAX_STATEMENTS, Follower
from verify.meaning.code_entries import Entry, Gradient, Pack, Quantity, Task
from verify.meaning.code_names import LOSSES, Template, is_bias, preferences, stem_of
from verify.meaning.code_outline import Outline, outline
from verify.reading import numpy_code as py
from verify.reading.numpy_code import Code, Expression

MAX_TRIALS = 64
"""So many choices of ranks are tried."""

TRIAL_WORK = 100_000
"""So many statements and expressions are followed in all trials together."""


@dataclass
class Passage:
    """What a file of code says.

    ``loss`` is the name of the quantity that gradients are of, or None where there is none; ``upstream`` says that the loss is not in the
    code: it stands for anything that depends on the outputs through the gradients that are handed in. ``groups`` are the tasks that build
    one value in place. ``samples`` are the axes that the loss is a mean over; ``scales`` what the gradient of a quantity is multiplied
    by, in this code's convention, by whether it runs over samples. ``trouble`` says how badly its parts fit each other, ``unknown`` how
    much of that is only not understood.
    """

    follower: Follower
    program: Program
    quantities: dict[str, Quantity]
    groups: list[tuple[Task, ...]]
    loss: str | None
    upstream: bool
    samples: frozenset[str]
    parameters: frozenset[str]
    trouble: float = 0.0
    unknown: float = 0.0
    scales: dict[bool, Expr] = field(default_factory=lambda: {True: k.ONE, False: k.ONE})

    @property
    def assumptions(self) -> frozenset[Assumption]:
        """That class numbers pick one class each, and that targets of a softmax add up to 1 over its classes."""
        found: set[Assumption] = {OneHot(name, 1) for name in self.follower.hot}
        return frozenset(found | targets(self.program, self.follower.hot))

    @cached_property
    def ancestors(self) -> frozenset[str]:
        """The quantities that the loss depends on."""
        if self.loss is None:
            return frozenset()
        return frozenset(n.name for n in nodes(self.program.by_name, k.Tensor(self.loss)) if isinstance(n, k.Tensor))

    def quantities_of(self, key: str | None) -> tuple[str, ...]:
        """The program's names of arrays that a key has stood for; nothing for plain numbers."""
        return tuple(n for n in self.follower.versions.get(key or "", ()) if self.quantities[n].axes)

    def over_samples(self, quantity: str) -> bool:
        """Whether a quantity runs over the samples that the loss is a mean over."""
        return not self.samples.isdisjoint(a for a in self.quantities[quantity].axes if a is not None)

    def gradient(self, quantity: str) -> Array:
        """The gradient by a quantity, as this code means it."""
        if self.loss is None:
            raise NotRead("no loss is known")
        axes = self.quantities[quantity].axes
        dims = tuple(None if a is None else self.follower.axes.index(a) for a in axes)
        wrt = k.Tensor(quantity, tuple(d for d in dims if d is not None))
        return Array(k.mul(self.scales[self.over_samples(quantity)], k.Derivative(k.Tensor(self.loss), wrt)), dims)


def units(code: Code) -> list[Code]:
    """The parts of a file that are understood by themselves: each pair of functions such as ``relu_forward`` and ``relu_backward``, and
    each class with a forward and a backward method, where there are several, with the functions that are neither; else the whole file."""
    pairs: dict[tuple[str, str], list[py.Function]] = {}
    for statement in code.statements:
        if isinstance(statement, py.Function) and not statement.owner and (stem := pair_stem(statement.name)) is not None:
            pairs.setdefault(("", stem), []).append(statement)
        elif isinstance(statement, py.Function) and statement.owner:
            pairs.setdefault((statement.owner, ""), []).append(statement)
    whole = {stem: functions for stem, functions in pairs.items() if len(functions) > 1 and (stem[1] or is_layer(functions))}
    if len(whole) < 2:
        return [code]
    paired = {id(f) for functions in whole.values() for f in functions}
    shared = tuple(s for s in code.statements if isinstance(s, py.Function) and not s.owner and id(s) not in paired)
    rest = tuple(s for s in code.statements if id(s) not in paired)
    found = [replace(code, statements=(*shared, *functions)) for functions in whole.values()]
    return [*found, replace(code, statements=rest)] if len(found) < MAX_UNITS else [code]


MAX_UNITS = 40


def is_layer(methods: Sequence[py.Function]) -> bool:
    """Whether the methods of a class make a layer: one goes forward and one goes back."""
    names = {method.name for method in methods}
    return not names.isdisjoint({"forward", "__call__", "fwd"}) and not names.isdisjoint({"backward", "bwd", "backprop"})


def pair_stem(name: str) -> str | None:
    """What ``relu_forward`` and ``relu_backward`` have in common; None for other names."""
    found = re.fullmatch(r"(?P<a>.+?)_?(?:forward|backward|fwd|bwd)(?:_pass)?|(?:forward|backward|fwd|bwd)_(?P<b>.+)", name)
    return None if found is None else found["a"] or found["b"]


def reading_of(code: Code, templates: Mapping[str, Template], guards: bool = False) -> Passage:
    """What the code says with leaves of the given shapes; those that are not given have the likeliest.

    With ``guards`` tiny numbers that keep a logarithm or a quotient finite count as 0.
    """
    return _attempted(code, outline(code), templates, guards)


def _attempted(code: Code, sketch: Outline, templates: Mapping[str, Template], guards: bool = False) -> Passage:
    follower = Follower(code, sketch, templates, guards)
    follower.parameters = frozenset(sketch.differentiated | sketch.updated)
    follower.run(code.statements)
    return _settled(follower)


def readings_of(code: Code) -> list[Passage]:
    """What the code says, with the ranks of its leaves chosen so that it fits together, and behind it other choices that fit nearly as
    well."""
    sketch = outline(code)
    budget = [MAX_TRIALS, TRIAL_WORK]
    tried: dict[tuple[tuple[str, Template], ...], Passage] = {}

    def attempt(templates: Mapping[str, Template]) -> Passage:
        found = _attempted(code, sketch, templates)
        budget[0] -= 1
        budget[1] -= MAX_STATEMENTS - found.follower.left + found.follower.meter[0]
        return tried.setdefault(tuple(sorted(found.follower.leaves.items())), found)

    best = attempt({})
    for preset in PRESETS:
        if best.trouble - best.unknown < 0.5 or min(budget) <= 0:
            break
        best = min(best, attempt({key: preset(key) for key in best.follower.leaves}), key=total)
    improved = True
    while improved and best.trouble - best.unknown >= 0.5 and min(budget) > 0:
        improved = False
        for key in list(best.follower.leaves):
            for template in preferences(key):
                if template != best.follower.leaves.get(key) and min(budget) > 0:
                    trial = attempt({**best.follower.leaves, key: template})
                    if total(trial) < total(best):
                        best, improved = trial, True
    plainer = [p for p in tried.values() if p.trouble < best.trouble + NEARLY and oddity(p) < oddity(best) - 0.01]
    rivals = [*sorted(plainer, key=oddity)[:1], *sorted(plainer, key=total)[:MAX_RIVALS]]
    return [best, *{id(p): p for p in rivals}.values()]


NOT_READ = 0.6
"""A line that is not understood is a little better than one that does not fit."""

MAX_RIVALS = 2
NEARLY = 1.1
"""A plainer choice of ranks with one misfit more may be meant as well: what does not fit may be the mistake."""


def total(passage: Passage) -> float:
    """How badly a choice of ranks fits, and how unlikely it is by itself."""
    return passage.trouble + oddity(passage)


def oddity(passage: Passage) -> float:
    """How unlikely a choice of ranks is by itself, going by the names."""
    found = 0.0
    leaves = passage.follower.leaves
    wide = any(stem_of(key)[:1].isupper() and template for key, template in leaves.items())
    for key, template in leaves.items():
        found += unlikely(key, template, wide)
    return found


def unlikely(key: str, template: Template, wide: bool) -> float:
    """How unlikely a shape is for that name; ``wide`` where other names are those of matrices."""
    options = preferences(key)
    if template not in options:
        return 2.0
    at = options.index(template)
    if is_bias(key):
        return (0.0, 0.02, 0.03, 1.2 if wide else 0.4)[at]
    if stem_of(key)[:1].isupper():
        return (0.0, 0.8, 0.9, 0.9, 1.5)[at]
    return (0.0, 0.25, 0.3, 0.3, 0.4)[at] + (0.5 if wide and not template else 0.0)


def _weights_and(vector: Template, bias: Template) -> Callable[[str], Template]:
    def shape(key: str) -> Template:
        if preferences(key) == ((),):
            return ()
        if is_bias(key):
            return bias
        if stem_of(key)[:1] in ("w", "W", "U", "V", "u", "v") or "weight" in key.lower():
            return ("n", "n")
        return vector

    return shape


PRESETS: tuple[Callable[[str], Template], ...] = (
    _weights_and(("n", "n"), ("n",)),
    _weights_and(("n", "n"), ("n", "1")),
    _weights_and(("n", "n"), ("1", "n")),
    _weights_and(("n",), ("n",)),
    _weights_and(("n", "1"), ("n", "1")),
    lambda key: (),
)
"""Whole choices of ranks: rows or columns of samples, single samples, numbers."""


def _settled(follower: Follower) -> Passage:
    """The passage of what was followed, with settled axes, and how well all of it fits."""
    axes = follower.axes
    loss, upstream, trouble = _loss(follower)
    axes.settled = True
    definitions = []
    for d in follower.definitions.values():
        indices = tuple(Index(i.name, axes.find(i.axis)) for i in d.indices)
        definitions.append(Definition(d.name, indices, None if d.body is None else axes.renamed(d.body)))
    quantities = {n: Quantity(q.name, tuple(None if a is None else axes.find(a) for a in q.axes)) for n, q in follower.quantities.items()}
    follower.definitions = {d.name: d for d in definitions}
    for name, labels in follower.hot.items():
        follower.hot[name] = Labels(name, axes.find(labels.samples), axes.find(labels.classes))
    program = Program(tuple(definitions))
    parameters = frozenset(follower.versions[key][0] for key in follower.parameters if key in follower.versions)
    parameters = frozenset(p for p in parameters if follower.definitions[p].body is None)
    passage = Passage(follower, program, quantities, _groups(follower), loss, upstream, _averaged(program, loss), parameters)
    passage.trouble = follower.trouble + trouble + _misfit(passage)
    backward = Backward(passage)
    passage.trouble += backward.fit()
    _convention(passage, backward)
    return passage


def _loss(follower: Follower) -> tuple[str | None, bool, float]:
    """The loss, whether it stands for one that is not in the code, and how unlikely it is to be one."""
    definitions = follower.definitions
    named: dict[str, str] = {}
    wide = 0
    for key, versions in follower.versions.items():
        low = stem_of(key).lower().strip("_")
        if versions and (low in LOSSES or "loss" in low or "cost" in low):
            last = versions[-1]
            if definitions[last].body is None:
                continue
            if any(a is not None for a in follower.quantities[last].axes):
                wide += 1
            else:
                named[key] = last
    below = {name: {n.name for n in nodes(definitions, k.Tensor(name)) if isinstance(n, k.Tensor)} for name in named.values()}
    roots = [key for key, name in named.items() if not any(name in below[other] for other in named.values() if other != name)]

    def rank(key: str) -> int:
        low = stem_of(key).lower().strip("_")
        return LOSSES.index(low) if low in LOSSES else len(LOSSES)

    if roots:
        return named[min(roots, key=rank)], False, 0.0
    if any(stem_of(key).lower() in LOSSES or "loss" in key.lower() for key in follower.failed):
        return None, False, 1.0
    for entry in (*reversed(follower.outputs), *reversed(list(follower.returned.values()))):
        first = entry.items[0] if isinstance(entry, Pack) and entry.items else entry
        if isinstance(first, Quantity) and all(a is None for a in first.axes) and definitions[first.name].body is not None:
            return first.name, False, 0.0
    if wide:
        return None, False, 5.0
    handed = dict(follower.handed)
    if not handed:
        start = next((t for t in follower.tasks if t.kind == "gradient" and not t.linked and t.quantities), None)
        if start is None:
            return None, False, 0.0
        handed = {start.key: start.quantities[0]}
    terms: list[Expr] = []
    for key, name in handed.items():
        leaf = follower.unused(f"{key}*")
        quantity = follower.quantities[name]
        indices = tuple(follower.axes.index(a) for a in quantity.axes if a is not None)
        follower.define(Definition(leaf, indices))
        terms.append(k.total(k.mul(k.Tensor(leaf, indices), k.Tensor(name, indices)), *indices))
    loss = follower.unused("loss")
    follower.define(Definition(loss, (), k.add(*terms)))
    follower.quantities[loss] = Quantity(loss, ())
    return loss, True, 0.0


def _averaged(program: Program, loss: str | None) -> frozenset[str]:
    """The axes that a loss is a mean over: those whose size the numbers that make it up are divided by."""
    if loss is None:
        return frozenset()
    found: set[str] = set()
    stack, seen = [loss], {loss}
    while stack:
        definition = program.by_name[stack.pop()]
        if definition.body is None:
            continue
        found |= divisors(definition.body)
        for name in definition.uses - seen:
            if not program.by_name[name].indices:
                seen.add(name)
                stack.append(name)
    return frozenset(found)


def targets(program: Program, known: Iterable[str]) -> set[Assumption]:
    """That Σy = 1 for each leaf y that multiplies a logarithm, over the axis that the logarithm's argument is normalized along."""
    leaves = {d.name: d for d in program.definitions if d.body is None}
    found: set[Assumption] = set()
    for definition in program.definitions:
        for node in nodes({}, definition.body) if definition.body is not None else ():
            if not isinstance(node, k.Mul):
                continue
            axes: set[str] = set()
            for factor in node.factors:
                for inner in nodes(program.by_name, factor) if not isinstance(factor, k.Tensor) or factor.name not in leaves else ():
                    if isinstance(inner, k.Apply) and inner.function == "log":
                        axes |= normalized(program, inner.argument) | summed_exponentials(program, inner.argument)
            for name in {name for factor in node.factors for name in smoothed(program, factor)} - {*known}:
                at = [n for n, axis in enumerate(leaves[name].axes) if axis in axes]
                if len(at) == 1:
                    found.add(SumsToOne(name, at[0]))
    return found


TARGETS = re.compile(r"(?:[yt]|targets?|labels?|y_?true|y_?hot|one_?hot)(?:_?\w{0,2})", re.IGNORECASE)
"""What targets are called."""


def smoothed(program: Program, factor: Expr) -> set[str]:
    """The leaf that a factor is, or the targets that it is made of by sums and products alone, as smoothed labels are."""
    if not isinstance(factor, k.Tensor) or factor.name not in program.by_name:
        return set()
    if program.by_name[factor.name].body is None:
        return {factor.name}
    below = list(nodes(program.by_name, factor))
    if any(isinstance(n, (k.Apply, k.Pow, k.Step)) and n.free for n in below):
        return set()
    names = {n.name for n in below if isinstance(n, k.Tensor) and n.indices and program.by_name[n.name].body is None}
    return names if len(names) == 1 and all(map(TARGETS.fullmatch, names)) else set()


def normalized(program: Program, expr: Expr) -> set[str]:
    """The axes along which exponentials are divided by their sum, in an expression."""
    found = set()
    for node in nodes(program.by_name, expr):
        if isinstance(node, k.Pow) and node.exponent == -1:
            found |= summed_exponentials(program, node.base)
    return found


def summed_exponentials(program: Program, expr: Expr) -> set[str]:
    """The axis along which an expression, or what it names, adds up exponentials."""
    if isinstance(expr, k.Tensor):
        body = program.by_name[expr.name].body
        expr = expr if body is None else body
    if isinstance(expr, k.Sum) and any(isinstance(n, k.Apply) and n.function == "exp" for n in nodes(program.by_name, expr)):
        return {expr.index.axis}
    return set()


def divisors(expr: Expr) -> set[str]:
    """The axes whose sizes an expression divides by."""
    found: set[str] = set()
    stack: list[tuple[Expr, bool]] = [(expr, False)]
    while stack:
        node, below = stack.pop()
        match node:
            case k.Size(axis) if below:
                found.add(axis)
            case k.Pow(base, exponent) if exponent == -1:
                stack.append((base, True))
            case k.Mul(factors):
                stack.extend((f, below) for f in factors)
            case _:
                stack.extend((child, False) for child in k.children(node))
    return found


def _groups(follower: Follower) -> list[tuple[Task, ...]]:
    """The tasks, those together that build up one value in place before anything else reads it."""
    groups: dict[int, list[Task]] = {}
    last: dict[str, int] = {}
    read: dict[str, int] = {}
    for task in follower.tasks:
        start = last.get(task.key)
        if task.kind == "change" and start is not None and read.get(task.key, -1) <= start:
            groups[start].append(task)
        else:
            last[task.key] = task.number
            groups[task.number] = [task]
        for key in {key for n in py.walk(task.value) if (key := follower.safe_key(n)) is not None}:
            if key != task.key or task.kind != "change":
                read[key] = task.number
    return [tuple(g) for g in groups.values()]


def _misfit(passage: Passage) -> float:
    """How little the shapes fit what things are: no parameter runs over samples."""
    found = 0.0
    leaves = [d for d in passage.program.definitions if d.body is None]
    data = [d for d in leaves if d.name not in passage.parameters and d.axes and d.name in passage.ancestors]
    shared = {a for n, d in enumerate(data) for a in d.axes if any(a in other.axes for other in data[n + 1 :])}
    shared |= passage.samples
    for name in passage.parameters:
        own = set(passage.program.by_name[name].axes)
        # a parameter never runs over samples; what it shares with all data otherwise is a width
        found += 4.0 * bool(own & _sample_axes(passage, shared, data))
    return found


def _sample_axes(passage: Passage, shared: set[str], data: list[Definition]) -> set[str]:
    """The axes that samples run over: those that inputs and targets share, as far as some of them is free of parameters."""
    weights = [set(passage.program.by_name[p].axes) for p in passage.parameters if len(passage.program.by_name[p].axes) > 1]
    return {a for a in shared if not any(a in w for w in weights)}


def _convention(passage: Passage, backward: Backward) -> None:
    """Finds what the gradients of this code are multiplied by: where the loss is a mean, error signals may be those of the sum, if the
    gradients of the parameters divide (or their updates do)."""
    signals: set[str] = set()
    totals: set[str] = set()
    steps: set[str] = set()
    for group in passage.groups:
        for task in group:
            axes = backward.divided.get(task.number, set()) & passage.samples
            if task.kind == "update":
                steps |= axes
            elif task.quantities:
                own = {a for a in passage.quantities[task.quantities[0]].axes if a is not None}
                if own & passage.samples:
                    signals |= axes
                else:
                    totals |= axes
            else:
                signals |= axes
    passage.scales[True] = k.mul(*(k.Size(a) for a in sorted((totals or steps) - signals)))
    passage.scales[False] = k.mul(*(k.Size(a) for a in sorted(steps - totals - signals))) if not totals else k.ONE


class Backward:
    """The values of gradient statements: ``true`` with the gradients that they use taken as true, ``actual`` with what was assigned to
    them."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage
        self.follower = passage.follower
        self.true: dict[int, Array | Hidden] = {}
        self.actual: dict[int, Array | Hidden] = {}
        self.divided: dict[int, set[str]] = {}
        self.claimed = {q for t in self.follower.tasks if t.kind == "gradient" for q in t.quantities}
        self.earlier: dict[int, int] = {}
        counts: dict[str, int] = {}
        for task in self.follower.tasks:
            self.earlier[task.number] = counts.get(task.key, 0)
            counts[task.key] = self.earlier[task.number] + (task.kind in ("gradient", "change"))
        for n, name in enumerate(passage.follower.handed.values()):
            try:
                self.true[-1 - n] = self.actual[-1 - n] = passage.gradient(name)
            except NotRead as reason:
                self.true[-1 - n] = self.actual[-1 - n] = Hidden(str(reason))

    def lookup(self, task: Task, values: Mapping[int, Array | Hidden]) -> Callable[[Expression], Value | None]:
        """What names mean at a task, gradients being those given."""
        follower = self.follower

        def of(entry: Entry) -> Value:
            match entry:
                case Gradient(number):
                    return values.get(number, Hidden("a gradient that is not known"))
                case Pack(items):
                    return Several(tuple(Hidden("not known") if i is None else of(i) for i in items))
            return follower.of_entry(entry)

        def look(node: Expression) -> Value | None:
            follower_entries = follower.entries
            follower.entries = task.seen  # type: ignore[assignment]
            try:
                key = follower.key(node)
                entry = None if key is None else follower.entry(key)
            finally:
                follower.entries = follower_entries
            if key is None:
                return None
            if entry is None:
                entry = follower.entries.get(key)
                if isinstance(entry, (Gradient, Pack)):
                    return Hidden(f"{key} is not known here")
            return None if entry is None else of(entry)

        return look

    def evaluator(self, task: Task, values: Mapping[int, Array | Hidden]) -> Evaluator:
        """An evaluator of the expressions of a task."""
        return self.follower.evaluator(self.lookup(task, values))

    def value(self, task: Task, values: Mapping[int, Array | Hidden], node: Expression | None = None) -> Array:
        """The value that a task assigns, or would with another right side; raises NotRead or Mismatch."""
        evaluator = self.evaluator(task, values)
        node = task.value if node is None else node
        if isinstance(task.target, py.Item) and self.follower.safe_key(task.target) is None:
            return evaluator.changed(evaluator.array(task.target.of), task.target, node, task.operator)
        if task.operator and task.kind != "update":
            return evaluator.as_array(evaluator.binary(task.operator, evaluator.value(task.target), evaluator.value(node)))
        return evaluator.array(node)

    def claim(self, quantity: str, value: Array) -> Typed:
        """The claim that a value is the gradient by a quantity; raises Mismatch where the shapes differ in more than axes of one entry."""
        gradient = self.passage.gradient(quantity)
        return Typed(gradient.expr, self.aligned(gradient, value))

    def aligned(self, gradient: Array, value: Array) -> Expr:
        """The entry of a value at the indices of a gradient."""
        ours = [d for d in gradient.dims if d is not None]
        theirs = [d for d in value.dims if d is not None]
        find = self.follower.axes.find
        if [find(d.axis) for d in ours] != [find(d.axis) for d in theirs]:
            evaluator = Evaluator(self.follower.evaluator().scope)
            raise Mismatch(f"the shape is {evaluator.shown(value)}; the gradient has the shape {evaluator.shown(gradient)}")
        return k.substitute(value.expr, dict(zip(theirs, ours, strict=True)))

    def candidates(self, group: tuple[Task, ...]) -> tuple[tuple[str, ...], bool]:
        """What the last statement of a group may be the gradient of, and whether that is plain: one quantity, or one and its
        pre-activation."""
        task = group[-1]
        names = list(dict.fromkeys(task.quantities))
        if not names:
            return (), False
        at = min(self.earlier[group[0].number] + len(group) - 1, len(names) - 1)
        ordered = [names[at], *(n for n in names if n != names[at])]
        inner = [i for n in ordered if (i := self.follower.inner.get(n)) is not None and i not in self.claimed]
        if is_signal(task.key):
            return tuple(dict.fromkeys([*inner, *ordered])), len(names) == 1
        return tuple(dict.fromkeys([*ordered, *inner])), len(names) == 1

    def fit(self) -> float:
        """How badly the gradient statements fit their quantities; fills in the true values as far as shapes go."""
        trouble = 0.0
        for group in self.passage.groups:
            for task in group:
                try:
                    value = self.value(task, self.true)
                except Mismatch as reason:
                    trouble += 1.0
                    self.true[task.number] = Hidden(str(reason))
                    self._assume(group, task)
                    continue
                except NotRead as reason:
                    trouble += NOT_READ
                    self.passage.unknown += NOT_READ
                    self.true[task.number] = Hidden(str(reason))
                    self._assume(group, task)
                    continue
                self.divided[task.number] = divisors(value.expr)
                self.true[task.number] = value
                if task is group[-1] and task.kind in ("gradient", "change") and task.quantities:
                    for name in self.candidates(group)[0]:
                        try:
                            self.aligned(self.passage.gradient(name), value)
                            trouble += 0.05 * (len(value.dims) != len(self.passage.quantities[name].axes))
                            break
                        except (Mismatch, NotRead):
                            continue
                    else:
                        trouble += 1.0
                    self._assume(group, task)
        return trouble

    def _assume(self, group: tuple[Task, ...], task: Task) -> None:
        if task is group[-1] and task.quantities and task.kind in ("gradient", "change"):
            try:
                self.true[task.number] = self.passage.gradient(self.candidates(group)[0][0])
            except (NotRead, IndexError) as reason:
                self.true[task.number] = Hidden(str(reason))

    def settle(self, task: Task, quantity: str, value: Array | None) -> None:
        """From now on a task's name stands for the gradient by a quantity, in the shape that its value has."""
        gradient = self.passage.gradient(quantity)
        if value is not None:
            try:
                aligned = self.aligned(gradient, value)
            except Mismatch:
                self.true[task.number] = gradient
                return
            del aligned
            ours = iter(d for d in gradient.dims if d is not None)
            gradient = Array(gradient.expr, tuple(None if d is None else next(ours) for d in value.dims))
        self.true[task.number] = gradient


def is_signal(key: str) -> bool:
    """Whether a key is called an error signal, the gradient by what an activation acts on: ``delta2``, ``output_delta``."""
    return "delta" in key.lower()


def step_of(task: Task) -> tuple[Expression, bool] | None:
    """What an update takes away, and whether it is taken away (True) or added; None where it is not that simple."""
    if task.operator in ("+", "-"):
        return task.value, task.operator == "-"
    if isinstance(task.value, py.Binary) and task.value.operator in ("+", "-"):
        return task.value.right, task.value.operator == "-"
    return None


def without_rate(expr: Expr, free: Iterable[str]) -> tuple[Expr, int]:
    """A step without its rate, and the rate's sign: numbers, sizes and numbers that the loss does not depend on are rate."""
    rates = frozenset(free)
    factors = expr.factors if isinstance(expr, k.Mul) else (expr,)
    kept: list[Expr] = []
    sign = 1
    for factor in factors:
        base = factor.base if isinstance(factor, k.Pow) else factor
        match base:
            case k.Num(value):
                if value < 0:
                    sign = -sign
            case k.Size():
                continue
            case k.Tensor(name, ()) if name in rates:
                continue
            case k.Mul(inner) if all(isinstance(i, (k.Size, k.Num)) or (isinstance(i, k.Tensor) and i.name in rates) for i in inner):
                continue
            case _:
                kept.append(factor)
    return k.mul(*kept), sign
