"""What is true of exp, log, sin, steps and roots of any two numbers, and what is false: pairs of sides."""

from __future__ import annotations

from fractions import Fraction

from tests.kernel.programs import HALF, tensor
from verify.kernel.expr import ONE, Apply, Pi, Pow, Step, add, div, mul, neg, num, power, sub

U, V = tensor("u"), tensor("t")

LAWS = [
    (Apply("exp", add(U, V)), mul(Apply("exp", U), Apply("exp", V))),
    (mul(Apply("exp", neg(U)), Apply("exp", U)), ONE),
    (Apply("exp", mul(num(3), U)), power(Apply("exp", U), 3)),
    (Apply("log", mul(U, V)), add(Apply("log", U), Apply("log", V))),
    (Apply("log", div(Apply("exp", U), V)), sub(U, Apply("log", V))),
    (Apply("exp", Apply("log", U)), U),
    (sub(ONE, Apply("sigmoid", U)), Apply("sigmoid", neg(U))),
    (Apply("tanh", U), sub(mul(num(2), Apply("sigmoid", mul(num(2), U))), ONE)),
    (neg(Apply("log", Apply("sigmoid", neg(U)))), Apply("softplus", U)),
    (sub(power(Apply("cosh", U), 2), power(Apply("sinh", U), 2)), ONE),
    (add(power(Apply("cos", U), 2), power(Apply("sin", U), 2)), ONE),
    (Step(neg(U)), sub(ONE, Step(U))),
    (Step(mul(num(3), U)), Step(U)),
    (power(Step(U), 2), Step(U)),
    (Apply("f", add(U, V)), Apply("f", add(V, U))),
    (Pow(U, Fraction(3, 2)), mul(U, Pow(U, HALF))),
    (mul(Pi(), power(Pi(), -1)), ONE),
]

FALSEHOODS = [
    (Apply("exp", add(U, V)), add(Apply("exp", U), Apply("exp", V))),
    (Apply("sigmoid", U), Apply("sigmoid", neg(U))),
    (Apply("sin", U), Apply("cos", U)),
    (Step(U), ONE),
    (Step(U), Step(V)),
    (Step(U), Step(add(U, V))),
    (Pow(power(U, 2), HALF), U),
    (Apply("f", U), Apply("g", U)),
    (Apply("f", U, 1), Apply("f", U)),
    (Apply("erf", U), Apply("atan", U)),
    (Apply("log", add(U, V)), add(Apply("log", U), Apply("log", V))),
]
