"""How long the kernel takes, each figure beside its peer in the same run.

`make bench` measures. `make test` runs each once, times nothing, and leaves the slow peer out.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy as sp
from kernel.programs import GRADIENTS, classifier, tensor
from pytest_benchmark.fixture import BenchmarkFixture

from verify.floats import FLOAT
from verify.kernel.decision import Kernel, Proved, Refuted
from verify.kernel.evaluate import Plan, Point
from verify.kernel.expr import ONE, Apply, Derivative, Expr, Index, Sum, Tensor, add, mul, neg, num, power, sub
from verify.kernel.modular import Modular, contracted, law
from verify.kernel.program import Definition, Program
from verify.workspace import Workspace

PARAMETERS = ("wo", "bz", "w2", "b2", "w1", "b1")
PROGRAM = classifier()


@pytest.mark.benchmark(group="proof for all widths, the truth included")
@pytest.mark.parametrize("name", PARAMETERS)
def test_proof(benchmark: BenchmarkFixture, name: str) -> None:
    """One gradient of the network with ReLU, sigmoid and softmax: derived from the forward pass and proved, nothing kept from before."""
    left, right = GRADIENTS[name]
    assert isinstance(benchmark(lambda: Kernel(PROGRAM).prove(left, right)), Proved)


@pytest.mark.benchmark(group="proof for all widths, the truth included")
def test_six_proofs(benchmark: BenchmarkFixture) -> None:
    """All six gradients on one kernel, which keeps the Jacobians they share, as in a document."""

    def proved() -> list[Proved | None]:
        kernel = Kernel(PROGRAM)
        return [kernel.prove(*GRADIENTS[name]) for name in PARAMETERS]

    assert all(isinstance(proof, Proved) for proof in benchmark(proved))


@pytest.mark.benchmark(group="refutation with an exact witness")
@pytest.mark.parametrize("name", ["wo", "w1"])
def test_refutation(benchmark: BenchmarkFixture, name: str) -> None:
    """A gradient with the wrong sign, the program's points drawn before."""
    left, right = GRADIENTS[name]
    workspace = Workspace(PROGRAM)
    workspace.decide(left, neg(right))
    assert isinstance(benchmark(lambda: workspace.decide(left, neg(right))), Refuted)


@pytest.mark.benchmark(group="screen in float64 at the sampled points")
@pytest.mark.parametrize("name", ["wo", "w1"])
def test_screen(benchmark: BenchmarkFixture, name: str) -> None:
    """What a candidate of a repair costs: another right side each time, the left side's values kept."""
    left, right = GRADIENTS[name]
    workspace = Workspace(PROGRAM)
    factors = iter(range(2, 1_000_000))
    assert workspace.screen(left, right)
    assert not benchmark(lambda: workspace.screen(left, mul(num(next(factors)), right)))


def over_floats(width: int) -> Callable[[], tuple[tuple[Callable[[], list[Any]]], dict[str, Any]]]:
    """A setup: what evaluates every entry of both sides at a fresh point, its leaves drawn."""
    kernel, draw = Kernel(PROGRAM), np.random.default_rng(0)
    expressions = [(s, c.indices) for c in (kernel.settle(*GRADIENTS[n]) for n in PARAMETERS) for s in (c.left, c.right)]
    sizes = dict.fromkeys(("in", "h1", "h2", "out"), width)
    leaves = {d.name: draw.standard_normal((width,) * len(d.axes)) / width for d in PROGRAM.definitions if d.body is None}
    leaves["y"] = np.full(width, 1 / width)

    def drawn() -> tuple[tuple[Callable[[], list[Any]]], dict[str, Any]]:
        point = Point(kernel.plan, sizes, leaves, FLOAT)
        return (lambda: [point.array(expr, indices) for expr, indices in expressions],), {}

    return drawn


def over_residues(width: int) -> Callable[[], tuple[tuple[Callable[[], list[Any]]], dict[str, Any]]]:
    """A setup: what asks at a fresh point modulo a fresh prime as a test does, two numbers for each claim; its leaves drawn."""
    kernel, sizes = Kernel(PROGRAM), dict.fromkeys(("in", "h1", "h2", "out"), width)
    claims = [kernel.settle(*GRADIENTS[name]) for name in PARAMETERS]
    definitions, sums = dict(kernel.resolver.definitions), []
    for claim in claims:
        random, both = contracted(kernel.resolver.definitions, (claim.left, claim.right), claim.indices, ())
        definitions |= random
        sums += both
    plan = Plan(definitions, law)

    def drawn() -> tuple[tuple[Callable[[], list[Any]]], dict[str, Any]]:
        field = Modular()
        leaves = {d.name: field.drawn(*(sizes[a] for a in d.axes)) for d in definitions.values() if d.body is None}
        leaves["y"][-1] = 1 - leaves["y"][:-1].sum()
        point = Point(plan, sizes, {name: field.leaf(entries) for name, entries in leaves.items()}, field)
        return (lambda: [point.value(expr) for expr in sums],), {}

    return drawn


@pytest.mark.parametrize("field", ["float64", "modulo a prime"])
@pytest.mark.parametrize("width", [4, 8, 64, 256])
def test_evaluation(benchmark: BenchmarkFixture, width: int, field: str) -> None:
    """Both sides of the six claims with the whole forward pass, once: every entry over float64; modulo a prime, as a test asks, one number
    for each side, which are equal if all entries are. The plan is made, and the leaves are drawn, before."""
    benchmark.group = f"both sides of six tensors, width {width}"
    setup = over_floats(width) if field == "float64" else over_residues(width)
    found = benchmark.pedantic(lambda ask: ask(), setup=setup, rounds=300 if width < 64 else 50, warmup_rounds=3)
    for one, other in zip(found[::2], found[1::2], strict=True):
        assert np.allclose(one, other) if field == "float64" else one == other


def deep(depth: int) -> tuple[Program, Expr, Expr]:
    """A network of that many tanh layers with a squared error, and the claim of the gradient by its first weights, sums nested in sums."""
    at = [Index("i", f"n{layer}") for layer in range(depth + 1)]
    definitions = [Definition("a0", (at[0],)), Definition("y", (at[depth],))]
    for layer in range(1, depth + 1):
        definitions += [Definition(f"w{layer}", (Index("j", at[layer - 1].axis), at[layer])), Definition(f"b{layer}", (at[layer],))]
        before = Index("j", at[layer - 1].axis)
        z = add(Sum(before, mul(tensor(f"w{layer}", before, at[layer]), tensor(f"a{layer - 1}", before))), tensor(f"b{layer}", at[layer]))
        definitions += [Definition(f"z{layer}", (at[layer],), z)]
        definitions += [Definition(f"a{layer}", (at[layer],), Apply("tanh", tensor(f"z{layer}", at[layer])))]
    error = sub(tensor(f"a{depth}", at[depth]), tensor("y", at[depth]))
    definitions.append(Definition("L", (), Sum(at[depth], power(error, 2))))
    signal = mul(num(2), error, sub(ONE, power(tensor(f"a{depth}", at[depth]), 2)))
    for layer in range(depth - 1, 0, -1):
        weight = tensor(f"w{layer + 1}", at[layer], at[layer + 1])
        signal = mul(Sum(at[layer + 1], mul(signal, weight)), sub(ONE, power(tensor(f"a{layer}", at[layer]), 2)))
    left = Derivative(tensor("L"), Tensor("w1", (at[0], at[1])))
    return Program(tuple(definitions)), left, mul(signal, tensor("a0", at[0]))


@pytest.mark.benchmark(group="proof by depth")
@pytest.mark.parametrize("depth", [2, 4, 8, 16, 32])
def test_depth(benchmark: BenchmarkFixture, depth: int) -> None:
    """The gradient by the first layer's weights of a network with that many tanh layers, derived and proved for all widths."""
    program, left, right = deep(depth)
    assert isinstance(benchmark(lambda: Kernel(program).prove(left, right)), Proved)


# --- the peer ------------------------------------------------------------------------------------------------------------------


def peer(name: str, width: int) -> Any:
    """The difference of the truth and the claim in SymPy, one entry of the gradient at a width, every entry a symbol.

    From the second hidden layer on, whose output is given: SymPy is spared the first layer and its ReLU. Σy = 1 is put in."""
    n = range(width)
    a, b = sp.symbols(f"a0:{width}"), sp.symbols(f"b0:{width}")
    w = [[sp.Symbol(f"w{j}_{i}") for i in n] for j in n]
    v, c = [[sp.Symbol(f"v{j}_{i}") for i in n] for j in n], sp.symbols(f"c0:{width}")
    y = list(sp.symbols(f"y0:{width}"))
    y[-1] = 1 - sum(y[:-1])
    a2 = [1 / (1 + sp.exp(-(sum(a[j] * w[j][i] for j in n) + b[i]))) for i in n]
    z = [sum(a2[j] * v[j][i] for j in n) + c[i] for i in n]
    o = [sp.exp(z[i]) / sum(sp.exp(u) for u in z) for i in n]
    loss = -sum(y[i] * sp.log(o[i]) for i in n)
    by, claim = {"bz": (c[0], o[0] - y[0]), "wo": (v[0][0], (o[0] - y[0]) * a2[0])}[name]
    return sp.diff(loss, by) - claim


@pytest.mark.benchmark(group="peer: SymPy, one entry at one width")
@pytest.mark.parametrize(("name", "how", "width"), [(*c, 2) for c in product(("bz", "wo"), ("simplify", "equals"))] + [("bz", "equals", 4)])
def test_sympy(benchmark: BenchmarkFixture, name: str, how: str, width: int) -> None:
    """What SymPy takes to say that one entry of the difference is 0, the difference made before, its cache empty."""
    if not benchmark.enabled:
        pytest.skip("the peer takes seconds: make bench")
    difference = peer(name, width)
    ways: dict[str, Callable[[], bool]] = {"simplify": lambda: sp.simplify(difference) == 0, "equals": lambda: bool(difference.equals(0))}
    assert benchmark.pedantic(ways[how], setup=sp.core.cache.clear_cache, rounds=3 if width == 2 else 1)


def test_the_peer_is_asked_the_same() -> None:
    """The peer's difference is 0 at a point, and is not for another claim."""
    point = {symbol: sp.Rational(n + 1, 7) for n, symbol in enumerate(sorted(peer("wo", 2).free_symbols, key=str))}
    for name in ("bz", "wo"):
        assert abs(peer(name, 2).subs(point).evalf(30)) < 1e-25
        assert abs((2 * peer(name, 2) + sp.Symbol("c0")).subs(point).evalf(30)) > 1e-3
