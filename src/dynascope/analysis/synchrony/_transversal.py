"""The modes of a network of identical systems: which perturbations of synchrony grow?"""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np

from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import AbstractResult, output
from ..._types import State
from ...systems import AbstractSystem, dimension
from ...systems.derived import coupling_function
from .._differentiable import rate_unit
from ._master import Transverse, settings_of, short_enough, transverse_eigenvalues
from ._variation import Run, prepared

#: Relative distance at which two eigenvalues count as one.
_SAME = 1e-9


class TransversalExponents(AbstractResult):
    """Exponents of the synchronised state of a network, mode by mode.

    Attributes:
        eigenvalues: Eigenvalues of the Laplacian but for that of synchrony, in rising order of their real parts.
        exponents: Largest exponents of each of these modes, shape `(mode, exponent)`.
        stderr: Standard errors.
        along: Exponents of one unit: those of perturbations that keep all units equal.
        along_stderr: Standard errors.
        stable: Whether the largest exponent of every mode is negative beyond its error.
        unstable: Whether that of one mode is positive beyond its error. With neither it is undecided.
        unit: `nats/step` or `nats/<time unit>`.
    """

    stable: bool
    unstable: bool
    strength: float
    unit: str
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    eigenvalues: np.ndarray = output("mode", doc="eigenvalues of the Laplacian")
    exponents: np.ndarray = output("mode", "exponent", doc="transversal exponents")
    stderr: np.ndarray = output("mode", "exponent", doc="standard errors")
    along: np.ndarray = output("exponent", doc="exponents of one unit")
    along_stderr: np.ndarray = output("exponent", doc="standard errors of those of one unit")

    def summary(self) -> str:
        """Whether synchrony is stable, and the mode that decides it."""
        worst = int(np.argmax(self.exponents[:, 0]))
        word = "stable" if self.stable else "unstable" if self.unstable else "undecided: run longer"
        return (
            f"Synchrony of {len(self.eigenvalues) + 1} units at strength {self.strength:g} is {word}; largest "
            f"transversal exponent {self.exponents[worst, 0]:.4g} +- {self.stderr[worst, 0]:.1g} ({self.unit}), of the "
            f"mode with eigenvalue {self.eigenvalues[worst]:.4g}."
        )

    @property
    def spectrum(self) -> np.ndarray:
        """All exponents found, in falling order: with `k` equal to the dimension of a unit, those of the network."""
        return np.sort(np.concatenate([self.along, self.exponents.ravel()]))[::-1]


def transversal_exponents(
    system: AbstractSystem,
    graph: Any,
    coupling: Any = None,
    *,
    strength: float = 1.0,
    k: int = 1,
    y0: State = None,
    transient: float | None = None,
    duration: float | None = None,
    inputs: Any = None,
    solver: Any = None,
    rtol: float = 0.01,
    throw: bool = True,
    progress: bool = False,
) -> TransversalExponents:
    r"""Exponents of perturbations that pull the units of a synchronised network apart, mode by mode.

    Around $y_1 = \dots = y_N = s(t)$ the network $\dot y_i = f(y_i) + \sigma \sum_j W_{ij} (h(y_j) - h(y_i))$ (maps:
    the same sum added to $F(y_i)$) falls into modes $\dot\xi = [Df(s) - \sigma \lambda\, Dh(s)]\, \xi$, one for each
    eigenvalue $\lambda$ of the Laplacian of W. Two equal units have one such mode, their difference.

    Args:
        system: One unit: a flow or a map.
        graph: A connectivity, or what `connectivity` makes one of: entry `[i, j]` is the weight from unit j to unit i.
        coupling: The inner coupling h, as in `networked`.
        strength: sigma.
        k: Number of exponents of each mode, at most the dimension of a unit.
        y0: Initial state of a unit; None takes `initial_state()`.
        transient: Time (maps: steps) left out; None takes 20,000 solver steps (maps 2,000).
        duration: Time (maps: steps) averaged over; None runs until every error is below `rtol` of the spread of the
            exponents, within a fixed budget.
        inputs: Input signal common to all units.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`, with a shorter step for strong coupling.
        rtol: Relative precision asked for where `duration` is None.
        throw: Raise `ComputationFailed` if the orbit diverges.
        progress: Show progress on standard error.

    Returns:
        A `TransversalExponents`.

    Raises:
        InputError: For another kind of system, a graph that falls apart, or a number out of range.
        ComputationFailed: If the orbit becomes infinite, and `throw`.

    Reference:
        Pecora & Carroll (1998), Master stability functions for synchronized coupled systems, Phys. Rev. Lett. 80,
        2109-2112.

    Example:
        >>> import dynascope as ds
        >>> found = transversal_exponents(ds.build("henon"), [[0, 1], [1, 0]], strength=0.9, duration=5000)
        >>> found.unstable
        True
    """
    shown = coupling_function(coupling, system)
    size = dimension(system)
    if not (isinstance(k, int) and 1 <= k <= size):
        raise InputError(f"`k` must lie between 1 and the dimension {size} of a unit, got {k}.")
    if not math.isfinite(strength):
        raise InputError(f"`strength` must be a finite number, got {strength}.")
    modes = transverse_eigenvalues(graph)
    distinct, which = _distinct(modes)
    alphas = np.concatenate([[0.0], strength * distinct])
    solver = short_enough(system, shown, solver, y0, float(np.max(np.abs(alphas))))
    stepped = prepared(system, y0, inputs=inputs, solver=solver, what="transversal_exponents")
    run = Run(stepped, Transverse(shown), k, transient)
    steps = None if duration is None else run.steps_of(duration, "duration")
    grown = run.grown(alphas, steps, rtol=None if steps else rtol, progress=progress)
    if throw and not bool(grown.result == RESULTS.interrupted):
        raise_if_failed(grown.result, what=f"`transversal_exponents` of `{type(system).__name__}`")
    order = np.argsort(-grown.mean, axis=1, kind="stable")
    mean, error = (np.take_along_axis(a, order, axis=1) for a in (grown.mean, grown.stderr))
    exponents, stderr = mean[1:][which], error[1:][which]
    return TransversalExponents(
        eigenvalues=modes,
        exponents=exponents,
        stderr=stderr,
        along=mean[0],
        along_stderr=error[0],
        stable=bool(np.all(exponents[:, 0] < -2 * stderr[:, 0])),
        unstable=bool(np.any(exponents[:, 0] > 2 * stderr[:, 0])),
        strength=float(strength),
        unit=rate_unit(system.time_unit),
        result=grown.result,
        settings=settings_of(system, grown),
    )


def _distinct(modes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One eigenvalue of each group of equal or conjugate ones, and the group of each mode."""
    upper = np.real(modes) + 1j * np.abs(np.imag(modes)) if np.iscomplexobj(modes) else modes
    scale = float(np.max(np.abs(modes)))
    distinct: list[Any] = []
    which = np.empty(len(modes), int)
    for i, value in enumerate(upper):
        near = [n for n, other in enumerate(distinct) if abs(other - value) <= _SAME * scale]
        if not near:
            distinct.append(value)
        which[i] = near[0] if near else len(distinct) - 1
    return np.array(distinct), which
