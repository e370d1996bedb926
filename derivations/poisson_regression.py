"""Poisson regression with the logarithm as link: the error signal is once more the expected count minus the observed one.

The term log y! of the likelihood does not move and is left out. g names the gradient, so that its own derivative is the Hessian.

Source: McCullagh and Nelder, Generalized Linear Models (1989), 6."""

from sympy import Sum, exp

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import dropped_factor, instead, missing_sum, missing_term, sign, wrong_symbol

n, j, k = index("n", "sample"), index("j", "feature"), index("k", "feature")
X, w, y = tensor("X", n, j), tensor("w", j), tensor("y", n)
eta, mu, g, L = tensor("eta", n), tensor("mu", n), tensor("g", j), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        eta[n]: Sum(X[n, j] * w[j], j),
        mu[n]: exp(eta[n]),
        g[j]: Sum((mu[n] - y[n]) * X[n, j], n),
        L: Sum(mu[n] - y[n] * eta[n], n),
    },
    parameters=(w[j],),
    gradients={
        d(mu[n], eta[n]): mu[n],
        d(L, eta[n]): mu[n] - y[n],
        d(L, w[j]): Sum((mu[n] - y[n]) * X[n, j], n),
        d(g[j], w[k]): Sum(mu[n] * X[n, j] * X[n, k], n),
    },
    steps=(
        *chain(d(L, eta[n]), ("sum rule", d(mu[n], eta[n]) - y[n]), ("elementary derivative", mu[n] - y[n])),
        *chain(
            d(L, w[j]),
            ("chain rule", Sum(d(L, eta[n]) * X[n, j], n)),
            ("substitution", Sum((mu[n] - y[n]) * X[n, j], n)),
            ("definition", g[j]),
        ),
        *chain(
            d(g[j], w[k]),
            ("chain rule", Sum(d(mu[n], eta[n]) * X[n, k] * X[n, j], n)),
            ("substitution", Sum(mu[n] * X[n, j] * X[n, k], n), "the variance of a count is its mean"),
        ),
    ),
    pitfalls=(
        sign(d(L, w[j])),
        wrong_symbol(d(L, eta[n]), mu[n], eta[n]),
        missing_term(d(L, eta[n]), -y[n]),
        instead(d(L, eta[n]), "wrong-symbol", 1 - y[n]),
        instead(d(L, eta[n]), "extra-factor", (mu[n] - y[n]) * mu[n]),
        missing_sum(d(L, w[j]), n),
        dropped_factor(d(g[j], w[k]), mu[n]),
        wrong_symbol(d(g[j], w[k]), mu[n], y[n]),
    ),
)
