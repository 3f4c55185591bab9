"""The phase response of an orbit through resets, by the adjoint equation with its jumps."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from ..._errors import RESULTS, InputError
from ..._results import provenance
from ...systems import AbstractSystem, driving
from ._hybrid_orbit import HybridOrbit, hybrid, pieces_of
from ._passages import CAPACITY, NODE, Passages, shares_of
from ._phase_response import PhaseResponse
from ._pieces import course


def hybrid_phase_response(system: AbstractSystem, orbit: HybridOrbit, *, inputs: Any = None) -> PhaseResponse:
    r"""The infinitesimal phase response curve of an orbit through resets.

    Between events $\dot Z = -Df^T Z$, at an event $Z^- = S^T Z^+$ with the saltation matrix S, and
    $\langle Z, f \rangle = 1$ on both sides. The periodic solution is solved for at the starts of all pieces of the
    orbit at once and carried backward along each. At an event it has two values, one just before and one just after;
    both are given, at the same phase.

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
    starts, times, surfaces, meshes = pieces_of(orbit)
    steps = meshes.shape[1]
    widths = np.pad(meshes, ((0, 0), (0, CAPACITY - steps)))
    u = None if signal is None else signal(jnp.zeros(()))
    passages = Passages(
        system, u, None, surfaces, jnp.asarray(shares_of(surfaces, times)), jnp.asarray(widths), jnp.asarray(steps),
        jnp.ones(starts.shape[1]), jnp.ones(()),
    )  # fmt: skip
    seen = course(passages, starts, times, 0.0)
    tangents, jumps = np.asarray(seen.tangents)[:, :steps], np.asarray(seen.jumps)
    curve = []
    after = np.roll(_at_starts(tangents, jumps), -1, axis=0)
    for tangent, jump, z, surface in zip(tangents[::-1], jumps[::-1], after[::-1], surfaces[::-1], strict=True):
        z = jump.T @ z
        curve += [z] if surface != NODE else []
        for one in tangent[::-1]:
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


def _at_starts(tangents: Any, jumps: Any) -> Any:
    """The periodic solution of the adjoint equation at the starts of all pieces, up to a factor."""
    n, d = len(jumps), jumps.shape[-1]
    chain = np.zeros((n, d, n, d))
    for i, (tangent, jump) in enumerate(zip(tangents, jumps, strict=True)):
        piece = np.eye(d)
        for one in tangent:
            piece = one @ piece
        chain[i, :, i] += np.eye(d)
        chain[i, :, (i + 1) % n] -= (jump @ piece).T
    return np.linalg.svd(chain.reshape(n * d, n * d))[2][-1].reshape(n, d)
