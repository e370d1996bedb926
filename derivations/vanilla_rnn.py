"""Backpropagation through time: a state's error signal comes from its own output and, through the recurrent weights, from the next state.

The weights are shared, so that their gradients are sums over the steps. Unrolled for three steps; ``at_depth`` gives any number.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 10.2.2; Werbos, Backpropagation through time: what it does and how to do it,
Proceedings of the IEEE 78 (1990)."""

from sympy import Add, Expr, S, Sum, tanh

from derivations._entry import Derivation, Step, chain, d, index, tensor
from derivations._pitfalls import activation_derivative, constant_factor, instead, missing_sum, sign


def at_depth(depth: int) -> Derivation:
    """The derivation for that many time steps, 1 or more, from a given state h_0; the loss is half the squared error of all outputs."""
    p, j, m, k = index("p", "in"), index("j", "hidden"), index("m", "hidden"), index("k", "out")
    times = range(1, depth + 1)
    W, U, b, V, c = tensor("W", p, j), tensor("U", m, j), tensor("b", j), tensor("V", j, k), tensor("c", k)
    x, y, o = ({t: tensor(f"{name}_{t}", at) for t in times} for name, at in (("x", p), ("y", k), ("o", k)))
    a, h, L = {t: tensor(f"a_{t}", j) for t in times}, {t: tensor(f"h_{t}", j) for t in range(depth + 1)}, tensor("L")

    forward: dict[Expr, Expr] = {}
    for t in times:
        forward[a[t][j]] = Sum(x[t][p] * W[p, j], p) + Sum(h[t - 1][m] * U[m, j], m) + b[j]
        forward[h[t][j]] = tanh(a[t][j])
        forward[o[t][k]] = Sum(h[t][j] * V[j, k], j) + c[k]
    forward[L] = Add(*(Sum((o[t][k] - y[t][k]) ** 2, k) for t in times)) / 2

    def error(t: int) -> Expr:
        return o[t][k] - y[t][k]

    def state(t: int, j: Expr) -> Expr:
        """What arrives at a state: from its own output, and from the next step."""
        here = Sum(error(t) * V[j, k], k)
        after = index(f"j{t + 1}", "hidden")
        return here if t == depth else here + Sum(delta(t + 1, after) * U[j, after], after)

    def delta(t: int, j: Expr) -> Expr:
        return state(t, j) * (1 - h[t][j] ** 2)

    gradients: dict[d, Expr] = {}
    steps: list[Step] = []
    for t in reversed(times):
        gradients |= {d(L, o[t][k]): error(t), d(L, h[t][j]): state(t, j), d(L, a[t][j]): delta(t, j)}
        steps += chain(d(L, o[t][k]), ("power rule", error(t)))
        here, onward = Sum(d(L, o[t][k]) * V[j, k], k), Sum(d(L, a[t + 1][m]) * U[j, m], m) if t < depth else S.Zero
        note = "its own output, and the next step" if t < depth else "the last state has its own output only"
        steps += chain(d(L, h[t][j]), ("chain rule", here + onward, note), ("substitution", state(t, j)))
        steps += chain(d(L, a[t][j]), ("chain rule", d(L, h[t][j]) * (1 - h[t][j] ** 2)), ("substitution", delta(t, j)))
    uses = {
        V[j, k]: [(d(L, o[t][k]), error(t), h[t][j]) for t in times],
        c[k]: [(d(L, o[t][k]), error(t), S.One) for t in times],
        W[p, j]: [(d(L, a[t][j]), delta(t, j), x[t][p]) for t in times],
        U[m, j]: [(d(L, a[t][j]), delta(t, j), h[t - 1][m]) for t in times],
        b[j]: [(d(L, a[t][j]), delta(t, j), S.One) for t in times],
    }
    for weight, shared in uses.items():
        gradients[d(L, weight)] = closed = Add(*(signal * seen for _, signal, seen in shared))
        along = Add(*(derivative * seen for derivative, _, seen in shared))
        note = "the weight is used at every step" if depth > 1 else ""
        steps += chain(d(L, weight), ("chain rule", along, note), ("substitution", closed))
    gradients[d(L, h[0][m])] = Sum(delta(1, j) * U[m, j], j)

    pitfalls = [sign(d(L, a[1][j])), missing_sum(d(L, h[depth][j]), k), constant_factor(d(L, o[1][k]), S(2))]
    pitfalls += [activation_derivative(d(L, a[depth][j]), 1 - h[depth][j] ** 2, 1 - a[depth][j] ** 2), sign(d(L, b[j]))]
    if depth > 1:
        pitfalls += [
            instead(d(L, h[1][j]), "missing-term", Sum(error(1) * V[j, k], k)),
            instead(d(L, U[m, j]), "missing-term", delta(depth, j) * h[depth - 1][m]),
            instead(d(L, U[m, j]), "wrong-symbol", Add(*(delta(t, j) * h[t][m] for t in times))),
            instead(d(L, h[depth - 1][j]), "swapped-indices", Sum(error(depth - 1) * V[j, k], k) + Sum(delta(depth, m) * U[m, j], m)),
        ]
    return Derivation(
        __name__,
        __doc__,
        forward=forward,
        parameters=(W[p, j], U[m, j], b[j], V[j, k], c[k]),
        gradients=gradients,
        steps=tuple(steps),
        pitfalls=tuple(pitfalls),
    )


DERIVATION = at_depth(3)
