"""The divergence of a diagonal Gaussian from the standard one, as in a variational autoencoder: it pulls means to 0 and variances to 1.

s is the logarithm of the variance, as encoders give it.

Source: Kingma and Welling, Auto-encoding variational Bayes, ICLR (2014), appendix B."""

from sympy import S, Sum, exp, log

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import constant_factor, instead, missing_term, sign, wrong_symbol

n, j = index("n", "sample"), index("j", "latent")
mu, s, v, D = tensor("mu", n, j), tensor("s", n, j), tensor("v", n, j), tensor("D")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        v[n, j]: exp(s[n, j]),
        D: Sum(Sum(mu[n, j] ** 2 + v[n, j] - 1 - log(v[n, j]), j), n) / 2,
    },
    gradients={
        d(D, mu[n, j]): mu[n, j],
        d(v[n, j], s[n, j]): v[n, j],
        d(D, v[n, j]): (1 - 1 / v[n, j]) / 2,
        d(D, s[n, j]): (v[n, j] - 1) / 2,
    },
    steps=(
        *chain(log(v[n, j]), ("definition", s[n, j])),
        *chain(d(D, v[n, j]), ("sum rule", (1 - 1 / v[n, j]) / 2)),
        *chain(
            d(D, s[n, j]),
            ("chain rule", d(D, v[n, j]) * d(v[n, j], s[n, j])),
            ("substitution", (1 - 1 / v[n, j]) / 2 * v[n, j]),
            ("algebra", (v[n, j] - 1) / 2),
        ),
        *chain(d(D, mu[n, j]), ("power rule", mu[n, j])),
    ),
    pitfalls=(
        sign(d(D, s[n, j])),
        constant_factor(d(D, mu[n, j]), S(2)),
        constant_factor(d(D, s[n, j]), S(2)),
        instead(d(D, s[n, j]), "missing-term", v[n, j] / 2),
        instead(d(D, s[n, j]), "dropped-factor", (1 - 1 / v[n, j]) / 2),
        wrong_symbol(d(D, s[n, j]), v[n, j], s[n, j]),
        missing_term(d(D, v[n, j]), S.Half),
    ),
)
