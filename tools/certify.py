"""Compute what the catalogue says of its systems, from our own analyses: `src/dynascope/models/certified.json`.

    python -m tools.certify [NAME ...] [--jobs 2]

Without names, all systems; rows of systems that are not named are kept. For each system with a tangent: a state on
its attractor, the step, a time scale, the regime, the Lyapunov spectrum with errors and the dimension, its fixed
points; and how far each check was from failing (see `dynascope.models.Certificate`).
"""

import argparse
import functools
import itertools
import json
import math
import multiprocessing
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.flatten_util import ravel_pytree

import dynascope as ds
from dynascope import models
from dynascope.analysis.regime._rules import judge_motion, judge_noise
from dynascope.analysis.rhythm import returns
from dynascope.solve import RK4, Heun, LocatedEvents
from dynascope.systems import dimension, is_discrete, kind, state_variables

TABLE = Path(__file__).parents[1] / "src" / "dynascope" / "models" / "certified.json"
#: Sum of the exponents against the mean divergence along the same orbit, relative to the largest absolute exponent.
SUM_TOLERANCE = 1e-6
#: What the step of the other integrator, of second order, may change, relative to the largest absolute exponent.
STEP_TOLERANCE = 1e-4
#: Largest relative standard error of the largest exponent of a row that is not marked undecided.
PRECISION = 0.02
#: Standard errors by which independent orbits may differ.
ERRORS = 3.0
#: Steps of the shortest run, and by how much each is longer than the one before.
SHORTEST, LONGER = 40_000, 4.0
#: Relative standard error of the largest exponent at which a run is long enough; of two together it is 1.4 %.
GOAL = 0.02
#: Systems whose exponents a tangent cannot give, and why.
JUMPS = {"fluid-trampoline": "its velocity jumps at contact, which tangent vectors do not see"}
#: How often the step is halved until the sum rule holds.
HALVINGS = 6
#: Largest dimension of which fixed points are looked for, and most that are listed.
SMALL, LISTED = 16, 12


class Patience(NamedTuple):
    """How long one system may take.

    Attributes:
        seconds: CPU seconds of its longest run.
        lengths: Lengths after which an exponent within its error of zero is believed.
    """

    seconds: float
    lengths: int


def certify(name: str, patience: Patience) -> dict[str, Any]:
    """The row of one system."""
    began = time.process_time()
    system = ds.build(name)
    row: dict[str, Any] = {"name": name, "kind": kind(system)}
    if any(v.topology == "discrete" for v in state_variables(system)):
        return row | {"note": "discrete states have no exponents"}
    solver = _settled_solver(system)
    first, lengths = _precise(system, solver, patience)
    second = _spectrum(system, solver, 1, first.settings["duration"])
    if _apart(first, second) > ERRORS:
        span = 4 * first.settings["duration"]
        first, second = (_spectrum(system, solver, seed, span) for seed in (2, 3))
    row |= _described(first, second) | {"lengths": _number(lengths, 3)}
    other = _other_solver(system, solver)
    if other is not None:
        row["integrators"] = _apart(second, _spectrum(system, other, 4, first.settings["duration"] / 4), STEP_TOLERANCE)
        if row["integrators"] > ERRORS:
            again = _spectrum(system, _other_solver(system, solver, parts=16), 7, first.settings["duration"])
            row["integrators"] = _apart(second, again, STEP_TOLERANCE)
    start = _on_attractor(system, solver)
    row |= {"start": _rounded(start, 6), "time_scale": _time_scale(system, solver, start)}
    row["regime"] = _regime(system, first, start, solver)
    row["undecided"] = _undecided(row)
    if not (row["undecided"] or first.twin_agrees or second.twin_agrees):
        row["undecided"] = f"twin orbits separate at {first.twin:.3g}"
    row["fixed_points"] = _fixed_points(system)
    row["seconds"] = round(time.process_time() - began, 1)
    return {k: (float(v) if isinstance(v, np.floating) else v) for k, v in row.items()}


def _settled_solver(system: Any) -> Any:
    """The fixed-step solver, its step halved until the sum rule holds with room to spare."""
    solver = ds.fixed_solver(system)
    if kind(system) != "flow":
        return solver
    h = float(solver.dt)
    for _ in range(HALVINGS):
        pilot = ds.lyapunov_spectrum(system, solver=RK4(h), duration=4000 * h, transient=2000 * h, throw=False)
        if not pilot.sum_error > SUM_TOLERANCE / 4:
            break
        h /= 2
    return RK4(h)


def _other_solver(system: Any, solver: Any, *, parts: int = 4) -> Any:
    """Another integrator of like accuracy, where there is one; `parts` steps of the method of second order for one."""
    match kind(system):
        case "flow":
            return Heun(float(solver.dt) / parts)
        case "delay flow":
            return RK4(float(solver.dt) / 2)
        case "hybrid":
            return LocatedEvents(RK4(float(solver.solver.dt) / 2))
        case _:
            return None


def _precise(system: Any, solver: Any, patience: Patience) -> tuple[Any, float]:
    """A spectrum of ever longer runs, until its error is small enough for two of them, or the patience is over.

    Returns:
        The last one, and how far it is from the run before, in combined standard errors.
    """
    span, before = SHORTEST * (1.0 if is_discrete(system) else _step(solver)) * _work(system), None
    for count in itertools.count(1):
        began = time.process_time()
        found = _spectrum(system, solver, 0, span)
        seconds = time.process_time() - began
        top, error = found.exponents[0], found.stderr[0]
        # An exponent within its error of zero, or below, cannot reach a relative error.
        enough = error <= GOAL * top if top > 2 * error else count == patience.lengths
        if before is not None and (enough or not found.successful or LONGER * seconds > patience.seconds):
            return found, _apart(before, found)
        before, span = found, LONGER * span
    raise AssertionError("never ends")


def _spectrum(system: Any, solver: Any, seed: int, duration: float) -> Any:
    """One spectrum from a start of its own; a seed above zero moves the start a little off."""
    flat, unravel = ravel_pytree(system.initial_state())
    # A conservative orbit must keep its energy: the move is small, and the transient makes the orbit another one.
    shift = 1e-6 * (abs(flat) + 1e-3) * jax.random.normal(jax.random.key(seed), flat.shape)
    y0, key = unravel(flat + (seed > 0) * shift), jax.random.key(100 + seed)
    return ds.lyapunov_spectrum(system, y0=y0, duration=duration, solver=solver, key=key, throw=False)


def _apart(a: Any, b: Any, step: float = SUM_TOLERANCE) -> float:
    """Largest difference of two spectra in units of their combined standard error and the error of the `step`."""
    finite = np.isfinite(a.exponents) & np.isfinite(b.exponents)
    if not finite.any():
        return 0.0
    scale = np.max(np.abs(np.concatenate([a.exponents[finite], b.exponents[finite]])))
    error = np.hypot(a.stderr, b.stderr)[finite] + step * scale / ERRORS + 1e-300
    return float(np.max(np.abs(a.exponents - b.exponents)[finite] / error))


def _described(first: Any, second: Any) -> dict[str, Any]:
    """The mean of both spectra and the checks that they passed."""
    exponents = (first.exponents + second.exponents) / 2
    stderr = np.hypot(first.stderr, second.stderr) / 2
    digits = [max(2, _digits(x, e)) for x, e in zip(exponents, stderr, strict=True)]
    return {
        "unit": first.unit,
        "exponents": [_number(x, d) for x, d in zip(exponents, digits, strict=True)],
        "stderr": [_number(e, 2) for e in stderr],
        "kaplan_yorke": _number((first.kaplan_yorke + second.kaplan_yorke) / 2, 6),
        "kaplan_yorke_stderr": _number(np.hypot(first.kaplan_yorke_stderr, second.kaplan_yorke_stderr) / 2, 2),
        "divergence": _number(sum(exponents), 8) if np.isfinite(first.sum_error) else None,
        "sum_error": _number(max(first.sum_error, second.sum_error), 2),
        "orbits": _number(_apart(first, second), 3),
        "converged": bool(first.converged and second.converged),
        "step": first.settings["step"],
        "duration": first.settings["duration"] + second.settings["duration"],
    }


def _on_attractor(system: Any, solver: Any) -> Any:
    """The state after a long run from the initial state, flattened."""
    span = 1000.0 if is_discrete(system) else 20_000 * _step(solver)
    run = ds.trajectory(system, None, np.array([0.0, span]), solver=solver, key=jax.random.key(0), throw=False)
    return np.asarray(ravel_pytree(jax.tree.map(lambda leaf: leaf[-1], run.ys))[0])


def _work(system: Any) -> float:
    """How much shorter the shortest run may be where a step costs more: large systems, resets, histories."""
    return {"hybrid": 0.05, "delay flow": 0.25}.get(kind(system), 1.0 if dimension(system) <= 8 else 0.1)


def _step(solver: Any) -> float:
    return float(solver.solver.dt if hasattr(solver, "solver") else solver.dt)


def _time_scale(system: Any, solver: Any, start: Any) -> float | None:
    """2 pi over the root mean square of the relative rates of change along the orbit: the period of a sine."""
    if is_discrete(system):
        return None
    unravel = ravel_pytree(system.initial_state())[1]
    h = _step(solver)
    ts = np.arange(0, 40_000, 2) * h
    run = ds.trajectory(system, unravel(start), ts, solver=solver, key=jax.random.key(1), throw=False)
    y = np.concatenate([np.asarray(leaf).reshape(len(ts), -1) for leaf in jax.tree.leaves(run.ys)], axis=1)
    straight = [i for i, v in enumerate(state_variables(system)) if v.topology != "circle"]
    y = y[:, straight] if straight else np.exp(1j * y)
    spread = np.std(y, axis=0)
    moving = spread > 1e-6 * (1 + np.max(np.abs(y), axis=0))
    if not np.all(np.isfinite(y)) or not moving.any():
        return None
    rates = np.diff(y[:, moving], axis=0) / (2 * h)
    return _number(2 * np.pi / np.sqrt(np.mean(np.mean(np.abs(rates) ** 2, axis=0) / spread[moving] ** 2)), 4)


def _regime(system: Any, spectrum: Any, start: Any, solver: Any) -> str:
    """What the orbit of the standard parameters is, from its spectrum, and from its returns if it is not chaotic."""
    if not spectrum.successful:
        return "unbounded"
    if kind(system) in ("sde", "random map"):
        return judge_noise(spectrum).regime
    width = spectrum.zero_widths
    positive = int(np.sum(spectrum.exponents > width))
    whole = len(spectrum.exponents) == dimension(system)
    if (
        whole
        and dimension(system) > 1
        and abs(spectrum.volume_rate) < 1e-9 * max(1.0, np.max(np.abs(spectrum.exponents)))
    ):
        return "conservative"
    if positive:
        return "chaos" if positive == 1 else "hyperchaos"
    if not is_discrete(system) and spectrum.exponents[0] < -width[0]:
        return "fixed point"
    y0 = ravel_pytree(system.initial_state())[1](start)
    back = returns(system, y0, solver=solver, key=jax.random.key(0))
    found = judge_motion(spectrum, back, 1.0, is_discrete(system)).regime
    # A closed orbit that attracts nothing is one of many.
    neutral = whole and len(width) > 1 and bool(np.all(np.abs(spectrum.exponents) <= width))
    return "conservative" if found == "limit cycle" and neutral else found


def _undecided(row: dict[str, Any]) -> str:
    """Why the row is not certified, or nothing."""
    top, error = row["exponents"][0], row["stderr"][0]
    if row["name"] in JUMPS:
        return JUMPS[row["name"]]
    if top is None:
        return "the orbit leaves every bound"
    regular = row["regime"] == "conservative" and top <= 2 * error
    chaotic = row["regime"] in ("chaos", "hyperchaos", "conservative", "undecided") and not regular
    if chaotic and error > PRECISION * abs(top):
        return f"relative standard error of the largest exponent {error / max(abs(top), 1e-300):.2g}"
    if (row["sum_error"] or 0.0) > SUM_TOLERANCE:
        return f"sum rule missed by {row['sum_error']:.2g}"
    for check in ("orbits", "integrators", "lengths"):
        if row.get(check, 0.0) > ERRORS:
            return f"{check} differ by {row[check]:.2g} standard errors"
    return ""


def _fixed_points(system: Any) -> list[dict[str, Any]]:

    if kind(system) in ("sde", "random map") or dimension(system) > SMALL:
        return []
    try:
        points = ds.fixed_points(system, throw=False)
    except ds.InputError:
        return []
    listed = zip(points.states[:LISTED], points.unstable_dimension[:LISTED], strict=True)
    return [{"state": _rounded(state, 8), "unstable": int(unstable)} for state, unstable in listed]


def _digits(value: float, error: float) -> int:
    """Significant digits that `error` leaves of `value`, and one more."""
    if not (math.isfinite(value) and math.isfinite(error)) or value == 0 or error == 0:
        return 8
    return max(1, min(10, math.floor(math.log10(abs(value))) - math.floor(math.log10(error)) + 2))


def _number(value: Any, digits: int) -> float | None:

    value = float(value)
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def _rounded(values: Any, digits: int) -> list[float | None]:
    return [0.0 if abs(v) < 1e-12 else _number(v, digits) for v in values]


def _attempt(name: str, *, patience: Patience) -> dict[str, Any]:
    warnings.simplefilter("ignore")
    try:
        return certify(name, patience)
    except Exception as error:
        return {"name": name, "failed": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Certify the named systems, or all, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--undecided", action="store_true", help="only rows that are not certified, with more patience")
    options = parser.parse_args()

    old = json.loads(TABLE.read_text("utf-8")) if TABLE.exists() else []
    table = {row["name"]: row for row in old if row["name"] in models.names()}
    wanted = options.names or models.names()
    if options.undecided:
        wanted = [name for name in wanted if table.get(name, {}).get("undecided") or name not in table]
    patience = Patience(*((150.0, 6) if options.undecided else (40.0, 4)))
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    began = time.time()
    with multiprocessing.get_context("spawn").Pool(options.jobs, maxtasksperchild=10) as pool:
        for done, row in enumerate(pool.imap_unordered(functools.partial(_attempt, patience=patience), wanted), 1):
            told = row.get("failed") or row.get("undecided") or row.get("note") or row.get("regime")
            print(
                f"{done}/{len(wanted)} {row['name']}: {told} ({row.get('seconds', 0)} s)", file=sys.stderr, flush=True
            )
            if "failed" not in row:
                table[row["name"]] = row
            lines = [json.dumps(table[name], ensure_ascii=False) for name in sorted(table)]
            TABLE.write_text("[\n  " + ",\n  ".join(lines) + "\n]\n", "utf-8")
    print(f"{len(wanted)} systems in {time.time() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
