"""RMS normalization leaves the mean alone: the gradient loses only its part along the normalized input.

Source: Zhang and Sennrich, Root mean square layer normalization, NeurIPS (2019), 4."""

from sympy import S, Sum, sqrt

from derivations._entry import Derivation, chain, d, index, positive, size, tensor
from derivations._pitfalls import constant_factor, instead, missing_sum, sign

n, j, m = index("n", "sample"), index("j", "feature"), index("m", "feature")
x, gamma, eps, g = tensor("x", n, j), tensor("gamma", j), tensor("epsilon"), tensor("g", n, j)
r, h, y, L = tensor("r", n), tensor("h", n, j), tensor("y", n, j), tensor("L")
D = size(j)
along = Sum(g[n, m] * gamma[m] * h[n, m], m) / D

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        r[n]: sqrt(Sum(x[n, j] ** 2, j) / D + eps),
        h[n, j]: x[n, j] / r[n],
        y[n, j]: gamma[j] * h[n, j],
        L: Sum(Sum(g[n, j] * y[n, j], j), n),
    },
    parameters=(gamma[j],),
    domain=(positive(eps),),
    gradients={
        d(L, y[n, j]): g[n, j],
        d(L, gamma[j]): Sum(g[n, j] * h[n, j], n),
        d(L, h[n, j]): g[n, j] * gamma[j],
        d(r[n], x[n, j]): h[n, j] / D,
        d(L, r[n]): -Sum(g[n, j] * gamma[j] * h[n, j], j) / r[n],
        d(L, x[n, j]): (g[n, j] * gamma[j] - h[n, j] * along) / r[n],
    },
    steps=(
        *chain(
            d(r[n], x[n, j]),
            ("chain rule", 2 * x[n, j] / D / (2 * r[n])),
            ("definition", h[n, j] / D),
        ),
        *chain(
            d(L, r[n]),
            ("quotient rule", -Sum(d(L, h[n, j]) * x[n, j], j) / r[n] ** 2),
            ("substitution", -Sum(g[n, j] * gamma[j] * h[n, j], j) / r[n]),
        ),
        *chain(
            d(L, x[n, j]),
            ("chain rule", d(L, h[n, j]) / r[n] + d(L, r[n]) * d(r[n], x[n, j])),
            ("substitution", (g[n, j] * gamma[j] - h[n, j] * along) / r[n]),
        ),
        *chain(d(L, gamma[j]), ("chain rule", Sum(d(L, y[n, j]) * h[n, j], n)), ("substitution", Sum(g[n, j] * h[n, j], n))),
    ),
    pitfalls=(
        sign(d(L, r[n])),
        instead(d(L, x[n, j]), "missing-term", g[n, j] * gamma[j] / r[n]),
        instead(d(L, x[n, j]), "constant-factor", (g[n, j] * gamma[j] - D * h[n, j] * along) / r[n]),
        instead(d(L, x[n, j]), "extra-factor", (g[n, j] * gamma[j] - Sum(g[n, m] * gamma[m], m) / D - h[n, j] * along) / r[n]),
        instead(d(L, x[n, j]), "wrong-symbol", (g[n, j] * gamma[j] - x[n, j] * along) / r[n]),
        constant_factor(d(r[n], x[n, j]), S(2)),
        missing_sum(d(L, gamma[j]), n),
    ),
)
