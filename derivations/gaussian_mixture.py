"""A mixture of Gaussians: each sample pulls each centre in proportion to its responsibility, the posterior of the component.

The components share the variance v; w are their weights, which add up to 1.

Source: Bishop, Pattern Recognition and Machine Learning (2006), 9.2.2."""

from sympy import S, Sum, exp, log

from derivations._entry import Derivation, chain, d, index, positive, sums_to_one, tensor
from derivations._pitfalls import constant_factor, dropped_factor, instead, missing_sum, sign, wrong_symbol

n, k, m, j = index("n", "sample"), index("k", "component"), index("m", "component"), index("j", "dim")
x, mu, w, v = tensor("x", n, j), tensor("mu", k, j), tensor("w", k), tensor("v")
q, f, r, L = tensor("q", n, k), tensor("f", n), tensor("r", n, k), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        q[n, k]: w[k] * exp(-Sum((x[n, j] - mu[k, j]) ** 2, j) / (2 * v)),
        f[n]: Sum(q[n, k], k),
        r[n, k]: q[n, k] / f[n],
        L: -Sum(log(f[n]), n),
    },
    parameters=(mu[k, j],),
    domain=(sums_to_one(w[k], k), positive(w[k]), positive(v)),
    gradients={
        d(L, f[n]): -1 / f[n],
        d(L, q[n, k]): -1 / f[n],
        d(q[n, k], mu[k, j]): q[n, k] * (x[n, j] - mu[k, j]) / v,
        d(L, mu[k, j]): Sum(r[n, k] * (mu[k, j] - x[n, j]), n) / v,
        d(L, x[n, j]): Sum(r[n, k] * (x[n, j] - mu[k, j]), k) / v,
        d(L, w[k]): -Sum(r[n, k], n) / w[k],
    },
    steps=(
        *chain(Sum(r[n, k], k), ("definition", S.One, "the responsibilities of a sample add up to 1")),
        *chain(d(L, q[n, k]), ("chain rule", d(L, f[n]) * d(f[n], q[n, k])), ("substitution", -1 / f[n])),
        *chain(
            d(L, mu[k, j]),
            ("chain rule", Sum(d(L, q[n, k]) * d(q[n, k], mu[k, j]), n)),
            ("substitution", -Sum(q[n, k] / f[n] * (x[n, j] - mu[k, j]), n) / v),
            ("definition", Sum(r[n, k] * (mu[k, j] - x[n, j]), n) / v, "0 where a centre is the mean of its samples"),
        ),
        *chain(d(L, w[k]), ("chain rule", -Sum(q[n, k] / w[k] / f[n], n)), ("definition", -Sum(r[n, k], n) / w[k])),
    ),
    pitfalls=(
        sign(d(L, mu[k, j])),
        dropped_factor(d(L, mu[k, j]), r[n, k]),
        wrong_symbol(d(L, mu[k, j]), r[n, k], q[n, k]),
        wrong_symbol(d(L, mu[k, j]), r[n, k], w[k]),
        constant_factor(d(L, mu[k, j]), v),
        missing_sum(d(L, mu[k, j]), n),
        missing_sum(d(L, x[n, j]), k),
        instead(d(L, w[k]), "dropped-factor", -Sum(r[n, k], n)),
    ),
)
