"""The catalogue as NumPy code: executed against an oracle, and read back, the gradients right and wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from derivations import catalogue
from derivations._entry import Derivation
from verify.checking_code import check_code
from verify.judging.code import CodeJudge
from verify.kernel.expr import Derivative, Tensor
from verify.meaning.code_claims import readings_of
from verify.networks import networks
from verify.notations.numpy_code import HELPERS, CodePage, code
from verify.notations.page import Unsayable
from verify.oracles.autodiff import autodiff
from verify.proving.entries import prove, results_of
from verify.proving.order import readable
from verify.proving.proof import NotProved, Proof
from verify.reading.numpy_code import read_code
from verify.rendering.proof_code import proof_python
from verify.sympy_bridge import program, to_expr

NOT_AS_CODE = {
    "elu": "no single number", "gelu": "no single number", "gelu_tanh": "no single number", "maximum_minimum": "no single number",
    "relu": "no single number", "sigmoid": "no single number", "silu": "no single number", "softmax_jacobian": "no single number",
    "softplus": "no single number", "tanh": "no single number", "vector_norm": "no single number",
    "log_determinant": "Delta", "matrix_inverse": "Delta",
}  # fmt: skip
"""The entries that no backward pass is printed for, and why: what is differentiated is an array, or an entry is picked by its number."""
ENTRIES = sorted(catalogue().keys() - NOT_AS_CODE.keys())


def derived(name: str) -> Proof:
    """The proof of an entry along its forward pass."""
    return prove(catalogue()[name], results_of(catalogue()[name])[1], "brief")


@pytest.mark.parametrize("name", ENTRIES)
def test_the_printed_backward_pass_computes_the_gradients_and_is_proved_when_read(name: str) -> None:
    """Executed on a random network the code gives what automatic differentiation gives; read as an answer, every gradient is proved."""
    proof = derived(name)
    source = proof_python(proof)
    found = [(r.lhs, r.verdict) for r in check_code(source).relations]
    assert [pair for pair in found if pair[1] not in ("given", "proved", "tested")] == []
    assert sum(verdict in ("proved", "tested") for _, verdict in found) >= len(proof.results)
    of = program(catalogue()[name])
    scope: dict[str, Any] = {}
    exec(compile(source, name, "exec"), scope)  # our own code: it was printed above
    leaves = [d.name for d in of.definitions if d.body is None]

    @settings(max_examples=1, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def agrees(data: st.DataObject) -> None:
        network = data.draw(networks(of))
        value, *slopes = scope[name](*(network.leaves[leaf] for leaf in leaves))
        assert np.ndim(value) == 0 and len(slopes) == len(proof.results)
        for line, slope in zip(proof.results, slopes, strict=True):
            assert isinstance(line.left, Derivative) and isinstance(line.left.body, Tensor)
            expected = autodiff(of, line.left.body.name, line.left.wrt.name, network)
            assert np.shape(slope) == expected.shape
            assert np.linalg.norm(slope - expected) <= 1e-9 * (1 + np.linalg.norm(expected))

    agrees()


@pytest.mark.parametrize("name", NOT_AS_CODE)
def test_what_code_cannot_say_is_refused_with_the_reason(name: str) -> None:
    """No backward pass is printed for a derivative of an array, nor where NumPy lacks a word."""
    with pytest.raises(NotProved, match=NOT_AS_CODE[name]):
        proof_python(derived(name))


def wrong_lines(derivation: Derivation, source: str, root: str) -> list[tuple[str, str]]:
    """The forward pass of a printed entry with one pitfall below it each, and the mistake's name."""
    forward = source[: source.index("\n", source.index("    loss = ")) + 1]
    found = []
    for pitfall in derivation.pitfalls:
        left, right = readable(to_expr(pitfall.gradient)), readable(to_expr(derivation.fallen(pitfall)))
        if not isinstance(left, Derivative) or left.body != Tensor(root):
            continue
        page = CodePage({root: "loss"})
        try:
            line = f"    d{page.name(left.wrt.name)} = {code(page, left.wrt, right)}\n"
        except Unsayable:
            continue
        helpers = "".join(HELPERS[need] for need in page.needs if HELPERS[need] not in source)
        found.append((pitfall.mistake, helpers + forward + line))
    return found


@pytest.mark.parametrize("name", ENTRIES)
def test_pitfalls_are_refuted_in_code(name: str) -> None:
    """A wrong gradient below the printed forward pass is refuted."""
    proof = derived(name)
    root, _ = results_of(catalogue()[name])
    for mistake, source in wrong_lines(catalogue()[name], proof_python(proof), root):
        last = CodeJudge(readings_of(read_code(source))[0]).findings()[-1]  # nothing is explained, which would take long
        assert last.verdict == "refuted", (mistake, last.verdict, last.reason, source.splitlines()[-1])


def test_most_pitfalls_can_be_said_in_code() -> None:
    """The pitfalls that are left out are those of Jacobians."""
    said = every = 0
    for name in ENTRIES:
        root, _ = results_of(catalogue()[name])
        said += len(wrong_lines(catalogue()[name], "    loss = 0\n", root))
        every += len(catalogue()[name].pitfalls)
    assert said >= 0.7 * every
