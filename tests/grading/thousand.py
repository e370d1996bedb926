"""A class of many answers, marked, measured, and killed again and again: ``python -m tests.grading.thousand`` prints what it took.

The answers are variants of the example. They are marked once in one go, with the time and the peak memory of every process; then into a
folder of its own with kill -9 at random moments, until it is done. Ends with 1 if the marks differ, or a budget that was given is not kept.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
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


def measured(call: list[str]) -> tuple[float, dict[int, int]]:
    """How long a command takes, and the peak memory of its processes by id; raises CalledProcessError where it fails."""
    begun = time.monotonic()
    child = subprocess.Popen(call, stdout=subprocess.DEVNULL, start_new_session=True)
    found: dict[int, int] = {}
    while child.poll() is None:
        found |= {process: max(size, found.get(process, 0)) for process, size in peaks(child.pid).items()}
        time.sleep(0.2)
    if child.returncode != 0:
        raise subprocess.CalledProcessError(child.returncode, call)
    return time.monotonic() - begun, found


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
        seconds, memory = measured(command(answers, whole, options.jobs))
        again, _ = measured(command(answers, whole, options.jobs))
        megabytes = max(memory.values()) / 1e6
        size = sum(p.stat().st_size for p in whole.rglob("*") if p.is_file()) / 1e6
        print(f"{options.answers} answers, {options.jobs} processes, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        print(
            f"  marked in {seconds:.1f} s ({options.answers / seconds:.1f} answers/s); marked again, with nothing to do, in {again:.1f} s"
        )
        print(f"  peak memory of a process {megabytes:.0f} MB ({len(memory)} processes); {size:.0f} MB written")
        chance = random.Random(options.seed)
        kills = sum(
            killed(command(answers, resumed, options.jobs), chance.uniform(0.05, 1.2) * seconds / (options.kills + 1))
            for _ in range(options.kills)
        )
        rest, _ = measured(command(answers, resumed, options.jobs))
        same = (whole / "marks.csv").read_bytes() == (resumed / "marks.csv").read_bytes()
        print(f"  killed {kills} times, then done in {rest:.1f} s: marks.csv is {'the same' if same else 'DIFFERENT'}")
        kept = (options.seconds is None or seconds <= options.seconds) and (options.memory is None or megabytes <= options.memory)
        return 0 if same and kept else 1


if __name__ == "__main__":
    sys.exit(main())
