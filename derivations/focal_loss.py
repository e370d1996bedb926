"""The focal loss turns down the samples that are right already; the weight itself moves, and has a term of its own.

p is the probability given to what is right, z its logit; the exponent is 2, as recommended.

Source: Lin, Goyal, Girshick, He and Dollár, Focal loss for dense object detection, ICCV (2017), 3.2."""

from sympy import Sum, log

from derivations._entry import Derivation, chain, d, index, sigmoid, tensor
from derivations._pitfalls import activation_derivative, dropped_factor, instead, sign

n = index("n", "sample")
z, p, q, L = tensor("z", n), tensor("p", n), tensor("q", n), tensor("L")
by_p = 2 * (1 - p[n]) * log(p[n]) - (1 - p[n]) ** 2 / p[n]
by_z = (1 - p[n]) ** 2 * (2 * p[n] * log(p[n]) + p[n] - 1)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        p[n]: sigmoid(z[n]),
        q[n]: -((1 - p[n]) ** 2) * log(p[n]),
        L: Sum(q[n], n),
    },
    gradients={
        d(p[n], z[n]): p[n] * (1 - p[n]),
        d(q[n], p[n]): by_p,
        d(L, z[n]): by_z,
    },
    steps=(
        *chain(d(q[n], p[n]), ("product rule", by_p, "the weight moves, and the logarithm does")),
        *chain(
            d(L, z[n]),
            ("chain rule", d(q[n], p[n]) * d(p[n], z[n])),
            ("substitution", by_p * p[n] * (1 - p[n])),
            ("algebra", by_z),
        ),
    ),
    pitfalls=(
        sign(d(L, z[n])),
        instead(d(q[n], p[n]), "missing-term", -((1 - p[n]) ** 2) / p[n]),
        instead(d(q[n], p[n]), "sign", -2 * (1 - p[n]) * log(p[n]) - (1 - p[n]) ** 2 / p[n]),
        instead(d(L, z[n]), "missing-term", -((1 - p[n]) ** 3)),
        dropped_factor(d(L, z[n]), (1 - p[n]) ** 2),
        activation_derivative(d(p[n], z[n]), 1 - p[n], 1 + p[n]),
    ),
)
