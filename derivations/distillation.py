"""Distillation with a temperature: the error signal is the difference of the two softened softmaxes over the temperature.

t are the teacher's logits, T the temperature.

Source: Hinton, Vinyals and Dean, Distilling the knowledge in a neural network, arXiv:1503.02531 (2015), 2."""

from sympy import KroneckerDelta, Sum, exp, log

from derivations._entry import Derivation, chain, d, index, positive, tensor
from derivations._pitfalls import constant_factor, instead, missing_term, sign, wrong_symbol

i, k, m = index("i", "class"), index("k", "class"), index("m", "class")
z, t, T, p, q, L = tensor("z", k), tensor("t", k), tensor("T"), tensor("p", k), tensor("q", k), tensor("L")
same = KroneckerDelta(i, k)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        p[k]: exp(t[k] / T) / Sum(exp(t[m] / T), m),
        q[k]: exp(z[k] / T) / Sum(exp(z[m] / T), m),
        L: -Sum(p[k] * log(q[k]), k),
    },
    domain=(positive(T),),
    gradients={
        d(L, q[k]): -p[k] / q[k],
        d(q[i], z[k]): q[i] * (same - q[k]) / T,
        d(L, z[k]): (q[k] - p[k]) / T,
    },
    steps=(
        *chain(Sum(p[k], k), ("definition", Sum(q[k], k), "both add up to 1")),
        *chain(
            d(L, z[k]),
            ("chain rule", Sum(d(L, q[i]) * d(q[i], z[k]), i)),
            ("substitution", -Sum(p[i] * (same - q[k]), i) / T),
            ("contraction", (q[k] * Sum(p[i], i) - p[k]) / T),
            ("definition", (q[k] - p[k]) / T),
        ),
    ),
    pitfalls=(
        sign(d(L, z[k])),
        constant_factor(d(L, z[k]), T),
        constant_factor(d(L, z[k]), 1 / T),
        wrong_symbol(d(L, z[k]), p[k], t[k]),
        missing_term(d(q[i], z[k]), same),
        instead(d(q[i], z[k]), "dropped-factor", q[i] * (same - q[k])),
    ),
)
