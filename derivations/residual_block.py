"""Residual blocks: the skip carries the gradient past each block unchanged, and the block adds its own.

Each block is x + W relu(Vx + b) + c. Two blocks; ``at_depth`` gives any number. g stands for what arrives at the last output.

Source: He, Zhang, Ren and Sun, Deep residual learning for image recognition, CVPR (2016), 3.2; He, Zhang, Ren and Sun, Identity mappings in
deep residual networks, ECCV (2016), 2."""

from sympy import Expr, Sum

from derivations._entry import Derivation, Step, chain, d, index, relu, step, tensor
from derivations._pitfalls import instead, missing_sum, missing_term, sign


def at_depth(depth: int) -> Derivation:
    """The derivation for that many blocks, 1 or more; x_0 is the input."""
    i, m, h, blocks = index("i", "model"), index("m", "model"), index("h", "hidden"), range(1, depth + 1)
    x, g, L = [tensor(f"x_{q}", i) for q in range(depth + 1)], tensor("g", i), tensor("L")
    V, b = {q: tensor(f"V_{q}", i, h) for q in blocks}, {q: tensor(f"b_{q}", h) for q in blocks}
    W, c = {q: tensor(f"W_{q}", h, i) for q in blocks}, {q: tensor(f"c_{q}", i) for q in blocks}
    z, a = {q: tensor(f"z_{q}", h) for q in blocks}, {q: tensor(f"a_{q}", h) for q in blocks}

    forward: dict[Expr, Expr] = {}
    for q in blocks:
        forward[z[q][h]] = Sum(x[q - 1][i] * V[q][i, h], i) + b[q][h]
        forward[a[q][h]] = relu(z[q][h])
        forward[x[q][i]] = x[q - 1][i] + Sum(a[q][h] * W[q][h, i], h) + c[q][i]
    forward[L] = Sum(g[i] * x[depth][i], i)

    def at(q: int, i: Expr) -> Expr:
        """What arrives at the output of a block."""
        return g[i] if q == depth else at(q + 1, i) + Sum(inside(q + 1) * V[q + 1][i, h], h)

    def inside(q: int) -> Expr:
        """The error signal of a block's hidden units."""
        after = index(f"m{q}", "model")
        return Sum(at(q, after) * W[q][h, after], after) * step(z[q][h])

    gradients: dict[d, Expr] = {d(L, x[depth][i]): g[i]}
    steps: list[Step] = []
    for q in reversed(blocks):
        gradients |= {d(L, W[q][h, i]): at(q, i) * a[q][h], d(L, c[q][i]): at(q, i), d(L, z[q][h]): inside(q)}
        gradients |= {d(L, V[q][i, h]): inside(q) * x[q - 1][i], d(L, b[q][h]): inside(q), d(L, x[q - 1][i]): at(q - 1, i)}
        steps += chain(d(L, W[q][h, i]), ("chain rule", d(L, x[q][i]) * a[q][h]), ("substitution", at(q, i) * a[q][h]))
        steps += chain(d(L, z[q][h]), ("chain rule", Sum(d(L, x[q][m]) * W[q][h, m], m) * step(z[q][h])), ("substitution", inside(q)))
        steps += chain(d(L, V[q][i, h]), ("chain rule", d(L, z[q][h]) * x[q - 1][i]), ("substitution", inside(q) * x[q - 1][i]))
        along = d(L, x[q][i]) + Sum(d(L, z[q][h]) * V[q][i, h], h)
        steps += chain(d(L, x[q - 1][i]), ("chain rule", along, "past the block, and through it"), ("substitution", at(q - 1, i)))

    first = d(L, x[0][i])
    return Derivation(
        __name__,
        __doc__,
        forward=forward,
        parameters=tuple(entry for q in blocks for entry in (V[q][i, h], b[q][h], W[q][h, i], c[q][i])),
        gradients=gradients,
        steps=tuple(steps),
        pitfalls=(
            sign(d(L, z[1][h])),
            missing_term(d(L, x[depth - 1][i]), g[i]),
            instead(first, "missing-term", at(1, i)),
            instead(first, "missing-term", Sum(inside(1) * V[1][i, h], h)),
            instead(d(L, z[depth][h]), "missing-step", Sum(g[m] * W[depth][h, m], m)),
            instead(d(L, z[depth][h]), "swapped-indices", Sum(g[m] * V[depth][m, h], m) * step(z[depth][h])),
            missing_sum(first, h),
        ),
    )


DERIVATION = at_depth(2)
