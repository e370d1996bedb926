"""Formulas as MathML: what each notation looks like, that nothing is lost, that nothing escapes."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import fields
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.reading import syntax
from verify.reading.parser import parse
from verify.reading.syntax import Node, Number, Product, Span
from verify.reading.tokens import macros_in
from verify.rendering.mathml import SOURCE, array, latex_as_mathml, mathml, shown, written
from verify.rendering.symbols import in_font

SPACES = "\N{NO-BREAK SPACE}\N{FUNCTION APPLICATION}"


def text_of(element: Element) -> str:
    """The letters of an element in reading order, without spaces, mathematical alphabets as plain letters."""
    letters = "".join(element.itertext()).translate(dict.fromkeys(map(ord, SPACES)))
    return unicodedata.normalize("NFKC", letters)


def shape(element: Element) -> str:
    """An element in short: its name and its children's in parentheses, the text of leaves; rows of one are left out."""
    if not len(element):
        return element.text or element.tag
    inner = ", ".join(shape(child) for child in element)
    return f"({inner})" if element.tag == "mrow" else f"{element.tag}({inner})"


def shape_of(latex: str) -> str:
    """The shape of a formula, its parts one after another."""
    return "; ".join(shape(part).removeprefix("math(").removesuffix(")") for part in latex_as_mathml(latex))


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\frac{a}{b}", "mfrac(a, b)"),
        (r"x_{ij}^2", "msubsup(x, (i, j), 2)"),
        ("x''^2", "msup(x, (′′, 2))"),
        (r"w_{i,j}", "msub(w, (i, ,, j))"),
        (r"\frac{\partial L}{\partial w_o}", "mfrac((∂, L), (∂, msub(w, o)))"),
        (r"\frac{\partial^2 L}{\partial x \partial y}", "mfrac((msup(∂, 2), L), (∂, x, ∂, y))"),
        (r"\frac{\partial^2 L}{\partial x^2}", "mfrac((msup(∂, 2), L), (∂, msup(x, 2)))"),
        (r"\frac{\partial}{\partial x} f", "(mfrac(∂, (∂, x)), f)"),
        (r"\frac{a}{\partial x}", "mfrac(a, (∂, x))"),
        (r"\partial_w L", "(msub(∂, w), L)"),
        ("dL/dw", "mfrac((d, L), (d, w))"),
        (r"\nabla_W L", "(msub(∇, W), L)"),
        (r"\nabla^2 L", "(msup(∇, 2), L)"),
        (r"\sum_{i=1}^N y_i", "(munderover(∑, (i, =, 1), N), msub(y, i))"),
        (r"\sum", "∑"),
        (r"\max_{i} x_i", "(munder(max, i), msub(x, i))"),
        (r"\int_0^1 x", "(msubsup(∫, 0, 1), x)"),
        (r"\sqrt{x}", "msqrt(x)"),
        (r"\sqrt[3]{x}", "mroot(x, 3)"),
        (r"-a + b \pm c", "(−, a, +, b, ±, c)"),
        (r"+a", "(+, a)"),
        (r"a \odot b \cdot c / d", "(a, ⊙, b, ⋅, (c, /, d))"),
        (r"\left[ a \right)", "([, a, ))"),
        (r"\langle a, b \rangle", "(⟨, (a, ,, b), ⟩)"),
        (r"\|x\|", "(‖, x, ‖)"),
        (r"\hat{x}", "mover(x, ^)"),
        (r"\underline{x}", "munder(x, _)"),
        (r"\underbrace{a}_{i=k}", "munder(munder(a, ⏟), (i, =, k))"),
        (r"\overset{!}{x}", "mover(x, !)"),
        (r"\overset{a}{x}", "mover(x, a)"),
        (r"\mathcal{L}", "ℒ"),
        (r"\mathbf{w}", "𝐰"),
        (r"\boldsymbol{\sigma}", "𝝈"),
        (r"\mathbb{R}", "ℝ"),
        (r"\text{relu}(z)", "(relu, ((, z, )))"),
        (r"x!", "(x, !)"),
        (r"x_1, \dots, x_n", "msub(x, 1), ,, …, ,, msub(x, n)"),
        (r"\left. f \right|_{x=0}", "(f, msub(|, (x, =, 0)))"),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", "((, mtable(mtr(mtd(a), mtd(b)), mtr(mtd(c), mtd(d))), ))"),
        (r"\begin{cases} 0 & z \leq 0 \\ 1 & z > 0 \end{cases}", "({, mtable(mtr(mtd(0), mtd((z, ≤, 0))), mtr(mtd(1), mtd((z, >, 0)))))"),
        (r"a = b \leq c", "a; =, b; ≤, c"),
        (r"\eqref{eq:2}", "(eq:2)"),
    ],
)
def test_notation(latex: str, expected: str) -> None:
    """Each notation has the MathML of its meaning."""
    assert shape_of(latex) == expected


def test_every_kind_of_node_has_an_appearance() -> None:
    """No kind of node that the reading makes is shown as its source, except what could not be read."""
    text = "xyz"
    at = Span(0, 3)
    x = Number(at, "7")
    given_for: dict[str, object] = {
        "tuple[Node, ...]": (x,),
        "Node": x,
        "Node | None": x,
        "str": "x",
        "int": 1,
        "bool": False,
        "tuple[str, ...]": ("+",),
        "tuple[CaseRow, ...]": (syntax.CaseRow(at, x, x),),
        "tuple[tuple[Node, ...], ...]": ((x,),),
        "tuple[Link, ...]": (syntax.Link(at, "=", x),),
        "Literal['partial', 'd']": "partial",
    }
    kinds = [k for k in vars(syntax).values() if isinstance(k, type) and issubclass(k, Node) and k is not Node]
    assert len(kinds) > 20
    for kind in kinds:
        values = {f.name: given_for[str(f.type).replace('"', "'")] for f in fields(kind) if f.name not in ("span", "accents")}
        values |= {"accents": ()} if "accents" in {f.name for f in fields(kind)} else {}
        drawn = mathml(kind(span=at, **values), text)
        fell_back = any(part.get("class") == SOURCE for part in drawn.iter())
        assert fell_back == (kind is syntax.Unreadable), kind


def test_unreadable_is_shown_as_source() -> None:
    """What could not be read is shown letter for letter, with its own class."""
    leaves = [part for found in latex_as_mathml(r"(a + \frac{b}") for part in found.iter() if part.get("class") == SOURCE]
    assert "".join(leaf.text or "" for leaf in leaves) == r"(a + \frac{b}"


def test_unknown_command_is_shown_as_source() -> None:
    """A command without an appearance stands there by its name."""
    (drawn,) = latex_as_mathml(r"\fooblat x")
    assert [part.text for part in drawn.iter() if part.get("class") == SOURCE] == [r"\fooblat"]


def test_markup_is_escaped() -> None:
    """Markup in a formula is text on the page."""
    for latex in (r"\text{<script>alert(1)</script>}", r"\operatorname{</math><img src=x onerror=alert(1)>}", r"\foo<b>\"&quot;"):
        markup = "".join(written(part) for part in latex_as_mathml(latex))
        assert "<script" not in markup and "<img" not in markup and "<b>" not in markup
        root = fromstring(f"<p>{markup}</p>")
        assert {part.tag for part in root} == {"math"}


def test_alternative_text_is_the_source() -> None:
    """What is read aloud where MathML is not is the LaTeX as written, on one line."""
    text = "see \\frac{a}\n{b} there"
    (statement,), _ = parse(text, 4, 16)
    assert mathml(statement.content, text).get("alttext") == r"\frac{a} {b}"


def test_words_with_a_formula() -> None:
    """A formula inside the words of a formula is shown as one."""
    assert shape_of(r"\begin{cases} 1 & \text{if } z > 0 \end{cases}") == "({, mtable(mtr(mtd(1), mtd((if, mspace, (z, >, 0))))))"
    assert "msub(w, o)" in shape_of(r"a = b \quad \text{with $w_o$ fixed}")


def test_what_stands_between_the_sides_is_kept() -> None:
    """Words, arrows, labels and conditions around a relation are shown."""
    drawn = "".join(text_of(part) for part in latex_as_mathml(r"\text{So: } \Rightarrow a = b \quad \forall i: i = k \tag{2}"))
    assert drawn == "So:⇒a=b∀i:i=k(2)"


def test_macros_are_shown_by_what_they_mean() -> None:
    """A macro and its arguments are shown once each, also where it is the side of a relation."""
    macros = macros_in(r"\newcommand{\m}[1]{\mathbf{#1}} \newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} \newcommand{\R}{\mathbb{R}}")
    drawn = latex_as_mathml(r"\pd{L}{\m{W}} = \m{X} \m{Y} + \R", macros)
    assert [text_of(part) for part in drawn] == ["∂L∂W", "=XY+R"]


def test_faults_are_marked() -> None:
    """What lies within a fault is marked once, at its outermost part; the rest is not."""
    text = r"a + \frac{y_i}{o_i} \cdot b"
    (statement,), _ = parse(text)
    start = text.index(r"\frac")
    drawn = mathml(statement.content, text, faults=(Span(start, text.index(r" \cdot")),))
    marked = [part for part in drawn.iter() if part.get("class") == "fault"]
    assert [text_of(part) for part in marked] == ["yioi"]


def test_long_products_and_deep_trees() -> None:
    """A product of many factors is flat; what is nested too deep for a browser is shown as source, not dropped."""
    text = "a" * 5000
    node: Node = Number(Span(0, 1), "1")
    for n in range(1, 5000):
        node = Product(Span(0, n + 1), "cdot", node, Number(Span(n, n + 1), "1"))
    assert text_of(mathml(node, text)).count("1") == 5000
    (statement,), _ = parse("x" + "!" * 3000)
    drawn = mathml(statement.content, "x" + "!" * 3000)
    assert text_of(drawn).count("!") == 3000
    depth, level = 0, [drawn]
    while level:
        depth, level = depth + 1, [child for parent in level for child in parent]
    assert depth < 400


@given(st.sampled_from(["bf", "it", "cal", "frak", "bb", "sf", "tt"]), st.characters(min_codepoint=33, max_codepoint=126))
def test_alphabets_hold_their_letters(font: str, letter: str) -> None:
    """A letter of a mathematical alphabet is that letter, only in another form."""
    assert unicodedata.normalize("NFKC", in_font(letter, font)) == letter
    if letter.isalpha():
        assert in_font(letter, font) != letter


LETTERS = "abcuvwxyz"


def formulas() -> st.SearchStrategy[str]:
    """Formulas in which every letter and digit is to be shown."""
    leaf = st.sampled_from([*LETTERS, "2", "7", r"\hat{x}", r"\mathbf{w}", r"\text{relu}"])

    def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        pair = st.tuples(inner, inner)
        return st.one_of(
            pair.map(lambda p: rf"\frac{{{p[0]}}}{{{p[1]}}}"),
            pair.map(lambda p: rf"\left({p[0]} + {p[1]}\right)"),
            pair.map(lambda p: rf"{p[0]} \cdot {p[1]}"),
            pair.map(lambda p: rf"\frac{{\partial {p[0]}}}{{\partial {p[1]}}}"),
            pair.map(lambda p: rf"\sum_{{{p[0]}}} {p[1]}"),
            pair.map(lambda p: rf"\begin{{cases}} {p[0]} & x > 0 \\ {p[1]} & x \leq 0 \end{{cases}}"),
            pair.map(lambda p: rf"\underbrace{{{p[0]}}}_{{{p[1]}}}"),
            inner.map(lambda a: rf"\sqrt{{{a}}}"),
            inner.map(lambda a: rf"\ln\left({a}\right)"),
            pair.map(lambda p: rf"b_{{{p[0]}}}^{{{p[1]}}}"),
        )

    return st.lists(st.recursive(leaf, grown, max_leaves=8), min_size=1, max_size=3).map(" = ".join)


@given(formulas())
def test_no_letter_is_lost(latex: str) -> None:
    """Every letter and digit of a formula that is read is on the page, as often as in the source."""
    statements, unread = parse(latex)
    assert statements and not unread
    source = latex
    commands = ["frac", "left", "right", "cdot", "partial", "sum", "begin", "end", "leq", "underbrace", "sqrt", "hat", "mathbf", "text"]
    for command in commands:
        source = source.replace("\\" + command, " ").replace("{cases}", " ")
    drawn = "".join(text_of(part) for part in latex_as_mathml(latex))
    assert Counter(c for c in drawn if c.isascii() and c.isalnum()) == Counter(c for c in source if c.isascii() and c.isalnum())
    assert not any(part.get("class") == SOURCE for found in latex_as_mathml(latex) for part in found.iter())


@given(st.text(st.characters() | st.sampled_from("\\{}_^$&=<>\"'\x00\x1b\u202e"), max_size=60))
def test_any_text_gives_markup(latex: str) -> None:
    """Whatever the source, the result is well formed, holds only mathematics, and no letter that acts on a page."""
    for part in latex_as_mathml(latex):
        markup = written(part)
        tags = {found.tag for found in fromstring(markup).iter()}
        assert all(tag.startswith("m") for tag in tags)
        assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in markup if c != "\n")
        markup.encode()


@given(st.text())
def test_shown_text_does_not_act(text: str) -> None:
    """No control, lone surrogate or mark of direction is left in what is shown, and line breaks stay."""
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in shown(text) if c != "\n")
    assert shown(text).count("\n") == text.count("\n")


def test_arrays() -> None:
    """The values of a witness are numbers, rows and matrices."""
    assert shape(array("-3/2")) == "math(−3/2)"
    assert shape(array(["1", "2"])) == "math(([, mtable(mtr(mtd(1), mtd(2))), ]))"
    assert shape(array([["1"], ["2"]])) == "math(([, mtable(mtr(mtd(1)), mtr(mtd(2))), ]))"
    assert shape(array([])) == "math(([, mtable(mtr), ]))"
