r"""Products of one matrix with functions of itself, ``Z \sigma(Z) (1 - \sigma(Z))``, which are taken entry by entry.

As a matrix product they would ask for a square matrix; nobody means that, and what builds on it would be judged by shapes that are not
there.
"""

from __future__ import annotations

from dataclasses import replace

from verify.meaning.functions import function_name
from verify.meaning.symbols import Lexicon, occurrence
from verify.reading.syntax import Call, Group, Juxtaposed, Name, Node, Number, Product, Scripted, Span
from verify.reading.traversal import below, rewritten, walk

FUNCTIONS = frozenset({"sigma", "phi", "varphi", "psi", "f", "g"})
"""Letters that stand for a function of each entry before parentheses."""


def with_entrywise_products(root: Node, words: Lexicon) -> Node:
    r"""The formula with ``Z \sigma(Z)`` as ``Z \odot \sigma(Z)``, for a capital Z that is nowhere in the product transposed."""

    def change(node: Node) -> Node | None:
        if not isinstance(node, Juxtaposed):
            return None
        factors = _factors(node.items)
        symbols = [_only_symbol(factor, words) for factor in factors]
        if len(factors) < 2 or not any(_is_capital(key) for key in symbols):
            return None
        out: list[Node] = []
        last: str | None = None
        for factor, key in zip(factors, symbols, strict=True):
            plain = rewritten(factor, change)
            bare = all(isinstance(one, (Name, Scripted)) for one in (factor, out[-1] if out else factor))
            if key is not None and key == last and _is_capital(key) and not bare:
                out[-1] = Product(Span(out[-1].span.start, plain.span.end), "odot", out[-1], plain)
            else:
                out.append(plain)
            last = key
        if len(out) == len(factors):
            return None
        return out[0] if len(out) == 1 else replace(node, items=tuple(i for one in out for i in _items(one)))

    capital = any(isinstance(n, Name) and not n.text.islower() for n in walk(root))
    return rewritten(root, change) if capital else root


def _factors(items: tuple[Node, ...]) -> list[Node]:
    """The factors of a product, a letter of a function with its argument as one."""
    out: list[Node] = []
    n = 0
    while n < len(items):
        item = items[n]
        if n + 1 < len(items) and isinstance(items[n + 1], Group) and _is_function(item):
            out.append(Juxtaposed(Span(item.span.start, items[n + 1].span.end), (item, items[n + 1])))
            n += 2
        else:
            out.append(item)
            n += 1
    return out


def _is_function(node: Node) -> bool:
    name = node.base if isinstance(node, Scripted) else node
    return isinstance(name, Name) and (name.text in FUNCTIONS or function_name(name) is not None)


def _items(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, Juxtaposed) else (node,)


def _is_capital(key: str | None) -> bool:
    return key is not None and len(letter := key.split("_")[0].split("^")[0]) == 1 and letter.isupper()


def _only_symbol(node: Node, words: Lexicon) -> str | None:
    """The key of the one symbol that a factor is made of, which stands in it plainly; else None."""
    keys: set[str | None] = set()
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, (Name, Scripted)):
            if _is_function(top):
                continue
            occ = occurrence(top, words)
            keys.add(None if occ is None or occ.transposed or occ.written or occ.exponent is not None else occ.key)
        elif isinstance(top, Call):
            stack.append(top.argument)
        elif not isinstance(top, Number):
            stack.extend(below(top))
    return keys.pop() if len(keys) == 1 else None
