"""The sieve of the search for mistakes: what the kernel proves passes it, and it sees what differs; and what a class remembers of it."""

from __future__ import annotations

import pytest

from derivations import catalogue
from verify.deciding import Deciders, Explained, shared
from verify.kernel.decision import Proved
from verify.kernel.expr import ONE, ZERO, Apply, Expr, Index, Sum, Tensor, add, delta, mul, neg, num, power, relu, sub
from verify.kernel.program import Definition, Equal, Program, Unequal
from verify.meaning.network import Network
from verify.meaning.symbols import Lexicon
from verify.programs import numbered, rewritten
from verify.sympy_bridge import claim
from verify.workspace import Workspace

A, B, N = Index("i", "in"), Index("j", "in"), Index("n", "in")
x, y = Tensor("x", (A,)), Tensor("y", (B,))
LEAVES = (Definition("x", (A,)), Definition("y", (A,)))
SIEVE = Workspace(Program(LEAVES)).sieve()


@pytest.mark.parametrize("name", ["relu_sigmoid_softmax_mlp", "squared_error", "softmax_regression"])
def test_what_is_proved_passes(name: str) -> None:
    """Every gradient of these derivations is proved, and passes a sieve; with its sign changed it does not, where it is not 0."""
    derivation = catalogue()[name]
    space = None
    for left, right in derivation.gradients.items():
        made = claim(derivation, left, right)
        space = space or Workspace(made.program)
        assert isinstance(space.decide(made.left, made.right, made.conditions), Proved)
        assert space.sieve().passes(made.left, made.right, made.conditions)
        assert not space.sieve().passes(made.left, neg(made.right), made.conditions)
    assert space is not None


def test_only_entries_that_meet_the_conditions_count() -> None:
    """x_i δ_ij is x_j where i = j and 0 where i ≠ j, and neither everywhere; a condition on letters that do not stand here says nothing."""
    corner = mul(x, delta(A, B))
    assert SIEVE.passes(corner, x, (Equal(A, B),)) and not SIEVE.passes(corner, x, (Unequal(A, B),))
    assert SIEVE.passes(corner, ZERO, (Unequal(A, B),)) and not SIEVE.passes(corner, ZERO, (Equal(A, B),))
    assert not SIEVE.passes(corner, x) and not SIEVE.passes(corner, x, (Equal(A, N),))
    assert SIEVE.passes(corner, x, (Equal(A, N), Equal(N, B)))  # i = j by way of n: for the kernel to say


@pytest.mark.parametrize("name", "abcdefgh")
def test_units_of_a_relu_are_on(name: str) -> None:
    """A unit that is off would hide every mistake behind it: at the point of the sieve all are on, whatever the numbers drawn."""
    unit = relu(Tensor(name, (A,)))
    space = Workspace(Program((Definition(name, (A,)), Definition("unit", (A,), unit)), sizes=(("in", 1),)))
    assert not space.sieve().passes(Tensor("unit", (A,)), ZERO)


def test_what_has_no_value_passes() -> None:
    """What the sieve cannot evaluate is left to the kernel: a logarithm of what is negative, a quantity that there is not."""
    below = neg(add(power(x, 2), ONE))
    assert SIEVE.passes(Apply("log", below), num(7))
    assert SIEVE.passes(Tensor("q"), ONE)


def test_a_program_by_other_letters() -> None:
    """Programs that differ in the letters of bound indices and of the learning rate are one to the deciders, and others are not."""

    def program(letter: str, rate: str, factor: int = 1) -> Program:
        index = Index(f"{letter}~1", "in")
        body = mul(num(factor), Sum(index, mul(Tensor("x", (index,)), Tensor("y", (index,)))))
        return Program((*LEAVES, Definition(rate), Definition("L", (), body)))

    deciders = Deciders()
    one = deciders.of(program("i", "\\eta"), ())
    assert one is deciders.of(program("m", "\\alpha"), ()) and one is not deciders.of(program("i", "\\eta", 2), ())
    assert isinstance(one.assumed.decide(Tensor("\\alpha"), Tensor("\\alpha")), Proved)


def test_a_learning_rate_that_is_used_stays_where_it_is() -> None:
    """A λ that the loss rests on is a quantity like any other: it keeps its place, and is no leaf that comes along."""
    rate, loss = Definition("\\lambda"), Definition("L", (), mul(Tensor("\\lambda"), num(2)))
    made = shared(Program((rate, loss)))
    assert made.definitions[-2:] == (rate, loss) and [d.name for d in made.definitions].count("\\lambda") == 1
    defined = Definition("\\eta", (), num(3))
    assert shared(Program((defined,))).by_name["\\eta"] == defined


def test_numbered_indices_mean_the_same() -> None:
    """Bound indices numbered: sums in sums, one letter bound twice, a free index of such a name; every expression equals what it was."""
    free = Index("in~1", "in")

    def nested(a: Index, b: Index) -> Expr:
        inner = Sum(b, mul(Tensor("y", (b,)), Tensor("x", (a,))))
        return add(Sum(a, mul(inner, Tensor("x", (a,)))), Sum(a, Tensor("y", (a,))), Tensor("x", (free,)))

    space = Workspace(Program(LEAVES))
    for a, b in ((A, B), (B, A), (Index("in~2", "in"), free)):
        made = nested(a, b)
        assert isinstance(space.decide(made, numbered(made)), Proved)
    assert numbered(nested(A, B)) == numbered(nested(B, N)) and numbered(numbered(nested(A, B))) == numbered(nested(A, B))
    assert isinstance(space.decide(sub(nested(A, B), numbered(nested(B, A))), ZERO), Proved)


def test_what_is_explained_is_kept_for_its_network() -> None:
    """What was found of a line is found again under the same network only, also where it is that nothing mends it; the oldest goes."""
    one = Network(Lexicon(frozenset(), frozenset(), frozenset()))
    other = Network(Lexicon(frozenset("i"), frozenset(), frozenset()))
    kept = Explained(most=2)
    kept.put("a", one, ())
    assert kept.get("a", one) == () and kept.get("a", other) is None and kept.get("b", one) is None
    kept.put("b", one, ("edit",))
    assert kept.get("a", one) == ()
    kept.put("c", other, ())
    assert kept.get("b", one) is None and kept.get("a", one) == () and kept.get("c", other) == ()


def test_many_values_in_one_place() -> None:
    """Of many values for a blank those pass that pass one by one, under conditions too; what has no value passes."""
    blank, at = Tensor("□", (A,)), (A,)
    other = Tensor("y", (A,))
    values = (x, other, mul(num(2), x), add(x, neg(other)), Apply("log", neg(power(x, 2))))
    for left, right, conditions in (
        (mul(other, x), mul(other, blank), ()),
        (Sum(A, mul(other, x)), Sum(A, mul(other, blank)), ()),
        (mul(x, delta(A, B)), mul(blank, Tensor("y", (B,)), power(y, -1)), (Equal(A, B),)),
        (mul(num(2), x), add(blank, x), ()),
        (x, mul(x, x), ()),
    ):
        alone = [SIEVE.passes(left, rewritten(right, lambda e, v=value: v if e == blank else None), conditions) for value in values]
        assert SIEVE.passing(left, right, conditions, "□", at, values) == alone
    assert SIEVE.passing(x, blank, (), "□", at, (Tensor("q", (A,)), x)) == [True, True]
