"""Hostile and broken input, row by row: what is written into a file, or what file it is.

Each text stands between lines that are right; these must keep their verdicts. ``costly`` rows run in ``make hostile`` alone, their
``small`` versions in the tests.
"""

# ruff: noqa: E501 -- a row is a line

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BEFORE = "$$ z = \\sum_i w_i x_i $$\n\n$$ L = (z - y)^2 $$\n\n$$ \\frac{\\partial L}{\\partial z} = 2 (z - y) $$\n\n"
AFTER = "\n\n$$ \\frac{\\partial L}{\\partial w_i} = 2 (z - y) x_i $$\n"
GOOD = ("given", "given", "proved", "proved")
"""The verdicts of the lines before and behind."""


@dataclass(frozen=True)
class Row:
    """One hostile input. ``text`` stands between right lines; ``whole`` is a file by itself, and ``file`` makes one that is none."""

    kind: str
    name: str
    text: str | None = None
    whole: Callable[[], bytes] | None = None
    file: Callable[[Path], None] | None = None
    suffix: str = ".md"
    small: Callable[[], bytes] | None = None
    costly: bool = False
    flood: bool = False
    """Whether it is more than is read, so that what stands behind it is left unread."""
    status: tuple[int, ...] = (0, 1)

    def write(self, path: Path, small: bool = False) -> None:
        """Make the file."""
        if self.file is not None:
            self.file(path)
        elif small and self.small is not None:
            path.write_bytes(self.small())
        elif self.whole is not None:
            path.write_bytes(self.whole())
        else:
            path.write_bytes((BEFORE + (self.text or "") + AFTER).encode("utf-8", "surrogateescape"))


def maths(kind: str, *formulas: str) -> list[Row]:
    """Rows of formulas, each displayed by itself."""
    return [Row(kind, formula if len(formula) < 40 else formula[:39] + "…", f"$$ {formula} $$") for formula in formulas]


def between(text: str) -> bytes:
    """A text between the right lines."""
    return (BEFORE + text + AFTER).encode()


def large(name: str, size: int, small: int, text: Callable[[int], str], **more: object) -> Row:
    """A row of a size, and its small version."""
    return Row("size", name, whole=lambda: between(text(size)), small=lambda: between(text(small)), costly=True, **more)  # type: ignore[arg-type]


POWERS = maths(
    "powers and factorials", "a = 9^{9^{9^{9}}}", "a = 10^{-960000000}", "a = (99999999)!", r"a = 24!\times24!", "1/2004! = 1/2006!",
    "a = 5^{5^{5^{5^5}}}", "2^{3^{4^5}} = 2^{3^{4^5}} + 1", "a = 10^{10^{10}} - 10^{10^{10}}", "z = z^{99999999999999999999}",
    r"a = \sum_{i=1}^{10^{12}} i", "0.1e999999999 = 1", "a = " + "9" * 5000,
)  # fmt: skip

SIZE = [
    large("a sum of 600 terms", 600, 60, lambda n: "$$ a = " + " + ".join(f"x_{{{k}}}" for k in range(n)) + " $$"),
    large("2.8 MB of a", 2_800_000, 20_000, lambda n: "$$ a = " + "a" * n + " $$"),
    large("100,000 nested {", 100_000, 5_000, lambda n: "$$ a = " + "{" * n + "x" + "}" * n + " $$"),
    large("100,000 nested (", 100_000, 5_000, lambda n: "$$ a = " + "(" * n + "x" + ")" * n + " $$"),
    large("10,000-deep \\frac", 10_000, 1_000, lambda n: "$$ a = " + "\\frac{1}{" * n + "x" + "}" * n + " $$"),
    large("10,000-deep powers", 10_000, 1_000, lambda n: "$$ a = " + "x^{" * n + "x" + "}" * n + " $$"),
    large("10,000-deep \\left", 10_000, 1_000, lambda n: "$$ a = " + "\\left(" * n + "x" + "\\right)" * n + " $$"),
    large("a row of 10^5 relations", 100_000, 500, lambda n: "$$ a " + "= z " * n + "$$"),
    large("10^5 formulas", 100_000, 100, lambda n: "$z = z$\n\n" * n, flood=True),
    large("10^5 different formulas", 100_000, 100, lambda n: "".join(f"$z_{{{k}}} = z$\n\n" for k in range(n)), flood=True),
    large("10^5 rows of an align", 100_000, 200, lambda n: "\\begin{align}" + "z &= z \\\\" * n + "\\end{align}"),
    large("one line of 10 MB", 10_000_000, 100_000, lambda n: "x" * n),
    large("10 MB of one formula", 10_000_000, 20_000, lambda n: "$$ z = " + "z + " * (n // 4) + "z $$"),
    large("10^6 dollars", 1_000_000, 3_000, lambda n: "$" * n),
    large("10^5 backslashes", 100_000, 1_000, lambda n: "$$ " + "\\" * n + " $$"),
    Row("size", "a file of 200 MB", file=lambda path: sparse(path, 200_000_000), costly=True, status=(2,)),
]  # fmt: skip

MACROS = [
    Row("macros", r"\def\a{\a\a}\a", r"$$ \def\a{\a\a} q = \a $$"),
    Row("macros", "doubles 40 times", "".join(
        f"\\newcommand{{\\m{chr(97 + k % 26)}{chr(97 + k // 26)}}}{{\\m{chr(97 + (k + 1) % 26)}{chr(97 + (k + 1) // 26)}" * 1
        + f"\\m{chr(97 + (k + 1) % 26)}{chr(97 + (k + 1) // 26)}}}\n" for k in range(40)) + "$$ q = \\maa $$"),
    Row("macros", "two that call each other", r"$$ \newcommand{\p}{\q}\newcommand{\q}{\p} q = \p $$"),
    Row("macros", "arguments that double", r"$$ \newcommand{\d}[1]{#1#1} q = \d{\d{\d{\d{\d{\d{\d{\d{\d{\d{\d{\d{\d{\d{\d{\d{x}}}}}}}}}}}}}}}} $$"),
]  # fmt: skip

GROWTH = maths(
    "growth", "a = (1+x)^{10000}", "(z+y)^{10000} = (y+z)^{10000}", "a = " + "".join(f"(x+{k})" for k in range(40)),
    "".join(f"(z+{k}y)" for k in range(40)) + " = 0",
    r"\sum_a\sum_b\sum_c\sum_d\sum_e\sum_f\sum_g\sum_h "
    + " ".join(f"A_{{{p}{q}}}" for p in "abcd" for q in "efgh") + " = 0",
    "s = " + "z(1-z)" * 30, r"s = \sigma(" * 30 + "z" + ")" * 30, "z = " + "\\sum_i " * 60 + "x_i",
)  # fmt: skip

EVIL = '__import__("os").system("touch executed")'
CODE = [
    Row("code", "as text", EVIL),
    Row("code", "as a formula", f"$$ q = {EVIL} $$"),
    Row("code", "as an operator", rf"$$ q = \operatorname{{{EVIL}}} $$"),
    Row("code", "as a symbol", rf"$$ \mathrm{{{EVIL}}} = q_{{{EVIL}}} $$"),
    Row("code", "in a notebook", suffix=".ipynb", whole=lambda: notebook(EVIL)),
    Row("code", "as a NumPy answer", suffix=".py", whole=lambda: f"import os\n{EVIL}\nz = x @ w\n".encode()),
    Row("code", "eval and exec", suffix=".py", whole=lambda: b"z = eval('__import__(\"os\").mkdir(\"executed\")')\nexec('open(\"executed\", \"w\")')\n"),
    Row("code", "open", suffix=".py", whole=lambda: b"open('executed', 'w').write('x')\nz = open('/etc/passwd').read()\n"),
    Row("code", "while True", suffix=".py", whole=lambda: b"while True:\n    pass\nz = x @ w\n"),
    Row("code", "a loop of 10^9", suffix=".py", whole=lambda: b"for i in range(10**9):\n    z = z + 1\n"),
    Row("code", "a list of 10^12", suffix=".py", whole=lambda: b"z = [0] * 10**12\nw = 'a' * 10**12\nq = 9**9**9**9\n"),
    Row("code", "nested 2,000 deep", suffix=".py", whole=lambda: b"z = " + b"(" * 2000 + b"x" + b")" * 2000),
    Row("code", "a sum of 5,000", suffix=".py", whole=lambda: b"z = x" + b" + x" * 5000),
    Row("code", "a decorator", suffix=".py", whole=lambda: b"@__import__('os').mkdir('executed')\ndef f(x: open('executed', 'w') = 1): pass\n"),
    Row("code", "NUL and no syntax", suffix=".py", whole=lambda: b"z = \0 x @@ w ((\n"),
]  # fmt: skip

TEX = [
    Row("TeX", name, f"$$ q = {name} $$\n\n{name}", suffix=suffix)
    for suffix in (".md", ".tex")
    for name in (r"\input{/etc/passwd}", r"\write18{touch executed}", r"\include{/etc/passwd}", r"\openin0=/etc/passwd",
                 r"\loop\iftrue\repeat", r"\immediate\openout3=executed", r"\csname input\endcsname{/etc/passwd}", r"\catcode`\$=11")
]  # fmt: skip

MARKUP = [
    Row("markup", "a script in \\text", r"$$ q = \text{<script>alert(1)</script>} $$"),
    Row("markup", "an image that runs", '<img src=x onerror="alert(1)"> and $z = z$ <svg onload=alert(1)>'),
    Row("markup", "an attribute that ends", r"""$$ z = \text{" onmouseover="alert(1)} $$ and `'"><script>alert(1)</script>`"""),
    Row("markup", "links", "[a](javascript:alert(1)) ![b](http://example.org/x.png) <a href='javascript:alert(1)'>c</a> &lt;script&gt;"),
    Row("markup", "\\href and \\style", r"$$ q = \href{javascript:alert(1)}{y} + \style{position:fixed}{x} $$"),
    Row("markup", "an entity", r"$$ q = \text{]]><!ENTITY x SYSTEM ""file:///etc/passwd""> &x; --> <!--} $$"),
]  # fmt: skip

ENCODINGS = [
    Row("encodings", "UTF-16", whole=lambda: between("$$ z = z $$").decode().encode("utf-16")),
    Row("encodings", "Latin-1", whole=lambda: between("").replace(b"\n\n$$ L", "\n\nDéjà vu: ñ\n\n$$ L".encode("latin-1"), 1)),
    Row("encodings", "invalid UTF-8", whole=lambda: between("").replace(b"\n\n$$ L", b"\n\n\xff\xfe\xc3(\xed\xa0\x80\n\n$$ L", 1)),
    Row("encodings", "BOM", whole=lambda: b"\xef\xbb\xbf" + between("")),
    Row("encodings", "NUL bytes", "a\0b $$ z = \0 z $$"),
    Row("encodings", "right-to-left marks", "\u202e abc \u202c $$ z \u200f= \u202ez $$ \u2066"),
    Row("encodings", "combining accents", "$$ \u0302z = y\u0302\u0302\u0302\u0302 $$ e" + "\u0301" * 500),
    Row("encodings", "signs of Unicode", "$$ 2 × (z − y) · 1 = 2(z−y) $$\n\n$$ ∂L／∂z ＝ 2(z − y) $$\n\n$$ Σ η² σ $$"),
    Row("encodings", "line separators", "a\u2028b\u2029c\x0bd\x0ce\x85f\r$$ z = z $$\r\n"),
    Row("encodings", "private use and beyond", "$$ z = \U000f0000 + \U0001d465 + \ufffe $$"),
]  # fmt: skip

BROKEN_TEX = [
    *maths("broken TeX", r"\frac{a}", "x^", "_", r"\sum_", "= = =", "= b", "a =", "a & b = c", r"z = z \\", r"\left( z", r"z \right)", "{z = z",
           "z = z}", r"\begin{align} z &= z", r"\end{align}", r"\begin{cases} z", r"z = \begin{matrix} 1 & 2 \\ 3", r"\sqrt[", r"\text{z = z",
           r"\\ \\ &=", "^_^", "'", "z'''''''''", r"\over", r"a \over b \over c", r"\tag{", "#1", "~", r"\(", "z = %", "z_{i_{j_{k_{l}}}}^{^{^{2}}}",
           r"\not=", r"z \neq \neq z", "|||", r"\|", "=>", ":=", r"z \to", r"\ ", "z == z"),
    Row("broken TeX", "one dollar", "a $ b"),
    Row("broken TeX", "three dollars", "$$ z = z $ and $ y"),
    Row("broken TeX", "a dollar without end", "So $z = z and so on.\n\nA new paragraph."),
    Row("broken TeX", "an align without end", "\\begin{align} z &= z \\\\\n"),
    Row("broken TeX", "a brace in prose", "{ } }} {{ \\begin{document} \\end{document}"),
    Row("broken TeX", "a fence without end", "```python\nz = 1\n```\n\n~~~\nx\n~~~"),
]  # fmt: skip

MATHEMATICS = maths(
    "mathematics", "0/0 = 1", r"\ln(-1) = 0", "1/(z-z) = 1", r"a = \frac{1}{0}", r"\sum_i w_i x_i x_i x_i = w_i", r"\sum_i \sum_i x_i = 1", "1 = 2",
    "0 = 1", "q = q + 1", r"f(x) = f(f(x))", "z = 3, z = 4", r"\sqrt{-1} = i", r"\frac{\partial z}{\partial 3} = 1", r"\partial = \partial",
    r"\frac{\partial L}{\partial} = 1", r"\frac{\partial}{\partial z} = 1", "z_{z_{z}} = z", "w_{w} = w", r"w^\top w = x w^\top",
    r"\infty - \infty = 0", r"\sum_{i=5}^{2} x_i = 0", r"\frac{\partial^{1000} L}{\partial z^{1000}} = 0",
    r"\begin{cases} 1 & z > 0 \\ 2 & z > 0 \end{cases} = 1", r"z = 1 \text{ if } 1 = 2", r"\log 0 = \log 0 + 1", "x_{-1} = x_{\\infty}",
)  # fmt: skip

MATHEMATICS.append(Row("mathematics", "a condition that never holds", "$$ i \\neq i $$\n\n$$ x_i = 5 $$\n\n## The next part"))


def notebook(code: str) -> bytes:
    """A notebook with a cell of code beside cells of formulas."""
    text = (BEFORE + AFTER).splitlines(keepends=True)
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": text},
        {"cell_type": "code", "metadata": {}, "source": [code], "outputs": [], "execution_count": None},
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


def sparse(path: Path, size: int) -> None:
    """A file of that size without content."""
    with path.open("wb") as stream:
        stream.truncate(size)


def loop(path: Path) -> None:
    """A link that leads to itself."""
    path.symlink_to(path)


FILES = [
    Row("broken files", "empty", whole=lambda: b""),
    Row("broken files", "blank", whole=lambda: b" \n\t\n \n"),
    Row("broken files", "only prose", whole=lambda: b"There is nothing here.\n"),
    Row("broken files", "a directory", file=lambda path: path.mkdir(), status=(2,)),
    Row("broken files", "missing", file=lambda path: None, status=(2,)),
    Row("broken files", "a symlink loop", file=loop, status=(2,)),
    Row("broken files", "a FIFO", file=lambda path: os.mkfifo(path), status=(2,)),
    Row("broken files", "a device", file=lambda path: path.symlink_to("/dev/zero"), status=(2,)),
    Row("broken files", "a notebook cut off", suffix=".ipynb", whole=lambda: notebook("x")[:200]),
    Row("broken files", "a notebook of lists", suffix=".ipynb", whole=lambda: b'[{"cells": [1, null, {"cell_type": 3}]}]'),
    Row("broken files", "a notebook of odd cells", suffix=".ipynb", whole=lambda: b'{"cells": [1, null, {"cell_type": "markdown", "source": 5}]}'),
    Row("broken files", "JSON nested 100,000 deep", suffix=".ipynb", whole=lambda: b"[" * 100_000),
    Row("broken files", "JSON with NaN and big numbers", suffix=".ipynb", whole=lambda: b'{"cells": [], "a": NaN, "b": 1e999, "c": ' + b"9" * 5000 + b"}"),
]  # fmt: skip

ROWS = [*POWERS, *SIZE, *MACROS, *GROWTH, *CODE, *TEX, *MARKUP, *ENCODINGS, *BROKEN_TEX, *FILES, *MATHEMATICS]
