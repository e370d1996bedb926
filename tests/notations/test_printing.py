"""Expressions printed in each notation, or the reason why they cannot be."""

from __future__ import annotations

import pytest

from derivations import catalogue
from verify.kernel.expr import ONE, Apply, Delta, Derivative, Expr, Index, Size, Sum, Tensor, add, div, mul, num, power, relu, sub, total
from verify.kernel.program import Definition, Program
from verify.notations import NOTATIONS
from verify.notations.page import Unsayable, page_of
from verify.proving.order import readable
from verify.sympy_bridge import program, to_expr

NO_DELTA = "✗ a Kronecker delta, which needs two indices"
TWO = "✗ two indices of the axis out, which without letters are one"
n, j, k, m = Index("n", "sample"), Index("j", "in"), Index("k", "out"), Index("m", "out")
W, x, b = Tensor("W", (j, k)), Tensor("x", (j,)), Tensor("b", (k,))
X, Y, L = Tensor("X", (n, j)), Tensor("Y", (n, k)), Tensor("L")
AXES = Program(tuple(Definition(t.name, tuple(i for i in t.indices if isinstance(i, Index))) for t in (W, x, b, X, Y, L)))


def printed(notation: str, *exprs: Expr, rows: bool = False) -> str:
    """The chain of the expressions in a notation, or the reason against it after a cross."""
    found = NOTATIONS[notation](page_of(AXES, exprs, rows), exprs)
    return f"✗ {found}" if isinstance(found, Unsayable) else " = ".join(found)


@pytest.mark.parametrize(
    ("expr", "index", "matrix", "loose"),
    [
        (Sum(j, mul(W, x)), r"\sum_{j} W_{jk} \, x_j", r"W^\top x", r"\sum W \, x"),
        (mul(x, sub(b, ONE)), r"x_j \, \left(b_k - 1\right)", r"x \left(b^\top - 1\right)", r"x \, \left(b - 1\right)"),
        (add(Sum(j, mul(X, W)), b), r"\sum_{j} X_{nj} \, W_{jk} + b_k", r"X W + \mathbf{1} b^\top", "✗ a sum of terms with different axes"),
        (div(Sum(n, Y), Size("sample")), r"\frac{\sum_{n=1}^{N} Y_{nk}}{N}", r"\frac{1}{N} Y^\top \mathbf{1}", r"\frac{\sum Y}{N}"),
        (Sum(k, power(b, 2)), r"\sum_{k} b_k^{2}", r"\left\| b \right\|^2", r"\sum b^{2}"),
        (total(power(Y, 2), n, k), r"\sum_{n} \sum_{k} Y_{nk}^{2}", r"\mathbf{1}^\top \left(Y \odot Y\right) \mathbf{1}", r"\sum Y^{2}"),
        (mul(b, Delta(k, m)), r"b_k \, \delta_{km}", r"\operatorname{diag}\left(b\right)", TWO),
        (Sum(k, mul(b, sub(Delta(k, m), Tensor("b", (m,))))), None, r"b - \left(\mathbf{1}^\top b\right) b", NO_DELTA),
        (total(mul(W, x, b), j, k), r"\sum_{j} \sum_{k} W_{jk} \, x_j \, b_k", r"x^\top W b", r"\sum W \, x \, b"),
        (Derivative(L, W), r"\frac{\partial L}{\partial W_{jk}}", r"\frac{\partial L}{\partial W}", r"\frac{\partial L}{\partial W}"),
        (relu(b), r"\text{ReLU}\left(b_k\right)", r"\text{ReLU}\left(b\right)", r"\text{ReLU}\left(b\right)"),
        (Apply("exp", mul(num(-1), b)), r"e^{-b_k}", r"e^{-b}", r"e^{-b}"),
        (Tensor("T", (n, j, k)), r"T_{njk}", "✗ 3 axes, and a matrix has two", "T"),
        (Tensor("x", (0,)), "x_1", "✗ one position of x", "✗ one position of x, which needs an index"),
    ],
)  # fmt: skip
def test_each_notation_says_an_expression_its_own_way(expr: Expr, index: str | None, matrix: str, loose: str) -> None:
    """Sums, products, outer products, broadcasts, deltas and derivatives; what a notation cannot say is refused with the reason."""
    assert index is None or printed("index", expr) == index
    assert (printed("matrix", expr), printed("loose", expr)) == (matrix, loose)


def test_rows_turn_vectors_round() -> None:
    """On a page with rows a vector is a row, and the product stands the other way round."""
    assert printed("matrix", Sum(j, mul(W, x)), rows=True) == "x W"
    assert printed("matrix", mul(x, b), rows=True) == r"x^\top b"


def test_both_sides_of_a_chain_run_the_same_way() -> None:
    """The two sides of an equation of matrices are written for one shape."""
    assert printed("matrix", Derivative(L, W), mul(x, b)) == r"\frac{\partial L}{\partial W} = x b^\top"


def test_every_line_of_the_catalogue_is_said_or_refused_with_a_reason() -> None:
    """Index notation says all; what matrix and loose notation refuse has more axes, or two of one kind, or a broadcast."""
    refused: set[str] = set()
    for derivation in catalogue().values():
        pairs = [*derivation.forward.items(), *derivation.gradients.items()]
        lines = [(readable(to_expr(left)), readable(to_expr(right))) for left, right in pairs]
        page = page_of(program(derivation), [e for line in lines for e in line])
        for line in lines:
            for notation, sides in NOTATIONS.items():
                found = sides(page, line)
                if isinstance(found, Unsayable):
                    assert notation != "index"
                    refused.add(str(found).split(" of ")[0])
                else:
                    assert len(found) == 2 and all(found)
    assert refused
