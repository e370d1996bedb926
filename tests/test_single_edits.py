"""Single wrong edits of the corrected example answer: the first relation that is not right is the edited one, and it is refuted."""

from __future__ import annotations

from pathlib import Path

import pytest

from verify.checking import check

TEXT = (Path(__file__).parents[1] / "docs" / "examples" / "relu_sigmoid_softmax_corrected.md").read_text(encoding="utf-8")
UPDATE_H2 = r"w_{h2}(t) - \eta (o-y) w_o a_{h2} (1-a_{h2}) a_{h1}"
UPDATE_H1 = r"\frac{\partial L}{\partial z_{h2}} \cdot w_{h2} \cdot x \cdot \begin{cases} 0 & z_{h1} \leq 0 \\ 1 & z_{h1} > 0 \end{cases}"

EDITS = {
    "sign: the error signal": (r"\frac{\partial L}{\partial w_o} = (o - y) \cdot a_{h2}", "(o - y)", "(y - o)"),
    "sign: the update": (r"w_o(t) - \eta (o - y) a_{h2}", "-", "+"),
    "sign: the softmax off the diagonal": (r"= -o_i \cdot o_k", "-o_i", "o_i"),
    "sign: the softmax on the diagonal": (r"= o_i \cdot (1 - o_i)", "1 - o_i", "1 + o_i"),
    "sign: the logarithm": (r"= -\sum_{i=1}^N y_i \cdot \frac{1}{o_i}", r"-\sum", r"\sum"),
    "dropped factor: 1/o": (r"-\sum_{i=1}^N y_i \cdot \frac{1}{o_i} \cdot \frac", r" \cdot \frac{1}{o_i}", ""),
    "dropped factor: the activation": (UPDATE_H2, " a_{h1}", ""),
    "dropped factor: half of the slope": (UPDATE_H2, " (1-a_{h2})", ""),
    "dropped factor: the weight": (UPDATE_H1, r" \cdot w_{h2}", ""),
    "dropped factor: the bias's weight": (r"\frac{\partial L}{\partial b_{h2}} = (o-y) w_o a_{h2} (1-a_{h2})", " w_o", ""),
    "missing step": (UPDATE_H1, r" \cdot \begin{cases} 0 & z_{h1} \leq 0 \\ 1 & z_{h1} > 0 \end{cases}", ""),
    "wrong layer: the weight": (UPDATE_H2, "w_o", "w_{h2}"),
    "wrong layer: the activation": (UPDATE_H2, " a_{h1}", " a_{h2}"),
    "wrong layer: the input": (UPDATE_H1, r"\cdot x", r"\cdot a_{h1}"),
    "wrong layer: a local derivative": (r"{\partial w_{h2}} = a_{h1}", "= a_{h1}", "= a_{h2}"),
    "activation derivative: 1 + a": (UPDATE_H2, "(1-a_{h2})", "(1+a_{h2})"),
    "activation derivative: a for 1 - a": (r"= a_{h2} \cdot (1 - a_{h2})", "(1 - a_{h2})", "a_{h2}"),
    "activation derivative: z for a": (r"= a_{h2} \cdot (1 - a_{h2})", "a_{h2}", "z_{h2}"),
    "wrong symbol: the scores": (r"\cdot \frac{\partial z}{\partial b_z} = o - y", "= o", "= z"),
    "swapped cases": (r"(\text{relu}(z_{h1}))", r"0 & z_{h1} \leq 0 \\ 1 &", r"1 & z_{h1} \leq 0 \\ 0 &"),
    "wrong constant": (r"(1 + e^{-z_{h2}})^2} \quad (3)", "^2}", "^3}"),
    "missing sum": (r"\frac{\partial L}{\partial z_K} = \sum_{i=1, i \neq K}^N y_i o_K", r"\sum_{i=1, i \neq K}^N ", ""),
    "wrong case: the excluded index": (r"\sum_{i=1, i \neq K}^N y_i = (1 - y_K)", "(1 - y_K)", "(1 + y_K)"),
    "wrong symbol: the target": (r"\frac{y_K}{o_K} (o_K) \cdot (1-o_K)$$", r"(1-o_K)$$", r"(1-y_K)$$"),
}
"""Each edit: a stretch of the text that stands there once or first, and in it what is replaced by what."""


def edited(around: str, old: str, new: str) -> tuple[str, int]:
    """The text with one edit made, and the line on which it is."""
    at = TEXT.index(old, TEXT.index(around))
    return TEXT[:at] + new + TEXT[at + len(old) :], TEXT.count("\n", 0, at) + 1


def test_the_text_itself_is_right() -> None:
    """Unedited, no relation needs a look, so that what the edits find is theirs."""
    assert {r.verdict for r in check(TEXT).relations} <= {"given", "proved", "tested"}


@pytest.mark.parametrize("name", EDITS)
def test_a_single_edit_is_found_where_it_is(name: str) -> None:
    """The first relation that is not right is on the edited line and is refuted."""
    text, line = edited(*EDITS[name])
    first = next(r for r in check(text, fast=True).relations if r.verdict not in ("given", "proved", "tested"))
    assert (first.verdict, first.place.line) == ("refuted", line), first
