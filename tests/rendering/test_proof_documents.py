"""Proofs as documents: Markdown that reads back, LaTeX without warnings, pages without scripts, PDF by Typst or TeX."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from derivations import catalogue, names
from verify.checking import check
from verify.cli import main
from verify.kernel import decision
from verify.language import translator
from verify.proving.entries import prove, results_of
from verify.rendering.proof import proof_latex, proof_markdown
from verify.rendering.proof_html import proof_html
from verify.rendering.proof_parts import Part, parts
from verify.rendering.typst import NoTypst, proof_typst, typst_math
from verify.typesetting import NoTypesetter, pdf

ROOT = Path(__file__).parents[2]
TEN = (
    "relu_sigmoid_softmax_mlp", "softmax_jacobian", "logistic_regression", "softmax_regression", "mlp_tanh_mse", "batch_norm",
    "layer_norm", "gelu", "huber_loss", "log_softmax",
)  # fmt: skip


def of_entry(name: str, derived: bool = False, lang: str = "en") -> list[Part]:
    """The parts of an entry's proof: of its own steps, or derived from its forward pass."""
    entry = catalogue()[name]
    return parts(prove(entry, results_of(entry)[1] if derived else ()), "index", translator(lang))


@pytest.mark.parametrize("name", names())
def test_the_markdown_reads_back(name: str) -> None:
    """Checked like anybody's answer, each line of a proof is given or proved (tested where the entry's is); every other one in Vietnamese.
    """
    entry = catalogue()[name]
    derived = names().index(name) % 2 == 1
    proof = prove(entry, results_of(entry)[1] if derived else ())
    report = check(proof_markdown(parts(proof, "index", translator("vi" if len(name) % 2 else "en"))), fast=True)
    wrong = [(r.place.line, r.verdict, r.message) for r in report.relations if r.verdict not in ("given", "proved", "tested")]
    assert wrong == []
    assert sum(r.verdict == "tested" for r in report.relations) <= sum(isinstance(line.decision, decision.Tested) for line in proof.lines)
    assert len(report.relations) >= len(proof.definitions) + len(proof.lines)


@pytest.mark.parametrize("engine", ["pdflatex", "xelatex"])
@pytest.mark.parametrize("name", TEN)
def test_latex_compiles_without_a_warning(name: str, engine: str, tmp_path: Path) -> None:
    """Neither an error nor a warning, nor a box that is too full; Vietnamese and English by turns."""
    if shutil.which(engine) is None or (engine == "xelatex" and TEN.index(name) > 2):
        pytest.skip(f"no {engine} here, or enough of it")
    lang = "vi" if TEN.index(name) % 2 == (engine == "xelatex") else "en"
    (tmp_path / "proof.tex").write_text(proof_latex(of_entry(name, True, lang), lang), encoding="utf-8")
    command = [engine, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "proof.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    log = (tmp_path / "proof.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert re.findall(r"(?i).*(?:warning|overfull|missing character).*", log) == []


def test_typst_makes_a_pdf() -> None:
    """With the extra, every one of the ten is a PDF."""
    pytest.importorskip("typst")
    for name in TEN[:3]:
        assert pdf(proof_typst(of_entry(name, True, "vi"), "vi"), "").startswith(b"%PDF")


@pytest.mark.parametrize("name", TEN)
def test_typst_understands_every_formula(name: str) -> None:
    """Each formula of a proof has a Typst form, in which parentheses balance."""
    text = proof_typst(of_entry(name, True))
    assert text.count("frac(") > 0 and text.count("(") == text.count(")")


def test_typst_refuses_what_it_does_not_know() -> None:
    """A command that no notation of ours writes is an error, not a guess; text cannot leave its string."""
    for latex in (r"\input{/etc/passwd}", r"\write18", r"\left( a", "{a", "a}"):
        with pytest.raises(NoTypst):
            typst_math(latex)
    assert typst_math(r"\text{a\"b}_{i}") == 'op("a\\\\\\"b")_(i)'


def test_the_page_is_safe_and_complete() -> None:
    """No script, nothing from elsewhere, the policy of the report, every formula in MathML with its source as alternative text."""
    page = proof_html(of_entry("logistic_regression", False, "vi"), "vi")
    assert '<html lang="vi">' in page and "default-src &#39;none&#39;" in page and "<script" not in page and 'src="http' not in page
    assert page.count("<math") > 30 and "alttext" in page and "$" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


@pytest.mark.skipif(shutil.which("xelatex") is None and shutil.which("pdflatex") is None, reason="no TeX here")
def test_tex_runs_no_command_and_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Typst a TeX is used: it neither runs a shell command nor reads a file outside its folder, and a document that
    it cannot set is an error with TeX's own reason."""
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    secret = tmp_path / "secret.tex"
    secret.write_text("secret", encoding="utf-8")
    head = "\\documentclass{article}\\begin{document}a"
    mark = tmp_path / "ran"
    assert pdf("", f"{head}\\immediate\\write18{{touch {mark}}}\\end{{document}}").startswith(b"%PDF")
    assert not mark.exists()
    with pytest.raises(NoTypesetter, match="!"):
        pdf("", f"{head}\\input{{{secret}}}\\end{{document}}")


def test_without_a_typesetter_there_is_a_clear_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither Typst nor TeX: what to install, and what needs neither."""
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(NoTypesetter, match=r"backproof\[pdf\].*--to html"):
        pdf("", "")


def test_the_command_for_networks_of_documents(tmp_path: Path) -> None:
    """``prove FILE``: an assignment's asked quantities, a document's parameters, one quantity by name; clear errors for the rest."""
    run = CliRunner().invoke
    assignment = str(ROOT / "docs" / "examples" / "assignment.md")
    shown = run(main, ["prove", assignment])
    assert shown.exit_code == 0 and shown.stdout.count("\\leftarrow") == 6
    assert check(shown.stdout, fast=True).summary.keys() == {"given", "proved"}
    brief = run(main, ["prove", assignment, "--wrt", "w_h1", "--detail", "brief"])
    assert brief.stdout.count("\\leftarrow") == 1 and len(brief.stdout) < len(shown.stdout) / 2
    assert check(brief.stdout, fast=True).summary.keys() == {"given", "proved"}
    for target, begins in (("html", "<!doctype html>"), ("tex", "\\documentclass")):
        assert run(main, ["prove", assignment, "--to", target, "--wrt", "b_z"]).stdout.startswith(begins)
    nothing = tmp_path / "nothing.md"
    nothing.write_text("$$z = x w$$\n", encoding="utf-8")
    for arguments, said in (
        ([assignment, "--wrt", "q"], "depends on no q"),
        ([str(nothing)], "no loss"),
        ([str(tmp_path / "none.md")], "no such file"),
        (["no_such_entry"], "backproof list"),
        ([assignment, "--to", "pdf"], "-o OUT.pdf"),
    ):
        failed = run(main, ["prove", *arguments])
        assert failed.exit_code == 2 and failed.stdout == "" and said in failed.stderr.lower() + failed.stderr, failed.stderr
