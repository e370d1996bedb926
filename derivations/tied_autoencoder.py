"""An autoencoder with tied weights: one matrix encodes and, turned over, decodes, so that its gradient has a term from each use.

Source: Vincent, Larochelle, Bengio and Manzagol, Extracting and composing robust features with denoising autoencoders, ICML (2008), 2.2."""

from sympy import Sum

from derivations._entry import Derivation, chain, d, index, sigmoid, tensor
from derivations._pitfalls import activation_derivative, instead, missing_sum, missing_term, sign

i, j = index("i", "in"), index("j", "hidden")
x, W, b, c = tensor("x", i), tensor("W", i, j), tensor("b", j), tensor("c", i)
z, h, o, L = tensor("z", j), tensor("h", j), tensor("o", i), tensor("L")
error = o[i] - x[i]
delta = Sum(error * W[i, j], i) * h[j] * (1 - h[j])

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        z[j]: Sum(x[i] * W[i, j], i) + b[j],
        h[j]: sigmoid(z[j]),
        o[i]: Sum(h[j] * W[i, j], j) + c[i],
        L: Sum((o[i] - x[i]) ** 2, i) / 2,
    },
    parameters=(W[i, j], b[j], c[i]),
    gradients={
        d(L, o[i]): error,
        d(L, h[j]): Sum(error * W[i, j], i),
        d(L, z[j]): delta,
        d(L, W[i, j]): error * h[j] + delta * x[i],
        d(L, b[j]): delta,
        d(L, c[i]): error,
        d(L, x[i]): Sum(delta * W[i, j], j) - error,
    },
    steps=(
        *chain(d(L, h[j]), ("chain rule", Sum(d(L, o[i]) * W[i, j], i)), ("substitution", Sum(error * W[i, j], i))),
        *chain(d(L, z[j]), ("chain rule", d(L, h[j]) * d(h[j], z[j])), ("substitution", delta)),
        *chain(
            d(L, W[i, j]),
            ("chain rule", d(L, o[i]) * h[j] + d(L, z[j]) * x[i], "as the decoder's weight, and as the encoder's"),
            ("substitution", error * h[j] + delta * x[i]),
        ),
        *chain(
            d(L, x[i]),
            ("chain rule", Sum(d(L, z[j]) * W[i, j], j) - d(L, o[i]), "the input is the target too"),
            ("substitution", Sum(delta * W[i, j], j) - error),
        ),
    ),
    pitfalls=(
        sign(d(L, z[j])),
        missing_term(d(L, W[i, j]), delta * x[i]),
        instead(d(L, W[i, j]), "missing-term", delta * x[i]),
        activation_derivative(d(L, z[j]), 1 - h[j], 1 + h[j]),
        missing_sum(d(L, h[j]), i),
        instead(d(L, x[i]), "missing-term", Sum(delta * W[i, j], j)),
        missing_sum(d(L, x[i]), j),
    ),
)
