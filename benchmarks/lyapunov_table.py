"""Lyapunov exponents of many kinds of systems beside what is known of them.

Each row is a number, ours with its standard error, the reference with its own error, and where that comes from. They
agree if they are no further apart than three times both errors together. References are exact, published, or come from
a run that uses no derivative. A published number is known to half of its last digit; an exponent that is nil is reached
as 1 / T, and the same is allowed to those that differ from their limit by a bounded number of logarithms.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.lyapunov_table [group ...]

Groups not named keep the rows of the last run.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import dynascope as ds
from benchmarks.pulse_network import by_differences, small_network
from dynascope.analysis.stability import LyapunovSpectrum
from dynascope.models.artificial import LSTM
from dynascope.models.canonical import LinearFlow, LinearMap
from dynascope.models.networks import RateNetwork
from dynascope.solve import RK4, Euler, LocatedEvents
from dynascope.systems import Noise

RESULTS = Path(__file__).parent / "results"
#: Of `coupled_fitzhugh_nagumo`, from the tests of jitcode.
COUPLED_EXPONENTS = (0.00710, 0.0, -0.0513, -0.187)
WOLF = "Wolf, Swift, Swinney & Vastano (1985), Physica D 16, 285-317, table 1 (bits times ln 2)"
SPROTT = "Sprott (1998, revised 2004), Common chaotic systems, sprott.physics.wisc.edu"
IKEDA = "Lyapunov spectra of well-known systems, sites.google.com/view/lyapunov-spectrum"


class Row(NamedTuple):
    """One number beside its reference; `known` is the error of the reference and of the length of our run."""

    system: str
    quantity: str
    value: float
    stderr: float
    reference: float
    known: float
    source: str

    @property
    def within(self) -> bool:
        """Whether they agree within three times both errors together."""
        return abs(self.value - self.reference) <= 3 * math.hypot(self.stderr, self.known)


def coupled_fitzhugh_nagumo() -> Any:
    """Two different FitzHugh-Nagumo neurons coupled by diffusion, weakly chaotic (the example of jitcode)."""

    def velocity(t: Any, y: Any, p: Any) -> Any:
        del t
        (x, w), (z, v) = y[:2], y[2:]
        return jax.numpy.stack([
            x * (p["a"] - x) * (x - 1) - w + p["k"] * (z - x),
            p["b1"] * x - p["c"] * w,
            z * (p["a"] - z) * (z - 1) - v + p["k"] * (x - z),
            p["b2"] * z - p["c"] * v,
        ])  # fmt: skip

    values = {"a": -0.025794, "b1": 0.0065, "b2": 0.0135, "c": 0.02, "k": 0.128}
    start = np.array([-0.00338158, -0.00223185, 0.01524253, -0.00613449])
    return ds.flow(velocity, start, parameters=values)


def spectrum_rows(
    system: str, found: LyapunovSpectrum, references: Any, source: str, *, known: Any = 0.0
) -> Iterator[Row]:
    """One row per exponent; nil exponents are known to 1 / T."""
    errors = np.broadcast_to(known, len(references))
    for i, (reference, error) in enumerate(zip(references, errors, strict=True)):
        if reference is None:
            continue
        settled = max(float(error), 1 / found.settings["duration"] if reference == 0 else 0.0)
        yield Row(
            system, f"exponent {i + 1}", float(found.exponents[i]), float(found.stderr[i]), reference, settled, source
        )


def total(system: str, found: LyapunovSpectrum, reference: float, source: str, known: float) -> Row:
    """The sum of all exponents, free of statistics where the divergence is constant."""
    return Row(system, "sum of exponents", float(found.exponents.sum()), 0.0, reference, known, source)


def exact() -> Iterator[Row]:
    """What is known without a computer."""
    values = (1.5, 0.2, -1.0)
    basis = np.array([[1.0, 0.3, -0.2], [0.1, 1.0, 0.4], [0.0, -0.3, 1.0]])
    spread = basis @ np.diag(values) @ np.linalg.inv(basis)
    found = ds.lyapunov_spectrum(LinearFlow(spread), y0=np.zeros(3), transient=30.0, duration=3000.0, solver=RK4(0.002))
    yield from spectrum_rows("linear flow, t = 3000", found, values, "its eigenvalues", known=1e-10 / 3)
    moduli = np.array([1.5, -0.9, 0.2])
    found = ds.lyapunov_spectrum(
        LinearMap(basis @ np.diag(moduli) @ np.linalg.inv(basis)), y0=np.zeros(3), transient=300, duration=20_000
    )
    yield from spectrum_rows(
        "linear map, 20,000 steps", found, np.log(np.abs(moduli)), "its eigenvalues", known=1e-10 / 3
    )
    golden = 2 * math.log((1 + math.sqrt(5)) / 2)
    found = ds.lyapunov_spectrum(ds.build("arnold-cat-map"), duration=5000)
    yield from spectrum_rows("Arnold cat map", found, (golden, -golden), "2 ln of the golden mean", known=1e-11)
    found = ds.lyapunov_spectrum(ds.build("logistic", r=4.0), duration=1_000_000)
    yield from spectrum_rows("logistic map, r = 4", found, (math.log(2),), "ln 2", known=20 / 1_000_000)
    yield total(
        "Hénon map", ds.lyapunov_spectrum(ds.build("henon"), duration=20_000), math.log(0.3), "ln b", known=1e-10
    )
    found = ds.lyapunov_spectrum(ds.build("lorenz"), duration=200.0, solver=RK4(0.0025))
    yield total("Lorenz", found, -41 / 3, "-(sigma + 1 + beta)", known=1e-6)
    found = ds.lyapunov_spectrum(ds.build("ikeda-map"), duration=200_000)
    yield total("Ikeda map", found, 2 * math.log(0.9), "2 ln u", known=1e-11)
    network = RateNetwork.draw(n=64, g=4.0, self_coupling=False, key=jax.random.key(0))
    found = ds.lyapunov_spectrum(network, transient=100.0, duration=400.0, solver=RK4(0.05))
    yield total("tanh network, N = 64", found, -64.0, "-N / tau", known=1e-3)
    found = ds.lyapunov_spectrum(network, transient=100.0, duration=400.0, solver=Euler(0.1))
    reference = 64 * math.log(0.9) / 0.1
    yield total(
        "tanh network, N = 64, Euler",
        found,
        reference,
        "N ln(1 - dt) / dt, but for 0.3 %",
        known=0.001 * abs(reference),
    )


def published() -> Iterator[Row]:
    """What is in the literature."""
    found = ds.lyapunov_spectrum(ds.build("henon"), duration=2_000_000)
    yield from spectrum_rows("Hénon map", found, (0.41922, -1.62319), SPROTT, known=5e-6)
    found = ds.lyapunov_spectrum(ds.build("ikeda-map"), duration=2_000_000)
    yield from spectrum_rows("Ikeda map", found, (0.50752, -0.71824), IKEDA, known=1e-4)
    found = ds.lyapunov_spectrum(ds.build("lorenz"), rtol=0.002)
    yield from spectrum_rows("Lorenz", found, (0.9056, 0.0, -14.5723), SPROTT, known=5e-5)
    found = ds.lyapunov_spectrum(ds.build("roessler"), rtol=0.005)
    yield from spectrum_rows("Rössler", found, (0.0714, 0.0, -5.3943), SPROTT, known=5e-5)
    bits = math.log(2)
    lorenz = ds.build("lorenz", sigma=16.0, rho=45.92, beta=4.0)
    found = ds.lyapunov_spectrum(lorenz, rtol=0.005, solver=RK4(0.002))
    yield from spectrum_rows(
        "Lorenz, sigma = 16", found, (2.16 * bits, 0.0, -32.4 * bits), WOLF, known=(0.005 * bits, 0.0, 0.05 * bits)
    )
    found = ds.lyapunov_spectrum(ds.build("hyper-roessler"), duration=20_000.0)
    yield from spectrum_rows(
        "Rössler, hyperchaos", found, (0.16 * bits, 0.03 * bits, 0.0, None), WOLF, known=0.005 * bits
    )
    found = ds.lyapunov_spectrum(coupled_fitzhugh_nagumo(), transient=10_000.0, duration=1_000_000.0, solver=RK4(0.1))
    yield from spectrum_rows(
        "two FitzHugh-Nagumo", found, COUPLED_EXPONENTS, "tests of jitcode", known=(5e-6, 0.0, 5e-5, 5e-4)
    )
    ring = ds.lyapunov_spectrum(ds.build("lorenz96"), duration=2000.0, solver=RK4(0.02))
    source = "Lorenz & Emanuel (1998), J. Atmos. Sci. 55, 399-414, with one more digit from later runs"
    yield Row("Lorenz-96, N = 40", "exponent 1", ring.exponents[0], float(ring.stderr[0]), 1.68, 0.005, source)
    yield Row(
        "Lorenz-96, N = 40", "Kaplan-Yorke dimension", ring.kaplan_yorke, ring.kaplan_yorke_stderr, 27.05, 0.02, source
    )
    count = int(np.sum(ring.exponents > 3 * ring.stderr + 2 / 2000.0))
    yield Row("Lorenz-96, N = 40", "positive exponents", count, 0.0, 13, 0.0, source)


def delays() -> Iterator[Row]:
    """The blood of Mackey and Glass, from a limit cycle to chaos."""
    for tau, reference in ((16.4, 0.0), (17.0, 0.0051), (23.0, 0.0094), (30.0, 0.0070)):
        system = ds.build("mackey-glass", tau=tau)
        found = ds.lyapunov_spectrum(system, k=1, transient=4000.0, duration=160_000.0)
        yield from spectrum_rows(
            f"Mackey-Glass, tau = {tau:g}",
            found,
            (reference,),
            "as generally quoted, after Farmer (1982), Physica D 4, 366-393",
            known=5e-5,
        )


def networks() -> Iterator[Row]:
    """Against runs that take no derivative."""
    memory = LSTM.draw(n=8, gain=8.0, key=jax.random.key(1))
    drive = Noise(key=jax.random.key(0), std=0.3)
    found = ds.lyapunov_spectrum(memory, inputs=drive, duration=100_000)
    yield Row(
        "LSTM, 8 cells, driven", "exponent 1", float(found.exponents[0]), float(found.stderr[0]), found.twin,
        found.twin_stderr, "two orbits that start close together",
    )  # fmt: skip
    pulses = small_network()
    span = 400.0
    reference, _ = by_differences(pulses, transient=100.0, duration=span)
    found = ds.lyapunov_spectrum(pulses, transient=100.0, duration=span, solver=LocatedEvents(RK4(0.02)))
    yield from spectrum_rows(
        "4 integrate-and-fire neurons with pulses", found, reference, "differences of orbits in closed form",
        known=1 / span,
    )  # fmt: skip


GROUPS: dict[str, Callable[[], Iterator[Row]]] = {
    "exact": exact,
    "published": published,
    "delays": delays,
    "networks": networks,
}


def main(names: list[str]) -> None:
    """Compute the groups named, or all, print them and write them beside the others."""
    target = RESULTS / "lyapunov_table.json"
    known = json.loads(target.read_text("utf-8")) if target.exists() else {}
    for name in names or list(GROUPS):
        begun, rows = time.process_time(), []
        for row in GROUPS[name]():
            rows.append(row._asdict() | {"within": bool(row.within)})
            judged = "ok" if row.within else "MISS"
            print(
                f"{row.system:42s} {row.quantity:24s} {row.value:12.7g} +- {row.stderr:8.2g}  {row.reference:12.7g} "
                f"+- {row.known:8.2g} {judged:5s} {time.process_time() - begun:6.1f} s",
                flush=True,
            )
        known[name] = rows
    ordered = {name: known[name] for name in GROUPS if name in known}
    target.write_text(json.dumps(ordered, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
