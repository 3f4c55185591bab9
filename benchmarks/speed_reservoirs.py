"""An echo-state network of 1000 units: learn from many samples, hear as many more, against reservoirpy.

    OPENBLAS_NUM_THREADS=1 python benchmarks/speed_reservoirs.py --peer PYTHON [--rounds 5] [--steps 50000]

`PYTHON` is the interpreter of an environment of its own that has reservoirpy and NumPy. Its default backend is timed
(compressed rows of SciPy, a loop in Python), not that in JAX.
Both have 1000 units of which each hears a tenth of the others (its default), three inputs, no leak, a linear readout
with a constant, ridge regression after 100 samples, double precision and one thread. Contestants take turns; the least
processor and wall time of each counts. First the readouts that both learn from the same weights are compared. The
figures go to `results/speed_reservoirs.json`.
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


def ours(steps):
    """Learning and hearing of ours, as two functions."""
    import jax.numpy as jnp

    from dynascope.learn.reservoirs import LinearReadout, echoes, fit_echo_state
    from dynascope.models.networks import EchoState
    from dynascope.systems import connectivity

    W, W_in, bias = weights()
    network = EchoState(connectivity(W), W_in, bias, jnp.zeros((0, UNITS)), 1.0, 1.0)
    x, kept = samples(steps), []

    def learn():
        loop = fit_echo_state(network, [x], readout=LinearReadout(), penalty=PENALTY / steps, washout=WASHOUT)
        kept[:] = [loop.rule]
        return [0.0]

    def hear():
        return np.asarray(kept[0].features(echoes(network, x[:-1])) @ kept[0].weights)

    return learn, hear


def theirs(steps):
    """Learning and hearing of reservoirpy."""
    import reservoirpy
    from reservoirpy.nodes import Reservoir, Ridge

    W, W_in, bias = weights()
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
        print(json.dumps(timed(theirs(int(line)))), flush=True)


def main():
    """Take turns, compare, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer")
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=50_000)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    with subprocess.Popen([options.peer, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as peer:

        def asked(steps):
            peer.stdin.write(f"{steps}\n".encode())
            peer.stdin.flush()
            return json.loads(peer.stdout.readline())

        timed(ours(300)), asked(300)  # compiles, and warms up
        rounds = [(timed(ours(options.steps)), asked(options.steps)) for _ in range(options.rounds)]
        peer.stdin.close()
    apart = float(np.max(np.abs(np.subtract(rounds[0][0][1], rounds[0][1][1]))))
    least = {
        name: [round(min(r[i][0][k] for r in rounds), 3) for k in range(4)]
        for i, name in enumerate(("dynascope", "reservoirpy"))
    }
    total = [[sum(r[i][0][k::2]) for r in rounds] for i in range(2) for k in range(2)]
    best = [min(t) for t in total]
    table = {
        "columns": ["learn, processor s", "learn, wall s", "hear, processor s", "hear, wall s"],
        "seconds": least,
        "times faster, both, processor": round(best[2] / best[0], 3),
        "times faster, both, wall": round(best[3] / best[1], 3),
        "largest difference of outputs": apart,
        "steps": options.steps,
        "rounds": options.rounds,
    }
    RESULTS.write_text(json.dumps(table, indent=1) + "\n")
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
