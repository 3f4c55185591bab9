"""Everyday statistics of many spike trains: ours against elephant's, in one run, taking turns.

    python benchmarks/speed_spikes.py --elephant PYTHON [--trains 5000] [--rounds 5]

PYTHON is an interpreter that has elephant. It is started once as a worker that holds the same trains as
`neo.SpikeTrain` before any time is taken; each contest is then run by us and by it in turn, one thread each, and the
least CPU time counts; the least wall time is kept beside it. Figures go to `results/speed_spikes.json`.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import warnings
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

STOP, RATE, BIN = 10.0, 10.0, 0.05
HERE = Path(__file__).parent
CONTESTS = ("rates", "irregularity", "fano", "binned", "correlations", "smoothed rate", "tiling")
#: The contests of all pairs, and with a kernel, use fewer trains.
FEW = {"tiling": 60, "smoothed rate": 500}


def rows(count: int) -> list[np.ndarray]:
    """Poisson trains halfway between whole ms, so that tolerances in tiles and at edges of bins do not matter."""
    generator = np.random.default_rng(0)
    drawn = [generator.uniform(0.001, STOP - 0.001, max(9, generator.poisson(RATE * STOP))) for _ in range(count)]
    return [np.unique(np.round(row, 3)) - 0.0005 for row in drawn]


def seconds(call) -> tuple[float, float, float]:
    """CPU and wall time of a call, and a number made of its answer."""
    begin, wall = time.process_time(), time.perf_counter()
    answer = call()
    return time.process_time() - begin, time.perf_counter() - wall, float(np.nansum(np.asarray(answer)))


def of_elephant(count: int) -> dict:
    """The contests by elephant."""
    import neo
    import quantities as pq
    from elephant import conversion, kernels, statistics
    from elephant import spike_train_correlation as correlation

    trains = [neo.SpikeTrain(row * pq.s, t_start=0 * pq.s, t_stop=STOP * pq.s) for row in rows(count)]

    def irregularity():
        gaps = [statistics.isi(train.magnitude) for train in trains]
        return [[f(gap) for gap in gaps] for f in (statistics.cv, statistics.cv2, statistics.lv)]

    few = trains[: FEW["tiling"]]
    return {
        "rates": lambda: [statistics.mean_firing_rate(train).item() for train in trains],
        "irregularity": irregularity,
        "fano": lambda: statistics.fanofactor(trains, warn_tolerance=0.1 * pq.ms),
        "binned": lambda: conversion.BinnedSpikeTrain(trains, bin_size=BIN * pq.s).to_array(),
        "correlations": lambda: correlation.correlation_coefficient(
            conversion.BinnedSpikeTrain(trains, bin_size=BIN * pq.s), fast=True
        ),
        "smoothed rate": lambda: (
            statistics.instantaneous_rate(
                trains[: FEW["smoothed rate"]], sampling_period=10 * pq.ms, kernel=kernels.GaussianKernel(100 * pq.ms)
            ).magnitude
        ),
        "tiling": lambda: [[correlation.spike_time_tiling_coefficient(a, b, dt=5.5 * pq.ms) for b in few] for a in few],
    }


def of_ours(count: int) -> dict:
    """The contests by us; `irregularity` also makes LvR, burst index and all errors."""
    from dynascope.analysis import spikes
    from dynascope.series import as_spike_trains

    trains = as_spike_trains(rows(count), start=0.0, stop=STOP)
    smooth = trains.select(range(min(count, FEW["smoothed rate"])))
    few = trains.select(range(min(count, FEW["tiling"])))

    def irregularity():
        found = spikes.firing_statistics(trains)
        return [found.cv, found.cv2, found.lv]

    return {
        "rates": lambda: trains.counts / trains.duration,
        "irregularity": irregularity,
        "fano": lambda: spikes.fano_factor(trains.counts).value,
        "binned": lambda: spikes.binned(trains, bin=BIN),
        "correlations": lambda: spikes.correlations(trains, bin=BIN).matrix,
        "smoothed rate": lambda: spikes.rate_curve(smooth, bin=0.01, smoothing=spikes.Gaussian(0.1)).rates,
        "tiling": lambda: spikes.spike_time_tiling(few, width=0.0055),
    }


def work(count: int) -> None:
    """Answer each name of a contest on standard input with its time and its sum."""
    warnings.simplefilter("ignore")
    contests = of_elephant(count)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(seconds(contests[line.strip()])), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elephant")
    parser.add_argument("--trains", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker", action="store_true")
    options = parser.parse_args()
    if options.worker:
        work(options.trains)
        return
    command = [options.elephant, __file__, "--worker", "--trains", str(options.trains)]
    theirs = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert theirs.stdin is not None
    assert theirs.stdout is not None
    theirs.stdout.readline()
    ours = of_ours(options.trains)
    figures = {}
    for name in CONTESTS:
        mine, other = [], []
        for _ in range(options.rounds):
            *taken, check = seconds(ours[name])
            mine.append(taken)
            theirs.stdin.write(f"{name}\n")
            theirs.stdin.flush()
            *taken, reference = json.loads(theirs.stdout.readline())
            other.append(taken)
            assert abs(check - reference) <= 1e-8 * max(abs(reference), 1.0), (name, check, reference)
        (cpu, wall), (their_cpu, their_wall) = np.min(mine, axis=0).tolist(), np.min(other, axis=0).tolist()
        figures[name] = {"ours": cpu, "elephant": their_cpu, "ratio": their_cpu / cpu}
        figures[name] |= {"ours_wall": wall, "elephant_wall": their_wall, "ratio_wall": their_wall / wall}
        print(f"{name:14} ours {cpu:8.4f} s  elephant {their_cpu:8.3f} s  {their_cpu / cpu:8.1f} times")
    theirs.stdin.close()
    theirs.wait()
    total = {
        f"all{clock}": sum(f[f"elephant{clock}"] for f in figures.values())
        / sum(f[f"ours{clock}"] for f in figures.values())
        for clock in ("", "_wall")
    }
    print(f"all together {total['all']:.1f} times, by the wall clock {total['all_wall']:.1f}")
    out = {"trains": options.trains, "rounds": options.rounds, "python": platform.python_version()} | total
    (HERE / "results" / "speed_spikes.json").write_text(json.dumps(out | {"contests": figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
