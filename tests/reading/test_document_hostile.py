"""Broken and hostile input: always a document, never an exception, and the rest of the document as if nothing had happened."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.reading import document as reader
from verify.reading import markdown, tex
from verify.reading.document import FORMATS, Document, place, read
from verify.reading.scanning import masked
from verify.reading.syntax import Formula, Prose, Unreadable

PIECES = st.sampled_from(
    [
        "$", "$$", "\\(", "\\)", "\\[", "\\]", "\\\\(", "\\\\)", "\\\\[", "\\\\]", "```", "```math\n", "```{math}\n:label: a\n", "~~~",
        "`", "``", "{math}`", "$`", "`$", "\\begin{align}", "\\end{align}", "\\begin{align*}", "\\end{align*}", "\\begin{verbatim}",
        "\\end{verbatim}", "\\begin{document}", "\\end{document}", "\\begin{tabular}", "\\end{tabular}", "\\begin{alignat}{2}",
        "\\end{alignat}", "\\section{", "\\item", "\\verb|", "\\newcommand{\\a}", "\\def\\a{", "\\input{x}", "\\text{", "{", "}", "%",
        "% expect: given", "\n", "\n\n", "\r\n", " ", "    ", "\t", "> ", ">", "- ", "1. ", "# ", "|", "|---|\n", "---\n", "===\n",
        "+++\n", "<!--", "-->", "<pre>", "</pre>", "\\", "\\$", "\\_", "\\|", "&lt;", "5", "a", "=", "a = b", "= c", "&", "\\frac",
        "\\sum", "_", "^", "Tính: ", "\x00", "\u202e", "\ud800", "\ufeff", "𝛿", "＝", "\u2028", "\x0b",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60)

MARKS = st.sampled_from([b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
MARKED = st.tuples(MARKS, TEXTS).map(lambda pair: pair[0] + pair[1].encode("utf-8", "surrogatepass"))


def check(document: Document) -> None:
    """The parts are in order, disjoint and within the text; prose says what stands there; insides lie in their formulas."""
    at = 0
    for part in document.parts:
        assert at <= part.span.start < part.span.end <= len(document.text)
        at = part.span.end
        if isinstance(part, Prose):
            assert part.text == document.text[part.span.start : part.span.end] and part.text.strip()
        else:
            assert part.span.start < part.inside.start <= part.inside.end <= part.span.end
    for diagnostic in document.diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(document.text)
        _, line, column = place(document, diagnostic.span.start)
        assert line >= 1 and column >= 1


@pytest.mark.parametrize("format", FORMATS)
@given(text=TEXTS)
def test_any_text_gives_a_document(format: str, text: str) -> None:
    """Whatever the text, reading it gives a document whose parts are ordered, disjoint and in place."""
    check(read(text, format))


@pytest.mark.parametrize("format", FORMATS)
@given(data=st.binary(max_size=80) | MARKED)
def test_any_bytes_give_a_document(format: str, data: bytes) -> None:
    """Whatever the bytes, reading them gives a document."""
    check(read(data, format))


@given(text=TEXTS)
def test_nothing_of_markdown_is_dropped(text: str) -> None:
    """What is in no part is white space, marks of quotes, rules or lines under headings: no word is dropped in silence."""
    parts = markdown.scan(text).parts
    kept = set().union(*(range(p.span.start, p.span.end) for p in parts))
    assert set("".join(ch for k, ch in enumerate(text) if k not in kept and not ch.isspace())) <= set(">-=*_+")


@given(text=TEXTS)
def test_masks_keep_every_offset(text: str) -> None:
    """What is handed to the parser is as long as the text and has the same line breaks, so that every offset stays right."""
    for scan in (markdown.scan(text), tex.scan(text)):
        laid = masked(text, scan.masks)
        assert len(laid) == len(text)
        assert [k for k, ch in enumerate(laid) if ch == "\n"] == [k for k, ch in enumerate(text) if ch == "\n"]


@given(before=TEXTS, after=st.sampled_from(["md", "tex"]))
def test_what_is_broken_harms_nothing_behind_a_blank_line(before: str, after: str) -> None:
    """Whatever paragraphs stand before, short of code, comments and definitions, a formula behind the next blank line is read."""
    swallowing = ("```", "~~~", "<!--", "<pre>", "verbatim", "document}", "newcommand", "def", "---", "+++")
    if any(word in before for word in swallowing):
        before = "$a"
    document = read(f"{before}\n\nso that $x = 1$", after)
    assert any(isinstance(p, Formula) and document.text[p.inside.start : p.inside.end] == "x = 1" for p in document.parts)


@pytest.mark.parametrize(
    ("data", "text", "notes"),
    [
        ("ể $a=1$".encode(), "ể $a=1$", 0),
        (codecs.BOM_UTF8 + "ể $a=1$".encode(), "ể $a=1$", 0),
        ("ể $a=1$".encode("utf-16"), "ể $a=1$", 0),
        (codecs.BOM_UTF16_BE + "ể $a=1$".encode("utf-16-be"), "ể $a=1$", 0),
        ("ể $a=1$".encode("utf-32"), "ể $a=1$", 0),
        ("é $a=1$".encode("latin-1"), "\ufffd $a=1$", 1),
        (codecs.BOM_UTF16_LE + "$a=1$".encode("utf-16-le") + b"x", "$a=1$\ufffd", 1),
    ],
)
def test_encodings(data: bytes, text: str, notes: int) -> None:
    """UTF-8, with its mark or without, UTF-16 and UTF-32 with theirs are decoded; what does not decode is replaced and reported."""
    document = read(data)
    assert document.text == text
    assert len(document.diagnostics) == notes
    assert all(text[d.span.start] == "\ufffd" for d in document.diagnostics)


def test_a_document_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the bounds on characters, bytes and lines a document is refused with a diagnostic."""
    monkeypatch.setattr(reader, "MAX_CHARS", 100)
    monkeypatch.setattr(reader, "MAX_LINES", 10)
    for text in ("x" * 101, b"x" * 401, "é" * 101, "\n" * 10):
        document = read(text)
        assert document.parts == () and len(document.diagnostics) == 1
    assert len(read("x" * 100).parts) == len(read("x\n" * 9).parts) == 1


def test_a_formula_that_is_too_long_is_left_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the bound on one formula, and behind the bound on all of them, formulas are left unread and reported; the others are read."""
    monkeypatch.setattr(reader, "MAX_FORMULA", 20)
    monkeypatch.setattr(reader, "MAX_PARSED", 30)
    document = read("$a = 1$ $b = " + "2" * 20 + "$ $c = 3$ " + "$d = 44444444444444$ " * 2)
    unread = [isinstance(p.statements[0].content, Unreadable) for p in document.parts if isinstance(p, Formula)]
    assert unread == [False, True, False, False, True]
    assert len(document.diagnostics) == 2


def test_an_unknown_format_is_an_error() -> None:
    """The format is the caller's, not the document's: an unknown one raises."""
    with pytest.raises(ValueError, match="unknown format"):
        read("", "docx")


@pytest.mark.parametrize("text", ["", " ", "\n", "\r\n\r\n", "only prose", "\ufeff", "\x00"])
@pytest.mark.parametrize("format", ["md", "tex"])
def test_documents_without_maths(text: str, format: str) -> None:
    """Empty, blank and prose-only documents have no formulas and no diagnostics."""
    document = read(text, format)
    assert not any(isinstance(p, Formula) for p in document.parts)
    assert document.diagnostics == ()


REPEATED = [
    "$", "$$", "$ ", "$a", "$a$", "`", "` ", "\\(", "\\\\[", "\\begin{align}", "<!--", "<pre>", ">", "> $$\n", "- ", "    a\n\n", "\n",
    "\\", "{", "\\text{", "$\\text{a$", "|", "|---|\n", "a\n===\n", "```\n", "```math\n", "{math}`", "\\verb|", "\\section{",
    "\\newcommand{\\a}{", "\\begin{verbatim}", "%\n", "$a$\n$= b$\n", "---\n",
]  # fmt: skip


@pytest.mark.parametrize("unit", REPEATED)
def test_delimiters_without_end_or_partner(unit: str) -> None:
    """Thousands of one delimiter, with partners or without, give a document; a scan that looked for each anew would not come to an end."""
    text = unit * (60_000 // len(unit))
    for scan in (markdown.scan(text), tex.scan(text)):
        check(Document(text, scan.parts, scan.diagnostics, ((0, None, 1),)))


def test_more_relations_than_are_read() -> None:
    """Behind the most relations that are read, formulas are left unread, with one diagnostic at the first of them."""
    from verify.reading.document import MAX_RELATIONS, read
    from verify.reading.syntax import Formula

    document = read("$a = b$\n\n" * (MAX_RELATIONS + 3))
    assert [d.message for d in document.diagnostics] == ["left unread for its length: a shorter document was expected"]
    assert document.diagnostics[0].span.start == len("$a = b$\n\n") * MAX_RELATIONS + 1
    formulas = [part for part in document.parts if isinstance(part, Formula)]
    assert len(formulas) == MAX_RELATIONS + 3 and [len(f.statements) for f in formulas[-4:]] == [1, 1, 0, 0]
