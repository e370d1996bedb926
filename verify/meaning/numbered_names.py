r"""Names that carry their number without an underscore, as in code: ``Z1``, ``dW2``, ``A1^T`` become ``Z_1``, ``dW_2``, ``A_1^T``.

Only where the document gives such a name a value, ``Z1 = …``: elsewhere a number behind a letter is a factor.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from verify.reading.syntax import Call, Chain, Juxtaposed, Name, Node, Number, Scripted, Span, Statement
from verify.reading.traversal import rewritten


def with_numbered_names(statements: Iterable[Statement]) -> list[Statement]:
    """The statements with the numbers that touch a letter as its subscript, if the document defines a name so; spans stay."""
    listed = list(statements)
    if not any(isinstance(s.content, Chain) and names_by_number(s.content.first) for s in listed):
        return listed
    joined = ((rewritten(s.content, _joined), tuple(rewritten(c, _joined) for c in s.conditions)) for s in listed)
    return [replace(s, content=content, conditions=conditions) for s, (content, conditions) in zip(listed, joined, strict=True)]


def names_by_number(side: Node | None) -> bool:
    """Whether a side is a letter with a number that touches it, and nothing else: ``Z1``, ``dW2``."""
    match side:
        case Juxtaposed(_, (Name(_, "d", _, ()), Name() as letter, Number() as number)):
            return numbers(letter, number)
        case Juxtaposed(_, (letter, number)):
            return numbers(letter, number)
    return False


def numbers(letter: Node, number: Node) -> bool:
    """Whether a whole number touches a lone letter."""
    if not (isinstance(letter, Name) and isinstance(number, Number) and number.text.isdigit()):
        return False
    return letter.span.end == number.span.start and len(letter.text) == 1


def _joined(node: Node) -> Node | None:
    match node:
        case Juxtaposed(span, items):
            found = _in_row(items)
            if len(found) < len(items):
                rest = tuple(rewritten(item, _joined) for item in found)
                return rest[0] if len(rest) == 1 else Juxtaposed(span, rest)
        case Scripted(_, base, sub, sup, _):
            return replace(node, base=rewritten(base, _joined), sub=sub, sup=rewritten(sup, _joined) if sup is not None else None)
    return None


def _in_row(items: Sequence[Node]) -> list[Node]:
    """Neighbouring factors with each letter and the number that touches it as one."""
    out: list[Node] = []
    for item in items:
        last = out[-1] if out else None
        number = item.base if isinstance(item, Scripted) and item.sub is None and not item.primes else item
        letter = last.argument if isinstance(last, Call) else last
        if letter is None or not numbers(letter, number):
            out.append(item)
            continue
        sup = item.sup if isinstance(item, Scripted) else None
        name = Scripted(Span(letter.span.start, item.span.end), letter, number, sup)
        out[-1] = replace(last, argument=name, span=Span(last.span.start, item.span.end)) if isinstance(last, Call) else name
    return out
