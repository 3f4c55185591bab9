"""Draws the pictures of docs/homoclinic.md: Lorenz's orbit, the curves of Shimizu and Morioka's and of a neuron.

Run: python benchmarks/homoclinic_pictures.py
"""

from pathlib import Path

import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.analysis.cycles import periodic_orbit
from dynascope.analysis.homoclinic import homoclinic_curve, homoclinic_orbit
from dynascope.models.neurons import MorrisLecar

IMAGES = Path(__file__).parents[1] / "docs" / "images"


def shimizu_morioka(t, y, p):
    """Shimizu and Morioka (1980), On the bifurcation of a symmetric limit cycle, Physics Letters A 76, 201-204."""
    del t
    return jnp.stack([y[1], y[0] * (1 - y[2]) - p["lambda"] * y[1], y[0] ** 2 - p["alpha"] * y[2]])


def main() -> None:
    """Find and draw."""
    lorenz = ds.build("lorenz", rho=13.95)
    shot = ds.trajectory(lorenz, [0.01, 0.017, 0.0], np.linspace(0.0, 2.0, 801))
    orbit = homoclinic_orbit(lorenz, shot, parameter="rho")
    print(orbit.summary())
    ds.plot(orbit).savefig(IMAGES / "homoclinic-lorenz.png", dpi=130)

    system = ds.flow(shimizu_morioka, jnp.zeros(3), parameters={"lambda": 1.05, "alpha": 0.6}, names="x y z")
    rate = -0.525 + np.sqrt(0.525**2 + 1)
    shot = ds.trajectory(system, 1e-3 * np.array([1.0, rate, 0.0]), np.linspace(0.0, 40.0, 2001))
    far = int(np.argmax(np.linalg.norm(shot.flat, axis=1)))
    last = far + int(np.argmin(np.linalg.norm(shot.flat[far : far + 600], axis=1)))
    start = shot.ts[: last + 1], shot.flat[: last + 1]
    curve = homoclinic_curve(system, start, parameters=("p.lambda", "p.alpha"), ranges=((0.3, 2.0), (0.1, 1.0)))
    print(curve.summary())
    ds.plot(curve).savefig(IMAGES / "homoclinic-curve.png", dpi=130)

    neuron = MorrisLecar.preset("homoclinic").replace(I=35.8)
    onset = homoclinic_orbit(neuron, periodic_orbit(neuron, [10.0, 0.2]), parameter="I")
    print(onset.summary())
    curve = homoclinic_curve(neuron, onset, parameters=("I", "phi"), ranges=((-60.0, 60.0), (0.02, 1.0)))
    print(curve.summary())
    ds.plot(curve).savefig(IMAGES / "homoclinic-neuron.png", dpi=130)


if __name__ == "__main__":
    main()
