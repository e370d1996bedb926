"""One call in a process of its own, with limits that hold: a deadline, memory, processor time, size of files.

The parent starts the process in a group of its own and kills the whole group at the deadline. Both ends are this program; what goes
between them was pickled by it.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

Result = TypeVar("Result")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


@dataclass(frozen=True)
class Limits:
    """What a guarded call may use: seconds by the clock, bytes of address space, seconds of the processor, bytes of a file."""

    seconds: float = 60.0
    memory: int = 2 * 1024**3
    processor: int = 60
    file: int = 64 * 1024**2


class GaveUp(Exception):
    """A guarded call that came to no end within its limits, with the reason in a few words."""


def guarded(function: Callable[..., Result], *arguments: Any, limits: Limits) -> Result:
    """What the function gives for the arguments, called in a process of its own; raises GaveUp where it crashes or exceeds a limit."""
    command = [sys.executable, "-m", "verify.grading.guarded"]
    with tempfile.TemporaryFile() as call, tempfile.TemporaryFile() as answer:
        pickle.dump((limits, function, arguments), call)
        call.seek(0)
        child = subprocess.Popen(
            command, stdin=call, stdout=answer, stderr=subprocess.DEVNULL, start_new_session=True, env={**os.environ, **ONE_THREAD}
        )
        try:
            child.wait(limits.seconds)
        except subprocess.TimeoutExpired:
            raise GaveUp(f"it came to no end in {limits.seconds:g} seconds") from None
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        answer.seek(0)
        out = answer.read()
    if child.returncode != 0:
        raise GaveUp(_reason(child.returncode))
    succeeded, found = pickle.loads(out)
    if not succeeded:
        raise GaveUp(str(found))
    result: Result = found
    return result


def limit_memory(size: int) -> None:
    """Hold this process to an address space of that many bytes, where the system can."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _reason(status: int) -> str:
    if status == -signal.SIGXCPU:
        return "it used up its processor time"
    return f"its process was ended by signal {-status}" if status < 0 else f"its process ended with status {status}"


def _serve() -> None:
    """Read a call from standard input, make it within its limits, write what it gives to standard output."""
    limits, function, arguments = pickle.load(sys.stdin.buffer)
    limit_memory(limits.memory)
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (limits.processor, limits.processor + 1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file, limits.file))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        found: tuple[bool, object] = True, function(*arguments)
    except MemoryError:
        found = False, "it used up its memory"
    except Exception as error:
        found = False, f"internal error, please report it: {type(error).__name__}: {error}"
    sys.stdout.buffer.write(pickle.dumps(found))


if __name__ == "__main__":
    # What the parent pickled names this module as `verify.grading.guarded`, not as the program that runs.
    from verify.grading.guarded import _serve as serve

    serve()
