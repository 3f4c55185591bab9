"""Parameters, starts and stimuli of the twenty behaviours of Izhikevich (2004).

They are those of the script that made the figure of the paper, which differs from the list beside it in bistability
and in the form of three neurons. The script steps by the method of Euler with 0.1 to 0.5 ms; three panels owe their
pattern to its errors and are given with one number changed here, so that it comes out of the equations:

- bistability: the second pulse at 207 instead of 216 ms. Whether a pulse stops the train depends on its phase, and the
  train of the equations has another period (38.8 ms) than that of the steps (40.4 ms).
- depolarising after-potential: d = -18 instead of -21, with which the neuron fires again and again.
- inhibition-induced bursting: d = 0, as in the list, instead of -2, with which the first burst never ends.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp

from ...systems import Pieces

_Numbers = tuple[float, ...]


class Behaviour(NamedTuple):
    """One panel of the figure: numbers of the neuron, potential at the start, stimulus and duration (ms)."""

    abcd: tuple[float, float, float, float]
    v: float
    times: _Numbers
    values: _Numbers
    duration: float
    integrator: bool = False
    accommodates: bool = False

    def stimulus(self) -> Pieces:
        """The stimulus in mV/ms."""
        return Pieces(jnp.asarray(self.times), jnp.asarray(self.values))


def _step(abcd: tuple[float, float, float, float], v: float, *, onset: float, level: float, end: float) -> Behaviour:
    return Behaviour(abcd, v, (onset, onset), (0.0, level), end)


def _pulses(*starts: float, width: float, height: float, base: float = 0.0) -> tuple[_Numbers, _Numbers]:
    times = tuple(t for start in starts for t in (start, start, start + width, start + width))
    return times, (base, base + height, base + height, base) * len(starts)


BEHAVIOURS: dict[str, Behaviour] = {
    "tonic spiking": _step((0.02, 0.2, -65.0, 6.0), -70.0, onset=10.0, level=14.0, end=100.0),
    "phasic spiking": _step((0.02, 0.25, -65.0, 6.0), -64.0, onset=20.0, level=0.5, end=200.0),
    "tonic bursting": _step((0.02, 0.2, -50.0, 2.0), -70.0, onset=22.0, level=15.0, end=220.0),
    "phasic bursting": _step((0.02, 0.25, -55.0, 0.05), -64.0, onset=20.0, level=0.6, end=200.0),
    "mixed mode": _step((0.02, 0.2, -55.0, 4.0), -70.0, onset=16.0, level=10.0, end=160.0),
    "spike frequency adaptation": _step((0.01, 0.2, -65.0, 8.0), -70.0, onset=8.5, level=30.0, end=85.0),
    "class 1 excitability": Behaviour(
        (0.02, -0.1, -55.0, 6.0), -60.0, (30.0, 300.0), (0.0, 0.075 * 270.0), 300.0, integrator=True
    ),
    "class 2 excitability": Behaviour(
        (0.2, 0.26, -65.0, 0.0), -64.0, (30.0, 300.0), (-0.5, -0.5 + 0.015 * 270.0), 300.0
    ),
    "spike latency": Behaviour((0.02, 0.2, -65.0, 6.0), -70.0, *_pulses(10.0, width=3.0, height=7.04), 100.0),
    "subthreshold oscillations": Behaviour(
        (0.05, 0.26, -60.0, 0.0), -62.0, *_pulses(20.0, width=5.0, height=2.0), 200.0
    ),
    "resonator": Behaviour(
        (0.1, 0.26, -60.0, -1.0), -62.0, *_pulses(40.0, 60.0, 280.0, 320.0, width=4.0, height=0.65), 400.0
    ),
    "integrator": Behaviour(
        (0.02, -0.1, -55.0, 6.0),
        -60.0,
        *_pulses(100.0 / 11.0, 100.0 / 11.0 + 5.0, 70.0, 80.0, width=2.0, height=9.0),
        100.0,
        integrator=True,
    ),
    "rebound spike": Behaviour((0.03, 0.25, -60.0, 4.0), -64.0, *_pulses(20.0, width=5.0, height=-15.0), 200.0),
    "rebound burst": Behaviour((0.03, 0.25, -52.0, 0.0), -64.0, *_pulses(20.0, width=5.0, height=-15.0), 200.0),
    "threshold variability": Behaviour(
        (0.03, 0.25, -60.0, 4.0),
        -64.0,
        (10.0, 10.0, 15.0, 15.0, 70.0, 70.0, 75.0, 75.0, 80.0, 80.0, 85.0, 85.0),
        (0.0, 1.0, 1.0, 0.0, 0.0, -6.0, -6.0, 0.0, 0.0, 1.0, 1.0, 0.0),
        100.0,
    ),
    "bistability": Behaviour(
        (0.1, 0.26, -60.0, 0.0), -61.0, *_pulses(37.5, 207.0, width=5.0, height=1.0, base=0.24), 300.0
    ),
    "depolarising after-potential": Behaviour(
        (1.0, 0.2, -60.0, -18.0), -70.0, *_pulses(9.0, width=2.0, height=20.0), 50.0
    ),
    "accommodation": Behaviour(
        (0.02, 1.0, -55.0, 4.0),
        -65.0,
        (0.0, 200.0, 200.0, 300.0, 312.5, 312.5),
        (0.0, 8.0, 0.0, 0.0, 4.0, 0.0),
        400.0,
        accommodates=True,
    ),
    "inhibition-induced spiking": Behaviour(
        (-0.02, -1.0, -60.0, 8.0), -63.8, *_pulses(50.0, width=200.0, height=-5.0, base=80.0), 350.0
    ),
    "inhibition-induced bursting": Behaviour(
        (-0.026, -1.0, -45.0, 0.0), -63.8, *_pulses(50.0, width=200.0, height=-5.0, base=80.0), 350.0
    ),
}
