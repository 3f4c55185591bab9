"""Draw the confusion tables of the battery as far as it is scored: `python benchmarks/battery/picture.py`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

HERE = Path(__file__).parent
PICTURE = HERE.parents[1] / "docs" / "images" / "verdict-confusion.png"
TITLES = {
    "held-out-model": "held out, with a model",
    "held-out-recordings": "held out, recordings",
    "development-model": "development, with a model",
    "development-recordings": "development, recordings",
}


def draw(axis: Any, rows: list[dict[str, Any]], title: str) -> None:
    """One table: labels downwards, verdicts across, numbers of cases in the cells; each allowed answer is right."""
    pairs = [(r["label"][0], r["label"][0] if r["said"] in r["label"] else r["said"]) for r in rows if "said" in r]
    labels = sorted({a for a, _ in pairs})
    said = labels + sorted({b for _, b in pairs} - set(labels))
    counts = Counter(pairs)
    table = np.array([[counts[a, b] for b in said] for a in labels])
    axis.imshow(table > 0, cmap="Greys", vmin=0, vmax=4)
    for (i, j), n in np.ndenumerate(table):
        if n:
            axis.text(j, i, n, ha="center", va="center", color="black" if labels[i] == said[j] else "firebrick")
    axis.set_xticks(range(len(said)), said, rotation=40, ha="right")
    axis.set_yticks(range(len(labels)), labels)
    axis.set(xlabel="verdict", ylabel="label", title=f"{title}: {len(pairs)} cases")


def main() -> None:
    stores = [HERE / "results" / f"{name}.jsonl" for name in TITLES]
    stores = [s for s in stores if s.exists()]
    down = (len(stores) + 1) // 2
    figure, axes = plt.subplots(down, 2, figsize=(12, 5 * down), layout="constrained", squeeze=False)
    for axis in axes.flat[len(stores) :]:
        axis.set_axis_off()
    for axis, store in zip(axes.flat, stores, strict=False):
        draw(axis, [json.loads(line) for line in store.read_text().splitlines()], TITLES[store.stem])
    figure.savefig(PICTURE, dpi=120)


if __name__ == "__main__":
    main()
