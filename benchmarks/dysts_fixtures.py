"""States and their derivatives from `dysts`, as fixtures for the tests of our catalogue.

Run it in an environment of its own that has `dysts` (0.96), never in that of the project:

    python benchmarks/dysts_fixtures.py tests/data/dysts.npz

For each of its continuous systems and maps: 20 states near its orbit, what its right-hand side gives there, and
its parameters. Delay systems also get a delayed state.
"""

import inspect
import json
import sys
import warnings
from importlib import metadata, resources

import numpy as np
from scipy.integrate import solve_ivp

warnings.filterwarnings("ignore")
from dysts import flows, maps  # noqa: E402
from dysts.base import DynMap, DynSys, DynSysDelay  # noqa: E402

COUNT = 20


def concrete(module, base):
    """The systems of a module by name."""
    found = inspect.getmembers(module, inspect.isclass)
    return {n: c for n, c in found if issubclass(c, base) and c is not base and c.__module__ == module.__name__}


def orbit(system, start, period):
    """States along a rough orbit, or the start alone where the integration fails."""
    with np.errstate(all="ignore"):
        run = solve_ivp(lambda t, y: system.rhs(y, t), (0, 5 * period), start, rtol=1e-6, method="LSODA")
    states = run.y.T[np.all(np.isfinite(run.y.T), axis=1)]
    return states if len(states) else np.atleast_2d(start)


def perturbed(states, evaluate, rng):
    """20 random states near `states` at which `evaluate` is finite, and its values there."""
    chosen, values = [], []
    for attempt in range(100 * COUNT):
        state = states[rng.integers(len(states))]
        state = state * (1 + 0.05 * rng.standard_normal(state.shape)) if attempt < 50 * COUNT else state
        with np.errstate(all="ignore"):
            value = np.asarray(evaluate(state), dtype=float).reshape(-1)
        if np.all(np.isfinite(value)):
            chosen.append(state)
            values.append(value)
        if len(chosen) == COUNT:
            return np.array(chosen), np.array(values)
    raise RuntimeError("too few finite derivatives")


def plain(parameters):
    return {k: np.asarray(v).tolist() for k, v in parameters.items()}


def of_flow(system, entry, rng):
    """States, derivatives and figures of one flow, at one random time."""
    time = rng.uniform(0, entry["period"])
    start = np.atleast_1d(np.asarray(entry["initial_conditions"], dtype=float))
    states, values = perturbed(orbit(system, start, entry["period"]), lambda y: system.rhs(y, time), rng)
    return states, values, figures(system, entry, "flow", time)


def of_delay_flow(system, entry, rng):
    """The same for a delay flow; a state is followed by the delayed state."""
    size = np.size(entry["initial_conditions"])
    states = rng.uniform(0.2, 1.2, (COUNT, 2 * size))
    values = [np.reshape(system._rhs(s[:size], s[size:], 0.0, *system.param_list), -1) for s in states]
    return states, np.array(values), figures(system, entry, "delay flow", 0.0)


def of_map(system, rng):
    """States of an orbit of a map, perturbed, and their images."""
    states = [np.asarray(system.ic, dtype=float).reshape(-1)]
    for _ in range(200):
        with np.errstate(all="ignore"):
            states.append(np.asarray(system.rhs(states[-1][None]), dtype=float).reshape(-1))
    states = np.array([s for s in states if np.all(np.isfinite(s))])
    states, values = perturbed(states, lambda y: system.rhs(y[None]), rng)
    return states, values, {"kind": "map", "time": 0, "parameters": plain(system.params)}


def figures(system, entry, kind, time):
    """What is stored of a flow beside its derivatives."""
    return {
        "kind": kind,
        "time": time,
        "parameters": plain(system.params),
        "period": entry["period"],
        "maximum_lyapunov": entry["maximum_lyapunov_estimated"],
        "spectrum": entry.get("lyapunov_spectrum_estimated"),
        "kaplan_yorke": entry.get("kaplan_yorke_dimension"),
    }


def main(path):
    rng = np.random.default_rng(20)
    about = json.loads(resources.files("dysts").joinpath("data/chaotic_attractors.json").read_text("utf-8"))
    arrays, facts = {}, {"versions": {p: metadata.version(p) for p in ("dysts", "numpy")}, "systems": {}}

    def add(name, states, values, entry):
        arrays.update({f"{name}.states": states, f"{name}.values": values})
        facts["systems"][name] = entry

    for name, cls in concrete(flows, (DynSys, DynSysDelay)).items():
        if name in about:
            make = of_delay_flow if issubclass(cls, DynSysDelay) else of_flow
            add(f"flow.{name}", *make(cls(), about[name], rng))
    for name, cls in concrete(maps, DynMap).items():
        add(f"map.{name}", *of_map(cls(), rng))
    arrays["about"] = np.array(json.dumps(facts))
    np.savez_compressed(path, **arrays)
    print(f"{len(facts['systems'])} systems written to {path}")


if __name__ == "__main__":
    main(sys.argv[1])
