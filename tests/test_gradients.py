"""Gradients in NumPy checked from Python: proved from the source, else compared in numbers, and said which."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import verify
from verify.gradients import GradientCheck, check_gradient

pytest_plugins = ["pytester"]

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to" / "check-a-numpy-gradient.md"
RNG = np.random.default_rng(7)
X, TARGET = RNG.normal(size=(5, 3)), np.eye(4)[[0, 1, 2, 3, 1]]
ARGUMENTS = (RNG.normal(size=(3, 6)), RNG.normal(size=6), RNG.normal(size=(6, 4)), RNG.normal(size=4), X, TARGET)


def softmax(s: Any) -> Any:
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def classifier(W1: Any, b1: Any, W2: Any, b2: Any, X: Any, T: Any) -> Any:
    h = np.tanh(X @ W1 + b1)
    p = softmax(h @ W2 + b2)
    return -np.sum(T * np.log(p)) / X.shape[0]


def right(W1: Any, b1: Any, W2: Any, b2: Any, X: Any, T: Any) -> Any:
    h = np.tanh(X @ W1 + b1)
    s = h @ W2 + b2
    ds = (softmax(s) - T) / X.shape[0]
    dz = (ds @ W2.T) * (1 - h**2)
    return X.T @ dz, dz.sum(axis=0), h.T @ ds, ds.sum(axis=0)


def with_other_names(A: Any, c: Any, B: Any, d: Any, data: Any, labels: Any) -> Any:
    hidden = np.tanh(data @ A + c)
    error = (softmax(hidden @ B + d) - labels) / data.shape[0]
    back = error @ B.T * (1 - hidden * hidden)
    return {"W1": data.T @ back, "db1": back.sum(axis=0), "W2": hidden.T @ error, "db2": error.sum(axis=0)}


def without_mean(W1: Any, b1: Any, W2: Any, b2: Any, X: Any, T: Any) -> Any:
    h = np.tanh(X @ W1 + b1)
    s = h @ W2 + b2
    p = softmax(s)
    ds = p - T
    dh = ds @ W2.T
    dz = dh * (1 - h**2)
    dW1 = X.T @ dz
    return dW1, dz.sum(axis=0), h.T @ ds, ds.sum(axis=0)


def transposed(W1: Any, b1: Any, W2: Any, b2: Any, X: Any, T: Any) -> Any:
    h = np.tanh(X @ W1 + b1)
    ds = (softmax(h @ W2 + b2) - T) / X.shape[0]
    dz = (ds @ W2.T) * (1 - h**2)
    return dz.T @ X, dz.sum(axis=0), h.T @ ds, ds.sum(axis=0)


def cubes(w: Any) -> Any:
    total = 0.0
    for one in w:
        if one > 0:
            total = total + one**3
    return total


@pytest.mark.parametrize("gradient", [right, with_other_names])
def test_a_right_gradient_is_proved(gradient: Callable[..., Any]) -> None:
    """Helpers of the same module are read too; names of the gradient's own do not matter, nor how it returns."""
    found = check_gradient(classifier, gradient, *ARGUMENTS)
    assert found.ok and found.how == "proved" and [p.name for p in found.parameters] == ["W1", "b1", "W2", "b2"]
    assert any("T" in a for a in found.assumptions)
    found.assert_ok("proved")


def test_a_wrong_line_is_named() -> None:
    """Every gradient that goes through the wrong line is wrong; the line is the only one that is named, with what it should be."""
    found = check_gradient(classifier, without_mean, *ARGUMENTS)
    assert not any(p.ok for p in found.parameters) and found.how == "refuted"
    (line,) = found.lines
    assert line.text == "ds = p - T" and "mean" in line.message and line.file.endswith("test_gradients.py")
    assert Path(line.file).read_text(encoding="utf-8").split("\n")[line.line - 1].strip() == line.text
    with pytest.raises(AssertionError, match=r"W1\[\d, \d\]: the gradient is .*\n(?s:.*)ds = p - T"):
        found.assert_ok()


def test_a_wrong_shape_is_wrong() -> None:
    """A transposed gradient has another shape than its parameter; the others are right."""
    found = check_gradient(classifier, transposed, *ARGUMENTS)
    assert [p.ok for p in found.parameters] == [False, True, True, True] and "(6, 3)" in found.parameters[0].reason


def test_what_is_not_read_is_compared() -> None:
    """A loop over entries with a branch is compared in numbers, right or wrong, and the result says why it was not proved."""
    at = np.array([0.5, -1.0, 2.0])
    found = check_gradient(cubes, lambda w: 3 * w**2 * (w > 0), at)
    assert found.ok and found.how == "compared" and "not proved" in found.parameters[0].reason
    assert not check_gradient(cubes, lambda w: 3 * w**2, at).ok
    with pytest.raises(AssertionError, match="proved is required"):
        found.assert_ok("proved")


def half_square(w: Any) -> Any:
    return 0.5 * np.sum(w**2)


def same(w: Any) -> Any:
    return w


def test_a_function_that_is_not_what_its_source_says_is_not_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where source and numbers disagree nothing is called right: the proof is about the source, the numbers about what runs."""
    assert check_gradient(half_square, same, np.array([1.0, 2.0])).how == "proved"
    monkeypatch.setattr(np, "sum", lambda a: float(np.mean(a)))
    assert not check_gradient(half_square, same, np.array([1.0, 2.0])).ok


def test_functions_that_do_not_fit_are_errors() -> None:
    """Too many gradients, an unknown key, a function that is no number: said at once."""
    at = np.array([1.0, 2.0])
    with pytest.raises(ValueError, match="2 gradients"):
        check_gradient(half_square, lambda w: (w, w), at, wrt=["w"])
    with pytest.raises(ValueError, match="names no parameter"):
        check_gradient(half_square, lambda w: {"v": w}, at)
    with pytest.raises(ValueError, match="not one number"):
        check_gradient(same, same, at)
    with pytest.raises(TypeError, match="parameters"):
        check_gradient(half_square, same, at, at)


def test_the_package_has_it() -> None:
    """``verify.check_gradient`` is this function."""
    assert verify.check_gradient is check_gradient and GradientCheck("f", "g", ()).how == "not compared"


def test_the_how_to_is_true(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page's code, run as one file, prints what the page shows."""
    page = HOW_TO.read_text(encoding="utf-8")
    file = tmp_path / "example.py"
    file.write_text("\n\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL)), encoding="utf-8")
    runpy.run_path(str(file))
    assert capsys.readouterr().out == "".join(re.findall(r"```text\n(.*?)```", page, re.DOTALL))


def test_the_fixture(pytester: pytest.Pytester) -> None:
    """The plugin's fixture passes what is right; it fails what is wrong, with the message, and what lacks a required proof."""
    page = HOW_TO.read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    more = (
        "def test_wrong(check_gradient):\n    check_gradient(network, wrong, *arguments)\n"
        "def test_compared(check_gradient):\n    check_gradient(smooth, smooth_gradient, np.ones(2), require='proved')\n"
    )
    pytester.makepyfile("\n\n".join([*blocks, more]))
    done = pytester.runpytest_inprocess("--junitxml", "report.xml", "-p", "no:cacheprovider")
    done.assert_outcomes(passed=1, failed=2)
    done.stdout.fnmatch_lines(["*wrong is not the gradient of network*", "*proved is required*"], consecutive=False)
    assert 'name="gradient" value="proved"' in (pytester.path / "report.xml").read_text(encoding="utf-8")
