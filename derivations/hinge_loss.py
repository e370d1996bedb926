"""A linear support vector machine: only the samples inside the margin, or on its wrong side, pull at the weights.

The labels are 1 and −1. A sample exactly on the margin is at a kink; nothing is claimed there.

Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning (2009), 12.3.2; Bishop, Pattern Recognition and Machine
Learning (2006), 7.1.2."""

from sympy import S, Sum

from derivations._entry import Derivation, chain, d, index, relu, step, tensor
from derivations._pitfalls import constant_factor, instead, missing_sum, missing_term, sign

n, j = index("n", "sample"), index("j", "feature")
X, w, b, y, lam = tensor("X", n, j), tensor("w", j), tensor("b"), tensor("y", n), tensor("lambda")
z, m, L = tensor("z", n), tensor("m", n), tensor("L")
inside = step(m[n])

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        z[n]: Sum(X[n, j] * w[j], j) + b,
        m[n]: 1 - y[n] * z[n],
        L: Sum(relu(m[n]), n) + lam / 2 * Sum(w[j] ** 2, j),
    },
    parameters=(w[j], b),
    gradients={
        d(L, m[n]): inside,
        d(m[n], z[n]): -y[n],
        d(L, z[n]): -y[n] * inside,
        d(L, w[j]): lam * w[j] - Sum(inside * y[n] * X[n, j], n),
        d(L, b): -Sum(inside * y[n], n),
    },
    steps=(
        *chain(d(L, z[n]), ("chain rule", d(L, m[n]) * d(m[n], z[n])), ("substitution", -y[n] * inside)),
        *chain(
            d(L, w[j]),
            ("chain rule", Sum(d(L, z[n]) * X[n, j], n) + lam * w[j], "through the scores, and straight from the penalty"),
            ("substitution", lam * w[j] - Sum(inside * y[n] * X[n, j], n)),
        ),
        *chain(d(L, b), ("chain rule", Sum(d(L, z[n]), n)), ("substitution", -Sum(inside * y[n], n))),
    ),
    pitfalls=(
        sign(d(L, z[n])),
        instead(d(L, z[n]), "missing-step", -y[n]),
        instead(d(L, z[n]), "wrong-argument", -y[n] * step(z[n])),
        instead(d(L, z[n]), "dropped-factor", -inside),
        missing_term(d(L, w[j]), lam * w[j]),
        instead(d(L, w[j]), "constant-factor", 2 * lam * w[j] - Sum(inside * y[n] * X[n, j], n)),
        missing_sum(d(L, b), n),
        constant_factor(d(L, b), S(2)),
    ),
)
