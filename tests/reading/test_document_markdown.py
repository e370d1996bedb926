"""Markdown: where formulas are and where they are not, with exact offsets."""

import pytest

from verify.reading.document import Document, place, read
from verify.reading.syntax import Chain, Formula, Link, Prose


def insides(document: Document) -> list[str]:
    """The insides of the formulas, in order."""
    return [document.text[p.inside.start : p.inside.end] for p in document.parts if isinstance(p, Formula)]


def prose(document: Document, *kinds: str) -> list[str]:
    """The texts of the prose, in order, of these kinds or of all."""
    return [p.text for p in document.parts if isinstance(p, Prose) and (not kinds or p.kind in kinds)]


def signs(document: Document) -> list[tuple[str, tuple[int | None, int, int]]]:
    """The sign and the place of every link of a chain, in order."""
    return [
        (document.text[link.span.start : link.span.end], place(document, link.span.start))
        for link in (link for p in document.parts if isinstance(p, Formula) for s in p.statements for link in _links(s.content))
    ]


def _links(content: object) -> tuple[Link, ...]:
    return content.links if isinstance(content, Chain) else ()


DIALECTS = {
    "inline dollars": ("Let $x=1$ be", "x=1", 5, False),
    "inline dollars with spaces": ("Let $ x = 1 $ be", " x = 1 ", 5, False),
    "a letter between dollars with spaces": ("Let $ x $ be", " x ", 5, False),
    "display dollars": ("$$\na=b\n$$\n", "\na=b\n", 2, True),
    "display dollars on one line": ("text\n\n$$a=b$$\n", "a=b", 8, True),
    "kramdown inline": ("that $$K=1$$ lies", "K=1", 7, False),
    "doubled parentheses": (r"that \\(x=1\\) lies", "x=1", 8, False),
    "doubled brackets": ("\\\\[\nx=1\n\\\\]", "\nx=1\n", 3, True),
    "parentheses": (r"that \(x=1\) lies", "x=1", 7, False),
    "brackets": ("\\[\nx=1\n\\]", "\nx=1\n", 2, True),
    "fence": ("```math\nx=1\n```\n", "x=1\n", 8, True),
    "tilde fence": ("~~~ math\nx=1\n~~~\n", "x=1\n", 9, True),
    "fence with a blank line": ("```math\nx\n\n=1\n```\n", "x\n\n=1\n", 8, True),
    "MyST fence": ("```{math}\nx=1\n```\n", "x=1\n", 10, True),
    "MyST fence with an option": ("```{math}\n:label: e\nx=1\n```\n", ":label: e\nx=1\n", 10, True),
    "MyST role": ("that {math}`x=1` lies", "x=1", 12, False),
    "GitHub's backticks": ("that $`x=1`$ lies", "x=1", 7, False),
    "bare align": ("\\begin{align}\na&=b\n\\end{align}", "\na&=b\n", 13, True),
    "bare align*": ("\\begin{align*}a&=b\\end{align*}", "a&=b", 14, True),
    "bare equation": ("so\n\\begin{equation}a=b\\end{equation}", "a=b", 19, True),
    "bare eqnarray": ("\\begin{eqnarray}a&=&b\\end{eqnarray}", "a&=&b", 16, True),
    "bare gather": ("\\begin{gather}a=b\\end{gather}", "a=b", 14, True),
    "bare multline*": ("\\begin{multline*}a=b\\end{multline*}", "a=b", 17, True),
    "heading": ("# On $x=1$\n", "x=1", 6, False),
    "item": ("- first\n- that $x=1$\n", "x=1", 16, False),
    "numbered item": ("2. that $x=1$\n", "x=1", 9, False),
    "paragraph of an item": ("1. first\n\n    that $x=1$\n", "x=1", 20, False),
    "quote": ("> that $x=1$\n", "x=1", 8, False),
    "table": ("| a | b |\n|---|---|\n| 1 | $x=1$ |\n", "x=1", 27, False),
    "four spaces": ("text\n\n    $$\n    x=1\n    $$\n", "\n    x=1\n    ", 12, True),
    "four spaces after code": ("text\n\n    code\n\n    $$x=1$$\n", "x=1", 22, True),
    "rows that look like items": ("$$\na\n- b\n+ c = d\n$$", "\na\n- b\n+ c = d\n", 2, True),
    "a row that looks like a quote": ("$$\na\n> b\n$$", "\na\n> b\n", 2, True),
    "inline over two lines": ("that $a\n+ b = c$ lies", "a\n+ b = c", 6, False),
    "carriage returns": ("$$\r\nx=1\r\n$$\r\n", "\r\nx=1\r\n", 2, True),
    "dollars in a text": (r"$x \text{ if $y$} = 1$", r"x \text{ if $y$} = 1", 1, False),
    "dollars in a display": ("$$\n\\colorbox{x}{$a=b$}\n$$", "\n\\colorbox{x}{$a=b$}\n", 2, True),
    "an escaped dollar": (r"$x = y \text{ in \$}$", r"x = y \text{ in \$}", 1, False),
    "struck words beside it": ("~~no~~ $x=1$", "x=1", 8, False),
    "after front matter": ("---\ntitle: $a$\n---\n$x=1$", "x=1", 20, False),
    "after TOML front matter": ("+++\nt = '$a$'\n+++\n$x=1$", "x=1", 19, False),
    "after a rule that is no front matter": ("---\n\n$x=1$\n\n---\n", "x=1", 6, False),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_gives_one_formula_in_its_place(name: str) -> None:
    """Every way of writing maths in Markdown gives its one formula, at its offset, displayed or not, without a diagnostic."""
    text, inside, offset, display = DIALECTS[name]
    document = read(text)
    (formula,) = (p for p in document.parts if isinstance(p, Formula))
    assert (text[formula.inside.start : formula.inside.end], formula.inside.start) == (inside, offset)
    assert formula.display is display
    assert formula.span.start < formula.inside.start and formula.inside.end <= formula.span.end
    assert document.text == text
    assert document.diagnostics == ()


NO_MATHS = {
    "prices": "It costs $5 and $6, or US$7 and AU$8.",
    "prices in thousands": "from $20,000 to USD$30,000",
    "one price": "It costs $5.",
    "a code span": "the variable `$x = 1$` and ``a ` $y$``",
    "a code fence": "```\n$x = 1$\n```",
    "a fence with a language": "```python\ncost = '$x = 1$'\n```",
    "a fence in an item": "- so\n\n  ```\n  $x = 1$\n  ```\n",
    "indented code": "text\n\n    $x = 1$\n\n    $y$\n",
    "a comment": "<!-- $x = 1$ -->",
    "a comment over blank lines": "<!-- $x\n\n= 1$ -->",
    "raw HTML": "<pre>$x = 1$</pre> <code>$y$</code>",
    "escaped dollars": r"from \$x\$ on",
    "escaped brackets around words": r"\[see the note\] and \(see there\)",
    "front matter": "---\ntitle: $x$\n---\n",
    "shell variables": "echo $HOME and $PATH",
}


@pytest.mark.parametrize("name", NO_MATHS)
def test_what_is_no_maths_gives_no_formula(name: str) -> None:
    """Prices, code, comments, escapes and front matter give no formula, and their text is kept as prose."""
    text = NO_MATHS[name]
    document = read(text)
    assert insides(document) == []
    assert "".join("".join(prose(document)).split()) == "".join(text.split())


def test_quote_marks_inside_a_display_are_no_relations() -> None:
    """The ``>`` that begin the lines of a quoted display are not read; a ``>`` that belongs to the formula is."""
    document = read("> $$\n> a\n> = b > c\n> $$\n")
    assert signs(document) == [("=", (None, 3, 3)), (">", (None, 3, 7))]


@pytest.mark.parametrize("written", [r"$b\_i = c\_j$", r"$b_i = c_j$"])
def test_markdown_escapes_are_undone(written: str) -> None:
    r"""``b\_i``, written so for Markdown's sake, is the subscript, and its parts keep their places."""
    document, plain = read(written), read("$b_i = c_j$")
    (formula,), (expected,) = document.parts, plain.parts
    assert isinstance(formula, Formula) and isinstance(expected, Formula)
    assert formula.statements == expected.statements


def test_escapes_between_doubled_brackets_are_halved() -> None:
    r"""Between ``\\(`` and ``\\)`` Markdown eats one backslash of ``\\{``: it is the brace, not a new row."""
    (formula,), (expected,) = read(r"\\(\\{a\\} = b\\)").parts, read(r"$\{a\} = b$").parts
    assert isinstance(formula, Formula) and isinstance(expected, Formula)
    assert formula.statements == expected.statements


def test_an_escaped_bar_in_a_table_is_a_bar() -> None:
    r"""In a table ``\|`` is how one writes ``|``; outside it is the norm."""
    document = read("| a |\n|---|\n| $\\|x\\| = y$ |\n\n$|x| = y$\n\n$\\|x\\| = y$\n")
    table, bars, norm = (p.statements for p in document.parts if isinstance(p, Formula))
    assert table == bars != norm


def test_entities_stand_for_their_characters() -> None:
    """``&lt;`` inside a formula is the relation, in its place."""
    document = read("$a &lt; b$")
    (link,) = (link for p in document.parts if isinstance(p, Formula) for link in _links(p.statements[0].content))
    assert (link.relation, link.span.start) == ("<", 3)


def test_an_unbalanced_dollar_starts_afresh_at_the_next_blank_line() -> None:
    """A dollar sign without a partner is reported with its place, and the next paragraph is read as if nothing had happened."""
    document = read("a $x = 1 no\n\n$y = 2$ and\n\n$$ z\n\n$w = 3$")
    assert insides(document) == ["y = 2", "w = 3"]
    assert [place(document, d.span.start) for d in document.diagnostics] == [(None, 1, 3), (None, 5, 1)]


def test_a_display_does_not_go_beyond_a_blank_line() -> None:
    """``$$`` without an end before the blank line is reported and swallows nothing behind it."""
    document = read("$$\na = b\n\n# Next\n\n$$c = d$$\n")
    assert insides(document) == ["c = d"]
    assert [d.span.start for d in document.diagnostics] == [0]
    assert prose(document, "heading") == ["# Next"]


def test_an_environment_without_end_is_reported() -> None:
    r"""``\begin{align}`` without its end is reported, and the formulas behind it are read."""
    document = read("\\begin{align}\na = b\n\n$c = d$")
    assert insides(document) == ["c = d"]
    assert [d.span.start for d in document.diagnostics] == [0]


def test_an_unclosed_code_fence_is_reported() -> None:
    """A fence without end is code up to the end of the document, and that is said."""
    document = read("$a = b$\n\n```\n$c = d$\n")
    assert insides(document) == ["a = b"]
    assert [d.span.start for d in document.diagnostics] == [9]


def test_an_unclosed_math_fence_harms_no_other_formula() -> None:
    """A math fence without end is reported and read as prose; the formulas behind it are read."""
    document = read("```math\na\n\n$c = d$\n")
    assert insides(document) == ["c = d"]
    assert [d.span.start for d in document.diagnostics] == [0]
    assert prose(document) == ["```math", "a"]


def test_prose_is_split_at_formulas() -> None:
    """The prose right before a formula is what stands right before it, block by block, with its kind."""
    document = read("# T $a$ end\n\nLet $b$ be, where $c$.\n\nTính: $d$\n- item $e$\n> quote $f$\n")
    assert [(p.kind, p.text) if isinstance(p, Prose) else document.text[p.inside.start : p.inside.end] for p in document.parts] == [
        ("heading", "# T"), "a", ("heading", "end"),
        ("paragraph", "Let"), "b", ("paragraph", "be, where"), "c", ("paragraph", "."),
        ("paragraph", "Tính:"), "d", ("item", "- item"), "e", ("quote", "> quote"), "f",
    ]  # fmt: skip


def test_a_heading_is_a_prose_of_its_own() -> None:
    """Headings, underlined ones too, are kept apart from the paragraphs around them."""
    document = read("text\n# One\ntext\n\nTwo\n===\ntext\n\nThree\n-----\n")
    assert prose(document, "heading") == ["# One", "Two", "Three"]
    assert prose(document, "paragraph") == ["text", "text", "text"]


def test_comments_are_kept() -> None:
    """Comments are prose of the kind comment, where they stand: golden documents say in them what to expect."""
    document = read("$a = b$\n<!-- expect: given -->\n$c = d$ <!-- expect:\nproved --> words\n")
    assert prose(document, "comment") == ["<!-- expect: given -->", "<!-- expect:\nproved -->"]
    assert prose(document, "paragraph") == ["words"]
    assert insides(document) == ["a = b", "c = d"]


def test_macros_count_for_the_whole_document() -> None:
    """A macro defined in a formula or between formulas is expanded before and after; one in code is not there."""
    document = read("$\\loss = 1$\n\n$$\\newcommand{\\loss}{L}$$\n\n\\def\\gain{G}\n\n$\\gain = 2$\n\n    \\def\\gain{H}\n")
    plain = read("$L = 1$\n\n$G = 2$\n")
    assert [p.statements for p in document.parts if isinstance(p, Formula) and p.statements] == [
        p.statements for p in plain.parts if isinstance(p, Formula)
    ]


def test_places_count_code_points() -> None:
    """Lines and columns count code points, from 1, whatever the line endings."""
    document = read("Đạo hàm 𝛿: $x = 1$\r\n\r\n$$\r\ny\r\n= 2\r\n$$\r\n")
    assert signs(document) == [("=", (None, 1, 15)), ("=", (None, 5, 1))]
