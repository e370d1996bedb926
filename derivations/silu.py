"""The SiLU, or swish, is its input times a sigmoid: s + a(1 − s), so that the slope is a half at the origin and never quite 0 elsewhere.

Source: Elfwing, Uchibe and Doya, Sigmoid-weighted linear units for neural network function approximation in reinforcement learning, Neural
Networks 107 (2018), 2; Ramachandran, Zoph and Le, Searching for activation functions, arXiv:1710.05941 (2017)."""

from sympy import KroneckerDelta

from derivations._entry import Derivation, chain, d, index, sigmoid, tensor
from derivations._pitfalls import activation_derivative, dropped_factor, instead, missing_term, sign

j, m = index("j", "hidden"), index("m", "hidden")
z, s, a = tensor("z", j), tensor("s", j), tensor("a", j)
slope = s[j] + a[j] * (1 - s[j])

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={s[j]: sigmoid(z[j]), a[j]: z[j] * s[j]},
    gradients={
        d(s[j], z[j]): s[j] * (1 - s[j]),
        d(a[j], s[j]): z[j],
        d(a[j], z[j]): slope,
    },
    steps=(
        *chain(d(s[j], z[j]), ("elementary derivative", sigmoid(z[j]) * (1 - sigmoid(z[j]))), ("definition", s[j] * (1 - s[j]))),
        *chain(
            d(a[j], z[j]),
            ("product rule", s[j] + z[j] * d(s[j], z[j])),
            ("substitution", s[j] + z[j] * s[j] * (1 - s[j])),
            ("definition", slope),
            ("algebra", a[j] + s[j] * (1 - a[j]), "the form in the paper on swish"),
        ),
        *chain(d(a[j], z[m]), ("case", KroneckerDelta(j, m) * slope, "each unit sees its own input only")),
    ),
    pitfalls=(
        sign(d(a[j], z[j])),
        missing_term(d(a[j], z[j]), s[j]),
        missing_term(d(a[j], z[j]), a[j] * (1 - s[j])),
        dropped_factor(d(a[j], z[j]), a[j]),
        activation_derivative(d(a[j], z[j]), slope, a[j] * (1 - a[j])),
        instead(d(a[j], z[j]), "wrong-symbol", s[j] + z[j] * (1 - s[j])),
        activation_derivative(d(s[j], z[j]), 1 - s[j], 1 + s[j]),
    ),
)
