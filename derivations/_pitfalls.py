"""Known ways to get a gradient wrong, under the names that reports use. Each makes a wrong gradient of a right one; all must be refuted."""

from __future__ import annotations

from sympy import Expr, Idx, S, Sum

from derivations._entry import Pitfall, d, size, step


def sign(gradient: d) -> Pitfall:
    """The gradient with the wrong sign."""
    return Pitfall(gradient, "sign", lambda right: -right)


def constant_factor(gradient: d, by: Expr) -> Pitfall:
    """The gradient times a number that does not belong there."""
    return Pitfall(gradient, "constant-factor", lambda right: by * right)


def batch_mean(gradient: d, over: Idx) -> Pitfall:
    """The gradient divided by the number of samples, where the loss is not."""
    return Pitfall(gradient, "batch-mean", lambda right: right / size(over))


def replaced(gradient: d, mistake: str, was: Expr, becomes: Expr) -> Pitfall:
    """The gradient with another expression in the place of one, everywhere."""
    return Pitfall(gradient, mistake, lambda right: right.xreplace({was: becomes}))


def instead(gradient: d, mistake: str, wrong: Expr) -> Pitfall:
    """Another formula in the gradient's place."""
    return Pitfall(gradient, mistake, lambda right: wrong)


def missing_term(gradient: d, *terms: Expr) -> Pitfall:
    """The gradient without some of its terms: the paths of the forward pass that were forgotten."""
    return Pitfall(gradient, "missing-term", lambda right: right.xreplace(dict.fromkeys(terms, S.Zero)))


def dropped_factor(gradient: d, factor: Expr) -> Pitfall:
    """The gradient without a factor."""
    return replaced(gradient, "dropped-factor", factor, factor**0)


def missing_step(gradient: d, u: Expr) -> Pitfall:
    """The gradient without the step of the ReLU."""
    return replaced(gradient, "missing-step", step(u), u**0)


def wrong_layer(gradient: d, was: Expr, becomes: Expr) -> Pitfall:
    """The gradient with another layer's quantity in the place of the right one."""
    return replaced(gradient, "wrong-layer", was, becomes)


def wrong_symbol(gradient: d, was: Expr, becomes: Expr) -> Pitfall:
    """The gradient with another quantity in the place of the right one."""
    return replaced(gradient, "wrong-symbol", was, becomes)


def activation_derivative(gradient: d, was: Expr, becomes: Expr) -> Pitfall:
    """The gradient with a wrong derivative of the activation."""
    return replaced(gradient, "activation-derivative", was, becomes)


def missing_sum(gradient: d, over: Idx) -> Pitfall:
    """The gradient without the sum over an index: only one term of it, the first."""

    def without(expr: Expr) -> Expr:
        return expr.replace(
            lambda e: isinstance(e, Sum) and any(limit[0] == over for limit in e.limits),
            lambda e: e.function.xreplace({over: over.lower}),
        )

    return Pitfall(gradient, "missing-sum", without)
