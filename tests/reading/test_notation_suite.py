"""Each command, environment, container and hard case that people use stands in a golden document."""

# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"

SUITE = {
    "notation_commands.md": (
        r"\mathfrak \mathit \tilde \overline \widehat \vec \| \otimes \ast \odot \langle \lVert \mathrm{d} \partial_u \dfrac d^2 \left. \right|"
        r" \limits \substack \displaystyle \tanh^2 \sqrt[3] \overbrace \underbrace \stackrel{!} \boxed \overset \color \cancel \triangleq \iff"
        r" \hookrightarrow \gets \therefore \because \approx \begin{split} \begin{equation} \begin{dcases} \text{otherwise}"
    ),
    "notation_containers.md": "\\\\( \\\\[ ```math ```{math} ~~~ > | $5 \\begin{align} `code:",
    "matrix_columns.md": r"\frac{\partial W_2^T \odot \delta_2 \tanh \|",
    "pairs_matrix.md": r"\circ ^\top \mathsf{T} \sigma'(z)",
    "pairs_index.md": r"\neq \ln \exp \hat 2^{99} \log",
    "softmax_cases.md": r"\begin{cases}",
    "eqnarray_and_trailing_signs.md": r"eqnarray &=&",
    "align_rows_and_references.md": r"align \tag",
    "prime_notation.md": "'",
    "differentials.md": r"d",
    "leibniz_operator.md": r"\frac{d}{d",
    "hessian_gradient.md": r"\partial",
    "underbrace_chain.md": r"\underbrace",
    "recurrent_matrices.md": r"\mathrm{diag} h_{t-1} \top",
    "matrices_written_out.md": r"\begin{pmatrix}",
    "matrices_with_dots.md": r"\vdots",
    "sample_subscript_rows.md": r"\mathbf{x}_i \nabla_{\mathbf{w}}",
    "linear_regression.md": r"\mathcal{L} \frac{1}{N}",
    "update_rules.md": r"\leftarrow",
    "stated_shapes.md": r"\in \mathbb{R} \times \mathbf{1} \operatorname{diag} I",
    "unicode.md": "∂",
    "article.tex": r"\newcommand \begin{document}",
    "definitions_in_running_text.md": "where",
    "vietnamese.md": "đ",
    "german.md": "Sei",
}
"""For each document the things of the field's notation that it has, with ``_`` for a space within one."""


@pytest.mark.parametrize(("name", "thing"), [(name, thing) for name, things in SUITE.items() for thing in things.split(" ") if thing])
def test_a_golden_document_has_it(name: str, thing: str) -> None:
    """What people write is tried in a document whose relations all have an expected verdict."""
    text = (GOLDEN / name).read_text(encoding="utf-8")
    assert "expect:" in text
    assert thing in text or thing.replace("_", " ") in text
