r"""The tokens of a formula that mean something, each with its kind, and what each brace closes.

Spacing, sizes and labels are left out; a delimiter takes in the ``\left`` before it; a relation is one token, however it was put together.
"""

from __future__ import annotations

from dataclasses import dataclass

from verify.reading.lexicon import (
    CLOSING_SIZES,
    CODE_FONTS,
    DEFINING,
    DEFINITIONS,
    IGNORED,
    OPENING_SIZES,
    RELATIONS,
    SAME,
    SPACED,
    STACKED,
)
from verify.reading.tokens import Token, braced

END = ""
"""The kind of what stands behind the last token."""
BLANK = frozenset({"text", "textrm", "textnormal", "mathrm", "mbox", "hbox"})
"""Commands of text; around nothing but blanks they are spacing: ``\\alpha \\text{ } dW``."""
OPEN_END = "open end"
r"""The kind of ``\right.``, the invisible end of a delimiter that is visible on the left."""


@dataclass(slots=True)
class Stream:
    """The tokens of a formula with a token for its end, the kind of each, and for each ``{`` the position of its ``}``.

    A command's kind is its name with the backslash, a relation's is ``rel`` with the name that a Link has for it, and any other token's is
    that of ``tokenize``. Whoever reads only a part of the formula lays ``END`` over the kind behind it for that time.
    """

    tokens: list[Token]
    kinds: list[str]
    closing: dict[int, int]

    def add(self, kind: str, token: Token) -> None:
        self.kinds.append(kind)
        self.tokens.append(token)

    def beyond(self, at: int) -> int:
        """The position behind the group that begins at ``at``, or behind the single token there; the end if the group never closes."""
        if self.kinds[at] == "{":
            return self.closing.get(at, len(self.tokens) - 2) + 1
        return at + (self.kinds[at] != END)


def _over_blank(raw: list[Token], at: int) -> int | None:
    """The position behind a group that begins at ``at`` and holds blanks alone; None for any other."""
    if at >= len(raw) or raw[at].kind != "{":
        return None
    at += 1
    while at < len(raw) and raw[at].kind == "~":
        at += 1
    return at + 1 if at < len(raw) and raw[at].kind == "}" else None


def stream(raw: list[Token], stop: int) -> Stream:
    """The stream of a formula's tokens; ``stop`` is the offset behind the formula."""
    made = Stream([], [], {})
    tokens, kinds = made.tokens, made.kinds
    braces: list[int] = []
    invisible: list[bool] = []
    size: int | None = None
    raw = _code_opened(raw)
    at = 0
    while at < len(raw):
        token = raw[at]
        kind, text, start, end = token
        at += 1
        if kind in _AS_IT_IS:
            if size is not None:
                token, size = Token(token.kind, token.text, size, token.end), None
            kinds.append(kind)
            tokens.append(token)
            continue
        joined = _joined(raw, at) if text in _JOINS and (kind != "command" or text != "!") else None
        if joined is not None:
            key, token, at = joined
        elif kind == "command":
            if text in ("left", "right"):
                pointed = at < len(raw) and raw[at].kind == "."
                at += pointed
                if text == "left":
                    invisible.append(pointed)
                    size = None if pointed else start
                elif pointed and not (invisible and invisible[-1]) and (beyond := _over_break(raw, at)):
                    at = beyond
                elif not (invisible and invisible.pop()) and pointed:
                    made.add(OPEN_END, Token(OPEN_END, ".", start, raw[at - 1].end))
                continue
            if text in IGNORED:
                size = start if text in OPENING_SIZES else None if text in CLOSING_SIZES else size
                continue
            if text in BLANK and (beyond := _over_blank(raw, at)) is not None:
                at = beyond
                continue
            if text in SPACED or text in DEFINITIONS or text == "color":
                at = _over_arguments(raw, at, text in DEFINITIONS)
                continue
            relation = RELATIONS.get(text)
            key = "rel" + relation if relation else SAME.get(text) or "\\" + text
        elif kind == "number" and end - start == len(text) > 1:
            for digit in _digits(token):
                made.add("number", digit)
            size = None
            continue
        elif kind in ("~", "$"):
            continue
        else:
            if kind == "{":
                braces.append(len(made.kinds))
            elif kind == "}" and braces:
                made.closing[braces.pop()] = len(made.kinds)
            key = "rel" + RELATIONS[kind] if kind in RELATIONS else kind
        if size is not None:
            token, size = Token(token.kind, token.text, size, token.end), None
        made.add(key, token)
    made.add(END, Token(END, "", stop, stop))
    return made


def _over_break(raw: list[Token], at: int) -> int | None:
    r"""The position behind the ``\left.`` of the next row, with which a delimiter goes on that ended in ``\right.``; None if none does."""
    while at < len(raw) and raw[at].kind in ("row", "&"):
        at += 1
    goes_on = at + 1 < len(raw) and raw[at].kind == "command" and raw[at].text == "left" and raw[at + 1].kind == "."
    return at + 2 if goes_on else None


def _over_arguments(raw: list[Token], at: int, definition: bool) -> int:
    """The position behind the argument of a command that means nothing, or behind a macro's definition."""
    at = braced(raw, at)
    if definition:
        while at < len(raw) and raw[at].kind in ("[", "#", "]", "number"):
            at += 1
        at = braced(raw, at)
    return at


def _digits(token: Token) -> list[Token]:
    """A numeral's digits, of which a script or a fraction takes one; a decimal part stays whole."""
    whole, point, part = token.text.partition(".")
    found = [Token("number", digit, token.start + n, token.start + n + 1) for n, digit in enumerate(whole)]
    return [*found, Token("number", point + part, token.start + len(whole), token.end)] if point else found


def _joined(raw: list[Token], at: int) -> tuple[str, Token, int] | None:
    r"""(kind, token, the position behind it) of a relation put together from what begins before ``at``: ``:=``, ``\not=``,
    ``\overset{!}{=}``; None if it is no relation.
    """
    first = raw[at - 1]
    if first.text in STACKED and first.kind == "command":
        between = braced(raw, at)
        beyond = braced(raw, between)
        inner = [t for t in raw[between:beyond] if t.kind not in "{}"]
        if len(inner) != 1 or inner[0].text not in RELATIONS:
            return None
        note = "".join(t.text for t in raw[at:between] if t.kind not in "{}")
        return "rel" + (":=" if any(word in note for word in DEFINING) else RELATIONS[inner[0].text]), inner[0], beyond
    following = raw[at] if at < len(raw) else None
    if following is None or (first.text in "!=" and following.start != first.end):
        return None
    relation = _JOINED.get((first.text, following.text))
    return None if relation is None else ("rel" + relation, first._replace(end=following.end), at + 1)


_AS_IT_IS = frozenset({"letter", "row", *"()[],;.+-*/^_'|&"})
"""The kinds of tokens that mean what they are, whatever stands beside them."""
_JOINED = {(":", "="): ":=", ("!", "="): "!=", ("=", "="): "=", ("not", "="): "!=", ("not", "in"): "notin"}
_JOINS = STACKED | {first for first, _ in _JOINED}


def _code_opened(raw: list[Token]) -> list[Token]:
    r"""The tokens with each group in a font of code opened that is cut through a bracket: ``\mathtt{np.sum(} x \mathtt{, axis=1)}``."""
    if CODE_FONTS.isdisjoint([t.text for t in raw]):
        return raw
    for at in range(len(raw) - 1, -1, -1):
        if raw[at].kind == "command" and raw[at].text in CODE_FONTS and at + 1 < len(raw) and raw[at + 1].kind == "{":
            beyond = braced(raw, at + 1)
            inner = raw[at + 2 : beyond - 1]
            if sum((t.kind in ("(", "[")) - (t.kind in (")", "]")) for t in inner):
                raw = [*raw[:at], *_identifiers(inner), *raw[beyond:]]
    return raw


def _identifiers(code: list[Token]) -> list[Token]:
    """Tokens of code with adjacent letters, digits and dots put together as a word each."""
    found: list[Token] = []
    for token in code:
        last = found[-1] if found else None
        if last is not None and last.kind == "word" and last.end == token.start and token.kind in ("letter", "number", "."):
            found[-1] = Token("word", last.text + token.text, last.start, token.end)
        else:
            found.append(token._replace(kind="word") if token.kind == "letter" else token)
    return found
