"""The side of `jaxcont` in benchmarks/continuation.py: prints its special points and times as JSON."""

import functools
import json
import time

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
import jaxcont as jc  # noqa: E402
import numpy as np  # noqa: E402
from continuation_cases import CASES, CYCLES  # noqa: E402
from jaxcont.core.collocation import Collocation  # noqa: E402
from jaxcont.problems.periodic import periodic_orbit_problem  # noqa: E402

REPEATS, CYCLE_REPEATS = 5, 1
#: Its mesh, and the size of the cycle that it starts from: those of its published case.
INTERVALS, DEGREE, AMPLITUDE = 10, 4, 0.002


@functools.cache
def rhs(name):
    """The equations of a case as the peer wants them; always the same object, lest it compile anew."""

    def field(u, p, args):
        del args
        return (CASES.get(name) or CYCLES[name])[0](u, p)

    return field


def run(name):
    """The branch of one case with its folds and Hopf points."""
    _, start, low, high, _, _ = CASES[name]
    problem = jc.bif_problem(rhs(name), u0=jnp.asarray(start), p0=low)
    settings = jc.ContinuationPar(ds=0.01, ds_max=0.05, max_steps=400, newton_tol=1e-10, compute_stability=True)
    events = [jc.Fold(), jc.Hopf()] if len(start) > 1 else [jc.Fold()]
    return jc.continuation(problem, jc.PseudoArclength(), p_span=(low, high), settings=settings, events=events)


def run_cycles(name):
    """The branch of cycles from the Hopf point of a case towards lower values, with its folds, tori and doublings."""
    rule, hopf, low, *_ = CYCLES[name]
    rest = np.zeros(3)
    slope = jax.jit(jax.jacfwd(rule))
    for _ in range(50):
        rest = rest - np.linalg.solve(slope(jnp.asarray(rest), hopf), rule(jnp.asarray(rest), hopf))
    values, vectors = np.linalg.eig(np.asarray(slope(jnp.asarray(rest), hopf)))
    chosen = int(np.argmax(values.imag))
    period = 2 * np.pi / values[chosen].imag
    times = np.linspace(0.0, period, 100, endpoint=False)
    wave = np.real(vectors[:, chosen][None] * np.exp(1j * values[chosen].imag * times[:, None]))
    mesh = Collocation(ntst=INTERVALS, ncol=DEGREE)
    start = jnp.asarray(rest + AMPLITUDE * wave), jnp.asarray(times)
    problem = periodic_orbit_problem(rhs(name), *start, period, hopf, mesh)
    settings = jc.ContinuationPar(
        compute_stability=True, ds=0.005, ds_min=1e-5, ds_max=0.02, max_steps=300, newton_tol=1e-8
    )
    events = [jc.Fold(), jc.NeimarkSacker(raw_f=rhs(name), mesh=mesh), jc.PeriodDoubling(raw_f=rhs(name), mesh=mesh)]
    return jc.continuation(problem, jc.PseudoArclength(), p_span=(hopf, low), settings=settings, events=events)


def refined(name, event):
    """The place of an event by the peer's own extended system."""
    solve = jc.fold_point if event.kind == "fold" else jc.hopf_point
    return float(solve(rhs(name), event.u, event.p)[1])


def main():
    cases = {}
    for name in CASES:
        times = []
        for _ in range(1 + REPEATS):
            began = time.perf_counter()
            result = run(name)
            jax.block_until_ready(result._solution.states)
            times.append(time.perf_counter() - began)
        cases[name] = {
            "points": [[e.kind, refined(name, e)] for e in result.events],
            "first_s": times[0],
            "branch_s": min(times[1:]),
        }
    for name in CYCLES:
        times = []
        for _ in range(1 + CYCLE_REPEATS):
            began = time.perf_counter()
            result = run_cycles(name)
            times.append(time.perf_counter() - began)
        cases[name] = {
            "points": [[e.kind, float(e.p)] for e in result.events],
            "first_s": times[0],
            "branch_s": min(times[1:]),
            "reached": float(np.min(np.asarray(result.branch.params))),
        }
    print(json.dumps({"version": jc.__version__, "cases": cases}))


if __name__ == "__main__":
    main()
