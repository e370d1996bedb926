"""Max pooling sends the gradient to the winner of each window, and nothing to the others.

A window is a row of x; the winner is the position that is larger than every other one. Where two are equal there is a kink and no
derivative; nothing is claimed there.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 9.3; Zhang, Lipton, Li and Smola, Dive into Deep Learning (2023), 7.5."""

from sympy import KroneckerDelta, Product, S, Sum

from derivations._entry import Derivation, chain, d, index, size, step, tensor
from derivations._pitfalls import dropped_factor, instead, sign

q, r, s, t = index("q", "window"), index("r", "place"), index("s", "place"), index("t", "place")
x, w, y, g, L = tensor("x", q, s), tensor("w", q, s), tensor("y", q), tensor("g", q), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        w[q, s]: Product(step(x[q, s] - x[q, r] + KroneckerDelta(r, s)), r),
        y[q]: Sum(w[q, s] * x[q, s], s),
        L: Sum(g[q] * y[q], q),
    },
    gradients={
        d(L, y[q]): g[q],
        d(y[q], x[q, s]): w[q, s],
        d(L, x[q, s]): g[q] * w[q, s],
    },
    steps=(
        *chain(d(w[q, s], x[q, t]), ("elementary derivative", S.Zero, "off the kinks the winner stays the winner")),
        *chain(
            d(y[q], x[q, s]),
            ("product rule", Sum(w[q, t] * KroneckerDelta(s, t), t)),
            ("contraction", w[q, s]),
        ),
        *chain(d(L, x[q, s]), ("chain rule", d(L, y[q]) * d(y[q], x[q, s])), ("substitution", g[q] * w[q, s])),
    ),
    pitfalls=(
        sign(d(L, x[q, s])),
        dropped_factor(d(L, x[q, s]), w[q, s]),
        instead(d(L, x[q, s]), "wrong-symbol", g[q] / size(s)),
        instead(d(L, x[q, s]), "wrong-symbol", g[q] * x[q, s]),
        instead(d(y[q], x[q, s]), "wrong-argument", step(x[q, s])),
        instead(d(y[q], x[q, s]), "wrong-symbol", y[q]),
    ),
)
