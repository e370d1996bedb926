"""Which small edit of a refuted statement of NumPy code makes it true: the edit is made in the text, read again, and decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from verify.judging.code import CodeJudge, Finding
from verify.kernel import expr as k
from verify.kernel.program import nodes
from verify.meaning.array_values import Array, Mismatch, NotRead
from verify.meaning.claims import Typed
from verify.meaning.code_entries import Gradient, Quantity, Task
from verify.reading import numpy_code as py
from verify.reading.numpy_code import Expression

ONE_EDIT = 300
"""So many edits of one statement are tried."""

ALL_EDITS = 1_500
"""So many edits of one file are tried."""

SAYS = {
    "sign": "a sign is wrong: there should be {becomes} for {was}",
    "batch-mean": "the loss is a mean: {becomes} is missing",
    "extra-mean": "{was} is one division too many",
    "axis": "the sum is over the wrong axis: {becomes} for {was}",
    "missing-sum": "the sum {becomes} is missing",
    "extra-sum": "the sum {was} is one too many",
    "product": "{was} is taken entry by entry where a matrix product {becomes} is meant",
    "entrywise": "{was} is a matrix product where an entrywise product {becomes} is meant",
    "transpose": "a transpose is wrong: {becomes} for {was}",
    "swapped": "the factors of the matrix product are swapped: {becomes} for {was}",
    "activation-derivative": "the derivative of the activation, {becomes}, is missing",
    "wrong-symbol": "{was} stands where {becomes} is meant",
    "wrong-layer": "{was} stands where {becomes} is meant: another layer",
    "wrong-argument": "{was} stands where {becomes} is meant: the activation's argument and value are mixed up",
    "constant-factor": "a constant is wrong: {becomes} for {was}",
    "extra-factor": "{was} is one factor too many",
    "dropped-factor": "the factor {becomes} is missing",
    "extra-term": "{was} is one term too many",
    "dropped-term": "the term {becomes} is missing",
}
"""What to say of each kind of edit."""

MISTAKES = {
    "extra-mean": "batch-mean",
    "axis": "swapped-indices",
    "product": "missing-sum",
    "entrywise": "extra-sum",
    "transpose": "missing-transpose",
    "swapped": "swapped-indices",
    "extra-term": "extra-factor",
    "dropped-term": "dropped-factor",
}
"""The mistake that a kind of edit undoes, where it has another name."""


@dataclass(frozen=True)
class Mend:
    """An edit of a statement's right side that makes it true: stretches of the file with their new texts, and what it is."""

    task: Task
    kind: str
    edits: tuple[tuple[int, int, str], ...]
    was: str
    becomes: str
    claim: Typed

    @property
    def mistake(self) -> str:
        """The name of the mistake that the edit undoes."""
        return MISTAKES.get(self.kind, self.kind)

    @property
    def message(self) -> str:
        """What was put wrongly."""
        return SAYS[self.kind].format(was=self.was, becomes=self.becomes)


@dataclass
class Search:
    """The search for edits in one file, within a budget."""

    judge: CodeJudge
    text: str
    left: int = ALL_EDITS

    def mend(self, finding: Finding) -> Mend | None:
        """The first edit that makes a refuted finding true: of the statement itself, then of those that begin its value."""
        for task in reversed(finding.group or (finding.task,)):
            for n, (kind, edits, was, becomes) in enumerate(candidates(task, self.judge, self.text, finding)):
                self.left -= 1
                if n >= ONE_EDIT or self.left < 0:
                    break
                node = py.read_expression(edited(self.text, task.value, edits))
                if node is None:
                    continue
                claim = self.judge.edited(finding, task, node)
                if claim is not None and self.judge.decider.screens(claim) and self.judge.decider.holds(claim) is not None:
                    return Mend(task, kind, edits, was, becomes, claim)
        return None


def edited(text: str, node: Expression, edits: tuple[tuple[int, int, str], ...]) -> str:
    """The text of an expression with edits made."""
    out, at = [], node.span.start
    for start, end, new in sorted(edits):
        out.append(text[at:start] + new)
        at = end
    return "".join(out) + text[at : node.span.end]


Edits = tuple[tuple[int, int, str], ...]
Candidate = tuple[str, Edits, str, str]
Shown = Callable[[Expression], str]
Putting = Callable[[Expression, str], Edits]


def candidates(task: Task, judge: CodeJudge, text: str, finding: Finding) -> Iterator[Candidate]:
    """One-edit changes of a statement's right side, the likeliest first: what it is, the edit, the text before and after."""
    side = task.value
    around = [n for n in py.walk(side) if not isinstance(n, (py.Text, py.Constant, py.Unknown))]

    def of(node: Expression) -> str:
        return text[node.span.start : node.span.end]

    def put(node: Expression, new: str) -> tuple[tuple[int, int, str], ...]:
        return ((node.span.start, node.span.end, new),)

    def factor(node: Expression) -> str:
        return f"({of(node)})" if isinstance(node, py.Binary) and node.operator in ("+", "-", "<", ">", "<=", ">=") else of(node)

    # signs
    for node in reversed(around):
        match node:
            case py.Binary(_, "-", left, right):
                yield (
                    "sign",
                    put(node, f"{factor(right) if isinstance(right, py.Binary) else of(right)} - {factor(left)}"),
                    of(node),
                    f"{of(right)} - {of(left)}",
                )
                yield "sign", put(node, f"{of(left)} + {of(right)}"), "-", "+"
            case py.Binary(_, "+", left, right):
                yield "sign", put(node, f"{of(left)} - {factor(right)}"), "+", "-"
            case py.Unary(_, "-", operand):
                yield "sign", put(node, of(operand)), "-", "+"
    yield "sign", put(side, f"-{factor(side)}"), "+", "-"
    # means
    for name in means(task, judge):
        for term in terms(side):
            yield "batch-mean", put(term, f"{factor(term)} / {name}"), "", f"/ {name}"
    for node in around:
        match node:
            case py.Binary(_, "/", left, right):
                yield ("extra-mean" if is_size(right, task, judge) else "extra-factor"), put(node, of(left)), f"/ {of(right)}", ""
            case py.Called(_, py.Member(span, _, "mean"), _, _):
                yield "extra-mean", ((span.end - 4, span.end, "sum"),), "mean", "sum"
            case py.Called(_, py.Member(span, _, "sum"), _, _):
                yield "batch-mean", ((span.end - 3, span.end, "mean"),), "sum", "mean"
    # sums
    for node in around:
        if isinstance(node, py.Called):
            for name, axis in node.keywords:
                if name == "axis" and isinstance(axis, (py.Number, py.Unary)):
                    for digit in ("0", "1"):
                        if of(axis) != digit:
                            yield "axis", put(axis, digit), f"axis={of(axis)}", f"axis={digit}"
            if (
                isinstance(node.function, py.Member)
                and node.function.name in ("sum", "mean")
                and node.arguments
                and len(node.arguments) == 2
            ):
                for digit in ("0", "1"):
                    if of(node.arguments[1]) != digit:
                        yield "axis", put(node.arguments[1], digit), of(node.arguments[1]), digit
            if isinstance(node.function, py.Member) and node.function.name == "sum":
                inner = node.arguments[0] if node.arguments else node.function.of
                has_axis = any(name == "axis" for name, _ in node.keywords) or len(node.arguments) == 2
                yield "extra-sum", put(node, f"({of(inner)})"), of(node), of(inner)
                if not has_axis:
                    for digit in ("0", "1"):
                        yield "axis", put(node, f"np.sum({of(inner)}, axis={digit})"), of(node), f"axis={digit}"
    for along in ("axis=0", "axis=1", "axis=0, keepdims=True", "axis=1, keepdims=True"):
        yield "missing-sum", put(side, f"np.sum({of(side)}, {along})"), "", f"np.sum(…, {along})"
    yield "missing-sum", put(side, f"np.sum({of(side)})"), "", "np.sum"
    # products
    for node in around:
        match node:
            case py.Binary(_, "@", left, right):
                yield from _transposes(left, right, of, put)
                yield "swapped", put(node, f"{factor(right)} @ {factor(left)}"), of(node), f"{of(right)} @ {of(left)}"
                yield "entrywise", put(node, f"{factor(left)} * {factor(right)}"), "@", "*"
                yield (
                    "swapped",
                    put(node, f"{_turned(right, of)} @ {_turned(left, of)}"),
                    of(node),
                    f"{_turned(right, of)} @ {_turned(left, of)}",
                )
            case py.Binary(_, "*", left, right):
                yield "product", put(node, f"{factor(left)} @ {factor(right)}"), "*", "@"
                yield "product", put(node, f"{factor(right)} @ {factor(left)}"), "*", "@"
                yield "product", put(node, f"{_turned(left, of)} @ {factor(right)}"), "*", "@"
                yield "product", put(node, f"{factor(left)} @ {_turned(right, of)}"), "*", "@"
            case py.Called(_, py.Member(span, _, "dot" | "matmul") as function, (left, right), _):
                yield from _transposes(left, right, of, put)
                yield "swapped", (*put(left, of(right)), *put(right, of(left))), of(node), f"{of(right)}, {of(left)}"
                turned = (*put(left, _turned(right, of)), *put(right, _turned(left, of)))
                yield "swapped", turned, of(node), f"{_turned(right, of)}, {_turned(left, of)}"
                yield "entrywise", ((span.end - len(function.name), span.end, "multiply"),), function.name, "multiply"
            case py.Called(_, py.Member(span, _, "multiply") as function, (left, right), _):
                yield "product", ((span.end - len(function.name), span.end, "dot"),), "multiply", "dot"
            case py.Called(_, py.Member(_, left, "dot"), (right,), _):
                yield from _transposes(left, right, of, put)
                yield "swapped", put(node, f"{factor(right)}.dot({of(left)})"), of(node), f"{of(right)}.dot({of(left)})"
            case py.Member(_, inner, "T"):
                yield "transpose", put(node, of(inner)), of(node), of(inner)
    # activations
    for slope in slopes(judge, finding):
        yield "activation-derivative", put(side, f"{factor(side)} * {slope}"), "", slope
    for node in around:
        for first, last in runs(node):
            kept = [f for f in product(node) if not first <= product(node).index(f) <= last]
            gone = product(node)[first : last + 1]
            yield "extra-factor", put(node, " * ".join(map(factor, kept))), " * ".join(map(of, gone)), ""
    # other names
    names = [key for key, entry in task.seen.items() if isinstance(entry, (Quantity, Gradient)) and key.isidentifier() and key != task.key]
    for node in around:
        if isinstance(node, py.Name) and isinstance(task.seen.get(node.text), (Quantity, Gradient)):
            for name in names:
                if name != node.text:
                    yield _kind_of(node.text, name), put(node, name), node.text, name
    # constants
    for node in around:
        match node:
            case py.Number(_, value) if value:
                for near in dict.fromkeys((Fraction(1), value * 2, value / 2, value + 1, value - 1)):
                    if near != value and near:
                        yield "constant-factor", put(node, _number(near)), of(node), _number(near)
    for constant in ("2", "0.5"):
        yield "constant-factor", put(side, f"{constant} * {factor(side)}"), "", constant
    # factors and terms
    for node in around:
        match node:
            case py.Binary(_, "*" | "@", left, right):
                yield ("constant-factor" if isinstance(left, py.Number) else "extra-factor"), put(node, of(right)), of(left), ""
                yield ("constant-factor" if isinstance(right, py.Number) else "extra-factor"), put(node, of(left)), of(right), ""
            case py.Binary(_, "+" | "-" as operator, left, right):
                yield "extra-term", put(node, of(left)), f"{operator} {of(right)}", ""
                yield "extra-term", put(node, of(right)), of(left), ""
            case py.Binary(_, "**", left, _):
                yield "constant-factor", put(node, of(left)), of(node), of(left)
    for name in names:
        yield "dropped-factor", put(side, f"{factor(side)} * {name}"), "", name
        yield "dropped-factor", put(side, f"{factor(side)} / {name}"), "", f"/ {name}"
        for node in around:
            if isinstance(node, py.Name) and node.text == name:
                yield "constant-factor", put(node, f"{name} ** 2"), name, f"{name} ** 2"


def terms(side: Expression) -> list[Expression]:
    """The whole side, and the terms of the sum that it is."""
    found, stack = [side], [side]
    while stack:
        top = stack.pop()
        if isinstance(top, py.Binary) and top.operator in ("+", "-"):
            found += [top.left, top.right]
            stack += [top.left, top.right]
    return found


def product(node: Expression) -> list[Expression]:
    """The factors of an entrywise product, in order."""
    if isinstance(node, py.Binary) and node.operator == "*":
        return [*product(node.left), node.right]
    return [node]


def runs(node: Expression) -> list[tuple[int, int]]:
    """Two or three factors side by side in a longer product, as the positions of the first and the last."""
    size = len(product(node))
    return [(n, n + more) for more in (1, 2) for n in range(size - more) if size > more + 1]


def _transposes(left: Expression, right: Expression, of: Shown, put: Putting) -> Iterator[Candidate]:
    for node in (left, right):
        yield "transpose", put(node, _turned(node, of)), of(node), _turned(node, of)


def _turned(node: Expression, of: Shown) -> str:
    """A factor transposed, or not any more."""
    if isinstance(node, py.Member) and node.name == "T":
        return of(node.of)
    return f"({of(node)}).T" if isinstance(node, (py.Binary, py.Unary)) else f"{of(node)}.T"


def _kind_of(was: str, becomes: str) -> str:
    """Which mistake it is to take one name for another."""
    letters = [name.rstrip("0123456789").rstrip("_") for name in (was, becomes)]
    if letters[0] == letters[1] and was != becomes:
        return "wrong-layer"
    digits = [name[len(stem) :] for name, stem in zip((was, becomes), letters, strict=True)]
    if digits[0] == digits[1] and {letter.lower() for letter in letters} in ({"a", "z"}, {"h", "z"}, {"a", "net"}):
        return "wrong-argument"
    return "wrong-symbol"


def _number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else repr(float(value))


def means(task: Task, judge: CodeJudge) -> Iterator[str]:
    """How this code writes the number of samples."""
    samples = judge.passage.samples
    found = judge.backward.follower.axes.find
    for key, entry in task.seen.items():
        if isinstance(entry, Array) and isinstance(entry.expr, k.Size) and found(entry.expr.axis) in samples and key.isidentifier():
            yield key
    for key, entry in task.seen.items():
        if isinstance(entry, Quantity) and key.isidentifier():
            for n, axis in enumerate(entry.axes):
                if axis is not None and found(axis) in samples:
                    yield f"{key}.shape[{n}]"
                    return


def is_size(node: Expression, task: Task, judge: CodeJudge) -> bool:
    """Whether a divisor is a number of samples."""
    try:
        value = judge.backward.evaluator(task, judge.backward.true).value(node)
    except (NotRead, Mismatch):
        return False
    return isinstance(value, Array) and any(isinstance(n, k.Size) for n in nodes({}, value.expr))


def slopes(judge: CodeJudge, finding: Finding) -> Iterator[str]:
    """The derivative of the activation that acts on the finding's quantity, in the code's names."""
    follower = judge.passage.follower
    for name, inner in follower.inner.items():
        if inner != finding.quantity or not name.isidentifier():
            continue
        body = judge.passage.program.by_name[name].body
        kinds = {n.function for n in nodes({}, body) if isinstance(n, k.Apply)} if body is not None else set()
        if "sigmoid" in kinds:
            yield from (f"{name} * (1 - {name})", f"(1 - {name})", name)
        if "tanh" in kinds:
            yield f"(1 - {name} ** 2)"
        if body is not None and any(isinstance(n, k.Step) for n in nodes({}, body)):
            yield f"({inner if inner.isidentifier() else name} > 0)"
