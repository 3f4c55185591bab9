"""Values of elephant and PySpike on random spike trains, for the tests of our own.

Run it in an environment that has both (`pip install elephant pyspike`); it writes `tests/data/spikes.npz`.

    python benchmarks/spike_fixtures.py
"""

import importlib.metadata
import json
import pathlib
import warnings

import elephant.conversion as conversion
import elephant.kernels as kernels
import elephant.phase_analysis as phase_analysis
import elephant.spike_train_correlation as correlation
import elephant.spike_train_dissimilarity as dissimilarity
import elephant.statistics as statistics
import neo
import numpy as np
import pyspike
import quantities as pq

TARGET = pathlib.Path(__file__).parents[1] / "tests" / "data" / "spikes.npz"
STOP = 1000.0
BIN, WIDTH, LAG = 5.0, 6.5, 50


def trains() -> list[np.ndarray]:
    """Spikes on a grid of 1 ms: Poisson, regular, bursts, copies, edges, one spike, none.

    On the grid elephant's relative tolerance in the tiling coefficient makes no difference.
    """
    generator = np.random.default_rng(20240501)
    rows = [np.cumsum(generator.exponential(mean, 400)) for mean in (12.0, 20.0, 35.0, 60.0, 90.0)]
    rows += [np.cumsum(generator.gamma(5.0, mean / 5.0, 400)) for mean in (15.0, 25.0, 40.0)]
    starts = np.cumsum(generator.exponential(90.0, 15))
    rows.append((starts[:, None] + np.array([0.0, 4.0, 9.0, 13.0])).ravel())
    rows.append(rows[1] + generator.integers(-2, 3, rows[1].size))
    rows = [np.unique(np.round(row)) for row in rows]
    rows += [np.array([0.0, 200.0, 450.0, 1000.0]), np.array([300.0]), np.array([]), np.array([0.0, 500.0])]
    rows += [np.array([500.0, 1000.0]), np.array([1000.0]), np.array([0.0])]
    return [row[(row >= 0) & (row <= STOP)] for row in rows]


def of_elephant(rows: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Everyday statistics by elephant; NaN where it refuses."""
    spikes = [neo.SpikeTrain(row * pq.ms, t_start=0 * pq.ms, t_stop=STOP * pq.ms) for row in rows]
    found: dict[str, np.ndarray] = {}
    gaps = [statistics.isi(row) if row.size > 1 else np.zeros(0) for row in rows]
    found["rates"] = np.array([float(statistics.mean_firing_rate(train).rescale("1/ms")) for train in spikes])
    found["cv"] = np.array([statistics.cv(gap) if gap.size > 1 else np.nan for gap in gaps])
    found["cv2"] = np.array([statistics.cv2(gap, with_nan=True) for gap in gaps])
    found["lv"] = np.array([statistics.lv(gap, with_nan=True) for gap in gaps])
    found["lvr"] = np.array([statistics.lvr(gap * pq.ms, R=5 * pq.ms, with_nan=True) for gap in gaps])
    found["fano"] = np.array(statistics.fanofactor(spikes))
    full = [neo.SpikeTrain(row[row < STOP] * pq.ms, t_start=0 * pq.ms, t_stop=STOP * pq.ms) for row in rows]
    bins = conversion.BinnedSpikeTrain(full, bin_size=BIN * pq.ms)
    found["binned"] = bins.to_array()
    found["correlation"] = correlation.correlation_coefficient(bins)
    histograms = [
        correlation.cross_correlation_histogram(bins[0], bins[k], window=[-10, 10])[0].magnitude[:, 0] for k in (1, 9)
    ]
    found["correlogram"] = np.array(histograms)
    found["smooth"] = (
        statistics.instantaneous_rate(full[:10], sampling_period=1 * pq.ms, kernel=kernels.GaussianKernel(10 * pq.ms))
        .rescale("1/ms")
        .magnitude.T
    )
    found["tiling"] = np.array(
        [[correlation.spike_time_tiling_coefficient(a, b, dt=WIDTH * pq.ms) for b in spikes] for a in spikes]
    )
    found["victor_purpura"] = np.array(dissimilarity.victor_purpura_distance(spikes, cost_factor=0.1 / pq.ms))
    found["van_rossum"] = np.array(dissimilarity.van_rossum_distance(spikes, time_constant=10 * pq.ms))
    times = np.arange(0.0, STOP + 1)
    signal = neo.AnalogSignal(
        np.exp(1j * 2 * np.pi * times / 37.3)[:, None], units="mV", sampling_period=1 * pq.ms, t_start=0 * pq.ms
    )
    between = neo.SpikeTrain((rows[0][:-1] + 0.25) * pq.ms, t_start=0 * pq.ms, t_stop=STOP * pq.ms)
    phases, _, _ = phase_analysis.spike_triggered_phase(signal, between, interpolate=True)
    found["phases"] = np.asarray(phases[0])
    found["mean_phase"] = np.array(phase_analysis.mean_phase_vector(phases[0]))
    return found


def of_pyspike(rows: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Distances by PySpike."""
    spikes = [pyspike.SpikeTrain(row, [0.0, STOP]) for row in rows]
    pairs = [(i, j) for i in range(len(rows)) for j in range(len(rows))]
    measures = {
        "isi_distance": pyspike.isi_distance,
        "spike_distance": pyspike.spike_distance,
        "spike_synchronisation": pyspike.spike_sync,
    }
    found = {name: np.array([f(spikes[i], spikes[j]) for i, j in pairs]) for name, f in measures.items()}
    found = {name: values.reshape(len(rows), len(rows)) for name, values in found.items()}
    for name, f in measures.items():
        found[f"{name}_mean"] = np.array(f(spikes))
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    rows = trains()
    versions = {name: importlib.metadata.version(name) for name in ("elephant", "neo", "pyspike", "numpy")}
    np.savez_compressed(
        TARGET,
        times=np.concatenate(rows),
        counts=np.array([row.size for row in rows]),
        stop=STOP,
        bin=BIN,
        width=WIDTH,
        versions=json.dumps(versions),
        **of_elephant(rows),
        **of_pyspike(rows),
    )
    print(f"wrote {TARGET.name}, {TARGET.stat().st_size} bytes, with {versions}")


if __name__ == "__main__":
    main()
