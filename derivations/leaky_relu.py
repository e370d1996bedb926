"""The leaky ReLU lets a small part of the gradient through where its input is negative; where that part is learned, it has a gradient too.

At 0 there is a kink and no derivative; nothing is claimed there.

Source: Maas, Hannun and Ng, Rectifier nonlinearities improve neural network acoustic models, ICML (2013); He, Zhang, Ren and Sun, Delving
deep into rectifiers, ICCV (2015), 2.1 (PReLU, the learned slope)."""

from sympy import Eq, KroneckerDelta, Ne, Piecewise, S, Sum

from derivations._entry import Derivation, chain, d, index, step, tensor
from derivations._pitfalls import activation_derivative, instead, missing_sum, sign

j, m = index("j", "hidden"), index("m", "hidden")
z, a, alpha, g, L = tensor("z", j), tensor("a", j), tensor("alpha"), tensor("g", j), tensor("L")
slope = step(z[j]) + alpha * step(-z[j])

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={a[j]: Piecewise((z[j], z[j] > 0), (alpha * z[j], True)), L: Sum(g[j] * a[j], j)},
    gradients={
        d(a[j], z[j]): slope,
        d(a[j], alpha): z[j] * step(-z[j]),
        d(L, a[j]): g[j],
        d(L, z[j]): g[j] * slope,
        d(L, alpha): Sum(g[j] * z[j] * step(-z[j]), j),
    },
    steps=(
        *chain(
            d(a[j], z[j]),
            ("case", Piecewise((1, z[j] > 0), (alpha, True))),
            ("algebra", step(z[j]) + alpha * (1 - step(z[j]))),
            ("algebra", slope),
        ),
        *chain(d(a[j], z[m]), ("case", S.Zero, "each unit sees its own input only"), where=Ne(j, m)),
        *chain(d(a[j], z[m]), ("case", slope), where=Eq(j, m)),
        *chain(d(a[j], z[m]), ("case", KroneckerDelta(j, m) * slope, "both cases in one formula")),
        *chain(d(a[j], alpha), ("case", Piecewise((0, z[j] > 0), (z[j], True))), ("algebra", z[j] * step(-z[j]))),
        *chain(d(L, z[j]), ("chain rule", d(L, a[j]) * d(a[j], z[j])), ("substitution", g[j] * slope)),
        *chain(
            d(L, alpha),
            ("chain rule", Sum(d(L, a[j]) * d(a[j], alpha), j), "one slope for the whole layer"),
            ("substitution", Sum(g[j] * z[j] * step(-z[j]), j)),
        ),
    ),
    pitfalls=(
        sign(d(L, z[j])),
        activation_derivative(d(a[j], z[j]), slope, step(z[j])),
        activation_derivative(d(a[j], z[j]), slope, 1 - (1 - alpha) * step(z[j])),
        instead(d(a[j], z[j]), "wrong-argument", step(z[j]) + alpha * z[j] * step(-z[j])),
        instead(d(a[j], alpha), "missing-step", z[j]),
        missing_sum(d(L, alpha), j),
    ),
)
