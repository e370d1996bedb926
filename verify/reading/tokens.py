"""LaTeX maths to tokens with offsets, and the macros that a document defines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple


class Token(NamedTuple):
    """A token: ``kind`` is letter, number, command (text without backslash), or the character itself for all else; ``row`` is ``\\\\``."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro of the document: how many arguments it takes, the default of the first one if that is optional, its body as tokens."""

    arguments: int
    default: tuple[Token, ...] | None
    body: tuple[Token, ...]


MAX_DEFINITIONS = 500
"""Macros that a document may define; later ones are unknown commands."""

UNICODE = {
    **dict(zip("αβγδεζηθικλμνξπρστυφχψω", ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"], strict=True)),
    **dict(zip("ΓΔΘΛΞΠΦΨΩ", ["Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Phi", "Psi", "Omega"], strict=True)),
    "ϵ": "epsilon", "ϕ": "phi", "ς": "varsigma", "ℓ": "ell", "∞": "infty", "∂": "partial", "∇": "nabla", "∑": "sum", "Σ": "sum",
    "∏": "prod", "∫": "int",
    "×": "times", "·": "cdot", "⋅": "cdot", "∙": "cdot", "•": "bullet", "∘": "circ", "⊙": "odot", "⊗": "otimes", "÷": "div",
    "≤": "leq", "≥": "geq", "≠": "neq", "≈": "approx", "≡": "equiv", "∼": "sim", "∝": "propto", "∈": "in", "∀": "forall",
    "→": "rightarrow", "⇒": "Rightarrow", "←": "leftarrow", "⇔": "Leftrightarrow", "↔": "leftrightarrow", "↦": "mapsto",
    "∴": "therefore", "∵": "because",
    "…": "dots", "⋯": "cdots", "⊤": "top", "√": "surd", "±": "pm", "∓": "mp", "′": "'", "‖": "|", "≜": "triangleq", "≔": "coloneqq",
}  # fmt: skip
PLAIN = {
    "−": "-",
    "–": "-",
    "＝": "=",
    "＋": "+",
    "－": "-",
    "（": "(",
    "）": ")",
    "，": ",",
    "｜": "|",
    "∣": "|",
    "∗": "*",
    "＊": "*",
    "／": "/",
    "：": ":",
}
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)) | {"ᵀ": "T", "ⁿ": "n"}
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)) | {"ᵢ": "i", "ⱼ": "j", "ₖ": "k"}
HALVES = {"½": ("1", "2"), "⅓": ("1", "3"), "¼": ("1", "4"), "⅔": ("2", "3"), "¾": ("3", "4")}
IGNORED = frozenset("​‌‍‎‏‪‫‬‭‮﻿\x00")

_TOKEN = re.compile(
    r"""(?P<char>[^\s\\%\d.])
    | \\(?P<starred>(?:operatorname|text|hspace|vspace|tag|DeclareMathOperator)\*) | \\(?P<name>[A-Za-z]+)
    | (?P<dots>\.{3}(?=\s*(?:[A-Za-z,+*=-]|\\[a-z])))
    | (?P<number>\d+(?:\.\d+)?|\.\d+)
    | (?P<row>\\\\)(?:\s*\[-?[\d.]+\s*[a-z]{2}\])? | \\(?P<other>.)
    | (?<!\\)%[^\n]*\n? | (?P<rest>\S)""",
    re.DOTALL | re.VERBOSE,
)
"""One token, or a comment; what lies between the matches is white space."""


def tokenize(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """The tokens of a stretch of text; white space and invisible characters are left out, comments too."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text, start, len(text) if end is None else end):
        group = match.lastgroup
        if group is None:
            continue
        found = match[group]
        low, high = match.span()
        if group == "char" or group == "rest":
            kind = _KINDS.get(found)
            if kind is None:
                tokens += _character(found, low, high)
            else:
                tokens.append(Token(kind, found, low, high))
        elif group == "number":
            tokens.append(Token("number", found, low, high))
        elif group == "dots":
            tokens.append(Token("command", "dots", low, high))
        elif group == "row":
            tokens.append(Token("row", found, low, low + 2))
        else:
            tokens.append(Token("command", found.rstrip("*") if group == "starred" else found, low, high))
    return tokens


_KINDS = {ch: "letter" if ch.isalpha() else ch for ch in map(chr, range(33, 127)) if not ch.isdigit()}
"""The kinds of the printable ASCII characters; all others are looked at one by one."""


def _character(ch: str, start: int, end: int) -> list[Token]:
    if ch in IGNORED:
        return []
    ch = PLAIN.get(ch, ch)
    if "！" <= ch <= "～":
        ch = chr(ord(ch) - 0xFEE0)
    if ch in SUPERSCRIPTS or ch in SUBSCRIPTS:
        script = SUPERSCRIPTS.get(ch) or SUBSCRIPTS[ch]
        return [
            Token("^" if ch in SUPERSCRIPTS else "_", ch, start, start),
            Token("number" if script.isdigit() else "letter", script, start, end),
        ]
    if ch in HALVES:
        top, bottom = HALVES[ch]
        return [Token("command", "frac", start, end), Token("number", top, start, end), Token("number", bottom, start, end)]
    if ch in UNICODE:
        name = UNICODE[ch]
        return [Token(name if name in "'|" else "command", name, start, end)]
    if ch.isalpha():
        return [Token("letter", ch, start, end)]
    return [Token(ch, ch, start, end)]


def braced(tokens: list[Token] | tuple[Token, ...], at: int) -> int:
    """The position after the group that opens at ``at`` (``{``), or after the single token there; len(tokens) if it never closes."""
    if at >= len(tokens) or tokens[at].kind != "{":
        return min(at + 1, len(tokens))
    depth = 0
    for n in range(at, len(tokens)):
        if tokens[n].kind == "{":
            depth += 1
        elif tokens[n].kind == "}":
            depth -= 1
            if depth == 0:
                return n + 1
    return len(tokens)


_DEFINITIONS = re.compile(r"\\(?:re|provide)?newcommand\*?|\\(?:g|e|x)?def(?![A-Za-z])|\\DeclareMathOperator\*?")
_PARAMETER = re.compile(r"#(\d)")


def macros_in(text: str) -> dict[str, Macro]:
    """The macros that a text defines by ``\\newcommand``, ``\\renewcommand``, ``\\def`` or ``\\DeclareMathOperator``, by name."""
    found: dict[str, Macro] = {}
    for match in islice(_DEFINITIONS.finditer(text), MAX_DEFINITIONS):
        window = tokenize(text, match.end(), min(len(text), match.end() + 4000))
        macro = _definition(window, match.group())
        if macro is not None:
            found[macro[0]] = macro[1]
    return found


def _definition(tokens: list[Token], command: str) -> tuple[str, Macro] | None:
    at = 0
    wrapped = bool(tokens) and tokens[0].kind == "{"
    at += wrapped
    if at >= len(tokens) or tokens[at].kind != "command":
        return None
    name = tokens[at].text
    at += 1 + wrapped
    count, default = 0, None
    if command.endswith("def"):
        while at + 1 < len(tokens) and tokens[at].kind == "#":
            count, at = count + 1, at + 2
    elif at < len(tokens) and tokens[at].kind == "[":
        if at + 2 >= len(tokens) or not tokens[at + 1].text.isdigit():
            return None
        count, at = min(int(tokens[at + 1].text), 9), at + 3
        if at < len(tokens) and tokens[at].kind == "[":
            close = next((n for n in range(at, len(tokens)) if tokens[n].kind == "]"), None)
            if close is None:
                return None
            default, at = tuple(tokens[at + 1 : close]), close + 1
    if at >= len(tokens) or tokens[at].kind != "{":
        return None
    close = braced(tokens, at)
    body = tuple(tokens[at + 1 : close - 1])
    if "DeclareMathOperator" in command:
        body = (Token("command", "operatorname", 0, 0), Token("{", "{", 0, 0), *body, Token("}", "}", 0, 0))
    return name, Macro(count, default, body)


NO_MACROS: Mapping[str, Macro] = MappingProxyType({})
