"""Linear regression: the gradient pairs the residuals with the inputs; the Hessian is the inputs' Gram matrix, whatever the targets.

g names the gradient of the loss, so that its own derivative is the Hessian.

Source: Bishop, Pattern Recognition and Machine Learning (2006), 3.1.1; Hastie, Tibshirani and Friedman, The Elements of Statistical
Learning (2009), 3.2."""

from sympy import S, Sum

from derivations._entry import Derivation, chain, d, index, size, tensor
from derivations._pitfalls import batch_mean, constant_factor, instead, missing_sum, sign, wrong_symbol

n, j, k = index("n", "sample"), index("j", "feature"), index("k", "feature")
X, w, b, y = tensor("X", n, j), tensor("w", j), tensor("b"), tensor("y", n)
r, g, L = tensor("r", n), tensor("g", j), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        r[n]: Sum(X[n, j] * w[j], j) + b - y[n],
        g[j]: Sum(r[n] * X[n, j], n),
        L: Sum(r[n] ** 2, n) / 2,
    },
    parameters=(w[j], b),
    gradients={
        d(L, r[n]): r[n],
        d(r[n], w[j]): X[n, j],
        d(L, w[j]): Sum(r[n] * X[n, j], n),
        d(L, b): Sum(r[n], n),
        d(g[j], w[k]): Sum(X[n, j] * X[n, k], n),
        d(g[j], b): Sum(X[n, j], n),
    },
    steps=(
        *chain(d(L, r[n]), ("power rule", r[n], "the 2 of the square cancels the half")),
        *chain(
            d(L, w[j]),
            ("chain rule", Sum(d(L, r[n]) * d(r[n], w[j]), n)),
            ("substitution", Sum(r[n] * X[n, j], n)),
            ("definition", g[j]),
        ),
        *chain(d(L, b), ("chain rule", Sum(d(L, r[n]), n)), ("substitution", Sum(r[n], n))),
        *chain(
            d(g[j], w[k]),
            ("sum rule", Sum(d(r[n], w[k]) * X[n, j], n)),
            ("substitution", Sum(X[n, j] * X[n, k], n), "the Hessian: the same for all weights, so that the loss is a bowl"),
        ),
        *chain(
            g[j],
            ("definition", Sum(Sum(X[n, k] * w[k], k) * X[n, j], n) + Sum((b - y[n]) * X[n, j], n)),
            (
                "algebra",
                Sum(Sum(X[n, j] * X[n, k], n) * w[k], k) + Sum((b - y[n]) * X[n, j], n),
                "set to 0, these are the normal equations",
            ),
        ),
    ),
    pitfalls=(
        sign(d(L, w[j])),
        constant_factor(d(L, w[j]), S(2)),
        batch_mean(d(L, w[j]), n),
        missing_sum(d(L, b), n),
        wrong_symbol(d(L, w[j]), r[n], y[n]),
        constant_factor(d(g[j], w[k]), 1 / size(n)),
        instead(d(g[j], w[k]), "swapped-indices", Sum(X[n, j] * X[n, j], n)),
        instead(d(g[j], b), "missing-sum", X[0, j]),
    ),
)
