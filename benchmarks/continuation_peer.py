"""The side of `jaxcont` in benchmarks/continuation.py: prints its special points and times as JSON."""

import functools
import json
import time

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp  # noqa: E402
import jaxcont as jc  # noqa: E402
from continuation_cases import CASES  # noqa: E402

REPEATS = 5


@functools.cache
def rhs(name):
    """The equations of a case as the peer wants them; always the same object, lest it compile anew."""

    def field(u, p, args):
        del args
        return CASES[name][0](u, p)

    return field


def run(name):
    """The branch of one case with its folds and Hopf points."""
    _, start, low, high, _, _ = CASES[name]
    problem = jc.bif_problem(rhs(name), u0=jnp.asarray(start), p0=low)
    settings = jc.ContinuationPar(ds=0.01, ds_max=0.05, max_steps=400, newton_tol=1e-10, compute_stability=True)
    events = [jc.Fold(), jc.Hopf()] if len(start) > 1 else [jc.Fold()]
    return jc.continuation(problem, jc.PseudoArclength(), p_span=(low, high), settings=settings, events=events)


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
    print(json.dumps({"version": jc.__version__, "cases": cases}))


if __name__ == "__main__":
    main()
