"""The gradient of the log-determinant is the transposed inverse; shown for 3 × 3.

The determinant is written out by Sarrus's rule. B is the inverse, by the theorem of Cayley and Hamilton. Half the logarithm
of the square is that of the absolute value, so that the sign of the determinant does not matter.

Source: Petersen and Pedersen, The Matrix Cookbook (2012), 2.1; Boyd and Vandenberghe, Convex Optimization (2004), A.4.1."""

from sympy import KroneckerDelta, Sum, log

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import constant_factor, instead, sign

i, j, k, m, n = (index(letter, "dim") for letter in "ijkmn")
A, t, C, q, D, B, L = tensor("A", i, j), tensor("t"), tensor("C", i, j), tensor("q"), tensor("D"), tensor("B", i, j), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        t: Sum(A[n, n], n),
        C[i, j]: Sum(A[i, n] * A[n, j], n),
        q: (t**2 - Sum(C[n, n], n)) / 2,
        D: A[0, 0] * (A[1, 1] * A[2, 2] - A[1, 2] * A[2, 1])
        - A[0, 1] * (A[1, 0] * A[2, 2] - A[1, 2] * A[2, 0])
        + A[0, 2] * (A[1, 0] * A[2, 1] - A[1, 1] * A[2, 0]),
        B[i, j]: (C[i, j] - t * A[i, j] + q * KroneckerDelta(i, j)) / D,
        L: log(D**2) / 2,
    },
    sizes={i: 3},
    tested="the determinant is a formula in the entries only at a fixed size, where the identity is a comparison case by case",
    gradients={
        d(D, A[i, j]): D * B[j, i],
        d(L, D): 1 / D,
        d(L, A[i, j]): B[j, i],
    },
    steps=(
        *chain(Sum(B[i, n] * A[n, j], n), ("algebra", KroneckerDelta(i, j), "B is the inverse of A")),
        *chain(d(L, A[i, j]), ("chain rule", d(L, D) * d(D, A[i, j])), ("substitution", B[j, i])),
        *chain(Sum(Sum(d(L, A[i, j]) * A[i, j], j), i), ("algebra", 3 * D**0, "a determinant of order 3 is of degree 3")),
    ),
    pitfalls=(
        sign(d(L, A[i, j])),
        instead(d(L, A[i, j]), "swapped-indices", B[i, j]),
        instead(d(L, A[i, j]), "constant-factor", D * B[j, i]),
        instead(d(D, A[i, j]), "dropped-factor", B[j, i]),
        constant_factor(d(L, D), D),
    ),
)
