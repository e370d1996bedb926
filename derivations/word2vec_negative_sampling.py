"""word2vec with negative sampling: a logistic regression that tells the word that was seen from words that were drawn.

v is the centre word's vector, u that of the word that was seen, N those of the words that were drawn.

Source: Mikolov, Sutskever, Chen, Corrado and Dean, Distributed representations of words and phrases and their compositionality, NeurIPS
(2013), 2.2; Rong, word2vec parameter learning explained, arXiv:1411.2738 (2014), 3.2."""

from sympy import Sum, log

from derivations._entry import Derivation, chain, d, index, sigmoid, tensor
from derivations._pitfalls import instead, missing_sum, missing_term, sign, wrong_symbol

k, c = index("k", "drawn"), index("c", "dim")
v, u, N = tensor("v", c), tensor("u", c), tensor("N", k, c)
s, t, p, q, L = tensor("s"), tensor("t", k), tensor("p"), tensor("q", k), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        s: Sum(u[c] * v[c], c),
        t[k]: Sum(N[k, c] * v[c], c),
        p: sigmoid(s),
        q[k]: sigmoid(t[k]),
        L: -log(p) - Sum(log(1 - q[k]), k),
    },
    parameters=(v[c], u[c], N[k, c]),
    gradients={
        d(L, s): p - 1,
        d(L, t[k]): q[k],
        d(L, u[c]): (p - 1) * v[c],
        d(L, N[k, c]): q[k] * v[c],
        d(L, v[c]): (p - 1) * u[c] + Sum(q[k] * N[k, c], k),
    },
    steps=(
        *chain(1 - q[k], ("algebra", sigmoid(-t[k]), "as the paper writes it")),
        *chain(d(L, s), ("chain rule", -1 / p * d(p, s)), ("elementary derivative", p - 1, "the slope of p is p(1 − p)")),
        *chain(d(L, t[k]), ("chain rule", 1 / (1 - q[k]) * d(q[k], t[k])), ("elementary derivative", q[k])),
        *chain(d(L, u[c]), ("chain rule", d(L, s) * v[c]), ("substitution", (p - 1) * v[c])),
        *chain(d(L, N[k, c]), ("chain rule", d(L, t[k]) * v[c]), ("substitution", q[k] * v[c])),
        *chain(
            d(L, v[c]),
            ("chain rule", d(L, s) * u[c] + Sum(d(L, t[k]) * N[k, c], k), "the centre word is in every score"),
            ("substitution", (p - 1) * u[c] + Sum(q[k] * N[k, c], k)),
        ),
    ),
    pitfalls=(
        sign(d(L, N[k, c])),
        instead(d(L, u[c]), "wrong-symbol", p * v[c]),
        instead(d(L, N[k, c]), "missing-term", (q[k] - 1) * v[c]),
        instead(d(L, s), "extra-factor", (p - 1) * p),
        missing_term(d(L, v[c]), (p - 1) * u[c]),
        missing_sum(d(L, v[c]), k),
        wrong_symbol(d(L, N[k, c]), v[c], u[c]),
        sign(d(L, s)),
    ),
)
