"""Derivatives of traces that are linear in the matrix: each is read off by writing the trace with indices.

Source: Petersen and Pedersen, The Matrix Cookbook (2012), 2.5.1."""

from sympy import KroneckerDelta, S, Sum

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import constant_factor, dropped_factor, instead, missing_sum, sign

i, j, k, m = index("i", "row"), index("j", "col"), index("k", "inner"), index("m", "col")
r = index("r", "row")
X, A, B, C = tensor("X", i, j), tensor("A", j, i), tensor("B", k, i), tensor("C", j, k)
p, q, s = tensor("p"), tensor("q"), tensor("s")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        p: Sum(Sum(A[j, i] * X[i, j], j), i),
        q: Sum(Sum(Sum(B[k, i] * X[i, j] * C[j, k], j), i), k),
        s: Sum(Sum(X[i, j] * X[i, j], j), i),
    },
    gradients={
        d(p, X[i, j]): A[j, i],
        d(q, X[i, j]): Sum(B[k, i] * C[j, k], k),
        d(q, B[k, i]): Sum(X[i, j] * C[j, k], j),
        d(s, X[i, j]): 2 * X[i, j],
    },
    steps=(
        *chain(
            d(p, X[i, j]),
            ("sum rule", Sum(Sum(A[m, r] * KroneckerDelta(i, r) * KroneckerDelta(j, m), m), r), "tr(AX)"),
            ("contraction", A[j, i], "the transpose of A"),
        ),
        *chain(
            d(q, X[i, j]),
            ("sum rule", Sum(Sum(Sum(B[k, r] * KroneckerDelta(i, r) * KroneckerDelta(j, m) * C[m, k], m), r), k), "tr(BXC)"),
            ("contraction", Sum(B[k, i] * C[j, k], k), "the transpose of CB"),
        ),
        *chain(q, ("algebra", Sum(Sum(Sum(C[j, k] * B[k, i], k) * X[i, j], j), i), "a trace does not mind turning its factors round")),
        *chain(d(s, X[i, j]), ("power rule", 2 * X[i, j], "the squared Frobenius norm, tr(X'X) with X' the transpose")),
    ),
    pitfalls=(
        sign(d(p, X[i, j])),
        constant_factor(d(p, X[i, j]), S(2)),
        dropped_factor(d(s, X[i, j]), X[i, j]),
        missing_sum(d(q, X[i, j]), k),
        instead(d(s, X[i, j]), "constant-factor", X[i, j]),
        instead(d(q, B[k, i]), "swapped-indices", Sum(X[i, j] * B[k, i] * C[j, k], j)),
    ),
)
