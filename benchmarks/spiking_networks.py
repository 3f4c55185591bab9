"""Networks of spiking neurons against published figures and theory.

    python benchmarks/spiking_networks.py [--seeds 3]

- The current-based and the Hodgkin-Huxley benchmark of Brette et al. (2007), 4000 neurons: mean rate, and mean
  coefficient of variation of the intervals over neurons with three spikes at least. The figures compared with are those
  that Brian2 gives; ours are means over networks, with their standard error.
- Leaky neurons in white noise: the rate at three steps, the line through them against the root of the step, and its
  value at step nil against the formula of Siegert.

Results go to `results/spiking_networks.json`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dynascope.analysis.spikes import firing_statistics, siegert_rate
from dynascope.models.spiking import (
    LeakyCells,
    Population,
    UniformDraw,
    WhiteNoise,
    cobahh_network,
    cuba_network,
    spiking_network,
)
from dynascope.solve import simulate

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "spiking_networks.json"


def mean(values: list[float]) -> dict[str, float]:
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
    return {"value": float(np.mean(values)), "stderr": error}


def benchmark(make: Any, *, seeds: int, duration: float) -> dict[str, Any]:
    """Rates and irregularity, with the transient as the simulators count it: from time 0 on."""
    rates, irregular = [], []
    for seed in range(seeds):
        run = simulate(make(key=jax.random.key(seed)), duration)
        found = firing_statistics(run.trains())
        enough = np.asarray(run.trains().counts) >= 3
        rates.append(float(np.mean(found.rates)))
        irregular.append(float(np.mean(found.cv[enough])))
    return {"simulated_ms": duration, "networks": seeds, "rate_hz": mean(rates), "cv": mean(irregular)}


def noisy(mu: float, sigma: float, *, neurons: int = 2000, duration: float = 1000.0) -> dict[str, Any]:
    """The rate of uncoupled neurons extrapolated to step nil."""
    cells = LeakyCells(drive=mu, tau=10.0, E_L=0.0, V_th=15.0, V_reset=0.0, refractory=2.0)
    steps, rates, errors = (0.2, 0.1, 0.05), [], []
    for dt in steps:
        parts = [Population("a", neurons, cells, {"V": UniformDraw(0.0, 15.0)})]
        network = spiking_network(parts, [], [WhiteNoise("a", sigma)], dt=dt, key=jax.random.key(0))
        run = simulate(network, duration + 100.0, key=jax.random.key(round(1e4 * dt)))
        each = run.trains(start=100.0).counts / duration * 1e3
        rates.append(float(each.mean()))
        errors.append(float(each.std(ddof=1) / np.sqrt(neurons)))
    weights = 1 / np.asarray(errors)
    (_, limit), covariance = np.polyfit(np.sqrt(steps), rates, 1, w=weights, cov="unscaled")
    exact = 1e3 * float(siegert_rate(mu, sigma, tau=10.0, threshold=15.0, reset=0.0, refractory=2.0))
    return {
        "mu": mu, "sigma": sigma, "steps_ms": steps, "rates_hz": rates, "stderrs_hz": errors,
        "at_step_nil_hz": float(limit), "stderr_hz": float(np.sqrt(covariance[1, 1])), "siegert_hz": exact,
        "relative_difference": float(limit / exact - 1),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=["cuba", "cobahh", "siegert"])
    options = parser.parse_args()
    found: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if "cuba" in options.only:
        published = {"published": {"rate": 5.5, "cv": 0.685}}
        found["cuba"] = benchmark(cuba_network, seeds=options.seeds, duration=5000.0) | published
    if "cobahh" in options.only:
        found["cobahh"] = benchmark(cobahh_network, seeds=options.seeds, duration=1000.0) | {
            "published": {"rate": 36.5}
        }
    if "siegert" in options.only:
        found["siegert"] = [noisy(15.0, 1.5**0.5), noisy(13.0, 4.0)]
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
