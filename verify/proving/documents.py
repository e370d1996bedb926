"""Proofs for the network that a document or an assignment declares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from verify.judging.asked import asked_pair
from verify.kernel.program import Program
from verify.meaning.assumed import assumed
from verify.meaning.declarations import declared
from verify.meaning.leaves import SCALARS
from verify.meaning.network import Network
from verify.programs import affected
from verify.proving.letters import lettered
from verify.proving.network import Detail, derive
from verify.proving.proof import NotProved, Proof
from verify.reading.syntax import Document

DATA = frozenset({"x", "X", "y", "Y", "t", "T", r"\mathbf{x}", r"\mathbf{X}", r"\mathbf{y}", r"\mathbf{Y}"})
"""What people call inputs and targets; nobody asks for the gradient by these unless he says so."""


def prove(document: Document, wanted: Sequence[str] = (), detail: Detail = "full", asked: Sequence[str] = ()) -> Proof:
    """The proof of the gradients of the loss that a document's own definitions compute.

    ``wanted`` are names of quantities as the document writes them; without them those that ``asked`` (derivatives in LaTeX) are by, else
    the parameters. Raises NotProved where the document declares no loss, where a definition was not understood, and for a wanted
    quantity that it does not have.
    """
    found = declared(document)
    network = next((scope.network for scope in reversed(found.scopes) if scope.network.root is not None), None)
    if network is None or network.root is None or network.abstract is not None:
        raise NotProved("no loss is defined: a proof begins with a forward pass that ends in one number")
    known = assumed([document], found.lines, network, found.families)
    program = lettered(replace(network.program, assumptions=known.every))
    _understood(network, network.root)
    root = network.root
    parameters = tuple(_parameters(program, root))
    names = tuple(_name(text, program, root) for text in wanted) or tuple(_asked(asked, network)) or parameters
    leaves = frozenset(d.name for d in program.definitions if d.body is None)
    return derive(
        program,
        root,
        tuple(dict.fromkeys(names)),
        detail,
        title=_title(document.text) or "Gradients",
        parameters=tuple(n for n in names if n in leaves and _stem(n) not in DATA),
    )


def _understood(network: Network, root: str) -> None:
    """Raises NotProved if a definition of the forward pass has no meaning."""
    for name, reason in network.failed.items():
        raise NotProved(f"the definition of {name} was not understood: {reason}")
    if root not in network.program.by_name or network.program.by_name[root].body is None:
        raise NotProved(f"the loss {root} has no definition")


def _parameters(program: Program, root: str) -> Iterable[str]:
    """The leaves that the loss depends on and that are neither data nor scalar constants; all of them where no other is left."""
    leaves = [d for d in program.definitions if d.body is None and root in affected(program, d.name)]
    assumed = {a.name for a in program.assumptions}
    own = [d.name for d in leaves if _stem(d.name) not in DATA and d.name not in assumed and d.name not in SCALARS]
    return own or [d.name for d in leaves]


def _name(text: str, program: Program, root: str) -> str:
    """The program's name for a quantity as somebody types it: ``w_h1`` and ``w_{h1}`` are one."""
    known = [d.name for d in program.definitions if root in affected(program, d.name)]
    found = [name for name in known if name == text] or [name for name in known if _plain(name) == _plain(text)]
    if len(found) != 1:
        raise NotProved(f"{root} depends on no {text}; it does on {', '.join(known)}")
    return found[0]


def _asked(asked: Iterable[str], network: Network) -> Iterable[str]:
    """The quantities that the asked derivatives of the loss are by."""
    for quantity in asked:
        try:
            of, by = asked_pair(quantity, network)
        except ValueError as reason:
            raise NotProved(str(reason)) from None
        if of == network.root:
            yield by


def _plain(name: str) -> str:
    return re.sub(r"[\s{}_^()\\]", "", name)


def _stem(name: str) -> str:
    return re.split(r"[_^]", name, maxsplit=1)[0]


def _title(text: str) -> str:
    """The first heading of a Markdown document."""
    found = re.search(r"^# +(.+?) *#*$", text, re.MULTILINE)
    return found[1] if found else ""
