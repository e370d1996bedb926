"""Cross-entropy with smoothed targets: the error signal is the prediction minus the smoothed target, so that no logit runs off.

α is the share of the target that is spread evenly over all classes.

Source: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, Rethinking the Inception architecture for computer vision, CVPR (2016), 7."""

from sympy import S, Sum, exp, log

from derivations._entry import Derivation, chain, d, index, size, sums_to_one, tensor
from derivations._pitfalls import constant_factor, instead, sign, wrong_symbol

k, m = index("k", "class"), index("m", "class")
z, y, alpha = tensor("z", k), tensor("y", k), tensor("alpha")
o, q, L = tensor("o", k), tensor("q", k), tensor("L")
K = size(k)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        o[k]: exp(z[k]) / Sum(exp(z[m]), m),
        q[k]: (1 - alpha) * y[k] + alpha / K,
        L: -Sum(q[k] * log(o[k]), k),
    },
    domain=(sums_to_one(y[k], k),),
    gradients={
        d(L, o[k]): -q[k] / o[k],
        d(L, z[k]): o[k] - (1 - alpha) * y[k] - alpha / K,
        d(L, q[k]): -log(o[k]),
    },
    steps=(
        *chain(Sum(q[k], k), ("assumption", S.One, "what is taken from the target is given to all")),
        *chain(
            d(L, z[k]),
            ("sum rule", o[k] * Sum(q[m], m) - q[k]),
            ("substitution", o[k] - q[k]),
            ("definition", o[k] - (1 - alpha) * y[k] - alpha / K),
        ),
        *chain(Sum(d(L, z[k]), k), ("assumption", S.Zero)),
    ),
    pitfalls=(
        sign(d(L, z[k])),
        instead(d(L, z[k]), "missing-term", o[k] - y[k]),
        instead(d(L, z[k]), "missing-term", o[k] - (1 - alpha) * y[k]),
        instead(d(L, z[k]), "constant-factor", o[k] - (1 - alpha) * y[k] - alpha),
        wrong_symbol(d(L, o[k]), q[k], y[k]),
        constant_factor(d(L, q[k]), S(-1)),
    ),
)
