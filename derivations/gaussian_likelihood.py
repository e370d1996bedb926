"""The negative log-likelihood of a Gaussian with its own mean and variance for every sample: a sure mistake is pulled hardest.

Source: Bishop, Pattern Recognition and Machine Learning (2006), 1.2.4; Nix and Weigend, Estimating the mean and variance of the target
probability distribution, ICNN (1994)."""

from sympy import Rational, S, Sum, log, pi

from derivations._entry import Derivation, chain, d, index, positive, tensor
from derivations._pitfalls import constant_factor, dropped_factor, instead, missing_term, sign

n = index("n", "sample")
y, mu, v, r, L = tensor("y", n), tensor("mu", n), tensor("v", n), tensor("r", n), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        r[n]: y[n] - mu[n],
        L: Sum(r[n] ** 2 / v[n] + log(2 * pi * v[n]), n) / 2,
    },
    domain=(positive(v[n]),),
    gradients={
        d(L, r[n]): r[n] / v[n],
        d(L, mu[n]): (mu[n] - y[n]) / v[n],
        d(L, v[n]): (1 - r[n] ** 2 / v[n]) / (2 * v[n]),
    },
    steps=(
        *chain(d(L, r[n]), ("power rule", r[n] / v[n])),
        *chain(d(L, mu[n]), ("chain rule", -d(L, r[n])), ("substitution", (mu[n] - y[n]) / v[n])),
        *chain(
            d(L, v[n]),
            ("sum rule", Rational(1, 2) * (1 / v[n] - r[n] ** 2 / v[n] ** 2), "the logarithm, and the quotient"),
            ("algebra", (1 - r[n] ** 2 / v[n]) / (2 * v[n]), "0 where the variance is the squared error"),
        ),
    ),
    pitfalls=(
        sign(d(L, mu[n])),
        dropped_factor(d(L, mu[n]), v[n]),
        instead(d(L, v[n]), "missing-term", -(r[n] ** 2) / (2 * v[n] ** 2)),
        missing_term(d(L, v[n]), S.One),
        constant_factor(d(L, v[n]), S(2)),
        instead(d(L, v[n]), "sign", (1 + r[n] ** 2 / v[n]) / (2 * v[n])),
    ),
)
