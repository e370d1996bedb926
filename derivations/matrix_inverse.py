"""The derivative of the inverse is −B on the left and B on the right of the change, where B is the inverse; shown for 2 × 2.

B is made by Cramer's rule. It is a formula in the entries only at a fixed size.

Source: Petersen and Pedersen, The Matrix Cookbook (2012), 2.2."""

from sympy import KroneckerDelta, Sum

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import constant_factor, instead, sign

i, j, k, m, n = (index(letter, "dim") for letter in "ijkmn")
A, G, D, B, L = tensor("A", i, j), tensor("G", i, j), tensor("D"), tensor("B", i, j), tensor("L")
trace = Sum(A[n, n], n)
pulled = -Sum(Sum(B[i, k] * G[i, j] * B[m, j], j), i)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        D: A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0],
        B[i, j]: (trace * KroneckerDelta(i, j) - A[i, j]) / D,
        L: Sum(Sum(G[i, j] * B[i, j], j), i),
    },
    sizes={i: 2},
    tested="the inverse is a formula in the entries only at a fixed size, where the identity is a comparison case by case",
    gradients={
        d(B[i, j], A[k, m]): -B[i, k] * B[m, j],
        d(L, B[i, j]): G[i, j],
        d(L, A[k, m]): pulled,
    },
    steps=(
        *chain(Sum(B[i, n] * A[n, j], n), ("algebra", KroneckerDelta(i, j), "B is the inverse of A")),
        *chain(
            Sum(d(B[i, n], A[k, m]) * A[n, j], n),
            ("product rule", -B[i, k] * KroneckerDelta(m, j), "the product BA does not move"),
        ),
        *chain(d(L, A[k, m]), ("chain rule", Sum(Sum(d(L, B[i, j]) * d(B[i, j], A[k, m]), j), i)), ("substitution", pulled)),
    ),
    pitfalls=(
        sign(d(B[i, j], A[k, m])),
        instead(d(B[i, j], A[k, m]), "swapped-indices", -B[i, m] * B[k, j]),
        instead(d(B[i, j], A[k, m]), "wrong-case", -B[i, j] ** 2),
        instead(d(L, A[k, m]), "swapped-indices", -Sum(Sum(B[k, i] * G[i, j] * B[j, m], j), i)),
        constant_factor(d(L, A[k, m]), 2),
    ),
)
