"""The gradient of log Σ exp is the softmax; its Hessian is the Jacobian of the softmax.

Source: Boyd and Vandenberghe, Convex Optimization (2004), 3.1.5."""

from sympy import Eq, KroneckerDelta, Ne, S, Sum, exp, log

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import instead, missing_term, sign

i, k, m = index("i", "out"), index("k", "out"), index("m", "out")
z, s, p, f = tensor("z", k), tensor("s"), tensor("p", k), tensor("f")
same = KroneckerDelta(i, k)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={s: Sum(exp(z[m]), m), p[k]: exp(z[k]) / s, f: log(s)},
    gradients={
        d(s, z[k]): exp(z[k]),
        d(f, s): 1 / s,
        d(f, z[k]): p[k],
        d(p[i], z[k]): p[i] * (same - p[k]),
    },
    steps=(
        *chain(d(f, z[k]), ("chain rule", d(f, s) * d(s, z[k])), ("elementary derivative", exp(z[k]) / s), ("definition", p[k])),
        *chain(Sum(d(f, z[k]), k), ("substitution", Sum(p[k], k)), ("algebra", S.One, "a number added to every z is added to f")),
        *chain(p[k], ("algebra", exp(z[k] - f), "the way that does not overflow")),
        *chain(
            d(p[i], z[k]),
            ("chain rule", exp(z[i] - f) * (same - d(f, z[k]))),
            ("substitution", p[i] * (same - p[k])),
        ),
        *chain(d(p[i], z[k]), ("case", p[k] * (1 - p[k])), where=Eq(i, k)),
        *chain(d(p[i], z[k]), ("case", -p[i] * p[k]), where=Ne(i, k)),
    ),
    pitfalls=(
        sign(d(f, z[k])),
        instead(d(f, z[k]), "dropped-factor", 1 / s),
        instead(d(f, z[k]), "activation-derivative", p[k] * (1 - p[k])),
        instead(d(f, z[k]), "missing-term", S.One),
        missing_term(d(p[i], z[k]), same),
        instead(d(s, z[k]), "extra-sum", s),
    ),
)
