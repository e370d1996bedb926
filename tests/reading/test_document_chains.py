"""A chain that goes on in the next formula is one chain, in the formula where it began."""

import pytest

from verify.reading.document import Document, read
from verify.reading.parser import parse
from verify.reading.syntax import Chain, Formula, Statement


def shown(document: Document) -> list[list[str]]:
    """For each formula its statements: a chain by its first side, signs and right sides as written, ``_`` for a missing one."""
    return [[_statement(document, s) for s in p.statements] for p in document.parts if isinstance(p, Formula)]


def _statement(document: Document, statement: Statement) -> str:
    content = statement.content
    sides = [content.first, *(link.right for link in content.links)] if isinstance(content, Chain) else [content]
    signs = [document.text[link.span.start : link.span.end] for link in content.links] if isinstance(content, Chain) else []
    written = ["_" if s is None else document.text[s.span.start : s.span.end] for s in sides]
    return written[0] + "".join(f" {sign} {side}" for sign, side in zip(signs, written[1:], strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$$a = b$$\n$$= c$$", [["a = b = c"], []]),
        ("$$a = b$$\n\n\n$$= c$$\n\n$$= d$$", [["a = b = c = d"], [], []]),
        ("$a = b$ $= c$", [["a = b = c"], []]),
        ("$a = b$, $= c$.", [["a = b = c"], []]),
        ("$a = b$;\n$= c$", [["a = b = c"], []]),
        ("$$a = b$$\n<!-- expect: given -->\n$$= c$$\n<!-- expect: proved -->\n", [["a = b = c"], []]),
        ("$$a \\leq b$$ $$= c$$", [["a \\leq b = c"], []]),
        ("$x$ $= c$", [["x = c"], []]),
        ("$x = 1, \\quad a = b$ $= c$", [["x = 1", "a = b = c"], []]),
        ("$$a = b$$\n$$= c \\quad x = y$$", [["a = b = c"], ["x = y"]]),
        ("$$a = b$$\n$$= c \\quad x = y$$\n$$= z$$", [["a = b = c"], ["x = y = z"], []]),
        ("$$a =$$\n$$b = c$$", [["a = b = c"], []]),
        ("$$a =$$\n$$b$$", [["a = b"], []]),
        ("$a = b =$ $c$ $= d$", [["a = b = c = d"], [], []]),
        ("$$a =$$ $$b \\quad x = y$$", [["a = b"], ["x = y"]]),
        ("> $$a = b$$\n>\n> $$= c$$", [["a = b = c"], []]),
        ("```math\na = b\n```\n```math\n= c\n```", [["a = b = c"], []]),
    ],
)
def test_a_formula_goes_on_with_the_one_before_it(text: str, expected: list[list[str]]) -> None:
    """A formula that begins with its sign, or stands behind one that ends with its sign, belongs to the chain before it."""
    assert shown(read(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$$= c$$", [["_ = c"]]),
        ("$$a =$$", [["a = _"]]),
        ("$$a = b$$\n\nand so\n\n$$= c$$", [["a = b"], ["_ = c"]]),
        ("$a = b$ and $= c$", [["a = b"], ["_ = c"]]),
        ("$$a = b$$\n\n# Next\n\n$$= c$$", [["a = b"], ["_ = c"]]),
        ("$$a = b$$\n\n```\ncode\n```\n\n$$= c$$", [["a = b"], ["_ = c"]]),
        ("| a | b |\n|---|---|\n| $a = b$ | $= c$ |", [["a = b"], ["_ = c"]]),
        ("$a =$ so $b$", [["a = _"], ["b"]]),
        ("$a = b$ $c$", [["a = b"], ["c"]]),
        ("$a = b$ $\\Rightarrow c = d$", [["a = b"], ["c = d"]]),
        ("$a =$ $\\Rightarrow c = d$", [["a = _"], ["c = d"]]),
    ],
)
def test_where_there_is_nothing_to_go_on_with_the_formula_stays(text: str, expected: list[list[str]]) -> None:
    """Words, headings, code, table cells and arrows between two formulas keep them apart."""
    assert shown(read(text)) == expected


def test_links_keep_their_places() -> None:
    """A link that has moved to the chain before it still points to where it stands."""
    text = "$$a = b$$\n$$= c$$\n$$= d$$"
    (first, *_) = (p for p in read(text).parts if isinstance(p, Formula))
    (statement,) = first.statements
    assert isinstance(statement.content, Chain)
    assert [link.span.start for link in statement.content.links] == [4, 12, 20]
    assert (statement.content.span.start, statement.content.span.end) == (2, 23)


def test_names_and_conditions_go_with_the_links() -> None:
    """What a formula that goes on says beside its links is kept: its name, its conditions."""
    (first, *_) = (p for p in read("$$a = b$$\n$$= c \\quad \\forall i: i = k \\tag{2}$$").parts if isinstance(p, Formula))
    (statement,) = first.statements
    assert statement.label == "(2)"
    assert len(statement.conditions) == 1


def test_in_tex_too() -> None:
    """Two environments in a row are one chain; comments between them do not part them."""
    text = "\\begin{align}\na &= b\n\\end{align}\n% expect: given\n\\begin{align}\n&= c\n\\end{align}"
    assert shown(read(text, "tex")) == [["a = b = c"], []]


def test_a_chain_over_very_many_formulas() -> None:
    """A chain over thousands of formulas is put together in one."""
    document = read("$a$" + "\n$= b$" * 5000)
    first = document.parts[0]
    assert isinstance(first, Formula) and isinstance(first.statements[0].content, Chain)
    assert len(first.statements[0].content.links) == 5000


def test_a_root_spans_its_argument() -> None:
    """A function that takes a braced argument ends where the argument does, so that what is put behind it stands behind it."""
    text = r"\sqrt{x} y"
    product = parse(text)[0][0].content
    root = product.items[0]
    assert text[root.span.start : root.span.end] == r"\sqrt{x}"
