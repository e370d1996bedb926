"""Traps that only whole documents show."""

from __future__ import annotations

import verify

ZEROS = r"""
$$ z_k = \sum_j w_{jk} x_j + b_k $$
$$ o_k = \frac{e^{z_k}}{\sum_m e^{z_m}} $$
$$ L = -\sum_k y_k \ln o_k $$
$$ \frac{\partial L}{\partial z_k} = 0 $$
$$ \frac{\partial L}{\partial w_{jk}} = 0 $$
$$ \frac{\partial L}{\partial b_k} = 0 $$
"""
HOSTILE = r"""
$$ z = w x + b $$
$$ \operatorname{__import__}("os").getpid() = \mathrm{exec}(z) $$
$$ L = (z - y)^2 $$
$$ \frac{\partial L}{\partial z} = 2 (z - y) $$
$$ 9^{9^{9^{9}}} = z $$
"""


def test_nothing_follows_from_zero() -> None:
    """[degenerate earlier error] After ∂L/∂z = 0 the claims that every other gradient is 0 follow, and earn nothing: they are refuted."""
    assert [r.verdict for r in verify.check(ZEROS).relations] == ["given"] * 3 + ["refuted"] * 3


def test_code_in_a_formula_is_no_code() -> None:
    """[__import__ in sympify; 9**9**9**9] Such lines are not read, or end by a budget; the others are judged as without them."""
    verdicts = [r.verdict for r in verify.check(HOSTILE).relations]
    assert [verdicts[n] for n in (0, 2, 3)] == ["given", "given", "proved"]
    assert len(verdicts) == 5 and {verdicts[1], verdicts[4]} <= {"unread", "refuted"}
