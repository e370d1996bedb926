"""A classifier with a ReLU layer, a sigmoid layer and a softmax, trained with cross-entropy: all six gradients.

The error signal o − y of the output goes back through the sigmoid by a(1 − a) and through the ReLU by its step. A weight's gradient is the
error signal of its unit times the activation that came in; a bias's gradient is the error signal itself.

Source: Goodfellow, Bengio and Courville, Deep Learning (2016), 6.5; Nielsen, Neural Networks and Deep Learning (2015), chapter 2."""

from sympy import KroneckerDelta, Piecewise, S, Sum, exp, log

from derivations._entry import Derivation, chain, d, index, relu, sigmoid, step, sums_to_one, tensor
from derivations._pitfalls import activation_derivative, constant_factor, dropped_factor, missing_step, missing_sum, sign, wrong_layer

p, i, j = index("p", "in"), index("i", "h1"), index("j", "h2")
k, m = index("k", "out"), index("m", "out")
x, y, L = tensor("x", p), tensor("y", k), tensor("L")
w_h1, b_h1, z_h1, a_h1 = tensor("w_h1", p, i), tensor("b_h1", i), tensor("z_h1", i), tensor("a_h1", i)
w_h2, b_h2, z_h2, a_h2 = tensor("w_h2", i, j), tensor("b_h2", j), tensor("z_h2", j), tensor("a_h2", j)
w_o, b_z, z, o = tensor("w_o", j, k), tensor("b_z", k), tensor("z", k), tensor("o", k)
same = KroneckerDelta(m, k)

delta_o = o[k] - y[k]
delta_h2 = Sum(delta_o * w_o[j, k], k) * a_h2[j] * (1 - a_h2[j])
delta_h1 = Sum(delta_h2 * w_h2[i, j], j) * step(z_h1[i])

DERIVATION = Derivation(
    __name__,
    __doc__,
    forward={
        z_h1[i]: Sum(x[p] * w_h1[p, i], p) + b_h1[i],
        a_h1[i]: relu(z_h1[i]),
        z_h2[j]: Sum(a_h1[i] * w_h2[i, j], i) + b_h2[j],
        a_h2[j]: sigmoid(z_h2[j]),
        z[k]: Sum(a_h2[j] * w_o[j, k], j) + b_z[k],
        o[k]: exp(z[k]) / Sum(exp(z[m]), m),
        L: -Sum(y[k] * log(o[k]), k),
    },
    parameters=(w_o[j, k], b_z[k], w_h2[i, j], b_h2[j], w_h1[p, i], b_h1[i]),
    domain=(sums_to_one(y[k], k),),
    gradients={
        d(o[m], z[k]): o[m] * (same - o[k]),
        d(L, z[k]): delta_o,
        d(L, w_o[j, k]): delta_o * a_h2[j],
        d(L, b_z[k]): delta_o,
        d(a_h2[j], z_h2[j]): a_h2[j] * (1 - a_h2[j]),
        d(L, z_h2[j]): delta_h2,
        d(L, w_h2[i, j]): delta_h2 * a_h1[i],
        d(L, b_h2[j]): delta_h2,
        d(a_h1[i], z_h1[i]): step(z_h1[i]),
        d(L, z_h1[i]): delta_h1,
        d(L, w_h1[p, i]): delta_h1 * x[p],
        d(L, b_h1[i]): delta_h1,
    },
    steps=(
        *chain(
            d(L, z[k]),
            ("chain rule", -Sum(y[m] / o[m] * d(o[m], z[k]), m)),
            ("case", Sum((1 - same) * y[m] * o[k], m) - y[k] * (1 - o[k]), "the term m = k apart"),
            ("assumption", (1 - y[k]) * o[k] - y[k] * (1 - o[k]), "the targets add up to 1"),
            ("algebra", delta_o),
        ),
        *chain(d(L, w_o[j, k]), ("chain rule", d(L, z[k]) * d(z[k], w_o[j, k])), ("substitution", delta_o * a_h2[j])),
        *chain(d(L, b_z[k]), ("chain rule", d(L, z[k]) * d(z[k], b_z[k])), ("substitution", delta_o)),
        *chain(
            d(a_h2[j], z_h2[j]),
            ("quotient rule", exp(-z_h2[j]) / (1 + exp(-z_h2[j])) ** 2),
            ("definition", a_h2[j] * (1 - a_h2[j])),
        ),
        *chain(d(z[k], a_h2[j]), ("sum rule", w_o[j, k])),
        *chain(
            d(L, z_h2[j]),
            ("chain rule", Sum(d(L, z[k]) * d(z[k], a_h2[j]), k) * d(a_h2[j], z_h2[j])),
            ("substitution", delta_h2),
        ),
        *chain(d(L, w_h2[i, j]), ("chain rule", d(L, z_h2[j]) * d(z_h2[j], w_h2[i, j])), ("substitution", delta_h2 * a_h1[i])),
        *chain(d(L, b_h2[j]), ("chain rule", d(L, z_h2[j])), ("substitution", delta_h2)),
        *chain(d(a_h1[i], z_h1[i]), ("elementary derivative", Piecewise((0, z_h1[i] <= 0), (1, z_h1[i] > 0)))),
        *chain(d(z_h2[j], a_h1[i]), ("sum rule", w_h2[i, j])),
        *chain(
            d(L, z_h1[i]),
            ("chain rule", Sum(d(L, z_h2[j]) * d(z_h2[j], a_h1[i]), j) * d(a_h1[i], z_h1[i])),
            ("substitution", delta_h1),
        ),
        *chain(d(L, w_h1[p, i]), ("chain rule", d(L, z_h1[i]) * d(z_h1[i], w_h1[p, i])), ("substitution", delta_h1 * x[p])),
        *chain(d(L, b_h1[i]), ("chain rule", d(L, z_h1[i])), ("substitution", delta_h1)),
    ),
    pitfalls=(
        sign(d(L, z[k])),
        constant_factor(d(L, w_o[j, k]), S(2)),
        dropped_factor(d(L, w_o[j, k]), a_h2[j]),
        dropped_factor(d(L, w_h2[i, j]), a_h2[j]),
        activation_derivative(d(L, w_h2[i, j]), 1 - a_h2[j], 1 + a_h2[j]),
        wrong_layer(d(L, w_h2[i, j]), w_o[j, k], w_h2[i, j]),
        wrong_layer(d(L, w_h1[p, i]), a_h2[j], a_h1[i]),
        missing_step(d(L, w_h1[p, i]), z_h1[i]),
        missing_step(d(L, b_h1[i]), z_h1[i]),
        missing_sum(d(L, b_h1[i]), j),
        missing_sum(d(L, z_h2[j]), k),
    ),
)
