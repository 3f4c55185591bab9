"""Draws the pictures of docs/two-parameters.md: Morris-Lecar, the extended Lorenz-84 model, Hénon's map.

Run: python benchmarks/bifurcation_set_pictures.py [NAME ...]

Takes some minutes; with names of pictures only those are drawn.
"""

import sys
import time
from pathlib import Path
from typing import Any

import jax.numpy as jnp

import dynascope as ds
from dynascope.analysis.bifurcation import CycleContinuation
from dynascope.analysis.codimension_two import BifurcationSet

IMAGES = Path(__file__).parents[1] / "docs" / "images"


def _atmosphere(t: Any, y: Any, p: Any) -> Any:
    del t
    x, v, z, u = y
    return jnp.stack(
        [
            -(v**2) - z**2 - 0.25 * x + 0.25 * p["F"] - 0.987 * u**2,
            x * v - x * z - v + 0.25,
            x * v + x * z - z,
            -1.04 * u + 0.987 * u * x + p["T"],
        ]
    )


def lorenz_84() -> BifurcationSet:
    """The atmosphere of Lorenz (1984), extended by Shil'nikov, Nicolis and Nicolis (1995)."""
    system = ds.flow(_atmosphere, [2.97, -0.038, 0.058, -0.021], parameters={"F": 3.0, "T": 0.04}, names="X Y Z U")
    region = ds.Box(jnp.array([-2.0] * 4), jnp.array([3.0, 2.0, 2.0, 2.0]))
    return ds.bifurcation_set(system, {"p.F": (1.0, 3.0), "p.T": (-0.08, 0.08)}, region=region)


def morris_lecar() -> BifurcationSet:
    """The fibre of class 1, with the folds of its cycles."""
    fibre, cycles = ds.models.MorrisLecar.preset("class 1"), CycleContinuation(doublings=0)
    return ds.bifurcation_set(fibre, {"I": (-50.0, 250.0), "V3": (-20.0, 40.0)}, cycles=cycles)


def henon() -> BifurcationSet:
    """Hénon's map with its first doubled cycle."""
    return ds.bifurcation_set(ds.build("henon"), {"a": (-1.0, 2.0), "b": (-1.1, 1.1)}, doublings=1)


PICTURES = {"morris-lecar": morris_lecar, "lorenz-84": lorenz_84, "henon": henon}


def main() -> None:
    """Follow and draw."""
    for name in sys.argv[1:] or PICTURES:
        begun = time.perf_counter()
        found = PICTURES[name]()
        print(f"{name}, {time.perf_counter() - begun:.1f} s: {found.summary()}")
        ds.plot(found).savefig(IMAGES / f"bifurcation-set-{name}.png", dpi=130)


if __name__ == "__main__":
    main()
