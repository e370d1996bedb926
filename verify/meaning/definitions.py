"""The definitions of a document, found by their form, and the stretches of the document in which each is in force.

A quantity is defined where it first stands alone on the left. It is defined anew where the document says so: by
``f(x, y) = …``, by ``:=`` or a word such as "let", or under a new heading in terms of other quantities. From there on
a new *scope* begins.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from verify.meaning.entries import Naming, lettered, naming, naming_links, namings
from verify.meaning.functions import function_name
from verify.meaning.glyphs import glyph_cost
from verify.meaning.prose_cases import case_in
from verify.meaning.shapes import LOSS_LETTERS
from verify.meaning.symbols import Lexicon, is_function_letter, iteration, keys_in, letter_of, occurrence
from verify.meaning.vocabulary import says
from verify.reading.syntax import (
    Added,
    Big,
    Call,
    Chain,
    Derivative,
    Document,
    Ellipsis,
    Formula,
    Group,
    Juxtaposed,
    Link,
    Matrix,
    Nabla,
    Name,
    Node,
    Noted,
    Number,
    Prose,
    Scripted,
    Span,
    Statement,
    Tuple,
    Unreadable,
    Words,
)
from verify.reading.traversal import walk

SOLVED_WITHIN = 90
"""How far before a formula the words may stand that say that something vanishes there."""
DEFINING = frozenset({"=", ":=", "equiv", "triangleq", "def"})
MARKERS = re.compile(
    r"\b(let|define[sd]?|suppose|consider|assume|now|instead|đặt|gọi|sei|soit|posons|sea|пусть|обозначим)\b|设|令|记|定义",
    re.IGNORECASE,
)


LET = re.compile(r"(\b(let|đặt|gọi|cho|sei|seien|soit|soient|posons|sea|sean|пусть|обозначим)|设|令|记|定义)\s*$", re.IGNORECASE)
"""A word right before a formula that begins afresh."""
ROW = re.compile(r"\\\\|\n")
"""What ends a row of a table."""


@dataclass(frozen=True)
class Line:
    """A statement of the document with its formula, the prose right before it, the number of its section.

    Each row of a table is a section of its own; ``tabled`` is a line that stands in one.
    """

    statement: Statement
    formula: Formula
    before: str
    number: int
    section: int = 0
    tabled: bool = False
    headed: bool = False
    """Whether the prose before it is a heading."""
    case: Chain | None = None
    """The condition on indices that the words right before its formula state in plain letters."""
    goes_on: int | None = None
    """The number of the line with the last side of which this one, which begins with a relation sign, goes on."""


@dataclass(frozen=True)
class Found:
    """A definition as written: key, written indices, the sides that may be its body, parameters of ``f(x) = …``.

    ``names_entries`` marks one that only names the entries of a tuple or matrix, or gives the value at a point: the
    quantity stays a leaf. ``opaque`` is how many of the sides before the body are calls of a function that the line
    itself introduces. ``older`` are definitions of the same key before it, the latest first. ``for_samples`` is a
    loss that the line says to be the sum of its own values for each sample.
    """

    key: str
    written: tuple[Node, ...]
    bodies: tuple[Node, ...]
    parameters: tuple[str, ...]
    line: Line
    names_entries: bool = False
    opaque: int = 0
    older: tuple[Found, ...] = ()
    for_samples: bool = False

    @property
    def derived(self) -> bool:
        """Whether it names a derivative."""
        return is_derived(self.bodies[0])


@dataclass(frozen=True)
class Stretch:
    """From a line on (by number): the definitions in force, one a key."""

    start: int
    definitions: dict[str, Found]
    refinements: tuple[Found, ...] = ()
    disputed: str | None = None
    namings: tuple[Naming, ...] = ()


def lines(document: Document, first: int = 0) -> list[Line]:
    """The statements of a document in order, numbered from ``first``."""
    found: list[Line] = []
    before, section, tabled, headed = "", 0, False, False
    case: Chain | None = None
    for part in document.parts:
        if isinstance(part, Prose):
            if part.kind == "heading" or (part.kind == "table" and ROW.search(part.text)):
                section += 1
            tabled = part.kind == "table"
            if part.kind not in ("code", "comment"):
                before, headed = part.text, part.kind == "heading"
                case = case_in(part.text, part.span.start) or case
            continue
        for statement in part.statements:
            found.append(Line(statement, part, before, first + len(found), section, tabled, headed, case))
        before, case = "", None
    return found


def is_derived(node: Node) -> bool:
    """Whether a side speaks of derivatives."""
    return any(isinstance(n, (Derivative, Nabla)) for n in walk(node))


def is_marked(line: Line) -> bool:
    """Whether a definition marker stands before a line: a word such as "let", or ``:=``."""
    chain = line.statement.content
    if isinstance(chain, Chain) and chain.links and chain.links[0].relation == ":=":
        return True
    return bool(MARKERS.search(line.before[-60:]) or MARKERS.search(line.statement.words))


def head_of(line: Line, words: Lexicon) -> Found | None:
    """The definition that a line could be, by its form, else None."""
    chain = line.statement.content
    if not isinstance(chain, Chain) or chain.first is None or not chain.links:
        return None
    value = chain.links[0].right
    if chain.links[0].relation == "<-" and value is not None and assigns(chain.first, value, words):
        chain = replace(chain, links=(replace(chain.links[0], relation="="), *chain.links[1:]))
    if chain.links[0].relation not in DEFINING:
        return None
    first, right = chain.first, chain.links[0].right
    if first is None or right is None or isinstance(right, (Unreadable, Words)):
        return None
    parameters: tuple[str, ...] = ()
    if isinstance(first, Juxtaposed) and len(first.items) == 2 and isinstance(first.items[1], Group) and first.items[1].delimiter == "(":
        body = first.items[1].body
        parts = body.items if isinstance(body, Tuple) else (body,)
        found = [occurrence(p, words) for p in parts]
        if any(o is None or o.exponent for o in found):
            return None
        if iteration(body) is not None and not is_function_head(first.items[0]):
            return None
        letters = tuple(dict.fromkeys(t for o in found if o is not None for t in o.written))
        first, parameters = first.items[0], tuple(o.key for o in found if o is not None and not o.written)
        if letters and isinstance(first, Name) and all(o is not None and o.written for o in found):
            first = Scripted(first.span, first, letters[0] if len(letters) == 1 else Tuple(first.span, letters))
    if not isinstance(first, (Name, Scripted)) or function_name(first) is not None:
        return None
    letter = letter_of(first)
    if letter is not None and words.is_index(letter) and isinstance(right, (Number, Name)):
        return None
    occ = occurrence(first, words)
    if occ is None or occ.exponent is not None or occ.primes or (occ.transposed and not is_line_vector(occ.key)):
        return None
    bodies = tuple(
        link.right
        for link in chain.links
        if link.relation in DEFINING and link.right is not None and not isinstance(link.right, (Unreadable, Words))
    )
    opaque = 0
    while opaque < len(bodies) - 1 and (
        calls_unknown(bodies[opaque]) or naming(first, bodies[opaque], words) is not None or restates(first, bodies[opaque])
    ):
        opaque += 1
    valued = [body for body in bodies[opaque:] if naming(first, body, words) is None] or list(bodies[opaque:])
    if occ.transposed:
        valued = [Scripted(body.span, Group(body.span, "(", body), None, Name(body.span, "top")) for body in valued]
    names = any(names_entries(body) for body in (valued[0], valued[-1])) and not (opaque and isinstance(valued[0], Matrix))
    for_samples = any(restates(first, body) for body in bodies[:opaque])
    return Found(occ.key, occ.written, tuple(valued), parameters, line, names, opaque, for_samples=for_samples)


def assigns(left: Node, right: Node, words: Lexicon) -> bool:
    r"""Whether ``\leftarrow`` gives a value a name, as in the steps of an algorithm, and does not update a quantity from its old value."""
    keys = set(keys_in(left, words))
    return bool(keys) and not keys & set(keys_in(right, words)) and not is_derived(right)


def is_line_vector(key: str) -> bool:
    r"""Whether a transposed symbol on the left is a vector that is defined lying, ``m^\top = \mathbf{1}^\top X``, by its small letter."""
    letter = key.split("_{", 1)[0].rstrip("}").rsplit("{", 1)[-1]
    return len(letter) == 1 and letter.islower()


def is_solution(found: Found) -> bool:
    """Whether a line solves an equation for a quantity, ``θ = (X^T X)^{-1} X^T y``, rather than defines it."""
    inverses = (n for n in walk(found.bodies[0]) if isinstance(n, Scripted) and isinstance(n.base, Group) and n.base.delimiter in "([")
    return any(isinstance(n.sup, Added) and n.sup.signs == ("-",) and n.sup.terms == (Number(n.span, "1"),) for n in inverses)


def is_update(found: Found, words: Lexicon) -> bool:
    """Whether a line gives a quantity a new value from its old one and a derivative, ``w = w - η ∂L/∂w``, and defines nothing."""
    return found.derived and found.key in keys_in(found.bodies[0], words)


def restates(head: Node, body: Node) -> bool:
    """Whether a side is a sum of the quantity's own values for each sample: ``J(Y) = Σ_i J(y_i) = …``."""
    while isinstance(body, Big) and body.operator == "sum" and body.body is not None:
        body = body.body
        if isinstance(body, Juxtaposed) and len(body.items) == 2 and body.items[0] == head and isinstance(body.items[1], Group):
            return True
    return False


def inner_head(line: Line, words: Lexicon) -> tuple[Found, int] | None:
    """The definition of a side in the middle of a chain whose sides before it name nothing known, with the number of its relation,
    else None.
    """
    chain = line.statement.content
    if not isinstance(chain, Chain):
        return None
    for n, link in enumerate(chain.links[:-1]):
        if isinstance(link.right, Juxtaposed):
            rest = Chain(chain.span, link.right, chain.links[n + 1 :])
            found = head_of(replace(line, statement=replace(line.statement, content=rest)), words)
            if found is not None and found.parameters:
                return replace(found, line=line), n + 1
    return None


def second_head(line: Line, words: Lexicon, heads: frozenset[str]) -> Found | None:
    r"""The definition of the second side of a chain, a symbol that no line begins with: of a in ``\hat{y} = a = \sigma(z)``; else None."""
    chain = line.statement.content
    if not isinstance(chain, Chain) or len(chain.links) < 2 or chain.links[0].relation not in DEFINING:
        return None
    second = chain.links[0].right
    if not isinstance(second, (Name, Scripted)) or ((letter := letter_of(second)) is not None and words.is_index(letter)):
        return None
    rest = Chain(chain.span, second, chain.links[1:])
    found = head_of(replace(line, statement=replace(line.statement, content=rest)), words)
    if found is None or found.key in heads or found.names_entries or found.derived or is_solution(found):
        return None
    return replace(found, line=line)


def named_behind(line: Line, words: Lexicon, known: Iterable[str]) -> Found | None:
    """The definition of a new symbol that stands alone on the right, ``Σ_j e^{f_j} = S``, else None."""
    chain = line.statement.content
    if not isinstance(chain, Chain) or chain.first is None or len(chain.links) != 1 or chain.links[0].relation != "=":
        return None
    right = chain.links[0].right
    occ = occurrence(right, words) if isinstance(right, (Name, Scripted)) else None
    if occ is None or occ.written or occ.exponent is not None or occ.primes or occ.transposed or occ.key in known or letter_of(chain.first):
        return None
    if is_derived(chain.first) or isinstance(chain.first, (Name, Scripted, Unreadable, Words)) or not is_marked(line):
        return None
    return Found(occ.key, (), (chain.first,), (), line)


def named_at_end(line: Line, words: Lexicon, heads: frozenset[str]) -> tuple[Found, int] | None:
    """The name that a chain gives the derivative that it begins with, at its end: ``∂L/∂z = a - y = δ``; with the number of its relation.

    ``heads`` are the keys that the document defines elsewhere.
    """
    chain = line.statement.content
    if not isinstance(chain, Chain) or not isinstance(chain.first, (Derivative, Nabla)) or len(chain.links) < 2:
        return None
    last = chain.links[-1]
    occ = occurrence(last.right, words) if isinstance(last.right, (Name, Scripted)) else None
    if last.relation not in DEFINING or occ is None or occ.exponent is not None or occ.primes or occ.transposed or occ.key in heads:
        return None
    if not occ.key.lstrip("\\").startswith(("delta", "varepsilon", "epsilon", "gamma", "Delta")):
        return None
    return Found(occ.key, occ.written, (chain.first,), (), line), len(chain.links) - 1


def named_under_braces(every: Sequence[Line], words: Lexicon, heads: frozenset[str]) -> dict[int, list[Found]]:
    r"""The names that lines (by number) give their terms: of δ in ``\underbrace{(a - y) a (1 - a)}_{\delta} x``.

    A name is a symbol that another line uses, that no line begins with (``heads``) and that counts nothing.
    """
    found: dict[int, list[Found]] = {}
    named: set[str] = set(heads)
    for line in every:
        for node in walk(line.statement.content):
            link = under_brace(node) if isinstance(node, Noted) else None
            occ = occurrence(link.right, words) if link is not None and isinstance(link.right, (Name, Scripted)) else None
            if occ is None or occ.exponent is not None or occ.primes or occ.transposed or occ.key in named or words.is_index(occ.key):
                continue
            others = [other.statement.content for other in every if other is not line]
            counts = any(isinstance(n, Big) and n.upper is not None and occ.key in keys_in(n.upper, words) for o in others for n in walk(o))
            assert isinstance(node, Noted)
            if not counts and any(occ.key in keys_in(other, words) for other in others):
                named.add(occ.key)
                found.setdefault(line.number, []).append(Found(occ.key, occ.written, (node.body,), (), line))
    return found


def under_brace(node: Noted) -> Link | None:
    """What a brace says that its term is: a relation whose sign is written or, where the note begins with none, stands for the script's."""
    if node.kind not in ("underbrace", "overbrace") or node.note is None:
        return None
    match node.note:
        case Chain(_, None, (Link(_, "=") as link,)):
            return link
    start = node.note.span.start
    return Link(Span(start - 1, start), "=", node.note)


def implied_by_derivative(line: Line, words: Lexicon, heads: frozenset[str]) -> Found | None:
    r"""The definition that a line shows where it puts in what it differentiates: of z in ``\frac{\partial z}{\partial w} =
    \frac{\partial}{\partial w}(w x + b)``, where no line begins with z; else None.
    """
    chain = line.statement.content
    if not isinstance(chain, Chain) or not isinstance(chain.first, Derivative) or chain.first.order != 1:
        return None
    symbol = chain.first.numerator
    occ = occurrence(symbol, words) if isinstance(symbol, (Name, Scripted)) else None
    if occ is None or occ.key in heads or occ.exponent is not None or occ.primes or occ.transposed:
        return None
    if any(glyph_cost(occ.key, key) is not None for key in heads):
        return None  # rather another symbol misread
    for link in chain.links:
        side = link.right
        if not isinstance(side, Derivative) or side.denominators != chain.first.denominators or link.relation != "=":
            continue
        body = side.numerator.body if isinstance(side.numerator, Group) else side.numerator
        if body is not None and not isinstance(body, (Name, Scripted, Number, Words)) and occ.key not in keys_in(body, words):
            return Found(occ.key, occ.written, (body,), (), line)
    return None


def definitions_of(
    line: Line, words: Lexicon, known: frozenset[str], heads: frozenset[str], second: Found | None
) -> Iterator[tuple[Found, frozenset[int]]]:
    """The definitions that a line could be, by its form, each with the numbers of the relations that make it.

    ``known`` are the keys that are defined before it, ``heads`` those that some line begins with.
    """
    found = head_of(line, words) or named_behind(line, words, known)
    if found is not None:
        yield found, frozenset(range(1 + found.opaque))
    elif (ended := named_at_end(line, words, heads)) is not None and ended[0].key not in known:
        yield ended[0], frozenset((ended[1],))
    elif (inner := inner_head(line, words)) is not None and inner[0].key not in known:
        yield inner[0], frozenset(range(inner[1], inner[1] + 1 + inner[0].opaque))
    elif (implied := implied_by_derivative(line, words, heads)) is not None and implied.key not in known:
        yield implied, frozenset()  # what shows it is judged under it
    if second is not None and second.key not in known:
        yield second, frozenset(range(1, 2 + second.opaque))


def calls_unknown(node: Node) -> bool:
    """Whether a side is the call of a function that is none of the known ones: ``\\varsigma(z)_c``."""
    if not (isinstance(node, Juxtaposed) and len(node.items) == 2 and isinstance(node.items[0], (Name, Scripted))):
        return False
    group = node.items[1].base if isinstance(node.items[1], Scripted) else node.items[1]
    return isinstance(group, Group) and group.delimiter == "(" and not is_function_letter(node.items[0])


def is_function_head(node: Node) -> bool:
    """Whether a letter before ``(t)`` rather is a function than an iterate."""
    name = node.base if isinstance(node, Scripted) else node
    return isinstance(name, Name) and name.text in ("f", "g", "h", "sigma", "phi", "varphi", "psi", "p", "q", "L", "J", "E")


def names_entries(node: Node) -> bool:
    """Whether a side is a tuple or matrix of entries, which gives them names and says nothing of their values."""
    match node:
        case Tuple() | Ellipsis() | Number() | Added(_, _, (Number(),)):
            return True
        case Group(_, _, body):
            return names_entries(body)
        case Scripted(_, base, _, _, _):
            return names_entries(base)
        case Matrix(_, rows):
            return all(isinstance(cell, (Name, Scripted, Ellipsis, Words, Number)) for row in rows for cell in row)
    return False


def stretches(every: Iterable[Line], words: Lexicon) -> tuple[list[Stretch], dict[int, frozenset[int]]]:
    """The stretches of a document with the definitions in force in each, and for each line that defines, which of its relations do.

    In a stretch a key means its last definition up to the stretch's end, else the first one after it.
    """
    current: dict[str, Found] = {}
    history: dict[str, list[Found]] = {}
    places: dict[int, frozenset[int]] = {}
    starts: list[tuple[int, str | None]] = [(0, None)]
    refinements: list[Found] = []
    every = list(every)
    heads = frozenset(head.key for line in every if (head := head_of(line, words)) is not None and not head.names_entries)
    seconds = {line.number: second for line in every if (second := second_head(line, words, heads)) is not None}
    braced = named_under_braces(every, words, heads | {second.key for second in seconds.values()})
    listed = namings(((line.number, line.statement.content) for line in every), words, heads)
    words = lettered(words, [one for _, one in reversed(listed)])
    builds: dict[str, set[str]] = {}
    solved = solutions(every, words)
    losses = losses_of_sections(every, words)
    for line in every:
        for head in (head_of(line, words), seconds.get(line.number)) if line.number not in solved else ():
            if head is not None and not head.names_entries and head.key not in builds and not is_update(head, words):
                named = set(keys_in(head.bodies[0], words)) - {"e", head.key}
                if head.key not in reached(named, builds):  # what would go round in a circle is no definition
                    builds[head.key] = named
    hot = any(says("one-hot", line.before) for line in every)
    named_in: defaultdict[int, list[Naming]] = defaultdict(list)
    for number, one in listed:
        named_in[number].append(one)
    sized: dict[str, Naming] = {}
    used: set[str] = set()
    for line in every:
        for one in named_in.get(line.number, ()):
            if one.letter in sized and (sized[one.letter].shape, sized[one.letter].key) != (one.shape, one.key):
                starts.append((line.number, None))  # the entries belong to another quantity or size from here on
            sized[one.letter] = one
        if line.number in solved:
            continue
        under = [(one, frozenset[int]()) for one in braced.get(line.number, ()) if one.key not in current]
        for found, made in [*definitions_of(line, words, frozenset(current), heads, seconds.get(line.number)), *under]:
            if found.key in keys_in(found.bodies[0], words) and not found.names_entries:
                continue
            circular = not found.names_entries and found.key in reached(set(keys_in(found.bodies[0], words)), builds)
            if circular or (is_solution(found) and found.key in used) or (found.key.startswith("\\Delta ") and not found.derived):
                continue  # an update that lost its form, or a step that claims a gradient: not a definition
            earlier = current.get(found.key)
            if earlier is not None and found.for_samples:
                continue  # the same loss, for a batch
            if earlier is not None and not is_model_of_its_own(earlier, found, losses):
                if contradicts(earlier, found, words, builds) and not (hot and drops_only_factors(earlier, found, words)):
                    starts.append((line.number, found.key))
                    current[found.key] = found
                    history.setdefault(found.key, []).append(found)
                    continue
                if not is_redefinition(earlier, found, words, builds):
                    if found.bodies[0] == earlier.bodies[0]:
                        places[line.number] = made  # the same words again
                    elif not (found.parameters or found.derived or found.names_entries or earlier.derived):
                        refinements.append(found)
                    continue
            if earlier is not None:
                starts.append((line.number, None))
            used |= set(keys_in(found.bodies[0], words))
            current[found.key] = found
            history.setdefault(found.key, []).append(found)
            places[line.number] = places.get(line.number, frozenset()) | made
    for line in every:
        if links := naming_links(line.statement.content, words):
            places[line.number] = places.get(line.number, frozenset()) | frozenset(links)
    out = []
    starts = [pair for n, pair in enumerate(starts) if n + 1 == len(starts) or starts[n + 1][0] != pair[0] or pair[1] is not None]
    for (start, disputed), (end, _) in zip(starts, [*starts[1:], (1 << 60, None)], strict=True):
        table = {}
        for key, versions in history.items():
            before = [f for f in versions if f.line.number < end]
            table[key] = replace(before[-1], older=tuple(reversed(before[:-1]))) if before else versions[0]
        more = tuple(f for f in refinements if start <= f.line.number < end)
        last: dict[str, Naming] = {}
        for number, one in listed:
            if number < end or one.letter not in last:
                defined = [f.line.number for f in history.get(one.key, ()) if f.line.number < end and not f.names_entries]
                last[one.letter] = one.resized() if len(defined) > 1 and number < defined[-1] else one
        out.append(Stretch(start, table, more, disputed, tuple(last.values())))
    return out, places


FUNCTION_NAMES = frozenset({"f", "g", "h", "p", "q", "sigma", "phi", "varphi", "psi", "F", "G", "H"})
"""What names a function rather than a quantity: its second formula defines it anew."""


PENALTY_WEIGHTS = frozenset({"\\lambda", "\\alpha", "\\beta", "\\gamma", "\\mu"})
"""What a loss has more than before where a penalty is added to it, which makes it another loss."""


def solutions(every: Iterable[Line], words: Lexicon) -> frozenset[int]:
    """The lines (by number) that demand that a derivative vanishes, or say at what value of a quantity it does: they define nothing.

    Words begin them ("setting this to zero"); from there to the next heading, what was differentiated by before is a solution.
    """
    found: set[int] = set()
    differentiated: set[str] = set()
    section = None
    for line in every:
        content = line.statement.content
        if not line.headed and says("solved", line.before[-SOLVED_WITHIN:]):
            section = line.section
            found.add(line.number)
        head = head_of(line, words)
        if section == line.section and head is not None and head.key in differentiated and not head.derived:
            found.add(line.number)
        for node in walk(content):
            if isinstance(node, Derivative):
                below = (occurrence(d, words) for d in node.denominators if isinstance(d, (Name, Scripted)))
                differentiated |= {occ.key for occ in below if occ is not None}
    return frozenset(found)


def is_redefinition(earlier: Found, found: Found, words: Lexicon, builds: dict[str, set[str]]) -> bool:
    """Whether a second definition of a key replaces the first: said so, or under a new heading in terms of other quantities."""
    if found.bodies[0] == earlier.bodies[0] or found.derived != earlier.derived:
        return False
    if earlier.names_entries or found.names_entries:
        return False
    one, other = (leaves(set(keys_in(f.bodies[0], words)) - {"e"}, builds) for f in (earlier, found))
    if found.key in LOSS_LETTERS and one < other and other - one <= PENALTY_WEIGHTS:
        return True
    if found.parameters and earlier.parameters:
        again = found.parameters == earlier.parameters and found.line.section == earlier.line.section and not is_marked(found.line)
        return not again or found.key.lstrip("\\") in FUNCTION_NAMES
    if found.line.section != earlier.line.section and ((found.line.tabled and earlier.line.tabled) or LET.search(found.line.before)):
        return True
    others = one != other
    return others and (found.line.section != earlier.line.section or is_marked(found.line))


def losses_of_sections(every: Iterable[Line], words: Lexicon) -> dict[int, tuple[Node, ...]]:
    """For each section that defines a loss the right side of its first definition."""
    found: dict[int, tuple[Node, ...]] = {}
    for line in every:
        head = head_of(line, words)
        if head is not None and head.key in LOSS_LETTERS and not head.derived and not head.names_entries:
            found.setdefault(line.section, head.bodies[:1])
    return found


def is_model_of_its_own(earlier: Found, found: Found, losses: dict[int, tuple[Node, ...]]) -> bool:
    r"""Whether a second definition begins another model: under another heading, which gives a loss of its own, with another known function
    than the first: ``\hat{y} = \sigma(Xw)`` after ``\hat{y} = Xw``.
    """
    one, other = losses.get(earlier.line.section), losses.get(found.line.section)
    if found.line.section == earlier.line.section or one is None or other is None or one == other:
        return False
    if any(f.derived or f.names_entries for f in (earlier, found)):
        return False
    return functions_in(earlier.bodies[0]) != functions_in(found.bodies[0])


def functions_in(node: Node) -> frozenset[str]:
    """The functions that a side applies, by their names."""
    found: set[str] = set()
    for part in walk(node):
        match part:
            case Call(_, Name(_, text), _, _):
                found.add(text.lower())
            case Juxtaposed(_, items):
                called = (a for a, b in pairwise(items) if isinstance(b, Group) and is_function_letter(a))
                found |= {a.text.lower() for a in called if isinstance(a, Name)}
    return frozenset(found)


def leaves(keys: set[str], builds: dict[str, set[str]]) -> set[str]:
    """The quantities that a set of them is built on in the end; ``builds`` maps what is defined anywhere to what its definition names."""
    return {key for key in reached(keys, builds) if key not in builds}


def reached(keys: set[str], builds: dict[str, set[str]]) -> set[str]:
    """The quantities that a set of them is built on, directly or not, themselves among them."""
    seen: set[str] = set()
    stack = list(keys)
    while stack:
        key = stack.pop()
        if key not in seen:
            seen.add(key)
            stack.extend(builds.get(key, ()))
    return seen


def contradicts(earlier: Found, found: Found, words: Lexicon, builds: dict[str, set[str]]) -> bool:
    """Whether a second definition, without a word and in the same section, builds the quantity on other leaves than the first one did."""
    if is_redefinition(earlier, found, words, builds) or found.derived or earlier.derived or found.names_entries or earlier.names_entries:
        return False
    if found.parameters or (earlier.parameters and found.key not in LOSS_LETTERS) or found.line.formula is earlier.line.formula:
        return False
    one, other = (leaves(set(keys_in(f.bodies[0], words)) - {"e"}, builds) for f in (earlier, found))
    if found.key in LOSS_LETTERS and len(other - one) > 1:
        return True  # no loss of the first quantities is one of several others, too
    return (
        bool(one - other)
        and (bool(other - one) or len(other) < len(one))
        and not any(isinstance(n, Derivative) for n in walk(found.bodies[0]))
    )


def drops_only_factors(earlier: Found, found: Found, words: Lexicon) -> bool:
    r"""Whether a second formula has nothing that the first one lacks, and a logarithm as that one: ``-\log p_c`` of
    ``-\sum_k y_k \log p_k``, which is the same where y is one-hot.
    """
    one, other = (set(keys_in(f.bodies[0], words)) for f in (earlier, found))
    return {key.split("_{")[0] for key in other} <= {key.split("_{")[0] for key in one} and any(key in ("log", "ln") for key in other & one)
