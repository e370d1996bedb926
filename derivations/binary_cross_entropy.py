"""Binary cross-entropy of a probability: the residual over the variance of the coin, so that a confident mistake costs most.

Source: Bishop, Pattern Recognition and Machine Learning (2006), 4.3.2; Goodfellow, Bengio and Courville, Deep Learning (2016), 6.2.2.2."""

from sympy import S, Sum, log

from derivations._entry import Derivation, chain, d, index, positive, size, tensor
from derivations._pitfalls import constant_factor, instead, missing_term, sign, wrong_symbol

n = index("n", "sample")
p, y, q, L = tensor("p", n), tensor("y", n), tensor("q", n), tensor("L")
N = size(n)
slope = (p[n] - y[n]) / (p[n] * (1 - p[n]))

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        q[n]: -y[n] * log(p[n]) - (1 - y[n]) * log(1 - p[n]),
        L: Sum(q[n], n) / N,
    },
    domain=(positive(p[n]),),
    gradients={
        d(L, q[n]): 1 / N,
        d(q[n], p[n]): slope,
        d(L, p[n]): slope / N,
        d(q[n], y[n]): log((1 - p[n]) / p[n]),
    },
    steps=(
        *chain(
            d(q[n], p[n]),
            ("sum rule", -y[n] / p[n] + (1 - y[n]) / (1 - p[n]), "the inner derivative of 1 − p turns the second sign"),
            ("algebra", (-y[n] * (1 - p[n]) + (1 - y[n]) * p[n]) / (p[n] * (1 - p[n])), "one denominator"),
            ("algebra", slope),
        ),
        *chain(d(L, p[n]), ("chain rule", d(L, q[n]) * d(q[n], p[n])), ("substitution", slope / N)),
        *chain(d(q[n], y[n]), ("sum rule", log(1 - p[n]) - log(p[n]), "minus the log odds")),
    ),
    pitfalls=(
        sign(d(q[n], p[n])),
        constant_factor(d(L, p[n]), N),
        instead(d(q[n], p[n]), "missing-term", -y[n] / p[n]),
        instead(d(q[n], p[n]), "sign", -y[n] / p[n] - (1 - y[n]) / (1 - p[n])),
        instead(d(q[n], p[n]), "extra-factor", p[n] - y[n]),
        wrong_symbol(d(q[n], p[n]), 1 - p[n], 1 + p[n]),
        missing_term(d(q[n], p[n]), y[n]),
        constant_factor(d(q[n], y[n]), S(-1)),
    ),
)
