"""From a document to the network that it declares: definitions found, axes inferred, misreadings resolved, bodies elaborated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from verify.kernel import expr as k
from verify.kernel.calculus import resolve
from verify.kernel.expr import Index
from verify.kernel.program import Definition, Program, SumsToOne
from verify.meaning.axes import AxisVariables, Defining, infer
from verify.meaning.elaborate import Clash, Elaborator, Surroundings, Unread, function_name, implicit
from verify.meaning.matrices import MatrixElaborator, is_matrix_notation
from verify.meaning.network import Network
from verify.meaning.shapes import UNIT, Shapes, infer_shapes, is_matrix_definition
from verify.meaning.symbols import Lexicon, iteration, keys_in, letter_of, lexicon, likeliest, occurrence, script_text
from verify.reading.syntax import (
    Chain,
    Derivative,
    Document,
    Formula,
    Group,
    Juxtaposed,
    Name,
    Nabla,
    Node,
    Number,
    Product,
    Prose,
    Scripted,
    Statement,
    Tuple,
    Unreadable,
)
from verify.reading.traversal import walk

LOSSES = ("L", "\\mathcal{L}", "J", "E", "C", "\\ell", "loss", "\\text{loss}", "\\mathcal{J}", "\\xi", "\\mathcal{E}")
DEFINING = frozenset({"=", ":=", "equiv", "triangleq", "def"})
SCALARS = frozenset({"\\eta", "\\alpha", "\\lambda", "\\gamma", "\\epsilon", "\\varepsilon", "\\mu", "\\rho", "lr"})
MISREADING_LIMIT = 2.5


@dataclass(frozen=True)
class Line:
    """A statement of the document with its formula and the prose right before it."""

    statement: Statement
    formula: Formula
    before: str
    number: int


def lines(document: Document, first: int = 0) -> list[Line]:
    """The statements of a document in order, numbered from ``first``."""
    found: list[Line] = []
    before = ""
    for part in document.parts:
        if isinstance(part, Prose):
            if part.kind not in ("code", "comment"):
                before = part.text
            continue
        for statement in part.statements:
            found.append(Line(statement, part, before, first + len(found)))
        before = ""
    return found


def head_of(chain: Chain, words: Lexicon) -> tuple[str, tuple[Node, ...], tuple[str, ...]] | None:
    """(key, written indices, parameters) of a chain that could define its first side, else None."""
    if chain.first is None or not chain.links or chain.links[0].relation not in DEFINING:
        return None
    right = chain.links[0].right
    if right is None or isinstance(right, Unreadable):
        return None
    first, parameters = chain.first, ()
    if isinstance(first, Juxtaposed) and len(first.items) == 2 and isinstance(first.items[1], Group) and first.items[1].delimiter == "(":
        body = first.items[1].body
        if iteration(body) is not None:
            return None
        parts = body.items if isinstance(body, Tuple) else (body,)
        found = [occurrence(p, words) for p in parts]
        if any(o is None or o.written or o.exponent for o in found):
            return None
        first, parameters = first.items[0], tuple(o.key for o in found if o is not None)
    if not isinstance(first, (Name, Scripted)) or function_name(first) is not None:
        return None
    letter = letter_of(first)
    if letter is not None and words.is_index(letter) and isinstance(right, (Number, Name)):
        return None
    occ = occurrence(first, words)
    if occ is None or occ.exponent is not None or occ.primes or occ.transposed:
        return None
    return occ.key, occ.written, parameters


def is_derived(node: Node) -> bool:
    """Whether a side speaks of derivatives."""
    return any(isinstance(n, (Derivative, Nabla)) for n in walk(node))


def weights_of(all_lines: Iterable[Line], words: Lexicon) -> frozenset[str]:
    """The keys that the document updates or differentiates a loss by and never defines."""
    found: set[str] = set()
    for line in all_lines:
        content = line.statement.content
        for node in walk(content):
            if isinstance(node, Derivative):
                for part in node.denominators:
                    occ = occurrence(part, words)
                    if occ is not None:
                        found.add(occ.key)
    return frozenset(found)


def network_of(document: Document, assignment: Document | None = None) -> tuple[Network, list[Line], frozenset[tuple[int, int]]]:
    """The network of a document, its lines, and the (line number, link) pairs that define something.

    With an assignment, its definitions come first: what it declares is the network, and the document's own version of it a claim.
    """
    given = lines(assignment) if assignment is not None else []
    own = lines(document, len(given))
    every = given + own
    roots = [line.statement.content for line in every] + [c for line in every for c in line.statement.conditions]
    words = lexicon(roots)
    definitions: dict[str, tuple[Defining, Line]] = {}
    derived: dict[str, tuple[Defining, Line]] = {}
    for line in every:
        chain = line.statement.content
        if not isinstance(chain, Chain):
            continue
        found = head_of(chain, words)
        if found is None:
            continue
        key, written, parameters = found
        right = chain.links[0].right
        assert right is not None
        if key in definitions or key in derived or key in keys_in(right, words):
            continue
        (derived if is_derived(right) else definitions)[key] = (Defining(key, written, right, parameters), line)
    network, places = _built(definitions, derived, every, words)
    assigned = frozenset(key for key, (_, line) in (*definitions.items(), *derived.items()) if line.number < len(given))
    return replace(network, assigned=assigned), own, places


def _built(
    definitions: dict[str, tuple[Defining, Line]],
    derived: dict[str, tuple[Defining, Line]],
    every: list[Line],
    words: Lexicon,
) -> tuple[Network, frozenset[tuple[int, int]]]:
    forward = [d for d, _ in definitions.values()]
    declared = declared_shapes(every, words)
    positional = [d for d in forward if is_matrix_definition(d, words, declared)]
    shaped = infer_shapes(positional, words, declared) if positional else None
    state, grids = _variables_of(shaped[0]) if shaped is not None else (AxisVariables(), {})
    written = [d for d in forward if shaped is None or d not in positional]
    state = infer(written, words, weights_of(every, words), frozenset(), state)
    names = _axis_names(state, forward)
    slots = {key: tuple(names[v] for v in state.of(key) or ()) for key in state.slots if not _is_noise(key, words)}
    named = {key: (_named(row, names, state), _named(col, names, state)) for key, (row, col) in grids.items() if key in slots}
    network = Network(
        words,
        slots=slots,
        arguments={d.key: d.parameters for d in forward if d.parameters},
        grids=named,
        samples=_sample_axes(named, frozenset(d.key for d in forward)),
    )
    network = _elaborated(network, forward)
    network = replace(network, aliases=_aliases(network, every, set(definitions) | set(derived)))
    network = replace(network, root=_root(network, every))
    network = _with_derived(network, [d for d, _ in derived.values()])
    network = _with_scalars(network, every)
    places = frozenset((line.number, 0) for _, line in (*definitions.values(), *derived.values()))
    return network, places


def declared_shapes(every: list[Line], words: Lexicon) -> dict[str, tuple[str, ...]]:
    r"""The shapes that ``W \in \mathbb{R}^{m \times n}`` declares, as the names of the axes longer than 1."""
    found: dict[str, tuple[str, ...]] = {}
    for line in every:
        for chain in (line.statement.content, *line.statement.conditions):
            if not isinstance(chain, Chain) or chain.first is None:
                continue
            for link in chain.links:
                if link.relation == "in" and isinstance(link.right, Scripted) and isinstance(link.right.base, Name) and link.right.base.text == "R":
                    sizes = [t for t in _sizes(link.right.sup) if t != "1"] if link.right.sup is not None else []
                    for item in chain.first.items if isinstance(chain.first, Tuple) else (chain.first,):
                        occ = occurrence(item, words) if isinstance(item, (Name, Scripted)) else None
                        if occ is not None and len(sizes) <= 2:
                            found[occ.key] = tuple(sizes)
    return found


def _sizes(node: Node) -> list[str]:
    match node:
        case Product(_, "times", left, right):
            return _sizes(left) + _sizes(right)
        case Group(_, _, body):
            return _sizes(body)
    return [script_text(node)]


def _variables_of(shapes: Shapes) -> tuple[AxisVariables, dict[str, tuple[int | None, int | None]]]:
    """Axis variables for shapes: one for each axis that is not single, and each key's row and column variable."""
    state = AxisVariables()
    table: dict[int, int] = {}
    grids: dict[str, tuple[int | None, int | None]] = {}
    for key in shapes.of:
        found: list[int | None] = []
        for axis in shapes.shape(key) or ():
            if axis == UNIT:
                found.append(None)
            else:
                if axis not in table:
                    table[axis] = state.new()
                found.append(table[axis])
        grids[key] = (found[0], found[1])
        state.slots[key] = tuple(v for v in found if v is not None)
    return state, grids


def _named(variable: int | None, names: dict[int, str], state: AxisVariables) -> str | None:
    return None if variable is None else names[state.find(variable)]


def _sample_axes(grids: dict[str, tuple[str | None, str | None]], defined: frozenset[str]) -> frozenset[str]:
    """The axes that only data carry among the leaves: X, Y, T and their kind, never a weight."""
    data: set[str] = set()
    weights: set[str] = set()
    for key, axes in grids.items():
        if key in defined:
            continue
        letter = key.split("_", 1)[0].rstrip("}").rsplit("{", 1)[-1]
        (data if letter in ("X", "Y", "T", "D", "x", "y", "t") else weights).update(a for a in axes if a is not None)
    return frozenset(data - weights)


def _is_noise(key: str, words: Lexicon) -> bool:
    return key == "e" or key.lower().strip("\\") in ("ln", "log", "exp")


def _axis_names(state: AxisVariables, definitions: list[Defining]) -> dict[int, str]:
    """A readable name for each axis: the tag of a vector that lives on it, else the vector's own name."""
    names: dict[int, str] = {}
    ordered = [d.key for d in definitions] + [key for key in state.slots]
    for wanted in (1, 2, 3):
        for key in ordered:
            shape = state.of(key) or ()
            if len(shape) != wanted:
                continue
            for variable in shape:
                if variable not in names:
                    tag = key.split("_{", 1)[1].rstrip("}") if "_{" in key else key
                    name = tag if len(shape) == 1 else f"{tag}.{shape.index(variable) + 1}"
                    while name in names.values():
                        name += "*"
                    names[variable] = name
    return names


def _elaborated(network: Network, definitions: list[Defining]) -> Network:
    """The network with each definition's body elaborated, in an order in which each uses only earlier ones."""
    by_key = {d.key: d for d in definitions}
    done: dict[str, Definition] = {}
    failed: dict[str, str] = {}
    functions = dict(network.functions)
    sizes = dict(network.sizes)
    opened: set[str] = set()

    def visit(key: str) -> None:
        if key in done or key in failed:
            return
        if key in opened:
            failed[key] = "it refers to itself"
            return
        opened.add(key)
        definition = by_key[key]
        needed = [n for n in keys_in(definition.body, network.words) if n in by_key and n != key]
        for other in needed:
            visit(other)
        bad = next((n for n in needed if n in failed), None)
        if bad is not None:
            failed.setdefault(key, f"{bad} was not understood")
            return
        here = replace(network, failed=failed, functions=functions, sizes=sizes)
        try:
            done[key], bounds = define(here, definition)
            sizes.update(bounds)
            if definition.parameters:
                body = done[key].body
                assert body is not None
                functions[key] = (definition.parameters, body)
        except (Unread, Clash) as reason:
            failed[key] = str(reason)

    for definition in definitions:
        visit(definition.key)
    leaves = [
        Definition(key, tuple(Index(f"{_letter(n)}", axis) for n, axis in enumerate(axes)))
        for key, axes in network.slots.items()
        if key not in by_key
    ]
    program = Program((*leaves, *done.values()))
    return replace(network, program=program, failed=failed, functions=functions, sizes=sizes)


def _letter(n: int) -> str:
    return "ijklmnpqrs"[n] if n < 10 else f"i{n}"


def define(network: Network, definition: Defining) -> tuple[Definition, dict[str, str]]:
    """The kernel's definition for a document's, and the names of widths that its sums mention; raises Unread or Clash."""
    slots = network.slots[definition.key]
    letters: dict[str, str] = {}
    formal: list[Index] = []
    for n, axis in enumerate(slots):
        if n < len(definition.written):
            letter = letter_of(definition.written[n])
            if letter is None:
                raise Unread("an index of the definition is not a letter")
            letters[letter] = axis
            formal.append(Index(letter, axis))
        else:
            formal.append(implicit(axis))
    target = frozenset(i.axis for i in formal[len(definition.written) :])
    around = Surroundings(letters=letters, target=target)
    if definition.key in network.grids and is_matrix_notation(definition.body, network):
        grid = MatrixElaborator(network, around).side(definition.body)
        want = network.grids[definition.key]
        places = list(formal)
        table: dict[Index, Index] = {}
        for index, axis in zip((grid.row, grid.col), want, strict=True):
            if index is not None and index.axis != axis:
                raise Clash(f"the axis {index.axis} stands on the right side only")
            if index is not None:
                table[index] = places.pop(0) if axis is not None else index
            elif axis is not None:
                places.pop(0)
        return Definition(definition.key, tuple(formal), k.substitute(grid.expr, table)), dict(around.widths)
    value = Elaborator(network, around).side(definition.body)
    extra = value.expr.free - set(formal)
    if extra:
        raise Clash(f"the index {min(extra).name} stands on the right side only")
    return Definition(definition.key, tuple(formal), value.expr), dict(around.widths)


def _aliases(network: Network, every: list[Line], heads: set[str]) -> dict[str, str]:
    """For each symbol that is nowhere declared, the declared one that it most likely is: by the looks of its glyphs."""
    declared = set(network.slots) | heads
    used: dict[str, None] = {}
    for line in every:
        content = line.statement.content
        if isinstance(content, Chain):
            for node in (content.first, *(link.right for link in content.links)):
                if node is not None:
                    used.update(dict.fromkeys(keys_in(node, network.words)))
    aliases: dict[str, str] = {}
    for key in used:
        if key in declared or key in SCALARS or _is_noise(key, network.words):
            continue
        letter = key if len(key) == 1 else None
        if letter is not None and network.words.is_index(letter):
            continue
        best = likeliest(key, network.slots)
        if best is not None and best[1] <= MISREADING_LIMIT:
            aliases[key] = best[0]
    return aliases


def _root(network: Network, every: list[Line]) -> str | None:
    """The loss: a defined scalar that the document differentiates, a usual loss name first."""
    tops: dict[str, int] = {}
    for line in every:
        for node in walk(line.statement.content):
            if isinstance(node, Derivative) and isinstance(node.numerator, (Name, Scripted)):
                occ = occurrence(node.numerator, network.words)
                if occ is not None:
                    key = network.aliases.get(occ.key, occ.key)
                    if network.slots.get(key) == () and network.program.by_name.get(key) is not None and network.program.by_name[key].body is not None:
                        tops[key] = tops.get(key, 0) + 1
    defined = [d.name for d in network.program.definitions if d.body is not None and not d.indices]
    for key in LOSSES:
        if key in defined:
            return key
    return max(tops, key=lambda key: tops[key]) if tops else None


def _with_derived(network: Network, definitions: list[Defining]) -> Network:
    """The network with names for derivatives (``δ = ∂L/∂z``) added as definitions."""
    for definition in definitions:
        parts = list(network.program.definitions)
        try:
            axes = _derived_axes(network, definition)
            slotted = replace(network, slots={**network.slots, definition.key: axes})
            made, _ = define(slotted, definition)
            assert made.body is not None
            made = replace(made, body=resolve(network.program, made.body))
        except (Unread, Clash) as reason:
            network = replace(network, slots={**network.slots, definition.key: ()}, failed={**network.failed, definition.key: str(reason)})
            continue
        network = replace(slotted, program=replace(network.program, definitions=(*parts, made)))
    return network


def _derived_axes(network: Network, definition: Defining) -> tuple[str, ...]:
    """The axes of a named derivative: those of its body."""
    around = Surroundings()
    value = Elaborator(network, around).value(definition.body, None)
    written = [around.letters[letter] for term in definition.written if (letter := letter_of(term)) and letter in around.letters]
    return (*written, *(i.axis for i in value.implicit))


def _with_scalars(network: Network, every: list[Line]) -> Network:
    """The network with the free scalars of updates (learning rates, decay) as leaves."""
    found: dict[str, None] = {}
    for line in every:
        content = line.statement.content
        if isinstance(content, Chain):
            for link in content.links:
                if link.right is not None:
                    found.update(dict.fromkeys(key for key in keys_in(link.right, network.words) if key in SCALARS))
    new = [key for key in found if key not in network.slots]
    leaves = tuple(Definition(key) for key in new)
    return replace(
        network,
        slots={**network.slots, **{key: () for key in new}},
        program=replace(network.program, definitions=(*leaves, *network.program.definitions)),
    )


def sums_to_one(network: Network) -> frozenset[SumsToOne]:
    """The assumptions Σy = 1 that the shape of the losses suggests: for each leaf with one axis that stands before a logarithm."""
    found: set[SumsToOne] = set()
    leaves = {d.name: d for d in network.program.definitions if d.body is None}
    for definition in network.program.definitions:
        if definition.body is not None:
            for node in _nodes(definition.body):
                if isinstance(node, k.Mul) and any(_has_log(f) for f in node.factors):
                    for f in node.factors:
                        if isinstance(f, k.Tensor) and f.name in leaves and f.indices:
                            last = f.indices[-1]
                            if isinstance(last, Index):
                                found.add(SumsToOne(f.name, len(f.indices) - 1))
    return frozenset(found)


def _nodes(expr: k.Expr) -> Iterator[k.Expr]:
    stack = [expr]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(k.children(top))


def _has_log(expr: k.Expr) -> bool:
    return any(isinstance(n, k.Apply) and n.function == "log" for n in _nodes(expr))

