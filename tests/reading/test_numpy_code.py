"""NumPy code to statements: every place right, everything that is not read a diagnostic, nothing executed."""

from __future__ import annotations

import ast
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.reading import numpy_code as py
from verify.reading.numpy_code import Assign, Code, every_statement, read_code, read_expression


def assigns(text: str) -> list[Assign]:
    """The assignments of a text in order."""
    return [s for s in every_statement(read_code(text).statements) if isinstance(s, Assign)]


def source(text: str, node: py.Expression | Assign) -> str:
    """What stands at a node's place."""
    return text[node.span.start : node.span.end]


SIGNS = [
    ("x = 1", "=", 2),
    ("W -= lr * dW", "-=", 2),
    ("x: float = 3.0", "=", 9),
    ("α = β @ γ  # naïve", "=", 2),
    ("z = (a\n     == b)", "=", 2),
    ("a['='] = 2", "=", 7),
    ("long_name \\\n    = 3", "=", 16),
    ("x **= 2", "**=", 2),
]


@pytest.mark.parametrize(("text", "sign", "offset"), SIGNS)
def test_the_sign_of_an_assignment_is_where_it_stands(text: str, sign: str, offset: int) -> None:
    """The span of the sign covers exactly the ``=`` or ``-=`` between target and value, also behind letters of several bytes."""
    (statement,) = assigns(text)
    assert (text[statement.sign.start : statement.sign.end], statement.sign.start) == (sign, offset)


def test_a_chain_of_targets_is_one_assignment_for_each_sign() -> None:
    """``a = b = c`` assigns c to b at the second sign and b to a at the first."""
    text = "a = b = c + 1"
    found = [(source(text, s.target), s.sign.start, source(text, s.value)) for s in assigns(text)]
    assert found == [("b", 6, "c + 1"), ("a", 2, "b")]


def test_statements_inside_of_functions_classes_and_loops_are_read() -> None:
    """Bodies of functions, methods, loops and branches are statements of their own, with places in the whole file."""
    text = (
        "class Net:\n    def forward(self, X, lr=0.1):\n        for l in range(2):\n"
        "            if l:\n                self.Z = X\n        return self.Z\n"
    )
    (function,) = read_code(text).statements
    assert isinstance(function, py.Function)
    assert (function.owner, function.name, [name for name, _ in function.parameters]) == ("Net", "forward", ["self", "X", "lr"])
    (inner,) = assigns(text)
    assert source(text, inner) == "self.Z = X"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings_do_not_move_places(ending: str) -> None:
    """Spans count the characters of the text as it is, whatever ends its lines."""
    text = ending.join(["x = 1", "ü = x + 2", "", "y = ü"])
    assert [source(text, s) for s in assigns(text)] == ["x = 1", "ü = x + 2", "y = ü"]


def test_numbers_are_exact() -> None:
    """A decimal number is the fraction that is written, not the nearest binary one."""
    (statement,) = assigns("x = 0.1")
    assert isinstance(statement.value, py.Number)
    assert (statement.value.value, statement.value.float) == (Fraction(1, 10), True)


@pytest.mark.parametrize("text", ["1e999999999", "0x" + "f" * 50_000, "1e-200"])
def test_numbers_out_of_reach_are_not_read(text: str) -> None:
    """Numbers with more digits than a derivation has are unknown values, and cost nothing."""
    (statement,) = assigns(f"x = {text}")
    assert isinstance(statement.value, py.Unknown)


def test_a_line_that_is_not_python_is_a_diagnostic_and_the_others_are_read() -> None:
    """A broken line is left out and named with its place; what stands before and behind it keeps its meaning and its place."""
    text = "a = 1\nb = = 2\ndef f(x):\n    y = x +\n    return x\nc = 3\n"
    code = read_code(text)
    assert [text[d.span.start : d.span.end] for d in code.diagnostics] == ["b = = 2", "y = x +"]
    assert [source(text, s) for s in assigns(text)] == ["a = 1", "c = 3"]


HOSTILE = {
    "brackets": "x = " + "[" * 5000,
    "minus signs": "x = " + "-" * 50_000 + "a",
    "a long sum": "x = " + "+".join(["a"] * 100_000),
    "attributes": "x = a" + ".b" * 100_000,
    "nul": "x = 1\0",
    "a lone surrogate": "x = '\ud800'",
    "too long": "x = 1\n" * 100_000,
    "tabs and blanks": "if a:\n\tx = 1\n        y = 2\n",
    "many broken lines": "x = = 1\n" * 5_000,
    "elif without end": "if a:\n x = 1\n" + "elif a:\n x = 1\n" * 5_000,
    "a digit too many": "x = " + "9" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_is_a_diagnostic(name: str) -> None:
    """Code that breaks parsers is named in a diagnostic, and a good line behind it is read where the file is not too long for that."""
    text = HOSTILE[name] + ("\ngood = 1\n" if name != "too long" else "")
    code = read_code(text)
    read = [s for s in assigns(text) if source(code.text, s) == "good = 1"]
    assert code.diagnostics or name == "a lone surrogate"
    assert len(read) == (name != "too long")


def test_nothing_is_executed(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """Reading compiles nothing to run: calls of the interpreter's doors fail the test."""
    import builtins

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("code was executed")

    for name in ("eval", "exec", "__import__"):
        monkeypatch.setattr(builtins, name, forbidden)
    code = read_code('x = __import__("os").system("id")\ny = eval("1")\nexec("z = 1")\n')
    monkeypatch.undo()
    assert len(code.statements) == 3


NAMES = st.sampled_from(["a", "b", "W1", "np", "x"])
EXPRESSIONS = st.recursive(
    NAMES | st.integers(0, 99).map(str),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "@", "**"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda e: f"-{e}"),
        inner.map(lambda e: f"({e}).T"),
        st.tuples(inner, inner).map(lambda t: f"f({t[0]}, axis={t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]})[{t[1]}, :]"),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_every_part_of_an_expression_has_its_place(text: str) -> None:
    """The text at the span of each part is, read by itself, that part again."""
    whole = read_expression(text)
    assert whole is not None
    for part in py.walk(whole):
        if isinstance(part, py.Range):
            continue
        piece = text[part.span.start : part.span.end]
        assert ast.dump(ast.parse(piece, mode="eval")), piece
        assert shape(read_expression(piece)) == shape(part)


def shape(node: py.Expression | None) -> object:
    """A node without its places."""
    assert node is not None
    fields = [
        v for n, v in ((f, getattr(node, f)) for f in node.__dataclass_fields__) if n != "span" and isinstance(v, (str, Fraction, bool))
    ]
    return type(node).__name__, fields, [shape(p) for p in py.parts(node)]


@given(st.text(max_size=200))
@settings(max_examples=200)
def test_any_text_is_read(text: str) -> None:
    """Whatever the text, the answer is code with diagnostics, and every place lies inside of the text."""
    code = read_code(text)
    assert isinstance(code, Code)
    for statement in every_statement(code.statements):
        assert 0 <= statement.span.start <= statement.span.end <= len(text)


LINES = st.sampled_from(
    [
        "x = a @ b",
        "def f(x):",
        "    return x",
        "for i in range(3):",
        "    y = x[i]",
        "z = (",
        ")",
        "if x:",
        "else:",
        "W -= 0.1 * dW",
        "'''",
        "\t",
        "@",
        "a, b = f(x)",
    ]
)


@given(st.lists(LINES, max_size=12))
def test_any_lines_are_read(lines: list[str]) -> None:
    """However lines of code are put together, reading answers, and the places of what is read hold statements."""
    text = "\n".join(lines)
    for statement in assigns(text):
        assert "=" in text[statement.sign.start : statement.sign.end]


def test_reading_is_not_quadratic_in_broken_blocks() -> None:
    """Twice as many broken lines are not four times as many steps: parsing works on one block at a time."""
    counted = []
    for size in (500, 1000):
        calls = 0
        original = py._parsed

        def counting(text: str, original: Callable[[str], ast.Module] = original) -> ast.Module:
            nonlocal calls
            calls += len(text)
            return original(text)

        py._parsed = counting
        try:
            read_code("x = = 1\n" * size)
        finally:
            py._parsed = original
        counted.append(calls)
    assert counted[1] < 3 * counted[0]
