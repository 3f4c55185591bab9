from typing import ClassVar, Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractHybrid, Box, Variable
from .._array import injected, like
from .._presets import chosen
from ._experiment import Experiment
from ._twenty import BEHAVIOURS


class Izhikevich(AbstractHybrid):
    r"""A quadratic neuron with recovery: the firing patterns of cortex from four numbers.

    v' = k v^2 + p v + q - w + I + u,  w' = a (b (v - v_0) - g w);  when v rises to v_peak: v is set to c, w to w + d.

    (The paper calls the recovery u, which here is the input.) Presets: `RS` regular spiking (default), `IB`
    intrinsically bursting, `CH` chattering, `FS` fast spiking, `TC` thalamo-cortical, `RZ` resonator, `LTS`
    low-threshold spiking. `Izhikevich.behaviour(name)` is each of the twenty experiments of the paper of 2004.

    Args:
        I: Injected current, mV/ms.
        a: Rate of the recovery, 1/ms.
        b: Sensitivity of the recovery, 1/ms.
        c: Potential just after a spike, mV; below the peak.
        d: Jump of the recovery at a spike, mV/ms.
        k: Quadratic coefficient, 1/(mV ms).
        p: Linear coefficient, 1/ms; 4.1 with q = 108 for the integrator and class 1 of the paper of 2004.
        q: Constant, mV/ms.
        v_peak: Where a spike is cut off, mV.
        v_0: Potential from which the recovery is driven, mV; -65 with g = 0 for accommodation.
        g: Decay of the recovery relative to its rate; 1, or 0 where it only adds up its drive.

    Reference:
        Izhikevich (2003), Simple model of spiking neurons, IEEE Transactions on Neural Networks 14, 1569-1572; (2004),
        Which model to use for cortical spiking neurons?, IEEE Transactions on Neural Networks 15, 1063-1070.

    Example:
        >>> float(Izhikevich.preset("CH").d)
        2.0
    """

    variables = (Variable("v", "mV"), Variable("w", "mV/ms"))
    reference = "Izhikevich (2003), Simple model of spiking neurons, IEEE Trans. Neural Netw. 14, 1569-1572"
    time_unit = "ms"
    family = "neurons"
    presets: ClassVar[dict[str, tuple[float, float, float, float]]] = {
        "RS": (0.02, 0.2, -65.0, 8.0),
        "IB": (0.02, 0.2, -55.0, 4.0),
        "CH": (0.02, 0.2, -50.0, 2.0),
        "FS": (0.1, 0.2, -65.0, 2.0),
        "TC": (0.02, 0.25, -65.0, 0.05),
        "RZ": (0.1, 0.26, -65.0, 2.0),
        "LTS": (0.02, 0.25, -65.0, 2.0),
    }

    behaviours: ClassVar[tuple[str, ...]] = tuple(BEHAVIOURS)

    I: Param = param(10.0, unit="mV/ms", doc="injected current")
    a: Param = param(0.02, unit="1/ms", doc="rate of the recovery")
    b: Param = param(0.2, unit="1/ms", doc="sensitivity of the recovery")
    c: Param = param(-65.0, unit="mV", doc="potential just after a spike")
    d: Param = param(8.0, unit="mV/ms", doc="jump of the recovery at a spike")
    k: Param = param(0.04, unit="1/(mV ms)", doc="quadratic coefficient")
    p: Param = param(5.0, unit="1/ms", doc="linear coefficient")
    q: Param = param(140.0, unit="mV/ms", doc="constant")
    v_peak: Param = param(30.0, unit="mV", doc="where a spike is cut off")
    v_0: Param = param(0.0, unit="mV", doc="potential from which the recovery is driven")
    g: Param = param(1.0, doc="decay of the recovery relative to its rate")

    @classmethod
    def preset(cls, name: str) -> Self:
        """The neuron with the four numbers of class `name`; `presets` lists them."""
        a, b, c, d = chosen(cls, cls.presets, name)
        return cls(a=a, b=b, c=c, d=d)

    @classmethod
    def behaviour(cls, name: str) -> Experiment:
        """One of the twenty experiments of the paper of 2004: neuron, start, stimulus and duration.

        Numbers are those of the script that made its figure; three differ where its pattern owed to long steps of the
        method of Euler: bistability (second pulse at 207 instead of 216 ms), the depolarising after-potential (d = -18
        instead of -21) and inhibition-induced bursting (d = 0 instead of -2). The integrator and class 1 have p = 4.1
        and q = 108, accommodation v_0 = -65 and g = 0.

        Args:
            name: As in the figure, such as `"tonic spiking"`; `behaviours` lists them.
        """
        b = chosen(cls, BEHAVIOURS, name, what="behaviour")
        a, rate, c, d = b.abcd
        form = {"p": 4.1, "q": 108.0} if b.integrator else {"v_0": -65.0, "g": 0.0} if b.accommodates else {}
        neuron = cls(I=0.0, a=a, b=rate, c=c, d=d, **form)
        start = jnp.array([b.v, -16.0 if b.accommodates else rate * b.v])
        return Experiment(neuron, start, b.stimulus(), b.duration)

    def initial_state(self) -> State:
        v = like(self.I, -70.0)
        return jnp.stack([v, self.b * v])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        v, w = y
        recovery = self.a * (self.b * (v - self.v_0) - self.g * w)
        return jnp.stack([(self.k * v + self.p) * v + self.q - w + self.I + injected(u), recovery])

    def guard(self, t: Time, y: State, u: Input) -> jax.Array:
        del t, u
        return y[:1] - self.v_peak

    def reset(self, t: Time, y: State, u: Input, fired: jax.Array) -> State:
        del t, u
        return jnp.where(fired[0], jnp.stack([self.c, y[1] + self.d]), y)

    def region(self) -> Box:
        return Box(like(self.I, [-80.0, -20.0]), like(self.I, [-40.0, 0.0]))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        # At the peak v moves by 300 mV per ms; 1 ms, as in the paper's script, changes the firing pattern.
        return 0.01
