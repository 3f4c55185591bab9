"""Draw the pictures of `docs/training.md` from the models that `reconstruct_lorenz.py --keep FOLDER` left.

    python benchmarks/reconstruct_pictures.py FOLDER [DATA]

DATA is the folder of recordings that the models were trained on; without it the series are simulated as there.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from reconstruct_lorenz import TRAINED, free, series

import dynascope as ds
from dynascope.analysis.symbols import symbolic_code
from dynascope.data import load

IMAGES = Path(__file__).parents[1] / "docs" / "images"
INK, BLUE, ORANGE = "#22303c", "#1b5e83", "#dd8a3d"


def training(folder, name):
    """The training of one case."""
    return load(folder / f"{name}.training.npz")


def attractors(folder, data):
    """Data, the free run of the model trained by adaptive forcing, and that of plain back-propagation."""
    noisy, test, _ = series(data, "lorenz")
    good = training(folder, "shallow-PLRNN-adaptive-GTF").model
    poor = training(folder, "shallow-PLRNN-plain-BPTT").model
    shown = [
        ("data, 5 % noise", noisy[TRAINED : TRAINED + 8000], INK),
        ("shallow PLRNN, adaptive forcing, runs freely", free(good, 8000), BLUE),
        ("plain back-propagation", free(poor, 8000, test[0]), ORANGE),
    ]
    figure = Figure(figsize=(9.6, 3.2), layout="constrained")
    for i, (title, values, colour) in enumerate(shown):
        panel = figure.add_subplot(1, 3, i + 1)
        panel.plot(values[:, 0], values[:, 2], ".", ms=1.2, color=colour, rasterized=True)
        panel.set_xlim(-2.8, 2.8)
        panel.set_ylim(-3.0, 3.2)
        panel.set_title(title, fontsize=9, loc="left")
        panel.set_xlabel("x, standardised")
        panel.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("z, standardised")
    return figure


def fewest_regions(found):
    """The code of the run that visits the fewest regions."""
    codes = [symbolic_code(model) for model in found.models]
    return min(codes, key=len)


def main():
    """Draw all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("data", nargs="?", type=Path)
    options = parser.parse_args()
    figures = {
        "training-attractors": attractors(options.folder, options.data),
        "training-history": ds.plot(training(options.folder, "shallow-PLRNN-adaptive-GTF")),
        "training-symbols": ds.plot(fewest_regions(training(options.folder, "AL-RNN-P-=-2"))),
    }
    for name, figure in figures.items():
        figure.savefig(IMAGES / f"{name}.png", dpi=130)
        print(name, np.round(figure.get_size_inches(), 1))


if __name__ == "__main__":
    main()
