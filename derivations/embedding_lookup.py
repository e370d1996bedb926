"""An embedding lookup is a product with a one-hot row: a word's vector gathers the gradients of all places where the word stands.

Source: Mikolov, Chen, Corrado and Dean, Efficient estimation of word representations in vector space, arXiv:1301.3781 (2013), 3; Zhang,
Lipton, Li and Smola, Dive into Deep Learning (2023), 15.4."""

from sympy import KroneckerDelta, Sum

from derivations._entry import Derivation, chain, d, index, one_hot, tensor
from derivations._pitfalls import constant_factor, dropped_factor, instead, missing_sum, sign

t, v, w = index("t", "place"), index("v", "word"), index("w", "word")
c, e = index("c", "dim"), index("e", "dim")
X, E, g = tensor("X", t, v), tensor("E", v, c), tensor("g", t, c)
h, L = tensor("h", t, c), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={h[t, c]: Sum(X[t, v] * E[v, c], v), L: Sum(Sum(g[t, c] * h[t, c], c), t)},
    parameters=(E[v, c],),
    domain=(one_hot(X[t, v], v),),
    gradients={
        d(L, h[t, c]): g[t, c],
        d(h[t, e], E[v, c]): X[t, v] * KroneckerDelta(c, e),
        d(L, E[v, c]): Sum(X[t, v] * g[t, c], t),
    },
    steps=(
        *chain(
            d(L, E[v, c]),
            ("chain rule", Sum(Sum(d(L, h[t, e]) * d(h[t, e], E[v, c]), e), t)),
            ("substitution", Sum(Sum(g[t, e] * X[t, v] * KroneckerDelta(c, e), e), t)),
            ("contraction", Sum(X[t, v] * g[t, c], t), "only the places with this word count"),
        ),
        *chain(Sum(d(L, E[v, c]), v), ("substitution", Sum(Sum(X[t, v] * g[t, c], t), v)), ("assumption", Sum(g[t, c], t))),
        *chain(X[t, v] * X[t, w], ("assumption", KroneckerDelta(v, w) * X[t, v], "a place holds one word")),
    ),
    pitfalls=(
        sign(d(L, E[v, c])),
        missing_sum(d(L, E[v, c]), t),
        dropped_factor(d(L, E[v, c]), X[t, v]),
        instead(d(L, E[v, c]), "wrong-symbol", Sum(X[t, v] * h[t, c], t)),
        instead(d(L, E[v, c]), "extra-factor", Sum(X[t, v] * g[t, c] * E[v, c], t)),
        constant_factor(d(h[t, e], E[v, c]), Sum(X[t, w], t)),
        instead(d(h[t, e], E[v, c]), "wrong-case", X[t, v]),
    ),
)
