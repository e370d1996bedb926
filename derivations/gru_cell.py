"""One step of a GRU: the old state is reached by four paths, straight, through the candidate, and through both gates.

u stands for what arrives from above and from the next step at h; h_0 is the state of the step before. The update gate z keeps the old state
where it is 1, as in the paper; the candidate q sees the old state through the reset gate r.

Source: Cho et al., Learning phrase representations using RNN encoder-decoder for statistical machine translation, EMNLP (2014), 2.3; Zhang,
Lipton, Li and Smola, Dive into Deep Learning (2023), 10.2."""

from sympy import Add, Sum, tanh

from derivations._entry import Derivation, chain, d, index, sigmoid, tensor
from derivations._pitfalls import instead, missing_sum, missing_term, sign, wrong_symbol

p, j, k, m = index("p", "in"), index("j", "hidden"), index("k", "hidden"), index("m", "hidden")
x, h_0, u = tensor("x", p), tensor("h_0", j), tensor("u", j)
r, z, s, q, h, L = tensor("r", j), tensor("z", j), tensor("s", j), tensor("q", j), tensor("h", j), tensor("L")
a, b = {e: tensor(f"a_{e}", j) for e in "rzq"}, {e: tensor(f"b_{e}", j) for e in "rzq"}
W, U = {e: tensor(f"W_{e}", p, j) for e in "rzq"}, {e: tensor(f"U_{e}", m, j) for e in "rzq"}


def candidate(j):
    """The error signal of the candidate's input."""
    return u[j] * (1 - z[j]) * (1 - q[j] ** 2)


delta_z, delta_q = u[j] * (h_0[j] - q[j]) * z[j] * (1 - z[j]), candidate(j)
reset = Sum(candidate(j) * U["q"][m, j], j)
delta_r = Sum(candidate(k) * U["q"][j, k], k) * h_0[j] * r[j] * (1 - r[j])
delta = {"r": delta_r, "z": delta_z, "q": delta_q}
seen = {"r": h_0, "z": h_0, "q": s}

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        a["r"][j]: Sum(x[p] * W["r"][p, j], p) + Sum(h_0[m] * U["r"][m, j], m) + b["r"][j],
        r[j]: sigmoid(a["r"][j]),
        a["z"][j]: Sum(x[p] * W["z"][p, j], p) + Sum(h_0[m] * U["z"][m, j], m) + b["z"][j],
        z[j]: sigmoid(a["z"][j]),
        s[j]: r[j] * h_0[j],
        a["q"][j]: Sum(x[p] * W["q"][p, j], p) + Sum(s[m] * U["q"][m, j], m) + b["q"][j],
        q[j]: tanh(a["q"][j]),
        h[j]: z[j] * h_0[j] + (1 - z[j]) * q[j],
        L: Sum(u[j] * h[j], j),
    },
    parameters=tuple(entry for e in "rzq" for entry in (W[e][p, j], U[e][m, j], b[e][j])),
    gradients={
        d(L, h[j]): u[j],
        d(L, a["q"][j]): delta_q,
        d(L, s[m]): reset,
        d(L, a["z"][j]): delta_z,
        d(L, a["r"][j]): delta_r,
        **{d(L, W[e][p, j]): delta[e] * x[p] for e in "rzq"},
        **{d(L, U[e][m, j]): delta[e] * seen[e][m] for e in "rzq"},
        **{d(L, b[e][j]): delta[e] for e in "rzq"},
        d(L, h_0[m]): u[m] * z[m] + reset * r[m] + Sum(delta_z * U["z"][m, j], j) + Sum(delta_r * U["r"][m, j], j),
        d(L, x[p]): Add(*(Sum(delta[e] * W[e][p, j], j) for e in "rzq")),
    },
    steps=(
        *chain(d(L, a["q"][j]), ("chain rule", d(L, h[j]) * (1 - z[j]) * d(q[j], a["q"][j])), ("substitution", delta_q)),
        *chain(d(L, s[m]), ("chain rule", Sum(d(L, a["q"][j]) * U["q"][m, j], j)), ("substitution", reset)),
        *chain(
            d(L, a["z"][j]),
            ("chain rule", d(L, h[j]) * (h_0[j] - q[j]) * d(z[j], a["z"][j]), "more of the old is less of the new"),
            ("substitution", delta_z),
        ),
        *chain(d(L, a["r"][j]), ("chain rule", d(L, s[j]) * h_0[j] * d(r[j], a["r"][j])), ("substitution", delta_r)),
        *chain(d(L, U["q"][m, j]), ("chain rule", d(L, a["q"][j]) * s[m]), ("substitution", delta_q * s[m])),
        *chain(d(L, U["r"][m, j]), ("chain rule", d(L, a["r"][j]) * h_0[m]), ("substitution", delta_r * h_0[m])),
        *chain(
            d(L, h_0[m]),
            (
                "chain rule",
                d(L, h[m]) * z[m] + d(L, s[m]) * r[m] + Sum(d(L, a["z"][j]) * U["z"][m, j], j) + Sum(d(L, a["r"][j]) * U["r"][m, j], j),
                "the four paths",
            ),
            ("substitution", u[m] * z[m] + reset * r[m] + Sum(delta_z * U["z"][m, j], j) + Sum(delta_r * U["r"][m, j], j)),
        ),
    ),
    pitfalls=(
        sign(d(L, a["z"][j])),
        instead(d(L, a["z"][j]), "missing-term", u[j] * h_0[j] * z[j] * (1 - z[j])),
        wrong_symbol(d(L, a["q"][j]), 1 - z[j], z[j]),
        wrong_symbol(d(L, U["q"][m, j]), s[m], h_0[m]),
        missing_sum(d(L, s[m]), j),
        missing_term(d(L, h_0[m]), u[m] * z[m]),
        missing_term(d(L, h_0[m]), Sum(delta_r * U["r"][m, j], j)),
        missing_term(d(L, h_0[m]), Sum(delta_z * U["z"][m, j], j)),
    ),
)
