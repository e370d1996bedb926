"""Known mistakes: one file each, named as everywhere, made and undone; what the check makes of them in proofs and in real errors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import verify.mistakes
from tests.explaining.hand_written import Error, errors
from tests.explaining.mutants import FINE, Tally, campaign
from verify.checking import check
from verify.language import holes
from verify.meaning.repairs import TextEdit, applied
from verify.mistakes import all_mistakes
from verify.report import Relation

MATHEMATICS = {
    *("sign", "constant-factor", "dropped-factor", "extra-factor", "wrong-layer", "wrong-symbol", "missing-sum", "extra-sum"),
    *("swapped-indices", "activation-derivative", "wrong-argument", "batch-mean", "left-side", "missing-step", "wrong-case"),
}
NOTATION = {"index-slip", "missing-transpose", "lost-prime", "extra-derivative", "glyph", "product-for-equals", "sum-scope"}


def test_one_file_is_one_mistake() -> None:
    """The vocabulary of the labels, each name in a file of that name, with a sentence that says only what was and what becomes."""
    assert {m.name for m in all_mistakes() if m.kind == "mathematics"} == MATHEMATICS
    assert {m.name for m in all_mistakes() if m.kind == "notation"} == NOTATION
    files = {p.stem.replace("_", "-") for p in Path(verify.mistakes.__path__[0]).glob("[a-z]*.py")}
    assert files == MATHEMATICS | NOTATION
    assert all(set(holes(m.says)) <= {"was", "becomes"} for m in all_mistakes())
    assert all(m.example[0] != m.example[1] and all("=" in line for line in m.example) for m in all_mistakes())


def last(document: str) -> Relation:
    """The last equation or update of a document."""
    return [r for r in check(document, fast=True).relations if r.relation in ("=", "\\leftarrow")][-1]


def mended(error: Error, relation: Relation) -> bool:
    """Whether the document of an error is right all through once the proposed edits are made."""
    document = error.document(error.wrong)
    text = applied(document, 0, len(document), [TextEdit(e.start, e.end, e.text) for e in relation.edits])
    return bool(relation.edits) and text is not None and all(r.verdict in FINE for r in check(text, fast=True).relations)


def test_errors_written_by_hand_are_found_named_and_mended() -> None:
    """At least 60 errors after real ones: the right lines are right; 98 % are refuted, 95 % named rightly, and what is named is mended."""
    found = [(e, last(e.document(e.wrong))) for e in errors()]
    named = [(e, r) for e, r in found if r.mistake == e.mistake]
    assert len(found) >= 60
    assert [e.title for e, _ in found if last(e.document(e.right)).verdict not in FINE] == []
    assert sum(r.verdict == "refuted" for _, r in found) >= 0.98 * len(found)
    assert len(named) >= 0.95 * len(found)
    assert [e.title for e, r in named if not mended(e, r)] == []


@pytest.mark.parametrize(
    "wrong, right",
    [
        (r"\sum_i (z_i - y_i)² x_i", r"\sum_i (z_i - y_i) x_i"),
        (r"\sum_i (z_i - y_i) x^2_i", r"\sum_i (z_i - y_i) x_i"),
        (r"\sum_i (z_i - y_i)^{ 2 } x_i", r"\sum_i (z_i - y_i) x_i"),
        (r"\sum_i (z_i - y_i) x_i³", r"\sum_i (z_i - y_i) x_i"),
    ],
)
def test_exponents_are_taken_away_however_they_are_written(wrong: str, right: str) -> None:
    """An exponent too many goes, be it a raised digit, behind braces or in front of a tag; what stands around it stays."""
    forward = r"$$ z_i = w x_i + b, \quad L = \frac12 \sum_i (z_i - y_i)^2 $$"
    found = last(f"{forward}\n\n$$ \\frac{{\\partial L}}{{\\partial w}} = {wrong} $$\n")
    assert (found.verdict, found.mistake) == ("refuted", "constant-factor")
    assert found.repair == rf"\frac{{\partial L}}{{\partial w}} = {right}"


@pytest.mark.parametrize("entry", ["logistic_regression"])
def test_mutants_of_the_catalogue_are_found_named_and_mended(entry: str) -> None:
    """A few mistakes in the proofs of an entry; ``make mutations`` makes thousands.

    Each line that has one is found and none before it is blamed. Of 95 mutants of this entry, from four seeds, 73 were named as they were
    made; the others have a name too that makes the line right, so that a sample of 24 must reach two in three.
    """
    tally = Tally(list(campaign(seed=3, most=60, each=8, only=[entry])))
    assert len(tally.wrong) >= 20
    for what, least in (("found", 0.95), ("named", 0.66), ("repaired", 0.95)):
        n, of = tally.share(what)
        assert n >= least * of, (what, n, of, [(o.mutant.mistake, o.verdict, o.named) for o in tally.wrong])
    assert tally.share("alarms")[0] == 0


def test_figures_in_the_documentation_name_their_sample() -> None:
    """docs/explanation/mistakes.md says how many mutants and how many errors by hand its figures rest on."""
    text = (Path(__file__).parents[2] / "docs" / "explanation" / "mistakes.md").read_text(encoding="utf-8")
    assert re.search(r"\d[\d,]* mutants", text) and f"{len(list(errors()))} errors" in text
