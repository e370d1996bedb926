"""Convolution of any dimension, stride and padding, as a product of gathered patches: the input's gradient is scattered by the same table.

The table T is 1 where output q sees pixel p through tap r, and 0 elsewhere; a border of zeros is a tap that sees no pixel. What is proved
for every table is proved for every convolution.

Source: Chellapilla, Puri and Simard, High performance convolutional neural networks for document processing, IWFHR (2006); Zhang, Lipton,
Li and Smola, Dive into Deep Learning (2023), 7.2 to 7.4."""

from sympy import KroneckerDelta, Sum

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import dropped_factor, instead, missing_sum, sign, wrong_symbol

q, r, p = index("q", "place"), index("r", "tap"), index("p", "pixel")
c, e, f = index("c", "channel"), index("e", "filter"), index("f", "filter")
T, x, w, b, g = tensor("T", q, r, p), tensor("x", c, p), tensor("w", e, c, r), tensor("b", e), tensor("g", e, q)
u, y, L = tensor("u", q, c, r), tensor("y", e, q), tensor("L")
patch = Sum(g[e, q] * w[e, c, r], e)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        u[q, c, r]: Sum(T[q, r, p] * x[c, p], p),
        y[e, q]: Sum(Sum(w[e, c, r] * u[q, c, r], r), c) + b[e],
        L: Sum(Sum(g[e, q] * y[e, q], q), e),
    },
    parameters=(w[e, c, r], b[e]),
    gradients={
        d(L, y[e, q]): g[e, q],
        d(y[f, q], w[e, c, r]): KroneckerDelta(e, f) * u[q, c, r],
        d(L, w[e, c, r]): Sum(g[e, q] * u[q, c, r], q),
        d(L, b[e]): Sum(g[e, q], q),
        d(L, u[q, c, r]): patch,
        d(L, x[c, p]): Sum(Sum(patch * T[q, r, p], r), q),
    },
    steps=(
        *chain(
            d(L, w[e, c, r]),
            ("chain rule", Sum(Sum(d(L, y[f, q]) * d(y[f, q], w[e, c, r]), f), q)),
            ("contraction", Sum(g[e, q] * u[q, c, r], q), "a filter makes its own channel only, at every place"),
        ),
        *chain(d(L, b[e]), ("chain rule", Sum(d(L, y[e, q]), q)), ("substitution", Sum(g[e, q], q))),
        *chain(d(L, u[q, c, r]), ("chain rule", Sum(d(L, y[e, q]) * w[e, c, r], e)), ("substitution", patch)),
        *chain(
            d(L, x[c, p]),
            ("chain rule", Sum(Sum(d(L, u[q, c, r]) * T[q, r, p], r), q), "every patch that holds the pixel"),
            ("substitution", Sum(Sum(patch * T[q, r, p], r), q)),
        ),
    ),
    pitfalls=(
        sign(d(L, x[c, p])),
        missing_sum(d(L, w[e, c, r]), q),
        missing_sum(d(L, b[e]), q),
        missing_sum(d(L, x[c, p]), e),
        dropped_factor(d(L, x[c, p]), T[q, r, p]),
        wrong_symbol(d(L, w[e, c, r]), u[q, c, r], w[e, c, r]),
        instead(d(y[f, q], w[e, c, r]), "wrong-case", u[q, c, r]),
    ),
)
