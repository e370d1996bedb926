"""Derivatives of traces with the matrix in two places: each place in turn is differentiated, and both terms count.

Source: Petersen and Pedersen, The Matrix Cookbook (2012), 2.5.2."""

from sympy import S, Sum

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import constant_factor, instead, missing_sum, missing_term, sign

i, k, j, m = index("i", "row"), index("k", "row"), index("j", "col"), index("m", "col")
X, A, B, C = tensor("X", i, j), tensor("A", i, k), tensor("B", j, m), tensor("C", j, i)
p, q, s = tensor("p"), tensor("q"), tensor("s")
left, right = Sum(A[i, k] * X[k, j], k), Sum(A[k, i] * X[k, j], k)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        p: Sum(Sum(Sum(X[i, j] * A[i, k] * X[k, j], k), j), i),
        q: Sum(Sum(Sum(X[i, j] * B[j, m] * X[i, m], m), j), i),
        s: Sum(Sum(Sum(Sum(X[i, j] * C[j, k] * X[k, m] * C[m, i], m), k), j), i),
    },
    gradients={
        d(p, X[i, j]): left + right,
        d(q, X[i, j]): Sum((B[j, m] + B[m, j]) * X[i, m], m),
        d(s, X[i, j]): 2 * Sum(Sum(C[j, k] * X[k, m] * C[m, i], m), k),
        d(p, A[i, k]): Sum(X[i, j] * X[k, j], j),
    },
    steps=(
        *chain(
            d(p, X[i, j]),
            ("product rule", left + right, "tr(X'AX): the first X, then the second"),
            ("algebra", Sum((A[i, k] + A[k, i]) * X[k, j], k), "twice AX only if A is symmetric"),
        ),
        *chain(
            d(q, X[i, j]),
            ("product rule", Sum(B[j, m] * X[i, m], m) + Sum(X[i, m] * B[m, j], m), "tr(XBX')"),
            ("algebra", Sum((B[j, m] + B[m, j]) * X[i, m], m)),
        ),
        *chain(
            d(s, X[i, j]),
            (
                "product rule",
                Sum(Sum(C[j, k] * X[k, m] * C[m, i], m), k) + Sum(Sum(C[j, k] * X[k, m] * C[m, i], k), m),
                "tr(XCXC): by turning the factors round both terms are one",
            ),
        ),
        *chain(Sum(Sum(d(p, X[i, j]) * X[i, j], j), i), ("algebra", 2 * p, "a quadratic form: Euler's rule")),
    ),
    pitfalls=(
        sign(d(p, X[i, j])),
        instead(d(p, X[i, j]), "missing-term", 2 * left),
        missing_term(d(p, X[i, j]), right),
        missing_sum(d(q, X[i, j]), m),
        constant_factor(d(s, X[i, j]), S.Half),
        instead(d(q, X[i, j]), "swapped-indices", 2 * Sum(B[j, m] * X[i, m], m)),
        instead(d(p, A[i, k]), "constant-factor", 2 * Sum(X[i, j] * X[k, j], j)),
    ),
)
