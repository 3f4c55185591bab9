"""Networks of spiking and rate maps as Cessac (2010) reviews them: what was computed, beside what is claimed.

Run: python benchmarks/cessac.py [PART ...]

Parts: `diagram` (death, exact cycles and their distance to the threshold over leak and strength of the weights),
`response` (linear response by products of Jacobians and by kicks), `learning` (Hebbian learning with forgetting),
`gibbs` (fits recover rates and correlations). Without arguments all run. Numbers go to results/cessac.json, pictures to
docs/images.
"""

import json
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import rankdata

import dynascope as ds
from dynascope.analysis.response import Kicks, effective_connectivity, learning_course, linear_response
from dynascope.analysis.spikes import (
    CompleteConnections,
    MaximumEntropy,
    markov_terms,
    maximum_entropy,
    rates_and_correlations,
)
from dynascope.analysis.threshold import perturbed_rasters, threshold_diagram, threshold_distance
from dynascope.models import BMS, HebbianForgetting, RateMap

HERE = Path(__file__).parent
RESULTS, IMAGES = HERE / "results" / "cessac.json", HERE.parent / "docs" / "images"
GAMMAS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
STRENGTHS = (1.0, 1.5, 2.0, 2.25, 2.5, 2.75, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 12.0)


def network(key: jax.Array) -> BMS:
    """Fifty neurons with Gaussian weights and no input."""
    return BMS.draw(n=50, key=key)


def diagram() -> dict:
    """Shares over leak and strength, and what small changes do to every cycle found at C = 8."""
    found = threshold_diagram(network, {"gamma": GAMMAS, "C": STRENGTHS}, draws=20, longest=20_000)
    ds.plot(found).savefig(IMAGES / "threshold-diagram.png", dpi=130)
    cycles = (found.rates > 0) & (found.periods > 0)
    periods, distances = found.periods[cycles], found.distances[cycles]
    weak, strong = STRENGTHS.index(1.0), STRENGTHS.index(8.0)
    orbits, below, aimed = 0, 0.0, 0
    for i in range(20):
        of_network, of_start = jax.random.split(jax.random.fold_in(jax.random.key(0), i))
        one = network(of_network)
        attractor = threshold_distance(one, starts=2, longest=12_000, key=of_start)
        if not attractor.periodic.any():
            continue
        tried = perturbed_rasters(one, attractor, (0.5, 0.999, 1.001), trials=20)
        alive = attractor.periodic[tried.orbits]
        orbits += int(alive.sum())
        below += float(tried.random[:, :2].sum() + tried.aimed[:, :2].sum())
        aimed += int(tried.aimed[alive, 2].sum())
    return {
        "units": 50,
        "draws": 20,
        "longest": 20_000,
        "gamma": GAMMAS,
        "C": STRENGTHS,
        "dead": found.dead.tolist(),
        "no_period": found.irregular.tolist(),
        "dead_at_C_1": float(found.dead[:, weak].min()),
        "dead_at_C_8_largest": float(found.dead[:, strong].max()),
        "dead_at_C_8_by_gamma": found.dead[:, strong].tolist(),
        "no_period_at_C_8_by_gamma": found.irregular[:, strong].tolist(),
        "cycles": int(cycles.sum()),
        "smallest_distance_of_a_cycle": float(distances.min()),
        "longest_period": int(periods.max()),
        "rank_correlation_of_period_and_distance": float(np.corrcoef(rankdata(periods), rankdata(distances))[0, 1]),
        "perturbed": {"orbits": orbits, "changed_below_the_distance": below, "changed_by_aim_at_1.001": aimed},
    }


def response() -> dict:
    """Nine chaotic neurons: products of Jacobians against kicks on other orbits, lag by lag; gains against weights."""
    net = RateMap.draw(n=9, g=3.0, C=1.5, key=jax.random.key(11))
    exponent = ds.lyapunov_spectrum(net, k=1)
    products = linear_response(net, samples=400_000, lags=8)
    kicks = linear_response(net, samples=400_000, lags=8, method=Kicks(1e-2), key=jax.random.key(7))
    rows = []
    for tau in range(1, 9):
        apart, size = products.chi[tau] - kicks.chi[tau], float(np.linalg.norm(products.chi[tau]))
        errors = np.hypot(products.stderr[tau], kicks.stderr[tau])
        rows.append(
            {
                "lag": tau,
                "norm": size,
                "apart": float(np.linalg.norm(apart)) / size,
                "apart_in_errors": float(np.sqrt(np.mean((apart / errors) ** 2))),
            }
        )
    effective = effective_connectivity(products, net.W)
    ds.plot(effective).savefig(IMAGES / "response-effective.png", dpi=130)
    return {
        "largest_exponent": float(exponent.exponents[0]),
        "lags": rows,
        "agreement_with_weights": [float(effective.agreement.min()), float(effective.agreement.max())],
        "agreement_stderr": float(effective.agreement_stderr.max()),
    }


def learning() -> dict:
    """Five networks of 100 neurons that learn a weak pattern: where chaos ends, and where the response peaks."""
    i = np.arange(100)
    pattern = 0.01 * np.sin(2 * np.pi * i / 100) * np.cos(8 * np.pi * i / 100)
    rows = []
    for seed in range(5):
        net = RateMap.draw(n=100, xi=pattern, C=1.5, rest=0.5, balanced=True, key=jax.random.key(seed))
        course = learning_course(
            net, HebbianForgetting(), without=lambda m: m.replace(xi=jnp.zeros(100)), epochs=24, steps=16_000
        )
        if seed == 0:
            ds.plot(course).savefig(IMAGES / "response-learning.png", dpi=130)
        rows.append(
            {
                "seed": seed,
                "first_exponent": float(course.exponents[0]),
                "crossing": course.crossing,
                "peak": course.peak,
                "response_first": float(course.responses[0]),
                "response_peak": float(course.responses[course.peak]),
                "response_last": float(course.responses[-1]),
            }
        )
    return {"networks": rows, "farthest_peak": max(abs(row["peak"] - row["crossing"]) for row in rows)}


def gibbs_fits() -> dict:
    """Fits to rasters of noisy integrate-and-fire chains: exact rates and correlations, and a fresh raster."""
    rows = []
    off = ~np.eye(5, dtype=bool)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        weights = 0.8 * rng.normal(size=(5, 5)) / np.sqrt(5)
        chain = CompleteConnections(weights, 0.4 * np.ones(5), gamma=0.5, sigma=0.5)
        raster, fresh = (chain.draw(200_000, seed=2 * seed + k) for k in (0, 1))
        fit = maximum_entropy(raster, markov_terms(5, length=2))
        rates, pairs = exact_pairs(fit)
        seen, fresh_seen = rates_and_correlations(raster), rates_and_correlations(fresh)
        scatter = np.concatenate(
            [
                (rates - fresh_seen[0].value) / (np.sqrt(2) * fresh_seen[0].stderr),
                ((pairs - fresh_seen[1].value) / (np.sqrt(2) * fresh_seen[1].stderr))[np.triu(off)],
            ]
        )
        rows.append(
            {
                "seed": seed,
                "rates_off": float(np.max(np.abs(rates - seen[0].value) / seen[0].value)),
                "pairs_off_in_errors": float(np.max((np.abs(pairs - seen[1].value) / seen[1].stderr)[off])),
                "largest_correlation": float(np.max(np.abs(seen[1].value[off]))),
                "fresh_raster_in_errors": float(np.sqrt(np.mean(scatter**2))),
            }
        )
    return {"bins": 200_000, "units": 5, "rasters": rows}


def exact_pairs(fit: MaximumEntropy) -> tuple[np.ndarray, np.ndarray]:
    """Rates and correlations of pairs in one bin under a fitted model, from its averages."""
    mean = dict(zip(fit.terms.monomials, fit.averages, strict=True))
    n = fit.terms.units
    joint = np.zeros((n, n))
    for monomial, value in mean.items():
        units, bins = [u for u, _ in monomial], {b for _, b in monomial}
        if len(bins) == 1:
            joint[units[0], units[-1]] = joint[units[-1], units[0]] = value
    rates = np.diagonal(joint)
    spread = np.sqrt(rates * (1 - rates))
    return rates, (joint - np.outer(rates, rates)) / np.outer(spread, spread)


PARTS = {"diagram": diagram, "response": response, "learning": learning, "gibbs": gibbs_fits}


def main() -> None:
    names = sys.argv[1:] or list(PARTS)
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names:
        start = time.process_time()
        rows[name] = PARTS[name]() | {"cpu_seconds": 0.0}
        rows[name]["cpu_seconds"] = round(time.process_time() - start, 1)
        print(name, json.dumps(rows[name]), flush=True)
        RESULTS.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
