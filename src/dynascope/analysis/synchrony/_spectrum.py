"""The spectrum of a graph's Laplacian: how readily what lives on it can synchronise."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np

from ..._errors import RESULTS
from ..._results import AbstractResult, output, provenance
from ...systems import laplacian

#: Part of the largest eigenvalue that counts as rounding.
_ZERO = 1e-9


class LaplacianSpectrum(AbstractResult):
    """Eigenvalues of a Laplacian, in rising order of their real parts.

    Attributes:
        eigenvalues: All of them; complex for directed graphs.
        rounding: What they may be wrong by.
        components: Number of zero eigenvalues: of an undirected graph, that of its parts.
        connectivity: The smallest but for one zero (its real part): 0 if the graph falls apart.
        eigenratio: Largest over smallest but for one zero: below the ratio of the ends of an interval of stability some
            strength synchronises the graph; infinite if it falls apart.
    """

    rounding: float
    components: int
    connectivity: float
    eigenratio: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    eigenvalues: np.ndarray = output("mode", doc="eigenvalues of the Laplacian")

    def summary(self) -> str:
        """Size, connectedness, and the ratio that decides on synchrony."""
        parts = "connected" if self.components == 1 else f"{self.components} parts"
        return (
            f"Laplacian of {len(self.eigenvalues)} units ({parts}): algebraic connectivity {self.connectivity:.5g}, "
            f"largest eigenvalue {self.eigenvalues[-1].real:.5g}, ratio {self.eigenratio:.5g}."
        )


def laplacian_spectrum(graph: Any) -> LaplacianSpectrum:
    """The eigenvalues of the Laplacian L = D - A of a graph, D holding the sums of the rows of A.

    Args:
        graph: A matrix of weights, full or sparse, or a connectivity; entry `[i, j]` is the weight from unit j to i.

    Returns:
        A `LaplacianSpectrum`.

    Reference:
        Fiedler (1973), Algebraic connectivity of graphs, Czechoslovak Mathematical Journal 23, 298-305; Barahona &
        Pecora (2002), Synchronization in small-world systems, Phys. Rev. Lett. 89, 054101.

    Example:
        >>> laplacian_spectrum([[0, 1, 1], [1, 0, 1], [1, 1, 0]]).eigenvalues.round(9).tolist()
        [0.0, 3.0, 3.0]
    """
    matrix = np.asarray(laplacian(graph), float)
    symmetric = np.array_equal(matrix, matrix.T)
    values: Any = np.linalg.eigvalsh(matrix) if symmetric else np.linalg.eigvals(matrix)
    scale = float(np.max(np.abs(values), initial=0.0))
    if np.max(np.abs(np.imag(values)), initial=0.0) <= _ZERO * scale:
        values = np.real(values)
    values = np.asarray(values[np.argsort(np.real(values), kind="stable")])
    zero = np.abs(values) <= _ZERO * max(scale, 1e-300)
    values = np.where(zero, 0.0, values)
    rest = np.real(np.delete(values, int(np.argmin(np.abs(values)))))
    least = float(rest.min()) if len(rest) else 0.0
    return LaplacianSpectrum(
        rounding=len(matrix) * float(np.finfo(float).eps) * scale,
        components=int(np.sum(zero)),
        connectivity=least,
        eigenratio=float(rest.max() / least) if least > 0 else float("inf"),
        result=RESULTS.successful,
        settings=provenance(units=len(matrix), symmetric=symmetric),
        eigenvalues=values,
    )
