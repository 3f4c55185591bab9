"""Lyapunov spectra by other packages, for `speed_lyapunov.py`, which starts this with their own interpreter.

    PYTHON lyapunov_peers.py PACKAGE SYSTEM

For each line on the standard input the spectrum is computed once; a line of JSON with the processor and wall seconds
and the exponents is the answer. The first run compiles. Nothing of Dynascope is imported.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = "1"
os.environ["JAX_ENABLE_X64"] = "1"

import numpy as np

#: Of each system: start, step, steps averaged over, steps between orthonormalisations, transient in steps.
CASES: dict[str, tuple[list[float], float, int, int, int]] = {
    "lorenz": ([1.0, 1.0, 15.0], 0.0025, 1_000_000, 10, 20_000),
    "lorenz-96": ([8.01] + [8.0] * 39, 0.01, 20_000, 10, 2_000),
}


def by_lyapax(name: str) -> Callable[[], Any]:
    """RK4 with fixed step, tangents by `jax.jvp`, compiled."""
    import jax
    import jax.numpy as jnp
    import lyapax

    start, dt, steps, every, transient = CASES[name]

    def lorenz(y: Any) -> Any:
        return jnp.array([10.0 * (y[1] - y[0]), y[0] * (28.0 - y[2]) - y[1], y[0] * y[1] - 8.0 / 3.0 * y[2]])

    def lorenz_96(y: Any) -> Any:
        ring = jnp.concatenate([y[-2:], y, y[:1]])
        return (ring[3:] - ring[:-3]) * ring[1:-2] - y + 8.0

    problem = lyapax.ode_problem({"lorenz": lorenz, "lorenz-96": lorenz_96}[name], jnp.array(start), dt, "rk4")

    @jax.jit
    def run() -> Any:
        found = lyapax.lyapunov_spectrum(problem, n_steps=steps, renorm_every=every, t_transient=transient * dt)
        return found.exponents

    return lambda: np.asarray(run())


def by_pynamicalsys(name: str) -> Callable[[], Any]:
    """RK4 with fixed step and Gram-Schmidt at each, compiled by Numba."""
    from numba import njit
    from pynamicalsys import ContinuousDynamicalSystem

    start, dt, steps, _, transient = CASES[name]

    @njit
    def velocity(time: float, u: Any, parameters: Any) -> Any:  # noqa: ARG001 - Numba knows no `del`
        n, f = len(u), parameters[0]
        v = np.empty(n)
        for i in range(n):
            v[i] = (u[(i + 1) % n] - u[i - 2]) * u[i - 1] - u[i] + f
        return v

    @njit
    def jacobian(time: float, u: Any, parameters: Any) -> Any:  # noqa: ARG001
        n = len(u)
        j = np.zeros((n, n))
        for i in range(n):
            j[i, (i + 1) % n] += u[i - 1]
            j[i, i - 2] -= u[i - 1]
            j[i, i - 1] += u[(i + 1) % n] - u[i - 2]
            j[i, i] -= 1.0
        return j

    if name == "lorenz":
        system, parameters = ContinuousDynamicalSystem(model="lorenz system"), [10.0, 28.0, 8.0 / 3.0]
    else:
        system = ContinuousDynamicalSystem(
            equations_of_motion=velocity, jacobian=jacobian, system_dimension=len(start), number_of_parameters=1
        )
        parameters = [8.0]
    system.integrator("rk4", time_step=dt)
    total = (transient + steps) * dt
    return lambda: system.lyapunov(start, total, parameters=parameters, transient_time=transient * dt)


def by_jitcode(name: str) -> Callable[[], Any]:
    """Dormand and Prince of order 5 with steps of its own choice, generated and compiled C."""
    from jitcode import jitcode_lyap, y

    start, dt, steps, every, transient = CASES[name]
    n = len(start)
    if name == "lorenz":
        f = [10.0 * (y(1) - y(0)), y(0) * (28.0 - y(2)) - y(1), y(0) * y(1) - 8.0 / 3.0 * y(2)]
    else:
        f = [(y((i + 1) % n) - y((i - 2) % n)) * y((i - 1) % n) - y(i) + 8.0 for i in range(n)]
    system = jitcode_lyap(f, n_lyap=n, verbose=False)
    system.set_integrator("dopri5", rtol=1e-6, atol=1e-6)

    def run() -> Any:
        system.set_initial_value(np.array(start), 0.0)
        system.integrate(transient * dt)
        total = np.zeros(n)
        times = np.arange(every, steps + 1, every) * dt + transient * dt
        for moment in times:
            total += system.integrate(moment)[1] * every * dt
        return total / (steps * dt)

    return run


def main() -> None:
    """Answer until the input ends."""
    package, name = sys.argv[1:]
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever packages print goes elsewhere
    run = {"lyapax": by_lyapax, "pynamicalsys": by_pynamicalsys, "jitcode": by_jitcode}[package](name)
    for _ in sys.stdin:
        cpu, wall = time.process_time(), time.perf_counter()
        exponents = np.asarray(run())
        spent = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        answers.write(json.dumps({**spent, "exponents": [float(x) for x in exponents]}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
