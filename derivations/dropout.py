"""Dropout sends the gradient back through the mask of the forward pass, with the same scale: what was dropped gets none.

M is the mask, 1 where a unit is kept; ρ is the share of units that are dropped.

Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, Dropout: a simple way to prevent neural networks from overfitting, JMLR
15 (2014), 4; Zhang, Lipton, Li and Smola, Dive into Deep Learning (2023), 5.6."""

from sympy import Sum

from derivations._entry import Derivation, chain, d, index, relu, step, tensor
from derivations._pitfalls import dropped_factor, instead, missing_step, missing_sum, sign

n, i, j = index("n", "sample"), index("i", "in"), index("j", "hidden")
x, W, M, rho, g = tensor("x", n, i), tensor("W", i, j), tensor("M", n, j), tensor("rho"), tensor("g", n, j)
z, a, h, L = tensor("z", n, j), tensor("a", n, j), tensor("h", n, j), tensor("L")
kept = M[n, j] / (1 - rho)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        z[n, j]: Sum(x[n, i] * W[i, j], i),
        a[n, j]: relu(z[n, j]),
        h[n, j]: M[n, j] * a[n, j] / (1 - rho),
        L: Sum(Sum(g[n, j] * h[n, j], j), n),
    },
    parameters=(W[i, j],),
    gradients={
        d(L, h[n, j]): g[n, j],
        d(h[n, j], a[n, j]): kept,
        d(L, a[n, j]): g[n, j] * kept,
        d(L, z[n, j]): g[n, j] * kept * step(z[n, j]),
        d(L, W[i, j]): Sum(g[n, j] * kept * step(z[n, j]) * x[n, i], n),
    },
    steps=(
        *chain(d(L, a[n, j]), ("chain rule", d(L, h[n, j]) * d(h[n, j], a[n, j])), ("substitution", g[n, j] * kept)),
        *chain(d(L, z[n, j]), ("chain rule", d(L, a[n, j]) * step(z[n, j])), ("substitution", g[n, j] * kept * step(z[n, j]))),
        *chain(
            d(L, W[i, j]),
            ("chain rule", Sum(d(L, z[n, j]) * x[n, i], n)),
            ("substitution", Sum(g[n, j] * kept * step(z[n, j]) * x[n, i], n)),
        ),
    ),
    pitfalls=(
        sign(d(L, a[n, j])),
        dropped_factor(d(L, a[n, j]), M[n, j]),
        instead(d(L, a[n, j]), "dropped-factor", g[n, j] * M[n, j]),
        instead(d(L, a[n, j]), "wrong-symbol", g[n, j] * M[n, j] / rho),
        instead(d(L, a[n, j]), "constant-factor", g[n, j] * M[n, j] * (1 - rho)),
        missing_step(d(L, z[n, j]), z[n, j]),
        missing_sum(d(L, W[i, j]), n),
    ),
)
