r"""A proof as Typst source. Its formulas come as the LaTeX that our own notations write, and no other LaTeX is understood."""

from __future__ import annotations

import re
from collections.abc import Sequence

from verify.rendering.proof_parts import Display, Maths, Paragraph, Part, Row, Title, Words

TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[A-Za-z]|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
COMMANDS = {
    "\\partial": "partial", "\\sum": "sum", "\\prod": "product", "\\ln": "ln", "\\sin": "sin", "\\cos": "cos", "\\tanh": "tanh",
    "\\sinh": "sinh", "\\cosh": "cosh", "\\arctan": "arctan", "\\odot": "dot.o", "\\cdot": "dot.op", "\\otimes": "times.o",
    "\\top": "top", "\\neq": "eq.not", "\\leq": "lt.eq", "\\geq": "gt.eq", "\\leftarrow": "arrow.l", "\\ell": "ell", "\\infty": "infinity",
    "\\lvert": "bar.v", "\\rvert": "bar.v", "\\|": "bar.v.double", "\\,": "thin", "\\;": "thick", "\\:": "med", "\\!": "", "\\quad": "quad",
    "\\{": "\\{", "\\}": "\\}", "\\in": "in", "\\times": "times", "\\star": "star", "\\varepsilon": "epsilon", "\\epsilon": "epsilon.alt",
    "\\varphi": "phi", "\\phi": "phi.alt", "\\max": "max", "\\min": "min", "\\exp": "exp", "\\log": "log", "\\det": "det",
    "\\mid": "divides",
}  # fmt: skip
ACCENTS = {"\\hat": "hat", "\\tilde": "tilde", "\\bar": "macron", "\\vec": "arrow", "\\dot": "dot", "\\check": "caron"}
FONTS = {"\\mathbf": "bold(upright({}))", "\\mathcal": "cal({})", "\\mathbb": "bb({})", "\\boldsymbol": "bold({})"}
GREEK = re.compile(r"\\(alpha|beta|gamma|delta|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|chi|psi|omega)$", re.I)
SIGNS = frozenset("+-=<>/,.;:!'?∂")


class NoTypst(Exception):
    """A piece of LaTeX that is not among those that the notations write."""


def proof_typst(parts: Sequence[Part], lang: str = "en") -> str:
    """The parts as a Typst document, A4, in the language's typography. Raises NoTypst for a formula with a command that is not known."""
    head = (
        f'#set document(title: "{_quoted(_plain(parts))}")\n#set page(paper: "a4", margin: 22mm, numbering: "1")\n'
        f'#set text(lang: "{lang}", size: 10.5pt)\n#set par(justify: false)\n#show math.equation: set block(breakable: true)\n'
        "#show heading: set block(above: 1.4em, below: 0.8em)"
    )
    return "\n\n".join([head, *map(_part, parts)]) + "\n"


def _plain(parts: Sequence[Part]) -> str:
    first = next((part for part in parts if isinstance(part, Title)), None)
    return "".join(w for w in first.words if isinstance(w, str)) if first is not None else ""


def _part(part: Part) -> str:
    match part:
        case Title(level, words):
            return f"{'=' * level} {_line(words)}"
        case Paragraph(words, "text"):
            return _line(words)
        case Paragraph(words, _):
            return f"#text(size: 9pt)[{_line(words)}]"
        case Display(rows):
            return "$ " + " \\\n  ".join(map(_row, rows)) + " $"


def _row(row: Row) -> str:
    behind = f" quad & & #text(size: 9pt)[({_line(row.reason)})]" if row.reason else ""
    return f"{typst_math(row.left)} & {typst_math(row.relation)} {typst_math(row.right)}{behind}"


def _line(words: Words) -> str:
    return "".join(f"${typst_math(w.tex)}$" if isinstance(w, Maths) else f'#"{_quoted(w)}"' for w in words)


def _quoted(text: str) -> str:
    """Text inside a Typst string, in which nothing is a command."""
    return "".join(c for c in text if c.isprintable()).replace("\\", "\\\\").replace('"', '\\"')


def typst_math(latex: str) -> str:
    """A formula in Typst's notation. Raises NoTypst for a command that is not known."""
    reader = _Reader([t for t in TOKEN.findall(latex) if not t.isspace()])
    found = reader.sequence()
    if reader.at < len(reader.tokens):
        raise NoTypst(f"{reader.tokens[reader.at]} in {latex}")
    return found


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def next(self) -> str:
        if self.at >= len(self.tokens):
            raise NoTypst("an unfinished formula")
        self.at += 1
        return self.tokens[self.at - 1]

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def sequence(self, end: str = "") -> str:
        """Everything up to an end, which is taken too."""
        out: list[str] = []
        while self.at < len(self.tokens):
            token = self.peek()
            if token == end:
                self.at += 1
                return " ".join(out)
            if token in ("}", "\\right", "&", "\\\\", "\\end"):
                break
            if token in "_^":
                self.next()
                base = out.pop() if out else '""'
                out.append(f"{base}{token}({self.argument()})")
            elif token == "'":
                self.next()
                base = out.pop() if out else '""'
                out.append(f"{base}'")
            else:
                out.append(self.atom())
        if end:
            raise NoTypst(f"{end} is missing")
        return " ".join(out)

    def argument(self) -> str:
        """A group in braces, or one atom."""
        if self.peek() == "{":
            self.next()
            return self.sequence("}") or '""'
        return self.atom()

    def raw(self) -> str:
        """The text of a group in braces."""
        if self.next() != "{":
            raise NoTypst("a text without braces")
        out: list[str] = []
        while (token := self.next()) != "}":
            out.append(token)
        return "".join(out)

    def atom(self) -> str:
        token = self.next()
        greek = GREEK.match(token)
        if token == "{":
            return self.sequence("}") or '""'
        if token.isalpha() or token[0].isdigit():
            return token
        if greek:
            return greek[1]
        if token in COMMANDS:
            return COMMANDS[token] or '""'
        if token in ACCENTS:
            return f"{ACCENTS[token]}({self.argument()})"
        if token in FONTS:
            return FONTS[token].format(self.argument())
        match token:
            case "\\frac":
                return f"frac({self.argument()}, {self.argument()})"
            case "\\sqrt":
                return f"sqrt({self.argument()})"
            case "\\text" | "\\operatorname" | "\\mathrm":
                return f'op("{_quoted(self.raw())}")'
            case "\\left":
                opening = self.next()
                inner = self.until_right()
                closing = self.next()
                return f"lr({_delimiter(opening)} {inner} {_delimiter(closing)})"
            case "(" | ")" | "[" | "]" | "|":
                return _delimiter(token)
            case ":" if self.peek() == "=":
                self.next()
                return "colon.eq"
            case _ if token in SIGNS:
                return {"-": "-", "/": "slash", ",": "comma", "'": "'", ";": "semi", ":": "colon"}.get(token, token)
        raise NoTypst(token)

    def until_right(self) -> str:
        found = self.sequence()
        if self.next() != "\\right":
            raise NoTypst("\\right is missing")
        return found


def _delimiter(token: str) -> str:
    known = {"(": "paren.l", ")": "paren.r", "[": "bracket.l", "]": "bracket.r", "|": "bar.v", ".": ""}
    return known.get(token, COMMANDS.get(token, token))
