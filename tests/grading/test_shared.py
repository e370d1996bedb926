"""What the answers of a class have in common is worked out once, and changes nothing."""

from __future__ import annotations

import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.grading.variants import EXAMPLES, variants
from verify.checking import check
from verify.grading.assignment import parse_assignment
from verify.grading.overrules import Overrules
from verify.marking import Job, Paper, Sheet, paper

ASSIGNMENT = parse_assignment((EXAMPLES / "assignment.md").read_text(encoding="utf-8"))
SHEET = Sheet(ASSIGNMENT, Overrules(), check(ASSIGNMENT.body).network, fast=True)
JOBS = [Job(name, "md", text.encode(), None, SHEET) for name, text in itertools.islice(variants(2, seed=5), 2)]


def in_one_go(jobs: list[Job]) -> dict[str, Paper]:
    """The papers of some answers, marked one after the other by a thread that has marked nothing before."""
    with ThreadPoolExecutor(1) as pool:
        return {job.answer: made for job, made in zip(jobs, pool.map(paper, jobs), strict=True)}


def test_an_answer_is_marked_as_if_alone() -> None:
    """Verdicts, marks and pages of an answer are the same whether it is marked alone or among others, before them or after them."""
    alone = {job.answer: in_one_go([job])[job.answer] for job in JOBS}
    assert in_one_go(JOBS) == alone == in_one_go(JOBS[::-1])


def test_a_page_does_not_depend_on_the_order_of_sets() -> None:
    """Two processes, in which Python orders sets differently, give the same report, witnesses and all."""
    command = [sys.executable, "-m", "verify.cli", "check", str(EXAMPLES / "relu_sigmoid_softmax.md"), "--json", "--fast"]
    reports = [subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, check=False) for seed in ("1", "2")]
    assert reports[0].returncode == 1 and reports[0].stdout == reports[1].stdout != b""
