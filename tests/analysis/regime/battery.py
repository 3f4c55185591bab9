"""Systems whose regime is known, on both sides of their transitions.

Labels come from theory or the literature, or were computed apart by `benchmarks/check_battery_labels.py`; none comes
from the verdict that they test. Parameters close to a transition are left out: there every finite run is
undecided.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dynascope.models import build
from dynascope.models.artificial import GRU, LSTM, RNN
from dynascope.models.canonical import LinearFlow, LinearMap, OrnsteinUhlenbeck, StuartLandau
from dynascope.models.networks import GradedHopfield, Hopfield, Kuramoto, RateNetwork, SynchronousHopfield
from dynascope.models.neurons import Izhikevich, ThetaNeuron
from dynascope.systems import AbstractSystem, Noise


class Case(NamedTuple):
    """A system with its known regime.

    Attributes:
        name: What it is.
        system: Makes it.
        regimes: The regime, or several where the literature calls it so (chaos that may be hyperchaos).
        why: Where the label comes from.
        attractors: Regimes of the attractors with their number, where that is known.
        attributes: What else the verdict must say.
        inputs: Makes the input of a driven system.
        quick: Whether it takes only a few seconds.
    """

    name: str
    system: Callable[[], AbstractSystem]
    regimes: tuple[str, ...]
    why: str
    attractors: dict[str, int] | None = None
    attributes: tuple[str, ...] = ()
    inputs: Callable[[], Any] | None = None
    quick: bool = False


def _of(name: str, **changes: Any) -> Callable[[], AbstractSystem]:
    return lambda: build(name, **changes)


def _patterns(count: int, n: int) -> jax.Array:
    """Rows of a Hadamard matrix: patterns without overlap."""
    rows = np.array([[1.0]])
    while len(rows) < n:
        rows = np.block([[rows, rows], [rows, -rows]])
    return jnp.asarray(rows[1 : count + 1])


def _noise(std: float) -> Callable[[], Noise]:
    return lambda: Noise(jax.random.key(3), channels=1, std=std)


FIXED, CYCLE, PERIODIC, CHAOS = ("fixed point",), ("limit cycle",), ("periodic",), ("chaos",)
MANY, LOST, KEPT = ("multistable",), ("unbounded",), ("conservative",)
CHAOTIC = ("chaos", "hyperchaos")

_SPARROW = "Sparrow (1982), The Lorenz equations: bifurcations, chaos, and strange attractors"
_HASSARD = "Rinzel & Miller (1980), Math. Biosci. 49, 27-59: rest and spiking coexist below the Hopf point at 9.78"

CANONICAL = (
    Case("lorenz 0.5", _of("lorenz", rho=0.5), FIXED, "origin globally stable for rho < 1", quick=True),
    Case("lorenz 10", _of("lorenz", rho=10.0), MANY, _SPARROW, attractors={"fixed point": 2}, quick=True),
    Case("lorenz 22", _of("lorenz", rho=22.0), MANY, f"preturbulence, {_SPARROW}", attractors={"fixed point": 2}),
    Case("lorenz 24.4", _of("lorenz", rho=24.4), MANY, _SPARROW, attractors={"fixed point": 2, "chaos": 1}),
    Case("lorenz 28", _of("lorenz", rho=28.0), CHAOS, "Tucker (2002), a rigorous proof", quick=True),
    Case("lorenz 99.96", _of("lorenz", rho=99.96), MANY, f"mirror cycles, {_SPARROW}", attractors={"limit cycle": 2}),
    Case("lorenz 160", _of("lorenz", rho=160.0), CYCLE, f"one symmetric cycle, {_SPARROW}"),
    Case("lorenz 350", _of("lorenz", rho=350.0), CYCLE, f"one symmetric cycle, {_SPARROW}"),
    Case("roessler 0.3", _of("roessler", c=0.3), LOST, "no fixed point for c^2 < 4 a b: z grows without bound"),
    Case("roessler 2.5", _of("roessler", c=2.5), CYCLE, "period 1 below the doubling at c = 2.83"),
    Case("roessler 3.5", _of("roessler", c=3.5), CYCLE, "period 2 below the doubling at c = 3.84"),
    Case("roessler 5.7", _of("roessler", c=5.7), CHAOS, "Roessler (1976)"),
    Case("henon 0.2", _of("henon", a=0.2), FIXED, "stable for a < 3 (1 - b)^2 / 4 = 0.3675", quick=True),
    Case("henon 0.5", _of("henon", a=0.5), PERIODIC, "period 2 for 0.3675 < a < 0.9125", attributes=("period 2",)),
    Case("henon 1.4", _of("henon", a=1.4), CHAOS, "Henon (1976)", quick=True),
    Case("henon 2", _of("henon", a=2.0), LOST, "no attractor after the crisis at a = 1.4272"),
    Case("logistic 0.5", _of("logistic", r=0.5), FIXED, "0 attracts for r < 1", quick=True),
    Case("logistic 2.9", _of("logistic", r=2.9), FIXED, "1 - 1 / r attracts for 1 < r < 3", quick=True),
    Case("logistic 3.2", _of("logistic", r=3.2), PERIODIC, "May (1976)", attributes=("period 2",), quick=True),
    Case("logistic 3.5", _of("logistic", r=3.5), PERIODIC, "May (1976)", attributes=("period 4",), quick=True),
    Case("logistic 3.7", _of("logistic", r=3.7), CHAOS, "above the accumulation at 3.56995, in no wide window"),
    Case("logistic 3.83", _of("logistic", r=3.83), PERIODIC, "window from 1 + sqrt 8", attributes=("period 3",)),
    Case("logistic 4", _of("logistic", r=4.0), CHAOS, "conjugate to the tent map", quick=True),
    Case("van-der-pol -1", _of("van-der-pol", mu=-1.0), FIXED, "time runs backwards: the cycle bounds the basin"),
    Case("van-der-pol 0", _of("van-der-pol", mu=0.0), KEPT, "harmonic oscillator", quick=True),
    Case("van-der-pol 1", _of("van-der-pol", mu=1.0), CYCLE, "theorem of Lienard", quick=True),
    Case("van-der-pol 5", _of("van-der-pol", mu=5.0), CYCLE, "theorem of Lienard"),
    Case("stuart-landau -1", lambda: StuartLandau(lam=-1.0), FIXED, "normal form", quick=True),
    Case("stuart-landau 1", lambda: StuartLandau(lam=1.0), CYCLE, "normal form", quick=True),
    Case("linear-flow stable", _of("linear-flow"), FIXED, "eigenvalues -0.1 +- i", quick=True),
    Case(
        "linear-flow centre",
        lambda: LinearFlow(jnp.array(((0.0, 1.0), (-1.0, 0.0)))),
        KEPT,
        "eigenvalues +- i",
        quick=True,
    ),
    Case(
        "linear-flow unstable", lambda: LinearFlow(jnp.array(((0.1, 1.0), (-1.0, 0.1)))), LOST, "eigenvalues 0.1 +- i"
    ),
    Case(
        "linear-flow line",
        lambda: LinearFlow(jnp.array(((-1.0, 0.0), (0.0, 0.0)))),
        ("line attractor",),
        "eigenvalues -1, 0",
    ),
    Case("linear-map stable", _of("linear-map"), FIXED, "moduli 0.9014", quick=True),
    Case(
        "linear-map unstable", lambda: LinearMap(jnp.array(((1.1, 0.5), (-0.5, 1.1)))), LOST, "moduli 1.208", quick=True
    ),
    Case(
        "linear-map turn",
        lambda: LinearMap(jnp.array(((0.6, 0.8), (-0.8, 0.6)))),
        KEPT,
        "moduli 1, determinant 1",
        quick=True,
    ),
    Case("ornstein-uhlenbeck 1", _of("ornstein-uhlenbeck"), ("contracting",), "exponent -theta", quick=True),
    Case("ornstein-uhlenbeck -1", lambda: OrnsteinUhlenbeck(theta=-1.0), LOST, "exponent +1"),
    Case("mackey-glass 4", _of("mackey-glass", tau=4.0), FIXED, "Hopf bifurcation at 4.7083"),
    Case("mackey-glass 10", _of("mackey-glass", tau=10.0), CYCLE, "Farmer (1982): cycle from 4.53 to 13.3"),
    Case("mackey-glass 14", _of("mackey-glass", tau=14.0), CYCLE, "Farmer (1982): doublings from 13.3 to 16.8"),
    Case("mackey-glass 17", _of("mackey-glass", tau=17.0), CHAOS, "Farmer (1982): chaos at 17, one positive exponent"),
)

NEURONS = (
    Case("fitzhugh-nagumo 0", _of("fitzhugh-nagumo", I=0.0), FIXED, "below the Hopf point at 0.3313", quick=True),
    Case("fitzhugh-nagumo 0.5", _of("fitzhugh-nagumo", I=0.5), CYCLE, "between the Hopf points", quick=True),
    Case("fitzhugh-nagumo 1.5", _of("fitzhugh-nagumo", I=1.5), FIXED, "above the Hopf point at 1.4187"),
    Case("hodgkin-huxley 0", _of("hodgkin-huxley", I=0.0), FIXED, "rest"),
    Case("hodgkin-huxley 8", _of("hodgkin-huxley", I=8.0), MANY, _HASSARD, {"fixed point": 1, "limit cycle": 1}),
    Case("hodgkin-huxley 10", _of("hodgkin-huxley", I=10.0), CYCLE, _HASSARD),
    Case("hodgkin-huxley 160", _of("hodgkin-huxley", I=160.0), FIXED, "above the Hopf point at 154.5"),
    Case("lif 1.4", _of("leaky-integrate-and-fire", I=1.4), FIXED, "R I < V_th - E_L", quick=True),
    Case("lif 1.6", _of("leaky-integrate-and-fire", I=1.6), CYCLE, "R I > V_th - E_L", quick=True),
    Case("izhikevich 0", _of("izhikevich", I=0.0), FIXED, "rest at -70, where v' and w' vanish"),
    Case("izhikevich 10", _of("izhikevich", I=10.0), CYCLE, "no fixed point for I > 4: regular spiking"),
    Case("izhikevich CH", lambda: Izhikevich.preset("CH"), CYCLE, "chattering (2003)", attributes=("bursting",)),
    Case("theta -1", lambda: ThetaNeuron(I=-1.0), FIXED, "saddle-node on the circle at I = 0", quick=True),
    Case("theta 1", lambda: ThetaNeuron(I=1.0), CYCLE, "saddle-node on the circle at I = 0", quick=True),
)

_GOLDEN = (np.sqrt(5.0) - 1) / 2
_SPREAD = jnp.array([1.0, 1.2, 0.9, 1.4])
_FIGHT = jnp.array([[0.0, -1.0], [-1.0, 0.0]])


def _rates(g: float) -> RateNetwork:
    return RateNetwork.draw(n=100, g=g, key=jax.random.key(0))


NETWORKS = (
    Case(
        "graded-hopfield 0.5", lambda: GradedHopfield.from_patterns(_patterns(2, 16), beta=0.5), FIXED, "gain below 1"
    ),
    Case(
        "graded-hopfield 4", lambda: GradedHopfield.from_patterns(_patterns(2, 16), beta=4.0), MANY, "Hopfield (1984)"
    ),
    Case("hopfield", lambda: Hopfield.from_patterns(_patterns(2, 16)), MANY, "patterns and their mirror images"),
    Case(
        "synchronous-hopfield",
        lambda: SynchronousHopfield(_FIGHT, jnp.zeros(2)),
        MANY,
        "(+, -) and (-, +) stay, (+, +) and (-, -) alternate",
        attractors={"fixed point": 2, "periodic": 1},
        quick=True,
    ),
    Case("kuramoto free", lambda: Kuramoto(jnp.array([1.0, _GOLDEN, -0.3]), 0.1), ("torus",), "three turning phases"),
    Case("kuramoto locked", lambda: Kuramoto(_SPREAD, 3.0), CYCLE, "all turn at the mean frequency"),
    Case("kuramoto ring", lambda: Kuramoto(_SPREAD - 1.125, 3.0), ("ring attractor",), "locked; any shift rests too"),
    Case("rate-network 0.5", lambda: _rates(0.5), FIXED, "Sompolinsky et al. (1988): rest below g = 1"),
    Case("rate-network 4", lambda: _rates(4.0), CHAOTIC, "Sompolinsky et al. (1988): chaos for large g"),
)


def _draw(cell: Any, gain: float, n: int = 32, **more: Any) -> Callable[[], AbstractSystem]:
    return lambda: cell.draw(n=n, inputs=1, gain=gain, key=jax.random.key(1), **more)


# Gains at which all of 48 random starts are chaotic (or all at rest); in between, several attractors coexist.
ARTIFICIAL = (
    Case("rnn 0.5", _draw(RNN, 0.5), FIXED, "computed apart: exponent -0.54"),
    Case("rnn 3", _draw(RNN, 3.0, 64), CHAOTIC, "computed apart: exponent 0.28"),
    Case("rnn relu 3", _draw(RNN, 3.0, nonlinearity="relu"), LOST, "homogeneous: grows by a factor in every step"),
    Case("rnn 0.5 driven", _draw(RNN, 0.5), ("contracting",), "computed apart: exponent -1.0", inputs=_noise(1.0)),
    Case("rnn 3 driven", _draw(RNN, 3.0, 64), CHAOS, "computed apart: exponent 0.28", inputs=_noise(0.1)),
    Case("gru 0.5", _draw(GRU, 0.5), FIXED, "computed apart: exponent -0.48"),
    Case("gru 5", _draw(GRU, 5.0, 128), CHAOTIC, "computed apart: exponents 0.07 to 0.12"),
    Case("gru 0.5 driven", _draw(GRU, 0.5), ("contracting",), "computed apart: exponent -0.52", inputs=_noise(1.0)),
    Case("gru 6 driven", _draw(GRU, 6.0, 64), CHAOS, "computed apart: exponents 0.20 to 0.24", inputs=_noise(0.5)),
    Case("lstm 0.5", _draw(LSTM, 0.5), FIXED, "computed apart: exponent -0.48"),
    Case("lstm 8", _draw(LSTM, 8.0), CHAOTIC, "computed apart: exponents 0.034 to 0.046"),
    Case("lstm 0.5 driven", _draw(LSTM, 0.5), ("contracting",), "computed apart: exponent -0.54", inputs=_noise(1.0)),
    Case("lstm 8 driven", _draw(LSTM, 8.0, 64), CHAOS, "computed apart: exponents 0.26 to 0.29", inputs=_noise(0.5)),
)

BATTERY = (*CANONICAL, *NEURONS, *NETWORKS, *ARTIFICIAL)
