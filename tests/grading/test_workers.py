"""Calls spread over processes: what crashes, hangs or eats memory harms no other, and every task has an outcome."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from verify.grading.guarded import GaveUp, Limits, guarded
from verify.grading.workers import Spread, spread

SHORT = Limits(seconds=3, memory=2 * 1024**3, processor=10)
KILLS = "__import__('os').kill(__import__('os').getpid(), 9)"
HANGS = "__import__('time').sleep(600)"


def test_a_call_under_guard_gives_its_result() -> None:
    """What the function gives comes back from the other process."""
    assert guarded(divmod, 17, 5, limits=SHORT) == (3, 2)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (KILLS, "ended by signal 9"),
        (HANGS, "no end in 1 seconds"),
        ("'a' * 10**13", "used up its memory"),
        ("1 / 0", "ZeroDivisionError"),
        ("__import__('os')._exit(7)", "status 7"),
    ],
)
def test_a_call_that_comes_to_no_end(call: str, reason: str) -> None:
    """A crash, a hang, a call for too much memory and an error each end the call alone, with the reason."""
    with pytest.raises(GaveUp, match=reason):
        guarded(eval, call, limits=Limits(seconds=1 if call == HANGS else 30))


def test_a_call_that_leaves_a_child_behind(tmp_path: Path) -> None:
    """What a call has started is ended with it."""
    script = f"import time, pathlib; time.sleep(2); pathlib.Path({str(tmp_path / 'late')!r}).touch()"
    command = f"__import__('subprocess').Popen([{__import__('sys').executable!r}, '-c', {script!r}]) and None"
    guarded(eval, command, limits=SHORT)
    time.sleep(2.5)
    assert not (tmp_path / "late").exists()


def test_one_that_kills_and_one_that_hangs_harm_no_other() -> None:
    """Among many calls one kills its process and one hangs: both are set aside with reasons, all others have their results, once each."""
    tasks = [str(n) for n in range(12)]
    tasks[3], tasks[7], tasks[9] = KILLS, HANGS, "1 / 0"
    found = list(spread(eval, tasks, Spread(2, None, SHORT), lambda task: task))
    assert sorted(task for task, _, _ in found) == sorted(tasks)
    outcomes = {task: (result, reason) for task, result, reason in found}
    assert "signal 9" in (outcomes[KILLS][1] or "") and "no end in 3 seconds" in (outcomes[HANGS][1] or "")
    assert "ZeroDivisionError" in (outcomes["1 / 0"][1] or "")
    assert all(outcomes[t] == (int(t), None) for t in tasks if t.isdigit())


def test_a_cluster_does_the_same() -> None:
    """A local Dask cluster gives the same results."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        how = Spread(1, cluster.scheduler_address, SHORT)
        found = sorted((task, result) for task, result, _ in spread(eval, [str(n) for n in range(60)], how, lambda task: task))
    assert found == sorted((str(n), n) for n in range(60))


def test_a_cluster_that_does_not_answer() -> None:
    """An address at which there is no cluster is an error that says so."""
    pytest.importorskip("distributed")
    with pytest.raises(ConnectionError, match=r"no cluster at dask://127\.0\.0\.1:1"):
        list(spread(eval, ["1"], Spread(1, "dask://127.0.0.1:1", SHORT), lambda task: task))
