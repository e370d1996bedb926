"""A few hundred claims of the campaign of `make soundness`, and the test of its own instruments."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random

import mpmath
import pytest
from kernel.programs import GRADIENTS, classifier

from tests.soundness import campaign
from tests.soundness.campaign import MUTATIONS, REWRITINGS, Outcome, changed, claims, counted, mutant, rewritten, sites
from tests.soundness.independent import Network, NoValue, differ, entry
from verify.kernel.decision import Refuted
from verify.kernel.decision import Tested as AgreesModuloPrimes
from verify.kernel.expr import Apply, Derivative, Pow, Size, Step, Tensor, add, mul, neg, num, power, sub
from verify.kernel.program import Claim, Definition, OneHot, Positive, Program

SEVERAL = 20


@pytest.mark.parametrize("start", range(0, 300, SEVERAL))
def test_no_mutant_passes(start: int) -> None:
    """Of mutants none passes that differs by independent evaluation, and most are refuted."""
    counts, _, failures = counted(map(mutant, range(start, start + SEVERAL)))
    assert not failures
    assert counts["refuted"] >= SEVERAL // 2


@pytest.mark.parametrize("start", range(0, 300, SEVERAL))
def test_no_rewritten_claim_is_refuted(start: int) -> None:
    """Of true claims in other words none is refuted, and most are proved."""
    counts, _, failures = counted(map(rewritten, range(start, start + SEVERAL)))
    assert not failures
    assert counts["proved"] >= SEVERAL // 2


def test_claims_of_the_campaign() -> None:
    """There are many claims to begin with, all different, each with a right side to change, and no derivative in it."""
    assert len(claims()) == len(set(claims())) > 50
    assert not any(isinstance(s.node, Derivative) for c in claims() for s in sites(c.right, ()))


@pytest.mark.parametrize("way", dict.fromkeys(MUTATIONS + REWRITINGS), ids=lambda way: way.__name__)
def test_each_way_is_taken(way: campaign.Change) -> None:
    """Every mutation changes some claim; every rewriting does, and keeps its value at high precision."""
    draw = Random("ways")
    found = [(c, new) for c in claims() for _ in range(4) if (new := changed(c, [way], 1, draw)) is not None]
    assert found
    if way in REWRITINGS:
        assert not any(differ(replace(c, left=c.right, right=new.right), points=1) for c, new in found[:12])
    else:
        assert any(differ(replace(c, left=c.right, right=new.right), points=1) for c, new in found[:40])


def test_failures_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The campaign can fail: an engine that passes everything is caught by mutants, one that refutes everything by rewritten claims."""
    workspace = campaign.workspace(classifier())
    left, right = GRADIENTS["z"]
    yes = workspace.kernel.test(left, right, (), {"in": 3, "h1": 3, "h2": 3, "out": 3})
    no = workspace.decide(left, neg(right))
    assert isinstance(yes, AgreesModuloPrimes) and isinstance(no, Refuted)
    for decision, kind, what in ((yes, mutant, "FALSE PASS"), (no, rewritten, "FALSE ALARM")):
        monkeypatch.setattr(campaign.Workspace, "decide", lambda *_, answer=decision: answer)
        counts, _, failures = counted(map(kind, range(5)))
        assert counts[what] == len(failures) > 0
    assert counted([Outcome("a", "x"), Outcome("a", "x"), Outcome("b", "y", "why")]) == ({"a": 2, "b": 1}, 2, ["why"])


def test_independent_evaluation() -> None:
    """The second evaluator agrees with what is known by hand, has no value at poles and kinks, and sees a difference of 10^-12."""
    u, x = Tensor("u"), Tensor("t", (0,))
    program = Program((Definition("u"),), frozenset({Positive("u")}))
    network = Network(program, {}, Random(0))
    with mpmath.workdps(30):
        value = network.tensor("u", ())
        assert value > 0 and entry(Apply("exp", Apply("log", u)), network, {}) - value < mpmath.mpf(10) ** -25
        for nothing in (power(sub(u, u), -1), Step(sub(u, u)), Apply("log", neg(u)), Pow(neg(u), Fraction(1, 2)), Apply("unknown", u)):
            with pytest.raises(NoValue):
                entry(nothing, network, {})
    assert differ(Claim(program, u, mul(num(1 + Fraction(1, 10**12)), u))) is True
    assert differ(Claim(program, power(add(u, num(1)), 2), add(power(u, 2), mul(num(2), u), num(1)))) is False
    assert differ(Claim(program, Apply("log", neg(u)), u)) is None
    hot = Program((Definition("t", (campaign.Index("k", "out"),)),), frozenset({OneHot("t")}))
    assert differ(Claim(hot, power(x, 2), x)) is False


def test_independent_evaluation_keeps_to_fixed_sizes() -> None:
    """What holds at the program's own width alone, 2/#n = 1 at two, does not differ; at a free width it does."""
    row = (Definition("t", (campaign.Index("k", "n"),)),)
    left, right = mul(num(2), power(Size("n"), -1)), num(1)
    assert differ(Claim(Program(row, sizes=(("n", 2),)), left, right)) is False
    assert differ(Claim(Program(row, sizes=(("n", 3),)), left, right)) is True
    assert differ(Claim(Program(row), left, right)) is True
