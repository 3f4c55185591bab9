"""The phase response of an orbit through resets, by the adjoint equation with its jumps."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from ..._errors import RESULTS, InputError
from ..._results import provenance
from ...systems import AbstractSystem, driving
from ._hybrid_orbit import HybridOrbit, hybrid
from ._passages import CAPACITY, Passages
from ._phase_response import PhaseResponse
from ._reset_newton import course, monodromy


def hybrid_phase_response(system: AbstractSystem, orbit: HybridOrbit, *, inputs: Any = None) -> PhaseResponse:
    r"""The infinitesimal phase response curve of an orbit through resets.

    Between events $\dot Z = -Df^T Z$, at an event $Z^- = S^T Z^+$ with the saltation matrix S, and
    $\langle Z, f \rangle = 1$ on both sides. The curve begins with the left eigenvector of the monodromy matrix for the
    multiplier 1 and is carried backward once around. At an event it has two values, one just before and one just
    after; both are given, at the same phase.

    Args:
        system: The hybrid system, with the parameters of the orbit.
        orbit: From `hybrid_orbit`.
        inputs: Constant input of the orbit.

    Returns:
        A `PhaseResponse`.

    Raises:
        InputError: If the orbit was not found, or the system is not hybrid.

    Reference:
        Shirasaka, Kurebayashi & Nakao (2017), Phase reduction theory for hybrid nonlinear oscillators, Physical Review
        E 95, 012212.

    Example:
        >>> import dynascope as ds
        >>> from dynascope.analysis.cycles import hybrid_orbit
        >>> neuron = ds.build("leaky-integrate-and-fire")
        >>> found = hybrid_phase_response(neuron, hybrid_orbit(neuron))
        >>> found.response[[0, -1], 0].round(6).tolist()  # 1 / f: a kick counts most just before the spike
        [0.5, 2.0]
    """
    system = hybrid(system, inputs)
    if not orbit.successful:
        raise InputError("`hybrid_phase_response` needs an orbit, and none was found. Look at its `summary()`.")
    signal = driving(system, inputs)
    steps = orbit.widths.shape[1]
    widths = np.zeros((len(orbit.starts), CAPACITY))
    widths[:, :steps] = orbit.widths
    u = None if signal is None else signal(jnp.zeros(()))
    one = jnp.ones(orbit.starts.shape[1])
    passages = Passages(system, u, None, orbit.surfaces, jnp.asarray(widths), jnp.asarray(steps), one, jnp.ones(()))
    seen = course(passages, orbit.starts, orbit.intervals, 0.0)
    tangents, jumps = np.asarray(seen.tangents), np.asarray(seen.jumps)
    # The left eigenvector for the multiplier 1 is the left null vector of M - 1.
    z = np.linalg.svd(monodromy(seen).T - np.eye(jumps.shape[-1]))[2][-1]
    curve = []
    for tangent, jump in zip(tangents[::-1], jumps[::-1], strict=True):
        z = jump.T @ z
        curve.append(z)
        for one in tangent[steps - 1 :: -1]:
            z = one.T @ z
            curve.append(z)
    response = np.array(curve[::-1])
    velocity = np.array([np.asarray(passages.velocity(jnp.asarray(y), 0.0)) for y in orbit.states])
    norm = np.sum(response * velocity, axis=1)
    response = response / np.mean(norm)
    return PhaseResponse(
        names=orbit.names,
        period=orbit.period,
        time_unit=orbit.time_unit,
        norm_error=float(np.max(np.abs(norm / np.mean(norm) - 1))),
        result=RESULTS.successful,
        settings=provenance(system=type(system).__name__, steps=steps, events=len(orbit.starts)),
        phases=orbit.times / orbit.period,
        response=response,
    )
