"""Every message of the program that a reader may see, found in its source: what a translation has to have.

Printed by ``python tests/messages.py`` as lines of a ``.po`` file without translations, the places as comments.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
RAISED = {"Unread", "Clash", "Undecided", "OutOfReach", "OutOfDomain", "IllTyped", "Diagnostic", "Remark", "Reading"}
"""What carries a sentence to the reader in its arguments."""
KEYWORDS = {"reason", "message", "says", "why"}
ROOMS = (
    *("kernel", "workspace", "reading", "meaning", "deciding", "mistakes", "judging", "explaining"),
    *("checking_code", "checking", "grading", "proving", "rendering"),
)
LABEL = re.compile(r"""_\((?:"([^"]+)"|'([^']+)')\)""")
TABLES = {"NOTATION", "SAYS", "MEANINGS", "LABELS", "SYMBOLS", "STATUSES", "KINDS"}
"""Tables whose texts are shown."""


def messages() -> dict[str, str]:
    """Each message with ``{}`` for its holes, and where it stands."""
    found: dict[str, str] = {}
    for room in ROOMS:
        base = ROOT / "verify" / room
        for path in sorted(base.rglob("*.py")) if base.is_dir() else [base.with_suffix(".py")]:
            for line, text in in_python(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault(text, f"{path.relative_to(ROOT)}:{line}")
    for path in sorted((ROOT / "verify" / "rendering").glob("*.jinja")):
        for n, row in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for match in LABEL.finditer(row):
                found.setdefault(open_holes(match[1] or match[2]), f"{path.relative_to(ROOT)}:{n}")
    return found


def open_holes(text: str) -> str:
    """A message with its holes unnamed."""
    return re.sub(r"\{\w*\}", "{}", text)


def in_python(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The messages of a module: arguments of what carries them, labels that are translated, tables of sentences."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in RAISED:
                wanted: list[ast.expr] = [*node.args, *(k.value for k in node.keywords)]
            case ast.Call(func=ast.Name(id="say" | "translate")) | ast.Call(func=ast.Attribute(attr="translate" | "_translate")):
                wanted = list(node.args[:1])
            case ast.Call(func=ast.Attribute(attr="__init__")):
                wanted = list(node.args)
            case ast.Call(func=ast.Attribute(attr="append", value=ast.Name(id="notes") | ast.Attribute(attr="notes"))):
                wanted = list(node.args)
            case ast.Call():
                wanted = [k.value for k in node.keywords if k.arg in KEYWORDS]
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(values=values)) if name in TABLES:
                wanted = list(values)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict(values=values)) if name in TABLES:
                wanted = list(values)
            case ast.Assign(targets=[ast.Name(id="reason" | "doubt")], value=value):
                wanted = [value]
            case ast.FunctionDef(name=name, returns=ast.BinOp()) if name.startswith("of_"):  # a doubt
                wanted = [found.value for found in ast.walk(node) if isinstance(found, ast.Return) and found.value is not None]
            case _:
                continue
        for value in wanted:
            for text in sentences(value):
                if re.search(r"[a-z]{2}", re.sub(r"\{\}|\\[A-Za-z]+", "", text)):
                    yield node.lineno, text


def sentences(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may be, an f-string with ``{}`` for what it puts in."""
    match node:
        case ast.Constant(value=str() as text):
            yield open_holes(text)
        case ast.JoinedStr(values=parts):
            yield "".join(p.value if isinstance(p, ast.Constant) else "{}" for p in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from sentences(one)
            yield from sentences(other)
        case ast.BoolOp(values=values):
            for value in values:
                yield from sentences(value)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            # A sentence with more behind it: the whole is one message.
            for one in sentences(left) if not isinstance(left, (ast.Name, ast.Attribute)) else ("{}",):
                for other in sentences(right):
                    yield one + other
        case ast.Call(func=ast.Name(id="describe")):
            for value in node.args:
                yield from sentences(value)


if __name__ == "__main__":
    for text, place in messages().items():
        print(f'#: {place}\nmsgid "{text}"\nmsgstr ""\n'.replace("\\", "\\\\"))
