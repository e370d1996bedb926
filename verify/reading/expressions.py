"""Expressions: a parser with precedence over a formula's stream of tokens.

The levels, loosest first: relations, signed terms, products with a sign, factors side by side, scripts. What a token begins is found in one
table, by its kind. The reader knows how deep it is nested (rows end a statement at the top only) and how many bars are open.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from verify.reading.lexicon import (
    ACCENTS,
    ARROWS,
    BIG,
    BOTH_WAYS,
    BRACES,
    BREAKS,
    CANCELLED,
    CASES,
    CLOSERS,
    COLOURED,
    CONDITION_WORDS,
    DELIMITERS,
    ELLIPSES,
    FONTS,
    FRACTIONS,
    FUNCTIONS,
    MATRICES,
    OPENING,
    OPERATORS,
    OTHERWISE_WORDS,
    PLAIN_NAMES,
    PLAIN_WORDS,
    PRODUCTS,
    ROWS_OF_CASES,
    SHOWN,
    STACKED,
    STATEMENT_WORDS,
    STOP_WORDS,
    SWITCHES,
    TENDS,
    TEXTS,
    WORD_FONTS,
)
from verify.reading.stream import END, OPEN_END, Stream, stream
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
    Tuple,
    Unreadable,
    Words,
)  # fmt: skip
from verify.reading.tokens import tokenize
from verify.reading.traversal import walk

MAX_DEPTH = 60
MAX_DIAGNOSTICS = 200
_CODE_NAME = re.compile(r"(?:np|numpy|torch|jnp)(?:\.[A-Za-z_]{1,20}){1,3}")


def _commands(*tables: object) -> frozenset[str]:
    """The kinds of the commands and signs that stand in tables."""
    return frozenset(_kind(name) for table in tables for name in table)  # type: ignore[attr-defined]


def _kind(name: str) -> str:
    return name if len(name) == 1 and not name.isalpha() else "\\" + name


_SIGNS = {"+": "+", "-": "-", "\\pm": "±", "\\mp": "∓"}
_PRODUCTS = {_kind(name): operator for name, operator in PRODUCTS.items()}
_TENDS, _ARROWS, _BREAKS, _BOTH_WAYS = _commands(TENDS), _commands(ARROWS), _commands(BREAKS), _commands(BOTH_WAYS)
_TEXTS, _CLOSERS = _commands(TEXTS), _commands(CLOSERS) | {"\\}"}
_FRACTIONS = _commands(FRACTIONS)
_PHRASES = _commands(FRACTIONS, FONTS, ACCENTS) | {"\\sqrt"}
"""The commands that are a part of a fraction with their arguments."""
_NO_PART = frozenset({END, "^", "_", "&", "row", ")", "}"})
_UPRIGHT = _commands(("mathrm", "rm", "text", "operatorname", "mathbf"))
_PRIMES = frozenset({"\\prime", "'"})
_EVALUATION = frozenset({"|", "\\rvert"})
_SCRIPTS = _EVALUATION | {"_", "^", "'", "!"}
_BETWEEN_ITEMS = _BREAKS | {",", ";", ":", "row", "&", "\\mid"}
_BARS = frozenset({"|", "\\|"})
_NO_FACTOR = (
    _PRODUCTS.keys()
    | _ARROWS
    | _BREAKS
    | _CLOSERS
    | _commands(("end", "row", "tag", "label", "mid", "forall", "pm", "mp", "cr", "newline", "over", "choose", "atop"))
    | {"\\&", "\\%", "\\$", "\\#"}
)
"""The kinds that no factor begins with."""
_WORDS = {**dict.fromkeys(PLAIN_WORDS, ("(", "[", "_", "{", "\\{")), **dict.fromkeys(PLAIN_NAMES, ("_",))}
"""The words in bare letters, each with the kinds one of which stands behind it."""
_FIRST_LETTERS = {letter: tuple(w for w in _WORDS if w[0] == letter) for letter in {w[0] for w in _WORDS}}
_STATEMENT_LETTERS = frozenset(word[0] for word in STATEMENT_WORDS)
_LONGEST_WORD = max(map(len, STATEMENT_WORDS))
_MATRIX_LIKE = MATRICES.keys() | CASES
_NO_OPERAND = frozenset({END, "(", "[", "+", "-", ","})
"""The kinds behind which a bar opens."""
_OPENS = re.compile(r"\\(?:left|[bB]igg?l)(?![A-Za-z])")


class Stop(Exception):
    """The expression cannot go on: what was expected, and where (a position in the stream)."""

    def __init__(self, expected: str, at: int) -> None:
        super().__init__(expected)
        self.expected, self.at = expected, at


class Expressions:
    """Reads expressions from a stream, from where it stands; raises Stop where one breaks off."""

    def __init__(self, text: str, stream: Stream) -> None:
        self.text, self.stream = text, stream
        self.tokens, self.kinds = stream.tokens, stream.kinds
        self.at = self.depth = self.bars = self.nested = 0
        self.divided = "\\over" in self.kinds
        self.diagnostics: list[Diagnostic] = []

    # -- tokens -----------------------------------------------------------------------------------------------------------------

    def note(self, span: Span, message: str) -> None:
        if len(self.diagnostics) < MAX_DIAGNOSTICS:
            self.diagnostics.append(Diagnostic(span, message))

    def span(self, start: int) -> Span:
        """From an offset to the end of the last token taken."""
        end = self.tokens[self.at - 1].end if self.at else start
        return Span(start, end if end > start else start)

    def relation(self) -> str | None:
        """The relation that stands next, else None."""
        kind = self.kinds[self.at]
        if kind[:3] == "rel":
            return kind[3:]
        return "->" if self.nested and kind in _TENDS else None

    def environment(self, at: int) -> str:
        r"""The name of the environment whose ``\begin`` or ``\end`` stands at a position."""
        return "".join(t.text for t in self.tokens[at + 2 : self.stream.beyond(at + 1) - 1]).rstrip("*")

    def inner(self, at: int) -> str:
        """The source of the argument at a position, without its braces; where a macro put it there, its tokens."""
        beyond = self.stream.beyond(at)
        inside = self.tokens[at + 1 : self.stream.closing.get(at, beyond)] if self.kinds[at] == "{" else self.tokens[at:beyond]
        if not inside:
            return ""
        if inside[0].start == self.tokens[at - 1].start:
            return "".join(t.text for t in inside)
        if self.kinds[at] == "{" and self.tokens[at].end <= inside[0].start and self.tokens[beyond - 1].start >= inside[-1].end:
            return self.text[self.tokens[at].end : self.tokens[beyond - 1].start].strip()
        return self.text[inside[0].start : inside[-1].end]

    def text_is_name(self, at: int) -> bool:
        """Whether the text command at a position holds one identifier."""
        word = self.inner(at + 1).strip()
        if not word or self.tokens[at].text == "operatorname":
            return bool(word)
        if _CODE_NAME.fullmatch(word) and self.kinds[self.stream.beyond(at + 1)] == "(":
            return True  # np.sum(
        plain = word.replace("\\_", "_")
        return plain.isascii() and plain[0].isalpha() and not any(ch in plain for ch in " :,;.?!$\\") and plain.lower() not in STOP_WORDS

    def words_next(self) -> bool:
        """Whether prose stands next: a text that is no name, or the letters of "if" in maths."""
        kind = self.kinds[self.at]
        if kind in _TEXTS:
            return not self.text_is_name(self.at)
        return kind == "letter" and self.tokens[self.at].text in _STATEMENT_LETTERS and self.bare_word() is not None

    def bare_word(self) -> str | None:
        """A word of adjacent letters that ends in a space or a sign, if it is one that separates statements."""
        run, n = "", self.at
        while self.kinds[n] == "letter" and (n == self.at or self.tokens[n].start == self.tokens[n - 1].end):
            run += self.tokens[n].text
            n += 1
            if len(run) > _LONGEST_WORD:
                return None  # a run of letters is looked at once, not once for each of its letters
        return run if run in STATEMENT_WORDS and self.kinds[n] not in ("_", "^", "'") else None

    def label_next(self) -> str | None:
        """A line's name, ``(2)`` before the end of its row; passed over if found."""
        n = self.at
        if self.kinds[n] != "(" or self.kinds[n + 1] not in ("number", "*"):
            return None
        n += 1
        while self.kinds[n] in ("number", "*"):
            n += 1
        if self.kinds[n] != ")":
            return None
        m = n + 1
        while self.kinds[m] in (".", ",", ";"):
            m += 1
        kind = self.kinds[m]
        if kind in (END, "row", "\\end", "\\begin") or kind in _BREAKS or kind in _TEXTS or (kind in _ARROWS and kind not in _BOTH_WAYS):
            name = "".join(t.text for t in self.tokens[self.at + 1 : n])
            self.at = n + 1
            return f"({name})"
        return None

    # -- relations --------------------------------------------------------------------------------------------------------------

    def chain(self) -> Node:
        """An expression, or a Chain where relations follow it."""
        start = self.tokens[self.at].start
        first = self.expression()
        if self.nested == 0 and isinstance(first, Group | Reference):
            self.at += self.kinds[self.at] == "&"
            if self.kinds[self.at] in _BOTH_WAYS:
                sign = self.tokens[self.at]
                self.at += 1
                right = self.operand_of_relation()
                links = (Link(Span(sign.start, sign.end), "iff", right), *self.links())
                return Chain(self.span(start), _as_reference(first), links)
        if self.relation() is None:
            return first
        links = self.links()
        return Chain(self.span(start), first, links)

    def links(self) -> tuple[Link, ...]:
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
            sign = self.tokens[self.at]
            self.at += 1
            found.append(Link(Span(sign.start, sign.end), relation, self.operand_of_relation()))

    def over_row(self) -> None:
        r"""Pass over ``\\``, ``&`` and gaps."""
        while (kind := self.kinds[self.at]) in ("row", "&") or kind in _BREAKS:
            self.at = self.stream.beyond(self.at + 1) if kind in ("\\hspace", "\\hskip") else self.at + 1

    def operand_of_relation(self) -> Node | None:
        """The side after a relation; None where nothing readable follows; Unreadable where it breaks off."""
        while (kind := self.kinds[self.at]) == "&" or (kind == "row" and self.nested == 0):
            self.at += 1
            if kind == "row" and self.relation() is not None:
                return None
        if kind == END or self.relation() is not None or kind in _CLOSERS or kind in _ARROWS:
            return None
        if kind in ("\\begin", "\\end") and self.environment(self.at) not in _MATRIX_LIKE:
            return None
        start = self.tokens[self.at].start
        try:
            return self.expression()
        except Stop as stop:
            if self.nested:
                raise
            return self.unread(start, stop)

    def unread(self, start: int, stop: Stop) -> Unreadable:
        """Unreadable up to the next relation, row, clause or arrow behind where it broke off, with a diagnostic."""
        where = self.tokens[stop.at].start
        self.note(Span(where, max(where, min(where + 1, self.tokens[-1].start))), f"{stop.expected} was expected")
        self.at = begun = max(self.at, stop.at)
        while (kind := self.kinds[self.at]) not in (END, "row") and kind not in _BREAKS and kind not in _ARROWS and self.relation() is None:
            self.at += 1
        if self.at == begun and kind != END and self.relation() is None:
            self.at += 1
        return Unreadable(self.span(start), stop.expected)

    # -- expressions --------------------------------------------------------------------------------------------------------------

    def expression(self) -> Node:
        """A sum of signed terms."""
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                raise Stop("less nesting", self.at)
            start = self.tokens[self.at].start
            sign = self.sign()
            if sign is None:
                first = self.term()
                sign = self.sign()
                if sign is None:
                    return first
                signs, terms = ["+"], [first]
            else:
                signs, terms = [], []
            while sign is not None:
                while (again := self.sign()) is not None:
                    sign = "-" if (sign == "-") != (again == "-") else "+"
                signs.append(sign)
                terms.append(self.term())
                sign = self.sign()
            return Added(self.span(start), tuple(signs), tuple(terms))
        finally:
            self.depth -= 1

    def sign(self) -> str | None:
        """The sign that stands next, at the top also behind a row break or an ``&``; passed over if found."""
        mark = self.at
        if self.nested == 0 and self.kinds[mark] in ("row", "&"):
            self.between_rows()
            if self.kinds[self.at - 1] == "row" and self.row_has_left_side():
                self.at = mark  # ``- a + b &= c`` is a row of its own, no more terms of the row before
                return None
        found = _SIGNS.get(self.kinds[self.at])
        self.at = mark if found is None else self.at + 1
        return found

    def row_has_left_side(self) -> bool:
        """Whether the row that begins here has its relation sign behind an ``&``, and something before it."""
        n = self.at
        while (kind := self.kinds[n]) not in (END, "row"):
            if kind == "&":
                return n > self.at and self.kinds[n + 1] == "rel="
            n += 1
        return False

    def between_rows(self) -> None:
        """Pass over ``&`` and row breaks."""
        row = False
        while (kind := self.kinds[self.at]) in ("row", "&") or (row and kind in ("\\quad", "\\qquad")):
            row = row or kind == "row"
            self.at += 1

    def term(self) -> Node:
        """A product: explicit signs between runs of factors side by side."""
        start = self.tokens[self.at].start
        left = self.run()
        while True:
            mark = self.at
            if self.nested == 0 and self.kinds[mark] in ("row", "&"):
                self.between_rows()
            operator = _PRODUCTS.get(self.kinds[self.at])
            if operator is None or (operator == "." and not self.dot_is_product()):
                self.at = mark
                return left
            self.at += 1
            if operator == "/":
                left = _divided(left, self.below_slash())
                continue
            begins = self.starts_factor()
            negative = None if begins else self.sign()
            if not begins and negative is None:
                if self.nested == 0 and operator in (".", "*", "bullet", "cdot", "ast"):
                    return left  # a full stop, a stray bullet
                raise Stop("a factor", self.at)
            right = self.run()
            if negative == "-":
                right = Added(right.span, ("-",), (right,))
            left = Product(self.span(start), operator, left, right)

    def dot_is_product(self) -> bool:
        """Whether the full stop that stands next is between two factors."""
        self.at += 1
        follows = self.starts_factor() and not self.words_next() and self.kinds[self.at] != "\\begin"
        self.at -= 1
        return follows

    def below_slash(self) -> Node:
        """What a slash divides by: the next factor, or a differential ``dw``."""
        first = self.factor()
        if _is_d(first) and self.starts_factor() and self.tokens[self.at].start == first.span.end:
            second = self.factor()
            return Juxtaposed(Span(first.span.start, second.span.end), (first, second))
        return first

    def starts_factor(self) -> bool:
        """Whether a factor can begin with what stands next."""
        kind = self.kinds[self.at]
        if kind == "letter":
            return self.nested > 0 or self.tokens[self.at].text not in _STATEMENT_LETTERS or self.bare_word() is None
        if kind in ("number", "(", "[", "{", "word"):
            return True
        if kind == "|":
            return self.bar_opens()
        if kind[:1] != "\\" or kind in _NO_FACTOR:
            return False
        if kind in _TEXTS:
            return self.nested > 0 or self.text_is_name(self.at)
        if kind == "\\begin":
            return self.environment(self.at) in _MATRIX_LIKE
        return kind != "\\|" or (self.bars == 0 and not (self.nested and self.divides()))

    def bar_opens(self) -> bool:
        """Whether the bar at hand opens a group, and does not close one or stand as that of ``P(o|c)``."""
        before = self.kinds[self.at - 1] if self.at else END
        sized = _OPENS.match(self.text, self.tokens[self.at].start) is not None
        if sized or before in _NO_OPERAND or before[:3] == "rel":
            return True
        return self.bars == 0 and not (self.nested and self.divides())

    def divides(self) -> bool:
        """Whether the bar at hand, or the double bar, is the only one up to the bracket that closes."""
        depth, n = 0, self.at + 1 + (self.kinds[self.at : self.at + 2] == ["|", "|"])
        while (kind := self.kinds[n]) != END:
            if kind in ("(", "[", "{"):
                depth += 1
            elif kind in (")", "]", "}"):
                if depth == 0:
                    return kind != "}"
                depth -= 1
            elif kind in _BARS and depth == 0:
                return False
            n += 1
        return False

    def run(self) -> Node:
        """Factors side by side."""
        if self.kinds[self.at] == "{":
            self.over_empty()
        start = self.tokens[self.at].start
        first = self.factor()
        items = [first]
        while True:
            if self.kinds[self.at] == "{":
                self.over_empty()
            if not self.starts_factor():
                break
            if self.nested == 0 and self.kinds[self.at] == "(" and self.label_ahead():
                break
            last = items[-1]
            if isinstance(last, Derivative) and last.numerator is None:
                operand = self.factor() if self.kinds[self.at] in ("(", "[", "{", "\\{") else self.term()
                items[-1] = replace(last, numerator=operand, span=Span(last.span.start, operand.span.end))
            elif isinstance(last, Nabla) and last.body is None:
                operand = self.factor()
                if isinstance(operand, (Name, Scripted)) and self.kinds[self.at] == "(" and (called := self.arguments_ahead()) is not None:
                    operand = Juxtaposed(Span(operand.span.start, called.span.end), (operand, called))
                    if last.wrt is None and isinstance(called.body, (Name, Scripted)):
                        last = replace(last, wrt=called.body)
                items[-1] = replace(last, body=operand, span=Span(last.span.start, operand.span.end))
            else:
                items.append(self.factor())
        return items[0] if len(items) == 1 else Juxtaposed(self.span(start), tuple(items))

    def arguments_ahead(self) -> Group | None:
        r"""The parentheses that stand next if they hold symbols alone, ``(w, b)`` of ``\nabla_w J(w, b)``; else None."""
        mark = self.at
        group = self.factor()
        if isinstance(group, Group) and group.body is not None:
            inside = group.body.items if isinstance(group.body, Tuple) else (group.body,)
            if all(isinstance(item, (Name, Scripted)) for item in inside):
                return group
        self.at = mark
        return None

    def over_empty(self) -> None:
        """Pass over empty groups between factors, which mean nothing."""
        while self.kinds[self.at] == "{" and self.kinds[self.at + 1] == "}":
            self.at += 2

    def label_ahead(self) -> bool:
        """Whether a line's name stands next, behind a space."""
        mark = self.at
        found = self.tokens[mark].start > self.tokens[mark - 1].end and self.label_next() is not None
        self.at = mark
        return found

    def factor(self) -> Node:
        """An atom with its scripts."""
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                raise Stop("less nesting", self.at)
            base = self.atom()
            kind = self.kinds[self.at]
            return self.scripts(base) if kind in _SCRIPTS or (kind == "{" and self.kinds[self.at + 1] == "}") else base
        finally:
            self.depth -= 1

    # -- scripts ------------------------------------------------------------------------------------------------------------------

    def scripts(self, base: Node) -> Node:
        """A base with the scripts, primes and evaluation bars that follow it."""
        sub: Node | None = None
        sup: Node | None = None
        primes, start = 0, base.span.start
        while True:
            kind = self.kinds[self.at]
            if kind == "'":
                self.at += 1
                primes += 1
            elif kind == "!":
                self.at += 1
                base = Operator(self.span(start), "!", (base,))
            elif kind == "_":
                self.at += 1
                body = self.script()
                if body is not None:
                    sub = body if sub is None else Tuple(self.span(sub.span.start), (sub, body))
            elif kind == "^":
                self.at += 1
                count = self.primes_in_script()
                primes += count
                if not count and (body := self.script()) is not None:
                    sup = body if sup is None else Juxtaposed(self.span(sup.span.start), (sup, body))
            elif kind == "{" and self.kinds[self.at + 1] == "}" and self.kinds[self.at + 2] in ("_", "^"):
                self.at += 2  # only sets the next script further to the right
            else:
                break
        while self.bars == 0 and self.kinds[self.at] in _EVALUATION and self.kinds[self.at + 1] == "_":
            body = self.scripted(base, sub, sup, primes)
            self.at += 2
            at = self.script()
            base = Evaluated(self.span(start), body, at)
            sub, sup, primes = None, None, 0
        return self.scripted(base, sub, sup, primes)

    def scripted(self, base: Node, sub: Node | None, sup: Node | None, primes: int) -> Node:
        if sub is None and sup is None and not primes:
            return base
        if isinstance(base, Scripted) and base.sub is None and sup is None and not primes:
            return replace(base, sub=sub, span=self.span(base.span.start))
        return Scripted(self.span(base.span.start), base, sub, sup, primes)

    def primes_in_script(self) -> int:
        r"""Primes written ``^\prime`` or ``^{\prime\prime}``, passed over; 0 if the script is something else."""
        if self.kinds[self.at + (self.kinds[self.at] == "{")] not in _PRIMES:
            return 0
        beyond = self.stream.beyond(self.at)
        inner = [kind for kind in self.kinds[self.at : beyond] if kind not in "{}"]
        if not _PRIMES.issuperset(inner):
            return 0
        self.at = beyond
        return len(inner)

    def script(self) -> Node | None:
        """What a script holds; None for an empty group."""
        kind = self.kinds[self.at]
        if kind == "{":
            return self.lone_sign() or self.inside()
        token = self.tokens[self.at]
        if kind == "number":
            self.at += 1
            return Number(Span(token.start, token.end), token.text)
        if kind in ("*", "+", "-", "rel="):
            self.at += 1
            return Name(Span(token.start, token.end), "ast" if kind == "*" else token.text)
        if kind in ("letter", "(") or kind[:1] == "\\" or kind[:3] == "rel":
            return self.atom()
        raise Stop("a script", self.at)

    def lone_sign(self) -> Node | None:
        r"""The sign that a group holds and nothing else, as in ``A^{*}`` and ``90^{\circ}``; None for any other group."""
        token, kind = self.tokens[self.at + 1], self.kinds[self.at + 1]
        if self.stream.closing.get(self.at) != self.at + 2 or (kind not in _PRODUCTS and kind not in _SIGNS):
            return None
        self.at += 3
        return Name(Span(token.start, token.end), "ast" if kind == "*" else token.text)

    def inside(self) -> Node | None:
        """The inside of a braced group as a list, a chain or an expression; None if it is empty."""
        close = self.stream.closing.get(self.at)
        if close is None:
            raise Stop("a closing brace", self.at)
        start, begin = self.tokens[self.at].start, self.at + 1
        over = self.over(begin, close)
        if over is not None:
            self.at = close + 1
            return self.quotient(start, (begin, over), (over + 1, close))
        found = None if begin == close else self.within((begin, close), {".", ",", ";"})  # also the full stop of a formula in a box
        self.at = close + 1
        return found

    def over(self, begin: int, end: int) -> int | None:
        r"""The position of the ``\over`` in a group that is a fraction, else None."""
        if not self.divided:
            return None
        n = begin
        while n < end and self.kinds[n] != "\\over":
            n = self.stream.beyond(n)
        return n if begin < n < end else None

    def within(self, part: tuple[int, int], ends: frozenset[str] | set[str] = frozenset()) -> Node:
        """The expression or list of a part of the stream, behind which ``ends`` may stand; the place in the stream stays."""
        begin, end = part
        at, bars, kind = self.at, self.bars, self.kinds[end]
        self.at, self.bars, self.nested, self.kinds[end] = begin, 0, self.nested + 1, END
        try:
            found = self.listed()
            mark = self.at
            while self.kinds[self.at] in ends:
                self.at += 1
            if self.kinds[self.at] != END:
                raise Stop("the end of a group", mark)
            return found
        finally:
            self.at, self.bars, self.nested, self.kinds[end] = at, bars, self.nested - 1, kind

    def listed(self) -> Node:
        """Items between commas; each an expression, a chain, or words."""
        start = self.tokens[self.at].start
        items = [self.item()]
        while (kind := self.kinds[self.at]) in _BETWEEN_ITEMS:
            self.at += 1
            if kind == "\\mid":
                other = self.item()
                items[-1] = Operator(self.span(start), "mid", (items[-1], other))
                if self.kinds[self.at] != ",":
                    break
                self.at += 1
            elif self.kinds[self.at] == END or self.kinds[self.at] in _CLOSERS:
                break
            items.append(self.item())
        return items[0] if len(items) == 1 else Tuple(self.span(start), tuple(items))

    def item(self) -> Node:
        kind, start = self.kinds[self.at], self.tokens[self.at].start
        if kind in ("\\forall", "\\exists"):
            self.at += 1
        elif kind in _TEXTS and not self.text_is_name(self.at):
            written = self.inner(self.at + 1)
            self.at = self.stream.beyond(self.at + 1)
            if (after := self.kinds[self.at]) in (END, ",") or after in _CLOSERS:
                return Words(self.span(start), written)
            return self.item()
        if self.relation() is not None:
            links = self.links()
            return Chain(self.span(start), None, links)
        return self.chain()

    # -- atoms --------------------------------------------------------------------------------------------------------------------

    def atom(self) -> Node:
        """What a token begins, without scripts."""
        kind = self.kinds[self.at]
        read = _ATOMS.get(kind)
        if read is not None:
            return read(self)
        if kind[1:].isalpha() and self.tokens[self.at].kind == "command" and kind not in _NO_FACTOR:
            return self.name()
        raise Stop("an operand", self.at)

    def name(self) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        return Name(Span(token.start, token.end), token.text)

    def number(self) -> Node:
        """The numeral whose digits stand next."""
        token = self.tokens[self.at]
        text, end = token.text, token.end
        self.at += 1
        while self.kinds[self.at] == "number" and self.tokens[self.at].start == end:
            more = self.tokens[self.at]
            if more.text[0] == "." and "." in text:
                break
            text, end = text + more.text, more.end
            self.at += 1
        return Number(Span(token.start, end), text)

    def letters(self) -> Node:
        """A letter, or a word in bare letters: a function's name before its argument, a quantity's before its subscript."""
        token = self.tokens[self.at]
        if self.kinds[self.at + 1] == "letter" and token.text in _FIRST_LETTERS:
            for word in _FIRST_LETTERS[token.text]:
                beyond = self.at + len(word)
                if self.kinds[self.at : beyond] != ["letter"] * len(word) or self.kinds[beyond] not in _WORDS[word]:
                    continue
                end = self.tokens[beyond - 1].end
                if end - token.start == len(word) and self.text.startswith(word, token.start):
                    self.at = beyond
                    name = Name(Span(token.start, end), word, "text")
                    return self.applied(name) if word in FUNCTIONS else name
        self.at += 1
        return Name(Span(token.start, token.end), token.text)

    def brace_group(self) -> Node:
        """A braced group in the run of a formula: transparent."""
        start, mark = self.tokens[self.at].start, self.at
        if self.kinds[mark + 1] == "}":
            self.at += 2
            return Name(Span(start, start), "")
        found = self.inside()
        if found is None:
            raise Stop("an operand", mark)
        return Group(self.span(start), "(", found) if isinstance(found, Added) else found

    def argument(self) -> Node:
        """A command's argument: a braced group or one token."""
        kind = self.kinds[self.at]
        if kind == END:
            raise Stop("an argument", self.at)
        if kind == "{":
            found = self.inside()
            if found is None:
                raise Stop("an argument", self.at)
            return found
        if kind == "number":
            token = self.tokens[self.at]
            self.at += 1
            return Number(Span(token.start, token.end), token.text)
        return self.atom()

    def parenthesis(self) -> Node:
        return self.delimited((")", "]"), "(")

    def bracket(self) -> Node:
        return self.delimited(("]", ")"), "[")

    def delimited(self, closings: tuple[str, ...], name: str) -> Node:
        """A group up to what closes it; ``name`` is what the Group is called if that is the first of ``closings``."""
        start = self.tokens[self.at].start
        self.at += 1
        bars, self.bars = self.bars, int("|" in name)
        self.nested += 1
        try:
            if self.kinds[self.at] in closings:
                self.at += 1
                return Group(self.span(start), name, Tuple(self.span(start), ()))
            body = self.listed()
            if self.kinds[self.at] in _BARS:
                self.at += 2 if self.kinds[self.at : self.at + 2] == ["|", "|"] else 1
                other = self.listed()
                body = Operator(self.span(start), "mid", (body, other))
            kind = self.kinds[self.at]
            if kind == "." and self.kinds[self.at + 1] in closings:
                self.at += 1
                kind = self.kinds[self.at]
            if kind not in closings and kind != OPEN_END:
                raise Stop(f"a closing {closings[0].removeprefix(chr(92))}", self.at)
            self.at += 1
            mixed = name if kind in (closings[0], OPEN_END, "}") else name + kind.removeprefix("\\")
            return Group(self.span(start), mixed, body)
        finally:
            self.nested -= 1
            self.bars = bars

    def barred(self) -> Node:
        """A group between bars."""
        opening = self.tokens[self.at]
        single = self.kinds[self.at] == "|"
        self.at += 1
        name = "||"
        if single and self.kinds[self.at] == "|" and self.tokens[self.at].start == opening.end:
            self.at += 1
        elif single:
            name = "|"
        self.bars += 1
        self.nested += 1
        try:
            body = self.listed()
            if self.kinds[self.at] not in _BARS:
                raise Stop("a closing bar", self.at)
            self.at += 1
            if name == "||" and single and self.kinds[self.at] == "|":
                self.at += 1
            return Group(self.span(opening.start), name, body)
        finally:
            self.bars -= 1
            self.nested -= 1

    def opened(self) -> Node:
        """A group between delimiters that have names."""
        opening = self.tokens[self.at].text
        return self.delimited((_kind(OPENING[opening]),), DELIMITERS[opening])

    def visible_brace(self) -> Node:
        """A group in visible braces; a brace before an array is a case distinction."""
        start, mark = self.tokens[self.at].start, self.at
        self.at += 1
        if self.kinds[self.at] == "\\begin" and self.environment(self.at) in ROWS_OF_CASES:
            cases = self.cases()
            while self.kinds[self.at] in (".", OPEN_END, "}", "\\}"):
                self.at += 1
            return replace(cases, span=self.span(start))
        self.at = mark
        return self.delimited(("\\}", "}"), "{")

    def word(self) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        return Name(Span(token.start, token.end), token.text, "text")

    def text_command(self) -> Node:
        """A name in a text font, or words."""
        start, name, written = self.tokens[self.at].start, self.text_is_name(self.at), self.inner(self.at + 1).strip()
        self.at = self.stream.beyond(self.at + 1)
        if name or self.kinds[self.at] in ("(", "_", "^"):
            return Name(self.span(start), written.replace("\\,", "").replace(" ", ""), "text")
        return Words(self.span(start), written)

    def font(self) -> Node:
        """A symbol in a font; several letters are one name."""
        token = self.tokens[self.at]
        name, start = token.text, token.start
        self.at += 1
        if name in SWITCHES:
            body = self.factor()
            return _in_font(body, name, self.span(start))
        if name in WORD_FONTS and self.kinds[self.at] == "{":
            beyond = self.stream.beyond(self.at)
            kinds = {kind for kind in self.kinds[self.at : beyond] if kind not in "{}"}
            word = "".join(t.text for t in self.tokens[self.at : beyond] if t.kind not in "{}")
            if kinds <= {"letter", "number"} and word[:1].isalpha() and len(word) >= (3 if name == "mathbf" else 2):
                self.at = beyond
                return Name(self.span(start), word, "text" if name == "mathrm" else FONTS[name])
        body = self.argument()
        return _in_font(body, FONTS[name], self.span(start))

    def accent(self) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        body = self.argument()
        span, accent = self.span(token.start), ACCENTS[token.text]
        match body:
            case Name():
                return replace(body, accents=(*body.accents, accent), span=span)
            case Scripted(_, Name() as base, _, _, _):
                return replace(body, base=replace(base, accents=(*base.accents, accent)), span=span)
        return Noted(span, body, None, accent)

    def change(self) -> Node:
        r"""``\Delta``: with a name behind it, a change Δw, which is one symbol."""
        token, mark = self.tokens[self.at], self.at
        self.at += 1
        if (self.kinds[self.at] == "letter" or self.kinds[self.at][:1] == "\\") and self.starts_factor():
            changed = self.atom()
            if isinstance(changed, Name):
                return replace(changed, accents=(*changed.accents, "Delta"), span=self.span(token.start))
            self.at = mark + 1
        return Name(Span(token.start, token.end), token.text)

    def annotated(self) -> Node:
        r"""``\underbrace{X}_{note}``."""
        token = self.tokens[self.at]
        self.at += 1
        body, note = self.argument(), None
        if self.kinds[self.at] in ("_", "^"):
            self.at += 1
            note = self.optional(self.script)
        return Noted(self.span(token.start), body, note, token.text)

    def stacked(self) -> Node:
        r"""``\overset{note}{X}``."""
        token = self.tokens[self.at]
        self.at += 1
        note = self.optional(self.argument)
        body = self.argument()
        return Noted(self.span(token.start), body, note, "overset" if token.text == "stackrel" else token.text)

    def optional(self, read: Callable[[], Node | None]) -> Node | None:
        """A note on a term, None if it cannot be read; passed over in any case."""
        mark = self.at
        try:
            return read()
        except Stop:
            self.at = self.stream.beyond(mark)
            return None

    def shown(self) -> Node:
        self.at += 1
        return self.argument()

    def coloured(self) -> Node:
        name = self.tokens[self.at].text
        self.at += 1
        self.over_brackets()
        if name != "bbox":
            self.at = self.stream.beyond(self.at)
        return self.argument()

    def over_brackets(self) -> None:
        """Pass over an optional argument."""
        if self.kinds[self.at] == "[":
            while self.kinds[self.at] not in (END, "]"):
                self.at += 1
            self.at += self.kinds[self.at] == "]"

    def cancelled(self) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        if token.text == "cancelto":
            self.at = self.stream.beyond(self.at)
        body = self.argument()
        return Noted(self.span(token.start), body, None, "cancel")

    def ellipsis(self) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        return Ellipsis(Span(token.start, token.end), "dots" if token.text.startswith(("dots", "ldots")) else token.text)

    def operator(self) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        return Operator(Span(token.start, token.end), token.text)

    def reference(self) -> Node:
        start, label = self.tokens[self.at].start, self.inner(self.at + 1)
        self.at = self.stream.beyond(self.at + 1)
        return Reference(self.span(start), label)

    def substack(self) -> Node:
        self.at += 1
        found = self.inside()
        if found is None:
            raise Stop("an operand", self.at)
        return found

    # -- functions and big operators ------------------------------------------------------------------------------------------------

    def function(self) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        return self.applied(Name(Span(token.start, token.end), token.text))

    def applied(self, name: Name) -> Node:
        """A function with its scripts and its argument: a group, or the next factor (with a number before it)."""
        head = self.scripts(name)
        if not self.starts_factor():
            return head
        start = head.span.start
        if self.kinds[self.at] in ("(", "[", "\\{"):
            argument = self.atom()
            call = Call(self.span(start), head, argument)
            return self.scripts(call) if self.kinds[self.at] in ("^", "'") and isinstance(argument, Group) else call
        argument = self.factor()
        if isinstance(argument, Number) and self.starts_factor():
            more = self.factor()
            argument = Juxtaposed(Span(argument.span.start, more.span.end), (argument, more))
        elif isinstance(argument, Name | Scripted) and self.kinds[self.at] in ("(", "["):
            group = self.factor()
            argument = Juxtaposed(Span(argument.span.start, group.span.end), (argument, group))
        return Call(self.span(start), head, argument)

    def root(self) -> Node:
        token = self.tokens[self.at]
        self.at += 1
        index: Node | None = None
        if self.kinds[self.at] == "[":
            self.at += 1
            self.nested += 1
            try:
                index = self.expression()
            finally:
                self.nested -= 1
            if self.kinds[self.at] != "]":
                raise Stop("a closing ]", self.at)
            self.at += 1
        argument = self.argument()
        return Call(self.span(token.start), Name(Span(token.start, token.end), "sqrt"), argument, index)

    def big(self) -> Node:
        """A big operator with its bounds and its body: the product that follows; no body where it stands alone."""
        token = self.tokens[self.at]
        self.at += 1
        return self.bounded(BIG[token.text], token.start)

    def bounded(self, operator: str, start: int) -> Node:
        lower: Node | None = None
        upper: Node | None = None
        while (kind := self.kinds[self.at]) in ("_", "^"):
            self.at += 1
            if kind == "_":
                lower = self.script()
            else:
                upper = self.script()
        body = self.term() if self.kinds[self.at] != "'" and self.starts_factor() else self.negative(lower)
        return Big(self.span(start), operator, lower, upper, body)

    def negative(self, lower: Node | None) -> Node | None:
        r"""The body of a big operator that begins with its sign, ``\sum_i -y_i``, where it names what the bounds name; else None."""
        if lower is None or self.kinds[self.at] != "-":
            return None
        before = self.at
        start = self.tokens[self.at].start
        self.at += 1
        if self.starts_factor():
            term = self.term()
            head = lower.first if isinstance(lower, Chain) and lower.first is not None else lower
            bound = {n.text for n in walk(head) if isinstance(n, Name)}
            if any(isinstance(n, Name) and n.text in bound for n in walk(term)):
                return Added(self.span(start), ("-",), (term,))
        self.at = before
        return None

    def extremum(self) -> Node:
        r"""``\max`` with bounds is a big operator, ``\max(0, x)`` a function; ``\arg`` goes with the next of them."""
        token = self.tokens[self.at]
        self.at += 1
        following = self.kinds[self.at]
        if token.text == "arg":
            if following not in ("\\max", "\\min"):
                return Name(Span(token.start, token.end), "arg")
            self.at += 1
            return self.bounded("arg" + following[1:], token.start)
        if following == "_":
            return self.bounded(token.text, token.start)
        return self.applied(Name(Span(token.start, token.end), token.text))

    # -- derivatives ----------------------------------------------------------------------------------------------------------------

    def partial(self) -> Node:
        r"""``\partial A`` as a Differential; ``\partial_w L`` as a Derivative."""
        start = self.tokens[self.at].start
        below, order = self.marks()
        operand = self.differentiated() if self.starts_factor() else None
        if below:
            return Derivative(self.span(start), operand, below, order)
        return Differential(self.span(start), operand, order)

    def nabla(self) -> Node:
        start = self.tokens[self.at].start
        below, order = self.marks()
        wrt = below[0] if len(below) == 1 else Tuple(Span(below[0].span.start, below[-1].span.end), below) if below else None
        return Nabla(self.span(start), wrt, order, None)

    def marks(self) -> tuple[tuple[Node, ...], int]:
        """(what is differentiated by, the order) from the scripts of the sign that stands next."""
        self.at += 1
        order = 1
        below: list[Node] = []
        while (kind := self.kinds[self.at]) in ("^", "_"):
            self.at += 1
            script = self.script()
            if kind == "_" and script is not None:
                below.extend(script.items if isinstance(script, Tuple) else (script,))
            elif isinstance(script, Number) and script.text.isdigit():
                order = int(script.text)
        return tuple(below), order

    def differentiated(self) -> Node:
        r"""What a ``\partial`` stands before: a factor, with the group that a name is applied to."""
        first = self.factor()
        if isinstance(first, Name | Scripted) and self.kinds[self.at] == "(":
            group = self.factor()
            return Juxtaposed(Span(first.span.start, group.span.end), (first, group))
        return first

    def fraction(self) -> Node:
        r"""A fraction, or a derivative where ``\partial`` or d stands above and below, or below alone."""
        start = self.tokens[self.at].start
        self.at += 1
        top = self.part()
        below = self.part()
        return self.quotient(start, top, below)

    def quotient(self, start: int, top: tuple[int, int], below: tuple[int, int]) -> Node:
        above, beneath = self.differential_sign(top), self.differential_sign(below)
        if beneath is not None and (beneath == "partial" or above == "d"):
            denominators = self.denominators(below, beneath)
            if denominators and above is not None:
                n, order = self.past_sign(top)
                numerator = None if n == top[1] else self.within((n, top[1]))
                return Derivative(self.span(start), numerator, denominators, order, symbol="partial" if beneath == "partial" else "d")
            if denominators:
                return Derivative(self.span(start), self.within(top), denominators, one_sided=True)
        return Fraction(self.span(start), self.within(top), self.within(below))

    def part(self) -> tuple[int, int]:
        """A part of a fraction, without its braces; passes over it."""
        begin, kind = self.at, self.kinds[self.at]
        if kind in _NO_PART:
            raise Stop("a part of a fraction", begin)
        if kind != "{":
            self.at += 1
            if kind in _PHRASES:
                self.at = self.stream.beyond(self.at)
                if kind in _FRACTIONS:
                    self.at = self.stream.beyond(self.at)
            return begin, self.at
        close = self.stream.closing.get(begin)
        if close is None:
            raise Stop("a closing brace", begin)
        self.at = close + 1
        while self.kinds[begin] == "{" and self.stream.closing.get(begin) == close:
            begin, close = begin + 1, close - 1
        return begin, close + 1

    def differential_sign(self, part: tuple[int, int]) -> str | None:
        r"""``partial`` or ``d`` if a part begins with that, else None."""
        begin, end = part
        while begin < end and self.kinds[begin] == "{":
            begin += 1
        if begin >= end:
            return None
        kind = self.kinds[begin]
        if kind == "\\partial":
            return "partial"
        if kind == "letter" and self.tokens[begin].text == "d":
            return "d" if begin + 1 == end or self.kinds[begin + 1] not in ("_", ")", "'") else None
        if kind in _UPRIGHT and begin + 1 < end:
            inside = [t.text for t in self.tokens[begin + 1 : min(self.stream.beyond(begin + 1), end)] if t.kind not in "{}"]
            return "d" if inside == ["d"] else None
        return None

    def past_sign(self, part: tuple[int, int]) -> tuple[int, int]:
        r"""(the start of a part behind its ``\partial`` or d and that one's power, the order)."""
        n, end = part
        while self.kinds[n] == "{":
            n += 1
        n = self.stream.beyond(n + 1) if self.kinds[n] in _UPRIGHT else n + 1
        order = 1
        if n < end and self.kinds[n] == "^":
            beyond = self.stream.beyond(n + 1)
            digits = "".join(t.text for t in self.tokens[n + 1 : beyond] if t.kind == "number")
            order = int(digits) if digits.isdigit() and len(digits) < 3 else 1
            n = beyond
        while n < end and self.kinds[n] == "}":
            n += 1
        return n, order

    def denominators(self, part: tuple[int, int], sign: str) -> tuple[Node, ...]:
        r"""The quantities below: one for each ``\partial``."""
        starts, depth = [], 0
        for n in range(*part):
            kind = self.kinds[n]
            depth += (kind == "{") - (kind == "}")
            if depth == 0 and kind == "\\partial":
                starts.append(n)
        if sign == "d" or not starts:
            starts = [part[0]]
        found: list[Node] = []
        for a, b in zip(starts, [*starts[1:], part[1]], strict=True):
            n, order = self.past_sign((a, b))
            if n >= b:
                return ()
            found.extend([self.within((n, b))] * order)
        return tuple(found)

    # -- environments -----------------------------------------------------------------------------------------------------------------

    def begun(self) -> Node:
        """What an environment holds: cases or a matrix."""
        name = self.environment(self.at)
        if name in CASES:
            return self.cases()
        start = self.tokens[self.at].start
        rows = [row for row in self.rows() if any(begin < end for begin, end in row)]
        return Matrix(self.span(start), tuple(tuple(map(self.cell, row)) for row in rows), MATRICES.get(name, ""))

    def cell(self, part: tuple[int, int]) -> Node:
        if part[0] == part[1]:
            end = self.tokens[part[0] - 1].end
            return Words(Span(end, end), "")
        return self.within(part)

    def cases(self) -> Node:
        start, found = self.tokens[self.at].start, []
        for row in self.rows():
            cells = [part for part in row if part[0] < part[1]]
            if not cells:
                continue
            value = self.within(cells[0], {",", ";", "."})
            condition = self.case_condition(cells[1]) if len(cells) > 1 else None
            if isinstance(value, Tuple) and len(cells) == 1 and len(value.items) == 2:
                value, condition = value.items
                condition = condition if isinstance(condition, Chain) else None
            begin = self.tokens[cells[0][0]].start
            found.append(CaseRow(Span(begin, max(begin, self.tokens[cells[-1][1] - 1].end)), value, condition))
        if not found:
            raise Stop("a case", self.at)
        return Cases(self.span(start), tuple(found))

    def case_condition(self, part: tuple[int, int]) -> Node | None:
        """A case's condition: a chain, or None for otherwise; words such as if are passed over."""
        begin, end = part
        at, nested, kind = self.at, self.nested, self.kinds[end]
        self.at, self.nested, self.kinds[end] = begin, 0, END
        said: list[str] = []
        while self.words_next():
            said.append(self.take_words())
        begin, self.at, self.nested, self.kinds[end] = self.at, at, nested, kind
        if begin < end:
            found = self.within((begin, end), {",", ";", "."})
            return found.items[0] if isinstance(found, Tuple) and found.items else found
        words = " ".join(said).strip()
        return None if any(word in words.lower() for word in OTHERWISE_WORDS) else self.worded(words, part)

    def worded(self, words: str, part: tuple[int, int]) -> Node:
        r"""A condition written inside ``\text{if $x > 0$}`` or in words alone."""
        inner = words
        for word in CONDITION_WORDS:
            if inner.lower().startswith(word + " "):
                inner = inner[len(word) :].strip(" $")
        if any(sign in inner for sign in "<>=≤≥"):
            try:
                found = Expressions(inner, stream(tokenize(inner), len(inner))).chain()
            except Stop:
                found = None
            if isinstance(found, Chain):
                return found
        return Words(Span(self.tokens[part[0]].start, self.tokens[part[1] - 1].end), words)

    def take_words(self) -> str:
        """The prose that stands next, passed over."""
        if self.kinds[self.at] == "letter":
            word = self.bare_word() or ""
            self.at += len(word)
            return word
        word = self.inner(self.at + 1)
        self.at = self.stream.beyond(self.at + 1)
        return word

    def rows(self) -> list[list[tuple[int, int]]]:
        """The cells of the environment that stands next, row by row, each a part of the stream; passes over the environment."""
        name, named = self.environment(self.at), self.stream.beyond(self.at + 1)
        starred = self.kinds[named - 2] == "*"
        self.at = named
        if name == "array" or starred:  # where the array or its columns stand: \begin{pmatrix*}[l]
            self.over_brackets()
        if name == "array" and self.kinds[self.at] == "{":
            self.at = self.stream.beyond(self.at)
        out: list[list[tuple[int, int]]] = [[]]
        begin, depth, braces, n = self.at, 0, 0, self.at
        while (kind := self.kinds[n]) != END:
            if kind in ("{", "}"):
                braces += 1 if kind == "{" else -1
            elif kind == "\\begin":
                depth += 1
            elif kind == "\\end":
                if depth == 0:
                    out[-1].append((begin, n))
                    self.at = self.stream.beyond(n + 1)
                    return out
                depth -= 1
            elif depth == braces == 0 and kind in ("&", "row", "\\cr"):
                out[-1].append((begin, n))
                begin = n + 1
                if kind != "&":
                    out.append([])
            n += 1
        raise Stop(f"the end of {name}", n)


def _as_reference(node: Node) -> Node:
    """A number in parentheses as what it refers to."""
    if isinstance(node, Group) and node.delimiter == "(" and isinstance(node.body, Number):
        return Reference(node.span, node.body.text)
    return node


def _in_font(body: Node, font: str, span: Span) -> Node:
    """A symbol in a font; what is more than a symbol stays as it is."""
    match body:
        case Name():
            return replace(body, font=font, span=span)
        case Scripted(_, Name() as base, _, _, _):
            return replace(body, base=replace(base, font=font), span=span)
        case Number(_, "1"):
            return Name(span, "1", font)
    return body


def _divided(left: Node, right: Node) -> Node:
    """A slash: the last factor of the left by the right; ``∂L/∂w`` and ``dL/dw`` are derivatives."""
    if isinstance(left, Product) and left.operator != "/":
        last = _divided(left.right, right)
        return replace(left, right=last, span=Span(left.span.start, last.span.end))
    items = left.items if isinstance(left, Juxtaposed) else (left,)
    rest, top = items[:-1], items[-1]
    end = right.span.end
    by_d = isinstance(right, Juxtaposed) and len(right.items) == 2 and _is_d(right.items[0])
    made: Node
    if isinstance(top, Differential) and isinstance(right, Differential) and right.body is not None:
        made = Derivative(Span(top.span.start, end), top.body, (right.body,), max(top.order, right.order))
    elif isinstance(right, Juxtaposed) and by_d and len(items) >= 2 and _is_d(items[-2]):
        rest = items[:-2]
        made = Derivative(Span(items[-2].span.start, end), top, (right.items[1],), symbol="d")
    elif isinstance(right, Juxtaposed) and by_d and _is_d(top):
        made = Derivative(Span(top.span.start, end), None, (right.items[1],), symbol="d")
    else:
        made = Product(Span(top.span.start, end), "/", top, right)
    return Juxtaposed(Span(rest[0].span.start, end), (*rest, made)) if rest else made


def _is_d(node: Node) -> bool:
    """Whether a node is the letter of a differential."""
    return isinstance(node, Name) and node.text == "d" and not node.accents


def _table(*rows: tuple[Callable[[Expressions], Node], object]) -> dict[str, Callable[[Expressions], Node]]:
    return {kind: read for read, names in rows for kind in _commands(names)}


_ATOMS: dict[str, Callable[[Expressions], Node]] = {
    "number": Expressions.number,
    "letter": Expressions.letters,
    "word": Expressions.word,
    **_table(
        (Expressions.parenthesis, "("),
        (Expressions.bracket, "["),
        (Expressions.brace_group, "{"),
        (Expressions.barred, "|"),
        (Expressions.operator, OPERATORS),
        (Expressions.fraction, FRACTIONS),
        (Expressions.big, BIG),
        (Expressions.extremum, ("max", "min", "arg")),
        (Expressions.function, FUNCTIONS),
        (Expressions.partial, ("partial",)),
        (Expressions.nabla, ("nabla",)),
        (Expressions.root, ("sqrt",)),
        (Expressions.font, FONTS.keys() | SWITCHES),
        (Expressions.text_command, TEXTS),
        (Expressions.accent, ACCENTS),
        (Expressions.change, ("Delta",)),
        (Expressions.annotated, BRACES),
        (Expressions.stacked, STACKED),
        (Expressions.shown, SHOWN),
        (Expressions.coloured, COLOURED),
        (Expressions.cancelled, CANCELLED),
        (Expressions.begun, ("begin",)),
        (Expressions.ellipsis, ELLIPSES),
        (Expressions.opened, DELIMITERS),
        (Expressions.reference, ("eqref", "ref")),
        (Expressions.substack, ("substack",)),
    ),
    "\\{": Expressions.visible_brace,
    "\\|": Expressions.barred,
}
"""How the atom is read that a token of a kind begins; a command that does not stand here is a name."""
