import equinox as eqx
import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import like
from ._kernels import AbstractGain, AbstractKernel, Cosine, DifferenceOfGaussians, Sigmoid


class NeuralFieldLattice(AbstractFlow):
    r"""A sheet of cortex on a torus: stripes and hexagons where inhibition reaches further than excitation.

    tau v'(x) = -v(x) + int w(|x - y|) f(v(y)) d2y + h + u(x)  on a square of side `length` with n x n places.

    Distances go the shorter way round in both directions, so a kernel should decay within half the side. The uniform
    state v0 = w_hat(0) f(v0) + h gives way to patterns of the wave number that makes f'(v0) w_hat(k) largest, once that
    exceeds 1 (`growth_rates`). For `DifferenceOfGaussians` that is
    k^2 = 2 ln(inhibition far^4 / (excitation near^4)) / (far^2 - near^2), unless it is 0.

    Args:
        h: Resting potential.
        tau: Time constant.
        length: Side of the square.
        kernel: Connections as a function of distance.
        gain: Firing rate of a potential.
        n: Number of places along a side.

    Reference:
        Ermentrout & Cowan (1979), A mathematical theory of visual hallucination patterns, Biological Cybernetics 34,
        137-150; Amari (1977), Biological Cybernetics 27, 77-87.

    Example:
        >>> NeuralFieldLattice(n=16).initial_state().shape
        (16, 16)
    """

    variables = (Variable("v"),)
    reference = (
        "Ermentrout & Cowan (1979), A mathematical theory of visual hallucination patterns, Biol. Cybern. 34, 137-150"
    )
    family = "populations"

    h: Param = param(2.0, doc="resting potential")
    tau: Param = param(1.0, doc="time constant", bounds=(1e-6, None))
    length: Param = param(20.0, doc="side of the square", bounds=(1e-6, None))
    kernel: AbstractKernel = eqx.field(default_factory=DifferenceOfGaussians)
    gain: AbstractGain = eqx.field(default_factory=lambda: Sigmoid(2.0))
    n: int = setting(32, doc="number of places along a side")

    def __check_init__(self) -> None:
        if self.n < 3:
            raise InputError(f"`n` of `NeuralFieldLattice` must be at least 3, got {self.n}.")
        if isinstance(self.kernel, Cosine):
            raise InputError(
                "`NeuralFieldLattice` needs a kernel that decays with distance, got `Cosine`, which is for rings. "
                "Take `DifferenceOfGaussians`, or `NeuralFieldRing.orientation`."
            )

    def wave_numbers(self) -> jax.Array:
        """The wave number |k| of each Fourier mode, shape `(n, n // 2 + 1)`."""
        k = 2.0 * jnp.pi / self.length * jnp.fft.fftfreq(self.n, 1.0 / self.n)
        along = 2.0 * jnp.pi / self.length * jnp.arange(self.n // 2 + 1)
        return jnp.hypot(k[:, None], along[None, :])

    def transform(self) -> jax.Array:
        """The Fourier transform w_hat of the kernel at each mode, shape `(n, n // 2 + 1)`."""
        steps = jnp.minimum(jnp.arange(self.n), self.n - jnp.arange(self.n))
        # The root is taken of whole numbers, which nobody differentiates; `length` scales the result.
        apart = like(self.length, jnp.sqrt(steps[:, None] ** 2 + steps[None, :] ** 2))
        spacing = self.length / self.n
        return spacing**2 * jnp.fft.rfft2(self.kernel.at(spacing * apart)).real

    def growth_rates(self, level: jax.Array) -> jax.Array:
        """Growth rate of each Fourier mode about the uniform potential `level`, 1/time; shape as `wave_numbers`."""
        return (-1.0 + jax.grad(self.gain.of)(level) * self.transform()) / self.tau

    def initial_state(self) -> State:
        # Small and irregular, so that no symmetry is kept by accident.
        bumps = (jnp.arange(self.n * self.n) * 0.6180339887498949) % 1.0 - 0.5
        ragged = jnp.sin(1e3 * bumps**2 + 50.0 * bumps)
        return like(self.h, 0.1 * ragged.reshape(self.n, self.n))

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        lateral = jnp.fft.irfft2(self.transform() * jnp.fft.rfft2(self.gain.of(y)), (self.n, self.n))
        drive = 0.0 if u is None else u.reshape(self.n, self.n)
        return (-y + lateral + self.h + drive) / self.tau

    def region(self) -> Box:
        side = jnp.ones_like(self.initial_state())
        return Box(self.h - side, self.h + 2.0 * side)

    def input_size(self) -> int:
        return self.n * self.n

    def typical_step(self) -> float:
        return 0.05
