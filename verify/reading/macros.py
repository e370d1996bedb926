"""The macros of a document expanded: as tokens for the parser, and written out as text, with the way back to what its author wrote."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from verify.reading.syntax import MacroCall, Span
from verify.reading.tokens import Macro, Token, tokenize

MAX_EXPANDED = 20_000
"""Tokens that the expansion of one formula may yield beyond its own."""

MAX_WRITTEN = 200_000
"""Characters that all macro calls of a document may come to when they are written out."""


class Piece(NamedTuple):
    """A token of an expansion; ``of`` is the call in the formula whose body has it, None for a token of the formula itself."""

    token: Token
    of: Token | None


@dataclass(slots=True)
class Stretch:
    """A token as it stands (``call`` is None), or what a macro call is expanded to; ``end`` is where that ends in the formula."""

    call: Token | None
    pieces: list[Piece]
    end: int


def expanded(tokens: list[Token], macros: Mapping[str, Macro]) -> tuple[list[Token], bool]:
    """(tokens with macros expanded, whether the bound stopped it). What a macro inserts stands where the macro stands; arguments keep
    their places.
    """
    if not macros or macros.keys().isdisjoint([t.text for t in tokens]):
        return tokens, False
    found = stretches(tokens, macros)
    if found is None:
        return tokens, True
    pieces = (piece for stretch in found for piece in stretch.pieces)
    return [token if of is None else token._replace(start=of.start, end=of.end) for token, of in pieces], False


def stretches(tokens: list[Token], macros: Mapping[str, Macro]) -> list[Stretch] | None:
    """The tokens in stretches, each macro call one with what it is expanded to; None where the bound stopped it."""
    out: list[Stretch] = []
    stack = [Piece(token, None) for token in reversed(tokens)]
    budget = MAX_EXPANDED + len(tokens)
    own = len(stack)  # of the stack, the tokens that belong to no call so far
    while stack:
        budget -= 1
        if budget < 0 or len(stack) > 10 * MAX_EXPANDED:
            return None
        outside = len(stack) <= own
        piece = stack.pop()
        token = piece.token
        own = min(own, len(stack))
        macro = macros.get(token.text) if token.kind == "command" else None
        if macro is None:
            if outside:
                out.append(Stretch(None, [piece], token.end))
            else:
                out[-1].pieces.append(piece)
            continue
        if outside:
            out.append(Stretch(token, [], token.end))
        inserted = _inserted(macro, _arguments(macro, stack, piece.of or token), piece.of or token)
        if len(stack) < own:  # arguments behind the call
            own = len(stack)
            out[-1].end = tokens[len(tokens) - own - 1].end
        stack.extend(reversed(inserted))
    return out


def _arguments(macro: Macro, stack: list[Piece], call: Token) -> list[list[Piece]]:
    """The arguments of a macro, taken from the stack."""
    arguments: list[list[Piece]] = []
    if macro.default is not None:
        if stack and stack[-1].token.kind == "[":
            stack.pop()
            given: list[Piece] = []
            while stack and stack[-1].token.kind != "]":
                given.append(stack.pop())
            if stack:
                stack.pop()
            arguments.append(given)
        else:
            arguments.append([Piece(token, call) for token in macro.default])
    while len(arguments) < macro.arguments and stack:
        arguments.append(_argument(stack))
    return arguments


def _argument(stack: list[Piece]) -> list[Piece]:
    """The next macro argument: a braced group without its braces, or one token."""
    piece = stack.pop()
    if piece.token.kind != "{":
        return [piece]
    depth, found = 1, []
    while stack:
        piece = stack.pop()
        depth += (piece.token.kind == "{") - (piece.token.kind == "}")
        if depth == 0:
            break
        found.append(piece)
    return found


def _inserted(macro: Macro, arguments: Sequence[Sequence[Piece]], call: Token) -> list[Piece]:
    """The body of a macro with its arguments put in."""
    found: list[Piece] = []
    body, n = macro.body, 0
    while n < len(body):
        if body[n].kind == "#" and n + 1 < len(body) and body[n + 1].text.isdigit():
            k = int(body[n + 1].text[0]) - 1
            found.extend(arguments[k] if k < len(arguments) else ())
            n += 2
        else:
            found.append(Piece(body[n], call))
            n += 1
    return found


# Written out


def calls_in(text: str, formulas: Iterable[Span], macros: Mapping[str, Macro]) -> tuple[MacroCall, ...]:
    """The macro calls in formulas, each with what it is written out; none where all together are too long.

    ``text`` is what formulas and definitions are read from. A formula in which macros expand without end has none.
    """
    found: list[MacroCall] = []
    longer = written = 0
    for inside in formulas:
        tokens = tokenize(text, inside.start, inside.end)
        if macros.keys().isdisjoint([t.text for t in tokens]):
            continue
        for stretch in stretches(tokens, macros) or ():
            if stretch.call is None:
                continue
            start = stretch.call.start
            source = Span(start, stretch.end)
            out, copied = _written(stretch, text, start + longer)
            out += " " if out[-1:].isalpha() and text[stretch.end : stretch.end + 1].isalpha() else ""
            found.append(MacroCall(Span(start + longer, start + longer + len(out)), source, out, copied))
            longer += len(out) - (stretch.end - start)
            written += len(out)
            if written > MAX_WRITTEN:
                return ()
    return tuple(found)


def spliced(text: str, calls: Iterable[MacroCall]) -> str:
    """The text with macro calls written out."""
    out: list[str] = []
    at = 0
    for call in calls:
        out += text[at : call.source.start], call.text
        at = call.source.end
    return "".join(out) + text[at:]


def forward(calls: Sequence[MacroCall], offset: int) -> int:
    """Where an offset of the document that lies in no macro call is when these are written out."""
    k = bisect_left(calls, offset, key=lambda c: c.source.start) - 1
    return offset if k < 0 else offset + calls[k].span.end - calls[k].source.end


def origin(calls: Sequence[MacroCall], start: int, end: int) -> Span:
    """What of the document a stretch of the text with macros written out is from: all of a call, or a part of an argument of it."""
    first, last = _calls_at(calls, start, end)
    if first is not None and first is last:
        return next((Span(start + by, end + by) for by in _copied(first, start, end)), first.source)
    return Span(
        first.source.start if first is not None else _back(calls, start), last.source.end if last is not None else _back(calls, end)
    )


def whole(calls: Sequence[MacroCall], start: int, end: int) -> tuple[int, int]:
    """The stretch of the text with macros written out, as much wider as it takes to come from one stretch of the document."""
    first, last = _calls_at(calls, start, end)
    if first is not None and first is last and any(True for _ in _copied(first, start, end)):
        return start, end
    return first.span.start if first is not None else start, last.span.end if last is not None else end


def _calls_at(calls: Sequence[MacroCall], start: int, end: int) -> tuple[MacroCall | None, MacroCall | None]:
    """The calls in whose texts a stretch begins and ends; an empty one at the edge of a call is in none."""
    first = (bisect_left if start == end else bisect_right)(calls, start, key=lambda c: c.span.start) - 1
    last = bisect_left(calls, end, key=lambda c: c.span.start) - 1
    return (
        calls[first] if first >= 0 and start < calls[first].span.end else None,
        calls[last] if last >= 0 and (end < calls[last].span.end or start < end == calls[last].span.end) else None,
    )


def _copied(call: MacroCall, start: int, end: int) -> Iterator[int]:
    """How far a stretch of a call's text is from what it was copied from, if it was."""
    for at, source, length in call.copied:
        if at <= start and end <= at + length:
            yield source - at


def _back(calls: Sequence[MacroCall], offset: int) -> int:
    k = bisect_right(calls, offset, key=lambda c: c.span.end) - 1
    return offset if k < 0 else offset + calls[k].source.end - calls[k].span.end


def _written(stretch: Stretch, text: str, at: int) -> tuple[str, tuple[tuple[int, int, int], ...]]:
    """A call written out, and of its arguments what is copied once: (offset there, offset in the document, length)."""
    times = Counter(piece.token.start for piece in stretch.pieces if piece.of is None)
    out, copied = "", list[tuple[int, int, int]]()
    before: Piece | None = None
    for piece in stretch.pieces:
        token, own = piece.token, _source(piece.token)
        if before is not None:
            gap = text[before.token.end : token.start] if piece.of is before.of and before.token.end < token.start else ""
            out += gap.replace("\n", " ") if gap.isspace() else " " if _would_join(before.token, token) else ""
        if piece.of is None and times[token.start] == 1 and text[token.start : token.end] == own:
            here = at + len(out)
            if copied and copied[-1][0] - copied[-1][1] == here - token.start:
                start, source, _ = copied.pop()
                copied.append((start, source, here + len(own) - start))
            else:
                copied.append((here, token.start, len(own)))
        out += own
        before = piece
    return out, tuple(copied)


def _source(token: Token) -> str:
    match token.kind:
        case "command":
            return f"\\{token.text}"
        case "row":
            return r"\\"
        case "letter" | "number":
            return token.text
    return token.kind


def _would_join(before: Token, token: Token) -> bool:
    """Whether two tokens side by side would be read as one."""
    named = before.kind == "command" and before.text[-1:].isalpha()
    return (named and _source(token)[0].isalpha()) or (before.kind == "number" and token.kind == "number")
