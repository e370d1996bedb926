"""The GELU weighs its input by the probability that a standard normal variable is below it; its slope has the density as a second term.

Source: Hendrycks and Gimpel, Gaussian error linear units (GELUs), arXiv:1606.08415 (2016), 2."""

from sympy import KroneckerDelta, S, erf, exp, pi, sqrt

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import constant_factor, dropped_factor, instead, missing_term, sign

j, m = index("j", "hidden"), index("m", "hidden")
z, P, a = tensor("z", j), tensor("P", j), tensor("a", j)
density = exp(-(z[j] ** 2) / 2) / sqrt(2 * pi)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={P[j]: (1 + erf(z[j] / sqrt(2))) / 2, a[j]: z[j] * P[j]},
    gradients={
        d(P[j], z[j]): density,
        d(a[j], P[j]): z[j],
        d(a[j], z[j]): P[j] + z[j] * density,
    },
    steps=(
        *chain(
            d(P[j], z[j]),
            ("elementary derivative", density, "the slope of erf(u) is 2 exp(−u²) over the root of π, here at u = z over the root of 2"),
        ),
        *chain(
            d(a[j], z[j]),
            ("product rule", P[j] + z[j] * d(P[j], z[j])),
            ("substitution", P[j] + z[j] * density),
        ),
        *chain(d(a[j], z[m]), ("case", KroneckerDelta(j, m) * (P[j] + z[j] * density), "each unit sees its own input only")),
    ),
    pitfalls=(
        sign(d(P[j], z[j])),
        constant_factor(d(P[j], z[j]), sqrt(2)),
        instead(d(P[j], z[j]), "wrong-argument", exp(-(z[j] ** 2)) / sqrt(2 * pi)),
        missing_term(d(a[j], z[j]), z[j] * density),
        missing_term(d(a[j], z[j]), P[j]),
        dropped_factor(d(a[j], z[j]), z[j]),
        instead(d(a[j], z[j]), "activation-derivative", P[j] * (1 - P[j]) * z[j] + P[j]),
        constant_factor(d(a[j], z[j]), S.Half),
    ),
)
