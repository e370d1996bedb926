"""Why a relation that is false as read is not refuted: what the document leaves open. A doubt is a function of the accused relation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from verify.deciding import Decider
from verify.judging.averages import Averages, averages
from verify.judging.demands import bound_by_words, is_demand
from verify.judging.direct import Ways, along_own_formulas, along_own_steps, cut_before, direct_ways, is_earlier_step, meant, step_of
from verify.judging.judgement import Judgement, State
from verify.kernel import expr as kernel
from verify.kernel.program import nodes
from verify.meaning.assumed import sum_assumed
from verify.meaning.claims import ChainReading, Typed, is_chain_rule, names_quantity
from verify.meaning.declarations import Declared, weights_of
from verify.meaning.definitions import head_of
from verify.meaning.glyphs import SAME_LETTERS, glyph_cost
from verify.meaning.losses import LOSSES
from verify.meaning.network import Network
from verify.meaning.normalized import known_to
from verify.meaning.stated_sizes import stated_widths
from verify.meaning.surroundings import is_implicit
from verify.meaning.symbols import keys_in, letter_of, occurrence, occurrences_in
from verify.meaning.vocabulary import says
from verify.programs import affected, reached_from, rewritten
from verify.reading.syntax import (
    Added,
    Big,
    Chain,
    Derivative,
    Document,
    Ellipsis,
    Fraction,
    Group,
    Juxtaposed,
    Matrix,
    Name,
    Node,
    Number,
    Product,
    Prose,
    Scripted,
)
from verify.reading.traversal import walk


@dataclass(frozen=True)
class Circumstances:
    """What a document says around its relations, for the network that is in force from the start of one scope."""

    document: Document
    declared: Declared
    scope: int
    decider: Decider

    @property
    def network(self) -> Network:
        """The network in force."""
        return self.declared.scopes[self.scope].network

    @cached_property
    def averages(self) -> Averages:
        """The averages of gradients that the document's update rules keep."""
        return averages((line.statement.content for line in self.declared.lines), self.network)

    @cached_property
    def direct(self) -> Ways:
        """The pairs (a, b) for which the document means by ``∂a/∂b`` the derivative of a's own formula."""
        return direct_ways((line.statement.content for line in self.declared.lines), self.network, self.declared.families)

    @cached_property
    def speaks_of_samples(self) -> bool:
        """Whether the document has a word for samples, or a sum that can only be over them."""
        said = any(says("samples", part.text) for part in self.document.parts if isinstance(part, Prose))
        sums = (n for line in self.declared.lines for n in walk(line.statement.content) if isinstance(n, Big) and n.operator == "sum")
        return said or any(n.lower is None for n in sums)

    @cached_property
    def has_matrix_signs(self) -> bool:
        """Whether the document has anything that numbers have not: a transpose, a shape, an index, a bold letter, a norm, ``\\odot``, a
        matrix.
        """
        words = self.network.words
        if stated_widths(self.declared.lines, words) or any(says("matrix", p.text) for p in self.document.parts if isinstance(p, Prose)):
            return True
        for line in self.declared.lines:
            for node in walk(line.statement.content):
                match node:
                    case Matrix() | Name(_, _, "bf", _) | Product(_, "odot" | "circ" | "otimes", _, _) | Big(_, "sum", _, _, _):
                        return True
                    case Group(_, "||", _):
                        return True
                    case Scripted(_, _, _, Name(_, "T" | "top" | "intercal"), _):
                        return True
            if any(occ.written or occ.transposed for occ in occurrences_in(line.statement.content, words)):
                return True
        return False

    @cached_property
    def speaks_of_one_hot(self) -> bool:
        """Whether the document says of anything that it is one-hot."""
        return any(says("one-hot", part.text) for part in self.document.parts if isinstance(part, Prose))

    @cached_property
    def summed_paths(self) -> frozenset[str]:
        """By what the document differentiates along several paths and adds up."""
        return frozenset(key for line in self.declared.lines for key in by_paths(line.statement.content, self.network))

    @cached_property
    def demanded(self) -> frozenset[str]:
        """The quantities of which the document demands something, in a formula or in words: a matrix that is symmetric."""
        found = set(bound_by_words(self.document, self.network.words))
        for line in self.declared.lines:
            content = line.statement.content
            right = content.links[0].right if isinstance(content, Chain) and content.links else None
            if isinstance(content, Chain) and content.first is not None and right is not None and self.is_demand(content.first, right):
                found |= self.keys(content.first, right)
        return frozenset(found)

    def is_demand(self, left: Node, right: Node) -> bool:
        """Whether a relation between given quantities alone is demanded of them: ``w^T w = 1``, ``S^T = S``."""
        table = self.network.program.by_name
        keys = self.keys(left, right)
        if not keys or any(key not in table or table[key].body is not None for key in keys):
            return False
        return is_demand(left, right) and sum_assumed(left, right, self.network) is None

    def keys(self, *nodes: Node) -> set[str]:
        """The quantities of the network that some sides name."""
        return {key for node in nodes for n in walk(node) if (key := names_quantity(n, self.network)) is not None}

    def misread(self, *nodes: Node) -> set[str]:
        """The symbols of some sides that are read as other letters; another font of the same letter is no misreading."""
        table = self.network.aliases
        keys = {key for node in nodes for key in keys_in(node, self.network.words) if key in table}
        return {key for key in keys if (glyph_cost(key, table[key]) or 0) > SAME_LETTERS}

    def bare_leaf(self, side: Node) -> str | None:
        """The quantity without definition that a side names and nothing else, ``a_k``; else None."""
        key = names_quantity_of(side, self.network)
        definition = self.network.program.by_name.get(key) if key is not None else None
        return key if definition is not None and definition.body is None else None

    def first_doubt(self, accused: Accused, doubts: tuple[Doubt, ...]) -> str | None:
        """The first reason for doubt, None if there is none."""
        return next((reason for doubt in doubts if (reason := doubt(accused, self)) is not None), None)


@dataclass(frozen=True)
class Accused:
    """A relation that no reading and no repair makes true: what is known of it, and what the lines before it left (``earlier``).

    ``claim`` is None where no reading of it has one type.
    """

    judged: Judgement
    reading: ChainReading
    left: Node
    right: Node
    keys: frozenset[str]
    earlier: State
    claim: Typed | None

    @property
    def understood_claim(self) -> Typed:
        """The claim, of a relation that has one."""
        assert self.claim is not None
        return self.claim

    def rests_on(self, quantity: str, network: Network) -> bool:
        """Whether the relation names a quantity, or one that is computed from it."""
        return quantity in self.keys or bool(self.keys & affected(network.program, quantity))


USUAL = ("sigmoid", "tanh", "ReLU")
"""The functions that an unnamed activation most often is, by their names in the kernel."""
PLAIN_LETTER = re.compile(r"\\mathbf|[{}]")
"""What a bold letter has around the letter."""
Doubt = Callable[[Accused, Circumstances], str | None]


# -- how it is read -------------------------------------------------------------------------------------------------------------------


def of_what_is_not_claimed(accused: Accused, around: Circumstances) -> str | None:
    """Of a line that demands something, or solves for something."""
    return "it is demanded, or solved for, and not claimed" if accused.judged.line.number in around.declared.solved else None


def of_definitions_not_understood(accused: Accused, around: Circumstances) -> str | None:
    """Where a quantity in it has a definition that was not understood."""
    failed = around.network.failed
    key = min((key for key in accused.keys if key in failed), default=None)
    return None if key is None else accused.judged.reason or f"a definition that was not understood: {failed[key]}"


def of_two_definitions(accused: Accused, around: Circumstances) -> str | None:
    """Where it rests on a quantity that is defined a second time, from the line on that does so, unless both were found to agree."""
    scopes = around.declared.scopes
    following = scopes[around.scope + 1 : around.scope + 2]
    begins = bool(following) and following[0].disputed is not None and following[0].start == accused.judged.line.number
    disputed = (following[0] if begins else scopes[around.scope]).disputed
    if disputed is None or disputed in accused.earlier.agreed or not accused.rests_on(disputed, around.network):
        return None
    return f"{disputed} is defined twice, and it is not said which definition is meant"


def of_misread_symbols(accused: Accused, around: Circumstances) -> str | None:
    """Where a symbol is read as another letter and no line that holds says that this is right."""
    if around.misread(accused.left, accused.right) <= accused.earlier.aliases:
        return None
    return accused.judged.reason or "a symbol in it is read as another one, and no line that holds says so"


def of_second_formulas(accused: Accused, around: Circumstances) -> str | None:
    """Where it gives a function, ``f(x) = …``, another formula."""
    left = accused.left
    called = left.items[0] if isinstance(left, Juxtaposed) and is_call(left) else None
    if accused.judged.number or called is None or names_quantity(called, around.network) not in around.network.arguments:
        return None
    return "a second formula for a quantity, which may define it anew"


def of_other_axes(accused: Accused, around: Circumstances) -> str | None:
    """Where it rests on a quantity that a line seems to define with other axes: letters may tell layers apart."""
    doubtful = accused.earlier.doubtful
    if not any(accused.rests_on(leaf, around.network) for leaf in doubtful):
        return None
    return accused.judged.reason or f"the document seems to define {min(doubtful)} otherwise"


def of_members_with_names(accused: Accused, around: Circumstances) -> str | None:
    """Where it names a vector ``u_o`` beside vectors ``u_w`` that are counted: it may be one of them."""
    network = around.network
    counted = {PLAIN_LETTER.sub("", key) for key, axes in network.slots.items() if len(axes) > 1 and key.startswith("\\mathbf")}
    counted |= network.words.slices.keys()
    for key in sorted(accused.keys):
        letter, _, tag = key.partition("_{")
        if letter in counted and len(tag) == 2 and network.slots.get(key):
            return f"it is not said whether {key} is one of the vectors {letter}"
    return None


def of_errors_of_unknown_losses(accused: Accused, around: Circumstances) -> str | None:
    r"""Where it gives an error signal, ``\delta = …``, a second formula, and the loss that it is the derivative of is nowhere defined: each
    may be for a loss of its own.
    """
    network, key = around.network, names_quantity(accused.left, around.network)
    if accused.judged.number or key is None or not key.lower().startswith(("\\delta", "\\varepsilon", "\\epsilon")):
        return None
    definition = network.program.by_name.get(key)
    known = network.root is not None and network.abstract is None
    if known or definition is None or definition.body is None or any(use.startswith("∂") for use in definition.uses):
        return None
    return f"{key} is defined twice, and it is not said which definition is meant"


def of_losses_apart(accused: Accused, around: Circumstances) -> str | None:
    """Where it differentiates the loss by what the loss does not depend on as far as the document says: its output has another name."""
    network = around.network
    loss = network.program.by_name.get(network.root or "")
    if loss is None or loss.body is None or network.abstract is not None or loss.name not in LOSSES:
        return None
    for side in (accused.left, accused.right):
        for node in walk(side):
            if isinstance(node, Derivative) and names_quantity_of(node.numerator, network) == network.root:
                for key in (names_quantity_of(part, network) for part in node.denominators):
                    if key is not None and key in network.program.by_name and loss.name not in {key, *affected(network.program, key)}:
                        return f"nothing says how {loss.name} depends on {key}"
    return None


def of_outputs_by_another_name(accused: Accused, around: Circumstances) -> str | None:
    """Where it sets given quantities of the loss beside what the network computes, and the loss is built on given ones alone: ``y_k`` of
    ``E = Σ_k (d_k - y_k)^2`` may be the output ``o_k``.
    """
    network = around.network
    table = network.program.by_name
    loss = table.get(network.root or "")
    if loss is None or loss.body is None or network.abstract is not None:
        return None
    if any(table[use].body is not None for use in loss.uses & table.keys()):
        return None
    computed = {key for key in accused.keys - {loss.name} if key in table and table[key].body is not None and table[key].indices}
    apart = sorted(key for key in computed if loss.uses.isdisjoint(reached_from(network.program, key)))
    return f"nothing says how {loss.name} depends on {apart[0]}" if apart and loss.uses & accused.keys else None


def names_quantity_of(node: Node | None, network: Network) -> str | None:
    """The quantity that a node names, if any."""
    return names_quantity(node, network) if isinstance(node, (Name, Scripted)) else None


def of_dotted_chains(accused: Accused, around: Circumstances) -> str | None:
    """Where the line leaves out factors of a chain of derivatives by dots."""
    for line in around.declared.lines:
        if line.number == accused.judged.line.number:
            for node in walk(line.statement.content):
                inside = list(walk(node)) if isinstance(node, (Juxtaposed, Product)) else []
                if any(isinstance(n, Ellipsis) for n in inside) and any(isinstance(n, Derivative) for n in inside):
                    return "a chain of derivatives with dots, of which the factors left out are not plain"
    return None


# -- what has no type -----------------------------------------------------------------------------------------------------------------


def of_samples_not_spoken_of(accused: Accused, around: Circumstances) -> str | None:
    """Where the sides differ by the axis of samples of the data alone and the document never speaks of samples or sums over them: a
    capital X may be a single column.
    """
    network = around.network
    axes = accused.reading.axes_of(accused.left) ^ accused.reading.axes_of(accused.right)
    if len(axes) != 1 or axes & {*network.entry_sizes, *network.sizes.values()} or around.speaks_of_samples:
        return None
    leaves = [d for d in network.program.definitions if d.body is None and not d.name.startswith("∂")]
    holders = [d.name for d in leaves if axes & {*d.axes}]
    if len(holders) != 1 or holders[0] not in network.grids or holders[0] in weights_of(around.declared.lines, network.words):
        return None
    return f"it is not said whether {holders[0]} holds one sample or many"


def of_numbers_or_vectors(accused: Accused, around: Circumstances) -> str | None:
    """Where a given quantity stands in it and in definitions without an index, and has its axis from other lines that write one: there it
    may be a vector and here one number.
    """
    network, words = around.network, around.network.words
    bare = {occ.key for side in (accused.left, accused.right) for occ in occurrences_in(side, words) if not occ.written}
    heads = (head for line in around.declared.lines if (head := head_of(line, words)) is not None)
    found = [occ for head in heads for body in head.bodies for occ in occurrences_in(body, words)]
    undecided = bare & {occ.key for occ in found if not occ.written} - {occ.key for occ in found if occ.written} - network.grids.keys()
    undecided -= stated_widths(around.declared.lines, words).keys()
    if not undecided:
        return None
    elsewhere = {occ.key for line in around.declared.lines for occ in occurrences_in(line.statement.content, words) if occ.written}
    for key in sorted(undecided & elsewhere):
        definition = network.program.by_name.get(key)
        if definition is not None and definition.body is None and definition.indices and not key.startswith("∂"):
            return f"it is not said whether {key} is one number or has an entry for each position"
    return None


def of_capitals_that_may_be_numbers(accused: Accused, around: Circumstances) -> str | None:
    """Where the document has nothing that only matrices have: no transpose, shape, index, bold letter or product entry by entry; and the
    relation multiplies what depends on a matrix by its capital letter alone.
    """
    network = around.network
    if around.has_matrix_signs or not any(len(network.slots.get(key, ())) == 2 for key in accused.keys):
        return None
    return "nothing says whether its capital letters are matrices or numbers"


# -- what it claims -------------------------------------------------------------------------------------------------------------------


def of_values_of_given_quantities(accused: Accused, around: Circumstances) -> str | None:
    """Where a lone symbol without definition is said to be a number: ``t_{ij} = 1``."""
    for one, other in ((accused.left, accused.right), (accused.right, accused.left)):
        if isinstance(other, Number) and around.bare_leaf(one) is not None:
            return "a value of something that is given: the prose says when it has it"
    return None


def of_equations_solved(accused: Accused, around: Circumstances) -> str | None:
    """Where the words before it say that it is solved."""
    return "an equation that is solved, and holds at its solution" if says("solving", accused.judged.line.before) else None


def of_unknown_counts(accused: Accused, around: Circumstances) -> str | None:
    """Where it depends on how many entries an axis has, and the document does not say that."""
    unsized = accused.understood_claim.unsized
    return f"the document does not say how many entries there are along {unsized[0]}" if unsized else None


def of_values_at_a_point(accused: Accused, around: Circumstances) -> str | None:
    """Where it is a number and the document gives its quantities values."""
    if not around.declared.valued or not (is_constant(accused.left) or is_constant(accused.right)):
        return None
    return "a value at one point, which the prose names"


def of_right_classes(accused: Accused, around: Circumstances) -> str | None:
    """Where it holds for one position, ``L = -\\log p_c`` or ``∂L/∂z_c = p_c - 1``: the document says of a given quantity that its entry
    there is 1, ``y_c = 1``, and counts with that letter nowhere.
    """
    words = around.network.words
    claim = accused.understood_claim
    free = frozenset(index.name for index in claim.left.free | claim.right.free) - words.bound
    for line in around.declared.lines if free else ():
        content = line.statement.content
        if not (isinstance(content, Chain) and isinstance(content.first, Scripted) and len(content.links) == 1):
            continue
        match content.links[0].right:
            case Number(_, "1") if (occ := occurrence(content.first, words)) is not None and around.bare_leaf(content.first) is not None:
                if any(letter_of(term) in free for term in occ.written):
                    return "a value at one point, which the prose names"
    if around.speaks_of_one_hot and _holds_with_ones(claim, free, around):
        return "a value at one point, which the prose names"
    return None


def _holds_with_ones(claim: Typed, free: frozenset[str], around: Circumstances) -> bool:
    """Whether a claim holds, as far as samples show, where given quantities are 1 at the positions of some free letters:
    ``-y_o \\log p_o = -\\log p_o`` for the right word o.
    """
    table = around.network.program.by_name

    def picked(node: kernel.Expr) -> kernel.Expr | None:
        if isinstance(node, kernel.Tensor) and node.name in table and table[node.name].body is None and len(node.indices) == 1:
            index = node.indices[0]
            if isinstance(index, kernel.Index) and index.name in free and not node.name.startswith("∂"):
                return kernel.ONE
        return node if isinstance(node, kernel.Derivative) else None

    there = meant(claim, picked)
    return there is not None and around.decider.at(there).screens(there)


def of_unknown_functions(accused: Accused, around: Circumstances) -> str | None:
    """Where a side uses a function, of which nothing is known, otherwise than the other."""
    claim = accused.understood_claim
    name = around.decider.at(claim).unlike(claim, accused.earlier.generic)
    return f"nothing is known of the function {name}, which one side uses otherwise than the other" if name is not None else None


def of_functions_not_named(accused: Accused, around: Circumstances) -> str | None:
    """Where it holds if a function of which nothing is known is one of the usual ones: ``a (1 - a)`` for ``a = f(z)``, or
    ``f' = f (1 - f)``. Not where its derivative stays on both sides, as ``f'`` or within a derivative: that is meant of any function.
    """
    claim = accused.understood_claim
    decider = around.decider.at(claim)
    sides = [list(nodes({}, side)) for side in (claim.left, claim.right)]
    primed = [{n.function for n in side if isinstance(n, kernel.Apply) and n.order} for side in sides]
    within = [any(isinstance(n, kernel.Derivative) for n in side) for side in sides]
    kept = {name for name in primed[0] | primed[1] if all(name in p or w for p, w in zip(primed, within, strict=True))}
    found = {name for name, _ in decider.open_functions(claim.left) | decider.open_functions(claim.right)}
    for name in sorted(found - kept):
        for usual in USUAL:
            program = around.network.program
            bodies = tuple(replace(d, body=d.body and with_function(d.body, name, usual)) for d in program.definitions)
            meant = replace(claim, left=with_function(claim.left, name, usual), right=with_function(claim.right, name, usual))
            named = Decider(replace(program, definitions=bodies), decider.assumptions).at(meant)
            if named.screens(meant) and not named.vanishes(meant.left, meant.conditions):
                return f"it holds if {name} is {usual}, and the document does not say which function it is"
    return None


def of_undefined_losses(accused: Accused, around: Circumstances) -> str | None:
    """Where one side rests on the derivatives of a loss that the document never defines."""
    claim, loss = accused.understood_claim, around.network.abstract
    if loss is None or uses_slope(claim.left, loss, around.decider) == uses_slope(claim.right, loss, around.decider):
        return None
    return f"{loss} is not defined in this document: only its first derivatives mean anything"


def of_demands(accused: Accused, around: Circumstances) -> str | None:
    """Where the document demands something of a quantity that it rests on; a bare chain rule holds without."""
    asked = sorted(name for name in around.demanded if accused.rests_on(name, around.network))
    if not asked or (is_chain_rule(accused.left) and is_chain_rule(accused.right)):
        return None
    return f"the document demands something of {asked[0]}, and this may follow from it"


def of_layout(accused: Accused, around: Circumstances) -> str | None:
    """Where it is about the Jacobian of a vector by another of the same size, with no index written, and holds for its transpose."""
    claim = accused.understood_claim
    free = sorted(claim.left.free, key=lambda index: index.name)
    if len(free) != 2 or claim.left.free != claim.right.free or free[0].axis != free[1].axis or not all(map(is_implicit, free)):
        return None
    if not any(is_jacobian(side, around.network) for side in (accused.left, accused.right)):
        return None
    turned = replace(claim, left=kernel.substitute(claim.left, {free[0]: free[1], free[1]: free[0]}))
    held = around.decider.at(turned).holds(turned) is not None
    return "it holds for a Jacobian that is laid out the other way" if held else None


def of_scales(accused: Accused, around: Circumstances) -> str | None:
    r"""Where the left side differentiates by a given quantity over whose axis a bare Σ of the right side sums, which stands in
    definitions entry by entry alone and never with an index: γ of ``y = \gamma \hat{x}`` may be one number.
    """
    left, network = accused.left, around.network
    if not (isinstance(left, Derivative) and len(left.denominators) == 1):
        return None
    if not any(isinstance(n, Big) and n.operator == "sum" and n.lower is None for n in walk(accused.right)):
        return None
    key = names_quantity(left.denominators[0], network)
    table = network.program.by_name
    if key is None or key not in table or not table[key].indices or key in network.explicit or key in network.grids:
        return None
    if key in stated_widths(around.declared.lines, network.words):
        return None
    users = [d for d in table.values() if d.body is not None and (key in d.uses or d.name == key)]
    plain = all(d.indices and not any(isinstance(n, kernel.Sum) for n in nodes({}, d.body)) for d in users if d.body is not None)
    return f"it is not said whether {key} is one number or has an entry for each position" if users and plain else None


def of_steps_held_fixed(accused: Accused, around: Circumstances) -> str | None:
    """Where the derivative of a state by what all steps share is that of its own step: ``∂h_t/∂w`` for a fixed ``h_{t-1}``."""
    claim = accused.understood_claim
    if not around.declared.families.letters:
        return None
    alone = any(_holds_at_step(step, claim, around.network) for step in _steps(claim))
    if not alone and not _holds_with_own_steps(claim, around.network):
        return None
    return "it holds with the earlier steps held fixed, and not for the derivative through all steps"


def of_local_derivatives(accused: Accused, around: Circumstances) -> str | None:
    """Where it holds with each ``∂a/∂b`` that of a's own formula, what else depends on b held fixed, and the document adds up paths by b:
    ``∂L/∂x = ∂L/∂a ∂a/∂x + ∂L/∂c ∂c/∂x`` with a built on c.
    """
    claim, network = accused.understood_claim, around.network
    paths = around.summed_paths | {key for side in (accused.left, accused.right) for key in by_paths(side, network)}
    bare = bare_slopes((accused.left, accused.right), network)
    held = along_own_formulas(claim, network, lambda over, by: by in paths or (over, by) in bare)
    if held is None or not around.decider.at(held).screens(held):
        return None
    return "it holds with what else is on the way held fixed, and not for the derivative through all paths"


def of_own_formulas(accused: Accused, around: Circumstances) -> str | None:
    """Where it sets something beside a lone ``∂c_t/∂c_{t-1}`` with several ways from step to step, one of them the own formula of c: that
    one may be meant.
    """
    network = around.network
    table = network.program.by_name
    for over, by in sorted(bare_slopes((accused.left, accused.right), network)):
        moved = affected(network.program, by)
        if over in table and by in table[over].uses and not moved.isdisjoint(table[over].uses):
            return f"it is not said whether what else depends on {by} is held fixed"
    return None


def bare_slopes(sides: tuple[Node, ...], network: Network) -> frozenset[tuple[str, str]]:
    """(a, b) of each side that is ``∂a/∂b`` and nothing else, for two steps of one quantity: ``∂c_t/∂c_{t-1}`` is often written for
    what c's own formula says, with the gates that depend on the step before held fixed.
    """
    found = set()
    for side in sides:
        if isinstance(side, Derivative) and len(side.denominators) == 1:
            over, by = names_quantity_of(side.numerator, network), names_quantity(side.denominators[0], network)
            if over is not None and by is not None and is_earlier_step(by, over):
                found.add((over, by))
    return frozenset(found)


def of_uncounted_means(accused: Accused, around: Circumstances) -> str | None:
    r"""Where it rests on a number that divides a sum in a definition, ``\frac{1}{d^2} \sum_{ij}``, and seems to count what is summed."""
    network, words = around.network, around.network.words
    heads = (head for line in around.declared.lines if (head := head_of(line, words)) is not None)
    for node in (node for head in heads for body in head.bodies for node in walk(body)):
        for one, total in pairwise(factors_of(node)):
            match one, total:
                case Fraction(_, Number(_, "1"), Scripted() | Product() | Juxtaposed() as below), Big(_, "sum", _, None, _):
                    counts = {key for key in keys_in(below, words) if key in network.program.by_name and key not in network.sizes}
                    if any(accused.rests_on(key, network) for key in counts):
                        return f"it is not said whether {min(counts)} counts what is summed"
    return None


OF_READING: tuple[Doubt, ...] = (
    of_what_is_not_claimed,
    of_definitions_not_understood,
    of_two_definitions,
    of_misread_symbols,
    of_second_formulas,
    of_other_axes,
    of_errors_of_unknown_losses,
    of_members_with_names,
    of_losses_apart,
    of_outputs_by_another_name,
    of_dotted_chains,
)
OF_TYPES: tuple[Doubt, ...] = (of_samples_not_spoken_of, of_numbers_or_vectors, of_capitals_that_may_be_numbers, of_own_formulas)
OF_CLAIMS: tuple[Doubt, ...] = (
    of_numbers_or_vectors,
    of_values_of_given_quantities,
    of_equations_solved,
    of_unknown_counts,
    of_values_at_a_point,
    of_right_classes,
    of_unknown_functions,
    of_functions_not_named,
    of_undefined_losses,
    of_demands,
    of_layout,
    of_scales,
    of_steps_held_fixed,
    of_local_derivatives,
    of_uncounted_means,
)
"""The doubts of a relation as it is read, of one whose sides have no common type, and of one that has a claim; cheap ones first."""


def with_function(expr: kernel.Expr, name: str, usual: str) -> kernel.Expr:
    """An expression with one of the usual functions in the place of one of which nothing is known."""

    def change(node: kernel.Expr) -> kernel.Expr | None:
        match node:
            case kernel.Apply(function, inner, order) if function == name:
                argument = rewritten(inner, change)
                if usual != "ReLU":
                    return kernel.Apply(usual, argument, order)
                return (kernel.relu(argument), kernel.Step(argument), kernel.ZERO)[min(order, 2)]
        return None

    return rewritten(expr, change)


def factors_of(node: Node) -> tuple[Node, ...]:
    """The neighbouring factors of a product."""
    match node:
        case Juxtaposed(_, items):
            return items
        case Product(_, _, left, right):
            return (left, right)
    return ()


def by_paths(side: Node, network: Network) -> Iterator[str]:
    """By what two terms of one sum differentiate: the x of ``∂L/∂a ∂a/∂x + ∂L/∂c ∂c/∂x``."""
    for node in walk(side):
        if isinstance(node, Added):
            terms = [{names_quantity(d.denominators[0], network) for d in walk(t) if isinstance(d, Derivative)} for t in node.terms]
            yield from (key for key in set().union(*terms) if key is not None and sum(key in term for term in terms) > 1)


def is_call(node: Node) -> bool:
    """Whether a side is written ``f(x)``, without a prime."""
    match node:
        case Juxtaposed(_, (Name(), Group(_, "("))) | Juxtaposed(_, (Scripted(_, _, _, _, 0), Group(_, "("))):
            return True
    return False


def is_constant(node: Node) -> bool:
    """Whether a side is a number other than 0 and 1."""
    match node:
        case Number(_, text):
            return float(text) not in (0.0, 1.0)
        case Added(_, _, (Number(),)):
            return True
    return False


def is_jacobian(side: Node, network: Network) -> bool:
    """Whether a side is the derivative of a vector by one thing; the gradient of a number has the shape of what it is by."""
    if not (isinstance(side, Derivative) and len(side.denominators) == 1 and side.numerator is not None):
        return False
    return bool(network.slots.get(names_quantity(side.numerator, network) or ""))


def uses_slope(expr: kernel.Expr, loss: str, decider: Decider) -> bool:
    """Whether an expression rests on the derivatives of a loss that is not defined."""
    resolver = decider.assumed.kernel.resolver
    found = nodes(resolver.definitions, resolver.resolve(expr))
    return any(isinstance(n, kernel.Tensor) and n.name.startswith(f"∂{loss}/") for n in found)


def _steps(claim: Typed) -> Iterator[int]:
    """The steps of the states that a claim differentiates by what all steps share."""
    for side in (claim.left, claim.right):
        if isinstance(side, kernel.Derivative) and isinstance(side.body, kernel.Tensor) and step_of(side.wrt.name) is None:
            step = step_of(side.body.name)
            if step is not None:
                yield step


def _holds_at_step(step: int, claim: Typed, network: Network) -> bool:
    """Whether a claim holds, as far as samples show, where the steps before one are given."""
    program = cut_before(network, step)
    return Decider(program, known_to(replace(network, program=program))).screens(claim)


def _holds_with_own_steps(claim: Typed, network: Network) -> bool:
    """Whether a claim holds, as far as samples show, where each derivative of a state by what all steps share is that of its own step:
    ``∂L/∂w = Σ_t ∂L/∂h_t ∂h_t/∂w``.
    """
    held = along_own_steps(claim, network, lambda over, by: True)
    return held is not None and Decider(network.program, known_to(network)).screens(held)
