import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like, linoid


class WongWang(AbstractFlow):
    r"""Two populations that compete for a decision, each kept active by its own slow NMDA receptors.

    S_i' = -S_i / tau_S + gamma (1 - S_i) H(x_i),     H(x) = (a x - b) / (1 - exp(-d (a x - b))),
    x_i = J_same S_i - J_other S_j + I0 + J_ext mu0 (1 +- c) + u_i.

    Without a stimulus (mu0 = 0) a state of rest and two memories of a decision attract. Between mu0 = 10.68 and 43.02
    (c = 0) the symmetric state is a saddle and one of the two populations has to win; beyond, both may be active.

    Args:
        mu0: Strength of the stimulus, 1/s.
        c: Coherence of the stimulus, from -1 (all for the second) to 1 (all for the first).
        J_same: Coupling of a population to itself, nA.
        J_other: Inhibition of one population by the other, nA.
        I0: Background current, nA.
        J_ext: Current per rate of the stimulus, nA s.
        gamma: Share of open receptors per spike.
        tau_S: Decay time of NMDA receptors, s.
        a: Slope of the rate, 1/(nA s).
        b: Offset of the rate, 1/s.
        d: Softness of the threshold, s.

    Reference:
        Wong & Wang (2006), A recurrent network mechanism of time integration in perceptual decisions, Journal of
        Neuroscience 26, 1314-1328.

    Example:
        >>> y = jnp.array([0.3, 0.3])
        >>> bool(WongWang(c=0.5).vector_field(0.0, y, None)[0] > WongWang(c=0.5).vector_field(0.0, y, None)[1])
        True
    """

    variables = variables("S1 S2", topology="positive")
    reference = (
        "Wong & Wang (2006), A recurrent network mechanism of time integration in perceptual decisions, "
        "J. Neurosci. 26, 1314-1328"
    )
    time_unit = "s"
    family = "populations"

    mu0: Param = param(30.0, unit="1/s", doc="strength of the stimulus", bounds=(0.0, None))
    c: Param = param(0.0, doc="coherence of the stimulus", bounds=(-1.0, 1.0))
    J_same: Param = param(0.2609, unit="nA", doc="coupling of a population to itself")
    J_other: Param = param(0.0497, unit="nA", doc="inhibition of one population by the other")
    I0: Param = param(0.3255, unit="nA", doc="background current")
    J_ext: Param = param(5.2e-4, unit="nA s", doc="current per rate of the stimulus")
    gamma: Param = param(0.641, doc="share of open receptors per spike", bounds=(0.0, None))
    tau_S: Param = param(0.1, unit="s", doc="decay time of NMDA receptors", bounds=(1e-6, None))
    a: Param = param(270.0, unit="1/(nA s)", doc="slope of the rate")
    b: Param = param(108.0, unit="1/s", doc="offset of the rate")
    d: Param = param(0.154, unit="s", doc="softness of the threshold", bounds=(1e-6, None))

    def rates(self, y: State, u: Input = None) -> jax.Array:
        """The firing rates H(x_i) of both populations at state `y`, 1/s."""
        evidence = jnp.stack([1.0 + self.c, 1.0 - self.c])
        x = self.J_same * y - self.J_other * y[::-1] + self.I0 + self.J_ext * self.mu0 * evidence
        return linoid(self.d * (self.a * (x if u is None else x + u) - self.b)) / self.d

    def initial_state(self) -> State:
        return like(self.mu0, [0.11, 0.1])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        return -y / self.tau_S + self.gamma * (1.0 - y) * self.rates(y, u)

    def region(self) -> Box:
        return Box(like(self.mu0, [0.0, 0.0]), like(self.mu0, [0.8, 0.8]))

    def input_size(self) -> int:
        return 2

    def typical_step(self) -> float:
        return 0.005
