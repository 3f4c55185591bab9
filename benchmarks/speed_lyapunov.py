"""Speed of Lyapunov spectra against other packages, at equal accuracy.

    python -m benchmarks.speed_lyapunov PYTHON [--rounds 5]

PYTHON is the interpreter of an environment with the packages `lyapax`, `pynamicalsys` and `jitcode` (with a C compiler)
in it; they pin what they need, and never enter ours. Two systems: Lorenz, a million RK4 steps of 0.0025, and Lorenz-96
with 40 variables, 20,000 steps of 0.01; all exponents. The library and lyapax orthonormalise every ten steps;
pynamicalsys does so at each step and has no other way; jitcode steps by Dormand and Prince with a tolerance of 1e-6.
All cover the same time, so their sampling errors are alike, and those of the steps are far below them: the accuracy is
equal where the largest exponent, the sum of all (known exactly) and the Kaplan-Yorke dimension agree within the
library's errors, which is printed. One thread each, double precision; contestants take turns, round after round, after
one round that compiles, and the least times count. The figures go to `results/speed_lyapunov.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.lyapunov_peers import CASES
from benchmarks.speed_lorenz import processor  # it sets JAX to one thread

# isort: split
import jax
import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.analysis.stability import Benettin, LyapunovSpectrum, lyapunov_spectrum
from dynascope.solve import RK4

HERE = Path(__file__).parent
PEERS = ("lyapax", "pynamicalsys", "jitcode")
#: Sums of all exponents.
SUMS = {"lorenz": -(10.0 + 1.0 + 8.0 / 3.0), "lorenz-96": -40.0}


def ours(name: str) -> LyapunovSpectrum:
    """The library's spectrum, with all that comes with it."""
    start, dt, steps, every, transient = CASES[name]
    system = ds.build("lorenz96", n=40) if name == "lorenz-96" else ds.build(name)
    return lyapunov_spectrum(
        system,
        k=len(start),
        y0=jnp.array(start),
        transient=transient * dt,
        duration=steps * dt,
        method=Benettin(every=every),
        solver=RK4(dt),
    )


class Peer:
    """Another package, at work in an interpreter of its own."""

    def __init__(self, python: str, package: str, name: str) -> None:
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            [python, str(HERE / "lyapunov_peers.py"), package, name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True,
        )  # fmt: skip

    def run(self) -> dict[str, Any]:
        """One more run; raises if it failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            self._said.seek(0)
            raise RuntimeError(f"{' '.join(map(str, self._process.args))} ended: {self._said.read()[-2000:]}")  # type: ignore[arg-type]
        return json.loads(answer)

    def close(self) -> None:
        """End the interpreter."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def compared(python: str, name: str, rounds: int) -> dict[str, Any]:
    """Least seconds and exponents of each package."""
    peers = {package: Peer(python, package, name) for package in PEERS}
    reference = ours(name)
    found: dict[str, Any] = {"dynascope": {"cpu": np.inf, "wall": np.inf, "exponents": reference.exponents.tolist()}}
    found |= {package: peer.run() | {"cpu": np.inf, "wall": np.inf} for package, peer in peers.items()}
    for _ in range(rounds):
        cpu, wall = time.process_time(), time.perf_counter()
        ours(name)
        spent = {"dynascope": {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}}
        spent |= {package: peer.run() for package, peer in peers.items()}
        for package, one in spent.items():
            found[package] |= {clock: min(found[package][clock], one[clock]) for clock in ("cpu", "wall")}
    for peer in peers.values():
        peer.close()
    for package, row in found.items():
        exponents = np.sort(row["exponents"])[::-1]
        row["times slower"] = row["cpu"] / found["dynascope"]["cpu"]
        row["sum"] = {"found": float(exponents.sum()), "exact": SUMS[name]}
        # Two runs of the same length, each with the error of one.
        row["largest exponent agrees"] = bool(
            abs(exponents[0] - reference.exponents[0]) <= 3 * np.sqrt(2) * reference.stderr[0]
        )
        print(
            f"{name}, {package}: {row['cpu']:.3f} s ({row['times slower']:.1f} times ours), largest {exponents[0]:.4f} "
            f"(ours {reference.exponents[0]:.4f} +- {reference.stderr[0]:.4f}), sum {exponents.sum():.4f} "
            f"(exactly {SUMS[name]:.4f})"
        )
    return found


def main() -> None:
    """Both systems."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("python", help="interpreter of the environment that holds the other packages")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    listing = f"import importlib.metadata as m; print(*(m.version(p) for p in {PEERS!r}))"
    versions = subprocess.run([options.python, "-c", listing], capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = {
        "machine": {"cpu": processor(), "python": platform.python_version()},
        "versions": {"dynascope": ds.__version__, "jax": jax.__version__}
        | dict(zip(PEERS, versions.split(), strict=True)),
        "rounds": options.rounds,
    }
    found |= {name: compared(options.python, name, options.rounds) for name in CASES}
    (HERE / "results" / "speed_lyapunov.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
