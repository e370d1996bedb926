"""Weight normalization splits a weight into a length and a direction: the direction's gradient has no part along the direction itself.

Source: Salimans and Kingma, Weight normalization: a simple reparameterization to accelerate training of deep neural networks, NeurIPS
(2016), 2."""

from sympy import S, Sum, sqrt

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import instead, missing_sum, missing_term, sign

j, i = index("j", "out"), index("i", "in")
V, s, G = tensor("V", i, j), tensor("s", j), tensor("G", i, j)
r, W, L = tensor("r", j), tensor("W", i, j), tensor("L")
along = Sum(G[i, j] * V[i, j], i) / r[j]

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        r[j]: sqrt(Sum(V[i, j] ** 2, i)),
        W[i, j]: s[j] * V[i, j] / r[j],
        L: Sum(Sum(G[i, j] * W[i, j], j), i),
    },
    parameters=(V[i, j], s[j]),
    gradients={
        d(L, W[i, j]): G[i, j],
        d(r[j], V[i, j]): V[i, j] / r[j],
        d(L, s[j]): along,
        d(L, r[j]): -s[j] * along / r[j],
        d(L, V[i, j]): s[j] * G[i, j] / r[j] - s[j] * along * V[i, j] / r[j] ** 2,
    },
    steps=(
        *chain(d(L, s[j]), ("chain rule", Sum(d(L, W[i, j]) * V[i, j], i) / r[j]), ("substitution", along)),
        *chain(d(L, r[j]), ("quotient rule", -s[j] * Sum(d(L, W[i, j]) * V[i, j], i) / r[j] ** 2), ("substitution", -s[j] * along / r[j])),
        *chain(
            d(L, V[i, j]),
            ("chain rule", d(L, W[i, j]) * s[j] / r[j] + d(L, r[j]) * d(r[j], V[i, j]), "straight, and through the length"),
            ("substitution", s[j] * G[i, j] / r[j] - s[j] * along * V[i, j] / r[j] ** 2),
        ),
        *chain(Sum(d(L, V[i, j]) * V[i, j], i), ("algebra", S.Zero, "a longer V makes the same weight")),
    ),
    pitfalls=(
        sign(d(L, r[j])),
        instead(d(L, V[i, j]), "missing-term", s[j] * G[i, j] / r[j]),
        instead(d(L, V[i, j]), "missing-term", s[j] * G[i, j]),
        missing_term(d(L, V[i, j]), s[j] * G[i, j] / r[j]),
        instead(d(L, s[j]), "dropped-factor", Sum(G[i, j] * V[i, j], i)),
        missing_sum(d(L, s[j]), i),
        instead(d(r[j], V[i, j]), "constant-factor", 2 * V[i, j] / r[j]),
    ),
)
