"""One step of training of an AL-RNN by generalised teacher forcing, against the same step in PyTorch.

    OPENBLAS_NUM_THREADS=1 python benchmarks/speed_training.py [--rounds 5] [--updates 200]

Both draw 16 windows of 200 points, run 20 units (2 of them rectified, 3 observed) through them with alpha = 0.15, take
the gradient of the mean squared error and step by RAdam, in single precision on one thread. First it is checked that
loss and gradient of the same windows agree. Contestants take turns; the least processor time per step of each counts.
The figures go to `results/speed_training.json`.
"""

import argparse
import json
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

import dynascope as ds
from dynascope._tree import astype
from dynascope.learn.training import GeneralisedTeacherForcing, Windows, train
from dynascope.learn.training._learned import learned_leaves
from dynascope.learn.training._pull import observation_of
from dynascope.learn.training._update import forced_run
from dynascope.models import ALRNN

RESULTS = Path(__file__).parent / "results" / "speed_training.json"
UNITS, RECTIFIED, CHANNELS = 20, 2, 3
LENGTH, BATCH, ALPHA, RATE = 200, 16, 0.15, 1e-3


class TorchALRNN(torch.nn.Module):
    """The same network, with the loop over time that PyTorch asks for."""

    def __init__(self, model):
        super().__init__()
        self.a, self.weight, self.bias = (
            torch.nn.Parameter(torch.tensor(np.asarray(x, np.float32))) for x in (model.a, model.weight, model.bias)
        )
        self.start = torch.nn.Parameter(torch.zeros(UNITS - CHANNELS, CHANNELS))

    def loss(self, windows):
        z = torch.cat([windows[:, 0], windows[:, 0] @ self.start.T], dim=1)
        predicted = []
        for t in range(windows.shape[1] - 1):
            seen = z[:, :CHANNELS] + ALPHA * (windows[:, t] - z[:, :CHANNELS])
            z = torch.cat([seen, z[:, CHANNELS:]], dim=1)
            passed = torch.cat([z[:, :-RECTIFIED], torch.relu(z[:, -RECTIFIED:])], dim=1)
            z = torch.addmm(self.a * z + self.bias, passed, self.weight.T)
            predicted.append(z[:, :CHANNELS])
        return torch.mean((torch.stack(predicted, dim=1) - windows[:, 1:]) ** 2)


def agree(model, network, data):
    """Largest relative difference of loss and gradients between both, for the same windows."""
    windows = np.stack([data[i * 300 : i * 300 + LENGTH] for i in range(BATCH)])
    low = astype(model, jnp.float32)
    observation, matrix = observation_of(low, learned_leaves(low)), jnp.zeros((UNITS, CHANNELS), jnp.float32)

    def loss(weights):
        net = ALRNN(*weights, rectified=RECTIFIED, observed=CHANNELS)

        def run(x):
            strengths = jnp.full(LENGTH - 1, ALPHA, jnp.float32)
            return forced_run(net, observation, matrix, (x[:-1], jnp.ones_like(x[:-1]), None), strengths)[0]

        return jnp.mean((jax.vmap(run)(windows)[..., :CHANNELS] - windows[:, 1:]) ** 2)

    ours, gradient = jax.value_and_grad(loss)((low.a, low.weight, low.bias))
    theirs = network.loss(torch.tensor(windows))
    theirs.backward()
    pairs = [(np.asarray(ours), theirs.detach().numpy())]
    pairs += [
        (np.asarray(g), p.grad.numpy())
        for g, p in zip(gradient, (network.a, network.weight, network.bias), strict=True)
    ]
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)


def main():
    """Compare, time in turns, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    run = np.asarray(ds.trajectory(ds.build("lorenz"), None, 0.01 * np.arange(25_000)).ys)[5000:]
    data = ((run - run.mean(axis=0)) / run.std(axis=0)).astype(np.float32)
    drawn = ALRNN.draw(n=UNITS, rectified=RECTIFIED, gain=0.05, bias=0.0, key=jax.random.key(0))
    model = ALRNN(drawn.a, drawn.weight, drawn.bias, rectified=RECTIFIED, observed=CHANNELS)
    difference = agree(model, TorchALRNN(model), data)
    if difference > 1e-3:
        raise SystemExit(f"The two do not compute the same: they differ by {difference:.1e}.")
    network, optimiser = TorchALRNN(model), optax.radam(RATE)
    descent = torch.optim.RAdam(network.parameters(), lr=RATE)
    rows, rng = torch.tensor(data), np.random.default_rng(0)

    def ours(updates):
        found = train(
            model,
            data,
            forcing=GeneralisedTeacherForcing(ALPHA),
            optimiser=optimiser,
            updates=updates,
            windows=Windows(LENGTH, BATCH),
            key=jax.random.key(1),
        )
        return found.losses

    def theirs(updates):
        for _ in range(updates):
            first = rng.integers(0, len(data) - LENGTH + 1, BATCH)
            descent.zero_grad()
            network.loss(torch.stack([rows[i : i + LENGTH] for i in first])).backward()
            descent.step()

    def seconds(step, updates):
        began = time.process_time(), time.perf_counter()
        step(updates)
        return time.process_time() - began[0], time.perf_counter() - began[1]

    ours(200), ours(200 + options.updates), theirs(3)  # compiles, and warms up
    times = {"dynascope": [], "pytorch": []}
    for _ in range(options.rounds):
        # A call prepares the data and brings the model to their end: what is added by more updates is the step.
        few, many = seconds(ours, 200), seconds(ours, 200 + options.updates)
        times["dynascope"].append([(b - a) / options.updates for a, b in zip(few, many, strict=True)])
        times["pytorch"].append([t / 20 for t in seconds(theirs, 20)])
    least = {name: [min(t[i] for t in rows) * 1e3 for i in range(2)] for name, rows in times.items()}
    table = {
        "processor ms per step": {name: t[0] for name, t in least.items()},
        "wall ms per step": {name: t[1] for name, t in least.items()},
        "times faster (processor)": least["pytorch"][0] / least["dynascope"][0],
        "times faster (wall)": least["pytorch"][1] / least["dynascope"][1],
        "largest relative difference of loss and gradients": difference,
        "versions": {"jax": jax.__version__, "torch": torch.__version__},
    }
    RESULTS.write_text(json.dumps(table, indent=1) + "\n")
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
