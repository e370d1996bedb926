"""The ReLU passes the gradient where its input is positive and stops it where it is negative.

At 0 there is a kink and no derivative; nothing is claimed there.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 6.3.1."""

from sympy import Eq, KroneckerDelta, Ne, Piecewise, S

from derivations._entry import Derivation, chain, d, index, relu, step, tensor
from derivations._pitfalls import activation_derivative, sign

j, m = index("j", "hidden"), index("m", "hidden")
z, a = tensor("z", j), tensor("a", j)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={a[j]: relu(z[j])},
    gradients={d(a[j], z[j]): step(z[j])},
    steps=(
        *chain(
            d(a[j], z[j]),
            ("product rule", step(z[j]) + z[j] * 0, "a = z [z > 0], and a step has slope 0 on both sides of its kink"),
            ("algebra", Piecewise((0, z[j] < 0), (1, z[j] > 0))),
        ),
        *chain(d(a[j], z[m]), ("case", step(z[m])), where=Eq(j, m)),
        *chain(d(a[j], z[m]), ("case", S.Zero, "each unit sees its own input only"), where=Ne(j, m)),
        *chain(d(a[j], z[m]), ("case", KroneckerDelta(j, m) * step(z[j]), "both cases in one formula")),
    ),
    pitfalls=(
        sign(d(a[j], z[j])),
        activation_derivative(d(a[j], z[j]), step(z[j]), 1 - step(z[j])),
        activation_derivative(d(a[j], z[j]), step(z[j]), a[j]),
        activation_derivative(d(a[j], z[j]), step(z[j]), S.One),
    ),
)
