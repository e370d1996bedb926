"""The squared error sends back the residual; the mean over the batch divides it, the factor a half cancels the exponent.

Source: Bishop, Pattern Recognition and Machine Learning (2006), 1.1 and 5.2; Goodfellow, Bengio and Courville, Deep Learning
(2016), 5.1.4."""

from sympy import S, Sum

from derivations._entry import Derivation, chain, d, index, size, tensor
from derivations._pitfalls import constant_factor, instead, sign, wrong_symbol

n, k = index("n", "sample"), index("k", "out")
o, y, r, L = tensor("o", n, k), tensor("y", n, k), tensor("r", n, k), tensor("L")
N = size(n)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={r[n, k]: o[n, k] - y[n, k], L: Sum(Sum(r[n, k] ** 2, k), n) / (2 * N)},
    gradients={
        d(L, r[n, k]): r[n, k] / N,
        d(L, o[n, k]): (o[n, k] - y[n, k]) / N,
        d(L, y[n, k]): (y[n, k] - o[n, k]) / N,
    },
    steps=(
        *chain(d(L, r[n, k]), ("power rule", r[n, k] / N, "one term of the double sum depends on it, and the 2 cancels the half")),
        *chain(
            d(L, o[n, k]),
            ("chain rule", d(L, r[n, k]) * d(r[n, k], o[n, k])),
            ("substitution", r[n, k] / N),
            ("definition", (o[n, k] - y[n, k]) / N),
        ),
        *chain(d(L, y[n, k]), ("chain rule", -d(L, r[n, k])), ("substitution", (y[n, k] - o[n, k]) / N)),
        *chain(d(L, o[n, k]) + d(L, y[n, k]), ("algebra", S.Zero, "only the difference counts")),
    ),
    pitfalls=(
        sign(d(L, o[n, k])),
        constant_factor(d(L, o[n, k]), S(2)),
        constant_factor(d(L, o[n, k]), N),
        wrong_symbol(d(L, o[n, k]), y[n, k], S.Zero),
        instead(d(L, o[n, k]), "extra-sum", Sum(o[n, k] - y[n, k], n) / N),
        instead(d(L, r[n, k]), "extra-factor", r[n, k] ** 2 / N),
    ),
)
