"""The absolute value has the sign as its slope, and so has a sum of absolute values: the gradient of the L1 penalty.

At 0 there is a kink and no derivative; nothing is claimed there.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 6.3.1 (absolute value rectification) and 7.1.2 (the penalty)."""

from sympy import Eq, Ne, Piecewise, S, Sum

from derivations._entry import Derivation, absolute, chain, d, index, step, tensor
from derivations._entry import sign as sgn
from derivations._pitfalls import instead, missing_term, sign

i, j = index("i", "in"), index("j", "in")
w, a, lam, L = tensor("w", j), tensor("a", j), tensor("lambda"), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={a[j]: absolute(w[j]), L: lam * Sum(a[j], j)},
    parameters=(w[j],),
    gradients={
        d(a[j], w[j]): sgn(w[j]),
        d(L, a[j]): lam,
        d(L, w[j]): lam * sgn(w[j]),
    },
    steps=(
        *chain(
            d(a[j], w[j]),
            ("case", Piecewise((1, w[j] > 0), (-1, w[j] < 0))),
            ("algebra", step(w[j]) - step(-w[j])),
            ("algebra", 2 * step(w[j]) - 1),
        ),
        *chain(d(a[j], w[i]), ("case", S.Zero), where=Ne(i, j)),
        *chain(d(a[j], w[i]), ("case", sgn(w[j])), where=Eq(i, j)),
        *chain(d(L, w[j]), ("chain rule", d(L, a[j]) * d(a[j], w[j])), ("substitution", lam * sgn(w[j]))),
        *chain(a[j], ("algebra", w[j] * sgn(w[j]), "a number is its absolute value times its sign")),
    ),
    pitfalls=(
        sign(d(L, w[j])),
        instead(d(a[j], w[j]), "missing-step", S.One),
        instead(d(a[j], w[j]), "activation-derivative", step(w[j])),
        instead(d(L, w[j]), "wrong-symbol", lam * w[j]),
        instead(d(L, w[j]), "wrong-symbol", lam * a[j]),
        instead(d(L, w[j]), "extra-sum", lam * Sum(sgn(w[j]), j)),
        missing_term(d(L, w[j]), lam),
    ),
)
