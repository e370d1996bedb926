"""Ridge regression: the penalty adds λw to the gradient and λ to the diagonal of the Hessian, which makes it invertible.

Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning (2009), 3.4.1; Bishop, Pattern Recognition and Machine
Learning (2006), 3.1.4."""

from sympy import KroneckerDelta, S, Sum

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import constant_factor, instead, missing_sum, missing_term, sign

n, j, k = index("n", "sample"), index("j", "feature"), index("k", "feature")
X, w, y, lam = tensor("X", n, j), tensor("w", j), tensor("y", n), tensor("lambda")
r, g, E, P, L = tensor("r", n), tensor("g", j), tensor("E"), tensor("P"), tensor("L")
data = Sum(r[n] * X[n, j], n)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        r[n]: Sum(X[n, j] * w[j], j) - y[n],
        g[j]: Sum(r[n] * X[n, j], n) + lam * w[j],
        E: Sum(r[n] ** 2, n) / 2,
        P: lam * Sum(w[j] ** 2, j) / 2,
        L: E + P,
    },
    parameters=(w[j],),
    gradients={
        d(E, w[j]): data,
        d(P, w[j]): lam * w[j],
        d(L, w[j]): data + lam * w[j],
        d(L, lam): Sum(w[j] ** 2, j) / 2,
        d(g[j], w[k]): Sum(X[n, j] * X[n, k], n) + lam * KroneckerDelta(j, k),
    },
    steps=(
        *chain(d(E, w[j]), ("chain rule", Sum(d(E, r[n]) * X[n, j], n)), ("substitution", data)),
        *chain(d(P, w[j]), ("power rule", lam * w[j])),
        *chain(
            d(L, w[j]),
            ("sum rule", d(E, w[j]) + d(P, w[j]), "the loss is reached by two paths"),
            ("substitution", data + lam * w[j]),
            ("definition", g[j]),
        ),
        *chain(
            d(g[j], w[k]),
            ("sum rule", Sum(d(r[n], w[k]) * X[n, j], n) + lam * KroneckerDelta(j, k)),
            ("substitution", Sum(X[n, j] * X[n, k], n) + lam * KroneckerDelta(j, k)),
        ),
    ),
    pitfalls=(
        sign(d(E, w[j])),
        missing_term(d(L, w[j]), lam * w[j]),
        instead(d(L, w[j]), "constant-factor", data + 2 * lam * w[j]),
        instead(d(L, w[j]), "sign", data - lam * w[j]),
        missing_sum(d(E, w[j]), n),
        instead(d(g[j], w[k]), "missing-term", Sum(X[n, j] * X[n, k], n)),
        instead(d(g[j], w[k]), "wrong-case", Sum(X[n, j] * X[n, k], n) + lam),
        constant_factor(d(L, lam), S(2)),
    ),
)
