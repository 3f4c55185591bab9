"""The chapter on a reconstruction: a system learned from a recording, how like it is, and what that system does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax.flatten_util import ravel_pytree

from .. import plots
from .._errors import ComputationFailed, InputError
from ..analysis.regime import Attractor, Diagnosis
from ..analysis.stability import FixedPoints
from ..analysis.symbols import SymbolicCode, symbolic_code
from ..learn.fitting import Fit, fit, recorded_diagnosis
from ..series import Recording
from ..solve import RK4
from ..systems import AbstractPiecewiseLinear, is_discrete
from ._page import Section, Table, number
from ._report import plain
from ._sentences import measured, rate

#: Most channels and fixed points that a table shows.
_CHANNELS, _POINTS = 6, 20
#: Share of the range of the data by which a fixed point may lie outside and still count as in range.
_MARGIN = 0.1


class Reconstruction(eqx.Module):
    """A system learned from a recording, with the analyses of that system.

    Attributes:
        fitted: What was learned, with its scores; None if nothing could be.
        diagnosis: Regime, attractors and fixed points of the system learned.
        code: Its linear regions in turn, where it is piecewise-linear.
        low: Least value of each channel.
        high: Greatest value of each channel.
        budget: Seconds that the search had.
        reason: Why nothing was learned, or why what was learned could not be analysed; empty if all went well.
    """

    fitted: Fit | None
    diagnosis: Diagnosis | None
    code: SymbolicCode | None
    low: np.ndarray
    high: np.ndarray
    budget: float = eqx.field(static=True)
    reason: str = eqx.field(static=True)

    @property
    def home(self) -> Attractor | None:
        """The attractor to which the recorded motion leads."""
        return None if self.diagnosis is None else next((a for a in self.diagnosis.attractors if a.home), None)

    def sentence(self) -> str:
        """What was learned and whether to believe it."""
        if self.fitted is None:
            return f"No system could be learned from it. {self.reason}"
        name = self.fitted.label.split(",")[0]
        if self.fitted.fidelity.grade == "poor":
            return (
                f"The best system that could be learned from it in {self.budget:g} s ({name}) is TOO POOR TO BE "
                "BELIEVED: nothing below about the reconstructed system need be true of what was recorded."
            )
        how = "is a good likeness of it" if self.fitted.believable else "is a rough likeness of it"
        caution = "" if self.fitted.believable else "; do not believe its details"
        if self.diagnosis is None:
            return f"A system learned from it ({name}) {how}{caution}. {self.reason}"
        shown = f"A system learned from it ({name}) {how}{caution}; its regime: {self.diagnosis.verdict.regime}"
        exponents, errors, unit = self.exponents()
        if not len(exponents):
            return f"{shown}."
        return f"{shown}, largest exponent {measured(exponents[0], errors[0])} {rate(unit)}."

    def exponents(self) -> tuple[list[float], list[float], str]:
        """Lyapunov exponents of the system learned, their errors and unit, per time unit of the recording."""
        spectrum = None if self.home is None else self.home.spectrum
        if self.fitted is None or spectrum is None:
            return [], [], ""
        system = self.fitted.system
        span = system.dt if is_discrete(system) and system.clock != "step" else 1.0
        unit = "nats/time" if system.clock == "1" else f"nats/{system.clock}"
        return [float(x) / span for x in spectrum.exponents], [float(x) / span for x in spectrum.stderr], unit

    def observed(self) -> tuple[np.ndarray, np.ndarray]:
        """Fixed points of the system learned as the channels show them, and which lie in the range of the data."""
        points = None if self.diagnosis is None else self.diagnosis.fixed_points
        if self.fitted is None or points is None or not len(points):
            return np.zeros((0, len(self.low))), np.zeros(0, bool)
        system: Any = self.fitted.system
        _, unravel = ravel_pytree(system.initial_state())
        seen = np.asarray(jax.vmap(lambda y: system.observe(0.0, unravel(y), None))(np.asarray(points.states)))
        if seen.shape[1] != len(self.low):
            # A single channel was unfolded: the first copy is the channel itself.
            seen = seen[:, : len(self.low)]
        margin = _MARGIN * (self.high - self.low)
        return seen, np.all((seen >= self.low - margin) & (seen <= self.high + margin), axis=1)

    def results(self) -> dict[str, Any]:
        """What is kept as arrays, by name."""
        if self.fitted is None:
            return {}
        return {
            "reconstruction": self.fitted,
            "reconstructed_lyapunov": None if self.home is None else self.home.spectrum,
            "reconstructed_fixed_points": None if self.diagnosis is None else self.diagnosis.fixed_points,
            "reconstructed_symbols": self.code,
        }

    def to_json(self) -> dict[str, Any]:
        """All numbers as plain values."""
        out: dict[str, Any] = {"sentence": self.sentence(), "budget": self.budget, "reason": self.reason}
        if self.fitted is None:
            return {**out, "model": None, "grade": "poor", "believable": False}
        long_run, points = self.fitted.fidelity, None if self.diagnosis is None else self.diagnosis.fixed_points
        exponents, errors, unit = self.exponents()
        seen, among = self.observed()
        spectrum = None if self.home is None else self.home.spectrum
        return plain(
            {
                **out,
                "model": self.fitted.label,
                "tried": list(self.fitted.tried),
                "grade": long_run.grade,
                "believable": self.fitted.believable,
                "fidelity": long_run.verdict(),
                "metrics": [
                    {
                        "name": name,
                        "definition": long_run.definitions[i],
                        "value": long_run.values[i],
                        "stderr": long_run.stderr[i],
                        "floor": long_run.floors[i],
                        "trivial": dict(zip(long_run.trivial_names, long_run.trivial[i], strict=True)),
                    }
                    for i, name in enumerate(long_run.names)
                ],
                "valid_time": {"median": self.fitted.valid_time, "stderr": self.fitted.valid_stderr}
                | {"unit": self.fitted.valid_unit, "definition": self.fitted.valid_definition},
                "verdict": None if self.diagnosis is None else self.diagnosis.verdict.to_json(),
                "attractors": [] if self.diagnosis is None else [a.to_json() for a in self.diagnosis.attractors],
                "lyapunov": {
                    "exponents": exponents,
                    "stderr": errors,
                    "unit": unit,
                    "kaplan_yorke": None if spectrum is None else spectrum.kaplan_yorke,
                    "kaplan_yorke_stderr": None if spectrum is None else spectrum.kaplan_yorke_stderr,
                },
                "fixed_points": []
                if points is None
                else [
                    {"state": seen[i], "stability": points.stability[i], "in_range": bool(among[i])}
                    for i in range(len(points))
                ],
                "symbols": None if self.code is None else self.code.summary(),
            }
        )


def reconstructed(
    recording: Recording, *, budget: float, seed: int, say: Callable[[str], None], observed: str
) -> Reconstruction:
    """Learn a system from `recording` within about `budget` seconds, and ask it what reports ask of systems.

    Args:
        recording: What was recorded.
        budget: Seconds of search.
        seed: Of drawn networks and starts.
        say: Told what is being done.
        observed: What is being reported on, for messages.
    """
    key = jax.random.key(seed)
    low, high = recording.values.min(axis=0), recording.values.max(axis=0)
    say(f"{observed}: learning a system from it")

    def tell(label: str, score: float, best: bool) -> None:
        del score, best
        say(f"{observed}: tried {label}")

    try:
        fitted = fit(recording, budget=budget, key=key, tell=tell)
    except (InputError, ComputationFailed) as error:
        return Reconstruction(None, None, None, low, high, budget, str(error))
    say(f"{observed}: asking the system learned")
    try:
        # Half a sampling interval is enough for a verdict, and takes half the time of the usual step.
        solver = None if is_discrete(fitted.system) else RK4(fitted.system.dt / 2)
        diagnosis = recorded_diagnosis(fitted.system, key=key, solver=solver)
        code = _code(fitted)
    except (InputError, ComputationFailed) as error:
        return Reconstruction(fitted, None, None, low, high, budget, f"It could not be analysed: {error}")
    return Reconstruction(fitted, diagnosis, code, low, high, budget, "")


def _code(fitted: Fit) -> SymbolicCode | None:
    model: Any = fitted.system.system
    if not isinstance(model, AbstractPiecewiseLinear):
        return None
    return symbolic_code(model, fitted.system.begin, throw=False)


def chapter(found: Reconstruction, *, origin: str, seed: int) -> list[Section]:
    """The sections of the page.

    Args:
        found: From `reconstructed`.
        origin: Lines of Python that make `recording`.
        seed: That of the search.
    """
    if found.fitted is None:
        return [Section("Reconstruction", found.sentence())]
    learn = (
        f"import jax\nimport numpy as np\n\nimport dynascope as ds\n\n{origin}\n"
        f"found = ds.learn.fit(recording, budget={found.budget!r}, key=jax.random.key({seed}))\n"
    )
    first = Section(
        "Reconstruction",
        f"{found.sentence()} {_chosen(found.fitted)}, learned from the first 70 % of the recording and judged on its "
        "last 15 %. A score cannot be expected below its floor, which other stretches of the recording get.",
        figure=plots.svg(plots.plot(found.fitted), name="reconstruction"),
        table=_scores(found.fitted),
        code=f"{learn}figure = ds.plot(found)\n",
    )
    return [first, *_behaviour(found), *_points(found), *_symbols(found, learn)]


def _chosen(fitted: Fit) -> str:
    count = len(fitted.tried)
    return f"It is the best of {count} models tried ({fitted.label})" if count > 1 else f"The model: {fitted.label}"


def _doubt(found: Reconstruction) -> str:
    """What must stand beside every number of a system that is no good likeness."""
    if found.fitted is None or found.fitted.believable:
        return ""
    if found.fitted.fidelity.grade == "poor":
        return " The reconstruction is too poor for this to be believed of what was recorded."
    return " The reconstruction is rough: this need not hold in detail for what was recorded."


def _scores(fitted: Fit) -> Table:
    long_run = fitted.fidelity
    head = ("Score", "Value", "Floor", *(f"Of model: {name}" for name in long_run.trivial_names))
    rows = [
        (
            name,
            _scored(long_run.values[i], long_run.stderr[i]),
            _scored(long_run.floors[i], long_run.floor_stderr[i]),
            *(_scored(x) for x in long_run.trivial[i]),
        )
        for i, name in enumerate(long_run.names)
    ]
    still = ("",) * (len(long_run.trivial_names))
    rows += [
        (
            f"PE({n})",
            f"{_scored(fitted.errors[n - 1], fitted.error_stderr[n - 1])} "
            f"(persistence {_scored(fitted.persistence[n - 1])})",
            "",
            *still,
        )
        for n in fitted.told_ahead
    ]
    valid = f"{_scored(fitted.valid_time, fitted.valid_stderr)} {fitted.valid_unit}"
    rows.append(("Valid prediction time", valid, "", *still))
    return Table(head, tuple(rows))


def _scored(value: float, error: float = np.nan) -> str:
    if not np.isfinite(value):
        return "none" if np.isnan(value) else "diverged"
    return f"{value:.3g}" + (f" ± {error:.1g}" if np.isfinite(error) else "")


def _behaviour(found: Reconstruction) -> list[Section]:
    """Regime and exponents of the system learned."""
    if found.diagnosis is None:
        return [Section("Behaviour of the reconstructed system", found.reason)] if found.reason else []
    verdict = found.diagnosis.verdict
    exponents, errors, unit = found.exponents()
    negative = any(x < -4 * e for x, e in zip(exponents, errors, strict=True))
    aside = " Negative exponents are of states beside the recorded motion, which only transients show." * negative
    signs = " ".join(sign.meaning for sign in verdict.evidence if sign.sign != "Kaplan-Yorke dimension")
    spectrum = None if found.home is None else found.home.spectrum
    dimension = ""
    if spectrum is not None and np.isfinite(spectrum.kaplan_yorke) and spectrum.kaplan_yorke > 0:
        error = float(spectrum.kaplan_yorke_stderr)
        dimension = f" Kaplan-Yorke dimension {measured(float(spectrum.kaplan_yorke), error)}."
    return [
        Section(
            "Behaviour of the reconstructed system",
            f"Regime: {verdict.regime} (confidence {verdict.confidence:.2f}). {signs}{dimension}{aside}{_doubt(found)}",
            table=Table(
                ("Exponent", f"Value ± standard error ({unit})"),
                tuple((f"λ{i + 1}", number(x, e)) for i, (x, e) in enumerate(zip(exponents, errors, strict=True))),
            )
            if exponents
            else None,
        )
    ]


def _points(found: Reconstruction) -> list[Section]:
    """Fixed points of the system learned, as the channels show them."""
    points = None if found.diagnosis is None else found.diagnosis.fixed_points
    if found.fitted is None or points is None:
        return []
    seen, among = found.observed()
    names = found.fitted.system.names[: len(found.low)][:_CHANNELS]
    more = ("…",) if len(found.low) > _CHANNELS else ()
    order = np.argsort(~among, kind="stable")[:_POINTS]
    least = 1e-9 * (found.high - found.low)
    rows = tuple(
        (
            *(0.0 if abs(x) < tiny else float(x) for x, tiny in zip(seen[i, :_CHANNELS], least, strict=False)),
            *more,
            points.stability[i],
            _leading(points, i),
            "yes" if among[i] else "no",
        )
        for i in order
    )
    caption = (
        f"{len(points)} fixed point(s) of the reconstructed system, in the units of the recording. "
        "Where no data were, a model is not to be believed: one outside the range of the data is of the model alone, "
        "and one inside it only as sure as data are near."
        f"{_doubt(found)}"
        if len(points)
        else f"No fixed point of the reconstructed system was found.{_doubt(found)}"
    )
    head = (
        *names,
        *more,
        "Stability",
        "Leading multiplier" if points.discrete else "Leading eigenvalue",
        "In range of data",
    )
    return [Section("Fixed points of the reconstructed system", caption, table=Table(head, rows) if rows else None)]


def _leading(points: FixedPoints, i: int) -> str:
    values = points.eigenvalues[i]
    leading = values[int(np.argmax(np.abs(values) if points.discrete else values.real))]
    turns = abs(leading.imag) > 1e-12 * abs(leading)
    return (f"{leading.real:.4g}" + (f" ± {abs(leading.imag):.4g} i" if turns else "")).replace("-", "−")


def _symbols(found: Reconstruction, learn: str) -> list[Section]:
    """The linear regions that the system learned goes through, where it is piecewise-linear."""
    if found.code is None or not len(found.code):
        return []
    return [
        Section(
            "Symbols of the reconstructed system",
            "The model is piecewise-linear: its orbit is a walk between regions. "
            f"{found.code.summary()}{_doubt(found)}",
            figure=plots.svg(plots.plot(found.code), name="symbols"),
            code=f"{learn}code = ds.analysis.symbols.symbolic_code(\n    found.system.system, found.system.begin, "
            "throw=False\n)\nfigure = ds.plot(code)\n",
        )
    ]
