"""What is printed reads back as itself: random expressions in each notation."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from verify.deciding import Decider
from verify.kernel.expr import (
    Apply,
    Delta,
    Expr,
    Index,
    Prod,
    Size,
    Sum,
    Tensor,
    add,
    children,
    delta,
    mul,
    num,
    power,
    rebuild,
    relu,
    sub,
    substitute,
)
from verify.kernel.program import Definition, Program
from verify.meaning.claims import Typed
from verify.meaning.declarations import declared
from verify.notations import NOTATIONS
from verify.notations.page import Page, Unsayable, below, page_of, tensor_name
from verify.reading.document import read

J, K, M = Index("j", "in"), Index("k", "out"), Index("m", "out")
W, x, b, y, c, z, r = (Tensor(n, i) for n, i in (("W", (J, K)), ("x", (J,)), ("b", (K,)), ("y", (K,)), ("c", ()), ("z", (K,)), ("r", ())))
LEAVES = (W, x, b, y, c)
FORWARD = ((z, add(Sum(J, mul(W, x)), b)), (r, add(Sum(K, mul(y, z)), c)))
PROGRAM = Program((
    *(Definition(t.name, tuple(i for i in t.indices if isinstance(i, Index))) for t in LEAVES),
    *(Definition(t.name, tuple(i for i in t.indices if isinstance(i, Index)), body) for t, body in FORWARD),
))  # fmt: skip
FREE = [frozenset[Index](), frozenset({K}), frozenset({J}), frozenset({J, K}), frozenset({K, M})]
WAYS = {"index": ("index", False), "matrix": ("matrix", False), "rows": ("matrix", True), "loose": ("loose", False)}


def entries(free: frozenset[Index]) -> list[Expr]:
    """The entries of quantities, Kronecker deltas and widths that depend on no more than these indices."""
    found: list[Expr] = []
    for tensor in (*LEAVES, z, r):
        found += {substitute(tensor, {K: k}) for k in (K, M)}
    return [*(e for e in found if e.free <= free), *([delta(K, M)] if {K, M} <= free else []), Size("in"), Size("out")]


def expressions(free: frozenset[Index], depth: int) -> st.SearchStrategy[Expr]:
    """Expressions of which each entry depends on no more than these indices."""
    base = st.sampled_from(entries(free)) | st.sampled_from([num(2), num(-1), num(3)])
    if depth == 0:
        return base
    inner = expressions(free, depth - 1)
    bound = [i for i in (J, K, M) if i not in free and (i != M or K in free)]
    return st.one_of(
        base,
        st.tuples(inner, inner).map(lambda p: mul(*p)),
        st.tuples(inner, inner).map(lambda p: add(*p)),
        st.tuples(inner, inner).map(lambda p: sub(*p)),
        inner.map(lambda e: power(e, 2)),
        inner.map(lambda e: power(add(num(2), power(e, 2)), -1)),
        inner.map(lambda e: relu(e) if e.free else e),
        st.tuples(st.sampled_from(["tanh", "exp", "sigmoid"]), inner).map(lambda p: Apply(*p) if p[1].free else p[1]),
        *(expressions(free | {i}, depth - 1).map(lambda e, i=i: Sum(i, e) if i in e.free else e) for i in bound),
    )


def is_plain(expr: Expr) -> bool:
    """Whether every axis is told by a quantity that an index stands on, and the value is not at a kink all over, nor a number."""
    carried = {i for node in below(expr) if isinstance(node, Tensor) for i in node.free}
    written = {i for node in below(expr) for i in (*node.free, *([node.index] if isinstance(node, Sum) else []))}
    return bool(carried) and written <= carried and Decider(PROGRAM, ()).holds(Typed(expr, expr)) is not None


def on(axes: dict[str, str], expr: Expr) -> Expr:
    """The expression with its axes by other names."""

    def at(index: Index) -> Index:
        return Index(index.name, axes[index.axis])

    match expr:
        case Tensor(name, indices):
            return Tensor(name, tuple(at(i) if isinstance(i, Index) else i for i in indices))
        case Delta(left, right):
            assert isinstance(left, Index) and isinstance(right, Index)
            return Delta(at(left), at(right))
        case Size(axis):
            return Size(axes[axis])
        case Sum(index, body) | Prod(index, body):
            return type(expr)(at(index), on(axes, body))
    return rebuild(expr, tuple(on(axes, child) for child in children(expr)))


def shapes(page: Page, head: Tensor) -> str:
    """The shapes of all quantities in words."""
    said = []
    for tensor in (*LEAVES, z, r, head):
        lengths = [page.widths.get(i.axis, f"n_{{{i.axis}}}") for i in tensor.indices if isinstance(i, Index)]
        lengths = ["1", *lengths] if page.rows and len(lengths) == 1 else lengths
        power_of = "^{" + r" \times ".join(lengths) + "}" if lengths else ""
        said.append(rf"${tensor_name(tensor.name)} \in \mathbb{{R}}{power_of}$")
    return f"Here {', '.join(said)}.\n\n"


@settings(max_examples=60, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.sampled_from(sorted(WAYS)), st.sampled_from(FREE).flatmap(lambda free: expressions(free, 3)))
def test_a_random_definition_reads_back_as_itself(way: str, expr: Expr) -> None:
    """A quantity that is defined by a random expression has, read back, a body that the kernel shows to be that expression."""
    assume(is_plain(expr))
    free = expr.free
    notation, rows = WAYS[way]
    head = Tensor("G" if len(free) == 2 else "h" if free else "s", tuple(sorted(free)))
    page = page_of(PROGRAM, [expr], rows)
    said = [NOTATIONS[notation](page, pair) for pair in (*FORWARD, (head, expr))]
    if any(isinstance(found, Unsayable) for found in said):
        assert notation != "index"
        return
    text = ("" if notation == "index" else shapes(page, head)) + "\n\n".join(f"$${' = '.join(found)}$$" for found in said)
    network = declared(read(text)).scopes[-1].network
    assert not network.failed, (text, network.failed)
    program = network.program
    axes = {"in": program.by_name["x"].axes[0], "out": program.by_name["z"].axes[0]}
    found = program.by_name[head.name]
    assert found.body is not None, text
    assert found.axes == tuple(axes[i.axis] for i in sorted(free)), text
    claimed = substitute(on(axes, expr), {on_index(axes, i): new for i, new in zip(sorted(free), found.indices, strict=True)})
    assert Decider(program, ()).holds(Typed(claimed, found.body)) is not None, text


def on_index(axes: dict[str, str], index: Index) -> Index:
    """The index on the axis of another name."""
    return Index(index.name, axes[index.axis])
