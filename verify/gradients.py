"""Hand-written NumPy gradients: proved against the function's own source where that can be read, compared in numbers where it cannot.

The two functions are read, never changed: their source is followed as ``backproof check`` follows code. What is returned as a gradient
is one claim for each parameter, with everything that the gradient's function computes on the way put in.
"""

from __future__ import annotations

import ast
import copy
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any, Literal

import numpy as np

from verify.checking_code import described
from verify.explaining.code_diagnosis import Search, edited
from verify.judging.code import CodeJudge, Finding
from verify.kernel.decision import IllTyped, Tested
from verify.kernel.expr import ONE
from verify.meaning.code_claims import Passage, reading_of
from verify.meaning.code_names import Template
from verify.reading.numpy_code import read_code

How = Literal["proved", "refuted", "tested", "compared", "not compared"]
Array = Any
ORDER: tuple[How, ...] = ("not compared", "compared", "tested", "refuted", "proved")
"""The ways of checking, the weakest first."""

CENTRAL_STEP = 1e-4
HELPERS = 40
"""So many functions that the two call are read with them."""


@dataclass(frozen=True)
class ParameterCheck:
    """What was found about the gradient by one parameter.

    ``how`` is proved or refuted (from the source, for all shapes with this number of axes), tested (at stated widths, modulo random
    primes), compared (in numbers, at the arguments that were given) or not compared. ``error`` is the largest difference from the
    numerical gradient relative to its size, ``at`` the entry where it is, ``expected`` and ``found`` are the two values there. ``reason``
    says why it was not proved, or what is wrong.
    """

    name: str
    ok: bool
    how: How
    error: float | None = None
    at: tuple[int, ...] = ()
    expected: float | None = None
    found: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class SourceLine:
    """A line of the gradient's source that is wrong by itself: its file, its line, what it says, why, and what it should say."""

    file: str
    line: int
    text: str
    message: str
    repair: str | None = None


@dataclass(frozen=True)
class GradientCheck:
    """What was found about a gradient: a verdict for each parameter, and the lines of the source that are wrong."""

    function: str
    gradient: str
    parameters: tuple[ParameterCheck, ...]
    lines: tuple[SourceLine, ...] = ()
    assumptions: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every gradient is right, as far as it was checked."""
        return all(p.ok for p in self.parameters)

    @property
    def how(self) -> How:
        """The weakest way in which a parameter was checked."""
        return min((p.how for p in self.parameters), key=ORDER.index, default="not compared")

    def __str__(self) -> str:
        """The verdicts, one parameter a line, and below them the lines that are wrong."""
        said = [f"{self.gradient} is {'' if self.ok else 'not '}the gradient of {self.function}:"]
        for p in self.parameters:
            said.append(f"  {p.name}: {'right' if p.ok else 'wrong'}, {p.how}{f' ({p.reason})' if p.reason else ''}")
            if not p.ok and p.expected is not None:
                place = f"[{', '.join(map(str, p.at))}]" if p.at else ""
                said.append(f"    {p.name}{place}: the gradient is {p.expected:.6g}, {self.gradient} returns {p.found:.6g}")
        for line in self.lines:
            said.append(f"  {line.file}:{line.line}: {line.text}")
            said.append(f"    {line.message}" + (f"; it should be {line.repair}" if line.repair else ""))
        if self.assumptions:
            said.append(f"  assuming {', '.join(self.assumptions)}")
        return "\n".join(said)

    def assert_ok(self, require: How = "compared") -> None:
        """Raises AssertionError, with everything that was found, unless every gradient is right and was checked at least so well."""
        if not self.ok:
            raise AssertionError(str(self))
        if ORDER.index(self.how) < ORDER.index(require):
            raise AssertionError(f"{require} is required:\n{self}")


def check_gradient(
    function: Callable[..., Any],
    gradient: Callable[..., Any],
    *arguments: Any,
    wrt: Sequence[str] | None = None,
    tolerance: float = 1e-6,
) -> GradientCheck:
    """Whether one function computes the gradient of another, parameter by parameter: proved from the source, or compared in numbers.

    ``function(*arguments)`` is one number; ``gradient(*arguments)`` is an array, a tuple or list of arrays, or a dict by names: the
    derivatives by the parameters ``wrt``, in that order; by default the names of the dict, or the first parameters of the function. Both
    are called once and again at ``arguments`` and around them, so that they must have no side effects. Floating-point arguments must lie
    away from kinks. A gradient is right numerically if it differs by less than ``tolerance`` of the larger of 1 and its own size.
    Raises TypeError and ValueError for functions that do not fit each other.
    """
    names = _names(function)
    if len(names) < len(arguments):
        raise TypeError(f"{_called(function)} has {len(names)} parameters, and {len(arguments)} arguments were given")
    values = [np.array(a, dtype=float) if _is_real(a) else a for a in arguments]
    returned = gradient(*values)
    found = _by_name(returned, wrt, names)
    for name in found:
        if name not in names[: len(values)]:
            raise ValueError(f"{_called(function)} has no parameter {name}")
    compared = [_compared(function, values, names.index(name), name, value, tolerance) for name, value in found.items()]
    read = _Reading(function, gradient, names, values, tuple(found))
    parameters = tuple(_joined(p, read.findings.get(p.name), read.reason) for p in compared)
    lines = tuple(read.wrong_lines()) if not all(p.ok for p in parameters) else ()
    return GradientCheck(_called(function), _called(gradient), parameters, lines, read.assumptions)


def _called(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", function))


def _names(function: Callable[..., Any]) -> list[str]:
    """The names of a function's positional parameters."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in inspect.signature(function).parameters.values() if p.kind in kinds]


def _is_real(argument: Any) -> bool:
    return np.asarray(argument).dtype.kind == "f"


def _by_name(returned: Any, wrt: Sequence[str] | None, names: Sequence[str]) -> dict[str, Array]:
    """What was returned, by the parameters that it is the gradient by."""
    if isinstance(returned, Mapping):
        keys = {str(key): np.asarray(value) for key, value in returned.items()}
        if wrt is None:
            wrt = [_parameter(key, names) for key in keys]
            return dict(zip(wrt, keys.values(), strict=True))
        return {name: next(value for key, value in keys.items() if _parameter(key, names) == name) for name in wrt}
    items = list(returned) if isinstance(returned, tuple | list) else [returned]
    wrt = list(names[: len(items)]) if wrt is None else list(wrt)
    if len(items) != len(wrt):
        raise ValueError(f"{len(items)} gradients are returned, for the {len(wrt)} parameters {', '.join(wrt)}")
    return dict(zip(wrt, map(np.asarray, items), strict=True))


def _parameter(key: str, names: Sequence[str]) -> str:
    """The parameter that a key such as ``W``, ``dW`` or ``grad_W`` belongs to."""
    for prefix in ("", "grad_", "g_", "d_", "d"):
        if key.startswith(prefix) and key.removeprefix(prefix) in names:
            return key.removeprefix(prefix)
    raise ValueError(f"the key {key} names no parameter")


# -- in numbers ----------------------------------------------------------------------------------------------------------------------------


def _compared(function: Callable[..., Any], values: list[Any], n: int, name: str, found: Array, tolerance: float) -> ParameterCheck:
    """The gradient by one parameter against central differences of the function."""
    at = values[n]
    if not isinstance(at, np.ndarray):
        return ParameterCheck(name, True, "not compared", reason="it is no array of floating-point numbers")
    if found.shape != at.shape:
        return ParameterCheck(name, False, "compared", reason=f"its shape is {found.shape}, the parameter's is {at.shape}")
    expected = np.empty(at.shape)
    for entry in np.ndindex(at.shape):
        step = CENTRAL_STEP * min(1.0, max(0.1, abs(float(at[entry]))))

        def of(times: int, entry: tuple[int, ...] = entry, step: float = step) -> float:
            moved = at.copy()
            moved[entry] += times * step
            result = np.asarray(function(*values[:n], moved, *values[n + 1 :]))
            if result.size != 1:
                raise ValueError(f"{_called(function)} returns an array of shape {result.shape}, not one number")
            return float(result.reshape(()))

        expected[entry] = (8 * (of(1) - of(-1)) - (of(2) - of(-2))) / (12 * step)
    if not at.size:
        return ParameterCheck(name, True, "compared", 0.0)
    difference = np.where(np.isfinite(found), np.abs(found - expected), np.inf) / max(1.0, float(np.max(np.abs(expected))))
    place = tuple(int(i) for i in np.unravel_index(int(np.argmax(difference)), at.shape))
    error = float(difference[place])
    right = bool(error <= tolerance)
    return ParameterCheck(name, right, "compared", error, place, float(expected[place]), float(found[place]))


def _joined(compared: ParameterCheck, finding: Finding | None, reason: str) -> ParameterCheck:
    """What numbers and source say together. What was proved is right only if the numbers do not say otherwise."""
    if finding is None or finding.verdict not in ("proved", "tested"):
        why = reason if finding is None else finding.reason
        if finding is not None and finding.verdict == "refuted" and compared.ok:
            return replace(compared, reason="the source says otherwise than the numbers: at other values it may be wrong", ok=False)
        if finding is not None and finding.verdict == "refuted":
            return replace(compared, how="refuted", reason=compared.reason or why)
        return replace(compared, reason=compared.reason or (f"not proved: {why}" if why else ""))
    how: How = "proved" if finding.verdict == "proved" else "tested"
    if compared.how == "compared" and not compared.ok:
        return replace(compared, reason="its source is that of the gradient, and the numbers differ: a kink, or too few digits")
    decision = finding.outcome.decision if finding.outcome is not None else None
    bound = f"the chance of an error is at most 2^{decision.bound_log2:.0f}" if isinstance(decision, Tested) else ""
    return replace(compared, ok=True, how=how, reason=bound)


# -- from the source -----------------------------------------------------------------------------------------------------------------------


class _Ends(Exception):
    """Where reading ends, and why."""


class _Reading:
    """The source of both functions as one script: the findings on each gradient that it returns, or why there are none."""

    def __init__(
        self, function: Callable[..., Any], gradient: Callable[..., Any], names: list[str], values: list[Any], wrt: tuple[str, ...]
    ) -> None:
        self.function, self.gradient = function, gradient
        self.findings: dict[str, Finding] = {}
        self.reason = ""
        self.own_names: Mapping[str, str] = {}
        self.assumptions: tuple[str, ...] = ()
        self.templates = {name: _template(value) for name, value in zip(names, values, strict=False)}
        try:
            script, self.own_names = _script(function, gradient, names, wrt)
            passage = reading_of(read_code(script), self.templates)
            self._judge(passage, wrt, script)
        except _Ends as why:
            self.reason = str(why)
        except IllTyped as why:
            self.reason = f"the source has no meaning: {why}"

    def _judge(self, passage: Passage, wrt: tuple[str, ...], script: str) -> None:
        passage.scales = {True: ONE, False: ONE}
        if passage.loss is None or passage.upstream:
            raise _Ends("what the function computes was not understood")
        judge = CodeJudge(passage)
        search = Search(judge, script)
        for finding in judge.findings():
            name = finding.task.key.removeprefix("d")
            if name in wrt:
                mend = search.mend(finding) if finding.verdict == "refuted" else None
                message = finding.reason if mend is None else self._in_own_names(mend.message)
                self.findings[name] = replace(finding, reason=message)
                if finding.outcome is not None:
                    self.assumptions = tuple(dict.fromkeys((*self.assumptions, *map(described, finding.outcome.assumptions))))

    def _in_own_names(self, text: str) -> str:
        return re.sub(r"\bq\d+_", lambda found: self.own_names.get(found[0], found[0]), text)

    def wrong_lines(self) -> Iterator[SourceLine]:
        """The lines of the gradient's own source that are refuted one by one, the gradients that each uses taken as right."""
        try:
            lines, start = inspect.getsourcelines(self.gradient)
            file = inspect.getsourcefile(self.gradient) or "?"
            text, first = _linked(self.function, self.gradient)
            passage = reading_of(read_code(text), self.templates)
            judge = CodeJudge(passage)
            passage.scales = {True: ONE, False: ONE}
            findings = judge.findings()
        except (_Ends, IllTyped, OSError, TypeError):
            return
        search = Search(judge, text)
        for finding in findings:
            number = text.count("\n", 0, finding.task.statement.sign.start) + first
            if finding.verdict == "refuted" and first <= number < len(lines):
                mend = search.mend(finding)
                message = finding.reason if mend is None else mend.message
                repair = None if mend is None or mend.task is not finding.task else edited(text, mend.task.value, mend.edits)
                yield SourceLine(file, start + number, lines[number].strip(), message, repair)


def _template(value: Any) -> Template:
    return tuple("1" if n == 1 else "n" for n in np.shape(value))


def _source(function: Callable[..., Any]) -> ast.FunctionDef:
    """The definition of a function. Raises _Ends where it has no source, or is no plain function."""
    if not isinstance(function, FunctionType) or function.__name__ == "<lambda>":
        raise _Ends("it is no function written with def")
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        raise _Ends("its source is not to be had") from None
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise _Ends("it is no plain function")
    return definition


def _script(
    function: Callable[..., Any], gradient: Callable[..., Any], names: list[str], wrt: tuple[str, ...]
) -> tuple[str, Mapping[str, str]]:
    """Both bodies, one after the other: the loss, then each gradient under the name of its parameter, and what both call before them; with
    it the source's names for those of the script."""
    first, second = _source(function), _source(gradient)
    helpers = _helpers((function, gradient))
    own = [a.arg for a in (*first.args.posonlyargs, *first.args.args)]
    other = [a.arg for a in (*second.args.posonlyargs, *second.args.args)]
    if len(own) != len(other):
        raise _Ends("the two functions do not have the same parameters")
    forward = _flat(first, {})
    # The gradient's own intermediate values get names that say nothing, so that each is what it is computed to be.
    table = dict(zip(other, own, strict=True))
    local = {n.id for n in ast.walk(second) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} - set(other)
    quiet = {name: f"q{n}_" for n, name in enumerate(sorted(local), 1)}
    table |= quiet
    backward = _flat(second, table)
    body: list[ast.stmt] = [*forward[:-1], _assigned("loss", forward[-1])]
    body += backward[:-1]
    for name, item in _items(backward[-1], wrt, names):
        body.append(_assigned(f"d{name}", item))
    module = ast.Module(body=[*helpers, *body], type_ignores=[])
    return ast.unparse(ast.fix_missing_locations(module)), {new: old for old, new in quiet.items()}


def _flat(definition: ast.FunctionDef, table: Mapping[str, str]) -> list[Any]:
    """The statements of a body with its names changed, and last the expression that it returns."""
    body = [s for s in definition.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    returns = [n for n in ast.walk(definition) if isinstance(n, ast.Return)]
    if not body or not isinstance(body[-1], ast.Return) or len(returns) != 1 or body[-1].value is None:
        raise _Ends(f"{definition.name} does not end in its only return")
    parameters = {a.arg for a in (*definition.args.posonlyargs, *definition.args.args)}
    for node in ast.walk(definition):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in parameters:
            raise _Ends(f"{definition.name} changes its argument {node.id}")
        if isinstance(node, ast.Name) and node.id in table:
            node.id = table[node.id]
    return [*body[:-1], body[-1].value]


def _items(returned: ast.expr, wrt: tuple[str, ...], names: Sequence[str]) -> Iterator[tuple[str, ast.expr]]:
    """Each gradient that is returned, with its parameter."""
    match returned:
        case ast.Tuple(elts=items) | ast.List(elts=items) if len(items) == len(wrt):
            yield from zip(wrt, items, strict=True)
        case ast.Dict(keys=keys, values=items) if all(isinstance(key, ast.Constant) for key in keys):
            for key, item in zip(keys, items, strict=True):
                assert isinstance(key, ast.Constant)
                yield _parameter(str(key.value), names), item
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            for keyword in keywords:
                yield _parameter(str(keyword.arg), names), keyword.value
        case _ if len(wrt) == 1:
            yield wrt[0], returned
        case _:
            raise _Ends("what is returned is not written out")


def _linked(function: Callable[..., Any], gradient: Callable[..., Any]) -> tuple[str, int]:
    """The gradient's body as it is written, and below it the loss in terms of the values that the body computes on its way.

    With it the number of the source's line (from 0) that its first one is. What the function and the gradient compute alike is found by
    its form: both are written out in the parameters.
    """
    first, second = _source(function), _source(gradient)
    own, other = ([a.arg for a in (*f.args.posonlyargs, *f.args.args)] for f in (first, second))
    *statements, loss = _flat(first, dict(zip(own, other, strict=True)))
    *known, _ = _flat(second, {})
    shared = {ast.dump(value): name for name, value in _written_out(known).items() if not isinstance(value, ast.Name)}
    link = _Linked(shared)
    lines = inspect.getsourcelines(gradient)[0]
    begin, end = second.body[0].lineno - 1, second.body[-1].lineno - 1
    body = textwrap.dedent("".join(lines[begin:end])).rstrip("\n")
    below = [link.statement(s) for s in (*statements, _assigned("loss", loss))]
    # Every argument is named before the first gradient, so that it is known to be one.
    arguments = [_assigned(f"f0_{n}_", ast.Name(name, ast.Load())) for n, name in enumerate(other)]
    module = ast.Module(body=[*_helpers((function, gradient)), *arguments], type_ignores=[])
    helpers = ast.unparse(ast.fix_missing_locations(module))
    last = ast.unparse(ast.fix_missing_locations(ast.Module(body=[s for s in below if s is not None], type_ignores=[])))
    return f"{helpers}\n{body}\n{last}\n", begin - helpers.count("\n") - 1


class _Linked(ast.NodeTransformer):
    """Puts the gradient's name for each value that the gradient computes too; the function's other names get ones that say nothing."""

    def __init__(self, shared: Mapping[str, str]) -> None:
        self.shared = shared
        self.values: dict[str, ast.expr] = {}
        self.names: dict[str, str] = {}
        self.count = 0

    def statement(self, statement: ast.stmt) -> ast.stmt | None:
        """A plain assignment in these names; None if the gradient has the value already. Raises _Ends for other statements."""
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                linked: Any = self.visit(copy.deepcopy(value))
                self.values[name] = _Put(self.values).visit(copy.deepcopy(value))
                if isinstance(linked, ast.Name):
                    self.names[name] = linked.id
                    return None
                self.count += 1
                self.names[name] = "loss" if name == "loss" else f"f{self.count}_"
                return _assigned(self.names[name], linked)
        raise _Ends("not only plain assignments")

    def visit(self, node: ast.AST) -> ast.AST:
        """The expression with each part that the gradient computes too under the gradient's name."""
        if isinstance(node, ast.expr):
            name = self.shared.get(ast.dump(_Put(self.values).visit(copy.deepcopy(node))))
            if name is not None:
                return ast.Name(name, ast.Load())
        if isinstance(node, ast.Name) and node.id in self.names:
            return ast.Name(self.names[node.id], ast.Load())
        found: ast.AST = self.generic_visit(node)
        return found


class _Put(ast.NodeTransformer):
    """Puts values in the place of names."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """The value of a name, or the name."""
        return copy.deepcopy(self.values.get(node.id, node)) if isinstance(node.ctx, ast.Load) else node


def _written_out(statements: Sequence[ast.stmt]) -> dict[str, ast.expr]:
    """What each name is at the end of plain assignments, in terms of the parameters. Raises _Ends for other statements."""
    found: dict[str, ast.expr] = {}
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = _Put(found).visit(copy.deepcopy(value))
            case _:
                raise _Ends("not only plain assignments")
    return found


def _assigned(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign(targets=[ast.Name(name, ast.Store())], value=value)


def _helpers(functions: Sequence[Callable[..., Any]]) -> list[ast.stmt]:
    """The definitions of the functions of their own modules that they call, directly or not."""
    found: dict[str, ast.stmt] = {}
    stack = [f for f in functions if isinstance(f, FunctionType)]
    done = set(functions)
    while stack and len(found) < HELPERS:
        function = stack.pop()
        for name in function.__code__.co_names:
            called = function.__globals__.get(name)
            if isinstance(called, FunctionType) and called not in done and called.__module__ == function.__module__:
                done.add(called)
                found[name] = _quiet(_source(called), f"h{len(found)}")
                stack.append(called)
    return list(reversed(found.values()))


def _quiet(definition: ast.FunctionDef, stem: str) -> ast.FunctionDef:
    """The function with names of its own for its parameters and its values, so that they are nobody else's."""
    own = [n for n in ast.walk(definition) if isinstance(n, ast.arg)]
    stored = [n.id for n in ast.walk(definition) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    table = {name: f"{stem}_{n}_" for n, name in enumerate(dict.fromkeys([*(a.arg for a in own), *stored]))}
    for node in ast.walk(definition):
        match node:
            case ast.arg():
                node.arg, node.annotation = table[node.arg], None
            case ast.Name(id=name) if name in table:
                node.id = table[name]
    definition.returns = None
    return definition
