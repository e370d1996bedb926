"""The triplet loss: while a negative is not far enough away, the anchor is pulled to the positive and pushed from the negative.

Where the loss is exactly at its margin there is a kink; nothing is claimed there.

Source: Schroff, Kalenichenko and Philbin, FaceNet: a unified embedding for face recognition and clustering, CVPR (2015), 3.1."""

from sympy import S, Sum

from derivations._entry import Derivation, chain, d, index, relu, step, tensor
from derivations._pitfalls import constant_factor, instead, missing_step, missing_term, sign

n, j = index("n", "triplet"), index("j", "dim")
a, p, q, alpha = tensor("a", n, j), tensor("p", n, j), tensor("q", n, j), tensor("alpha")
u, L = tensor("u", n), tensor("L")
active = step(u[n])

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        u[n]: Sum((a[n, j] - p[n, j]) ** 2, j) - Sum((a[n, j] - q[n, j]) ** 2, j) + alpha,
        L: Sum(relu(u[n]), n),
    },
    gradients={
        d(L, u[n]): active,
        d(u[n], a[n, j]): 2 * (q[n, j] - p[n, j]),
        d(L, a[n, j]): 2 * (q[n, j] - p[n, j]) * active,
        d(L, p[n, j]): 2 * (p[n, j] - a[n, j]) * active,
        d(L, q[n, j]): 2 * (a[n, j] - q[n, j]) * active,
    },
    steps=(
        *chain(d(u[n], a[n, j]), ("power rule", 2 * (q[n, j] - p[n, j]), "the anchor itself cancels")),
        *chain(d(L, a[n, j]), ("chain rule", d(L, u[n]) * d(u[n], a[n, j])), ("substitution", 2 * (q[n, j] - p[n, j]) * active)),
        *chain(d(L, p[n, j]), ("chain rule", d(L, u[n]) * 2 * (p[n, j] - a[n, j])), ("substitution", 2 * (p[n, j] - a[n, j]) * active)),
        *chain(d(L, a[n, j]) + d(L, p[n, j]) + d(L, q[n, j]), ("algebra", S.Zero, "moving all three changes nothing")),
    ),
    pitfalls=(
        sign(d(L, a[n, j])),
        missing_step(d(L, a[n, j]), u[n]),
        constant_factor(d(L, p[n, j]), S.Half),
        missing_term(d(u[n], a[n, j]), 2 * q[n, j]),
        instead(d(L, a[n, j]), "wrong-symbol", 2 * (a[n, j] - p[n, j]) * active),
        instead(d(L, a[n, j]), "wrong-argument", 2 * (q[n, j] - p[n, j]) * step(alpha)),
    ),
)
