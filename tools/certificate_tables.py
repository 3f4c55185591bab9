"""Tables of what is certified of the catalogue, for the docs: ours alone, and beside the figures of `dysts`."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from tools import published
from tools.dysts_names import DIFFERENT, FIXTURES, ours

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "dynascope"
#: Ratios of a figure of `dysts` to ours beyond which it counts as another number.
APART = 1.25


def rows(path: Path) -> dict[str, dict[str, Any]]:
    """A generated table by name."""
    return {row["name"]: row for row in json.loads(path.read_text("utf-8"))}


def certificates() -> str:
    """One line per system: regime, spectrum with errors, dimension, and the checks."""
    index, known = rows(PACKAGE / "_index.json"), rows(PACKAGE / "models" / "certified.json")
    head = (
        "system",
        "regime",
        "Lyapunov exponents",
        "Kaplan-Yorke",
        "sum rule",
        "orbits",
        "integrators",
        "lengths",
        "status",
    )
    lines = [head, ("---",) * len(head)]
    for name, row in known.items():
        if name in index and "exponents" in row:
            lines.append(
                (
                    f"`{name}`",
                    row["regime"],
                    _spectrum(row),
                    with_error(row["kaplan_yorke"], row["kaplan_yorke_stderr"]),
                    _short(row["sum_error"]),
                    _short(row["orbits"]),
                    _short(row.get("integrators")),
                    _short(row["lengths"]),
                    f"undecided: {row['undecided']}" if row["undecided"] else "certified",
                )
            )
    return table(lines)


def compared() -> str:
    """Largest exponents beside both figures that `dysts` stores, for systems with the same parameters."""
    known = rows(PACKAGE / "models" / "certified.json")
    head = ("system", "ours", "dysts, maximum (ratio)", "dysts, spectrum (ratio)", "dimension: ours, dysts", "remark")
    lines = [head, ("---",) * len(head)]
    for theirs, name, entry in shared():
        row = known.get(name)
        if row is None or "exponents" not in row or row["exponents"][0] is None:
            continue
        spectrum = max(entry["spectrum"]) if entry.get("spectrum") else None
        largest = row["exponents"][0] if row["regime"] in ("chaos", "hyperchaos", "conservative") else 0.0
        lines.append(
            (
                f"`{name}`" if theirs == name else f"`{name}` ({theirs})",
                with_error(row["exponents"][0], row["stderr"][0]),
                _ratio(entry["maximum_lyapunov"], largest),
                _ratio(spectrum, largest),
                f"{_short(row['kaplan_yorke'], 4)}, {_short(entry['kaplan_yorke'], 4)}",
                _remark(row, entry["maximum_lyapunov"], spectrum, entry["kaplan_yorke"]),
            )
        )
    return table(lines)


def shared() -> list[tuple[str, str, dict[str, Any]]]:
    """Systems that `dysts` has with figures and with our parameters: its name, ours, and what it stores."""
    about = json.loads(str(np.load(FIXTURES / "dysts.npz")["about"]))["systems"]
    found = []
    for key, entry in about.items():
        name, changes = ours(key)
        if "maximum_lyapunov" in entry and not changes and key not in DIFFERENT:
            found.append((key.split(".")[1], name, entry))
    return found


def in_the_literature() -> str:
    """Exponents of the literature beside ours, and beside the largest ones that `dysts` stores."""
    theirs = {name: entry for _, name, entry in shared()}
    head = ("system", "published", "ours", "apart", "dysts: maximum, spectrum", "source", "remark")
    lines = [head, ("---",) * len(head)]
    marks = {"source": "", "quoted": " (quoted elsewhere)", "no": " (as generally quoted)"}
    for each in published.compared():
        row = each.row
        entry = {} if row.parameters else theirs.get(row.name, {})
        figures = [entry.get("maximum_lyapunov"), max(entry["spectrum"]) if entry.get("spectrum") else None]
        lines.append(
            (
                f"`{row.name}`{row.key.removeprefix(row.name)}",
                ", ".join(f"{x:.6g}" for x in row.exponents),
                ", ".join(with_error(x, e) for x, e in zip(each.exponents, each.stderr, strict=True)),
                f"{each.apart:.1f}",
                ", ".join(f"{x:.4g}" for x in figures if x is not None),
                f"{row.source}{marks[row.seen]}",
                row.explanation,
            )
        )
    return table(lines)


def literature() -> str:
    """One sentence on how often published exponents agree with ours."""
    rows = published.compared()
    good = sum(each.agrees for each in rows)
    return (
        f"Of {len(rows)} published spectra and largest exponents {good} agree with ours within three times both errors "
        f"together; for {len(rows) - good} the remark says why not."
    )


def departures() -> str:
    """Where the equations follow the source and `dysts` does not."""
    lines = [("system", "what is different in dysts"), ("---", "---")]
    lines += [(f"`{ours(key)[0]}`", text) for key, text in DIFFERENT.items()]
    return table(lines)


def agreement() -> str:
    """One sentence on how often the figures of `dysts` agree with certified ones."""
    counts = summary()
    return (
        f"Of the {counts['compared']} chaotic systems that both have with the same parameters and that are certified "
        f"here, its stored maximum agrees within 25 % for {counts['maximum_agrees']} and is more than 1.5 times away "
        f"for {counts['maximum_off']}; the largest exponent of its stored spectrum agrees for "
        f"{counts['spectrum_agrees']} and is more than 1.5 times away for {counts['spectrum_off']}."
    )


def summary() -> dict[str, int]:
    """How many figures of `dysts` agree with ours within 25 %, and how many are more than 1.5 times away."""
    known = rows(PACKAGE / "models" / "certified.json")
    kinds = ("compared", "maximum_agrees", "maximum_off", "spectrum_agrees", "spectrum_off")
    counts: dict[str, int] = dict.fromkeys(kinds, 0)
    for _, name, entry in shared():
        row = known.get(name)
        if row is None or row.get("undecided") or row.get("regime") not in ("chaos", "hyperchaos"):
            continue
        counts["compared"] += 1
        for which, value in (("maximum", entry["maximum_lyapunov"]), ("spectrum", max(entry["spectrum"] or [0]))):
            factor = value / row["exponents"][0]
            counts[f"{which}_agrees"] += 1 / APART <= factor <= APART
            counts[f"{which}_off"] += not 1 / 1.5 <= factor <= 1.5
    return counts


def _remark(row: dict[str, Any], maximum: float, spectrum: float | None, dimension: float | None) -> str:
    if row["undecided"]:
        return f"ours undecided: {row['undecided']}"
    notes = []
    if row["regime"] not in ("chaos", "hyperchaos", "conservative"):
        notes.append(f"not chaotic at these parameters: {row['regime']}")
    else:
        largest = row["exponents"][0]
        first, second = _far(maximum, largest), spectrum is not None and _far(spectrum, largest)
        if first and maximum > largest:
            notes.append("their separation of neighbours is fitted without renormalisation and counts transient growth")
        elif first:
            notes.append("their maximum is too small")
        if second:
            notes.append("their spectrum has a step of first order, weighted towards runs with a small middle exponent")
    if dimension is not None and dimension > len(row["exponents"]) + 1e-9:
        notes.append("their dimension exceeds that of the state")
    return "; ".join(notes)


def _far(value: float, largest: float) -> bool:
    return not 1 / APART <= value / largest <= APART


def _ratio(value: float | None, largest: float) -> str:
    if value is None:
        return "none"
    return f"{value:.4g} ({value / largest:.2f})" if largest else f"{value:.4g}"


def _spectrum(row: dict[str, Any]) -> str:
    shown = [with_error(x, e) for x, e in zip(row["exponents"][:6], row["stderr"][:6], strict=True)]
    return ", ".join(shown) + (", ..." if len(row["exponents"]) > 6 else "")


def with_error(value: float | None, error: float | None) -> str:
    """A number with its standard error in the last digits, as in 0.906(5)."""
    if value is None:
        return "none"
    if not error or error < 1e-9 * abs(value):
        return f"{value:.6g}"
    places = max(0, -math.floor(math.log10(error)) + (1 if error / 10 ** math.floor(math.log10(error)) < 1.95 else 0))
    return f"{value:.{places}f}({round(error * 10**places)})"


def _short(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}g}"


def table(lines: list[tuple[str, ...]]) -> str:
    """Rows as a Markdown table; the second one is the rule under the head."""
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)
