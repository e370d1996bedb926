"""What NumPy code says: its forward pass as a program of the kernel, and the statements that claim a gradient.

The statements are followed once, in order, without being executed: loops over known ranges are unrolled, functions are entered, what is
assigned to a name is a new quantity each time. A name such as ``dW2``, ``grad_W2`` or ``delta2`` stands for the derivative of the loss by
the quantity that it names. The ranks of inputs and parameters that the code does not state are those with which it fits together best.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from verify.kernel import expr as k
from verify.kernel.expr import Expr, Index
from verify.kernel.program import Definition, nodes
from verify.meaning.array_values import Array, Axes, Closure, Hidden, Labels, Mismatch, NotRead, Several, Truth, Value, Word
from verify.meaning.arrays import MODULES, Evaluator, Scope
from verify.meaning.code_entries import Entry, Gradient, Kind, Note, Pack, Quantity, Task
from verify.meaning.code_names import RATES, SCALARS, Template, preferences, stem_of
from verify.meaning.code_outline import (
    CONTAINERS,
    Outline,
    expressions_of,
    is_list,
    is_made,
    literal_shape,
    passages_of,
    plain_key,
    random_call,
)
from verify.reading import numpy_code as py
from verify.reading.numpy_code import Code, Expression, Statement

MAX_STATEMENTS = 1_200
"""So many statements are followed, loops unrolled."""

MAX_TURNS = 64
"""A loop with more turns is followed once."""

MAX_TRIALS = 160
"""So many choices of ranks are tried."""

TRIAL_STATEMENTS = 20_000
"""So many statements are followed in all trials together."""


class Follower:
    """Follows the statements of a file once, with the given shapes of leaves."""

    def __init__(self, code: Code, sketch: Outline, templates: Mapping[str, Template], guards: bool) -> None:
        self.code = code
        self.sketch = sketch
        self.templates = templates
        self.axes = Axes()
        self.entries: dict[str, Entry] = {}
        self.definitions: dict[str, Definition] = {}
        self.quantities: dict[str, Quantity] = {}
        self.versions: dict[str, list[str]] = {}
        self.tasks: list[Task] = []
        self.notes: dict[int, Note] = {}
        self.failed: dict[str, str] = {}
        self.leaves: dict[str, Template] = {}
        self.explicit: set[str] = set()
        self.shifts: set[str] = set()
        self.hot: dict[str, Labels] = {}
        self.inner: dict[str, str] = {}
        self.guards = guards
        self.guarded: set[str] = set()
        self.handed: dict[str, str] = {}
        self.outputs: list[Entry] = []
        self.left = MAX_STATEMENTS
        self.trouble = 0.0
        self.passages = passages_of(sketch)
        self.returned: dict[str, Entry] = {}
        self.output_quantity: Quantity | None = None
        self.parameters: frozenset[str] = frozenset()
        self.late: set[str] = set()
        self.meter = [0]
        self.turns_of: dict[str, int] = {}
        self.random: set[str] = set()
        self.thresholds: dict[str, tuple[Expr, bool]] = {}
        self.positive: set[str] = set()
        self.shared: dict[tuple[str, str], Entry] = {}
        self.lengths: dict[str, str] = {}
        """The axes of the lengths that shapes are stated by."""

    # -- keys and values --------------------------------------------------------------------------------------------------------------

    def key(self, node: Expression) -> str | None:
        """The key of a place; None for what is none. Raises NotRead for an item whose position is not known."""
        match node:
            case py.Item(_, of, (position,)) if not isinstance(position, (py.Range, py.Listed)):
                container = self.key(of)
                if container is None:
                    return None
                if isinstance(position, py.Text) or (isinstance(position, (py.Binary, py.Called)) and container not in self.sketch.lists):
                    word = position.value if isinstance(position, py.Text) else self.word(position)
                    if word is not None:
                        return f"d{word}" if container in CONTAINERS and not word.startswith("d") else word
                if container in self.sketch.lists:
                    value = self.evaluator().value(position)
                    if isinstance(value, Word):
                        return f"d{value.text}" if container in CONTAINERS and not value.text.startswith("d") else value.text
                    return f"{container}[{self.evaluator().whole(position)}]"
                return None
        return plain_key(node)

    def word(self, node: Expression) -> str | None:
        try:
            value = self.evaluator().value(node)
        except (NotRead, Mismatch):
            return None
        return value.text if isinstance(value, Word) else None

    def evaluator(self, lookup: Callable[[Expression], Value | None] | None = None) -> Evaluator:
        """An evaluator of forward expressions; ``lookup`` replaces what names mean."""
        return Evaluator(
            Scope(
                axes=self.axes,
                lookup=lookup or self.lookup,
                definitions=self.definitions,
                shift=self.shift,
                labels=self.labels,
                guards=self.guards,
                guarded=self.guarded,
                random=self.random,
                thresholds=self.thresholds,
                positive=self.positive,
                meter=self.meter,
            )
        )

    def lookup(self, node: Expression) -> Value | None:
        """The value of a place in the forward pass; an unknown name becomes a leaf."""
        key = self.key(node)
        if key is None:
            return None
        entry = self.entry(key)
        if entry is None and isinstance(node, (py.Name, py.Member, py.Item)) and self.may_be_leaf(key, node):
            entry = self.leaf(key)
        return None if entry is None else self.of_entry(entry)

    def entry(self, key: str) -> Entry | None:
        found = self.entries.get(key)
        if found is not None:
            return found
        if key.endswith("]"):
            stem, _, number = key[:-1].partition("[")
            if number.startswith("-"):
                size = self.length(stem)
                return self.entries.get(f"{stem}[{size + int(number)}]") if size else None
        return None

    def of_entry(self, entry: Entry) -> Value:
        """The value that an entry has in the forward pass."""
        match entry:
            case Quantity(name, axes):
                dims = tuple(None if a is None else self.axes.index(a) for a in axes)
                return Array(k.Tensor(name, tuple(d for d in dims if d is not None)), dims)
            case Gradient():
                raise NotRead("a gradient in the forward pass")
            case Pack(items):
                return Several(tuple(Hidden("unknown") if i is None else self.of_entry(i) for i in items))
        return entry

    def may_be_leaf(self, key: str, node: Expression) -> bool:
        if key in MODULES or key in BUILTINS or key in self.sketch.functions:
            return False
        if isinstance(node, py.Item):
            return plain_key(node.of) not in self.entries
        return key not in self.sketch.lists

    def leaf(self, key: str, axes: tuple[str | None, ...] | None = None, reason: str = "") -> Entry:
        """A new input or parameter under that key."""
        if key in self.sketch.labels and axes is None:
            samples, classes = self.axes.new("sample"), self.axes.new("class")
            name = self.unused(f"onehot({key})")
            self.define(Definition(name, (self.axes.index(samples), self.axes.index(classes))))
            self.quantities[name] = Quantity(name, (samples, classes))
            labels = Labels(name, samples, classes)
            self.hot[name] = labels
            self.entries[key] = labels
            return labels
        if axes is None and key in self.sketch.shapes:
            axes = tuple(self.stated_axis(f"{key}.{n + 1}", length) for n, length in enumerate(self.sketch.shapes[key]))
        if axes is None:
            if key in self.sketch.widths or (key in SCALARS and key in ("m", "N", "n")):
                axis = self.axes.new(key, fixed=True)
                value = Array(k.Size(axis))
                self.entries[key] = value
                return value
            template = self.templates.get(stem_of(key), preferences(key)[0])
            self.leaves[stem_of(key)] = template  # the items of a list have one rank
            axes = tuple(
                None if t == "1" else self.axes.new(f"{key}.{n + 1}" if len(template) > 1 else key) for n, t in enumerate(template)
            )
        else:
            self.explicit.add(key)
        quantity = Quantity(self.unused(key), axes)
        self.define(Definition(quantity.name, tuple(self.axes.index(a) for a in axes if a is not None)))
        self.quantities[quantity.name] = quantity
        self.entries[key] = quantity
        self.versions.setdefault(key, []).append(quantity.name)
        return quantity

    def stated_axis(self, hint: str, length: str | None) -> str | None:
        """The axis of a dimension whose length the code states: one for each name of a length, none for a length of 1."""
        if length is None or length == "1":
            return None if length == "1" else self.axes.new(hint)
        known = self.entries.get(length)
        if isinstance(known, Array) and isinstance(known.expr, k.Size):
            return known.expr.axis
        if length.isdigit():
            axis = self.axes.new(hint)
            self.axes.sizes[axis] = int(length)
            return axis
        return self.lengths.setdefault(length, self.axes.new(length))

    def unused(self, key: str) -> str:
        name = key
        while name in self.definitions:
            self.turns_of[key] = self.turns_of.get(key, 0) + 1
            name = f"{key}′{self.turns_of[key]}"
        return name

    def define(self, definition: Definition) -> None:
        self.definitions[definition.name] = definition

    def shift(self, array: Array, dims: tuple[Index | None, ...]) -> Array:
        """A leaf that stands for a maximum along an axis; what is decided later holds only if the loss does not depend on it."""
        name = self.unused(f"max{len(self.shifts) + 1}")
        axes = tuple(None if d is None else d.axis for d in dims)
        self.define(Definition(name, tuple(self.axes.index(a) for a in axes if a is not None)))
        self.quantities[name] = Quantity(name, axes)
        self.shifts.add(name)
        value = self.of_entry(self.quantities[name])
        assert isinstance(value, Array)
        table: dict[Index, k.Position] = {a: b for a, b in zip(value.dims, dims, strict=True) if a is not None and b is not None}
        return Array(k.substitute(value.expr, table), dims)

    def labels(self, node: Expression, array: Array) -> Labels | None:
        key = self.key(node)
        if key is None:
            return None
        entry = self.entries.get(key)
        if entry is None:
            entry = self.leaf(key)
        row, col = array.dims
        if isinstance(entry, Labels) and row is not None and col is not None:
            self.axes.join(entry.samples, row.axis)
            self.axes.join(entry.classes, col.axis)
            return entry
        return None

    # -- statements ---------------------------------------------------------------------------------------------------------------------

    def run(self, statements: Sequence[Statement]) -> None:
        """Follows statements in order."""
        for statement in statements:
            self.left -= 1
            if self.left < 0:
                return
            match statement:
                case py.Assign():
                    self.assigned(statement)
                case py.Function():
                    self.function(statement)
                case py.Loop():
                    self.loop(statement)
                case py.Branch():
                    self.branch(statement)
                case py.Evaluated(_, py.Called(_, py.Member(_, of, "append"), (item,), _)):
                    self.append(of, item)
                case py.Returned(_, value) if value is not None:
                    self.output(value)

    def function(self, statement: py.Function) -> None:
        """A function: its body is followed in place if the code's own derivation stands in it, else it is entered where it is called."""
        if statement.name not in self.passages:
            self.entries[statement.name] = Closure(statement.parameters, statement.body)
            entered = self.sketch.functions[statement.name] is statement
            for inner in py.every_statement(statement.body):
                if isinstance(inner, py.Assign) and entered:
                    self.note(inner, "given", f"inside of {statement.name}, which is read where it is called")
                elif isinstance(inner, py.Assign):
                    self.note(inner, "unread", f"inside of {statement.name}, and another function has the same name")
            return
        for parameter, default in statement.parameters:
            if parameter == "self" or default is None:
                self.parameter(parameter)
            elif parameter not in self.entries:
                match default:
                    case py.Number() if parameter not in SCALARS or parameter in RATES:
                        self.leaf(parameter, ())
                    case py.Number() | py.Constant():
                        self.entries[parameter] = self.evaluator().value(default)
        self.outputs = []
        self.run(statement.body)
        if self.outputs:
            self.returned[statement.name] = self.outputs[-1]
            found = self.outputs[-1].items if isinstance(self.outputs[-1], Pack) else (self.outputs[-1],)
            self.output_quantity = next((e for e in found if isinstance(e, Quantity)), self.output_quantity)

    def parameter(self, name: str) -> None:
        """A parameter of a function that is followed in place: what the name means already, or the gradient that is handed in."""
        base = self.sketch.names.base_of(name)
        if name in HANDED and base is None:
            if self.output_quantity is not None:
                self.handed[name] = self.output_quantity.name
        elif base is not None and name not in self.entries and isinstance(self.entries.get(base), Quantity):
            entry = self.entries[base]
            assert isinstance(entry, Quantity)
            self.handed[name] = entry.name
        if name in self.handed:
            self.entries[name] = Gradient(-1 - list(self.handed).index(name))

    def output(self, value: Expression) -> None:
        entry = self.packed(value)
        if entry is None and not isinstance(value, (py.Keyed, py.Constant)) and not self.backward(value):
            try:
                found = self.evaluator().value(value)
            except (NotRead, Mismatch):
                return
            entry = self.quantity("returned", found, value) if isinstance(found, Array) and found.expr.free else found
            if isinstance(found, Array) and not found.dims and any(isinstance(n, k.Tensor) for n in nodes({}, found.expr)):
                entry = self.quantity("returned", found, value)
        if entry is not None:
            self.outputs.append(entry)

    def packed(self, value: Expression) -> Entry | None:
        """The entry that a name, or a tuple of names, has; None for any other expression."""
        if isinstance(value, py.Listed):
            return Pack(tuple(self.packed(i) for i in value.items))
        if isinstance(value, py.Called):
            name = plain_key(value.function) if isinstance(value.function, (py.Name, py.Member)) else None
            return self.returned.get(name or "") if name in self.passages else None
        try:
            key = self.key(value)
        except (NotRead, Mismatch):
            return None
        return None if key is None else self.entry(key)

    def loop(self, statement: py.Loop) -> None:
        """A loop: turn by turn where its turns are known and matter, else once."""
        turns = None if statement.target is None or statement.over is None else self.turns(statement.over)
        names = [n.text for n in py.walk(statement.target) if isinstance(n, py.Name)] if statement.target is not None else []
        used = {n.text for s in py.every_statement(statement.body) for e in expressions_of(s) for n in py.walk(e) if isinstance(n, py.Name)}
        if turns is not None and len(turns) <= MAX_TURNS and any(n in used for n in names):
            for turn in turns:
                self.bind(statement.target, turn)
                self.run(statement.body)
            return
        for name in names:
            if name in used:
                self.entries[name] = Hidden(f"the loop over {name} is not followed turn by turn")
        data = isinstance(statement.over, (py.Name, py.Called)) and not self.counts(statement.over)
        for name in names:
            if data and name in used:
                self.entries.pop(name, None)
        self.run(statement.body)

    def counts(self, over: Expression | None) -> bool:
        return (
            isinstance(over, py.Called)
            and isinstance(over.function, py.Name)
            and over.function.text in ("range", "enumerate", "tqdm", "trange")
        )

    def bind(self, target: Expression | None, entry: Entry | None) -> None:
        match target:
            case py.Name(_, text) if entry is not None:
                self.entries[text] = entry
            case py.Listed(_, items) if isinstance(entry, Pack) and len(items) == len(entry.items):
                for item, part in zip(items, entry.items, strict=True):
                    self.bind(item, part)

    def turns(self, over: Expression) -> list[Entry] | None:
        """The values that a loop goes through, where they are known."""
        match over:
            case py.Called(_, py.Name(_, "range"), arguments, ()) if 1 <= len(arguments) <= 3:
                try:
                    numbers = [self.evaluator().whole(a) for a in arguments]
                    found = range(*numbers)
                except (NotRead, Mismatch, ValueError):
                    return None
                return [Array(k.num(n)) for n in found[: MAX_TURNS + 1]]
            case py.Called(_, py.Name(_, "reversed"), (inner,), ()):
                turns = self.turns(inner)
                return None if turns is None or len(turns) > MAX_TURNS else turns[::-1]
            case py.Called(_, py.Name(_, "enumerate"), (inner,), ()):
                turns = self.turns(inner)
                return None if turns is None else [Pack((Array(k.num(n)), turn)) for n, turn in enumerate(turns)]
            case py.Called(_, py.Name(_, "zip"), arguments, ()):
                columns = [self.turns(a) for a in arguments]
                if any(c is None for c in columns):
                    return None
                return [Pack(row) for row in zip(*(c for c in columns if c is not None), strict=False)]
            case py.Listed(_, items):
                entries = [self.constant(i) or self.packed(i) for i in items]
                return [e for e in entries if e is not None] if all(e is not None for e in entries) else None
        entry = self.packed(over)
        if isinstance(entry, Several):
            return list(entry.items)
        if isinstance(entry, Pack) and all(i is not None for i in entry.items):
            return [i for i in entry.items if i is not None]
        return None

    def constant(self, node: Expression) -> Entry | None:
        return self.evaluator().value(node) if isinstance(node, (py.Number, py.Text)) else None

    def branch(self, statement: py.Branch) -> None:
        """A choice: the body that is known to be taken; else neither, and what they assign is not known."""
        match statement.test:
            case py.Binary(_, "==", py.Name(_, "__name__"), _):
                self.run(statement.then)
                return
        try:
            taken = self.evaluator(self.quiet).known(statement.test)
        except (NotRead, Mismatch):
            for inner in py.every_statement((*statement.then, *statement.otherwise)):
                if isinstance(inner, py.Assign):
                    self.note(inner, "unread", "it depends on a condition")
                    key = plain_key(inner.target)
                    if key is not None and not isinstance(self.entries.get(key), Gradient):
                        self.entries[key] = Hidden(f"{key} depends on a condition")
            return
        self.run(statement.then if taken else statement.otherwise)

    def quiet(self, node: Expression) -> Value | None:
        """The value of a place without making leaves."""
        key = self.key(node)
        entry = None if key is None else self.entry(key)
        return None if entry is None else self.of_entry(entry)

    def append(self, of: Expression, item: Expression) -> None:
        stem = plain_key(of)
        if stem is None:
            return
        size = self.length(stem)
        entry = self.packed(item)
        if entry is None:
            try:
                entry = self.evaluator().value(item)
            except (NotRead, Mismatch):
                return
            if isinstance(entry, Array):
                entry = self.quantity(f"{stem}[{size}]", entry)
        self.entries[f"{stem}[{size}]"] = entry

    def note(self, statement: py.Assign, verdict: Literal["given", "unread"], reason: str) -> None:
        """Notes what a statement is; an ``unread`` stays."""
        old = self.notes.get(statement.sign.start)
        if old is None or old.verdict == "given":
            self.notes[statement.sign.start] = Note(verdict, reason)

    def assigned(self, statement: py.Assign) -> None:
        target, value = statement.target, statement.value
        if isinstance(target, py.Listed):
            if isinstance(value, py.Listed) and len(value.items) == len(target.items) and not statement.operator:
                before = dict(self.entries)
                for one, other in zip(target.items, value.items, strict=True):
                    self.one(statement, one, other, before)
            else:
                self.unpacked(statement, target, value)
            return
        self.one(statement, target, value, None)

    def unpacked(self, statement: py.Assign, target: py.Listed, value: Expression) -> None:
        """``a, b = f(x)``: known parts are bound, what is known already stays, the rest is given from outside."""
        entry = self.packed(value)
        if entry is None and not self.backward(value):
            try:
                entry = self.evaluator().value(value)
            except (NotRead, Mismatch):
                entry = None
        items: Sequence[Entry | None] = entry.items if isinstance(entry, (Pack, Several)) else ()
        if len(items) != len(target.items):
            items = (None,) * len(target.items)
        for one, item in zip(target.items, items, strict=True):
            key = plain_key(one)
            if key is None or item is None:
                if key is not None and self.base(key) is not None and not isinstance(self.entries.get(key), Gradient):
                    self.entries[key] = Hidden(f"{key} comes from a call that is not followed")
                    self.note(statement, "unread", "what is returned here is not followed")
                continue
            self.store(key, item)
        self.note(statement, "given", "values from elsewhere")

    def store(self, key: str, found: Entry, source: Expression | None = None) -> None:
        """Gives a key a value: an array becomes a definition, numbers stay numbers."""
        if isinstance(found, (Several, Pack)) and key in self.sketch.lists:
            for n, item in enumerate(found.items):
                if item is not None and not isinstance(item, Truth):
                    self.entries[f"{key}[{n}]"] = item
            return
        if not isinstance(found, Array):
            self.entries[key] = found
            return
        constant = not any(isinstance(n, k.Tensor) for n in nodes({}, found.expr))
        if constant and key in self.sketch.widths and isinstance(found.expr, k.Num) and not found.dims and found.expr.value > 1:
            axis = self.axes.new(key, fixed=True)
            self.entries[key] = Array(k.Size(axis))
        else:
            self.entries[key] = found if constant else self.quantity(key, found, source)

    def one(self, statement: py.Assign, target: Expression, value: Expression, seen: dict[str, Entry] | None) -> None:
        """One target and its value."""
        try:
            key = self.key(target)
        except (NotRead, Mismatch) as reason:
            self.note(statement, "unread", str(reason))
            return
        if key is None and isinstance(target, py.Item):
            self.changed(statement, target, value)
            return
        if key is None:
            self.note(statement, "unread", "the target is not understood")
            return
        if not statement.operator and self.safe_key(value) == key and key in self.entries:
            self.note(statement, "given", "the same value")
            return
        self.alias(statement, key, value)
        for node in py.walk(value):
            free = self.safe_key(node) if isinstance(node, py.Name) else None
            if (
                free is not None
                and self.entry(free) is None
                and free not in self.sketch.assigned
                and self.sketch.names.base_of(free) is not None
            ):
                self.parameter(free)
        base = self.base(key)
        backward = self.backward(value)
        if not statement.operator and isinstance(value, py.Keyed):
            self.record(statement, value)
            return
        updated = isinstance(self.entries.get(key), Quantity) and base is None and self.is_update(statement, key, value, backward)
        if updated:
            self.task(statement, target, value, key, "update", self.of_key(key), seen)
            return
        entry = self.entries.get(key)
        if isinstance(entry, Gradient) and (statement.operator or self.mentions(value, key)):
            old = self.tasks[entry.task] if entry.task >= 0 else None
            kind: Kind = "temporary" if old is not None and old.kind == "temporary" else "change"
            self.task(statement, target, value, key, kind, old.quantities if old is not None else (), seen)
            return
        if base is not None and self.claims(value):
            self.task(statement, target, value, key, "gradient", self.of_key(base), seen)
            return
        if backward:
            self.task(statement, target, value, key, "temporary", (), seen)
            return
        early = base is None and self.sketch.names.base_of(key) is not None
        if early and self.claims(value) and not is_list(value) and not self.constant_value(value):
            self.entries[key] = Hidden(f"{key} stands before what it is the gradient of")
            self.note(statement, "unread", "the name is that of a gradient, and what it is the gradient of is not known here")
            return
        self.forward(statement, target, key, value)

    def constant_value(self, value: Expression) -> bool:
        """Whether an expression is made of numbers alone."""
        return all(self.safe_key(n) is None or is_made(n) for n in py.walk(value)) and not any(
            isinstance(n, py.Unknown) for n in py.walk(value)
        )

    def alias(self, statement: py.Assign, key: str, value: Expression) -> None:
        """Keeps track of two names for one array: a change in place through one of them changes what the other means."""
        if statement.operator or (isinstance(statement.target, py.Item) and self.safe_key(statement.target) is None):
            for one, other in list(self.shared):
                if key in (one, other):
                    gone = other if key == one else one
                    if self.entries.get(gone) is self.shared[one, other]:
                        self.entries[gone] = Hidden(f"{gone} is changed in place through {key}")
                    del self.shared[one, other]
            return
        source = self.safe_key(value)
        entry = None if source is None else self.entries.get(source)
        if source is not None and (isinstance(entry, Gradient) or (isinstance(entry, Quantity) and entry.axes)):
            self.shared[key, source] = entry

    def base(self, key: str) -> str | None:
        """The key of the quantity that a key names the gradient of, if the forward pass has it."""
        base = self.sketch.names.base_of(key)
        if base is None and key.endswith("]"):
            stem, _, number = key[:-1].partition("[")
            lists = self.sketch.names.base_of(stem)
            if lists is not None:
                size = self.length(lists)
                base = f"{lists}[{int(number) + size if number.startswith('-') else number}]"
        if base is None or base in self.sketch.functions:
            return None
        known = self.entries.get(base)
        return base if isinstance(known, Quantity) or base in self.versions else None

    def length(self, container: str) -> int:
        """How many items of a list are known."""
        return sum(1 for other in self.entries if other.startswith(container + "[") and not other.startswith(container + "[-"))

    def claims(self, value: Expression) -> bool:
        """Whether what is assigned to a gradient's name can be one."""
        return not isinstance(value, (py.Constant, py.Text)) and random_call(value) is None

    def of_key(self, key: str) -> tuple[str, ...]:
        """The program's names of all that a key has stood for, the last first."""
        return tuple(reversed(self.versions.get(key, [])))

    def backward(self, value: Expression) -> bool:
        """Whether an expression depends on a gradient."""
        for node in py.walk(value):
            try:
                key = self.key(node)
            except (NotRead, Mismatch):
                continue
            if key is not None and self.gradient_in(self.entries.get(key)):
                return True
        return False

    def gradient_in(self, entry: Entry | None) -> bool:
        return isinstance(entry, Gradient) or (isinstance(entry, Pack) and any(self.gradient_in(i) for i in entry.items))

    def mentions(self, value: Expression, key: str) -> bool:
        for node in py.walk(value):
            try:
                if self.key(node) == key:
                    return True
            except (NotRead, Mismatch):
                continue
        return False

    def is_update(self, statement: py.Assign, key: str, value: Expression, backward: bool) -> bool:
        """Whether a statement takes a step of gradient descent."""
        step: Expression | None = None
        if statement.operator in ("+", "-"):
            step = value
        elif not statement.operator and isinstance(value, py.Binary) and value.operator in ("+", "-") and self.safe_key(value.left) == key:
            step = value.right
        if step is None:
            return False
        rated = any(
            isinstance(n, (py.Name, py.Member)) and (stem := plain_key(n)) is not None and stem.lower() in RATES for n in py.walk(step)
        )
        return backward or rated

    def safe_key(self, node: Expression) -> str | None:
        try:
            return self.key(node)
        except (NotRead, Mismatch):
            return None

    def changed(self, statement: py.Assign, target: py.Item, value: Expression) -> None:
        """``a[...] = value``: some entries of an array."""
        key = self.safe_key(target.of)
        entry = None if key is None else self.entries.get(key)
        if key is None or entry is None:
            self.note(statement, "unread", "the target is not understood")
            return
        self.alias(statement, key, value)
        if isinstance(entry, Gradient) or self.backward(value) or self.base(key) is not None:
            old = self.tasks[entry.task] if isinstance(entry, Gradient) and entry.task >= 0 else None
            kind: Kind = "temporary" if old is not None and old.kind == "temporary" else "change"
            self.task(statement, target, value, key, kind, old.quantities if old is not None else (), None)
            return
        try:
            array = self.evaluator().changed(self.evaluator().array(target.of), target, value, statement.operator)
        except (NotRead, Mismatch) as reason:
            self.fail(statement, key, str(reason), isinstance(reason, Mismatch))
            return
        self.entries[key] = self.quantity(key, array)
        self.note(statement, "given", "a change in place")

    def record(self, statement: py.Assign, value: py.Keyed) -> None:
        """``params = {"W1": W1}``: each item under its own name."""
        for name, item in zip(value.keys, value.items, strict=True):
            if not isinstance(name, py.Text):
                continue
            entry = self.packed(item)
            if entry is not None:
                self.entries.setdefault(name.value, entry)
            elif name.value not in self.entries and not self.backward(item):
                self.forward(statement, name, name.value, item)
        self.note(statement, "given", "a record")

    def task(
        self,
        statement: py.Assign,
        target: Expression,
        value: Expression,
        key: str,
        kind: Kind,
        quantities: tuple[str, ...],
        seen: dict[str, Entry] | None,
    ) -> None:
        number = len(self.tasks)
        self.acquaint(value)
        before = dict(self.entries) if seen is None else seen
        self.tasks.append(Task(number, statement, target, value, statement.operator, key, kind, before, quantities, self.backward(value)))
        if kind != "update":
            self.entries[key] = Gradient(number)

    def acquaint(self, value: Expression) -> None:
        """Makes leaves of the unknown names of an expression of the backward part."""
        called = {id(n.function) for n in py.walk(value) if isinstance(n, py.Called)}
        for node in py.walk(value):
            key = self.safe_key(node) if isinstance(node, (py.Name, py.Member)) else None
            if (
                key is not None
                and id(node) not in called
                and self.entry(key) is None
                and self.may_be_leaf(key, node)
                and key not in self.sketch.lists
            ) and self.sketch.names.base_of(key) is None:
                self.leaf(key)
                self.late.add(key)

    def forward(self, statement: py.Assign, target: Expression, key: str, value: Expression) -> None:
        """A definition of the forward pass, or something given."""
        parameter = key in self.parameters
        made = None if any(isinstance(n, py.Binary) and n.operator in COMPARISONS for n in py.walk(value)) else random_call(value)
        try:
            if made is not None:
                self.leaf(key, tuple(None if d is None else d.axis for d in self.evaluator().shape(made, key)))
                random = self.entries[key]
                if isinstance(random, Quantity):
                    self.random.add(random.name)
                self.note(statement, "given", "random values")
                return
            literal = literal_shape(value)
            if literal is not None:
                self.leaf(key, self.of_literal(key, literal))
                self.note(statement, "given", "values from elsewhere")
                return
            if not statement.operator:
                alias = self.packed(value)
                if isinstance(alias, Pack) and key in self.sketch.lists:
                    if all(i is not None for i in alias.items):
                        self.store(key, alias)
                        self.note(statement, "given", "a list")
                        return
                    alias = None
                if alias is not None:
                    self.entries[key] = alias
                    if isinstance(alias, Quantity):
                        self.versions.setdefault(key, []).append(alias.name)
                    self.note(statement, "given", "another name")
                    return
            evaluator = self.evaluator()
            if statement.operator:
                found = evaluator.binary(statement.operator, evaluator.value(target), evaluator.value(value))
            else:
                found = evaluator.value(value)
        except (NotRead, Mismatch) as reason:
            if isinstance(reason, NotRead) and not self.derived(value) and key not in self.parameters_in(value):
                self.entries.pop(key, None)
                if made is not None or key in self.sketch.keys:
                    self.note(statement, "given", "values from elsewhere")
                    return
            self.fail(statement, key, str(reason), isinstance(reason, Mismatch))
            return
        if parameter and isinstance(found, Array) and not any(isinstance(n, k.Tensor) for n in nodes({}, found.expr)):
            self.leaf(key, tuple(None if d is None else d.axis for d in found.dims))
            self.note(statement, "given", "initial values")
            return
        self.store(key, found, None if statement.operator else value)
        self.note(statement, "given", "a definition")

    def derived(self, value: Expression) -> bool:
        """Whether an expression mentions a quantity that the forward pass defines, or a parameter."""
        for node in py.walk(value):
            key = self.safe_key(node)
            entry = None if key is None else self.entries.get(key)
            if isinstance(entry, Quantity) and self.definitions[entry.name].body is not None:
                return True
            if key is not None and key in self.parameters:
                return True
        return False

    def parameters_in(self, value: Expression) -> set[str]:
        return {key for node in py.walk(value) if (key := self.safe_key(node)) in self.parameters and key is not None}

    def of_literal(self, key: str, sizes: tuple[int, ...]) -> tuple[str | None, ...]:
        found: list[str | None] = []
        for n, size in enumerate(sizes):
            axis = None if size == 1 else self.axes.new(f"{key}.{n + 1}" if len(sizes) > 1 else key)
            if axis is not None:
                self.axes.sizes[axis] = size
            found.append(axis)
        return tuple(found)

    def fail(self, statement: py.Assign, key: str, reason: str, mismatch: bool) -> None:
        self.trouble += 10 if mismatch else 0
        self.failed[key] = reason
        self.entries[key] = Hidden(f"{key} is not understood: {reason}")
        self.note(statement, "unread", reason)

    def quantity(self, key: str, array: Array, source: Expression | None = None) -> Entry:
        """A definition for an array, with one for what its activation acts on where that has no name."""
        expr = array.expr
        inside = inner_of(expr) if source is not None else None
        name = self.unused(key)
        dims = tuple(d for d in array.dims if d is not None)
        if inside is not None and not isinstance(inside, k.Tensor) and inside.free == frozenset(dims):
            hidden = self.unused(f"{name}.in")
            self.define(Definition(hidden, dims, inside))
            self.quantities[hidden] = Quantity(hidden, tuple(None if d is None else d.axis for d in array.dims))
            self.inner[name] = hidden
            tensor = k.Tensor(hidden, dims)
            expr = replaced(expr, inside, tensor)
        elif isinstance(inside, k.Tensor):
            self.inner[name] = inside.name
        self.define(Definition(name, dims, expr))
        quantity = Quantity(name, tuple(None if d is None else d.axis for d in array.dims))
        self.quantities[name] = quantity
        self.versions.setdefault(key, []).append(name)
        return quantity


COMPARISONS = frozenset({"<", ">", "<=", ">="})
BUILTINS = frozenset({
    "range", "len", "zip", "enumerate", "print", "sum", "max", "min", "abs", "float", "int", "list", "dict", "tuple", "set", "str",
    "bool", "reversed", "sorted", "map", "filter", "open", "eval", "exec", "compile", "getattr", "setattr", "globals", "locals",
    "vars", "type", "isinstance", "input", "__import__", "round", "pow", "any", "all", "iter", "next", "super", "object",
})  # fmt: skip
HANDED = frozenset({
    "dout", "upstream", "grad_output", "grad_out", "output_grad", "dvalues", "d_out", "grad", "dy", "dY", "gradient",
    "output_gradient", "upstream_grad", "top_diff",
})  # fmt: skip


def inner_of(expr: Expr) -> Expr | None:
    """What the activation of an expression acts on, where the whole is an activation of one thing: sigmoid(u), tanh(u), relu(u) and its
    leaky kin."""
    match expr:
        case k.Apply(function, argument, 0) if function in ("sigmoid", "tanh", "softplus", "sin", "atan", "erf"):
            return argument
        case k.Apply("exp", argument, 0):
            return argument
    steps = {n.argument for n in nodes({}, expr) if isinstance(n, k.Step)}
    if len(steps) == 1:
        argument = steps.pop()
        rest = replaced(expr, argument, k.Tensor(""))
        if not any(isinstance(n, k.Tensor) and n.name for n in nodes({}, rest)) and not any(isinstance(n, k.Sum) for n in nodes({}, rest)):
            return argument
    return None


def replaced(expr: Expr, old: Expr, new: Expr) -> Expr:
    """The expression with one part put for another wherever it stands; of products also where its factors stand among others."""
    if expr == old:
        return new
    if isinstance(expr, k.Mul) and isinstance(old, k.Mul):
        rest = list(expr.factors)
        try:
            for f in old.factors:
                rest.remove(f)
        except ValueError:
            rest = []
        if len(rest) == len(expr.factors) - len(old.factors):
            return k.mul(new, *(replaced(f, old, new) for f in rest))
    return k.rebuild(expr, tuple(replaced(c, old, new) for c in k.children(expr))) if k.children(expr) else expr
