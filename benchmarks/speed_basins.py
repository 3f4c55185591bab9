"""Speed of basins: the magnetic pendulum against a loop compiled by numba, and Thomas' system in three dimensions.

    python benchmarks/speed_basins.py --peer PYTHON [--cells 100 300] [--rounds 5] [--thomas 251]

PYTHON is the interpreter of an environment with numba and `pynamicalsys`. The loop takes the same RK4 step as ours, on
as many threads as there are cores, and stops in balls around the places of rest (of radius 0.05 in units of what the
ensemble covers, from twice which all states return), or in the neighbourhoods that ours found. The
`basin_of_attraction` of `pynamicalsys` runs every start for a fixed time, with the same step, and clusters the means of
10 samples after that; it is asked once, because it takes long.

Rounds are interleaved and warm, the least of each is taken, in wall and processor seconds; the first call of ours,
which compiles or reads compiled programs from the cache, is kept apart. Ours finds the attractors anew in every round;
the loop is told the magnets. Thomas' system, of which three attractors coexist, is timed alone, with `KnownCells`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.analysis.basins import Basins, Grid, KnownCells, basins
from dynascope.analysis.basins._prepared import prepared

RESULTS = Path(__file__).parent / "results" / "speed_basins.json"
#: Radius of the balls of the loop, time after which the package looks, and the largest grid that it is asked for.
BALL, TRANSIENT, MOST_CLUSTERED = 0.05, 28.0, 300

#: The peers, in a process that answers one question per line.
PEERS = """
import json, sys, time
import numpy as np
from numba import njit, prange
from pynamicalsys import ContinuousDynamicalSystem

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
def basins(n, rests, forms, radius, h, most):
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
                        p, q = x - rests[m, 0], y - rests[m, 1]
                        total = 0.0
                        for r in range(4):
                            f = forms[m, r]
                            g = f[0] * p + f[1] * q + f[2] * u + f[3] * v
                            total += g * g
                        if total < radius[m]**2:
                            label = m
                    if label >= 0:
                        break
            out[i, j] = label
    return out

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

system = ContinuousDynamicalSystem(equations_of_motion=field, system_dimension=4, number_of_parameters=0)
system.integrator("rk4", time_step=0.01)

def package(n, time):
    ticks = -2 + 4 * (np.arange(n) + 0.5) / n
    x, y = np.meshgrid(ticks, ticks, indexing="ij")
    u = np.stack([x.ravel(), y.ravel(), 0 * x.ravel(), 0 * x.ravel()], axis=1)
    return system.basin_of_attraction(u, 10, transient_time=time, map_type="SM", sampling_time=0.5, eps=0.05)

def asked(n, given):
    if "time" in given:
        return package(n, given["time"])
    return basins(n, np.array(given["rests"]), np.array(given["forms"]), np.array(given["radius"]), 0.01, 100_000)

for line in sys.stdin:
    given = json.loads(line)
    asked(4, given)
    began, worked = time.perf_counter(), time.process_time()
    labels = asked(given["cells"], given)
    done = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - worked}
    print(json.dumps({**done, "labels": np.asarray(labels).ravel().tolist()}), flush=True)
"""


def pendulum(cells: int, peer: str, rounds: int) -> dict[str, Any]:
    """Seconds of ours (the first time and warm), of the loop and of the package, and the shares of equal labels."""
    system, grid = ds.build("magnetic-pendulum"), Grid([-2, -2, 0, 0], [2, 2, 0, 0], (cells, cells))
    first = _timed(lambda: basins(system, grid))
    found = first.pop("value")
    questions = _questions(found, cells)
    least: dict[str, dict[str, float]] = {}
    labels: dict[str, np.ndarray] = {}
    with subprocess.Popen([peer, "-c", PEERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for n in range(rounds):
            answers = {"ours": _timed(lambda: basins(system, grid))}
            labels["ours"] = answers["ours"].pop("value").labels
            for name, question in questions.items():
                if name == "pynamicalsys" and n:
                    continue  # once: it takes longest and is compared with least doubt
                process.stdin.write(json.dumps(question) + "\n")
                process.stdin.flush()
                answers[name] = json.loads(process.stdout.readline())
                labels[name] = np.array(answers[name].pop("labels"))
            for name, answer in answers.items():
                before = least.setdefault(name, answer)
                least[name] = {key: min(value, before[key]) for key, value in answer.items()}
        process.stdin.close()
    ours = least["ours"]
    return {
        "cells": cells,
        "rounds": rounds,
        "solver steps of ours": found.settings["solver_steps"],
        "first": first,
        **least,
        "times faster, processor": {k: v["cpu"] / ours["cpu"] for k, v in least.items() if k != "ours"},
        "times faster, wall": {k: v["seconds"] / ours["seconds"] for k, v in least.items() if k != "ours"},
        "same labels": {k: _agreement(v, labels["ours"]) for k, v in labels.items() if k != "ours"},
    }


def _timed(run: Callable[[], Any]) -> dict[str, Any]:
    began, worked = time.perf_counter(), time.process_time()
    value = run()
    return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - worked, "value": value}


def _questions(found: Basins, cells: int) -> dict[str, Any]:
    """What the peers are asked: the loop with balls around the magnets and with our neighbourhoods, and the package."""
    system, grid = ds.build("magnetic-pendulum"), found.grid
    box = ds.Box(jnp.asarray(grid.low), jnp.asarray(grid.high))
    stage, _, _ = prepared(system, box, inputs=None, key=jax.random.split(jax.random.key(0), 3)[0], solver=None)
    # A watched coordinate is a component over its size in the ensemble.
    scale = np.diag(1 / stage.sizes)
    rests, count = [a.states[0].tolist() for a in found.known], len(found)
    loop = {"cells": cells, "rests": rests, "forms": [scale.tolist()] * count, "radius": [BALL] * count}
    forms, radii = [(a.form @ scale).tolist() for a in found.known], [a.radius for a in found.known]
    questions = {"loop": loop, "loop with our neighbourhoods": {**loop, "forms": forms, "radius": radii}}
    if cells <= MOST_CLUSTERED:
        questions["pynamicalsys"] = {"cells": cells, "time": TRANSIENT}
    return questions


def _agreement(theirs: np.ndarray, ours: np.ndarray) -> float:
    """Share of starts on which both agree, their labels named by the most frequent of ours among them."""
    agree = 0
    for label in np.unique(theirs):
        _, counts = np.unique(ours[theirs == label], return_counts=True)
        agree += int(counts.max())
    return agree / len(ours)


def thomas(cells: int) -> dict[str, Any]:
    """Seconds for the basins of Thomas' system on a cube of cells, and the peak memory of the process."""
    system = ds.build("thomas", b=0.1665)
    done = _timed(lambda: basins(system, Grid([-4] * 3, [4] * 3, (cells,) * 3), shortcut=KnownCells()))
    found = done.pop("value")
    return {
        "cells": cells,
        **done,
        "attractors": len(found),
        "doubtful": found.doubt,
        "doubtful_error": found.doubt_stderr,
        "undecided": float(np.mean(found.labels == -2)),
        "peak GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", default="", help="Python with numba; without it the pendulum is left out.")
    parser.add_argument("--cells", type=int, nargs="*", default=[100, 300], help="Sides of the pendulum's grids.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--thomas", type=int, default=251, help="Cells along each side; 0 leaves it out.")
    chosen = parser.parse_args()
    done: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    done |= {"cores": os.cpu_count(), "load before": round(os.getloadavg()[0], 1)}
    for cells in chosen.cells if chosen.peer else ():
        done[f"pendulum {cells}"] = pendulum(cells, chosen.peer, chosen.rounds)
        print(json.dumps(done[f"pendulum {cells}"], indent=1))
    if chosen.thomas:
        done[f"thomas {chosen.thomas}"] = thomas(chosen.thomas)
        print(json.dumps(done[f"thomas {chosen.thomas}"], indent=1))
    RESULTS.write_text(json.dumps(done, indent=1) + "\n")


if __name__ == "__main__":
    main()
