"""SwiGLU, a gated layer: one projection is the other's gate, and each is reached through the other's value.

Source: Shazeer, GLU variants improve transformer, arXiv:2002.05202 (2020), 2; Dauphin, Fan, Auli and Grangier, Language modeling with gated
convolutional networks, ICML (2017) (gated linear units)."""

from sympy import Sum

from derivations._entry import Derivation, chain, d, index, sigmoid, tensor
from derivations._pitfalls import dropped_factor, instead, missing_sum, sign, wrong_symbol

i, j = index("i", "model"), index("j", "hidden")
x, W, V, g = tensor("x", i), tensor("W", i, j), tensor("V", i, j), tensor("g", j)
z, s, a, u, h, L = tensor("z", j), tensor("s", j), tensor("a", j), tensor("u", j), tensor("h", j), tensor("L")
slope = s[j] + a[j] * (1 - s[j])

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        z[j]: Sum(x[i] * W[i, j], i),
        s[j]: sigmoid(z[j]),
        a[j]: z[j] * s[j],
        u[j]: Sum(x[i] * V[i, j], i),
        h[j]: a[j] * u[j],
        L: Sum(g[j] * h[j], j),
    },
    parameters=(W[i, j], V[i, j]),
    gradients={
        d(L, h[j]): g[j],
        d(L, u[j]): g[j] * a[j],
        d(L, a[j]): g[j] * u[j],
        d(a[j], z[j]): slope,
        d(L, z[j]): g[j] * u[j] * slope,
        d(L, W[i, j]): g[j] * u[j] * slope * x[i],
        d(L, V[i, j]): g[j] * a[j] * x[i],
        d(L, x[i]): Sum(g[j] * u[j] * slope * W[i, j] + g[j] * a[j] * V[i, j], j),
    },
    steps=(
        *chain(d(a[j], z[j]), ("product rule", s[j] + z[j] * s[j] * (1 - s[j])), ("definition", slope)),
        *chain(d(L, z[j]), ("chain rule", d(L, h[j]) * u[j] * d(a[j], z[j])), ("substitution", g[j] * u[j] * slope)),
        *chain(d(L, W[i, j]), ("chain rule", d(L, z[j]) * x[i]), ("substitution", g[j] * u[j] * slope * x[i])),
        *chain(d(L, V[i, j]), ("chain rule", d(L, u[j]) * x[i]), ("substitution", g[j] * a[j] * x[i])),
        *chain(
            d(L, x[i]),
            ("chain rule", Sum(d(L, z[j]) * W[i, j] + d(L, u[j]) * V[i, j], j), "through the gate, and through what is gated"),
            ("substitution", Sum(g[j] * u[j] * slope * W[i, j] + g[j] * a[j] * V[i, j], j)),
        ),
    ),
    pitfalls=(
        sign(d(L, z[j])),
        instead(d(L, x[i]), "missing-term", Sum(g[j] * a[j] * V[i, j], j)),
        dropped_factor(d(L, W[i, j]), u[j]),
        wrong_symbol(d(L, V[i, j]), a[j], z[j]),
        wrong_symbol(d(L, V[i, j]), a[j], s[j]),
        instead(d(a[j], z[j]), "activation-derivative", s[j] * (1 - s[j])),
        missing_sum(d(L, x[i]), j),
    ),
)
