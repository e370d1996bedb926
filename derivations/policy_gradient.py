"""The policy gradient (REINFORCE) of a softmax policy: what was done minus what is usually done, times the return over the baseline.

Steps t of an episode with states x, actions y (one-hot) and returns R; the loss is what gradient descent lowers, minus the objective.

Source: Williams, Simple statistical gradient-following algorithms for connectionist reinforcement learning, Machine Learning 8 (1992);
Sutton and Barto, Reinforcement Learning: An Introduction (2018), 13.3 and 13.4."""

from sympy import KroneckerDelta, S, Sum, exp, log

from derivations._entry import Derivation, chain, d, index, one_hot, tensor
from derivations._pitfalls import dropped_factor, instead, missing_sum, missing_term, sign, wrong_symbol

t, j, a, c = index("t", "time"), index("j", "feature"), index("a", "action"), index("c", "action")
x, W, y, R, b = tensor("x", t, j), tensor("W", j, a), tensor("y", t, a), tensor("R", t), tensor("b")
z, p, u, L = tensor("z", t, a), tensor("p", t, a), tensor("u", t), tensor("L")
error = (R[t] - b) * (p[t, a] - y[t, a])

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        z[t, a]: Sum(x[t, j] * W[j, a], j),
        p[t, a]: exp(z[t, a]) / Sum(exp(z[t, c]), c),
        u[t]: Sum(y[t, a] * log(p[t, a]), a),
        L: -Sum((R[t] - b) * u[t], t),
    },
    parameters=(W[j, a],),
    domain=(one_hot(y[t, a], a),),
    gradients={
        d(L, u[t]): b - R[t],
        d(p[t, c], z[t, a]): p[t, c] * (KroneckerDelta(a, c) - p[t, a]),
        d(u[t], z[t, a]): y[t, a] - p[t, a],
        d(L, z[t, a]): error,
        d(L, W[j, a]): Sum(error * x[t, j], t),
    },
    steps=(
        *chain(
            d(u[t], z[t, a]),
            ("chain rule", Sum(y[t, c] / p[t, c] * d(p[t, c], z[t, a]), c)),
            ("substitution", Sum(y[t, c] * (KroneckerDelta(a, c) - p[t, a]), c)),
            ("assumption", y[t, a] - p[t, a], "one action was taken"),
        ),
        *chain(d(L, z[t, a]), ("chain rule", d(L, u[t]) * d(u[t], z[t, a])), ("substitution", error)),
        *chain(d(L, W[j, a]), ("chain rule", Sum(d(L, z[t, a]) * x[t, j], t)), ("substitution", Sum(error * x[t, j], t))),
        *chain(
            Sum(p[t, c] * (KroneckerDelta(a, c) - p[t, a]), c),
            ("algebra", S.Zero, "on the average over the policy the score is 0, so that a baseline does not bias"),
        ),
    ),
    pitfalls=(
        sign(d(L, W[j, a])),
        missing_term(d(u[t], z[t, a]), -p[t, a]),
        instead(d(L, z[t, a]), "dropped-factor", p[t, a] - y[t, a]),
        instead(d(L, z[t, a]), "missing-term", R[t] * (p[t, a] - y[t, a])),
        instead(d(L, z[t, a]), "extra-factor", error * p[t, a]),
        missing_sum(d(L, W[j, a]), t),
        dropped_factor(d(L, W[j, a]), x[t, j]),
        wrong_symbol(d(u[t], z[t, a]), p[t, a], z[t, a]),
    ),
)
