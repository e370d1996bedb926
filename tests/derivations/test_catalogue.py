"""The catalogue as a book: found by itself, every page complete, and nothing in it that depends on the referee."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Piecewise, Sum, Symbol, latex

import derivations
from derivations import catalogue, families, names
from derivations._entry import Derivation, chain, d, eta, index, quantity, size, tensor
from derivations._pitfalls import dropped_factor, missing_sum, sign
from tests.derivations.cases import each_entry, few
from verify.networks import networks
from verify.oracles.autodiff import autodiff
from verify.oracles.forward import disagreement
from verify.oracles.second_opinion import evaluate
from verify.sympy_bridge import program, to_expr

FOLDER = Path(derivations.__file__).parent


def test_every_file_is_an_entry():
    """The catalogue is what lies in the folder: each file without an underscore is found under its name."""
    assert set(catalogue()) == set(names()) == {p.stem for p in FOLDER.glob("[a-z]*.py")}
    assert set(families()) <= set(catalogue())


def test_what_people_derive_by_hand_is_there():
    """At least one page on each subject that courses set, and more than forty in all."""
    subjects = (
        "relu tanh sigmoid gelu silu softplus softmax_jacobian log_sum_exp maximum cross_entropy hinge huber kl_divergence linear_layer "
        "linear_regression ridge logistic_regression softmax_regression mlp embedding word2vec batch_norm layer_norm rms_norm dropout "
        "convolution_1d convolution_2d max_pooling average_pooling rnn lstm gru attention residual vae policy_gradient trace "
        "quadratic_form norm inverse determinant"
    )
    assert [subject for subject in subjects.split() if not any(subject in name for name in names())] == []
    assert len(names()) > 40


def test_listing_imports_no_sympy():
    """The names of the entries are known without importing one, so that ``backproof list`` starts fast."""
    code = "import sys, derivations; derivations.names(); print('sympy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=FOLDER.parent)
    assert run.stdout == "False\n"


@each_entry
def test_page_is_complete(entry):
    """Each page has a title and a source, gradients under different names, steps and pitfalls, and fits on about two screens."""
    derivation = catalogue()[entry]
    assert derivation.name == entry
    assert derivation.title.endswith(".")
    assert derivation.source.endswith(".")
    assert len({g.name for g in derivation.gradients}) == len(derivation.gradients) > 0
    assert derivation.steps
    assert derivation.pitfalls
    assert len((FOLDER / f"{entry}.py").read_text(encoding="utf-8").splitlines()) <= 120


@each_entry
def test_closed_forms_are_closed(entry):
    """No gradient is given by another derivative, and each pitfall is of a gradient of the page and changes it."""
    derivation = catalogue()[entry]
    assert not any(closed.has(d) for closed in derivation.gradients.values())
    for pitfall in derivation.pitfalls:
        assert derivation.fallen(pitfall) != derivation.gradients[pitfall.gradient]


@each_entry
def test_entry_imports_only_sympy_and_the_vocabulary(entry):
    """A page is data: nothing of ``verify``, and no tool of another page."""
    tree = ast.parse((FOLDER / f"{entry}.py").read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"sympy", "derivations._entry", "derivations._pitfalls"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]


@each_entry
def test_no_cases_inside_a_sum_of_the_forward_pass(entry):
    """SymPy pulls a Piecewise out of a Σ with its bound index; a forward pass, which nothing is held against, has none there."""
    for body in catalogue()[entry].forward.values():
        assert not any(term.function.has(Piecewise) for term in body.atoms(Sum))


@pytest.mark.parametrize("entry", [e for e, derivation in catalogue().items() if derivation.parameters])
@settings(max_examples=few(1))
@given(data=st.data())
def test_updates_descend(entry, data):
    """Each update is the parameter minus η times what autodiff says of the loss."""
    derivation = catalogue()[entry]
    of = program(derivation)
    loss = quantity(list(derivation.forward)[-1])
    network = data.draw(networks(of))
    assert set(derivation.updates()) == set(derivation.parameters)
    for parameter, updated in derivation.updates().items():
        at = to_expr(parameter)
        moved = evaluate(of, to_expr(updated.subs(eta, 1)), at.indices, network, autodiff)
        slope = network.leaves[at.name] - moved
        assert disagreement(slope, autodiff(of, loss, at.name, network)) < 1e-12


def test_every_parameter_of_the_classifier_is_derived():
    """The three weights and the three biases of the ReLU–sigmoid–softmax network are all there."""
    derivation = catalogue()["relu_sigmoid_softmax_mlp"]
    wanted = {"dL/dw_o", "dL/dw_h2", "dL/dw_h1", "dL/db_z", "dL/db_h2", "dL/db_h1"}
    assert wanted <= {g.name for g in derivation.gradients}
    assert {quantity(p) for p in derivation.parameters} == {"w_o", "w_h2", "w_h1", "b_z", "b_h2", "b_h1"}


def test_chain_links_each_side_to_the_next():
    """``chain`` makes A = B, B = C of a head and two links, with notes and conditions kept."""
    a, b, c = map(Symbol, "abc")
    first, second = chain(a, ("algebra", b), ("definition", c, "why"))
    assert (first.left, first.right, first.rule, first.note) == (a, b, "algebra", "")
    assert (second.left, second.right, second.rule, second.note) == (b, c, "definition", "why")


def test_derivative_is_never_evaluated():
    """``d`` stays as it is written, has the name that people say, and prints as a fraction."""
    j = index("j", "hidden")
    w, loss = tensor("w", j), tensor("L")
    assert d(loss, w[j]).name == "dL/dw"
    assert latex(d(loss, w[j])).startswith(r"\frac{\partial L}{\partial ")
    assert latex(d(loss, w[j]) ** 2).endswith("^{2}")


def test_pitfall_that_changes_nothing_is_an_error():
    """A page cannot list a mistake that leaves the gradient right as it is."""
    j = index("j", "hidden")
    x, loss = tensor("x", j), tensor("L")
    page = Derivation("m", "t.", forward={loss: Sum(x[j], j)}, gradients={d(loss, x[j]): size(j) ** 0}, pitfalls=(sign(d(loss, x[j])),))
    assert page.fallen(page.pitfalls[0]) == -1
    with pytest.raises(ValueError, match="does not change"):
        page.fallen(dropped_factor(d(loss, x[j]), x[j]))
    with pytest.raises(ValueError, match="does not change"):
        page.fallen(missing_sum(d(loss, x[j]), j))
    with pytest.raises(KeyError):
        page.gradient("dL/dy")
