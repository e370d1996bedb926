"""The pytest plugin, run on small derivation files in a pytest of its own."""

from __future__ import annotations

import pytest

import verify.checking  # noqa: F401  numpy loads once a process, and pytester forgets what its runs have imported

pytest_plugins = ["pytester"]

RIGHT = r"""# Squared error

$$ z = \sum_i w_i x_i $$

$$ L = (z - y)^2 $$

## By the output

$$ \frac{\partial L}{\partial z} = 2 (z - y) $$
"""

WRONG = RIGHT + r"""
## By the weights

$$ \frac{\partial L}{\partial w_i} = -2 (z - y) x_i $$
"""


@pytest.fixture
def run(pytester: pytest.Pytester):
    """A function that writes files and runs pytest on them."""

    def go(*arguments: str, **files: str) -> pytest.RunResult:
        for name, text in files.items():
            (pytester.path / f"{name}.derivation.md").write_text(text, encoding="utf-8")
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)

    return go


def test_right_lines_pass_and_wrong_ones_fail(run) -> None:
    """A wrong relation fails alone, with its place, its line and the reason; all others pass."""
    result = run(square=WRONG)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*square.derivation.md:13:*refuted*", "*│*-2 (z - y) x_i*", "*^*", "*expected given, proved or tested*"])


def test_items_have_stable_names(run) -> None:
    """Items are collected under the place of their sign, and chosen by the heading above them."""
    result = run("--collect-only", "-q", square=RIGHT)
    result.stdout.fnmatch_lines(["square.derivation.md::3:6", "square.derivation.md::5:6", "square.derivation.md::9:34"])
    run("-k", "output", square=RIGHT).assert_outcomes(passed=1, deselected=2)


def test_expectations_are_held(run) -> None:
    """A document may expect a refuted line; what comes out otherwise fails, and so does a relation without an expectation."""
    given = WRONG.replace("$$\n", "$$\n<!-- expect: given -->\n", 2).replace("(z - y) $$", "(z - y) $$\n<!-- expect: proved -->")
    run(square=given + "<!-- expect: refuted [sign] -->").assert_outcomes(passed=4)
    run(square=given + "<!-- expect: refuted [missing-sum] -->").assert_outcomes(passed=3, failed=1)
    result = run(square=given)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*no expectation, in a document that has some*"])


def test_unread_is_skipped_with_its_reason(run) -> None:
    """A relation that is not read is a skip, and the summary says why."""
    result = run("-rs", square=RIGHT + "\n$$ \\frac{\\partial L}{\\partial q} = 3 $$\n")
    result.assert_outcomes(passed=3, skipped=1)


def test_only_matching_files_are_collected(run, pytester: pytest.Pytester) -> None:
    """Other Markdown files are left alone, unless the ini option names them."""
    (pytester.path / "notes.md").write_text(WRONG, encoding="utf-8")
    run(square=RIGHT).assert_outcomes(passed=3)
    pytester.makeini("[pytest]\nbackproof_files = notes.md")
    run(square=RIGHT).assert_outcomes(passed=3, failed=1)


@pytest.mark.parametrize("text", ["", "Only words.", "$ a = b $ <!-- expect: nonsense -->"])
def test_a_file_that_tests_nothing_is_an_error(run, text: str) -> None:
    """A derivation file without a relation, or with an expectation that is none, does not pass in silence."""
    run(square=text).assert_outcomes(errors=1)


def test_works_in_parallel(run) -> None:
    """With two workers the outcomes are the same."""
    run("-n2", square=WRONG, other=RIGHT).assert_outcomes(passed=6, failed=1)


def test_junit_xml(run, pytester: pytest.Pytester) -> None:
    """The JUnit file has one case a relation, with its verdict."""
    run("--junitxml=out.xml", square=WRONG)
    written = (pytester.path / "out.xml").read_text(encoding="utf-8")
    assert written.count("<testcase ") == 4 and 'name="verdict" value="refuted"' in written
