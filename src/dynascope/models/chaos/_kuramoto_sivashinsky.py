"""The equation of Kuramoto and Sivashinsky on a ring, by its Fourier modes."""

import jax
import jax.numpy as jnp

from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import like


class KuramotoSivashinsky(AbstractFlow):
    """Flame fronts and falling films: chaos in space and time, on a ring of length L.

    u_t = -u u_x - u_xx - u_xxxx with period L and mean zero.

    The state holds the modes u_1 ... u_m of u(x) = sum_k u_k exp(i q_k x) + complex conjugate, q_k = 2 pi k / L, first
    their real and then their imaginary parts: u_k' = (q_k^2 - q_k^4) u_k - (i q_k / 2) (u^2)_k, with the square free of
    aliasing. Rest is unstable for L > 2 pi. `field` gives u on a grid.

    Args:
        L: Length of the ring.
        modes: Number of modes kept; about 3/4 of L resolves the standard chaos.

    Reference:
        Kuramoto & Tsuzuki (1976), Persistent propagation of concentration waves in dissipative media far from thermal
        equilibrium, Progress of Theoretical Physics 55, 356-369; Sivashinsky (1977), Acta Astronautica 4, 1177-1206.
    """

    variables = (Variable("u"),)
    reference = (
        "Kuramoto & Tsuzuki (1976), Persistent propagation of concentration waves, Prog. Theor. Phys. 55, 356-369"
    )
    family = "chaos"

    L: Param = param(22.0, doc="length of the ring", bounds=(1e-6, None))
    modes: int = setting(16, doc="number of modes")

    def initial_state(self) -> State:
        # A few long waves whose phases have no symmetry.
        k = jnp.arange(1, self.modes + 1)
        size = 0.5 * jnp.exp(-k / 2.0)
        return like(self.L, jnp.concatenate([size * jnp.cos(k * k), size * jnp.sin(k * k)]))

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        m = self.modes
        re, im = y[:m], y[m:]
        q = 2.0 * jnp.pi / self.L * jnp.arange(1, m + 1, dtype=y.dtype)
        # The square of m modes on 4 m points has no aliasing: its last mode is 2 m.
        square = jnp.fft.rfft(self.field(y, 4 * m) ** 2)[1 : m + 1] / (4 * m)
        growth = q**2 - q**4
        return jnp.concatenate([growth * re + q / 2.0 * square.imag, growth * im - q / 2.0 * square.real])

    def field(self, y: State, points: int = 128) -> jax.Array:
        """The values u(x) of state `y` at `points` equidistant places from 0 to L, more than twice the modes."""
        m = self.modes
        spectrum = jnp.zeros(points // 2 + 1, jax.lax.complex(y[:1], y[:1]).dtype)
        spectrum = spectrum.at[1 : m + 1].set(jax.lax.complex(y[:m], y[m:]))
        return jnp.fft.irfft(spectrum, points) * points

    def region(self) -> Box:
        size = jnp.abs(self.initial_state()) + 0.01
        return Box(-size, size)

    def typical_step(self) -> float:
        # RK4 is stable up to 2.78 over the decay of the last mode, q^4 - q^2 = 427 for the standard values.
        return 0.005
