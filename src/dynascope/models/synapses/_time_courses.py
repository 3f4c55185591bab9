"""How a synapse opens and closes after a spike: time courses whose peak is what the spike released."""

from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param
from ..._tree import is_traced
from ..._types import Param
from ...systems import Variable
from .._array import like


class AbstractTimeCourse(eqx.Module):
    """A linear response to spikes: its state, how that decays, and the opening that it stands for.

    Every course is normalised: after one spike of amount 1 from rest the opening rises to exactly 1.
    """

    @property
    @abstractmethod
    def variables(self) -> tuple[Variable, ...]:
        """Names of the `k` components of its state."""

    @abstractmethod
    def rest(self) -> jax.Array:
        """The state long after the last spike, shape `(k,)`."""

    @abstractmethod
    def rate(self, s: jax.Array) -> jax.Array:
        """The velocity ds/dt between spikes, shape `(k,)`, 1/ms."""

    @abstractmethod
    def jump(self, s: jax.Array, amount: jax.Array) -> jax.Array:
        """The state just after a spike that releases `amount`, from the state `s` just before."""

    @abstractmethod
    def opening(self, s: jax.Array) -> jax.Array:
        """How far the synapse is open in state `s`, a scalar."""


class ExponentialDecay(AbstractTimeCourse):
    r"""Opens at once and decays: s' = -s / tau, s -> s + 1 at a spike; opening exp(-t / tau).

    Args:
        tau: Time constant of the decay, ms.

    Example:
        >>> ExponentialDecay(tau=5.0).rate(jnp.array([1.0])).tolist()
        [-0.2]
    """

    tau: Param = param(5.0, unit="ms", doc="time constant of the decay", bounds=(1e-6, None))

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (Variable("s"),)

    def rest(self) -> jax.Array:
        return like(self.tau, [0.0])

    def rate(self, s: jax.Array) -> jax.Array:
        return -s / self.tau

    def jump(self, s: jax.Array, amount: jax.Array) -> jax.Array:
        return s + amount

    def opening(self, s: jax.Array) -> jax.Array:
        return s[0]


class AlphaFunction(AbstractTimeCourse):
    r"""Rises and falls with one time constant: s' = (e a - s) / tau, a' = -a / tau, a -> a + 1 at a spike.

    After one spike the opening is (t / tau) exp(1 - t / tau), with its peak of 1 at t = tau.

    Args:
        tau: Time to the peak, ms.

    Example:
        >>> AlphaFunction(tau=2.0).jump(jnp.zeros(2), jnp.array(1.0)).tolist()
        [0.0, 1.0]
    """

    tau: Param = param(2.0, unit="ms", doc="time to the peak", bounds=(1e-6, None))

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (Variable("s"), Variable("a"))

    def rest(self) -> jax.Array:
        return like(self.tau, [0.0, 0.0])

    def rate(self, s: jax.Array) -> jax.Array:
        opening, a = s
        return jnp.stack([jnp.e * a - opening, -a]) / self.tau

    def jump(self, s: jax.Array, amount: jax.Array) -> jax.Array:
        return s.at[1].add(amount)

    def opening(self, s: jax.Array) -> jax.Array:
        return s[0]


class DoubleExponential(AbstractTimeCourse):
    r"""Rises with one time constant and falls with another: opening c (exp(-t / tau_decay) - exp(-t / tau_rise)).

    p' = -p / tau_decay, q' = -q / tau_rise, both raised by c at a spike; the opening is p - q. Its peak is at
    t = ln(tau_decay / tau_rise) tau_rise tau_decay / (tau_decay - tau_rise), and c makes it 1.

    Args:
        tau_rise: Time constant of the rise, ms.
        tau_decay: Time constant of the decay, ms; longer than the rise.

    Raises:
        InputError: If the decay is not slower than the rise.

    Example:
        >>> DoubleExponential(tau_rise=1.0, tau_decay=4.0).peak_time().round(4).tolist()
        1.8484
    """

    tau_rise: Param = param(0.5, unit="ms", doc="time constant of the rise", bounds=(1e-6, None))
    tau_decay: Param = param(5.0, unit="ms", doc="time constant of the decay", bounds=(1e-6, None))

    def __check_init__(self) -> None:
        if not is_traced(self.tau_rise, self.tau_decay) and not jnp.all(self.tau_decay > self.tau_rise):
            raise InputError(
                f"`tau_decay` of `DoubleExponential` must be longer than `tau_rise`, got {self.tau_decay} and "
                f"{self.tau_rise}. For equal time constants use `AlphaFunction(tau)`."
            )

    def peak_time(self) -> jax.Array:
        """Time from a spike to the largest opening, ms."""
        rise, decay = self.tau_rise, self.tau_decay
        return rise * decay / (decay - rise) * jnp.log(decay / rise)

    @property
    def variables(self) -> tuple[Variable, ...]:
        return (Variable("p"), Variable("q"))

    def rest(self) -> jax.Array:
        return like(self.tau_rise, [0.0, 0.0])

    def rate(self, s: jax.Array) -> jax.Array:
        return -s / jnp.stack([self.tau_decay, self.tau_rise])

    def jump(self, s: jax.Array, amount: jax.Array) -> jax.Array:
        peak = self.peak_time()
        return s + amount / (jnp.exp(-peak / self.tau_decay) - jnp.exp(-peak / self.tau_rise))

    def opening(self, s: jax.Array) -> jax.Array:
        return s[0] - s[1]
