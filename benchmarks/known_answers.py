"""Known answers: what the analyses say of systems whose numbers are in the literature, and how long it takes.

Run: python benchmarks/known_answers.py

Each line is a quantity, the reference, what came out with its standard error, and whether the difference is within the
error budget: |ours - reference| <= 3 sqrt(stderr^2 + rounding of the reference^2). Times are CPU seconds of one process
with compilation. Results go to results/known_answers.json.
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.analysis.rhythm import returns
from dynascope.solve import RK4, LocatedEvents

RESULTS = Path(__file__).parent / "results" / "known_answers.json"


class Table:
    """Collects rows and prints them."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, name: str, reference: float, value: float, stderr: float, rounding: float, seconds: float) -> None:
        """One number against its reference, which is known to half of its last digit, `rounding`."""
        good = abs(value - reference) <= 3 * math.hypot(stderr, rounding)
        self.rows.append(
            {
                "quantity": name,
                "reference": reference,
                "value": value,
                "stderr": stderr,
                "within": bool(good),
                "cpu_seconds": round(seconds, 2),
            }
        )
        judged = "ok" if good else "MISS"
        print(f"{name:44s} {reference:12.6g} {value:14.8g} +- {stderr:8.2g} {judged:5s} {seconds:6.1f} s")


def spectra(table: Table) -> None:
    """Lorenz, Roessler and Henon: exponents with a standard error of one percent of the largest, and sum rules."""
    cases = (
        ("lorenz", {"solver": RK4(0.0025)}, (0.9056, 0.0, -14.5723), -41 / 3, 1e-6),
        ("roessler", {}, (0.0714, 0.0, -5.3943), None, 0.0),
        ("henon", {}, (0.419, -1.623), math.log(0.3), 1e-9),
    )
    for name, options, reference, total, tolerance in cases:
        start = time.process_time()
        found = ds.lyapunov_spectrum(ds.build(name), rtol=0.01, **options)
        seconds = time.process_time() - start
        for i, value in enumerate(reference):
            rounding = 0.5 * 10.0 ** -len(f"{value}".split(".")[1]) if value else 0.0
            # A zero exponent of a flow is approached as 1 / T.
            bias = 1 / found.settings["duration"] if not value else 0.0
            table.add(f"{name} exponent {i + 1}", value, found.exponents[i], found.stderr[i], rounding + bias, seconds)
        if total is not None:
            table.add(f"{name} sum of exponents", total, float(found.exponents.sum()), 0.0, tolerance / 3, seconds)


def neurons(table: Table) -> None:
    """Hodgkin-Huxley period and rest, and the interspike interval of the leaky integrate-and-fire neuron."""
    start = time.process_time()
    cycle = returns(ds.build("hodgkin-huxley", I=10.0))
    seconds = time.process_time() - start
    table.add("hodgkin-huxley period at I = 10 (ms)", 14.636, cycle.period, cycle.period_stderr, 5e-4, seconds)
    start = time.process_time()
    rest = ds.fixed_points(ds.build("hodgkin-huxley", I=0.0))
    seconds = time.process_time() - start
    voltage, error = float(rest.states[0, 0]), float(rest.errors[0])
    table.add("hodgkin-huxley rest at I = 0 (mV)", -64.996, voltage, error, 5e-4, seconds)
    neuron: Any = ds.build("leaky-integrate-and-fire")
    start = time.process_time()
    step = neuron.typical_step()
    run = ds.trajectory(neuron, None, jnp.array([0.0, 500.0]), solver=LocatedEvents(RK4(step)))
    seconds = time.process_time() - start
    drive = float(neuron.R * neuron.I + neuron.E_L)
    exact = float(neuron.tau) * math.log((drive - float(neuron.V_reset)) / (drive - float(neuron.V_th)))
    assert run.events is not None
    intervals = np.diff(run.events.of(0))
    worst = float(intervals[np.argmax(np.abs(intervals - exact))])
    table.add("integrate-and-fire interval, worst (ms)", exact, worst, 0.0, 1e-9 / 3, seconds)


def bistability() -> list[dict[str, Any]]:
    """Hodgkin-Huxley between rest and firing: what 64 random starts find."""
    rows = []
    for current in (0.0, 6.0, 6.4, 7.0, 8.0, 9.0, 9.6, 10.0, 20.0):
        found = ds.regime_of(ds.build("hodgkin-huxley", I=current))
        regimes = sorted({a.verdict.regime for a in found.attractors})
        shares = {a.verdict.regime: a.share for a in found.attractors}
        rows.append({"I": current, "verdict": found.verdict.regime, "attractors": regimes, "shares": shares})
        print(f"hodgkin-huxley I = {current:4.1f}: {found.verdict.regime:14s} {shares}")
    return rows


def main() -> None:
    """Measure, print and write."""
    table = Table()
    spectra(table)
    neurons(table)
    regimes = bistability()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"numbers": table.rows, "hodgkin-huxley": regimes}, indent=1))


if __name__ == "__main__":
    main()
