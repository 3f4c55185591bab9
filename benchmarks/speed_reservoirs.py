"""Echo-state networks of 1000 units: learn from many samples, hear as many more, against reservoirpy.

    OPENBLAS_NUM_THREADS=1 python benchmarks/speed_reservoirs.py --peer PYTHON [--networks 16] [--steps 50000]

`PYTHON` is the interpreter of an environment of its own that has reservoirpy and NumPy. Its default backend is timed
(compressed rows of SciPy, a loop in Python), not that in JAX.
Both have networks of 1000 units of which each hears a tenth of the others (its default), three inputs, no leak, a
linear readout with a constant, ridge regression after 100 samples, double precision and one thread of BLAS. Each has
weights of its own. Contestants take turns, network by network; the sums over networks count, and the least of all for
one network. First what both predict with the same weights is compared. The figures go to
`results/speed_reservoirs.json`.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results" / "speed_reservoirs.json"
UNITS, INPUTS, DENSITY, WASHOUT, PENALTY = 1000, 3, 0.1, 100, 1e-6


def samples(steps):
    """A smooth random drive."""
    white = np.random.default_rng(0).normal(size=(steps + 1, INPUTS))
    smooth = np.cumsum(white, axis=0) - np.linspace(0, 1, steps + 1)[:, None] * white.sum(axis=0)
    return np.sin(smooth / 5)


def weights(seed=0):
    """Weights between units of spectral radius 0.9, of the input, and biases."""
    from scipy.sparse import random_array
    from scipy.sparse.linalg import eigs

    rng = np.random.default_rng(seed)
    W = random_array((UNITS, UNITS), density=DENSITY, format="csr", rng=rng, data_sampler=rng.standard_normal)
    radius = np.abs(eigs(W, k=1, return_eigenvectors=False, v0=np.ones(UNITS))[0])
    return W * (0.9 / radius), rng.uniform(-0.3, 0.3, (UNITS, INPUTS)), rng.uniform(-0.3, 0.3, UNITS)


def timed(step):
    """Processor and wall seconds of both parts, and the last outputs."""
    times = []
    for part in step:
        began = time.process_time(), time.perf_counter()
        found = part()
        times += [time.process_time() - began[0], time.perf_counter() - began[1]]
    return times, np.asarray(found[-5:]).tolist()


def ours(steps, seed=0):
    """Learning and hearing of ours, as two functions."""
    import jax.numpy as jnp

    from dynascope.learn.reservoirs import LinearReadout, fit_echo_state, predictions
    from dynascope.models.networks import EchoState
    from dynascope.systems import connectivity

    W, W_in, bias = weights(seed)
    network = EchoState(connectivity(W), W_in, bias, jnp.zeros((0, UNITS)), 1.0, 1.0)
    x, kept = samples(steps), []

    def learn():
        loop = fit_echo_state(network, [x], readout=LinearReadout(), penalty=PENALTY / steps, washout=WASHOUT)
        kept[:] = [loop]
        return [0.0]

    def hear():
        return predictions(kept[0], x[:-1])

    return learn, hear


def theirs(steps, seed=0):
    """Learning and hearing of reservoirpy."""
    import reservoirpy
    from reservoirpy.nodes import Reservoir, Ridge

    W, W_in, bias = weights(seed)
    x, kept = samples(steps), []

    def learn():
        reservoir = Reservoir(UNITS, lr=1.0, W=W, Win=W_in, bias=bias)
        kept[:] = [reservoir >> Ridge(ridge=PENALTY)]
        kept[0].fit(x[:-1], x[1:], warmup=WASHOUT)
        return [0.0]

    def hear():
        kept[0].reset()
        return kept[0].run(x[:-1])

    kept[:] = [reservoirpy.__version__]
    return learn, hear


def serve():
    """Run a round for each line that is read, in the environment of the peer."""
    for line in sys.stdin:
        print(json.dumps(timed(theirs(*map(int, line.split())))), flush=True)


def main():
    """Take turns, compare, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer")
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--networks", type=int, default=16)
    parser.add_argument("--steps", type=int, default=50_000)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    with subprocess.Popen([options.peer, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as peer:

        def asked(steps, seed=0):
            peer.stdin.write(f"{steps} {seed}\n".encode())
            peer.stdin.flush()
            return json.loads(peer.stdout.readline())

        timed(ours(options.steps)), asked(300)  # compiles, and warms up
        rounds = []
        for seed in range(options.networks):
            rounds.append((timed(ours(options.steps, seed)), asked(options.steps, seed)))
            print(seed, *(np.round(r[0], 2) for r in rounds[-1]), flush=True)
        peer.stdin.close()
    report(rounds, options.steps)


def report(rounds, steps):
    """Write sums and least times of what was timed, in the order of the networks."""
    apart = max(float(np.max(np.abs(np.subtract(a[1], b[1])))) for a, b in rounds)
    times = np.array([[a[0], b[0]] for a, b in rounds])  # network, contestant, (processor, wall) of both parts
    both = times[..., :2] + times[..., 2:]
    gains = {"all": both.sum(axis=0), "one": both.min(axis=0)}
    names = ("dynascope", "reservoirpy")
    table = {
        "columns": ["learn, processor s", "learn, wall s", "hear, processor s", "hear, wall s"],
        "least seconds for one network": dict(zip(names, times.min(axis=0).round(3).tolist(), strict=True)),
        "seconds for all networks": dict(zip(names, times.sum(axis=0).round(3).tolist(), strict=True)),
        "times faster, all networks, processor": round(gains["all"][1, 0] / gains["all"][0, 0], 3),
        "times faster, all networks, wall": round(gains["all"][1, 1] / gains["all"][0, 1], 3),
        "times faster, one network, processor": round(gains["one"][1, 0] / gains["one"][0, 0], 3),
        "times faster, one network, wall": round(gains["one"][1, 1] / gains["one"][0, 1], 3),
        "largest difference of outputs": apart,
        "steps": steps,
        "networks": len(rounds),
    }
    RESULTS.write_text(json.dumps(table, indent=1) + "\n")
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
