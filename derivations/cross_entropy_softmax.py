"""Softmax with cross-entropy: the error signal is the prediction minus the target.

The targets need not be one-hot; that they add up to 1 is enough, and is needed.

Source: Bishop, Pattern Recognition and Machine Learning (2006), 4.3.4; Goodfellow, Bengio and Courville, Deep Learning (2016), 6.2.2.3."""

from sympy import KroneckerDelta, S, Sum, exp, log

from derivations._entry import Derivation, chain, d, index, sums_to_one, tensor
from derivations._pitfalls import constant_factor, replaced, sign, wrong_symbol

i, k, m = index("i", "out"), index("k", "out"), index("m", "out")
z, o, y, L = tensor("z", k), tensor("o", k), tensor("y", k), tensor("L")
same = KroneckerDelta(i, k)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        o[k]: exp(z[k]) / Sum(exp(z[m]), m),
        L: -Sum(y[i] * log(o[i]), i),
    },
    domain=(sums_to_one(y[k], k),),
    gradients={
        d(L, o[i]): -y[i] / o[i],
        d(o[i], z[k]): o[i] * (same - o[k]),
        d(L, z[k]): o[k] - y[k],
    },
    steps=(
        *chain(d(log(o[i]), z[k]), ("chain rule", 1 / o[i] * d(o[i], z[k])), ("substitution", same - o[k])),
        *chain(
            d(L, z[k]),
            ("sum rule", -Sum(y[i] * d(log(o[i]), z[k]), i)),
            ("chain rule", -Sum(y[i] / o[i] * d(o[i], z[k]), i)),
            ("case", Sum((1 - same) * y[i] * o[k], i) - y[k] * (1 - o[k]), "the term i = k apart"),
            ("assumption", (1 - y[k]) * o[k] - y[k] * (1 - o[k]), "the targets add up to 1, so the others to 1 − y"),
            ("algebra", o[k] - y[k]),
        ),
        *chain(Sum(d(L, z[k]), k), ("assumption", S.Zero, "outputs and targets both add up to 1")),
    ),
    pitfalls=(
        sign(d(L, o[i])),
        wrong_symbol(d(L, o[i]), o[i], z[i]),
        sign(d(L, z[k])),
        constant_factor(d(L, z[k]), S(2)),
        replaced(d(L, z[k]), "constant-factor", y[k], y[k] ** 2),
        replaced(d(L, z[k]), "extra-factor", o[k] - y[k], (o[k] - y[k]) * o[k] * (1 - o[k])),
    ),
)
