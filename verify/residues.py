"""Both sides of claims modulo random primes, every entry at once and many trials together: what tells a false claim before it is tested.

Nothing here decides: the kernel tests a claim by an evaluation of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np

from verify.floats import BALL
from verify.kernel.decision import Kernel, Settled
from verify.kernel.expr import ONE, Add, Expr, Index, Tensor, add, delta, mul, sub, substitute, total
from verify.kernel.modular import Trials, law
from verify.kernel.program import Definition, OutOfReach, Unequal
from verify.plans import Operation, Plan, Point


class Residues(Point):
    """The results of a plan's operations, for each trial modulo its prime; ``leaves`` are what was drawn for them.

    Residues are below 2^31, so that a product of two is below 2^62. ``met`` are the trials in which everything so far had an inverse
    and a sign; in the others the numbers mean nothing.
    """

    def __init__(self, plan: Plan, sizes: Mapping[str, int], leaves: Mapping[str, Any], trials: Trials) -> None:
        super().__init__(plan, sizes, leaves, BALL)
        self.trials, self.primes, self.met = trials, trials.primes, np.ones(len(trials.primes), dtype=bool)
        self._known: dict[object, dict[int, int]] = defaultdict(dict)

    def number(self, op: Operation) -> Any:
        top, bottom = (np.array([part % int(p) for p in self.primes], dtype=np.uint64) for part in op.data.as_integer_ratio())
        return top if op.data.denominator == 1 else top * self._inverse(bottom) % self.primes

    def pi(self, op: Operation) -> Any:
        return self._free("π", np.ones_like(self.primes)) % self.primes

    def size(self, op: Operation) -> Any:
        return np.array([self.sizes[op.data]], dtype=np.uint64) % self.primes

    def leaf(self, op: Operation) -> Any:
        return self.leaves[op.data]

    def delta(self, op: Operation) -> Any:
        return self.same(op)[..., None].astype(np.uint64)

    def add(self, op: Operation, *data: Any) -> Any:
        return super().add(op, *data) % self.primes

    def mul(self, op: Operation, left: Any, right: Any) -> Any:
        return super().mul(op, left, right) % self.primes

    def dot(self, op: Operation, left: Any, right: Any) -> Any:
        """A sum of products: the smaller factor in halves of 16 bits, so that no sum of 2^16 products reaches 2^64."""
        one, other, result = ((*letters, ...) for letters in op.data[1])
        if left.size > right.size:
            left, right, one, other = right, left, other, one
        low, high = (np.einsum(half, one, right, other, result) % self.primes for half in (left & 0xFFFF, left >> 16))
        return ((high << 16) + low) % self.primes

    def sum(self, op: Operation, data: Any) -> Any:
        return data.sum(op.data) % self.primes

    def prod(self, op: Operation, data: Any) -> Any:
        if op.data is None:
            return self._power(data, self.sizes[op.gone[0]])
        return reduce(lambda one, other: one * other % self.primes, np.moveaxis(data, op.data, 0))

    def power(self, op: Operation, data: Any) -> Any:
        if not isinstance(op.data, int):
            raise OutOfReach("an exponent is too large for residues")
        return self._power(data if op.data >= 0 else self._inverse(data), abs(op.data))

    def _power(self, data: Any, exponent: int) -> Any:
        found = data if exponent else np.ones_like(data)
        for bit in bin(exponent)[3:]:
            found = found * found % self.primes
            found = found * data % self.primes if bit == "1" else found
        return found

    def _inverse(self, data: Any) -> Any:
        """1/data, by one inverse a trial."""
        self.met &= (data != 0).all(tuple(range(data.ndim - 1)))
        shape = (*data.shape[:-1], len(self.primes))
        return self._inverses(np.broadcast_to(np.where(data == 0, 1, data), shape).reshape(-1, shape[-1])).reshape(shape)

    def _inverses(self, data: Any) -> Any:
        """The inverses of a matrix's rows, by those of their products in pairs."""
        half = len(data) // 2
        if not half:
            pairs = zip(data[0].tolist(), self.primes.tolist(), strict=True)
            return np.array([[pow(number, -1, prime) for number, prime in pairs]], dtype=np.uint64)
        one, other, rest = data[:half], data[half : 2 * half], data[2 * half :]
        both = self._inverses(np.concatenate((one * other % self.primes, rest)))
        return np.concatenate((both[:half] * other % self.primes, both[:half] * one % self.primes, both[half:]))

    def step(self, op: Operation, data: Any) -> Any:
        """A sign drawn for each value up to its sign, so that the steps of u and of -u agree."""
        self.met &= (data != 0).all(tuple(range(data.ndim - 1)))
        opposite = data > self.primes // 2
        return self._free("step", np.where(opposite, self.primes - data, data)) & 1 ^ opposite

    def apply(self, op: Operation, data: Any) -> Any:
        """A variable drawn for each value of the data."""
        return self._free(op.data, data) % self.primes

    def _free(self, function: object, data: Any) -> Any:
        """A random number of 64 bits for each value of a function's argument in a trial, the same whenever it is met."""
        codes = data + (np.arange(len(self.primes), dtype=np.uint64) << 32)
        words = self.trials.words(codes[..., 0].size).ravel().tolist()
        return np.fromiter(map(self._known[function].setdefault, codes.ravel().tolist(), words), np.uint64, codes.size).reshape(codes.shape)


def contracted(
    definitions: Mapping[str, Definition], sides: tuple[Expr, Expr], indices: tuple[Index, ...], apart: tuple[Unequal, ...]
) -> tuple[dict[str, Definition], list[Expr]]:
    """Both sides where the pairs are apart, summed over all indices against a leaf for each of them; first the leaves.

    As polynomials in the leaves' entries too, both sums are equal only if the sides are in every entry: two numbers tell what two tensors
    would, and no tensor of all the indices is made.
    """
    longest = max(definitions, key=len, default="")
    leaves = {(name := f"{longest} random {index.name} {index.axis}"): Definition(name, (index,)) for index in indices}
    weights = [*(sub(ONE, delta(c.left, c.right)) for c in apart), *(Tensor(name, d.indices) for name, d in leaves.items())]
    sums = []
    for side in sides:
        if isinstance(side, Tensor) and len(side.free) > 1:
            made = definitions[side.name]
            side = substitute(made.body, dict(zip(made.indices, side.indices, strict=True))) if made.body else side
        sums.append(add(*(total(mul(t, *weights), *indices) for t in (side.terms if isinstance(side, Add) else (side,)))))
    return leaves, sums


def differ(kernel: Kernel, claim: Settled, sizes: Mapping[str, int], count: int = 8) -> bool:
    """Whether both sides differ modulo a prime, at these widths, in one of so many trials; False where they are out of reach."""
    random, sums = contracted(kernel.resolver.definitions, (claim.left, claim.right), claim.indices, claim.apart)
    definitions, trials = {**kernel.resolver.definitions, **random}, Trials(count)
    leaves = [definitions[name] for name in claim.used | random.keys() if definitions[name].body is None]
    try:
        drawn = {d.name: kernel.drawn(d, sizes, trials) for d in leaves}
        point = Residues(Plan(definitions, law), sizes, drawn, trials)
        one, other = map(point.value, sums)
    except (OutOfReach, RecursionError):
        return False
    return bool(np.any((one != other) & point.met))
