"""Branches against `jaxcont`: the same special points, and the time for the same diagram.

Run: python benchmarks/continuation.py PEER_PYTHON

PEER_PYTHON is the interpreter of an environment of its own in which `jaxcont` is installed. Both sides run the
equations of continuation_cases.py, once to compile and then several times; the least time counts. Points are compared
to 1e-5. The peer's call follows one branch from a given start, with stability and events; it is set against our whole
diagram, search for fixed points included. The bare branch is timed besides, for one system and for 64 at once. The case
of cycles is that of the published validation of the peer, with the points of MatCont. Numbers go to
results/continuation.json.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from continuation_cases import CASES, CYCLES

import dynascope as ds
from dynascope.analysis.bifurcation import Bounds, CycleContinuation, Equilibria, follow, free_parameter
from dynascope.analysis.stability._frozen import frozen_at

HERE = Path(__file__).parent
REPEATS, FAMILY = 5, 64
#: How far apart the places of one special point may be.
TOLERANCE = 1e-5


def least_time(run: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of the first call, compilation included, and the least of those after it."""
    times = []
    for _ in range(1 + REPEATS):
        began = time.perf_counter()
        jax.block_until_ready(run())
        times.append(time.perf_counter() - began)
    return times[0], min(times[1:])


def ours(name: str) -> dict[str, Any]:
    """Special points and times of one case."""
    rule, start, low, high, least, most = CASES[name]

    def field(t: Any, y: Any, p: Any) -> Any:
        del t
        return rule(y, p["p"])

    system = ds.flow(field, start, parameters={"p": low})
    region = ds.Box(jnp.asarray(least), jnp.asarray(most))

    def diagram() -> Any:
        return _points(ds.bifurcations(system, "p.p", low, high, region=region, cycles=None))

    first, whole = least_time(diagram)
    frozen = frozen_at(system, None, 0.0)
    scale = jnp.asarray(most) - jnp.asarray(least)
    bounds = Bounds(jnp.append(jnp.asarray(least) - 5 * scale, low), jnp.append(jnp.asarray(most) + 5 * scale, high))
    free = free_parameter(system, "p.p", frozen.u)

    def branch(z: Any) -> Any:
        return follow(Equilibria(frozen, free, scale, jnp.asarray(high - low)), z, jnp.asarray(1.0), bounds=bounds)

    z = jnp.append(jnp.asarray(start), low)
    one, many = eqx.filter_jit(branch), eqx.filter_jit(jax.vmap(branch))
    return {
        "points": diagram(),
        "first_diagram_s": first,
        "diagram_s": whole,
        "branch_s": least_time(lambda: one(z).points)[1],
        "family_s": least_time(lambda: many(jnp.tile(z, (FAMILY, 1))).points)[1],
        "points_on_branch": int(one(z).count),
    }


def ours_of_cycles(name: str) -> dict[str, Any]:
    """Special points of the first branch of cycles of a case, and times of the whole diagram."""
    rule, _, low, high, least, most, _ = CYCLES[name]

    def field(t: Any, y: Any, p: Any) -> Any:
        del t
        return rule(y, p["p"])

    system = ds.flow(field, [0.001, -0.001, 0.0005], parameters={"p": low})
    region = ds.Box(jnp.asarray(least), jnp.asarray(most))

    def diagram() -> Any:
        return ds.bifurcations(system, "p.p", low, high, region=region, cycles=CycleContinuation(doublings=0))

    first, whole = least_time(lambda: diagram().parameter)
    found = diagram()
    branch = found.kinds.index("cycle")
    points = [[p.type.removesuffix(" of cycles"), p.parameter, p.error] for p in found.points if p.branch == branch]
    return {"points": points, "first_diagram_s": first, "diagram_s": whole}


def compared_cycles(name: str, mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """How far both are from the points of MatCont, by type; None where one is missed."""

    def gaps(points: list[list[Any]]) -> dict[str, float | None]:
        named = [(p[0].replace("_", "-").replace("period-doubling", "period doubling"), p[1]) for p in points]
        return {
            kind: min((abs(p - place) for k, p in named if k == kind), default=None)
            for kind, place in CYCLES[name][-1].items()
        }

    return {
        "case": name,
        "ours": mine,
        "theirs": theirs,
        "gaps_to_matcont": gaps(mine["points"]),
        "gaps_of_peer_to_matcont": gaps(theirs["points"]),
        "times_faster": theirs["branch_s"] / mine["diagram_s"],
    }


def _points(diagram: Any) -> list[list[Any]]:
    return [[p.type, p.parameter, p.coefficient] for p in diagram.points]


def compared(name: str, mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """Both answers, and whether each point of the peer is among ours."""
    apart = []
    for kind, place in theirs["points"]:
        near = [abs(p - place) for k, p, _ in mine["points"] if k == kind]
        apart.append(min(near) if near else float("inf"))
    return {
        "case": name,
        "ours": mine,
        "theirs": theirs,
        "largest_gap": float(np.max(apart)) if apart else 0.0,
        "points_of_peer": len(apart),
        "all_found": all(a <= TOLERANCE for a in apart),
        "times_faster": theirs["branch_s"] / mine["diagram_s"],
    }


def main() -> None:
    """Run both and write."""
    if len(sys.argv) != 2:
        sys.exit("Give the interpreter of the environment with jaxcont: python benchmarks/continuation.py PEER_PYTHON")
    told = subprocess.run(
        [sys.argv[1], str(HERE / "continuation_peer.py")], capture_output=True, text=True, check=True
    ).stdout
    theirs = json.loads(told)
    rows = [compared(name, ours(name), theirs["cases"][name]) for name in CASES]
    for row in rows:
        print(f"{row['case']}: {row['points_of_peer']} points, gap {row['largest_gap']:.1e}, found {row['all_found']}")
        print(f"  {row['times_faster']:.1f} times faster")
    cycles = [compared_cycles(name, ours_of_cycles(name), theirs["cases"][name]) for name in CYCLES]
    for row in cycles:
        print(f"{row['case']}: to MatCont {row['gaps_to_matcont']}, the peer {row['gaps_of_peer_to_matcont']}")
        print(f"  {row['times_faster']:.1f} times faster")
    facts = {"peer": theirs["version"], "rows": rows, "cycles": cycles}
    (HERE / "results" / "continuation.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
