"""Sigmoid with binary cross-entropy, over a batch: the error signal is the prediction minus the target.

Source: Bishop, Pattern Recognition and Machine Learning (2006), 4.3.2."""

from sympy import S, Sum, log

from derivations._entry import Derivation, chain, d, index, sigmoid, tensor
from derivations._pitfalls import activation_derivative, batch_mean, constant_factor, dropped_factor, missing_sum, sign

i, j = index("i", "sample"), index("j", "feature")
X, w, b, y = tensor("X", i, j), tensor("w", j), tensor("b"), tensor("y", i)
z, a, L = tensor("z", i), tensor("a", i), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        z[i]: Sum(X[i, j] * w[j], j) + b,
        a[i]: sigmoid(z[i]),
        L: -Sum(y[i] * log(a[i]) + (1 - y[i]) * log(1 - a[i]), i),
    },
    parameters=(w[j], b),
    gradients={
        d(L, a[i]): (a[i] - y[i]) / (a[i] * (1 - a[i])),
        d(a[i], z[i]): a[i] * (1 - a[i]),
        d(L, z[i]): a[i] - y[i],
        d(L, w[j]): Sum((a[i] - y[i]) * X[i, j], i),
        d(L, b): Sum(a[i] - y[i], i),
        d(L, X[i, j]): (a[i] - y[i]) * w[j],
    },
    steps=(
        *chain(
            d(L, a[i]),
            ("sum rule", -y[i] / a[i] + (1 - y[i]) / (1 - a[i]), "only the sample's own term depends on its a"),
            ("algebra", (a[i] - y[i]) / (a[i] * (1 - a[i]))),
        ),
        *chain(
            d(L, z[i]),
            ("chain rule", d(L, a[i]) * d(a[i], z[i])),
            ("substitution", (a[i] - y[i]) / (a[i] * (1 - a[i])) * d(a[i], z[i])),
            ("substitution", a[i] - y[i], "what makes the sigmoid flat is cancelled by what makes the logarithm steep"),
        ),
        *chain(d(L, w[j]), ("chain rule", Sum(d(L, z[i]) * X[i, j], i)), ("substitution", Sum((a[i] - y[i]) * X[i, j], i))),
        *chain(d(L, b), ("chain rule", Sum(d(L, z[i]), i)), ("substitution", Sum(a[i] - y[i], i))),
    ),
    pitfalls=(
        sign(d(L, z[i])),
        activation_derivative(d(a[i], z[i]), 1 - a[i], 1 + a[i]),
        constant_factor(d(L, w[j]), S.Half),
        missing_sum(d(L, w[j]), i),
        missing_sum(d(L, b), i),
        batch_mean(d(L, b), i),
        dropped_factor(d(L, w[j]), X[i, j]),
    ),
)
