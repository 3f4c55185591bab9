"""Draws the isochrons of docs/cycles.md: FitzHugh and Nagumo's neuron, firing repetitively.

Run: python benchmarks/isochron_pictures.py
"""

from pathlib import Path

import dynascope as ds
from dynascope.analysis.cycles import isochrons, periodic_orbit

IMAGES = Path(__file__).parents[1] / "docs" / "images"


def main() -> None:
    """Follow and draw."""
    neuron = ds.build("fitzhugh-nagumo")
    found = isochrons(neuron, periodic_orbit(neuron), count=40)
    print(found.summary())
    ds.plot(found).savefig(IMAGES / "cycles-isochrons.png", dpi=130)


if __name__ == "__main__":
    main()
