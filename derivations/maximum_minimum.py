"""The larger of two numbers sends the gradient to the one that won, the smaller of two to the one that lost.

Where the two are equal there is a kink and no derivative; nothing is claimed there.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 6.3.1 (maxout units)."""

from sympy import Piecewise, S

from derivations._entry import Derivation, absolute, chain, d, index, step, tensor
from derivations._pitfalls import instead, replaced, sign

j = index("j", "hidden")
u, v, p, q = tensor("u", j), tensor("v", j), tensor("p", j), tensor("q", j)
won = step(u[j] - v[j])

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        p[j]: Piecewise((u[j], u[j] > v[j]), (v[j], True)),
        q[j]: Piecewise((v[j], u[j] > v[j]), (u[j], True)),
    },
    gradients={
        d(p[j], u[j]): won,
        d(p[j], v[j]): 1 - won,
        d(q[j], u[j]): 1 - won,
        d(q[j], v[j]): won,
    },
    steps=(
        *chain(p[j], ("algebra", (u[j] + v[j] + absolute(u[j] - v[j])) / 2, "the mean and half the distance")),
        *chain(q[j], ("algebra", (u[j] + v[j] - absolute(u[j] - v[j])) / 2)),
        *chain(p[j] + q[j], ("algebra", u[j] + v[j])),
        *chain(d(p[j], u[j]), ("case", Piecewise((1, u[j] > v[j]), (0, True)))),
        *chain(d(p[j], v[j]), ("case", Piecewise((0, u[j] > v[j]), (1, True))), ("algebra", step(v[j] - u[j]))),
        *chain(d(p[j], u[j]) + d(p[j], v[j]), ("algebra", S.One, "exactly one of the two moves the result")),
        *chain(d(q[j], u[j]), ("algebra", 1 - d(p[j], u[j]), "since u = p + q − v")),
    ),
    pitfalls=(
        sign(d(p[j], u[j])),
        instead(d(p[j], u[j]), "missing-step", S.One),
        instead(d(p[j], u[j]), "wrong-argument", step(u[j])),
        instead(d(p[j], u[j]), "constant-factor", S.Half),
        replaced(d(q[j], v[j]), "wrong-case", won, 1 - won),
        instead(d(p[j], v[j]), "wrong-case", won),
    ),
)
