"""A line's verdict is its own: neither the order of the lines, nor right lines left out, nor wrong ones put between, change it."""

from __future__ import annotations

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from verify.checking import check

DEFINITIONS = (
    r"z_k = \sum_j w_{kj} x_j + b_k",
    r"a_k = \sigma(z_k)",
    r"L = \frac{1}{2} \sum_k (a_k - y_k)^2",
)
LINES = {
    r"\frac{\partial a_k}{\partial z_k} = a_k (1 - a_k)": "proved",
    r"\frac{\partial L}{\partial a_k} = a_k - y_k": "proved",
    r"\frac{\partial L}{\partial z_k} = (a_k - y_k) a_k (1 - a_k)": "proved",
    r"\frac{\partial L}{\partial w_{kj}} = \frac{\partial L}{\partial z_k} x_j": "proved",
    r"\frac{\partial L}{\partial x_j} = \sum_k \frac{\partial L}{\partial z_k} w_{kj}": "proved",
    r"\frac{\partial z_k}{\partial b_k} = 1": "proved",
    r"\frac{\partial L}{\partial b_k} = z_k - y_k": "refuted",
    r"\frac{\partial a_k}{\partial x_j} = w_{kj}": "refuted",
    r"\frac{\partial L}{\partial x_j} = \sum_k \frac{\partial L}{\partial z_k} w_{jk}": "refuted",
}
"""Relations and their verdicts. No wrong one follows from another."""

PROSE = (
    "",
    "By the chain rule we get",
    "Now for the next one:",
    "Let us go on.",
    "Let the reader see for himself that, where it matters,",
    "## A heading",
    "| a | table |\n|---|---|\n| of | words |",
    "> A remark.",
    "It costs $5 or $6, they say.",
    "<!-- a comment -->",
)


@settings(max_examples=12, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.data())
def test_a_verdict_does_not_depend_on_the_other_lines(data: st.DataObject) -> None:
    """Any selection of the lines in any order, with any words between: each gets its own verdict."""
    chosen = data.draw(st.lists(st.sampled_from(sorted(LINES)), min_size=1, max_size=6))
    blocks = [f"$$ {d} $$" for d in DEFINITIONS]
    for line in chosen:
        blocks += [data.draw(st.sampled_from(PROSE)), f"$$ {line} $$"]
    text = "\n\n".join(blocks)
    found = [r.verdict for r in check(text, fast=True).relations]
    assert found == ["given"] * len(DEFINITIONS) + [LINES[line] for line in chosen], text


@settings(max_examples=8, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.permutations(DEFINITIONS), st.booleans())
def test_definitions_may_stand_in_any_order(order: list[str], after: bool) -> None:
    """The network is the same whichever of its definitions comes first, even below the lines that rest on it."""
    lines = [f"$$ {line} $$" for line in list(LINES)[:3]]
    definitions = [f"$$ {d} $$" for d in order]
    blocks = lines + definitions if after else definitions + lines
    found = {r.lhs + r.rhs: r.verdict for r in check("\n\n".join(blocks), fast=True).relations}
    judged = [v for key, v in found.items() if "partial" in key]
    assert judged == ["proved"] * 3, blocks


def test_a_line_for_no_member_of_a_family_is_unread() -> None:
    """A tag that counts with another letter than the family's leaves no instance of the line: it is unread, and the rest is judged."""
    text = r"""
$$ z^l_j = \sum_k w^l_{jk} a^{l-1}_k + b^l_j, \quad a^l_j = \sigma(z^l_j), \quad \delta^l_j = \frac{\partial C}{\partial z^l_j} $$

$$ \delta^l_j = \sum_k w^{l+1}_{kj} \delta^{k+1}_k \sigma'(z^l_j) $$

$$ \frac{\partial C}{\partial b^l_j} = \delta^l_j $$
"""
    verdicts = [r.verdict for r in check(text, fast=True).relations]
    assert verdicts == ["given", "given", "given", "unread", "proved"]
