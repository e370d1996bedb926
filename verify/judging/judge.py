"""The verdict on every relation of a document.

The order of the questions: Is it a definition, an assumption, a rule? Does it hold as read? Does it hold after one repair of notation? Does
it follow from the document's own earlier mistake? Else it is refuted, if it can be shown false, or unread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from verify.deciding import Decider
from verify.judging.beliefs import Belief, belief, factorwise, naming
from verify.judging.direct import directly
from verify.judging.doubts import OF_CLAIMS, OF_READING, OF_TYPES, Accused, Circumstances, of_capitals_that_may_be_numbers
from verify.judging.judgement import Judgement, State
from verify.judging.rules import meant_step, stated_rule, stated_step, step_sign, stepped
from verify.kernel.decision import Proved, Refuted, Undecided
from verify.kernel.program import OutOfReach
from verify.meaning.assumed import Assumed, sum_assumed
from verify.meaning.claims import LEARNING_RATES, ChainReading, Typed, is_chain_rule, names_quantity, reference
from verify.meaning.declarations import Declared
from verify.meaning.definitions import Line, under_brace
from verify.meaning.families import DEPTH, instances
from verify.meaning.functions import ELEMENTWISE
from verify.meaning.network import Network
from verify.meaning.repairs import ANYWHERE, WHERE_ILL_TYPED, Around, Candidate, TextEdit, left_out_tag
from verify.meaning.strangers import is_closed
from verify.meaning.surroundings import Clash, Undeclared, Unread
from verify.meaning.symbols import Lexicon, bound_letters, keys_in, letter_of, states_shape
from verify.meaning.vocabulary import says
from verify.reading.syntax import (
    Added,
    Big,
    Chain,
    Derivative,
    Document,
    Formula,
    Fraction,
    Group,
    Juxtaposed,
    Link,
    Name,
    Node,
    Noted,
    Number,
    Operator,
    Product,
    Prose,
    Reference,
    Scripted,
    Statement,
    Unreadable,
)
from verify.reading.traversal import rewritten, walk
from verify.report import Verdict

WORST: tuple[Verdict, ...] = ("refuted", "follows", "slip", "unread", "tested", "proved", "given")
EQUALITIES = frozenset({"=", ":=", "equiv", "iff", "<-", "triangleq", "def"})
ALONG_ONE_WAY = "each derivative is that of the quantity's own formula: the document adds up the other ways"
_NAME = {"+": "a step along", "-": "a step against"}


@dataclass
class Judge:
    """Judges the lines of one document in order."""

    document: Document
    declared: Declared
    deciders: list[Decider]
    assumed: list[Assumed]
    state: State = field(default_factory=State)
    circumstances: dict[int, Circumstances] = field(default_factory=dict)
    scope: int = 0
    restating: bool = False

    @cached_property
    def ascends(self) -> bool:
        """Whether the document speaks of a quantity that is made as large as possible."""
        return any(says("ascent", part.text) for part in self.document.parts if isinstance(part, Prose))

    @property
    def network(self) -> Network:
        """The network in force."""
        return self.declared.scopes[self.scope].network

    @property
    def around(self) -> Circumstances:
        """What the document says around its lines, for the network in force."""
        if self.scope not in self.circumstances:
            self.circumstances[self.scope] = Circumstances(self.document, self.declared, self.scope, self.decider)
        return self.circumstances[self.scope]

    @property
    def decider(self) -> Decider:
        """The decider for the network in force."""
        return self.deciders[self.scope]

    def judgements(self) -> list[Judgement]:
        """The judgement of each relation of the document, in order."""
        headings = {id(f) for f in _after_headings(self.document)}
        found: list[Judgement] = []
        last: Formula | None = None
        scopes = self.declared.scopes
        for line in self.declared.lines:
            while self.scope + 1 < len(scopes) and scopes[self.scope + 1].start <= line.number:
                self.scope += 1
            self.restating = scopes[self.scope].disputed is not None and scopes[self.scope].start == line.number
            if id(line.formula) in headings and line.formula is not last:
                self.state.cases = ()
            if line.formula is not last:
                self.state.recent = ()
                if line.case is not None and is_case(line.case, self.network.words):
                    self.state.cases = (line.case,)
            last = line.formula
            content = line.statement.content
            conditions = tuple(c for c in line.statement.conditions if isinstance(c, Chain))
            if isinstance(content, Chain) and content.links:
                if is_case(content, self.network.words):
                    self.state.cases = (content,)
                    found.extend(self._listed(line, content, "given", "a case condition"))
                else:
                    found.extend(self._within_reach(line, content, conditions))
            for condition in conditions:
                found.extend(self._listed(line, condition, "given", "a side condition"))
            if line.statement.label:
                final = content.links[-1].right if isinstance(content, Chain) and content.links else content
                if final is not None and not isinstance(final, (Unreadable, Chain)):
                    self.state.labels[line.statement.label.strip("()")] = final
                if isinstance(content, Chain) and content.first is not None:
                    self.state.heads[line.statement.label.strip("()")] = line.number, content.first
        return [self.in_hindsight(judgement) for judgement in found]

    def in_hindsight(self, judgement: Judgement) -> Judgement:
        """The judgement of a relation whose shapes clash, now that lines after it may have shown how the document is to be understood."""
        left, right, reading = judgement.left, judgement.link.right, judgement.reading
        clashes = judgement.verdict == "unread" and judgement.failure == "ill-typed" and judgement.claim is None
        if not clashes or left is None or right is None or reading is None:
            return judgement
        if reading.network is not self.network or self.declared.families.letters:
            return judgement
        again = self.refuted(judgement, reading, left, right)
        return again if again.verdict == "refuted" else judgement

    def _within_reach(self, line: Line, chain: Chain, conditions: tuple[Chain, ...]) -> list[Judgement]:
        """The judgements of a line's relations; unread where it is too large to be judged, which harms no other line."""
        try:
            return [*self.members(line, chain, conditions), *self.under_braces(line, chain, conditions)]
        except (OutOfReach, RecursionError):
            return list(self._listed(line, chain, "unread", "the expression is too large"))

    def _listed(self, line: Line, chain: Chain, verdict: Verdict, reason: str) -> Iterator[Judgement]:
        left = chain.first
        for n, link in enumerate(chain.links):
            yield Judgement(line, chain, n, left, link, verdict, reason)
            left = link.right

    def members(self, line: Line, chain: Chain, conditions: tuple[Chain, ...]) -> list[Judgement]:
        """The judgements of a chain; of one that stands for a family of layers or time steps the worst of its instances."""
        found = instances(line.statement, self.declared.families)
        if not self.declared.families.letters or (len(found) == 1 and found[0][1] is line.statement):
            return self.chain(line, chain, conditions)
        judged: list[tuple[dict[str, int], list[Judgement]]] = []
        proved = self.state.proved
        strangers = [self.undeclared(statement) for _, statement in found]
        fewest = min((len(keys) for keys in strangers), default=0)
        found = [pair for pair, keys in zip(found, strangers, strict=True) if len(keys) == fewest]
        found = [pair for pair in found if all(pair[0].values())] or found  # what a family starts from is not what a line is about
        for values, statement in found:
            assert isinstance(statement.content, Chain)
            judged.append((values, self.chain(replace(line, statement=statement, goes_on=None), statement.content, conditions)))
        self.state.firsts.pop(line.number, None)  # a head of one member is none of the line
        if not judged:
            return list(self._listed(line, chain, "unread", "no member of the family has all that it names"))
        self.state.proved = min(self.state.proved, proved + len(chain.links))
        out = []
        left = chain.first
        for n, link in enumerate(chain.links):
            values, worst = min(((v, j[n]) for v, j in judged), key=lambda pair: WORST.index(pair[1].verdict))
            if worst.verdict == "refuted" and self.of_one_member(left, link, [j[n] for _, j in judged]):
                worst = replace(worst, verdict="unread", reason="it holds for one member of the family, and it is not said which is meant")
            member = ", ".join(f"{letter} = {value}" for letter, value in values.items())
            notes = (*worst.notes, f"tried for {DEPTH} members of the family")
            reason = worst.reason + (f" (for {member})" if member and worst.verdict in ("unread", "refuted") else "")
            out.append(replace(worst, chain=chain, left=left, link=link, notes=notes, reason=reason))
            left = link.right
        return out

    def under_braces(self, line: Line, chain: Chain, conditions: tuple[Chain, ...]) -> Iterator[Judgement]:
        """The judgements of what the notes under a line's braces say of their terms, where they are wrong.

        A note that is no formula (a name, a number, words, ``n \\times m``) claims nothing.
        """
        noted = [node for node in walk(chain) if isinstance(node, Noted)]
        if not noted or self.declared.families.free_in(chain):
            return
        reading = ChainReading(self.network, chain, self.state.labels, self.state.cases, conditions, self.decider.vanishes)
        for node in noted:
            sign = under_brace(node)
            if sign is None or not isinstance(note := sign.right, (Added, Derivative, Fraction, Juxtaposed)):
                continue
            base = Judgement(line, chain, len(chain.links), node.body, sign, "unread", reading=reading, decider=self.decider)
            judged = self.as_written(base, reading, node.body, note)
            if judged.verdict not in ("proved", "tested") and not self.around.keys(node.body, note) & self.network.free:
                judged = self.refuted(judged, reading, node.body, note)
                if judged.verdict in ("refuted", "follows"):
                    yield judged

    def of_one_member(self, left: Node | None, link: Link, judged: list[Judgement]) -> bool:
        """Whether a relation whose one side names no member of a family, and whose other side does, holds for some of the members."""
        sides = [side for side in (left, link.right) if side is not None]
        open_sides = [side for side in sides if self.declared.families.free_in(side)]
        return len(open_sides) == 1 < len(sides) and any(j.verdict in ("proved", "tested") for j in judged)

    def undeclared(self, statement: Statement) -> frozenset[str]:
        """The symbols of a statement that nothing declares: an instance at the end of a family names some that the others do not."""
        net = self.network
        known = (net.slots.keys() | net.aliases.keys()) - net.free
        return frozenset(key for key in keys_in(statement.content, net.words) if key not in known)

    # -- one chain ----------------------------------------------------------------------------------------------------------------

    def chain(self, line: Line, chain: Chain, conditions: tuple[Chain, ...]) -> list[Judgement]:
        """The judgements of a chain's relations, each against its left neighbour."""
        if self.restating and self.scope:
            self.scope -= 1  # a second definition is held against the first
            self.restating = False
            held = self.chain(line, chain, conditions)
            self.scope += 1
            if all(j.verdict in ("given", "proved", "tested") for j in held):
                self.state.agreed |= {self.declared.scopes[self.scope].disputed}
            return held
        reading = ChainReading(self.network, chain, self.state.labels, self.state.cases, conditions, self.decider.vanishes)
        found: list[Judgement] = []
        left = chain.first
        earlier = self.state.firsts.get(line.goes_on) if line.goes_on is not None else None
        head = earlier if earlier is not None else chain.first
        if head is not None:
            self.state.firsts[line.number] = head
        carried: tuple[Candidate, ...] = ()
        for n, link in enumerate(chain.links):
            settled = bool(found) and found[-1].verdict in ("proved", "tested")
            judgement = self.relation(line, reading, n, left, link, carried, settled)
            if judgement.claim is not None and judgement.follows is None:
                judgement = replace(judgement, decider=self.decider.at(judgement.claim))
            if (n or earlier is not None) and judgement.verdict not in ("unread", "given") and head is not None and link.right is not None:
                judgement = replace(judgement, equals_head=self.equals(reading, head, link.right), head=earlier)
            found.append(judgement)
            self.learn(judgement)
            carried = judgement.repairs if judgement.verdict == "slip" and len(judgement.repairs) == 1 else ()
            carried = tuple(c for c in carried if link.right is not None and _inside(c, link.right))
            left = link.right
        found = self.joined(line, reading, found)
        self.believe(found)
        return found

    def believe(self, found: list[Judgement]) -> None:
        """Keep what the refuted relations of a chain make the document believe: of their left side, and of the head of the chain."""
        for judgement in found:
            right = judgement.link.right
            if judgement.verdict != "refuted" or judgement.claim is None or judgement.reading is None or right is None:
                continue
            claims = [judgement.claim]
            if judgement.number and judgement.equals_head is False and judgement.chain.first is not None:
                claims.extend(c for c in judgement.reading.tries(judgement.chain.first, right) if isinstance(c, Typed))
            if judgement.left is not None:
                claims.extend(self.wrong_factors(judgement.reading, judgement.left, right))
            for claim in claims:
                one = belief(claim, self.decider.at(claim), self.state.named, judgement.line.number, judgement.link.span, self.scope)
                if one is not None:
                    self.state.beliefs = (one, *self.state.beliefs)

    def wrong_factors(self, reading: ChainReading, left: Node, right: Node) -> list[Typed]:
        """The false one of the equations that a refuted line makes factor by factor, if there is exactly one."""
        for pairs in factorwise(left, right):
            wrong = [pair for pair in pairs if self.equals(reading, *pair) is False]
            if len(wrong) == 1 and all(pair in wrong or self.equals(reading, *pair) for pair in pairs):
                return [claim for claim in reading.tries(*wrong[0]) if isinstance(claim, Typed)]
        return []

    def believing(self, one: Belief) -> Decider:
        """The decider for what is claimed under a belief."""
        if one.program is None:
            return self.decider
        if one.sign not in self.state.believing:
            self.state.believing[one.sign] = Decider(one.program, self.decider.assumptions)
        return self.state.believing[one.sign]

    def following(self, judged: Judgement, reading: ChainReading, left: Node, right: Node) -> Judgement | None:
        """The relation as one that follows from an earlier wrong line, if it is true under what that line makes the document believe."""
        for one in self.state.beliefs:
            if one.scope != self.scope or one.line >= judged.line.number:
                continue
            for claim in reading.tries(left, right):
                under = one.under(claim, self.state.named) if isinstance(claim, Typed) and not claim.loose_ends else None
                if under is None:
                    continue
                decider = self.believing(one).at(under)
                if not decider.screens(under) or decider.vanishes(under.left, under.conditions):
                    continue
                outcome = decider.holds(under)
                if outcome is not None:
                    return replace(judged, verdict="follows", believed=under, outcome=outcome, decider=decider, follows=one)
        return self.following_reference(judged, reading, left, right)

    def following_reference(self, judged: Judgement, reading: ChainReading, left: Node, right: Node) -> Judgement | None:
        """The relation as one that follows from a wrong line that it refers to, ``w (2)``, if it is true of that line's first side."""
        right = rewritten(right, lambda n: reference(n, self.state.heads))
        cited = {n.label: self.state.heads[n.label] for n in walk(right) if isinstance(n, Reference) and n.label in self.state.heads}
        if len(cited) != 1:
            return None
        ((number, head),) = cited.values()
        one = next((b for b in self.state.beliefs if b.line == number and b.scope == self.scope), None)
        if one is None:
            return None
        meant = rewritten(right, lambda n: head if isinstance(n, Reference) else None)
        for claim in reading.tries(left, meant):
            if isinstance(claim, Typed) and not claim.loose_ends and (outcome := self.decider.at(claim).holds(claim)) is not None:
                return replace(judged, verdict="follows", believed=claim, outcome=outcome, follows=one)
        return None

    def learn(self, judgement: Judgement) -> None:
        """Take notice of a proved relation: its quantities are understood as they are written, and so are the misreadings in it.

        A bare chain rule holds for whatever stands in it and teaches nothing.
        """
        if judgement.verdict not in ("proved", "tested"):
            return
        self.state.proved += 1
        sides = [side for side in (judgement.left, judgement.link.right) if side is not None]
        if all(is_chain_rule(side) for side in sides):
            return
        named = self.around.keys(*sides) - ELEMENTWISE.keys()
        if len(named) > 1:  # ``σ'(z) = σ(z)(1 - σ(z))`` says nothing of how z fits with what it is built on
            self.state.trusted |= named
        if judgement.claim is not None:
            self.state.generic |= {name for name, order in self.decider.open_functions(judgement.claim.right) if order}
        self.state.aliases |= self.around.misread(*sides)

    def understood(self, keys: frozenset[str]) -> bool:
        """Whether each quantity stands in a proved relation, or in the definition of one that does, or is made of such, or is always
        written with all its indices.
        """
        table = self.network.program.by_name
        known = self.state.trusted | self.network.explicit | {self.network.root or ""}
        for name in self.state.trusted & table.keys():
            known |= table[name].uses
        for definition in self.network.program.definitions:  # in the order of the forward pass
            if definition.body is not None and definition.uses and definition.uses <= known:
                known |= {definition.name}
        return keys <= known

    def equals(self, reading: ChainReading, left: Node, right: Node) -> bool | None:
        """Whether two sides of a chain are equal by sampling; None where one is not understood."""
        for claim in reading.tries(left, right):
            if not isinstance(claim, Typed):
                return None
            if self.decider.at(claim).screens(claim):
                return True
        return False

    def relation(
        self, line: Line, reading: ChainReading, n: int, left: Node | None, link: Link, carried: tuple[Candidate, ...], settled: bool
    ) -> Judgement:
        """The judgement of one relation; ``settled``: its left side was found to be right."""
        right = link.right
        base = Judgement(line, reading.chain, n, left, link, "unread", reading=reading, decider=self.decider, settled=settled)
        if states_shape(link):
            return replace(base, verdict="given", reason="a shape")
        if link.relation not in EQUALITIES:
            return replace(base, reason=f"the relation {link.relation} is not decided")
        if left is None or right is None or isinstance(right, Unreadable) or isinstance(left, Unreadable):
            return replace(base, reason="a side is missing or could not be read")
        if n in self.declared.defining.get(line.number, ()):
            return self.definition(base, left, right)
        rule = stated_rule(reading.updated, right, self.around.averages) if n == 0 and reading.updated is not None else None
        if rule == "down" or (rule == "up" and self.ascends):
            return replace(base, verdict="given", reason="the update rule")
        if n == 0 and len(reading.chain.links) == 1 and self.around.averages.stated(reading.chain) is not None:
            return replace(base, verdict="given", reason="an average of gradients, kept by the update rule")
        if n == 0 and sum_assumed(left, right, self.network) in self.assumed[self.scope].stated:
            return replace(base, verdict="given", reason="an assumption")
        if n == 0 and is_probability(left) and left not in self.state.probabilities:
            self.state.probabilities |= {left}
            return replace(base, verdict="given", reason="it says what a probability is")
        if n == 0 and self.around.is_demand(left, right):
            judged = self.as_written(base, reading, left, right)
            if judged.verdict in ("proved", "tested"):
                return judged
            return replace(base, verdict="given", reason="a condition on given quantities")
        if n == 0 and (updated := stepped(left)) is not None:
            return self.step(base, reading, left, updated, right)
        judged = self.as_written(base, reading, left, right)
        if judged.claim is not None and judged.failure is not None and (direct := self.directly(base, reading, left, right)) is not None:
            return direct
        if judged.verdict in ("proved", "tested"):
            restated = n == 0 and names_quantity(left, self.network) in self.network.assigned
            return replace(judged, verdict="given", reason="the assignment's definition") if restated else judged
        counts = {self.network.averaged[0]} if self.network.averaged is not None else set()  # the document shows what it divides by
        free = self.around.keys(left, right) & self.network.free - counts
        if free and not is_closed((left, right), self.network):
            return judged if judged.failure == "undeclared" else replace(judged, reason=f"{min(free)} is not declared")
        if self.may_hold(reading, left, right):
            return replace(judged, reason="something is said to be one-hot, and not clearly what: this may hold for it")
        return self.repaired(judged, reading, left, right, carried)

    def may_hold(self, reading: ChainReading, left: Node, right: Node) -> bool:
        """Whether a relation holds, as far as samples show, under something that the document says and leaves in doubt."""
        return any(
            decider.at(claim).screens(claim)
            for decider in self.doubting
            for claim in reading.tries(left, right)
            if isinstance(claim, Typed) and not claim.loose_ends
        )

    @property
    def doubting(self) -> list[Decider]:
        """The deciders under what the document leaves in doubt, for the network in force."""
        if self.scope not in self.state.doubting:
            sets = self.assumed[self.scope].doubted()
            self.state.doubting[self.scope] = [Decider(self.network.program, assumptions) for assumptions in sets]
        return self.state.doubting[self.scope]

    def step(self, base: Judgement, reading: ChainReading, left: Node, updated: Node, right: Node) -> Judgement:
        """The judgement of ``Δw = …``: given with the bare derivative, else a claim about ``± η ∂L/∂w`` with the document's sign."""
        stated = stated_step(left, right)
        if stated is not None and self.step_sign in (stated, None):
            return replace(base, verdict="given", reason="the step of the update rule")
        rates = [key for key in keys_in(right, self.network.words) if key in LEARNING_RATES]
        if self.network.root is None or len(set(rates)) != 1:
            return replace(base, reason="a step without a loss and a learning rate")
        found = base
        for sign in (self.step_sign,) if self.step_sign is not None else ("-", "+"):
            found = self.as_written(base, reading, meant_step(sign, rates[0], self.network.root, updated), right)
            if found.verdict in ("proved", "tested"):
                return replace(found, notes=(*found.notes, f"{_NAME[sign]} the gradient"))
        if self.around.keys(left, right) & self.network.free:
            return found
        refused = self.refuted(found, reading, updated, right)
        if self.step_sign is None and refused.verdict == "refuted":
            against = self.as_written(base, reading, meant_step("-", rates[0], self.network.root, updated), right)
            if self.refuted(against, reading, updated, right).verdict != "refuted":
                return replace(base, reason="it is not said whether the step is added or taken away")
        return refused

    @cached_property
    def step_sign(self) -> str | None:
        """The sign of the document's steps: ``+`` where they are along the gradient."""
        return step_sign(line.statement.content for line in self.declared.lines)

    def definition(self, base: Judgement, left: Node, right: Node) -> Judgement:
        """The judgement of a definition; a derivative that it gives a name to is remembered."""
        if isinstance(right, Derivative) and base.reading is not None:
            claim = next(base.reading.tries(left, right))
            name = naming(claim) if isinstance(claim, Typed) else None
            if name is not None:
                self.state.named[name[0].name] = name
        first = left.items[0] if isinstance(left, Juxtaposed) else left
        key = names_quantity(first, self.network) or ""
        self.state.recent = (*self.state.recent, key)
        if key in self.network.failed:
            return replace(base, verdict="given", reason=f"a definition that was not understood: {self.network.failed[key]}")
        return replace(base, verdict="given", reason="a definition")

    def as_written(self, base: Judgement, reading: ChainReading, left: Node, right: Node) -> Judgement:
        """Whether the relation holds under an admissible reading; else how it fails."""
        best = base
        for claim in reading.tries(left, right):
            match claim:
                case Undeclared():
                    return replace(base, failure="undeclared", reason=str(claim))
                case Unread():
                    best = best if best.failure else replace(base, failure="unread", reason=str(claim))
                    continue
                case Clash():
                    best = best if best.failure else replace(base, failure="ill-typed", reason=str(claim))
                    continue
            outcome = self.decider.at(claim).holds(claim)
            if outcome is None and (counted := claim.counted()) is not None:
                claim = counted  # a sum that ends at a number says how many positions there are
                outcome = self.decider.at(claim).holds(claim)
            if outcome is not None and not says_zero(reading.chain) and self._both_vanish(claim):
                return replace(base, reason="both sides are 0 whatever the network: this shows nothing", claim=claim)
            if outcome is not None:
                verdict: Verdict = "proved" if isinstance(outcome.decision, Proved) else "tested"
                return replace(base, verdict=verdict, claim=claim, outcome=outcome, notes=claim.notes, failure=None, reason="")
            if best.failure != "false":
                best = replace(base, failure="ill-typed" if claim.loose_ends else "false", claim=claim, notes=claim.notes)
        return best

    def directly(self, base: Judgement, reading: ChainReading, left: Node, right: Node) -> Judgement | None:
        """The judgement of a relation that holds with derivatives along one way, where the document's own sums mean them so; else None."""
        for claim in reading.tries(left, right) if self.around.direct else ():
            held = directly(claim, self.network, self.around.direct) if isinstance(claim, Typed) else None
            outcome = self.decider.at(held).holds(held) if held is not None else None
            if held is not None and outcome is not None and not self._both_vanish(held):
                verdict: Verdict = "proved" if isinstance(outcome.decision, Proved) else "tested"
                return replace(base, verdict=verdict, claim=held, outcome=outcome, notes=(*held.notes, ALONG_ONE_WAY))
        return None

    def candidates(self, reading: ChainReading, judged: Judgement, left: Node, right: Node) -> Iterator[tuple[Node, Node, Candidate]]:
        """One-edit repairs of notation, the right side first; a letter that the other side sums over is not another letter misread."""
        letters = frozenset(letter for side in (left, right) for letter in _letters(side, self.network)) | reading.letters.keys()
        around = Around(self.network, self.document.text, letters)
        if judged.number == 0:
            for candidate in left_out_tag(left, self.state.recent, around):
                yield candidate.node, right, candidate
        kinds = ANYWHERE + (WHERE_ILL_TYPED if judged.failure == "ill-typed" else ())
        for kind in kinds:
            for candidate in kind(right, around):
                if candidate.mistake != "index-slip" or candidate.was not in summed_letters(left):
                    yield left, candidate.node, candidate
            for candidate in kind(left, around) if not judged.settled else ():
                if candidate.mistake != "index-slip" or candidate.was not in summed_letters(right):
                    yield candidate.node, right, candidate

    def repaired(self, judged: Judgement, reading: ChainReading, left: Node, right: Node, carried: tuple[Candidate, ...]) -> Judgement:
        """A slip if one repair of notation, or one carried over from the relation before, makes the relation true; else refuted or
        unread.
        """
        tries = [(c.node, right, c) for c in carried] + list(self.candidates(reading, judged, left, right))
        for one, other, candidate in tries:
            for claim in reading.tries(one, other):
                if not isinstance(claim, Typed) or claim.loose_ends or not self.decider.at(claim).screens(claim):
                    continue
                if self._both_vanish(claim):
                    continue
                outcome = self.decider.at(claim).holds(claim)
                if outcome is not None:
                    accused = self.accused(judged, reading, left, right)
                    if judged.failure == "ill-typed" and (reason := of_capitals_that_may_be_numbers(accused, self.around)) is not None:
                        return replace(judged, reason=reason)
                    return replace(judged, verdict="slip", claim=claim, outcome=outcome, repairs=(candidate,), notes=claim.notes)
        return self.refuted(judged, reading, left, right)

    def _both_vanish(self, claim: Typed) -> bool:
        return self.decider.at(claim).vanishes(claim.left, claim.conditions)

    def accused(self, judged: Judgement, reading: ChainReading, left: Node, right: Node) -> Accused:
        """The relation with what is known of it, to be looked at for doubts."""
        return Accused(judged, reading, left, right, frozenset(self.around.keys(left, right)), self.state, judged.claim)

    def refuted(self, judged: Judgement, reading: ChainReading, left: Node, right: Node) -> Judgement:
        """Refuted where the claim is shown false and the document leaves nothing open that could make it true; a clash of axes counts
        only where the notation has been understood.
        """
        around = self.around
        untyped = judged.failure == "ill-typed" and judged.claim is None
        if untyped and judged.number == 0 and (leaf := around.bare_leaf(left)) is not None:
            self.state.doubtful |= {leaf}
        accused = self.accused(judged, reading, left, right)
        if (reason := around.first_doubt(accused, OF_READING)) is not None:
            return replace(judged, reason=reason)
        if untyped:
            if not self.understood(accused.keys):
                return judged
            if (reason := around.first_doubt(accused, OF_TYPES)) is not None:
                return replace(judged, reason=reason)
            try:
                claim = reading.typed(left, right, free_sum=True)
                if self.decider.at(claim).holds(claim) is not None:  # a sum is missing: the claim is about each term
                    claim = reading.typed(left, right, kept_axes=True)
            except Clash:
                return replace(judged, verdict="refuted")
            except Unread:
                return judged
            accused = replace(accused, claim=claim)
        if accused.claim is None:
            return judged
        if (reason := around.first_doubt(accused, OF_CLAIMS)) is not None:
            return replace(judged, reason=reason)
        outcome = self.decider.at(accused.claim).refuses(accused.claim)
        if isinstance(outcome.decision, Refuted):
            refuted = replace(judged, verdict="refuted", claim=accused.claim, outcome=outcome)
            return self.following(refuted, reading, left, right) or refuted
        if isinstance(outcome.decision, Undecided):
            return replace(judged, reason=outcome.decision.reason)
        return judged

    def joined(self, line: Line, reading: ChainReading, found: list[Judgement]) -> list[Judgement]:
        """Two neighbouring relations mended at once by reading the second ``=`` as a product sign."""
        for n in range(len(found) - 1):
            one, two = found[n], found[n + 1]
            if one.verdict not in ("refuted", "unread") or two.verdict not in ("refuted", "unread"):
                continue
            if one.left is None or one.link.right is None or two.link.right is None:
                continue
            if self.equals(reading, one.left, two.link.right):  # nothing asks for the side between them as a factor
                continue
            product = times_last(one.link.right, two.link.right)
            for claim in reading.tries(one.left, product):
                if not isinstance(claim, Typed) or not self.decider.at(claim).screens(claim) or self._both_vanish(claim):
                    continue
                outcome = self.decider.at(claim).holds(claim)
                if outcome is not None:
                    sign, end = two.link.span, two.link.right.span.end
                    edits: tuple[TextEdit, ...] = (TextEdit(sign.start, sign.end, r"\cdot"),)
                    if isinstance(two.link.right, Added):
                        edits = (TextEdit(sign.start, sign.end, r"\cdot ("), TextEdit(end, end, ")"))
                    repair = Candidate(product, edits, "product-for-equals", "=", r"\cdot")
                    found[n] = replace(one, verdict="slip", claim=claim, outcome=outcome, repairs=(repair,))
                    found[n + 1] = replace(two, verdict="slip", claim=claim, outcome=outcome, repairs=(repair,))
                    break
        return found


def is_probability(node: Node) -> bool:
    """Whether a side is a conditional probability that is written out: ``P(t = 1 \\mid x)``."""
    match node:
        case Juxtaposed(_, (Name() | Scripted(), Group(_, "(", Operator(_, "mid", _)))):
            return True
    return False


def summed_letters(side: Node) -> set[str]:
    """The letters that the sums of a side bind."""
    return {letter for n in walk(side) if isinstance(n, Big) and n.lower is not None for letter in bound_letters(n.lower)}


def says_zero(chain: Chain) -> bool:
    """Whether a side of a chain is written as 0: that everything in it vanishes is what it shows."""
    return any(isinstance(side, Number) and float(side.text) == 0 for side in chain.sides)


def times_last(left: Node, right: Node) -> Node:
    """The left side with its last term multiplied by the right side."""
    if isinstance(left, Added):
        return replace(left, terms=(*left.terms[:-1], times_last(left.terms[-1], right)))
    return Product(left.span, "cdot", left, right)


def is_case(chain: Chain, words: Lexicon) -> bool:
    """Whether a chain is a condition on index letters: ``i = k``, ``i ≠ k``, ``i = 1``; two letters of which none is an index are not."""
    if chain.first is None or letter_of(chain.first) is None:
        return False
    letters = [letter for side in chain.sides if side is not None and (letter := letter_of(side))]
    if len(letters) > 1 and all(link.relation == "=" for link in chain.links) and not any(map(words.is_index, letters)):
        return False
    return all(
        link.relation in ("=", "!=") and link.right is not None and (letter_of(link.right) is not None or isinstance(link.right, Number))
        for link in chain.links
    )


def _inside(candidate: Candidate, side: Node) -> bool:
    return all(side.span.start <= e.start and e.end <= side.span.end for e in candidate.edits)


def _letters(node: Node, network: Network) -> Iterator[str]:
    for n in walk(node):
        letter = letter_of(n)
        if letter is not None and network.words.is_index(letter):
            yield letter


def _after_headings(document: Document) -> Iterator[Formula]:
    heading = False
    for part in document.parts:
        if isinstance(part, Prose):
            heading = heading or part.kind == "heading"
        else:
            if heading:
                yield part
            heading = False
