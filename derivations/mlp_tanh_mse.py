"""A network of any depth, tanh inside and linear at the end, with mean squared error: the error signal goes back layer by layer.

Source: Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, Nature 323 (1986); Bishop, Pattern Recognition
and Machine Learning (2006), 5.3.1."""

from sympy import Expr, S, Sum, tanh

from derivations._entry import Derivation, Step, chain, d, index, size, tensor
from derivations._pitfalls import activation_derivative, constant_factor, dropped_factor, missing_sum, sign


def at_depth(depth: int) -> Derivation:
    """The derivation for a network of that many layers of weights, 1 or more. Layer 0 is the input; the output has no tanh."""
    layers = range(1, depth + 1)
    n = index("n", "sample")
    j = [index(f"j{q}", "in" if q == 0 else "out" if q == depth else f"h{q}") for q in range(depth + 1)]
    a: list[Expr] = [tensor("x" if q == 0 else f"a_{q}", n, j[q])[n, j[q]] for q in range(depth)]
    z: list[Expr] = [None, *(tensor(f"z_{q}", n, j[q])[n, j[q]] for q in layers)]
    W: list[Expr] = [None, *(tensor(f"W_{q}", j[q - 1], j[q])[j[q - 1], j[q]] for q in layers)]
    b: list[Expr] = [None, *(tensor(f"b_{q}", j[q])[j[q]] for q in layers)]
    y, L = tensor("y", n, j[depth])[n, j[depth]], tensor("L")
    count = size(n) * size(j[depth])

    forward: dict[Expr, Expr] = {}
    for q in layers:
        forward[z[q]] = Sum(a[q - 1] * W[q], j[q - 1]) + b[q]
        if q < depth:
            forward[a[q]] = tanh(z[q])
    forward[L] = Sum(Sum((z[depth] - y) ** 2, j[depth]), n) / count

    gradients: dict[d, Expr] = {}
    steps: list[Step] = []
    error = 2 * (z[depth] - y) / count
    steps += chain(d(L, z[depth]), ("power rule", error, "one term of the double sum depends on it"))
    for q in reversed(layers):
        gradients |= {d(L, z[q]): error, d(L, W[q]): Sum(error * a[q - 1], n), d(L, b[q]): Sum(error, n)}
        steps += chain(d(L, W[q]), ("chain rule", Sum(d(L, z[q]) * a[q - 1], n)), ("substitution", Sum(error * a[q - 1], n)))
        steps += chain(d(L, b[q]), ("chain rule", Sum(d(L, z[q]), n)), ("substitution", Sum(error, n)))
        if q > 1:
            below, slope = Sum(error * W[q], j[q]), 1 - a[q - 1] ** 2
            steps += chain(d(L, a[q - 1]), ("chain rule", Sum(d(L, z[q]) * W[q], j[q])), ("substitution", below))
            steps += chain(d(a[q - 1], z[q - 1]), ("elementary derivative", 1 - tanh(z[q - 1]) ** 2), ("definition", slope))
            error = below * slope
            steps += chain(d(L, z[q - 1]), ("chain rule", d(L, a[q - 1]) * d(a[q - 1], z[q - 1])), ("substitution", error))

    first, last = d(L, W[1]), d(L, W[depth])
    pitfalls = [sign(d(L, z[depth])), constant_factor(d(L, z[depth]), S.Half), constant_factor(last, size(n)), missing_sum(last, n)]
    pitfalls += [missing_sum(d(L, b[depth]), n), dropped_factor(first, a[0])]
    if depth > 1:
        slopes = (a[1] * (1 - a[1]), 1 + a[1] ** 2, 1 - z[1] ** 2, S.One)
        pitfalls += [activation_derivative(first, 1 - a[1] ** 2, wrong) for wrong in slopes]
        pitfalls += [missing_sum(first, j[2])]
    return Derivation(
        __name__,
        __doc__,
        forward=forward,
        parameters=tuple(entry for q in layers for entry in (W[q], b[q])),
        gradients=gradients,
        steps=tuple(steps),
        pitfalls=tuple(pitfalls),
    )


DERIVATION = at_depth(3)
