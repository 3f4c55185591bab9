"""Recordings of catalogue systems that the search of `fit` was not developed on: is their regime found again?

    python -m benchmarks.unseen_systems [--half development|unseen] [--share 0/2] [--seconds 300]

Cases are drawn by a seed from all flows of the catalogue whose regime is certified: ten chaotic, five limit cycles, two
tori and three that come to rest. They have 2 to 6 variables, none of them an angle (a recording of an angle is not
continuous), and rest is reached from far away. Systems on which the defaults were developed are left out.

Each is recorded by `dynascope simulate --noise 0.01`, 50 samples per period and 200 periods long; the period is the
certified time scale (2 pi over the mean relative rate of change), and of a system at rest 2 pi over the size of its
leading eigenvalue. `fit` is run with its defaults and 5 minutes. The verdict of the reconstruction, as `fit` tells it,
is held against the certified regime. Cases are written as they are done; a second call goes on, and `--share 1/2` takes
every second case. With `--table` all results are put into one file.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

import dynascope as ds
from dynascope.cli import main as command_line
from dynascope.systems import state_variables

#: Seed of the draw, and how many are drawn of each kind.
SEED, DRAWN = 20, {"chaos": 10, "limit cycle": 5, "torus": 2, "fixed point": 3}
#: Systems on which the search was developed.
DEVELOPMENT = (
    "lorenz", "roessler", "sprott-b", "halvorsen", "chua", "van-der-pol", "fitzhugh-nagumo",
    "ca-two-plus-quasiperiodic", "linear-flow", "wong-wang",
)  # fmt: skip
POINTS, PERIODS, NOISE = 50, 200, 0.01
FOLDER = Path(__file__).parent / "results"


def qualified() -> dict[str, list[str]]:
    """All systems that a draw is made from, by regime, the systems of development among them."""
    found: dict[str, list[str]] = {regime: [] for regime in DRAWN}
    for row in certified().values():
        if row["kind"] != "flow" or row["regime"] not in found or row.get("undecided") or len(row["start"]) > 6:
            continue
        system = ds.build(row["name"])
        if len(row["start"]) < 2 or any(v.topology == "circle" for v in state_variables(system)):
            continue
        # A second exponent of zero, not only one too uncertain to tell from zero.
        if row["regime"] == "torus" and abs(row["exponents"][1]) * row["time_scale"] > 1e-3:
            continue
        found[row["regime"]].append(row["name"])
    return found


def certified() -> dict[str, Any]:
    """The certified numbers of each system."""
    rows = json.loads((Path(ds.models.__file__).parent / "certified.json").read_text())
    return {row["name"]: row for row in rows}


def unseen() -> list[str]:
    """The systems drawn, kind by kind."""
    generator = np.random.default_rng(SEED)
    drawn = []
    for regime, names in qualified().items():
        others = sorted(set(names) - set(DEVELOPMENT))
        drawn += [str(x) for x in generator.permutation(others)[: DRAWN[regime]]]
    return drawn


def period(name: str) -> float:
    """Time in which a sine that changes as fast turns once."""
    row = certified()[name]
    if row["regime"] != "fixed point":
        return float(row["time_scale"])
    system: Any = ds.build(name)
    rate = jax.jacfwd(lambda y: system.vector_field(0.0, y, None))(np.asarray(row["start"]))
    values = np.linalg.eigvals(np.asarray(rate))
    return float(2 * np.pi / np.abs(values[np.argmax(values.real)]))


def recorded(name: str, folder: Path) -> Path:
    """The file that `dynascope simulate` makes."""
    turn, file = period(name), folder / f"{name}.nc"
    moving = certified()[name]["regime"] != "fixed point"
    words = [
        "simulate",
        name,
        "--t1",
        PERIODS * turn,
        "--dt",
        turn / POINTS,
        "--noise",
        NOISE,
        "--out",
        file,
        "--quiet",
    ]
    words += ["--transient", 50 * turn] if moving else []
    try:
        command_line([str(w) for w in words])
    except SystemExit as end:
        if end.code:
            raise RuntimeError(f"`dynascope {' '.join(map(str, words))}` failed.") from end
    return file


def measured(name: str, seconds: float) -> dict[str, Any]:
    """Fit one recording, and hold its verdict against the certified one."""
    row = certified()[name]
    with tempfile.TemporaryDirectory() as folder:
        recording = ds.read_recording(recorded(name, Path(folder)))
    began, used = time.perf_counter(), time.process_time()

    def tell(label: str, score: float, best: bool) -> None:
        print(f"{score:8.3f}  {label}{'  (best so far)' if best else ''}", flush=True)

    found = ds.learn.fit(recording, budget=seconds, name=True, tell=tell)
    verdict = found.regime
    assert verdict is not None
    return {
        "system": name,
        "true": row["regime"],
        "reconstructed": verdict.regime,
        "confidence": verdict.confidence,
        "equal": verdict.regime == row["regime"],
        "model": found.label,
        "tried": len(found.tried),
        "grade": found.fidelity.grade,
        "excess": [float(x) for x in found.fidelity.excess],
        "exponent": found.exponent,
        "exponent_stderr": found.exponent_stderr,
        "true_exponent": row["exponents"][0],
        "seconds": round(time.perf_counter() - began, 1),
        "processor_seconds": round(time.process_time() - used, 1),
    }


def tabled(half: str) -> None:
    """Put the results into one file, and print them as lines of a table."""
    names = list(DEVELOPMENT) if half == "development" else unseen()
    files = [FOLDER / f"unseen_systems_{half}" / f"{name}.json" for name in names]
    rows = [json.loads(file.read_text()) for file in files if file.exists()]
    (FOLDER / f"unseen_systems_{half}.json").write_text(
        json.dumps(
            {"seed": SEED, "equal": sum(row["equal"] for row in rows), "of": len(names), "cases": rows}, indent=1
        )
        + "\n"
    )
    for row in rows:
        told = [row.get(k, "") for k in ("system", "true", "reconstructed", "model", "grade", "seconds")]
        print("| " + " | ".join(str(x) for x in told) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("development", "unseen"), default="development")
    parser.add_argument("--share", default="0/1")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    if given.table:
        tabled(given.half)
        return
    part, parts = map(int, given.share.split("/"))
    names = list(DEVELOPMENT) if given.half == "development" else unseen()
    folder = FOLDER / f"unseen_systems_{given.half}"
    folder.mkdir(exist_ok=True)
    for name in names[part::parts]:
        file = folder / f"{name}.json"
        if (given.only and name not in given.only.split(",")) or (file.exists() and not given.only):
            continue
        print(f"== {name}", flush=True)
        try:
            row = measured(name, given.seconds)
        except (ds.InputError, ds.ComputationFailed, RuntimeError) as error:
            row = {
                "system": name,
                "true": certified()[name]["regime"],
                "reconstructed": f"failed: {error}",
                "equal": False,
            }
        file.write_text(json.dumps(row, indent=1) + "\n")
        print(row, flush=True)


if __name__ == "__main__":
    main()
