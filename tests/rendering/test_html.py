"""The HTML report: what is on the page and where, that nothing of a document acts on it, and how it looks in a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import unicodedata
import zlib
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from samples import relation, report

from verify.checking import check
from verify.cli import main
from verify.grading.assignment import parse_assignment
from verify.grading.marks import Marked, with_points
from verify.grading.store import Kept
from verify.language import translator
from verify.reading.document import read
from verify.rendering.class_page import class_page
from verify.rendering.html import POLICY, html_report
from verify.rendering.mathml import SOURCE
from verify.rendering.page import Maths, Words, blocks, styled
from verify.report import Asked, Reading, Remark, Report, Witness

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(p for p in (ROOT / "docs" / "examples").glob("*.md"))
SHARED = ROOT.parent / "shared"
SEED = SHARED / "seed" / "homework.md"
VOID = {"meta", "br", "link", "img", "input", "hr"}
ACTIVE = {"script", "img", "iframe", "object", "embed", "link", "base", "form", "input", "svg", "video", "audio", "annotation-xml"}
CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)

TEXT = r"""# Answer to *one*

We have $$z = \sum_j w_j x_j$$

Vậy $\frac{\partial L}{\partial z} = y - o = 1$ và $L = 1$ as said

$$a = b \quad \text{if } c = d$$
"""


@dataclass
class Element:
    """An element of a page as parsed."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def all(self, tag: str | None = None, kind: str | None = None) -> list[Element]:
        """The elements in it with that name and class."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if (tag is None or child.tag == tag) and (kind is None or kind in child.attributes.get("class", "").split()):
                    found.append(child)
                found += child.all(tag, kind)
        return found

    @property
    def text(self) -> str:
        """Its text."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)


class Page(HTMLParser):
    """A page's elements; fails where one is not closed as it was opened."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]
        self.feed(markup)
        self.close()
        assert self.open == [self.root], [e.tag for e in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = Element(tag, {k: v or "" for k, v in attrs})
        self.open[-1].children.append(found)
        if tag not in VOID:
            self.open.append(found)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def page_of(found: Report, **options: object) -> Element:
    """The page of a report, parsed."""
    return Page(html_report(found, read(found.text), **options)).root  # type: ignore[arg-type]


def harmless(root: Element) -> bool:
    """Whether nothing on a page runs, loads, or leads elsewhere than to the page itself."""
    for element in root.all():
        if element.tag in ACTIVE:
            return False
        for name, value in element.attributes.items():
            if name.startswith("on") or name in {"src", "srcset", "action", "style", "data", "xlink:href"}:
                return False
            if name == "href" and not re.fullmatch(r"#r\d+", value):
                return False
    return not any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in root.text)


def sample(**more: object) -> Report:
    """A report with every kind of thing to say."""
    wrong = relation(
        TEXT,
        r"\frac{\partial L}{\partial z} = y - o",
        "refuted",
        fault="y - o",
        mistake="sign",
        message=r"the sign of \frac{\partial L}{\partial z} is wrong",
        repair=r"\frac{\partial L}{\partial z} = o - y",
        rhs_equals_head=True,
        read_as=r"\frac{\partial L}{\partial z} = y - o",
        witness=Witness({"out": 2}, {"y": ["1", "0"], r"w_{h1}": [["1"], ["-1/2"]]}, {"k": 1}, "0.5", "[-0.5 +/- 1e-9]"),
    )
    return report(
        TEXT,
        relation(TEXT, r"z = \sum_j w_j x_j", "given"),
        wrong,
        relation(TEXT, "y - o = 1", "follows", follows_from="r2"),
        relation(TEXT, "L = 1", "tested", scope="widths out=3", bound="2^-44", assumptions=("y sums to 1 (unstated)",)),
        relation(TEXT, "a = b", "unread", message="a is not declared"),
        relation(TEXT, "c = d", "given"),
        network={"x": {"axes": ["in"], "defined_as": None}, "z": {"axes": [], "defined_as": r"\sum_{j} w_j \, x_j"}},
        readings=(Reading("x_0", "w_o", "not declared"),),
        diagnostics=(Remark(9, "an unclosed brace", 4),),
        asked=(Asked(r"\frac{\partial L}{\partial z}", "wrong", "r2", 0.0, 2.0), Asked("dL/db", "missing", None, 0.0, 1.5)),
        **more,
    )


def rows_of(root: Element) -> list[Element]:
    """The rows of the answer."""
    return root.all("main")[0].all("div", "row")


def test_every_mark_stands_beside_its_relation() -> None:
    """Each relation's mark is in the row of its sign; only a condition shares the row of a relation that needs a look."""
    rows = [(row.all("div", "marks")[0], row.all(kind="body")[0]) for row in rows_of(page_of(sample()))]
    found = [
        (
            [a.attributes["id"] for a in marks.all("a")],
            [word.text for word in marks.all(kind="word")],
            [m.attributes["alttext"] for m in body.all("math")],
        )
        for marks, body in rows
        if marks.all("a")
    ]
    assert found == [
        (["r1"], ["given"], ["z", r"= \sum_j w_j x_j"]),
        (["r2"], ["refuted"], [r"\frac{\partial L}{\partial z}", "= y - o"]),
        (["r3"], ["follows"], ["= 1"]),
        (["r4"], ["tested"], ["L", "= 1"]),
        (["r5", "r6"], ["unread", "given"], ["a", r"= b \quad \text{if } c = d"]),
    ]


def test_explanations() -> None:
    """Below a refuted relation stand the reason, the repaired line as a formula and the witness; a consequence links to its cause."""
    wrong, follows = page_of(sample()).all("div", "why")[:2]
    facts = {dt.text: dd for dt, dd in zip(wrong.all("dt"), wrong.all("dd"), strict=True)}
    assert facts["why"].text == "the sign of ∂L∂z is wrong" and facts["why"].all("math")
    assert [m.attributes["alttext"] for m in facts["should be"].all("math")] == [r"\frac{\partial L}{\partial z}", "= o - y"]
    assert facts["but"].text == "the right side does equal the head of the chain"
    witness = wrong.all("details")[0]
    assert "left side 0.5, right side -0.5 at k = 1" in " ".join(witness.text.split())
    assert len(witness.all("mtd")) == 4 and "−1/2" in witness.text
    assert [a.attributes["href"] for a in follows.all("a")] == ["#r2"]


def test_fault_is_marked() -> None:
    """In the formula, exactly the offending part is marked."""
    assert [part.text for part in page_of(sample()).all("mrow", "fault")] == ["y−o"]


def test_head() -> None:
    """The head shows the file, how many relations got each verdict, points, readings, assumptions, diagnostics and the network."""
    header = page_of(sample()).all("header")[0]
    assert header.all("h1")[0].text == "answer.md"
    counts = [" ".join(item.text.split()) for item in header.all("ul", "summary")[0].all("li")]
    assert counts == ["· given 2", "≈ tested 1", "↳ follows 1", "✗ refuted 1", "? unread 1"]
    text = " ".join(header.text.split())
    assert "0 / 2" in text and "0 / 1.5" in text and "0 / 3.5" in text and "missing" in text
    assert "read as" in text and "y sums to 1 (unstated)" in text and "line 9, column 4 an unclosed brace" in text
    assert len(header.all("details", "network")[0].all("tr")) == 3


def test_tested_says_how_surely() -> None:
    """Beside a tested relation stands at which widths, and with what chance of an error."""
    assert [note.text for note in page_of(sample()).all("p", "note")] == ["widths out=3, up to a chance of 2^-44"]


def test_readings_of_all_relations_on_request() -> None:
    """With ``explain`` the page ends in a table of how the relations were read."""
    assert len(page_of(sample(), explain=True).all("footer")[0].all("tr")) == 2
    assert not page_of(sample()).all("footer")[0].all("table")


def test_labels_are_translated() -> None:
    """The labels of the page go through the translation, and the page says its language; the document's own is left open."""
    root = page_of(sample(), lang="vi", translate=lambda label: f"«{label}»")
    assert root.all("html")[0].attributes["lang"] == "vi"
    assert all(h.text.startswith("«") for h in root.all("h2"))
    assert {body.attributes["lang"] for body in root.all("main")[0].all(kind="body")} == {""}


def test_page_is_closed_to_the_world() -> None:
    """The page has a policy that lets nothing run or load, and uses no more than that allows."""
    markup = html_report(sample(), read(TEXT))
    root = Page(markup).root
    policies = [m.attributes["content"] for m in root.all("meta") if m.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [POLICY] == ["default-src 'none'; style-src 'unsafe-inline'; font-src data:"]
    assert harmless(root)
    assert set(re.findall(r"url\(\"?(\w+:)", markup)) == {"data:"} and "@import" not in markup
    assert len(markup) < 300_000


HOSTILE = {
    "text": r"$\text{<script>alert(1)</script>} = \operatorname{<img src=x onerror=alert(1)>}$",
    "prose": "<img src=x onerror=alert(1)> <script>alert(1)</script> [a](javascript:alert(1)) ![b](http://x/y) <!-- c --> & &lt;",
    "heading": '# <svg onload="x"> $<script>$',
    "code": "```\n</pre><script>alert(1)</script>\n```",
    "front matter": "---\na: </pre><script>\n---\n",
    "table": "| <script> | $x$ |\n|---|---|\n| a | b |",
    "template": "{{ report }} {% include 'x' %} {# no #} $a = {{7*7}}$",
    "controls": "a\x00\x1b[31m\x9b2J \u202e $x\x07 = \u2066y$",
    "surrogates": "\ud800 $a\udfff = b$",
    "attribute": '$a" onmouseover="alert(1) = b$',
    "cdata": "$<![CDATA[ a ]]> = b$ ]]>",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_markup_of_a_document_is_text(text: str) -> None:
    """Whatever markup, template code or control a document contains is text on the page."""
    document = read(text)
    found = Report('"><script>alert("n")</script>\n../\x1b[2J\ud800\'.md', document.text, (), diagnostics=(Remark(1, "odd <b>\x1b"),))
    markup = html_report(found, document)
    assert harmless(Page(markup).root)
    markup.encode()
    if "<script" in text:
        assert "&lt;script" in markup


def test_markup_of_a_report_is_text() -> None:
    """So is what a report took from the document: names, messages, repairs, quantities, witnesses."""
    bad = "<script>alert(1)</script>\x1b\ud800"
    text = "$a = b$"
    found = report(
        text,
        relation(
            text,
            "a = b",
            "refuted",
            mistake="sign",
            message=f"{bad} \\frac{{{bad}}}{{b}} ${bad}$",
            repair=bad,
            read_as=bad,
            scope=bad,
            bound=bad,
            assumptions=(bad,),
            witness=Witness({bad: 1}, {bad: [bad]}, {bad: 1}, bad, bad),
        ),
        network={bad: {"axes": [bad], "defined_as": bad}, "w": {"axes": [], "defined_as": None, "not_understood": bad}},
        readings=(Reading(bad, bad, bad),),
        diagnostics=(Remark(1, bad),),
        asked=(Asked(bad, "wrong", "r1", 0.0, 1.0),),
        file=bad,
    )
    markup = html_report(found, read(text), explain=True)
    assert harmless(Page(markup).root)
    markup.encode()


@given(st.text(st.characters() | st.sampled_from("$\\{}<>&\"'`*_#|-\n\x00\x1b"), max_size=200))
def test_any_text_gives_a_page(text: str) -> None:
    """Of any text the page is well formed and harmless."""
    document = read(text)
    assert harmless(Page(html_report(Report("x", document.text, ()), document)).root)


def test_other_document_is_refused() -> None:
    """A page is made only of the document that the report is on."""
    with pytest.raises(ValueError, match="not the one of the report"):
        html_report(sample(), read("$a = b$"))


def test_relation_without_formula_has_a_row() -> None:
    """A relation whose sign is in no formula, in code say, is shown behind the block that it stands in."""
    text = "Before\n\n    dw = x * d\n\nAfter"
    rows = rows_of(page_of(report(text, relation(text, "dw = x * d", "unread"))))
    assert [bool(row.all("a")) for row in rows] == [False, False, True, False]
    assert "dw = x * d" in rows[2].text


def test_code_line_by_line() -> None:
    """Of program code every line is shown as it stands; the mark is beside its statement, the fault marked, the repair is code."""
    text = "import numpy as np\n\ndef f(x):\n    a = x_1 + (\n        1)\n    b = 2; c = 3\n    return '<b>'\n"
    found = report(
        text,
        relation(text, "a = x_1 + (\n        1)", "refuted", fault="x_1", message="x_1 is wrong", repair="a = x_2 + 1"),
        relation(text, "b = 2", "given"),
        relation(text, "c = 3", "proved"),
        file="a.py",
        network={"x_1": {"axes": ["in"], "defined_as": None}},
    )
    root = Page(html_report(found, None)).root
    rows = [(row.all("pre")[0].text, [a.attributes["id"] for a in row.all("div", "marks")[0].all("a")]) for row in rows_of(root)]
    assert [marks for _, marks in rows] == [[], ["r1"], ["r2", "r3"], []]
    assert "\n".join(line for line, _ in rows) == text
    assert [mark.text for mark in root.all("mark")] == ["x_1"]
    assert [code.text for code in root.all("div", "why")[0].all("code")] == ["a = x_2 + 1"]
    assert not root.all("math") and harmless(root)


def test_condition_shares_the_row_of_its_statement() -> None:
    """A relation in a condition has its mark in the row of the statement; where one needs a look, its explanation repeats it."""
    why = page_of(sample()).all("div", "why")[-1]
    assert [m.attributes["alttext"] for m in why.all("div", "scroll")[0].all("math")] == ["a", "= b"]


def test_blocks_follow_the_document() -> None:
    """Headings, list items, paragraphs and display formulas are blocks of their own, an inline formula stands in its sentence."""
    text = "# Head $x$\n\n- one $a$ two\n- three\n\n> quoted\n\n$$b$$\n\nend $c$, really\n\n```\ncode\n```"
    found = blocks(Report("", text, ()), read(text))
    assert [b.kind for b in found] == ["heading", "item", "item", "quote", "display", "paragraph", "code"]
    items = [[item for row in block.rows for item in row.items] for block in found]
    runs = ["".join(i.text if isinstance(i, Words) else f"⟨{i.element.get('alttext')}⟩" for i in here) for here in items]
    assert runs[:6] == ["Head ⟨x⟩", "• one ⟨a⟩ two", "• three", "quoted", "⟨b⟩", "end ⟨c⟩, really"]
    assert found[0].level == 1


def test_chain_over_formulas_stays_in_order() -> None:
    """A chain that goes on in the next formula is shown where it stands, a comment between is not."""
    text = "$$a = b$$\n<!-- expect: given -->\n$$= c$$\n"
    found = blocks(report(text, relation(text, "a = b", "proved"), relation(text, "= c", "proved")), read(text))
    assert [[i.element.get("alttext") for i in b.rows[0].items if isinstance(i, Maths)] for b in found] == [["a", "= b"], ["= c"]]
    assert [[r.id for row in b.rows for r in row.relations] for b in found] == [["r1"], ["r2"]]
    assert found[1].rows[0].continues


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("a **b** *c* `d` ~~e~~", [("a ", ""), ("b", "strong"), (" ", ""), ("c", "em"), (" ", ""), ("d", "code"), (" ", ""), ("e", "s")]),
        (r"\textbf{b} and \emph{c}\label{x}", [("b", "strong"), (" and ", ""), ("c", "em")]),
        ("a  \nb\nc", [("a", ""), ("", "br"), ("b", ""), (" ", ""), ("c", "")]),
        (r"\*) [x](y) <b>", [("*) [x](y) <b>", "")]),
    ],
)
def test_emphasis_of_prose(text: str, runs: list[tuple[str, str]]) -> None:
    """Emphasis, code and line breaks of prose are shown; links and HTML stay text."""
    assert [(run.text, run.style) for run in styled(text)] == runs


def documents() -> list[Path]:
    """Real documents beside the project, where there are any."""
    return [SEED, *sorted((SHARED / "corpus").glob("[0-9]*.*"))] if SEED.exists() else []


@pytest.mark.parametrize("path", [*EXAMPLES, *documents()], ids=lambda p: p.name)
def test_every_relation_is_on_the_page_once(path: Path) -> None:
    """Of real documents every relation stands on the page exactly once, in order within its formula, and the page is well formed."""
    data = path.read_bytes()
    kind = path.suffix[1:]
    document = read(data, kind)
    found = check(data, format=kind, fast=True)
    root = Page(html_report(found, document)).root
    marks = [a.attributes["id"] for row in rows_of(root) for a in row.all("div", "marks")[0].all("a")]
    assert sorted(marks) == sorted(r.id for r in found.relations)
    assert harmless(root)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_no_formula_of_our_examples_falls_back_to_source(path: Path) -> None:
    """In our own examples every formula, every repair and every reading is shown as mathematics."""
    data = path.read_bytes()
    root = Page(html_report(check(data, fast=True), read(data), explain=True)).root
    assert root.all("math") and not root.all(kind=SOURCE)


def test_command_writes_pages(tmp_path: Path) -> None:
    """``check --html`` writes a page for a file, for several files one each into a folder, and says when it cannot."""
    for name in ("a.md", "b/a.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("$z = x$ and $z = x$", encoding="utf-8")
    one, two = str(tmp_path / "a.md"), str(tmp_path / "b" / "a.md")
    page = tmp_path / "out" / "page.html"
    assert CliRunner().invoke(main, ["check", one, "--fast", "--html", str(page)]).exit_code == 0
    assert Page(page.read_text(encoding="utf-8")).root.all("h1")[0].text == one
    assert CliRunner().invoke(main, ["check", one, two, "--fast", "--html", str(tmp_path / "pages")]).exit_code == 0
    assert sorted(p.name for p in (tmp_path / "pages").iterdir()) == ["a.md-2.html", "a.md.html"]
    assert CliRunner().invoke(main, ["check", "-", "--fast", "--html", str(tmp_path / "in.html")], input="$a = b$").exit_code == 0
    assert "standard input" in (tmp_path / "in.html").read_text(encoding="utf-8")
    (tmp_path / "a.py").write_text("a = 1\n", encoding="utf-8")
    assert CliRunner().invoke(main, ["check", str(tmp_path / "a.py"), "--html", str(tmp_path / "code.html")]).exit_code == 0
    assert "a = 1" in (tmp_path / "code.html").read_text(encoding="utf-8")
    failed = CliRunner().invoke(main, ["check", one, "--fast", "--html", str(tmp_path / "a.md" / "page.html")])
    assert failed.exit_code == 2


# In a browser


PROBE = """<!doctype html><meta charset="utf-8"><body><iframe src="{page}" style="width:{width}px;height:4000px;border:0"></iframe><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument, root = page.scrollingElement;
  const shown = [...page.querySelectorAll("main math")].map(m => m.getBoundingClientRect());
  const box = element => element.getBoundingClientRect();
  const marked = [...page.querySelectorAll(".row")].filter(r => r.querySelector(".mark"));
  const marks = marked.map(r => [box(r.querySelector(".mark .symbol")), box(r), box(r.querySelector(".body"))]);
  document.fonts.ready.then(() => document.body.innerHTML = "<pre>" + JSON.stringify({{
    wide: root.scrollWidth, fallen: page.querySelectorAll("mtext.source").length,
    empty: shown.filter(b => b.width < 2 || b.height < 2).length, shown: shown.length,
    font: page.fonts.check('16px "backproof math"'), loaded: [...page.fonts].map(f => f.status).join(),
    beside: marks.every(([mark, row, body]) => mark.right <= body.left + 1 && mark.left >= row.left
      && mark.top >= row.top && mark.bottom <= row.bottom + 1),
    apart: marked.every(r => box(r.querySelector(".mark .word")).right <= box(r.querySelector(".body")).left + 1),
    words: [...page.querySelectorAll(".row .mark .word")].every(w => w.textContent.length > 2),
  }}) + "</pre>");
}};
</script>"""


def browse(arguments: list[str], folder: Path) -> str:
    """What a headless browser prints."""
    assert CHROMIUM is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files", "--no-first-run"]
    options += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    profile = f"--user-data-dir={folder / 'profile'}"
    done = subprocess.run([CHROMIUM, *options, profile, *arguments], capture_output=True, text=True, timeout=300, check=True, cwd=folder)
    return done.stdout


def first_pixel(png: bytes) -> tuple[int, int, int]:
    """The colour of the top left corner of an 8-bit PNG."""
    data, at = b"", 8
    while at < len(png):
        length, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        data += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    # Of the first pixel of the first row no filter changes anything.
    red, green, blue = zlib.decompressobj().decompress(data, 4)[1:4]
    return red, green, blue


def test_points_stand_in_the_margin() -> None:
    """What a relation earned stands beside it, and nowhere else."""
    line = relation("$a = b$\n\n$c = d$", "c = d", "proved")
    asked = (Asked("c", "right", "r2", 1.5, 2.0), Asked("e", "missing", None, 0.0, 1.0))
    found = report("$a = b$\n\n$c = d$", relation("$a = b$\n\n$c = d$", "a = b", "proved"), line, asked=asked)
    marks = Page(html_report(found, read(found.text))).root.all("div", "marks")
    assert [[b.text for b in m.all("b")] for m in marks] == [[], ["1.5 / 2"]]


def test_what_is_unread_has_not_earned_nothing() -> None:
    """Points of what a person must look at are a question mark, beside the line and in the table; below it stands how many are open."""
    text = "$a = b$"
    asked = (Asked("a", "unread", "r1", 0.0, 2.0), Asked("e", "missing", None, 0.0, 1.0))
    found = report(text, relation(text, "a = b", "unread"), asked=asked)
    shown = html_report(found, read(text))
    page = Page(shown)
    assert [b.text for b in page.root.all("b", "earned")] == ["? / 2"]
    assert [cell.text for cell in page.root.all("td", "number")] == ["? / 2", "0 / 1", "0 / 3"] and "2 not decided yet" in shown
    assert [mark.text.split()[-1] for mark in page.root.all("span", "missing")] == ["missing"]


def test_operators_between_formulas_of_a_sentence() -> None:
    """Terms with an operator between them are one formula, with white space around it or not; a hyphen between words stays one."""
    text = "$a = b$"
    says = "there should be o_k - y_k for y_k -o_k - not more; the factor (1 - a_{h2}) is missing (for l_2 alone)"
    shown = html_report(report(text, relation(text, "a = b", "refuted", message=says)), read(text))
    why = shown[shown.index("there should be") :].split("</dd>")[0]
    assert why.count("<math") == 4 and why.count("<mo>−</mo>") == 3 and "- not more" in why and "(for <math" in why


CLASS_PROBE = """<!doctype html><meta charset="utf-8"><body><iframe src="{page}" style="width:{width}px;height:3000px"></iframe><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument;
  const size = element => {{ const b = element.getBoundingClientRect(); return b.width > 1 && b.height > 1; }};
  document.fonts.ready.then(() => document.body.innerHTML = "<pre>" + JSON.stringify({{
    wide: page.scrollingElement.scrollWidth, bars: [...page.querySelectorAll("svg rect")].filter(size).length,
    formulas: [...page.querySelectorAll("math")].every(size), fallen: page.querySelectorAll("mtext.source").length,
  }}) + "</pre>");
}};
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_class_in_a_browser(tmp_path: Path) -> None:
    """At the width of a phone and of a desk the page of a class fits its window, with bars to see and no formula as its source."""
    assignment = parse_assignment((ROOT / "docs/examples/assignment.md").read_text(encoding="utf-8"))
    statuses = ("right", "slip", "wrong", "missing", "unread", "follows")
    asked = [Asked(a.quantity, s, "r1", 1.0, 2.0, about=("r1",)) for a, s in zip(assignment.ask, statuses, strict=True)]
    kept = [Kept(Marked(f"a very long name of an answer {n}.md", tuple(asked)), "", "", f"{n}.html", None) for n in range(30)]
    wrong = {one.marked.answer: {"r1": (3, "refuted", "sign"), "r2": (9, "slip", "glyph")} for one in kept}
    page = tmp_path / "index.html"
    page.write_text(class_page(kept, assignment, wrong), encoding="utf-8")
    for width in (400, 1280):
        probe = tmp_path / f"probe-{width}.html"
        probe.write_text(CLASS_PROBE.format(page=page.name, width=width), encoding="utf-8")
        printed = browse(["--virtual-time-budget=10000", "--window-size=1400,4000", "--dump-dom", str(probe)], tmp_path)
        seen = json.loads(re.search(r"<pre>(.*?)</pre>", printed, re.DOTALL)[1])  # type: ignore[index]
        assert seen["wide"] <= width + 4 and seen["formulas"] and seen["fallen"] == 0
        assert seen["bars"] >= 1 + 6 + 2


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_in_a_browser(tmp_path: Path) -> None:
    """At the width of a phone and of a desk the page fits its window, every formula has a size and none fell back to its source, every
    mark stands in the margin of its row, also where its word is long, as in Vietnamese.

    In light and dark the page has that colour.
    """
    path = next(p for p in EXAMPLES if p.name == "relu_sigmoid_softmax.md")
    data = path.read_bytes()
    page = tmp_path / "page.html"
    assignment = parse_assignment((path.parent / "assignment.md").read_text(encoding="utf-8"))
    found = with_points(check(data, file=path.name, fast=True, assignment=assignment), assignment)
    page.write_text(html_report(found, read(data), lang="vi", translate=translator("vi")), encoding="utf-8")
    for width in (400, 1280):
        probe = tmp_path / f"probe-{width}.html"
        probe.write_text(PROBE.format(page=escape(page.name), width=width), encoding="utf-8")
        printed = browse(["--virtual-time-budget=10000", "--window-size=1400,4000", "--dump-dom", str(probe)], tmp_path)
        seen = json.loads(re.search(r"<pre>(.*?)</pre>", printed, re.DOTALL)[1])  # type: ignore[index]
        assert seen["wide"] <= width, width
        assert seen["shown"] > 50 and seen["empty"] == 0 and seen["fallen"] == 0
        assert seen["font"] and seen["loaded"] == "loaded"
        assert seen["beside"] and seen["words"] and seen["apart"]
        corners = []
        for scheme in (1, 0):
            picture = tmp_path / f"{width}-{scheme}.png"
            colours = f"--blink-settings=preferredColorScheme={scheme}"
            browse([colours, f"--window-size={width},1600", f"--screenshot={picture}", str(page)], tmp_path)
            png = picture.read_bytes()
            assert int.from_bytes(png[16:20], "big") == width
            corners.append(first_pixel(png))
        assert min(corners[0]) > 200 and max(corners[1]) < 60
