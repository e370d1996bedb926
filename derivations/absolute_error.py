"""The absolute error sends back the sign of the residual: an outlier pulls as hard as any other sample, and no harder.

Where a residual is 0 there is a kink and no derivative; nothing is claimed there.

Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning (2009), 10.6."""

from sympy import Piecewise, S, Sum

from derivations._entry import Derivation, absolute, chain, d, index, size, step, tensor
from derivations._entry import sign as sgn
from derivations._pitfalls import constant_factor, instead, missing_sum, sign

n, j = index("n", "sample"), index("j", "feature")
X, w, b, y = tensor("X", n, j), tensor("w", j), tensor("b"), tensor("y", n)
r, L = tensor("r", n), tensor("L")
N = size(n)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={r[n]: Sum(X[n, j] * w[j], j) + b - y[n], L: Sum(absolute(r[n]), n) / N},
    parameters=(w[j], b),
    gradients={
        d(L, r[n]): sgn(r[n]) / N,
        d(L, w[j]): Sum(sgn(r[n]) * X[n, j], n) / N,
        d(L, b): Sum(sgn(r[n]), n) / N,
    },
    steps=(
        *chain(
            d(L, r[n]),
            ("case", Piecewise((1, r[n] > 0), (-1, r[n] < 0)) / N, "the slope of the absolute value"),
            ("algebra", (step(r[n]) - step(-r[n])) / N),
        ),
        *chain(d(L, w[j]), ("chain rule", Sum(d(L, r[n]) * X[n, j], n)), ("substitution", Sum(sgn(r[n]) * X[n, j], n) / N)),
        *chain(d(L, b), ("chain rule", Sum(d(L, r[n]), n)), ("substitution", Sum(sgn(r[n]), n) / N)),
    ),
    pitfalls=(
        sign(d(L, w[j])),
        constant_factor(d(L, w[j]), N),
        instead(d(L, r[n]), "activation-derivative", r[n] / N),
        instead(d(L, r[n]), "missing-step", 1 / N),
        instead(d(L, r[n]), "activation-derivative", step(r[n]) / N),
        missing_sum(d(L, w[j]), n),
        constant_factor(d(L, b), S.Half),
    ),
)
