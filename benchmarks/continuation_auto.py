"""Diagrams against AUTO-07p, through PyCoBi and by its program alone: the same special points, and the time.

Run: python benchmarks/continuation_auto.py PEER_PYTHON

PEER_PYTHON is the interpreter of an environment with `pycobi`, on a machine with AUTO-07p and a Fortran compiler
(Debian: packages `auto-07p` and `gfortran`; AUTO_DIR names another folder than theirs). Both sides make diagrams of
the same equations in turns, once to compile and then ROUNDS times; the least counts, of wall time and of processor
time, programs that a side runs included. Our side is the whole diagram, search for fixed points included; AUTO follows
one branch from a given start, with folds and Hopf points, and for one case the cycles from the first Hopf point to the
next, on 64 intervals and then on 256, the most that our side takes where multipliers ask for it. Of 64 systems of a
family our side follows all branches of equilibria at once and locates their folds and Hopf points; AUTO does one after
another. Numbers go to results/continuation_auto.json.
"""

import json
import resource
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
from continuation_cases import CASES

import dynascope as ds
from dynascope.analysis.bifurcation import (
    Bounds,
    CycleContinuation,
    Equilibria,
    crossings,
    follow,
    free_parameter,
    locate,
)
from dynascope.analysis.stability._frozen import frozen_at

HERE = Path(__file__).parent
ROUNDS, SIZE = 5, 64
#: AUTO's names of what we look for.
NAMES = {"LP": "fold", "HB": "hopf"}


def fitzhugh_nagumo(y: Any, p: Any, eps: Any = 0.08) -> Any:
    """The neuron over its current, with the rate of recovery free."""
    return jnp.stack([y[0] - y[0] ** 3 / 3 - y[1] + p, eps * (y[0] + 0.7 - 0.8 * y[1])])


def co_oxidation(y: Any, p: Any, k: Any = 0.4) -> Any:
    """As in continuation_cases.py, with k free."""
    x, v, s = y
    z = 1 - x - v - s
    return jnp.stack([5 * z**2 - 2 * x**2 - 10 * x * v, p * z - 0.1 * v - 10 * x * v, 0.0675 * (z - k * s)])


#: Rule, first state, first and last value of the parameter, box of states; the last two are families.
DIAGRAMS = {
    **CASES,
    "fitzhugh_nagumo": (
        fitzhugh_nagumo,
        [-1.1994080352440348, -0.6242600440550435],
        0.0,
        2.0,
        [-3.0, -2.0],
        [3.0, 4.0],
    ),
}
FAMILIES = {"co_oxidation": (co_oxidation, (0.39, 0.41)), "fitzhugh_nagumo": (fitzhugh_nagumo, (0.06, 0.1))}
WITH_CYCLES = "fitzhugh_nagumo"


def diagram_of(name: str) -> Callable[[], Any]:
    """A function that makes the whole diagram of a case."""
    rule, start, low, high, least, most = DIAGRAMS[name]

    def field(t: Any, y: Any, p: Any) -> Any:
        del t
        return rule(y, p["p"])

    system = ds.flow(field, start, parameters={"p": low})
    region = ds.Box(jnp.asarray(least), jnp.asarray(most))
    cycles = CycleContinuation() if name == WITH_CYCLES else None

    def made() -> Any:
        return ds.bifurcations(system, "p.p", low, high, region=region, cycles=cycles)

    return made


def family_of(name: str) -> tuple[Callable[[], Any], np.ndarray]:
    """A function that follows the branches of a whole family and locates their special points, and the family."""
    rule, (first, last) = FAMILIES[name]
    _, start, low, high, least, most = DIAGRAMS[name]

    def field(t: Any, y: Any, p: Any) -> Any:
        del t
        return rule(y, p["p"], p["q"])

    system = ds.flow(field, start, parameters={"p": low, "q": first})
    scale = jnp.asarray(most) - jnp.asarray(least)
    bounds = Bounds(jnp.append(jnp.asarray(least) - 5 * scale, low), jnp.append(jnp.asarray(most) + 5 * scale, high))
    free = free_parameter(system, "p.p", None)
    z, seconds = jnp.append(jnp.asarray(start), low), jnp.linspace(first, last, SIZE)

    def problem(second: Any) -> Equilibria:
        return Equilibria(frozen_at(system.replace(**{"p.q": second}), None, 0.0), free, scale, jnp.asarray(high - low))

    def branch(second: Any) -> Any:
        return follow(problem(second), z, jnp.asarray(1.0), bounds=bounds)

    def place(second: Any, path: Any, index: Any, which: Any) -> Any:
        found = locate(problem(second), path, index, which)
        return found.point, jnp.linalg.eigvals(problem(second).jacobian(found.point))

    many, places = eqx.filter_jit(jax.vmap(branch)), eqx.filter_jit(jax.vmap(place))
    changed = eqx.filter_jit(jax.vmap(crossings))

    def made() -> list[list[list[Any]]]:
        paths = many(seconds)
        lane, index, which = np.nonzero(np.asarray(changed(paths)))
        keep = np.resize(np.arange(len(lane)), 64 * -(-len(lane) // 64))  # few sizes, few programs
        chosen = jax.tree.map(lambda leaf: leaf[lane[keep]], paths)
        points, values = places(seconds[lane[keep]], chosen, index[keep], which[keep])
        answer: list[list[list[Any]]] = [[] for _ in seconds]
        for n, (at, test) in enumerate(zip(lane, which, strict=True)):
            turning = np.any(np.abs(np.imag(values[n])) > 1e-6)
            if test == 0 or (test == 2 and turning):
                answer[at].append(["fold" if test == 0 else "hopf", float(points[n, -1])])
        return answer

    return made, np.asarray(seconds)


def processor() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def clocked(run: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """Wall and processor seconds of a call, and what it gives."""
    before, began = processor(), time.perf_counter()
    value = run()
    return {"wall_s": time.perf_counter() - began, "work_s": processor() - before}, value


def compared(run: Callable[[], Any], ask: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    """Times of all sides in turns, the least of each, and both answers."""
    first, value = clocked(run)
    told = ask()
    sides: dict[str, list[dict[str, float]]] = {"ours": [], "pycobi": [], "program": []}
    for _ in range(ROUNDS):
        spent, value = clocked(run)
        told = ask()
        for side, times in zip(sides, (spent, told["pycobi"], told["program"]), strict=True):
            sides[side].append(times)
    least = {side: {k: min(t[k] for t in times) for k in times[0]} for side, times in sides.items()}
    ratios = {
        f"times_{side}_{clock}": least["ours"][f"{clock}_s"] / least[side][f"{clock}_s"]
        for side in ("pycobi", "program")
        for clock in ("wall", "work")
    }
    return {"first_s": first["wall_s"], **least, **ratios}, value, told


def gap(mine: list[list[Any]], theirs: list[list[list[Any]]]) -> tuple[int, float]:
    """How many folds and Hopf points the other side has, and how far the farthest is from the nearest of ours.

    Its first table is of equilibria, a second one of cycles.
    """
    wanted = [
        (f"{NAMES[k]} of cycles" if of_cycles else NAMES[k], p)
        for of_cycles, table in enumerate(theirs)
        for k, p in table
        if k in NAMES
    ]
    apart = [min((abs(p - place) for k, p in mine if k == kind), default=np.inf) for kind, place in wanted]
    return len(wanted), max(apart, default=0.0)


def trivial_error(diagram: Any) -> float:
    """The largest distance from 1 of the multiplier that should be 1, over all points of branches of cycles."""
    cycles = [b for b in diagram.branches if b.kind == "cycle"]
    return max((float(np.max(np.min(np.abs(b.eigenvalues - 1), axis=1))) for b in cycles), default=0.0)


def main() -> None:
    """Run all and write."""
    if len(sys.argv) != 2:
        sys.exit("Give the interpreter of the environment with PyCoBi: python benchmarks/continuation_auto.py PEER")
    peer = subprocess.Popen(
        [sys.argv[1], str(HERE / "continuation_auto_peer.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    stdin, stdout = peer.stdin, peer.stdout
    assert stdin is not None
    assert stdout is not None

    def asked(**task: Any) -> dict[str, Any]:
        stdin.write(json.dumps(task) + "\n")
        stdin.flush()
        return json.loads(stdout.readline())

    rows = []
    for name, mesh in [*((name, 64) for name in DIAGRAMS), (WITH_CYCLES, 256)]:
        times, mine, theirs = compared(diagram_of(name), lambda name=name, mesh=mesh: asked(case=name, mesh=mesh))
        ours = [[p.type, p.parameter] for p in mine.points]
        count, apart = gap(ours, theirs["points"])
        errors = {"ours": trivial_error(mine), "theirs": theirs["trivial_error"]}
        rows.append({"case": name, "special": ours, "theirs": theirs["points"], "points": count, "gap": apart, **times})
        rows[-1] |= {"mesh": mesh, "rows": theirs["rows"], "trivial_error": errors}
        ratios = {k: round(v, 3) for k, v in times.items() if "times" in k}
        print(name, mesh, count, f"points, gap {apart:.1e}, trivial multiplier off by {errors};", ratios)
    families = []
    for name in FAMILIES:
        run, seconds = family_of(name)
        times, mine, theirs = compared(run, lambda name=name, s=seconds: asked(case=name, family=s.tolist()))
        both = [gap(a, [b]) for a, b in zip(mine, theirs["points"], strict=True)]
        count, apart = sum(b[0] for b in both), max(b[1] for b in both)
        families.append({"case": name, "systems": SIZE, "points": count, "gap": apart, **times})
        print(f"{SIZE} x {name}", count, f"points, gap {apart:.1e};", {k: v for k, v in times.items() if "times" in k})
    stdin.close()
    peer.wait()
    facts = {"rounds": ROUNDS, "diagrams": rows, "families": families}
    (HERE / "results" / "continuation_auto.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
