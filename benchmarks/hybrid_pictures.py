"""Draws the burst of docs/cycles.md and the diagram of docs/bifurcations.md: neurons of Izhikevich, through resets.

Run: python benchmarks/hybrid_pictures.py
"""

from pathlib import Path

import dynascope as ds
from dynascope.analysis.cycles import hybrid_orbit

IMAGES = Path(__file__).parents[1] / "docs" / "images"


def main() -> None:
    """Find and draw."""
    orbit = hybrid_orbit(ds.build("izhikevich", c=-50.0, d=2.0))
    print(orbit.summary())
    ds.plot(orbit).savefig(IMAGES / "cycles-burst.png", dpi=130)
    neuron = ds.build("izhikevich")
    diagram = ds.bifurcations(neuron, "I", 0.0, 12.0)
    orbits = ds.orbit_diagram(neuron, "I", 0.0, 12.0, count=25, beside=diagram)
    print(diagram.summary(), orbits.summary(), sep="\n")
    ds.plot(diagram, orbits=orbits).savefig(IMAGES / "bifurcations-izhikevich.png", dpi=130)


if __name__ == "__main__":
    main()
