"""Do standard errors of Lyapunov exponents mean what they say?

Two hundred short runs of each system start at random on its attractor. The true value is that of one long run. Where
errors are honest, it lies within two of them in 90 to 99 of a hundred runs. A run of a given length has one shape, so
all share one compiled program.

The exponent of the direction of motion of an autonomous flow is zero whatever the run; its error is bounded instead of
normal and falls as 1/T, so that two errors cover it in up to all runs. The sum of the exponents of the Lorenz and
Henon systems is exact and needs no cover.

    python -m benchmarks.lyapunov_errors
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import dynascope as ds

RUNS = 200
#: Standard errors within which the truth is sought, and the share of runs in which it should lie there.
WITHIN, WANTED = 2.0, (0.90, 0.99)


class Case(NamedTuple):
    """A system with the lengths of its short runs and of the long one."""

    system: Any
    transient: float
    duration: float
    longer: float
    noisy: bool = False


class RandomLogistic(ds.AbstractRandomMap):
    """The logistic map with a parameter drawn anew at every step, uniform in 3.6 to 4."""

    variables = ds.variables("x")

    def initial_state(self) -> jax.Array:
        return jnp.array([0.3])

    def region(self) -> ds.Box:
        return ds.Box(jnp.array([0.1]), jnp.array([0.9]))

    def draw(self, key: Any, n: Any) -> jax.Array:
        del n
        return jax.random.uniform(key, (), minval=3.6, maxval=4.0)

    def step(self, n: Any, y: Any, u: Any, w: Any) -> jax.Array:
        del n, u
        return w * y * (1 - y)


CASES = {
    "lorenz": Case(ds.build("lorenz"), 25.0, 150.0, 20_000.0),
    "roessler": Case(ds.build("roessler"), 100.0, 1000.0, 200_000.0),
    "henon": Case(ds.build("henon"), 500, 5000, 20_000_000),
    "random logistic": Case(RandomLogistic(), 200, 2000, 2_000_000, noisy=True),
}


def short_runs(case: Case, runs: int) -> tuple[np.ndarray, np.ndarray]:
    """Exponents and errors of `runs` runs from random starts, each of shape `(run, exponent)`."""
    box = case.system.region()
    starts = box.sample(jax.random.key(1), runs)
    values, errors = [], []
    for i in range(runs):
        found = ds.lyapunov_spectrum(
            case.system,
            y0=jax.tree.map(lambda leaf, i=i: leaf[i], starts),
            transient=case.transient,
            duration=case.duration,
            key=jax.random.key(i) if case.noisy else None,
            throw=False,
        )
        if found.successful:
            values.append(found.exponents)
            errors.append(found.stderr)
    return np.array(values), np.array(errors)


def coverage(case: Case, runs: int = RUNS) -> dict[str, Any]:
    """How often the value of a long run lies within two standard errors of that of a short one."""
    reference = ds.lyapunov_spectrum(
        case.system, transient=case.transient, duration=case.longer, key=jax.random.key(0) if case.noisy else None
    )
    values, errors = short_runs(case, runs)
    spread = values.std(axis=0, ddof=1)
    inside = np.abs(values - reference.exponents) <= WITHIN * errors
    return {
        "duration": case.duration,
        "runs": len(values),
        "reference": reference.exponents.tolist(),
        "reference_stderr": reference.stderr.tolist(),
        "mean": values.mean(axis=0).tolist(),
        "spread": spread.tolist(),
        "median_stderr_over_spread": (np.median(errors, axis=0) / spread).tolist(),
        "coverage": inside.mean(axis=0).tolist(),
    }


def main() -> None:
    """Print the shares and write them to `benchmarks/results/lyapunov_errors.json`."""
    found = {}
    for name, case in CASES.items():
        begun = time.process_time()
        found[name] = coverage(case)
        row = found[name]
        shares = ", ".join(f"{100 * c:.1f} %" for c in row["coverage"])
        sizes = ", ".join(f"{r:.2f}" for r in row["median_stderr_over_spread"])
        print(f"{name}: covered {shares}; error over spread {sizes}; {time.process_time() - begun:.0f} s")
    target = Path(__file__).parent / "results" / "lyapunov_errors.json"
    target.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
