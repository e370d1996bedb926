"""word2vec with the naive softmax: every outer vector is moved by its prediction error times the centre vector, and the centre by the sum.

v is the centre word's vector, U the outer vectors, y the word that was seen, one-hot.

Source: Mikolov, Chen, Corrado and Dean, Efficient estimation of word representations in vector space, arXiv:1301.3781 (2013); Rong,
word2vec parameter learning explained, arXiv:1411.2738 (2014), 1 and 2."""

from sympy import Sum, exp, log

from derivations._entry import Derivation, chain, d, index, one_hot, tensor
from derivations._pitfalls import dropped_factor, instead, missing_sum, missing_term, sign, wrong_symbol

w, m, c = index("w", "word"), index("m", "word"), index("c", "dim")
v, U, y = tensor("v", c), tensor("U", w, c), tensor("y", w)
s, p, L = tensor("s", w), tensor("p", w), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        s[w]: Sum(U[w, c] * v[c], c),
        p[w]: exp(s[w]) / Sum(exp(s[m]), m),
        L: -Sum(y[w] * log(p[w]), w),
    },
    parameters=(v[c], U[w, c]),
    domain=(one_hot(y[w], w),),
    gradients={
        d(L, p[w]): -y[w] / p[w],
        d(L, s[w]): p[w] - y[w],
        d(L, U[w, c]): (p[w] - y[w]) * v[c],
        d(L, v[c]): Sum((p[w] - y[w]) * U[w, c], w),
    },
    steps=(
        *chain(L, ("definition", log(Sum(exp(s[m]), m)) - Sum(y[w] * s[w], w), "the logarithm of the softmax, at the word that was seen")),
        *chain(d(L, s[w]), ("sum rule", exp(s[w]) / Sum(exp(s[m]), m) - y[w]), ("definition", p[w] - y[w])),
        *chain(d(L, U[w, c]), ("chain rule", d(L, s[w]) * v[c]), ("substitution", (p[w] - y[w]) * v[c])),
        *chain(
            d(L, v[c]),
            ("chain rule", Sum(d(L, s[w]) * U[w, c], w), "the centre word is in every score"),
            ("substitution", Sum((p[w] - y[w]) * U[w, c], w)),
            ("algebra", Sum(p[w] * U[w, c], w) - Sum(y[w] * U[w, c], w), "what is expected minus what was seen"),
        ),
    ),
    pitfalls=(
        sign(d(L, v[c])),
        missing_sum(d(L, v[c]), w),
        instead(d(L, v[c]), "missing-term", -Sum(y[w] * U[w, c], w)),
        missing_term(d(L, U[w, c]), -y[w]),
        instead(d(L, U[w, c]), "missing-term", -y[w] * v[c]),
        dropped_factor(d(L, U[w, c]), v[c]),
        wrong_symbol(d(L, U[w, c]), v[c], U[w, c]),
        wrong_symbol(d(L, s[w]), p[w], s[w]),
    ),
)
