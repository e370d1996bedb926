"""Random rational expressions, and exact points to evaluate them at."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from tests.kernel.programs import HALF, definition, tensor
from verify.kernel.expr import Delta, Expr, Index, Prod, Size, Sum, add, delta, mul, num, power
from verify.kernel.modular import Trials
from verify.kernel.program import Program

p, q, r = Index("p", "n"), Index("q", "n"), Index("r", "m")
SIZES = {"n": 3, "m": 2}
PROGRAM = Program((
    definition("x", p), definition("w", p, r), definition("c"),
    definition("v", r, body=Sum(p, mul(tensor("w", p, r), tensor("x", p)))),
    definition("s", p, q, body=add(tensor("x", p), mul(num(2), tensor("x", q)), delta(p, q))),
))


def exact(array: object) -> np.ndarray:
    return np.array(array, dtype=object)


def leaves(seed: int) -> dict[str, np.ndarray]:
    draw = random.Random(seed)
    entries = [Fraction(draw.choice([-1, 1]) * draw.randint(1, 20), draw.randint(1, 6)) for _ in range(10)]
    return {"x": exact(entries[:3]), "w": exact(entries[3:9]).reshape(3, 2), "c": exact(entries[9])}


def trials(seed: int, count: int = 3) -> Trials:
    return Trials(count, random.Random(seed).randbytes)


def residues(those: Trials, values: np.ndarray) -> np.ndarray:
    """Rationals as residues modulo every prime, the last axis."""
    flat = [[v.numerator * pow(v.denominator, -1, p) % p for p in those.primes.tolist()] for v in map(Fraction, values.flat)]
    return np.array(flat, dtype=np.uint64).reshape(*values.shape, len(those.primes))


def rational_expressions() -> st.SearchStrategy[Expr]:
    """Sums, products, quotients and contractions of entries, with diagonals, fixed positions and colliding letters."""
    letters = st.sampled_from([p, q])
    atoms = st.one_of(
        letters.map(lambda a: tensor("x", a)), st.tuples(letters, st.sampled_from([r, 0, 1])).map(lambda ab: tensor("w", *ab)),
        st.tuples(letters, letters).map(lambda ab: tensor("s", *ab)), st.tuples(letters, letters).map(lambda ab: Delta(*ab)),
        st.sampled_from([tensor("c"), tensor("v", r), Size("m"), delta(p, 2), Delta(0, 1), tensor("x", 1), num(HALF), num(-3)]),
    )

    def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        return st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda es: add(*es)),
            st.lists(inner, min_size=2, max_size=3).map(lambda es: mul(*es)),
            st.tuples(st.sampled_from([p, q, r]), inner).map(lambda ib: Sum(*ib)),
            st.tuples(st.sampled_from([p, r]), inner).map(lambda ib: Prod(*ib)),
            st.tuples(inner, st.sampled_from([-1, 2, 3])).map(lambda be: power(*be)),
        )

    return st.recursive(atoms, grow, max_leaves=8)
