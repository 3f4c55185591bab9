"""How a small kick at each phase of a cycle moves its later phase."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..._compile import compiled
from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ...systems import AbstractSystem, driving, kind
from ._collocation import CollocationEquations
from ._condensed import Chain, solve_chain
from ._find import rule_of
from ._guess import Guess
from ._orbit import PeriodicOrbit
from ._solved import posed

Array = NDArray[np.float64]


class PhaseResponse(AbstractResult):
    r"""The infinitesimal phase response curve Z of a limit cycle.

    A kick $\delta$ at phase $\varphi$ advances the later phase by $\langle Z(\varphi), \delta \rangle$, in units of
    time: Z is the gradient of the asymptotic phase on the cycle, with $\langle Z, f \rangle = 1$.

    Attributes:
        names: Names of the components.
        period: Period of the cycle.
        time_unit: Unit of time.
        norm_error: Largest deviation of $\langle Z, f \rangle$ from 1 along the cycle, which theory forbids.
        phases: Phases from 0 to 1.
        response: Z there, in time per unit of each component; positive where the kick advances.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    period: float
    time_unit: str = eqx.field(static=True)
    norm_error: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    phases: Array = output("phase", doc="Phase of the kick")
    response: Array = output("phase", "component", doc="Advance in time per unit of the kick")

    def summary(self) -> str:
        """Type and range of the response to each component."""
        unit = "" if self.time_unit in ("1", "") else f" {self.time_unit}"
        parts = [
            f"{name} {low:.3g} to {high:.3g}"
            for name, low, high in zip(self.names, self.response.min(axis=0), self.response.max(axis=0), strict=True)
        ]
        return (
            f"Advance{unit} per unit of a kick: {', '.join(parts[:8])}. Its product with the velocity is 1 up to "
            f"{self.norm_error:.1g}."
        )


def phase_response(system: AbstractSystem, orbit: PeriodicOrbit, *, inputs: Any = None) -> PhaseResponse:
    r"""The infinitesimal phase response curve of a limit cycle.

    Solves the adjoint equation $\dot Z = -Df(y(t))^T Z$ with $Z(t + T) = Z(t)$ and $\langle Z, f \rangle = 1$ on the
    mesh of the orbit, as the left null vector of the linearised equations; nothing is integrated, so that unstable
    cycles have one too.

    Args:
        system: The flow, autonomous, with the parameters of the orbit.
        orbit: From `periodic_orbit`.
        inputs: Constant input of the orbit.

    Returns:
        A `PhaseResponse`.

    Raises:
        InputError: If the orbit was not found or is forced, so that its phase cannot be moved.

    Reference:
        Malkin (1949); Govaerts and Sautois (2006), Computation of the phase response curve: a direct numerical
        approach, Neural Computation 18, 817-847.

    Example:
        >>> import dynascope as ds
        >>> from dynascope.analysis.cycles import periodic_orbit
        >>> oscillator = ds.build("stuart-landau")
        >>> found = phase_response(oscillator, periodic_orbit(oscillator))
        >>> bool(abs(abs(found.response[:, 0]).max() - 1.0) < 1e-3)
        True
    """
    if kind(system) != "flow" or orbit.forced or not orbit.successful:
        held = (
            "a forced orbit" if orbit.forced else "an orbit that was not found" if not orbit.successful else "an orbit"
        )
        raise InputError(
            "`phase_response` needs an orbit of an autonomous flow: the phase of a forced one is held by its "
            f"drive. Got a {kind(system)} and {held}."
        )
    guess = Guess(orbit.times / orbit.period, orbit.states, orbit.period, "orbit")
    rule = rule_of(system, driving(system, inputs), guess)
    scale = np.asarray(rule.scale)
    free = np.array([orbit.period, 0.0])
    equations, z = posed(rule, orbit.mesh, orbit.states / scale, orbit.winding / scale, free, orbit.degree)
    response, velocity = (np.asarray(x) for x in _adjoint(equations, z))
    # Both are scaled: the product is that of the true ones.
    norm = np.sum(response * velocity, axis=1)
    response = response / np.mean(norm) / scale
    return PhaseResponse(
        names=orbit.names,
        period=orbit.period,
        time_unit=orbit.time_unit,
        norm_error=float(np.max(np.abs(norm / np.mean(norm) - 1))),
        result=RESULTS.successful,
        settings=provenance(system=type(system).__name__, intervals=len(orbit.mesh) - 1, degree=orbit.degree),
        phases=orbit.mesh,
        response=np.concatenate([response, response[:1]]),
    )


@compiled
def _adjoint(equations: CollocationEquations, z: Any) -> tuple[Any, Any]:
    """The periodic solution of the adjoint equation at the starts of the intervals, and the velocity there."""
    step = equations.transition(z)
    unknowns = equations.unpacked(z)
    widths = equations.widths
    starts = unknowns.free[0] * (jnp.cumsum(widths) - widths)
    velocity = equations.rule.velocities(starts, unknowns.nodes, unknowns.free[-1])
    # Z_i = A_i^T Z_{i+1}; the chain is singular, so it is bordered by the velocity on both sides.
    left = jnp.broadcast_to(jnp.eye(step.shape[-1]), step.shape)
    weight = widths[:, None] * velocity
    border, end = weight[None], jnp.ones((1, 1))
    zero = jnp.zeros((*velocity.shape, 1))
    chain = Chain(left, -jnp.swapaxes(step, 1, 2), velocity[..., None], zero, border, jnp.zeros((1, 1)), end)
    return solve_chain(chain)[0][..., 0], velocity
