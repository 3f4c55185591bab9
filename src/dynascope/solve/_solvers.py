"""How time is stepped: solvers as values with their own settings."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp

from .._errors import InputError
from .._param import param
from .._tree import is_traced
from .._types import Param
from . import _tableaus
from ._tableaus import Tableau


class AbstractSolver(eqx.Module):
    """A way to advance a system in time."""


def _check_step(solver: Any) -> None:
    if not is_traced(solver.dt) and not (jnp.ndim(solver.dt) == 0 and 0 < solver.dt < jnp.inf):
        raise InputError(f"The step `dt` of `{type(solver).__name__}` must be a positive number, got {solver.dt}.")


def _check_tolerances(solver: Any) -> None:
    name = type(solver).__name__
    if not is_traced(solver.rtol, solver.atol) and not (
        0 <= solver.rtol < 1 and 0 <= solver.atol < jnp.inf and solver.rtol + solver.atol > 0
    ):
        raise InputError(
            f"`{name}` needs `rtol` in [0, 1) and `atol` of at least 0, not both 0; "
            f"got {solver.rtol} and {solver.atol}."
        )
    if solver.max_steps < 1:
        raise InputError(f"`max_steps` of `{name}` must be at least 1, got {solver.max_steps}.")


class AbstractFixedStep(AbstractSolver):
    """An explicit Runge-Kutta method with fixed step; a step is shortened only to land on an output time."""

    tableau: eqx.AbstractClassVar[Tableau]
    dt: eqx.AbstractVar[jax.Array]
    layout: eqx.AbstractVar[Any]

    def __check_init__(self) -> None:
        _check_step(self)


class AbstractAdaptive(AbstractSolver):
    """An embedded explicit Runge-Kutta pair with error control; steps land on every output time.

    Forward-mode derivatives are those of the steps taken; their own error is not controlled. Where the orbit rests (at
    an equilibrium) the steps grow long: take derivatives there with a fixed step.
    """

    tableau: eqx.AbstractClassVar[Tableau]
    rtol: eqx.AbstractVar[jax.Array]
    atol: eqx.AbstractVar[jax.Array]
    max_steps: eqx.AbstractVar[int]
    layout: eqx.AbstractVar[Any]

    def __check_init__(self) -> None:
        _check_tolerances(self)


class Layout(eqx.Module):
    """How a flow's state is held inside the loop.

    Args:
        scalars: Keep the components as separate scalars (fastest for small states with a cheap rule) or as one
            array (fastest otherwise).
    """

    scalars: bool = eqx.field(static=True)


class Euler(AbstractFixedStep):
    """Euler's method, order 1."""

    dt: Param = param(doc="step", bounds=(0.0, None))
    layout: Layout | None = eqx.field(static=True, default=None)
    tableau: ClassVar[Tableau] = _tableaus.EULER


class Heun(AbstractFixedStep):
    """Heun's method, order 2."""

    dt: Param = param(doc="step", bounds=(0.0, None))
    layout: Layout | None = eqx.field(static=True, default=None)
    tableau: ClassVar[Tableau] = _tableaus.HEUN


class RK4(AbstractFixedStep):
    """The classical Runge-Kutta method, order 4 (Kutta 1901)."""

    dt: Param = param(doc="step", bounds=(0.0, None))
    layout: Layout | None = eqx.field(static=True, default=None)
    tableau: ClassVar[Tableau] = _tableaus.RK4


class Tsit5(AbstractAdaptive):
    """Tsitouras' pair of order 5(4) (2011): the general-purpose choice for non-stiff flows."""

    rtol: Param = param(1e-8, doc="relative tolerance per step", bounds=(0.0, None))
    atol: Param = param(1e-10, doc="absolute tolerance per step", bounds=(0.0, None))
    max_steps: int = eqx.field(static=True, default=1_000_000)
    layout: Layout | None = eqx.field(static=True, default=None)
    tableau: ClassVar[Tableau] = _tableaus.TSIT5


class Dop853(AbstractAdaptive):
    """The method of order 8 of Dormand and Prince with estimators of order 5 and 3 (Hairer et al. 1993).

    The choice for high accuracy: tolerances of 1e-10 and below.
    """

    rtol: Param = param(1e-12, doc="relative tolerance per step", bounds=(0.0, None))
    atol: Param = param(1e-13, doc="absolute tolerance per step", bounds=(0.0, None))
    max_steps: int = eqx.field(static=True, default=1_000_000)
    layout: Layout | None = eqx.field(static=True, default=None)
    tableau: ClassVar[Tableau] = _tableaus.DOP853


class Kvaerno5(AbstractSolver):
    """Kvaerno's implicit method of order 5(4) (2004) through diffrax: the choice for stiff flows."""

    rtol: Param = param(1e-8, doc="relative tolerance per step", bounds=(0.0, None))
    atol: Param = param(1e-10, doc="absolute tolerance per step", bounds=(0.0, None))
    max_steps: int = eqx.field(static=True, default=100_000)

    def __check_init__(self) -> None:
        _check_tolerances(self)


class Diffrax(AbstractSolver):
    """Any solver of diffrax for flows and noisy flows, with its own choice of differentiation.

    Args:
        solver: A diffrax solver, for instance `diffrax.Kvaerno5()`, or `diffrax.SPaRK()` for noise.
        rtol: Relative tolerance; used where `dt` is None.
        atol: Absolute tolerance; used where `dt` is None.
        dt: Fixed step instead of error control.
        max_steps: Steps allowed in all.
        adjoint: A diffrax adjoint, such as `diffrax.BacksolveAdjoint()`. None takes forward mode, through which
            `jvp` and `linearize` work (diffrax's own default allows only reverse mode).
    """

    solver: Any
    rtol: Param = param(1e-8, doc="relative tolerance per step", bounds=(0.0, None))
    atol: Param = param(1e-10, doc="absolute tolerance per step", bounds=(0.0, None))
    dt: Any = None
    max_steps: int = eqx.field(static=True, default=100_000)
    adjoint: Any = None


class EulerMaruyama(AbstractSolver):
    """The Euler-Maruyama method for Ito noise: strong order 1/2, order 1 for additive noise."""

    dt: Param = param(doc="step", bounds=(0.0, None))
    interpretation: ClassVar[Literal["ito", "stratonovich"]] = "ito"

    def __check_init__(self) -> None:
        _check_step(self)


class EulerHeun(AbstractSolver):
    """The Euler-Heun method for Stratonovich noise: strong order 1/2, order 1 for commutative noise."""

    dt: Param = param(doc="step", bounds=(0.0, None))
    interpretation: ClassVar[Literal["ito", "stratonovich"]] = "stratonovich"

    def __check_init__(self) -> None:
        _check_step(self)


class LocatedEvents(AbstractSolver):
    """Events located by root-finding to the accuracy of the underlying method; for small hybrid systems.

    Within a step the event time is the root of the guard along the method's own step, found to rounding; what
    follows starts at the reset state. Event times and states are differentiable in forward mode, which gives the
    saltation matrix at each reset.

    Args:
        solver: Fixed-step method between events.
        max_events: Capacity of the list of event times.
    """

    solver: AbstractFixedStep
    max_events: int = eqx.field(static=True, default=4096)


class GridEvents(AbstractSolver):
    """Events taken at the end of the step in which they occur; for networks of many neurons.

    Event times are those of the grid, so their error is up to one step.

    Args:
        solver: Fixed-step method; its step is the grid.
        max_events: Capacity of the list of event times.
    """

    solver: AbstractFixedStep
    max_events: int = eqx.field(static=True, default=65536)
