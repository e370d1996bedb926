"""The Huber loss sends back the residual, clipped: squared error near the target, absolute error far from it.

At a residual of exactly κ or −κ the slope is continuous; the formula by cases makes no claim there.

Source: Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 35 (1964); Hastie, Tibshirani and Friedman, The
Elements of Statistical Learning (2009), 10.6."""

from sympy import Piecewise, S, Sum

from derivations._entry import Derivation, chain, d, index, positive, size, tensor
from derivations._pitfalls import instead, missing_sum, sign

n, j = index("n", "sample"), index("j", "feature")
X, w, y, kappa = tensor("X", n, j), tensor("w", j), tensor("y", n), tensor("kappa")
r, q, L = tensor("r", n), tensor("q", n), tensor("L")
N = size(n)
clipped = Piecewise((kappa, r[n] > kappa), (-kappa, r[n] < -kappa), (r[n], True))

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        r[n]: Sum(X[n, j] * w[j], j) - y[n],
        q[n]: Piecewise((kappa * (r[n] - kappa / 2), r[n] > kappa), (-kappa * (r[n] + kappa / 2), r[n] < -kappa), (r[n] ** 2 / 2, True)),
        L: Sum(q[n], n) / N,
    },
    parameters=(w[j],),
    domain=(positive(kappa),),
    gradients={
        d(L, q[n]): 1 / N,
        d(q[n], r[n]): clipped,
        d(L, r[n]): clipped / N,
        d(L, w[j]): Sum(clipped * X[n, j], n) / N,
    },
    steps=(
        *chain(d(q[n], r[n]), ("case", clipped, "each piece has its own slope, and the pieces meet with one slope")),
        *chain(d(L, r[n]), ("chain rule", d(L, q[n]) * d(q[n], r[n])), ("substitution", clipped / N)),
        *chain(d(L, w[j]), ("chain rule", Sum(d(L, r[n]) * X[n, j], n)), ("substitution", Sum(clipped * X[n, j], n) / N)),
    ),
    pitfalls=(
        sign(d(L, w[j])),
        instead(d(q[n], r[n]), "missing-step", r[n]),
        instead(d(q[n], r[n]), "wrong-case", Piecewise((kappa, r[n] > -kappa), (-kappa, True))),
        instead(d(q[n], r[n]), "sign", Piecewise((kappa, r[n] > kappa), (kappa, r[n] < -kappa), (r[n], True))),
        instead(d(q[n], r[n]), "constant-factor", Piecewise((1, r[n] > kappa), (-1, r[n] < -kappa), (r[n], True))),
        instead(d(q[n], r[n]), "constant-factor", Piecewise((kappa, r[n] > kappa), (-kappa, r[n] < -kappa), (2 * r[n], True))),
        missing_sum(d(L, w[j]), n),
        instead(d(L, q[n]), "batch-mean", S.One),
    ),
)
