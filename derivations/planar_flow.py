"""The log-determinant of a planar flow: a matrix that differs from the identity by rank one has the determinant 1 + c.

The flow is z + u tanh(a), a = w z + b. Its Jacobian is the identity plus the outer product of u and (1 − h²) w.

Source: Rezende and Mohamed, Variational inference with normalizing flows, ICML (2015), 4.1; Petersen and Pedersen, The Matrix Cookbook
(2012), 1.2 (the determinant of I + uv')."""

from sympy import KroneckerDelta, Sum, log, tanh

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import dropped_factor, instead, missing_term, sign, wrong_symbol

i, j = index("i", "dim"), index("j", "dim")
z, u, w, b = tensor("z", i), tensor("u", i), tensor("w", i), tensor("b")
a, h, s, f, c, L = tensor("a"), tensor("h"), tensor("s"), tensor("f", i), tensor("c"), tensor("L")
inner = -2 * h * (1 - h**2) * s / (1 + c)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        a: Sum(w[i] * z[i], i) + b,
        h: tanh(a),
        s: Sum(u[i] * w[i], i),
        f[i]: z[i] + u[i] * h,
        c: (1 - h**2) * s,
        L: log(1 + c),
    },
    parameters=(u[i], w[i], b),
    gradients={
        d(h, a): 1 - h**2,
        d(f[i], z[j]): KroneckerDelta(i, j) + u[i] * (1 - h**2) * w[j],
        d(L, c): 1 / (1 + c),
        d(L, a): inner,
        d(L, u[i]): (1 - h**2) * w[i] / (1 + c),
        d(L, w[i]): inner * z[i] + (1 - h**2) * u[i] / (1 + c),
        d(L, b): inner,
        d(L, z[i]): inner * w[i],
    },
    steps=(
        *chain(
            d(f[i], z[j]),
            ("chain rule", KroneckerDelta(i, j) + u[i] * d(h, a) * w[j]),
            ("substitution", KroneckerDelta(i, j) + u[i] * (1 - h**2) * w[j]),
        ),
        *chain(Sum(d(f[i], z[j]) * u[j], j), ("substitution", (1 + c) * u[i], "u keeps its direction, so that 1 + c is the determinant")),
        *chain(d(L, a), ("chain rule", d(L, c) * (-2 * h * s) * d(h, a)), ("substitution", inner)),
        *chain(d(L, u[i]), ("chain rule", d(L, c) * (1 - h**2) * w[i]), ("substitution", (1 - h**2) * w[i] / (1 + c))),
        *chain(
            d(L, w[i]),
            ("chain rule", d(L, a) * z[i] + d(L, c) * (1 - h**2) * u[i], "inside the tanh and outside of it"),
            ("substitution", inner * z[i] + (1 - h**2) * u[i] / (1 + c)),
        ),
    ),
    pitfalls=(
        sign(d(L, a)),
        missing_term(d(L, w[i]), inner * z[i]),
        missing_term(d(L, w[i]), (1 - h**2) * u[i] / (1 + c)),
        instead(d(L, u[i]), "dropped-factor", (1 - h**2) * w[i]),
        dropped_factor(d(L, a), s),
        instead(d(L, a), "constant-factor", inner / 2),
        wrong_symbol(d(L, z[i]), w[i], u[i]),
        instead(d(f[i], z[j]), "missing-term", u[i] * (1 - h**2) * w[j]),
    ),
)
