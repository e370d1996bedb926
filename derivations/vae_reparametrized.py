"""The reparametrized sample of a variational autoencoder: the noise is a constant, so that the gradient passes on to mean and variance.

z = μ + σε with σ = exp(s/2); the decoder is linear, the loss half the squared error plus the divergence from the standard Gaussian.

Source: Kingma and Welling, Auto-encoding variational Bayes, ICLR (2014), 2.4 and appendix B."""

from sympy import S, Sum, exp

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import constant_factor, dropped_factor, instead, missing_sum, missing_term, sign

i, j = index("i", "in"), index("j", "latent")
x, mu, s, eps, W, b = tensor("x", i), tensor("mu", j), tensor("s", j), tensor("epsilon", j), tensor("W", j, i), tensor("b", i)
sigma, z, o, R, D, L = tensor("sigma", j), tensor("z", j), tensor("o", i), tensor("R"), tensor("D"), tensor("L")
back = Sum((o[i] - x[i]) * W[j, i], i)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        sigma[j]: exp(s[j] / 2),
        z[j]: mu[j] + sigma[j] * eps[j],
        o[i]: Sum(z[j] * W[j, i], j) + b[i],
        R: Sum((o[i] - x[i]) ** 2, i) / 2,
        D: Sum(mu[j] ** 2 + exp(s[j]) - 1 - s[j], j) / 2,
        L: R + D,
    },
    parameters=(W[j, i], b[i]),
    gradients={
        d(L, o[i]): o[i] - x[i],
        d(L, W[j, i]): (o[i] - x[i]) * z[j],
        d(L, b[i]): o[i] - x[i],
        d(L, z[j]): back,
        d(sigma[j], s[j]): sigma[j] / 2,
        d(D, s[j]): (exp(s[j]) - 1) / 2,
        d(L, mu[j]): back + mu[j],
        d(L, s[j]): back * eps[j] * sigma[j] / 2 + (exp(s[j]) - 1) / 2,
    },
    steps=(
        *chain(d(L, z[j]), ("chain rule", Sum(d(L, o[i]) * W[j, i], i)), ("substitution", back)),
        *chain(
            d(L, mu[j]),
            ("chain rule", d(L, z[j]) + d(D, mu[j]), "through the sample, and through the divergence"),
            ("substitution", back + mu[j]),
        ),
        *chain(d(sigma[j], s[j]), ("chain rule", exp(s[j] / 2) / 2), ("definition", sigma[j] / 2)),
        *chain(
            d(L, s[j]),
            ("chain rule", d(L, z[j]) * eps[j] * d(sigma[j], s[j]) + d(D, s[j])),
            ("substitution", back * eps[j] * sigma[j] / 2 + (exp(s[j]) - 1) / 2),
        ),
        *chain(d(L, W[j, i]), ("chain rule", d(L, o[i]) * z[j]), ("substitution", (o[i] - x[i]) * z[j])),
    ),
    pitfalls=(
        sign(d(L, z[j])),
        missing_term(d(L, mu[j]), mu[j]),
        missing_term(d(L, s[j]), back * eps[j] * sigma[j] / 2),
        instead(d(L, s[j]), "dropped-factor", back * sigma[j] / 2 + (exp(s[j]) - 1) / 2),
        instead(d(L, s[j]), "constant-factor", back * eps[j] * sigma[j] + (exp(s[j]) - 1) / 2),
        constant_factor(d(sigma[j], s[j]), S(2)),
        missing_sum(d(L, z[j]), i),
        dropped_factor(d(L, W[j, i]), z[j]),
    ),
)
