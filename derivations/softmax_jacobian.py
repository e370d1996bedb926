"""The Jacobian of the softmax: o_i (1 − o_i) on the diagonal, −o_i o_k off it, o_i (δ_ik − o_k) in one formula.

Source: Bridle, Probabilistic interpretation of feedforward classification network outputs, Neurocomputing (1990); Bishop, PRML, 4.3.4."""

from sympy import Eq, KroneckerDelta, Ne, S, Sum, exp

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import constant_factor, dropped_factor, replaced, sign

i, k, m = index("i", "out"), index("k", "out"), index("m", "out")
z, e, s, o = tensor("z", k), tensor("e", k), tensor("s"), tensor("o", k)
jacobian, same = d(o[i], z[k]), KroneckerDelta(i, k)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={e[k]: exp(z[k]), s: Sum(e[m], m), o[k]: e[k] / s},
    gradients={
        d(e[i], z[k]): same * e[i],
        d(s, z[k]): e[k],
        jacobian: o[i] * (same - o[k]),
    },
    steps=(
        *chain(jacobian, ("quotient rule", (d(e[i], z[k]) * s - e[i] * d(s, z[k])) / s**2)),
        *chain(
            jacobian,
            ("case", (e[i] * s - e[i] * e[i]) / s**2),
            ("algebra", e[i] / s * (1 - e[i] / s)),
            ("definition", o[i] * (1 - o[i])),
            where=Eq(i, k),
        ),
        *chain(
            jacobian,
            ("case", (0 * s - e[i] * e[k]) / s**2, "another unit's exponential does not move"),
            ("definition", -o[i] * o[k]),
            where=Ne(i, k),
        ),
        *chain(jacobian, ("case", same * o[i] * (1 - o[i]) - (1 - same) * o[i] * o[k]), ("algebra", o[i] * (same - o[k]))),
        *chain(Sum(o[m], m), ("definition", Sum(e[m], m) / s), ("definition", S.One, "the outputs add up to 1")),
        *chain(Sum(d(o[i], z[k]), k), ("substitution", S.Zero, "so that adding a number to every z changes nothing")),
    ),
    pitfalls=(
        sign(jacobian),
        constant_factor(jacobian, S(2)),
        dropped_factor(jacobian, o[i]),
        replaced(jacobian, "wrong-case", same - o[k], 1 - o[k]),
        replaced(jacobian, "wrong-case", same - o[k], -o[k]),
        replaced(d(s, z[k]), "extra-sum", e[k], Sum(e[m], m)),
    ),
)
