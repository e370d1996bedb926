"""A two-dimensional convolution, pixel by pixel: the input's gradient runs the kernel backwards over the error signal.

A batch of images of 3 × 3 pixels, a kernel of 2 × 2, four outputs: every window lies within the image. x_12 is the pixel of row 1 and
column 2, counted from 0.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 9.1 and 9.5; LeCun, Bottou, Bengio and Haffner, Gradient-based learning
applied to document recognition, Proceedings of the IEEE 86 (1998)."""

from sympy import Add, Sum

from derivations._entry import Derivation, chain, d, index, tensor
from derivations._pitfalls import instead, missing_sum, sign

n = index("n", "sample")
PIXELS, KERNEL = [(r, s) for r in range(3) for s in range(3)], [(u, v) for u in range(2) for v in range(2)]
x = {(r, s): tensor(f"x_{r}{s}", n)[n] for r, s in PIXELS}
w, b, L = {(u, v): tensor(f"w_{u}{v}") for u, v in KERNEL}, tensor("b"), tensor("L")
y = {(r, s): tensor(f"y_{r}{s}", n)[n] for r, s in KERNEL}
g = {(r, s): tensor(f"g_{r}{s}", n)[n] for r, s in KERNEL}

under = {(u, v): [((r, s), (r + u, s + v)) for r, s in KERNEL] for u, v in KERNEL}
seen = {(p, q): [((r, s), (p - r, q - s)) for r, s in KERNEL if (p - r, q - s) in KERNEL] for p, q in PIXELS}
by_weight = {at: Sum(Add(*(g[out] * x[pixel] for out, pixel in under[at])), n) for at in KERNEL}
by_pixel = {at: Add(*(g[out] * w[tap] for out, tap in seen[at])) for at in PIXELS}

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        **{y[r, s]: Add(*(x[r + u, s + v] * w[u, v] for u, v in KERNEL)) + b for r, s in KERNEL},
        L: Sum(Add(*(g[at] * y[at] for at in KERNEL)), n),
    },
    parameters=(*w.values(), b),
    gradients={
        **{d(L, y[at]): g[at] for at in KERNEL},
        **{d(L, w[at]): by_weight[at] for at in KERNEL},
        d(L, b): Sum(Add(*g.values()), n),
        **{d(L, x[at]): by_pixel[at] for at in PIXELS},
    },
    steps=(
        *(
            line
            for at in KERNEL
            for line in chain(
                d(L, w[at]),
                ("chain rule", Sum(Add(*(d(L, y[out]) * x[pixel] for out, pixel in under[at])), n), "the weight is used at every output"),
                ("substitution", by_weight[at]),
            )
        ),
        *chain(d(L, b), ("chain rule", Sum(Add(*(d(L, y[at]) for at in KERNEL)), n)), ("substitution", Sum(Add(*g.values()), n))),
        *(
            line
            for at in PIXELS
            for line in chain(
                d(L, x[at]),
                ("chain rule", Add(*(d(L, y[out]) * w[tap] for out, tap in seen[at])), "the windows that the pixel lies in"),
                ("substitution", by_pixel[at]),
            )
        ),
    ),
    pitfalls=(
        sign(d(L, x[1, 1])),
        instead(d(L, x[1, 1]), "swapped-indices", Add(*(g[at] * w[at] for at in KERNEL))),
        instead(d(L, x[1, 1]), "missing-term", g[1, 1] * w[0, 0]),
        instead(d(L, x[0, 1]), "swapped-indices", g[0, 0] * w[1, 0] + g[0, 1] * w[0, 0]),
        instead(d(L, w[0, 1]), "swapped-indices", Sum(Add(*(g[out] * x[pixel] for out, pixel in under[1, 0])), n)),
        missing_sum(d(L, w[0, 0]), n),
        instead(d(L, w[0, 0]), "missing-term", Sum(g[0, 0] * x[0, 0], n)),
        missing_sum(d(L, b), n),
    ),
)
