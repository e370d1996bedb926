"""Batch normalization: the gradient loses its mean over the batch, and its part along the normalized input.

An input moves its own output, the mean and the variance of its whole batch: three paths, the last two through every sample.

Source: Ioffe and Szegedy, Batch normalization: accelerating deep network training by reducing internal covariate shift, ICML (2015), 3."""

from sympy import S, Sum, sqrt

from derivations._entry import Derivation, chain, d, index, positive, size, tensor
from derivations._pitfalls import constant_factor, dropped_factor, instead, missing_sum, sign

n, m, j = index("n", "sample"), index("m", "sample"), index("j", "feature")
x, gamma, beta, eps, g = tensor("x", n, j), tensor("gamma", j), tensor("beta", j), tensor("epsilon"), tensor("g", n, j)
mu, v, s, h, y, L = tensor("mu", j), tensor("v", j), tensor("s", j), tensor("h", n, j), tensor("y", n, j), tensor("L")
N = size(n)
mean_g, along = Sum(g[n, j], n) / N, Sum(g[m, j] * h[m, j], m) / N

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        mu[j]: Sum(x[n, j], n) / N,
        v[j]: Sum((x[n, j] - mu[j]) ** 2, n) / N,
        s[j]: sqrt(v[j] + eps),
        h[n, j]: (x[n, j] - mu[j]) / s[j],
        y[n, j]: gamma[j] * h[n, j] + beta[j],
        L: Sum(Sum(g[n, j] * y[n, j], j), n),
    },
    parameters=(gamma[j], beta[j]),
    domain=(positive(eps),),
    gradients={
        d(L, y[n, j]): g[n, j],
        d(L, gamma[j]): Sum(g[n, j] * h[n, j], n),
        d(L, beta[j]): Sum(g[n, j], n),
        d(L, h[n, j]): g[n, j] * gamma[j],
        d(L, s[j]): -gamma[j] / s[j] * Sum(g[n, j] * h[n, j], n),
        d(L, v[j]): -gamma[j] / (2 * s[j] ** 2) * Sum(g[n, j] * h[n, j], n),
        d(L, mu[j]): -gamma[j] / s[j] * Sum(g[n, j], n),
        d(L, x[n, j]): gamma[j] / s[j] * (g[n, j] - Sum(g[m, j], m) / N - h[n, j] * along),
    },
    steps=(
        *chain(d(L, gamma[j]), ("chain rule", Sum(d(L, y[n, j]) * h[n, j], n)), ("substitution", Sum(g[n, j] * h[n, j], n))),
        *chain(d(L, beta[j]), ("chain rule", Sum(d(L, y[n, j]), n)), ("substitution", Sum(g[n, j], n))),
        *chain(d(L, h[n, j]), ("chain rule", d(L, y[n, j]) * gamma[j]), ("substitution", g[n, j] * gamma[j])),
        *chain(
            d(L, v[j]),
            ("chain rule", d(L, s[j]) / (2 * s[j]), "the square root"),
            ("chain rule", -Sum(d(L, h[n, j]) * (x[n, j] - mu[j]), n) / (2 * s[j] ** 3)),
            ("substitution", -gamma[j] / (2 * s[j] ** 2) * Sum(g[n, j] * h[n, j], n)),
        ),
        *chain(
            d(L, mu[j]),
            ("chain rule", -Sum(d(L, h[n, j]), n) / s[j] - 2 * d(L, v[j]) * Sum(x[n, j] - mu[j], n) / N),
            ("algebra", -Sum(d(L, h[n, j]), n) / s[j], "deviations from the mean add up to 0"),
            ("substitution", -gamma[j] / s[j] * Sum(g[n, j], n)),
        ),
        *chain(
            d(L, x[n, j]),
            ("chain rule", d(L, h[n, j]) / s[j] + d(L, v[j]) * 2 * (x[n, j] - mu[j]) / N + d(L, mu[j]) / N, "the three paths"),
            ("substitution", gamma[j] / s[j] * (g[n, j] - h[n, j] * along - Sum(g[m, j], m) / N)),
        ),
        *chain(Sum(d(L, x[n, j]), n), ("algebra", S.Zero, "a constant added to every sample changes nothing")),
    ),
    pitfalls=(
        sign(d(L, mu[j])),
        instead(d(L, x[n, j]), "missing-term", gamma[j] / s[j] * g[n, j]),
        instead(d(L, x[n, j]), "missing-term", gamma[j] / s[j] * (g[n, j] - Sum(g[m, j], m) / N)),
        instead(d(L, x[n, j]), "constant-factor", gamma[j] / s[j] * (g[n, j] - Sum(g[m, j], m) - N * h[n, j] * along)),
        dropped_factor(d(L, x[n, j]), gamma[j]),
        constant_factor(d(L, v[j]), S(2)),
        missing_sum(d(L, gamma[j]), n),
        missing_sum(d(L, beta[j]), n),
    ),
)
