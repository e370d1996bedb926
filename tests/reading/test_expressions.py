"""What a formula becomes: the cases that readers of LaTeX get wrong."""

from __future__ import annotations

import pytest

from verify.reading.parser import parse
from verify.reading.syntax import Big, Chain, Derivative, Evaluated, Fraction, Group, Name, Node, Number, Operator, Unreadable
from verify.reading.traversal import classes, replaced, walk


def content(formula: str) -> Node:
    """The one statement of a formula."""
    statements, diagnostics = parse(formula)
    assert not diagnostics and len(statements) == 1, (statements, diagnostics)
    return statements[0].content


@pytest.mark.parametrize("formula", [r"\odot", r"\circ", "*", r"\times"])
def test_a_sign_that_the_text_speaks_about(formula: str) -> None:
    """A product sign alone in a formula is that sign, and no product that breaks off."""
    assert isinstance(content(formula), Operator)


def test_a_limit() -> None:
    """The arrow below a limit is a relation; between statements it separates them."""
    limit = content(r"\lim_{h \to 0} \frac{f(x + h) - f(x)}{h}")
    assert isinstance(limit, Big) and isinstance(limit.lower, Chain) and limit.lower.links[0].relation == "->"
    assert len(parse(r"a = b \to c = d")[0]) == 2


def test_code_cut_through_a_call() -> None:
    """A group in a font of code that holds only a half of a call is opened."""
    sides = content(r"x = \mathtt{np.sum(} \frac{\partial L}{\partial Z} \mathtt{, axis=1)}")
    assert not any(isinstance(node, Unreadable) for node in walk(sides))
    assert any(isinstance(node, Name) and node.text == "np.sum" for node in walk(sides))
    assert any(isinstance(node, Derivative) for node in walk(sides))


def test_over() -> None:
    r"""``{a \over b}`` is a fraction, and a derivative where the sign stands above and below."""
    assert isinstance(content(r"{a + 1 \over b}"), Fraction)
    assert isinstance(content(r"{\partial L \over \partial w}"), Derivative)


@pytest.mark.parametrize("bar", [r"\right|", r"\Big|", r"\right\rvert", r"\bigg\rvert", r"\vert"])
def test_an_evaluation_bar(bar: str) -> None:
    """The bar behind a term with a subscript says where the term is taken; of an absolute value it is a part."""
    left = r"\left. f " if "right" in bar else "f "
    assert isinstance(content(f"{left}{bar}_{{x = 0}}"), Evaluated)
    assert not any(isinstance(node, Evaluated) for node in walk(content(r"\lvert x \rvert_1")))


@pytest.mark.parametrize(
    ("formula", "relation"), [("n! = m", "="), ("n != m", "!="), (r"w\!=\!1", "="), (r"a \not= b", "!="), ("a := b", ":=")]
)
def test_relations_of_several_signs(formula: str, relation: str) -> None:
    """A factorial before an equals sign and a thin space before it make no inequality."""
    chain = content(formula)
    assert isinstance(chain, Chain) and chain.links[0].relation == relation


@pytest.mark.parametrize("sign", [r"\stackrel{\text{def}}{=}", r"\overset{\triangle}{=}", r"\triangleq"])
def test_definitions(sign: str) -> None:
    """An equals sign with a note that says so is a definition; the link stands at the sign."""
    chain = content(f"a {sign} b")
    assert isinstance(chain, Chain) and chain.links[0].relation == ":="


def test_digits() -> None:
    """A script and a part of a fraction without braces take one digit; elsewhere adjacent digits are one numeral."""
    assert isinstance(content("123.5"), Number)
    half = content(r"\frac12")
    assert isinstance(half, Fraction) and half.denominator == Number(half.span, "2")
    assert not isinstance(content("x^23"), Number) and len([n for n in walk(content("x^23")) if isinstance(n, Number)]) == 2


def test_sized_delimiters_belong_to_their_group() -> None:
    r"""A group's span begins at its ``\left`` and ends at its closing delimiter, without the space behind it."""
    source = r"y \left( a + b \,\right) "
    group = next(node for node in walk(content(source)) if isinstance(node, Group))
    assert source[group.span.start : group.span.end] == r"\left( a + b \,\right)"
    assert source[group.body.span.start : group.body.span.end] == "a + b"


def test_a_brace_that_never_closes_is_reported() -> None:
    """What stands in a broken group is not read as if it were whole."""
    statements, diagnostics = parse(r"y = \sum_{i=1^N a_i = b")
    assert diagnostics and any(isinstance(node, Unreadable) for s in statements for node in walk(s.content))


@pytest.mark.parametrize(
    "formula",
    [
        r"A^\dagger = A^{*}",
        r"x = 90^{\circ}",
        r"A^{T}{}_{ij} = B_{ji}",
        r"\left( a + b \right. \\ & \left. + c \right) = d",
        r"\mathrm{KL}(p \,\|\, q) = \sum_x p(x) \log\frac{p(x)}{q(x)}",
        r"D(p || q) = \|p\| + ||q||",
        r"|x - |y|| = |x| + |y|",
        r"\mathbb{E}_{x \sim p}\left[ f(x) \mid y \right] = 0",
        r"\hat\theta = \underset{\theta}{\operatorname{arg\,max}} \; L(\theta)",
        r"f(x) = \left\{ \begin{aligned} &1, && x>0 \\ &0, && x \le 0 \end{aligned} \right.",
        r"\hat{y}^{\langle t \rangle} = g(W a^{\langle t \rangle} + b)",
    ],
)
def test_read_to_the_end(formula: str) -> None:
    """What people write is one chain, without a stretch that is not read."""
    chain = content(formula)
    assert isinstance(chain, Chain) and len(chain.links) == 1


def test_classes_of_nodes() -> None:
    """The classes below a node are those of its nodes, also where a part was replaced after they were looked for."""
    whole = content(r"\frac{a}{b} + x_i")
    assert classes(whole) == {type(node) for node in walk(whole)}
    name = next(node for node in walk(whole) if isinstance(node, Name) and node.text == "a")
    other = replaced(whole, name, Number(name.span, "2"))
    assert classes(other) == {type(node) for node in walk(other)} == classes(whole) | {Number}
    assert classes(whole) == {type(node) for node in walk(whole)}
