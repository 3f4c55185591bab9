"""Scalar flows with a delay: chaos in one equation."""

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import jax.core
import jax.numpy as jnp
import numpy as np

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...systems import AbstractDelayFlow, variables
from .._array import like

if TYPE_CHECKING:
    from typing import ClassVar as AbstractClassVar
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractClassVar, AbstractVar


class AbstractFeedback(AbstractDelayFlow):
    """A scalar flow that answers to its own past, x'(t) = f(x(t), x(t - tau)).

    Raises:
        InputError: If `tau` exceeds `max_delay`, on construction and on `replace`.
    """

    #: The delay, at most `max_delay`.
    tau: AbstractVar[Param]
    #: A value near the attractor; the history starts constant there.
    start: AbstractClassVar[float]
    #: A step at which RK4 is accurate.
    dt: AbstractClassVar[float]
    family: ClassVar[str] = "chaos"

    def __check_init__(self) -> None:
        if not isinstance(self.tau, jax.core.Tracer) and np.any(np.asarray(self.tau) > self.max_delay):
            raise InputError(
                f"Delay `tau` must be at most `max_delay` = {self.max_delay}, got {np.max(self.tau)}. "
                "Give a longer history first: `replace(max_delay=...)`."
            )

    @abstractmethod
    def rate(self, x: State, past: State) -> State:
        """The velocity at value `x`, where `past` is x(t - tau)."""

    def initial_state(self) -> State:
        return like(self.tau, [self.start])

    def vector_field(self, t: Time, y: State, history: Callable[[Any], State], u: Input) -> State:
        del u
        return self.rate(y, history(t - self.tau))

    def longest_delay(self) -> Any:
        return self.tau

    def typical_step(self) -> float:
        return self.dt


class IkedaDelay(AbstractFeedback):
    """Light that runs round a ring with a nonlinear medium in it.

    x' = -c x + mu sin(x(t - tau) - x0), with a history of length max_delay.

    Reference:
        Ikeda & Matsumoto (1987), High-dimensional chaotic behavior in systems with time-delayed feedback, Physica D 29,
        223-235.
    """

    variables = variables("x")
    reference = (
        "Ikeda & Matsumoto (1987), High-dimensional chaotic behavior with time-delayed feedback, Physica D 29, 223-235"
    )
    start = -0.979
    dt = 0.01

    c: Param = param(1.0, doc="decay")
    mu: Param = param(-20.0, doc="strength of the feedback")
    x0: Param = param(0.0, doc="offset of the phase")
    tau: Param = param(2.0, doc="delay", bounds=(0.0, None))
    max_delay: float = setting(10.0, doc="length of the stored history")

    def rate(self, x: State, past: State) -> State:
        return self.mu * jnp.sin(past - self.x0) - self.c * x


class SprottDelay(AbstractFeedback):
    """The simplest delay equation with chaos, which walks from one cell of the sine to the next.

    x' = mu sin(x(t - tau)), with a history of length max_delay.

    With mu = 1 the rest state at pi turns unstable at tau = pi / 2 and chaos begins near tau = 4.99. The angle x is on
    a circle.

    Reference:
        Sprott (2007), A simple chaotic delay differential equation, Physics Letters A 366, 397-402.
    """

    variables = variables("x", topology="circle")
    reference = "Sprott (2007), A simple chaotic delay differential equation, Phys. Lett. A 366, 397-402"
    start = 3.46
    dt = 0.05

    mu: Param = param(1.0, doc="strength of the feedback")
    tau: Param = param(5.1, doc="delay", bounds=(0.0, None))
    max_delay: float = setting(25.0, doc="length of the stored history")

    def rate(self, x: State, past: State) -> State:
        del x
        return self.mu * jnp.sin(past)


class VossDelay(AbstractFeedback):
    """An electronic circuit with delayed feedback, its nonlinear element as measured.

    x' = -alpha x + c3 p^3 + c2 p^2 + c1 p + c0 at p = x(t - tau), with a history of length max_delay.

    Reference:
        Voss (2002), Real-time anticipation of chaotic states of an electronic circuit, International Journal of
        Bifurcation and Chaos 12, 1619-1625.
    """

    variables = variables("x")
    reference = (
        "Voss (2002), Real-time anticipation of chaotic states of a circuit, Int. J. Bifurc. Chaos 12, 1619-1625"
    )
    start = 0.0799
    dt = 0.05

    alpha: Param = param(3.24, doc="decay")
    c3: Param = param(-10.44, doc="cubic part of the feedback")
    c2: Param = param(-13.95, doc="quadratic part of the feedback")
    c1: Param = param(-3.63, doc="linear part of the feedback")
    c0: Param = param(0.85, doc="constant part of the feedback")
    tau: Param = param(13.28, doc="delay", bounds=(0.0, None))
    max_delay: float = setting(40.0, doc="length of the stored history")

    def rate(self, x: State, past: State) -> State:
        return self.c0 + past * (self.c1 + past * (self.c2 + past * self.c3)) - self.alpha * x


class ScrollDelay(AbstractFeedback):
    """A delayed decay towards one of two values, the sign of the past: two scrolls in one equation.

    x' = -alpha p + beta tanh(k p) at p = x(t - tau), with a history of length max_delay.

    Reference:
        Yalçin & Özoğuz (2007), n-scroll chaotic attractors from a first-order time-delay differential equation, Chaos
        17, 033112; with a smooth sign.
    """

    variables = variables("x")
    reference = "Yalçin & Özoğuz (2007), n-scroll attractors from a first-order delay equation, Chaos 17, 033112"
    start = 1.79
    dt = 0.05

    alpha: Param = param(0.2, doc="decay")
    beta: Param = param(0.2, doc="strength of the feedback")
    k: Param = param(10.0, doc="steepness of the sign")
    tau: Param = param(10.0, doc="delay", bounds=(0.0, None))
    max_delay: float = setting(30.0, doc="length of the stored history")

    def rate(self, x: State, past: State) -> State:
        del x
        return self.beta * jnp.tanh(self.k * past) - self.alpha * past


class UcarDelay(AbstractFeedback):
    """A cubic limit to growth that acts late: the prototype of chaos by delay.

    x' = delta p - eps p^3 at p = x(t - tau), with a history of length max_delay.

    Reference:
        Uçar (2003), On the chaotic behaviour of a prototype delayed dynamical system, Chaos, Solitons & Fractals 16,
        187-194.
    """

    variables = variables("x")
    reference = (
        "Uçar (2003), On the chaotic behaviour of a prototype delayed system, Chaos Solitons Fractals 16, 187-194"
    )
    start = -0.839
    dt = 0.01

    delta: Param = param(1.0, doc="growth")
    eps: Param = param(1.0, doc="cubic limit")
    tau: Param = param(1.6, doc="delay", bounds=(0.0, None))
    max_delay: float = setting(5.0, doc="length of the stored history")

    def rate(self, x: State, past: State) -> State:
        del x
        return self.delta * past - self.eps * past**3
