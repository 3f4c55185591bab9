"""Speed of Lyapunov spectra of random rate networks, against the bare matrix product and against PyTorch.

    python -m benchmarks.speed_networks [--rounds 5] [--quick]

One thread, double precision, tau x' = -x + g J tanh(x) with g = 4, dt = 0.1, N = 512, full spectrum at the interval
that the library chooses. Counted are the products of an N x N with an N x k matrix that the tangent needs (one a step
by Euler, four by RK4), over the whole call: transient, pilot, orthonormalisation, errors and the twin orbit included.
Their rate is compared with that of the same product alone, of JAX and of NumPy. The loop in PyTorch is the usual one:
Euler's method, the tangent by the formula `V + dt (g J (phi' V) - V)`, and `torch.linalg.qr` in each step.
Contestants take turns, round after round, after one round that compiles; the ratio is that of the least processor
times. Then time per step against N (k = N) and against k (N = 512), with fitted exponents. The figures go to
`results/speed_networks.json`, the picture to `docs/images/speed-networks.png`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.speed_lorenz import compete, processor  # first: it sets JAX to one thread

# isort: split
import jax
import jax.numpy as jnp
import numpy as np
import torch

import dynascope as ds
from dynascope.analysis.stability import lyapunov_spectrum
from dynascope.models import RateNetwork
from dynascope.solve import RK4, Euler

ROOT = Path(__file__).parent.parent
N, GAIN, DT = 512, 4.0, 0.1
#: Steps left out, in which frames turn, and products in one bare contest.
TRANSIENT, PRODUCTS = 400, 20
SIZES = (32, 64, 128, 256, 512)
COUNTS = (4, 16, 64, 256, 512)


def network(n: int) -> RateNetwork:
    """A random network deep in chaos."""
    return RateNetwork.draw(n=n, g=GAIN, key=jax.random.key(0))


def spectrum(n: int, k: int, steps: int, solver: Any) -> Callable[[], Any]:
    """One call for `k` exponents over about `steps` steps."""
    system = network(n)
    return lambda: lyapunov_spectrum(
        system, k=k, transient=TRANSIENT * DT, duration=steps * DT, solver=solver(DT), throw=True
    )


def bare(n: int, k: int) -> dict[str, Callable[[], Any]]:
    """The products alone."""
    rng = np.random.default_rng(0)
    a, v = rng.normal(size=(n, n)) / np.sqrt(n), rng.normal(size=(n, k))
    ja, jv = jnp.asarray(a), jnp.asarray(v)
    product = jax.jit(jnp.matmul)

    def in_jax() -> Any:
        return [product(ja, jv).block_until_ready() for _ in range(PRODUCTS)]

    return {"product by JAX": in_jax, "product by NumPy": lambda: [a @ v for _ in range(PRODUCTS)]}


def in_torch(steps: int) -> Callable[[], np.ndarray]:
    """The usual loop, orthonormalised at each step; exponents per unit of time."""
    torch.set_num_threads(1)
    system = network(N)
    coupling = GAIN * torch.from_numpy(np.array(system.J))
    start = torch.from_numpy(np.array(system.initial_state()))
    frame = torch.linalg.qr(torch.randn(N, N, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))[0]

    def run() -> np.ndarray:
        x, q, logs = start.clone(), frame.clone(), torch.zeros(N, dtype=torch.float64)
        for _ in range(steps):
            phi = torch.tanh(x)
            q = q + DT * (coupling @ ((1 - phi**2)[:, None] * q) - q)
            x = x + DT * (coupling @ phi - x)
            q, r = torch.linalg.qr(q)
            logs += torch.log(torch.abs(torch.diagonal(r)))
        return logs.numpy() / (steps * DT)

    return run


def full_spectrum(rounds: int, steps: int) -> dict[str, Any]:
    """N = 512, all exponents: the share of the bare product's rate, and times faster than PyTorch."""
    in_loop = 40
    solvers = {"Euler": (Euler, 1, steps), "RK4": (RK4, 4, steps // 4)}
    contest = bare(N, N) | {name: spectrum(N, N, n, solver) for name, (solver, _, n) in solvers.items()}
    contest["PyTorch, Euler"] = in_torch(in_loop)
    seconds = compete(contest, rounds)
    found: dict[str, Any] = {"seconds": seconds}
    for clock in ("cpu", "wall"):
        one = min(seconds[f"product by {who}"][clock] for who in ("JAX", "NumPy")) / PRODUCTS
        torch_step = seconds["PyTorch, Euler"][clock] / in_loop
        found[clock] = {"product": one, "PyTorch per step": torch_step, "gigaflop per second": 2e-9 * N**3 / one}
        for name, (_, products, _) in solvers.items():
            settings = contest[name]().settings if clock == "cpu" else found["settings"][name]
            found.setdefault("settings", {})[name] = settings
            done = TRANSIENT + round(settings["duration"] / DT)
            per_step = seconds[name][clock] / done
            found[clock][name] = {
                "steps": done,
                "per step": per_step,
                "share of the rate of the product": products * one / per_step,
            }
        found[clock]["times faster than PyTorch"] = torch_step / found[clock]["Euler"]["per step"]
    return found


def scaling(rounds: int, steps: int) -> dict[str, Any]:
    """Processor seconds per step, by Euler's method: against N with k = N, and against k with N = 512."""
    pairs = [(n, n) for n in SIZES] + [(N, k) for k in COUNTS if k != N]
    contest = {f"{n} {k}": spectrum(n, k, steps, Euler) for n, k in pairs}
    contest |= {f"bare {n} {k}": bare(n, k)["product by JAX"] for n, k in pairs}
    seconds = compete(contest, rounds)
    rows = [
        {
            "N": n,
            "k": k,
            "per step": seconds[f"{n} {k}"]["cpu"] / (TRANSIENT + steps),
            "product": seconds[f"bare {n} {k}"]["cpu"] / PRODUCTS,
        }
        for n, k in pairs
    ]
    sizes, counts = (
        [r for r in rows if r["k"] == r["N"]],
        sorted((r for r in rows if r["N"] == N), key=lambda r: r["k"]),
    )
    return {
        "rows": rows,
        "exponent of N, k = N": fitted([r["N"] for r in sizes], [r["per step"] for r in sizes]),
        "exponent of N, k = N, bare product": fitted([r["N"] for r in sizes], [r["product"] for r in sizes]),
        "exponent of k, k >= 64": fitted(
            [r["k"] for r in counts if r["k"] >= 64], [r["per step"] for r in counts if r["k"] >= 64]
        ),
    }


def fitted(x: list[int], y: list[float]) -> float:
    """Slope of a line through logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def picture(found: dict[str, Any]) -> Any:
    """Time per step against N and against k, with the bare product."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    rows = found["rows"]
    cases = [
        ("N", [r for r in rows if r["k"] == r["N"]], f"k = N: {found['exponent of N, k = N']:.2f}"),
        ("k", sorted((r for r in rows if r["N"] == N), key=lambda r: r["k"]),
         f"N = {N}: {found['exponent of k, k >= 64']:.2f} from k = 64 on"),
    ]  # fmt: skip
    for axis, (name, some, title) in zip(axes, cases, strict=True):
        x = [r[name] for r in some]
        axis.loglog(x, [1e3 * r["per step"] for r in some], "o-", color="#1f4e79", label="spectrum, per step")
        axis.loglog(x, [1e3 * r["product"] for r in some], "s--", color="#9a9a9a", label="matrix product alone")
        axis.set(xlabel=name, title=f"exponent, {title}")
        axis.set_xticks(x, [str(i) for i in x], minor=False)
        axis.minorticks_off()
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("processor time (ms)")
    axes[0].legend(frameon=False)
    return figure


def main() -> None:
    """Both questions, the picture and the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="shorter runs, to see whether it works")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    steps = 800 if options.quick else 4000
    full = full_spectrum(options.rounds, steps)
    for clock in ("cpu", "wall"):
        for name in ("Euler", "RK4"):
            row = full[clock][name]
            print(
                f"{name}, {clock}: {1e3 * row['per step']:.2f} ms per step, "
                f"{100 * row['share of the rate of the product']:.0f}% of the rate of the product (at least 80)"
            )
        print(f"{clock}: {full[clock]['times faster than PyTorch']:.1f} times faster than PyTorch (at least 3)")
    print({name: {key: s[key] for key in ("every", "accuracy")} for name, s in full["settings"].items()})
    found = {
        "machine": {"cpu": processor(), "python": platform.python_version()},
        "versions": {"jax": jax.__version__, "numpy": np.__version__, "torch": torch.__version__},
        "dynascope": ds.__version__,
        "rounds": options.rounds,
        "full spectrum": full,
    }
    results = ROOT / "benchmarks" / "results" / "speed_networks.json"
    results.write_text(json.dumps(found, indent=1) + "\n")
    grown = scaling(options.rounds, steps // 2)
    print({key: round(value, 2) for key, value in grown.items() if key != "rows"})
    results.write_text(json.dumps(found | {"scaling": grown}, indent=1) + "\n")
    picture(grown).savefig(ROOT / "docs" / "images" / "speed-networks.png", dpi=130)


if __name__ == "__main__":
    main()
