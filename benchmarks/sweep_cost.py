"""What a sweep costs: 10^6 points of a map, 10^5 of a flow, and the overhead of each engine.

Run `python benchmarks/sweep_cost.py` for the full measurement (about ten minutes on two cores), with `--side 100` for
a small one, which writes no results. Draws `docs/images/sweep-henon.png`.
"""

import argparse
import functools
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import dynascope as ds
from dynascope.solve import RK4
from dynascope.sweep import Dask, InProcess, Processes, Range, exponents, sweep

HERE = Path(__file__).parent
#: Steps averaged over and left out at each point of the map, and of the flow.
MAP, FLOW = (1000, 200), (2000, 500)


def asleep(system: Any) -> float:
    """A point of 50 ms that no core has to work for."""
    value = float(system.r)
    time.sleep(0.05)
    return value


def timed(*arguments: Any, **options: Any) -> tuple[float, Any]:
    """Wall seconds of a sweep into a store, and what it found."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        found = sweep(*arguments, store=Path(folder) / "a.zarr", **options)
        return time.perf_counter() - began, found


def plane(side: int) -> dict[str, Any]:
    """The largest exponent of the Henon map over a plane of parameters, here and on Dask."""
    henon = ds.build("henon")
    function = functools.partial(exponents, k=1, every=10, steps=MAP[0], transient_steps=MAP[1])
    grid = {"a": Range(0.8, 1.5, side), "b": Range(-0.3, 0.4, side)}
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "a.zarr"
        began = time.perf_counter()
        found = sweep(function, henon, grid, store=store, progress=True)
        here = time.perf_counter() - began
        began = time.perf_counter()
        sweep(function, henon, grid, store=store)
        again = time.perf_counter() - began
        size = sum(f.stat().st_size for f in store.rglob("*") if f.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows: dict[str, Any] = {
        "points": side**2,
        "in_process_s": here,
        "again_s": again,
        "peak_mib": peak,
        "store_mb": size / 1e6,
    }
    for workers in (1, 2):
        rows[f"dask_{workers}_s"], other = timed(function, henon, grid, engine=Dask(workers=workers))
        rows[f"dask_{workers}_identical"] = bool(found.identical(other))
    figure = ds.plot(found, title="Hénon map: largest Lyapunov exponent (nats per step); grey: escapes")
    if side >= 1000:
        figure.savefig(HERE.parent / "docs" / "images" / "sweep-henon.png", dpi=130)
    return rows


def flow(side: int) -> dict[str, Any]:
    """The largest exponent of the Lorenz system over a plane."""
    function = functools.partial(exponents, k=1, every=10, steps=FLOW[0], transient_steps=FLOW[1], solver=RK4(0.01))
    grid = {"rho": Range(0.0, 200.0, side), "sigma": Range(2.0, 30.0, side)}
    seconds, found = timed(function, ds.build("lorenz"), grid, progress=True)
    return {"points": side**2, "steps": sum(FLOW), "in_process_s": seconds, "computed": int(found.attrs["computed"])}


def overhead(points: int) -> list[dict[str, Any]]:
    """Wall time against the sum of the points' own 50 ms, for each engine and number of workers; start-up apart."""
    rows = []
    logistic = ds.build("logistic")
    for name, engine, workers in (
        ("in process", InProcess(), 1),
        ("processes", Processes(1), 1),
        ("processes", Processes(2), 2),
        ("dask", Dask(workers=1), 1),
        ("dask", Dask(workers=2), 2),
    ):
        walls = []
        for count in (points // 4, points):
            batch = 16
            walls.append(timed(asleep, logistic, {"r": Range(0.0, 4.0, count)}, engine=engine, batch=batch)[0])
        # The slope over the number of points leaves the start of the workers out.
        each = (walls[1] - walls[0]) / (points - points // 4) * workers
        start = walls[0] - each * (points // 4) / workers
        rows.append(
            {"engine": name, "workers": workers, "overhead": each / 0.05 - 1, "start_s": start, "points": points}
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", type=int, default=1000)
    parser.add_argument("--points", type=int, default=1024)
    chosen = parser.parse_args()
    small = chosen.side < 1000
    found = {
        "map": plane(chosen.side),
        "flow": flow(max(8, round(chosen.side * 0.316))),
        "overhead": overhead(256 if small else chosen.points),
    }
    print(json.dumps(found, indent=1))
    if not small:
        (HERE / "results" / "sweep_cost.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
