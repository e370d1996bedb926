"""From a document to the network that it declares: axes inferred, misreadings resolved, bodies elaborated."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from verify.advice import ADVICE
from verify.kernel import expr as k
from verify.kernel.decision import IllTyped, Kernel
from verify.kernel.expr import Index, substitute
from verify.kernel.normal_form import Normalizer
from verify.kernel.program import Definition, Program, SumsToOne, nodes
from verify.meaning.abbreviations import (
    as_letter,
    left_out,
    plain_components,
    plain_conditionals,
    plain_entries,
    plain_squares,
    plain_widths,
    with_left_out,
)
from verify.meaning.axes import AxisVariables, Defining, infer
from verify.meaning.continuations import continued
from verify.meaning.definitions import Found, Line, head_of, lines, solutions, stretches
from verify.meaning.elaborate import Clash, Elaborator, Surroundings, Unread, implicit, indicated
from verify.meaning.elaborate import Found as Said
from verify.meaning.entries import Naming, declared_by, jacobian_layout, lettered, names_of_widths, namings, widths
from verify.meaning.entrywise import with_entrywise_products
from verify.meaning.exposed import exposed, in_order
from verify.meaning.families import Families, families, instances, is_shape, left_out_members, with_members
from verify.meaning.iterates import plain_iterates
from verify.meaning.layer_letters import plain_layers
from verify.meaning.layer_numbers import with_layers_above
from verify.meaning.layers import layers_by_entries, with_layers_of_nablas
from verify.meaning.matrices import Grid, MatrixElaborator, is_matrix_notation
from verify.meaning.named import functions_named, with_functions
from verify.meaning.network import Network
from verify.meaning.primes import plain_primes, without_primed_indices
from verify.meaning.sample_letters import with_sample_letters
from verify.meaning.shapes import (
    UNIT,
    Shapes,
    fitting_shapes,
    indexed,
    is_bold,
    is_matrix_definition,
    stated_shapes,
    sums_to_number,
)
from verify.meaning.slices import slices, spoken
from verify.meaning.slopes import quantity_of, with_slopes
from verify.meaning.strangers import free_variables
from verify.meaning.sums import with_letters
from verify.meaning.symbols import (
    OPEN_FUNCTIONS,
    SAME_LETTERS,
    Lexicon,
    is_identity,
    is_ones,
    keys_in,
    letter_of,
    lexicon,
    likeliest,
    numbered_entry,
    occurrence,
    occurrences_in,
    plain_deltas,
    script_text,
    states_shape,
)
from verify.meaning.tables import TableElaborator, at, cells_of, is_written_out
from verify.meaning.twins import without_twins
from verify.meaning.vectors import vectors_made_plain
from verify.meaning.widths import summed_widths
from verify.programs import resolve
from verify.reading.syntax import (
    Added,
    Big,
    Chain,
    Derivative,
    Document,
    Fraction,
    Group,
    Juxtaposed,
    Name,
    Node,
    Number,
    Product,
    Scripted,
    Statement,
    Tuple,
)
from verify.reading.traversal import walk

LOSSES = ("L", "\\mathcal{L}", "J", "E", "C", "\\ell", "loss", "\\text{loss}", "\\mathcal{J}", "\\xi", "\\mathcal{E}")
SCALARS = frozenset({"\\eta", "\\alpha", "\\lambda", "\\gamma", "\\epsilon", "\\varepsilon", "\\mu", "\\rho", "lr"})
MISREADING_LIMIT = 2.5
MAX_SCOPES = 60


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


@dataclass(frozen=True)
class Scope:
    """From a line on (by number): the network that the document declares there.

    ``disputed`` is a quantity that the first line of the scope defines a second time, in terms of other quantities and without saying
    so: what
    fails for it may hold for the other definition.
    """

    start: int
    network: Network
    disputed: str | None = None


@dataclass(frozen=True)
class Declared:
    """What a document declares: its lines, the networks in force along it, which relations of a line (by number) define something,
    the quantities that it gives a value at one point, its families of layers and time steps."""

    lines: list[Line]
    scopes: list[Scope]
    defining: dict[int, frozenset[int]]
    valued: frozenset[str] = frozenset()
    families: Families = field(default_factory=Families)
    solved: frozenset[int] = frozenset()
    """The lines that demand that something vanishes, or give the value at which it does."""


def declared(document: Document, assignment: Document | None = None) -> Declared:
    """What a document declares. With an assignment, that one's definitions come first: what it declares is the network, and the
    document's own
    version of it a claim."""
    given = lines(assignment) if assignment is not None else []
    own = continued(lines(document, len(given)))
    written = without_primed_indices(line.statement for line in given + own)
    statements = plain_statements(without_twins(with_layers_of_nablas(plain_iterates(written))))
    named = functions_named(document, statements)
    contents = [with_functions(plain_primes(s.content), named) for s in statements]
    contents = plain_deltas(plain_widths(plain_squares(plain_conditionals(contents))))
    contents = plain_layers(with_sample_letters(with_layers_above(contents)))
    every = [
        replace(line, statement=replace(statement, content=content))
        for line, statement, content in zip(given + own, statements, contents, strict=True)
    ]
    own = every[len(given) :]
    roots = [line.statement.content for line in every] + [c for line in every for c in line.statement.conditions]
    found = families(roots)
    if (steps := left_out_members(roots, found)):
        every = [replace(line, statement=replace(line.statement, content=with_members(line.statement.content, steps))) for line in every]
        own = every[len(given) :]
    if found.letters:
        every = [
            replace(line, statement=statement)
            for line in every
            for values, statement in instances(line.statement, found)
            # a family begins with its first member; what it starts from is defined apart
            if all(values.values()) or is_shape(statement.content)
        ]
        roots = [line.statement.content for line in every] + [c for line in every for c in line.statement.conditions]
    words = lexicon(roots)
    words = replace(words, layered=words.layered | found.bases)
    every, own, words = rewritten_lines(every, own, words, vectors_made_plain(roots, words))
    every, own, words = rewritten_lines(every, own, words, partial(with_letters, words=words))
    every, own, words = rewritten_lines(every, own, words, partial(with_entrywise_products, words=words))
    if abbreviated := left_out([line.statement.content for line in every], words):
        every, own, words = rewritten_lines(every, own, words, partial(with_left_out, table=abbreviated, words=words))
    heads = frozenset(head.key for line in every if (head := head_of(line, words)) is not None)
    matrices = frozenset(stated_widths(every, words)) | {one.key for _, one in namings(numbered(every), words, heads)}
    words = replace(words, slices=slices((side for line in every for side in sides_of(line)), words, heads, matrices))
    parts, defining = stretches(every, words)
    scopes = []
    for part in parts[:MAX_SCOPES]:
        assigned = frozenset(key for key, definition in part.definitions.items() if definition.line.number < len(given))
        here = lettered(words, part.namings)
        network = _built(part.definitions, every, here, part.namings, spoken(document, here))
        for restated in part.refinements:
            network = _refined(network, restated)
        scopes.append(Scope(part.start, replace(sound(network), assigned=assigned), part.disputed))
    values = {key for part in parts for key, d in part.definitions.items() if d.names_entries and is_number(d.bodies[0])}
    return Declared(own, scopes, defining, frozenset(values), found, solutions(every, words))


def identities(every: Iterable[Line], known: Container[str], words: Lexicon) -> bool:
    r"""Whether a lone I is an identity matrix: no shape is stated for it, and it is never defined, transposed or differentiated by."""
    for line in every:
        head = head_of(line, words)
        if head is not None and head.key == "I":
            return False
        for node in walk(line.statement.content):
            by = node.denominators if isinstance(node, Derivative) else ()
            if any(is_identity(d) for d in by):
                return False
            occ = occurrence(node, words) if is_identity(node) else None
            if occ is not None and (occ.transposed or occ.key in known):
                return False
    return True


def numbered(every: Iterable[Line]) -> Iterator[tuple[int, Node]]:
    """The statements of lines with the lines' numbers."""
    return ((line.number, line.statement.content) for line in every)

def plain_statements(statements: Iterable[Statement]) -> list[Statement]:
    """The statements with indices that are entries, the ``y_i`` of ``p_{y_i}``, as letters; also where one is compared with an index."""
    listed = [replace(s, content=plain_components(plain_entries(s.content))) for s in statements]
    entries = {n.text for s in listed for n in walk(s.content) if isinstance(n, Name) and "_" in (letter_of(n) or "")}
    if not entries:
        return listed
    return [
        replace(s, content=plain_condition(s.content, entries), conditions=tuple(plain_condition(c, entries) for c in s.conditions))
        for s in listed
    ]


def plain_condition(node: Node, entries: set[str]) -> Node:
    """``k \\neq y_i`` with both sides as letters; any other node unchanged."""
    if not isinstance(node, Chain) or node.first is None or len(node.links) != 1 or node.links[0].right is None:
        return node
    one, other = node.first, node.links[0].right
    plain = [letter if isinstance(letter := as_letter(side), Name) and letter.text in entries else side for side in (one, other)]
    if plain == [one, other] or not all(letter_of(side) for side in plain):
        return node
    return replace(node, first=plain[0], links=(replace(node.links[0], right=plain[1]),))


def rewritten_lines(
    every: list[Line], own: list[Line], words: Lexicon, change: Callable[[Node], Node] | None
) -> tuple[list[Line], list[Line], Lexicon]:
    """The lines with their formulas changed, and the lexicon of what they are then."""
    if change is None:
        return every, own, words

    def changed(line: Line) -> Line:
        return replace(line, statement=replace(line.statement, content=change(line.statement.content)))

    every, own = [changed(line) for line in every], [changed(line) for line in own]
    anew = lexicon([line.statement.content for line in every] + [c for line in every for c in line.statement.conditions])
    return every, own, replace(anew, layered=anew.layered | words.layered)


def is_number(node: Node) -> bool:
    """Whether a side is a numeral, with or without a sign."""
    return isinstance(node, Number) or (isinstance(node, Added) and len(node.terms) == 1 and isinstance(node.terms[0], Number))


def sound(network: Network) -> Network:
    """The network itself if its program has a meaning for the kernel; else the network with no definition understood."""
    try:
        Kernel(network.program)
    except IllTyped as reason:
        leaves = tuple(
            Definition(key, tuple(Index(_letter(n), axis) for n, axis in enumerate(axes))) for key, axes in network.slots.items()
        )
        failed = {d.name: str(reason) for d in network.program.definitions if d.body is not None}
        return replace(network, program=replace(network.program, definitions=leaves), failed={**network.failed, **failed}, functions={})
    return network


def _built(
    table: dict[str, Found],
    every: list[Line],
    words: Lexicon,
    named_entries: Sequence[Naming] = (),
    said: Mapping[tuple[str, str], int] | None = None,
) -> Network:
    """The network of the definitions in force, at most one a key."""
    derived = built_on_derivatives(table, words)
    forward = [f for f in table.values() if f.key not in derived and not f.names_entries]
    defining = [Defining(f.key, f.written, f.bodies[0], f.parameters) for f in forward]
    stated = stated_widths(every, words)
    sides = [side for line in every for side in sides_of(line)]
    shapes = {**{key: tuple(w for w in found if w != "1") for key, found in stated.items()}, **declared_by(named_entries)}
    shapes = {key: ("",) * axes for key, axes in layers_by_entries(sides, words).items()} | shapes
    numbers = frozenset(d.key for d in defining if d.key not in shapes and sums_to_number(d, words))
    positional = _positional(defining, words, shapes, numbers)
    looked_positional = positional
    lying = declared_rows(stated, named_entries)
    squares = identities(every, shapes, words)
    shaped, positional = fitting_shapes(looked_positional, words, dict.fromkeys(numbers, ()) | shapes, stated, lying, squares)
    entries = {occ.key for line in every for side in sides_of(line) for occ in occurrences_in(side, words) if occ.written}
    of_words = stated_shapes({key: found for key, found in stated.items() if key not in entries}, False)
    state, grids, lengths = _variables_of(shaped if shaped is not None else of_words)
    if shaped is None:
        grids = {}
    state.slots |= {name: () for name in lengths if name not in {f.key for f in forward}}
    by = weights_of(every, words)
    for f in forward:
        if f.key in LOSSES and not f.written and (f.key not in by or None in grids.get(f.key, (None, None))):
            state.slots[f.key] = ()  # a loss is one number; what it leaves open is summed
            grids.pop(f.key, None)
    written = [d for d in defining if shaped is None or d not in positional]
    state = infer(written, words, by, frozenset(), state, sides, positional)
    names = _axis_names(state, defining)
    own = {f.key for f in forward}  # an e that the document defines is a quantity
    slots = {key: tuple(names[v] for v in state.of(key) or ()) for key in state.slots if key in own or not _is_noise(key, words)}
    if "\\delta" not in own and len(slots.get("\\delta", ())) == 2 and len({*slots["\\delta"]}) == 1:
        del slots["\\delta"]  # Kronecker's
    looked = {key: (_named(row, names, state), _named(col, names, state)) for key, (row, col) in grids.items()}
    samples = _sample_axes(looked, frozenset(f.key for f in forward))
    if "\\delta" not in own and len(pair := slots.get("\\delta", ())) == 2 and pair[0] == pair[1]:
        del slots["\\delta"]  # two indices of one axis, and defined nowhere: Kronecker's
    sizes = {name: names[state.find(v)] for name, v in lengths.items() if state.find(v) in names and name not in own}
    sizes |= summed_widths(defining, slots, words, samples)
    sizes = {key: axis for key, axis in sizes.items() if not slots.get(key) and not words.is_index(key)}
    slots = {key: axes for key, axes in slots.items() if key not in sizes}
    named = {key: (_named(row, names, state), _named(col, names, state)) for key, (row, col) in grids.items() if key in slots}
    if named:
        rows = sum(col is not None for row, col in named.values() if row is None) > sum(
            row is not None for row, col in named.values() if col is None
        )
        found = [occ for side in sides for occ in occurrences_in(side, words)]
        bare = {occ.key for occ in found if not occ.written} - {f.key for f in forward if f.written}
        entries = {occ.key for occ in found if occ.written} - bare
        for key, axes in slots.items():
            if key in named:
                continue
            if len(axes) == 1 and key not in entries:
                named[key] = (None, axes[0]) if rows else (axes[0], None)
            elif len(axes) == 2:
                named[key] = (axes[0], axes[1])
    network = Network(
        words,
        slots=slots,
        arguments={f.key: f.parameters for f in forward if f.parameters},
        sizes=sizes,
        grids=named,
        samples=_sample_axes(named, frozenset(f.key for f in forward)),
        explicit=_explicit(forward, slots, words),
    )
    fixed = _fixed(defining, slots)
    network = replace(network, entry_sizes={**widths(named_entries, slots), **fixed}, jacobian_by_columns=_jacobian_by_columns(every))
    network = replace(network, spoken=said or {}, entry_counts=names_of_widths(named_entries, slots), oriented=frozenset(lying))
    network = replace(network, program=Program(sizes=tuple(sorted((axis, n) for axis, n in fixed.items()))))
    unfit = {d.key: "its shapes do not fit those of the definitions before it" for d in looked_positional if d not in positional}
    network = _elaborated(replace(network, failed={key: why for key, why in unfit.items() if key not in LOSSES}), forward)
    network = replace(network, aliases=_aliases(network, every, set(table)))
    network = _with_free(network, sides, set(table))
    network = _with_loss(replace(network, root=_root(network, every)), every)
    losses = tuple(d.name for d in network.program.definitions if d.name in LOSSES and d.body is not None and not d.indices)
    network = replace(_with_scalars(network, every), losses=losses)
    network = with_slopes(network, [side for line in every for side in sides_of(line)], heads_of(every))
    return _with_derived(network, [table[key] for key in derived])


def built_on_derivatives(table: Mapping[str, Found], words: Lexicon) -> tuple[str, ...]:
    r"""The keys of the definitions that name a derivative, or are built on one that does, ``\delta^l = … \delta^{l+1} …`` where
    ``\delta^L = \nabla_a C \odot …``; what one is built on stands before it.
    """
    uses = {key: tuple(keys_in(f.bodies[0], words)) for key, f in table.items() if not f.names_entries}
    derived = {key for key, f in table.items() if f.derived}
    grown = True
    while grown:
        more = {key for key, named in uses.items() if key not in derived | {*LOSSES} and any(name in derived for name in named)}
        grown = bool(more)
        derived |= more
    ordered: dict[str, None] = {}

    def visit(key: str, above: frozenset[str]) -> None:
        for name in uses.get(key, ()):
            if name in derived and name not in above | ordered.keys():
                visit(name, above | {key})
        ordered[key] = None

    for key in table:
        if key in derived and key not in ordered:
            visit(key, frozenset({key}))
    return tuple(ordered)


def _jacobian_by_columns(every: list[Line]) -> bool:
    """Whether the first Jacobian that the document writes out has the numerator's entries along the columns."""
    for line in every:
        content = line.statement.content
        if isinstance(content, Chain) and content.first is not None:
            for link in content.links:
                layout = jacobian_layout(content.first, link.right) if link.right is not None else None
                if layout is not None:
                    return layout == "columns"
    return False


def _with_free(network: Network, sides: list[Node], heads: set[str]) -> Network:
    """The network with the symbols that the document never introduces as leaves."""
    every = free_variables(sides, network, heads | SCALARS)
    found = {key: axes for key, axes in every.items() if numbered_entry(key, network.slots) is None}
    leaves = tuple(Definition(key, tuple(Index(_letter(n), axis) for n, axis in enumerate(axes))) for key, axes in found.items())
    program = replace(network.program, definitions=(*leaves, *network.program.definitions))
    return replace(network, slots={**network.slots, **found}, program=program, free=frozenset(found))


def _refined(network: Network, found: Found) -> Network:
    """The network with a quantity computed through another one, where the document restates it so and it is the same."""
    definition = network.program.by_name.get(found.key)
    uses = {key for key in keys_in(found.bodies[0], network.words) if key in network.program.by_name}
    inner = {key for key in uses if network.program.by_name[key].body is not None}
    if definition is None or definition.body is None or not inner:
        return network
    try:
        made, _ = define(network, Defining(found.key, found.written, found.bodies[0]))
    except (Unread, Clash):
        return network
    if made.body is None:
        return network
    order = [d for d in network.program.definitions if d.name != found.key]
    if any(found.key in d.uses for d in order if d.name in inner):
        return network
    same = substitute(made.body, dict(zip(made.indices, definition.indices, strict=True)))
    if Normalizer(network.program, ADVICE).equal(definition.body, same) is None:
        return network
    return replace(network, program=replace(network.program, definitions=tuple(in_order([*order, made]))))


def _positional(
    definitions: list[Defining], words: Lexicon, declared: dict[str, tuple[str, ...]], numbers: frozenset[str]
) -> list[Defining]:
    """The definitions in matrix notation: those that look so, and those that build on what they define without writing an index."""
    if any(is_loose(d, declared) for d in definitions) and not any(has_matrix_sign(d.body, words) for d in definitions):
        return []
    chosen = {d.key for d in definitions if is_matrix_definition(d, words, declared, numbers)}
    grown = True
    while grown:
        grown = False
        for d in definitions:
            if (
                d.key not in chosen
                and not d.written
                and not d.parameters
                and not indexed(d.body, words)
                and chosen & set(keys_in(d.body, words))
            ):
                chosen.add(d.key)
                grown = True
    return [d for d in definitions if d.key in chosen]


def is_loose(definition: Defining, declared: Mapping[str, tuple[str, ...]]) -> bool:
    r"""Whether factors that join by their axes define a quantity: a bare Σ over two symbols, ``z = \sum x w + b``, or one that leaves
    an axis of what it defines.

    A loss does not show it: ``L = -\\sum y \\log o`` is written in every notation.
    """
    if definition.key in LOSSES or definition.written:
        return False
    for node in walk(definition.body):
        if isinstance(node, Big) and node.operator == "sum" and node.lower is None and node.body is not None:
            factors = _factors(node.body)
            plain = len(factors) == 2 and all(isinstance(f, Name) or (isinstance(f, Scripted) and f.sup is None) for f in factors)
            return plain or bool(declared.get(definition.key))
    return False


def has_matrix_sign(body: Node, words: Lexicon) -> bool:
    """Whether a tree has what only matrix notation has: a transpose, a product entry by entry, a vector of ones."""
    indicators = {
        id(node.items[n - 1])
        for node in walk(body)
        if isinstance(node, Juxtaposed)
        for n in range(1, len(node.items))
        if indicated(node.items[n - 1], node.items[n]) is not None
    }
    for node in walk(body):
        if (isinstance(node, Product) and node.operator in ("odot", "circ")) or (is_ones(node) and id(node) not in indicators):
            return True
        occ = occurrence(node, words) if isinstance(node, (Name, Scripted)) else None
        if occ is not None and occ.transposed:
            return True
    return False


def _factors(node: Node) -> list[Node]:
    match node:
        case Product(_, operator, left, right) if operator in ("", "cdot", "times", "*", "."):
            return _factors(left) + _factors(right)
        case Juxtaposed(_, items):
            return [f for item in items for f in _factors(item)]
    return [node]


def declared_rows(stated: Mapping[str, tuple[str, ...]], found: Iterable[Naming]) -> dict[str, bool]:
    r"""For each vector that ``b \in \mathbb{R}^{1 \times n}`` or a capital that is written out declares so whether it is a row."""
    lying = {key: sizes[0] == "1" for key, sizes in stated.items() if len(sizes) == 2 and sizes.count("1") == 1}
    capitals = {one.key: one.rows == "1" for one in found if len(one.shape) == 1 and not one.implied and is_capital(one.key)}
    return {**capitals, **lying}


def is_capital(key: str) -> bool:
    """Whether a quantity's letter is a capital."""
    return key.split("_{", 1)[0].split("^{", 1)[0].rstrip("}").rsplit("{", 1)[-1][:1].isupper()


def stated_widths(every: list[Line], words: Lexicon) -> dict[str, tuple[str, ...]]:
    r"""The widths that ``W \in \mathbb{R}^{m \times n}`` states for a quantity, at most two: keys of names, or numbers.

    The symbols of a list, ``x, y \\in \\mathbb{R}^n``, have one shape.
    """
    found: dict[str, tuple[str, ...]] = {}
    listed: list[Node] = []
    for before, line in zip([None, *every], every, strict=False):
        if before is not None and before.formula is not line.formula:
            listed = []
        for chain in (line.statement.content, *line.statement.conditions):
            if not isinstance(chain, Chain) or chain.first is None:
                listed = [*listed, chain] if isinstance(chain, (Name, Scripted)) else []
                continue
            for link in chain.links:
                if states_shape(link):
                    assert isinstance(link.right, (Name, Scripted))
                    sizes = _sizes(link.right.sup, words) if isinstance(link.right, Scripted) and link.right.sup is not None else []
                    for item in (*listed, *(chain.first.items if isinstance(chain.first, Tuple) else (chain.first,))):
                        occ = occurrence(item, words) if isinstance(item, (Name, Scripted)) else None
                        if occ is not None and len(sizes) <= 2 and (not occ.written or is_bold(occ.key)):
                            found[occ.key] = tuple(sizes)
            listed = []
    return found


def _sizes(node: Node, words: Lexicon) -> list[str]:
    match node:
        case Product(_, "times", left, right):
            return _sizes(left, words) + _sizes(right, words)
        case Group(_, _, body):
            return _sizes(body, words)
    occ = occurrence(node, words) if isinstance(node, (Name, Scripted)) else None
    return [occ.key if occ is not None and not occ.written else script_text(node) or str(node)]


def _variables_of(shapes: Shapes) -> tuple[AxisVariables, dict[str, tuple[int | None, int | None]], dict[str, int]]:
    """Axis variables for shapes: one for each axis that is not single, each key's row and column variable, and those of the named axes."""
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
        lead = []
        for axis in shapes.lead.get(key, ()):
            if shapes.find(axis) not in table:
                table[shapes.find(axis)] = state.new()
            lead.append(table[shapes.find(axis)])
        state.slots[key] = (*lead, *(v for v in found if v is not None))
    named = {name: table[shapes.find(axis)] for name, axis in shapes.named.items() if shapes.find(axis) in table}
    return state, grids, named


def _named(variable: int | None, names: dict[int, str], state: AxisVariables) -> str | None:
    return None if variable is None else names[state.find(variable)]


def _explicit(found: list[Found], slots: dict[str, tuple[str, ...]], words: Lexicon) -> frozenset[str]:
    """The quantities that the definitions write with all their indices, everywhere."""
    seen: set[str] = set()
    short: set[str] = set()
    for f in found:
        heads = [(f.key, len(f.written))]
        for key, count in [*heads, *((occ.key, len(occ.written)) for occ in occurrences_in(f.bodies[0], words))]:
            (seen if count == len(slots.get(key, ())) else short).add(key)
    return frozenset(seen - short)


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
    ordered = [d.key for d in definitions] + list(state.slots)
    for wanted in range(1, 1 + max((len(axes) for axes in state.slots.values()), default=0)):
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


def _elaborated(network: Network, definitions: list[Found]) -> Network:
    """The network with each definition's body elaborated, in an order in which each uses only earlier ones.

    Where the first side is not understood, a later one of the same chain is the body.
    """
    by_key = {f.key: f for f in definitions}
    done: dict[str, Definition] = {}
    failed = dict(network.failed)
    functions = dict(network.functions)
    sizes = dict(network.sizes)
    ends: dict[str, set[int]] = {}
    opened: set[str] = set()

    def visit(key: str) -> None:
        if key in done or key in failed or (key in opened and key in functions):
            return
        if key in opened:
            failed[key] = "it refers to itself"
            return
        opened.add(key)
        reason = ""
        versions = (by_key[key], *by_key[key].older)
        for found, body in ((version, body) for version in versions for body in version.bodies):
            is_function = key.lstrip("\\") in OPEN_FUNCTIONS
            clashing = [p for p in found.parameters if p in by_key or (is_function and network.slots.get(p))]
            local = {p: f"·{p}" for p in clashing if key not in LOSSES}
            if local:  # a function whose argument has the name of a quantity: its own letter, and a function alone
                slots = {**network.slots, key: (), **dict.fromkeys(local.values(), ())}
                grids = {other: grid for other, grid in network.grids.items() if other != key}
                inside = replace(network, failed=failed, functions=functions, sizes=sizes, slots=slots, grids=grids)
                try:
                    made, _ = define(inside, Defining(key, found.written, body, found.parameters), local)
                except (Unread, Clash) as why:
                    reason = reason or str(why)
                    continue
                if made.body is not None and not made.body.free:
                    functions[key] = (tuple(local.get(p, p) for p in found.parameters), made.body)
                    return
            needed = [n for n in keys_in(body, network.words, calls=True) if n in by_key and n != key]
            for other in needed:
                visit(other)
            if key in failed:
                return
            bad = next((n for n in needed if n in failed), None)
            if bad is not None:
                reason = reason or f"{bad} was not understood"
                continue
            here = replace(network, failed=failed, functions=functions, sizes=sizes)
            try:
                done[key], said = define(here, Defining(key, found.written, body, found.parameters))
            except (Unread, Clash) as why:
                reason = reason or str(why)
                continue
            sizes.update(said.widths)
            for axis, number in said.counts.items():
                ends.setdefault(axis, set()).add(number)
            result = done[key].body
            numbers = not any(network.slots.get(parameter) for parameter in found.parameters)
            if found.parameters and result is not None and not result.free and numbers:
                functions[key] = (found.parameters, result)
            return
        failed[key] = reason

    for found in definitions:
        visit(found.key)
    leaves = [
        Definition(key, tuple(Index(_letter(n), axis) for n, axis in enumerate(axes)))
        for key, axes in network.slots.items()
        if key not in done
    ]
    program = exposed(Program((*leaves, *done.values()), sizes=network.program.sizes))
    for axis, most in numbered_up_to(program).items():
        ends.setdefault(axis, {most})
    said_once = {axis: min(numbers) for axis, numbers in ends.items() if len(numbers) == 1}
    return replace(network, program=program, failed=failed, functions=functions, sizes=sizes, ends=said_once)


def numbered_up_to(program: Program) -> dict[str, int]:
    """For each axis along which definitions name several entries by number the highest one: 3 for ``A_{13} A_{22} A_{31}``."""
    found: dict[str, set[int]] = {}
    for node in nodes({}, *(d.body for d in program.definitions if d.body is not None)):
        if isinstance(node, k.Tensor) and node.name in program.by_name:
            for position, axis in zip(node.indices, program.by_name[node.name].axes, strict=False):
                if isinstance(position, int):
                    found.setdefault(axis, set()).add(position + 1)
    return {axis: max(numbers) for axis, numbers in found.items() if len(numbers) > 1}


def _letter(n: int) -> str:
    return "ijklmnpqrs"[n] if n < 10 else f"i{n}"


def define(network: Network, definition: Defining, local: Mapping[str, str] | None = None) -> tuple[Definition, Said]:
    """The kernel's definition for a document's, and what its sums say of widths; raises Unread or Clash.

    ``local`` reads some names as others: the parameters of a function.
    """
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
            formal.append(implicit(axis, sum(i.axis == axis for i in formal)))
    target = frozenset(i.axis for i in formal[len(definition.written) :])
    whole = definition.key in LOSSES and not formal
    around = Surroundings(letters=letters, target=target, overrides=local or {}, free_sum=whole, defining=True)
    by_position = definition.key in network.grids or definition.key in LOSSES
    grid = None
    if is_written_out(definition.body) and not definition.written:
        body = _by_entries(network, definition, formal, around)
        return Definition(definition.key, tuple(formal), body), around.found()
    if by_position and is_matrix_notation(definition.body, network):
        try:
            grid = MatrixElaborator(network, around).side(definition.body)
        except Clash:
            if definition.key not in LOSSES:
                raise
    if grid is not None and definition.key in LOSSES and not formal:
        grid = Grid(k.total(grid.expr, *(i for i in (grid.row, grid.col) if i is not None)))
    if grid is not None:
        want = network.grids.get(definition.key, (None, None))
        grid = grid.met(*want)
        places = formal[len(definition.written) :]
        table: dict[Index, Index] = {}
        for index, wanted in zip((grid.row, grid.col), want, strict=True):
            if index is not None and index.axis != wanted:
                raise Clash(f"the axis {index.axis} stands on the right side only")
            if wanted is not None:
                if not places:
                    raise Unread("the axes of the definition are not understood")
                place = places.pop(0)
                if index is not None:
                    table[index] = place
        return Definition(definition.key, tuple(formal), k.substitute(grid.expr, table)), around.found()
    value = Elaborator(network, around).side(definition.body)
    extra = value.expr.free - set(formal)
    if extra:
        raise Clash(f"the index {min(extra).name} stands on the right side only")
    if formal[len(definition.written) :] and not value.expr.free and any(isinstance(n, k.Tensor) for n in nodes({}, value.expr)):
        raise Clash(f"the axis {formal[-1].axis} stands on the left side only")  # a number that was taken for a vector
    return Definition(definition.key, tuple(formal), value.expr), around.found()


def _by_entries(network: Network, definition: Defining, formal: list[Index], around: Surroundings) -> k.Expr:
    """The body of a quantity whose entries the definition writes out; raises Unread or Clash."""
    sizes = {**network.entry_sizes, **dict(network.program.sizes)}
    table = TableElaborator(MatrixElaborator(network, around), sizes).table(definition.body)
    row, col = network.grids.get(definition.key, (None, None))
    height, width = table.shape
    if (row is None) != (height == 1) or (col is None) != (width == 1):
        raise Unread("the axes of the definition are not understood")
    places = list(formal)
    line = places.pop(0) if row is not None else None
    return at(table, line, places.pop(0) if col is not None else None)


def _fixed(definitions: Iterable[Defining], slots: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The widths of the axes of quantities that are defined entry by entry."""
    sizes: dict[str, int] = {}
    for d in definitions:
        cells = cells_of(d.body) if is_written_out(d.body) else None
        spans = [n for n in (len(cells), len(cells[0])) if n > 1] if cells is not None else []
        if len(spans) == len(slots.get(d.key, ())):
            sizes.update(zip(slots[d.key], spans, strict=True))
    return sizes


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
        if key in declared or key in SCALARS or _is_noise(key, network.words) or numbered_entry(key, network.slots) is not None:
            continue
        letter = key if len(key) == 1 else None
        if letter is not None and network.words.is_index(letter):
            continue
        tagged = [other for other in declared if key in LOSSES and other.startswith(f"{key}_{{")]
        if len(tagged) == 1 and tagged[0] in network.slots:
            aliases[key] = tagged[0]  # the one loss of the document, without its tag
            continue
        best = likeliest(key, network.slots)
        if best is not None and best[1] > SAME_LETTERS and any(name.startswith(key + "_{") for name in network.slots):
            continue  # the w of w_1 and w_2: a tag that was left out is likelier than a misread letter
        if best is not None and best[1] <= MISREADING_LIMIT:
            aliases[key] = best[0]
    return aliases


def heads_of(every: list[Line]) -> list[Chain]:
    """The chains of the document that have a left side."""
    return [c for line in every if isinstance(c := line.statement.content, Chain) and c.first is not None]


def sides_of(line: Line) -> list[Node]:
    """The sides of a line's chain."""
    content = line.statement.content
    if not isinstance(content, Chain):
        return []
    return [side for side in (content.first, *(link.right for link in content.links)) if side is not None]


def _with_loss(network: Network, every: list[Line]) -> Network:
    """The network with the loss that the document differentiates, or whose ``dX`` it writes, and never defines: any function of the
    network's last quantities.

    First derivatives of every smooth function at a point are those of a linear one, so the loss is a sum of the last quantities'
    entries with
    free coefficients; the loss itself and its second derivatives stay out of every claim (``abstract`` says so).
    """
    if network.root is not None:
        return network
    unknown = frozenset(head.key for line in every if (head := head_of(line, network.words)) is not None and is_open_loss(head))
    if differentials(network, every):
        unknown = frozenset()  # what ``dX`` is divided by, the loss would tell
    network = replace(network, failed={key: why for key, why in network.failed.items() if key not in unknown})
    tops: dict[str, int] = {}
    for line in every:
        for node in walk(line.statement.content):
            if isinstance(node, Derivative) and isinstance(node.numerator, (Name, Scripted)):
                occ = occurrence(node.numerator, network.words)
                if occ is not None and not occ.written and occ.exponent is None:
                    key = network.aliases.get(occ.key, occ.key)
                    definition = network.program.by_name.get(key)
                    if key not in network.failed and (definition is None or (definition.body is None and not definition.indices)):
                        tops[key] = tops.get(key, 0) + 1
    used = {name for d in network.program.definitions for name in d.uses}
    last = [d for d in network.program.definitions if d.body is not None and d.name not in used]
    if not tops and len(differentials(network, every)) > 1:
        tops = {next(name for name in LOSSES if name not in network.slots and name not in network.program.by_name): 1}
    if not tops or not last:
        return network
    loss = max(tops, key=lambda key: tops[key])
    terms, leaves = [], []
    for d in before_derivatives(last, loss, network, every):
        slope = f"∂{loss}/∂{d.name}"
        leaves.append(Definition(slope, d.indices))
        terms.append(k.total(k.mul(k.Tensor(slope, d.indices), k.Tensor(d.name, d.indices)), *d.indices))
    others = tuple(d for d in network.program.definitions if d.name != loss)
    program = replace(network.program, definitions=(*leaves, *others, Definition(loss, (), k.add(*terms))))
    return replace(network, program=program, root=loss, abstract=loss, slots={**network.slots, loss: ()})


def is_open_loss(found: Found) -> bool:
    r"""Whether a loss is only said to be a function of several quantities, ``J = \frac{1}{m} \sum_i \ell(\hat{y}_i, y_i)``: any such
    function.
    """
    if found.key not in LOSSES:
        return False
    body: Node | None = found.bodies[-1]
    while body is not None:
        match body:
            case Big(_, "sum", _, _, inner):
                body = inner
            case Juxtaposed(_, (Fraction(_, Number(), _), *rest)) if rest:
                body = rest[0] if len(rest) == 1 else Juxtaposed(body.span, tuple(rest))
            case Product(_, _, Fraction(_, Number(), _), inner):
                body = inner
            case Juxtaposed(_, (Name() | Scripted(_, Name()), Group(_, "(", Tuple()))):
                return True
            case _:
                return False
    return False


def before_derivatives(last: list[Definition], loss: str, network: Network, every: list[Line]) -> list[Definition]:
    """Of the last quantities those that are defined before the loss is first differentiated, if there are any: what is named behind that
    abbreviates, ``s = 1/\\sqrt{v + ε}``, and is nothing that the loss is computed from.
    """
    defined: dict[str, int] = {}
    for line in every:
        head = head_of(line, network.words)
        if head is not None:
            defined.setdefault(head.key, line.number)
        tops = (n.numerator for n in walk(line.statement.content) if isinstance(n, Derivative))
        occurrences = (occurrence(top, network.words) for top in tops if isinstance(top, (Name, Scripted)))
        if any(occ is not None and network.aliases.get(occ.key, occ.key) == loss for occ in occurrences):
            earlier = [d for d in last if defined.get(d.name, line.number) < line.number]
            return earlier or last
    return last


def differentials(network: Network, every: list[Line]) -> frozenset[str]:
    """The quantities X of which lines say what ``dX`` is, in a document that means no d of its own."""
    if "d" in network.slots:
        return frozenset()
    heads = (quantity_of(chain.first, network) for chain in heads_of(every) if chain.first is not None)
    return frozenset(key for key in heads if key is not None and key in network.slots)


def _root(network: Network, every: list[Line]) -> str | None:
    """The loss: a defined scalar that the document differentiates, a usual loss name first."""
    tops: dict[str, int] = {}
    for line in every:
        for node in walk(line.statement.content):
            if isinstance(node, Derivative) and isinstance(node.numerator, (Name, Scripted)):
                occ = occurrence(node.numerator, network.words)
                if occ is not None:
                    key = network.aliases.get(occ.key, occ.key)
                    if key in LOSSES and key not in network.slots and not occ.written:
                        return None  # the loss is differentiated and never defined: no other quantity is one
                    if (
                        network.slots.get(key) == ()
                        and network.program.by_name.get(key) is not None
                        and network.program.by_name[key].body is not None
                    ):
                        tops[key] = tops.get(key, 0) + 1
    defined = [d.name for d in network.program.definitions if d.body is not None and not d.indices]
    for key in LOSSES:
        if key in defined:
            return key
    return max(tops, key=lambda key: tops[key]) if tops else None


def _with_derived(network: Network, found: list[Found]) -> Network:
    """The network with names for derivatives (``δ = ∂L/∂z``) added as definitions."""
    for definition in (Defining(f.key, f.written, f.bodies[0], f.parameters) for f in found):
        parts = [d for d in network.program.definitions if d.name != definition.key]
        try:
            axes, grid = _derived_axes(network, definition)
            grids = {**network.grids, definition.key: grid} if grid is not None else network.grids
            slotted = replace(network, slots={**network.slots, definition.key: axes}, grids=grids)
            made, _ = define(slotted, definition)
            assert made.body is not None
            made = replace(made, body=resolve(network.program, made.body))
        except (Unread, Clash) as reason:
            network = replace(network, slots={**network.slots, definition.key: ()}, failed={**network.failed, definition.key: str(reason)})
            continue
        network = replace(slotted, program=replace(network.program, definitions=(*parts, made)))
    return network


def _derived_axes(network: Network, definition: Defining) -> tuple[tuple[str, ...], tuple[str | None, str | None] | None]:
    """The axes of a named derivative, those of its body; and by rows and columns where it is written in matrix notation."""
    around = Surroundings()
    if not definition.written and is_matrix_notation(definition.body, network):
        grid = MatrixElaborator(network, around, network.numerator_layout).side(definition.body).axes
        return tuple(a for a in grid if a is not None), grid
    value = Elaborator(network, around).value(definition.body, None)
    written = [around.letters[letter] for term in definition.written if (letter := letter_of(term)) and letter in around.letters]
    axes = (*written, *(i.axis for i in value.implicit))
    return axes, _lines_of(network, axes)


def _lines_of(network: Network, axes: tuple[str, ...]) -> tuple[str | None, str | None] | None:
    """Where the axes of a derivative that is named entry by entry run in a document in matrix notation: as those of the quantities with the
    same axes do.
    """
    alike = {grid for grid in network.grids.values() if tuple(axis for axis in grid if axis is not None) == axes}
    return next(iter(alike)) if axes and len(alike) == 1 else None


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
        slots={**network.slots, **dict.fromkeys(new, ())},
        program=replace(network.program, definitions=(*leaves, *network.program.definitions)),
    )


def known_to(network: Network) -> frozenset[SumsToOne]:
    """An assumption Σ = 1 for each of the network's leaves with an axis: the suggested one, else along the last axis."""
    suggested = {a.name: a for a in sums_to_one(network)}
    leaves = (d for d in network.program.definitions if d.body is None and d.indices)
    return frozenset(suggested.get(d.name, SumsToOne(d.name, len(d.indices) - 1)) for d in leaves)


def sums_to_one(network: Network) -> frozenset[SumsToOne]:
    """The assumptions Σy = 1 that the shape of the losses suggests: for each leaf that stands before a logarithm, along its last axis that
    counts no samples.
    """
    found: set[SumsToOne] = set()
    leaves = {d.name: d for d in network.program.definitions if d.body is None}
    for definition in network.program.definitions:
        if definition.body is not None:
            for node in nodes({}, definition.body):
                if isinstance(node, k.Mul) and any(_has_log(f) for f in node.factors):
                    for f in node.factors:
                        if isinstance(f, k.Tensor) and f.name in leaves and f.indices:
                            classes = [at for at, axis in enumerate(leaves[f.name].axes) if axis not in network.samples]
                            at = classes[-1] if classes else len(f.indices) - 1
                            if isinstance(f.indices[at], Index):
                                found.add(SumsToOne(f.name, at))
    return frozenset(found)


def _has_log(expr: k.Expr) -> bool:
    return any(isinstance(n, k.Apply) and n.function == "log" for n in nodes({}, expr))
