"""How long the kernel takes, each figure beside its peer in the same run.

`make bench` measures processor time of the one process, so that other work on the machine counts little. `make test` runs each once, times
nothing, and leaves the slow peers out.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp
from kernel.programs import GRADIENTS, classifier, tensor
from pytest_benchmark.fixture import BenchmarkFixture

from verify.advice import ADVICE
from verify.floats import FLOAT
from verify.kernel.decision import Kernel, Proved, Refuted, Undecided
from verify.kernel.decision import Tested as AgreesModuloPrimes
from verify.kernel.expr import ONE, Apply, Derivative, Expr, Index, Sum, Tensor, add, mul, neg, num, power, sub
from verify.kernel.modular import Trials, law
from verify.kernel.program import Definition, Program
from verify.plans import Plan, Point
from verify.residues import Residues, contracted
from verify.workspace import Workspace

PARAMETERS = ("wo", "bz", "w2", "b2", "w1", "b1")
PROGRAM = classifier()


@pytest.mark.benchmark(group="proof for all widths, the truth included")
@pytest.mark.parametrize("name", PARAMETERS)
def test_proof(benchmark: BenchmarkFixture, name: str) -> None:
    """One gradient of the network with ReLU, sigmoid and softmax: derived from the forward pass and proved, nothing kept from before."""
    left, right = GRADIENTS[name]
    assert isinstance(benchmark(lambda: Kernel(PROGRAM, ADVICE).prove(left, right)), Proved)


@pytest.mark.benchmark(group="proof for all widths, the truth included")
def test_six_proofs(benchmark: BenchmarkFixture) -> None:
    """All six gradients on one kernel, which keeps the Jacobians they share, as in a document."""

    def proved() -> list[Proved | None]:
        kernel = Kernel(PROGRAM, ADVICE)
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
    plan = Plan(kernel.resolver.definitions)

    def drawn() -> tuple[tuple[Callable[[], list[Any]]], dict[str, Any]]:
        point = Point(plan, sizes, leaves, FLOAT)
        return (lambda: [point.array(expr, indices) for expr, indices in expressions],), {}

    return drawn


def over_residues(width: int, count: int) -> Callable[[], tuple[tuple[Callable[[], list[Any]]], dict[str, Any]]]:
    """A setup: what asks at so many fresh points together, each modulo a fresh prime, two numbers for each claim; its leaves drawn."""
    kernel, sizes = Kernel(PROGRAM), dict.fromkeys(("in", "h1", "h2", "out"), width)
    claims = [kernel.settle(*GRADIENTS[name]) for name in PARAMETERS]
    definitions, sums = dict(kernel.resolver.definitions), []
    for claim in claims:
        random, both = contracted(kernel.resolver.definitions, (claim.left, claim.right), claim.indices, ())
        definitions |= random
        sums += both
    plan = Plan(definitions, law)

    def drawn() -> tuple[tuple[Callable[[], list[Any]]], dict[str, Any]]:
        trials = Trials(count)
        leaves = {d.name: trials.drawn(*(sizes[a] for a in d.axes)) for d in definitions.values() if d.body is None}
        leaves["y"][-1] = (1 + width * trials.primes - leaves["y"][:-1].sum(0)) % trials.primes
        point = Residues(plan, sizes, leaves, trials)
        return (lambda: [point.value(expr) for expr in sums],), {}

    return drawn


@pytest.mark.parametrize("points", ["float64", "1 prime", "60 primes"])
@pytest.mark.parametrize("width", [4, 8, 64, 256])
def test_evaluation(benchmark: BenchmarkFixture, width: int, points: str) -> None:
    """Both sides of the six claims with the whole forward pass: every entry over float64, once; modulo primes, as what sifts claims before
    a test asks, one number for each side, which are equal if all entries are. The plan is made, and the leaves are drawn, before."""
    benchmark.group = f"both sides of six tensors, width {width}"
    count = 1 if points == "1 prime" else 4 if width == 256 else 60
    setup = over_floats(width) if points == "float64" else over_residues(width, count)
    found = benchmark.pedantic(lambda ask: ask(), setup=setup, rounds=300 if width < 64 else 50, warmup_rounds=3)
    benchmark.extra_info["points"] = 1 if points == "float64" else count
    for one, other in zip(found[::2], found[1::2], strict=True):
        assert np.allclose(one, other) if points == "float64" else np.array_equal(one, other)


@pytest.mark.benchmark(group="six claims tested by the kernel, everything included")
def test_test(benchmark: BenchmarkFixture) -> None:
    """All six gradients at widths 3, 3, 4, 5 modulo as many primes as the bound takes with three ReLU units, on a kernel that is made for
    it: the truth derived, the bounds, the draws, every entry of both sides."""
    sizes = {"in": 3, "h1": 3, "h2": 4, "out": 5}

    def tested() -> list[AgreesModuloPrimes | Undecided]:
        kernel = Kernel(PROGRAM)
        return [kernel.test(*GRADIENTS[name], (), sizes) for name in PARAMETERS]

    found = benchmark(tested)
    assert all(isinstance(decision, AgreesModuloPrimes) and decision.trials == 208 for decision in found)


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
    assert isinstance(benchmark(lambda: Kernel(program, ADVICE).prove(left, right)), Proved)


@pytest.mark.benchmark(group="proof by width")
@pytest.mark.parametrize("width", [4, 64, 1024, None])
def test_width(benchmark: BenchmarkFixture, width: int | None) -> None:
    """The gradient by the first layer's weights of the classifier, every axis of that width by the document, or of any width."""
    sizes = () if width is None else tuple((axis, width) for axis in ("in", "h1", "h2", "out"))
    program = replace(PROGRAM, sizes=sizes)
    proof = benchmark(lambda: Kernel(program).prove(*GRADIENTS["w1"]))
    assert isinstance(proof, Proved) and proof.scope == "all widths"


# --- the peers -----------------------------------------------------------------------------------------------------------------

LIMIT = 60.0


class Late(BaseException):
    """Raised in a peer that has had its time; not an Exception, so that no library catches it."""


def within(limit: float, ask: Callable[[], object]) -> object:
    """What the peer answers, or None where it takes longer than so many seconds."""

    def late(*_: object) -> None:
        raise Late

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        return ask()
    except Late:
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def peer(name: str, width: int) -> tuple[Any, Any]:
    """The truth and the claim in SymPy, one entry of the gradient at a width, every entry of the network a symbol.

    Σy = 1 is put in, and SymPy is spared what it need not see: the units of the ReLU are all active, and for the gradients of the later
    layers their output is given."""
    n = range(width)

    def layer(letter: str, before: list[Any]) -> tuple[list[Any], list[list[Any]], list[Any]]:
        w, b = [[sp.Symbol(f"{letter}{j}{i}") for i in n] for j in n], [sp.Symbol(f"{letter}b{i}") for i in n]
        return [sum(before[j] * w[j][i] for j in n) + b[i] for i in n], w, b

    x, given, y = ([sp.Symbol(f"{letter}{i}") for i in n] for letter in "xay")
    y[-1] = 1 - sum(y[:-1])
    a1, u, ub = layer("u", x)
    z2, v, vb = layer("v", a1 if name in ("w1", "b1") else given)
    a2 = [1 / (1 + sp.exp(-z)) for z in z2]
    z, w, wb = layer("w", a2)
    o = [sp.exp(z[i]) / sum(sp.exp(k) for k in z) for i in n]
    loss = -sum(y[i] * sp.log(o[i]) for i in n)
    error = [o[i] - y[i] for i in n]
    delta2 = [sum(error[i] * w[k][i] for i in n) * a2[k] * (1 - a2[k]) for k in n]
    delta1 = sum(delta2[k] * v[0][k] for k in n)
    by, claim = {
        "bz": (wb[0], error[0]), "wo": (w[0][0], error[0] * a2[0]), "b2": (vb[0], delta2[0]), "w2": (v[0][0], delta2[0] * given[0]),
        "b1": (ub[0], delta1), "w1": (u[0][0], delta1 * x[0]),
    }[name]
    return sp.diff(loss, by), claim


WAYS: dict[str, Callable[[Any], object]] = {"simplify": lambda d: sp.simplify(d) == 0, "equals": lambda d: d.equals(0)}
ASKED = [*((name, how, 2) for name in PARAMETERS for how in WAYS), ("bz", "equals", 4)]


@pytest.mark.benchmark(group="peer: SymPy, one entry at one width")
@pytest.mark.parametrize(("name", "how", "width"), ASKED)
def test_sympy(benchmark: BenchmarkFixture, name: str, how: str, width: int) -> None:
    """What SymPy takes to say that one entry of the difference is 0, the difference made before, its cache empty; at most a minute."""
    if not benchmark.enabled:
        pytest.skip("the peer takes minutes: make bench")
    truth, claim = peer(name, width)
    answer = benchmark.pedantic(lambda: within(LIMIT, lambda: WAYS[how](truth - claim)), setup=sp.core.cache.clear_cache, rounds=1)
    benchmark.extra_info["answer"] = str(answer) if answer is not None else f"none within {LIMIT:.0f} s"
    assert answer in (True, None)


def test_the_peer_is_asked_the_same() -> None:
    """The peer's difference is 0 at a point for every gradient, and is not for another claim."""
    for name in PARAMETERS:
        truth, claim = peer(name, 2)
        point = {symbol: sp.Rational(n + 1, 19) for n, symbol in enumerate(sorted(truth.free_symbols | claim.free_symbols, key=str))}
        assert abs((truth - claim).subs(point).evalf(30)) < 1e-25
        assert abs((truth - 2 * claim).subs(point).evalf(30)) > 1e-6


@pytest.mark.benchmark(group="peer: Math-Verify, one entry at width 2")
@pytest.mark.parametrize("name", ["bz", "wo"])
def test_math_verify(benchmark: BenchmarkFixture, name: str) -> None:
    """What Math-Verify takes to compare the truth and the claim, both written out in LaTeX, and what it says; it does not differentiate."""
    if not benchmark.enabled:
        pytest.skip("the peer takes seconds: make bench")
    library = pytest.importorskip("math_verify")
    truth, claim = (f"${sp.latex(side)}$" for side in peer(name, 2))

    def asked() -> bool:
        one, other = (library.parse(side, parsing_timeout=60) for side in (truth, claim))
        return bool(library.verify(one, other, timeout_seconds=60))

    benchmark.extra_info["answer"] = str(benchmark.pedantic(asked, setup=sp.core.cache.clear_cache, rounds=1))


@pytest.mark.benchmark(group="peer: torch.autograd.gradcheck, all six tensors")
@pytest.mark.parametrize("width", [2, 4, 8])
def test_gradcheck(benchmark: BenchmarkFixture, width: int) -> None:
    """What gradcheck takes to compare the six hand-derived gradients, as a backward pass, with differences at one point."""
    if not benchmark.enabled:
        pytest.skip("the peer takes seconds: make bench")
    torch = pytest.importorskip("torch")

    class Loss(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(ctx: Any, x: Any, w1: Any, b1: Any, w2: Any, b2: Any, wo: Any, bz: Any, y: Any) -> Any:
            z1 = x @ w1 + b1
            a1 = torch.relu(z1)
            a2 = torch.sigmoid(a1 @ w2 + b2)
            o = torch.softmax(a2 @ wo + bz, -1)
            ctx.save_for_backward(x, z1, a1, w2, a2, wo, o, y)
            return -(y * torch.log(o)).sum()

        @staticmethod
        def backward(ctx: Any, *upstream: Any) -> Any:
            x, z1, a1, w2, a2, wo, o, y = ctx.saved_tensors
            error = (o - y) * upstream[0]
            delta2 = (wo @ error) * a2 * (1 - a2)
            delta1 = (w2 @ delta2) * (z1 > 0)
            return None, torch.outer(x, delta1), delta1, torch.outer(a1, delta2), delta2, torch.outer(a2, error), error, None

    torch.manual_seed(0)
    torch.set_num_threads(1)
    shapes = [(width, width), (width,)] * 3
    weights = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    x, y = torch.randn(width, dtype=torch.float64), torch.softmax(torch.randn(width, dtype=torch.float64), -1)
    assert benchmark(lambda: torch.autograd.gradcheck(lambda *w: Loss.apply(x, *w, y), weights))


@pytest.mark.benchmark(group="peer: jax.test_util.check_grads, all six tensors")
@pytest.mark.parametrize("width", [2, 4, 8])
def test_check_grads(benchmark: BenchmarkFixture, width: int) -> None:
    """What check_grads takes to compare the six hand-derived gradients with a difference along one random direction, at one point."""
    if not benchmark.enabled:
        pytest.skip("the peer takes seconds: make bench")
    jax = pytest.importorskip("jax")
    check = pytest.importorskip("jax.test_util").check_grads
    jax.config.update("jax_enable_x64", True)
    draw = np.random.default_rng(0)
    x, y = jax.numpy.asarray(draw.standard_normal(width)), jax.nn.softmax(jax.numpy.asarray(draw.standard_normal(width)))

    def forward(w1: Any, b1: Any, w2: Any, b2: Any, wo: Any, bz: Any) -> tuple[Any, tuple[Any, ...]]:
        z1 = x @ w1 + b1
        a1 = jax.nn.relu(z1)
        a2 = jax.nn.sigmoid(a1 @ w2 + b2)
        o = jax.nn.softmax(a2 @ wo + bz)
        return -(y * jax.numpy.log(o)).sum(), (z1, a1, w2, a2, wo, o)

    def backward(saved: tuple[Any, ...], upstream: Any) -> tuple[Any, ...]:
        z1, a1, w2, a2, wo, o = saved
        error = (o - y) * upstream
        delta2 = (wo @ error) * a2 * (1 - a2)
        delta1 = (w2 @ delta2) * (z1 > 0)
        outer = jax.numpy.outer
        return outer(x, delta1), delta1, outer(a1, delta2), delta2, outer(a2, error), error

    loss = jax.custom_vjp(lambda *weights: forward(*weights)[0])
    loss.defvjp(forward, backward)
    weights = tuple(jax.numpy.asarray(draw.standard_normal(shape)) for shape in [(width, width), (width,)] * 3)
    benchmark(lambda: check(loss, weights, order=1, modes=["rev"]))
