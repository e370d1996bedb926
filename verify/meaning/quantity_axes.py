"""The axes of quantities by name, from the variables that stand for them."""

from __future__ import annotations

from verify.meaning.axes import AxisVariables, Defining
from verify.meaning.definitions import Found
from verify.meaning.shapes import (
    UNIT,
    Shapes,
)
from verify.meaning.symbols import (
    Lexicon,
    occurrences_in,
)


def axis_variables(shapes: Shapes) -> tuple[AxisVariables, dict[str, tuple[int | None, int | None]], dict[str, int]]:
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


def name_of_axis(variable: int | None, names: dict[int, str], state: AxisVariables) -> str | None:
    return None if variable is None else names[state.find(variable)]


def always_indexed(found: list[Found], slots: dict[str, tuple[str, ...]], words: Lexicon) -> frozenset[str]:
    """The quantities that the definitions write with all their indices, everywhere."""
    seen: set[str] = set()
    short: set[str] = set()
    for f in found:
        heads = [(f.key, len(f.written))]
        for key, count in [*heads, *((occ.key, len(occ.written)) for occ in occurrences_in(f.bodies[0], words))]:
            (seen if count == len(slots.get(key, ())) else short).add(key)
    return frozenset(seen - short)


def sample_axes(grids: dict[str, tuple[str | None, str | None]], defined: frozenset[str]) -> frozenset[str]:
    """The axes that only data carry among the leaves: X, Y, T and their kind, never a weight."""
    data: set[str] = set()
    weights: set[str] = set()
    for key, axes in grids.items():
        if key in defined:
            continue
        letter = key.split("_", 1)[0].rstrip("}").rsplit("{", 1)[-1]
        (data if letter in ("X", "Y", "T", "D", "x", "y", "t") else weights).update(a for a in axes if a is not None)
    return frozenset(data - weights)


def axis_names(state: AxisVariables, definitions: list[Defining]) -> dict[int, str]:
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
