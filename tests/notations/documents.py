"""Documents that the tests print: an entry of the catalogue, or its pitfalls, in one notation."""

from __future__ import annotations

from dataclasses import dataclass

from derivations._entry import Derivation
from verify.kernel.expr import Expr, Index, Tensor
from verify.notations import NOTATIONS
from verify.notations.page import Page, Unsayable, page_of, tensor_name
from verify.proving.order import readable
from verify.sympy_bridge import program, to_expr

Line = tuple[Expr, Expr]


@dataclass(frozen=True)
class Printed:
    """A document: its text, how many definitions it begins with, and for each claim the number that it has in the entry."""

    text: str
    definitions: int
    claims: tuple[int, ...]
    unsayable: tuple[str, ...]


def line(left: object, right: object) -> Line:
    """Both sides as the kernel has them, in the order in which people write."""
    return readable(to_expr(left)), readable(to_expr(right))


def printed(derivation: Derivation, claims: list[Line], notation: str, rows: bool = False) -> Printed | Unsayable:
    """The forward pass of an entry and claims about it in a notation; claims that it cannot say are left out, a definition is not."""
    definitions = [line(left, right) for left, right in derivation.forward.items()]
    page = page_of(program(derivation), [e for pair in (*definitions, *claims) for e in pair], rows)
    formulas: list[str] = []
    for pair in definitions:
        found = NOTATIONS[notation](page, pair)
        if isinstance(found, Unsayable):
            return found
        formulas.append(" = ".join(found))
    said, unsayable = [], []
    for n, pair in enumerate(claims):
        found = NOTATIONS[notation](page, pair)
        if isinstance(found, Unsayable):
            unsayable.append(str(found))
        else:
            said.append(n)
            formulas.append(" = ".join(found))
    head = f"# {derivation.title}\n\n" + (shapes(page) if notation == "matrix" else "")
    return Printed(head + "\n\n".join(f"$${formula}$$" for formula in formulas) + "\n", len(definitions), tuple(said), tuple(unsayable))


def shapes(page: Page) -> str:
    """The shapes of the quantities in words."""
    said = []
    for definition in page.program.definitions:
        lengths = [page.widths.get(i.axis) or f"n_{{{i.axis}}}" for i in definition.indices]
        if len(lengths) == 1:
            lengths = ["1", *lengths] if page.rows else lengths
        power = r"^{" + r" \times ".join(lengths) + "}" if lengths else ""
        said.append(rf"${tensor_name(definition.name)} \in \mathbb{{R}}{power}$")
    return f"Here {', '.join(said)}.\n\n"


def entry(name: Tensor) -> tuple[Index, ...]:
    """The indices of an entry."""
    return tuple(i for i in name.indices if isinstance(i, Index))
