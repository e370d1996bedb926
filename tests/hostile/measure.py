"""Every hostile row through the real command, alone and with limits: ``python -m tests.hostile.measure`` prints time and memory of each.

Ends with 1 where a row takes more than 10 seconds or 1 GiB, ends with a status that is not documented, leaves a traceback, changes the
verdict of a line beside it, or runs, reads or writes what it must not.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.rows import GOOD, ROWS, Row

SECONDS, BYTES = 10.0, 1024**3
ADDRESSES = 3 * 1024**3


@dataclass(frozen=True)
class Outcome:
    """What came of a row: seconds of the processor, peak memory in bytes, and what is wrong, if anything."""

    seconds: float
    memory: int
    wrong: str


def outcome(row: Row, small: bool = False) -> Outcome:
    """The outcome of a row, checked by a process of its own in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="backproof-hostile-") as name:
        folder = Path(name)
        path = folder / f"answer{row.suffix}"
        row.write(path, small)
        before = set(folder.rglob("*"))
        out, error = folder.parent / f"{folder.name}.out", folder.parent / f"{folder.name}.err"
        try:
            with out.open("wb") as stdout, error.open("wb") as stderr:
                child = subprocess.Popen(
                    [sys.executable, "-m", "verify.cli", "check", "--json", path.name], stdout=stdout, stderr=stderr, cwd=folder,
                    env={**os.environ, "HOME": str(folder), "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(Path.cwd())}, preexec_fn=limit,
                )  # fmt: skip
                killer = threading.Timer(60 * SECONDS, child.kill)
                killer.start()
                _, status, used = os.wait4(child.pid, 0)
                killer.cancel()
                child.returncode = os.waitstatus_to_exitcode(status)
            written = set(folder.rglob("*")) - before
            wrong = judged(row, small, child.returncode, out.read_text(), error.read_text())
            wrong += [f"written: {', '.join(p.name for p in written)}"] if written else []
        finally:
            out.unlink(missing_ok=True)
            error.unlink(missing_ok=True)
    seconds, memory = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
    wrong += [f"{seconds:.1f} s"] if seconds > SECONDS else []
    wrong += [f"{memory / 2**20:.0f} MB"] if memory > BYTES else []
    return Outcome(seconds, memory, "; ".join(wrong))


def limit() -> None:
    """Hold the process that is about to begin to an address space, time, and no files of size."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(5 * SECONDS), int(5 * SECONDS)))


def judged(row: Row, small: bool, status: int, out: str, error: str) -> list[str]:
    """What is wrong with the output of a check of a row."""
    wrong = [] if status in row.status else [f"status {status}"]
    wrong += [f"{word!r} in the output" for word in ("Traceback", "root:x:", "internal error") if word in out + error]
    if row.text is not None or row.small is not None:
        found = verdicts(out)
        beside = found[:3] if row.flood and not small else found[:3] + found[-1:]
        if beside != list(GOOD[: len(beside)]):
            wrong.append(f"the lines beside it are {', '.join(beside)}")
    return wrong


def verdicts(out: str) -> list[str]:
    """The verdicts of a report in JSON, in the order of the document."""
    return [relation["verdict"] for line in out.splitlines() for relation in json.loads(line)["relations"]]


def main() -> int:
    """Print a line a row; 0 if nothing is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="rows with this in their kind or name")
    parser.add_argument("--small", action="store_true", help="the small versions of costly rows")
    options = parser.parse_args()
    bad = 0
    slowest = largest = 0.0
    print(f"{'kind':22} {'row':42} {'seconds':>7} {'MB':>6}")
    for row in ROWS:
        if options.only in f"{row.kind} {row.name}":
            found = outcome(row, options.small)
            bad += bool(found.wrong)
            slowest, largest = max(slowest, found.seconds), max(largest, found.memory / 2**20)
            print(f"{row.kind:22} {row.name[:42]:42} {found.seconds:7.1f} {found.memory / 2**20:6.0f}  {found.wrong}", flush=True)
    print(f"{len(ROWS)} rows, {bad} with something wrong; at most {slowest:.1f} s and {largest:.0f} MB")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
