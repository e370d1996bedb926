"""Average pooling shares the gradient of a window equally among its places.

A window is a row of x.

Source: LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, Proceedings of the IEEE 86 (1998);
Zhang, Lipton, Li and Smola, Dive into Deep Learning (2023), 7.5."""

from sympy import KroneckerDelta, S, Sum

from derivations._entry import Derivation, chain, d, index, size, tensor
from derivations._pitfalls import constant_factor, instead, sign

q, r, s, t = index("q", "window"), index("r", "window"), index("s", "place"), index("t", "place")
x, y, g, L = tensor("x", q, s), tensor("y", q), tensor("g", q), tensor("L")
P = size(s)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={y[q]: Sum(x[q, s], s) / P, L: Sum(g[q] * y[q], q)},
    gradients={
        d(L, y[q]): g[q],
        d(y[r], x[q, s]): KroneckerDelta(q, r) / P,
        d(L, x[q, s]): g[q] / P,
    },
    steps=(
        *chain(
            d(y[r], x[q, s]),
            ("sum rule", Sum(KroneckerDelta(q, r) * KroneckerDelta(s, t), t) / P),
            ("contraction", KroneckerDelta(q, r) / P),
        ),
        *chain(
            d(L, x[q, s]),
            ("chain rule", Sum(d(L, y[r]) * d(y[r], x[q, s]), r)),
            ("substitution", Sum(g[r] * KroneckerDelta(q, r), r) / P),
            ("contraction", g[q] / P),
        ),
        *chain(Sum(d(L, x[q, s]), s), ("algebra", g[q], "nothing is lost on the way")),
    ),
    pitfalls=(
        sign(d(L, x[q, s])),
        constant_factor(d(L, x[q, s]), P),
        instead(d(L, x[q, s]), "batch-mean", g[q] / size(q)),
        instead(d(L, x[q, s]), "wrong-symbol", y[q] / P),
        instead(d(y[r], x[q, s]), "wrong-case", 1 / P),
        constant_factor(d(L, y[q]), S(2)),
    ),
)
