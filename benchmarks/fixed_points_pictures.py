"""Draw the pictures of `docs/fixed-points.md`.

python benchmarks/fixed_points_pictures.py
"""

from pathlib import Path

import flipflop
import jax
import numpy as np

import dynascope as ds
from dynascope.analysis.map_cycles import DavidchackLai
from dynascope.analysis.phase_plane import invariant_manifold
from dynascope.analysis.stability import SpeedDescent

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"


def main():
    network = ds.load(ROOT / "tests" / "data" / "flipflop-gru.safetensors")
    points = ds.fixed_points(network, starts=flipflop.visited(network, jax.random.key(1)), method=SpeedDescent())
    ds.plot(points).savefig(IMAGES / "fixed-points-flipflop.png")
    henon = ds.build("henon")
    cycles = ds.periodic_points(henon, 8, method=DavidchackLai(starts=1024))
    ds.plot(cycles).savefig(IMAGES / "fixed-points-henon-cycles.png")
    neuron = ds.build("fitzhugh-nagumo", I=0.5)
    run = ds.trajectory(neuron, None, np.linspace(0.0, 200.0, 2001))
    ds.plot(ds.phase_plane(neuron), trajectory=run).savefig(IMAGES / "fixed-points-plane.png")
    rests = ds.fixed_points(henon)
    saddle = rests.states[np.argmax(rests.states[:, 0])]
    ds.plot(invariant_manifold(henon, saddle, length=30.0)).savefig(IMAGES / "fixed-points-manifold.png")


if __name__ == "__main__":
    main()
