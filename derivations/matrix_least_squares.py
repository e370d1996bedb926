"""Least squares for matrices: the gradient is the transposed factor times the residual, on the side where the factor stood.

Source: Petersen and Pedersen, The Matrix Cookbook (2012), 2.5.2 and 2.7."""

from sympy import Sum, sqrt

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import constant_factor, instead, missing_sum, sign

i, j, k, m = index("i", "row"), index("j", "inner"), index("k", "col"), index("m", "inner")
A, X, B = tensor("A", i, j), tensor("X", j, k), tensor("B", i, k)
R, E, f = tensor("R", i, k), tensor("E"), tensor("f")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        R[i, k]: Sum(A[i, j] * X[j, k], j) - B[i, k],
        E: Sum(Sum(R[i, k] ** 2, k), i),
        f: sqrt(E),
    },
    gradients={
        d(E, R[i, k]): 2 * R[i, k],
        d(E, X[j, k]): 2 * Sum(A[i, j] * R[i, k], i),
        d(E, A[i, j]): 2 * Sum(R[i, k] * X[j, k], k),
        d(f, R[i, k]): R[i, k] / f,
        d(f, X[j, k]): Sum(A[i, j] * R[i, k], i) / f,
    },
    steps=(
        *chain(d(E, X[j, k]), ("chain rule", Sum(d(E, R[i, k]) * A[i, j], i)), ("substitution", 2 * Sum(A[i, j] * R[i, k], i))),
        *chain(d(E, A[i, j]), ("chain rule", Sum(d(E, R[i, k]) * X[j, k], k)), ("substitution", 2 * Sum(R[i, k] * X[j, k], k))),
        *chain(d(f, R[i, k]), ("chain rule", d(E, R[i, k]) / (2 * f)), ("substitution", R[i, k] / f)),
        *chain(d(f, X[j, k]), ("chain rule", d(E, X[j, k]) / (2 * f)), ("substitution", Sum(A[i, j] * R[i, k], i) / f)),
        *chain(
            Sum(A[i, j] * R[i, k], i),
            ("definition", Sum(Sum(A[i, j] * A[i, m], i) * X[m, k], m) - Sum(A[i, j] * B[i, k], i), "the normal equations, if set to 0"),
        ),
    ),
    pitfalls=(
        sign(d(E, X[j, k])),
        instead(d(E, X[j, k]), "constant-factor", Sum(A[i, j] * R[i, k], i)),
        missing_sum(d(E, X[j, k]), i),
        instead(d(E, X[j, k]), "missing-term", 2 * Sum(A[i, j] * Sum(A[i, m] * X[m, k], m), i)),
        instead(d(f, R[i, k]), "dropped-factor", R[i, k]),
        instead(d(f, X[j, k]), "constant-factor", 2 * Sum(A[i, j] * R[i, k], i) / f),
        constant_factor(d(E, A[i, j]), 2),
    ),
)
