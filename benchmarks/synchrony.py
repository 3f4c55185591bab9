"""Draws the pictures of `docs/synchrony.md`, and prints the table of Pecora and Carroll (1990).

python -m benchmarks.synchrony
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import dynascope as ds
from dynascope.analysis.chaos import spectrum_from_data
from dynascope.analysis.synchrony import conditional_exponents, master_stability
from dynascope.systems import subsystem

IMAGES = Path(__file__).parent.parent / "docs" / "images"


def main() -> None:
    """Three pictures and six lines."""
    roessler = ds.build("roessler").replace(a=0.2, b=0.2, c=9.0)
    curve = master_stability(roessler, "x", np.linspace(0.0, 6.0, 61), duration=10_000.0)
    print(curve.summary())
    ds.plot(curve).savefig(IMAGES / "synchrony-master.png")

    lorenz = ds.build("lorenz").replace(rho=60.0)
    for unit, name, span in ((lorenz, "lorenz", 2000.0), (roessler, "roessler", 10_000.0)):
        for kept in (["y", "z"], ["x", "z"], ["x", "y"]):
            found = conditional_exponents(unit, subsystem(unit, kept), duration=span)
            print(name, kept, found.summary())
            if (name, kept) == ("lorenz", ["y", "z"]):
                ds.plot(found).savefig(IMAGES / "synchrony-response.png")

    x = np.asarray(ds.trajectory(ds.build("henon"), None, np.arange(4000)).ys)[:, 0]
    ds.plot(spectrum_from_data(x, dimension=3)).savefig(IMAGES / "synchrony-data.png")


if __name__ == "__main__":
    main()
