"""Proofs for networks that are in no catalogue, checked like anybody's answer: each line is given or proved, in both languages."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import verify
from verify.checking import check
from verify.language import translator
from verify.rendering.proof import proof_markdown
from verify.rendering.proof_parts import parts

ACTIVATIONS = {"tanh": r"\tanh({})", "sigmoid": r"\sigma({})", "relu": r"\max(0, {})", "softplus": r"\ln(1 + e^{{{}}})", "identity": "{}"}
LETTERS = "ijkm"
LAYERS = (("p", "a", "W", "b"), ("q", "h", "V", "c"), ("r", "u", "U", "s"))
SPECIAL = {
    "a recurrence of two steps": r"""
$$p_j = \sum_i W_{ij} x_i + \sum_k V_{kj} g_k, \quad a_j = \tanh(p_j)$$
$$q_j = \sum_i W_{ij} y_i + \sum_k V_{kj} a_k, \quad h_j = \tanh(q_j)$$
$$L = \frac{1}{2} \sum_j (h_j - t_j)^2$$
""",
    "two heads on one layer": r"""
$$p_j = \sum_i W_{ij} x_i + b_j, \quad a_j = \sigma(p_j)$$
$$q_k = \sum_j V_{jk} a_j, \quad r = \sum_j s_j a_j$$
$$L = \frac{1}{2} \sum_k (q_k - t_k)^2 + \lambda (r - y)^2$$
""",
    "attention with a mask that is added": r"""
$$S_{ij} = \sum_k Q_{ik} K_{jk} + M_{ij}$$
$$P_{ij} = \frac{e^{S_{ij}}}{\sum_n e^{S_{in}}}$$
$$O_{ik} = \sum_j P_{ij} V_{jk}$$
$$L = \frac{1}{2} \sum_i \sum_k (O_{ik} - T_{ik})^2$$
""",
    "a penalty on shared weights": r"""
$$p_j = \sum_i W_{ij} x_i, \quad q_j = \sum_i W_{ij} y_i$$
$$L = \sum_j (p_j - q_j)^2 + \frac{\lambda}{2} \sum_i \sum_j W_{ij}^2$$
""",
}


@st.composite
def forward_passes(draw: st.DrawFn) -> str:
    """A feed-forward network in index notation: one to three layers, one sample or a mean over many, skipped layers, a usual loss."""
    batch, depth = draw(st.booleans()), draw(st.integers(1, 3))
    first = "n" if batch else ""
    below, width, lines = "x", LETTERS[0], []
    for n, (net, out, weight, bias) in enumerate(LAYERS[:depth]):
        new = LETTERS[n + 1]
        skipped = n > 0 and draw(st.booleans())
        product = rf"\sum_{width} {below}_{{{first}{width}}} {weight}_{{{width}{new}}} + {bias}_{new}"
        if skipped:
            product = rf"\sum_{width} {below}_{{{first}{width}}} {weight}_{{{width}{new}}} + \sum_i x_{{{first}i}} R_{{i{new}}}"
        lines.append(rf"$${net}_{{{first}{new}}} = {product}$$")
        inner = ACTIVATIONS[draw(st.sampled_from(sorted(ACTIVATIONS)))].format(rf"{net}_{{{first}{new}}}")
        lines.append(rf"$${out}_{{{first}{new}}} = {inner}$$")
        below, width = out, new
        if skipped:
            break
    last, target = rf"{below}_{{{first}{width}}}", rf"t_{{{first}{width}}}"
    mean = r"\frac{1}{N} \sum_{n=1}^{N} " if batch else ""
    if draw(st.booleans()):
        lines.append(rf"$$L = \frac{{1}}{{2}} {mean}\sum_{width} ({last} - {target})^2$$")
    else:
        lines.append(rf"$$o_{{{first}{width}}} = \frac{{e^{{{last}}}}}{{\sum_l e^{{{below}_{{{first}l}}}}}}$$")
        lines.append(rf"$$L = -{mean}\sum_{width} {target} \ln o_{{{first}{width}}}$$")
        lines.append(rf"$$\sum_{width} {target} = 1$$")
    return "\n".join(lines)


def assert_reads_back(text: str, lang: str) -> None:
    """Asserts that each line of the proof for a document's network is given or proved when it is checked."""
    shown = proof_markdown(parts(verify.prove(text), "index", translator(lang)))
    report = check(shown, fast=True)
    assert [(r.place.line, r.verdict, r.message) for r in report.relations if r.verdict not in ("given", "proved")] == [], shown
    assert sum(r.verdict == "proved" for r in report.relations) >= 3, shown


@pytest.mark.parametrize("lang", ["en", "vi"])
@pytest.mark.parametrize("name", SPECIAL)
def test_special_networks(name: str, lang: str) -> None:
    """Steps of a recurrence, two heads, attention and shared weights."""
    assert_reads_back(SPECIAL[name], lang)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=forward_passes(), lang=st.sampled_from(["en", "vi"]))
def test_random_networks(text: str, lang: str) -> None:
    """Random feed-forward networks."""
    assert_reads_back(text, lang)
