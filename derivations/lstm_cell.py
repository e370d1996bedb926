"""One step of an LSTM: the cell state carries the gradient back multiplied by the forget gate, and by nothing else.

u and v stand for what arrives from above and from the next step at h and at c; h_0 and c_0 are the state of the step before. The gates
i, f, o and the candidate g have weights W for the input, U for the state, and biases b.

Source: Hochreiter and Schmidhuber, Long short-term memory, Neural Computation 9 (1997); Gers, Schmidhuber and Cummins, Learning to forget:
continual prediction with LSTM, Neural Computation 12 (2000); Zhang, Lipton, Li and Smola, Dive into Deep Learning (2023), 10.1."""

from sympy import Add, Sum, tanh

from derivations._entry import Derivation, chain, d, index, sigmoid, tensor
from derivations._pitfalls import activation_derivative, instead, missing_sum, missing_term, sign, wrong_symbol

p, j, m = index("p", "in"), index("j", "hidden"), index("m", "hidden")
x, h_0, c_0, u, v = tensor("x", p), tensor("h_0", j), tensor("c_0", j), tensor("u", j), tensor("v", j)
i, f, o, g = tensor("I", j), tensor("F", j), tensor("O", j), tensor("G", j)
c, r, h, L = tensor("c", j), tensor("r", j), tensor("h", j), tensor("L")
z, b = {q: tensor(f"z_{q}", j) for q in "ifog"}, {q: tensor(f"b_{q}", j) for q in "ifog"}
W, U = {q: tensor(f"W_{q}", p, j) for q in "ifog"}, {q: tensor(f"U_{q}", m, j) for q in "ifog"}

state = u[j] * o[j] * (1 - r[j] ** 2) + v[j]
delta = {
    "i": state * g[j] * i[j] * (1 - i[j]),
    "f": state * c_0[j] * f[j] * (1 - f[j]),
    "o": u[j] * r[j] * o[j] * (1 - o[j]),
    "g": state * i[j] * (1 - g[j] ** 2),
}

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        **{z[q][j]: Sum(x[p] * W[q][p, j], p) + Sum(h_0[m] * U[q][m, j], m) + b[q][j] for q in "ifog"},
        i[j]: sigmoid(z["i"][j]),
        f[j]: sigmoid(z["f"][j]),
        o[j]: sigmoid(z["o"][j]),
        g[j]: tanh(z["g"][j]),
        c[j]: f[j] * c_0[j] + i[j] * g[j],
        r[j]: tanh(c[j]),
        h[j]: o[j] * r[j],
        L: Sum(u[j] * h[j], j) + Sum(v[j] * c[j], j),
    },
    parameters=tuple(entry for q in "ifog" for entry in (W[q][p, j], U[q][m, j], b[q][j])),
    gradients={
        d(L, h[j]): u[j],
        d(L, c[j]): state,
        d(L, c_0[j]): state * f[j],
        **{d(L, z[q][j]): delta[q] for q in "ifog"},
        **{d(L, W[q][p, j]): delta[q] * x[p] for q in "ifog"},
        **{d(L, U[q][m, j]): delta[q] * h_0[m] for q in "ifog"},
        **{d(L, b[q][j]): delta[q] for q in "ifog"},
        d(L, h_0[m]): Add(*(Sum(delta[q] * U[q][m, j], j) for q in "ifog")),
        d(L, x[p]): Add(*(Sum(delta[q] * W[q][p, j], j) for q in "ifog")),
    },
    steps=(
        *chain(
            d(L, c[j]),
            ("chain rule", d(L, h[j]) * d(h[j], r[j]) * d(r[j], c[j]) + v[j], "through the output, and straight on to the next step"),
            ("substitution", state),
        ),
        *chain(d(L, c_0[j]), ("chain rule", d(L, c[j]) * f[j]), ("substitution", state * f[j])),
        *chain(d(L, z["i"][j]), ("chain rule", d(L, c[j]) * g[j] * d(i[j], z["i"][j])), ("substitution", delta["i"])),
        *chain(d(L, z["f"][j]), ("chain rule", d(L, c[j]) * c_0[j] * d(f[j], z["f"][j])), ("substitution", delta["f"])),
        *chain(d(L, z["o"][j]), ("chain rule", d(L, h[j]) * r[j] * d(o[j], z["o"][j])), ("substitution", delta["o"])),
        *chain(d(L, z["g"][j]), ("chain rule", d(L, c[j]) * i[j] * d(g[j], z["g"][j])), ("substitution", delta["g"])),
        *(s for q in "ifog" for s in chain(d(L, W[q][p, j]), ("chain rule", d(L, z[q][j]) * x[p]), ("substitution", delta[q] * x[p]))),
        *(s for q in "ifog" for s in chain(d(L, U[q][m, j]), ("chain rule", d(L, z[q][j]) * h_0[m]), ("substitution", delta[q] * h_0[m]))),
        *chain(
            d(L, h_0[m]),
            ("chain rule", Add(*(Sum(d(L, z[q][j]) * U[q][m, j], j) for q in "ifog")), "all four gates have seen it"),
            ("substitution", Add(*(Sum(delta[q] * U[q][m, j], j) for q in "ifog"))),
        ),
    ),
    pitfalls=(
        sign(d(L, c[j])),
        missing_term(d(L, c[j]), v[j]),
        activation_derivative(d(L, c[j]), 1 - r[j] ** 2, 1 - r[j]),
        wrong_symbol(d(L, c_0[j]), f[j], i[j]),
        instead(d(L, z["g"][j]), "activation-derivative", state * i[j] * g[j] * (1 - g[j])),
        wrong_symbol(d(L, z["f"][j]), c_0[j], c[j]),
        wrong_symbol(d(L, U["i"][m, j]), h_0[m], h[m]),
        missing_sum(d(L, h_0[m]), j),
        instead(d(L, h_0[m]), "missing-term", Sum(delta["o"] * U["o"][m, j], j)),
    ),
)
