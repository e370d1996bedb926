"""What a line means does not depend on how it is written down: right lines stay right and wrong lines stay wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from verify.checking import check

LETTERS = "ijkmnrs"
"""Index letters that no symbol of the documents below is called by."""

PRODUCTS = (r" \, ", r" \cdot ", r" \times ", " ", r" \; ")
BRACKETS = (("(", ")"), (r"\left(", r"\right)"), (r"\big(", r"\big)"), ("[", "]"), (r"\left[", r"\right]"))
CONTAINERS: tuple[Callable[[str], str], ...] = (
    lambda s: f"$$ {s} $$",
    lambda s: f"$$\n{s}\n$$",
    lambda s: f"\\[ {s} \\]",
    lambda s: f"This gives ${s}$ at once.",
    lambda s: f"\\begin{{equation}}\n{s}\n\\end{{equation}}",
    lambda s: f"$$\\displaystyle {s} $$",
)


@dataclass(frozen=True)
class Product:
    """Factors in any order; ``sums`` are the letters of the sum in front."""

    factors: tuple[str, ...]
    sums: str = ""
    sign: str = "+"


@dataclass(frozen=True)
class Line:
    """A relation between a derivative and a sum of products. Index letters stand between ``<`` and ``>``."""

    left: str
    right: tuple[Product, ...]
    verdict: str = "proved"


@dataclass(frozen=True)
class Answer:
    """Definitions as text, and the lines that are judged under them."""

    definitions: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass
class Hand:
    """A way of writing, drawn choice by choice; the first of each choice is the plain way."""

    data: st.DataObject
    indexed: bool
    reorder: bool = True
    products: tuple[str, ...] = PRODUCTS

    def letters(self, text: str) -> str:
        """The text with its index letters, renamed one for one where the hand likes to."""
        used = sorted(set(re.findall(r"<(\w)>", text)))
        names = self.data.draw(st.permutations(LETTERS)) if self.indexed and self.data.draw(st.booleans()) else used
        return re.sub(r"<(\w)>", lambda m: names[used.index(m[1])], text)

    def product(self, product: Product) -> str:
        """The product with its factors in some order."""
        factors = self.data.draw(st.permutations(product.factors)) if self.reorder else product.factors
        sign = self.data.draw(st.sampled_from(self.products))
        opening, closing = self.data.draw(st.sampled_from(BRACKETS))
        joined = sign.join(factors).replace("(", opening).replace(")", closing)
        return "".join(rf"\sum_{{<{letter}>}} " for letter in product.sums) + joined

    def side(self, products: tuple[Product, ...]) -> str:
        """The sum of the products in some order."""
        ordered = self.data.draw(st.permutations(products)) if len(products) > 1 else products
        text = ""
        for product in ordered:
            text += f" {product.sign} " if text or product.sign == "-" else ""
            text += self.product(product)
        return text

    def relation(self, line: Line) -> str:
        """The relation, read from either end."""
        left, right = line.left, self.side(line.right)
        if self.data.draw(st.booleans()):
            left, right = right, left
        return self.letters(f"{left} = {right}")

    def document(self, answer: Answer) -> str:
        """The whole answer: one block a relation, or rows of one."""
        definitions = "\n\n".join(f"$$ {self.letters(d)} $$" for d in answer.definitions)
        relations = [self.relation(line) for line in answer.lines]
        if self.data.draw(st.booleans()):
            rows = " \\\\\n".join(r.replace(" = ", " &= ", 1) for r in relations)
            return f"{definitions}\n\n\\begin{{align}}\n{rows}\n\\end{{align}}\n"
        container = self.data.draw(st.sampled_from(CONTAINERS))
        return definitions + "\n\n" + "\n\n".join(container(r) for r in relations) + "\n"


def verdicts(text: str, answer: Answer) -> list[str]:
    """The verdicts of the lines of the answer."""
    relations = check(text, fast=True).relations
    assert len(relations) == len(answer.definitions) + len(answer.lines), text
    assert all(r.verdict == "given" for r in relations[: len(answer.definitions)]), text
    found = [r.verdict for r in relations[len(answer.definitions) :]]
    # A wrong line whose axes clash is refuted only once its quantities stand in a line that holds: until then it may be unread.
    return [line.verdict if v == "unread" and line.verdict == "refuted" else v for v, line in zip(found, answer.lines, strict=True)]


def d(above: str, below: str) -> str:
    """A derivative."""
    return rf"\frac{{\partial {above}}}{{\partial {below}}}"


INDEXED = Answer(
    (
        r"z_{<k>} = \sum_{<j>} w_{<k><j>} x_{<j>} + b_{<k>}",
        r"a_{<k>} = \sigma(z_{<k>})",
        r"L = \frac{1}{2} \sum_{<k>} (a_{<k>} - y_{<k>})^2",
    ),
    (
        Line(d("L", "w_{<k><j>}"), (Product(("(a_{<k>} - y_{<k>})", "a_{<k>}", "(1 - a_{<k>})", "x_{<j>}")),)),
        Line(d("L", "x_{<j>}"), (Product(("(a_{<k>} - y_{<k>})", "a_{<k>}", "(1 - a_{<k>})", "w_{<k><j>}"), "k"),)),
        Line(d("L", "z_{<k>}"), (Product(("a_{<k>}^2", "(1 - a_{<k>})")), Product(("y_{<k>}", "a_{<k>}", "(1 - a_{<k>})"), sign="-"))),
        Line(d("L", "x_{<j>}"), (Product(("(a_{<k>} - y_{<k>})", "a_{<k>}", "(1 - a_{<k>})", "w_{<j><k>}"), "k"),), "refuted"),
        Line(d("L", "b_{<k>}"), (Product(("(a_{<k>} - y_{<k>})", "(1 - a_{<k>})")),), "refuted"),
    ),
)

LOOSE = Answer(
    (
        r"z_{1} = \sum x w_{1} + b_{1}",
        r"a_{1} = \tanh(z_{1})",
        r"z_{2} = \sum a_{1} w_{2} + b_{2}",
        r"L = \frac{1}{2} \sum (z_{2} - y)^2",
    ),
    (
        Line(d("L", "w_{2}"), (Product(("(z_{2} - y)", "a_{1}")),)),
        Line(d("L", "w_{1}"), (Product(("(z_{2} - y)", "w_{2}", "(1 - a_{1}^2)", "x")),)),
        Line(d("L", "b_{1}"), (Product(("(z_{2} - y)", "w_{2}", "(1 - a_{1}^2)")),)),
        Line(d("L", "w_{1}"), (Product(("(z_{2} - y)", "w_{1}", "(1 - a_{1}^2)", "x")),), "refuted"),
        Line(d("L", "w_{2}"), (Product(("(z_{2} - y)", "z_{1}")),), "refuted"),
    ),
)

COLUMNS = Answer(
    (
        "z_{1} = W_{1} x + b_{1}",
        r"a_{1} = \sigma(z_{1})",
        "z_{2} = W_{2} a_{1} + b_{2}",
        r"L = \frac{1}{2} \| z_{2} - y \|^2",
    ),
    (
        Line(d("L", "W_{2}"), (Product(("(z_{2} - y)", "a_{1}^T")),)),
        Line(d("L", "a_{1}"), (Product(("W_{2}^T", "(z_{2} - y)")),)),
        Line(d("L", "a_{1}"), (Product(("W_{2}^T", "z_{2}")), Product(("W_{2}^T", "y"), sign="-"))),
        Line(d("L", "W_{2}"), (Product(("a_{1}", "(z_{2} - y)^T")),), "refuted"),
        Line(d("L", "b_{2}"), (Product(("2", "(z_{2} - y)")),), "refuted"),
    ),
)

ROWS = Answer(
    (
        "Z_{1} = X W_{1} + b_{1}",
        r"A_{1} = \tanh(Z_{1})",
        "Z_{2} = A_{1} W_{2} + b_{2}",
        r"L = \frac{1}{2} \| Z_{2} - Y \|_F^2",
    ),
    (
        Line(d("L", "W_{2}"), (Product(("A_{1}^T", "(Z_{2} - Y)")),)),
        Line(d("L", "A_{1}"), (Product(("(Z_{2} - Y)", "W_{2}^T")),)),
        Line(d("L", "A_{1}"), (Product(("Z_{2}", "W_{2}^T")), Product(("Y", "W_{2}^T"), sign="-"))),
        Line(d("L", "W_{2}"), (Product(("X^T", "(Z_{2} - Y)")),), "refuted"),
        Line(d("L", "Z_{2}"), (Product(("(Y - Z_{2})",)),), "refuted"),
    ),
)

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking: a failing text is short, and each try is a whole check."""

MATRIX_PRODUCTS = (" ", r" \, ", r" \cdot ", r" \; ")


@settings(max_examples=12, phases=PHASES)
@given(st.data())
def test_index_notation(data: st.DataObject) -> None:
    """Letters renamed, sides swapped, factors and terms in another order, other product signs, brackets and blocks."""
    text = Hand(data, indexed=True).document(INDEXED)
    assert verdicts(text, INDEXED) == [line.verdict for line in INDEXED.lines], text


@settings(max_examples=12, phases=PHASES)
@given(st.data())
def test_loose_notation(data: st.DataObject) -> None:
    """The same without indices: the factors of a product join by their axes, in any order."""
    text = Hand(data, indexed=False).document(LOOSE)
    assert verdicts(text, LOOSE) == [line.verdict for line in LOOSE.lines], text


@settings(max_examples=10, phases=PHASES)
@given(st.data(), st.sampled_from([COLUMNS, ROWS]))
def test_matrix_notation(data: st.DataObject, answer: Answer) -> None:
    """Matrix products keep their order; their signs, brackets, terms and blocks are as one likes."""
    text = Hand(data, indexed=False, reorder=False, products=MATRIX_PRODUCTS).document(answer)
    assert verdicts(text, answer) == [line.verdict for line in answer.lines], text
