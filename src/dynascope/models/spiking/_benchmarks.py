"""The published networks that simulators are compared by, as populations and projections."""

from __future__ import annotations

from typing import Any

from ._building import Population, Projection
from ._cells import LeakyCells
from ._patterns import FixedInDegree, FixedProbability
from ._quantity import NormalDraw, UniformDraw
from ._receptors import ConductanceReceptor, CurrentReceptor, DeltaReceptor
from ._sources import PoissonInput
from ._traub_miles import TraubMilesCells

#: Synapses per neuron of the benchmarks of Brette et al. (2007): 2 % of 4000.
_DEGREE = 80


def _recurrent(n: int, excitation: float, inhibition: float) -> list[Projection]:
    p = FixedProbability(min(1.0, _DEGREE / n), loops=True)
    return [
        Projection(pre, post, p, receptor, weight=weight)
        for pre, receptor, weight in (("E", "exc", excitation), ("I", "inh", inhibition))
        for post in ("E", "I")
    ]


def cuba_parts(n: int) -> tuple[list[Population], list[Projection], list[Any]]:
    """Current-based leaky neurons: 60 mV * 0.27 / 10 and -20 mV * 4.5 / 10 per spike."""
    cells = LeakyCells(
        (CurrentReceptor("exc", tau=5.0), CurrentReceptor("inh", tau=10.0)),
        tau=20.0,
        E_L=-49.0,
        V_th=-50.0,
        V_reset=-60.0,
        refractory=5.0,
    )
    start = {"V": UniformDraw(-60.0, -50.0)}
    populations = [Population("E", 4 * n // 5, cells, start), Population("I", n - 4 * n // 5, cells, start)]
    return populations, _recurrent(n, 1.62, -9.0), []


def cobahh_parts(n: int) -> tuple[list[Population], list[Projection], list[Any]]:
    """Neurons of Traub and Miles: 6 nS and 67 nS per spike."""
    cells = TraubMilesCells(
        (ConductanceReceptor("exc", tau=5.0, E=0.0), ConductanceReceptor("inh", tau=10.0, E=-80.0)),
    )
    start = {
        "V": NormalDraw(-65.0, 5.0),
        "m": 0.0,
        "h": 0.0,
        "n": 0.0,
        "exc": NormalDraw(40.0, 15.0),
        "inh": NormalDraw(200.0, 120.0),
    }
    populations = [Population("E", 4 * n // 5, cells, start), Population("I", n - 4 * n // 5, cells, start)]
    return populations, _recurrent(n, 6.0, 67.0), []


def brunel_parts(
    n: int, *, g: float = 5.0, eta: float = 2.0, J: float = 0.1, delay: float = 1.5
) -> tuple[list[Population], list[Projection], list[Any]]:
    """Leaky neurons with kicks of `J` and `-g J` from a tenth of all others, and Poisson kicks from outside."""
    tau, threshold = 20.0, 20.0
    cells = LeakyCells(
        (DeltaReceptor("exc"), DeltaReceptor("inh")),
        tau=tau,
        E_L=0.0,
        V_th=threshold,
        V_reset=10.0,
        refractory=2.0,
    )
    excitatory = 4 * n // 5
    sizes = {"E": excitatory, "I": n - excitatory}
    degrees = {name: max(1, size // 10) for name, size in sizes.items()}
    populations = [Population(name, size, cells, {"V": UniformDraw(0.0, threshold)}) for name, size in sizes.items()]
    projections = [
        Projection(pre, post, FixedInDegree(degrees[pre]), receptor, weight=weight, delay=delay)
        for pre, receptor, weight in (("E", "exc", J), ("I", "inh", -g * J))
        for post in sizes
    ]
    # The rate at which kicks of J hold the mean potential at threshold: J tau rate = threshold.
    rate = 1e3 * eta * threshold / (J * tau)
    return populations, projections, [PoissonInput(name, "exc", rate=rate, weight=J) for name in sizes]
