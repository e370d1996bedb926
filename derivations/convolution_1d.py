"""A one-dimensional convolution, position by position: a tap's gradient correlates the input with the error signal, the input's gradient
runs the taps backwards.

Three outputs, each a window of the input times the same taps; every window has all the input channels c and yields all the output channels
e. In the catalogue there are two taps; ``at_depth`` gives any number.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 9.1 and 9.5."""

from sympy import Add, Expr, Sum

from derivations._entry import Derivation, Step, chain, d, index, tensor
from derivations._pitfalls import instead, missing_sum, sign

OUTPUTS = range(3)


def at_depth(depth: int) -> Derivation:
    """The derivation for that many taps, 1 or more, and three outputs."""
    taps, inputs = range(depth), range(len(OUTPUTS) + depth - 1)
    c, e = index("c", "channel"), index("e", "filter")
    x, w, b = [tensor(f"x_{s}", c)[c] for s in inputs], [tensor(f"w_{r}", c, e)[c, e] for r in taps], tensor("b", e)[e]
    y, g, L = [tensor(f"y_{t}", e)[e] for t in OUTPUTS], [tensor(f"g_{t}", e)[e] for t in OUTPUTS], tensor("L")

    forward: dict[Expr, Expr] = {y[t]: Add(*(Sum(x[t + r] * w[r], c) for r in taps)) + b for t in OUTPUTS}
    forward[L] = Add(*(Sum(g[t] * y[t], e) for t in OUTPUTS))

    gradients: dict[d, Expr] = {d(L, y[t]): g[t] for t in OUTPUTS}
    steps: list[Step] = []
    for r in taps:
        gradients[d(L, w[r])] = closed = Add(*(g[t] * x[t + r] for t in OUTPUTS))
        along = Add(*(d(L, y[t]) * x[t + r] for t in OUTPUTS))
        steps += chain(d(L, w[r]), ("chain rule", along, "the tap is used at every output"), ("substitution", closed))
    gradients[d(L, b)] = Add(*g)
    steps += chain(d(L, b), ("chain rule", Add(*(d(L, y[t]) for t in OUTPUTS))), ("substitution", Add(*g)))
    for s in inputs:
        seen = [(t, s - t) for t in OUTPUTS if s - t in taps]
        gradients[d(L, x[s])] = closed = Add(*(Sum(g[t] * w[r], e) for t, r in seen))
        along = Add(*(Sum(d(L, y[t]) * w[r], e) for t, r in seen))
        steps += chain(d(L, x[s]), ("chain rule", along, "output t sees input s through tap s − t"), ("substitution", closed))

    first, last = d(L, w[0]), d(L, x[-1])
    pitfalls = [
        sign(first),
        instead(first, "missing-sum", g[0] * x[0]),
        instead(d(L, b), "missing-sum", g[0]),
        missing_sum(last, e),
    ]
    if depth > 1:
        pitfalls += [
            instead(last, "swapped-indices", Sum(g[-1] * w[0], e)),
            instead(first, "swapped-indices", Add(*(g[t] * x[len(inputs) - 1 - t] for t in OUTPUTS))),
            instead(d(L, x[1]), "missing-term", Sum(g[1] * w[0], e)),
            instead(d(L, x[1]), "swapped-indices", Sum(g[0] * w[0], e) + Sum(g[1] * w[1], e)),
        ]
    return Derivation(
        __name__,
        __doc__,
        forward=forward,
        parameters=(*w, b),
        gradients=gradients,
        steps=tuple(steps),
        pitfalls=tuple(pitfalls),
    )


DERIVATION = at_depth(2)
