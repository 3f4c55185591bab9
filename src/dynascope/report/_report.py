"""A report: the verdict, its evidence and all numbers, as values, as files and as a page."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..analysis import Verdict
from ..data import save
from ._page import Page, render


class Report(eqx.Module):
    """What was found out about one target.

    Attributes:
        page: The page, ready to be rendered.
        kind: `flow`, `map`, `sde`, `random map`, `hybrid`, `delay flow`, or `recording`.
        dimension: Number of state variables (channels of a recording).
        verdict: The verdict with its evidence.
        results: Every result by name, such as `trajectory`, `lyapunov`, `fixed_points`, `spectrum`.
        seconds: Time that the report took.
        attractors: The attractors as plain values.
        reconstruction: Of a recording, the system learned from it with its scores, as plain values.
    """

    page: Page
    kind: str = eqx.field(static=True)
    dimension: int = eqx.field(static=True)
    verdict: Verdict
    results: dict[str, Any]
    seconds: float = eqx.field(static=True)
    attractors: tuple[dict[str, Any], ...] = eqx.field(static=True, default=())
    reconstruction: dict[str, Any] | None = eqx.field(static=True, default=None)

    @property
    def target(self) -> str:
        """What was asked about: a name, a file, a class."""
        return self.page.title

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return self.page.verdict

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decided the numbers: parameters, steps, seeds."""
        return dict(self.page.settings)

    @property
    def versions(self) -> dict[str, Any]:
        """Versions of the software."""
        return dict(self.page.versions)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed or changed on the way in."""
        return self.page.notes

    def summary(self) -> str:
        """The sentence and, line by line, the evidence."""
        lines = [self.sentence, f"  verdict: {self.verdict.regime} (confidence {self.verdict.confidence:.2f})"]
        lines += [f"  - {line}" for line in evidence_lines(self.verdict)]
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """All numbers but the series, as plain values; a number that is not finite becomes None."""
        points = self.results.get("fixed_points")
        spectrum = self.results.get("lyapunov")
        learned = {} if self.reconstruction is None else {"reconstruction": self.reconstruction}
        return plain(
            {
                "target": self.target,
                "kind": self.kind,
                "dimension": self.dimension,
                "sentence": self.sentence,
                "verdict": self.verdict.to_json(),
                "attractors": list(self.attractors),
                "fixed_points": fixed_points_json(points) if points is not None else [],
                "lyapunov": lyapunov_json(spectrum) if spectrum is not None else {},
                "seconds": self.seconds,
                "settings": self.settings,
                "versions": self.versions,
                "notes": list(self.notes),
                **learned,
            }
        )

    def html(self) -> str:
        """The page as one self-contained HTML text."""
        return render(self.page)

    def save(self, folder: str | Path) -> dict[str, str]:
        """Write `report.html`, `report.json` and `report.nc` into `folder`, which is made if needed.

        A system that was learned from a recording is written as `model.safetensors` as well.

        Returns:
            The paths under `page`, `json` and `nc`, and `model` if there is one.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        paths = {"page": place / "report.html", "json": place / "report.json", "nc": place / "report.nc"}
        paths["page"].write_text(self.html(), encoding="utf-8")
        paths["json"].write_text(json.dumps(self.to_json(), indent=1, allow_nan=False), encoding="utf-8")
        self._save_arrays(paths["nc"])
        if "reconstruction" in self.results:
            paths["model"] = place / "model.safetensors"
            save(self.results["reconstruction"].system, paths["model"])
        return {name: str(path) for name, path in paths.items()}

    def _save_arrays(self, path: Path) -> None:
        """All results as groups of one NetCDF file."""
        import xarray as xr

        groups = {f"/{name}": result.to_xarray() for name, result in self.results.items() if result is not None}
        xr.DataTree.from_dict(groups).to_netcdf(path, engine="h5netcdf")


def evidence_lines(verdict: Verdict) -> list[str]:
    """Each sign with its value, error and meaning, as a line of text."""
    lines = []
    for item in verdict.evidence:
        shown = item.value if isinstance(item.value, str | None) else f"{item.value:.6g}"
        value = "" if shown is None else f": {shown}"
        known = item.error is not None and math.isfinite(item.error)
        error = f" ± {item.error:.2g}" if known else ""
        lines.append(f"{item.sign}{value}{error} - {item.meaning}")
    return lines


def lyapunov_json(spectrum: Any) -> dict[str, Any]:
    """A Lyapunov spectrum as plain values, with the keys of the command line."""
    return plain(
        {
            "exponents": [float(x) for x in spectrum.exponents],
            "stderr": [float(x) for x in spectrum.stderr],
            "converged": bool(spectrum.converged),
            "kaplan_yorke": spectrum.kaplan_yorke,
            "kaplan_yorke_stderr": spectrum.kaplan_yorke_stderr,
            "entropy_rate": spectrum.entropy_rate,
            "entropy_rate_stderr": spectrum.entropy_rate_stderr,
            "unit": spectrum.unit,
        }
    )


def fixed_points_json(points: Any) -> list[dict[str, Any]]:
    """Fixed points as plain values, with the keys of the command line."""
    return plain(
        [
            {
                "state": [float(x) for x in points.states[i]],
                "eigenvalues": [[float(z.real), float(z.imag)] for z in points.eigenvalues[i]],
                "stability": points.stability[i],
                "residual": float(points.residuals[i]),
            }
            for i in range(len(points))
        ]
    )


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: tuples as lists, NumPy numbers as numbers, and no NaN or infinity."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return plain(np.asarray(value).tolist())
    if isinstance(value, bool | int | str) or value is None:
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return number if math.isfinite(number) else None
