"""Draws the pictures of docs/bifurcations.md: Hodgkin-Huxley, Morris-Lecar, Jansen-Rit and Hénon diagrams.

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
}


def main() -> None:
    """Follow and draw."""
    for picture in sys.argv[1:] or PICTURES:
        name, parameter, low, high, options = PICTURES[picture]
        diagram = ds.bifurcations(ds.build(name), parameter, low, high, **options)
        print(f"{name}: {diagram.summary()}")
        ds.plot(diagram).savefig(IMAGES / f"bifurcations-{picture}.png", dpi=130)


if __name__ == "__main__":
    main()
