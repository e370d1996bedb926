"""The Hessian of logistic regression: inputs paired with inputs, each sample weighted by a(1 − a), the slope of its sigmoid.

g names the gradient of the loss, so that its own derivative is the Hessian. With it Newton's method is reweighted least squares.

Source: Bishop, Pattern Recognition and Machine Learning (2006), 4.3.3; Hastie, Tibshirani and Friedman, The Elements of Statistical
Learning (2009), 4.4.1."""

from sympy import Sum, log

from derivations._entry import Derivation, chain, d, index, sigmoid, tensor
from derivations._pitfalls import dropped_factor, instead, missing_sum, sign, wrong_symbol

n, j, k = index("n", "sample"), index("j", "feature"), index("k", "feature")
X, w, y = tensor("X", n, j), tensor("w", j), tensor("y", n)
z, a, g, L = tensor("z", n), tensor("a", n), tensor("g", j), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        z[n]: Sum(X[n, j] * w[j], j),
        a[n]: sigmoid(z[n]),
        g[j]: Sum((a[n] - y[n]) * X[n, j], n),
        L: -Sum(y[n] * log(a[n]) + (1 - y[n]) * log(1 - a[n]), n),
    },
    parameters=(w[j],),
    gradients={
        d(a[n], z[n]): a[n] * (1 - a[n]),
        d(L, z[n]): a[n] - y[n],
        d(L, w[j]): Sum((a[n] - y[n]) * X[n, j], n),
        d(a[n], w[k]): a[n] * (1 - a[n]) * X[n, k],
        d(g[j], w[k]): Sum(a[n] * (1 - a[n]) * X[n, j] * X[n, k], n),
    },
    steps=(
        *chain(
            d(L, w[j]),
            ("chain rule", Sum(d(L, z[n]) * X[n, j], n)),
            ("substitution", Sum((a[n] - y[n]) * X[n, j], n)),
            ("definition", g[j]),
        ),
        *chain(d(a[n], w[k]), ("chain rule", d(a[n], z[n]) * X[n, k]), ("substitution", a[n] * (1 - a[n]) * X[n, k])),
        *chain(
            d(g[j], w[k]),
            ("sum rule", Sum(d(a[n], w[k]) * X[n, j], n), "the targets do not move"),
            ("substitution", Sum(a[n] * (1 - a[n]) * X[n, j] * X[n, k], n)),
        ),
    ),
    pitfalls=(
        sign(d(g[j], w[k])),
        dropped_factor(d(g[j], w[k]), a[n]),
        instead(d(g[j], w[k]), "missing-term", Sum(X[n, j] * X[n, k], n)),
        wrong_symbol(d(g[j], w[k]), a[n], y[n]),
        instead(d(g[j], w[k]), "extra-factor", Sum((a[n] - y[n]) ** 2 * X[n, j] * X[n, k], n)),
        instead(d(g[j], w[k]), "swapped-indices", Sum(a[n] * (1 - a[n]) * X[n, j] ** 2, n)),
        missing_sum(d(g[j], w[k]), n),
        instead(d(L, w[j]), "extra-factor", Sum((a[n] - y[n]) * a[n] * (1 - a[n]) * X[n, j], n)),
    ),
)
