"""The Kullback-Leibler divergence from targets to a softmax: the gradient is that of the cross-entropy, for the entropy does not move.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 3.13; Bishop, Pattern Recognition and Machine Learning (2006), 1.6.1."""

from sympy import KroneckerDelta, S, Sum, exp, log

from derivations._entry import Derivation, chain, d, index, positive, sums_to_one, tensor
from derivations._pitfalls import constant_factor, instead, missing_term, sign

i, k, m = index("i", "out"), index("k", "out"), index("m", "out")
z, p, q, D = tensor("z", k), tensor("p", k), tensor("q", k), tensor("D")
same = KroneckerDelta(i, k)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={q[k]: exp(z[k]) / Sum(exp(z[m]), m), D: Sum(p[k] * log(p[k] / q[k]), k)},
    domain=(sums_to_one(p[k], k), positive(p[k])),
    gradients={
        d(D, q[k]): -p[k] / q[k],
        d(q[i], z[k]): q[i] * (same - q[k]),
        d(D, z[k]): q[k] - p[k],
        d(D, p[k]): log(p[k] / q[k]) + 1,
    },
    steps=(
        *chain(D, ("algebra", Sum(p[k] * log(p[k]), k) - Sum(p[k] * log(q[k]), k), "cross-entropy minus entropy")),
        *chain(
            d(D, z[k]),
            ("chain rule", Sum(d(D, q[i]) * d(q[i], z[k]), i)),
            ("substitution", -Sum(p[i] * (same - q[k]), i)),
            ("contraction", q[k] * Sum(p[i], i) - p[k]),
            ("assumption", q[k] - p[k], "the targets add up to 1"),
        ),
        *chain(d(D, p[k]), ("product rule", log(p[k] / q[k]) + p[k] / p[k], "as if the p were free, without their sum being held")),
    ),
    pitfalls=(
        sign(d(D, z[k])),
        constant_factor(d(D, z[k]), S(2)),
        instead(d(D, z[k]), "wrong-symbol", q[k] * (log(q[k] / p[k]) - Sum(q[m] * log(q[m] / p[m]), m))),
        instead(d(D, q[k]), "missing-term", log(p[k] / q[k])),
        instead(d(D, q[k]), "wrong-symbol", -q[k] / p[k]),
        missing_term(d(D, p[k]), S.One),
        missing_term(d(q[i], z[k]), same),
    ),
)
