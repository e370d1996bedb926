"""A ReLU classifier of any depth on a batch, with softmax and mean cross-entropy: every gradient is a sum over the samples of what a single
one gives.

In the catalogue it has three layers of weights; ``at_depth`` gives any number.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 6.5.4; Zhang, Lipton, Li and Smola, Dive into Deep Learning (2023), 5.3."""

from sympy import Expr, Sum, exp, log

from derivations._entry import Derivation, Step, chain, d, index, relu, size, step, sums_to_one, tensor
from derivations._pitfalls import constant_factor, dropped_factor, missing_step, missing_sum, sign


def at_depth(depth: int) -> Derivation:
    """The derivation for a classifier of that many layers of weights, 1 or more. Layer 0 is the input; the last one feeds the softmax."""
    layers, n = range(1, depth + 1), index("n", "sample")
    j = [index(f"j{q}", "in" if q == 0 else "class" if q == depth else f"h{q}") for q in range(depth + 1)]
    k, m = j[depth], index("m", "class")
    a: list[Expr] = [tensor("x" if q == 0 else f"a_{q}", n, j[q])[n, j[q]] for q in range(depth)]
    z: list[Expr] = [None, *(tensor(f"z_{q}", n, j[q])[n, j[q]] for q in layers)]
    W: list[Expr] = [None, *(tensor(f"W_{q}", j[q - 1], j[q])[j[q - 1], j[q]] for q in layers)]
    b: list[Expr] = [None, *(tensor(f"b_{q}", j[q])[j[q]] for q in layers)]
    o, y, L = tensor("o", n, k)[n, k], tensor("y", n, k)[n, k], tensor("L")

    forward: dict[Expr, Expr] = {}
    for q in layers:
        forward[z[q]] = Sum(a[q - 1] * W[q], j[q - 1]) + b[q]
        if q < depth:
            forward[a[q]] = relu(z[q])
    forward[o] = exp(z[depth]) / Sum(exp(z[depth].xreplace({k: m})), m)
    forward[L] = -Sum(Sum(y * log(o), k), n) / size(n)

    gradients: dict[d, Expr] = {}
    error = (o - y) / size(n)
    steps: list[Step] = chain(d(L, z[depth]), ("assumption", error, "softmax and cross-entropy together; the targets add up to 1"))
    for q in reversed(layers):
        gradients |= {d(L, z[q]): error, d(L, W[q]): Sum(error * a[q - 1], n), d(L, b[q]): Sum(error, n)}
        steps += chain(d(L, W[q]), ("chain rule", Sum(d(L, z[q]) * a[q - 1], n)), ("substitution", Sum(error * a[q - 1], n)))
        steps += chain(d(L, b[q]), ("chain rule", Sum(d(L, z[q]), n)), ("substitution", Sum(error, n)))
        below = Sum(error * W[q], j[q])
        gradients[d(L, a[q - 1])] = below
        steps += chain(d(L, a[q - 1]), ("chain rule", Sum(d(L, z[q]) * W[q], j[q])), ("substitution", below))
        if q > 1:
            error = below * step(z[q - 1])
            steps += chain(d(L, z[q - 1]), ("chain rule", d(L, a[q - 1]) * d(a[q - 1], z[q - 1])), ("substitution", error))

    first, last = d(L, W[1]), d(L, W[depth])
    pitfalls = [sign(d(L, z[depth])), constant_factor(last, size(n)), missing_sum(last, n), missing_sum(d(L, b[depth]), n)]
    pitfalls += [missing_sum(d(L, a[depth - 1]), k), dropped_factor(first, a[0])]
    if depth > 1:
        pitfalls += [missing_step(first, z[1]), missing_step(d(L, b[1]), z[1]), missing_sum(first, j[2])]
    return Derivation(
        __name__,
        __doc__,
        forward=forward,
        parameters=tuple(entry for q in layers for entry in (W[q], b[q])),
        domain=(sums_to_one(y, k),),
        gradients=gradients,
        steps=tuple(steps),
        pitfalls=tuple(pitfalls),
    )


DERIVATION = at_depth(3)
