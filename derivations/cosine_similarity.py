"""The cosine of two vectors: its gradient by one is the other's direction, without the part along the vector itself.

Source: Petersen and Pedersen, The Matrix Cookbook (2012), 2.6 (derivatives of norms); Manning, Raghavan and Schütze, Introduction to
Information Retrieval (2008), 6.3 (the cosine)."""

from sympy import S, Sum, sqrt

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import instead, missing_term, sign, wrong_symbol

j = index("j", "dim")
u, v, s, a, b, c = tensor("u", j), tensor("v", j), tensor("s"), tensor("a"), tensor("b"), tensor("c")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        s: Sum(u[j] * v[j], j),
        a: sqrt(Sum(u[j] ** 2, j)),
        b: sqrt(Sum(v[j] ** 2, j)),
        c: s / (a * b),
    },
    gradients={
        d(s, u[j]): v[j],
        d(a, u[j]): u[j] / a,
        d(c, u[j]): v[j] / (a * b) - c * u[j] / a**2,
        d(c, v[j]): u[j] / (a * b) - c * v[j] / b**2,
    },
    steps=(
        *chain(d(a, u[j]), ("chain rule", 2 * u[j] / (2 * sqrt(Sum(u[j] ** 2, j)))), ("definition", u[j] / a)),
        *chain(
            d(c, u[j]),
            ("quotient rule", d(s, u[j]) / (a * b) - s / (a**2 * b) * d(a, u[j])),
            ("substitution", v[j] / (a * b) - s * u[j] / (a**3 * b)),
            ("definition", v[j] / (a * b) - c * u[j] / a**2),
        ),
        *chain(Sum(u[j] * d(c, u[j]), j), ("algebra", S.Zero, "a longer vector has the same cosine")),
    ),
    pitfalls=(
        sign(d(c, u[j])),
        instead(d(c, u[j]), "missing-term", v[j] / (a * b)),
        instead(d(c, u[j]), "constant-factor", v[j] / (a * b) - c * u[j] / a),
        wrong_symbol(d(c, u[j]), u[j], v[j]),
        missing_term(d(c, v[j]), u[j] / (a * b)),
        instead(d(a, u[j]), "constant-factor", 2 * u[j] / a),
        instead(d(a, u[j]), "dropped-factor", u[j]),
    ),
)
