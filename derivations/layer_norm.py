"""Layer normalization: as in batch normalization, but the mean and the variance are those of one sample's features.

The gains stay inside the sums, since they differ along the axis that is normalized.

Source: Ba, Kiros and Hinton, Layer normalization, arXiv:1607.06450 (2016), 3."""

from sympy import S, Sum, sqrt

from derivations._entry import Derivation, chain, d, index, positive, size, tensor
from derivations._pitfalls import constant_factor, instead, missing_sum, sign

n, j, m = index("n", "sample"), index("j", "feature"), index("m", "feature")
x, gamma, beta, eps, g = tensor("x", n, j), tensor("gamma", j), tensor("beta", j), tensor("epsilon"), tensor("g", n, j)
mu, v, s, h, y, L = tensor("mu", n), tensor("v", n), tensor("s", n), tensor("h", n, j), tensor("y", n, j), tensor("L")
D = size(j)
mean = Sum(g[n, m] * gamma[m], m) / D
along = Sum(g[n, m] * gamma[m] * h[n, m], m) / D

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        mu[n]: Sum(x[n, j], j) / D,
        v[n]: Sum((x[n, j] - mu[n]) ** 2, j) / D,
        s[n]: sqrt(v[n] + eps),
        h[n, j]: (x[n, j] - mu[n]) / s[n],
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
        d(L, v[n]): -Sum(g[n, j] * gamma[j] * h[n, j], j) / (2 * s[n] ** 2),
        d(L, mu[n]): -Sum(g[n, j] * gamma[j], j) / s[n],
        d(L, x[n, j]): (g[n, j] * gamma[j] - mean - h[n, j] * along) / s[n],
    },
    steps=(
        *chain(d(L, gamma[j]), ("chain rule", Sum(d(L, y[n, j]) * h[n, j], n)), ("substitution", Sum(g[n, j] * h[n, j], n))),
        *chain(d(L, h[n, j]), ("chain rule", d(L, y[n, j]) * gamma[j]), ("substitution", g[n, j] * gamma[j])),
        *chain(
            d(L, v[n]),
            ("chain rule", -Sum(d(L, h[n, j]) * (x[n, j] - mu[n]), j) / (2 * s[n] ** 3)),
            ("substitution", -Sum(g[n, j] * gamma[j] * h[n, j], j) / (2 * s[n] ** 2)),
        ),
        *chain(
            d(L, mu[n]),
            ("chain rule", -Sum(d(L, h[n, j]), j) / s[n], "the variance does not move: the deviations add up to 0"),
            ("substitution", -Sum(g[n, j] * gamma[j], j) / s[n]),
        ),
        *chain(
            d(L, x[n, j]),
            ("chain rule", d(L, h[n, j]) / s[n] + d(L, v[n]) * 2 * (x[n, j] - mu[n]) / D + d(L, mu[n]) / D, "the three paths"),
            ("substitution", (g[n, j] * gamma[j] - h[n, j] * along - mean) / s[n]),
        ),
        *chain(Sum(d(L, x[n, j]), j), ("algebra", S.Zero, "a constant added to all features of a sample changes nothing")),
    ),
    pitfalls=(
        sign(d(L, v[n])),
        instead(d(L, x[n, j]), "missing-term", g[n, j] * gamma[j] / s[n]),
        instead(d(L, x[n, j]), "missing-term", (g[n, j] * gamma[j] - mean) / s[n]),
        instead(
            d(L, x[n, j]), "wrong-symbol", gamma[j] / s[n] * (g[n, j] - Sum(g[n, m], m) / D - h[n, j] * Sum(g[n, m] * h[n, m], m) / D)
        ),
        constant_factor(d(L, v[n]), S(2)),
        missing_sum(d(L, gamma[j]), n),
        instead(d(L, gamma[j]), "wrong-symbol", Sum(g[n, j] * x[n, j], n)),
    ),
)
