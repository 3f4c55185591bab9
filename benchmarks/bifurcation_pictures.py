"""Draws the pictures of docs/bifurcations.md: Hodgkin-Huxley, Morris-Lecar, Jansen-Rit, Hénon and logistic diagrams.

Run: python benchmarks/bifurcation_pictures.py [NAME ...]

Takes some minutes; with names of pictures only those are drawn.
"""

import sys
from pathlib import Path

import dynascope as ds

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PICTURES = {
    "hodgkin-huxley": ("hodgkin-huxley", "I", 0.0, 200.0, {}),
    "morris-lecar": ("morris-lecar", "I", 0.0, 300.0, {}),
    "jansen-rit": ("jansen-rit", "p", -50.0, 400.0, {"cycles": None}),
    "henon": ("henon", "a", -0.2, 1.4, {"doublings": 2}),
    "orbits": ("logistic", "r", 2.8, 4.0, {}),
}
#: Pictures that show where orbits settle, too.
WITH_ORBITS = ("orbits",)


def main() -> None:
    """Follow and draw."""
    for picture in sys.argv[1:] or PICTURES:
        name, parameter, low, high, options = PICTURES[picture]
        system, orbits = ds.build(name), None
        diagram = ds.bifurcations(system, parameter, low, high, **options)
        print(f"{name}: {diagram.summary()}")
        if picture in WITH_ORBITS:
            orbits = ds.orbit_diagram(system, parameter, low, high, count=600, points=128, beside=diagram)
            print(orbits.summary())
        ds.plot(diagram, orbits=orbits).savefig(IMAGES / f"bifurcations-{picture}.png", dpi=130)


if __name__ == "__main__":
    main()
