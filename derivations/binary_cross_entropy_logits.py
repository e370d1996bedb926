"""Binary cross-entropy straight from the logit: softplus(z) − y z, whose slope is the prediction minus the target.

Source: Bishop, Pattern Recognition and Machine Learning (2006), 4.3.2; Goodfellow, Bengio and Courville, Deep Learning (2016), 6.2.2.2."""

from sympy import S, Sum, log

from derivations._entry import Derivation, chain, d, index, sigmoid, size, softplus, tensor
from derivations._pitfalls import activation_derivative, constant_factor, instead, missing_term, sign

n = index("n", "sample")
z, y, p, q, L = tensor("z", n), tensor("y", n), tensor("p", n), tensor("q", n), tensor("L")
N = size(n)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        p[n]: sigmoid(z[n]),
        q[n]: softplus(z[n]) - y[n] * z[n],
        L: Sum(q[n], n) / N,
    },
    gradients={
        d(L, q[n]): 1 / N,
        d(p[n], z[n]): p[n] * (1 - p[n]),
        d(q[n], z[n]): p[n] - y[n],
        d(L, z[n]): (p[n] - y[n]) / N,
    },
    steps=(
        *chain(
            q[n],
            ("algebra", -y[n] * log(sigmoid(z[n])) - (1 - y[n]) * log(1 - sigmoid(z[n])), "the cross-entropy of the probability"),
            ("definition", -y[n] * log(p[n]) - (1 - y[n]) * log(1 - p[n])),
        ),
        *chain(d(q[n], z[n]), ("elementary derivative", sigmoid(z[n]) - y[n]), ("definition", p[n] - y[n])),
        *chain(d(q[n], z[n]), ("chain rule", (p[n] - y[n]) / (p[n] * (1 - p[n])) * d(p[n], z[n]), "the long way round")),
        *chain(d(L, z[n]), ("chain rule", d(L, q[n]) * d(q[n], z[n])), ("substitution", (p[n] - y[n]) / N)),
    ),
    pitfalls=(
        sign(d(q[n], z[n])),
        constant_factor(d(L, z[n]), N),
        missing_term(d(q[n], z[n]), -y[n]),
        instead(d(q[n], z[n]), "extra-factor", (p[n] - y[n]) * p[n] * (1 - p[n])),
        instead(d(q[n], z[n]), "wrong-symbol", z[n] - y[n]),
        instead(d(q[n], z[n]), "wrong-argument", sigmoid(p[n]) - y[n]),
        activation_derivative(d(p[n], z[n]), 1 - p[n], p[n]),
        constant_factor(d(L, q[n]), S(2)),
    ),
)
