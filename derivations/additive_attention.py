"""Additive attention: a small network scores each key, and the scores' gradient goes back through its tanh to query and keys.

Source: Bahdanau, Cho and Bengio, Neural machine translation by jointly learning to align and translate, ICLR (2015), 3.1 and A.1.2."""

from sympy import S, Sum, exp, tanh

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import activation_derivative, instead, missing_sum, sign

k, m = index("k", "key"), index("m", "key")
h, p, r, e = index("h", "hidden"), index("p", "query"), index("r", "depth"), index("e", "value")
q, K, V, G = tensor("q", p), tensor("K", k, r), tensor("V", k, e), tensor("G", e)
W, U, v = tensor("W", p, h), tensor("U", r, h), tensor("v", h)
t, s, a, y, L = tensor("t", k, h), tensor("s", k), tensor("a", k), tensor("y", e), tensor("L")


def weight(k):
    """What arrives at the weight of a key."""
    return Sum(G[e] * V[k, e], e)


score = a[k] * (weight(k) - Sum(a[m] * weight(m), m))
inner = score * v[h] * (1 - t[k, h] ** 2)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        t[k, h]: tanh(Sum(q[p] * W[p, h], p) + Sum(K[k, r] * U[r, h], r)),
        s[k]: Sum(v[h] * t[k, h], h),
        a[k]: exp(s[k]) / Sum(exp(s[m]), m),
        y[e]: Sum(a[k] * V[k, e], k),
        L: Sum(G[e] * y[e], e),
    },
    parameters=(W[p, h], U[r, h], v[h]),
    gradients={
        d(L, y[e]): G[e],
        d(L, V[k, e]): a[k] * G[e],
        d(L, a[k]): weight(k),
        d(L, s[k]): score,
        d(L, v[h]): Sum(score * t[k, h], k),
        d(L, t[k, h]): score * v[h],
        d(L, W[p, h]): Sum(inner, k) * q[p],
        d(L, U[r, h]): Sum(inner * K[k, r], k),
        d(L, q[p]): Sum(Sum(inner, k) * W[p, h], h),
        d(L, K[k, r]): Sum(inner * U[r, h], h),
    },
    steps=(
        *chain(d(L, a[k]), ("chain rule", Sum(d(L, y[e]) * V[k, e], e)), ("substitution", weight(k))),
        *chain(
            d(L, s[k]),
            ("chain rule", a[k] * (d(L, a[k]) - Sum(a[m] * d(L, a[m]), m)), "the Jacobian of the softmax"),
            ("substitution", score),
        ),
        *chain(d(L, v[h]), ("chain rule", Sum(d(L, s[k]) * t[k, h], k)), ("substitution", Sum(score * t[k, h], k))),
        *chain(d(L, t[k, h]), ("chain rule", d(L, s[k]) * v[h]), ("substitution", score * v[h])),
        *chain(
            d(L, W[p, h]),
            ("chain rule", Sum(d(L, t[k, h]) * (1 - t[k, h] ** 2) * q[p], k), "the query is in the score of every key"),
            ("substitution", Sum(inner, k) * q[p]),
        ),
        *chain(
            d(L, U[r, h]),
            ("chain rule", Sum(d(L, t[k, h]) * (1 - t[k, h] ** 2) * K[k, r], k)),
            ("substitution", Sum(inner * K[k, r], k)),
        ),
        *chain(Sum(d(L, s[k]), k), ("algebra", S.Zero)),
    ),
    pitfalls=(
        sign(d(L, s[k])),
        instead(d(L, s[k]), "missing-term", a[k] * weight(k)),
        instead(d(L, s[k]), "activation-derivative", a[k] * (1 - a[k]) * weight(k)),
        activation_derivative(d(L, K[k, r]), 1 - t[k, h] ** 2, S.One),
        missing_sum(d(L, v[h]), k),
        missing_sum(d(L, q[p]), k),
        missing_sum(d(L, K[k, r]), h),
    ),
)
