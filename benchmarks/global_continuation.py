"""Attractors and their shares along a parameter: seconds for 66 values of 1000 starts each, and pictures.

    python benchmarks/global_continuation.py [henon] [species] [pictures]

`henon` is the Hénon map from a = 1.2 to 1.4, `species` three species that compete, both from nothing, compilation
included. Prints a table and writes `results/global_continuation.json`; `pictures` draws those of `docs/basins.md`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.analysis.continuation import GlobalContinuation, global_continuation
from dynascope.plots import plot

RESULTS = Path(__file__).parent / "results" / "global_continuation.json"
IMAGES = Path(__file__).parents[1] / "docs" / "images"


def box(low: Any, high: Any) -> ds.Box:
    return ds.Box(jnp.array(low, float), jnp.array(high, float))


def henon(values: np.ndarray) -> GlobalContinuation:
    return global_continuation(ds.build("henon"), "a", values, region=box([-2, -2], [2, 2]), starts=1000)


def species(values: np.ndarray) -> GlobalContinuation:
    """Growth of each, less its own density and `c` times those of the two others."""
    system = ds.flow(
        lambda _, y, p: y * (1 - y - p["c"] * (jnp.sum(y) - y)), [0.3, 0.4, 0.5], parameters={"c": 0.8}, names="x y z"
    )
    return global_continuation(system, "p.c", values, region=box([0.01] * 3, [1.5] * 3), starts=1000)


def timed(name: str) -> dict[str, Any]:
    run, low, high = {"henon": (henon, 1.2, 1.4), "species": (species, 0.7, 1.4)}[name]
    values = np.linspace(low, high, 66)
    load = os.getloadavg()[0]
    began, worked = time.perf_counter(), time.process_time()
    found = run(values)
    first, cpu = time.perf_counter() - began, time.process_time() - worked
    began = time.perf_counter()
    run(values)
    return {
        "seconds": round(first, 1),
        "processor_seconds": round(cpu, 1),
        "seconds_again": round(time.perf_counter() - began, 1),
        "load_before": round(load, 2),
        "cores": os.cpu_count(),
        "attractors": len(found),
        "largest_error": float(found.stderr.max()),
        "undecided": float(found.undecided.max()),
        "summary": found.summary(),
    }


def pictures() -> None:
    """The Hénon map, and a neuron at whose onset rest and firing coexist."""
    values = np.linspace(0.2, 1.45, 126)
    diagram = ds.bifurcations(ds.build("henon"), "a", 0.2, 1.45)
    plot(henon(values), diagram=diagram).savefig(IMAGES / "continuation-henon.png", dpi=110)
    neuron = ds.build("hodgkin-huxley")
    found = global_continuation(neuron, "I", np.linspace(5.0, 12.0, 15), starts=200)
    diagram = ds.bifurcations(neuron, "I", 5.0, 12.0)
    plot(found, diagram=diagram).savefig(IMAGES / "continuation-hodgkin-huxley.png", dpi=110)


def main() -> None:
    done = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in sys.argv[1:] or ("henon", "species", "pictures"):
        if name == "pictures":
            pictures()
            continue
        done[name] = timed(name)
        print(f"{name}: {done[name]['seconds']} s, {done[name]['seconds_again']} s again\n{done[name]['summary']}")
        RESULTS.write_text(json.dumps(done, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
