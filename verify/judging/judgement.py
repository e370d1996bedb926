"""The verdict on one relation, and what the relations before it leave for those after."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from verify.deciding import Decider, Outcome
from verify.judging.beliefs import Belief
from verify.kernel.expr import Derivative as DerivativeOf
from verify.kernel.expr import Tensor
from verify.meaning.claims import ChainReading, Typed
from verify.meaning.definitions import Line
from verify.meaning.repairs import Candidate
from verify.reading.syntax import Chain, Link, Node, Span
from verify.report import Verdict

Failure = Literal["false", "ill-typed", "unread", "undeclared"]


@dataclass(frozen=True)
class Judgement:
    """The verdict on one relation, with everything that an explanation needs.

    ``claim`` is the relation as read (of a slip, as repaired); ``repairs`` the edits that mend it; ``failure`` says how it failed as
    written.
    """

    line: Line
    chain: Chain
    number: int
    left: Node | None
    link: Link
    verdict: Verdict
    reason: str = ""
    claim: Typed | None = None
    outcome: Outcome | None = None
    repairs: tuple[Candidate, ...] = ()
    failure: Failure | None = None
    equals_head: bool | None = None
    head: Node | None = None
    """The first side of all that the chain goes on, if it goes on an earlier display after words."""
    notes: tuple[str, ...] = ()
    reading: ChainReading | None = None
    decider: Decider | None = None
    follows: Belief | None = None
    settled: bool = False
    """Whether the left side was found to be right, as the right side of the relation before."""
    believed: Typed | None = None
    """What the relation claims under the belief that it follows from."""

    @property
    def whole(self) -> Chain:
        """The chain, from the head of the one that it goes on."""
        return self.chain if self.head is None else replace(self.chain, first=self.head)

    def sign(self, text: str) -> str:
        """The relation's sign as the document writes it; ``=`` for a note under a brace that begins with none."""
        written = text[self.link.span.start : self.link.span.end]
        return self.link.relation if written == "{" else written


@dataclass
class State:
    """What earlier lines leave for later ones: names of lines, case conditions in force, how many lines were proved, what this formula
    defined.
    """

    labels: dict[str, Node] = field(default_factory=dict)
    heads: dict[str, tuple[int, Node]] = field(default_factory=dict)
    """The first side of each line that has a name, with the line's number."""
    cases: tuple[Chain, ...] = ()
    proved: int = 0
    trusted: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()
    generic: frozenset[str] = frozenset()
    probabilities: frozenset[Node] = frozenset()
    recent: tuple[str, ...] = ()
    beliefs: tuple[Belief, ...] = ()
    """What refuted lines make the document believe, the nearest first."""
    named: dict[str, tuple[Tensor, DerivativeOf]] = field(default_factory=dict)
    """The quantities that lines define as derivatives."""
    agreed: frozenset[str | None] = frozenset()
    """The quantities whose second definition was found to say the same as the first."""
    doubtful: frozenset[str] = frozenset()
    """The leaves that a line seems to define with axes that they do not have: their letters may tell layers apart."""
    firsts: dict[int, Node] = field(default_factory=dict)
    """The head of each line's chain, by the line's number."""
    believing: dict[Span, Decider] = field(default_factory=dict)
    """The deciders for the networks that the document believes in, by the signs of the lines."""
    doubting: dict[int, list[Decider]] = field(default_factory=dict)
    """The deciders under what the document leaves in doubt, by scope."""
