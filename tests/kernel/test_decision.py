"""Decisions: what is proved, refuted and tested, what is refused, and that none can be forged."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.kernel.programs import A2, DELTA1, DELTA2, ERROR, GRADIENTS, HALF, LOSS, classifier, definition, i, j, k, m, n, tensor
from verify.kernel.decision import Decision, IllTyped, Kernel, Proved, Refuted, Undecided, Witness, positions
from verify.kernel.decision import Tested as AgreesModuloPrimes
from verify.kernel.expr import (
    ONE,
    Add,
    Apply,
    Delta,
    Derivative,
    Expr,
    Index,
    Mul,
    Num,
    Pow,
    Size,
    Step,
    Sum,
    add,
    delta,
    div,
    mul,
    neg,
    num,
    power,
    sub,
)
from verify.kernel.modular import Trials
from verify.kernel.program import Assumption, Condition, Equal, OneHot, Positive, Program, SumsToOne, Unequal
from verify.workspace import Workspace

CLASSIFIER = Workspace(classifier())
U, V = tensor("u"), tensor("v")
p, q = Index("p", "n"), Index("q", "n")
PLAIN = Workspace(Program((definition("u"), definition("v"), definition("x", p), definition("w", p, q))))


def test_every_gradient_of_the_network_is_proved() -> None:
    """For all widths; those that go through the loss lean on Σy = 1 and say so, the local ones on nothing."""
    for name, (left, right) in GRADIENTS.items():
        decision = CLASSIFIER.decide(left, right)
        assert isinstance(decision, Proved), name
        assert decision.scope == "all widths"
        local = name in ("softmax", "softmax diagonal", "sigmoid")
        assert decision.assumptions == (() if local else (SumsToOne("y"),))


MUTATIONS: dict[str, Callable[[Expr], Expr]] = {
    "sign": neg,
    "factor": lambda e: mul(num(2), e),
    "tiny factor": lambda e: mul(num(1 + Fraction(1, 10**12)), e),
    "tiny term": lambda e: add(e, num(Fraction(1, 10**12))),
    "extra factor": lambda e: mul(e, Size("out")),
    "zero": lambda e: num(0),
}


def refuted_again(left: Expr, right: Expr, witness: Witness) -> Refuted | None:
    return Kernel(classifier()).refute(left, right, (), dict(witness.sizes), dict(witness.values), dict(witness.entry))


@pytest.mark.parametrize("mutation", sorted(MUTATIONS))
def test_every_mutated_gradient_is_refuted(mutation: str) -> None:
    """With a witness that the kernel, given it anew, accepts again; its sides differ in the digits that are shown."""
    for left, right in GRADIENTS.values():
        wrong = MUTATIONS[mutation](right)
        decision = CLASSIFIER.decide(left, wrong)
        assert isinstance(decision, Refuted)
        assert not CLASSIFIER.screen(left, wrong) or "tiny" in mutation
        again = refuted_again(left, wrong, decision.witness)
        assert again is not None
        assert again.witness == decision.witness
        assert decision.witness.left != decision.witness.right


@pytest.mark.parametrize(("left", "right"), [
    (Derivative(LOSS, tensor("w2", j, k)), mul(Sum(m, mul(ERROR, tensor("wo", k, m))), A2, tensor("a1", j))),  # σ' without 1 − a
    (Derivative(LOSS, tensor("w2", j, k)), mul(Sum(m, mul(ERROR, tensor("wo", k, m))), A2, sub(ONE, A2), tensor("a1", j), A2)),
    (Derivative(LOSS, tensor("w1", i, j)), mul(Sum(k, mul(DELTA2, tensor("w2", j, k))), tensor("x", i))),  # the step is missing
    (Derivative(LOSS, tensor("b1", j)), mul(DELTA1, Step(tensor("b1", j)))),  # the step of another quantity
    (Derivative(LOSS, tensor("w2", j, k)), mul(DELTA2, tensor("z1", j))),  # z for a
    (Derivative(tensor("o", m), tensor("z", n)), mul(tensor("o", n), sub(delta(m, n), tensor("o", n)))),  # an index
    (Derivative(tensor("o", m), tensor("z", n)), mul(tensor("o", m), sub(ONE, tensor("o", m)))),  # only the diagonal
    (Derivative(LOSS, tensor("z", m)), sub(tensor("o", m), power(tensor("y", m), 2))),  # true for one-hot targets only
])
def test_mistakes_people_make_are_refuted(left: Expr, right: Expr) -> None:
    """Refuted with a witness in small integers or halves."""
    decision = CLASSIFIER.decide(left, right)
    assert isinstance(decision, Refuted)
    small = CLASSIFIER.shrink(decision)
    assert all(width <= 3 for _, width in small.sizes)
    assert sum(width for _, width in small.sizes) <= sum(width for _, width in decision.witness.sizes)
    again = refuted_again(left, right, small)
    assert again is not None
    assert again.witness == small


def test_conditions() -> None:
    """The cases of softmax: i = k by substitution, i ≠ k by leaving the diagonal out; each false under the other."""
    jacobian = Derivative(tensor("o", m), tensor("z", n))
    diagonal, rest = mul(tensor("o", m), sub(ONE, tensor("o", m))), neg(mul(tensor("o", m), tensor("o", n)))
    for right, condition, other in ((diagonal, Equal(m, n), Unequal(m, n)), (rest, Unequal(m, n), Equal(m, n))):
        assert isinstance(CLASSIFIER.decide(jacobian, right, (condition,)), Proved)
        refuted = CLASSIFIER.decide(jacobian, right, (other,))
        assert isinstance(refuted, Refuted)
        if isinstance(other, Unequal):
            entry = dict(refuted.witness.entry)
            assert entry[m] != entry[n]
        assert isinstance(CLASSIFIER.decide(jacobian, right), Refuted)


@pytest.mark.parametrize("conditions", [
    (Equal(0, 1),), (Unequal(m, m),), (Equal(m, n), Unequal(m, n)), (Equal(m, 0), Equal(m, 1)), (Unequal(2, 2),),
])
def test_conditions_that_never_hold(conditions: tuple[Condition, ...]) -> None:
    """Nothing is claimed where no entry meets the conditions: neither true nor false."""
    with pytest.raises(IllTyped, match="never hold"):
        CLASSIFIER.decide(tensor("o", m), ONE, conditions)


def test_conditions_that_hold_by_themselves() -> None:
    """0 = 0, 0 ≠ 1 and m = m leave the claim as it is; fixed positions may be named."""
    left, right = GRADIENTS["softmax"]
    assert isinstance(CLASSIFIER.decide(left, right, (Equal(0, 0), Unequal(0, 1), Equal(m, m))), Proved)
    assert isinstance(CLASSIFIER.decide(left, neg(mul(tensor("o", 1), tensor("o", 3))), (Equal(m, 1), Equal(3, n))), Proved)
    assert isinstance(CLASSIFIER.decide(left, right, (Equal(m, n), Equal(n, 2))), Proved)


def test_a_condition_on_a_narrow_axis() -> None:
    """m ≠ n on an axis whose only width is 1 leaves no entry."""
    narrow = Workspace(replace(classifier(), sizes=(("out", 1),)))
    assert isinstance(narrow.decide(tensor("o", m), neg(tensor("o", n)), (Unequal(m, n),)), Undecided)
    assert not narrow.screen(tensor("o", m), neg(tensor("o", n)), (Unequal(m, n),))


TESTED = [
    (add(power(Apply("sin", U), 2), power(Apply("cos", U), 2)), ONE),
    (Apply("log", mul(U, V)), add(Apply("log", U), Apply("log", V))),
]


@pytest.mark.parametrize(("left", "right"), TESTED)
def test_what_is_true_and_has_no_proof_is_tested(left: Expr, right: Expr) -> None:
    """With the bound and all that it is made of."""
    decision = PLAIN.decide(left, right)
    if isinstance(decision, Proved):
        pytest.skip("the normal form has learnt it")
    assert isinstance(decision, AgreesModuloPrimes)
    assert decision.bound_log2 <= -40
    assert decision.trials == len(decision.primes) == len(set(decision.primes))
    assert all(2**30 < prime < 2**31 for prime in decision.primes)
    assert decision.degree >= 1
    assert decision.height >= 1


def test_the_test_itself_needs_no_normal_form() -> None:
    """The gradients of the network by residues alone: each choice of the signs of three units that stand under exponentials is tried."""
    kernel, sizes = Kernel(classifier()), {"in": 2, "h1": 3, "h2": 2, "out": 3}
    for name in ("z", "wo", "b2", "softmax", "b1"):
        decision = kernel.test(*GRADIENTS[name], (), sizes)
        assert isinstance(decision, AgreesModuloPrimes), name
        assert decision.sizes == tuple(sorted(sizes.items()))
        assert decision.trials == 208  # (7/8)^208 is below 2^-40
    assert isinstance(kernel.test(GRADIENTS["z"][0], neg(ERROR), (), sizes), Undecided)


def test_the_test_respects_assumptions() -> None:
    """Σy = 1 and one-hot targets hold for the residues that are drawn: y² is y under the second alone."""
    left, right = GRADIENTS["z"]
    y, sizes = tensor("y", m), {"in": 1, "h1": 2, "h2": 1, "out": 3}
    nothing, sums, hot = (Kernel(classifier(frozenset(a))) for a in (set(), {SumsToOne("y")}, {OneHot("y")}))
    assert isinstance(nothing.test(left, right, (), sizes), Undecided)
    assert isinstance(sums.test(left, right, (), sizes), AgreesModuloPrimes)
    assert isinstance(sums.test(power(y, 2), y, (), sizes), Undecided)
    tested = hot.test(power(y, 2), y, (), sizes)
    assert isinstance(tested, AgreesModuloPrimes)
    assert tested.assumptions == (OneHot("y"),)
    assert tested.trials > 20  # a row of three has one chance in three to show it


def test_no_entry_is_no_test() -> None:
    """Where the conditions leave no entry at the widths at hand, nothing is tested."""
    decision = Kernel(classifier()).test(tensor("o", m), neg(tensor("o", n)), (Unequal(m, n),), {"in": 1, "h1": 1, "h2": 1, "out": 1})
    assert isinstance(decision, Undecided)


def test_points_without_an_inverse_are_drawn_again() -> None:
    """A sum over u·u⁻¹ of a one-hot row has no value but where no entry is 0: nothing is made up."""
    y, sizes = tensor("y", m), {"in": 1, "h1": 2, "h2": 1, "out": 3}
    decision = Kernel(classifier(frozenset({OneHot("y")}))).test(div(y, y), ONE, (), sizes)
    assert isinstance(decision, Undecided)
    assert "too many trials" in decision.reason


def test_too_wide_is_not_tested() -> None:
    """Residues do not reach an axis of 10^6 positions, nor a claim or a leaf of 10^6 entries, nor is one tested that has no width."""
    for width in ({"n": 10**6}, {}):
        assert isinstance(PLAIN.kernel.test(Sum(p, tensor("x", p)), Sum(q, tensor("x", q)), (), width), Undecided)
    for left in (tensor("w", p, q), tensor("w", 0, 1)):
        decision = PLAIN.kernel.test(left, left, (), {"n": 1000})
        assert isinstance(decision, Undecided) and "too many" in decision.reason


def test_too_many_signs_are_not_tested() -> None:
    """A product of many independent steps could be 0 in every trial: the bound says so."""
    product = mul(*(Step(add(tensor("x", t), num(t))) for t in range(9)))
    decision = PLAIN.kernel.test(product, product, (), {"n": 9})
    assert isinstance(decision, Undecided)
    assert "too many trials" in decision.reason


def test_trials_without_a_value_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no trial has a value, points are drawn again, but not for ever; where too many would be needed, none is drawn."""
    drawn: list[int] = []

    class Counted(Trials):
        def __init__(self, count: int) -> None:
            drawn.append(count)
            super().__init__(count)

    monkeypatch.setattr("verify.kernel.decision.Trials", Counted)
    zero = sub(mul(U, V), mul(V, U))
    for expr in (power(zero, -1), Step(zero)):
        drawn.clear()
        assert isinstance(PLAIN.kernel.test(expr, expr, (), {}), Undecided)
        assert 0 < sum(drawn) <= 4096 and len(drawn) <= 4096
    drawn.clear()
    many = mul(*(Step(add(U, num(t))) for t in range(9)))
    assert isinstance(PLAIN.kernel.test(many, many, (), {}), Undecided) and not drawn
    monkeypatch.setattr("verify.kernel.decision.MOST_WORK", 0)
    drawn.clear()
    assert isinstance(PLAIN.kernel.test(U, U, (), {}), Undecided) and not drawn


def test_a_program_of_too_many_quantities_is_refused() -> None:
    """A chain of quantities has Jacobians with one another, whose number is a square; leaves are not counted."""

    def chain(number: int) -> Program:
        steps = (definition(f"a{t}", body=mul(tensor(f"a{t - 1}"), tensor(f"a{t - 1}"))) for t in range(1, number + 1))
        return Program((definition("a0"), *steps))

    with pytest.raises(IllTyped, match="too many quantities"):
        Kernel(chain(1001))
    Kernel(chain(1000))
    Kernel(Program(tuple(definition(f"u{t}") for t in range(2000))))


def test_too_many_trials_are_not_made() -> None:
    """What takes many trials at widths where each is long is not tested: the work of all trials together is bounded."""
    steps = Sum(q, mul(*(Step(add(tensor("w", p, q), num(t))) for t in range(4)), tensor("x", q)))
    assert isinstance(PLAIN.kernel.test(steps, steps, (), {"n": 3}), AgreesModuloPrimes)
    assert isinstance(PLAIN.kernel.test(steps, steps, (), {"n": 200}), Undecided)
    one = Sum(q, mul(Step(tensor("w", p, q)), tensor("x", q)))
    assert isinstance(PLAIN.kernel.test(one, one, (), {"n": 3}), AgreesModuloPrimes)
    assert isinstance(PLAIN.kernel.test(one, one, (), {"n": 100}), AgreesModuloPrimes)


def test_assumptions_decide_which_claims_hold() -> None:
    """o − y needs Σy = 1, o − y² needs one-hot; without, both are refuted."""
    left, right = GRADIENTS["z"]
    squares = sub(tensor("o", m), power(tensor("y", m), 2))
    nothing, sums, hot = (Workspace(classifier(frozenset(a))) for a in (set(), {SumsToOne("y")}, {OneHot("y")}))
    assert [type(w.decide(left, right)) for w in (nothing, sums, hot)] == [Refuted, Proved, Proved]
    assert [type(w.decide(left, squares)) for w in (nothing, sums, hot)] == [Refuted, Refuted, Proved]
    witness = nothing.decide(left, right)
    assert isinstance(witness, Refuted)


def test_positive_leaves() -> None:
    """√(u²) is u where u is assumed positive; a point with a negative u is no witness then."""
    program = Program((definition("u"),), frozenset({Positive("u")}))
    positive, free = Workspace(program), Workspace(replace(program, assumptions=frozenset()))
    claim = Pow(power(U, 2), HALF), U
    refuted = free.decide(*claim)
    assert isinstance(refuted, Refuted)
    assert not isinstance(positive.decide(*claim), Refuted)
    assert positive.kernel.refute(*claim, (), dict(refuted.witness.sizes), dict(refuted.witness.values), {}) is None
    assert positive.screen(*claim)
    assert not free.screen(*claim)


# Forgeries


def proved() -> Proved:
    decision = CLASSIFIER.decide(*GRADIENTS["z"])
    assert isinstance(decision, Proved)
    return decision


def refuted() -> Refuted:
    decision = CLASSIFIER.decide(GRADIENTS["z"][0], neg(ERROR))
    assert isinstance(decision, Refuted)
    return decision


@pytest.mark.parametrize("make", [
    lambda: Proved(proved().certificate, (), "all widths", None),
    lambda: Proved(proved().certificate, (), "all widths", object()),
    lambda: Refuted(refuted().witness, None),
    lambda: AgreesModuloPrimes(-90.0, (), (), 1, 1, 1, (), None),
    lambda: replace(proved(), scope="all widths and more"),
    lambda: replace(proved()),
    lambda: replace(refuted(), witness=refuted().witness),
    lambda: replace(refuted(), seal=None),
    lambda: copy.copy(proved()),
    lambda: copy.deepcopy(refuted()),
    lambda: pickle.dumps(proved()),
    lambda: pickle.dumps(refuted(), protocol=0),
    lambda: type("Forged", (Proved,), {}),
    lambda: type("Forged", (Refuted,), {"__post_init__": lambda self, seal: None}),
])
def test_decisions_are_not_forged(make: Callable[[], object]) -> None:
    """Not made, replaced, copied, pickled or subclassed outside the kernel."""
    with pytest.raises((TypeError, ValueError)):
        make()


def test_decisions_are_frozen() -> None:
    """A field of a decision cannot be set."""
    with pytest.raises(FrozenInstanceError):
        proved().scope = "more"  # type: ignore[misc]


def altered(change: Callable[[dict[str, int], dict[str, Any], dict[Index, Any]], None]) -> Refuted | None:
    witness = CLASSIFIER.decide(GRADIENTS["z"][0], neg(ERROR)).witness  # type: ignore[union-attr]
    sizes, values = dict(witness.sizes), {name: np.array(v, dtype=object) for name, v in witness.values}
    entry = dict(witness.entry)
    change(sizes, values, entry)
    return Kernel(classifier()).refute(GRADIENTS["z"][0], neg(ERROR), (), sizes, values, entry)


@pytest.mark.parametrize("change", [
    lambda sizes, values, entry: values.pop("bz"),
    lambda sizes, values, entry: sizes.pop("out"),
    lambda sizes, values, entry: sizes.update(out=sizes["out"] + 1),
    lambda sizes, values, entry: sizes.update(out=0),
    lambda sizes, values, entry: sizes.update(out=10**9),
    lambda sizes, values, entry: values.update(y=values["y"] * 2),
    lambda sizes, values, entry: values.update(y=values["y"].astype(float)),
    lambda sizes, values, entry: values.update(bz=values["bz"][:1]),
    lambda sizes, values, entry: values.update(bz=np.array(["1", "2"], dtype=object)),
    lambda sizes, values, entry: values.update(y=np.array([[Fraction(1)]], dtype=object)),
    lambda sizes, values, entry: values.update(y=values["y"] * 0 + 2 - values["y"]),
    lambda sizes, values, entry: entry.clear(),
    lambda sizes, values, entry: entry.update({m: -1}),
    lambda sizes, values, entry: entry.update({m: sizes["out"]}),
    lambda sizes, values, entry: entry.update({m: 0.0}),
    lambda sizes, values, entry: entry.update({n: 0}),
])
def test_altered_witnesses_are_rejected(change: Callable[[dict[str, int], dict[str, Any], dict[Index, Any]], None]) -> None:
    """A point that is truncated, has other shapes, is not exact or breaks an assumption refutes nothing."""
    assert altered(lambda sizes, values, entry: None) is not None
    assert altered(change) is None


def test_witnesses_of_one_hot_and_positive_leaves_are_checked() -> None:
    """Entries that only add up to 1 are not one-hot, a 0 is not positive, an axis without a width is no point."""
    y = tensor("y", m)
    hot = Kernel(classifier(frozenset({OneHot("y")})))
    for entries, accepted in (((1, 0), True), ((HALF, HALF), False), ((2, -1), False)):
        assert (hot.refute(y, num(7), (), {"out": 2}, {"y": np.array(entries, dtype=object)}, {m: 0}) is not None) is accepted
    positive = Kernel(Program((definition("x", p),), frozenset({Positive("x")})))
    for entry, accepted in ((1, True), (0, False)):
        assert (positive.refute(tensor("x", p), num(7), (), {"n": 1}, {"x": [entry]}, {p: 0}) is not None) is accepted
    assert positive.refute(Size("elsewhere"), num(7), (), {"n": 1}, {}, {}) is None
    assert positive.refute(tensor("x", 3), num(7), (), {"n": 1}, {"x": [1]}, {}) is None


def test_a_witness_for_one_claim_is_none_for_a_true_one() -> None:
    """No point refutes what is true."""
    witness = refuted().witness
    for left, right in GRADIENTS.values():
        everything = {d.name: np.full([2] * len(d.axes), HALF, dtype=object) for d in classifier().definitions if d.body is None}
        sizes = dict.fromkeys(("in", "h1", "h2", "out"), 2)
        for entry in positions(sorted(left.free | right.free), sizes):
            assert Kernel(classifier()).refute(left, right, (), sizes, everything, entry) is None
    assert witness.left != witness.right


def test_a_point_that_takes_too_much_refutes_nothing() -> None:
    """A sum of 490,000 products that are all different is out of reach of the one entry that is evaluated."""
    matrix = [[Fraction(1)] * 700] * 700
    squares = Sum(p, Sum(q, power(tensor("w", p, q), 2)))
    assert PLAIN.kernel.refute(squares, num(7), (), {"n": 700}, {"w": matrix}, {}) is None
    assert PLAIN.kernel.refute(squares, num(7), (), {"n": 1}, {"w": [[Fraction(1)]]}, {}) is not None


def test_fixed_sizes_hold_for_witnesses() -> None:
    """A claim about an axis of a stated size is not refuted at another one: Σ1 = 3 at width 3."""
    fixed = Workspace(Program((definition("x", p),), sizes=(("n", 3),)))
    claim = Size("n"), num(3)
    assert isinstance(fixed.decide(*claim), Proved)
    assert isinstance(PLAIN.decide(*claim), Refuted)
    assert fixed.kernel.refute(*claim, (), {"n": 2}, {}, {}) is None
    decision = fixed.decide(Sum(p, ONE), num(3))
    assert isinstance(decision, Proved)
    assert decision.scope == "stated widths"


# Well-formedness


@pytest.mark.parametrize(("expr", "reason"), [
    (tensor("nobody"), "no quantity"),
    (tensor("x"), "axes"),
    (tensor("x", p, q), "axes"),
    (tensor("x", Index("p", "other")), "ranges over"),
    (tensor("x", -1), "no position"),
    (Delta(p, Index("q", "other")), "ranges over"),
    (Delta(-1, p), "no position"),
    (Sum(p, tensor("nobody")), "no quantity"),
    (Apply("exp", U, -1), "differentiated"),
    (Apply("f", U, 99), "differentiated"),
    (Derivative(U, tensor("nobody")), "no quantity"),
    (Derivative(U, Apply("exp", U)), "by an entry"),  # type: ignore[arg-type]
    (add(ONE, mul(num(2), power(tensor("w", p), 2))), "axes"),
])
def test_what_has_no_meaning_is_refused(expr: Expr, reason: str) -> None:
    """Each row of well-formedness, by typed and by every way into a decision."""
    ways = (PLAIN.typed, PLAIN.vanishes, lambda e: PLAIN.screen(e, e), lambda e: PLAIN.decide(ONE, e))
    for way in ways:
        with pytest.raises(IllTyped, match=reason):
            way(expr)


def test_fixed_sizes_bound_positions() -> None:
    """Position 3 exists on an axis of free width, not on one of width 3."""
    fixed = Workspace(Program((definition("x", p),), sizes=(("n", 3),)))
    PLAIN.typed(tensor("x", 3))
    fixed.typed(tensor("x", 2))
    with pytest.raises(IllTyped, match="no position"):
        fixed.typed(tensor("x", 3))


def test_what_has_a_meaning_is_accepted() -> None:
    """An index bound twice, shadowing, a condition on one axis, an axis that no tensor has."""
    PLAIN.typed(Sum(p, add(tensor("x", p), Sum(p, tensor("x", p)))))
    PLAIN.typed(Sum(Index("t", "time"), ONE))
    assert isinstance(PLAIN.decide(Sum(Index("t", "time"), U), mul(Size("time"), U)), Proved)
    assert isinstance(PLAIN.decide(Sum(Index("t", "time"), U), U), Refuted)


@pytest.mark.parametrize(("program", "reason"), [
    (Program((definition("u"), definition("u"))), "twice"),
    (Program((definition("w", p, p),)), "one index"),
    (Program((definition("u", body=tensor("v")), definition("v"))), "no quantity"),
    (Program((definition("u", body=tensor("u")),)), "no quantity"),
    (Program((definition("x", p), definition("u", body=tensor("x", p)))), "free index"),
    (Program((definition("u"),), frozenset({Positive("v")})), "not given"),
    (Program((definition("u"), definition("v", body=U)), frozenset({Positive("v")})), "not given"),
    (Program((definition("x", p),), frozenset({SumsToOne("x", 1)})), "axis that"),
    (Program((definition("x", p),), frozenset({OneHot("x"), Positive("x")})), "contradict"),
    (Program((definition("w", p, q),), frozenset({SumsToOne("w", 0), SumsToOne("w", 1)})), "contradict"),
    (Program((definition("w", p, q),), frozenset({SumsToOne("w", 0), OneHot("w", 1)})), "contradict"),
    (Program((definition("x", p),), sizes=(("n", 0),)), "at least one"),
    (Program((definition("x", p),), sizes=(("n", 2), ("n", 3))), "two sizes"),
])
def test_programs_without_a_meaning_or_a_model(program: Program, reason: str) -> None:
    """Nothing is decided about them: contradictory assumptions would prove anything."""
    with pytest.raises(IllTyped, match=reason):
        Workspace(program)


@pytest.mark.parametrize("assumptions", [
    {SumsToOne("w", 0), Positive("w")}, {OneHot("w", 1)}, {OneHot("w", 0), SumsToOne("w", 0)}, {SumsToOne("w", 1)}, {Positive("w")},
])
def test_assumptions_with_a_model_are_met_by_every_point(assumptions: set[Assumption]) -> None:
    """The points that are sampled for floats meet the assumptions exactly, as the kernel checks them."""
    workspace = Workspace(Program((definition("w", p, q),), frozenset(assumptions)))
    decision = workspace.decide(tensor("w", p, q), num(7))
    assert isinstance(decision, Refuted)
    sums = not assumptions.isdisjoint({SumsToOne("w", 0), OneHot("w", 0)})
    assert isinstance(workspace.decide(Sum(p, tensor("w", p, q)), ONE), Proved if sums else Refuted)


# Bounds on work


def test_too_large_is_undecided() -> None:
    """Too many nodes, too deep, a number or a tensor too large: an answer at once, with the reason."""
    many: Expr = Add(tuple(mul(U, num(t)) for t in range(1, 20_000)))
    deep: Expr = U
    for _ in range(5000):
        deep = Apply("tanh", deep)
    doubled: Expr = U
    for _ in range(60):
        doubled = add(mul(doubled, V), mul(doubled, doubled))
    for expr in (many, deep, doubled):
        assert isinstance(PLAIN.decide(expr, U), Undecided)
    assert isinstance(PLAIN.decide(mul(num(Fraction(10) ** 400), U), V), (Undecided, Refuted))
    assert isinstance(PLAIN.decide(Pow(U, Fraction(10) ** 40), V), (Undecided, Refuted))


def hostile() -> dict[str, tuple[Expr, Expr]]:
    """Claims that would take for ever, or more memory than there is, without a budget."""
    derived: Expr = Apply("tanh", mul(U, V))
    for _ in range(50):
        derived = Derivative(derived, U)
    sums = mul(*(add(Apply("f", mul(U, num(t))), V) for t in range(40)))
    axes = [(Index(f"a{t}", f"axis {t}"), Index(f"b{t}", f"axis {t}")) for t in range(30)]
    tower: Expr = num(9)
    for _ in range(5):
        tower = Apply("exp", tower)
    return {
        "a product of 10,000 factors": (Derivative(Mul((U,) * 10_000), U), V),
        "fifty derivatives": (derived, V),
        "a product of 40 sums, thrice differentiated": (Derivative(Derivative(Derivative(sums, U), U), U), V),
        "an outer product over 30 axes": (mul(*(Delta(*pair) for pair in axes)), U),
        "a tower of exponentials": (tower, U),
        "a power that no memory holds": (Pow(num(9), Fraction(9**81)), U),
        "a diagonal of 10^8 entries": (Delta(Index("a", "wide"), Index("b", "wide")), add(U, mul(num(0), Size("wide")), tensor("x", 4095))),
    }


@pytest.mark.parametrize("name", sorted(hostile()))
def test_hostile_claims_are_undecided(name: str) -> None:
    """With the reason; nothing is proved, tested or refuted about what cannot be computed."""
    left, right = hostile()[name]
    decision = Workspace(PLAIN.program).decide(left, right)
    assert isinstance(decision, Undecided | Refuted) if "diagonal" in name else isinstance(decision, Undecided)
    assert Workspace(PLAIN.program).vanishes(left) is False


def test_long_sums_are_no_trouble() -> None:
    """A sum of 5,000 terms is differentiated and proved."""
    assert isinstance(PLAIN.decide(Derivative(Add((mul(U, V),) * 5000), U), mul(num(5000), V)), Proved)


def test_an_exhausted_stack_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the caller has left no room, the answer is that there is none."""
    def deep(*arguments: object) -> None:
        raise RecursionError

    workspace = Workspace(PLAIN.program)
    monkeypatch.setattr(workspace.kernel, "prove", deep)
    assert workspace.decide(U, U) == Undecided("the expression is nested too deeply")
    monkeypatch.setattr(workspace.kernel, "settle", deep)
    assert workspace.screen(U, V)
    assert not workspace.vanishes(U)


def test_a_difference_that_balls_do_not_reach_is_an_engine_gap() -> None:
    """At fixed widths that floats reach and balls do not, a false claim is undecided."""
    wide = Workspace(Program((definition("X", p, Index("r", "m")),), sizes=(("n", 300), ("m", 300))))
    entry = tensor("X", p, Index("r", "m"))
    decision = wide.decide(entry, mul(num(2), entry))
    assert isinstance(decision, Undecided)
    assert "engine gap" in decision.reason


def test_wide_programs_are_still_proved() -> None:
    """Widths in the thousands: floats do not reach them, the proof does not mind."""
    loss = definition("L", body=Sum(p, power(tensor("w", p, 0), 2)))
    workspace = Workspace(Program((definition("w", p, Index("r", "m")), loss), sizes=(("n", 4096), ("m", 4096))))
    claim = Derivative(LOSS, tensor("w", p, 0)), mul(num(2), tensor("w", p, 0))
    assert workspace.screen(*claim)
    assert not workspace.vanishes(claim[0])
    assert isinstance(workspace.decide(*claim), Proved)
    assert isinstance(workspace.decide(claim[0], tensor("w", p, 0)), Undecided)


# Screening


def test_screening() -> None:
    """True for what is true, False for what is not; vanishing sides are found."""
    for left, right in GRADIENTS.values():
        assert CLASSIFIER.screen(left, right)
        assert not CLASSIFIER.screen(left, mul(num(Fraction(101, 100)), right))
        assert not CLASSIFIER.vanishes(left)
        assert CLASSIFIER.vanishes(sub(left, right))
    assert CLASSIFIER.vanishes(Sum(m, ERROR))


def test_steps_are_seen_with_both_signs_and_apart_from_each_other() -> None:
    """[z > 0], [b > 0], 1 and 0 are four different things at the points that are sampled, for z = Σ x w + b."""
    quantities = [Step(tensor("z1", j)), Step(tensor("b1", j)), ONE, num(0)]
    for a, left in enumerate(quantities):
        for right in quantities[a + 1 :]:
            assert not CLASSIFIER.screen(left, right)
    assert not PLAIN.screen(Step(U), ONE)
    assert not PLAIN.screen(Step(add(U, num(1))), ONE)


def test_domains_are_found() -> None:
    """Leaves under logarithms and roots are drawn where these have a value, in definitions and in claims."""
    a = definition("a", p)
    entropy = neg(Sum(p, add(mul(tensor("a", p), Apply("log", tensor("a", p))), Apply("log", sub(ONE, tensor("a", p))))))
    workspace = Workspace(Program((a, definition("u"), definition("H", body=entropy))))
    gradient = add(neg(Apply("log", tensor("a", p))), num(-1), power(sub(ONE, tensor("a", p)), -1))
    assert workspace.screen(Derivative(tensor("H"), tensor("a", p)), gradient)
    assert not workspace.screen(Derivative(tensor("H"), tensor("a", p)), neg(gradient))
    assert workspace.screen(Derivative(Apply("log", mul(U, power(U, 2))), U), div(num(3), U))
    assert not workspace.screen(Derivative(Pow(neg(sub(U, num(1))), HALF), U), ONE)


@pytest.mark.parametrize("expr", [
    Apply("log", num(-1)), power(sub(U, U), -1), Pow(neg(power(U, 2)), HALF), Step(sub(U, U)), power(num(0), -1),
])
def test_what_has_no_value_anywhere_is_undecided(expr: Expr) -> None:
    """log(-1), 1/(u−u), √(−u²), the step of 0: neither true nor false, also when set equal to itself times something."""
    decision: Decision = PLAIN.decide(expr, mul(num(2), expr))
    assert isinstance(decision, Undecided)
    assert "no value" in decision.reason
    assert not PLAIN.screen(expr, expr)
    assert not PLAIN.vanishes(expr)


def test_unknown_functions() -> None:
    """f(u²) by u for every smooth f: proved with the chain rule, refuted by an instance without."""
    left = Derivative(Apply("f", power(U, 2)), U)
    assert isinstance(PLAIN.decide(left, mul(num(2), U, Apply("f", power(U, 2), 1))), Proved)
    assert isinstance(PLAIN.decide(left, mul(U, Apply("f", power(U, 2), 1))), Refuted)
    assert isinstance(PLAIN.decide(Apply("f", U), Apply("g", U)), Refuted)
    assert isinstance(PLAIN.decide(Apply("f", U, 1), Apply("f", U)), Refuted)


def test_decisions_do_not_depend_on_the_order_of_questions() -> None:
    """A fresh workspace and a used one give the same witness."""
    left, wrong = GRADIENTS["w2"][0], neg(GRADIENTS["w2"][1])
    used = Workspace(classifier())
    for claim in GRADIENTS.values():
        used.decide(*claim)
    fresh = Workspace(classifier()).decide(left, wrong)
    assert isinstance(fresh, Refuted)
    assert used.decide(left, wrong) == fresh


def test_a_program_without_quantities() -> None:
    """Numbers alone are decided too."""
    empty = Workspace(Program())
    assert isinstance(empty.decide(num(2), add(ONE, ONE)), Proved)
    assert isinstance(empty.decide(Num(Fraction(1, 3)), num(0)), Refuted)
