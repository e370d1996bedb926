"""Documents that the tests print: an entry of the catalogue, or its pitfalls, in one notation."""

from __future__ import annotations

from dataclasses import dataclass

from derivations._entry import Derivation
from verify.checking import judged
from verify.deciding import Deciders
from verify.kernel.expr import ONE, Expr, Sum, Tensor
from verify.kernel.program import SumsToOne
from verify.notations import NOTATIONS
from verify.notations.page import Page, Unsayable, page_of, tensor_name
from verify.proving.order import readable
from verify.reading.document import read
from verify.sympy_bridge import program, to_expr

Line = tuple[Expr, Expr]


@dataclass(frozen=True)
class Printed:
    """A document: its text, how many definitions and assumptions it begins with, and for each claim the number that it has in the entry."""

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
    for assumed in sorted(program(derivation).assumptions, key=repr):
        found = NOTATIONS["index"](page, sums(page, assumed)) if isinstance(assumed, SumsToOne) else Unsayable("")
        if not isinstance(found, Unsayable):
            formulas.append(" = ".join(found))
    stated = len(formulas)
    said, unsayable = [], []
    for n, pair in enumerate(claims):
        found = NOTATIONS[notation](page, pair)
        if isinstance(found, Unsayable):
            unsayable.append(str(found))
        else:
            said.append(n)
            formulas.append(" = ".join(found))
    head = f"# {derivation.title}\n\n" + (shapes(page) if notation != "index" else "")
    return Printed(head + "\n\n".join(f"$${formula}$$" for formula in formulas) + "\n", stated, tuple(said), tuple(unsayable))


def sums(page: Page, assumed: SumsToOne) -> Line:
    """That the entries of a leaf add up to 1, as an equation."""
    definition = page.program.by_name[assumed.name]
    return Sum(definition.indices[assumed.position], Tensor(definition.name, definition.indices)), ONE


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


def verdicts(document: Printed) -> list[str]:
    """The verdict of each relation of a document that is no statement of a shape; nothing is explained, which would take long."""
    _, _, judgements = judged(read(document.text), None, Deciders())
    return [judgement.verdict for judgement in judgements if judgement.link.relation != "in"]
