"""The norm's gradient is the unit vector; the unit vector's Jacobian takes off what lies along it.

Source: Petersen and Pedersen, The Matrix Cookbook (2012), 2.6.1."""

from sympy import KroneckerDelta, S, Sum, sqrt

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import constant_factor, instead, missing_term, sign

i, j, k = index("i", "dim"), index("j", "dim"), index("k", "dim")
x, r, u = tensor("x", i), tensor("r"), tensor("u", i)
same = KroneckerDelta(i, k)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={r: sqrt(Sum(x[i] ** 2, i)), u[i]: x[i] / r},
    gradients={
        d(r, x[i]): u[i],
        d(u[i], x[k]): (same - u[i] * u[k]) / r,
    },
    steps=(
        *chain(
            d(r, x[i]),
            ("chain rule", 2 * x[i] / (2 * sqrt(Sum(x[j] ** 2, j)))),
            ("definition", x[i] / r),
            ("definition", u[i]),
        ),
        *chain(
            d(u[i], x[k]),
            ("quotient rule", (same * r - x[i] * d(r, x[k])) / r**2),
            ("substitution", (same * r - x[i] * u[k]) / r**2),
            ("definition", (same - u[i] * u[k]) / r),
        ),
        *chain(Sum(u[i] ** 2, i), ("definition", S.One)),
        *chain(
            Sum(d(u[i], x[k]) * x[k], k),
            ("substitution", Sum((same - u[i] * u[k]) * x[k], k) / r),
            ("algebra", S.Zero, "a longer vector has the same direction"),
        ),
    ),
    pitfalls=(
        sign(d(r, x[i])),
        instead(d(r, x[i]), "constant-factor", 2 * u[i]),
        instead(d(r, x[i]), "dropped-factor", x[i]),
        missing_term(d(u[i], x[k]), same),
        instead(d(u[i], x[k]), "missing-term", same / r),
        instead(d(u[i], x[k]), "dropped-factor", (same - x[i] * x[k]) / r),
        constant_factor(d(u[i], x[k]), S(2)),
    ),
)
