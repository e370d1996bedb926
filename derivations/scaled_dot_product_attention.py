"""Scaled dot-product attention: the values' gradient is weighted as the values were; the scores' loses its mean under the weights.

Source: Vaswani et al., Attention is all you need, NeurIPS (2017), 3.2.1."""

from sympy import KroneckerDelta, S, Sum, exp, sqrt

from derivations._entry import Derivation, chain, d, index, size, tensor
from derivations._pitfalls import dropped_factor, instead, missing_sum, sign

t, k, m, r = index("t", "query"), index("k", "key"), index("m", "key"), index("r", "key")
c, e = index("c", "depth"), index("e", "value")
Q, K, V, G = tensor("Q", t, c), tensor("K", k, c), tensor("V", k, e), tensor("G", t, e)
Z, A, Y, L = tensor("Z", t, k), tensor("A", t, k), tensor("Y", t, e), tensor("L")
root = sqrt(size(c))


def weight(k):
    """What arrives at the weight of a key."""
    return Sum(G[t, e] * V[k, e], e)


score = A[t, k] * (weight(k) - Sum(A[t, m] * weight(m), m))

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        Z[t, k]: Sum(Q[t, c] * K[k, c], c) / root,
        A[t, k]: exp(Z[t, k]) / Sum(exp(Z[t, m]), m),
        Y[t, e]: Sum(A[t, k] * V[k, e], k),
        L: Sum(Sum(G[t, e] * Y[t, e], e), t),
    },
    gradients={
        d(L, Y[t, e]): G[t, e],
        d(L, V[k, e]): Sum(A[t, k] * G[t, e], t),
        d(L, A[t, k]): weight(k),
        d(A[t, r], Z[t, k]): A[t, r] * (KroneckerDelta(r, k) - A[t, k]),
        d(L, Z[t, k]): score,
        d(L, Q[t, c]): Sum(score * K[k, c], k) / root,
        d(L, K[k, c]): Sum(score * Q[t, c], t) / root,
    },
    steps=(
        *chain(d(L, V[k, e]), ("chain rule", Sum(d(L, Y[t, e]) * A[t, k], t)), ("substitution", Sum(A[t, k] * G[t, e], t))),
        *chain(d(L, A[t, k]), ("chain rule", Sum(d(L, Y[t, e]) * V[k, e], e)), ("substitution", weight(k))),
        *chain(
            d(L, Z[t, k]),
            ("chain rule", Sum(d(L, A[t, r]) * d(A[t, r], Z[t, k]), r), "a softmax for each query"),
            ("substitution", Sum(d(L, A[t, r]) * A[t, r] * (KroneckerDelta(r, k) - A[t, k]), r)),
            ("contraction", A[t, k] * (d(L, A[t, k]) - Sum(A[t, r] * d(L, A[t, r]), r))),
            ("substitution", score),
        ),
        *chain(d(L, Q[t, c]), ("chain rule", Sum(d(L, Z[t, k]) * K[k, c], k) / root), ("substitution", Sum(score * K[k, c], k) / root)),
        *chain(d(L, K[k, c]), ("chain rule", Sum(d(L, Z[t, k]) * Q[t, c], t) / root), ("substitution", Sum(score * Q[t, c], t) / root)),
        *chain(Sum(d(L, Z[t, k]), k), ("algebra", S.Zero, "a number added to all scores of a query changes nothing")),
    ),
    pitfalls=(
        sign(d(L, Z[t, k])),
        instead(d(L, Z[t, k]), "missing-term", A[t, k] * weight(k)),
        instead(d(L, Z[t, k]), "activation-derivative", A[t, k] * (1 - A[t, k]) * weight(k)),
        instead(d(L, Q[t, c]), "dropped-factor", Sum(score * K[k, c], k)),
        instead(d(L, K[k, c]), "constant-factor", Sum(score * Q[t, c], t) / size(c)),
        missing_sum(d(L, V[k, e]), t),
        dropped_factor(d(L, V[k, e]), A[t, k]),
    ),
)
