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
    text = data.decode("utf-8", "replace")
    if chosen == "md" and text.lstrip("\ufeff").startswith(FENCE):
        try:
            assignment = parse_assignment(text)
        except AssignmentError as error:
            raise Unreadable(str(error)) from None
        return documents.prove(read(assignment.body), wanted, detail, assignment.quantities)
    return documents.prove(read(data, chosen), wanted, detail)
