"""What the documentation shows is what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from verify.cli import main
from verify.expectations import comments
from verify.grading.assignment import parse_assignment

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_shows_real_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stretch of the README's example, between lines of three dots, stands in the command's output word for word, in that order."""
    shown = re.search(r"```console\n\$ backproof (.*?)\n(.*?)```", TEXT, re.DOTALL)
    assert shown is not None
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(main, shown[1].split())
    assert result.exit_code == 1
    at = 0
    for stretch in shown[2].split("\n[...]\n"):
        found = result.stdout.find(stretch.strip("\n"), at)
        assert found >= 0, f"not in the output:\n{stretch}"
        at = found + len(stretch.strip("\n"))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page leads to a file; the build of the documentation checks those to pages that are made then."""
    prose = re.sub(r"\$\$.*?\$\$|\$.*?\$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", prose):
        made = re.search(r"(^|/)(catalogue/\w+|reference/(mistakes|schema))\.md$", target)
        assert made or (page.parent / target).exists(), target


def test_the_tutorial_is_true() -> None:
    """The tutorial's answer gets the verdicts that the tutorial tells of."""
    page = (ROOT / "docs" / "tutorial" / "check.md").read_text(encoding="utf-8")
    answer = "\n".join(line[4:] for line in page.split("Then\n")[0].split("\n") if line.startswith("    ") or not line)
    result = CliRunner().invoke(main, ["check", "-", "-v"], input=answer)
    assert result.exit_code == 1
    verdicts = re.findall(r"^standard input:\d+:\d+  . (\w+)", result.stdout, re.MULTILINE)
    assert verdicts == ["given", "given", "proved", "refuted"] and "sign" in result.stdout


def test_the_examples_of_the_reference_are_understood() -> None:
    """The assignment and the expectations that the reference shows are read."""
    reference = ROOT / "docs" / "reference"
    shown = [line[4:] for line in (reference / "assignments.md").read_text(encoding="utf-8").split("\n") if line.startswith("    ")]
    assert parse_assignment("\n".join(shown)).ask[0].quantity == r"\frac{\partial L}{\partial w_o}"
    found = comments((reference / "derivation-files.md").read_text(encoding="utf-8"))
    assert [str(e) for c in found for e in c.expected] == ["given", "refuted [swapped-indices]"]
