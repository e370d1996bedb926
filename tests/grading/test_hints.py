"""Hints: what a report keeps at each level, and that nothing of the solution is left in any form of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from verify.cli import main
from verify.grading.hints import KINDS
from verify.mistakes import all_mistakes
from verify.rendering.html import MEANINGS

ROOT = Path(__file__).parents[2]
ASSIGNMENT = (ROOT / "docs/examples/assignment.md").read_text(encoding="utf-8")
ANSWER = r"""The prediction is $o$.

$$\frac{\partial L}{\partial z_k} = o_k - y_k$$
$$\frac{\partial L}{\partial w_o} = (o - y) \, a_{h2} \, (1 - o)$$
$$\frac{\partial L}{\partial b_z} = 2 (0 - y)$$
$$\frac{\partial L}{\partial b_q} = 5$$
"""
SOLUTIONS = ("(1 - o) does", "does not belong", "too many", "misread", "widths:", "extra-factor", "constant")
"""What is said of the wrong lines 4 and 5 beyond that they are wrong."""


def outputs(folder: Path, hints: str) -> tuple[dict, str, str, int]:
    """What a check prints and writes under an assignment with these hints: JSON, text, the page without its legend; and its status."""
    assignment, answer, page = folder / "assignment.md", folder / "answer.md", folder / "answer.html"
    assignment.write_text(ASSIGNMENT.replace("[[assume]]", f"[marks]\nhints = '{hints}'\n\n[[assume]]"), encoding="utf-8")
    answer.write_text(ANSWER, encoding="utf-8")
    options = ["check", str(answer), "--assignment", str(assignment)]
    found = CliRunner().invoke(main, [*options, "--json", "--evidence", "--html", str(page)], catch_exceptions=False)
    text = CliRunner().invoke(main, [*options, "--explain-reading"], catch_exceptions=False)
    shown = page.read_text(encoding="utf-8").split("</style>")[1].split("<footer>")[0]
    for meaning in MEANINGS.values():
        shown = shown.replace(meaning, "")
    assert found.exit_code == text.exit_code
    return json.loads(found.stdout), text.stdout, shown, found.exit_code


def of_line(found: dict, line: int) -> dict:
    """The relation on a line."""
    return next(r for r in found["relations"] if r["line"] == line)


def test_none_shows_only_what_could_not_be_read(tmp_path: Path) -> None:
    """No verdict but unread is there, no mark and no status that tells; what could not be read is, with its reason."""
    found, text, page, status = outputs(tmp_path, "none")
    assert status == 0 and found["asked"] == [] and set(found["summary"]) == {"unread"}
    assert [r["line"] for r in found["relations"]] == [6] and found["relations"][0]["message"]
    for output in (json.dumps(found["relations"]), text, page):
        assert not any(word in output for word in ("refuted", "proved", "points", *SOLUTIONS))


def test_none_does_not_say_that_nothing_is_there(tmp_path: Path) -> None:
    """Where every line was read and none is shown, that is what is said, in the terminal and on the page."""
    assignment, answer, page = tmp_path / "assignment.md", tmp_path / "answer.md", tmp_path / "answer.html"
    assignment.write_text(ASSIGNMENT.replace("[[assume]]", "[marks]\nhints = 'none'\n\n[[assume]]"), encoding="utf-8")
    answer.write_text("$$\\frac{\\partial L}{\\partial z_k} = o_k - y_k$$", encoding="utf-8")
    text = CliRunner().invoke(main, ["check", str(answer), "--assignment", str(assignment), "--html", str(page)]).stdout
    for shown in (text, page.read_text(encoding="utf-8")):
        assert "every relation was read" in " ".join(shown.split()) and "no relation found" not in shown and "0 relations" not in shown
    answer.write_text("words", encoding="utf-8")
    assert "no relation found" in CliRunner().invoke(main, ["check", str(answer), "--assignment", str(assignment)]).stdout


def test_place_shows_verdicts_and_nothing_more(tmp_path: Path) -> None:
    """Each line has its verdict; none that is wrong has a reason, a repair, an edit, a witness or evidence, in any form of the report."""
    found, text, page, status = outputs(tmp_path, "place")
    assert status == 1 and of_line(found, 4)["verdict"] == of_line(found, 5)["verdict"] == "refuted"
    for r in found["relations"]:
        assert "evidence" not in r
        if r["verdict"] in ("refuted", "slip"):
            assert (r["mistake"], r["message"], r["repair"], r["edits"], r["witness"], r["rhs_equals_head"]) == (
                None,
                "",
                None,
                [],
                None,
                None,
            )
    assert {a["quantity"]: a["status"] for a in found["asked"]}[r"\frac{\partial L}{\partial w_o}"] == "wrong"
    for output in (json.dumps(found["relations"]), text, page):
        assert not any(word in output for word in SOLUTIONS)


def test_kind_names_the_mistake_only(tmp_path: Path) -> None:
    """The kind of a mistake is said in words that name no symbol of the answer."""
    found, text, page, _ = outputs(tmp_path, "kind")
    wrong = of_line(found, 4)
    assert (wrong["mistake"], wrong["message"], wrong["repair"]) == ("extra-factor", KINDS["extra-factor"], None)
    assert wrong["edits"] == [] and wrong["witness"] is None and KINDS["extra-factor"] in text and KINDS["extra-factor"] in page
    hidden = ("(1 - o) does", "does not belong", "0 is o", "widths:")
    assert not any(word in output for word in hidden for output in (json.dumps(found["relations"]), text, page))


def test_repair_shows_everything(tmp_path: Path) -> None:
    """The repair is shown where the assignment allows it, as it is where it says nothing."""
    found, _, _, _ = outputs(tmp_path, "repair")
    assert "(1 - o)" not in of_line(found, 4)["repair"] and of_line(found, 4)["witness"] is not None


@pytest.mark.parametrize("name", [m.name for m in all_mistakes()])
def test_every_mistake_has_a_kind_in_words(name: str) -> None:
    """No known mistake is left without a sentence for authors, and no sentence has a formula in it."""
    assert KINDS[name] and "\\" not in KINDS[name]
