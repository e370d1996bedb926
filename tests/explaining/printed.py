"""The catalogue's proofs as documents, as somebody would write them: in index, matrix and loose notation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from derivations import catalogue
from derivations._entry import Derivation
from verify.kernel.expr import ONE, Expr, Index, Sum, Tensor
from verify.kernel.program import Condition, Equal, OneHot, Program, SumsToOne
from verify.notations import NOTATIONS
from verify.notations.page import WIDTHS, Page, Unsayable, page_of, tensor_name
from verify.proving.entries import prove
from verify.proving.proof import Proof


@dataclass(frozen=True)
class Document:
    """A proof of the catalogue as a Markdown document in one notation."""

    entry: str
    notation: str
    text: str


def documents() -> Iterator[Document]:
    """Every entry of the catalogue in every notation that can say its forward pass."""
    for name, derivation in catalogue().items():
        yield from documents_of(name, derivation)


def documents_of(name: str, derivation: Derivation) -> Iterator[Document]:
    """One entry in the notations that can say its forward pass."""
    proof = prove(derivation)
    for notation in NOTATIONS:
        text = written(proof, notation)
        if text is not None:
            yield Document(name, notation, text)


def written(proof: Proof, notation: str) -> str | None:
    """The proof in a notation: definitions, assumptions, then the chains that the notation can say; None if it cannot say a definition."""
    chains = [*proof.chains, *((line,) for line in proof.results)]
    every = [e for chain in chains for line in chain for e in (line.left, line.right)]
    page = page_of(proof.program, [*every, *(body for _, body in proof.definitions)])
    blocks = [] if notation == "index" else declarations(proof.program, page)
    words: list[str] = []
    for name, body in proof.definitions:
        sides = said(page, notation, (name, body))
        if sides is None:
            return None
        blocks.append(" = ".join(sides))
    for assumption in proof.assumptions:
        match assumption:
            case SumsToOne(name, position):
                entry = Tensor(name, proof.program.by_name[name].indices)
                index = proof.program.by_name[name].indices[position]
                sides = said(page, notation, (Sum(index, entry), ONE))
                blocks.extend([" = ".join(sides)] if sides else [])
            case OneHot(name, position):
                number = len(proof.program.by_name[name].indices)
                of = "" if number == 1 else "each row of " if position == number - 1 else "each column of "
                words.append(f"Here {of}${name}$ is one-hot.\n\n")
    for chain in chains:
        sides = said(page, notation, (chain[0].left, *(line.right for line in chain)))
        if sides is not None:
            blocks.append(" = ".join(sides) + "".join(conditioned(c, page) for c in chain[0].conditions))
    return "".join([*words, *(f"$$ {block} $$\n\n" for block in blocks)])


def declarations(program: Program, page: Page) -> list[str]:
    """The shapes of the leaves: ``W \\in \\mathbb{R}^{D \\times H}``."""
    axes = dict.fromkeys(axis for d in program.definitions for axis in d.axes)
    taken = {d.name[0] for d in program.definitions} | set(page.widths.values())
    free = (c for c in WIDTHS if c not in taken)
    widths = {axis: page.widths.get(axis) or next(free) for axis in axes}
    return [
        rf"{tensor_name(d.name)} \in \mathbb{{R}}" + ("^{" + r" \times ".join(widths[a] for a in d.axes) + "}" if d.axes else "")
        for d in program.definitions
        if d.body is None
    ]


def said(page: Page, notation: str, exprs: Sequence[Expr]) -> tuple[str, ...] | None:
    """The sides of a chain, or None where the notation cannot say them."""
    found = NOTATIONS[notation](page, exprs)
    return None if isinstance(found, Unsayable) else found


def conditioned(condition: Condition, page: Page) -> str:
    """A side condition behind a chain."""
    one, other = (page.letters.get(p, p.name) if isinstance(p, Index) else str(p + 1) for p in (condition.left, condition.right))
    return rf", \quad {one} {'=' if isinstance(condition, Equal) else chr(92) + 'neq'} {other}"
