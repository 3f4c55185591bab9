"""Synchronised oscillators under stimulation that takes their synchrony apart: delayed feedback, coordinated reset."""

from collections.abc import Callable
from typing import Any, Self

import jax
import jax.core
import jax.numpy as jnp
import numpy as np

from ..._errors import InputError
from ..._param import param, setting
from ..._sincos import sincos
from ..._types import Input, Param, State, Time
from ...systems import AbstractDelayFlow, AbstractFlow, Box, Variable
from ._frequencies import AbstractFrequencies, Lorentzian
from ._phase_coupling import order_parameter, spread_phases


class DelayedFeedbackKuramoto(AbstractDelayFlow):
    r"""Kuramoto's oscillators whose own mean field is fed back against them, after a delay.

    theta_i' = omega_i + Im(H exp(-i theta_i)),  H(t) = K Z(t) - d Z(t - tau),  Z = mean_j exp(i theta_j).

    Where the delay is a whole number of periods 2 pi / omega0 the feedback acts as a coupling -d: synchrony vanishes
    where K - d falls to the critical coupling, and d below that only weakens it. Half a period later it acts as +d. For
    Lorentzian frequencies of half width Delta and infinitely many oscillators this is exact, r = sqrt(1 - 2 Delta /
    (K - d)), as long as d tau < 2: beyond, other frequencies than omega0 synchronise.

    Args:
        omega: Natural frequencies, rad/time, shape `(N,)`.
        K: Coupling, rad/time.
        d: Strength of the feedback, rad/time.
        tau: Delay.
        max_delay: Length of the stored history.

    Raises:
        InputError: If `tau` exceeds `max_delay`.

    Reference:
        Rosenblum & Pikovsky (2004), Controlling synchronization in an ensemble of globally coupled oscillators,
        Physical Review Letters 92, 114102.

    Example:
        >>> population = DelayedFeedbackKuramoto.quantiles(n=10, centre=20.0)
        >>> round(float(population.tau) * 20.0 / (2 * jnp.pi), 12)
        1.0
    """

    variables = (Variable("theta", "rad", topology="circle"),)
    reference = "Rosenblum & Pikovsky (2004), Controlling synchronization in an ensemble, Phys. Rev. Lett. 92, 114102"
    family = "networks"

    omega: Param = param(unit="rad", doc="natural frequencies")
    K: Param = param(4.0, unit="rad", doc="coupling")
    d: Param = param(1.0, unit="rad", doc="strength of the feedback")
    tau: Param = param(0.3141592653589793, doc="delay", bounds=(0.0, None))
    max_delay: float = setting(1.0, doc="length of the stored history")

    def __check_init__(self) -> None:
        if not isinstance(self.tau, jax.core.Tracer) and np.any(np.asarray(self.tau) > self.max_delay):
            raise InputError(
                f"Delay `tau` must be at most `max_delay` = {self.max_delay}, got {np.max(self.tau)}. "
                "Give a longer history first: `replace(max_delay=...)`."
            )

    @classmethod
    def quantiles(cls, *, n: int, centre: float = 20.0, width: float = 1.0, K: Any = 4.0, d: Any = 1.0) -> Self:
        """Lorentzian frequencies without chance, and a delay of one mean period.

        Args:
            n: Number of oscillators.
            centre: Mean frequency omega0, rad/time.
            width: Half width Delta, rad/time.
            K: Coupling, rad/time.
            d: Strength of the feedback, rad/time.
        """
        period = 2.0 * np.pi / centre
        return cls(Lorentzian(centre, width).quantiles(n), K, d, period, max_delay=max(1.0, 1.5 * period))

    @classmethod
    def example(cls, *, n: int = 50) -> Self:
        """A population of `n` oscillators under a feedback that weakens their synchrony."""
        return cls.quantiles(n=n)

    def order(self, y: State) -> jax.Array:
        """The complex order parameter Z of phases `y`."""
        return order_parameter(y)

    def initial_state(self) -> State:
        return spread_phases(self.omega)

    def vector_field(self, t: Time, y: State, history: Callable[[Any], State], u: Input) -> State:
        del u
        s, c = sincos(y)
        past_s, past_c = sincos(history(t - self.tau))
        imaginary = self.K * jnp.mean(s) - self.d * jnp.mean(past_s)
        real = self.K * jnp.mean(c) - self.d * jnp.mean(past_c)
        return self.omega + imaginary * c - real * s

    def longest_delay(self) -> Any:
        return self.tau

    def region(self) -> Box:
        circle = jnp.full_like(self.initial_state(), jnp.pi)
        return Box(-circle, circle)

    def typical_step(self) -> float:
        return 0.005


class CoordinatedReset(AbstractFlow):
    r"""Kuramoto's oscillators at several sites that are reset in turn, so that they end up evenly apart.

    theta_i' = omega_i + K Im(Z exp(-i theta_i)) + S p_m(t) cos(theta_i),  m = i mod M the site of oscillator i.

    p_m is 1 during a pulse of length `pulse` at the times (m/M + k) T, and 0 else; `on` cycles with pulses are followed
    by `off` cycles without. A pulse draws phases to where cos(theta) = -omega / S if S exceeds the frequency. Sites
    reset a part T/M apart form M clusters, which cancel in the mean field: Z falls, while Daido's parameter
    Z_M = mean exp(i M theta) rises.

    Args:
        omega: Natural frequencies, rad/time, shape `(N,)`.
        K: Coupling, rad/time.
        S: Strength of a pulse, rad/time.
        T: Period of a cycle.
        pulse: Length of a pulse.
        sites: Number of sites M.
        on: Cycles with pulses.
        off: Cycles without, after them.

    Reference:
        Tass (2003), A model of desynchronizing deep brain stimulation with a demand-controlled coordinated reset of
        neural subpopulations, Biological Cybernetics 89, 81-88.

    Example:
        >>> population = CoordinatedReset.quantiles(n=8)
        >>> population.pulses(0.1).tolist(), population.pulses(0.3).tolist()
        ([1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0])
    """

    variables = (Variable("theta", "rad", topology="circle"),)
    reference = "Tass (2003), A model of desynchronizing deep brain stimulation, Biological Cybernetics 89, 81-88"
    family = "networks"

    omega: Param = param(unit="rad", doc="natural frequencies")
    K: Param = param(1.0, unit="rad", doc="coupling")
    S: Param = param(30.0, unit="rad", doc="strength of a pulse")
    T: Param = param(1.0, doc="period of a cycle", bounds=(1e-6, None))
    pulse: Param = param(0.2, doc="length of a pulse", bounds=(0.0, None))
    sites: int = setting(4, doc="number of sites")
    on: int = setting(2, doc="cycles with pulses")
    off: int = setting(2, doc="cycles without pulses")

    @classmethod
    def quantiles(
        cls, *, n: int, frequencies: AbstractFrequencies | None = None, K: Any = 1.0, S: Any = 30.0, **settings: Any
    ) -> Self:
        """A population without chance, each site with the same frequencies as nearly as can be.

        Args:
            n: Number of oscillators.
            frequencies: Their distribution; None takes a Lorentzian of half width 0.1 round 2 pi.
            K: Coupling, rad/time.
            S: Strength of a pulse, rad/time.
            **settings: `T`, `pulse`, `sites`, `on` and `off`.
        """
        chosen = Lorentzian(2.0 * jnp.pi, 0.1) if frequencies is None else frequencies
        return cls(chosen.quantiles(n), K, S, **settings)

    @classmethod
    def example(cls, *, n: int = 100) -> Self:
        """A population of `n` oscillators under reset at four sites."""
        return cls.quantiles(n=n)

    def order(self, y: State) -> jax.Array:
        """The complex order parameter Z of phases `y`."""
        return order_parameter(y)

    def needed_strength(self, width: Any) -> jax.Array:
        r"""The strength beyond which evenly spread clusters are stable, for Lorentzian frequencies.

        Where pulses are weak against the mean frequency 2 pi / T, a site feels their first harmonic, h = S a with
        a = sin(pi pulse / T) / pi on / (on + off). The state Z = 0 of at least 3 sites, each ordered by its own drive
        to the degree z, h (1 - z^2) = 2 Delta z, then decays back at the rate Delta + h z - K / 2, which is positive if
        h > sqrt(K^2 / 4 - Delta^2).

        Args:
            width: Half width Delta of the frequencies, rad/time.
        """
        felt = jnp.sin(jnp.pi * self.pulse / self.T) / jnp.pi * self.on / (self.on + self.off)
        return jnp.sqrt(jnp.maximum(0.25 * self.K**2 - jnp.asarray(width) ** 2, 0.0)) / felt

    def pulses(self, t: Time) -> jax.Array:
        """Whether each site gets a pulse at time `t`, shape `(sites,)`, 1 or 0."""
        cycle = jnp.mod(t / self.T, self.on + self.off)
        within = jnp.mod(cycle - jnp.arange(self.sites) / self.sites, 1.0) * self.T
        return jnp.where((within < self.pulse) & (cycle < self.on), 1.0, 0.0)

    def initial_state(self) -> State:
        return spread_phases(self.omega)

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del u
        s, c = sincos(y)
        site = jnp.arange(y.shape[0]) % self.sites
        return self.omega + self.K * (jnp.mean(s) * c - jnp.mean(c) * s) + self.S * self.pulses(t)[site] * c

    def forcing_period(self) -> Any:
        return (self.on + self.off) * self.T

    def region(self) -> Box:
        circle = jnp.full_like(self.initial_state(), jnp.pi)
        return Box(-circle, circle)

    def typical_step(self) -> float:
        return 0.005
