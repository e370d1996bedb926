"""What is seen of code at a glance, before it is followed: its names, the shapes that it states, its loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from verify.meaning.arrays import (
    MODULES,
    RANDOM,
    is_range,
)
from verify.meaning.code_names import Names
from verify.reading import numpy_code as py
from verify.reading.numpy_code import Code, Expression, Statement

CONTAINERS = frozenset({
    "grads", "grad", "gradients", "dparams", "d_params", "deltas", "gradient", "dgrads",
})  # fmt: skip
OBJECTS = frozenset({
    "self", "model", "net", "nn", "network", "ctx", "layer", "cls",
})  # fmt: skip
MEMBERS = frozenset({
    "T", "shape", "size", "ndim", "dtype",
})  # fmt: skip


# Following the code


Stated = tuple[str | None, ...]
"""What code states of a shape: of each dimension the name or the numeral of its length, or None where only that there is one."""


@dataclass
class Outline:
    """What a glance over all of the code shows, before anything is followed."""

    keys: set[str]
    lists: set[str]
    widths: set[str]
    differentiated: set[str]
    updated: set[str]
    labels: set[str]
    functions: dict[str, py.Function]
    called: dict[str, list[py.Called]]
    assigned: set[str] = field(default_factory=set)
    shapes: dict[str, Stated] = field(default_factory=dict)
    names: Names = field(default_factory=lambda: Names(()))


def outline(code: Code) -> Outline:
    """The names that the code assigns and uses, the lists among them, the names of widths, the parameters."""
    found = Outline(set(), set(), set(), set(), set(), set(), {}, {})
    bare: set[str] = set()
    indexed: set[str] = set()
    disputed: set[str] = set()
    for statement in py.every_statement(code.statements):
        if isinstance(statement, py.Function):
            found.functions[statement.name] = statement
            found.keys |= {name for name, _ in statement.parameters}
        for place, shape in stated_shapes(statement):
            known = found.shapes.setdefault(place, shape)
            if len(known) != len(shape):
                disputed.add(place)
            elif None not in shape:
                found.shapes[place] = shape
        assigned = {id(t) for t in _targets(statement)}
        for expression in expressions_of(statement):
            if id(expression) in assigned:
                found.keys.add(plain_key(expression) or "")
                found.assigned.add(plain_key(expression) or "")
                continue
            _glance(expression, found, bare, indexed)
        if isinstance(statement, py.Assign):
            pairs = [(statement.target, statement.value)]
            if isinstance(statement.target, py.Listed) and isinstance(statement.value, py.Listed):
                pairs += zip(statement.target.items, statement.value.items, strict=False)
            found.lists |= {one.text for one, other in pairs if isinstance(one, py.Name) and is_list(other)}
            if isinstance(statement.value, (py.Listed, py.Keyed)) and not (
                isinstance(statement.value, py.Listed) and statement.value.items
            ):
                found.lists |= {t.text for t in (statement.target,) if isinstance(t, py.Name)}
            if (statement.operator and (key := plain_key(statement.target)) is not None) or (
                (
                    isinstance(statement.value, py.Binary)
                    and statement.value.operator in "+-"
                    and (key := plain_key(statement.target)) is not None
                )
                and plain_key(statement.value.left) == key
            ):
                found.updated.add(key)
    found.lists |= {name for name in indexed if name not in bare}
    found.shapes = {key: shape for key, shape in found.shapes.items() if key not in found.assigned | disputed}
    found.names = Names(found.keys - found.widths - found.functions.keys())
    for key in sorted(found.keys):
        base = found.names.base_of(key)
        if base is not None:
            found.differentiated.add(base)
    return found


def stated_shapes(statement: Statement) -> Iterator[tuple[str, Stated]]:
    """The shapes that a statement states of plain names: ``n, d = X.shape``, ``assert X.shape == (n, d)``, ``assert np.shape(c) == ()``."""
    match statement:
        case py.Assign(_, py.Listed(_, items), _, of, "") if (key := _shape_of(of)) is not None:
            yield key, (None,) * len(items)
        case py.Assertion(_, py.Binary(_, "and", one, other)):
            yield from stated_shapes(py.Assertion(statement.span, one))
            yield from stated_shapes(py.Assertion(statement.span, other))
        case py.Assertion(_, py.Binary(_, "==", of, py.Listed(_, items))) if (key := _shape_of(of)) is not None:
            yield key, tuple(_length(item) for item in items)


def _shape_of(node: Expression) -> str | None:
    """The key of what an expression is the shape of: ``X.shape``, ``np.shape(X)``."""
    match node:
        case py.Member(_, of, "shape"):
            return plain_key(of)
        case py.Called(_, py.Member(_, py.Name(_, module), "shape"), (of,), ()) if module in MODULES:
            return plain_key(of)
    return None


def _length(node: Expression) -> str | None:
    """The name or the numeral of a length, else None."""
    match node:
        case py.Number(_, value) if value.denominator == 1:
            return str(value)
        case py.Name(_, text):
            return text
    return None


def _targets(statement: Statement) -> tuple[Expression, ...]:
    """The plain names that a statement assigns."""
    if isinstance(statement, py.Assign) and isinstance(statement.target, py.Name):
        return (statement.target,)
    return ()


def is_list(value: Expression) -> bool:
    """Whether an expression makes an empty list or dictionary, or one of a repeated item: ``[]``, ``{}``, ``[None] * n``."""
    match value:
        case py.Listed(_, items):
            return not items
        case py.Keyed():
            return True
        case py.Called(_, py.Name(_, "list" | "dict"), (), ()):
            return True
        case py.Binary(_, "*", py.Listed(), _):
            return True
    return isinstance(value, py.Unknown) and "listcomp" in value.reason


def expressions_of(statement: Statement) -> tuple[Expression, ...]:
    """The expressions of a statement, not those of the statements inside of it."""
    match statement:
        case py.Assign(_, target, _, value, _):
            return (target, value)
        case py.Returned(_, value):
            return () if value is None else (value,)
        case py.Evaluated(_, value):
            return (value,)
        case py.Loop(_, target, over, _):
            return tuple(e for e in (target, over) if e is not None)
        case py.Branch(_, test, _, _) | py.Assertion(_, test):
            return (test,)
    return ()


def plain_key(node: Expression) -> str | None:
    """The key of a place whose index, if any, is written out: ``W1``, ``self.W1``, ``params['W1']``, ``W[0]``."""
    match node:
        case py.Name(_, text):
            return text
        case py.Member(_, py.Name(_, owner), name) if owner in OBJECTS and name not in MEMBERS:
            return name
        case py.Item(_, of, (py.Text(_, text),)):
            container = plain_key(of)
            return f"d{text}" if container in CONTAINERS and not text.startswith("d") else text
        case py.Item(_, of, (py.Number(_, value),)) if value.denominator == 1:
            container = plain_key(of)
            return None if container is None else f"{container}[{value}]"
    return None


def _glance(expression: Expression, found: Outline, bare: set[str], indexed: set[str]) -> None:
    below: set[int] = set()
    for node in py.walk(expression):
        key = plain_key(node)
        if key is not None and key not in MODULES:
            found.keys.add(key)
        match node:
            case py.Item(_, py.Name(_, name) as of, positions):
                below.add(id(of))
                (indexed if len(positions) == 1 and not isinstance(positions[0], (py.Range, py.Binary)) else bare).add(name)
                if len(positions) == 1 and isinstance(positions[0], py.Binary) and positions[0].operator in "+-":
                    indexed.add(name)
                    bare.discard(name)
                if len(positions) == 2 and is_range(positions[0]) and (key := plain_key(positions[1])) is not None:
                    found.labels.add(key)
            case py.Item(_, _, positions):
                if len(positions) == 2 and is_range(positions[0]) and (key := plain_key(positions[1])) is not None:
                    found.labels.add(key)
            case py.Called(_, function, arguments, keywords):
                name = function.text if isinstance(function, py.Name) else function.name if isinstance(function, py.Member) else ""
                found.called.setdefault(name, []).append(node)
                if name in ("len", "zip", "enumerate", "reversed", "append"):
                    below |= {id(a) for a in arguments}
                if name in ("zeros", "ones", "empty", "full") or name in RANDOM:
                    sizes = [*arguments, *(v for n, v in keywords if n == "size")]
                    for size in sizes:
                        for item in size.items if isinstance(size, py.Listed) else (size,):
                            if isinstance(item, py.Name):
                                found.widths.add(item.text)
            case py.Member(_, py.Name() as of, "append"):
                below.add(id(of))
                found.lists.add(of.text)
            case py.Name(_, name) if id(node) not in below:
                bare.add(name)


def is_made(node: Expression) -> bool:
    """Whether a name is that of a module or of a function."""
    return isinstance(node, py.Name) and (node.text in MODULES or node.text == "float")


def passages_of(sketch: Outline) -> frozenset[str]:
    """The functions whose bodies are followed where they stand: those that assign gradients, those that are never called or called with
    their own parameters, those that return several values; the others are entered where they are called."""
    found = set()
    for name, function in sketch.functions.items():
        assigned = {key for s in py.every_statement(function.body) if isinstance(s, py.Assign) and (key := plain_key(s.target)) is not None}
        calls = sketch.called.get(name, [])
        parameters = [p for p, _ in function.parameters if p != "self"]
        own = [c for c in calls if [plain_key(a) for a in c.arguments] == parameters[: len(c.arguments)]]
        several = any(isinstance(s, py.Returned) and isinstance(s.value, (py.Listed, py.Keyed)) for s in py.every_statement(function.body))
        gradients = {a for a in assigned if sketch.names.base_of(a) is not None and len(a) > 1}
        if (
            (not calls and (assigned or name in ("loss", "cost")))
            or (calls and len(own) == len(calls) and assigned)
            or (gradients and len(assigned) > 1)
            or (several and assigned and len(own) == len(calls))
        ):
            found.add(name)
    return frozenset(found)


def random_call(value: Expression) -> Expression | None:
    """The shape of the random array that an expression scales: ``(n, k)`` in ``np.random.randn(n, k) * 0.01``; None for other
    expressions."""
    for node in py.walk(value):
        match node:
            case py.Called(span, py.Member(_, of, name), arguments, keywords) if name in RANDOM and name not in (
                "arange",
                "linspace",
                "shuffle",
            ):
                if not any(m in MODULES for m in _names(of)):
                    continue
                size = dict(keywords).get("size")
                if size is not None:
                    return size
                if name in ("randn", "rand", "random_sample", "standard_normal", "empty", "random") and arguments:
                    return arguments[0] if len(arguments) == 1 and isinstance(arguments[0], py.Listed) else py.Listed(span, arguments)
                if len(arguments) >= 3:
                    return arguments[2]
                return None
    return None


def _names(node: Expression) -> Iterator[str]:
    for n in py.walk(node):
        if isinstance(n, py.Name):
            yield n.text
        elif isinstance(n, py.Member):
            yield n.name


def literal_shape(value: Expression) -> tuple[int, ...] | None:
    """The shape of an array that is written out: ``np.array([[0, 1], [1, 1]])``, with ``.T`` and ``reshape`` of numbers left aside."""
    match value:
        case py.Member(_, of, "T"):
            inner = literal_shape(of)
            return None if inner is None else inner[::-1]
        case py.Called(_, py.Member(_, of, "array" | "asarray" | "matrix"), (listed, *_), _) if isinstance(listed, py.Listed) and any(
            m in MODULES for m in _names(of)
        ):
            sizes: list[int] = []
            node: Expression = listed
            while isinstance(node, py.Listed):
                sizes.append(len(node.items))
                if not node.items:
                    return None
                node = node.items[0]
            return tuple(sizes) if isinstance(node, (py.Number, py.Unary)) else None
    return None
