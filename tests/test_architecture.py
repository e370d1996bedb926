"""Data goes one way: each room imports only rooms before it, and the kernel stands alone and stays small."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ROOMS = (
    "derivations",
    "verify.kernel",
    "verify.advice",
    "verify.notations",
    "verify.plans",
    "verify.floats",
    "verify.residues",
    "verify.programs",
    "verify.workspace",
    "verify.report",
    "verify.language",
    "verify.files",
    "verify.sympy_bridge",
    "verify.reading",
    "verify.meaning",
    "verify.oracles",
    "verify.networks",
    "verify.deciding",
    "verify.mistakes",
    "verify.judging",
    "verify.explaining",
    "verify.grading.assignment",
    "verify.evidence",
    "verify.checking_code",
    "verify.gradients",
    "verify.checking",
    "verify.rechecking",
    "verify.grading",
    "verify.proving",
    "verify.rendering",
    "verify.marking",
    "verify.exporting",
    "verify.typesetting",
    "verify.expectations",
    "verify",
    "verify.cli",
    "verify.pytest_plugin",
)
"""The rooms in the order in which data goes through them. A module belongs to the room with the longest matching name."""

KERNEL_LINES = 1_473
HEAVY = ("sympy", "hypothesis", "pytest", "derivations")


def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name."""
    found = {}
    for package in ("verify", "derivations"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def room_of(name: str) -> str:
    """The room that a module belongs to; the package ``verify`` itself is a room of its own."""
    matching = [r for r in ROOMS if name == r or (r != "verify" and name.startswith(r + "."))]
    assert matching, f"{name} belongs to no room: add it to ROOMS where it belongs"
    return max(matching, key=len)


def imported(name: str, path: Path) -> set[str]:
    """The modules that a module imports anywhere in it, for types too."""
    known = modules()
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            assert node.module is not None
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inside & known.keys()) or {node.module}
    return found


@pytest.mark.parametrize("name", [n for n in modules() if n != "verify"])
def test_each_room_imports_only_rooms_before_it(name: str) -> None:
    """No module imports a room that comes later in the list; rooms may import within themselves."""
    own = ROOMS.index(room_of(name))
    late = {m for m in imported(name, modules()[name]) if m.split(".")[0] in ("verify", "derivations") and ROOMS.index(room_of(m)) > own}
    assert not late, f"{name} is in room {ROOMS[own]} and imports {sorted(late)}"


@pytest.mark.parametrize("name", [n for n in modules() if n.startswith("verify.kernel")])
def test_kernel_stands_alone(name: str) -> None:
    """The kernel imports nothing of the rest, and of others only the standard library, numpy and python-flint."""
    foreign = {
        m
        for m in imported(name, modules()[name])
        if not m.startswith("verify.kernel") and m.split(".")[0] not in sys.stdlib_module_names | {"numpy", "flint"}
    }
    assert not foreign


def test_kernel_stays_small() -> None:
    """The lines of code of the trusted base, without blanks, comments and docstrings, are few enough to be read."""
    kernel = [path for name, path in modules().items() if name.startswith("verify.kernel")]
    assert sum(code_lines(path.read_text(encoding="utf-8")) for path in kernel) <= KERNEL_LINES


def code_lines(source: str) -> int:
    """How many lines carry code: no blank lines, comments or docstrings."""
    docstrings = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            docstrings |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    empty = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in empty:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - docstrings)


def test_code_lines_counts_code_only() -> None:
    """The counting leaves out blanks, comments and docstrings, and counts strings that are values."""
    assert code_lines('"""Doc."""\n\n# why\nx = """a\nb"""\n\ndef f():\n    """Doc."""\n    return x\n') == 4


@pytest.mark.parametrize(
    ("what", "left_alone"),
    [("import verify.cli", (*HEAVY, "autograd", "numpy", "rich")), ("import verify; verify.check('$a = b$')", HEAVY)],
)
def test_checking_leaves_heavy_libraries_alone(what: str, left_alone: tuple[str, ...]) -> None:
    """Neither the command line nor a check imports SymPy, hypothesis, pytest or the catalogue: a cold start stays quick."""
    code = f"import sys\n{what}\nprint([m for m in {left_alone} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
