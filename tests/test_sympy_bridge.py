"""The bridge between SymPy and the kernel's language: there and back, and what does not fit through."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import catalogue
from derivations._entry import Derivation, d, index, one_hot, positive, relu, sigmoid, size, step, sums_to_one, tensor
from verify.advice import ADVICE
from verify.kernel.decision import Kernel
from verify.kernel.expr import (
    ONE,
    Apply,
    Delta,
    Derivative,
    Index,
    Mul,
    Pi,
    Pow,
    Prod,
    Size,
    Step,
    Sum,
    Tensor,
    add,
    mul,
    num,
    sub,
)  # fmt: skip
from verify.kernel.expr import (
    relu as kernel_relu,
)
from verify.kernel.program import Definition, Equal, OneHot, Positive, Program, SumsToOne, Unequal
from verify.oracles.forward import Forward, disagreement
from verify.sympy_bridge import Inexpressible, assumption, claim, condition, domain, forward, program, to_expr, to_sympy

i, j, k = index("i", "in"), index("j", "out"), index("k", "out")
IN, OUT, OTHER = Index("i", "in"), Index("j", "out"), Index("k", "out")
x, w, b = tensor("x", i), tensor("w", i, j), tensor("b")
LEAVES = (Definition("x", (IN,)), Definition("u", (OUT,)), Definition("w", (IN, OUT)), Definition("b"))
SIZES = {"in": 3, "out": 4}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (sp.Rational(2, 3), num(Fraction(2, 3))),
        (sp.pi, Pi()),
        (sp.E, Apply("exp", ONE)),
        (b, Tensor("b")),
        (size(i), Size("in")),
        (w[i, j], Tensor("w", (IN, OUT))),
        (w[0, j], Tensor("w", (0, OUT))),
        (sp.sqrt(b), Pow(Tensor("b"), Fraction(1, 2))),
        (b**b, Apply("exp", mul(Tensor("b"), Apply("log", Tensor("b"))))),
        (sp.Sum(w[i, j], i), Sum(IN, Tensor("w", (IN, OUT)))),
        (sp.Sum(w[i, j], i, j), Sum(OUT, Sum(IN, Tensor("w", (IN, OUT))))),
        (sp.Product(x[i], i), Prod(IN, Tensor("x", (IN,)))),
        (sp.KroneckerDelta(j, k), Delta(OUT, OTHER)),
        (step(x[i]), Step(Tensor("x", (IN,)))),
        (relu(x[i]), kernel_relu(Tensor("x", (IN,)))),
        (sp.Piecewise((1, x[i] >= 0), (0, True)), Step(Tensor("x", (IN,)))),
        (sp.Piecewise((1, sp.Eq(j, k)), (0, True)), Delta(OUT, OTHER)),
        (sp.Piecewise((1, sp.Ne(j, k)), (0, True)), sub(ONE, Delta(OUT, OTHER))),
        (sigmoid(b), Apply("sigmoid", Tensor("b"))),
        (sp.tanh(b), Apply("tanh", Tensor("b"))),
        (d(b, x[i]), Derivative(Tensor("b"), Tensor("x", (IN,)))),
    ],
    ids=str,
)
def test_written_is_meant(written, meant):
    """Each kind of SymPy node has the kernel's node that means the same."""
    assert to_expr(written) == meant


def test_cases_shut_each_other_out():
    """A later branch of a Piecewise counts only where the earlier ones do not hold."""
    cases = sp.Piecewise((b, sp.Eq(j, k)), (2 * b, x[i] > 0), (3 * b, True))
    same, on, value = Delta(OUT, OTHER), Step(Tensor("x", (IN,))), Tensor("b")
    off = sub(ONE, same)
    assert to_expr(cases) == add(mul(value, same), mul(num(2), value, off, on), mul(num(3), value, off, sub(ONE, on)))


@pytest.mark.parametrize(
    "strange",
    [
        sp.Float(0.5),
        sp.I,
        sp.oo,
        sp.gamma(b),
        sp.Function("f")(b, b),
        sp.Integral(b, b),
        sp.Derivative(sp.Function("f")(b), b),
        sp.Sum(x[i], (i, 1, size(i) - 1)),
        sp.Sum(b, (sp.Symbol("n", integer=True), 0, 3)),
        sp.Piecewise((1, sp.Eq(b, 0)), (0, True)),
        w[i, k].subs(i, -1),
        tensor("w", i, j)[j, i],
        d(b, b + 1),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(strange):
    """Floats, integrals, half ranges, clashing axes and unknown functions of two numbers have no match and are not guessed."""
    with pytest.raises(Inexpressible):
        to_expr(strange)


def positions(axis):
    """An index of the axis, now and then the first position; few letters, so that they clash."""
    letters = {"in": "ip", "out": "jk"}[axis]
    return st.sampled_from([Index(letter, axis) for letter in letters]) | st.just(0)


leaves = st.one_of(
    st.integers(-3, 3).filter(bool).map(num),
    st.just(Pi()),
    st.sampled_from(["in", "out"]).map(Size),
    st.just(Tensor("b")),
    positions("in").map(lambda p: Tensor("x", (p,))),
    positions("out").map(lambda q: Tensor("u", (q,))),
    st.tuples(positions("in"), positions("out")).map(lambda at: Tensor("w", at)),
    st.tuples(positions("out"), positions("out")).filter(lambda at: at[0] != at[1]).map(lambda at: Delta(*at)),
)
bound = st.sampled_from([Index("i", "in"), Index("p", "in"), Index("j", "out"), Index("k", "out")])
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: add(*parts)),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: mul(*parts)),
        st.tuples(bound, inner).map(lambda pair: Sum(*pair)),
        st.tuples(bound, inner).map(lambda pair: Prod(*pair)),
        inner.map(lambda e: Apply("tanh", e)),
        inner.map(lambda e: Apply("sigmoid", e)),
        inner.map(lambda e: Step(add(e, num(Fraction(1, 7))))),
        inner.map(lambda e: Pow(add(num(30), mul(e, e)), Fraction(-1, 2))),
    ),
    max_leaves=8,
)


def everywhere(expr, indices):
    """The values of an expression on fixed entries in general position."""
    random = np.random.default_rng(7)
    known = {leaf.name: random.uniform(0.3, 1.0, tuple(SIZES[a] for a in leaf.axes)) for leaf in LEAVES}
    with np.errstate(all="ignore"):
        return Forward(SIZES).array(expr, indices, known)


@settings(max_examples=150)
@given(expr=expressions)
def test_there_and_back_keeps_the_value(expr):
    """To SymPy and back an expression keeps its free indices' meaning and its value, however its bound letters shadow each other."""
    back = to_expr(to_sympy(expr, {leaf.name: leaf.axes for leaf in LEAVES}))
    assert back.free <= expr.free
    indices = tuple(sorted(expr.free))
    one, other = everywhere(expr, indices), everywhere(back, indices)
    if np.all(np.isfinite(one)):
        assert disagreement(one, other) < 1e-9


def letters_bound(written):
    """The bound indices of a SymPy expression, each as often as it is bound."""
    return [limit[0] for node in sp.preorder_traversal(written) if isinstance(node, (sp.Sum, sp.Product)) for limit in node.limits]


@settings(max_examples=100)
@given(expr=expressions)
def test_no_bound_letter_is_used_twice(expr):
    """In SymPy every bound index has a letter that nothing else around it has, so that none is captured there.

    Equal terms, which SymPy joins, may share theirs; a letter that is free is never bound.
    """
    written = to_sympy(expr, {leaf.name: leaf.axes for leaf in LEAVES})
    assert not {str(i.label) for i in letters_bound(written)} & {i.name for i in expr.free}


def test_shadowed_letter_is_told_apart():
    """Σ_i x_i Σ_i x_i, the inner letter shadowing the outer one, comes out as two letters."""
    inner = Sum(IN, Tensor("x", (IN,)))
    outer = to_sympy(Sum(IN, Mul((Tensor("x", (IN,)), Pow(inner, Fraction(2))))))
    assert len(set(letters_bound(outer))) == 2


@pytest.mark.parametrize("order", [1, 3])
def test_derivative_of_an_unknown_function(order):
    """f′(u), which SymPy writes with a dummy and a substitution, goes there and back."""
    expr = Apply("f", mul(Tensor("b"), Tensor("x", (IN,))), order)
    assert to_expr(to_sympy(expr)) == expr


@pytest.mark.parametrize("entry", catalogue())
def test_entries_go_there_and_back(entry):
    """Every program of the catalogue is the same after SymPy and back, its domain too, but for the order of terms and factors; every
    gradient is a typed claim."""
    derivation = catalogue()[entry]
    of, kernel = program(derivation), Kernel(program(derivation), ADVICE)
    again = program(Derivation("again", None, forward=forward(of), gradients={}, domain=domain(of)))
    assert {q.name: q.axes for q in again.definitions} == {q.name: q.axes for q in of.definitions}
    for definition in of.definitions:
        other = again.by_name[definition.name].body
        assert definition.body == other or kernel.prove(definition.body, other), definition.name
    assert again.assumptions == of.assumptions
    for left, right in derivation.gradients.items():
        stated = claim(derivation, left, right)
        assert isinstance(stated.left, Derivative)
        assert stated.right.free <= stated.left.free
        back = to_expr(to_sympy(stated.right))
        assert back == stated.right or kernel.prove(back, stated.right), left.name


def test_program_of_an_entry():
    """Leaves come first, in the order of their use, with the axes that their indices name; then the definitions; then what is assumed."""
    y, o, loss = tensor("y", j), tensor("o", j), tensor("L")
    page = Derivation(
        "m", "t.", forward={o[j]: sp.Sum(x[i] * w[i, j], i) + b, loss: sp.Sum(y[j] * o[j], j)}, gradients={}, domain=(one_hot(y[j], j),)
    )
    of = program(page)
    assert {q.name: q.axes for q in of.definitions} == {"b": (), "w": ("in", "out"), "x": ("in",), "y": ("out",), "o": ("out",), "L": ()}
    assert [q.name for q in of.definitions if q.body is not None] == ["o", "L"]
    assert of.assumptions == {OneHot("y", 0)}


def test_programs_that_make_no_sense_are_refused():
    """A definition of a diagonal entry, a body with an index of its own, and an axis that is never named by a letter are refused."""
    loss, o = tensor("L"), tensor("o", j, k)
    for pass_ in ({o[j, j]: b}, {loss: x[i]}, {loss: x[0]}, {loss: sp.Sum(sp.IndexedBase("q")[i], i) + sp.Sum(sp.IndexedBase("q")[j], j)}):
        with pytest.raises(Inexpressible):
            program(Derivation("m", "t.", forward=pass_, gradients={}))


def test_assumptions_and_conditions():
    """The vocabulary of domains and cases has the kernel's counterparts; other relations are refused."""
    y = tensor("y", i, j)
    assert assumption(sums_to_one(y[i, j], j)) == SumsToOne("y", 1)
    assert assumption(one_hot(y[i, j], i)) == OneHot("y", 0)
    assert assumption(positive(y[i, j])) == Positive("y")
    assert condition(sp.Eq(j, k)) == Equal(OUT, OTHER)
    assert condition(sp.Ne(j, k)) == Unequal(OUT, OTHER)
    for strange in (sp.Eq(sp.Sum(y[i, j], j), 2), sp.Gt(y[i, j], 1), sp.Lt(y[i, j], 0), sp.Eq(b, 1)):
        with pytest.raises(Inexpressible):
            assumption(strange)
    with pytest.raises(Inexpressible):
        condition(sp.Gt(b, 0))


def test_domain_of_a_program_is_written_out():
    """Assumptions of a program become the relations that entries write, in a fixed order."""
    of = Program((Definition("x", (IN,)), Definition("y", (IN, OUT))), frozenset({Positive("x"), SumsToOne("y", 1)}))
    assert {assumption(relation) for relation in domain(of)} == of.assumptions
    assert list(map(str, domain(of))) == sorted(map(str, domain(of)))
