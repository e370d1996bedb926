"""Definitions that hold the body of another one: found wherever they stand, and looked for only where they may be."""

from __future__ import annotations

import pytest

from verify.kernel.expr import Apply, Expr, Index, Sum, Tensor, add, mul, num
from verify.kernel.program import Definition, Program
from verify.meaning import exposed as module
from verify.meaning.exposed import exposed

H, J, K, A = Index("i", "in"), Index("j", "in"), Index("k", "in"), Index("a", "out")
LEAVES = (Definition("x", (H,)), Definition("w", (H, A)), Definition("v", (H, J)), Definition("c"))


def layer(sums: Index, out: Index) -> Expr:
    """Σ x w over a letter."""
    return Sum(sums, mul(Tensor("x", (sums,)), Tensor("w", (sums, out))))


def bodies(*definitions: Definition) -> dict[str, Expr | None]:
    """What becomes of definitions beside the leaves."""
    return {d.name: d.body for d in exposed(Program((*LEAVES, *definitions))).definitions if d not in LEAVES}


def test_a_body_inside_another() -> None:
    """Whatever the indices are called, free and bound; also inside what was put in before, and whichever comes first."""
    z = Definition("z", (A,), layer(H, A))
    h = Definition("h", (Index("n", "out"),), Apply("tanh", layer(K, Index("n", "out"))))
    twice = Definition("twice", (A,), mul(num(2), Apply("tanh", layer(J, A))))
    for order in ((z, h, twice), (twice, h, z), (h, z, twice)):
        found = bodies(*order)
        assert found["z"] == z.body and found["h"] == Apply("tanh", Tensor("z", (Index("n", "out"),)))
        assert Tensor("z", (A,)) in module.nodes({}, found["twice"] or num(0))


def test_the_same_body() -> None:
    """Two numbers that are the same, and two matrices, stay as they are; one with its indices exchanged and a constant vector do not."""
    one, other = (Definition(name, (), add(Tensor("c"), num(1))) for name in ("one", "other"))
    assert bodies(one, other) == {"one": one.body, "other": other.body}
    matrix, same = (Definition(name, (H, J), mul(num(3), Tensor("v", (H, J)))) for name in ("m", "s"))
    assert bodies(matrix, same) == {"m": matrix.body, "s": same.body}
    turned = Definition("t", (H, J), mul(num(3), Tensor("v", (J, H))))
    assert bodies(matrix, turned)["t"] == Tensor("m", (J, H))
    constant = Definition("k", (H,), add(Tensor("c"), num(1)))
    assert bodies(one, constant) == {"one": one.body, "k": Tensor("one")}


def test_no_quantity_is_computed_through_itself() -> None:
    """What a quantity is computed from is not computed through it."""
    inner = Definition("p", (), add(Tensor("c"), num(1)))
    outer = Definition("q", (), mul(Tensor("p"), add(Tensor("c"), num(1))))
    assert bodies(inner, outer)["q"] == mul(Tensor("p"), Tensor("p")) and bodies(inner, outer)["p"] == inner.body


def test_many_definitions_are_not_held_against_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be a part of another definition, by its numbers and names, is not matched with it."""
    tried = []
    real = module.match
    monkeypatch.setattr(module, "match", lambda *args: (tried.append(args), real(*args))[1])
    many = [Definition(f"a{n}", (), mul(num(n), Tensor("c"))) for n in range(2, 200)]
    assert bodies(*many, Definition("b", (), add(mul(num(7), Tensor("c")), num(1))))["b"] == add(Tensor("a7"), num(1))
    assert len(tried) < 20
