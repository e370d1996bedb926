"""The ELU's derivative is 1 on the right and a + α on the left: where the unit is off, its output tells its slope.

At 0 nothing is claimed: the two sides meet there only if α is 1.

Source: Clevert, Unterthiner and Hochreiter, Fast and accurate deep network learning by exponential linear units (ELUs), ICLR (2016), 3."""

from sympy import Eq, KroneckerDelta, Ne, Piecewise, S, exp

from derivations._entry import Derivation, chain, d, index, step, tensor
from derivations._pitfalls import activation_derivative, instead, sign

j, m = index("j", "hidden"), index("m", "hidden")
z, a, alpha = tensor("z", j), tensor("a", j), tensor("alpha")
slope = step(z[j]) + (a[j] + alpha) * step(-z[j])

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={a[j]: Piecewise((z[j], z[j] > 0), (alpha * (exp(z[j]) - 1), True))},
    gradients={
        d(a[j], z[j]): slope,
        d(a[j], alpha): (exp(z[j]) - 1) * step(-z[j]),
    },
    steps=(
        *chain(
            d(a[j], z[j]),
            ("elementary derivative", Piecewise((1, z[j] > 0), (alpha * exp(z[j]), True))),
            ("definition", Piecewise((1, z[j] > 0), (a[j] + alpha, True)), "on the left the exponential is a/α + 1"),
            ("algebra", slope),
        ),
        *chain(d(a[j], z[m]), ("case", slope), where=Eq(j, m)),
        *chain(d(a[j], z[m]), ("case", S.Zero, "each unit sees its own input only"), where=Ne(j, m)),
        *chain(d(a[j], z[m]), ("case", KroneckerDelta(j, m) * slope, "both cases in one formula")),
        *chain(d(a[j], alpha), ("elementary derivative", Piecewise((0, z[j] > 0), (exp(z[j]) - 1, True)))),
    ),
    pitfalls=(
        sign(d(a[j], z[j])),
        activation_derivative(d(a[j], z[j]), a[j] + alpha, a[j]),
        activation_derivative(d(a[j], z[j]), a[j] + alpha, exp(z[j])),
        activation_derivative(d(a[j], z[j]), slope, step(z[j])),
        instead(d(a[j], z[j]), "wrong-argument", step(z[j]) + alpha * exp(a[j]) * step(-z[j])),
        instead(d(a[j], alpha), "missing-step", exp(z[j]) - 1),
    ),
)
