"""Letters that stand for more than they show: ``\\sigma^2`` as a quantity of its own, ``y_i`` as the index of the right class, and
``u = e^{z_i}`` without its index.

All are made plain in the formulas before anything else is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from verify.meaning.symbols import Lexicon, bound_letters, items_of, letter_of, occurrence, script_text
from verify.reading.syntax import (
    Big,
    Call,
    Chain,
    Derivative,
    Ellipsis,
    Group,
    Juxtaposed,
    Matrix,
    Name,
    Node,
    Number,
    Operator,
    Scripted,
    Tuple,
    Words,
)
from verify.reading.traversal import below, classes, rewritten, walk, with_parts


def plain_squares(roots: Sequence[Node]) -> list[Node]:
    """The trees with ``\\sigma^2`` as one symbol where the document defines it, differentiates by it or calls a function of it, and does
    not name ``\\sigma`` alone before; ``\\sigma^4`` is its square, and ``\\sigma`` behind its definition its root.
    """
    defined: dict[tuple[str, str], int] = {}
    bare: dict[tuple[str, str], int] = {}
    named: set[tuple[str, str]] = set()
    valued: set[tuple[str, str]] = set()
    for n, root in enumerate(roots):
        if isinstance(root, Chain) and root.first is not None and root.links and root.links[0].relation in ("=", ":=", "equiv", "<-"):
            if (head := _square(root.first)) is not None:
                defined.setdefault(head, n)
            else:
                valued.add(_symbol(root.first))
        named |= set(_named_squares(root))
        for key in _bare(root):
            bare.setdefault(key, n)
    rooted = {key for key in defined.keys() & bare.keys() - valued if key[0].endswith(":sigma") and defined[key] <= bare[key]}
    wanted = (defined.keys() | named) - bare.keys() | rooted

    def change(node: Node) -> Node | None:
        if isinstance(node, Juxtaposed):
            called = [n + 1 < len(node.items) and isinstance(node.items[n + 1], Group) for n in range(len(node.items))]
            if any(called) and any(is_called and isinstance(i, Name) for i, is_called in zip(node.items, called, strict=True)):
                kept = zip(node.items, called, strict=True)
                return replace(node, items=tuple(i if is_called and isinstance(i, Name) else rewritten(i, change) for i, is_called in kept))
        if _square(node) in wanted and isinstance(node, Scripted):
            return replace(node, sup=Words(node.span, "2"))
        if isinstance(node, Scripted) and (half := _half_power(node)) is not None and _square(half) in wanted:
            power = Number(node.span, str(int(script_text(node.sup)) // 2))
            return Scripted(node.span, Group(node.span, "(", replace(half, sup=Words(node.span, "2"))), None, power)
        if _symbol(node) in rooted and isinstance(node, (Name, Scripted)):
            base, tag, sup = (node.base, node.sub, node.sup) if isinstance(node, Scripted) else (node, None, None)
            whole = Call(node.span, Name(node.span, "sqrt"), Scripted(node.span, base, tag, Words(node.span, "2")))
            return whole if sup is None else Scripted(node.span, Group(node.span, "(", whole), None, sup)
        return None

    return [rewritten(root, change) for root in roots] if wanted else list(roots)


def _symbol(node: Node) -> tuple[str, str]:
    """The name and tag of a symbol without a prime, as squares have them; two empty texts for all else."""
    match node:
        case Name(_, text, font, ()):
            return f"{font}:{text}", ""
        case Scripted(_, Name(_, text, font, ()), sub, _, 0):
            return f"{font}:{text}", script_text(sub)
    return "", ""


def _square(node: Node | None) -> tuple[str, str] | None:
    match node:
        case Scripted(_, Name(_, text, font, ()), sub, Number(_, "2"), 0):
            return f"{font}:{text}", script_text(sub)
    return None


def _named_squares(root: Node) -> Iterable[tuple[str, str]]:
    """The squares by which something is differentiated, or of which something is a function, ``f(\\mu, \\sigma^2) = …``."""
    for node in walk(root):
        if isinstance(node, Derivative) and node.order == 1:
            yield from (head for part in node.denominators if (head := _square(part)) is not None)
    first = root.first if isinstance(root, Chain) and root.links else None
    match first:
        case Juxtaposed(_, (Name(), Group(_, "(", Tuple(_, items)))):
            yield from (head for item in items if (head := _square(item)) is not None)


def _half_power(node: Scripted) -> Scripted | None:
    """The square of which a symbol to another even power is a power, ``σ^2`` of ``σ^4``; else None."""
    match node:
        case Scripted(_, Name(), _, Number(_, text), 0) if text.isdigit() and int(text) > 2 and int(text) % 2 == 0:
            return replace(node, sup=Number(node.span, "2"))
    return None


def _bare(root: Node) -> Iterable[tuple[str, str]]:
    """The names that stand without a square; a function before its argument does not count."""
    stack: list[Node] = [root]
    while stack:
        node = stack.pop()
        if _square(node) is not None or (isinstance(node, Scripted) and _half_power(node) is not None):
            continue
        match node:
            case Scripted(_, Name(_, text, font, ()), sub, _, _):
                yield f"{font}:{text}", script_text(sub)
                stack.extend(n for n in (node.sub, node.sup) if n is not None)
                continue
            case Name(_, text, font, ()):
                yield f"{font}:{text}", ""
            case Juxtaposed(_, items):
                called = [n + 1 < len(items) and isinstance(i, Name) and isinstance(items[n + 1], Group) for n, i in enumerate(items)]
                stack.extend(i for i, is_called in zip(items, called, strict=True) if not is_called)
                continue
        stack.extend(below(node))


def plain_entries(root: Node) -> Node:
    """The tree with an index that is itself written with an index, the ``y_i`` of ``p_{y_i}``, as one letter; everywhere in it."""

    def change(node: Node) -> Node | None:
        if isinstance(node, Scripted) and node.sub is not None:
            sup = rewritten(node.sup, change) if node.sup is not None else None
            return with_parts(node, sub=rewritten(node.sub, as_letter), base=rewritten(node.base, change), sup=sup)
        if isinstance(node, Big) and node.lower is not None:
            body = rewritten(node.body, change) if node.body is not None else None
            return with_parts(node, lower=rewritten(node.lower, as_letter), body=body)
        return None

    return rewritten(root, change)


def plain_components(root: Node) -> Node:
    r"""The tree with a component of a function of a whole vector, ``\text{softmax}(z)_i``, as the function at that component,
    ``softmax(z_i)``: both ways are usual, for the same.
    """

    def change(node: Node) -> Node | None:
        if not isinstance(node, Juxtaposed):
            return None
        items = list(node.items)
        for n, (name, group) in enumerate(pairwise(node.items)):
            match group:
                case Scripted(span, Group(_, "(", Name() | Scripted(_, Name(), None) as body), sub, None, 0) if (
                    sub is not None and is_vector_function(name)
                ):
                    whole = body if isinstance(body, Scripted) else Scripted(body.span, body, None, None)
                    items[n + 1] = Group(span, "(", replace(whole, span=span, sub=sub))
        return replace(node, items=tuple(items)) if items != list(node.items) else None

    return rewritten(root, change)


def plain_widths(roots: Sequence[Node]) -> list[Node]:
    r"""The trees with the letter of a width, ``k`` of ``\sqrt{d_k}``, as a tag: of what is a whole radicand, always has that one letter
    below it and is no left side.
    """
    radicands = {
        n.argument.base: n.argument.sub
        for root in roots
        for n in walk(root)
        if isinstance(n, Call) and isinstance(n.function, Name) and n.function.text == "sqrt"
        if isinstance(n.argument, Scripted) and n.argument.sup is None and isinstance(n.argument.sub, Name) and letter_of(n.argument.sub)
    }
    for root in roots if radicands else ():
        head = root.first if isinstance(root, Chain) else None
        for n in walk(root):
            if isinstance(n, Scripted) and n.base in radicands and (n.sub != radicands[n.base] or n is head):
                del radicands[n.base]

    def change(node: Node) -> Node | None:
        if isinstance(node, Scripted) and node.base in radicands and isinstance(node.sub, Name):
            return replace(node, sub=replace(node.sub, font="rm"))
        return None

    return [rewritten(root, change) for root in roots] if radicands else list(roots)


def is_vector_function(node: Node) -> bool:
    r"""Whether a name is softmax, or ``\sigma``, which acts entry by entry or stands for softmax."""
    return isinstance(node, Name) and not node.accents and node.text.lower() in ("softmax", "sigma", "varsigma")


def as_letter(node: Node) -> Node | None:
    """``y_i`` as the letter ``y_i``; None for anything else."""
    match node:
        case Scripted(span, Name(_, text, "" | "it", ()), Name() as sub, None, 0) if len(text) == 1 and (letter := letter_of(sub)):
            return Name(span, f"{text}_{letter}")
    return None


def plain_conditionals(roots: Sequence[Node]) -> list[Node]:
    """The trees with ``P(o \\mid c)`` as a quantity with the indices o and c, where both letters are indices of other symbols."""
    letters = {
        letter
        for root in roots
        for node in walk(root)
        if isinstance(node, Scripted) and isinstance(node.base, Name) and node.sub is not None
        if (letter := letter_of(node.sub)) is not None
    }

    def change(node: Node) -> Node | None:
        if not isinstance(node, Juxtaposed):
            return None
        out: list[Node] = []
        for item in node.items:
            last = out[-1] if out else None
            match item:
                case Group(_, "(", Operator(_, "mid", (Name() as one, Name() as other))) if isinstance(last, Name):
                    if {letter_of(one), letter_of(other)} <= letters:
                        out[-1] = Scripted(last.span, last, Tuple(item.span, (one, other)))
                        continue
            out.append(rewritten(item, change))
        return out[0] if len(out) == 1 else with_parts(node, items=tuple(out))

    return [rewritten(root, change) if Operator in classes(root) else root for root in roots]


def left_out(roots: Sequence[Node], words: Lexicon) -> dict[str, tuple[str, ...]]:
    """For each quantity whose definition leaves out an index of its body the letters left out: ``u = e^{z_i}`` is ``u_i``.

    Of a loss only where the letter stands on one symbol alone, ``L = -\\log p_y``: with two, ``-y_k \\log o_k``, a sum may have been
    forgotten. Of nothing that another formula defines without a free letter: ``L = -\\sum_k y_k \\log p_k``.
    """
    found: dict[str, tuple[str, ...]] = {}
    whole: set[str] = set()
    written: defaultdict[str, set[int]] = defaultdict(set)
    for root in roots:
        for node in walk(root):
            if isinstance(node, (Name, Scripted)) and (occ := occurrence(node, words)) is not None:
                written[occ.key].add(len(occ.written))
    for root in roots:
        if not isinstance(root, Chain) or not isinstance(root.first, (Name, Scripted)) or not root.links:
            continue
        body = root.links[0].right
        head = occurrence(root.first, words)
        if root.links[0].relation not in ("=", ":=", "equiv") or body is None or head is None or head.exponent is not None or head.primes:
            continue
        if head.transposed or isinstance(body, (Name, Number, Words)):
            continue
        if any(isinstance(n, (Derivative, Matrix, Ellipsis)) for n in walk(body)):
            continue
        own = {letter for term in head.written if (letter := letter_of(term))}
        free = {letter: keys for letter, keys in free_letters(body, words).items() if letter not in own}
        if not free:
            whole.add(head.key)
        if not free or len(own) < len(head.written) or max(written[head.key]) > len(head.written) or head.key in free_keys(body, words):
            continue
        if all(len(keys) == 1 for keys in free.values()):
            found.setdefault(head.key, tuple(free))
    return {key: letters for key, letters in found.items() if key not in whole}


def free_keys(node: Node, words: Lexicon) -> set[str]:
    """The keys of all symbols in a tree."""
    return {occ.key for n in walk(node) if isinstance(n, (Name, Scripted)) and (occ := occurrence(n, words)) is not None}


def free_letters(node: Node, words: Lexicon) -> dict[str, set[str]]:
    """The index letters that a tree leaves free, in order, each with the symbols that carry it."""
    found: dict[str, set[str]] = {}
    stack: list[tuple[Node, frozenset[str]]] = [(node, frozenset())]
    while stack:
        top, bound = stack.pop()
        if isinstance(top, Big):
            if top.lower is None:
                return {}  # a Σ without index: what it runs over is not written
            bound = bound | set(bound_letters(top.lower))
            stack.extend((n, bound) for n in (top.body,) if n is not None)
            continue
        if isinstance(top, (Name, Scripted)) and (occ := occurrence(top, words)) is not None:
            for term in occ.written:
                letter = letter_of(term)
                if letter is not None and letter not in bound:
                    found.setdefault(letter, set()).add(occ.key)
            if occ.exponent is not None:
                stack.append((occ.exponent, bound))
            continue
        stack.extend((child, bound) for child in reversed(below(top)))
    return found


def with_left_out(root: Node, table: dict[str, tuple[str, ...]], words: Lexicon) -> Node:
    """The tree with the left-out indices written."""

    def change(node: Node) -> Node | None:
        occ = occurrence(node, words) if isinstance(node, (Name, Scripted)) else None
        if occ is None or occ.key not in table:
            return None
        letters = tuple(Name(node.span, letter) for letter in table[occ.key])
        if isinstance(node, Name):
            return Scripted(node.span, node, letters[0] if len(letters) == 1 else Juxtaposed(node.span, letters))
        assert isinstance(node, Scripted)
        if isinstance(node.sub, Tuple):
            return replace(node, sub=replace(node.sub, items=(*node.sub.items, *letters)))
        before = items_of(node.sub) if node.sub is not None else ()
        every = (*before, *letters)
        return replace(node, sub=every[0] if len(every) == 1 else Juxtaposed(node.span, every))

    return rewritten(root, change)
