"""The softplus is a smooth ReLU, and its slope is the sigmoid; its output gives that slope as 1 − e to the power −a.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 3.10; Glorot, Bordes and Bengio, Deep sparse rectifier neural networks,
AISTATS (2011)."""

from sympy import Eq, KroneckerDelta, Ne, S, exp, log

from derivations._entry import Derivation, chain, d, index, sigmoid, softplus, step, tensor
from derivations._pitfalls import activation_derivative, instead, sign

j, m = index("j", "hidden"), index("m", "hidden")
z, a = tensor("z", j), tensor("a", j)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={a[j]: log(1 + exp(z[j]))},
    gradients={d(a[j], z[j]): sigmoid(z[j])},
    steps=(
        *chain(
            d(a[j], z[j]),
            ("chain rule", 1 / (1 + exp(z[j])) * exp(z[j])),
            ("algebra", 1 / (1 + exp(-z[j]))),
            ("definition", sigmoid(z[j])),
            ("definition", 1 - exp(-a[j]), "so the output alone tells the slope"),
        ),
        *chain(softplus(z[j]) - softplus(-z[j]), ("algebra", z[j], "the two tails differ by the identity")),
        *chain(d(a[j], z[m]), ("case", sigmoid(z[j])), where=Eq(j, m)),
        *chain(d(a[j], z[m]), ("case", S.Zero, "each unit sees its own input only"), where=Ne(j, m)),
        *chain(d(a[j], z[m]), ("case", KroneckerDelta(j, m) * sigmoid(z[j]), "both cases in one formula")),
    ),
    pitfalls=(
        sign(d(a[j], z[j])),
        instead(d(a[j], z[j]), "activation-derivative", sigmoid(z[j]) * (1 - sigmoid(z[j]))),
        instead(d(a[j], z[j]), "activation-derivative", 1 / (1 + exp(z[j]))),
        instead(d(a[j], z[j]), "activation-derivative", step(z[j])),
        activation_derivative(d(a[j], z[j]), sigmoid(z[j]), sigmoid(a[j])),
    ),
)
