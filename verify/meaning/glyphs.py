"""How alike two symbols look, as OCR and hands confuse them."""

from __future__ import annotations

from collections.abc import Iterable

_CONFUSED = [set("0oO"), set("1lI'"), set("xw"), set("uv"), set("5sS"), set("2zZ"), set("9gq"), set("8B"), set("rt")]


SAME_LETTERS = 0.25
"""What another font or other brackets of the same letters cost."""


def glyph_cost(a: str, b: str) -> float | None:
    """How far apart two keys look, or None if nobody takes one for the other: case, 0/o, x/w, 1/l, fonts, dots and brackets of scripts."""
    if a == b:
        return 0.0
    plain_a, plain_b = _plain(a), _plain(b)
    if plain_a == plain_b:
        return SAME_LETTERS
    if len(plain_a) != len(plain_b):
        return None
    cost = SAME_LETTERS
    for x, y in zip(plain_a, plain_b, strict=True):
        if x == y:
            continue
        if x.lower() == y.lower():
            cost += 0.5
        elif any(x in group and y in group for group in _CONFUSED):
            cost += 1.0
        else:
            return None
    return cost


def _plain(key: str) -> str:
    """A key without fonts, brackets and script marks; accents stay, because they make another symbol."""
    for font in ("mathbf", "mathcal", "mathrm", "mathit", "mathsf", "mathfrak", "mathtt", "boldsymbol", "text"):
        key = key.replace("\\" + font, "")
    return "".join(ch for ch in key if ch not in "{}_^() ,[]\\")


def is_tagged(name: str, key: str) -> bool:
    """Whether a name is that key with a tag below, in any font: ``v_{c}`` of ``v``."""
    stem, tag, _ = name.partition("_{")
    return bool(tag) and _plain(stem) == _plain(key)


def likeliest(unknown: str, declared: Iterable[str]) -> tuple[str, float] | None:
    """The one declared key that looks most like an unknown one, with its cost; None if there is none or several are equally close."""
    scored = sorted((cost, key) for key in declared if (cost := glyph_cost(unknown, key)) is not None)
    if not scored or (len(scored) > 1 and scored[0][0] == scored[1][0]):
        return None
    return scored[0][1], scored[0][0]
