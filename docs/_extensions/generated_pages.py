"""Pages of the documentation that are made from the program: the catalogue with its proofs, the mistakes, the schema of the JSON report.

They are written into the source folder before Sphinx reads it, only where they change, and are not kept in the repository.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner

from derivations import catalogue
from verify.cli import main
from verify.mistakes import all_mistakes
from verify.notations import index
from verify.rendering.json_report import schema
from verify.sympy_bridge import to_expr

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from derivations._entry import Derivation

ABBREVIATIONS = frozenset({"elu", "gelu", "gru", "kl", "lstm", "mlp", "mse", "relu", "rms", "rnn", "silu", "vae"})
NOTE = "<!-- Made from the program when the documentation is built. -->\n\n"


def catalogue_page(entry: Derivation) -> str:
    """The page of an entry: its proof as ``backproof prove`` writes it, its pitfalls, and its file."""
    done = CliRunner().invoke(main, ["prove", entry.name, "--to", "md"])
    if done.exit_code != 0:
        raise RuntimeError(f"backproof prove {entry.name} ended with {done.exit_code}: {done.output}")
    proof = done.stdout.strip()
    if "\n### " not in proof:
        proof = proof.replace("\n#### ", "\n### ")  # a short proof has cases and no parts
    _, _, body = proof.partition("\n")
    parts = [NOTE, f"# {heading(entry.name)}\n\n*{entry.title}*\n", body, "\n\n## Pitfalls\n\n"]
    if entry.pitfalls:
        parts.append("Each of these is refuted, with a network of small numbers on which it fails.\n\n")
        parts += ["| mistake | what is then written |\n", "|---|---|\n", *pitfall_rows(entry)]
    else:
        parts.append("None are listed.\n")
    parts.append(f"\n## As it stands in the catalogue\n\n```{{literalinclude}} ../../derivations/{entry.name}.py\n:language: python\n```\n")
    return "".join(parts)


def heading(name: str) -> str:
    """An entry's name as a heading: ``softmax_jacobian`` is Softmax jacobian; what is an abbreviation stays one."""
    words = [word.upper() if word in ABBREVIATIONS else word for word in name.split("_")]
    return " ".join([words[0] if words[0].isupper() else words[0].capitalize(), *words[1:]])


def pitfall_rows(entry: Derivation) -> Iterator[str]:
    """A row of a table for each pitfall: the mistake's name, and the wrong equation."""
    for pitfall in entry.pitfalls:
        wrong = index.shown_relation(to_expr(pitfall.gradient), to_expr(entry.fallen(pitfall)))
        wrong = wrong.replace("|", r"\vert ")
        yield f"| `{pitfall.mistake}` | ${wrong}$ |\n"


def catalogue_index() -> str:
    """The page that lists the entries."""
    rows = [f"| [{heading(name)}]({name}.md) | {entry.title} |\n" for name, entry in catalogue().items()]
    names = "\n".join(catalogue())
    return (
        f"{NOTE}# Catalogue\n\nGradients that people derive by hand, {len(rows)} entries. Each is decided by the kernel, held against "
        "three oracles on random networks, and refuted under its pitfalls; `backproof prove NAME` prints the proof.\n\n"
        f"| entry | what it shows |\n|---|---|\n{''.join(rows)}\n```{{toctree}}\n:hidden:\n\n{names}\n```\n"
    )


def mistakes_page() -> str:
    """The page that lists the mistakes and slips by name."""
    parts = [NOTE, "# Mistakes\n\nThe names that reports, labels, the class page and the JSON use, each with an example.\n"]
    for kind, heading in (("mathematics", "Mathematics"), ("notation", "Notation")):
        parts.append(f"\n## {heading}\n\n| name | right | wrong |\n|---|---|---|\n")
        for mistake in sorted(all_mistakes(), key=lambda m: m.name):
            if mistake.kind == kind:
                right, wrong = (f"${side.replace('|', chr(92) + 'vert ')}$" for side in mistake.example)
                parts.append(f"| `{mistake.name}` | {right} | {wrong} |\n")
    return "".join(parts)


def schema_page() -> str:
    """The page with the JSON Schema of what ``check --json`` prints."""
    return f"{NOTE}# Schema of the JSON report\n\n```json\n{json.dumps(schema(), indent=2, ensure_ascii=False)}\n```\n"


def pages() -> Iterator[tuple[str, str]]:
    """Every generated page: its path below docs/ and its text."""
    yield "catalogue/index.md", catalogue_index()
    for name, entry in catalogue().items():
        yield f"catalogue/{name}.md", catalogue_page(entry)
    yield "reference/mistakes.md", mistakes_page()
    yield "reference/schema.md", schema_page()


def write_pages(app: Sphinx) -> None:
    """Writes the pages whose text is not there yet, and removes pages of entries that are no more."""
    folder, written = Path(app.srcdir), set()
    for name, text in pages():
        path = folder / name
        written.add(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in set((folder / "catalogue").glob("*.md")) - written:
        path.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Makes the pages when the builder has started."""
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
