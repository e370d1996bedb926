"""Proofs as Markdown and as LaTeX documents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

from verify.kernel.expr import Add, Derivative, Expr, Index, Tensor, children, rebuild
from verify.kernel.program import Assumption, Condition, Equal, OneHot, Positive, SumsToOne
from verify.notations.index import shown
from verify.proving.proof import Line, Proof

GREEK = frozenset(
    {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi"}
    | {"pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma"}
    | {"Phi", "Psi", "Omega"}
)
SIGNS = {
    "−": "$-$", "–": "--", "—": "---", "·": "$\\cdot$", "×": "$\\times$", "∂": "$\\partial$", "Σ": "$\\Sigma$", "≠": "$\\neq$",
    "≤": "$\\le$", "≥": "$\\ge$", "²": "$^2$", "⁻": "\\textsuperscript{$-$}", "ᶻ": "\\textsuperscript{z}", "→": "$\\to$",
    "…": "\\dots{}", "“": "``", "”": "''",
    "’": "'", "½": "$\\frac12$", "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "#": "\\#", "%": "\\%",
    "_": "\\_", "^": "\\textasciicircum{}", "~": "\\textasciitilde{}",
}  # fmt: skip
"""How letters of prose are written in LaTeX where they do not stand for themselves."""


def proof_markdown(proof: Proof) -> str:
    """The proof as a Markdown document with mathematics between dollar signs."""
    write = _writer(proof)
    parts = [f"# {proof.title}", "## Forward pass", *(f"$${write(left)} = {write(right)}$$" for left, right in proof.definitions)]
    if proof.assumptions:
        parts += ["It is assumed that " + " and ".join(f"${_assumed(a, proof, write)}$" for a in proof.assumptions) + "."]
    parts += ["## Derivation", *(_chain(chain, write, _markdown_words) for chain in proof.chains)]
    parts += ["## Result", *(f"$${write(line.left)} = {write(line.right)}$$" for line in proof.results), _closing(proof, _markdown_words)]
    if proof.source:
        parts.append(f"Source: {proof.source}")
    return "\n\n".join(parts) + "\n"


def proof_latex(proof: Proof) -> str:
    """The proof as a LaTeX document that needs only what every installation has."""
    write = _writer(proof)

    def display(left: Expr, right: Expr) -> str:
        return f"\\[ {write(left)} = {write(right)} \\]"

    parts = [
        "\\documentclass{article}",
        "\\usepackage[utf8]{inputenc}\n\\usepackage[T1]{fontenc}\n\\usepackage{amsmath}\n\\usepackage[margin=25mm]{geometry}",
        "\\allowdisplaybreaks\n\\setlength{\\parindent}{0pt}",
        f"\\begin{{document}}\n\\section*{{{latex_words(proof.title)}}}",
        "\\subsection*{Forward pass}",
        *(display(left, right) for left, right in proof.definitions),
    ]
    if proof.assumptions:
        parts.append("It is assumed that " + " and ".join(f"${_assumed(a, proof, write)}$" for a in proof.assumptions) + ".")
    parts += ["\\subsection*{Derivation}", *(_chain(chain, write, latex_words) for chain in proof.chains)]
    parts += ["\\subsection*{Result}", *(display(line.left, line.right) for line in proof.results), _closing(proof, latex_words)]
    if proof.source:
        parts.append(f"\\bigskip\\textit{{Source:}} {latex_words(proof.source)}")
    return "\n\n".join([*parts, "\\end{document}"]) + "\n"


def latex_words(text: str) -> str:
    """Prose as LaTeX: letters that LaTeX acts on are escaped, those that it may lack are written by their signs or code points."""
    return "".join(SIGNS.get(c) or (_greek(c) if ord(c) > 0xFF else c) for c in text if c.isprintable() or c == " ")


def _greek(letter: str) -> str:
    name = unicodedata.name(letter, "").lower()
    found = re.fullmatch(r"greek small letter (?:final )?([a-z]+)", name)
    if found and found[1] in GREEK:
        return f"$\\{found[1]}$"
    return f"\\texttt{{U+{ord(letter):04X}}}"


def _markdown_words(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>$#|~])", r"\\\1", text)


def _closing(proof: Proof, words: Callable[[str], str]) -> str:
    lines = sum(map(len, proof.chains)) + len(proof.results)
    return words(f"Each of the {lines} lines was proved for all widths, off the kinks, before it was written.")


def _chain(chain: tuple[Line, ...], write: Callable[[Expr], str], words: Callable[[str], str]) -> str:
    """A chain of steps as one display, a line for each step with its rule; above it the case in which it holds."""
    first = chain[0]
    rows = []
    for n, line in enumerate(chain):
        head = write(line.left) if n == 0 else ""
        reason = line.rule + (f": {line.note}" if line.note else "")
        rows.append(f"{head} &= {write(line.right)} && \\text{{({latex_words(reason)})}}")
    body = " \\\\\n".join(rows)
    where = " and ".join(f"${_condition(c, write)}$" for c in first.conditions)
    if words is latex_words:
        return (f"Where {where}:\n" if where else "") + f"\\begin{{align*}}\n{body}\n\\end{{align*}}"
    return (f"Where {where}:\n\n" if where else "") + f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"


def _condition(condition: Condition, write: Callable[[Expr], str]) -> str:
    sign = "=" if isinstance(condition, Equal) else "\\neq"
    left, right = (p.name if isinstance(p, Index) else str(p + 1) for p in (condition.left, condition.right))
    return f"{_letter(left)} {sign} {_letter(right)}"


def _assumed(assumption: Assumption, proof: Proof, write: Callable[[Expr], str]) -> str:
    entry = _entry(assumption.name, proof)
    match assumption:
        case SumsToOne(_, position):
            index = entry.indices[position]
            assert isinstance(index, Index)
            return f"\\sum_{{{_letter(index.name)}}} {write(entry)} = 1"
        case OneHot(_, position):
            return f"{write(entry)} \\text{{ is one-hot}}"
        case Positive():
            return f"{write(entry)} > 0"


def _entry(name: str, proof: Proof) -> Tensor:
    """An entry of a tensor as the forward pass writes it."""
    stack: list[Expr] = [right for _, right in proof.definitions]
    while stack:
        top = stack.pop()
        if isinstance(top, Tensor) and top.name == name:
            return top
        stack.extend(children(top))
    return Tensor(name)


def _writer(proof: Proof) -> Callable[[Expr], str]:
    """A function that writes an expression as LaTeX, with the same letters all through the proof."""
    names = {index: _letter(index.name) for index in proof.indices}

    def write(expr: Expr) -> str:
        return shown(_named(expr), names)

    return write


def _named(expr: Expr) -> Expr:
    """The expression with names of tensors as LaTeX writes them."""
    match expr:
        case Tensor(name, _):
            return replace(expr, name=tensor_name(name))
        case Derivative(body, wrt):
            return Derivative(_named(body), replace(wrt, name=tensor_name(wrt.name)))
        case Add(terms):
            return Add(tuple(map(_named, terms)))
    below = children(expr)
    return rebuild(expr, tuple(map(_named, below))) if below else expr


def tensor_name(name: str) -> str:
    r"""The name in LaTeX: ``w_h1`` is ``w_{h1}``, ``delta`` is ``\delta``."""
    stem, _, script = name.partition("_")
    stem = f"\\{stem}" if stem in GREEK else stem
    return f"{stem}_{{{script.strip('{}')}}}" if script else stem


def _letter(name: str) -> str:
    """The name of an index in LaTeX: ``j1`` is ``j_{1}``."""
    found = re.fullmatch(r"([A-Za-z]+)(\d+)", name)
    return f"{found[1]}_{{{found[2]}}}" if found else name
