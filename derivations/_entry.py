"""The vocabulary that entries are written in: indices, tensors, derivatives, steps and pitfalls.

SymPy holds the expressions and nothing more: it is never asked to differentiate or to simplify a ``Sum`` with symbolic widths, where a
bound index may capture a free one. Whether an entry is right is for ``verify`` to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any, Literal, TypeAlias

from sympy import And, Eq, Expr, Function, Gt, Idx, IndexedBase, Sum, Symbol

Relation: TypeAlias = Any  # a SymPy relational: Eq, Ne, Gt
Rule = Literal[
    "definition", "chain rule", "sum rule", "product rule", "quotient rule", "power rule", "elementary derivative",
    "contraction", "case", "assumption", "substitution", "algebra",
]  # fmt: skip

sigmoid, softplus = Function("sigmoid"), Function("softplus")
step = Function("step")
"""1 where the argument is positive, else 0. No Piecewise: SymPy pulls one out of a Σ, bound index and all."""
eta = Symbol("eta")


def index(letter: str, axis: str) -> Idx:
    """An index that ranges over the positions of a named axis; two letters of one axis are two indices."""
    return Idx(letter, Symbol(axis, integer=True, positive=True))


def size(of: Idx) -> Expr:
    """The number of positions of the index's axis."""
    return of.upper + 1


def tensor(name: str, *axes: Idx) -> Any:
    """A tensor with the axes of these indices, or a scalar if there are none. Entries are written ``w[i, j]``."""
    return IndexedBase(name, shape=tuple(size(i) for i in axes)) if axes else Symbol(name)


def relu(u: Expr) -> Expr:
    """max(0, u)."""
    return u * step(u)


def sign(u: Expr) -> Expr:
    """1 where the argument is positive, −1 where it is negative."""
    return step(u) - step(-u)


def absolute(u: Expr) -> Expr:
    """The argument without its sign."""
    return relu(u) + relu(-u)


def sums_to_one(entry: Expr, over: Idx) -> Relation:
    """The assumption that the entries add up to 1 along an axis."""
    return Eq(Sum(entry, over), 1)


def one_hot(entry: Expr, over: Idx) -> Relation:
    """The assumption that the entries are 1 at one place along an axis and 0 elsewhere."""
    return And(Eq(Sum(entry, over), 1), Eq(entry**2, entry))


def positive(entry: Expr) -> Relation:
    """The assumption that every entry is positive."""
    return Gt(entry, 0)


def quantity(entry: Expr) -> str:
    """The name of the tensor or scalar that an entry belongs to."""
    return str(getattr(entry, "base", entry))


class d(Function):  # type: ignore[misc]
    """The total derivative of a quantity by one entry of another, through every path of the forward pass; never evaluated here."""

    nargs = 2

    @property
    def name(self) -> str:
        """The derivative as people say it: ``dL/dw_o``."""
        return "d{}/d{}".format(*map(quantity, self.args))

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        tex = r"\frac{{\partial {}}}{{\partial {}}}".format(*map(printer._print, self.args))
        return tex if exp is None else rf"\left({tex}\right)^{{{exp}}}"


@dataclass(frozen=True)
class Step:
    """One line of the proof: left = right, by a rule, where the condition holds (``Eq`` or ``Ne`` of two indices; none: everywhere)."""

    left: Expr
    right: Expr
    rule: Rule
    note: str = ""
    where: Relation | None = None


def chain(head: Expr, *links: tuple[Rule, Expr] | tuple[Rule, Expr, str], where: Relation | None = None) -> list[Step]:
    """The steps of ``head = A = B = …``, each right side the next left side; a link is its rule, the side, and maybe a note."""
    steps: list[Step] = []
    for rule, right, *note in links:
        steps.append(Step(steps[-1].right if steps else head, right, rule, "".join(note), where))
    return steps


@dataclass(frozen=True)
class Pitfall:
    """A known way to get a gradient wrong: the mistake's name, and what it makes of the right one."""

    gradient: d
    mistake: str
    rewrite: Callable[[Expr], Expr] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Derivation:
    """A forward pass and its gradients, derived by hand.

    ``forward`` defines each quantity by one entry with formal indices, in order; what it uses and does not define is a leaf. ``gradients``
    are in closed form: quantities of the forward pass, no derivatives. ``parameters`` are the leaves that gradient descent updates to lower
    the quantity defined last. What is claimed is claimed for all widths, or for those of ``sizes`` where an entry fixes some; ``tested``
    says why some of it is not proved even then, but tested modulo random primes.
    Title and source are the page's, that is, the file's docstring.
    """

    module: str
    page: str | None
    forward: Mapping[Expr, Expr]
    gradients: Mapping[d, Expr]
    parameters: tuple[Expr, ...] = ()
    domain: tuple[Relation, ...] = ()
    sizes: Mapping[Idx, int] = field(default_factory=dict)
    tested: str = ""
    steps: tuple[Step, ...] = ()
    pitfalls: tuple[Pitfall, ...] = ()

    @property
    def name(self) -> str:
        """The entry's name: that of its file."""
        return self.module.rpartition(".")[2]

    @property
    def title(self) -> str:
        """What the entry shows, in a sentence."""
        return cleandoc(self.page or "").partition("\n\n")[0].replace("\n", " ")

    @property
    def source(self) -> str:
        """Where the derivation is found in print."""
        return cleandoc(self.page or "").partition("Source:")[2].partition("\n\n")[0].strip().replace("\n", " ")

    @property
    def scope(self) -> str:
        """What the kernel makes of the entry: proved or tested, and for which widths."""
        widths = ", ".join(f"{size(i)} = {n}" for i, n in self.sizes.items())
        return ("tested" if self.tested else "proved") + (f" at {widths}" if widths else "")

    def gradient(self, name: str) -> tuple[d, Expr]:
        """The gradient of that name, as it stands on the page: the derivative and its closed form. Fails with KeyError."""
        for derivative, closed in self.gradients.items():
            if derivative.name == name:
                return derivative, closed
        raise KeyError(name)

    def updates(self) -> dict[Expr, Expr]:
        """What one step of gradient descent makes of each parameter's entry: the entry minus η times its gradient."""
        loss = tuple(self.forward)[-1]
        return {entry: entry - eta * self.gradients[d(loss, entry)] for entry in self.parameters}

    def fallen(self, pitfall: Pitfall) -> Expr:
        """The wrong right side that the pitfall leads to. Fails with ValueError if it changes nothing."""
        right = self.gradients[pitfall.gradient]
        wrong = pitfall.rewrite(right)
        if wrong == right:
            raise ValueError(f"{self.name}: the pitfall {pitfall.mistake} does not change {pitfall.gradient.name}")
        return wrong

