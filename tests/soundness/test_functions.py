"""Every function, loss and layer that the kernel knows: true gradients are decided to be true, a wrong one is refuted.

A row is a program, a claim, and mistakes that people make with it. What is not ``proved`` but ``tested`` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import pytest

from tests.kernel.programs import HALF, definition, tensor
from verify.kernel.decision import Proved, Refuted
from verify.kernel.decision import Tested as AgreesModuloPrimes
from verify.kernel.expr import (
    ONE,
    Apply,
    Derivative,
    Expr,
    Index,
    Pi,
    Pow,
    Size,
    Step,
    Sum,
    Tensor,
    add,
    delta,
    div,
    mul,
    neg,
    num,
    power,
    relu,
    sub,
    total,
)  # fmt: skip
from verify.kernel.program import Assumption, Definition, OneHot, Positive, Program, SumsToOne
from verify.workspace import Workspace

i, j, k, m = (Index(name, "n") for name in "ijkm")
s, t, r = (Index(name, "batch") for name in "str")
c, d = Index("c", "key"), Index("d", "value")


@dataclass(frozen=True)
class Row:
    """A true equation about a program, and wrong right sides."""

    name: str
    definitions: tuple[Definition, ...]
    left: Expr
    right: Expr
    wrong: tuple[Expr, ...]
    assumptions: frozenset[Assumption] = frozenset()
    sizes: tuple[tuple[str, int], ...] = ()
    by: type = Proved


def exp(u: Expr) -> Expr:
    return Apply("exp", u)


def log(u: Expr) -> Expr:
    return Apply("log", u)


def sigmoid(u: Expr) -> Expr:
    return Apply("sigmoid", u)


def tanh(u: Expr) -> Expr:
    return Apply("tanh", u)


def root(u: Expr) -> Expr:
    return Pow(u, HALF)


def half(u: Expr) -> Expr:
    return mul(num(HALF), u)


def by(of: Expr, at: Tensor) -> Expr:
    return Derivative(of, at)


# --- functions of one number: a row says what f(z) and f'(z) are ---------------------------------------------------------------------

Z, ALPHA = tensor("z"), tensor("alpha")
S = Step(Z)
NORMAL = mul(exp(half(neg(power(Z, 2)))), Pow(mul(num(2), Pi()), -HALF))
CDF = half(add(ONE, Apply("erf", div(Z, root(num(2))))))
SCALE, CUBIC = root(div(num(2), Pi())), num(Fraction(44715, 10**6))
T = tanh(mul(SCALE, add(Z, mul(CUBIC, power(Z, 3)))))
A = sigmoid(Z)

FUNCTIONS: list[tuple[str, Expr, Expr, tuple[Expr, ...]]] = [
    ("identity", Z, ONE, (Z, num(0))),
    ("ReLU", relu(Z), S, (ONE, relu(Z), sub(ONE, S))),
    ("leaky ReLU", add(relu(Z), mul(ALPHA, Z, sub(ONE, S))), add(S, mul(ALPHA, sub(ONE, S))), (S, add(S, mul(ALPHA, S)))),
    (
        "ELU",
        add(relu(Z), mul(ALPHA, sub(exp(Z), ONE), sub(ONE, S))),
        add(S, mul(ALPHA, exp(Z), sub(ONE, S))),
        (add(S, mul(ALPHA, sub(exp(Z), ONE), sub(ONE, S))), add(S, mul(exp(Z), sub(ONE, S)))),
    ),
    ("GELU, erf", mul(Z, CDF), add(CDF, mul(Z, NORMAL)), (CDF, add(CDF, NORMAL), add(CDF, half(mul(Z, NORMAL))))),
    (
        "GELU, tanh",
        half(mul(Z, add(ONE, T))),
        add(half(add(ONE, T)), half(mul(Z, sub(ONE, power(T, 2)), SCALE, add(ONE, mul(num(3), CUBIC, power(Z, 2)))))),
        (add(half(add(ONE, T)), half(mul(Z, sub(ONE, power(T, 2)), SCALE))), half(add(ONE, T))),
    ),
    ("SiLU", mul(Z, A), add(mul(Z, A), mul(A, sub(ONE, mul(Z, A)))), (mul(A, sub(ONE, A)), add(A, mul(A, sub(ONE, A))))),
    ("softplus", Apply("softplus", Z), A, (sub(ONE, A), exp(Z))),
    ("sigmoid", A, mul(A, sub(ONE, A)), (mul(A, sub(A, ONE)), sub(ONE, power(A, 2)), mul(Z, sub(ONE, Z)))),
    ("tanh", tanh(Z), sub(ONE, power(tanh(Z), 2)), (sub(ONE, tanh(Z)), mul(tanh(Z), sub(ONE, tanh(Z))))),
    ("exp", exp(Z), exp(Z), (mul(Z, exp(Z)), ONE)),
    ("log", log(Z), power(Z, -1), (neg(power(Z, -1)), log(Z))),
    ("square root", root(Z), half(Pow(Z, -HALF)), (Pow(Z, -HALF), half(root(Z)))),
    ("cube", power(Z, 3), mul(num(3), power(Z, 2)), (power(Z, 2), mul(num(3), power(Z, 3)))),
    ("negative power", power(Z, -2), mul(num(-2), power(Z, -3)), (mul(num(-2), power(Z, -1)), mul(num(2), power(Z, -3)))),
    ("fractional power", Pow(Z, Fraction(5, 2)), mul(num(Fraction(5, 2)), Pow(Z, Fraction(3, 2))), (mul(num(Fraction(5, 2)), root(Z)),)),
    ("absolute value", mul(Z, sub(mul(num(2), S), ONE)), sub(mul(num(2), S), ONE), (S, ONE)),
    ("sin", Apply("sin", Z), Apply("cos", Z), (neg(Apply("cos", Z)),)),
    ("atan", Apply("atan", Z), power(add(ONE, power(Z, 2)), -1), (power(sub(ONE, power(Z, 2)), -1),)),
]


def functions() -> Iterator[Row]:
    for name, value, slope, wrong in FUNCTIONS:
        yield Row(name, (definition("z"), definition("alpha"), definition("f", body=value)), by(tensor("f"), Z), slope, wrong)


U, V = tensor("u"), tensor("v")
FIRST = Step(sub(U, V))


def extremes() -> Iterator[Row]:
    for name, largest in (("max", add(mul(U, FIRST), mul(V, sub(ONE, FIRST)))), ("min", add(mul(V, FIRST), mul(U, sub(ONE, FIRST))))):
        slope, other = (FIRST, sub(ONE, FIRST)) if name == "max" else (sub(ONE, FIRST), FIRST)
        yield Row(name, (definition("u"), definition("v"), definition("f", body=largest)), by(tensor("f"), U), slope, (other, ONE))


# --- functions of a vector --------------------------------------------------------------------------------------------------------------

Zi, Zk = tensor("z", i), tensor("z", k)
Oi, Ok, Y = tensor("o", i), tensor("o", k), tensor("y", i)
LSE = log(Sum(k, exp(Zk)))
SOFTMAX = (definition("z", i), definition("y", i), definition("o", i, body=div(exp(Zi), Sum(k, exp(Zk)))))
TARGETS = frozenset({SumsToOne("y")})
ERROR = sub(Oi, Y)


def loss(body: Expr, *more: Definition) -> tuple[Definition, ...]:
    return (*more, definition("L", body=body))


def vectors() -> Iterator[Row]:
    yield Row(
        "softmax",
        SOFTMAX,
        by(Oi, tensor("z", j)),
        mul(Oi, sub(delta(i, j), tensor("o", j))),
        (mul(Oi, sub(ONE, Oi)), mul(Oi, sub(ONE, tensor("o", j))), neg(mul(Oi, tensor("o", j)))),
    )
    log_softmax = definition("l", i, body=sub(Zi, LSE))
    yield Row(
        "log-softmax",
        (*SOFTMAX, log_softmax),
        by(tensor("l", i), tensor("z", j)),
        sub(delta(i, j), tensor("o", j)),
        (sub(ONE, tensor("o", j)), sub(delta(i, j), Oi), sub(delta(i, j), exp(tensor("l", i)))),
    )
    yield Row("log-softmax is the log of softmax", (*SOFTMAX, log_softmax), tensor("l", i), log(Oi), (Oi, sub(Zi, Sum(k, Zk))))
    yield Row("log-sum-exp", (*SOFTMAX, definition("f", body=LSE)), by(tensor("f"), Zi), Oi, (exp(Zi), div(Oi, Size("n"))))


def losses() -> Iterator[Row]:
    entropy = neg(Sum(k, mul(tensor("y", k), log(Ok))))
    yield Row(
        "cross-entropy",
        loss(entropy, *SOFTMAX),
        by(tensor("L"), Zi),
        ERROR,
        (neg(ERROR), mul(ERROR, Oi), sub(Oi, power(Y, 2)), neg(div(Y, Oi))),
        TARGETS,
    )
    yield Row(
        "cross-entropy, one-hot",
        loss(entropy, *SOFTMAX),
        by(tensor("L"), Zi),
        sub(Oi, power(Y, 2)),
        (neg(ERROR),),
        frozenset({OneHot("y")}),
    )
    yield Row(
        "cross-entropy by the prediction",
        loss(neg(Sum(k, mul(tensor("y", k), log(tensor("q", k))))), definition("y", i), definition("q", i)),
        by(tensor("L"), tensor("q", i)),
        neg(div(Y, tensor("q", i))),
        (div(Y, tensor("q", i)), neg(Y)),
    )
    p, one = tensor("p", s), tensor("y", s)
    yp = tensor("p", t), tensor("y", t)
    binary = neg(Sum(t, add(mul(yp[1], log(yp[0])), mul(sub(ONE, yp[1]), log(sub(ONE, yp[0]))))))
    yield Row(
        "binary cross-entropy on probabilities",
        loss(binary, definition("p", s), definition("y", s)),
        by(tensor("L"), p),
        div(sub(p, one), mul(p, sub(ONE, p))),
        (sub(p, one), div(sub(one, p), mul(p, sub(ONE, p))), neg(div(one, p))),
    )
    sample, at = (definition("z", s), definition("y", s), definition("p", s, body=sigmoid(tensor("z", s)))), tensor("z", s)
    yield Row(
        "binary cross-entropy after a sigmoid",
        loss(binary, *sample),
        by(tensor("L"), at),
        sub(p, one),
        (sub(one, p), mul(sub(p, one), p, sub(ONE, p)), div(sub(p, one), Size("batch"))),
    )
    logits = Sum(t, sub(Apply("softplus", tensor("z", t)), mul(yp[1], tensor("z", t))))
    yield Row("binary cross-entropy on logits", loss(logits, *sample), by(tensor("L"), at), sub(p, one), (sub(one, p), sub(at, one)))
    yield Row("both forms of binary cross-entropy", loss(binary, *sample), tensor("L"), logits, (neg(logits),))
    a, e = tensor("a", s), sub(tensor("a", s), one)
    e_t, pair = sub(tensor("a", t), yp[1]), (definition("a", s), definition("y", s))
    sign, bound = sub(mul(num(2), Step(e)), ONE), tensor("delta")
    yield Row("squared error", loss(Sum(t, power(e_t, 2)), *pair), by(tensor("L"), a), mul(num(2), e), (e, mul(num(-2), e)))
    yield Row(
        "half the mean squared error",
        loss(div(half(Sum(t, power(e_t, 2))), Size("batch")), *pair),
        by(tensor("L"), a),
        div(e, Size("batch")),
        (e, div(mul(num(2), e), Size("batch"))),
    )
    yield Row("absolute error", loss(Sum(t, mul(e_t, sub(mul(num(2), Step(e_t)), ONE))), *pair), by(tensor("L"), a), sign, (Step(e), e))
    size_t = mul(e_t, sub(mul(num(2), Step(e_t)), ONE))
    far_t, far = Step(sub(size_t, bound)), Step(sub(mul(e, sign), bound))
    huber = Sum(t, add(mul(sub(ONE, far_t), half(power(e_t, 2))), mul(far_t, bound, sub(size_t, half(bound)))))
    yield Row(
        "Huber",
        loss(huber, *pair, definition("delta")),
        by(tensor("L"), a),
        add(mul(sub(ONE, far), e), mul(far, bound, sign)),
        (e, add(mul(far, e), mul(sub(ONE, far), bound, sign)), add(mul(sub(ONE, far), e), mul(far, bound))),
    )
    margin = sub(ONE, mul(one, a))
    yield Row(
        "hinge",
        loss(Sum(t, relu(sub(ONE, mul(yp[1], tensor("a", t))))), *pair),
        by(tensor("L"), a),
        neg(mul(one, Step(margin))),
        (mul(one, Step(margin)), neg(one), neg(mul(a, Step(margin)))),
    )
    divergence = Sum(k, mul(tensor("y", k), sub(log(tensor("y", k)), log(Ok))))
    yield Row("KL divergence by the logits", loss(divergence, *SOFTMAX), by(tensor("L"), Zi), ERROR, (neg(ERROR), neg(div(Y, Oi))), TARGETS)
    yield Row(
        "KL divergence by the target",
        loss(divergence, *SOFTMAX),
        by(tensor("L"), Y),
        add(ONE, log(div(Y, Oi))),
        (log(div(Y, Oi)),),
        frozenset({Positive("y")}),
    )


# --- layers -----------------------------------------------------------------------------------------------------------------------------


def norm(name: str, over: Index, other: Index, centred: bool) -> Row:
    """A normalized x[s, i] over one of its axes, gain gamma[i], an upstream gradient g: the textbook's gradient by x."""
    n, at = Size(over.axis), {s: s, i: i}

    def entry(tensor_name: str, index: Index | None = None) -> Expr:
        return tensor(tensor_name, *(index if index is not None and index.axis == p.axis else p for p in at))

    mean = div(Sum(over, entry("x")), n)
    shift: Expr = tensor("mu", other) if centred else num(0)
    spread = add(div(Sum(over, power(sub(entry("x"), shift), 2)), n), tensor("eps"))
    made = (
        definition("x", s, i),
        definition("gamma", i),
        definition("g", s, i),
        definition("eps"),
        *((definition("mu", other, body=mean),) if centred else ()),
        definition("rho", other, body=Pow(spread, -HALF)),
        definition("h", s, i, body=mul(sub(entry("x"), shift), tensor("rho", other))),
        definition("L", body=total(mul(tensor("g", s, i), tensor("gamma", i), tensor("h", s, i)), s, i)),
    )
    dh = mul(tensor("g", s, i), tensor("gamma", i))
    projection = div(mul(entry("h"), Sum(over, mul(dh, entry("h")))), n)
    bias = div(Sum(over, dh), n) if centred else num(0)
    right = mul(tensor("rho", other), sub(sub(dh, bias), projection))
    wrong = (
        mul(tensor("rho", other), dh),
        mul(tensor("rho", other), sub(dh, bias)),
        mul(tensor("rho", other), add(sub(dh, bias), projection)),
    )
    return Row(name, made, by(tensor("L"), Tensor("x", (s, i))), right, wrong, frozenset({Positive("eps")}))


def layers() -> Iterator[Row]:
    yield norm("batch norm", s, i, centred=True)
    yield norm("layer norm", i, s, centred=True)
    yield norm("RMSNorm", i, s, centred=False)
    q, key, v, g = tensor("q", s, c), tensor("k", t, c), tensor("v", t, d), tensor("g", s, d)
    score = div(Sum(c, mul(q, key)), root(Size("key")))
    attention = (
        definition("q", s, c),
        definition("k", t, c),
        definition("v", t, d),
        definition("g", s, d),
        definition("S", s, t, body=score),
        definition("A", s, t, body=div(exp(tensor("S", s, t)), Sum(r, exp(tensor("S", s, r))))),
        definition("o", s, d, body=Sum(t, mul(tensor("A", s, t), v))),
        definition("L", body=total(mul(g, tensor("o", s, d)), s, d)),
    )
    weight, upstream = tensor("A", s, t), Sum(d, mul(g, v))
    other = Sum(r, mul(tensor("A", s, r), Sum(d, mul(g, tensor("v", r, d)))))
    signal = mul(weight, sub(upstream, other))
    yield Row(
        "attention by the values",
        attention,
        by(tensor("L"), v),
        Sum(s, mul(weight, g)),
        (mul(weight, g), Sum(s, mul(tensor("A", t, s), g))),
    )
    yield Row(
        "attention by the scores",
        attention,
        by(tensor("L"), tensor("S", s, t)),
        signal,
        (mul(weight, upstream), mul(weight, sub(ONE, weight), upstream), mul(weight, sub(other, upstream))),
    )
    yield Row(
        "attention by the queries",
        attention,
        by(tensor("L"), q),
        div(Sum(t, mul(signal, key)), root(Size("key"))),
        (Sum(t, mul(signal, key)), div(Sum(t, mul(signal, key)), Size("key"))),
    )
    yield Row(
        "attention by the keys",
        attention,
        by(tensor("L"), key),
        div(Sum(s, mul(signal, q)), root(Size("key"))),
        (div(Sum(s, mul(weight, upstream, q)), root(Size("key"))),),
    )
    place, tap = tensor("P", t, i, s), tensor("w", i)
    convolution = (
        definition("x", s),
        definition("w", i),
        definition("P", t, i, s),
        definition("g", t),
        definition("y", t, body=total(mul(place, tap, tensor("x", s)), i, s)),
        definition("L", body=Sum(t, mul(tensor("g", t), tensor("y", t)))),
    )
    yield Row(
        "convolution by the kernel",
        convolution,
        by(tensor("L"), tap),
        total(mul(tensor("g", t), place, tensor("x", s)), t, s),
        (Sum(t, mul(tensor("g", t), tensor("x", t))), total(mul(tensor("g", s), place, tensor("x", t)), t, s)),
    )
    yield Row(
        "convolution by the input",
        convolution,
        by(tensor("L"), tensor("x", s)),
        total(mul(tensor("g", t), place, tap), t, i),
        (total(mul(tensor("x", t), place, tap), t, i),),
    )
    window = [add(*(mul(tensor("w", n), tensor("x", place + n)) for n in range(2))) for place in range(3)]
    written = (
        definition("x", s),
        definition("w", i),
        definition("g", t),
        *loss(add(*(mul(tensor("g", n), y) for n, y in enumerate(window)))),
    )
    yield Row(
        "convolution written out, by the kernel",
        written,
        by(tensor("L"), tensor("w", 1)),
        add(*(mul(tensor("g", n), tensor("x", n + 1)) for n in range(3))),
        (add(*(mul(tensor("g", n), tensor("x", n)) for n in range(3))),),
    )
    yield Row(
        "convolution written out, by the input",
        written,
        by(tensor("L"), tensor("x", 1)),
        add(mul(tensor("g", 0), tensor("w", 1)), mul(tensor("g", 1), tensor("w", 0))),
        (add(mul(tensor("g", 0), tensor("w", 0)), mul(tensor("g", 1), tensor("w", 1))),),
    )


# --- matrices ---------------------------------------------------------------------------------------------------------------------------

M, B, X = tensor("M", i, j), tensor("B", i, j), tensor("x", i)
MATRICES = (definition("M", i, j), definition("B", i, j), definition("x", i))
TRACE = Sum(k, tensor("M", k, k))
SQUARE = total(mul(tensor("M", k, m), tensor("M", m, k)), k, m)
DET2 = half(sub(power(TRACE, 2), SQUARE))
INVERSE2 = (*MATRICES, definition("V", i, j, body=div(sub(mul(delta(i, j), TRACE), M), DET2)))
TWO, THREE = (("n", 2),), (("n", 3),)


def cofactor(a: int, b: int) -> Expr:
    """Of a 3 by 3 matrix, with its sign."""
    (p, q), (u, v) = ([n for n in range(3) if n != left] for left in (a, b))
    minor = sub(mul(tensor("M", p, u), tensor("M", q, v)), mul(tensor("M", p, v), tensor("M", q, u)))
    return minor if (a + b) % 2 == 0 else neg(minor)


DET3 = add(*(mul(tensor("M", 0, n), cofactor(0, n)) for n in range(3)))


def matrices() -> Iterator[Row]:
    product = Sum(k, mul(tensor("M", i, k), tensor("B", k, i)))
    yield Row(
        "trace of a product", loss(Sum(i, product), *MATRICES), by(tensor("L"), M), tensor("B", j, i), (B, M, Sum(i, tensor("B", i, i)))
    )
    yield Row(
        "trace of a square",
        loss(SQUARE, *MATRICES),
        by(tensor("L"), M),
        mul(num(2), tensor("M", j, i)),
        (mul(num(2), M), tensor("M", j, i)),
    )
    transposed = (
        *MATRICES,
        definition("g", j),
        definition("y", j, body=Sum(i, mul(M, X))),
        definition("L", body=Sum(j, mul(tensor("g", j), tensor("y", j)))),
    )
    yield Row("transpose", transposed, by(tensor("L"), M), mul(X, tensor("g", j)), (mul(tensor("x", j), tensor("g", i)), X))
    quadratic = loss(total(mul(tensor("x", k), tensor("M", k, m), tensor("x", m)), k, m), *MATRICES)
    both = Sum(k, mul(add(tensor("M", i, k), tensor("M", k, i)), tensor("x", k)))
    yield Row(
        "quadratic form by the vector",
        quadratic,
        by(tensor("L"), X),
        both,
        (mul(num(2), Sum(k, mul(tensor("M", i, k), tensor("x", k)))), Sum(k, mul(tensor("M", i, k), tensor("x", k)))),
    )
    yield Row(
        "quadratic form by the matrix", quadratic, by(tensor("L"), M), mul(X, tensor("x", j)), (power(X, 2), mul(num(2), X, tensor("x", j)))
    )
    squares, entries = Sum(k, power(tensor("x", k), 2)), total(power(tensor("M", k, m), 2), k, m)
    yield Row("squared norm", loss(squares, *MATRICES), by(tensor("L"), X), mul(num(2), X), (X, mul(num(2), Sum(k, tensor("x", k)))))
    yield Row("norm", loss(root(squares), *MATRICES), by(tensor("L"), X), div(X, tensor("L")), (mul(num(2), X), div(X, squares), X))
    yield Row(
        "Frobenius norm", loss(root(entries), *MATRICES), by(tensor("L"), M), div(M, tensor("L")), (div(tensor("M", j, i), tensor("L")), M)
    )
    slope = neg(mul(tensor("V", k, i), tensor("V", j, m)))
    yield Row(
        "inverse, 2 by 2: M V = 1",
        INVERSE2,
        Sum(k, mul(tensor("M", i, k), tensor("V", k, j))),
        delta(i, j),
        (ONE,),
        sizes=TWO,
        by=AgreesModuloPrimes,
    )
    yield Row(
        "inverse, 2 by 2",
        INVERSE2,
        by(tensor("V", k, m), M),
        slope,
        (neg(mul(tensor("V", k, j), tensor("V", i, m))), mul(tensor("V", k, i), tensor("V", j, m))),
        sizes=TWO,
        by=AgreesModuloPrimes,
    )
    yield Row("log det, 2 by 2", (*INVERSE2, *loss(log(DET2))), by(tensor("L"), M), tensor("V", j, i), (tensor("V", i, j), M), sizes=TWO)
    yield Row(
        "log det, 3 by 3",
        loss(log(DET3), *MATRICES),
        by(tensor("L"), tensor("M", 0, 1)),
        div(cofactor(0, 1), DET3),
        (div(cofactor(1, 0), DET3), neg(div(cofactor(0, 1), DET3)), cofactor(0, 1)),
        sizes=THREE,
    )


ROWS = [*functions(), *extremes(), *vectors(), *losses(), *layers(), *matrices()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_true_is_decided_and_wrong_is_refuted(row: Row) -> None:
    """The true gradient is proved, or tested where the row says so; each mistake has a witness."""
    workspace = Workspace(Program(row.definitions, row.assumptions, row.sizes))
    decision = workspace.decide(row.left, row.right)
    assert isinstance(decision, row.by), decision
    for wrong in row.wrong:
        assert isinstance(workspace.decide(row.left, wrong), Refuted), wrong


def test_one_row_for_each_name() -> None:
    """No row hides another, and tests by residues are few."""
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert sum(row.by is AgreesModuloPrimes for row in ROWS) <= 6
