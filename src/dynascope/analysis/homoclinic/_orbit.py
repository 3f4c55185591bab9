"""The answer: one orbit that connects two equilibria, or one with itself."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS
from ..._results import AbstractResult, output
from ..cycles._gauss import evaluated
from ._kind import born_of, leading_of, saddle_quantity, type_of

Array = NDArray[np.float64]


class ConnectingOrbit(AbstractResult):
    """An orbit from an equilibrium back to itself (homoclinic) or to another one (heteroclinic).

    It takes infinitely long; what is kept is the part between small distances from the equilibria. The states are
    those at the starts of the intervals of the mesh and at their Gauss points; `at` evaluates it everywhere.

    Attributes:
        parameter_name: The free parameter.
        parameter: Its value, at which the orbit exists.
        parameter_error: Its estimated error: `mesh_error` and `truncation_error` together.
        mesh_error: What halving all intervals changes, after the order of the method.
        truncation_error: What the last approach of both ends to the equilibria, by a factor of ten, changed.
        residual: Largest remaining mismatch of the equations, in units of the scale of the states.
        homoclinic: Whether both equilibria are the same (or differ by turns of angles).
        unstable_dimension: Dimension of the unstable manifold of the equilibrium that is left.
        names: Names of the components.
        time_unit: Unit of time.
        degree: Degree of the polynomial on each interval.
        times: Times along the orbit, from 0 on.
        states: Flattened states at these times.
        end_distances: Distances of the first and the last state from the equilibria, with each component in units of
            its extent.
        equilibria: The equilibrium that is left and that at which it arrives.
        eigenvalues: Eigenvalues at both, the largest real part first.
    """

    parameter: float
    parameter_error: float
    mesh_error: float
    truncation_error: float
    residual: float
    homoclinic: bool
    unstable_dimension: int
    parameter_name: str = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    time_unit: str = eqx.field(static=True)
    degree: int = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    times: Array = output("point", unit="time unit", doc="times along the orbit")
    states: Array = output("point", "component", doc="flattened states along the orbit")
    end_distances: Array = output("end", doc="distances of the ends from the equilibria")
    equilibria: Array = output("end", "component", doc="equilibrium that is left, and that which is reached")
    eigenvalues: NDArray[np.complex128] = output("end", "eigenvalue", doc="eigenvalues at both equilibria")

    @property
    def saddle_quantity(self) -> float:
        r"""$\sigma = \mathrm{Re}\, \lambda_s + \mathrm{Re}\, \lambda_u$ of the leading eigenvalues: the stable one of
        the equilibrium at which it arrives, and the unstable one of that which it leaves.
        """
        return leading_of(self.eigenvalues[1]).stable.real + leading_of(self.eigenvalues[0]).unstable.real

    @property
    def type(self) -> str:
        """`saddle`, `saddle-focus` or `focus-focus`, of the equilibrium that is left."""
        return type_of(self.eigenvalues[0])

    @property
    def duration(self) -> float:
        """Time between the two ends."""
        return float(self.times[-1])

    def summary(self) -> str:
        """Where it exists, how well that is known, and what is born from it."""
        if self.result != RESULTS.successful:
            return f"No connecting orbit: {RESULTS[self.result]}"
        name = "Homoclinic orbit to a" if self.homoclinic else "Heteroclinic orbit from a"
        said = f"{name} {self.type} at {self.parameter_name} = {self.parameter:.10g} +- {self.parameter_error:.1g}"
        if self.homoclinic:
            said += f", saddle quantity {saddle_quantity(self.eigenvalues[0]):.5g}: {born_of(self.eigenvalues[0])}"
        return (
            f"{said}. Its ends are {self.end_distances[0]:.1g} and {self.end_distances[1]:.1g} away from rest, "
            f"{self.duration:.5g} apart in time; {len(self.mesh) - 1} intervals of degree {self.degree}, residual "
            f"{self.residual:.1g}."
        )

    @property
    def mesh(self) -> Array:
        """Ends of the intervals as phases, from 0 to 1."""
        return self.times[:: self.degree + 1] / self.times[-1]

    def at(self, times: Any) -> Array:
        """Flattened states at `times` between 0 and `duration`, shape `(time, d)`."""
        s = np.clip(np.atleast_1d(np.asarray(times, float)) / self.times[-1], 0.0, 1.0)
        values = self.states[:-1].reshape(len(self.mesh) - 1, self.degree + 1, -1)
        return evaluated(self.mesh, values[:, 0], values[:, 1:], s)
