"""Quantities of any one sample beside those of the i-th: ``z = wx + b`` and ``\\hat{y} = \\sigma(z)`` where the loss is a sum over
``\\hat{y}^{(i)}``.

What is written without the letter is meant for every sample; here it gets the letter. A letter counts samples if it stands in brackets
above what it counts and a sum binds it, or if a definition is written twice, once without and once with it: ``z = wx + b``, then
``z_i = w x_i + b``. A formula with matrices speaks of all samples at once and is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from verify.meaning.symbols import KNOWN_WORDS, OPEN_FUNCTIONS, TRANSPOSES, base_text, bound_letters, letter_of
from verify.reading.syntax import Big, Chain, Group, Juxtaposed, Name, Node, Scripted, Tuple
from verify.reading.traversal import rewritten, walk

TOTALS = frozenset({"L", "J", "E", "C", "N", "M", "T", "R", "P"})
"""Capitals that are no matrices: losses, and numbers of samples."""


@dataclass(frozen=True)
class Samples:
    """The letter that counts samples, whether it stands above, the quantities of one sample, and the functions of them with the names
    of their arguments."""

    letter: str
    above: bool
    keys: frozenset[str]
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def with_sample_letters(roots: Sequence[Node]) -> list[Node]:
    """The trees with the letter of the sample on every quantity of one sample."""
    found = _counted_above(roots) or _written_twice(roots)
    found = _with_what_is_built(found, roots) if found is not None else None
    if found is None:
        return list(roots)
    if any(_is_of_all(root) and _head(root) in found.keys for root in roots):
        return list(roots)  # the same letter is a vector of all samples, too
    return [root if _is_of_all(root) or _is_function(root, found) else _lettered(root, found) for root in roots]


def _counted_above(roots: Sequence[Node]) -> Samples | None:
    """The quantities with a letter in brackets above that a sum binds; None where there are several letters, or it stands below, too."""
    sums = [n.lower for root in roots for n in walk(root) if isinstance(n, Big) and n.lower is not None]
    bound = {letter for lower in sums for letter in bound_letters(lower)}
    found: dict[str, set[str]] = {}
    for node in (n for root in roots for n in walk(root)):
        if (place := _sample_above(node)) is not None and place[1] in bound - {"l", "L"}:
            found.setdefault(place[1], set()).add(place[0])
    if len(found) != 1:
        return None
    (letter, keys), *_ = found.items()
    for node in (n for root in roots for n in walk(root)):
        match node:
            case Scripted(_, Name() as base, sub) if sub is not None and base_text(base) in keys:
                if any(letter_of(n) == letter for n in walk(sub)):
                    return None
    return Samples(letter, True, frozenset(keys))


def _sample_above(node: Node) -> tuple[str, str] | None:
    """The name and the letter of ``x^{(i)}``."""
    match node:
        case Scripted(_, Name() as base, _, Group(_, "(", Name() as letter), _) if letter_of(letter):
            return base_text(base), letter.text
    return None


def _written_twice(roots: Sequence[Node]) -> Samples | None:
    """The quantities with an index in a definition that also stands there without it: ``z = wx + b``, then ``z_i = w x_i + b``."""
    plain_heads = [root for root in roots if isinstance(root, Chain) and isinstance(root.first, Name)]
    bare = {(_head(root), link.right) for root in plain_heads for link in root.links[:1]}
    for root in roots:
        match root:
            case Chain(_, Scripted(_, Name() as base, sub, None, 0), (link, *_)) if sub is not None and link.right is not None:
                letter = letter_of(sub)
                plain = rewritten(link.right, partial(_without, letter=letter))
                if letter is None or (base_text(base), plain) not in bare:
                    continue
                indexed = {key for other in roots for key in _below(other, letter)}
                names = [n for n in walk(plain) if isinstance(n, Name) and n.text not in KNOWN_WORDS | OPEN_FUNCTIONS | {"e"}]
                if {True, False} == {base_text(n) in indexed for n in names}:  # parameters are the same for every sample
                    return Samples(letter, False, frozenset(indexed))
    return None


def _without(node: Node, letter: str | None = None) -> Node | None:
    """``x`` for ``x_i``."""
    match node:
        case Scripted(_, base, sub, None, 0) if sub is not None and letter_of(sub) == letter:
            return base
    return None


def _below(root: Node, letter: str) -> Iterator[str]:
    """The names that stand with nothing but a letter below them."""
    for node in walk(root):
        if isinstance(node, Scripted) and isinstance(node.base, Name) and node.sub is not None and letter_of(node.sub) == letter:
            yield base_text(node.base)


def _head(root: Node) -> str:
    """The name of what a formula defines without an index, ``z = …`` or ``f(x) = …``; else ""."""
    match root:
        case Chain(_, Name() as name, (link, *_)) if link.relation in ("=", ":=", "equiv"):
            return base_text(name)
        case Chain(_, Juxtaposed(_, (Name() | Scripted() as name, Group())), (link, *_)) if link.relation in ("=", ":=", "equiv"):
            return _called(name)
    return ""


def _called(node: Node) -> str:
    """The name of a function with its tag, ``h`` of ``h_\\theta``; "" for what is no letter or word of the document."""
    name = node.base if isinstance(node, Scripted) and node.sup is None and not node.primes else node
    known = OPEN_FUNCTIONS - {"f"} | KNOWN_WORDS
    return base_text(name) if isinstance(name, Name) and name.text not in known else ""


def _with_what_is_built(found: Samples, roots: Sequence[Node]) -> Samples | None:
    """The quantities of one sample with those that definitions build on them or them on, and the functions of them alone."""
    calls = [call for root in roots for call in _calls(root, found)]
    functions = {key for key, letters, _ in calls if letters == {found.letter}}
    scripted = (n for root in roots for n in walk(root) if isinstance(n, Scripted))
    primed = {base_text(n.base) for n in scripted if n.primes and isinstance(n.base, Name)}
    functions &= {_head(root) for root in roots} - primed
    for key, letters, _ in calls:
        if key in functions and not letters <= {found.letter, ""}:
            return None  # called with something else
    arguments = {key: names for key, _, names in reversed(calls) if key in functions}
    keys = found.keys | functions
    plain = [root for root in roots if isinstance(root, Chain) and isinstance(root.first, Name)]
    built = {_head(root): [n for link in root.links[:1] if link.right is not None for n in walk(link.right)] for root in plain}
    built = {head: parts for head, parts in built.items() if head and not any(isinstance(n, Big) for n in parts)}
    named = {head: {base_text(n) for n in parts if isinstance(n, Name)} for head, parts in built.items()}
    grown: frozenset[str] = frozenset()
    while grown != keys:
        grown = keys
        above = {head for head, names in named.items() if names & keys}
        below = {name for head in keys & named.keys() for name in named[head] & named.keys()}
        keys |= above | below
    return replace(found, keys=keys, functions=arguments)


def _calls(root: Node, found: Samples) -> Iterator[tuple[str, set[str], tuple[str, ...]]]:
    """The functions whose arguments are quantities of one sample, with the letters that these are written with, i or none, and their
    names."""
    for node in walk(root):
        if isinstance(node, Juxtaposed):
            for head, argument in zip(node.items, node.items[1:], strict=False):
                if isinstance(argument, Group) and argument.delimiter == "(" and (key := _called(head)) and key not in found.keys:
                    letters = {_letter(item, found) for item in _arguments(argument)}
                    if None not in letters:
                        yield key, {letter or "" for letter in letters}, _names(argument)


def _arguments(group: Group) -> tuple[Node, ...]:
    return group.body.items if isinstance(group.body, Tuple) else (group.body,)


def _names(group: Group) -> tuple[str, ...]:
    """The names of arguments without their scripts."""
    bases = (node.base if isinstance(node, Scripted) else node for node in _arguments(group))
    return tuple(base_text(base) if isinstance(base, Name) else "" for base in bases)


def _letter(node: Node, found: Samples) -> str | None:
    """The letter of the sample that a quantity is written with, "" where it has none; None for any other node."""
    if isinstance(node, Name) and base_text(node) in found.keys:
        return ""
    if found.above:
        above = _sample_above(node)
        return above[1] if above is not None and above[0] in found.keys else None
    below = isinstance(node, Scripted) and isinstance(node.base, Name) and base_text(node.base) in found.keys
    return letter_of(node.sub) if below and isinstance(node, Scripted) and node.sub is not None else None


def _is_of_all(root: Node) -> bool:
    """Whether a formula has a matrix, a norm or a sum without index: what stands in it without a letter may be all samples at once."""
    for node in walk(root):
        match node:
            case Name(_, text, font) if font == "bf" or (len(text) == 1 and text.isupper() and text not in TOTALS):
                return True
            case Group(_, "||") | Big(_, "sum", None):
                return True
    return False


def _is_function(root: Node, found: Samples) -> bool:
    """Whether a formula defines a function of any argument, ``f(z) = \\tanh z``, whose letter is not the quantity of that name."""
    match root:
        case Chain(_, Juxtaposed(_, (Name() | Scripted() as head, Group() as argument))):
            return _called(head) not in found.functions and any(_letter(a, found) is not None for a in _arguments(argument))
    return False


def _lettered(root: Node, found: Samples) -> Node:
    """The tree with the letter of the sample on the quantities of one sample; calls of their functions lose the arguments."""

    def written(node: Node, base: Name, sub: Node | None, sup: Node | None) -> Node:
        letter = Name(node.span, found.letter)
        if not found.above:
            return Scripted(node.span, base, letter, sup)
        mark = Group(node.span, "(", letter)
        if sup is None:
            return Scripted(node.span, base, sub, mark)
        if isinstance(sup, Name) and sup.text in TRANSPOSES:
            return Scripted(node.span, base, sub, Juxtaposed(node.span, (mark, sup)))
        return Scripted(node.span, Group(node.span, "(", Scripted(node.span, base, sub, mark)), None, sup)

    def change(node: Node) -> Node | None:
        match node:
            case Name() if base_text(node) in found.keys:
                return written(node, node, None, None)
            case Scripted(_, Name() as base, sub, sup, 0) if base_text(base) in found.keys:
                if (found.above and isinstance(sup, (Group, Juxtaposed))) or (not found.above and sub is not None):
                    return node
                return written(node, base, sub, sup)
            case Juxtaposed(_, items):
                out: list[Node] = []
                for item in items:
                    called = _called(out[-1]) if out else ""
                    if isinstance(item, Group) and called in found.functions and found.functions[called] == _names(item):
                        head = out[-1]
                        name, sub = (head.base, head.sub) if isinstance(head, Scripted) else (head, None)
                        assert isinstance(name, Name)
                        out[-1] = written(head, name, sub, None)
                    else:
                        out.append(item)
                done = tuple(rewritten(item, change) for item in out)
                return done[0] if len(done) == 1 else replace(node, items=done)
        return None

    return rewritten(root, change)
