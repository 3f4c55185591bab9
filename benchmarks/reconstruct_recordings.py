"""Reconstruct real recordings with every kind of model, three seeds each, and say whether any may be trusted.

    python benchmarks/reconstruct_recordings.py FOLDER [--seeds 3] [--minutes 20] [--only ECG] [--kinds gru] [--again]
    python benchmarks/reconstruct_recordings.py --table
    python benchmarks/reconstruct_recordings.py FOLDER --only ECG --picture echo-state

The folder holds `ECG.npy` (10,000 x 5, an embedding), `EEG.npy` (9640 x 64 at 160 Hz) and `fmri.npy` (360 x 20), as
published with Brenner et al. (2024). Each is split in time: 70 % to learn from, 15 % to choose on, 15 % to judge on.
The published test file of the EEG is its training file, so published figures for it are of the fit, and ours are not.

Each kind of model has a fixed list of candidates, so that no number depends on how busy the machine was: all of them
for regressions and reservoirs (the best on the validation part is taken), one network, or two, with a fixed number of
updates for what is trained. A seed draws weights and windows; regressions draw nothing and have one. Scores depend on
the length of the stretch, and the published table has other lengths; the floor is what other stretches of the recording
score.

A row is written to `results/reconstruct_recordings.json` as soon as it is there. What is there is not done again
(unless `--again`), so that a run that was stopped goes on; `--minutes` begins no further row after so much processor
time. `--table` prints the medians and ranges beside what was published. `--picture` draws the recording and a free run
of one kind of model, with their spectra, into `docs/images`.
"""

import argparse
import json
import os
import time
from pathlib import Path

import jax
import numpy as np

import dynascope as ds
from dynascope.learn.fitting import KINDS, Trained, candidates
from dynascope.learn.preparation import prepare
from dynascope.learn.training import GeneralisedTeacherForcing
from dynascope.models import ALRNN, GRU, LSTM, DendriticPLRNN, NeuralODE, ShallowPLRNN

RESULTS = Path(__file__).parent / "results" / "reconstruct_recordings.json"
PICTURES = Path(__file__).parents[1] / "docs" / "images"
RATES = {"ECG": 1.0, "EEG": 1 / 160, "fmri": 1.0}
REGRESSIONS, DRAWN = ("linear", "nvar"), ("echo-state",)
TRAINED = {
    "shallow-plrnn": ShallowPLRNN,
    "dendritic-plrnn": DendriticPLRNN,
    "al-rnn": ALRNN,
    "gru": GRU,
    "lstm": LSTM,
    "neural-ode": NeuralODE,
}
NAMES = (*REGRESSIONS, *DRAWN, *TRAINED)
#: Updates of trained networks: those of the ECG are small and cheap, those of the EEG have 64 channels.
UPDATES = {"ECG": 8000, "EEG": 2000, "fmri": 2000}
#: Hess et al. (2023), table 1: medians over 20 trainings of D_stsp, D_H and PE(20).
PUBLISHED = {
    "ECG": {
        "shallow-plrnn": (4.3, 0.34, 2.4e-3),
        "dendritic-plrnn": (5.8, 0.37, 4.0e-3),
        "echo-state": (5.3, 0.39, 4e-3),
        "lstm": (15.2, 0.73, 0.025),
        "neural-ode": (12.2, 0.70, 0.41),
    },
    "EEG": {
        "shallow-plrnn": (2.1, 0.11, 0.55),
        "dendritic-plrnn": (3.0, 0.13, 0.34),
        "echo-state": (14.0, 0.54, 0.59),
        "lstm": (30.0, 0.2, 0.92),
        "neural-ode": (20.0, 0.47, 0.55),
    },
    "fmri": {},
}
SCORES = ("D_stsp", "D_H", "PE(2)", "PE(20)")


def learners(name, kind, ready):
    """The fixed list of what is tried."""
    if kind not in TRAINED:
        return candidates(ready, model=kind)
    if kind != "shallow-plrnn":
        return [Trained(TRAINED[kind], updates=UPDATES[name])]
    # As wide as the published one, and forced alike. With many channels the estimates of adaptive forcing take minutes.
    wide = Trained(ShallowPLRNN, width=250, length=50, updates=UPDATES[name], forcing=GeneralisedTeacherForcing(0.3))
    return [wide] if ready.channels > 16 else [Trained(ShallowPLRNN, updates=UPDATES[name]), wide]


def measured(name, kind, seed, ready):
    """One fit, as plain numbers."""
    began = time.process_time()
    row = {"kind": kind, "seed": seed}
    try:
        found = ds.learn.fit(ready, model=learners(name, kind, ready), budget=1e6, key=jax.random.key(seed))
    except (ds.InputError, ds.ComputationFailed) as error:
        return row | {"error": str(error), "processor seconds": time.process_time() - began}
    long_run = found.fidelity
    ahead = {n: min(n, len(found.errors)) for n in (2, 20)}
    return row | {
        "model": found.label,
        "tried": len(found.tried),
        "D_stsp": float(long_run.values[0]),
        "D_H": float(long_run.values[1]),
        # A short test stretch leaves fewer steps after the history that a model needs.
        **{f"PE({n})": float(found.errors[k - 1]) for n, k in ahead.items()},
        **{f"persistence({n})": float(found.persistence[k - 1]) for n, k in ahead.items()},
        "ahead": ahead[20],
        "floors": [float(x) for x in long_run.floors],
        "mean": [float(x) for x in long_run.trivial[:, 0]],
        "definitions": list(long_run.definitions),
        "samples": long_run.settings["samples"],
        "grade": long_run.grade,
        "failed_runs": long_run.failed,
        "largest exponent": found.exponent,
        "processor seconds": time.process_time() - began,
    }


def written(rows):
    """Write in one piece: whoever kills this finds whole rows."""
    fresh = RESULTS.with_suffix(".part")
    fresh.write_text(json.dumps(rows, indent=1) + "\n")
    os.replace(fresh, RESULTS)


def middle(rows, score):
    """Median and range over seeds; a row without the number, or one that diverged, counts as infinite."""
    values = np.array([row.get(score, np.inf) for row in rows])
    values = np.where(np.isfinite(values), values, np.inf)
    said = ["diverged" if np.isinf(x) else f"{x:.3g}" for x in (np.sort(values)[len(values) // 2], *np.sort(values))]
    return said[0] if len(set(said)) == 1 else f"{said[0]} ({said[1]} to {said[-1]})"


def table(kept):
    """All of it as lines of Markdown."""
    head = "| recording | model, seeds | D_stsp | D_H | PE(2) | PE(20) | grades | published D_stsp, D_H, PE(20) |"
    lines = [head, "| --- " * 8 + "|"]
    for name in RATES:
        rows = kept.get(name, [])
        good = [row for row in rows if "error" not in row]
        if not good:
            continue
        like = max(good, key=lambda row: row["ahead"])
        floors, mean = like["floors"], like["mean"]
        near, far = (f"persistence {like[f'persistence({n})']:.3g}" for n in (2, 20))
        lines.append(
            f"| {name}, {like['samples']} samples | floor; mean | {floors[0]:.3g}; {mean[0]:.3g} | {floors[1]:.3g}; "
            f"{mean[1]:.3g} | {near} | {far} | | |"
        )
        for kind in NAMES:
            mine = [row for row in rows if row["kind"] == kind]
            if not mine:
                continue
            grades = list(dict.fromkeys(row.get("grade", "failed") for row in mine))
            short = {row["ahead"] for row in mine if row.get("ahead", 20) < 20}
            cells = [middle(mine, score) for score in SCORES]
            cells[3] = "-" if short else cells[3]
            theirs = PUBLISHED[name].get(kind)
            said = ", ".join(f"{x:g}" for x in theirs) if theirs else ""
            lines.append(f"| | {kind}, {len(mine)} | {' | '.join(cells)} | {', '.join(grades)} | {said} |")
    return "\n".join(lines)


def drawn(name, kind, ready):
    """Draw the first seed of one kind of model."""
    found = ds.learn.fit(ready, model=learners(name, kind, ready), budget=1e6, key=jax.random.key(0))
    print(found.summary())
    ds.plot(found).savefig(PICTURES / f"reconstruction-{name.lower()}.png", dpi=100)


def main():
    """Run what is asked for and not there yet, one row after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=np.inf)
    parser.add_argument("--only", choices=tuple(RATES), default=None)
    parser.add_argument("--kinds", nargs="+", choices=[name for name in KINDS if name in NAMES], default=list(NAMES))
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--picture", choices=NAMES)
    chosen = parser.parse_args()
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if chosen.table:
        print(table(kept))
        return
    if chosen.folder is None:
        parser.error("FOLDER, in which the recordings are, is missing.")
    for name, dt in RATES.items():
        if chosen.only not in (None, name):
            continue
        unit = "s" if dt != 1.0 else "1"
        ready = prepare(np.load(chosen.folder / f"{name}.npy").astype(float), dt=dt, time_unit=unit, source=name)
        print(ready.summary(), flush=True)
        if chosen.picture:
            drawn(name, chosen.picture, ready)
            continue
        for kind in chosen.kinds:
            for seed in range(1 if kind in REGRESSIONS else chosen.seeds):
                others = [r for r in kept.get(name, []) if (r["kind"], r["seed"]) != (kind, seed)]
                if len(others) < len(kept.get(name, [])) and not chosen.again:
                    continue
                if time.process_time() > 60 * chosen.minutes:
                    return
                row = measured(name, kind, seed, ready)
                kept[name] = [*others, row]
                written(kept)
                said = row.get("error") or ", ".join(f"{score} {row[score]:.3g}" for score in SCORES)
                print(f"  {kind:15} {seed}: {said}; {row['processor seconds']:.0f} s", flush=True)
    print(table(kept))


if __name__ == "__main__":
    main()
