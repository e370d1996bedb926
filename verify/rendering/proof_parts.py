"""A proof as a sequence of headings, paragraphs and displays, in a language and a notation; documents are made of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from verify.kernel.decision import Tested
from verify.kernel.expr import Add, Derivative, Expr, Index, Size, Sum, Tensor, mul, num
from verify.kernel.program import Assumption, Condition, Definition, Equal, OneHot, Positive, SumsToOne
from verify.meaning.losses import LOSSES
from verify.notations import NOTATIONS
from verify.notations.page import Page, Unsayable, below, indices_of, tensor_name
from verify.proving.letters import LETTERS
from verify.proving.proof import Chain, Heading, Line, Proof, Signal, Way

Translate = Callable[[str], str]


@dataclass(frozen=True)
class Maths:
    """A formula inside a sentence, as LaTeX."""

    tex: str


Words = tuple[str | Maths, ...]


@dataclass(frozen=True)
class Title:
    """A heading; the document's own has level 1."""

    level: int
    words: Words


@dataclass(frozen=True)
class Paragraph:
    """A sentence or more. ``kind`` is what it is for: text, remark or source."""

    words: Words
    kind: str = "text"


@dataclass(frozen=True)
class Row:
    """One line of a display: ``left relation right``, and the reason for it. The left side is empty where the row before goes on."""

    left: str
    right: str
    reason: Words = ()
    relation: str = "="


@dataclass(frozen=True)
class Display:
    """Formulas on lines of their own, below one another."""

    rows: tuple[Row, ...]


Part = Title | Paragraph | Display


def parts(proof: Proof, style: str = "index", translate: Translate = str) -> list[Part]:
    """What a document of the proof consists of, in order.

    What the style's notation cannot say is written with indices, and a remark says why.
    """
    return _Writer(proof, style, translate).parts()


class _Writer:
    def __init__(self, proof: Proof, style: str, translate: Translate) -> None:
        self.proof, self.style, self.say = proof, style, translate
        self.names = {tensor_name(d.name) for d in proof.program.definitions}
        shown = [e for pair in proof.definitions for e in pair] + [e for line in proof.lines for e in (line.left, line.right)]
        self.preferred = _preferred([*(i for d in proof.program.definitions for i in d.indices), *indices_of(shown)], self.names)
        sized = {node.axis for expr in shown for node in below(expr) if isinstance(node, Size)}
        letters = (c for c in "NMDKHTCPQR" if c not in self.names)
        self.widths = dict(zip(sorted(sized), letters, strict=False)) | {axis: str(size) for axis, size in proof.program.sizes}
        self.said: set[str] = set()

    # -- formulas -----------------------------------------------------------------------------------------------------------------

    def page(self, exprs: Sequence[Expr], more: Iterable[Index] = ()) -> Page:
        """The page for one display: each index has its own letter if it is free there, else another."""
        letters: dict[Index, str] = {}
        for index in dict.fromkeys([*more, *indices_of(exprs)]):
            wanted = self.preferred.get(index, "")
            if not wanted or wanted in letters.values():
                kept = {*letters.values(), *self.preferred.values()}
                pool = [c for c in LETTERS if c not in self.names]
                wanted = next((c for c in pool if c not in kept), "") or next((c for c in pool if c not in letters.values()), index.name)
            letters[index] = wanted
        return Page(self.proof.program, letters, self.widths)

    def sides(self, exprs: Sequence[Expr], more: Iterable[Index] = ()) -> tuple[tuple[str, ...], str]:
        """The sides of a display, and why they are not in the style that was asked for, if so."""
        page = self.page(exprs, more)
        why = ""
        if self.style != "index":
            found = NOTATIONS[self.style](page, exprs)
            if not isinstance(found, Unsayable):
                return found, ""
            why = str(found)
        found = NOTATIONS["index"](page, exprs)
        if isinstance(found, Unsayable):
            raise found
        return found, why

    def one(self, expr: Expr) -> str:
        """One expression, for a sentence."""
        return self.sides([expr])[0][0]

    # -- sentences ----------------------------------------------------------------------------------------------------------------

    def sentence(self, template: str, **holes: str | Sequence[str]) -> Words:
        """A sentence of the catalogue with formulas in its holes; several formulas are joined by "and"."""
        found: list[str | Maths] = []
        text = self.say(template)
        while "{" in text:
            before, _, rest = text.partition("{")
            hole, _, text = rest.partition("}")
            found.append(before)
            value = holes[hole]
            several = [value] if isinstance(value, str) else list(value)
            for n, tex in enumerate(several):
                if n:
                    found.append(f" {self.say('and')} " if n == len(several) - 1 else ", ")
                found.append(Maths(tex))
        return tuple(w for w in (*found, text) if w != "")

    def remark(self, why: str) -> list[Part]:
        """Why a display is written with indices; said once for each reason."""
        if not why or why in self.said:
            return []
        self.said.add(why)
        return [Paragraph((f"({self.say('written with indices')}: {self.say(why)})",), "remark")]

    # -- parts --------------------------------------------------------------------------------------------------------------------

    def parts(self) -> list[Part]:
        """The whole document."""
        proof = self.proof
        found: list[Part] = [Title(1, (self.say(proof.title).rstrip("."),)), Title(2, (self.say("Forward pass"),))]
        for left, right in proof.definitions:
            texts, why = self.sides((left, right))
            found += [*self.remark(why), Display((Row(texts[0], texts[1]),))]
        found += [Paragraph(self.assumed(a)) for a in proof.assumptions]
        found.append(Title(2, (self.say("Derivation"),)))
        for block in proof.blocks:
            match block:
                case Heading():
                    found.append(self.heading(block))
                case Way():
                    found.append(self.way(block))
                case Signal():
                    found += self.signal(block)
                case Chain():
                    found += self.chain(block)
        found.append(Title(2, (self.say("Result"),)))
        for line in proof.results:
            texts, why = self.sides((line.left, line.right))
            found += [*self.remark(why), Display((Row(texts[0], texts[1], self.tested(line)),))]
        found += self.updates()
        found.append(Paragraph(self.closing(), "remark"))
        if proof.source:
            found.append(Paragraph((f"{self.say('Source')}: {proof.source}",), "source"))
        return found

    def heading(self, block: Heading) -> Part:
        """The heading over what is said about a quantity."""
        if block.kind == "together" or block.of is None:
            return Title(4, (self.say("Both cases together"),))
        whole = self.whole(block.of)
        if block.kind == "gradient":
            return Title(3, self.sentence("The derivative by {quantity}", quantity=whole))
        return Title(3, self.sentence("Back to {quantity}", quantity=whole))

    def whole(self, entry: Tensor) -> str:
        """The name of a quantity without its indices."""
        return tensor_name(entry.name)

    def way(self, block: Way) -> Part:
        """Through what a quantity acts on the result."""
        of, root, through = self.whole(block.of), self.whole(block.root), [self.whole(t) for t in block.through]
        if through == [root]:
            return Paragraph(self.sentence("{root} is computed from {quantity} directly.", quantity=of, root=root))
        if len(through) == 1:
            return Paragraph(self.sentence("{quantity} acts on {root} only through {others}.", quantity=of, root=root, others=through))
        text = "{quantity} acts on {root} through {others}; by the chain rule the contributions add up."
        return Paragraph(self.sentence(text, quantity=of, root=root, others=through))

    def signal(self, block: Signal) -> list[Part]:
        """The name of an error signal."""
        texts, why = self.sides((block.name, block.derivative))
        sentence = self.sentence("What follows needs this error signal again; it gets a name:")
        return [Paragraph(sentence), *self.remark(why), Display((Row(texts[0], texts[1], relation=":="),))]

    def chain(self, chain: Chain) -> list[Part]:
        """A chain of steps as one display, the case in which it holds above it."""
        if not chain.lines:
            return []
        first = chain.lines[0]
        exprs = [first.left, *(line.right for line in chain.lines)]
        more = [p for c in first.conditions for p in (c.left, c.right) if isinstance(p, Index)]
        texts, why = self.sides(exprs, more)
        found: list[Part] = []
        if first.conditions:
            page = self.page(exprs, more)
            cases = [_condition(c, page) for c in first.conditions]
            found.append(Paragraph(self.sentence("Where {conditions}:", conditions=cases)))
        found += self.remark(why)
        rows = [
            Row("" if n else texts[0], text, self.reason(line)) for n, (text, line) in enumerate(zip(texts[1:], chain.lines, strict=True))
        ]
        return [*found, Display(tuple(rows))]

    def reason(self, line: Line) -> Words:
        """The rule of a step, its note, and what a test of it is worth."""
        note = self.say(line.note) if line.note else ""
        foreign = note == line.note and self.say("Derivation") != "Derivation"  # half a sentence in another language helps nobody
        tested = self.tested(line)
        return (self.say(line.rule) + (f": {note}" if note and not foreign else "") + ("; " if tested else ""), *tested)

    def tested(self, line: Line) -> Words:
        """For a step that was tested and not proved: the bound of the chance of an error."""
        if not isinstance(line.decision, Tested):
            return ()
        bound = Maths(f"2^{{{line.decision.bound_log2:.0f}}}")
        return (f"{self.say('tested, the chance of an error is at most')} ", bound)

    def assumed(self, assumption: Assumption) -> Words:
        """An assumption as a sentence."""
        definition = self.proof.program.by_name[assumption.name]
        entry = Tensor(definition.name, definition.indices)
        match assumption:
            case SumsToOne(_, position):
                whole = self.index(Sum(definition.indices[position], entry))
                return self.sentence("It is assumed that {relation}.", relation=f"{whole} = 1")
            case OneHot(_, position):
                whole = self.index(Sum(definition.indices[position], entry))
                text = "{quantity} is one-hot: its entries are 0 or 1, and {relation}."
                return self.sentence(text, quantity=self.index(entry), relation=f"{whole} = 1")
            case Positive():
                return self.sentence("{quantity} is assumed to be positive.", quantity=self.index(entry))

    def index(self, expr: Expr) -> str:
        """One expression with its indices, whatever the style."""
        found = NOTATIONS["index"](self.page([expr]), [expr])
        assert not isinstance(found, Unsayable)
        return found[0]

    def updates(self) -> list[Part]:
        """What a step of gradient descent on the last quantity does to each parameter; nothing where it is not clear what descends."""
        root = self.proof.definitions[-1][0] if self.proof.definitions else None
        losses = {entry.name for entry, _ in self.proof.definitions if not entry.indices and tensor_name(entry.name) in LOSSES}
        if root is None or root.indices or (losses and root.name not in losses):
            return []
        program = self.proof.program
        shown = [e for pair in self.proof.definitions for e in pair]
        used = {n.name for e in shown for n in below(e) if isinstance(n, Tensor)}
        eta = Tensor(next(name for name in ("eta", "alpha", "epsilon", "gamma") if not {name, f"\\{name}"} & used))
        extended = replace(program, definitions=(Definition(eta.name), *(d for d in program.definitions if d.name != eta.name)))
        writer = _Writer(replace(self.proof, program=extended), self.style, self.say)
        writer.said = self.said
        rows: list[Part] = []
        for line in self.proof.results:
            if isinstance(line.left, Derivative) and line.left.body == root and line.left.wrt.name in self.proof.parameters:
                entry = line.left.wrt
                texts, why = writer.sides((entry, Add((entry, mul(num(-1), eta, line.right)))))
                rows += [*self.remark(why), Display((Row(texts[0], texts[1], relation=r"\leftarrow"),))]
        text = "With the learning rate {rate}, one step of gradient descent makes of the parameters:"
        return [Title(2, (self.say("Update"),)), Paragraph(self.sentence(text, rate=tensor_name(eta.name))), *rows] if rows else []

    def closing(self) -> Words:
        """How the steps were decided."""
        lines = self.proof.lines
        tested = sum(isinstance(line.decision, Tested) for line in lines)
        if tested:
            text = "Each of the {count} lines was decided before it was written, off the kinks: {proved} proved, {tested} tested."
        else:
            text = "Each of the {count} lines was proved for all widths, off the kinks, before it was written."
        filled = self.say(text).replace("{count}", str(len(lines))).replace("{proved}", str(len(lines) - tested))
        return (filled.replace("{tested}", str(tested)),)


def _condition(condition: Condition, page: Page) -> str:
    sign = "=" if isinstance(condition, Equal) else r"\neq"
    left, right = (page.letters[p] if isinstance(p, Index) else str(p + 1) for p in (condition.left, condition.right))
    return f"{left} {sign} {right}"


def _preferred(indices: Iterable[Index], taken: set[str]) -> dict[Index, str]:
    """The letter that each index has wherever it can: its own name, or the next letter that no other index has."""
    found: dict[Index, str] = {}
    every = list(dict.fromkeys(indices))
    for index in every:
        if len(index.name) == 1 and index.name in LETTERS and index.name not in taken and index.name not in found.values():
            found[index] = index.name
    for index in every:
        free = next((c for c in LETTERS if c not in taken and c not in found.values()), None)
        if index not in found and free is not None and not index.name.endswith("'"):
            found[index] = free
    return found
