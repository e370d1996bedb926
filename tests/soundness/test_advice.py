"""The kernel takes advice for its proofs from outside: bad advice, or malicious, costs proofs and makes none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel.test_normal_form import (
    ALL,
    DIFFERENT,
    EQUAL,
    NOTHING,
    SHAPES,
    differ,
    entries,
    expressions,
    keeps_its_value,
    mutated,
    rewritten,
)

from verify.advice import ADVICE, lead, orders
from verify.kernel.expr import Expr, Index, Sum, Tensor, add, mul, power
from verify.kernel.normal_form import FIXED, FREE, LEVELS, PLAIN, Advice, Factors, Label, Monomial, Normalizer, Poly, _Form
from verify.kernel.program import Positive, Program

i, j, k = (Index(name, "a") for name in "ijk")
u, v, w = (Tensor(name) for name in "uvw")


def labels_of(poly: Poly, bound: Set[Label]) -> list[Label]:
    return sorted(bound | {p for mono in poly for (_, places), _ in mono for p in places if p[0] != FIXED})


def arbitrary(seed: int) -> Advice:
    """Advice drawn at random: any orders of the labels, any term of the denominator, each time others."""
    draw = Random(seed)

    def any_orders(poly: Poly, bound: Set[Label], unordered: Set[str]) -> Iterator[list[Label]]:
        labels = labels_of(poly, bound)
        for _ in range(draw.randint(1, 3)):
            yield draw.sample(labels, len(labels))

    def any_lead(poly: Poly, table: Mapping[Label, Label], factors: Factors, hot: Set[str]) -> Monomial | None:
        return draw.choice([*poly, None])

    return Advice(any_orders, any_lead)


@settings(max_examples=200, deadline=None)
@given(expressions(ALL, 4), st.sampled_from(LEVELS[:2]), st.integers(0, 9999), st.booleans())
def test_normal_forms_keep_the_value_whatever_is_advised(expr: Expr, level: object, seed: int, positive: bool) -> None:
    """Under arbitrary advice too a normal form has the value of what it was made from, at width 1 as well."""
    assert keeps_its_value(expr, level, NOTHING, entries(seed, positive), {"a": 3, "batch": 1}, arbitrary(seed))
    everything = Program((), frozenset(Positive(name) for name in SHAPES))
    assert keeps_its_value(expr, level, everything, entries(seed, True), {"a": 1, "batch": 2}, arbitrary(seed))


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(0, 9999))
def test_what_is_proved_under_any_advice_has_equal_values(data: st.DataObject, seed: int) -> None:
    """A changed polynomial that arbitrary advice proves equal all the same has equal values at all indices."""
    expr = data.draw(expressions())
    other = data.draw(rewritten(data.draw(mutated(expr))))
    if any(Normalizer(NOTHING, arbitrary(seed + n)).equal(expr, other) for n in range(3)):
        assert not any(differ(expr, other, n, widths) for n in (1, 2) for widths in ((2, 3), (3, 2), (1, 1)))


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_different_pairs_are_not_proved_whatever_is_advised(pair: tuple[Expr, Expr] | tuple[Expr, Expr, Program]) -> None:
    """No advice proves one of them: none, and twenty that are drawn at random."""
    left, right, program = (*pair, NOTHING)[:3]
    assert all(Normalizer(program, advice).equal(left, right) is None for advice in (PLAIN, *map(arbitrary, range(20))))


@pytest.mark.parametrize("order", [[], ["i"], ["i", "i"], ["i", "j", "j"], ["i", "k"], ["j", "i", "k"]])
def test_an_order_that_is_none_of_the_labels_gives_up(order: Sequence[str]) -> None:
    """Left out, doubled, exchanged for another: where the order is none of all the labels, there is no proof, not even of what is true."""
    left = Sum(i, Sum(j, mul(Tensor("A", (i, j)), Tensor("B", (j, i)))))

    def wrong(poly: Poly, bound: Set[Label], unordered: Set[str]) -> list[list[Label]]:
        names = {p[1]: p for p in labels_of(poly, bound)}
        return [[names.get(name, (FREE, name, "a")) for name in order]]

    assert Normalizer(NOTHING, ADVICE).equal(left, left)
    assert Normalizer(NOTHING, Advice(wrong, lead)).equal(left, left) is None


U_TERM: Monomial = (((".u", ()), 1),)
BELOW = power(add(u, v), -1)


@pytest.mark.parametrize(("product", "allowed"), {
    mul(w, BELOW): False, mul(u, BELOW): True, mul(power(u, -1), BELOW): True, mul(power(u, Fraction(-1, 2)), BELOW): True,
    mul(power(u, Fraction(1, 2)), BELOW): False,
}.items())  # fmt: skip
def test_nothing_is_divided_by_that_may_be_0(product: Expr, allowed: bool) -> None:
    """w/(u + v) is not taken apart by u, which may be 0; u/(u + v) is, and 1/(u·(u + v)), where u is not 0."""

    def by_u(poly: Poly, table: Mapping[Label, Label], factors: Factors, hot: Set[str]) -> Monomial | None:
        return U_TERM if factors.get((".u", ()), 0) >= -1 else None

    found, plain = (_Form(Normalizer(NOTHING, Advice(orders, lead)), LEVELS[1], 60) for lead in (by_u, PLAIN.lead))
    assert (found.convert(product) != plain.convert(product)) == allowed


def test_a_term_that_the_denominator_does_not_have_changes_nothing() -> None:
    """Advice to take apart what is not there is not followed."""
    strange = Advice(orders, lambda poly, table, factors, hot: (((".w", ()), 1),))
    found, plain = (_Form(Normalizer(NOTHING, advice), LEVELS[1], 60) for advice in (strange, PLAIN))
    assert found.convert(BELOW) == plain.convert(BELOW)


def test_advice_costs_proofs_alone() -> None:
    """By the order of the labels' names alone some of the true pairs are proved, and not those whose labels have to be told apart."""
    found = {name: Normalizer((*pair, NOTHING)[2], PLAIN).equal(*pair[:2]) for name, pair in EQUAL.items()}
    assert found["a - a²"] and found["a renamed bound index"] and not found["a trace"]
