"""Speed of trajectories and Lyapunov spectra of the Lorenz system against C and scipy.

    python benchmarks/speed_lorenz.py [--rounds 5]

Everything runs on one thread in double precision. Contestants take turns, round after round, after one round that
compiles; the ratio is that of the least CPU times. The C loops are in `loops.c` and are compiled by this script, once
with `gcc -O3` (the ratio that has a target) and once with `-march=native` added. "In jit" is the same call inside a
compiled function, without the checks and the bookkeeping of the host. The figures go to `results/speed_lorenz.json`.
"""

import argparse
import ctypes
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from scipy.integrate import solve_ivp

import dynascope as ds
from dynascope.analysis.stability import Benettin, lyapunov_spectrum
from dynascope.analysis.tangent import orbit_exponents
from dynascope.models import Lorenz
from dynascope.solve import RK4, Dop853

HERE = Path(__file__).parent
START = [1.0, 1.0, 15.0]
STEP = 0.0025

COMPILERS = ("gcc -O3", "gcc -O3 -march=native")

Contest = dict[str, Callable[[], Any]]


def compiled(command: str) -> ctypes.CDLL:
    """The loops in C."""
    library = Path(tempfile.mkdtemp()) / "loops.so"
    subprocess.run([*command.split(), "-shared", "-fPIC", "-o", library, HERE / "loops.c", "-lm"], check=True)
    return ctypes.CDLL(str(library))


def all_compiled(loop: Callable[[ctypes.CDLL], Any]) -> Contest:
    """One contestant per compiler: `loop(library)`."""
    return {command: partial(loop, compiled(command)) for command in COMPILERS}


def pointer(array: np.ndarray) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


def compete(contest: Contest, rounds: int) -> dict[str, dict[str, float]]:
    """Least CPU and wall times in seconds of each contestant."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contest}
    for run in contest.values():
        run()
    for _ in range(rounds):
        for name, run in contest.items():
            cpu, wall = time.process_time(), time.perf_counter()
            run()
            times[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {name: {"cpu": min(c for c, _ in t), "wall": min(w for _, w in t)} for name, t in times.items()}


def one_trajectory() -> Contest:
    """A million steps of one trajectory."""
    steps = 1_000_000

    def in_c(c: ctypes.CDLL) -> np.ndarray:
        y = np.array(START)
        c.trajectory(pointer(y), ctypes.c_double(STEP), ctypes.c_long(steps))
        return y

    lorenz, ends = Lorenz(), np.array([0.0, steps * STEP])

    def ours() -> np.ndarray:
        return np.asarray(ds.trajectory(lorenz, START, ends, solver=RK4(STEP)).ys[-1])

    inner = jax.jit(lambda y: ds.trajectory(lorenz, y, ends, solver=RK4(STEP)).ys[-1])
    start = jnp.asarray(START)
    assert np.all(np.abs(ours()) < 60)
    return {"dynascope": ours, "dynascope in jit": lambda: np.asarray(inner(start))} | all_compiled(in_c)


def many_trajectories() -> Contest:
    """Ten thousand trajectories of a thousand steps."""
    count, steps = 10_000, 1_000
    starts = np.array(START) + 1e-3 * np.random.default_rng(0).normal(size=(count, 3))

    def in_c(c: ctypes.CDLL) -> np.ndarray:
        y = starts.copy()
        c.trajectories(pointer(y), ctypes.c_double(STEP), ctypes.c_long(steps), ctypes.c_long(count))
        return y

    lorenz, ends = Lorenz(), np.array([0.0, steps * STEP])

    @jax.jit
    def run(y: jax.Array) -> jax.Array:
        return jax.vmap(lambda start: ds.trajectory(lorenz, start, ends, solver=RK4(STEP)).ys[-1])(y)

    def ours() -> np.ndarray:
        return np.asarray(run(jnp.asarray(starts)))

    loops = all_compiled(in_c)
    for loop in loops.values():
        np.testing.assert_allclose(ours(), loop(), atol=1e-9)
    return {"dynascope": ours} | loops


def equal_error() -> tuple[Contest, dict[str, float]]:
    """Up to t = 10 with a global error no larger than that of scipy's DOP853 at 1e-9."""

    def velocity(t: float, y: np.ndarray) -> list[float]:
        del t
        return [10.0 * (y[1] - y[0]), y[0] * (28.0 - y[2]) - y[1], y[0] * y[1] - 8.0 / 3.0 * y[2]]

    def scipys(tolerance: float = 1e-9) -> np.ndarray:
        return solve_ivp(velocity, (0.0, 10.0), START, method="DOP853", rtol=tolerance, atol=tolerance).y[:, -1]

    lorenz, ends, start = Lorenz(), np.array([0.0, 10.0]), jnp.asarray(START)
    reference = scipys(1e-13)
    allowed = float(np.linalg.norm(scipys() - reference))
    solvers: dict[str, Any] = {f"RK4({h:g})": RK4(h) for h in (0.004, 0.002, 0.001, 0.0005, 0.00025)}
    solvers |= {f"Dop853({tol:g})": Dop853(tol, tol) for tol in (1e-8, 1e-9, 1e-10)}
    contest: Contest = {"scipy DOP853(1e-9)": scipys}
    errors = {"scipy DOP853(1e-9)": allowed}
    for kind in ("RK4", "Dop853"):
        for name, solver in solvers.items():
            error = float(
                np.linalg.norm(np.asarray(ds.trajectory(lorenz, START, ends, solver=solver).ys[-1]) - reference)
            )
            if name.startswith(kind) and error <= allowed:
                inner = jax.jit(lambda y, s=solver: ds.trajectory(lorenz, y, ends, solver=s).ys[-1])
                contest[name] = partial(ds.trajectory, lorenz, START, ends, solver=solver)
                contest[f"{name} in jit"] = lambda f=inner: np.asarray(f(start))
                errors[name] = error
                break
    return contest, errors


def spectrum() -> Contest:
    """Three exponents over a million steps, orthonormalised every ten."""
    steps, every = 1_000_000, 10

    def in_c(c: ctypes.CDLL) -> np.ndarray:
        y, sums = np.array(START), np.zeros(3)
        c.trajectory(pointer(y), ctypes.c_double(STEP), ctypes.c_long(20_000))
        c.exponents(pointer(y), ctypes.c_double(STEP), ctypes.c_long(steps), ctypes.c_long(every), pointer(sums))
        return sums / (steps * STEP)

    def ours() -> np.ndarray:
        found = lyapunov_spectrum(
            Lorenz(),
            y0=jnp.array(START),
            transient=20_000 * STEP,
            duration=steps * STEP,
            method=Benettin(every=every),
            solver=RK4(STEP),
        )
        return found.exponents

    # What the loop in C gives: three numbers, without errors, twin orbit and sum rule.
    bare = jax.jit(
        lambda y: orbit_exponents(Lorenz(), y, steps=steps, transient_steps=20_000, every=every, solver=RK4(STEP))
    )

    def alone() -> np.ndarray:
        return np.asarray(bare(jnp.array(START)))

    loops = all_compiled(in_c)
    for loop in loops.values():
        np.testing.assert_allclose(ours(), loop(), atol=0.02)
        np.testing.assert_allclose(alone(), loop(), atol=0.02)
    return {"dynascope": ours, "dynascope, exponents alone": alone} | loops


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    found: dict[str, Any] = {
        "machine": {"cpu": processor(), "python": platform.python_version()},
        "versions": {"jax": jax.__version__, "numpy": np.__version__, "scipy": scipy.__version__},
        "rounds": rounds,
    }
    for name, contest, most in [
        ("one trajectory", one_trajectory(), 1.1),
        ("many trajectories", many_trajectories(), 0.5),
        ("spectrum", spectrum(), 1.3),
    ]:
        seconds = compete(contest, rounds)
        ratios = {
            f"{ours} / {loop}": seconds[ours]["cpu"] / seconds[loop]["cpu"]
            for ours in seconds
            if ours not in COMPILERS
            for loop in COMPILERS
        }
        found[name] = {"seconds": seconds, "ratios": ratios, "target": most}
        print(f"{name} (at most {most}):", ", ".join(f"{pair} {ratio:.2f}" for pair, ratio in ratios.items()))
    contest, errors = equal_error()
    seconds = compete(contest, rounds)
    slow = seconds["scipy DOP853(1e-9)"]["cpu"]
    gains = {name: slow / t["cpu"] for name, t in seconds.items()}
    found["equal error"] = {"seconds": seconds, "errors": errors, "times faster": gains, "target": 50}
    print("equal error:", ", ".join(f"{name} {gain:.0f} times" for name, gain in gains.items()), "(at least 50)")
    (HERE / "results" / "speed_lorenz.json").write_text(json.dumps(found, indent=1) + "\n")


def processor() -> str:
    """The name of the processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
