"""Lyapunov exponents of the literature beside ours: `models/published.toml`, certificates, and runs of our own.

    python -m tools.published

runs the systems whose published parameters are not the standard ones, or whose certificate is undecided, and writes
`benchmarks/results/published_exponents.json`; the other rows take theirs from the certificates.
"""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).parents[1]
RUNS = ROOT / "benchmarks" / "results" / "published_exponents.json"
#: Standard errors of both together within which two numbers agree.
AGREE = 3.0


class Published(NamedTuple):
    """Exponents as published, in nats, with the error of each."""

    name: str
    exponents: list[float]
    error: list[float]
    parameters: dict[str, float]
    seen: str
    source: str
    explanation: str

    @property
    def key(self) -> str:
        """The system with its parameters, where they are not the standard ones."""
        changes = ", ".join(f"{k} = {v:.6g}" for k, v in self.parameters.items())
        return f"{self.name}, {changes}" if changes else self.name


class Compared(NamedTuple):
    """A published row with ours: exponents and errors of the same number."""

    row: Published
    exponents: list[float]
    stderr: list[float]

    @property
    def apart(self) -> float:
        """The largest difference in standard errors of both together; those that are nil are left to the regime."""
        pairs = zip(self.row.exponents, self.row.error, self.exponents, self.stderr, strict=True)
        return max(abs(p - x) / math.hypot(e, s) for p, e, x, s in pairs if p != 0)

    @property
    def agrees(self) -> bool:
        """Whether no exponent differs by more than three times both errors together."""
        return self.apart <= AGREE


def published() -> list[Published]:
    """All rows of the literature."""
    path = ROOT / "src" / "dynascope" / "models" / "published.toml"
    rows = []
    for name, entries in tomllib.loads(path.read_text("utf-8")).items():
        for entry in entries:
            factor = math.log(2) if entry.get("unit") == "bits" else 1.0
            values = [factor * x for x in entry["exponents"]]
            errors = factor * np.broadcast_to(entry["error"], len(values))
            rows.append(
                Published(
                    name,
                    values,
                    errors.tolist(),
                    entry.get("parameters", {}),
                    entry["seen"],
                    entry["source"],
                    entry.get("explanation", ""),
                )
            )
    return sorted(rows, key=lambda row: row.key)


def certificate(name: str) -> dict[str, Any] | None:
    """The certificate of a system, unless it is undecided or has none."""
    rows = json.loads((ROOT / "src" / "dynascope" / "models" / "certified.json").read_text("utf-8"))
    return next((r for r in rows if r["name"] == name and "exponents" in r and not r["undecided"]), None)


def compared() -> list[Compared]:
    """Every published row beside ours."""
    runs = json.loads(RUNS.read_text("utf-8"))
    found = []
    for row in published():
        ours = runs.get(row.key) or certificate(row.name)
        if ours is None:
            raise LookupError(f"Nothing of ours for `{row.key}`. Run `python -m tools.published`.")
        count = len(row.exponents)
        found.append(Compared(row, ours["exponents"][:count], ours["stderr"][:count]))
    return found


def main() -> None:
    """Run what has no certificate at its parameters, and print all rows."""
    import dynascope as ds

    runs = {}
    for row in published():
        if row.parameters or certificate(row.name) is None:
            found = ds.lyapunov_spectrum(ds.build(row.name, **row.parameters), rtol=0.004)
            runs[row.key] = {
                "exponents": found.exponents.tolist(),
                "stderr": found.stderr.tolist(),
                "duration": found.settings["duration"],
            }
            print(f"{row.key}: {found.summary()}", flush=True)
    RUNS.write_text(json.dumps(runs, indent=1) + "\n")
    for each in compared():
        judged = "" if each.agrees else "MISS "
        print(f"{judged}{each.row.key}: {each.row.exponents} ours {each.exponents} {each.apart:.1f}")


if __name__ == "__main__":
    main()
