"""Softmax with cross-entropy, the mean over a batch: every gradient carries the 1/N of the mean, and the bias sums over the batch.

Source: Zhang, Lipton, Li and Smola, Dive into Deep Learning (2023), 4.1; Bishop, Pattern Recognition and Machine Learning (2006), 4.3.4."""

from sympy import KroneckerDelta, Sum, exp, log

from derivations._entry import Derivation, chain, d, index, size, sums_to_one, tensor
from derivations._pitfalls import constant_factor, dropped_factor, missing_sum, sign, wrong_symbol

i, j = index("i", "sample"), index("j", "feature")
k, m, c = index("k", "class"), index("m", "class"), index("c", "class")
X, W, b, y = tensor("X", i, j), tensor("W", j, k), tensor("b", k), tensor("y", i, k)
z, o, L = tensor("z", i, k), tensor("o", i, k), tensor("L")
N = size(i)
error = o[i, k] - y[i, k]

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        z[i, k]: Sum(X[i, j] * W[j, k], j) + b[k],
        o[i, k]: exp(z[i, k]) / Sum(exp(z[i, m]), m),
        L: -Sum(Sum(y[i, k] * log(o[i, k]), k), i) / N,
    },
    parameters=(W[j, k], b[k]),
    domain=(sums_to_one(y[i, k], k),),
    gradients={
        d(L, o[i, k]): -y[i, k] / (N * o[i, k]),
        d(o[i, c], z[i, k]): o[i, c] * (KroneckerDelta(c, k) - o[i, k]),
        d(L, z[i, k]): error / N,
        d(L, W[j, k]): Sum(error * X[i, j], i) / N,
        d(L, b[k]): Sum(error, i) / N,
        d(L, X[i, j]): Sum(error * W[j, k], k) / N,
    },
    steps=(
        *chain(
            d(L, z[i, k]),
            ("chain rule", Sum(d(L, o[i, c]) * d(o[i, c], z[i, k]), c), "a sample's outputs depend on its own z only"),
            ("substitution", -Sum(y[i, c] * (KroneckerDelta(c, k) - o[i, k]), c) / N),
            ("contraction", (o[i, k] * Sum(y[i, c], c) - y[i, k]) / N),
            ("assumption", error / N, "a sample's targets add up to 1"),
        ),
        *chain(d(L, W[j, k]), ("chain rule", Sum(d(L, z[i, k]) * X[i, j], i)), ("substitution", Sum(error * X[i, j], i) / N)),
        *chain(d(L, b[k]), ("chain rule", Sum(d(L, z[i, k]), i)), ("substitution", Sum(error, i) / N)),
        *chain(d(L, X[i, j]), ("chain rule", Sum(d(L, z[i, k]) * W[j, k], k)), ("substitution", Sum(error * W[j, k], k) / N)),
    ),
    pitfalls=(
        sign(d(L, z[i, k])),
        constant_factor(d(L, W[j, k]), N),
        missing_sum(d(L, b[k]), i),
        missing_sum(d(L, X[i, j]), k),
        dropped_factor(d(L, W[j, k]), X[i, j]),
        wrong_symbol(d(L, b[k]), o[i, k], z[i, k]),
    ),
)
