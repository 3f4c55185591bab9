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
TITLES = {"development-model": "with a model", "development-recordings": "from recordings"}


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
    figure, axes = plt.subplots(1, len(stores), figsize=(6 * len(stores), 5), layout="constrained", squeeze=False)
    for axis, store in zip(axes[0], stores, strict=True):
        draw(axis, [json.loads(line) for line in store.read_text().splitlines()], TITLES[store.stem])
    figure.savefig(PICTURE, dpi=120)


if __name__ == "__main__":
    main()
