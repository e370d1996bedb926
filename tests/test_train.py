"""Training by hand-derived updates: equal to autodiff at every step, and it learns."""

import ast
from pathlib import Path

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import derivations
from derivations import catalogue
from derivations._entry import index, quantity, tensor
from derivations.train.__main__ import NETWORK, main
from derivations.train.arrays import compiled
from derivations.train.curve import csv, means, plot, svg
from derivations.train.data import DATA
from derivations.train.descent import on, run
from verify.networks import networks
from verify.oracles.autodiff import autodiff
from verify.oracles.forward import Forward, Network, disagreement
from verify.sympy_bridge import program, to_expr

FOLDER = Path(derivations.__file__).parent
each_data = pytest.mark.parametrize("name", DATA)


def begun(name, seed=1):
    """A data set, the network for it, its first parameters, and the source of what is random from there on."""
    random = np.random.default_rng(seed)
    data = DATA[name](random)
    descent = on(catalogue()[NETWORK], data)
    return data, descent, descent.start(random), random


@each_data
def test_every_update_is_that_of_autodiff(name):
    """At each of 30 steps on a path, each of the six parameters moves by η times what autograd says of the catalogue's forward pass."""
    data, descent, parameters, random = begun(name)
    of = program(descent.derivation)
    for n in random.integers(len(data.inputs), size=30):
        x, y = data.inputs[n], data.targets[n]
        updated, _ = descent.step(parameters, x, y, rate=0.5)
        network = Network(descent.sizes, {**parameters, "x": x, "y": y})
        assert set(updated) == set(parameters)
        for parameter in parameters:
            slope = (parameters[parameter] - updated[parameter]) / 0.5
            assert disagreement(slope, autodiff(of, "L", parameter, network)) < 1e-10, parameter
        parameters = updated


def test_path_is_that_of_a_network_written_by_hand():
    """200 steps end where autograd ends on the same network written out in matrices, apart from the catalogue and its bridge."""
    data, descent, parameters, _ = begun("moons")
    start = {name: value.copy() for name, value in parameters.items()}

    def loss(p, x, y):
        hidden = anp.maximum(0, x @ p["w_h1"] + p["b_h1"])
        hidden = 1 / (1 + anp.exp(-(hidden @ p["w_h2"] + p["b_h2"])))
        z = hidden @ p["w_o"] + p["b_z"]
        return anp.log(anp.sum(anp.exp(z))) - anp.dot(z, y)

    slopes = autograd.grad(loss)
    for x, y in zip(data.inputs[:200], data.targets[:200], strict=True):
        parameters, _ = descent.step(parameters, x, y, rate=0.1)
        slope = slopes(start, x, y)
        start = {name: start[name] - 0.1 * slope[name] for name in start}
    for name in start:
        assert disagreement(parameters[name], start[name]) < 1e-10, name


def test_one_step_changes_all_parameters_at_once():
    """The updates of a step all use the parameters before it: doubling η doubles each of them exactly."""
    data, descent, parameters, _ = begun("xor")
    once, _ = descent.step(parameters, data.inputs[0], data.targets[0], rate=0.25)
    twice, _ = descent.step(parameters, data.inputs[0], data.targets[0], rate=0.5)
    for name, value in parameters.items():
        np.testing.assert_allclose(twice[name] - value, 2 * (once[name] - value), rtol=1e-12, atol=1e-15)


@each_data
def test_it_learns(name):
    """With the steps that suit the data the loss falls to less than a fifth, and samples that were held out are told apart."""
    data, descent, parameters, random = begun(name)
    train, held_out = data.split(0.75)
    before = descent.accuracy(parameters, held_out)
    losses = []
    for state in run(descent, parameters, train, data.rate, data.steps, random):
        parameters, loss = state
        losses.append(loss)
    first, *_, last = means(losses, 20)
    assert last < first / 5
    assert descent.accuracy(parameters, held_out) > max(0.93, before)


@each_data
def test_data_are_what_they_say(name):
    """One-hot targets, all classes there, finite inputs of the stated width; the same from the same seed, other from another."""
    data, again, other = (DATA[name](np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert data.inputs.shape[0] == data.targets.shape[0]
    assert np.all(np.isfinite(data.inputs))
    assert np.array_equal(data.targets.sum(axis=1), np.ones(len(data.targets)))
    assert np.all(data.targets.sum(axis=0) > 0)
    assert np.array_equal(data.inputs, again.inputs)
    assert not np.array_equal(data.inputs, other.inputs)
    first, second = data.split(0.75)
    assert len(first.inputs) + len(second.inputs) == len(data.inputs)


def test_glyphs_are_ten_different_digits():
    """Without noise the ten glyphs differ from each other in at least three pixels."""
    data = DATA["digits"](np.random.default_rng(0))
    means_of = np.array([data.inputs[data.targets[:, k] == 1].mean(axis=0) > 0 for k in range(10)])
    apart = [int((means_of[a] != means_of[b]).sum()) for a in range(10) for b in range(a)]
    assert min(apart) >= 3


@pytest.mark.parametrize("entry", catalogue())
@settings(max_examples=1)
@given(data=st.data())
def test_compiled_expressions_are_what_the_bridge_reads(entry, data):
    """The arrays that training computes are those that the oracles compute by way of the kernel's language, for every closed form."""
    derivation = catalogue()[entry]
    of = program(derivation)
    network = data.draw(networks(of))
    known = Forward(network.sizes).run(of, network.leaves)
    for left, right in [*derivation.forward.items(), *derivation.gradients.items()]:
        entries = [left] if not left.args or isinstance(left, sp.Indexed) else left.args
        indices = tuple(dict.fromkeys(i for e in entries for i in getattr(e, "indices", ())))
        ours = compiled(right, indices)(known, network.sizes)
        theirs = Forward(network.sizes).array(to_expr(right), tuple(to_expr(tensor("t", i)[i]).indices[0] for i in indices), known)
        assert disagreement(ours, theirs) < 1e-12, quantity(entries[0])


def test_compiling_knows_its_limits():
    """What has no rule is refused when it is compiled: other functions, other conditions, and an index that is nowhere bound."""
    i, j = index("i", "in"), index("j", "in")
    x = tensor("x", i)
    for strange in (sp.gamma(x[i]), sp.Piecewise((1, sp.Eq(x[i], 0)), (0, True)), x[j]):
        with pytest.raises(NotImplementedError):
            compiled(strange, (i,))


def test_diagonals_and_fixed_positions():
    """An index may stand twice, a number may stand for an index, a bound letter may be that of a free one; a product runs over an axis."""
    i, j, k = index("i", "in"), index("j", "in"), index("k", "out")
    w, v, sizes = tensor("w", i, j), tensor("v", i, k), {"in": 2, "out": 3}
    values = {"w": np.array([[1.0, 2.0], [3.0, 4.0]]), "v": np.arange(6.0).reshape(2, 3)}
    np.testing.assert_array_equal(compiled(w[i, i], (i,))(values, sizes), [1, 4])
    np.testing.assert_array_equal(compiled(w[i, i] * v[1, k], (k, i))(values, sizes), [[3, 12], [4, 16], [5, 20]])
    np.testing.assert_array_equal(compiled(w[0, 1], ())(values, sizes), 2)
    np.testing.assert_array_equal(compiled(w[i, 0] * sp.Sum(w[i, i] * w[i, j], i), (i, j))(values, sizes), [[13, 18], [39, 54]])
    np.testing.assert_array_equal(compiled(sp.Product(w[i, j], j), (i,))(values, sizes), [2, 12])


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_nothing_differentiates_while_it_trains(path):
    """The catalogue and its training import neither the referee nor autograd, call no derivative of SymPy's, and run no text as code."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not {name.partition(".")[0] for name in imported} & {"verify", "autograd"}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not names & {"diff", "doit", "simplify", "eval", "exec", "lambdify", "sympify"}


@given(losses=st.lists(st.floats(0, 100), min_size=1, max_size=200), width=st.integers(1, 80), height=st.integers(2, 12))
def test_curve_fits_its_frame(losses, width, height):
    """The plot has as many rows as asked for and no column beyond the width; its highest point reaches the top."""
    rows = plot(losses, width, height)
    assert len(rows) == height
    assert all(len(row) <= 9 + width for row in rows)
    assert max(losses) == 0 or "█" in rows[0]
    assert len(means(losses, width)) == min(width, len(losses))


def test_command_writes_curve_and_files(tmp_path):
    """A short run prints the curve and the accuracy, and writes every step's loss and a well-formed picture; the seed decides all of it."""
    outputs = []
    for n in (1, 2):
        table, picture = tmp_path / f"{n}.csv", tmp_path / f"{n}.svg"
        done = CliRunner().invoke(main, ["--data", "xor", "--steps", "40", "--csv", str(table), "--svg", str(picture)])
        assert done.exit_code == 0, done.output
        assert "loss over 40 steps" in done.output
        assert "accuracy" in done.output
        lines = table.read_text(encoding="utf-8").splitlines()
        assert lines[0] == "step,loss"
        assert len(lines) == 41
        assert picture.read_text(encoding="utf-8").startswith("<svg")
        outputs.append(table.read_text(encoding="utf-8"))
    assert outputs[0] == outputs[1]
    assert svg([1.0, 0.5], "t").count("<polyline") == 1
    assert csv([0.5]) == "step,loss\n1,0.5\n"


@pytest.mark.parametrize("options", [["--data", "mnist"], ["--lr", "0"], ["--steps", "0"]])
def test_command_refuses_nonsense(options):
    """Unknown data, a rate of 0 and no steps are usage errors."""
    assert CliRunner().invoke(main, options).exit_code == 2
