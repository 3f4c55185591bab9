"""Reconstruct real recordings with every kind of model, and say whether any is good enough to be trusted.

    python benchmarks/reconstruct_recordings.py FOLDER [--seeds 1] [--budget 25] [--only ECG] [--kinds nvar echo-state]

The folder holds `ECG.npy` (10,000 x 5, an embedding), `EEG.npy` (9640 x 64 at 160 Hz) and `fmri.npy` (360 x 20), as
published with Brenner et al. (2024). Each is split in time: 70 % to learn from, 15 % to choose on, 15 % to judge on.
The published test file of the EEG is its training file, so published figures for it are of the fit, and ours are not.

Scores of each kind are those of the best model found within the budget on the validation part, on the test part, for
each seed; medians over seeds are printed beside the floor (other stretches of the same recording) and the mean. They
depend on the length of the stretch, which the published table has ten times longer. Written to
`results/reconstruct_recordings.json`.
"""

import argparse
import json
import time
from pathlib import Path

import jax
import numpy as np

import dynascope as ds
from dynascope.learn.fitting import KINDS
from dynascope.learn.preparation import prepare

RESULTS = Path(__file__).parent / "results" / "reconstruct_recordings.json"
RATES = {"ECG": 1.0, "EEG": 1 / 160, "fmri": 1.0}
KIND_NAMES = ("linear", "nvar", "echo-state", "shallow-plrnn", "al-rnn", "gru")


def measured(ready, kind, seed, budget):
    """One fit, as plain numbers."""
    began = time.perf_counter()
    try:
        found = ds.learn.fit(ready, model=kind, budget=budget, key=jax.random.key(seed))
    except (ds.InputError, ds.ComputationFailed) as error:
        return {"kind": kind, "seed": seed, "error": str(error)}
    long_run = found.fidelity
    # A short test stretch leaves fewer steps after the history that a model needs.
    ahead = min(20, len(found.errors))
    return {
        "kind": kind,
        "seed": seed,
        "model": found.label,
        "tried": len(found.tried),
        "D_stsp": float(long_run.values[0]),
        "D_H": float(long_run.values[1]),
        "floors": [float(x) for x in long_run.floors],
        "mean": [float(x) for x in long_run.trivial[:, 0]],
        "definitions": list(long_run.definitions),
        "samples": long_run.settings["samples"],
        "ahead": ahead,
        "PE": float(found.errors[ahead - 1]),
        "persistence": float(found.persistence[ahead - 1]),
        "grade": long_run.grade,
        "failed_runs": long_run.failed,
        "seconds": time.perf_counter() - began,
    }


def main():
    """Run what is asked for, one row after another, and keep the rows of earlier runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--budget", type=float, default=25.0)
    parser.add_argument("--only", choices=tuple(RATES), default=None)
    parser.add_argument("--kinds", nargs="+", choices=tuple(KINDS), default=list(KIND_NAMES))
    chosen = parser.parse_args()
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name, dt in RATES.items():
        if chosen.only not in (None, name):
            continue
        ready = prepare(np.load(chosen.folder / f"{name}.npy").astype(float), dt=dt, source=name)
        print(ready.summary())
        rows = [r for r in kept.get(name, []) if r["kind"] not in chosen.kinds]
        for kind in chosen.kinds:
            mine = [measured(ready, kind, seed, chosen.budget) for seed in range(chosen.seeds)]
            rows += mine
            good = [r for r in mine if "error" not in r]
            if not good:
                print(f"  {kind:15} {mine[0]['error']}")
                continue
            middle = {key: float(np.median([r[key] for r in good])) for key in ("D_stsp", "D_H", "PE")}
            floors, mean = good[0]["floors"], good[0]["mean"]
            print(
                f"  {kind:15} D_stsp {middle['D_stsp']:.3g} (floor {floors[0]:.3g}, mean {mean[0]:.3g})  D_H "
                f"{middle['D_H']:.3g} (floor {floors[1]:.3g})  PE({good[0]['ahead']}) {middle['PE']:.3g} (persistence "
                f"{good[0]['persistence']:.3g})  {good[0]['grade']}, {good[0]['model']}",
                flush=True,
            )
            kept[name] = rows
            RESULTS.write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
