from typing import Self

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import like
from ._kernels import AbstractGain, AbstractKernel, Cosine, DifferenceOfGaussians, Sigmoid, ThresholdLinear


class NeuralFieldRing(AbstractFlow):
    r"""A sheet of cortex, in one dimension and closed to a ring: bumps that hold a place, patterns, working memory.

    tau v'(x) = -v(x) + int_0^length w(x - y) f(v(y)) dy + h + u(x),   x = 0, dx, ..., (n - 1) dx with dx = length / n.

    Distances go the shorter way round, so a kernel should decay within half the ring (or be `Cosine`). About a uniform
    state v0 = w_hat(0) f(v0) + h a ripple exp(i k x) grows at the rate (-1 + f'(v0) w_hat(k)) / tau (`growth_rates`),
    with w_hat(k) = int w(x) cos(k x) dx (`transform`). For a step f(v) = [v > 0] (steep `Sigmoid`) a bump of width a is
    a state of rest if int_0^a w = -h, and stable if w(a) < 0; every place is as good as any other, a ring attractor.

    Args:
        h: Resting potential.
        tau: Time constant.
        length: Length of the ring.
        kernel: Connections: `DifferenceOfGaussians`, `Cosine` or a kernel of your own.
        gain: Firing rate of a potential: `Sigmoid` or `ThresholdLinear`.
        n: Number of places.

    Reference:
        Amari (1977), Dynamics of pattern formation in lateral-inhibition type neural fields, Biological Cybernetics 27,
        77-87; Wilson & Cowan (1973), Kybernetik 13, 55-80; orientation tuning: Ben-Yishai, Bar-Or & Sompolinsky (1995),
        Proceedings of the National Academy of Sciences 92, 3844-3848.

    Example:
        >>> NeuralFieldRing(n=64).places().shape
        (64,)
    """

    variables = (Variable("v"),)
    reference = (
        "Amari (1977), Dynamics of pattern formation in lateral-inhibition type neural fields, Biol. Cybern. 27, 77-87"
    )
    family = "populations"

    h: Param = param(-0.4, doc="resting potential")
    tau: Param = param(1.0, doc="time constant", bounds=(1e-6, None))
    length: Param = param(20.0, doc="length of the ring", bounds=(1e-6, None))
    kernel: AbstractKernel = eqx.field(default_factory=DifferenceOfGaussians)
    gain: AbstractGain = eqx.field(default_factory=lambda: Sigmoid(8.0))
    n: int = setting(128, doc="number of places")

    def __check_init__(self) -> None:
        if self.n < 3:
            raise InputError(f"`n` of `NeuralFieldRing` must be at least 3, got {self.n}.")

    @classmethod
    def orientation(cls, *, mean: float = -2.0, tuned: float = 4.0, drive: float = 1.0, n: int = 64) -> Self:
        """The ring of orientation columns: cosine kernel, threshold-linear gain, length 2 pi.

        For tuned > 2 the uniform state is lost and a bump of half width c attracts, with
        tuned (c - sin(2 c) / 2) = 2 pi and v(x) = amplitude cos(x - x0) + b, zero at its borders.

        Args:
            mean: Coupling to the mean activity.
            tuned: Coupling to its first Fourier mode.
            drive: Uniform input, the resting potential h.
            n: Number of places.
        """
        return cls(drive, length=2 * jnp.pi, kernel=Cosine(mean, tuned), gain=ThresholdLinear(), n=n)

    def places(self) -> jax.Array:
        """The positions x on the ring, shape `(n,)`."""
        return self.length * jnp.arange(self.n) / self.n

    def wave_numbers(self) -> jax.Array:
        """The wave numbers k that fit on the ring, shape `(n // 2 + 1,)`."""
        return 2.0 * jnp.pi * jnp.arange(self.n // 2 + 1) / self.length

    def transform(self) -> jax.Array:
        """The Fourier transform w_hat of the kernel at the wave numbers."""
        steps = jnp.minimum(jnp.arange(self.n), self.n - jnp.arange(self.n))
        spacing = self.length / self.n
        return spacing * jnp.fft.rfft(self.kernel.at(spacing * steps)).real

    def growth_rates(self, level: jax.Array) -> jax.Array:
        """Growth rate of each wave number about the uniform potential `level`, 1/time."""
        return (-1.0 + jax.grad(self.gain.of)(level) * self.transform()) / self.tau

    def initial_state(self) -> State:
        # A bump in the middle, of the width of a few ranges.
        return like(self.h, 2.0 * jnp.exp(-(((jnp.arange(self.n) / self.n - 0.5) / 0.1) ** 2)) - 1.0)

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        lateral = jnp.fft.irfft(self.transform() * jnp.fft.rfft(self.gain.of(y)), self.n)
        return (-y + lateral + self.h + (0.0 if u is None else u)) / self.tau

    def region(self) -> Box:
        side = jnp.ones_like(self.initial_state())
        return Box(self.h - side, self.h + 2.0 * side)

    def input_size(self) -> int:
        return self.n

    def typical_step(self) -> float:
        return 0.05
