"""What ``backproof prove`` is asked to prove: an entry of the catalogue, or the network of a document or an assignment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from verify.files import Unreadable, format_of, read_bytes
from verify.grading.assignment import FENCE, AssignmentError, parse_assignment
from verify.proving import documents
from verify.proving.network import Detail
from verify.proving.proof import NotProved, Proof
from verify.reading.document import read


def prove_subject(subject: str, wanted: Sequence[str] = (), detail: Detail = "full", own_steps: bool = True) -> Proof:
    """The proof for an entry's name or for a file; without ``own_steps`` derived even where an entry has steps of its own.

    Raises NotProved or Unreadable, with the reason.
    """
    from derivations import names

    if subject in names():
        from derivations import catalogue
        from verify.proving import entries  # late: only entries need SymPy

        return entries.prove(catalogue()[subject], wanted, detail, own_steps)
    path = Path(subject)
    if not path.suffix:
        raise NotProved("no entry of the catalogue, which `backproof list` shows, and no file with the ending of a document")
    chosen = format_of(path)
    data = read_bytes(path)
    if chosen == "py":
        raise NotProved("a proof begins with a forward pass in mathematical notation, not with code")
    try:
        return prove(data, format=chosen, wanted=wanted, detail=detail)
    except AssignmentError as error:
        raise Unreadable(str(error)) from None


def prove(text: str | bytes, *, format: str = "md", wanted: Sequence[str] = (), detail: Detail = "full") -> Proof:
    """The proof of the gradients of the network that a document or an assignment declares, from its forward pass alone.

    ``format`` is md, tex or ipynb; ``wanted`` are names of quantities as the document writes them, without them those that an assignment
    asks for, else the parameters. Raises NotProved where no loss is defined, where a definition was not understood, or where the kernel
    does not decide a step; AssignmentError, a ValueError, for front matter that is none.
    """
    plain = text if isinstance(text, str) else text.decode("utf-8", "replace")
    if format == "md" and plain.lstrip("\ufeff").startswith(FENCE):
        assignment = parse_assignment(plain)
        return documents.prove(read(assignment.body), wanted, detail, assignment.quantities)
    return documents.prove(read(text, format), wanted, detail)
