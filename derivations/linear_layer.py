"""A linear layer on a batch: the weights' gradient pairs each input with each error signal, the inputs' goes back through the same weights.

g stands for what arrives from above at the outputs.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 6.5.6; Nielsen, Neural Networks and Deep Learning (2015), chapter 2."""

from sympy import KroneckerDelta, Sum

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import batch_mean, dropped_factor, instead, missing_sum, sign, wrong_symbol

n, m = index("n", "sample"), index("m", "sample")
i, j, k = index("i", "in"), index("j", "out"), index("k", "out")
X, W, b, g = tensor("X", n, i), tensor("W", i, j), tensor("b", j), tensor("g", n, j)
Y, L = tensor("Y", n, j), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        Y[n, j]: Sum(X[n, i] * W[i, j], i) + b[j],
        L: Sum(Sum(g[n, j] * Y[n, j], j), n),
    },
    parameters=(W[i, j], b[j]),
    gradients={
        d(L, Y[n, j]): g[n, j],
        d(Y[n, k], W[i, j]): X[n, i] * KroneckerDelta(j, k),
        d(Y[m, j], X[n, i]): W[i, j] * KroneckerDelta(m, n),
        d(L, W[i, j]): Sum(X[n, i] * g[n, j], n),
        d(L, b[j]): Sum(g[n, j], n),
        d(L, X[n, i]): Sum(g[n, j] * W[i, j], j),
    },
    steps=(
        *chain(
            d(L, W[i, j]),
            ("chain rule", Sum(Sum(d(L, Y[n, k]) * d(Y[n, k], W[i, j]), k), n)),
            ("substitution", Sum(Sum(g[n, k] * X[n, i] * KroneckerDelta(j, k), k), n)),
            ("contraction", Sum(X[n, i] * g[n, j], n), "a weight feeds one unit only"),
        ),
        *chain(d(L, b[j]), ("chain rule", Sum(d(L, Y[n, j]), n)), ("substitution", Sum(g[n, j], n))),
        *chain(
            d(L, X[n, i]),
            ("chain rule", Sum(Sum(d(L, Y[m, j]) * d(Y[m, j], X[n, i]), j), m)),
            ("substitution", Sum(Sum(g[m, j] * W[i, j] * KroneckerDelta(m, n), j), m)),
            ("contraction", Sum(g[n, j] * W[i, j], j), "a sample does not see another"),
        ),
    ),
    pitfalls=(
        sign(d(L, X[n, i])),
        missing_sum(d(L, W[i, j]), n),
        missing_sum(d(L, b[j]), n),
        missing_sum(d(L, X[n, i]), j),
        batch_mean(d(L, W[i, j]), n),
        wrong_symbol(d(L, W[i, j]), X[n, i], W[i, j]),
        dropped_factor(d(L, X[n, i]), W[i, j]),
        instead(d(Y[n, k], W[i, j]), "wrong-case", X[n, i]),
    ),
)
