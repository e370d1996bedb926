"""NumPy code to statements with positions, by Python's own ``ast``. The code is never executed, and no meaning is given to it here.

Every statement and expression that is not understood is a node that says so, so that the lines around it keep their meaning.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from fractions import Fraction

from verify.reading.syntax import Diagnostic, Span

MAX_CHARS = 400_000
"""Longer code is refused."""

MAX_DEPTH = 80
"""An expression that is nested deeper is not read."""

MAX_BROKEN = 20
"""So many lines of one block that do not parse are left out, each with a diagnostic; a block with more of them is left out whole."""

LARGEST, LEAST = 1e30, 1e-30
"""Numbers beyond these are not read: nobody derives a gradient with them, and exact arithmetic would pay for their digits."""


@dataclass(frozen=True, slots=True)
class Name:
    """A variable: ``W1``."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number, exactly as it is written; ``float`` says that it has a point or an exponent."""

    span: Span
    value: Fraction
    float: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    span: Span
    value: str


@dataclass(frozen=True, slots=True)
class Constant:
    """``True``, ``False``, ``None`` or ``...``."""

    span: Span
    value: bool | None


@dataclass(frozen=True, slots=True)
class Unary:
    """``-a``, ``+a``, ``~a``; ``not a`` has the operator ``not``."""

    span: Span
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """``a + b`` and its kind: the operator is one of ``+ - * / @ ** // % & | ^``; of comparisons ``< <= > >= == !=``; of choices ``and
    or``."""

    span: Span
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Member:
    """``a.T``, ``np.exp``."""

    span: Span
    of: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """``a[i, :]`` with the positions in order."""

    span: Span
    of: Expression
    positions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """A slice ``start:stop:step`` between brackets; what is left out is None."""

    span: Span
    start: Expression | None
    stop: Expression | None
    step: Expression | None


@dataclass(frozen=True, slots=True)
class Called:
    """``f(a, axis=0)``."""

    span: Span
    function: Expression
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """``(a, b)`` or ``[a, b]``."""

    span: Span
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Keyed:
    """``{"W1": W1}``, its keys and values in order."""

    span: Span
    keys: tuple[Expression, ...]
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """``a if c else b``."""

    span: Span
    test: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Lambda:
    """``lambda z: 1 / (1 + np.exp(-z))``."""

    span: Span
    parameters: tuple[str, ...]
    body: Expression


@dataclass(frozen=True, slots=True)
class Unknown:
    """An expression that is not read, and why."""

    span: Span
    reason: str


Expression = Name | Number | Text | Constant | Unary | Binary | Member | Item | Range | Called | Listed | Keyed | Choice | Lambda | Unknown


@dataclass(frozen=True, slots=True)
class Assign:
    """``target = value``, or ``target -= value`` with the operator ``-``; ``sign`` is where the ``=`` or ``-=`` stands."""

    span: Span
    target: Expression
    sign: Span
    value: Expression
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """``return value``."""

    span: Span
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An expression that stands by itself."""

    span: Span
    value: Expression


@dataclass(frozen=True, slots=True)
class Function:
    """A function: ``parameters`` with their defaults (None without one). ``owner`` is the class that it is a method of."""

    span: Span
    name: str
    parameters: tuple[tuple[str, Expression | None], ...]
    body: tuple[Statement, ...]
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Loop:
    """``for target in over:``; a ``while`` has neither."""

    span: Span
    target: Expression | None
    over: Expression | None
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """``if test:`` with both of its bodies."""

    span: Span
    test: Expression
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Assertion:
    """``assert test``."""

    span: Span
    test: Expression


@dataclass(frozen=True, slots=True)
class Unread:
    """A statement that is not read, and why."""

    span: Span
    reason: str


Statement = Assign | Returned | Evaluated | Function | Loop | Branch | Assertion | Unread


@dataclass(frozen=True)
class Code:
    """A file of code: its text, its statements in order, and what was not read."""

    text: str
    statements: tuple[Statement, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


def read_code(text: str) -> Code:
    """The statements of NumPy code. Never raises for what the text contains: what cannot be read is a diagnostic, and the rest is read."""
    text = _SURROGATE.sub("\ufffd", text)
    if len(text) > MAX_CHARS:
        return Code(text, (), (Diagnostic(Span(0, 0), f"the code is too long: {len(text)} characters, {MAX_CHARS} are the most"),))
    diagnostics: list[Diagnostic] = []
    reader = _Reader(text)
    try:
        statements = reader.block(_parsed(reader.plain).body)
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        found: list[Statement] = []
        for line, start, end in _blocks(reader.plain):
            found += _mended(reader.of_block(line), start, end, diagnostics)
        statements = tuple(found)
    diagnostics += [Diagnostic(s.span, s.reason) for s in every_statement(statements) if isinstance(s, Unread)]
    return Code(text, statements, tuple(sorted(diagnostics, key=lambda d: d.span)))


def read_expression(text: str) -> Expression | None:
    """One expression, with spans that count from its beginning; None where the text is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse("(" + text + "\n)", mode="eval")
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        return None
    return _Reader("(" + text + "\n)", 1).expression(tree.body)


def every_statement(statements: Sequence[Statement]) -> Iterator[Statement]:
    """The statements and those inside of them, in the order of the text."""
    for statement in statements:
        yield statement
        match statement:
            case Function(body=body) | Loop(body=body):
                yield from every_statement(body)
            case Branch(_, _, then, otherwise):
                yield from every_statement(then)
                yield from every_statement(otherwise)


def parts(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly below one."""
    match expression:
        case Unary(_, _, operand):
            return (operand,)
        case Binary(_, _, left, right):
            return (left, right)
        case Member(_, of, _):
            return (of,)
        case Item(_, of, positions):
            return (of, *positions)
        case Range(_, start, stop, step):
            return tuple(p for p in (start, stop, step) if p is not None)
        case Called(_, function, arguments, keywords):
            return (function, *arguments, *(value for _, value in keywords))
        case Listed(_, items):
            return items
        case Keyed(_, keys, items):
            return (*keys, *items)
        case Choice(_, test, then, otherwise):
            return (test, then, otherwise)
        case Lambda(_, _, body):
            return (body,)
    return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and all below it, each before what is below it."""
    stack = [expression]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(parts(top)))


# Reading


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes in strings: nobody's concern here
        return ast.parse(text)


_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n?|\n")
_GOES_ON = re.compile(r"[\s#)\]}]|(?:else|elif|except|finally)\b|$")


def _blocks(text: str) -> Iterator[tuple[int, int, int]]:
    """The stretches of whole lines that begin where a line begins at the margin: the number of the first line, from 0, and both ends."""
    first, start, at = 0, 0, 0
    decorated = False
    for number, line in enumerate(text.split("\n")):
        if at > start and not _GOES_ON.match(line) and not decorated:
            yield first, start, at
            first, start = number, at
        decorated = line.startswith("@")
        at += len(line) + 1
    yield first, start, min(at, len(text))


def _mended(reader: _Reader, start: int, end: int, diagnostics: list[Diagnostic]) -> tuple[Statement, ...]:
    """The statements of one block; lines that do not parse are left out, with a diagnostic."""
    block = reader.plain[start:end]
    for _ in range(MAX_BROKEN):
        try:
            return reader.block(_parsed(block).body)
        except SyntaxError as error:
            lines = block.split("\n")
            n = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
            if lines[n].strip() in ("", "pass", "0"):
                break
            at = start + sum(len(line) + 1 for line in lines[:n])
            indent = len(lines[n]) - len(lines[n].lstrip())
            room = len(lines[n]) - indent
            diagnostics.append(Diagnostic(Span(at + indent, at + len(lines[n])), f"not Python: {error.msg}"))
            lines[n] = " " * indent + ("pass" if room >= 4 else "0").ljust(room)
            block = "\n".join(lines)
        except (RecursionError, MemoryError, ValueError):
            diagnostics.append(Diagnostic(Span(start, end), "not read: nested too deeply"))
            return ()
    diagnostics.append(Diagnostic(Span(start, end), "not read: too much of it is not Python"))
    return ()


OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**", ast.FloorDiv: "//", ast.Mod: "%",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.UAdd: "+", ast.USub: "-", ast.Invert: "~", ast.Not: "not",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.And: "and", ast.Or: "or",
}  # fmt: skip


class _Reader:
    """Python's trees to nodes with spans. ``before`` characters stand before what the spans count in."""

    def __init__(self, text: str, before: int = 0) -> None:
        self.text = text
        self.before = before
        self.first = 0
        self.starts = [0, *(m.end() for m in _LINE_END.finditer(text))]
        self.plain = _LINE_END.sub(lambda m: "\n" if len(m[0]) == 1 else " \n", text)

    def of_block(self, first: int) -> _Reader:
        """The reader for a block whose first line is the given one, from 0."""
        reader = copy(self)
        reader.first = first
        return reader

    def offset(self, line: int, column: int) -> int:
        """The offset of a place that ``ast`` names: lines from 1, columns in bytes of UTF-8."""
        n = line - 1 + self.first
        start = self.starts[n]
        end = self.starts[n + 1] if n + 1 < len(self.starts) else len(self.text)
        row = self.text[start:end]
        if not row.isascii():
            column = len(row.encode("utf-8")[:column].decode("utf-8", "ignore"))
        return start + column - self.before

    def span(self, node: ast.stmt | ast.expr) -> Span:
        return Span(self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0))

    # -- statements -----------------------------------------------------------------------------------------------------------------

    def block(self, body: Sequence[ast.stmt], owner: str = "", depth: int = 0) -> tuple[Statement, ...]:
        """The statements of a body."""
        return tuple(s for node in body for s in self.statement(node, owner, depth + 1))

    def statement(self, node: ast.stmt, owner: str, depth: int) -> Iterator[Statement]:
        span = self.span(node)
        match node:
            case ast.Assign(targets, value):
                expression = self.expression(value)
                read = [self.expression(t) for t in targets]
                for n in reversed(range(len(read))):
                    after = read[n + 1].span.start if n + 1 < len(read) else expression.span.start
                    source: Expression = read[n + 1] if n + 1 < len(read) else expression
                    yield Assign(span, read[n], self.sign(read[n].span.end, after), source)
            case ast.AugAssign(target, operator, value):
                one, other = self.expression(target), self.expression(value)
                yield Assign(span, one, self.sign(one.span.end, other.span.start), other, OPERATORS.get(type(operator), "?"))
            case ast.AnnAssign(target, annotation, value) if value is not None:
                one, other = self.expression(target), self.expression(value)
                yield Assign(span, one, self.sign(self.span(annotation).end, other.span.start), other)
            case ast.Return(value):
                yield Returned(span, None if value is None else self.expression(value))
            case ast.Expr(ast.Constant()):
                return  # a docstring
            case ast.Expr(value):
                yield Evaluated(span, self.expression(value))
            case ast.FunctionDef(name, arguments, body):
                yield Function(span, name, self.parameters(arguments), self.block(body, owner, depth), owner)
            case ast.ClassDef(name, _, _, body):
                yield from self.block(body, name, depth)
            case ast.For(target, iterable, body, otherwise):
                yield Loop(span, self.expression(target), self.expression(iterable), self.block(body, owner, depth))
                yield from self.block(otherwise, owner, depth)
            case ast.While(_, body, _):
                yield Loop(span, None, None, self.block(body, owner, depth))
            case ast.If(test, then, otherwise):
                yield Branch(span, self.expression(test), self.block(then, owner, depth), self.block(otherwise, owner, depth))
            case ast.With(_, body):
                yield from self.block(body, owner, depth)
            case ast.Assert(test):
                yield Assertion(span, self.expression(test))
            case ast.Pass() | ast.Import() | ast.ImportFrom() | ast.Global() | ast.Break() | ast.Continue() | ast.AnnAssign():
                return
            case _:
                yield Unread(span, f"not read: {type(node).__name__.lower()}")

    def parameters(self, arguments: ast.arguments) -> tuple[tuple[str, Expression | None], ...]:
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        defaults: list[Expression | None] = [None] * (len(names) - len(arguments.defaults))
        defaults += [self.expression(d) for d in arguments.defaults]
        pairs = list(zip(names, defaults, strict=True))
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            pairs.append((argument.arg, None if default is None else self.expression(default)))
        return tuple(pairs)

    def sign(self, start: int, end: int) -> Span:
        """Where the assignment sign stands between a target and a value."""
        gap = self.text[start + self.before : end + self.before]
        at = gap.find("=")
        begin = at
        while begin > 0 and gap[begin - 1] in "+-*/@%&|^<>:":
            begin -= 1
        return Span(start + begin, start + at + 1)

    # -- expressions ----------------------------------------------------------------------------------------------------------------

    def expression(self, node: ast.expr, depth: int = 0) -> Expression:
        span = self.span(node)
        if depth > MAX_DEPTH:
            return Unknown(span, "nested too deeply")

        def below(child: ast.expr) -> Expression:
            return self.expression(child, depth + 1)

        def maybe(child: ast.expr | None) -> Expression | None:
            return None if child is None else below(child)

        match node:
            case ast.Name(text):
                return Name(span, text)
            case ast.Constant(bool() | None as value):
                return Constant(span, value)
            case ast.Constant(int() | float() as value):
                return _number(span, value)
            case ast.Constant(str() as value):
                return Text(span, value)
            case ast.Constant(value) if value is ...:
                return Constant(span, None)
            case ast.UnaryOp(operator, operand):
                return Unary(span, OPERATORS[type(operator)], below(operand))
            case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
                return Binary(span, OPERATORS[type(operator)], below(left), below(right))
            case ast.BoolOp(operator, [left, right]):
                return Binary(span, OPERATORS[type(operator)], below(left), below(right))
            case ast.Compare(left, [operator], [right]) if type(operator) in OPERATORS:
                return Binary(span, OPERATORS[type(operator)], below(left), below(right))
            case ast.Attribute(of, name):
                return Member(span, below(of), name)
            case ast.Subscript(of, ast.Tuple(positions)):
                return Item(span, below(of), tuple(map(below, positions)))
            case ast.Subscript(of, position):
                return Item(span, below(of), (below(position),))
            case ast.Slice(start, stop, step):
                return Range(span, maybe(start), maybe(stop), maybe(step))
            case ast.Call(ast.Attribute(_, "rand" | "randn" | "reshape" | "zeros" | "ones"), [ast.Starred(shape)], []):
                return Called(span, below(node.func), (below(shape),))  # a shape given by its parts is that shape
            case ast.Call(function, arguments, keywords) if all(k.arg for k in keywords) and not any(
                isinstance(a, ast.Starred) for a in arguments
            ):
                return Called(span, below(function), tuple(map(below, arguments)), tuple((k.arg or "", below(k.value)) for k in keywords))
            case ast.Tuple(items) | ast.List(items):
                return Listed(span, tuple(map(below, items)))
            case ast.Dict(keys, values) if all(k is not None for k in keys):
                return Keyed(span, tuple(below(k) for k in keys if k is not None), tuple(map(below, values)))
            case ast.IfExp(test, then, otherwise):
                return Choice(span, below(test), below(then), below(otherwise))
            case ast.JoinedStr(values) if len(values) <= 8:
                return self.joined(values, span, below)
            case ast.Lambda(arguments, body):
                return Lambda(span, tuple(name for name, _ in self.parameters(arguments)), below(body))
        return Unknown(span, f"not read: {type(node).__name__.lower()}")

    def joined(self, values: Sequence[ast.expr], span: Span, below: Callable[[ast.expr], Expression]) -> Expression:
        """``f"W{l}"`` as the sum of its strings."""
        found: Expression = Text(span, "")
        for value in values:
            match value:
                case ast.Constant(str() as text):
                    found = Binary(span, "+", found, Text(span, text))
                case ast.FormattedValue(inner, -1, None):
                    found = Binary(span, "+", found, Called(span, Name(span, "str"), (below(inner),)))
                case _:
                    return Unknown(span, "not read: a formatted string")
        return found


def _number(span: Span, value: int | float) -> Expression:
    try:
        size = abs(float(value))
    except OverflowError:
        return Unknown(span, "the number is too large")
    if size > LARGEST or (size and size < LEAST) or size != size:
        return Unknown(span, "the number is too large or too small")
    return Number(span, Fraction(repr(value)), isinstance(value, float))


def moved(expression: Expression, by: int) -> Expression:
    """The expression with all of its spans shifted."""
    span = Span(expression.span.start + by, expression.span.end + by)

    def shift(part: Expression) -> Expression:
        return moved(part, by)

    match expression:
        case Unary():
            return replace(expression, span=span, operand=shift(expression.operand))
        case Binary():
            return replace(expression, span=span, left=shift(expression.left), right=shift(expression.right))
        case Member():
            return replace(expression, span=span, of=shift(expression.of))
        case Item():
            return replace(expression, span=span, of=shift(expression.of), positions=tuple(map(shift, expression.positions)))
        case Called():
            keywords = tuple((name, shift(value)) for name, value in expression.keywords)
            return replace(
                expression,
                span=span,
                function=shift(expression.function),
                arguments=tuple(map(shift, expression.arguments)),
                keywords=keywords,
            )
        case Listed():
            return replace(expression, span=span, items=tuple(map(shift, expression.items)))
    return replace(expression, span=span)
