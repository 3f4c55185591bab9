"""Basins and resilience against known answers: shares, exponents, shocks, edge states and actions.

Prints a table, writes `results/basins.json` and the pictures of `docs/basins.md`. With names of rows, such as
`python benchmarks/basins.py henon edge`, only those run and the others are kept.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.analysis.basins import Grid, basin_entropy, basin_shares, basins, uncertainty_exponent
from dynascope.analysis.resilience import edge_state, minimal_shock, minimum_action_path
from dynascope.plots import plot

RESULTS = Path(__file__).parent / "results" / "basins.json"
IMAGES = Path(__file__).parents[1] / "docs" / "images"
ROWS: dict[str, Callable[[], list[dict[str, Any]]]] = {}


def box(low: Any, high: Any) -> ds.Box:
    return ds.Box(jnp.asarray(low, float), jnp.asarray(high, float))


def row(quantity: str, value: float, error: float, wanted: float, wanted_error: float) -> dict[str, Any]:
    """One comparison, in units of the combined error."""
    apart = abs(value - wanted) / float(np.hypot(error, wanted_error))
    numbers = {"value": value, "error": error, "known": wanted, "known_error": wanted_error, "apart": apart}
    return {"quantity": quantity, **{k: float(v) for k, v in numbers.items()}}


def known(make: Callable[[], list[dict[str, Any]]]) -> Callable[[], list[dict[str, Any]]]:
    ROWS[make.__name__] = make
    return make


@known
def henon() -> list[dict[str, Any]]:
    found = basin_shares(ds.build("henon"), region=box([-2, -2], [2, 2]), precision=0.004)
    return [row("Hénon map, share of the attractor", found.shares[0], found.stderr[0], 0.4325, 0.0005)]


@known
def pendulum() -> list[dict[str, Any]]:
    found = basin_shares(ds.build("magnetic-pendulum"), region=box([-2, -2, 0, 0], [2, 2, 0, 0]), precision=0.008)
    rows = []
    for state, share, error in zip(found.states, found.shares, found.stderr, strict=True):
        degrees = int(round(np.degrees(np.arctan2(state[1], state[0]))) % 360)
        wanted = 0.3353 if state[0] > 0 else 0.3324
        rows.append(row(f"magnetic pendulum, magnet at {degrees} degrees", share, error, wanted, 0.0005))
    return rows


def strobed() -> Any:
    """Duffing's oscillator with its forcing as an explicit function of time."""
    spring = ds.flow(lambda t, y, _: jnp.stack([y[1], y[0] - y[0] ** 3 - 0.15 * y[1] + 0.2 * jnp.cos(t)]), [0.5, 0.0])
    return Forced(spring)


class Forced(ds.AbstractFlow):
    """A flow whose explicit time has the period 2 pi."""

    flow: Any

    def initial_state(self) -> Any:
        return self.flow.initial_state()

    def vector_field(self, t: Any, y: Any, u: Any) -> Any:
        return self.flow.vector_field(t, y, u)

    def forcing_period(self) -> Any:
        return 2 * np.pi


@known
def duffing() -> list[dict[str, Any]]:
    found = basin_shares(strobed(), region=box([-2.2, -2.2], [2.2, 2.2]), precision=0.008)
    return [
        row(f"Duffing, strobed, well of x = {state[0]:.2f}", share, error, 0.5, 0.001)
        for state, share, error in zip(found.states, found.shares, found.stderr, strict=True)
    ]


@known
def lorenz_84() -> list[dict[str, Any]]:
    system = ds.build("lorenz84", F=6.886, G=1.347, a=0.255, b=4.0)
    found = basin_shares(system, region=box([-3] * 3, [3] * 3), precision=0.008, name=True)
    wanted = {"chaos": 0.18, "fixed point": 0.645, "limit cycle": 0.175}
    return [
        row(f"Lorenz-84, {regime}", share, error, wanted[regime], 0.015)
        for regime, share, error in zip(found.regimes, found.shares, found.stderr, strict=True)
    ]


@known
def thomas() -> list[dict[str, Any]]:
    """The three attractors are turned into one another by x -> y -> z, so a box with that symmetry is shared evenly."""
    found = basin_shares(ds.build("thomas", b=0.1665), region=box([-4] * 3, [4] * 3), precision=0.01)
    return [
        row(f"Thomas, b = 0.1665, attractor {i + 1}", share, error, 1 / 3, 1e-6)
        for i, (share, error) in enumerate(zip(found.shares, found.stderr, strict=True))
    ]


@known
def shocks() -> list[dict[str, Any]]:
    newton = minimal_shock(ds.build("newton-map"), jnp.array([1.0, 0.0]), region=box([-2, -2], [2, 2]))
    magnets = minimal_shock(
        ds.build("magnetic-pendulum"), jnp.array([1.0, 0.0, 0.0, 0.0]), region=box([-2, -2, 0, 0], [2, 2, 0, 0])
    )
    return [
        row("Newton's map, minimal fatal shock", newton.norm, newton.error, 0.622, 0.0005),
        row("magnetic pendulum, minimal fatal shock from a magnet", magnets.norm, magnets.error, 0.3923, 1e-4),
    ]


@known
def edge() -> list[dict[str, Any]]:
    system, region = ds.build("thomas", b=0.16), box([-4] * 3, [4] * 3)
    shares = basin_shares(system, region=region, precision=0.05)
    found = edge_state(system, jnp.asarray(shares.states[0]), jnp.asarray(shares.states[1]), region=region)
    return [row("Thomas, b = 0.16, norm of the edge state", found.norm, max(found.error, 1e-6), 4.06585, 1e-5)]


@known
def action() -> list[dict[str, Any]]:
    found = minimum_action_path(ds.build("maier-stein"), jnp.array([-1.0, 0.0]), jnp.array([0.0, 0.0]))
    return [row("Maier and Stein, least action", found.action, found.error, 0.3375, 0.003)]


@known
def hopfield() -> list[dict[str, Any]]:
    """Shares of stored patterns, their mirror images and everything else, for 1 to 10 patterns in 100 spins."""
    cls: Any = type(ds.build("hopfield", n=25, patterns=1))
    rows = []
    for count in range(1, 11):
        key = jax.random.fold_in(jax.random.key(7), count)
        patterns = jnp.where(jax.random.bernoulli(key, 0.5, (count, 100)), 1.0, -1.0)
        found = basin_shares(cls.from_patterns(patterns), precision=0.02, most=1024)
        overlap = found.states @ np.asarray(patterns).T / 100
        best = overlap[np.arange(len(overlap)), np.argmax(np.abs(overlap), axis=1)]
        parts = {
            "stored": float(found.shares[best > 0.95].sum()),
            "mirrored": float(found.shares[best < -0.95].sum()),
            "spurious": float(found.shares[np.abs(best) <= 0.95].sum()),
        }
        # Of a start drawn at random, the difference is 1, -1 or 0.
        apart = parts["stored"] - parts["mirrored"]
        error = np.sqrt((parts["stored"] + parts["mirrored"] - apart**2) / found.starts)
        rows.append({
            **row(f"Hopfield, {count} patterns: stored less mirrored", parts["stored"] - parts["mirrored"],
                  float(error + 2 / found.starts), 0.0, 1e-6),
            **parts, "attractors": len(found), "undecided": found.undecided,
        })  # fmt: skip
    return rows


@known
def boundaries() -> list[dict[str, Any]]:
    def rule(n: Any, y: Any, p: Any) -> Any:
        del n, p
        theta, x = y
        turned = theta + 1.32 * jnp.sin(2 * theta) - 0.90 * jnp.sin(4 * theta) - x * jnp.sin(theta)
        return jnp.stack([turned, -0.3 * jnp.cos(theta)])

    cantor = ds.iterated(lambda _, y, __: jnp.clip(jnp.where(y < 0.5, 3 * y, 3 * y - 2), -1.0, 2.0), [0.3])
    one = uncertainty_exponent(cantor, region=box([0], [1]), starts=16_384)
    two = uncertainty_exponent(
        ds.iterated(rule, [1.0, 0.1]), region=box([0, -0.5], [np.pi, 0.5]), starts=16_384,
        scales=(1e-2, 1e-3, 1e-4, 1e-5, 1e-6),
    )  # fmt: skip
    noise = basin_entropy(np.random.default_rng(0).integers(0, 3, (1000, 1000)), side=20)
    return [
        row("uncertainty exponent, Cantor set", one.exponent, one.stderr, 1 - np.log(2) / np.log(3), 0.01),
        row("uncertainty exponent, Grebogi and others", two.exponent, two.stderr, 0.2, 0.01),
        row("basin entropy of three labels at random", noise.entropy, noise.stderr, np.log(3) - 2 / 800, 1e-6),
    ]


@known
def pictures() -> list[dict[str, Any]]:
    newton = basins(ds.build("newton-map"), Grid([-1.5, -1.5], [1.5, 1.5], (500, 500)))
    plot(newton).savefig(IMAGES / "basins-newton.png", dpi=110)
    magnets = basins(ds.build("magnetic-pendulum"), Grid([-2, -2, 0, 0], [2, 2, 0, 0], (240, 240)))
    plot(magnets).savefig(IMAGES / "basins-pendulum.png", dpi=110)
    wells = basins(strobed(), Grid([-2.2, -2.2], [2.2, 2.2], (240, 240)))
    plot(wells).savefig(IMAGES / "basins-duffing.png", dpi=110)
    found = basin_entropy(magnets)
    return [
        {"quantity": "magnetic pendulum, 240 x 240: basin entropy", "value": found.entropy, "error": found.stderr},
        {"quantity": "the same: boundary basin entropy", "value": found.boundary, "error": found.boundary_stderr},
    ]


def main() -> None:
    done = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in sys.argv[1:] or ROWS:
        began = time.perf_counter()
        rows = ROWS[name]()
        done[name] = {"rows": rows, "seconds": round(time.perf_counter() - began, 1)}
        for r in rows:
            known_one = (
                f"known {r['known']:.5g} +- {r['known_error']:.2g}, {r['apart']:.1f} errors" if "known" in r else ""
            )
            print(f"{r['quantity']:55s} {r['value']:.5g} +- {r['error']:.2g} {known_one}", flush=True)
        RESULTS.write_text(json.dumps(done, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
