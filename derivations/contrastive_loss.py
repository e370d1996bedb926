"""The contrastive loss (InfoNCE) of pairs in a batch: cross-entropy over the batch, so that each vector is every other pair's negative.

τ is the temperature; a pair's own score is the one on the diagonal.

Source: van den Oord, Li and Vinyals, Representation learning with contrastive predictive coding, arXiv:1807.03748 (2018), 2.3."""

from sympy import KroneckerDelta, S, Sum, exp, log

from derivations._entry import Derivation, chain, d, index, positive, size, tensor
from derivations._pitfalls import constant_factor, instead, missing_sum, missing_term, sign

n, m, q, c = index("n", "pair"), index("m", "pair"), index("q", "pair"), index("c", "dim")
u, v, tau = tensor("u", n, c), tensor("v", n, c), tensor("tau")
z, p, L = tensor("z", n, m), tensor("p", n, m), tensor("L")
N = size(n)
error = (p[n, m] - KroneckerDelta(n, m)) / N

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        z[n, m]: Sum(u[n, c] * v[m, c], c) / tau,
        p[n, m]: exp(z[n, m]) / Sum(exp(z[n, q]), q),
        L: -Sum(log(p[n, n]), n) / N,
    },
    domain=(positive(tau),),
    gradients={
        d(L, z[n, m]): error,
        d(L, u[n, c]): Sum(error * v[m, c], m) / tau,
        d(L, v[m, c]): Sum(error * u[n, c], n) / tau,
    },
    steps=(
        *chain(L, ("definition", Sum(log(Sum(exp(z[n, m]), m)) - z[n, n], n) / N)),
        *chain(
            d(L, z[n, m]),
            ("sum rule", (exp(z[n, m]) / Sum(exp(z[n, q]), q) - KroneckerDelta(n, m)) / N, "log-sum-exp, and the score of the pair itself"),
            ("definition", error),
        ),
        *chain(d(L, u[n, c]), ("chain rule", Sum(d(L, z[n, m]) * v[m, c], m) / tau), ("substitution", Sum(error * v[m, c], m) / tau)),
        *chain(d(L, v[m, c]), ("chain rule", Sum(d(L, z[n, m]) * u[n, c], n) / tau), ("substitution", Sum(error * u[n, c], n) / tau)),
        *chain(Sum(d(L, z[n, m]), m), ("algebra", S.Zero)),
    ),
    pitfalls=(
        sign(d(L, z[n, m])),
        instead(d(L, z[n, m]), "missing-term", p[n, m] / N),
        instead(d(L, z[n, m]), "wrong-case", (p[n, m] - 1) / N),
        constant_factor(d(L, z[n, m]), N),
        constant_factor(d(L, u[n, c]), tau),
        instead(d(L, v[m, c]), "swapped-indices", Sum((p[m, n] - KroneckerDelta(n, m)) * u[n, c], n) / (N * tau)),
        missing_sum(d(L, u[n, c]), m),
        missing_term(d(L, z[n, m]), p[n, m]),
    ),
)
