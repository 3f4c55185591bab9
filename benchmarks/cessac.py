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
import numpy as np
from scipy.stats import rankdata

import dynascope as ds
from dynascope.analysis.threshold import perturbed_rasters, threshold_diagram, threshold_distance
from dynascope.models import BMS

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


PARTS = {"diagram": diagram}


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
