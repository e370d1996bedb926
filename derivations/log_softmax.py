"""The log-softmax takes the gradient that arrives and subtracts from it the softmax times its sum.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 6.2.2.3; Bishop, Pattern Recognition and Machine Learning (2006), 4.3.4."""

from sympy import Eq, KroneckerDelta, Ne, S, Sum, exp, log

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import instead, missing_sum, missing_term, sign, wrong_symbol

i, k, m = index("i", "out"), index("k", "out"), index("m", "out")
z, p, q, g, L = tensor("z", k), tensor("p", k), tensor("q", k), tensor("g", k), tensor("L")
same = KroneckerDelta(i, k)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        p[k]: exp(z[k]) / Sum(exp(z[m]), m),
        q[k]: z[k] - log(Sum(exp(z[m]), m)),
        L: Sum(g[i] * q[i], i),
    },
    gradients={
        d(q[i], z[k]): same - p[k],
        d(L, q[k]): g[k],
        d(L, z[k]): g[k] - p[k] * Sum(g[i], i),
    },
    steps=(
        *chain(q[k], ("algebra", log(p[k]))),
        *chain(
            d(q[i], z[k]),
            ("sum rule", same - exp(z[k]) / Sum(exp(z[m]), m), "the second term is the slope of log-sum-exp"),
            ("definition", same - p[k]),
        ),
        *chain(d(q[i], z[k]), ("case", 1 - p[k]), where=Eq(i, k)),
        *chain(d(q[i], z[k]), ("case", -p[k]), where=Ne(i, k)),
        *chain(
            d(L, z[k]),
            ("chain rule", Sum(d(L, q[i]) * d(q[i], z[k]), i)),
            ("substitution", Sum(g[i] * (same - p[k]), i)),
            ("contraction", g[k] - p[k] * Sum(g[i], i)),
        ),
        *chain(Sum(d(L, z[k]), k), ("substitution", S.Zero, "the probabilities add up to 1")),
    ),
    pitfalls=(
        sign(d(L, z[k])),
        missing_sum(d(L, z[k]), i),
        instead(d(L, z[k]), "missing-sum", g[k] * (1 - p[k])),
        missing_term(d(q[i], z[k]), same),
        instead(d(q[i], z[k]), "extra-factor", p[i] * (same - p[k])),
        wrong_symbol(d(q[i], z[k]), p[k], p[i]),
    ),
)
