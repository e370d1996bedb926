"""The derivative of tanh is 1 − a²: the slope is 1 at the origin, and the output stands in for the input.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 6.3.2; Zhang, Lipton, Li and Smola, Dive into Deep Learning (2023),
5.1.2."""

from sympy import Eq, KroneckerDelta, Ne, S, exp, tanh

from derivations._entry import Derivation, chain, d, index, sigmoid, tensor
from derivations._pitfalls import activation_derivative, instead, sign

j, m = index("j", "hidden"), index("m", "hidden")
z, a = tensor("z", j), tensor("a", j)
plus, minus = exp(z[j]) + exp(-z[j]), exp(z[j]) - exp(-z[j])

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={a[j]: tanh(z[j])},
    gradients={d(a[j], z[j]): 1 - a[j] ** 2},
    steps=(
        *chain(a[j], ("definition", tanh(z[j])), ("definition", minus / plus)),
        *chain(
            d(a[j], z[j]),
            ("quotient rule", (plus * plus - minus * minus) / plus**2),
            ("algebra", 1 - (minus / plus) ** 2),
            ("definition", 1 - a[j] ** 2),
            ("algebra", (1 - a[j]) * (1 + a[j])),
        ),
        *chain(a[j], ("algebra", 2 * sigmoid(2 * z[j]) - 1, "a sigmoid, stretched to the range from −1 to 1")),
        *chain(d(a[j], z[m]), ("case", 1 - a[j] ** 2), where=Eq(j, m)),
        *chain(d(a[j], z[m]), ("case", S.Zero, "each unit sees its own input only"), where=Ne(j, m)),
        *chain(d(a[j], z[m]), ("case", KroneckerDelta(j, m) * (1 - a[j] ** 2), "both cases in one formula")),
    ),
    pitfalls=(
        sign(d(a[j], z[j])),
        activation_derivative(d(a[j], z[j]), 1 - a[j] ** 2, a[j] * (1 - a[j])),
        activation_derivative(d(a[j], z[j]), 1 - a[j] ** 2, 1 + a[j] ** 2),
        activation_derivative(d(a[j], z[j]), 1 - a[j] ** 2, 1 - a[j]),
        instead(d(a[j], z[j]), "wrong-argument", 1 - z[j] ** 2),
        instead(d(a[j], z[j]), "wrong-argument", 1 - tanh(a[j]) ** 2),
    ),
)
