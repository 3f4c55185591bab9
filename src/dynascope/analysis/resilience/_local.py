"""What happens to small displacements from an equilibrium: how fast they decay, and how much they may grow before."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ..._types import State
from ...systems import AbstractSystem, default_input, is_discrete, kind

#: Times, in units of the slowest decay, at which the largest growth is looked for.
_UNITS, _TIMES = 8.0, 400
#: A velocity (maps: a step) larger than this, in units of the state, is no equilibrium.
_AT_REST = 1e-6


class LocalResilience(AbstractResult):
    """Decay and transient growth of small displacements.

    Attributes:
        resilience: Rate at which they decay in the end, 1/time; negative if the equilibrium is unstable.
        return_time: Its inverse: time in which they shrink by e; infinite if unstable.
        reactivity: Largest rate at which a displacement can grow at once, 1/time (maps: the logarithm of the largest
            growth in one step). Positive: some grow first.
        amplification: Largest factor by which any displacement grows at any time.
        when: When that is.
        eigenvalues: Of the Jacobian.
        growth: Largest growth at each of `times`.
    """

    resilience: float
    return_time: float
    reactivity: float
    amplification: float
    when: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    eigenvalues: np.ndarray = output("component", unit="1/time", doc="eigenvalues of the Jacobian")
    times: np.ndarray = output("time", unit="time", doc="time after the displacement")
    growth: np.ndarray = output("time", doc="largest growth of a displacement")

    def summary(self) -> str:
        """Return time, reactivity and amplification."""
        return (
            f"Return time {self.return_time:.4g} (resilience {self.resilience:.4g}), reactivity {self.reactivity:.4g}, "
            f"largest amplification {self.amplification:.4g} after {self.when:.4g}."
        )


def local_resilience(system: AbstractSystem, state: State, *, inputs: Any = None) -> LocalResilience:
    r"""Return time, reactivity and largest amplification of small displacements from an equilibrium.

    With J the Jacobian there, resilience is $-\max \mathrm{Re}\,\lambda(J)$ and reactivity the largest eigenvalue of
    $(J + J^T) / 2$; the amplification at time t is $\|e^{J t}\|_2$ (maps: $\|J^n\|_2$).

    Args:
        system: A flow or a map.
        state: The equilibrium.
        inputs: Constant input, or None.

    Raises:
        InputError: If the system is of another kind or the state is not at rest.

    Reference:
        Neubert & Caswell (1997), Alternatives to resilience for measuring the responses of ecological systems to
        perturbations, Ecology 78, 653-665.

    Example:
        >>> import jax.numpy as jnp, dynascope as ds
        >>> shear = ds.flow(lambda t, y, p: jnp.stack([-y[0] + 10 * y[1], -2 * y[1]]), [0.0, 0.0])
        >>> found = local_resilience(shear, jnp.zeros(2))
        >>> round(found.return_time, 3), round(found.reactivity, 3)
        (1.0, 3.525)
    """
    if kind(system) not in ("flow", "map"):
        raise InputError(f"Local resilience needs a flow or a map; `{type(system).__name__}` is a {kind(system)}.")
    discrete = is_discrete(system)
    u = default_input(system) if inputs is None else inputs
    flat, unravel = ravel_pytree(jax.tree.map(jnp.asarray, state))
    rule: Any = system

    def moved(y: jax.Array) -> jax.Array:
        out = rule.step(0, unravel(y), u) if discrete else rule.vector_field(0.0, unravel(y), u)
        return ravel_pytree(out)[0]

    j = np.asarray(jax.jit(jax.jacfwd(moved))(flat))
    shift = np.asarray(moved(flat)) - (np.asarray(flat) if discrete else 0.0)
    if not np.max(np.abs(shift)) < _AT_REST * (1 + float(np.max(np.abs(flat))) + np.max(np.abs(j))):
        raise InputError(f"The state is not at rest: it moves by {shift}. Give a fixed point (`fixed_points`).")
    values = np.linalg.eigvals(j)
    with np.errstate(divide="ignore"):
        rates = np.log(np.abs(values)) if discrete else values.real
        slowest = float(-rates.max())
        reactivity = np.log(np.linalg.norm(j, 2)) if discrete else np.linalg.eigvalsh((j + j.T) / 2).max()
    span = _UNITS / slowest if slowest > 0 and np.isfinite(slowest) else _UNITS
    times = np.arange(_TIMES) if discrete else np.linspace(0.0, span, _TIMES)
    growth = _growth(j, times, discrete)
    peak = int(np.argmax(growth))
    return LocalResilience(
        resilience=slowest,
        return_time=1 / slowest if slowest > 0 else float("inf"),
        reactivity=float(reactivity),
        amplification=float(growth[peak]) if slowest > 0 else float("inf"),
        when=float(times[peak]) if slowest > 0 else float("inf"),
        result=RESULTS.successful,
        settings=provenance(system=type(system).__name__, state=[float(x) for x in flat]),
        eigenvalues=values,
        times=times.astype(float),
        growth=growth,
    )


def _growth(j: np.ndarray, times: np.ndarray, discrete: bool) -> np.ndarray:
    """Norm of the propagator at even times, by repeated multiplication."""
    from scipy.linalg import expm

    one = j if discrete else expm(j * (times[1] - times[0]))
    now, out = np.eye(len(j)), []
    for _ in times:
        out.append(np.linalg.norm(now, 2))
        now = one @ now
    return np.array(out)
