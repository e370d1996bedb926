"""A proof as one HTML file: no script, nothing loaded from elsewhere, formulas in MathML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from verify.rendering.html import POLICY, font, template
from verify.rendering.mathml import latex_as_mathml, written
from verify.rendering.proof_parts import Display, Maths, Paragraph, Part, Row, Title, Words

EMPTY = Markup("")


@dataclass(frozen=True, slots=True)
class RowView:
    """One line of a display."""

    left: Markup
    right: Markup
    reason: Markup


@dataclass(frozen=True, slots=True)
class PartView:
    """A heading (with a level), a display (with rows) or a paragraph, ready for the template."""

    words: Markup = EMPTY
    level: int = 0
    kind: str = "text"
    rows: tuple[RowView, ...] = ()


def proof_html(parts: Sequence[Part], lang: str = "en") -> str:
    """The parts as a page for a browser, which prints well too."""
    first = next((part for part in parts if isinstance(part, Title)), None)
    title = "".join(w.tex if isinstance(w, Maths) else w for w in first.words) if first is not None else ""
    return template("proof.html.jinja").render(lang=lang, policy=POLICY, font=font(), title=title, parts=list(map(_view, parts)))


def _view(part: Part) -> PartView:
    match part:
        case Title(level, words):
            return PartView(_words(words), level)
        case Paragraph(words, kind):
            return PartView(_words(words), kind=kind)
        case Display(rows):
            return PartView(rows=tuple(map(_row, rows)))


def _row(row: Row) -> RowView:
    return RowView(_formula(row.left), _formula(f"{row.relation} {row.right}"), _words(row.reason))


def _words(words: Words) -> Markup:
    return EMPTY.join(_formula(w.tex, False) if isinstance(w, Maths) else escape(w) for w in words)


def _formula(latex: str, display: bool = True) -> Markup:
    """A formula as MathML; with ``display`` set like one on a line of its own."""
    return EMPTY.join(Markup(written(found)) for found in latex_as_mathml(latex, display=display)) if latex.strip() else EMPTY
