"""Proofs of the catalogue: every step is decided in the form in which it is shown, and what is printed is a document."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from derivations import catalogue, names
from verify.advice import ADVICE
from verify.cli import main
from verify.kernel import decision
from verify.kernel.expr import Add, Apply, Expr, Index, Mul, Pow, Step, Sum, Tensor, neg, num
from verify.kernel.program import Definition, Program
from verify.notations.page import tensor_name
from verify.proving.entries import prove
from verify.proving.order import readable
from verify.proving.proof import NotProved
from verify.rendering.proof import SIGNS, latex_words, proof_latex, proof_markdown
from verify.rendering.proof_parts import parts
from verify.sympy_bridge import program

i = Index("i", "unit")
u, v = Tensor("u", (i,)), Tensor("v", (i,))
PROGRAM = Program((Definition("u", (i,)), Definition("v", (i,))))
ONE = num(1)


@pytest.mark.parametrize("name", names())
def test_every_entry_has_a_proof(name: str) -> None:
    """Each entry's steps and results are proved for all widths, in the form in which they are shown, and each is in both documents."""
    entry = catalogue()[name]
    proof = prove(entry)
    lines = [line for chain in proof.chains for line in chain]
    assert len(lines) == len(entry.steps) and len(proof.results) == len(entry.gradients)
    kernel = decision.Kernel(program(entry), ADVICE)
    assert all(isinstance(line.decision, decision.Tested) or kernel.prove(line.left, line.right, line.conditions) for line in proof.lines)
    for text in (proof_markdown(parts(proof)), proof_latex(parts(proof))):
        assert text.count("&=") == len(lines) + sum(isinstance(line.decision, decision.Tested) for line in proof.results)
        assert f"Each of the {len(proof.lines)} lines" in text


def test_a_false_step_is_not_shown() -> None:
    """An entry with a wrong step or a wrong gradient has no proof."""
    entry = catalogue()["sigmoid"]
    first = entry.steps[0]
    with pytest.raises(NotProved):
        prove(replace(entry, steps=(*entry.steps, replace(first, right=2 * first.right))))
    with pytest.raises(NotProved):
        prove(replace(entry, gradients={derivative: -right for derivative, right in entry.gradients.items()}))


def test_steps_of_one_chain_stand_together() -> None:
    """A step that begins where the one before ended continues its chain; one under another case begins a new one."""
    chains = prove(catalogue()["softmax_jacobian"]).chains
    assert all(one.right == other.left for chain in chains for one, other in pairwise(chain))
    assert {len(chain) for chain in chains if chain[0].conditions} == {2, 3}


atoms = st.sampled_from([u, v, ONE, num(-2), num(Fraction(1, 2)), neg(u)])
exprs = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: Add(tuple(terms))),
        st.lists(inner, min_size=2, max_size=3).map(lambda factors: Mul(tuple(factors))),
        inner.map(lambda e: Pow(e, Fraction(2))),
        inner.map(lambda e: Apply("exp", e)),
        inner.map(lambda e: Sum(i, e)),
    ),
    max_leaves=6,
)


@given(exprs)
def test_order_changes_no_value(expr: Expr) -> None:
    """An expression in readable order equals itself, by the kernel's own proof."""
    assert decision.Kernel(PROGRAM, ADVICE).prove(expr, readable(expr)) is not None


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        (Add((neg(u), v)), Add((v, neg(u)))),
        (Add((neg(u), ONE)), Add((ONE, neg(u)))),
        (Add((u, ONE)), Add((ONE, u))),
        (Mul((Sum(i, u), Add((u, v)), v)), Mul((v, Add((u, v)), Sum(i, u)))),
        (Add((ONE, neg(Step(neg(u))))), Step(u)),
        (Add((ONE, neg(Step(u)))), Add((ONE, neg(Step(u))))),
    ],
)
def test_readable_order(given_: Expr, wanted: Expr) -> None:
    """Constants and what is added come first, sums last; a turned step is the plain one."""
    assert readable(given_) == wanted


def test_names_in_latex() -> None:
    """What stands behind an underscore is a subscript, the names of Greek letters are the letters."""
    assert [tensor_name(n) for n in ("w_h1", "x", "delta_o", "eta", "w_{h2}")] == ["w_{h1}", "x", r"\delta_{o}", r"\eta", "w_{h2}"]


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("\\{}$&#%_^~σ−")))
def test_words_are_no_commands(text: str) -> None:
    """Prose in LaTeX acts by nothing but the signs that stand for its letters, and has no letter that LaTeX may lack."""
    written = latex_words(text)
    assert all(ord(c) < 0x100 for c in written)
    for sign in sorted(SIGNS.values(), key=len, reverse=True):
        if "\\" in sign or "$" in sign:
            written = written.replace(sign, "")
    written = re.sub(r"\\texttt\{U\+[0-9A-F]+\}|\$\\[a-z]+\$", "", written)
    assert not set(written) & set("\\{}$&#%_^~")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")
@pytest.mark.parametrize("name", names())
def test_the_latex_document_compiles(name: str, tmp_path: Path) -> None:
    """LaTeX makes a PDF of every entry's proof."""
    (tmp_path / "proof.tex").write_text(proof_latex(parts(prove(catalogue()[name]))), encoding="utf-8")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "proof.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize("name", names())
def test_the_latex_document_is_well_formed(name: str) -> None:
    """Braces, environments and pairs of left and right balance, and it needs only packages that every installation has."""
    text = proof_latex(parts(prove(catalogue()[name])))
    assert text.replace(r"\{", "").count("{") == text.replace(r"\}", "").count("}")
    assert text.count(r"\left(") == text.count(r"\right)")
    opened = re.findall(r"\\begin\{([a-z*]+)\}", text)
    assert sorted(opened) == sorted(re.findall(r"\\end\{([a-z*]+)\}", text))
    usual = {"inputenc", "fontenc", "lmodern", "fontspec", "amsmath", "graphicx", "geometry"}
    assert set(re.findall(r"\\usepackage(?:\[.*?\])?\{(.*?)\}", text)) == usual


def test_the_command(tmp_path: Path) -> None:
    """``prove`` prints or writes the proof; an unknown name, or a place that cannot be written, is one line and status 2."""
    run = CliRunner().invoke
    shown = run(main, ["prove", "sigmoid"])
    assert shown.exit_code == 0 and shown.stdout.startswith("# The sigmoid's derivative")
    assert run(main, ["prove", "sigmoid", "--to", "tex", "-o", str(tmp_path / "s.tex")]).exit_code == 0
    assert (tmp_path / "s.tex").read_text(encoding="utf-8").startswith("\\documentclass")
    for arguments in (["no_such_entry"], ["../verify/cli"], ["sigmoid", "-o", str(tmp_path)]):
        failed = run(main, ["prove", *arguments])
        assert failed.exit_code == 2 and failed.stdout == "" and failed.stderr.count("\n") == 1


def test_only_the_loss_is_descended() -> None:
    """The penalty alone has a gradient by the weights as well, and no update: only the quantity defined last is lowered."""
    text = proof_markdown(parts(prove(catalogue()["ridge_regression"])))
    assert text.count(r"\leftarrow") == 1
