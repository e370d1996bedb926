"""A loss curve, for the terminal and for a page: pure functions of the losses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BLOCKS = " ▁▂▃▄▅▆▇█"


def means(losses: Sequence[float], count: int) -> list[float]:
    """The losses as at most that many means of equal stretches."""
    return [float(np.mean(part)) for part in np.array_split(np.asarray(losses), min(count, len(losses)))]


def plot(losses: Sequence[float], width: int = 64, height: int = 8) -> list[str]:
    """The curve in block characters, a line of text a row, the loss written at the top and at the bottom row."""
    points = means(losses, width)
    top = max(points) or 1.0
    eighths = [round(point / top * height * 8) for point in points]
    rows = []
    for row in reversed(range(height)):
        bar = "".join(BLOCKS[min(max(e - 8 * row, 0), 8)] for e in eighths)
        label = f"{top:.2f}" if row == height - 1 else "0.00" if row == 0 else ""
        rows.append(f"{label:>7} ┤{bar}")
    return rows


def svg(losses: Sequence[float], title: str, width: int = 640, height: int = 240) -> str:
    """The curve as an SVG picture. The title is the caller's own text, with no markup in it."""
    points = means(losses, width // 4)
    top, left, right = max(points) or 1.0, 48, 16
    xs = np.linspace(left, width - right, len(points))
    line = " ".join(f"{x:.1f},{height - 32 - (height - 64) * p / top:.1f}" for x, p in zip(xs, points, strict=True))
    text = 'font-family="sans-serif" font-size="12" fill="#444"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"><title>{title}</title>'
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
        f'<text x="{left}" y="20" {text}>{title}</text>'
        f'<path d="M{left} 32V{height - 32}H{width - right}" fill="none" stroke="#999"/>'
        f'<text x="{left - 6}" y="36" text-anchor="end" {text}>{top:.2f}</text>'
        f'<text x="{left - 6}" y="{height - 28}" text-anchor="end" {text}>0</text>'
        f'<text x="{width - right}" y="{height - 14}" text-anchor="end" {text}>{len(losses)} steps</text>'
        f'<polyline points="{line}" fill="none" stroke="#0b6e4f" stroke-width="2"/></svg>\n'
    )


def csv(losses: Sequence[float]) -> str:
    """The loss of each step's sample, as CSV with a header."""
    return "step,loss\n" + "".join(f"{n},{loss!r}\n" for n, loss in enumerate(losses, 1))
