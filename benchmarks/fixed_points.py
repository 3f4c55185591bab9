"""Fixed points of trained flip-flop networks: our descent against Adam on the speed from 10,000 starts.

    python benchmarks/fixed_points.py [--network tests/data/flipflop-gru.safetensors] [--starts 10000]
        [--iterations 5000] [--repeats 3]

The contestant is the algorithm that Golub & Sussillo (2018) describe for their tool: all starts at once go down
q = |F|^2/2 by Adam (learning rate 0.01, halved where q stops falling, long gradients cut) until every q is as small as
ours or the iterations end; then points are merged by distance. It is written in PyTorch here, in double precision, on
the same weights and visited states. Both run on one thread; seconds are CPU seconds, ours with and without compilation.
The figures go to `results/fixed_points.json`.
"""

import argparse
import json
import time
from pathlib import Path

import flipflop
import jax
import numpy as np
import torch
from jax.flatten_util import ravel_pytree

import dynascope as ds
from dynascope.analysis.stability import SpeedDescent
from dynascope.models.artificial import GRU

HERE = Path(__file__).parent


def torch_step(network):
    """One step of the network without input, on rows of flattened states."""
    layer = network.layers[0]
    w_hh, b_ih, b_hh = (torch.tensor(np.array(x)) for x in (layer.weight_hh, layer.bias_ih, layer.bias_hh))
    if isinstance(network, GRU):

        def step(h):
            b_r, b_z, b_n = (h @ w_hh.T + b_hh).chunk(3, dim=1)
            a_r, a_z, a_n = b_ih.chunk(3)
            z = torch.sigmoid(a_z + b_z)
            return (1 - z) * torch.tanh(a_n + torch.sigmoid(a_r + b_r) * b_n) + z * h

        return step

    def step(state):
        h, c = state.chunk(2, dim=1)
        i, f, g, o = (h @ w_hh.T + b_hh + b_ih).chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.cat([torch.sigmoid(o) * torch.tanh(c), c], dim=1)

    return step


def by_adam(network, starts, *, iterations, tol):
    """Ends of the descent of all starts, and q of each."""
    step = torch_step(network)
    x = torch.tensor(starts, requires_grad=True)
    optimiser = torch.optim.Adam([x], lr=0.01)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.5, patience=20)
    done = 0
    while done < iterations:
        done += 1
        optimiser.zero_grad()
        q = 0.5 * ((step(x) - x) ** 2).sum(dim=1)
        # Each start has its own q: the sum gives each the gradient of its own.
        q.sum().backward()
        torch.nn.utils.clip_grad_norm_([x], 1.0 * len(starts) ** 0.5)
        optimiser.step()
        schedule.step(float(q.detach().mean()))
        if float(q.detach().max()) < tol:
            break
    with torch.no_grad():
        q = 0.5 * ((step(x) - x) ** 2).sum(dim=1)
    return x.detach().numpy(), q.numpy(), done


def distinct(points, distance):
    """One of each cluster of points."""
    kept = []
    for p in points:
        if not kept or np.min(np.linalg.norm(np.array(kept) - p, axis=1)) > distance:
            kept.append(p)
    return np.array(kept)


def timed(work):
    """The result of `work` and the CPU seconds that it took."""
    start = time.process_time()
    made = work()
    return made, time.process_time() - start


def compared(file, arguments):
    """Both contestants on one network."""
    network = ds.load(file)
    visited = flipflop.visited(network, jax.random.key(1), arguments.starts)
    flat = np.asarray(jax.vmap(lambda y: ravel_pytree(y)[0])(visited))
    method = SpeedDescent()
    points, first = timed(lambda: ds.fixed_points(network, starts=visited, method=method))
    again = [
        timed(lambda: ds.fixed_points(network, starts=visited, method=method))[1] for _ in range(arguments.repeats)
    ]
    all_of_them = SpeedDescent(starts=arguments.starts)
    ds.fixed_points(network, starts=visited, method=all_of_them)
    equal = min(
        timed(lambda: ds.fixed_points(network, starts=visited, method=all_of_them))[1] for _ in range(arguments.repeats)
    )
    residual = float(points.residuals.max())
    (ends, q, iterations), adam = timed(
        lambda: by_adam(network, flat, iterations=arguments.iterations, tol=0.5 * max(residual, 1e-10) ** 2)
    )
    theirs = distinct(ends[q < 1e-8], 1e-2)
    return {
        "network": Path(file).stem,
        "dimension": flat.shape[1],
        "ours": {
            "starts": points.settings["starts"],
            "fixed_points": len(points),
            "by_unstable_dimension": np.bincount(points.unstable_dimension).tolist(),
            "largest_residual": residual,
            "cpu_seconds_with_compilation": round(first, 2),
            "cpu_seconds": round(min(again), 2),
            "cpu_seconds_from_as_many_starts": round(equal, 2),
        },
        "adam": {
            "starts": len(flat),
            "iterations": iterations,
            "fixed_points": len(theirs),
            "median_residual": float(np.median(np.sqrt(2 * q))),
            "largest_residual": float(np.sqrt(2 * q.max())),
            "cpu_seconds": round(adam, 2),
        },
        "times_faster": round(adam / min(again), 1),
        "times_faster_with_compilation": round(adam / first, 1),
        "times_faster_from_as_many_starts": round(adam / equal, 1),
    }


def main():
    data = HERE.parent / "tests" / "data"
    parser = argparse.ArgumentParser(description="Fixed points of trained networks against Adam on the speed.")
    parser.add_argument(
        "--network", nargs="+", default=[data / f"flipflop-{kind}.safetensors" for kind in ("gru", "lstm")]
    )
    parser.add_argument("--starts", type=int, default=10_000)
    parser.add_argument("--iterations", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = [compared(file, arguments) for file in arguments.network]
    print(json.dumps(rows, indent=1))
    (HERE / "results" / "fixed_points.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
