"""What a study is: claims fixed before the run, what was measured, and a verdict on each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx

from ..report import Page, Section, Table, render

REPRODUCED, NOT, UNDECIDED = "reproduced", "not reproduced", "undecided"


class Claim(eqx.Module):
    """One claim of a paper, with the rule that judges it; written down before anything is run.

    The verdict rests on the 95 % interval of what is measured: `reproduced` if all of it lies above `above`, `not
    reproduced` if all of it lies below `below`, else `undecided`.

    Args:
        id: Name of the claim within its study.
        statement: What is claimed, in one sentence, and how it is measured.
        published: The published number; None where the paper gives none, and for controls of our own.
        source: Where it stands.
        above: The interval must lie above this to reproduce the claim.
        below: The interval must lie below this to refute it; None takes `above`. It lies higher where an effect that is
            positive, but smaller than this, would be too small to matter.
    """

    id: str = eqx.field(static=True)
    statement: str = eqx.field(static=True)
    published: float | None = eqx.field(static=True)
    source: str = eqx.field(static=True)
    above: float = eqx.field(static=True)
    below: float | None = eqx.field(static=True, default=None)

    def tolerance(self) -> str:
        """The rule in words."""
        below = self.above if self.below is None else self.below
        return f"reproduced if the 95 % interval lies above {self.above:g}, not if it lies below {below:g}"

    def judged(self, value: float, low: float, high: float) -> Judged:
        """The claim with what was measured, and the verdict."""
        below = self.above if self.below is None else self.below
        if low > self.above:
            return Judged(self, value, low, high, REPRODUCED)
        return Judged(self, value, low, high, NOT if high < below else UNDECIDED)


class Judged(eqx.Module):
    """A claim, what was measured (with the ends of its 95 % interval) and the verdict on it."""

    claim: Claim
    value: float = eqx.field(static=True)
    low: float = eqx.field(static=True)
    high: float = eqx.field(static=True)
    verdict: str = eqx.field(static=True)

    def to_json(self) -> dict[str, Any]:
        """The keys that the command line promises."""
        claim = self.claim
        return {
            "id": claim.id,
            "statement": claim.statement,
            "published": claim.published,
            "source": claim.source,
            "measured": {"value": self.value, "low": self.low, "high": self.high},
            "tolerance": claim.tolerance(),
            "verdict": self.verdict,
        }


class Study(eqx.Module):
    """A reproduced paper.

    Args:
        name: Name for the command line.
        title: One line.
        reference: The paper.
        minutes: Processor time that it takes, roughly.
        claims: What is claimed.
        run: Does it: `run(seed=, progress=) -> StudyOutcome`.
    """

    name: str = eqx.field(static=True)
    title: str = eqx.field(static=True)
    reference: str = eqx.field(static=True)
    minutes: float = eqx.field(static=True)
    claims: tuple[Claim, ...]
    run: Callable[..., StudyOutcome] = eqx.field(static=True)


class StudyOutcome(eqx.Module):
    """What came out of a study.

    Attributes:
        name: Name of the study.
        title: One line.
        reference: The paper.
        claims: Every claim with its verdict.
        numbers: Other numbers that were measured, without a verdict, as plain values.
        notes: What the reader must know.
        settings: What the numbers depend on, versions included.
        sections: Figures and tables of its page.
        results: The results behind them by name.
    """

    name: str = eqx.field(static=True)
    title: str = eqx.field(static=True)
    reference: str = eqx.field(static=True)
    claims: tuple[Judged, ...]
    numbers: dict[str, Any] = eqx.field(static=True)
    notes: tuple[str, ...] = eqx.field(static=True)
    settings: dict[str, Any] = eqx.field(static=True)
    sections: tuple[Section, ...]
    results: dict[str, Any]

    def summary(self) -> str:
        """Each claim with its number, its interval and its verdict."""
        lines = [f"{self.name}: {self.title}"]
        for judged in self.claims:
            lines.append(f"  {judged.verdict:<15} {judged.claim.id}: {_interval(judged)}{_published(judged)}")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])

    def to_json(self) -> dict[str, Any]:
        """Claims, numbers and settings as plain values."""
        return {
            "study": self.name,
            "title": self.title,
            "reference": self.reference,
            "claims": [judged.to_json() for judged in self.claims],
            "numbers": self.numbers,
            "notes": list(self.notes),
            "settings": self.settings,
        }

    def page(self) -> Page:
        """The page: claims and verdicts, figures, settings."""
        rows = tuple(
            (j.claim.statement, "–" if j.claim.published is None else j.claim.published, _interval(j), j.verdict)
            for j in self.claims
        )
        table = Table(("Claim", "Published", "Measured (95 % interval)", "Verdict"), rows)
        rules = "; ".join(f"{j.claim.id}: {j.claim.tolerance()} ({j.claim.source})" for j in self.claims)
        counts = [f"{sum(j.verdict == v for j in self.claims)} {v}" for v in (REPRODUCED, NOT, UNDECIDED)]
        settings = {k: v for k, v in self.settings.items() if k != "versions"}
        return Page(
            self.name,
            f"{self.title}: {', '.join(counts)}",
            subtitle=self.reference,
            sections=(Section("Claims", f"Rules, fixed before the run. {rules}.", table=table), *self.sections),
            notes=self.notes,
            settings=settings,
            versions=self.settings.get("versions", {}),
        )

    def save(self, folder: str | Path) -> dict[str, str]:
        """Write `study.html` and `study.json` into `folder`, which is made if needed; return their paths."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        paths = {"page": place / "study.html", "json": place / "study.json"}
        paths["page"].write_text(render(self.page()), encoding="utf-8")
        paths["json"].write_text(json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        return {name: str(path) for name, path in paths.items()}


def _interval(judged: Judged) -> str:
    return f"{judged.value:.3f} ({judged.low:.3f} to {judged.high:.3f})"


def _published(judged: Judged) -> str:
    return "" if judged.claim.published is None else f", published {judged.claim.published:g}"
