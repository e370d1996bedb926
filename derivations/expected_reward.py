"""The gradient of an expected reward under a softmax: an action gains by how much its reward is above the expectation.

Source: Sutton and Barto, Reinforcement Learning: An Introduction (2018), 2.8; Williams, Simple statistical gradient-following algorithms
for connectionist reinforcement learning, Machine Learning 8 (1992)."""

from sympy import KroneckerDelta, S, Sum, exp, log

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import dropped_factor, instead, missing_term, sign, wrong_symbol

a, c, k = index("a", "action"), index("c", "action"), index("k", "action")
z, r, p, J = tensor("z", a), tensor("r", a), tensor("p", a), tensor("J")
same = KroneckerDelta(a, c)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={p[a]: exp(z[a]) / Sum(exp(z[c]), c), J: Sum(p[a] * r[a], a)},
    gradients={
        d(J, p[a]): r[a],
        d(p[c], z[a]): p[c] * (same - p[a]),
        d(J, z[a]): p[a] * (r[a] - J),
    },
    steps=(
        *chain(d(log(p[c]), z[a]), ("chain rule", d(p[c], z[a]) / p[c]), ("substitution", same - p[a], "the score")),
        *chain(
            d(J, z[a]),
            ("chain rule", Sum(r[c] * d(p[c], z[a]), c)),
            ("algebra", Sum(p[c] * r[c] * d(log(p[c]), z[a]), c), "an expectation again, of the reward times the score"),
            ("substitution", Sum(p[c] * r[c] * (same - p[a]), c)),
            ("contraction", p[a] * r[a] - p[a] * Sum(p[c] * r[c], c)),
            ("definition", p[a] * (r[a] - J)),
        ),
        *chain(
            Sum(p[c] * d(log(p[c]), z[a]), c),
            ("substitution", Sum(p[c] * (same - p[a]), c)),
            ("algebra", S.Zero, "the score has the mean 0"),
        ),
        *chain(Sum(d(J, z[k]), k), ("algebra", S.Zero)),
    ),
    pitfalls=(
        sign(d(J, z[a])),
        missing_term(d(J, z[a]), -J),
        dropped_factor(d(J, z[a]), p[a]),
        instead(d(J, z[a]), "extra-factor", p[a] * (1 - p[a]) * r[a]),
        instead(d(J, z[a]), "wrong-symbol", p[a] * (r[a] - Sum(r[c], c))),
        wrong_symbol(d(J, p[a]), r[a], J),
        instead(d(p[c], z[a]), "wrong-case", p[c] * (1 - p[a])),
    ),
)
