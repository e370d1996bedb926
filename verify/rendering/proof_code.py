"""A proof as a NumPy function: the forward pass and the gradients, each by the closed form that the kernel decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verify.kernel.expr import Derivative, Expr, Tensor
from verify.kernel.program import Definition, nodes
from verify.notations.numpy_code import HELPERS, CodePage, code, identifier, length_of
from verify.notations.page import Unsayable
from verify.proving.proof import Chain, Heading, NotProved, Proof, Signal

INDENT = "    "


def proof_python(proof: Proof) -> str:
    """Python source with a function of the leaves that returns what is differentiated and its gradients, in the order of the results.

    An array has its quantity's axes in order. Raises NotProved where what is differentiated has axes itself, or where NumPy has no way to
    say a line, with the reason.
    """
    try:
        return _source(proof)
    except Unsayable as reason:
        raise NotProved(f"not as NumPy: {reason}") from None


def _source(proof: Proof) -> str:
    slopes = [line.left for line in proof.results]
    roots = {slope.body for slope in slopes if isinstance(slope, Derivative)}
    root = roots.pop() if len(roots) == 1 else None
    if not isinstance(root, Tensor) or root.indices:
        raise Unsayable("what is differentiated is no single number")
    page = CodePage()
    leaves = [d for d in proof.program.definitions if d.body is None]
    if "loss" not in proof.program.by_name:
        page.names[root.name] = "loss"
    for definition in proof.program.definitions:
        page.name(definition.name)
    taken = set(page.names.values())
    lines: list[str] = []
    for entry, body in proof.definitions:
        lines.append(f"{page.name(entry.name)} = {code(page, entry, body)}")
    gradients = dict[str, str]()
    for wrt, signal, value in _backward(proof, root):
        name = f"d{page.name(wrt.name)}"
        while name in taken:
            name += "_"
        taken.add(name)
        lines.append(f"{name} = {code(page, wrt, value)}")
        gradients[wrt.name] = name
        if signal is not None:
            page.names[signal.name] = name
    wanted = [gradients[slope.wrt.name] for slope in slopes if isinstance(slope, Derivative)]
    if missing := page.sizes - {axis for d in leaves for axis in d.axes}:
        raise Unsayable(f"the length of the axis {min(missing)}, which no leaf has")
    sizes = list(shapes(leaves, page))
    axes = [f"{page.name(d.name)} ({', '.join(d.axes)})" if d.axes else f"{page.name(d.name)}, a number" for d in leaves]
    about = f'"""{page.name(root.name)} and its gradients by {", ".join(name[1:] for name in wanted)}.'
    inside = [f"{about}\n\n{INDENT}Arrays and their axes: {'; '.join(axes)}.\n{INDENT}" + '"""', *sizes, *lines]
    inside.append(f"return {', '.join([page.name(root.name), *wanted])}")
    head = f"def {identifier(proof.name or 'gradients')}({', '.join(page.name(d.name) for d in leaves)}):"
    parts = ["import numpy as np\n", *(HELPERS[name] for name in sorted(page.needs))]
    parts.append(head + "\n" + "\n".join(INDENT + line for line in inside) + "\n")
    return "\n\n".join(parts)


def shapes(leaves: Sequence[Definition], page: CodePage) -> Iterator[str]:
    """Statements that name the length of each axis and demand the shape of each leaf; the axes of one name have one length."""
    known: set[str] = set()
    for leaf in leaves:
        for n, axis in enumerate(leaf.axes):
            if axis not in known:
                yield f"{length_of(axis)} = {page.name(leaf.name)}.shape[{n}]"
                known.add(axis)
    for leaf in leaves:
        lengths = ", ".join(map(length_of, leaf.axes)) + ("," if len(leaf.axes) == 1 else "")
        yield f"assert np.shape({page.name(leaf.name)}) == ({lengths})"


def _backward(proof: Proof, root: Tensor) -> Iterator[tuple[Tensor, Tensor | None, Expr]]:
    """What is computed backwards, in order: the quantity, its error signal if that has a name, the derivative by what was named before."""
    named: set[str] = set()
    of: Tensor | None = None
    for block in proof.blocks:
        match block:
            case Heading("gradient", tensor):
                of = tensor
            case Heading():
                of = None
            case Signal(name, derivative, value):
                yield derivative.wrt, name, value
                named.add(name.name)
            case Chain(lines) if of is not None and lines and lines[0].left == Derivative(root, of):
                closed = [line.right for line in lines if not any(isinstance(n, Derivative) for n in nodes({}, line.right))]
                short = [e for e in closed if any(isinstance(n, Tensor) and n.name in named for n in nodes({}, e))]
                yield of, None, (short or closed)[-1]
