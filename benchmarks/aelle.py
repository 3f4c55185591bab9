"""The study `aelle` in full: 216 recurrent networks, their Lyapunov spectra, and what these tell of the loss.

Run: python benchmarks/aelle.py

Takes about two and a half minutes of processor time. Claims, numbers and settings go to results/aelle.json, the
picture to docs/images/aelle.png.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import dynascope as ds
from dynascope.studies import study

ROOT = Path(__file__).parent


def main() -> None:
    """Run, write and draw."""
    began = time.process_time()
    outcome = study("aelle").run(seed=0, progress=True)
    facts = outcome.to_json() | {"cpu_seconds": round(time.process_time() - began, 1)}
    (ROOT / "results" / "aelle.json").write_text(json.dumps(facts, indent=1, allow_nan=False) + "\n", "utf-8")
    print(outcome.summary())
    figure = ds.plot(outcome.results["trained"])
    figure.savefig(ROOT.parent / "docs" / "images" / "aelle.png", dpi=150)
    for result in outcome.results.values():
        print(result.summary())


if __name__ == "__main__":
    main()
