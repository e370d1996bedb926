"""TeX documents: where formulas are, with exact offsets; what is refused."""

import pytest

from verify.reading.document import Document, place, read
from verify.reading.syntax import Chain, Formula, Prose


def insides(document: Document) -> list[str]:
    """The insides of the formulas, in order."""
    return [document.text[p.inside.start : p.inside.end] for p in document.parts if isinstance(p, Formula)]


def signs(document: Document) -> list[tuple[int, int]]:
    """The line and the column of every link of a chain, in order."""
    contents = [s.content for p in document.parts if isinstance(p, Formula) for s in p.statements]
    return [place(document, link.span.start)[1:] for c in contents if isinstance(c, Chain) for link in c.links]


WRITTEN = {
    "dollars": ("that $x=1$ lies", "x=1", 6, False),
    "display dollars": ("$$x=1$$", "x=1", 2, True),
    "parentheses": (r"that \(x=1\) lies", "x=1", 7, False),
    "brackets": (r"that \[x=1\] lies", "x=1", 7, True),
    "a row's space is no bracket": (r"\[x=1\\[2mm] y=2\]", r"x=1\\[2mm] y=2", 2, True),
    **{
        name: (f"so\n\\begin{{{name}}}\na&=b\n\\end{{{name}}}", "\na&=b\n", 11 + len(name), True)
        for base in ("equation", "align", "gather", "multline", "eqnarray", "flalign")
        for name in (base, base + "*")
    },
    "displaymath": ("\\begin{displaymath}a=b\\end{displaymath}", "a=b", 19, True),
    "math": ("\\begin{math}a=b\\end{math}", "a=b", 12, False),
    "alignat": ("\\begin{alignat}{2}a&=b\\end{alignat}", "a&=b", 18, True),
    "alignat*": ("\\begin{alignat*}{2}a&=b\\end{alignat*}", "a&=b", 19, True),
    "dollars in a text": (r"$x \text{ if $y$} = 1$", r"x \text{ if $y$} = 1", 1, False),
    "a comment inside": ("\\[\na % no $ here \\]\n%\n= b\n\\]", "\na % no $ here \\]\n%\n= b\n", 2, True),
    "a heading": (r"\section{On $x=1$}", "x=1", 13, False),
    "the body of a document": (
        "\\documentclass{article}\n\\newcommand{\\a}{$b$}\n\\begin{document}$x=1$\\end{document} $c$",
        "x=1",
        62,
        False,
    ),
    "behind a definition": (r"\newcommand{\a}[1]{$#1$} $x=1$", "x=1", 26, False),
    "behind an escaped dollar": (r"for \$5 or $x=1$", "x=1", 12, False),
    "behind verb": (r"\verb|$a$| and \verb+%+ and $x=1$", "x=1", 29, False),
    "behind verbatim": ("\\begin{verbatim}\n$a$ %\n\\end{verbatim} $x=1$", "x=1", 39, False),
    "behind a listing": ("\\begin{lstlisting}[language=Python]\ns = '$a$'\n\\end{lstlisting}\n$x=1$", "x=1", 64, False),
    "behind a comment": ("% $a$\n50\\% of $x=1$", "x=1", 15, False),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_way_of_writing_gives_one_formula_in_its_place(name: str) -> None:
    """Every way of writing maths in TeX gives its one formula, at its offset, displayed or not, without a diagnostic."""
    text, inside, offset, display = WRITTEN[name]
    document = read(text, "tex")
    (formula,) = (p for p in document.parts if isinstance(p, Formula))
    assert (text[formula.inside.start : formula.inside.end], formula.inside.start) == (inside, offset)
    assert formula.display is display
    assert document.diagnostics == ()


def test_rows_of_align_are_one_chain() -> None:
    """The parser sees the rows of the environment, and the signs keep their places over comments."""
    document = read("\\begin{align} % one\na &= b \\\\ % two = 2\n% three = 3\n  &= c \\label{e}\n\\end{align}", "tex")
    (formula,) = (p for p in document.parts if isinstance(p, Formula))
    assert len(formula.statements) == 1
    assert signs(document) == [(2, 4), (4, 4)]


@pytest.mark.parametrize(
    "command", [r"\input{/etc/passwd}", r"\include{x}", r"\write18{id}", r"\openin5=x", r"\immediate\write18{id}", r"\lstinputlisting{x}"]
)
@pytest.mark.parametrize(
    "frame", ["{}\n\n$x=1$", "$x=1$ {}", "\\begin{{document}}\n{} $x=1$\\end{{document}}", "{}\\begin{{document}}$x=1$\\end{{document}}"]
)
def test_commands_that_read_or_run_are_refused(command: str, frame: str) -> None:
    """Commands that would read files or run programs give a diagnostic with their place; the other lines are read."""
    text = frame.format(command)
    document = read(text, "tex")
    assert insides(document) == ["x=1"]
    (diagnostic,) = document.diagnostics
    start = text.index(command.replace(r"\immediate", ""))
    assert diagnostic.span.start == start and "refused" in diagnostic.message


@pytest.mark.parametrize("text", [r"% \input{x}", r"\verb|\input{x}|", r"$x \\include y$", r"\includegraphics{x}"])
def test_what_is_no_such_command_is_not_refused(text: str) -> None:
    """A comment, verbatim, a new row before the letters, and a longer command are not refused."""
    assert not [d for d in read(text, "tex").diagnostics if "refused" in d.message]


def test_expectations_are_kept() -> None:
    """``% expect: …`` behind or below a formula is prose of the kind comment, and so is a comment of its own line."""
    document = read("$a=b$ % expect: given\n\\[c=d\\]\n% expect: proved\n% a note\nwords % aside\n$e=f$", "tex")
    assert [p.text for p in document.parts if isinstance(p, Prose) and p.kind == "comment"] == [
        "% expect: given",
        "% expect: proved",
        "% a note",
    ]


def test_prose_is_split_at_formulas_with_its_kind() -> None:
    """Headings, items, tables, quotes and paragraphs are told apart; the prose right before a formula stands right before it."""
    text = (
        "\\section{On $a$ and $b$}\nLet $c$ be.\n\n\\begin{itemize}\n\\item one $d$\n\\item two\n\\end{itemize}\n\n"
        "\\begin{tabular}{ll}\nx & $e$\n\\end{tabular}\n\nend"
    )
    document = read(text, "tex")
    assert [(p.kind, p.text) if isinstance(p, Prose) else text[p.inside.start : p.inside.end] for p in document.parts] == [
        ("heading", "\\section{On"), "a", ("heading", "and"), "b", ("heading", "}"),
        ("paragraph", "Let"), "c", ("paragraph", "be."),
        ("paragraph", "\\begin{itemize}"), ("item", "\\item one"), "d", ("item", "\\item two\n\\end{itemize}"),
        ("table", "\\begin{tabular}{ll}\nx &"), "e", ("paragraph", "\\end{tabular}"),
        ("paragraph", "end"),
    ]  # fmt: skip


def test_macros_of_the_preamble_count() -> None:
    """Macros of the preamble and of the body are expanded; one that is commented out is not."""
    document = read(
        "\\newcommand{\\loss}{L}\n%\\newcommand{\\loss}{M}\n\\begin{document}\n$\\loss = \\gain$ \\def\\gain{G}\n\\end{document}", "tex"
    )
    (formula,), (plain,) = ([p for p in d.parts if isinstance(p, Formula)] for d in (document, read("$L = G$", "tex")))
    assert formula.statements == plain.statements


@pytest.mark.parametrize("opening", ["$", "$$", r"\(", r"\[", r"\begin{align}", r"\begin{equation*}"])
def test_what_is_not_closed_starts_afresh_at_the_next_blank_line(opening: str) -> None:
    """A formula without its end is reported with its place, and swallows nothing behind the next blank line."""
    document = read(f"so {opening} a = b\n\nthen $c=d$", "tex")
    assert insides(document) == ["c=d"]
    assert [d.span.start for d in document.diagnostics] == [3]
