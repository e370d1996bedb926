"""Small data sets that are made here: two moons, XOR, and digits of five by seven pixels drawn by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True, eq=False)
class Data:
    """Inputs with the axes (sample, feature), one-hot targets with the axes (sample, class), and what suits them."""

    inputs: Array
    targets: Array
    hidden: tuple[int, int]
    rate: float
    steps: int

    def split(self, share: float) -> tuple[Data, Data]:
        """The first part of the samples, and the others."""
        n = round(share * len(self.inputs))
        parts = ((self.inputs[:n], self.targets[:n]), (self.inputs[n:], self.targets[n:]))
        first, second = (Data(x, y, self.hidden, self.rate, self.steps) for x, y in parts)
        return first, second


def moons(random: Random, samples: int = 400) -> Data:
    """Two half circles that reach into each other, with noise."""
    labels = random.integers(2, size=samples)
    angle = random.uniform(0, pi, samples)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    points = np.where(labels[:, None] == 0, upper, lower) + random.normal(0, 0.15, (samples, 2))
    return Data(points - points.mean(axis=0), np.eye(2)[labels], (12, 8), 0.1, 3000)


def xor(random: Random, samples: int = 200) -> Data:
    """Four clouds at the corners of a square; opposite corners are one class, so that no straight line tells them apart."""
    corners = random.integers(2, size=(samples, 2))
    points = 2.0 * corners - 1 + random.normal(0, 0.2, (samples, 2))
    return Data(points, np.eye(2)[corners[:, 0] ^ corners[:, 1]], (8, 6), 0.2, 800)


GLYPHS = """
.###. ..#.. .###. ####. ...#. ##### ..##. ##### .###. .###.
#...# .##.. #...# ....# ..##. #.... .#... ....# #...# #...#
#...# ..#.. ....# ....# .#.#. ####. #.... ...#. #...# #...#
#.#.# ..#.. ...#. .###. #..#. ....# ####. ...#. .###. .####
#...# ..#.. ..#.. ....# ##### ....# #...# ..#.. #...# ....#
#...# ..#.. .#... ....# ...#. #...# #...# ..#.. #...# ...#.
.###. .###. ##### ####. ...#. .###. .###. .#... .###. .##..
"""


def digits(random: Random, samples: int = 600) -> Data:
    """The ten digits as 5 × 7 pixels of −1 and 1, one pixel in twenty turned over, and noise on every one."""
    rows = [line.split() for line in GLYPHS.strip().splitlines()]
    glyphs = np.array([[1.0 if pixel == "#" else -1.0 for row in rows for pixel in row[digit]] for digit in range(10)])
    labels = random.integers(10, size=samples)
    flips = np.where(random.random((samples, glyphs.shape[1])) < 0.05, -1.0, 1.0)
    return Data(glyphs[labels] * flips + random.normal(0, 0.3, flips.shape), np.eye(10)[labels], (20, 16), 0.1, 3000)


DATA: Mapping[str, Callable[[Random], Data]] = {"moons": moons, "xor": xor, "digits": digits}
