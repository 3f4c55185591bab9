"""Draw all certified systems of the catalogue: `docs/images/gallery-1.png` and on."""

import math
from pathlib import Path

import dynascope as ds
from dynascope.models import Catalogue

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SHEETS = 4


def main() -> None:
    known = [entry for entry in ds.catalogue() if ds.models.certificate(entry["name"]) is not None]
    known.sort(key=lambda entry: (entry["family"] != "chaos", entry["family"], entry["name"]))
    size = math.ceil(len(known) / SHEETS)
    for i in range(SHEETS):
        figure = ds.plot(Catalogue(tuple(known[i * size : (i + 1) * size])), columns=7)
        figure.savefig(IMAGES / f"gallery-{i + 1}.png", dpi=110)
        print(f"gallery-{i + 1}.png: {min(size, len(known) - i * size)} systems")


if __name__ == "__main__":
    main()
