"""Brunel's (2000) four ways to fire, by `firing_regime`; draws their pictures for `docs/spiking-networks.md`.

    python benchmarks/brunel_states.py [--only A B C D C-large B-large C-shuffled]

- A to D: 12,500 neurons with the parameters of his figure 8.
- C-large, B-large: four times as many neurons with the same number of synapses each. The rate of an asynchronous
  network is steady but for noise that falls with the root of its size; that of a synchronous one keeps its depth.
- C-shuffled: why neurons of state C fire more regularly than white noise would have it: neurons that get the spikes of
  the network, each train shifted at random so that none depends on another, beside neurons that get Poisson spikes of
  the same rates. By the formula of Brunel (2000, appendix) for white noise the latter have a CV of 0.675.

Results go to `results/brunel_states.json`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erfcx

import dynascope as ds
from dynascope.analysis.spikes import firing_regime, firing_statistics, siegert_rate
from dynascope.models.spiking import (
    DeltaReceptor,
    FixedInDegree,
    LeakyCells,
    PoissonInput,
    Population,
    Projection,
    RecordedCells,
    UniformDraw,
    brunel_network,
    spiking_network,
)
from dynascope.solve import simulate

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "brunel_states.json"
IMAGES = HERE.parent / "docs" / "images"

#: Brunel (2000), figure 8: strength of inhibition, rate of the outside relative to threshold, his word; then the length
#: of the run, of what is left out at its beginning, and of the picture of its end, ms.
STATES = {
    "A": (3.0, 2.0, "synchronous regular", 300.0, 100.0, 60.0),
    "B": (6.0, 4.0, "synchronous irregular", 700.0, 200.0, 200.0),
    "C": (5.0, 2.0, "asynchronous irregular", 700.0, 200.0, 200.0),
    "D": (4.5, 0.9, "synchronous irregular", 2700.0, 200.0, 600.0),
}
CELLS = LeakyCells(
    (DeltaReceptor("exc"), DeltaReceptor("inh")), tau=20.0, E_L=0.0, V_th=20.0, V_reset=10.0, refractory=2.0
)
J, TAU, INPUTS = 0.1, 0.02, 1000


def moments(rate: float, g: float, eta: float) -> tuple[float, float]:
    """Mean and strength of the drive that neurons of this rate and the outside make."""
    outside = eta * 20.0 / (J * INPUTS * TAU)
    mu = INPUTS * J * TAU * (outside + rate * (1 - g / 4))
    return mu, J * float(np.sqrt(INPUTS * TAU * (outside + rate * (1 + g * g / 4))))


def white_noise(g: float, eta: float) -> dict[str, float]:
    """Rate and CV of the state without oscillation, if what neurons send were Poisson spikes."""

    def fired(rate: float) -> float:
        mu, sigma = moments(rate, g, eta)
        return float(siegert_rate(mu, sigma, tau=TAU, threshold=20.0, reset=10.0, refractory=0.002))

    rate: Any = brentq(lambda r: fired(r) - r, 1e-3, 499.0)
    mu, sigma = moments(rate, g, eta)
    low, high = (10.0 - mu) / sigma, (20.0 - mu) / sigma
    inner = quad(lambda x: quad(lambda y: np.exp(x * x - y * y) * erfcx(-y) ** 2, -np.inf, x)[0], low, high)[0]
    return {"rate_hz": rate, "cv": float(np.sqrt(2 * np.pi * inner)) * TAU * rate}


def told(run: Any, transient: float) -> dict[str, Any]:
    trains = run.trains(start=transient)
    found = firing_regime(trains)
    return {
        "found": found.verdict.regime,
        "confidence": found.verdict.confidence,
        "rate_hz": float(np.mean(found.statistics.rates)),
        "cv": float(np.mean(found.statistics.cv[trains.counts >= 3])),
        "lv": found.irregularity,
        "coherence": found.coherence,
        "coherence_stderr": found.coherence_stderr,
        "depth": found.synchrony,
        "depth_stderr": found.synchrony_stderr,
        "bin_ms": 1e3 * found.bin,
        "window_ms": [transient, run.stop],
    }


def state(name: str) -> dict[str, Any]:
    g, eta, published, duration, transient, shown = STATES[name]
    run = simulate(brunel_network(g=g, eta=eta, key=jax.random.key(0)), duration, key=jax.random.key(1))
    figure = ds.plot(run, window=(duration - shown, duration), bin=shown / 400)
    figure.savefig(IMAGES / f"brunel-{name.lower()}.png", dpi=140)
    return {"g": g, "eta": eta, "published": published, **told(run, transient), "white_noise": white_noise(g, eta)}


def outside(eta: float, *populations: str) -> list[PoissonInput]:
    return [PoissonInput(name, "exc", rate=1e3 * eta * 20.0 / (J * 20.0), weight=J) for name in populations]


def projections(g: float, targets: tuple[str, ...]) -> list[Projection]:
    return [
        Projection(pre, post, FixedInDegree(degree), receptor, weight=weight, delay=1.5)
        for pre, degree, receptor, weight in (("E", 1000, "exc", J), ("I", 250, "inh", -g * J))
        for post in targets
    ]


def large(name: str) -> dict[str, Any]:
    """Four times as many neurons, with as many synapses each as before."""
    g, eta, published = STATES[name][:3]
    start = {"V": UniformDraw(0.0, 20.0)}
    parts = [Population("E", 40000, CELLS, start), Population("I", 10000, CELLS, start)]
    network = spiking_network(parts, projections(g, ("E", "I")), outside(eta, "E", "I"), key=jax.random.key(0))
    run = simulate(network, 450.0, key=jax.random.key(1))
    return {"g": g, "eta": eta, "neurons": 50000, "published": published, **told(run, 150.0)}


def shuffled() -> dict[str, Any]:
    """CV of neurons that get shifted trains of state C, and of others that get Poisson spikes of the same rates."""
    g, eta, _, duration, transient, _ = STATES["C"]
    run = simulate(brunel_network(g=g, eta=eta, key=jax.random.key(0)), duration, key=jax.random.key(1))
    rng = np.random.default_rng(0)
    length = duration - transient
    count = round(10 * length)
    sources = []
    for name, size in (("E", 10000), ("I", 2500)):
        trains = run.trains(name, start=transient)
        # Counted in steps of 0.1 ms, from 1 to the length of the run.
        steps = [np.round(10 * (1e3 * trains.train(k) - transient)).astype(int) for k in range(size)]
        moved = [0.1 * (1 + np.sort((row + rng.integers(0, count)) % count)) for row in steps]
        again = ds.as_spike_trains(moved, start=0.0, stop=length + 0.1, time_unit="ms")
        sources.append(Population(name, size, RecordedCells.of(again, dt=0.1)))
    rates = [float(run.trains(name, start=transient).counts.mean()) / length * 1e3 for name in ("E", "I")]
    targets = [Population(name, 500, CELLS, {"V": UniformDraw(0.0, 20.0)}) for name in ("shifted", "poisson")]
    drive = [
        *outside(eta, "shifted", "poisson"),
        PoissonInput("poisson", "exc", rate=INPUTS * rates[0], weight=J),
        PoissonInput("poisson", "inh", rate=INPUTS / 4 * rates[1], weight=-g * J),
    ]
    network = spiking_network([*sources, *targets], projections(g, ("shifted",)), drive, key=jax.random.key(2))
    again = simulate(network, length, key=jax.random.key(3))
    found: dict[str, Any] = {"white_noise": white_noise(g, eta)}
    for name in ("shifted", "poisson"):
        numbers = firing_statistics(again.trains(name, start=50.0))
        enough = numbers.counts >= 3
        found[name] = {
            "rate_hz": float(numbers.rates.mean()),
            "cv": float(numbers.cv[enough].mean()),
            "cv_stderr": float(numbers.cv[enough].std(ddof=1) / np.sqrt(enough.sum())),
            "lv": float(np.median(numbers.lv[enough])),
        }
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", default=[*STATES, "C-large", "B-large", "C-shuffled"])
    options = parser.parse_args()
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for one in options.only:
        match one.split("-"):
            case [name]:
                results[one] = state(name)
            case [_, "shuffled"]:
                results[one] = shuffled()
            case [name, _]:
                results[one] = large(name)
        print(one, json.dumps(results[one]), flush=True)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")
