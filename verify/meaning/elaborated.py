"""The definitions of a document as those of a program: bodies elaborated, derivatives that have names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from verify.advice import ADVICE
from verify.kernel import expr as k
from verify.kernel.expr import Index, substitute
from verify.kernel.normal_form import Normalizer
from verify.kernel.program import Definition, Program, nodes
from verify.meaning.axes import Defining
from verify.meaning.definitions import Found
from verify.meaning.elaborate import Elaborator
from verify.meaning.exposed import exposed, in_order
from verify.meaning.leaves import placeholder
from verify.meaning.losses import LOSSES
from verify.meaning.matrices import Grid, MatrixElaborator, is_matrix_notation
from verify.meaning.network import Network
from verify.meaning.surroundings import Clash, Surroundings, Unread, implicit
from verify.meaning.surroundings import Found as Said
from verify.meaning.symbols import (
    OPEN_FUNCTIONS,
    Lexicon,
    keys_in,
    letter_of,
)
from verify.meaning.tables import TableElaborator, at, is_written_out
from verify.programs import resolve


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


def refined(network: Network, found: Found) -> Network:
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


def with_definitions(network: Network, definitions: list[Found]) -> Network:
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
        Definition(key, tuple(Index(placeholder(n), axis) for n, axis in enumerate(axes)))
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


def with_named_derivatives(network: Network, found: list[Found]) -> Network:
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
