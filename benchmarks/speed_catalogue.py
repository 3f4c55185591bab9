"""The whole catalogue of chaotic flows, 1000 points of each, against `dysts` with its fastest solver.

    PYTHONPATH=. python benchmarks/speed_catalogue.py --peer /path/to/python-with-dysts [--rounds 5]

Both sides integrate the same equations from the same state to the same 1000 times (ten periods as `dysts` has them);
systems that are delayed, or that have other coordinates or rounded coefficients there, are left out on both sides.
`dysts` runs `make_trajectory(1000, method="LSODA")` at its own tolerances; ours runs, of the solvers whose error over
the first period is no larger than theirs, the one with the cheapest first call; it is found beforehand and not timed.
Rounds are interleaved, each in a fresh process without a compilation cache; the least CPU time of each side counts.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
#: Steps of RK4 tried, as parts of the interval between two points, and tolerances of the method of order eight.
PARTS = (2, 4, 8, 16, 32, 64, 128, 256, 512)
TOLERANCES = (1e-9, 1e-11, 1e-13)
POINTS, FIRST = 1000, 100
#: CPU seconds of a first call of RK4 below which the method of order eight, slower to compile, is not tried.
CHEAP = 0.25


def theirs(folder):
    """All trajectories of `dysts`; with a folder, also the references and errors."""
    import inspect
    import warnings

    from scipy.integrate import solve_ivp

    warnings.filterwarnings("ignore")
    from dysts import flows
    from dysts.base import DynSys

    known = [(n, c) for n, c in inspect.getmembers(flows, inspect.isclass) if c.__module__ == flows.__name__]
    systems = [(n, c()) for n, c in known if issubclass(c, DynSys)]
    seconds, kept = {}, {}
    for name, system in systems:
        began, wall = time.process_time(), time.perf_counter()
        kept[name] = system.make_trajectory(
            POINTS, method="LSODA", return_times=True, postprocess=False, init_cond=np.array(system.ic, float)
        )
        seconds[name] = [time.process_time() - began, time.perf_counter() - wall]
    if folder:
        arrays = {}
        for name, system in systems:
            ts, ys = kept[name]
            early = ts[:FIRST]
            exact = {}
            for method in ("DOP853", "Radau"):
                run = solve_ivp(
                    lambda t, y, s=system: s(y, t), (0, early[-1]), np.array(system.ic, float), method=method,
                    t_eval=early, rtol=2.3e-14 if method == "DOP853" else 1e-13, atol=1e-15,
                    max_step=early[-1] / 200,
                )  # fmt: skip
                exact[method] = run.y.T
                if run.success and method == "DOP853":
                    break
            reference = exact.get("Radau", exact["DOP853"])
            scale = np.std(reference, axis=0) + 1e-12
            error = np.max(np.abs(ys[:FIRST] - reference) / scale) if reference.shape == ys[:FIRST].shape else np.nan
            arrays[f"{name}.rate"] = np.array(system(np.array(system.ic, float), 0.0), float)
            arrays |= {f"{name}.ts": ts, f"{name}.start": np.array(system.ic, float), f"{name}.reference": reference}
            arrays[f"{name}.error"] = np.array(error)
        np.savez(folder, **arrays)
    return seconds


def ours(path, choices):
    """All trajectories of ours, compiled and again; with no choices, find the solvers."""
    import jax

    import dynascope as ds
    from dynascope.solve import RK4, Dop853
    from tools import dysts_names

    jax.config.update("jax_enable_compilation_cache", False)
    data = np.load(path)
    jobs = []
    for key in sorted({k.rsplit(".", 1)[0] for k in data.files}):
        name, changes = dysts_names.ours(f"flow.{key}")
        system, start = ds.build(name, **changes), data[f"{key}.start"]
        if same_rate(system, start, data[f"{key}.rate"]):
            jobs.append((key, system, start, data[f"{key}.ts"]))

    def solver(choice, ts):
        method, value = choice
        return RK4((ts[1] - ts[0]) / value) if method == "RK4" else Dop853(rtol=value, atol=value * 1e-2)

    if choices is None:
        return choose(jobs, data, solver, ds)
    ready = [(system, start, ts, solver(choices[key], ts)) for key, system, start, ts in jobs if key in choices]
    seconds = {}
    for which in ("first", "again"):
        began, wall = time.process_time(), time.perf_counter()
        for system, start, ts, chosen in ready:
            ds.trajectory(system, start, ts, solver=chosen, throw=False)
        seconds[which] = {"cpu": time.process_time() - began, "wall": time.perf_counter() - wall}
    return seconds


def same_rate(system, start, rate):
    """Whether both sides integrate one flow: not delayed, in the same coordinates, at most rounded differently."""
    from jax.flatten_util import ravel_pytree

    from dynascope.systems import kind

    if kind(system) != "flow":
        return False
    flat, unravel = ravel_pytree(system.initial_state())
    if flat.shape != start.shape:
        return False
    here = np.asarray(ravel_pytree(system.vector_field(0.0, unravel(start), None))[0])
    return bool(np.max(np.abs(here - rate) / (np.abs(rate) + 1e-3 * np.max(np.abs(rate)) + 1e-300)) < 1e-9)


def choose(jobs, data, solver, ds):
    """For each system the solver as accurate as `dysts` whose first call, compilation counted, costs least."""
    chosen = {}
    for key, system, start, ts in jobs:
        bound, candidates = max(float(data[f"{key}.error"]), 1e-12), []
        for method, values in (("RK4", PARTS), ("Dop853", TOLERANCES)):
            for value in values:
                error = deviation(
                    ds.trajectory(system, start, ts[:FIRST], solver=solver((method, value), ts), throw=False), data, key
                )
                if error <= bound:
                    began = time.process_time()
                    ds.trajectory(system, start, ts, solver=solver((method, value), ts), throw=False)
                    candidates.append((time.process_time() - began, (method, value), error))
                    break
            if candidates and candidates[0][0] < CHEAP:
                break
        if candidates:
            _, choice, error = min(candidates)
            chosen[key] = {"choice": choice, "error": error, "theirs": bound}
            print(key, chosen[key], file=sys.stderr)
        else:
            print(f"no solver reaches {bound:.1g} for {key}", file=sys.stderr)
    return chosen


def deviation(run, data, key):
    """Largest error over the first period, relative to the spread of each component."""
    reference, ys = data[f"{key}.reference"], np.asarray(run.ys)
    if ys.shape != reference.shape:
        return np.inf
    return float(np.max(np.abs(ys - reference) / (np.std(reference, axis=0) + 1e-12)))


def called(python, *words):
    """What another process of this script prints."""
    one = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([python, __file__, *words], env=os.environ | one, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.decode().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="a Python that has dysts")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", choices=("theirs", "ours"))
    parser.add_argument("--data")
    parser.add_argument("--choices")
    options = parser.parse_args()
    if options.side == "theirs":
        print(json.dumps(theirs(options.data)))
        return
    if options.side == "ours":
        table = json.loads(Path(options.choices).read_text()) if options.choices else None
        choices = {k: v["choice"] for k, v in table.items()} if table else None
        print(json.dumps(ours(options.data, choices)))
        return
    with tempfile.TemporaryDirectory() as folder:
        data, table = f"{folder}/dysts.npz", f"{folder}/choices.json"
        called(options.peer, "--side", "theirs", "--data", data)
        found = called(sys.executable, "--side", "ours", "--data", data)
        Path(table).write_text(json.dumps(found))
        rounds = []
        for _ in range(options.rounds):
            rounds.append((
                called(options.peer, "--side", "theirs"),
                called(sys.executable, "--side", "ours", "--data", data, "--choices", table),
            ))  # fmt: skip
    peer = {name: np.min([t[name] for t, _ in rounds], axis=0) for name in found}
    result = {"systems": len(found), "dysts_cpu": float(sum(cpu for cpu, _ in peer.values()))}
    result["dysts_wall"] = float(sum(wall for _, wall in peer.values()))
    for which in ("first", "again"):
        for clock in ("cpu", "wall"):
            result[f"{which}_{clock}"] = min(o[which][clock] for _, o in rounds)
    result |= {
        "faster_compiled": result["dysts_cpu"] / result["again_cpu"],
        "faster_with_compilation": result["dysts_cpu"] / result["first_cpu"],
        "median_error": float(np.median([v["error"] for v in found.values()])),
        "median_error_dysts": float(np.median([v["theirs"] for v in found.values()])),
    }
    print(json.dumps(result, indent=1))
    (ROOT / "benchmarks" / "results" / "speed_catalogue.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
