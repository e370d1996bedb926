"""A class of many answers, marked, measured, and killed again and again: ``python -m tests.grading.thousand`` prints what it took.

The answers are variants of the example. They are marked once in one go, with the time and the peak memory of every process; then into a
folder of its own with kill -9 at random moments, until it is done. Ends with 1 if the marks differ, or a budget that was given is not kept.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.grading.variants import EXAMPLES, variants


def command(folder: Path, out: Path, jobs: int) -> list[str]:
    """The command that marks the class in a folder."""
    assignment = str(EXAMPLES / "assignment.md")
    return [sys.executable, "-m", "verify.cli", "grade", str(folder), "--assignment", assignment, "--out", str(out), "--jobs", str(jobs)]


def peaks(group: int) -> dict[int, int]:
    """The peak memory so far of each process of a group, in bytes, by its id."""
    found = {}
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and os.getpgid(int(process.name)) == group:
                status = (process / "status").read_text()
                found[int(process.name)] = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
        except (OSError, StopIteration):
            continue
    return found


@dataclass(frozen=True)
class Measured:
    """How long a command took by the clock and of the processors, and the largest of its processes so far in bytes, at times in
    between and in the end."""

    seconds: float
    worked: float
    peaks: tuple[tuple[float, int], ...]

    def megabytes(self, share: float = 1.0) -> float:
        """The peak memory of a process until that share of the time had passed."""
        return max(size for at, size in self.peaks if at <= share * self.seconds) / 1e6


def measured(call: list[str]) -> Measured:
    """What a command takes; raises CalledProcessError where it fails."""
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen(call, stdout=subprocess.DEVNULL, start_new_session=True)
    found: dict[int, int] = {}
    seen: list[tuple[float, int]] = [(0.0, 0)]
    while child.poll() is None:
        found |= {process: max(size, found.get(process, 0)) for process, size in peaks(child.pid).items()}
        seen.append((time.monotonic() - begun, max(found.values(), default=0)))
        time.sleep(0.2)
    if child.returncode != 0:
        raise subprocess.CalledProcessError(child.returncode, call)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(time.monotonic() - begun, worked, tuple(seen))


def killed(call: list[str], seconds: float) -> bool:
    """Whether a command was ended by kill -9 after that time, with all its processes; False where it was done before."""
    child = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        child.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return True


def say(line: str) -> None:
    """Print a line at once: the whole takes minutes."""
    print(line, flush=True)


def main() -> int:
    """Measure a class and say how it went; 0 if all is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, help="the time that marking the class may take")
    parser.add_argument("--memory", type=float, help="the megabytes that a process may take")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="backproof-class-") as folder:
        answers = Path(folder) / "answers"
        answers.mkdir()
        for name, text in variants(options.answers, options.seed):
            (answers / name).write_text(text, encoding="utf-8")
        whole, resumed = Path(folder) / "whole", Path(folder) / "resumed"
        load = os.getloadavg()[0]
        first = measured(command(answers, whole, options.jobs))
        loads = f"load {load:.1f} to {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
        say(f"{options.answers} answers, {options.jobs} processes, {loads}")
        again = measured(command(answers, whole, options.jobs))
        seconds, size = first.seconds, sum(p.stat().st_size for p in whole.rglob("*") if p.is_file()) / 1e6
        say(f"  marked in {seconds:.1f} s, {first.worked:.1f} s of the processors; again, with nothing to do, in {again.seconds:.1f} s")
        peak = first.megabytes()
        grown = ", ".join(f"{first.megabytes(share):.0f}" for share in (0.25, 0.5, 0.75))
        say(f"  peak memory of a process {peak:.0f} MB (after each quarter of the time {grown}); {size:.0f} MB written")
        chance = random.Random(options.seed)
        kills = sum(
            killed(command(answers, resumed, options.jobs), chance.uniform(0.05, 1.2) * seconds / (options.kills + 1))
            for _ in range(options.kills)
        )
        rest = measured(command(answers, resumed, options.jobs))
        same = (whole / "marks.csv").read_bytes() == (resumed / "marks.csv").read_bytes()
        say(f"  killed {kills} times, then done in {rest.seconds:.1f} s: marks.csv is {'the same' if same else 'DIFFERENT'}")
        kept = (options.seconds is None or seconds <= options.seconds) and (options.memory is None or peak <= options.memory)
        return 0 if same and kept else 1


if __name__ == "__main__":
    sys.exit(main())
