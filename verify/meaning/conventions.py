"""How a document writes, in sentences: what its reading found out and holds to in every line."""

from __future__ import annotations

from collections.abc import Iterator

from verify.meaning.network import Network
from verify.report import Convention


def conventions(network: Network) -> tuple[Convention, ...]:
    """The conventions of a document, each with what it is about; what never came up is left out."""
    return (*_about_quantities(network), *_about_matrices(network), *_about_derivatives(network))


def _about_quantities(network: Network) -> Iterator[Convention]:
    if network.abstract is not None:
        yield Convention(network.abstract, says="a loss that is differentiated and never defined")
    elif network.root is not None:
        yield Convention(network.root, says="the loss")
    for axis in sorted(network.samples):
        yield Convention(axis, says="an axis that runs over samples")
    for name, axis in network.sizes.items():
        yield Convention(name, says=f"how many {axis} there are")
    for name, (parameters, _) in network.functions.items():
        yield Convention(name, says=f"a function of {', '.join(parameters)}")
    indexed = [d.name for d in network.program.definitions if d.axes and d.name in network.explicit]
    if indexed:
        yield Convention(", ".join(indexed), says="written with all indices everywhere")
    if network.free:
        yield Convention(", ".join(sorted(network.free)), says="never introduced: read as free variables")


def _about_matrices(network: Network) -> Iterator[Convention]:
    for name, (row, column) in network.grids.items():
        if row is not None and column is not None:
            yield Convention(name, says=f"a matrix with {row} along its rows and {column} along its columns")
        elif row is not None:
            yield Convention(name, says=f"a column over {row}")
        elif column is not None:
            yield Convention(name, says=f"a row over {column}")


def _about_derivatives(network: Network) -> Iterator[Convention]:
    if network.numerator_layout:
        yield Convention("∂L/∂W", says="the derivative of a scalar by a matrix is written transposed")
    elif any(None not in grid for grid in network.grids.values()):
        yield Convention("∂L/∂W", says="the derivative of a scalar by a matrix has the shape of the matrix")
    if network.jacobian_by_columns:
        yield Convention("∂y/∂x", says="the derivative of a vector has the numerator's entries along its columns")
    if network.differentials:
        yield Convention("dX", says="a differential")
    elif network.per_sample:
        yield Convention("dX", says="the derivative by X of one sample's loss; the mean is taken where the weights' derivatives are formed")
    elif network.gradients:
        yield Convention("dX", says="the derivative of the loss by X")
    if network.averaged is not None:
        yield Convention("dW", says=f"divided by the number {network.averaged[0]} of samples")
