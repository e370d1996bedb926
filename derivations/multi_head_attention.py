"""Multi-head self-attention: each head hands its gradient to its own projections; the input gathers three paths from every head.

Source: Vaswani et al., Attention is all you need, NeurIPS (2017), 3.2.2."""

from sympy import S, Sum, exp, sqrt

from derivations._entry import Derivation, chain, d, index, size, tensor
from derivations._pitfalls import instead, missing_sum, sign

t, s, m, a = index("t", "token"), index("s", "token"), index("m", "token"), index("a", "head")
p, n, c, e = index("p", "model"), index("n", "model"), index("c", "depth"), index("e", "value")
X, G = tensor("X", t, p), tensor("G", t, n)
W_q, W_k, W_v, W_o = tensor("W_q", a, p, c), tensor("W_k", a, p, c), tensor("W_v", a, p, e), tensor("W_o", a, e, n)
Q, K, V, Z = tensor("Q", a, t, c), tensor("K", a, t, c), tensor("V", a, t, e), tensor("Z", a, t, s)
A, H, Y, L = tensor("A", a, t, s), tensor("H", a, t, e), tensor("Y", t, n), tensor("L")
root = sqrt(size(c))


def head(t):
    """What arrives at a head's output."""
    return Sum(G[t, n] * W_o[a, e, n], n)


def weight(t, s):
    """What arrives at the weight that a token gives to another."""
    return Sum(head(t) * V[a, s, e], e)


def score(t, s):
    """What arrives at a score: the softmax takes off the mean under the weights."""
    return A[a, t, s] * (weight(t, s) - Sum(A[a, t, m] * weight(t, m), m))


query = Sum(score(t, s) * K[a, s, c], s) / root
key = Sum(score(s, t) * Q[a, s, c], s) / root
value = Sum(A[a, s, t] * head(s), s)

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        Q[a, t, c]: Sum(X[t, p] * W_q[a, p, c], p),
        K[a, t, c]: Sum(X[t, p] * W_k[a, p, c], p),
        V[a, t, e]: Sum(X[t, p] * W_v[a, p, e], p),
        Z[a, t, s]: Sum(Q[a, t, c] * K[a, s, c], c) / root,
        A[a, t, s]: exp(Z[a, t, s]) / Sum(exp(Z[a, t, m]), m),
        H[a, t, e]: Sum(A[a, t, s] * V[a, s, e], s),
        Y[t, n]: Sum(Sum(H[a, t, e] * W_o[a, e, n], e), a),
        L: Sum(Sum(G[t, n] * Y[t, n], n), t),
    },
    parameters=(W_q[a, p, c], W_k[a, p, c], W_v[a, p, e], W_o[a, e, n]),
    gradients={
        d(L, Y[t, n]): G[t, n],
        d(L, W_o[a, e, n]): Sum(G[t, n] * H[a, t, e], t),
        d(L, H[a, t, e]): head(t),
        d(L, A[a, t, s]): weight(t, s),
        d(L, Z[a, t, s]): score(t, s),
        d(L, Q[a, t, c]): query,
        d(L, K[a, t, c]): key,
        d(L, V[a, t, e]): value,
        d(L, W_q[a, p, c]): Sum(query * X[t, p], t),
        d(L, W_k[a, p, c]): Sum(key * X[t, p], t),
        d(L, W_v[a, p, e]): Sum(value * X[t, p], t),
        d(L, X[t, p]): Sum(Sum(query * W_q[a, p, c] + key * W_k[a, p, c], c) + Sum(value * W_v[a, p, e], e), a),
    },
    steps=(
        *chain(d(L, W_o[a, e, n]), ("chain rule", Sum(d(L, Y[t, n]) * H[a, t, e], t)), ("substitution", Sum(G[t, n] * H[a, t, e], t))),
        *chain(d(L, H[a, t, e]), ("chain rule", Sum(d(L, Y[t, n]) * W_o[a, e, n], n)), ("substitution", head(t))),
        *chain(d(L, A[a, t, s]), ("chain rule", Sum(d(L, H[a, t, e]) * V[a, s, e], e)), ("substitution", weight(t, s))),
        *chain(
            d(L, Z[a, t, s]),
            ("chain rule", A[a, t, s] * (d(L, A[a, t, s]) - Sum(A[a, t, m] * d(L, A[a, t, m]), m)), "the Jacobian of the softmax"),
            ("substitution", score(t, s)),
        ),
        *chain(d(L, Q[a, t, c]), ("chain rule", Sum(d(L, Z[a, t, s]) * K[a, s, c], s) / root), ("substitution", query)),
        *chain(d(L, K[a, t, c]), ("chain rule", Sum(d(L, Z[a, s, t]) * Q[a, s, c], s) / root), ("substitution", key)),
        *chain(d(L, V[a, t, e]), ("chain rule", Sum(A[a, s, t] * d(L, H[a, s, e]), s)), ("substitution", value)),
        *chain(d(L, W_q[a, p, c]), ("chain rule", Sum(d(L, Q[a, t, c]) * X[t, p], t)), ("substitution", Sum(query * X[t, p], t))),
        *chain(
            d(L, X[t, p]),
            (
                "chain rule",
                Sum(
                    Sum(d(L, Q[a, t, c]) * W_q[a, p, c] + d(L, K[a, t, c]) * W_k[a, p, c], c) + Sum(d(L, V[a, t, e]) * W_v[a, p, e], e),
                    a,
                ),
                "as a query, as a key and as a value",
            ),
        ),
        *chain(Sum(d(L, Z[a, t, s]), s), ("algebra", S.Zero)),
    ),
    pitfalls=(
        sign(d(L, Z[a, t, s])),
        instead(d(L, Z[a, t, s]), "missing-term", A[a, t, s] * weight(t, s)),
        instead(d(L, V[a, t, e]), "swapped-indices", Sum(A[a, t, s] * head(s), s)),
        instead(d(L, K[a, t, c]), "swapped-indices", Sum(score(t, s) * Q[a, s, c], s) / root),
        instead(d(L, Q[a, t, c]), "dropped-factor", Sum(score(t, s) * K[a, s, c], s)),
        missing_sum(d(L, W_o[a, e, n]), t),
        instead(d(L, X[t, p]), "missing-term", Sum(Sum(query * W_q[a, p, c] + key * W_k[a, p, c], c), a)),
        missing_sum(d(L, X[t, p]), a),
    ),
)
