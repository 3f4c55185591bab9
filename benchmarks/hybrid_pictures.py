"""Draws the burst of docs/cycles.md: a chattering neuron of Izhikevich, through its resets.

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


if __name__ == "__main__":
    main()
