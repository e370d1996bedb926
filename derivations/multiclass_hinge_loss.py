"""The multi-class hinge loss: every class inside the margin is pushed down once, and the right class is pulled up once for each of them.

The targets are one-hot. A score exactly on the margin is at a kink; nothing is claimed there.

Source: Weston and Watkins, Support vector machines for multi-class pattern recognition, ESANN (1999)."""

from sympy import Eq, KroneckerDelta, S, Sum

from derivations._entry import Derivation, chain, d, index, one_hot, relu, step, tensor
from derivations._pitfalls import instead, missing_sum, sign

n, k, c, q = index("n", "sample"), index("k", "class"), index("c", "class"), index("q", "class")
s, y, t, m, L = tensor("s", n, k), tensor("y", n, k), tensor("t", n), tensor("m", n, k), tensor("L")
other = (1 - y[n, k]) * step(m[n, k])

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        t[n]: Sum(y[n, c] * s[n, c], c),
        m[n, k]: s[n, k] - t[n] + 1,
        L: Sum(Sum((1 - y[n, k]) * relu(m[n, k]), k), n),
    },
    domain=(one_hot(y[n, k], k),),
    gradients={
        d(L, m[n, k]): other,
        d(L, t[n]): -Sum(other, k),
        d(L, s[n, k]): other - y[n, k] * Sum((1 - y[n, c]) * step(m[n, c]), c),
    },
    steps=(
        *chain(
            d(m[n, c], s[n, k]),
            ("sum rule", KroneckerDelta(c, k) - y[n, k], "as the class itself, and as the right one"),
        ),
        *chain(d(m[n, k], s[n, c]), ("case", 1 - y[n, k]), where=Eq(c, k)),
        *chain(d(L, t[n]), ("chain rule", -Sum(d(L, m[n, k]), k)), ("substitution", -Sum(other, k))),
        *chain(
            d(L, s[n, k]),
            ("chain rule", d(L, m[n, k]) + d(L, t[n]) * y[n, k]),
            ("substitution", other - y[n, k] * Sum((1 - y[n, c]) * step(m[n, c]), c)),
        ),
        *chain(Sum(d(L, s[n, k]), k), ("assumption", S.Zero, "what is pushed down is pulled up elsewhere")),
    ),
    pitfalls=(
        sign(d(L, t[n])),
        instead(d(L, m[n, k]), "missing-step", 1 - y[n, k]),
        instead(d(L, m[n, k]), "dropped-factor", step(m[n, k])),
        instead(d(L, s[n, k]), "missing-term", other),
        instead(d(L, s[n, k]), "missing-sum", other - y[n, k]),
        instead(d(L, s[n, k]), "wrong-argument", (1 - y[n, k]) * step(s[n, k]) - y[n, k] * Sum((1 - y[n, c]) * step(s[n, c]), c)),
        missing_sum(d(L, t[n]), k),
    ),
)
