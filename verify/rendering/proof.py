"""Proofs as Markdown and as LaTeX documents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from verify.notations.page import GREEK
from verify.rendering.proof_parts import Display, Maths, Paragraph, Part, Row, Title, Words

SIGNS = {
    "−": "$-$", "–": "--", "—": "---", "·": "$\\cdot$", "×": "$\\times$", "∂": "$\\partial$", "Σ": "$\\Sigma$", "≠": "$\\neq$",
    "≤": "$\\le$", "≥": "$\\ge$", "²": "$^2$", "⁻": "\\textsuperscript{$-$}", "ᶻ": "\\textsuperscript{z}", "→": "$\\to$",
    "…": "\\dots{}", "“": "``", "”": "''",
    "’": "'", "½": "$\\frac12$", "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "#": "\\#", "%": "\\%",
    "_": "\\_", "^": "\\textasciicircum{}", "~": "\\textasciitilde{}",
}  # fmt: skip
"""How letters of prose are written in LaTeX where they do not stand for themselves."""


def proof_markdown(parts: Sequence[Part]) -> str:
    """The parts as a Markdown document with mathematics between dollar signs."""
    return "\n\n".join(map(_markdown, parts)) + "\n"


def _markdown(part: Part) -> str:
    match part:
        case Title(level, words):
            return f"{'#' * level} {_markdown_line(words)}"
        case Paragraph(words, _):
            return _markdown_line(words)
        case Display((row,)) if not row.reason:
            return f"$${row.left} {row.relation} {row.right}$$"
        case Display(rows):
            return f"$$\n\\begin{{aligned}}\n{_aligned(rows)}\n\\end{{aligned}}\n$$"


def _aligned(rows: Sequence[Row], latin: bool = True) -> str:
    lines = []
    for row in rows:
        reason = r"\text{(" + _latex_line(row.reason, latin) + ")}" if row.reason else ""
        lines.append(" && ".join(filter(None, (f"{row.left} &{row.relation} {row.right}", reason))))
    return " \\\\\n".join(lines)


def proof_latex(parts: Sequence[Part], lang: str = "en") -> str:
    """The parts as a LaTeX document that needs only what every installation has; for pdflatex, xelatex and lualatex."""
    encoding = "T5" if lang == "vi" else "T1"
    head = (
        "\\documentclass{article}\n"
        "\\ifx\\Umathchar\\undefined\n"
        f"\\usepackage[utf8]{{inputenc}}\n\\usepackage[{encoding}]{{fontenc}}\n\\usepackage{{lmodern}}\n"
        "\\else\n\\usepackage{fontspec}\n\\fi\n"
        "\\usepackage{amsmath}\n\\usepackage{graphicx}\n\\usepackage[margin=22mm]{geometry}\n"
        "\\allowdisplaybreaks\n\\setlength{\\parindent}{0pt}\n\\setlength{\\parskip}{3pt}\n\\begin{document}"
    )
    return "\n\n".join([head, *(_latex(part, lang == "vi") for part in parts), "\\end{document}"]) + "\n"


def _latex(part: Part, latin: bool) -> str:
    match part:
        case Title(level, words):
            return f"\\{'sub' * (level - 1) if level < 4 else 'paragraph'}{'section' if level < 4 else ''}*{{{_latex_line(words, latin)}}}"
        case Paragraph(words, "source"):
            return f"\\bigskip\\textit{{{_latex_line(words, latin)}}}"
        case Paragraph(words, "remark"):
            return f"{{\\small {_latex_line(words, latin)}}}"
        case Paragraph(words, _):
            return _latex_line(words, latin)
        case Display(rows) if any(_width(row) > WIDE for row in rows):
            alone = len(rows) == 1 and not rows[0].reason
            body = f"\\begin{{aligned}}\n{_aligned(rows, latin)}\n\\end{{aligned}}"
            body = f"{rows[0].left} {rows[0].relation} {rows[0].right}" if alone else body
            fitting = "\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi"
            return f"\\[\n\\resizebox{{{fitting}}}{{!}}{{$\\displaystyle\n{body}$}}\n\\]"
        case Display((row,)) if not row.reason:
            return f"\\[ {row.left} {row.relation} {row.right} \\]"
        case Display(rows):
            return f"\\begin{{align*}}\n{_aligned(rows, latin)}\n\\end{{align*}}"


WIDE = 60
"""A row with more to print than this may not fit on the line; it is set smaller where it does not."""


def _width(row: Row) -> int:
    """About how many letters a row prints side by side."""
    formula = f"{row.left} {row.right}"
    printed = re.sub(r"\\[A-Za-z]+|[{}_^\s]", "", re.sub(r"\\(?:sum|prod|partial|ln|sigma|tanh|text)", "m", formula))
    return len(printed) + sum(len(w) for w in row.reason if isinstance(w, str)) // 2


def _markdown_line(words: Words) -> str:
    return "".join(f"${w.tex}$" if isinstance(w, Maths) else _markdown_words(w) for w in words)


def _latex_line(words: Words, latin: bool) -> str:
    return "".join(f"${w.tex}$" if isinstance(w, Maths) else latex_words(w, latin) for w in words)


def latex_words(text: str, latin: bool = False) -> str:
    """Prose as LaTeX: letters that LaTeX acts on are escaped, those that it may lack are written by their signs or code points.

    With ``latin`` the document's encoding has the accented letters of every language in Latin script.
    """
    return "".join(_letter(c, latin) for c in unicodedata.normalize("NFC", text) if c.isprintable())


def _letter(letter: str, latin: bool) -> str:
    if letter in SIGNS:
        return SIGNS[letter]
    known = ord(letter) <= 0xFF or (latin and unicodedata.name(letter, "").startswith("LATIN "))
    return letter if known else _greek(letter)


def _greek(letter: str) -> str:
    name = unicodedata.name(letter, "").lower()
    found = re.fullmatch(r"greek small letter (?:final )?([a-z]+)", name)
    if found and found[1] in GREEK:
        return f"$\\{found[1]}$"
    return f"\\texttt{{U+{ord(letter):04X}}}"


def _markdown_words(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>$#|~])", r"\\\1", text)
