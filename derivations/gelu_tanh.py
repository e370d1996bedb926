"""The GELU as it is often computed, with tanh in place of the error function: product rule outside, chain rule inside.

Source: Hendrycks and Gimpel, Gaussian error linear units (GELUs), arXiv:1606.08415 (2016), 2."""

from sympy import KroneckerDelta, Rational, S, pi, sqrt, tanh

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import activation_derivative, constant_factor, instead, missing_term, sign

j, m = index("j", "hidden"), index("m", "hidden")
z, u, t, a = tensor("z", j), tensor("u", j), tensor("t", j), tensor("a", j)
c = Rational(44715, 1000000)
inner = sqrt(2 / pi) * (1 + 3 * c * z[j] ** 2)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        u[j]: sqrt(2 / pi) * (z[j] + c * z[j] ** 3),
        t[j]: tanh(u[j]),
        a[j]: z[j] * (1 + t[j]) / 2,
    },
    gradients={
        d(u[j], z[j]): inner,
        d(t[j], u[j]): 1 - t[j] ** 2,
        d(a[j], t[j]): z[j] / 2,
        d(a[j], z[j]): (1 + t[j]) / 2 + z[j] / 2 * (1 - t[j] ** 2) * inner,
    },
    steps=(
        *chain(d(u[j], z[j]), ("power rule", inner)),
        *chain(d(t[j], u[j]), ("elementary derivative", 1 - tanh(u[j]) ** 2), ("definition", 1 - t[j] ** 2)),
        *chain(d(t[j], z[j]), ("chain rule", d(t[j], u[j]) * d(u[j], z[j])), ("substitution", (1 - t[j] ** 2) * inner)),
        *chain(
            d(a[j], z[j]),
            ("product rule", (1 + t[j]) / 2 + z[j] / 2 * d(t[j], z[j])),
            ("substitution", (1 + t[j]) / 2 + z[j] / 2 * (1 - t[j] ** 2) * inner),
        ),
        *chain(d(a[j], z[m]), ("case", KroneckerDelta(j, m) * d(a[j], z[j]), "each unit sees its own input only")),
    ),
    pitfalls=(
        sign(d(t[j], u[j])),
        constant_factor(d(u[j], z[j]), S.Half),
        instead(d(u[j], z[j]), "constant-factor", sqrt(2 / pi) * (1 + c * z[j] ** 2)),
        activation_derivative(d(t[j], u[j]), 1 - t[j] ** 2, t[j] * (1 - t[j])),
        instead(d(a[j], z[j]), "dropped-factor", (1 + t[j]) / 2 + z[j] / 2 * (1 - t[j] ** 2)),
        missing_term(d(a[j], z[j]), z[j] / 2 * (1 - t[j] ** 2) * inner),
        instead(d(a[j], z[j]), "activation-derivative", z[j] / 2 * (1 - t[j] ** 2) * inner),
    ),
)
