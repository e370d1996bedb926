"""Formulas to statements: a recursive-descent parser with precedence over tokens with offsets.

Rows, clauses and arrows separate statements; a row that begins with a relation sign goes on with the chain before it. Nothing is dropped in
silence: what is not read becomes Unreadable with a diagnostic, and reading goes on at the next relation, row or clause.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from verify.reading.syntax import (
    Added,
    Big,
    Call,
    CaseRow,
    Cases,
    Chain,
    Derivative,
    Diagnostic,
    Differential,
    Ellipsis,
    Evaluated,
    Fraction,
    Group,
    Juxtaposed,
    Link,
    Matrix,
    Nabla,
    Name,
    Node,
    Noted,
    Number,
    Operator,
    Product,
    Reference,
    Scripted,
    Span,
    Statement,
    Tuple,
    Unreadable,
    Words,
)  # fmt: skip
from verify.reading.tokens import NO_MACROS, Macro, Token, braced, expanded, tokenize

MAX_DEPTH = 60
CODE_NAME = re.compile(r"(?:np|numpy|torch|jnp)(?:\.[A-Za-z_]{1,20}){1,3}")

RELATIONS = {
    "=": "=", "<": "<", ">": ">", "equiv": "equiv", "approx": "approx", "simeq": "approx", "cong": "approx", "sim": "sim", "neq": "!=",
    "ne": "!=",
    "leq": "<=", "le": "<=", "geq": ">=", "ge": ">=", "lt": "<", "gt": ">", "leqslant": "<=", "geqslant": ">=", "ll": "<", "gg": ">",
    "coloneqq": ":=",
    "triangleq": ":=", "doteq": ":=", "propto": "propto", "in": "in", "notin": "notin", "subset": "subset", "subseteq": "subset",
    "mapsto": "mapsto",
    "leftarrow": "<-", "gets": "<-", "longleftarrow": "<-", "overset=": ":=",
}  # fmt: skip
ARROWS = frozenset(
    [
        "Rightarrow",
        "implies",
        "rightarrow",
        "to",
        "Longrightarrow",
        "longrightarrow",
        "Leftrightarrow",
        "iff",
        "leftrightarrow",
        "Longleftrightarrow",
        "hookrightarrow",
        "therefore",
        "because",
        "rightsquigarrow",
        "leadsto",
        "downarrow",
        "Downarrow",
        "searrow",
        "nearrow",
    ]
)
BOTH_WAYS = frozenset({"Leftrightarrow", "iff", "Longleftrightarrow", "leftrightarrow"})
BREAKS = frozenset({"quad", "qquad", "hspace", "hskip", "hfill", "enspace"})
OPENING_SIZES = frozenset(["left", "big", "Big", "bigg", "Bigg", "bigl", "Bigl", "biggl", "Biggl"])
"""What sets the size of the delimiter behind it, and belongs to it."""
IGNORED = frozenset(
    [
        " ",
        ",",
        ";",
        ":",
        "!",
        ">",
        "displaystyle",
        "textstyle",
        "scriptstyle",
        "limits",
        "nolimits",
        "nonumber",
        "notag",
        "left",
        "right",
        "big",
        "Big",
        "bigg",
        "Bigg",
        "bigl",
        "bigr",
        "Bigl",
        "Bigr",
        "biggl",
        "biggr",
        "Biggl",
        "Biggr",
        "bigm",
        "Bigm",
        "middle",
        "noindent",
        "centering",
        "hline",
        "thinspace",
        "medspace",
        "negthinspace",
        "mathstrut",
        "strut",
        "allowbreak",
        "hfil",
        "normalsize",
        "small",
        "footnotesize",
        "scriptsize",
        "tiny",
        "scriptscriptstyle",
        "large",
        "Large",
        "LARGE",
        "huge",
        "Huge",
    ]
)
SPACED = frozenset({"vspace", "mspace", "hphantom", "vphantom", "phantom", "label", "require", "cline"})
FONTS = {
    "mathbf": "bf", "boldsymbol": "bf", "bm": "bf", "bold": "bf", "pmb": "bf", "mathbb": "bb", "mathcal": "cal", "mathscr": "cal",
    "mathrm": "rm", "mathit": "it",
    "mathsf": "sf", "mathfrak": "frak", "mathtt": "tt", "mathnormal": "", "boldmath": "bf",
}  # fmt: skip
TEXTS = frozenset({"text", "textrm", "textbf", "textit", "mbox", "textnormal", "texttt", "textsf", "hbox", "operatorname", "fbox"})
ACCENTS = {
    "hat": "hat", "widehat": "hat", "tilde": "tilde", "widetilde": "tilde", "bar": "bar", "overline": "bar", "vec": "vec",
    "overrightarrow": "vec",
    "dot": "dot", "ddot": "ddot", "check": "check", "underline": "underline",
}  # fmt: skip
FUNCTIONS = frozenset(["ln", "log", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "arcsin", "arccos", "det", "Pr"])
PLAIN_WORDS = ("softmax", "sigmoid", "tanh", "relu", "ReLU", "log", "exp", "sin", "cos", "max", "min", "ln")
BIG = {
    "sum": "sum", "prod": "prod", "int": "int", "lim": "lim", "bigcup": "bigcup", "bigcap": "bigcap", "bigoplus": "bigoplus",
    "oint": "int", "iint": "int",
    "argmax": "argmax", "argmin": "argmin", "sup": "sup", "inf": "inf",
}  # fmt: skip
PRODUCTS = {
    "cdot": "cdot", "times": "times", "*": "*", "odot": "odot", "circ": "circ", "ast": "ast", "otimes": "otimes", "/": "/", "div": "/",
    "bullet": "bullet",
    ".": ".", "star": "ast", "bigodot": "odot", "bigotimes": "otimes", "oslash": "/", "centerdot": "cdot",
}  # fmt: skip
ELLIPSES = frozenset(["dots", "ldots", "cdots", "vdots", "ddots", "dotsc", "dotsb", "dotsm", "dotsi"])
NOTES = {"underbrace": "underbrace", "overbrace": "overbrace"}
SHOWN = frozenset({"boxed", "mathop", "mathrel", "mathbin", "mathord", "mathinner", "ensuremath", "smash"})
COLOURED = frozenset({"textcolor", "colorbox", "bbox"})
CANCELLED = frozenset({"cancel", "bcancel", "xcancel", "cancelto"})
FRACTIONS = frozenset({"frac", "dfrac", "tfrac", "cfrac", "sfrac", "nicefrac"})
MATRICES = {"bmatrix": "[", "pmatrix": "(", "vmatrix": "|", "Vmatrix": "||", "matrix": "", "Bmatrix": "{", "smallmatrix": "", "array": ""}
CASES = frozenset({"cases", "dcases", "rcases"})
OPENING = {
    "(": ")",
    "[": "]",
    "{": "}",
    "langle": "rangle",
    "lbrace": "rbrace",
    "lVert": "rVert",
    "lvert": "rvert",
    "lfloor": "rfloor",
    "lceil": "rceil",
    "lbrack": "rbrack",
}
DELIMITER = {"langle": "<", "lbrace": "{", "lVert": "||", "lvert": "|", "lfloor": "floor", "lceil": "ceil", "lbrack": "["}
STOP_WORDS = frozenset(
    [
        "if",
        "otherwise",
        "for",
        "where",
        "when",
        "and",
        "or",
        "else",
        "with",
        "as",
        "since",
        "is",
        "the",
        "then",
        "of",
        "by",
        "so",
        "thus",
        "hence",
        "let",
        "given",
        "all",
        "khi",
        "nếu",
        "với",
        "và",
        "si",
        "sinon",
        "pour",
        "wenn",
        "sonst",
        "für",
        "если",
        "при",
    ]
)
CONDITION_WORDS = (
    "if",
    "for",
    "when",
    "where",
    "khi",
    "nếu",
    "với",
    "si",
    "pour",
    "wenn",
    "für",
    "falls",
    "если",
    "при",
    "cuando",
    "para",
    "otherwise",
)
CLOSERS = frozenset({")", "]", "}", "rangle", "rVert", "rvert", "rfloor", "rceil", "rbrace", "rbrack"})


class _Stop(Exception):
    """The expression cannot go on: what was expected, and where (a token position)."""

    def __init__(self, expected: str, at: int) -> None:
        super().__init__(expected)
        self.expected, self.at = expected, at


def parse(
    text: str, start: int = 0, end: int | None = None, macros: Mapping[str, Macro] = NO_MACROS
) -> tuple[tuple[Statement, ...], tuple[Diagnostic, ...]]:
    """The statements of one formula's inside and what could not be read; spans are offsets into ``text``. Never raises."""
    stop = len(text) if end is None else end
    tokens, endless = expanded(tokenize(text, start, stop), macros)
    parser = _Parser(text, tokens, stop)
    if endless:
        parser.note(Span(start, stop), "a macro that expands without end")
    return parser.formula(), tuple(parser.diagnostics)


@dataclass
class _Pending:
    """What stands before a statement and belongs to it."""

    arrow: str = ""
    words: list[str] = field(default_factory=list)
    conditions: list[Node] = field(default_factory=list)


class _Parser:
    def __init__(self, text: str, tokens: list[Token], stop: int) -> None:
        self.text, self.tokens, self.stop = text, tokens, stop
        self.at, self.end = 0, len(tokens)
        self.depth = 0
        self.bars = 0
        self.nested = 0
        self.diagnostics: list[Diagnostic] = []

    # -- tokens -----------------------------------------------------------------------------------------------------------------

    def note(self, span: Span, message: str) -> None:
        if len(self.diagnostics) < 200:
            self.diagnostics.append(Diagnostic(span, message))

    def skip(self) -> None:
        """Pass over what means nothing: spacing, sizes, labels."""
        while self.at < self.end:
            token = self.tokens[self.at]
            if token.kind in ("~", "$") or (token.kind == "command" and token.text in IGNORED) or (token.kind == "." and self.sized()):
                self.at += 1
            elif token.kind == "command" and token.text in SPACED:
                self.at = braced(self.tokens, self.at + 1)
            elif token.kind == "command" and token.text in ("color", "renewcommand", "newcommand", "def", "DeclareMathOperator"):
                self.at = braced(self.tokens, self.at + 1)
                if token.text != "color":
                    while self.at < self.end and self.tokens[self.at].kind in ("[", "#", "]", "number"):
                        self.at += 1
                    self.at = braced(self.tokens, self.at)
            else:
                return

    def sized(self) -> bool:
        """Whether ``\\left`` or ``\\right`` stands right before: a full stop is then an invisible delimiter."""
        if self.at == 0 or self.nested:
            return False
        before = self.tokens[self.at - 1]
        return before.kind == "command" and before.text in ("left", "right")

    def over_empty(self) -> None:
        """Pass over empty groups between factors, which mean nothing."""
        while (
            self.peek() is not None and self.at + 1 < self.end and self.tokens[self.at].kind == "{" and self.tokens[self.at + 1].kind == "}"
        ):
            self.at += 2

    def peek(self) -> Token | None:
        self.skip()
        return self.tokens[self.at] if self.at < self.end else None

    def is_(self, *texts: str) -> bool:
        token = self.peek()
        return token is not None and token.kind != "letter" and token.text in texts

    def command(self, *names: str) -> bool:
        token = self.peek()
        return token is not None and token.kind == "command" and token.text in names

    def here(self) -> int:
        """The offset of the next token, of the ``\\left`` before it where it has one."""
        token = self.peek()
        if token is None:
            return self.stop
        before = self.tokens[self.at - 1] if self.at else token
        return before.start if before.kind == "command" and before.text in OPENING_SIZES else token.start

    def last_end(self) -> int:
        """The offset behind the last token taken."""
        return self.tokens[self.at - 1].end if self.at else self.tokens[0].start if self.tokens else self.stop

    def span(self, start: int) -> Span:
        return Span(start, max(start, self.last_end()))

    def relation(self) -> str | None:
        """The relation that stands next, else None."""
        token = self.peek()
        if token is None or token.kind == "letter":
            return None
        after = self.tokens[self.at + 1] if self.at + 1 < self.end else None
        if token.kind == "|" or token.kind == "number":
            return None
        if token.text == ":" and token.kind == ":" and after is not None and after.kind == "=":
            return ":="
        if token.text == "!" and token.kind == "!" and after is not None and after.kind == "=":
            return "!="
        if token.text == "not" and after is not None:
            return {"=": "!=", "in": "notin"}.get(after.text)
        if token.text in ("stackrel", "overset"):
            close = braced(self.tokens, self.at + 1)
            inner = [t for t in self.tokens[close : braced(self.tokens, close)] if t.kind not in "{}"]
            if len(inner) == 1 and inner[0].text in RELATIONS:
                note = "".join(t.text for t in self.tokens[self.at + 1 : close] if t.kind not in "{}")
                return ":=" if "def" in note or note == "△" else RELATIONS[inner[0].text]
            return None
        if token.kind == "command" or token.kind in "=<>":
            if token.text == "=" and self.at + 1 < self.end and after is not None and after.kind == "=" and after.start == token.end:
                return "="
            return RELATIONS.get(token.text)
        return None

    def take_relation(self) -> Span:
        """Pass over the relation that stands next; its span."""
        token = self.tokens[self.at]
        start = token.start
        if token.text in ("stackrel", "overset") and token.kind == "command":
            self.at = braced(self.tokens, braced(self.tokens, self.at + 1))
            sign = next((t for t in reversed(self.tokens[: self.at]) if t.text in RELATIONS), token)
            return Span(sign.start, sign.end)
        after = self.tokens[self.at + 1] if self.at + 1 < self.end else None
        double = after is not None and after.kind == "=" and after.start == token.end
        self.at += 2 if token.text in (":", "!", "not") or (token.kind == "=" and double) else 1
        return self.span(start)

    # -- statements -------------------------------------------------------------------------------------------------------------

    def formula(self) -> tuple[Statement, ...]:
        """All statements up to the end."""
        out: list[Statement] = []
        pending = _Pending()
        while (token := self.peek()) is not None:
            before = self.at
            self.separators(out, pending)
            token = self.peek()
            if token is None:
                break
            self.statement(out, pending)
            if self.at == before:
                self.note(Span(token.start, token.end), f"{token.text} was not expected here")
                self.at += 1
        if pending.conditions and out:
            out[-1] = replace(out[-1], conditions=(*out[-1].conditions, *pending.conditions))
        elif pending.words and not out:
            out.append(Statement(Words(Span(self.stop, self.stop), " ".join(pending.words)), arrow=pending.arrow))
        return tuple(out)

    def separators(self, out: list[Statement], pending: _Pending) -> None:
        """Pass over rows, clauses, arrows, words and labels between statements."""
        while (token := self.peek()) is not None:
            if token.kind == "row":
                self.at += 1
            elif token.kind in ("&", ",", ";", ".", "}") or (token.kind == ":" and self.relation() is None):
                self.at += 1
                if token.kind == ":" and out and pending.words == [] and out[-1].words.strip().lower().startswith(CONDITION_WORDS):
                    shifted = out.pop()
                    pending.conditions.extend([shifted.content, *shifted.conditions])
                    pending.arrow = pending.arrow or shifted.arrow
            elif token.kind == "command" and token.text in BREAKS:
                self.at = braced(self.tokens, self.at + 1) if token.text in ("hspace", "hskip") else self.at + 1
            elif token.kind == "command" and token.text in ("begin", "end"):
                if self.environment() in MATRICES.keys() | CASES and token.text == "begin" and self.environment() != "array":
                    return
                self.at = braced(self.tokens, self.at + 1)
                if token.text == "begin" and self.at < self.end and self.tokens[self.at].kind == "{":
                    self.at = braced(self.tokens, self.at)  # column layout of an array
            elif token.kind == "command" and token.text in ARROWS:
                pending.arrow = token.text
                pending.words = []
                self.at += 1
            elif token.kind == "command" and token.text in ("tag", "label", "eqref", "ref"):
                label = self.raw_group()
                if token.text == "tag" and out:
                    out[-1] = replace(out[-1], label=f"({label})" if not label.startswith("(") else label)
            elif self.words_next():
                pending.words.append(self.take_words())
            elif token.kind == "command" and token.text == "forall":
                self.at += 1
                conditions = self.condition()
                if out:
                    out[-1] = replace(out[-1], conditions=(*out[-1].conditions, *conditions))
                else:
                    pending.conditions.extend(conditions)
            elif token.kind == "*" or (token.kind == "command" and token.text in ("cdot", "bullet", "ast")):
                self.at += 1  # a bullet
            elif (name := self.label_next()) is not None and out:
                out[-1] = replace(out[-1], label=name)
            else:
                return

    def environment(self) -> str:
        close = braced(self.tokens, self.at + 1)
        return "".join(t.text for t in self.tokens[self.at + 2 : close - 1]).rstrip("*")

    def raw_group(self) -> str:
        """The source of the group after a command, the command passed over too."""
        close = braced(self.tokens, self.at + 1)
        inner = self.tokens[self.at + 2 : close - 1]
        self.at = close
        return self.text[inner[0].start : inner[-1].end] if inner else ""

    def words_next(self) -> bool:
        """Whether prose stands next: a text that is no name, or the letters of "if" in maths."""
        token = self.peek()
        if token is None:
            return False
        if token.kind == "command" and token.text in TEXTS:
            return not self.text_is_name()
        if token.kind == "letter":
            return self.plain_word(("if", "for", "where", "and", "or", "otherwise")) is not None
        return False

    def text_is_name(self) -> bool:
        """Whether the text command that stands next holds one identifier."""
        close = braced(self.tokens, self.at + 1)
        inner = (
            self.tokens[self.at + 2 : close - 1]
            if self.at + 1 < self.end and self.tokens[self.at + 1].kind == "{"
            else self.tokens[self.at + 1 : close]
        )
        if not inner:
            return False
        word = self.written(inner, self.tokens[self.at]).strip()
        if self.tokens[self.at].text == "operatorname":
            return True
        if CODE_NAME.fullmatch(word) and close < self.end and self.tokens[close].kind == "(":
            return True  # np.sum(
        if not word.isascii() or any(ch in word for ch in " :,;.?!$\\") or not word or not word[0].isalpha():
            return False
        return word.lower() not in STOP_WORDS

    def written(self, inner: list[Token], command: Token) -> str:
        """The source of a text command's inside; where a macro put it there, its tokens."""
        if not inner or inner[0].start == command.start:
            return "".join(t.text for t in inner)
        return self.text[inner[0].start : inner[-1].end]

    def take_words(self) -> str:
        token = self.tokens[self.at]
        if token.kind == "command":
            return self.raw_group()
        word = self.plain_word(("if", "for", "where", "and", "or", "otherwise")) or ""
        self.at += len(word)
        return word

    def plain_word(self, words: tuple[str, ...]) -> str | None:
        """A word of adjacent letters that ends in a space or a sign, if it is one of those."""
        run = ""
        n = self.at
        longest = max(map(len, words))
        while n < self.end and self.tokens[n].kind == "letter" and (n == self.at or self.tokens[n].start == self.tokens[n - 1].end):
            run += self.tokens[n].text
            n += 1
            if len(run) > longest:
                return None  # a run of letters is looked at once, not once for each of its letters
        if run in words and not (n < self.end and self.tokens[n].kind in "_^'"):
            return run
        return None

    def label_next(self) -> str | None:
        r"""A line's name, ``(2)`` before the end of its row; passed over if found."""
        n = self.at
        if (
            n + 2 < self.end
            and self.tokens[n].kind == "("
            and self.tokens[n + 1].kind in ("number", "*")
            and self.tokens[n + 2].kind == ")"
        ):
            m = n + 3
            while m < self.end and (self.tokens[m].kind in ".,;" or self.tokens[m].text in IGNORED):
                m += 1
            ends = (
                m >= self.end
                or self.tokens[m].kind == "row"
                or self.tokens[m].text in ("end", "begin")
                or self.tokens[m].text in ARROWS | BREAKS | TEXTS
            )
            if ends and not (m < self.end and self.tokens[m].text in BOTH_WAYS):
                self.at = n + 3
                return f"({self.tokens[n + 1].text})"
        return None

    def condition(self) -> list[Node]:
        """What stands after ``\\forall``: a letter, ``i: i = k``, ``i \\neq j``."""
        found: list[Node | None] = []
        try:
            found.append(self.chain())
            if self.is_(":"):
                self.at += 1
                found.append(self.chain() if self.starts_factor() else None)
        except _Stop as stop:
            found.append(self.unread(self.here(), stop))
        return [c for c in found if isinstance(c, Chain)]

    def statement(self, out: list[Statement], pending: _Pending) -> None:
        """One statement, appended to ``out`` or to its last chain."""
        start = self.here()
        if self.relation() is not None:
            self.links(out, pending)
            return
        words = " ".join(pending.words)
        conditional = bool(out) and words.strip().lower().startswith(CONDITION_WORDS) and not pending.conditions
        try:
            content: Node | None = self.chain()
        except _Stop as stop:
            content = self.recovered(start, stop)
        if content is None:
            return
        if out and isinstance(content, Matrix) and all(isinstance(cell, Words) for row in content.rows for cell in row):
            return  # a remark beside the formula, set as a matrix of words
        if isinstance(content, Group) and content.delimiter == "(" and out and not pending.words and not pending.arrow:
            inner = content.body
            if isinstance(inner, Chain) and self.is_case(inner):
                content, conditional = inner, True  # a condition in parentheses behind what it restricts
        if (isinstance(content, Chain) and conditional and not pending.arrow and self.is_condition(content) and not self.is_(":")) or (
            isinstance(content, Chain)
            and out
            and not pending.words
            and not pending.arrow
            and all(link.relation == "!=" for link in content.links)
        ):
            out[-1] = replace(out[-1], conditions=(*out[-1].conditions, content))
        else:
            out.append(Statement(content, conditions=tuple(pending.conditions), arrow=pending.arrow, words=words))
        pending.arrow, pending.words, pending.conditions = "", [], []

    def is_case(self, chain: Chain) -> bool:
        sides = [chain.first, *(link.right for link in chain.links)]
        return all(isinstance(s, (Name, Number)) for s in sides) and all(link.relation in ("=", "!=") for link in chain.links)

    def is_condition(self, chain: Chain) -> bool:
        sides = [chain.first, *(link.right for link in chain.links)]
        return all(s is None or isinstance(s, (Name, Number, Scripted, Added, Group, Tuple)) for s in sides)

    def links(self, out: list[Statement], pending: _Pending) -> None:
        """A row that begins with a relation: more links of the last chain, or a chain without first side."""
        start = self.here()
        found = self.more_links()
        last = out[-1].content if out else None
        if isinstance(last, Chain):
            out[-1] = replace(out[-1], content=Chain(Span(last.span.start, self.last_end()), last.first, (*last.links, *found)))
        elif last is not None and not isinstance(last, (Words, Unreadable)):
            out[-1] = replace(out[-1], content=Chain(Span(last.span.start, self.last_end()), last, found))
        else:
            out.append(
                Statement(
                    Chain(self.span(start), None, found),
                    conditions=tuple(pending.conditions),
                    arrow=pending.arrow,
                    words=" ".join(pending.words),
                )
            )
        pending.arrow, pending.words, pending.conditions = "", [], []

    def recovered(self, start: int, stop: _Stop) -> Node:
        """Unreadable up to the next relation, row or clause, with a diagnostic; then the links that follow."""
        self.at = max(self.at, min(stop.at, self.end))
        bad = self.unread(start, stop)
        found = self.more_links() if self.relation() is not None else ()
        return Chain(self.span(start), bad, found) if found else bad

    def unread(self, start: int, stop: _Stop) -> Unreadable:
        where = self.tokens[stop.at].start if stop.at < len(self.tokens) else self.stop
        self.note(Span(where, min(where + 1, self.stop)), f"{stop.expected} was expected")
        begun = self.at
        while (
            (token := self.peek()) is not None
            and self.relation() is None
            and token.kind not in ("row",)
            and token.text not in BREAKS | ARROWS
        ):
            self.at += 1
        if self.at == begun and self.peek() is not None and self.relation() is None:
            self.at += 1
        return Unreadable(Span(start, max(start, self.last_end())), stop.expected)

    def chain(self) -> Node | None:
        """An expression, or a Chain where relations follow it."""
        start = self.here()
        first = self.expression()
        if isinstance(first, (Group, Reference)) and self.nested == 0 and self.is_("&"):
            self.at += 1
        if isinstance(first, (Group, Reference)) and self.nested == 0 and self.command(*BOTH_WAYS):
            first = self.as_reference(first)
            sign = self.tokens[self.at]
            self.at += 1
            right = self.operand_of_relation()
            links = (Link(Span(sign.start, sign.end), "iff", right), *self.more_links())
            return Chain(self.span(start), first, links)
        if self.relation() is None:
            return first
        links = self.more_links()
        return Chain(self.span(start), first, links)

    def as_reference(self, node: Node) -> Node:
        if isinstance(node, Group) and node.delimiter == "(" and isinstance(node.body, Number):
            return Reference(node.span, node.body.text)
        return node

    def more_links(self) -> tuple[Link, ...]:
        """The relations that follow, each with its right side."""
        found: list[Link] = []
        while True:
            mark = self.at
            if found and self.nested == 0:
                self.over_row()
            relation = self.relation()
            if relation is None:
                self.at = mark
                return tuple(found)
            sign = self.take_relation()
            found.append(Link(sign, relation, self.operand_of_relation()))

    def over_row(self) -> None:
        """Pass over ``\\\\`` and ``&`` if a relation follows them."""
        mark = self.at
        while (token := self.peek()) is not None and (token.kind in ("row", "&") or token.text in BREAKS):
            if token.text in ("hspace", "hskip"):
                self.at = braced(self.tokens, self.at + 1)
            else:
                self.at += 1
        if self.relation() is None:
            self.at = mark

    def operand_of_relation(self) -> Node | None:
        """The side after a relation; None where nothing readable follows; Unreadable where it breaks off."""
        while (token := self.peek()) is not None and (token.kind == "&" or (token.kind == "row" and self.nested == 0)):
            self.at += 1
            if token.kind == "row" and self.relation() is not None:
                return None
        start = self.here()
        if self.peek() is None or self.relation() is not None or self.is_(*CLOSERS) or self.command(*ARROWS):
            return None
        if self.command("begin", "end") and self.environment() not in MATRICES.keys() | CASES:
            return None
        try:
            return self.expression()
        except _Stop as stop:
            if self.nested:
                raise
            self.at = max(self.at, min(stop.at, self.end))
            return self.unread(start, stop)

    # -- expressions --------------------------------------------------------------------------------------------------------------

    def expression(self) -> Node:
        """A sum of signed terms."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.depth -= 1
            raise _Stop("less nesting", self.at)
        try:
            start = self.here()
            signs: list[str] = []
            terms: list[Node] = []
            while True:
                sign = self.sign()
                if sign is None and terms:
                    break
                if sign is None and not terms:
                    sign = ""
                signs.append(sign or "+")
                explicit = bool(sign)
                while (again := self.sign()) is not None:
                    signs[-1] = "-" if (signs[-1] == "-") != (again == "-") else "+"
                terms.append(self.term())
                if not explicit and len(terms) == 1 and self.next_sign() is None:
                    return terms[0]
            return Added(self.span(start), tuple(signs), tuple(terms))
        finally:
            self.depth -= 1

    def next_sign(self) -> str | None:
        """The sign that stands next, also behind a row break or an ``&``; nothing is passed over."""
        mark = self.at
        sign = self.sign()
        self.at = mark
        return sign

    def sign(self) -> str | None:
        mark = self.at
        self.between_rows()
        token = self.peek()
        if self.at > mark and self.tokens[self.at - 1].kind == "row" and self.row_has_left_side():
            self.at = mark  # ``- a + b &= c`` is a row of its own, no more terms of the row before
            return None
        if token is not None and token.kind in ("+", "-"):
            self.at += 1
            return token.kind
        if token is not None and token.kind == "command" and token.text in ("pm", "mp"):
            self.at += 1
            return "±" if token.text == "pm" else "∓"
        self.at = mark
        return None

    def row_has_left_side(self) -> bool:
        """Whether the row that begins here has its relation sign behind an ``&``, and something before it."""
        for n in range(self.at, self.end - 1):
            token = self.tokens[n]
            if token.kind == "row":
                return False
            if token.kind == "&":
                return n > self.at and self.tokens[n + 1].kind == "="
        return False

    def between_rows(self) -> None:
        """Pass over ``&`` and, outside of nested expressions, row breaks."""
        if self.nested == 0:
            row = False
            while (token := self.peek()) is not None and (token.kind in ("row", "&") or (row and token.text in ("quad", "qquad"))):
                row = row or token.kind == "row"
                self.at += 1

    def term(self) -> Node:
        """A product: explicit signs between runs of factors side by side."""
        start = self.here()
        left = self.run()
        while True:
            mark = self.at
            self.between_rows()
            token = self.peek()
            operator = PRODUCTS.get(token.text) if token is not None and token.kind != "letter" else None
            if operator is None or token is None or (operator == "." and not self.dot_is_product()):
                self.at = mark
                return left
            self.at += 1
            if operator == "/":
                left = self.over(left, start)
                continue
            if not self.starts_factor() and self.next_sign() is None:
                if self.nested == 0 and operator in (".", "*", "bullet", "cdot", "ast"):
                    return left  # a full stop, a stray bullet
                raise _Stop("a factor", self.at)
            negative = self.sign()
            right = self.run()
            if negative == "-":
                right = Added(right.span, ("-",), (right,))
            left = Product(self.span(start), operator, left, right)

    def dot_is_product(self) -> bool:
        """Whether a full stop stands between two factors."""
        mark = self.at
        self.at += 1
        follows = self.starts_factor() and not self.words_next() and not self.command("begin", "end")
        self.at = mark
        return follows

    def over(self, left: Node, start: int) -> Node:
        """A slash: the last factor of the left by the next factor; ``∂L/∂w`` and ``dL/dw`` are derivatives."""
        return self.divided(left, self.run_for_slash(), start)

    def divided(self, left: Node, right: Node, start: int) -> Node:
        if isinstance(left, Product) and left.operator != "/":
            last = self.divided(left.right, right, left.right.span.start)
            return replace(left, right=last, span=self.span(start))
        items = left.items if isinstance(left, Juxtaposed) else (left,)
        rest, top = items[:-1], items[-1]
        made: Node
        if isinstance(top, Differential) and isinstance(right, Differential) and right.body is not None:
            made = self.slashed(top, right, start)
        elif len(items) >= 2 and is_d(items[-2]) and isinstance(right, Juxtaposed) and is_d(right.items[0]) and len(right.items) == 2:
            rest = items[:-2]
            made = Derivative(Span(items[-2].span.start, right.span.end), top, (right.items[1],), symbol="d")
        elif is_d(top) and isinstance(right, Juxtaposed) and is_d(right.items[0]) and len(right.items) == 2:
            made = Derivative(Span(top.span.start, right.span.end), None, (right.items[1],), symbol="d")
        else:
            made = Product(Span(top.span.start, right.span.end), "/", top, right)
        return Juxtaposed(Span(rest[0].span.start, made.span.end), (*rest, made)) if rest else made

    def slashed(self, top: Differential, below: Differential, start: int) -> Derivative:
        assert below.body is not None
        return Derivative(Span(top.span.start, below.span.end), top.body, (below.body,), max(top.order, below.order))

    def run_for_slash(self) -> Node:
        first = self.factor()
        if is_d(first) and self.starts_factor() and self.tokens[self.at].start == first.span.end:
            second = self.factor()
            return Juxtaposed(Span(first.span.start, second.span.end), (first, second))
        return first

    def starts_factor(self) -> bool:
        """Whether a factor can begin with what stands next."""
        token = self.peek()
        if token is None or self.relation() is not None:
            return False
        match token.kind:
            case "letter" | "number" | "(" | "[" | "{":
                return not (token.kind == "letter" and self.nested == 0 and self.words_next())
            case "|":
                if self.divides():
                    return False
                return self.bars == 0 or (self.at > 0 and self.tokens[self.at - 1].text in ("(", "+", "-", "=", "left", "big", "Big"))
            case "command":
                if token.text in ("end", "row", "tag", "label", "mid", "forall", "eqref", "ref") or token.text in ARROWS | BREAKS | CLOSERS:
                    return token.text in ("eqref", "ref")
                if token.text in TEXTS:
                    return self.text_is_name() or self.nested > 0
                if token.text == "begin":
                    return self.environment() in MATRICES.keys() | CASES
                if token.text == "|":
                    return self.bars == 0
                return token.text not in PRODUCTS and token.text not in (
                    "pm",
                    "mp",
                    "cr",
                    "newline",
                    "over",
                    "choose",
                    "atop",
                    "&",
                    "%",
                    "$",
                    "#",
                )
        return False

    def run(self) -> Node:
        """Factors side by side."""
        self.over_empty()
        start = self.here()
        items = [self.factor()]
        self.over_empty()
        while self.starts_factor():
            if self.nested == 0 and len(items) >= 1 and self.label_ahead():
                break
            if isinstance(items[-1], Derivative) and items[-1].numerator is None:
                operand = self.rest_of_term()
                items[-1] = replace(items[-1], numerator=operand, span=Span(items[-1].span.start, operand.span.end))
                continue
            if isinstance(items[-1], Nabla) and items[-1].body is None:
                operand = self.factor()
                items[-1] = replace(items[-1], body=operand, span=Span(items[-1].span.start, operand.span.end))
                continue
            items.append(self.factor())
            self.over_empty()
        return items[0] if len(items) == 1 else Juxtaposed(self.span(start), tuple(items))

    def rest_of_term(self) -> Node:
        """The operand of an operator ``∂/∂x``: a group alone, else the rest of the product."""
        if self.is_("(", "[", "lbrace", "{") and self.peek() is not None:
            return self.factor()
        return self.term()

    def label_ahead(self) -> bool:
        mark = self.at
        spaced = self.at < self.end and self.at > 0 and self.tokens[self.at].start > self.tokens[self.at - 1].end
        found = spaced and self.label_next() is not None
        self.at = mark
        return found

    def factor(self) -> Node:
        """An atom with its scripts."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.depth -= 1
            raise _Stop("less nesting", self.at)
        try:
            return self.scripts(self.atom())
        finally:
            self.depth -= 1

    def scripts(self, base: Node) -> Node:
        """A base with the scripts and primes that follow it."""
        sub: Node | None = None
        sup: Node | None = None
        primes = 0
        start = base.span.start
        while (token := self.peek()) is not None and token.kind in ("_", "^", "'", "!"):
            if token.kind == "'":
                self.at += 1
                primes += 1
            elif token.kind == "!":
                if self.at + 1 < self.end and self.tokens[self.at + 1].kind == "=":
                    break
                self.at += 1
                base = Operator(self.span(start), "!", (base,))
            elif token.kind == "_":
                self.at += 1
                body = self.script()
                sub = body if sub is None else Tuple(Span(sub.span.start, self.last_end()), (sub, body)) if body is not None else sub
            else:
                self.at += 1
                count = self.primes_in_script()
                if count:
                    primes += count
                    continue
                body = self.script()
                if sup is not None and body is not None:
                    body = Juxtaposed(Span(sup.span.start, self.last_end()), (sup, body))
                sup = body if body is not None else sup
        while (token := self.peek()) is not None and token.kind == "|" and self.evaluation_ahead():
            self.at += 2
            base = Evaluated(self.span(start), self.scripted(base, sub, sup, primes, start), self.script())
            sub, sup, primes = None, None, 0
        return self.scripted(base, sub, sup, primes, start)

    def scripted(self, base: Node, sub: Node | None, sup: Node | None, primes: int, start: int) -> Node:
        if sub is None and sup is None and not primes:
            return base
        if isinstance(base, Scripted) and base.sub is None and sup is None and not primes:
            return replace(base, sub=sub, span=self.span(start))
        return Scripted(self.span(start), base, sub, sup, primes)

    def evaluation_ahead(self) -> bool:
        return self.bars == 0 and self.at + 1 < self.end and self.tokens[self.at + 1].kind == "_"

    def primes_in_script(self) -> int:
        r"""Primes written ``^\prime`` or ``^{\prime\prime}``, passed over; 0 if the script is something else."""
        close = braced(self.tokens, self.at)
        inner = [t for t in self.tokens[self.at : close] if t.kind not in "{}"]
        if inner and all(t.text == "prime" or t.kind == "'" for t in inner):
            self.at = close
            return len(inner)
        return 0

    def script(self) -> Node | None:
        """What a script holds; None for an empty group."""
        token = self.peek()
        if token is None:
            raise _Stop("a script", self.at)
        if token.kind == "{":
            return self.inside()
        if token.kind == "command" and token.text in FRACTIONS | FONTS.keys() | ACCENTS.keys() | TEXTS | {"sqrt", "substack"}:
            return self.atom()
        if token.kind == "number" and len(token.text) > 1 and token.end - token.start == len(token.text):
            self.tokens[self.at] = Token("number", token.text[1:], token.start + 1, token.end)
            return Number(Span(token.start, token.start + 1), token.text[0])
        if token.kind == "command" or token.kind in ("letter", "number"):
            return self.atom()
        if token.kind in ("*", "+", "-", "="):
            self.at += 1
            return Name(Span(token.start, token.end), "ast" if token.kind == "*" else token.kind)
        if token.kind == "(":
            return self.atom()
        raise _Stop("a script", self.at)

    def inside(self) -> Node | None:
        """The inside of a braced group as a list, a chain or an expression; None if it is empty."""
        close = braced(self.tokens, self.at)
        if self.tokens[close - 1].kind != "}" or close - self.at < 2:
            raise _Stop("a closing brace", self.at)
        inner_end = close - 1
        saved, bars = self.end, self.bars
        self.at += 1
        self.end, self.nested, self.bars = inner_end, self.nested + 1, 0
        try:
            if self.peek() is None:
                return None
            found = self.listed()
            mark = self.at
            while self.is_(".", ",", ";"):
                self.at += 1  # the full stop of a formula in a box
            if self.peek() is not None:
                raise _Stop("the end of a group", mark)
            return found
        finally:
            self.end, self.nested, self.bars = saved, self.nested - 1, bars
            self.at = close if self.peek_at(inner_end) else self.at

    def peek_at(self, inner_end: int) -> bool:
        """Whether the inside of a group was read to its end."""
        n = self.at
        return n >= inner_end or all(self.tokens[m].text in IGNORED or self.tokens[m].kind == "~" for m in range(n, inner_end))

    def listed(self) -> Node:
        """Items between commas; each an expression, a chain, or words."""
        start = self.here()
        items: list[Node] = []
        while True:
            items.append(self.item())
            token = self.peek()
            if token is not None and (token.kind in (",", ";", ":", "row", "&") or token.text in BREAKS or token.text == "mid"):
                if token.text == "mid":
                    self.at += 1
                    other = self.item()
                    items[-1] = Operator(self.span(start), "mid", (items[-1], other))
                    if self.is_(","):
                        self.at += 1
                        continue
                    break
                self.at += 1
                if self.peek() is None or self.is_(*CLOSERS):
                    break
                continue
            break
        return items[0] if len(items) == 1 else Tuple(self.span(start), tuple(items))

    def item(self) -> Node:
        token = self.peek()
        if token is not None and token.kind == "command" and token.text in ("forall", "exists"):
            self.at += 1
        if token is not None and token.kind == "command" and token.text in TEXTS and not self.text_is_name():
            start = token.start
            words = Words(self.span(start), self.raw_group())
            words = replace(words, span=self.span(start))
            if self.peek() is None or self.is_(",", *CLOSERS):
                return words
            return self.item()
        if self.relation() is not None:
            start = self.here()
            return Chain(self.span(start), None, self.more_links())
        found = self.chain()
        if found is None:
            raise _Stop("an expression", self.at)
        return found

    # -- atoms --------------------------------------------------------------------------------------------------------------------

    def atom(self) -> Node:
        token = self.peek()
        if token is None:
            raise _Stop("an operand", self.at)
        start = token.start
        match token.kind:
            case "number":
                self.at += 1
                return Number(Span(start, token.end), token.text)
            case "letter":
                return self.letters(token)
            case "(" | "[":
                return self.delimited(token.kind, {"(": (")", "]"), "[": ("]", ")")}[token.kind], token.kind)
            case "{":
                return self.brace_group()
            case "|":
                return self.barred("|")
            case "command":
                return self.command_atom(token)
        raise _Stop("an operand", self.at)

    def letters(self, token: Token) -> Node:
        for word in PLAIN_WORDS:
            n = self.at + len(word)
            run = self.tokens[self.at : n]
            if n <= self.end and "".join(t.text for t in run) == word and all(a.end == b.start for a, b in itertools.pairwise(run)):
                follows = self.tokens[n] if n < self.end else None
                if (
                    all(t.kind == "letter" for t in run)
                    and follows is not None
                    and (follows.kind in "([_" or follows.text in ("left", "big", "{"))
                ):
                    self.at = n
                    name = Name(Span(token.start, run[-1].end), word, "text")
                    return self.function_call(name) if word in FUNCTIONS else name
        self.at += 1
        return Name(Span(token.start, token.end), token.text)

    def brace_group(self) -> Node:
        """A braced group in the run of a formula: transparent."""
        start = self.here()
        mark = self.at
        close = braced(self.tokens, mark)
        if close == mark + 2:
            self.at = close
            return Name(Span(start, start), "")
        saved_nested = self.nested
        found = self.inside()
        self.nested = saved_nested
        if found is None:
            raise _Stop("an operand", mark)
        if isinstance(found, (Added, Chain, Tuple, Product)):
            return Group(self.span(start), "(", found) if isinstance(found, Added) else found
        return found

    def divides(self) -> bool:
        """Whether the bar at hand is the only one up to the bracket that closes, behind an operand: that of ``P(o|c)``."""
        if self.nested == 0 or self.bars or self.at == 0 or self.tokens[self.at - 1].text in ("(", "[", "+", "-", "=", ",", "left"):
            return False
        depth = 0
        for token in self.tokens[self.at + 1 : self.end]:
            if token.kind in ("(", "[", "{"):
                depth += 1
            elif token.kind in (")", "]", "}"):
                if depth == 0:
                    return token.kind != "}"
                depth -= 1
            elif token.kind == "|" and depth == 0:
                return False
        return False

    def delimited(self, opening: str, closings: tuple[str, ...], name: str) -> Node:
        start = self.here()
        self.at += 1
        saved_bars, self.bars = self.bars, 0
        self.nested += 1
        try:
            if self.is_(*closings):
                self.at += 1
                return Group(self.span(start), name, Tuple(self.span(start), ()))
            body = self.listed()
            if isinstance(body, Node) and self.is_("|") and self.peek() is not None:
                self.at += 1
                other = self.listed()
                body = Operator(self.span(start), "mid", (body, other))
            token = self.peek()
            if token is None or token.text not in closings:
                if token is not None and token.text == ".":  # \left( … \right.
                    self.at += 1
                    return Group(self.span(start), name, body)
                raise _Stop(f"a closing {closings[0]}", self.at)
            self.at += 1
            mixed = name if token.text == closings[0] else f"{name}{token.text}"
            return Group(self.span(start), mixed, body)
        finally:
            self.nested -= 1
            self.bars = saved_bars

    def barred(self, kind: str) -> Node:
        start = self.here()
        opening = self.tokens[self.at]
        self.at += 1
        name = kind
        if (
            kind == "|"
            and opening.kind == "|"
            and self.at < self.end
            and self.tokens[self.at].kind == "|"
            and self.tokens[self.at].start == opening.end
        ):
            self.at += 1
            name = "||"
        self.bars += 1
        self.nested += 1
        try:
            body = self.listed()
            token = self.peek()
            if token is None or token.text != "|":
                raise _Stop("a closing bar", self.at)
            self.at += 1
            if name == "||" and opening.kind == "|" and self.at < self.end and self.tokens[self.at].kind == "|":
                self.at += 1
            return Group(self.span(start), name, body)
        finally:
            self.bars -= 1
            self.nested -= 1

    def command_atom(self, token: Token) -> Node:
        name, start = token.text, token.start
        if name in FRACTIONS:
            return self.fraction()
        if name in BIG:
            return self.big(BIG[name])
        if name in ("max", "min", "arg"):
            return self.extremum(name)
        if name in FUNCTIONS:
            self.at += 1
            return self.function_call(Name(Span(start, token.end), name))
        if name == "partial":
            return self.partial()
        if name == "nabla":
            return self.nabla()
        if name == "sqrt":
            return self.root()
        if name in FONTS or name in ("rm", "bf", "cal", "it"):
            return self.font(name)
        if name in TEXTS:
            return self.text_atom()
        if name in ACCENTS:
            self.at += 1
            body = self.argument()
            if isinstance(body, Name):
                return replace(body, accents=(*body.accents, ACCENTS[name]), span=self.span(start))
            if isinstance(body, Scripted) and isinstance(body.base, Name):
                return replace(body, base=replace(body.base, accents=(*body.base.accents, ACCENTS[name])), span=self.span(start))
            return Noted(self.span(start), body, None, ACCENTS[name])
        if name in NOTES:
            self.at += 1
            body = self.argument()
            note = None
            if self.is_("_", "^"):
                self.at += 1
                try:
                    note = self.script()
                except _Stop:
                    note = None
                    self.skip_group()
            return Noted(self.span(start), body, note, name)
        if name in ("overset", "underset", "stackrel"):
            self.at += 1
            mark = self.at
            try:
                note = self.argument()
            except _Stop:
                note = None
                self.at = braced(self.tokens, mark)
            body = self.argument()
            return Noted(self.span(start), body, note, "overset" if name == "stackrel" else name)
        if name in SHOWN:
            self.at += 1
            return self.argument()
        if name in COLOURED:
            self.at += 1
            if self.is_("["):
                while self.at < self.end and self.tokens[self.at].kind != "]":
                    self.at += 1
                self.at += 1
            if name != "bbox":
                self.at = braced(self.tokens, self.at)
            return self.argument()
        if name in CANCELLED:
            self.at += 1
            if name == "cancelto":
                self.at = braced(self.tokens, self.at)
            body = self.argument()
            return Noted(self.span(start), body, None, "cancel")
        if name == "begin":
            return self.environment_atom()
        if name in ELLIPSES:
            self.at += 1
            return Ellipsis(Span(start, token.end), "dots" if name.startswith(("dots", "ldots")) else name)
        if name in ("{", "lbrace") or name in OPENING:
            return self.opened(name)
        if name == "|":
            return self.double_bar()
        if name in ("eqref", "ref"):
            return Reference(Span(start, self.last_end()), self.raw_group())
        if name == "substack":
            self.at += 1
            found = self.inside()
            if found is None:
                raise _Stop("an operand", self.at)
            return found
        if name in ("prime",):
            self.at += 1
            return Name(Span(start, token.end), "prime")
        if name in ("exists", "mid", "surd", "backslash", "setminus", "cup", "cap", "vert", "Vert", "perp", "parallel", "over"):
            self.at += 1
            return Operator(Span(start, token.end), name)
        if name == "Delta" and self.at + 1 < self.end and self.tokens[self.at + 1].kind in ("letter", "command"):
            mark = self.at
            self.at += 1
            changed = self.atom() if self.starts_factor() else None
            if isinstance(changed, Name):  # a change Δw is one symbol
                return replace(changed, accents=(*changed.accents, "Delta"), span=self.span(start))
            self.at = mark
        if name.isalpha() and name not in CLOSERS and name not in PRODUCTS and name not in ARROWS and name not in ("end", "right"):
            self.at += 1
            return Name(Span(start, token.end), name)
        raise _Stop("an operand", self.at)

    def skip_group(self) -> None:
        self.at = braced(self.tokens, self.at)

    def argument(self) -> Node:
        """A command's argument: a braced group or one token."""
        token = self.peek()
        if token is None:
            raise _Stop("an argument", self.at)
        if token.kind == "{":
            found = self.inside()
            if found is None:
                raise _Stop("an argument", self.at)
            return found
        if token.kind == "number" and len(token.text) > 1:
            self.tokens[self.at] = Token("number", token.text[1:], token.start + 1, token.end)
            return Number(Span(token.start, token.start + 1), token.text[0])
        return self.atom()

    def opened(self, name: str) -> Node:
        """A visible brace, an angle, a double bar by name; a left brace before an array is a case distinction."""
        start = self.here()
        if name in ("{", "lbrace"):
            mark = self.at
            self.at += 1
            if self.command("begin") and self.environment() in ("array", "aligned", "matrix", "gathered", "align", "split"):
                cases = self.cases_in(self.environment())
                while self.is_(".", "}", "rbrace") and self.at < self.end:
                    self.at += 1
                return replace(cases, span=self.span(start))
            self.at = mark
        closing = OPENING.get(name, "}")
        return self.delimited(
            name, (closing, "}" if name == "{" else closing, ">" if name == "langle" else closing), DELIMITER.get(name, name)
        )

    def double_bar(self) -> Node:
        return self.barred("||")

    def text_atom(self) -> Node:
        token = self.tokens[self.at]
        start = token.start
        close = braced(self.tokens, self.at + 1)
        inner = self.tokens[self.at + 1 : close]
        inner = [t for t in inner if t.kind not in "{}"]
        name = self.text_is_name()
        self.at = close
        word = self.written(inner, token).strip()
        if name or self.is_("(", "_", "^"):
            made = Name(self.span(start), word.replace("\\,", "").replace(" ", ""), "text")
            return made
        return Words(self.span(start), word)

    def font(self, name: str) -> Node:
        start = self.here()
        self.at += 1
        if name in ("rm", "bf", "cal", "it"):
            return self.font_of(self.factor(), name, start)
        close = braced(self.tokens, self.at)
        inner = [t for t in self.tokens[self.at : close] if t.kind not in "{}"]
        if (
            inner
            and all(t.kind in ("letter", "number") for t in inner)
            and len(inner) > 1
            and name in ("mathrm", "mathit", "mathsf", "mathtt", "mathbf")
        ):
            word = "".join(t.text for t in inner)
            if inner[0].kind == "letter" and not (name == "mathbf" and len(word) < 3) and len(word) > 1:
                self.at = close
                return Name(self.span(start), word, "text" if name == "mathrm" else FONTS[name])
        body = self.argument()
        return self.font_of(body, FONTS[name], start)

    def font_of(self, body: Node, font: str, start: int) -> Node:
        match body:
            case Name():
                return replace(body, font=font, span=self.span(start))
            case Scripted(_, Name() as base, _, _, _):
                return replace(body, base=replace(base, font=font), span=self.span(start))
            case Number(_, "1"):
                return Name(self.span(start), "1", font)
        return body

    def function_call(self, name: Name) -> Node:
        """A function with its scripts and its argument: a group, or the next factor (with a number before it)."""
        head = self.scripts(name)
        token = self.peek()
        if token is None or not self.starts_factor():
            return head
        if token.kind in ("(", "[") or (token.kind == "command" and token.text in ("{", "lbrace")):
            argument = self.atom()
            if self.is_("^", "'") and isinstance(argument, Group):
                return self.scripts(Call(self.span(head.span.start), head, argument))
            return Call(self.span(head.span.start), head, argument)
        argument = self.factor()
        if isinstance(argument, Number) and self.starts_factor() and self.peek() is not None:
            more = self.factor()
            argument = Juxtaposed(Span(argument.span.start, more.span.end), (argument, more))
        while isinstance(argument, (Name, Scripted)) and self.is_("(", "[") and self.tokens[self.at].start <= argument.span.end + 8:
            group = self.factor()
            argument = Juxtaposed(Span(argument.span.start, group.span.end), (argument, group))
            break
        return Call(self.span(head.span.start), head, argument)

    def root(self) -> Node:
        start = self.here()
        name = Name(Span(start, self.tokens[self.at].end), "sqrt")
        self.at += 1
        index: Node | None = None
        if self.is_("["):
            self.at += 1
            self.nested += 1
            try:
                index = self.expression()
            finally:
                self.nested -= 1
            if not self.is_("]"):
                raise _Stop("a closing ]", self.at)
            self.at += 1
        argument = self.argument()
        return Call(self.span(start), name, argument, index)

    def big(self, operator: str) -> Node:
        """A big operator with its bounds and its body: the product that follows; no body where it stands alone."""
        start = self.here()
        self.at += 1
        lower, upper = self.limits()
        primes = self.is_("'")
        if primes or not self.starts_factor():
            return Big(self.span(start), operator, lower, upper, None)
        body = self.term()
        return Big(self.span(start), operator, lower, upper, body)

    def limits(self) -> tuple[Node | None, Node | None]:
        lower: Node | None = None
        upper: Node | None = None
        while (token := self.peek()) is not None and token.kind in ("_", "^"):
            self.at += 1
            if token.kind == "_":
                lower = self.script()
            else:
                upper = self.script()
        return lower, upper

    def extremum(self, name: str) -> Node:
        """``\\max`` with bounds is a big operator, ``\\max(0, x)`` a function."""
        token = self.tokens[self.at]
        start = token.start
        if name == "arg":
            self.at += 1
            if self.command("max", "min"):
                return self.big("arg" + self.tokens[self.at].text)
            return Name(Span(start, token.end), "arg")
        after = self.tokens[self.at + 1] if self.at + 1 < self.end else None
        if after is not None and after.kind == "_":
            return self.big(name)
        self.at += 1
        return self.function_call(Name(Span(start, token.end), name))

    # -- derivatives ----------------------------------------------------------------------------------------------------------------

    def partial(self) -> Node:
        r"""``\partial A`` as a Differential; ``\partial_w L`` as a Derivative."""
        start = self.here()
        self.at += 1
        order = 1
        below: list[Node] = []
        while self.is_("^", "_"):
            kind = self.tokens[self.at].kind
            self.at += 1
            script = self.script()
            if kind == "^" and isinstance(script, Number) and script.text.isdigit():
                order = int(script.text)
            elif kind == "_" and script is not None:
                below.extend(script.items if isinstance(script, Tuple) else (script,))
        if not self.starts_factor():
            return Derivative(self.span(start), None, tuple(below), order) if below else Differential(self.span(start), None, order)
        operand = self.differentiated()
        if below:
            return Derivative(self.span(start), operand, tuple(below), order)
        return Differential(self.span(start), operand, order)

    def differentiated(self) -> Node:
        """What a ``\\partial`` stands before: a factor, with the group that a name is applied to."""
        first = self.factor()
        token = self.peek()
        if isinstance(first, (Name, Scripted)) and token is not None and token.kind in ("(",) and token.start <= first.span.end + 6:
            group = self.factor()
            return Juxtaposed(Span(first.span.start, group.span.end), (first, group))
        return first

    def nabla(self) -> Node:
        start = self.here()
        self.at += 1
        wrt: Node | None = None
        order = 1
        while self.is_("^", "_"):
            kind = self.tokens[self.at].kind
            self.at += 1
            script = self.script()
            if kind == "_":
                wrt = script
            elif isinstance(script, Number) and script.text.isdigit():
                order = int(script.text)
        return Nabla(self.span(start), wrt, order, None)

    def fraction(self) -> Node:
        """A fraction, or a derivative where ``\\partial`` or d stands above and below, or below alone."""
        start = self.here()
        self.at += 1
        top_range = self.group_range()
        below_range = self.group_range()
        top_kind, below_kind = self.differential_kind(top_range), self.differential_kind(below_range)
        if below_kind is not None and (below_kind == "partial" or top_kind == "d"):
            denominators = self.denominators(below_range, below_kind)
            if denominators:
                if top_kind == below_kind or (top_kind is not None and below_kind == "partial"):
                    numerator, order = self.numerator(top_range)
                    return Derivative(
                        self.span(start), numerator, denominators, order, symbol="partial" if below_kind == "partial" else "d"
                    )
                return Derivative(self.span(start), self.within(top_range), denominators, one_sided=True)
        return Fraction(self.span(start), self.within(top_range), self.within(below_range))

    def group_range(self) -> tuple[int, int]:
        """The token range of a fraction's part, without braces; passes over it."""
        token = self.peek()
        if token is None:
            raise _Stop("a part of a fraction", self.at)
        if token.kind != "{":
            if token.kind == "number" and len(token.text) > 1 and token.end - token.start == len(token.text):
                one = Token("number", token.text[0], token.start, token.start + 1)
                rest = Token("number", token.text[1:], token.start + 1, token.end)
                self.tokens[self.at : self.at + 1] = [one, rest]
                self.end += 1
            if token.kind == "command" and token.text in FRACTIONS | FONTS.keys() | ACCENTS.keys() | {"sqrt"}:
                mark = self.at
                self.at += 1
                self.at = braced(self.tokens, self.at)
                if token.text in FRACTIONS:
                    self.at = braced(self.tokens, self.at)
                return mark, self.at
            if token.kind in ("^", "_", "&", "row", ")", "}"):
                raise _Stop("a part of a fraction", self.at)
            self.at += 1
            return self.at - 1, self.at
        mark = self.at
        close = braced(self.tokens, mark)
        if close > self.end or self.tokens[close - 1].kind != "}":
            raise _Stop("a closing brace", mark)
        self.at = close
        return mark + 1, close - 1

    def meaningful(self, span: tuple[int, int]) -> list[Token]:
        found: list[Token] = []
        for token in self.tokens[span[0] : span[1]]:
            if not (token.kind == "~" or (token.kind == "command" and token.text in IGNORED)):
                found.append(token)
                if len(found) > 5:
                    break
        return found

    def differential_kind(self, span: tuple[int, int]) -> str | None:
        r"""``partial`` or ``d`` if a fraction's part begins with that, else None."""
        first = self.meaningful(span)
        while first and first[0].kind == "{":
            first = first[1:]
        if not first:
            return None
        if first[0].kind == "command" and first[0].text == "partial":
            return "partial"
        if first[0].kind == "letter" and first[0].text == "d":
            return "d" if len(first) == 1 or first[1].kind not in "_)'" else None
        if (
            first[0].kind == "command"
            and first[0].text in ("mathrm", "rm", "text", "operatorname", "mathbf")
            and [t.text for t in first[1:4]]
            in (
                ["{", "d", "}"],
                ["d"],
            )
        ):
            return "d"
        return None

    def within(self, span: tuple[int, int]) -> Node:
        """The expression or list of a token range."""
        at, end, nested, bars = self.at, self.end, self.nested, self.bars
        self.at, self.end, self.nested, self.bars = span[0], span[1], nested + 1, 0
        try:
            found = self.listed()
            if self.peek() is not None:
                raise _Stop("the end of a group", self.at)
            return found
        finally:
            self.at, self.end, self.nested, self.bars = at, end, nested, bars

    def past_sign(self, span: tuple[int, int]) -> tuple[int, int]:
        """The start of a range after its ``\\partial`` or d and that one's power: (position, order)."""
        n, order = span[0], 1
        while self.tokens[n].kind == "{" or self.tokens[n].text in IGNORED:
            n += 1
        n = braced(self.tokens, n + 1) if self.tokens[n].kind == "command" and self.tokens[n].text != "partial" else n + 1
        if n < span[1] and self.tokens[n].kind == "^":
            close = braced(self.tokens, n + 1)
            digits = [t.text for t in self.tokens[n + 1 : close] if t.kind == "number"]
            order = int(digits[0]) if digits and digits[0].isdigit() else 1
            n = close
        return n, order

    def numerator(self, span: tuple[int, int]) -> tuple[Node | None, int]:
        n, order = self.past_sign(span)
        inner = (n, span[1])
        if not self.meaningful(inner) or all(t.kind == "}" for t in self.meaningful(inner)):
            return None, order
        return self.within(inner), order

    def denominators(self, span: tuple[int, int], kind: str) -> tuple[Node, ...]:
        """The quantities below: one for each ``\\partial``."""
        starts = []
        depth = 0
        for n in range(span[0], span[1]):
            token = self.tokens[n]
            depth += (token.kind == "{") - (token.kind == "}")
            if depth == 0 and kind == "partial" and token.kind == "command" and token.text == "partial":
                starts.append(n)
        if kind == "d":
            starts = [span[0]]
        found: list[Node] = []
        for a, b in zip(starts, [*starts[1:], span[1]], strict=True):
            n, order = self.past_sign((a, b))
            if not self.meaningful((n, b)):
                return ()
            part = self.within((n, b))
            found.extend([part] * order)
        return tuple(found)

    # -- environments -----------------------------------------------------------------------------------------------------------------

    def environment_atom(self) -> Node:
        name = self.environment()
        if name in CASES:
            return self.cases_in(name)
        start = self.here()
        cells = self.rows(name)
        return Matrix(
            self.span(start),
            tuple(tuple(self.cell(c) for c in row) for row in cells if any(self.meaningful(c) for c in row)),
            MATRICES.get(name, ""),
        )

    def cell(self, span: tuple[int, int]) -> Node:
        if not self.meaningful(span):
            return Words(Span(self.tokens[span[0] - 1].end, self.tokens[span[0] - 1].end), "")
        return self.within(span)

    def cases_in(self, name: str) -> Cases:
        start = self.here()
        found = []
        for row in self.rows(name):
            cells = [c for c in row if self.meaningful(c)]
            if not cells:
                continue
            begin = self.tokens[cells[0][0]].start
            value = self.case_value(cells[0])
            condition = self.case_condition(cells[1]) if len(cells) > 1 else None
            if isinstance(value, Tuple) and len(cells) == 1 and len(value.items) == 2:
                value, condition = value.items
                condition = condition if isinstance(condition, Chain) else None
            found.append(CaseRow(Span(begin, max(begin, self.tokens[cells[-1][1] - 1].end)), value, condition))
        if not found:
            raise _Stop("a case", self.at)
        return Cases(self.span(start), tuple(found))

    def case_value(self, span: tuple[int, int]) -> Node:
        """A case's value, a comma behind it dropped."""
        low, high = span
        while high > low and self.tokens[high - 1].kind in ",;.":
            high -= 1
        return self.within((low, high))

    def case_condition(self, span: tuple[int, int]) -> Node | None:
        """A case's condition: a chain, or None for otherwise; words such as if are passed over."""
        at, end, nested, bars = self.at, self.end, self.nested, self.bars
        self.at, self.end, self.nested, self.bars = span[0], span[1], nested, 0
        saved_nested, self.nested = self.nested, 0
        said: list[str] = []
        try:
            while self.peek() is not None and self.words_next():
                said.append(self.take_words())
            self.nested = saved_nested + 1
            if self.peek() is None:
                joined = " ".join(said).strip()
                return (
                    None
                    if any(w in joined.lower() for w in ("otherwise", "else", "sinon", "sonst", "còn lại", "ngược lại", "иначе"))
                    else self.worded(joined, span)
                )
            found = self.listed()
            return found.items[0] if isinstance(found, Tuple) and found.items else found
        finally:
            self.at, self.end, self.nested, self.bars = at, end, nested, bars

    def worded(self, words: str, span: tuple[int, int]) -> Node:
        """A condition written inside ``\\text{if $x > 0$}`` or in words alone."""
        inner = words
        for word in CONDITION_WORDS:
            if inner.lower().startswith(word + " "):
                inner = inner[len(word) :].strip(" $")
        where = Span(self.tokens[span[0]].start, self.tokens[span[1] - 1].end)
        if any(sign in inner for sign in "<>=≤≥"):
            statements, _ = parse(inner)
            if len(statements) == 1 and isinstance(statements[0].content, Chain):
                return statements[0].content
        return Words(where, words)

    def rows(self, name: str) -> list[list[tuple[int, int]]]:
        """The token ranges of an environment's cells, row by row; passes over the environment."""
        starred = any(t.kind == "*" for t in self.tokens[self.at : braced(self.tokens, self.at + 1)])
        self.at = braced(self.tokens, self.at + 1)
        placed = self.at < self.end and self.tokens[self.at].kind == "["
        if placed and (name == "array" or starred):  # where the array or its columns stand: \begin{pmatrix*}[l]
            while self.at < self.end and self.tokens[self.at].kind != "]":
                self.at += 1
            self.at += 1
        if name == "array" and self.at < self.end and self.tokens[self.at].kind == "{":
            self.at = braced(self.tokens, self.at)
        out: list[list[tuple[int, int]]] = [[]]
        begin, depth, braces = self.at, 0, 0
        n = self.at
        while n < self.end:
            token = self.tokens[n]
            braces += (token.kind == "{") - (token.kind == "}")
            if token.kind == "command" and token.text == "begin":
                depth += 1
            elif token.kind == "command" and token.text == "end":
                if depth == 0:
                    out[-1].append((begin, n))
                    self.at = braced(self.tokens, n + 1)
                    return out
                depth -= 1
            elif depth == 0 and braces == 0 and token.kind == "&":
                out[-1].append((begin, n))
                begin = n + 1
            elif depth == 0 and braces == 0 and (token.kind == "row" or (token.kind == "command" and token.text == "cr")):
                out[-1].append((begin, n))
                out.append([])
                begin = n + 1
            n += 1
        raise _Stop(f"the end of {name}", n)


def is_d(node: Node) -> bool:
    """Whether a node is the letter of a differential."""
    return isinstance(node, Name) and node.text == "d" and not node.accents
