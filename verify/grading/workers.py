"""Many calls spread over processes here or over a cluster, so that one that crashes or hangs harms no other.

joblib does the spreading: its loky processes here, its Dask backend on a cluster. A call that takes its process with it breaks the pool;
those that were under way then are made again, alone and guarded, and the rest goes on in new processes.
"""

from __future__ import annotations

import gc
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from verify.grading.guarded import ONE_THREAD, GaveUp, Limits, guarded, limit_memory

Task = TypeVar("Task")
Argument = TypeVar("Argument")
Result = TypeVar("Result")
Made = tuple[int, Any, str | None]
"""The number of a task, what it gave, or why it gave nothing."""

AT_ONCE_ON_A_CLUSTER = 25
AHEAD = 2
WORKER_MEMORY = 4 * 1024**3


@dataclass(frozen=True)
class Spread:
    """How many processes work here, or the address of the cluster that works instead; and the limits of a call."""

    jobs: int
    cluster: str | None
    limits: Limits


def spread(
    function: Callable[[Argument], Result], tasks: Sequence[Task], how: Spread, prepared: Callable[[Task], Argument]
) -> Iterator[tuple[Task, Result | None, str | None]]:
    """Each task with what the function gives for it, or else the reason why not, as they come; every task exactly once.

    ``prepared`` makes the function's argument of a task when its turn comes: all of them at once may be too much for the memory.
    """
    left: dict[int, Any] = dict(enumerate(tasks))
    with tempfile.TemporaryDirectory(prefix="backproof-") as folder:
        desk = Desk(Path(folder), how.limits.seconds)
        while left:
            suspects: list[int] = []
            try:
                for number, result, reason in (
                    _in_processes(function, left, desk, how, prepared)
                    if how.cluster is None
                    else _on_cluster(function, left, how, prepared)
                ):
                    yield left.pop(number), result, reason
            except _broken():
                # Where no call had begun, the processes themselves cannot be kept alive: the next task goes on alone.
                suspects = (desk.under_way() if how.cluster is None else [*left][:AT_ONCE_ON_A_CLUSTER]) or [*left][:1]
            for number in suspects:
                if number in left:
                    task = left.pop(number)
                    try:
                        yield task, guarded(function, prepared(task), limits=how.limits), None
                    except GaveUp as gave_up:
                        yield task, None, str(gave_up)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Desk:
    """Where the processes here say what they have begun, so that one that hangs can be ended and one that is gone leaves a trace."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder, self.seconds = folder, seconds

    def under_way(self) -> list[int]:
        """The numbers of the tasks that were begun and not ended; forgets them."""
        found = []
        for path in sorted(self.folder.iterdir()):
            found += [int(part) for part in path.read_text(encoding="ascii").split()[:1]]
            path.unlink()
        return found

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While it lasts, a process that has been at one task for too long is ended."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.25):
                for path in self.folder.iterdir():
                    with suppress(OSError, ValueError):
                        if time.time() - path.stat().st_mtime > self.seconds and path.read_text(encoding="ascii").strip():
                            os.kill(int(path.name), signal.SIGKILL)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


def _in_processes(
    function: Callable[[Any], Any], left: dict[int, Any], desk: Desk, how: Spread, prepared: Callable[[Any], Any]
) -> Iterator[Made]:
    """What the tasks give, from processes on this machine, a few tasks ahead of what is taken."""
    from concurrent.futures import FIRST_COMPLETED, Future, wait

    from joblib.externals.loky.process_executor import ProcessPoolExecutor

    numbers = iter(list(left))
    executor = ProcessPoolExecutor(max_workers=how.jobs, env=ONE_THREAD, initializer=_begin, initargs=(os.getpid(),))
    try:
        with desk.watched():

            def more(count: int) -> set[Future[Made]]:
                return {executor.submit(_here, function, n, prepared(left[n]), desk.folder) for n in islice(numbers, count)}

            waiting = more(AHEAD * how.jobs)
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                waiting |= more(len(done))
                for future in done:
                    yield future.result()
    finally:
        _shut_down(executor)


def _on_cluster(function: Callable[[Any], Any], left: dict[int, Any], how: Spread, prepared: Callable[[Any], Any]) -> Iterator[Made]:
    """What the tasks give, from the workers of a cluster, many tasks at once; raises ConnectionError where it does not answer."""
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise ConnectionError("a cluster needs more packages: pip install 'backproof[cluster]'") from None
    from joblib import Parallel, delayed, parallel_config

    assert how.cluster is not None
    try:
        client = Client(how.cluster.replace("dask://", "tcp://", 1), timeout=5, set_as_default=True)
    except (OSError, TimeoutError, ValueError) as error:
        raise ConnectionError(f"no cluster at {how.cluster}: {error}") from None
    numbers = list(left)
    cuts = range(0, len(numbers), AT_ONCE_ON_A_CLUSTER)
    calls = (delayed(_there)(function, [(n, prepared(left[n])) for n in numbers[cut : cut + AT_ONCE_ON_A_CLUSTER]]) for cut in cuts)
    with client, parallel_config(backend="dask", wait_for_workers_timeout=30):
        for made in Parallel(return_as="generator_unordered", batch_size=1)(calls):
            yield from made


def _shut_down(executor: Any) -> None:
    """End the processes of an executor. Its own thread stumbles over tasks that were waiting; that is not to be seen."""
    before = threading.excepthook
    threading.excepthook = lambda told: None if told.exc_type is KeyError else before(told)
    try:
        executor.shutdown(wait=True, kill_workers=True)
    finally:
        threading.excepthook = before


def _begin(parent: int) -> None:
    """Set up a process of joblib's: held to its memory, and gone when the one that started it is (loky's would stay for ever).

    Python looks for garbage after so many new objects, by default so few that an answer's syntax trees set it off hundreds of times.
    """
    limit_memory(WORKER_MEMORY)
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _here(function: Callable[[Any], Any], number: int, task: Any, folder: Path) -> Made:
    """One task in a process of joblib's, announced while it lasts."""
    announced = folder / str(os.getpid())
    announced.write_text(str(number), encoding="ascii")
    made = _made(function, number, task)
    announced.unlink(missing_ok=True)
    return made


def _there(function: Callable[[Any], Any], tasks: Sequence[tuple[int, Any]]) -> list[Made]:
    """Some tasks on a worker of a cluster."""
    return [_made(function, number, task) for number, task in tasks]


def _made(function: Callable[[Any], Any], number: int, task: Any) -> Made:
    try:
        return number, function(task), None
    except MemoryError:
        return number, None, "it used up its memory"
    except Exception as error:
        return number, None, f"internal error, please report it: {type(error).__name__}: {error}"


def _broken() -> tuple[type[BaseException], ...]:
    """What is raised where a process of joblib's or a worker of a cluster is gone."""
    from joblib.externals.loky.process_executor import BrokenProcessPool, TerminatedWorkerError

    found: list[type[BaseException]] = [BrokenProcessPool, TerminatedWorkerError]
    with suppress(ImportError):
        from distributed.scheduler import KilledWorker

        found.append(KilledWorker)
    return tuple(found)
