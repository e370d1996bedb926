"""The sigmoid's derivative is a(1 − a): a quarter in the middle, nearly nothing where the unit saturates.

Source: Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, Nature 323 (1986)."""

from sympy import Eq, KroneckerDelta, Ne, S, exp

from derivations._entry import Derivation, chain, d, index, sigmoid, tensor
from derivations._pitfalls import activation_derivative, sign

j, m = index("j", "hidden"), index("m", "hidden")
z, a = tensor("z", j), tensor("a", j)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={a[j]: 1 / (1 + exp(-z[j]))},
    gradients={d(a[j], z[j]): a[j] * (1 - a[j])},
    steps=(
        *chain(a[j], ("definition", 1 / (1 + exp(-z[j]))), ("definition", sigmoid(z[j]))),
        *chain(
            d(a[j], z[j]),
            ("quotient rule", exp(-z[j]) / (1 + exp(-z[j])) ** 2),
            ("algebra", 1 / (1 + exp(-z[j])) * (1 - 1 / (1 + exp(-z[j]))), "the numerator is (1 + e⁻ᶻ) − 1"),
            ("definition", a[j] * (1 - a[j])),
            ("algebra", a[j] - a[j] ** 2),
        ),
        *chain(d(a[j], z[m]), ("case", a[j] * (1 - a[j])), where=Eq(j, m)),
        *chain(d(a[j], z[m]), ("case", S.Zero, "each unit sees its own input only"), where=Ne(j, m)),
        *chain(d(a[j], z[m]), ("case", KroneckerDelta(j, m) * a[j] * (1 - a[j]), "both cases in one formula")),
    ),
    pitfalls=(
        sign(d(a[j], z[j])),
        activation_derivative(d(a[j], z[j]), 1 - a[j], 1 + a[j]),
        activation_derivative(d(a[j], z[j]), 1 - a[j], a[j]),
        activation_derivative(d(a[j], z[j]), a[j] * (1 - a[j]), 1 - a[j] ** 2),
        activation_derivative(d(a[j], z[j]), 1 - a[j], 1 - z[j]),
    ),
)
