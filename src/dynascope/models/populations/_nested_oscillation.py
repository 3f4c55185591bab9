import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like


class NestedOscillation(AbstractFlow):
    r"""A fast rhythm that waxes and wanes with the phase of a slow one: gamma nested in theta.

    z' = alpha (1 - |z|^2) z + 2 pi i (f_slow + u) z,
    w' = alpha (m + k Re z - |w|^2) w + 2 pi i f_fast w,

    both complex, the pair (x, y) of z before that of w; the input u makes the slow rhythm waver. On the cycle |z| = 1
    the fast amplitude q = |w|^2 obeys q' = 2 alpha (m + k cos theta - q) q, a Bernoulli equation: 1 / q is a linear
    filter of theta, whose periodic state `amplitude` gives exactly. For alpha much faster than theta |w| =
    sqrt(max(m + k cos theta, 0)).

    Args:
        f_slow: Frequency of the slow rhythm, Hz.
        f_fast: Frequency of the fast rhythm, Hz.
        m: Mean distance of the fast rhythm from its onset.
        k: How much the slow rhythm moves it; 0 uncouples them.
        alpha: Rate at which amplitudes settle, 1/s.

    Reference:
        Lisman & Jensen (2013), The theta-gamma neural code, Neuron 77, 1002-1016; Tort, Komorowski, Eichenbaum &
        Kopell (2010), Measuring phase-amplitude coupling, J. Neurophysiol. 104, 1195-1210.

    Example:
        >>> NestedOscillation(k=0.0, m=4.0).amplitude(jnp.array([0.0, 1.0])).round(4).tolist()
        [2.0, 2.0]
    """

    variables = variables("x_slow y_slow x_fast y_fast")
    reference = "Lisman & Jensen (2013), The theta-gamma neural code, Neuron 77, 1002-1016"
    time_unit = "s"
    family = "populations"

    f_slow: Param = param(8.0, unit="Hz", doc="frequency of the slow rhythm", bounds=(1e-6, None))
    f_fast: Param = param(60.0, unit="Hz", doc="frequency of the fast rhythm")
    m: Param = param(1.0, doc="mean distance of the fast rhythm from its onset")
    k: Param = param(0.8, doc="how much the slow rhythm moves it")
    alpha: Param = param(200.0, unit="1/s", doc="rate at which amplitudes settle", bounds=(0.0, None))

    def amplitude(self, theta: jax.Array) -> jax.Array:
        """The fast amplitude |w| at phases of the slow cycle, once settled and without input; `m` must be positive.

        1 / q(theta) is the integral over s > 0 of 2 alpha exp(-2 alpha (m s + k (sin theta - sin(theta - W s)) / W))
        with W = 2 pi f_slow. What lies more than a period back has the same sine, so that is the integral over one
        period over 1 - exp(-2 alpha m / f_slow).
        """
        W = 2.0 * jnp.pi * self.f_slow
        # Midpoints in the root of s, so that both a short memory and a whole period are resolved.
        x = (jnp.arange(4096) + 0.5) / 4096
        s = x * x / self.f_slow
        angle = jnp.asarray(theta)[..., None]
        lost = self.m * s + self.k * (jnp.sin(angle) - jnp.sin(angle - W * s)) / W
        mean = jnp.mean(2.0 * x * jnp.exp(-2.0 * self.alpha * lost), axis=-1)
        whole = 2.0 * self.alpha / self.f_slow * mean
        return jnp.sqrt(-jnp.expm1(-2.0 * self.alpha * self.m / self.f_slow) / whole)

    def initial_state(self) -> State:
        return like(self.m, [1.0, 0.0, 1.0, 0.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        slow = self.alpha * (1.0 - y[0] ** 2 - y[1] ** 2)
        fast = self.alpha * (self.m + self.k * y[0] - y[2] ** 2 - y[3] ** 2)
        drive = 0.0 if u is None else u[0]
        ws, wf = 2.0 * jnp.pi * (self.f_slow + drive), 2.0 * jnp.pi * self.f_fast
        return jnp.stack(
            [slow * y[0] - ws * y[1], slow * y[1] + ws * y[0], fast * y[2] - wf * y[3], fast * y[3] + wf * y[2]]
        )

    def input_size(self) -> int | None:
        return 1

    def region(self) -> Box:
        return Box(like(self.m, [-2.0] * 4), like(self.m, [2.0] * 4))

    def typical_step(self) -> float:
        return 0.0005
