"""What a symbol of a document is: its key, its written indices, what its superscript means; and which symbols look alike.

A *key* names a quantity of the document in its own notation: ``w_{h1}``, ``\\hat{y}``, ``\\mathcal{L}``. Scripts that are indices,
powers, transposes or iteration marks are not part of it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from verify.reading.syntax import (
    Added,
    Big,
    Chain,
    Derivative,
    Differential,
    Ellipsis,
    Group,
    Juxtaposed,
    Link,
    Nabla,
    Name,
    Node,
    Noted,
    Number,
    Operator,
    Scripted,
    Span,
    Tuple,
    Words,
)
from verify.reading.traversal import below, rewritten, walk

USUAL_INDICES = frozenset("ijklmnpqrsuv")
GREEK = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "varepsilon",
        "zeta",
        "eta",
        "theta",
        "vartheta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "pi",
        "rho",
        "varrho",
        "sigma",
        "varsigma",
        "tau",
        "upsilon",
        "phi",
        "varphi",
        "chi",
        "psi",
        "omega",
        "Gamma",
        "Delta",
        "Theta",
        "Lambda",
        "Xi",
        "Pi",
        "Sigma",
        "Upsilon",
        "Phi",
        "Psi",
        "Omega",
        "ell",
        "hbar",
        "imath",
        "jmath",
        "nabla",
        "infty",
        "partial",
    ]
)
ROW, COLUMN = "ı", "ȷ"
"""Letters that no document uses, for the rows and the columns of a matrix with dots."""
PROBABILITIES = frozenset({"P", "p", "q", "Q"})
TRANSPOSES = frozenset({"top", "intercal", "T", "t", "transpose"})


@dataclass(frozen=True)
class Occurrence:
    """A symbol as it stands at one place: its key, written index terms in order, exponent, transpose, primes."""

    key: str
    written: tuple[Node, ...] = ()
    exponent: Node | None = None
    transposed: bool = False
    primes: int = 0


@dataclass(frozen=True)
class Entries:
    """The quantity whose entries a letter names, ``W`` of ``w_{12}``, and for each index whether it counts along an axis (a single row has
    none).
    """

    key: str
    counts: tuple[bool, ...]


@dataclass(frozen=True)
class Lexicon:
    """How the document uses its letters: which are indices, which subscripts are tags, which superscripts are layers."""

    indices: frozenset[str]
    bound: frozenset[str]
    layered: frozenset[str]
    merged: Mapping[str, str] = field(default_factory=dict)
    """A bold letter and the same letter in plain, where the one is only written without and the other only with an index."""
    seen: dict[int, tuple[Node, Occurrence | None]] = field(init=False, default_factory=dict, repr=False, compare=False)
    """What nodes were found to stand for, by their identity: a candidate for a repair shares all but one of its nodes with the line."""
    entries: Mapping[str, Entries] = field(default_factory=dict)
    """The letters that a matrix or vector written out names entries by."""
    paired: frozenset[str] = frozenset()
    """The quantities of which the document writes entries with two index letters, ``A_{ij}``: ``A_{12}`` is one, too."""
    slices: Mapping[str, str] = field(default_factory=dict)
    """The letters that with one index name rows or columns of a matrix, and with two its entries, each with the matrix."""

    def is_index(self, letter: str) -> bool:
        """Whether a lone letter in a subscript is an index."""
        return letter in self.indices

    def is_entry(self, occ: Occurrence) -> bool:
        """Whether a symbol stands with all the indices that the entries of its quantity have where it is written out."""
        return any(found.key == occ.key and sum(found.counts) == len(occ.written) > 0 for found in self.entries.values())


def base_text(name: Name) -> str:
    r"""The name in LaTeX with its font and accents: ``w``, ``\hat{y}``, ``\mathcal{L}``, ``\text{ReLU}``."""
    text = f"\\{name.text}" if name.text in GREEK else name.text
    if name.font:
        text = f"\\{'math' if name.font != 'text' else ''}{name.font}{{{text}}}"
    for accent in name.accents:
        text = f"\\Delta {text}" if accent == "Delta" else f"\\{accent}{{{text}}}"
    return text


def script_text(node: Node | None) -> str:
    """A subscript as compact text, inner scripts flattened: ``h1`` for ``h1``, ``h_1`` and ``\\text{h1}``; "" for none or one that is
    no tag.
    """
    match node:
        case None:
            return ""
        case Name(_, text):
            return text
        case Number(_, text):
            return text
        case Words(_, text):
            return text.strip()
        case Juxtaposed(_, items) | Tuple(_, items):
            return "".join(script_text(i) for i in items)
        case Scripted(_, base, sub, sup, _):
            return script_text(base) + script_text(sub) + script_text(sup)
        case Group(_, _, body):
            return script_text(body)
        case Added(_, signs, terms):
            return "".join((s if k or s != "+" else "") + script_text(t) for k, (s, t) in enumerate(zip(signs, terms, strict=True)))
    return ""


def letter_of(node: Node) -> str | None:
    """The text of a plain one-letter name (``K``, ``\\ell``, ``y_i`` where that is an index), else None."""
    if isinstance(node, Name) and not node.accents:
        is_entry = node.text[1:2] == "_" and not node.font
        return node.text if len(node.text) == 1 or node.text == "ell" or is_entry else None
    return None


def subscript_letter(node: Node) -> str | None:
    r"""The letter of a subscript's item that may be an index; upright ones, ``\text{i}``, are tags."""
    return None if isinstance(node, Name) and node.font in ("text", "rm") else letter_of(node)


def lexicon(roots: Iterable[Node]) -> Lexicon:
    """How the formulas of a document use letters.

    A letter is an index if a big operator binds it, if a condition compares it with another index letter, or if it is one of the usual ones
    and stands as a subscript without naming a quantity of its own. What has a shape is compared as a quantity.
    Superscripts are layers for a base that is also written with ``1`` or a letter there.
    """
    bound: set[str] = set()
    compared: set[str] = set()
    quantities: Counter[str] = Counter()
    subscripts: defaultdict[str, set[str]] = defaultdict(set)
    carriers: defaultdict[str, set[str]] = defaultdict(set)
    numbered: set[str] = set()
    superscripts: defaultdict[str, set[str]] = defaultdict(set)
    alone: defaultdict[str, set[str]] = defaultdict(set)
    tags: set[str] = set()
    heads: set[str] = set()
    pairs: set[str] = set()
    shaped: set[str] = set()
    roots = list(roots)
    listed: list[Node] = []
    for root in roots:
        events = {id(part) for n in walk(root) if isinstance(n, Operator) and n.text == "mid" for part in n.operands}
        for node in walk(root):
            match node:
                case Big(_, "sum" | "prod" | "max" | "min" | "argmax" | "argmin", lower, _, _) if lower is not None:
                    bound.update(bound_letters(lower))
                case Scripted(_, Name() as base, sub, sup, _):
                    if isinstance(sub, Tuple) and base.text in PROBABILITIES and all(letter_of(i) for i in sub.items):
                        pairs.update(letter_of(i) or "" for i in sub.items)
                    if sub is not None:
                        if any(isinstance(n, (Number, Ellipsis)) for n in walk(sub)):
                            numbered.add(base_text(base))
                        if (letter := subscript_letter(sub)) is not None:
                            alone[letter].add(base.text)
                        for item in items_of(sub) if not (layer_word(sub) or any(isinstance(n, Ellipsis) for n in walk(sub))) else ():
                            if (letter := subscript_letter(item)) is not None:
                                subscripts[letter].add(base.text)
                                carriers[letter].add(base_text(base))
                        if isinstance(sub, Juxtaposed) and isinstance(sub.items[1], Number) and (letter := letter_of(sub.items[0])):
                            tags.add(letter)  # the h of w_{h11}
                    if isinstance(sup, (Number, Name, Group)):
                        superscripts[base_text(base)].add(script_text(sup))
                case Chain(_, first, links) if (
                    first is not None and letter_of(first) and all(link.right and letter_of(link.right) for link in links)
                ):
                    if id(node) not in events and all(link.relation in ("=", "!=") for link in links):
                        compared.update(letter_of(n) or "" for n in (first, *(link.right for link in links if link.right)))
        if isinstance(root, Chain) and root.first is not None:
            heads.update(headed(root))
            if any(states_shape(link) for link in root.links):
                own = root.first.items if isinstance(root.first, Tuple) else (root.first,)
                shaped.update(letter_of(n) or "" for n in (*listed, *own))
            for occurrence in (root.first, *(_derived(root.first))):
                name = occurrence.base if isinstance(occurrence, Scripted) else occurrence
                if isinstance(name, Name):
                    quantities[name.text] += 1
        listed = [*listed, root] if isinstance(root, Name) else []
    indices = set(bound)
    usual = USUAL_INDICES - shaped
    indices.update(c for c in compared if c in bound or c.lower() in bound or c in usual or c in subscripts)
    for letter, bases in subscripts.items():
        if letter in heads and letter not in bound:
            continue  # a quantity of its own: the i of an input gate i_t
        if (
            letter in USUAL_INDICES
            or "_" in letter
            or (letter == "t" and len(bases) > 1)
            or (letter in "cdgf" and len(bases) > 1 and letter not in quantities)
        ):
            indices.add(letter)
    for letter in list(alone):
        beside = {chr(ord(letter) - 1), chr(ord(letter) + 1)} & indices if len(letter) == 1 else set()
        if letter in tags or letter in quantities:
            continue
        if any(alone[letter] & subscripts[other] for other in beside if other in bound):
            indices.add(letter)  # w_e beside w_d
        if letter in pairs and any(alone[letter] & subscripts[other] for other in bound):
            indices.add(letter)  # the o of P(o|c), beside u_o and a sum over u_w
    indices |= pairs if pairs & indices else set()
    uppers = (big.upper for root in roots for big in walk(root) if isinstance(big, Big) and big.upper is not None)
    ends = {n.text for upper in uppers for n in walk(upper) if isinstance(n, Name)}
    indices -= widths_of_names(carriers, bound | compared | pairs | ends, numbered)
    layered = {base for base, sups in superscripts.items() if base and ("1" in sups or sups & {"l", "L", "ell", "l-1", "l+1", "h"})}
    words = Lexicon(frozenset(indices | {ROW, COLUMN}), frozenset(bound), frozenset(layered))
    return replace(words, merged=_merged(roots, words), paired=frozenset(_paired(roots, words)))


def widths_of_names(carriers: Mapping[str, set[str]], counting: set[str], numbered: set[str]) -> set[str]:
    r"""The letters that are the tags of a single name, ``k`` and ``v`` of ``d_k`` and ``d_v``: that name alone carries them, and neither
    they nor any other letter below it count anything; names that also have numbers below them are out.
    """
    below: defaultdict[str, set[str]] = defaultdict(set)
    for letter, names in carriers.items():
        for name in names:
            below[name].add(letter)
    lone = {letter: next(iter(names)) for letter, names in carriers.items() if len(names) == 1 and letter not in counting}
    return {letter for letter, name in lone.items() if below[name] <= lone.keys() and name not in numbered}


def _paired(roots: Iterable[Node], words: Lexicon) -> Iterator[str]:
    """The names of what is written with two index letters and nothing else below it, and with no superscript."""
    for root in roots:
        for node in walk(root):
            match node:
                case Scripted(_, Name() as base, Juxtaposed(_, (one, other)) | Tuple(_, (one, other)), None, _):
                    if all((letter := letter_of(part)) is not None and words.is_index(letter) for part in (one, other)):
                        yield base_text(base)


def _two_numbers(sub: Node) -> tuple[Node, ...]:
    """The two positions of ``12``, ``1,2`` or ``1 2``; none where a subscript is not two of one digit."""
    match sub:
        case Number(span, text) if len(text) == 2 and text.isdigit():
            return (Number(Span(span.start, span.start + 1), text[0]), Number(Span(span.start + 1, span.end), text[1]))
        case Tuple(_, (Number(_, one), Number(_, other)) as pair) | Juxtaposed(_, (Number(_, one), Number(_, other)) as pair):
            return pair if len(one) == len(other) == 1 else ()
    return ()


def plain_deltas(roots: Sequence[Node]) -> list[Node]:
    r"""The formulas with ``\Delta X`` as a product, not a step of X, where the document gives ``\Delta`` alone a value."""
    heads = [root.first for root in roots if isinstance(root, Chain) and root.links]
    if not any(isinstance(head, Name) and head.text == "Delta" and not head.accents for head in heads):
        return list(roots)

    def change(node: Node) -> Node | None:
        name = node.base if isinstance(node, Scripted) else node
        if not isinstance(name, Name) or name.accents[-1:] != ("Delta",):
            return None
        plain = replace(name, accents=name.accents[:-1])
        step = Name(Span(node.span.start, node.span.start + len("\\Delta")), "Delta")
        return Juxtaposed(node.span, (step, replace(node, base=plain) if isinstance(node, Scripted) else plain))

    return [rewritten(root, change) for root in roots]


def states_shape(link: Link) -> bool:
    r"""Whether a relation says of which shape something is: ``\in \mathbb{R}^n``, also without an exponent."""
    base = link.right.base if isinstance(link.right, Scripted) else link.right
    return link.relation == "in" and isinstance(base, Name) and base.text == "R"


def headed(root: Chain) -> Iterator[str]:
    """The letter of a quantity that a chain defines with a script: i of ``i_t = …``."""
    match root.first:
        case Scripted(_, Name(_, text, _, ()), sub, _, _) if sub is not None and len(text) == 1 and root.links:
            if root.links[0].relation in ("=", ":=", "equiv") and not isinstance(root.links[0].right, (Number, Name)):
                yield text


def _merged(roots: list[Node], words: Lexicon) -> dict[str, str]:
    bare: set[tuple[str, str]] = set()
    indexed: set[tuple[str, str]] = set()
    for root in roots:
        seen: set[int] = set()
        for node in walk(root):
            match node:
                case Scripted(_, Name(_, text, font, ()) as base, sub, _, _) if sub is not None:
                    seen.add(id(base))
                    tag, written = _split_subscript(base, sub, words)
                    if written and not tag:
                        indexed.add((font, text))
                    elif tag:
                        bare.add((font, text))
                case Name(_, text, font, ()) if id(node) not in seen:
                    bare.add((font, text))
    found: dict[str, str] = {}
    for font, text in bare - indexed:
        if font == "bf" and ("", text) in indexed and ("", text) not in bare and len(text) == 1:
            found[f"\\mathbf{{{text}}}"] = text
    return found


def _derived(node: Node) -> Iterator[Node]:
    match node:
        case Derivative(_, numerator, denominators):
            if numerator is not None:
                yield numerator
            yield from denominators
        case Nabla(_, wrt, _, body):
            yield from (n for n in (wrt, body) if n is not None)
        case Differential(_, body) if body is not None:
            yield body


def items_of(node: Node) -> tuple[Node, ...]:
    """The items of a comma list or a juxtaposition; a lone node is its own item."""
    return node.items if isinstance(node, (Tuple, Juxtaposed)) else (node,)


def bound_letters(lower: Node) -> Iterator[str]:
    r"""The letters that a lower bound introduces: ``i`` of ``i``, ``i=1``, ``i \in S``, ``i=1, i \neq K``, ``i,j``, ``ij``."""
    for item in lower.items if isinstance(lower, Tuple) else (lower,):
        head = item.first if isinstance(item, Chain) else item
        if head is not None and isinstance(head, Tuple):
            yield from (letter for part in head.items if (letter := letter_of(part)))
        elif isinstance(head, Juxtaposed) and all(letter_of(part) for part in head.items):
            yield from (letter_of(part) or "" for part in head.items)
        elif head is not None and (letter := letter_of(head)):
            yield letter


def occurrence(node: Node, words: Lexicon) -> Occurrence | None:
    """The symbol that a Name or Scripted node stands for, or None where its base is not a plain name."""
    if id(node) not in words.seen:
        words.seen[id(node)] = node, _occurrence(node, words)
    return words.seen[id(node)][1]


def _occurrence(node: Node, words: Lexicon) -> Occurrence | None:
    match node:
        case Name():
            key = base_text(node)
            return Occurrence(words.merged.get(key, key))
        case Scripted(_, Name() as base, sub, sup, primes):
            tag, written = _split_subscript(base, sub, words)
            key = base_text(base)
            key = words.merged.get(key, key)
            layer, exponent, transposed, more = _superscript(key, sup, words)
            written += more
            if words.entries and (entry := _entry(key, sub, layer, words)) is not None:
                return Occurrence(entry[0], entry[1] + more, exponent, transposed, primes)
            if tag:
                key += f"_{{{tag}}}"
            if layer:
                key += f"^{{{layer}}}"
            if written:
                key = words.slices.get(key, key)
            return Occurrence(key, written, exponent, transposed, primes)
    return None


def _entry(key: str, sub: Node | None, layer: str, words: Lexicon) -> tuple[str, tuple[Node, ...]] | None:
    """The quantity that a letter with a subscript names an entry of, and the indices along its axes; None where it names none."""
    for items in (places_of(sub), [digit for item in places_of(sub) for digit in digits_of(item)]):
        for count in (2, 1):
            if len(items) < count:
                continue
            tag = "".join(script_text(item) for item in items[:-count])
            found = words.entries.get(key + (f"_{{{tag}}}" if tag else "") + (f"^{{{layer}}}" if layer else ""))
            places = items[-count:]
            if found is not None and len(found.counts) == count and all(_is_place(place, words) for place in places):
                return found.key, tuple(place for place, counts in zip(places, found.counts, strict=True) if counts)
            if found is not None and found.counts == (True, True) and count == 1 and _is_letter_place(places[0], words):
                return found.key, tuple(places)  # a row or a column
    return None


def places_of(sub: Node | None) -> list[Node]:
    """The items of a subscript in order, without commas and brackets."""
    match sub:
        case None:
            return []
        case Group(_, _, body):
            return places_of(body)
        case Tuple(_, items) | Juxtaposed(_, items):
            return [place for item in items for place in places_of(item)]
    return [sub]


def digits_of(node: Node) -> list[Node]:
    """The digits of a number that stands for several places, ``11`` for ``1,1``; any other node alone."""
    return [Number(node.span, digit) for digit in node.text] if isinstance(node, Number) and node.text.isdigit() else [node]


def _is_letter_place(node: Node, words: Lexicon) -> bool:
    return (letter := letter_of(node)) is not None and words.is_index(letter)


def _is_place(node: Node, words: Lexicon) -> bool:
    return isinstance(node, (Number, Added)) or ((letter := letter_of(node)) is not None and words.is_index(letter))


LAYERS = frozenset({"out", "hid", "prev", "next", "new", "old", "true", "pred", "rec", "tot", "avg"})
"""Words that name a layer, a unit or a version below a symbol, though some of their letters are usual indices."""


def layer_word(sub: Node | None) -> bool:
    """Whether a subscript is a word such as ``out``, written without ``\\text``."""
    return isinstance(sub, Juxtaposed) and all(map(letter_of, sub.items)) and script_text(sub) in LAYERS


def _split_subscript(base: Name, sub: Node | None, words: Lexicon) -> tuple[str, tuple[Node, ...]]:
    """A subscript's tag and its index terms: ``h1`` | ``ij`` | ``h1,0`` | ``oi`` (a tag of one letter before indices)."""
    if sub is None:
        return "", ()
    if base_text(base) in words.paired and (places := _two_numbers(sub)):
        return "", places
    if isinstance(sub, Tuple):
        tag, first = _split_subscript(base, sub.items[0], words)
        rest = (part for item in sub.items[1:] for part in _index_letters(item, words))
        return tag, (*first, *rest)
    if isinstance(sub, Group) and sub.delimiter in "([":
        return _split_subscript(base, sub.body, words)
    if isinstance(sub, Added):
        return ("", (sub,)) if any((c := letter_of(t)) and words.is_index(c) for t in sub.terms) else (script_text(sub), ())
    if isinstance(sub, Scripted) and any((c := letter_of(n)) and words.is_index(c) for n in (sub.base, sub.sub) if n is not None):
        return "", (sub,)  # an index that is itself an entry: p_{y_i}
    if layer_word(sub):
        return script_text(sub), ()
    items = sub.items if isinstance(sub, Juxtaposed) else (sub,)
    k = len(items)
    while k > 0 and (letter := subscript_letter(items[k - 1])) is not None and words.is_index(letter):
        k -= 1
    tag_items = items[:k]
    tag = "".join(script_text(i) for i in tag_items)
    if k < len(items) and len(tag) > 1 and not any(ch.isdigit() for ch in tag):
        return script_text(sub), ()  # a word such as "rec", not letters that happen to end in an index
    return tag, tuple(items[k:])


def _index_letters(item: Node, words: Lexicon) -> tuple[Node, ...]:
    """The indices of an item of a comma list: ``jk`` of ``o,jk`` are two if both letters are indices."""
    if isinstance(item, Juxtaposed) and all((c := letter_of(part)) is not None and words.is_index(c) for part in item.items):
        return item.items
    return (item,)


def _superscript(key: str, sup: Node | None, words: Lexicon) -> tuple[str, Node | None, bool, tuple[Node, ...]]:
    """(layer tag, exponent, transposed, sample indices) of a superscript."""
    match sup:
        case None:
            return "", None, False, ()
        case Name(_, text) if text in TRANSPOSES and not (text == "t" and words.is_index("t")):
            return "", None, True, ()
        case Name(_, "prime"):
            return "", None, False, ()
        case Name(_, ("ast" | "star" | "dagger")):
            return "*", None, False, ()
        case Group(_, delimiter, body) if delimiter in ("(", "["):
            letter = letter_of(body)
            if letter is not None and letter in words.bound and letter not in ("l", "L"):
                return "", None, False, (body,)
            return f"({script_text(body)})", None, False, ()
        case Juxtaposed(_, items) if len(items) >= 2:
            layer, transposed = "", False
            more: tuple[Node, ...] = ()
            for item in items:
                l2, e2, t2, m2 = _superscript(key, item, words)
                if e2 is not None or (t2 and transposed):
                    return "", sup, False, ()
                layer, transposed, more = layer + l2, transposed or t2, more + m2
            return layer, None, transposed, more
        case Number(_, text) if key in words.layered:
            return text, None, False, ()
        case Name(_, text) if key in words.layered and (text in ("l", "L", "ell", "h")):
            return text, None, False, ()
        case Words(_, text) | Name(_, text, "text" | "rm", _):
            return text.strip(), None, False, ()
    return "", sup, False, ()


def iteration(node: Node) -> str | None:
    """``now`` for ``t``, ``next`` for ``t+1``, else None."""
    match node:
        case Name(_, text) if text in ("t", "k", "n", "i", "s", "tau"):
            return "now"
        case Added(_, ("+", "+"), (Name(_, text), Number(_, "1"))) if text in ("t", "k", "n", "i", "s", "tau"):
            return "next"
    return None


OPEN_FUNCTIONS = frozenset({"sigma", "f", "g", "phi", "varphi", "psi", "F", "G"})
KNOWN_WORDS = frozenset(
    [
        "relu",
        "sigmoid",
        "softmax",
        "tanh",
        "exp",
        "log",
        "ln",
        "logistic",
        "softplus",
        "max",
        "min",
        "sin",
        "cos",
        "erf",
        "sign",
        "sgn",
        "step",
        "heaviside",
        "abs",
        "sqrt",
        "swish",
        "silu",
        "tr",
        "diag",
        "vec",
    ]
)


def is_function_letter(node: Node) -> bool:
    """Whether a name before a group is a function: a known word, or a letter that stands for one."""
    name = node.base if isinstance(node, Scripted) else node
    if not isinstance(name, Name) or name.accents:
        return False
    return name.text in OPEN_FUNCTIONS or name.text.lower() in KNOWN_WORDS or (name.font == "text" and len(name.text) > 1)


_NUMBERED = re.compile(r"(.*)_\{([1-9]+)\}(\^\{.*\})?")


def numbered_entry(key: str, slots: Mapping[str, tuple[str, ...]]) -> tuple[str, tuple[int, ...]] | None:
    """The vector or matrix of which an undeclared key with a number is an entry, ``a_2`` of ``a`` and ``w_{12}`` of ``W``;
    with its places, counted from 0.
    """
    found = _NUMBERED.fullmatch(key) if key not in slots else None
    if found is None:
        return None
    stem, digits, layer = found.groups(default="")
    for base in (stem + layer, stem[:1].upper() + stem[1:] + layer if len(digits) == 2 else ""):
        if base and len(slots.get(base, ())) == len(digits):
            return base, tuple(int(digit) - 1 for digit in digits)
    return None


def is_ones(node: Node) -> bool:
    r"""Whether a node is a vector or matrix of ones: ``\\mathbf{1}``, ``\\mathbf{1}_{n}``, ``\\vec{1}^T``."""
    name = node.base if isinstance(node, Scripted) and not isinstance(node.sub, Chain) else node
    return isinstance(name, Name) and name.text == "1" and (name.font in ("bf", "bb") or name.accents == ("vec",))


def is_identity(node: Node) -> bool:
    r"""Whether a node may be an identity matrix: ``I``, ``\\mathbf{I}``, ``I_n``."""
    name = node.base if isinstance(node, Scripted) and node.primes == 0 else node
    return isinstance(name, Name) and name.text == "I" and name.font in ("", "bf") and not name.accents


def axes_of_ones(node: Node) -> tuple[bool, bool]:
    """Whether a vector or matrix of ones has more than one row, and more than one column."""
    places = places_of(node.sub) if isinstance(node, Scripted) else []
    many = [script_text(p) != "1" for p in places] if len(places) == 2 else [True, False]
    sup = node.sup if isinstance(node, Scripted) else None
    turned = isinstance(sup, Name) and sup.text in TRANSPOSES
    return (many[1], many[0]) if turned else (many[0], many[1])


def keys_in(node: Node, words: Lexicon, calls: bool = False) -> Iterator[str]:
    """The keys of the symbols in a tree; letters inside scripts and time marks do not count, functions only with ``calls``."""
    return (occ.key for occ in occurrences_in(node, words, calls))


def occurrences_in(node: Node, words: Lexicon, calls: bool = False) -> Iterator[Occurrence]:
    """The symbols in a tree, as ``keys_in`` counts them."""
    stack = [node]
    while stack:
        top = stack.pop()
        occ = occurrence(top, words) if isinstance(top, (Name, Scripted)) else None
        if occ is not None:
            if occ.key != "e" or occ.exponent is None or occ.written or isinstance(occ.exponent, Number):
                yield occ
            if occ.exponent is not None:
                stack.append(occ.exponent)
            continue
        if isinstance(top, Scripted):
            stack.extend(n for n in (top.base, top.sup) if n is not None)
            continue
        if isinstance(top, Juxtaposed):
            items = list(top.items)
            for n, item in enumerate(items):
                called = n + 1 < len(items) and isinstance(items[n + 1], Group)
                called_by = items[n - 1] if n else None
                if isinstance(item, Group) and isinstance(called_by, Name) and "." in called_by.text:
                    stack.append(items_of(item.body)[0])  # what follows in np.sum(Z, axis=0) are options
                    continue
                if n and isinstance(item, Group) and iteration(item.body) and isinstance(items[n - 1], (Name, Scripted)):
                    continue
                if called and not calls and is_function_letter(item):
                    continue
                stack.append(item)
            continue
        stack.extend(c for c in below(top) if not _is_bound_part(top, c))


def _is_bound_part(parent: Node, child: Node) -> bool:
    return (isinstance(parent, Big) and child in (parent.lower, parent.upper)) or (isinstance(parent, Noted) and child is parent.note)


def symbol_node(key: str, span: Span) -> Node:
    """A syntax node for a key such as ``w_{h1}``, at a span."""
    stem, _, tag = key.partition("_{")
    name = Name(span, stem.lstrip("\\")) if "{" not in stem else _accented(stem, span)
    if not tag:
        return name
    return Scripted(span, name, sub=_tag(tag.rstrip("}"), span))


def _accented(stem: str, span: Span) -> Name:
    accents: list[str] = []
    font = ""
    while stem.startswith("\\") and "{" in stem:
        command, _, rest = stem[1:].partition("{")
        if command.startswith("math") or command == "text":
            font = command.removeprefix("math")
        else:
            accents.insert(0, command)
        stem = rest.removesuffix("}")
    return Name(span, stem.lstrip("\\"), font, tuple(accents))


def _tag(text: str, span: Span) -> Node:
    items: list[Node] = [Number(span, ch) if ch.isdigit() else Name(span, ch) for ch in text]
    return items[0] if len(items) == 1 else Juxtaposed(span, tuple(items))
