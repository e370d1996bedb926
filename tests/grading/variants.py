"""Answers of a made-up class: variants of the example with other letters, other words, mistakes and gaps; the same for a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
COMMENT = re.compile(r"^<!--.*?-->\n", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)

LETTERS = (("i", "m"), ("k", "q"), ("k", "n"), ("N", "C"), ("N", "K"), (r"\eta", r"\alpha"), (r"\eta", r"\lambda"))
MISTAKES = (
    (r"(o-y)", "(y-o)"),
    (r"(o-y)", "2(o-y)"),
    (r"(1-a_{h2})", "(1+a_{h2})"),
    (r"(1-a_{h2})", ""),
    (r"a_{h1}", r"a_{h2}"),
    (r"w_{h2}", r"w_o"),
    (r"w_o", r"w_{h2}"),
    (r"\frac{1}{o_i}", r"o_i"),
    (r"1 & z_{h1} > 0", r"z_{h1} & z_{h1} > 0"),
    (r"-\sum", r"\sum"),
    (r"- y_i", r"+ y_i"),
    (r"o_i \cdot (1 - o_i)", r"o_i \cdot (1 + o_i)"),
    (r"-o_i \cdot o_k", r"o_i \cdot o_k"),
    (r"e^{z_i}", r"e^{-z_i}"),
    (r"\ln", r"\log"),
)
SENTENCES = (
    "Here is how I did it.",
    "The chain rule gives:",
    "Ta có:",
    "As in the lecture, sums run over all units.",
    "Đặt vào công thức trên, ta được kết quả.",
    "I am not sure about the next line.",
    "Wir setzen ein.",
)


def variants(count: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """That many answers, each with its name; no two are equal."""
    sources = [
        COMMENT.sub("", (EXAMPLES / name).read_text(encoding="utf-8"))
        for name in ("relu_sigmoid_softmax.md", "relu_sigmoid_softmax_corrected.md")
    ]
    chance = random.Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        answer = variant(chance.choice(sources), chance)
        if answer not in seen:
            seen.add(answer)
            yield f"student-{len(seen):04}.md", answer


def variant(text: str, chance: random.Random) -> str:
    """One answer made of another one."""
    for old, new in chance.sample(LETTERS, chance.randint(0, 2)):
        word = re.compile(rf"(?<![A-Za-z\\]){re.escape(old)}(?![A-Za-z])")
        text = FORMULA.sub(lambda m, word=word, new=new: word.sub(lambda _: new, m[0]), text)  # type: ignore[misc]
    for old, new in chance.sample(MISTAKES, chance.randint(0, 3)):
        places = [m.start() for m in re.finditer(re.escape(old), text)]
        if places:
            at = chance.choice(places)
            text = text[:at] + new + text[at + len(old) :]
    blocks = text.split("\n\n")
    for _ in range(chance.randint(0, 4)):
        formulas = [n for n, block in enumerate(blocks) if n > 12 and block.startswith("$$")]
        del blocks[chance.choice(formulas)]
    for _ in range(chance.randint(0, 3)):
        blocks.insert(chance.randint(1, len(blocks)), chance.choice(SENTENCES))
    return "\n\n".join(blocks)
