"""From a document to the network that it declares: axes inferred, misreadings resolved, bodies elaborated."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from verify.kernel.decision import QUANTITIES, IllTyped, Kernel
from verify.kernel.expr import Index
from verify.kernel.program import Definition, Program
from verify.meaning.abbreviations import (
    left_out,
    plain_conditionals,
    plain_squares,
    plain_widths,
    with_left_out,
)
from verify.meaning.aliases import is_noise, likeliest_keys
from verify.meaning.axes import Defining, infer
from verify.meaning.continuations import continued
from verify.meaning.definitions import Found, Line, head_of, lines, solutions, stretches
from verify.meaning.delta_slopes import with_delta_slopes
from verify.meaning.elaborated import built_on_derivatives, refined, with_definitions, with_named_derivatives
from verify.meaning.entries import Naming, declared_by, jacobian_layout, lettered, names_of_widths, namings, widths
from verify.meaning.entrywise import with_entrywise_products
from verify.meaning.families import Families, families, instances, is_shape, left_out_members, with_members
from verify.meaning.iterates import plain_iterates
from verify.meaning.layer_letters import plain_layers
from verify.meaning.layer_numbers import with_layers_above
from verify.meaning.layers import layers_by_entries, with_layers_of_nablas
from verify.meaning.leaves import placeholder, with_free_symbols, with_rates
from verify.meaning.lines import heads_of, numbered, plain_statements, rewritten_lines, sides_of
from verify.meaning.losses import LOSSES, loss_of, with_open_loss
from verify.meaning.matrix_style import in_matrix_notation
from verify.meaning.named import functions_named, with_functions
from verify.meaning.network import Network
from verify.meaning.numbered_names import with_numbered_names
from verify.meaning.primes import plain_primes, without_primed_indices
from verify.meaning.quantity_axes import always_indexed, axis_names, axis_variables, name_of_axis, sample_axes
from verify.meaning.sample_letters import with_sample_letters
from verify.meaning.shapes import (
    ends_of_sums,
    fitting_shapes,
    stated_shapes,
    sums_to_number,
)
from verify.meaning.slices import slices, spoken
from verify.meaning.slopes import with_slopes
from verify.meaning.stated_sizes import declared_rows, sizes_by_entries, stated_widths
from verify.meaning.sums import with_letters
from verify.meaning.symbols import (
    Lexicon,
    is_identity,
    lexicon,
    occurrence,
    occurrences_in,
    plain_deltas,
)
from verify.meaning.twins import without_twins
from verify.meaning.vectors import vectors_made_plain
from verify.meaning.widths import summed_widths
from verify.reading.syntax import (
    Added,
    Chain,
    Derivative,
    Document,
    Node,
    Number,
)
from verify.reading.traversal import walk

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

    ``disputed`` is a quantity that the first line of the scope defines a second time, in terms of other quantities
    and without saying so: what fails for it may hold for the other definition.
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
    """What a document declares. With an assignment, that one's definitions come first: what it declares is the
    network, and the document's own version of it a claim."""
    given = lines(assignment) if assignment is not None else []
    own = continued(lines(document, len(given)))
    written = without_primed_indices(with_delta_slopes(with_numbered_names(line.statement for line in given + own)))
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
            network = refined(network, restated)
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


def is_number(node: Node) -> bool:
    """Whether a side is a numeral, with or without a sign."""
    return isinstance(node, Number) or (isinstance(node, Added) and len(node.terms) == 1 and isinstance(node.terms[0], Number))


def sound(network: Network) -> Network:
    """The network itself if its program has a meaning for the kernel; else the network with no definition understood.

    Of more definitions than the kernel takes the first ones are.
    """
    network = of_first_definitions(network, QUANTITIES)
    try:
        Kernel(network.program)
    except IllTyped as reason:
        leaves = tuple(
            Definition(key, tuple(Index(placeholder(n), axis) for n, axis in enumerate(axes))) for key, axes in network.slots.items()
        )
        failed = {d.name: str(reason) for d in network.program.definitions if d.body is not None}
        return replace(network, program=replace(network.program, definitions=leaves), failed={**network.failed, **failed}, functions={})
    return network


def of_first_definitions(network: Network, most: int) -> Network:
    """The network with so many of its definitions, each of which uses only earlier ones; the rest is not understood."""
    late = {d.name for d in [d for d in network.program.definitions if d.body is not None][most:]}
    if not late:
        return network
    definitions = tuple(replace(d, body=None) if d.name in late else d for d in network.program.definitions)
    failed = {**network.failed, **dict.fromkeys(late, "the program has too many quantities")}
    return replace(network, program=replace(network.program, definitions=definitions), failed=failed)


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
    numbers |= ends_of_sums((line.statement.content for line in every), words) - shapes.keys()
    positional = in_matrix_notation(defining, words, shapes, numbers)
    looked_positional = positional
    lying = declared_rows(stated, named_entries)
    squares = identities(every, shapes, words)
    shaped, positional = fitting_shapes(looked_positional, words, dict.fromkeys(numbers, ()) | shapes, stated, lying, squares)
    entries = {occ.key for line in every for side in sides_of(line) for occ in occurrences_in(side, words) if occ.written}
    of_words = stated_shapes({key: found for key, found in stated.items() if key not in entries}, False)
    state, grids, lengths = axis_variables(shaped if shaped is not None else of_words)
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
    names = axis_names(state, defining)
    own = {f.key for f in forward}  # an e that the document defines is a quantity
    slots = {key: tuple(names[v] for v in state.of(key) or ()) for key in state.slots if key in own or not is_noise(key, words)}
    if "\\delta" not in own and len(slots.get("\\delta", ())) == 2 and len({*slots["\\delta"]}) == 1:
        del slots["\\delta"]  # Kronecker's
    looked = {key: (name_of_axis(row, names, state), name_of_axis(col, names, state)) for key, (row, col) in grids.items()}
    samples = sample_axes(looked, frozenset(f.key for f in forward))
    if "\\delta" not in own and len(pair := slots.get("\\delta", ())) == 2 and pair[0] == pair[1]:
        del slots["\\delta"]  # two indices of one axis, and defined nowhere: Kronecker's
    sizes = {name: names[state.find(v)] for name, v in lengths.items() if state.find(v) in names and name not in own}
    sizes |= summed_widths(defining, slots, words, samples)
    sizes = {key: axis for key, axis in sizes.items() if not slots.get(key) and not words.is_index(key)}
    slots = {key: axes for key, axes in slots.items() if key not in sizes}
    named = {key: (name_of_axis(row, names, state), name_of_axis(col, names, state)) for key, (row, col) in grids.items() if key in slots}
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
        samples=sample_axes(named, frozenset(f.key for f in forward)),
        explicit=always_indexed(forward, slots, words),
    )
    fixed = sizes_by_entries(defining, slots)
    network = replace(network, entry_sizes={**widths(named_entries, slots), **fixed}, jacobian_by_columns=_jacobian_by_columns(every))
    network = replace(network, spoken=said or {}, entry_counts=names_of_widths(named_entries, slots), oriented=frozenset(lying))
    network = replace(network, program=Program(sizes=tuple(sorted((axis, n) for axis, n in fixed.items()))))
    unfit = {d.key: "its shapes do not fit those of the definitions before it" for d in looked_positional if d not in positional}
    network = with_definitions(replace(network, failed={key: why for key, why in unfit.items() if key not in LOSSES}), forward)
    network = replace(network, aliases=likeliest_keys(network, every, set(table)))
    network = with_free_symbols(network, sides, set(table))
    network = with_open_loss(replace(network, root=loss_of(network, every)), every)
    losses = tuple(d.name for d in network.program.definitions if d.name in LOSSES and d.body is not None and not d.indices)
    network = replace(with_rates(network, every), losses=losses)
    network = with_slopes(network, [side for line in every for side in sides_of(line)], heads_of(every))
    return with_named_derivatives(network, [table[key] for key in derived])


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
