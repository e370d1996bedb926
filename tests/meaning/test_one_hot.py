"""What a document says to be one-hot, in words: an assumption where it is clear, a doubt where it is not, nothing where it is denied."""

from __future__ import annotations

import pytest

from verify.checking import check

SOFTMAX = r"""
$$o_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \qquad z_k = \sum_i w_{ki} x_i$$

$$L = -\sum_k y_k \log o_k$$

"""
CLAIMS = r"""

$$\frac{\partial L}{\partial z_k} = o_k - y_k^2$$

$$\frac{\partial L}{\partial z_k} = o_k + y_k$$
"""
STATED = {
    "en": (
        "where $y$ is one-hot.",
        "Here $x$ is the input and $y$ is a one-hot vector.",
        "The input is $x$, and the one-hot encoded label is $y$.",
        "For an input $x$ and a one-hot target $y$:",
        "Let $y$ be the **one-hot** target.",
        "The targets are one-hot.",
        "with $y_k$ one\u2011hot",
        "We train on one-hot labels.",
        "where y is one-hot",
        r"Let $y \in \{0, 1\}^K$ be a one-hot vector.",
        "Here $y$ (one hot) is given.",
        "$y$, a one-hot vector, is given.",
        "- $x$: the input\n- $y$: one-hot target\n",
    ),
    "vi": (
        "trong đó $y$ là vector one-hot.",
        "với nhãn one-hot $y$",
        "y là vector one-hot",
        "Cho $y$ là véctơ one-hot, $x$ là đầu vào.",
        "Nhãn được mã hóa one-hot.",
    ),
    "de": ("wobei $y$ ein One-Hot-Vektor ist.", "mit dem One-Hot-Vektor $y$", "Die Ziele $y$ sind one-hot-kodiert."),
    "es": ("donde $y$ es un vector one-hot.", "con la etiqueta one-hot $y$", "La entrada es $x$ y $y$, un vector one-hot, la etiqueta."),
    "fr": ("où $y$ est un vecteur one-hot.", "avec l'étiquette one-hot $y$"),
    "zh": ("其中 $y$ 是独热向量。", "独热标签 $y$", "其中$y$为one-hot向量，$x$为输入。"),
    "ru": ("где $y$ — one-hot вектор.", "и one-hot вектор $y$", "$y$ является one-hot вектором."),
}
DOUBTED = (
    "This is for one-hot vectors.",
    "If $y$ is one-hot, this is simpler.",
    "Of $x$ times $y$ with one-hot encodings more is known.",
    "Nếu $y$ là one-hot thì đơn giản hơn.",
    "Wenn $y$ one-hot ist:",
    "如果 $y$ 是独热向量：",
    "The vectors $x$ and $y$ can be one-hot.",
)
DENIED = (
    "where $y$ is a distribution.",
    "The targets need not be one-hot.",
    "where $y$ is not one-hot.",
    "$y$ không phải là one-hot.",
    "Dabei ist $y$ nicht one-hot.",
    "其中 $y$ 不是独热向量。",
    "<!-- y is one-hot -->",
    "where $x$ is one-hot.",
    "```\none_hot = y is one-hot\n```",
)


def verdicts(words: str, network: str = SOFTMAX, claims: str = CLAIMS) -> list[tuple[str, tuple[str, ...]]]:
    """The verdicts on the last two relations of a document with their assumptions; the words stand between network and claims."""
    return [(r.verdict, r.assumptions) for r in check(network + words + claims, fast=True).relations[-2:]]


@pytest.mark.parametrize("words", [w for said in STATED.values() for w in said])
def test_what_is_said_to_be_one_hot_is_assumed_to_be_and_listed(words: str) -> None:
    """A line that is true for one-hot targets only is proved, and says so; a wrong line stays refuted."""
    (right, listed), (wrong, _) = verdicts(words)
    assert (right, wrong) == ("proved", "refuted")
    assert listed == ("y is one-hot",)


@pytest.mark.parametrize("words", DOUBTED)
def test_what_may_be_one_hot_proves_nothing_and_refutes_nothing_that_would_hold(words: str) -> None:
    """A line that would be true if the right thing were one-hot is left to a person; a wrong line stays refuted."""
    assert [verdict for verdict, _ in verdicts(words)] == ["unread", "refuted"]


@pytest.mark.parametrize("words", DENIED)
def test_what_is_not_said_to_be_one_hot_is_not_assumed(words: str) -> None:
    """Without the words, or where they are about another quantity, in a comment, in code or denied, the line is false."""
    assert [verdict for verdict, _ in verdicts(words)] == ["refuted", "refuted"]


EMBEDDING = r"""
$$h_{tc} = \sum_v X_{tv} E_{vc}, \qquad L = \sum_t \sum_c g_{tc} h_{tc}$$

"""
ALONG = r"""

$$\sum_v X_{tv} h_{tc} = h_{tc}$$

$$\sum_t X_{tv} E_{vc} = E_{vc}$$
"""


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("where each row of $X$ is one-hot", ["proved", "refuted"]),
        ("trong đó mỗi cột của $X$ là vector one-hot", ["refuted", "proved"]),
        ("where $X_t$ is one-hot", ["proved", "refuted"]),
        ("The inputs $X_{tv}$ are one-hot.\n\n$$\\sum_v X_{tv} = 1$$\n\n", ["proved", "refuted"]),
        ("The inputs $X$ are one-hot.", ["unread", "unread"]),
        ("", ["refuted", "refuted"]),
    ],
)
def test_along_which_axis(words: str, found: list[str]) -> None:
    """Rows or columns as the words say; along the index that is not written; in doubt both."""
    assert [verdict for verdict, _ in verdicts(words, EMBEDDING, ALONG)] == found
