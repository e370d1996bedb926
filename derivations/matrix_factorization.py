"""Matrix factorization: each user's vector is moved along the items that were rated, by how wrong the predictions are.

M is 1 where there is a rating and 0 elsewhere; λ weighs the penalty on both factors.

Source: Koren, Bell and Volinsky, Matrix factorization techniques for recommender systems, IEEE Computer 42 (2009)."""

from sympy import Sum

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import instead, missing_sum, missing_term, sign

u, i, f = index("u", "user"), index("i", "item"), index("f", "factor")
R, M, P, Q, lam = tensor("R", u, i), tensor("M", u, i), tensor("P", u, f), tensor("Q", i, f), tensor("lambda")
e, L = tensor("e", u, i), tensor("L")

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        e[u, i]: Sum(P[u, f] * Q[i, f], f) - R[u, i],
        L: Sum(Sum(M[u, i] * e[u, i] ** 2, i), u) / 2 + lam * (Sum(Sum(P[u, f] ** 2, f), u) + Sum(Sum(Q[i, f] ** 2, f), i)) / 2,
    },
    parameters=(P[u, f], Q[i, f]),
    gradients={
        d(L, e[u, i]): M[u, i] * e[u, i],
        d(L, P[u, f]): Sum(M[u, i] * e[u, i] * Q[i, f], i) + lam * P[u, f],
        d(L, Q[i, f]): Sum(M[u, i] * e[u, i] * P[u, f], u) + lam * Q[i, f],
    },
    steps=(
        *chain(d(L, e[u, i]), ("power rule", M[u, i] * e[u, i], "the mask stays, whatever it is")),
        *chain(
            d(L, P[u, f]),
            ("chain rule", Sum(d(L, e[u, i]) * Q[i, f], i) + lam * P[u, f]),
            ("substitution", Sum(M[u, i] * e[u, i] * Q[i, f], i) + lam * P[u, f]),
        ),
        *chain(
            d(L, Q[i, f]),
            ("chain rule", Sum(d(L, e[u, i]) * P[u, f], u) + lam * Q[i, f]),
            ("substitution", Sum(M[u, i] * e[u, i] * P[u, f], u) + lam * Q[i, f]),
        ),
    ),
    pitfalls=(
        sign(d(L, e[u, i])),
        instead(d(L, e[u, i]), "dropped-factor", e[u, i]),
        missing_term(d(L, P[u, f]), lam * P[u, f]),
        instead(d(L, P[u, f]), "constant-factor", 2 * Sum(M[u, i] * e[u, i] * Q[i, f], i) + lam * P[u, f]),
        instead(d(L, P[u, f]), "wrong-symbol", Sum(M[u, i] * e[u, i], i) * P[u, f] + lam * P[u, f]),
        missing_sum(d(L, Q[i, f]), u),
    ),
)
