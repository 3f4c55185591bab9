"""Speed of basins: the magnetic pendulum against a loop compiled by numba, and Thomas' system in three dimensions.

    python benchmarks/speed_basins.py --peer PYTHON [--cells 300] [--thomas 251]

PYTHON is the interpreter of an environment with numba and `pynamicalsys`. The loop and ours take the same RK4 step and
stop at the same distance from the same magnets; the loop runs on as many threads as there are cores. The
`basin_of_attraction` of `pynamicalsys` runs every start for a fixed time, here as long as the slowest hundredth of ours
needs, with the same step, and clusters the mean of 10 samples after that. Wall seconds without compilation and peak
memory go to `results/speed_basins.json`. Thomas' system stops early on entering known cells.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

import dynascope as ds
from dynascope.analysis.basins import Grid, basins

RESULTS = Path(__file__).parent / "results" / "speed_basins.json"

LOOP = """
import json, sys, time
import numpy as np
from numba import njit, prange

MAGNETS = np.array([[-0.5, 0.8660254037844386], [-0.5, -0.8660254037844386], [1.0, 0.0]])

@njit(inline="always")
def slope(x, y, u, v):
    a, b = -0.64 * x - 0.2 * u, -0.64 * y - 0.2 * v
    for i in range(3):
        p, q = x - MAGNETS[i, 0], y - MAGNETS[i, 1]
        s = p * p + q * q + 0.04
        k = 1.0 / (s * np.sqrt(s))
        a -= k * p
        b -= k * q
    return u, v, a, b

@njit(parallel=True)
def basins(n, rests, radius, h, most):
    out = np.empty((n, n), np.int32)
    for i in prange(n):
        for j in range(n):
            x, y, u, v = -2 + 4 * (i + 0.5) / n, -2 + 4 * (j + 0.5) / n, 0.0, 0.0
            label = -2
            for k in range(most):
                a1, b1, c1, d1 = slope(x, y, u, v)
                a2, b2, c2, d2 = slope(x + h/2*a1, y + h/2*b1, u + h/2*c1, v + h/2*d1)
                a3, b3, c3, d3 = slope(x + h/2*a2, y + h/2*b2, u + h/2*c2, v + h/2*d2)
                a4, b4, c4, d4 = slope(x + h*a3, y + h*b3, u + h*c3, v + h*d3)
                x += h/6*(a1 + 2*a2 + 2*a3 + a4); y += h/6*(b1 + 2*b2 + 2*b3 + b4)
                u += h/6*(c1 + 2*c2 + 2*c3 + c4); v += h/6*(d1 + 2*d2 + 2*d3 + d4)
                if k % 8 == 7:
                    for m in range(3):
                        p, q = (x - rests[m, 0]) / rests[m, 2], (y - rests[m, 1]) / rests[m, 3]
                        w, z = u / rests[m, 4], v / rests[m, 5]
                        if p*p + q*q + w*w + z*z < radius[m]**2:
                            label = m
                    if label >= 0:
                        break
            out[i, j] = label
    return out

given = json.loads(sys.stdin.read())
rests, radius = np.array(given["rests"]), np.array(given["radius"])
basins(4, rests, radius, 0.01, 100_000)
began = time.perf_counter()
labels = basins(given["cells"], rests, radius, 0.01, 100_000)
print(json.dumps({"seconds": time.perf_counter() - began, "labels": labels.ravel().tolist()}))
"""

#: What `pynamicalsys` is asked; it compiles at its first call.
PACKAGE = """
import json, sys, time
import numpy as np
from numba import njit
from pynamicalsys import ContinuousDynamicalSystem

@njit
def field(time, s, parameters):
    x, y, u, v = s
    a, b = -0.64 * x - 0.2 * u, -0.64 * y - 0.2 * v
    for p, q in ((-0.5, 0.8660254037844386), (-0.5, -0.8660254037844386), (1.0, 0.0)):
        r = (x - p) ** 2 + (y - q) ** 2 + 0.04
        k = 1.0 / (r * np.sqrt(r))
        a -= k * (x - p)
        b -= k * (y - q)
    return np.array([u, v, a, b])

given = json.loads(sys.stdin.read())
system = ContinuousDynamicalSystem(equations_of_motion=field, system_dimension=4, number_of_parameters=0)
system.integrator("rk4", time_step=0.01)
def run(n):
    ticks = -2 + 4 * (np.arange(n) + 0.5) / n
    x, y = np.meshgrid(ticks, ticks, indexing="ij")
    u = np.stack([x.ravel(), y.ravel(), 0 * x.ravel(), 0 * x.ravel()], axis=1)
    return system.basin_of_attraction(
        u, 10, transient_time=given["time"], map_type="SM", sampling_time=0.5, eps=0.05
    )
run(4)
began = time.perf_counter()
labels = run(given["cells"])
print(json.dumps({"seconds": time.perf_counter() - began, "labels": np.asarray(labels).ravel().tolist()}))
"""


def pendulum(cells: int, peer: str) -> dict[str, float]:
    """Seconds of ours (twice: with and without compilation) and of the loop, and the share of equal labels."""
    system, grid = ds.build("magnetic-pendulum"), Grid([-2, -2, 0, 0], [2, 2, 0, 0], (cells, cells))
    began = time.perf_counter()
    found = basins(system, grid)
    first = time.perf_counter() - began
    began = time.perf_counter()
    found = basins(system, grid)
    ours = time.perf_counter() - began
    places = np.array([a.states[0] for a in found.known])
    # A watched coordinate is a component over its size in the ensemble.
    inverse = np.array([np.abs(a.points[0][:2] / a.states[0][:2]).max() for a in found.known])
    sizes = np.full((len(places), 4), 1 / inverse.max())
    asked = {
        "rests": np.concatenate([places[:, :2], sizes], axis=1).tolist(),
        "radius": [a.radius for a in found.known],
        "cells": cells,
    }
    done = subprocess.run([peer, "-c", LOOP], input=json.dumps(asked), capture_output=True, text=True, check=True)
    loop = json.loads(done.stdout)
    same = float(np.mean(np.array(loop["labels"]) == found.labels))
    asked = {"cells": cells, "time": float(np.quantile(found.times, 0.99))}
    done = subprocess.run([peer, "-c", PACKAGE], input=json.dumps(asked), capture_output=True, text=True, check=True)
    package = json.loads(done.stdout)
    return {
        "cells": cells,
        "first": first,
        "ours": ours,
        "loop": loop["seconds"],
        "times faster": loop["seconds"] / ours,
        "same labels": same,
        "pynamicalsys": package["seconds"],
        "times faster than pynamicalsys": package["seconds"] / ours,
        "same labels as pynamicalsys": _agreement(np.array(package["labels"]), found.labels),
    }


def _agreement(theirs: np.ndarray, ours: np.ndarray) -> float:
    """Share of starts on which both agree, their labels named by the most frequent of ours among them."""
    agree = 0
    for label in np.unique(theirs):
        _, counts = np.unique(ours[theirs == label], return_counts=True)
        agree += int(counts.max())
    return agree / len(ours)


def thomas(cells: int) -> dict[str, float]:
    """Seconds for the basins of Thomas' system on a cube of cells, and the peak memory of the process."""
    system = ds.build("thomas", b=0.1665)
    began = time.perf_counter()
    found = basins(system, Grid([-4] * 3, [4] * 3, (cells,) * 3))
    return {
        "cells": cells,
        "seconds": time.perf_counter() - began,
        "attractors": len(found),
        "undecided": float(np.mean(found.labels == -2)),
        "peak GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", default="", help="Python with numba; without it the pendulum is left out.")
    parser.add_argument("--cells", type=int, default=300)
    parser.add_argument("--thomas", type=int, default=251, help="Cells along each side; 0 leaves it out.")
    chosen = parser.parse_args()
    done: dict[str, Any] = {"cores": os.cpu_count()}
    if chosen.peer:
        done["pendulum"] = pendulum(chosen.cells, chosen.peer)
    if chosen.thomas:
        done["thomas"] = thomas(chosen.thomas)
    print(json.dumps(done, indent=1))
    RESULTS.write_text(json.dumps(done, indent=1) + "\n")


if __name__ == "__main__":
    main()
