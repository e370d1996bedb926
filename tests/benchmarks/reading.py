r"""Reading alone, without deciding: how much of real formulas is read, how long a relation takes, and what others make of the same text.

``make parsers`` prints the table of docs/explanation/performance.md. The corpus stands beside the repository and is left out where it is
absent. The other parsers are the optional extra ``peers``. Each runs in a process of its own with bounds on memory, on files and on the
time for each formula, since two of them evaluate what they read.

*Keeps what is written* is a necessary condition for a right reading, found in the text by regular expressions and not by any of the
parsers: the reading states as many relations as the formula has signs, has a derivative for each ``\frac{\partial …}{\partial …}``, and
every letter of the formula occurs in the name of a symbol or a function.
"""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path

from verify.reading import document
from verify.reading.parser import parse
from verify.reading.syntax import Chain, Derivative, Formula, Name, Node, Statement, Unreadable
from verify.reading.traversal import walk

ROOT = Path(__file__).parents[2]
SOURCES = {"corpus": ROOT.parent / "shared" / "corpus", "golden documents": ROOT / "tests" / "golden"}
SUFFIXES = {".md": "md", ".tex": "tex", ".ipynb": "ipynb"}
REPEATS = 5
SECONDS = 5
"""What another parser gets for one formula."""
MEMORY = 2 << 30

PEERS = {
    "SymPy parse_latex, antlr": ("sympy", "antlr4-python3-runtime"),
    "SymPy parse_latex, lark": ("sympy", "lark"),
    "latex2sympy2_extended": ("latex2sympy2_extended",),
    "Math-Verify": ("math-verify",),
}
"""The other parsers, each with the distributions whose versions matter."""


@dataclass(frozen=True)
class Kept:
    """What of a formula stands in a reading of it."""

    relations: int
    derivatives: int
    letters: frozenset[str]


# The text itself

_WORDS = re.compile(r"\\(?:text\w*|mbox|operatorname\*?|label|tag|mathrm|begin|end|color)\s*\{[^{}]*\}")
_RELATION = re.compile(r"=|\\(?:leq?|geq?|neq?|approx|sim|in|leftarrow|gets|equiv|propto)(?![A-Za-z])|[<>]")
_DERIVATIVE = re.compile(r"\\d?frac\s*\{+\s*\\partial[^{}]*(?:\{[^{}]*\}[^{}]*)*\}+\s*\{+\s*\\partial")
_SCRIPT = re.compile(r"[_^]\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
_LETTER = re.compile(
    r"\\(alpha|beta|gamma|delta|epsilon|eta|theta|lambda|mu|xi|rho|sigma|tau|phi|psi|omega)(?![A-Za-z])|(?<![\\A-Za-z])([A-Za-z])"
)


def written(formula: str) -> Kept:
    """What a formula has of relations, derivatives and letters, by its text. Letters that may be a constant or a sign are left out."""
    bare = _WORDS.sub(" ", formula)
    derivatives = len(_DERIVATIVE.findall(bare))
    above = _SCRIPT.sub("", bare)  # the bounds of a sum state nothing
    letters = {greek or letter for greek, letter in _LETTER.findall(bare)} - {"d", "e", "T", "i"}
    return Kept(len(_RELATION.findall(above)), derivatives, frozenset(letters))


# Our readings


def ours(statements: tuple[Statement, ...]) -> Kept | None:
    """What stands in our reading; None if a stretch of the formula is unreadable."""
    nodes = [node for s in statements for top in (s.content, *s.conditions) for node in walk(top)]
    if any(isinstance(node, Unreadable) for node in nodes):
        return None
    links = sum(len(node.links) for node in nodes if isinstance(node, Chain))
    return Kept(links, sum(isinstance(n, Derivative) for n in nodes), frozenset("".join(map(_said, nodes)).split()))


def _said(node: Node) -> str:
    return f"{node.text} {' '.join(node.text)} " if isinstance(node, Name) else ""


# Readings of others, each in a guarded process


def _guarded() -> None:
    """Bounds on what the process may use; it works in an empty folder."""
    os.chdir(tempfile.mkdtemp())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stderr = sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    signal.signal(signal.SIGALRM, _late)


def _late(*_: object) -> None:
    raise TimeoutError


def _parser(name: str) -> Callable[[str], object]:
    match name:
        case "SymPy parse_latex, antlr":
            latex = import_module("sympy.parsing.latex")
            return lambda text: latex.parse_latex(text, strict=True, backend="antlr")
        case "SymPy parse_latex, lark":
            latex = import_module("sympy.parsing.latex")
            return lambda text: latex.parse_latex(text, backend="lark")
        case "latex2sympy2_extended":
            return import_module("latex2sympy2_extended").latex2sympy
        case _:
            verify = import_module("math_verify")
            return lambda text: verify.parse(f"${text}$", parsing_timeout=None)


def _theirs(name: str, formula: str) -> tuple[float, Kept | None]:
    """(milliseconds, what stands in another parser's reading; None if it gave none)."""
    parse_it = _parser(name)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    start = time.perf_counter()
    try:
        found = parse_it(formula)
    except BaseException:  # parsers fail in every way there is
        return 1000 * (time.perf_counter() - start), None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    took = 1000 * (time.perf_counter() - start)
    if isinstance(found, list):
        found = next((f for f in found if not isinstance(f, str)), None)
    if found is None or type(found).__name__ == "Tree":  # lark's own tree: it saw several readings and chose none
        return took, None
    sympy = import_module("sympy")
    try:
        parts = list(sympy.preorder_traversal(found))
    except Exception:
        return took, None
    names = " ".join(str(getattr(p, "name", "") or type(p).__name__) for p in parts if p.is_Symbol or getattr(p, "is_Function", False))
    letters = frozenset(re.findall(r"[A-Za-z]+", names.replace("_", " "))) | frozenset(re.findall(r"[A-Za-z]", names))
    relations = sum(isinstance(p, sympy.core.relational.Relational) for p in parts)
    return took, Kept(relations, sum(isinstance(p, sympy.Derivative) for p in parts), letters)


def keeps(reading: Kept | None, formula: str) -> bool:
    """Whether a reading keeps what is written."""
    there = written(formula)
    return (
        reading is not None
        and reading.relations >= there.relations
        and reading.derivatives >= there.derivatives
        and there.letters <= reading.letters
    )


# Tables


def documents(folder: Path) -> Iterator[tuple[bytes, str]]:
    """The documents of a folder with their formats."""
    for path in sorted(folder.glob("*")):
        if path.suffix in SUFFIXES and path.name != "README.md":
            yield path.read_bytes(), SUFFIXES[path.suffix]


def measured(folder: Path) -> tuple[int, int, list[float], list[str]]:
    """(formulas, those read to the end, milliseconds a relation of each that states one, the formulas of one relation without macros)."""
    jobs: list[tuple[str, int, int, object]] = []

    def noted(text: str, start: int, end: int, macros: object) -> object:
        jobs.append((text, start, end, macros))
        return parse(text, start, end, macros)  # type: ignore[arg-type]

    original, document.parse = document.parse, noted  # type: ignore[assignment]
    try:
        read = [document.read(content, format) for content, format in documents(folder)]
    finally:
        document.parse = original
    assert any(isinstance(part, Formula) for d in read for part in d.parts)
    whole, times, single = 0, [], {}
    for text, start, end, macros in jobs:
        took = []
        for _ in range(REPEATS):
            begun = time.perf_counter()
            statements, _ = parse(text, start, end, macros)  # type: ignore[arg-type]
            took.append(1000 * (time.perf_counter() - begun))
        whole += ours(statements) is not None
        links = sum(len(s.content.links) for s in statements if isinstance(s.content, Chain))
        if links:
            times.append(min(took) / links)
        formula = text[start:end].strip()
        if links == 1 and len(statements) == 1 and not any("\\" + name in formula for name in macros):  # type: ignore[attr-defined]
            single[formula] = None
    return len(jobs), whole, times, list(single)


def answers(name: str, formulas: list[str]) -> list[tuple[float, Kept | None]]:
    """What another parser makes of formulas; one that ends its process gives none."""
    found: list[tuple[float, Kept | None]] = []
    while len(found) < len(formulas):
        with ProcessPoolExecutor(1, initializer=_guarded) as pool:
            try:
                pool.submit(_theirs, name, "x").result()  # imports and tables do not count
                for formula in formulas[len(found) :]:
                    found.append(pool.submit(_theirs, name, formula).result())
            except BrokenProcessPool:
                found.append((0.0, None))
    return found


def versions(names: tuple[str, ...]) -> str | None:
    """The versions of distributions; None if one is not installed."""
    try:
        return ", ".join(f"{name} {metadata.version(name)}" for name in names)
    except metadata.PackageNotFoundError:
        return None


def main() -> None:
    """Prints the tables."""
    print(f"Python {platform.python_version()}, {platform.machine()}, load {os.getloadavg()[0]:.1f}")
    for source, folder in SOURCES.items():
        if not folder.exists():
            print(f"{source}: absent")
            continue
        count, whole, times, formulas = measured(folder)
        print(f"\n{source}: {whole} of {count} formulas to the end ({100 * whole / count:.2f} %);", end=" ")
        print(f"a relation takes {statistics.median(times):.3f} ms in the median\n")
        print(f"| {len(formulas)} formulas of one relation | an answer | keeps what is written | ms, median |\n|---|---|---|---|")
        rows = [("backproof", [_timed(formula) for formula in formulas])]
        for name, needs in PEERS.items():
            version = versions(needs)
            if version is None:
                print(f"| {name}: not installed | | | |")
                continue
            rows.append((f"{name} ({version})", answers(name, formulas)))
        for title, found in rows:
            given = sum(reading is not None for _, reading in found)
            kept = sum(keeps(reading, formula) for (_, reading), formula in zip(found, formulas, strict=True))
            took = statistics.median(ms for ms, _ in found)
            print(f"| {title} | {_share(given, found)} | {_share(kept, found)} | {took:.3g} |", flush=True)
            if "--lost" in sys.argv and title == "backproof":
                lost = [f for (_, reading), f in zip(found, formulas, strict=True) if not keeps(reading, f)]
                print(json.dumps(lost, ensure_ascii=False, indent=1))


def _timed(formula: str) -> tuple[float, Kept | None]:
    start = time.perf_counter()
    statements, _ = parse(formula)
    return 1000 * (time.perf_counter() - start), ours(statements)


def _share(count: int, of: list[tuple[float, Kept | None]]) -> str:
    return f"{count} ({100 * count / len(of):.0f} %)"


if __name__ == "__main__":
    main()
