"""NumPy answers from text to verdicts: right ones are proved, and of wrong ones exactly the wrong line is refuted, with the mistake
named."""

from __future__ import annotations

import pytest

from verify.checking_code import check_code
from verify.report import Relation, Report

ROWS = """\
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def forward_backward(X, Y, W1, b1, W2, b2):
    m = X.shape[0]
    Z1 = X @ W1 + b1
    A1 = np.maximum(0, Z1)
    Z2 = A1 @ W2 + b2
    A2 = sigmoid(Z2)
    loss = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m
    dZ2 = (A2 - Y) / m
    dW2 = A1.T @ dZ2
    db2 = np.sum(dZ2, axis=0)
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * (Z1 > 0)
    dW1 = X.T @ dZ1
    db1 = np.sum(dZ1, axis=0)
    return loss, dW1, db1, dW2, db2
"""

COLUMNS = """\
import numpy as np

def softmax(z):
    e = np.exp(z - np.max(z, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)

m = X.shape[1]
Z1 = np.dot(W1, X) + b1
A1 = np.tanh(Z1)
Z2 = np.dot(W2, A1) + b2
A2 = softmax(Z2)
cost = -np.sum(Y * np.log(A2)) / m
dZ2 = A2 - Y
dW2 = 1 / m * np.dot(dZ2, A1.T)
db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)
dZ1 = np.dot(W2.T, dZ2) * (1 - A1 ** 2)
dW1 = 1 / m * np.dot(dZ1, X.T)
db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)
W1 = W1 - lr * dW1
b1 = b1 - lr * db1
W2 = W2 - lr * dW2
b2 = b2 - lr * db2
"""

VECTORS = """\
z1 = W1 @ x + b1
a1 = 1 / (1 + np.exp(-z1))
z2 = W2 @ a1 + b2
loss = 0.5 * np.sum((z2 - y) ** 2)
delta2 = z2 - y
dW2 = np.outer(delta2, a1)
db2 = delta2
delta1 = (W2.T @ delta2) * a1 * (1 - a1)
dW1 = np.outer(delta1, x)
db1 = delta1
"""

RIDGE = """\
n = len(X)
r = X @ w - y
J = (r @ r) / (2 * n) + 0.5 * lam * w @ w
grad_w = X.T @ r / n + lam * w
w -= lr * grad_w
"""

RIGHT = {"rows": ROWS, "columns": COLUMNS, "vectors": VECTORS, "ridge": RIDGE}

WRONG = [
    (ROWS, "(A2 - Y) / m", "A2 - Y", "batch-mean"),
    (ROWS, "(A2 - Y) / m", "(Y - A2) / m", "sign"),
    (ROWS, "(A2 - Y) / m", "(A2 - Y) * A2 * (1 - A2) / m", "extra-factor"),
    (ROWS, "(A2 - Y) / m", "2 * (A2 - Y) / m", "constant-factor"),
    (ROWS, "A1.T @ dZ2", "A1 @ dZ2", "missing-transpose"),
    (ROWS, "A1.T @ dZ2", "A1.T * dZ2", "missing-sum"),
    (ROWS, "A1.T @ dZ2", "dZ2.T @ A1", "swapped-indices"),
    (ROWS, "A1.T @ dZ2", "Z1.T @ dZ2", "wrong-argument"),
    (ROWS, "np.sum(dZ2, axis=0)", "np.sum(dZ2, axis=1)", "swapped-indices"),
    (ROWS, "db2 = np.sum(dZ2, axis=0)", "db2 = dZ2", "missing-sum"),
    (ROWS, "db2 = np.sum(dZ2, axis=0)", "db2 = np.mean(dZ2, axis=0)", "batch-mean"),
    (ROWS, "dZ2 @ W2.T", "dZ2 @ W2", "missing-transpose"),
    (ROWS, "dA1 * (Z1 > 0)", "dA1", "activation-derivative"),
    (ROWS, "dA1 * (Z1 > 0)", "dA1 * (dA1 > 0)", "wrong-symbol"),
    (ROWS, "dA1 * (Z1 > 0)", "dA1 * Z1", None),
    (ROWS, "X.T @ dZ1", "A1.T @ dZ1", "wrong-symbol"),
    (ROWS, "X.T @ dZ1", "-X.T @ dZ1", "sign"),
    (COLUMNS, "1 / m * np.dot(dZ2, A1.T)", "np.dot(dZ2, A1.T)", "batch-mean"),
    (COLUMNS, "1 / m * np.sum(dZ2, axis=1, keepdims=True)", "1 / m * np.sum(dZ2, axis=0, keepdims=True)", "swapped-indices"),
    (COLUMNS, "(1 - A1 ** 2)", "(1 - A1)", "constant-factor"),
    (COLUMNS, "(1 - A1 ** 2)", "(1 - Z1 ** 2)", "wrong-argument"),
    (COLUMNS, "np.dot(W2.T, dZ2)", "np.dot(W2, dZ2)", "missing-transpose"),
    (COLUMNS, "dZ2 = A2 - Y", "dZ2 = A2 - 2 * Y", "constant-factor"),
    (COLUMNS, "dZ2 = A2 - Y", "dZ2 = A2 * (1 - A2) * (A2 - Y)", "extra-factor"),
    (COLUMNS, "b1 = b1 - lr * db1", "b1 = b1 + lr * db1", None),
    (COLUMNS, "W1 = W1 - lr * dW1", "W1 = W1 - lr * dW2", None),
    (VECTORS, "np.outer(delta2, a1)", "np.outer(a1, delta2)", None),
    (VECTORS, "* a1 * (1 - a1)", "* a1", "activation-derivative"),
    (VECTORS, "* a1 * (1 - a1)", "* z1 * (1 - z1)", None),
    (VECTORS, "delta2 = z2 - y", "delta2 = y - z2", "sign"),
    (RIDGE, "X.T @ r / n + lam * w", "X.T @ r / n", None),
    (RIDGE, "X.T @ r / n + lam * w", "X.T @ r + lam * w", "batch-mean"),
    (RIDGE, "X.T @ r / n + lam * w", "2 * X.T @ r / n + lam * w", "constant-factor"),
    (RIDGE, "X.T @ r / n + lam * w", "X @ r / n + lam * w", "missing-transpose"),
]


def at(report: Report, text: str, place: int) -> Relation:
    """The relation on the line of an offset."""
    line = text.count("\n", 0, place) + 1
    return next(r for r in report.relations if r.place.line == line)


@pytest.mark.parametrize("name", RIGHT)
def test_right_code_is_proved(name: str) -> None:
    """A right backward pass has nothing refuted or unread, and all of its gradients are proved for all widths."""
    report = check_code(RIGHT[name])
    assert set(report.summary) == {"given", "proved"}
    for r in report.relations:
        expected = "proved" if r.lhs.startswith(("d", "grad")) or "lr" in r.rhs else "given"
        assert r.verdict == expected, (r.lhs, r.message)


@pytest.mark.parametrize(("code", "right", "wrong", "mistake"), WRONG, ids=[f"{w[1]} ~ {w[2]}" for w in WRONG])
def test_one_wrong_line_is_the_only_one_refuted(code: str, right: str, wrong: str, mistake: str | None) -> None:
    """Of code with one wrong line that line is refuted, alone, and where the mistake is named, it is the one that was made."""
    assert code.count(right) == 1
    text = code.replace(right, wrong)
    report = check_code(text)
    refuted = at(report, text, code.index(right))
    assert refuted.verdict == "refuted", (refuted.verdict, refuted.message)
    assert [r.verdict for r in report.relations if r is not refuted and r.verdict not in ("given", "proved")] == []
    if mistake is not None:
        assert refuted.mistake == mistake, (refuted.mistake, refuted.repair)
    if refuted.repair is not None:
        line = text.split("\n")[refuted.place.line - 1]
        again = check_code(text.replace(line.strip(), refuted.repair))
        assert at(again, text, code.index(right)).verdict == "proved"


LINE = """\
def fit(x, w, t):
    {shapes}
    r = x @ w - t
    loss = np.sum(r ** 2) / 2
    dr = r
    dw = {gradient}
    return loss, dr, dw
"""


@pytest.mark.parametrize(
    ("shapes", "gradient", "verdict"),
    [
        ("n, d = x.shape\n    assert w.shape == (d,) and t.shape == (n,)", "x.T @ r", "proved"),
        ("n, d = x.shape\n    assert w.shape == (d,) and t.shape == (n,)", "np.outer(x, r)", "refuted"),
        ("assert x.shape == (n, d)\n    assert np.shape(w) == (d, k)\n    assert t.shape == (n, k)", "x.T @ r", "proved"),
        ("assert np.shape(w) == ()\n    assert x.shape == (n,)\n    assert t.shape == (n,)", "x @ r", "unread"),
    ],
)
def test_shapes_that_the_code_states_are_used(shapes: str, gradient: str, verdict: str) -> None:
    """How many axes an input has is what an assertion or an unpacked shape says, whatever its name suggests."""
    report = check_code(LINE.format(shapes=shapes, gradient=gradient))
    assert [r.verdict for r in report.relations if r.lhs == "dw"] == [verdict]


def test_the_gate_called_g_is_no_gradient() -> None:
    """``z_g`` with a gradient ``dz_g`` of its own is a quantity, also where something is called z."""
    source = "z = x @ W\nz_g = z * u\nloss = np.sum(z_g)\ndz_g = np.ones_like(z_g)\ndz = dz_g * u\n"
    assert [r.verdict for r in check_code(source).relations] == ["given", "given", "given", "proved", "proved"]


LAYERS = """\
import numpy as np

class Linear:
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        dx = dout @ self.W.T
        self.dW = self.x.T @ dout
        self.db = np.sum(dout, axis=0)
        return dx

class Sigmoid:
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, dout):
        dx = dout * (1 - self.out) * self.out
        return dx
"""


def test_each_class_with_both_ways_is_a_part_of_its_own() -> None:
    """Layers as classes, whose methods have the same names, are proved one by one; a wrong line of either is never given."""
    report = check_code(LAYERS)
    assert [r.verdict for r in report.relations] == ["given", "proved", "proved", "proved", "given", "proved"]
    slips = (("dout @ self.W.T", "dout @ self.W"), ("self.x.T @ dout", "dout.T @ self.x"), ("(1 - self.out)", "(1 + self.out)"))
    for right, wrong in slips:
        text = LAYERS.replace(right, wrong)
        assert at(check_code(text), text, LAYERS.index(right)).verdict in ("refuted", "unread")


def test_methods_of_one_name_that_are_not_entered_are_not_given() -> None:
    """What stands in a method of which only a namesake is known is unread, since nothing of it was looked at."""
    text = LAYERS.replace("backward", "grad")
    wrong = text.replace("self.x.T @ dout", "dout.T @ self.x")
    assert at(check_code(wrong), wrong, text.index("self.x.T @ dout")).verdict == "unread"
