"""The gradient of a quadratic form is (A + A')x with A' the transpose, 2Ax only if A is symmetric; its Hessian is A + A'.

g names the gradient, so that its own derivative is the Hessian.

Source: Petersen and Pedersen, The Matrix Cookbook (2012), 2.4.2."""

from sympy import KroneckerDelta, Sum

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import constant_factor, instead, missing_sum, missing_term, sign

i, j, k = index("i", "dim"), index("j", "dim"), index("k", "dim")
A, x, b = tensor("A", i, j), tensor("x", i), tensor("b", i)
g, f = tensor("g", i), tensor("f")
both = Sum((A[i, j] + A[j, i]) * x[j], j)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        g[i]: Sum((A[i, j] + A[j, i]) * x[j], j) + b[i],
        f: Sum(Sum(x[i] * A[i, j] * x[j], j), i) + Sum(b[i] * x[i], i),
    },
    gradients={
        d(f, x[i]): both + b[i],
        d(f, A[i, j]): x[i] * x[j],
        d(f, b[i]): x[i],
        d(g[i], x[k]): A[i, k] + A[k, i],
    },
    steps=(
        *chain(
            d(f, x[i]),
            ("product rule", Sum(A[i, j] * x[j], j) + Sum(x[j] * A[j, i], j) + b[i], "the first x, then the second"),
            ("algebra", both + b[i]),
            ("definition", g[i]),
        ),
        *chain(
            d(g[i], x[k]),
            ("sum rule", Sum((A[i, j] + A[j, i]) * KroneckerDelta(j, k), j)),
            ("contraction", A[i, k] + A[k, i], "symmetric, whatever A is"),
        ),
        *chain(
            Sum(Sum(x[i] * A[i, j] * x[j], j), i),
            ("algebra", Sum(Sum(x[i] * (A[i, j] + A[j, i]) * x[j], j), i) / 2, "only the symmetric part of A counts"),
        ),
    ),
    pitfalls=(
        sign(d(f, x[i])),
        instead(d(f, x[i]), "missing-term", 2 * Sum(A[i, j] * x[j], j) + b[i]),
        instead(d(f, x[i]), "missing-term", Sum(A[i, j] * x[j], j) + b[i]),
        missing_term(d(f, x[i]), b[i]),
        missing_sum(d(f, x[i]), j),
        instead(d(g[i], x[k]), "swapped-indices", 2 * A[i, k]),
        constant_factor(d(f, A[i, j]), 2),
    ),
)
