"""Reconstruct the Lorenz attractor from noisy data, and see whether the model has its geometry, spectrum and exponent.

    python benchmarks/reconstruct_lorenz.py [FOLDER] [--seeds 5] [--updates 30000] [--only NAME] [--keep FOLDER]

With a folder that holds `lorenz63_noisy_train.npy`, `lorenz63_test.npy`, `lorenz63.npy` and `roessler.npy` (100,000
points each, those of Hess et al. 2023 and Brenner et al. 2024) those are used; without, the systems are simulated here
with 5 % noise. Models are trained on the first 80,000 points and chosen on the last 20,000 of the training series, by
state-space divergence plus ten times the distance of spectra; every number in the table is of the test series, which
neither saw. The floor is what the system itself scores: another orbit of it in place of the model's.

The table is written to `results/reconstruct_lorenz.json`; `--keep` gives a folder for checkpoints, from which a run
that was stopped goes on, and for the models.
"""

import argparse
import json
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.analysis.symbols import symbolic_code
from dynascope.data import save
from dynascope.learn.measures import ALRNNBins, GTFBins, SmoothedSpectra
from dynascope.learn.training import (
    AdaptiveForcing,
    NoForcing,
    RectifiedAdam,
    Selection,
    SparseTeacherForcing,
    Windows,
    train,
)
from dynascope.models import ALRNN, ShallowPLRNN

RESULTS = Path(__file__).parent / "results" / "reconstruct_lorenz.json"
TRAINED = 80_000
STEP = {"lorenz": 0.01, "roessler": 0.08}
SPECTRA, BINS, ALBINS = SmoothedSpectra(), GTFBins(), ALRNNBins()
#: Of 100,000 points, as wide in frequency as the usual smoothing is of the 10,000 points of the AL-RNN's tutorial.
WIDE = SmoothedSpectra(200.0)


def series(folder, system):
    """Training series, test series and another stretch of the system, in units of the training series."""
    if folder is not None:
        names = ("lorenz63_noisy_train", "lorenz63_test", "lorenz63") if system == "lorenz" else ("roessler",)
        found = [np.load(folder / f"{name}.npy").astype(float) for name in names]
        if system == "lorenz":
            clean = ((x - x.mean(axis=0)) / x.std(axis=0) for x in found[1:])
            noisy = (found[0] - found[0].mean(axis=0)) / found[0].std(axis=0)
            return noisy, *clean
    rng = np.random.default_rng(0)
    model, dt = ds.build(system), STEP[system]
    starts = model.region().sample(jax.random.key(0), 3) if model.region() is not None else None
    runs = []
    for i in range(3):
        y0 = None if starts is None else jax.tree.map(lambda leaf, i=i: leaf[i], starts)
        run = np.asarray(ds.trajectory(model, y0, dt * np.arange(110_000)).ys)[10_000:]
        runs.append((run - run.mean(axis=0)) / run.std(axis=0))
    if folder is not None:  # of this system there is one series: its simulated stretches serve as test and floor
        runs[0] = (found[0] - found[0].mean(axis=0)) / found[0].std(axis=0)
    noisy = runs[0] + 0.05 * rng.normal(size=runs[0].shape)
    return noisy / noisy.std(axis=0), runs[1], runs[2]


def lorenz_models(count):
    """Shallow PLRNNs of three latent components and fifty rectified units."""
    return tuple(ShallowPLRNN.draw(n=3, hidden=50, key=jax.random.key(i)) for i in range(count))


def almost_linear(count, rectified):
    """Almost-linear networks of twenty units."""
    drawn = (ALRNN.draw(n=20, rectified=rectified, gain=0.05, bias=0.0, key=jax.random.key(i)) for i in range(count))
    return tuple(ALRNN(m.a, m.weight, m.bias, rectified=rectified, observed=3) for m in drawn)


def cases(seeds, updates):
    """What is trained: name, system, models, forcing, windows, optimiser and updates."""
    fast = RectifiedAdam(3e-3, 1e-5)
    long, few = Windows(length=200), min(seeds, 3)
    noisy = Windows(length=200, noise=0.05)
    return {
        "shallow PLRNN, adaptive GTF": (
            "lorenz", lorenz_models(seeds), AdaptiveForcing(), long, fast, updates),
        "shallow PLRNN, plain BPTT": ("lorenz", lorenz_models(few), NoForcing(), long, fast, updates // 3),
        "AL-RNN, P = 2": (
            "lorenz", almost_linear(few, 2), SparseTeacherForcing(16), noisy, RectifiedAdam(5e-3, 5e-5), updates),
        "AL-RNN, P = 10": (
            "lorenz", almost_linear(few, 10), SparseTeacherForcing(16), noisy, RectifiedAdam(5e-3, 5e-5), updates),
        "AL-RNN, P = 1": (
            "roessler", almost_linear(few, 1), SparseTeacherForcing(8), Windows(length=300, noise=0.05),
            RectifiedAdam(5e-3, 5e-5), updates),
    }  # fmt: skip


def free(model, steps, first=None):
    """What a model shows when it runs freely."""
    start = None
    if first is not None and jax.eval_shape(model.initial_state).shape == first.shape:
        start = jnp.asarray(first)
    run = ds.trajectory(model, start, np.arange(steps), throw=False)
    return np.asarray(run.ys)[:, : model.observe(0, model.initial_state(), None).size]


def scored(generated, truth):
    """Both distances and the divergence by another definition, NaN where an orbit left the numbers."""
    return {
        "D_stsp (GTF bins)": BINS(generated, truth),
        "D_stsp (AL-RNN bins)": ALBINS(generated, truth),
        "D_H (smoothed spectra)": SPECTRA(generated, truth),
    }


def by_pieces(generated, truth, length=10_000):
    """Means of the scores of pieces."""
    starts = range(0, len(truth), length)
    pieces = [scored(generated[i : i + length], truth[i : i + length]) for i in starts]
    return {name: float(np.mean([piece[name] for piece in pieces])) for name in pieces[0]}


def measure_on(part):
    """What models are chosen by: the divergence and ten times the distance of spectra on the validation part."""

    def measure(model):
        made = free(model, 3 * len(part))
        return BINS(made, part) + 10 * np.mean([SPECTRA(piece, part) for piece in np.split(made, 3)])

    return measure


def judged(model, test, dt):
    """Everything that the table says of one model."""
    made = free(model, len(test), test[0])
    row = scored(made, test)
    # Both depend on the length: the second is that of the tutorial of the AL-RNN.
    row |= {f"{name}, 10,000 points": value for name, value in by_pieces(made, test).items()}
    row["D_H (smoothed over 200 bins)"] = WIDE(made, test)
    spectrum = ds.lyapunov_spectrum(model, duration=20_000, transient=1000, throw=False)
    row["largest exponent"] = float(spectrum.exponents[0]) / dt
    row["stderr of the exponent"] = float(spectrum.stderr[0]) / dt
    code = symbolic_code(model, duration=10_000, throw=False)
    row["regions visited"] = int((np.bincount(code.symbols[code.symbols >= 0]) > 0).sum())
    row["share in the first 3 regions"] = float(code.shares[:3].sum())
    row["share in the first 2 regions"] = float(code.shares[:2].sum())
    k = code.sampled
    row["topological entropy, nats/step"] = float(code.topological_entropy[k - 1]) if k else float("nan")
    return row


def one_case(name, case, folder, keep, before):
    """Train all seeds of one case, and judge each; `before` is the row of a run that is gone on with."""
    system, models, forcing, windows, optimiser, updates = case
    noisy, test, other = series(folder, system)
    worked = time.process_time()
    file = None if keep is None else keep / f"{name.replace(' ', '-').replace(',', '')}.npz"
    resumed = file is not None and file.exists()
    found = train(
        models,
        noisy[:TRAINED],
        forcing=forcing,
        optimiser=optimiser,
        updates=updates,
        windows=windows,
        validate=Selection(measure_on(noisy[TRAINED:]), every=1000),
        checkpoint=file,
        key=jax.random.key(7),
        progress=True,
    )
    spent = (time.process_time() - worked) / len(models)
    if resumed:  # the time of the first run counts
        spent = before.get("processor seconds per seed", float("nan"))
    if file is not None:
        save(found, file.with_suffix(".training.npz"))
    rows = [judged(model, test, STEP[system]) for model in found.models]
    for row, i in zip(rows, range(len(rows)), strict=True):
        row |= {
            "chosen after": int(found.chosen[i]),
            "loss at the end": float(np.median(found.losses[-1000:, i])),
            "largest gradient": float(found.gradient_norms[:, i].max()),
            "alpha at the end": float(found.strengths[-1, i]),
            "diverged": bool(found.diverged[i]),
        }
    medians = {key: float(np.median([row[key] for row in rows])) for key in rows[0]}
    return {
        "system": system,
        "seeds": len(rows),
        "updates": updates,
        "forcing": str(forcing),
        "windows": str(windows),
        "processor seconds per seed": spent,
        "floor": scored(other, test) | {"D_H (smoothed over 200 bins)": WIDE(other, test)},
        "floor, 10,000 points": by_pieces(other, test),
        "median": medians,
        "each": rows,
    }


def main():
    """Train and judge all cases, or one."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=30_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    table = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name, case in cases(options.seeds, options.updates).items():
        if options.only not in name:
            continue
        table[name] = one_case(name, case, options.folder, options.keep, table.get(name, {}))
        RESULTS.write_text(json.dumps(table, indent=1) + "\n")
        print(name, json.dumps(table[name]["median"], indent=1), "floor", table[name]["floor"], flush=True)


if __name__ == "__main__":
    main()
