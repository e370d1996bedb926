"""Stochastic gradient descent on the ReLU–sigmoid–softmax network, one sample a step, by the updates that its page derives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from derivations._entry import Derivation, eta, quantity
from derivations.train.arrays import Compiled, compiled
from derivations.train.data import Array, Data

Parameters = dict[str, Array]


@dataclass(frozen=True, eq=False)
class Descent:
    """A page of the catalogue put to work: its forward pass and its updates, compiled once, at given widths."""

    derivation: Derivation
    sizes: dict[str, int]

    @cached_property
    def _forward(self) -> dict[str, Compiled]:
        return {quantity(entry): compiled(body, getattr(entry, "indices", ())) for entry, body in self.derivation.forward.items()}

    @cached_property
    def _updates(self) -> dict[str, Compiled]:
        return {quantity(entry): compiled(update, entry.indices) for entry, update in self.derivation.updates().items()}

    def start(self, random: np.random.Generator) -> Parameters:
        """Parameters to begin with: weights uniform within √(3 / fan-in), biases 0."""
        parameters = {}
        for entry in self.derivation.parameters:
            shape = tuple(self.sizes[str(axis)] for axis in entry.base.shape)
            bound = (3 / shape[0]) ** 0.5 if len(shape) > 1 else 0.0
            parameters[quantity(entry)] = random.uniform(-bound, bound, shape)
        return parameters

    def quantities(self, parameters: Parameters, x: Array, y: Array) -> dict[str, Array]:
        """The leaves and every quantity of the forward pass for one sample."""
        values = {**parameters, "x": x, "y": y}
        for name, function in self._forward.items():
            values[name] = function(values, self.sizes)
        return values

    def step(self, parameters: Parameters, x: Array, y: Array, rate: float) -> tuple[Parameters, float]:
        """The parameters after one update by one sample, all of them from the values before it; and the loss before it."""
        values = self.quantities(parameters, x, y)
        loss = float(values["L"])
        return {name: update({**values, eta.name: rate}, self.sizes) for name, update in self._updates.items()}, loss

    def accuracy(self, parameters: Parameters, data: Data) -> float:
        """The share of samples whose largest output is that of their class."""
        right = [
            np.argmax(self.quantities(parameters, x, y)["o"]) == np.argmax(y) for x, y in zip(data.inputs, data.targets, strict=True)
        ]
        return float(np.mean(right))


def on(derivation: Derivation, data: Data) -> Descent:
    """The network with the data's numbers of features and classes, and the hidden widths that suit them."""
    hidden = dict(zip(("h1", "h2"), data.hidden, strict=True))
    return Descent(derivation, {"in": data.inputs.shape[1], **hidden, "out": data.targets.shape[1]})


def run(
    descent: Descent, parameters: Parameters, data: Data, rate: float, steps: int, random: np.random.Generator
) -> Iterator[tuple[Parameters, float]]:
    """The parameters and the sample's loss after each step; the samples in a new order every time round."""
    order: list[int] = []
    for _ in range(steps):
        order = order or list(random.permutation(len(data.inputs)))
        n = order.pop()
        parameters, loss = descent.step(parameters, data.inputs[n], data.targets[n], rate)
        yield parameters, loss
