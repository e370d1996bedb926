"""Stored evidence is decided again: what the program wrote is confirmed, what was forged, altered, cut or exchanged is rejected."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from kernel.programs import GRADIENTS, classifier

from verify.checking import check
from verify.cli import main
from verify.evidence import Malformed, Rejected, claim_from_data, claim_to_data, digest, evidence, expr_from_data, expr_to_data, replayed
from verify.kernel.decision import Kernel, Proved, Refuted
from verify.kernel.decision import Tested as AgreesModuloPrimes
from verify.kernel.expr import Derivative, Expr, Index, Pi, Prod, Size, Tensor, add, delta, mul, neg, num, relu
from verify.kernel.program import Claim, Definition, Equal, OneHot, Positive, Program, Unequal
from verify.rechecking import Recheck, rechecked
from verify.rendering.json_report import as_object, json_line, schema
from verify.workspace import Workspace

ANSWER = r"""
$$ z_k = \sum_j w_{jk} x_j + b_k $$
$$ o_k = \frac{e^{z_k}}{\sum_m e^{z_m}} $$
$$ L = -\sum_k y_k \log o_k $$
$$ \frac{\partial L}{\partial z_k} = o_k - y_k $$
$$ \frac{\partial L}{\partial w_{jk}} = x_j (o_k - y_k) $$
$$ \frac{\partial L}{\partial b_k} = y_k - o_k $$
$$ \frac{\partial o_i}{\partial z_k} = -o_i o_k, \quad i \ne k $$
$$ \frac{\partial L}{\partial x_j} = \sum_k w_{jk} (y_k - o_k) $$
"""
REPORT: dict[str, Any] = json.loads(json_line(check(ANSWER, evidence=True)))
ERROR, WEIGHT, BIAS, CASE, INPUT = 3, 4, 5, 6, 8
Change = Callable[[dict[str, Any]], object]


def outcome(number: int, *changes: Change, resealed: bool = True) -> Recheck:
    """The outcome for one relation of the report after some changes; the digest is made anew, as a forger would."""
    report = deepcopy(REPORT)
    relation = report["relations"][number]
    for change in changes:
        change(relation)
    report["summary"] = Counter(r["verdict"] for r in report["relations"])
    if resealed:
        found = {key: value for key, value in relation["evidence"].items() if key != "digest"}
        relation["evidence"] = {**found, "digest": digest(relation, found)}
    return list(rechecked(report))[number]


def replaced(data: Any, old: Any, new: Any) -> Any:
    """The data with one part written for another, everywhere; lists are changed in place."""
    if data == old:
        return new
    if isinstance(data, list):
        data[:] = [replaced(part, old, new) for part in data]
    if isinstance(data, dict):
        data.update({key: replaced(value, old, new) for key, value in data.items()})
    return data


def shown(relation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = relation["evidence"]["shown"]
    return found


def claimed(relation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = relation["evidence"]["claim"]
    return found


def test_what_was_written_is_confirmed() -> None:
    """The report's own evidence is confirmed, each verdict that rests on some; the rest has nothing to decide again."""
    verdicts = [relation["verdict"] for relation in REPORT["relations"]]
    assert verdicts == [*["given"] * 3, "proved", "proved", "refuted", "proved", "given", "refuted"]
    assert [r.confirmed for r in rechecked(REPORT)] == [*[None] * 3, *[True] * 4, None, True]
    assert all(outcome(n).confirmed for n in (ERROR, WEIGHT, BIAS, CASE, INPUT))


def test_default_json_stays_as_it_is() -> None:
    """Evidence is in the JSON only where it was asked for, and the schema allows both."""
    without = as_object(check(ANSWER))
    assert [{k: v for k, v in r.items() if k != "evidence"} for r in REPORT["relations"]] == without["relations"]
    assert "evidence" not in json.dumps(without)
    Draft202012Validator(schema()).validate(without)
    Draft202012Validator(schema()).validate(REPORT)


def test_fresh_processes_agree(tmp_path: Path) -> None:
    """Other processes, with other hashes of strings, confirm the report; one with an altered line says which, and exits with 1."""
    good, bad, none = (tmp_path / f"{name}.json" for name in ("good", "bad", "none"))
    good.write_text(json.dumps(REPORT), encoding="utf-8")
    forged = deepcopy(REPORT)
    forged["relations"][BIAS]["verdict"] = "proved"
    forged["summary"] = {"given": 4, "proved": 4, "refuted": 1}
    bad.write_text(json.dumps(forged), encoding="utf-8")
    none.write_text(json.dumps(REPORT)[:-100], encoding="utf-8")
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "verify.cli", "recheck", str(good)]
        root = Path(__file__).parents[2]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=root, env={**os.environ, "PYTHONHASHSEED": seed}
        )
        assert (done.returncode, done.stdout.split(": ")[-1].strip()) == (0, "5 confirmed, 0 rejected, 4 without evidence")
    result = CliRunner().invoke(main, ["recheck", str(bad)])
    assert result.exit_code == 1 and "r6, line 7, proved" in result.stdout
    assert CliRunner().invoke(main, ["recheck", str(none)]).exit_code == 2
    assert CliRunner().invoke(main, ["check", "--evidence", "-"], input=ANSWER).exit_code == 2


WITNESS = REPORT["relations"][BIAS]["evidence"]["shown"]
FORGED: dict[str, tuple[int, Change]] = {
    "a coefficient of the claim": (ERROR, lambda r: replaced(claimed(r)["right"], ["num", "-1"], ["num", "-2"])),
    "an axis of a definition": (WEIGHT, lambda r: claimed(r)["definitions"][0].__setitem__(1, [["j", "elsewhere"]])),
    "an axis of the claim": (WEIGHT, lambda r: replaced(r["evidence"], claimed(r)["definitions"][0][1][0][1], "elsewhere")),
    "a definition": (ERROR, lambda r: replaced(claimed(r)["definitions"], ["num", "-1"], ["num", "1"])),
    "a false right side under a copied certificate": (ERROR, lambda r: claimed(r).update(right=["num", "0"])),
    "another true claim": (ERROR, lambda r: r.update(evidence=deepcopy(REPORT["relations"][WEIGHT]["evidence"]))),
    "a claim that is true of anything": (ERROR, lambda r: claimed(r).update(left=["num", "0"], right=["num", "0"])),
    "the condition left out": (CASE, lambda r: claimed(r).update(conditions=[])),
    "the condition turned round": (CASE, lambda r: claimed(r)["conditions"][0].__setitem__(0, "=")),
    "a condition that never holds": (ERROR, lambda r: claimed(r).update(conditions=[["≠", 0, 0]])),
    "an assumption left out": (ERROR, lambda r: claimed(r).update(assumptions=[])),
    "an assumption more": (ERROR, lambda r: claimed(r)["assumptions"].append(["positive", "x"])),
    "an assumption not stated": (ERROR, lambda r: r.update(assumptions=[])),
    "the normal form": (ERROR, lambda r: shown(r).update(normal_form="[]")),
    "the level": (ERROR, lambda r: shown(r).update(level=(shown(r)["level"] + 1) % 3)),
    "the level as a truth value": (ERROR, lambda r: shown(r).update(level=bool(shown(r)["level"]))),
    "the scope": (ERROR, lambda r: (r.update(scope="stated widths"), shown(r).update(scope="stated widths"))),
    "no certificate": (ERROR, lambda r: r["evidence"].pop("shown")),
    "another kind": (ERROR, lambda r: shown(r).update(kind="believed")),
    "a refutation said to be a proof": (BIAS, lambda r: r.update(verdict="proved")),
    "a proof said to be a refutation": (ERROR, lambda r: r.update(verdict="refuted")),
    "a value of the witness": (BIAS, lambda r: replaced(shown(r)["values"], shown(r)["values"][0][1], "7")),
    "a value of the witness, here and there": (BIAS, lambda r: replaced(r, shown(r)["values"][0][1], ["7"])),
    "a side of the witness": (BIAS, lambda r: (shown(r).update(left="1"), r["witness"].update(left="1"))),
    "a width of the witness": (BIAS, lambda r: shown(r)["sizes"][0].__setitem__(1, 4)),
    "a leaf of the witness left out": (BIAS, lambda r: shown(r)["values"].pop()),
    "a target that does not sum to 1": (BIAS, lambda r: [pair.__setitem__(1, ["9"] * 9) for pair in shown(r)["values"] if pair[0] == "y"]),
    "the witness that the report shows": (BIAS, lambda r: r["witness"].update(right="0")),
    "a witness for a true claim": (ERROR, lambda r: (r.update(verdict="refuted"), r["evidence"].update(shown=WITNESS))),
    "another line": (ERROR, lambda r: r.update(read_as="L = 0")),
    "a float": (ERROR, lambda r: replaced(claimed(r), ["num", "-1"], ["num", -1.0])),
    "a rational in other words": (ERROR, lambda r: replaced(claimed(r), ["num", "-1"], ["num", "-2/2"])),
    "a record more": (ERROR, lambda r: r["evidence"].update(trust="me")),
    "a list for a record": (ERROR, lambda r: r["evidence"].update(claim=[])),
}  # fmt: skip


@pytest.mark.parametrize("way", FORGED)
def test_forged_evidence_is_rejected(way: str) -> None:
    """Each forgery is rejected even where the digest is made anew."""
    number, change = FORGED[way]
    before = deepcopy(REPORT["relations"][number])
    after = deepcopy(before)
    change(after)
    assert json.dumps(after) != json.dumps(before), "the forgery changes nothing"
    found = outcome(number, change)
    assert found.confirmed is False and found.reason


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything inside of data."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place for key, part in inner for place in ((*path, key), *places(part, (*path, key)))]


PLACES = {n: [("evidence", *p) for p in places(REPORT["relations"][n]["evidence"])] for n in (ERROR, BIAS, CASE)}


@given(st.data())
def test_any_alteration_is_rejected(data: st.DataObject) -> None:
    """Evidence in which anything is cut out, doubled or replaced is rejected; nothing that is read raises."""
    number = data.draw(st.sampled_from(sorted(PLACES)))
    path = data.draw(st.sampled_from(PLACES[number]))
    how = data.draw(st.sampled_from(["cut", "double", "null", "text", "number", "list", "deep"]))

    def change(relation: dict[str, Any]) -> None:
        holder: Any = relation
        for key in path[:-1]:
            holder = holder[key]
        if how == "cut":
            del holder[path[-1]]
        elif how == "double" and isinstance(holder, list):
            holder.insert(path[-1], deepcopy(holder[path[-1]]))
        elif how == "deep":
            holder[path[-1]] = deep
        else:
            holder[path[-1]] = {"null": None, "text": "½", "number": 17, "list": [], "double": {}}[how]

    deep: Any = ["num", "1"]
    for _ in range(300):
        deep = ["step", deep]
    altered = deepcopy(REPORT["relations"][number])
    change(altered)
    if altered != REPORT["relations"][number]:
        assert outcome(number, change, resealed=False).confirmed is False


def test_relations_exchanged_doubled_or_cut() -> None:
    """Two relations' evidence exchanged, with or without new digests; a relation doubled, its evidence cut off, a summary that is wrong."""
    one, other = (deepcopy(REPORT["relations"][n]["evidence"]) for n in (ERROR, WEIGHT))
    for resealed in (False, True):
        assert outcome(ERROR, lambda r: r.update(evidence=other), resealed=resealed).confirmed is False
        assert outcome(WEIGHT, lambda r: r.update(evidence=one), resealed=resealed).confirmed is False
    assert outcome(ERROR, lambda r: r.update(evidence=None), resealed=False).confirmed is False
    assert outcome(BIAS, lambda r: r.update(evidence=None), resealed=False).confirmed is False
    assert outcome(ERROR, lambda r: r.update(evidence="yes"), resealed=False).confirmed is False
    doubled = deepcopy(REPORT)
    doubled["relations"].append(deepcopy(doubled["relations"][ERROR]))
    with pytest.raises(Malformed):
        list(rechecked(doubled))
    doubled["summary"]["proved"] += 1
    assert [r.confirmed for r in rechecked(doubled)][-1] is False
    for nothing in (None, [], {}, {"relations": 1}, {"relations": [1], "network": {}}):
        with pytest.raises(Malformed):
            list(rechecked(nothing))


def test_network_of_the_report() -> None:
    """Evidence under other definitions than the report's network is rejected."""
    report = deepcopy(REPORT)
    report["network"]["o"]["defined_as"] = "z_k"
    assert [r.confirmed for r in rechecked(report)][ERROR] is False


def test_every_kind_of_node_and_claim_reads_back() -> None:
    """A claim with every kind of node, condition, assumption and a fixed size reads back as itself."""
    i, k = Index("i", "n"), Index("k", "n")
    x, t = Tensor("x", (i,)), Tensor("t", (k,))
    program = Program(
        (Definition("x", (i,)), Definition("t", (k,)), Definition("u"), Definition("r", (i,), relu(x))),
        frozenset({OneHot("t", 0), Positive("u")}),
        (("n", 3),),
    )
    everything = add(Pi(), Size("n"), delta(i, k), neg(t), Prod(i, x), Derivative(Tensor("r", (i,)), Tensor("x", (k,))), Tensor("x", (2,)))
    claim = Claim(program, everything, mul(num(Fraction(-3, 2)), x), (Unequal(i, k), Equal(k, 1)))
    assert claim_from_data(json.loads(json.dumps(claim_to_data(claim)))) == claim
    for left, right in GRADIENTS.values():
        assert expr_from_data(expr_to_data(left)) == left and expr_from_data(expr_to_data(right)) == right
    with pytest.raises(Malformed):
        expr_from_data(["derivative", ["num", "1"], ["num", "1"]])
    with pytest.raises(TypeError):
        expr_to_data(Expr())


def test_test_is_made_again() -> None:
    """A test is replayed with primes drawn anew at its own sizes; a false claim, other sizes, a missing assumption are rejected."""
    program = classifier()
    left, right = GRADIENTS["z"]
    sizes = {"in": 3, "h1": 5, "h2": 4, "out": 3}
    decision = Kernel(program).test(left, right, (), sizes)
    assert isinstance(decision, AgreesModuloPrimes)
    stored = evidence(Claim(program, left, right), decision)
    assert stored is not None
    assert isinstance(replayed(stored)[1], AgreesModuloPrimes)
    for change in (
        lambda d: d["claim"].update(right=expr_to_data(neg(right))),
        lambda d: d["shown"]["sizes"].append(["out", 3]),
        lambda d: d["shown"].update(sizes=[["out", 3]]),
        lambda d: d["claim"].update(assumptions=[]),
        lambda d: d["claim"]["definitions"].pop(),
    ):
        altered = deepcopy(stored)
        change(altered)
        with pytest.raises(Rejected):
            replayed(altered)


@pytest.mark.parametrize("name", GRADIENTS)
def test_kernel_decisions_replay(name: str) -> None:
    """Proofs and refutations of a network's gradients, with shrunk witnesses, are made again by a new kernel."""
    left, right = GRADIENTS[name]
    workspace = Workspace(classifier())
    proof, refutation = workspace.decide(left, right), workspace.decide(left, neg(right))
    assert isinstance(proof, Proved) and isinstance(refutation, Refuted)
    for claim, decision, witness in (
        (Claim(workspace.program, left, right), proof, None),
        (Claim(workspace.program, left, neg(right)), refutation, None),
        (Claim(workspace.program, left, neg(right)), refutation, workspace.shrink(refutation)),
    ):
        stored = evidence(claim, decision, witness)
        assert stored is not None
        again, found = replayed(json.loads(json.dumps(stored)))
        assert type(found) is type(decision)
        assert replace(again, program=claim.program) == claim
