"""Tables, numbers with their errors, and values that JSON can hold."""

import math
import shutil
import sys
from collections.abc import Sequence
from typing import Any


def table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), indent: str = "  ") -> str:
    """Rows as aligned columns; those in `right` are set flush right."""
    widths = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [c.rjust(w) if j in right else c.ljust(w) for j, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def listing(entries: Sequence[dict[str, Any]]) -> str:
    """The catalogue by family; references are cut to the width of a terminal."""
    rows = [
        (e["name"], e["kind"], str(e["dimension"]), e["regime"] or "", _exponent(e), e["reference"]) for e in entries
    ]
    widths = [max(len(row[j]) for row in rows) for j in range(5)] if rows else [0] * 5
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
    lines: list[str] = []
    family = None
    for entry, row in zip(entries, rows, strict=True):
        if entry["family"] != family:
            family = entry["family"]
            lines += ["", family] if lines else [family]
        columns = zip(row[:5], widths, "<<><>", strict=True)
        text = "  " + "  ".join(f"{cell:{side}{wide}}" for cell, wide, side in columns) + f"  {row[5]}"
        lines.append(text if len(text) <= width else text[: width - 3] + "...")
    lines += ["", "  Regime and largest Lyapunov exponent are those of the standard parameters."]
    lines += [f"{len(entries)} systems. `dynascope report NAME` looks at one; `--set NAME=VALUE` changes it."]
    return "\n".join(lines)


def _exponent(entry: dict[str, Any]) -> str:
    """The largest Lyapunov exponent of an entry with the digits that its error leaves; nothing where not certified."""
    value, error = entry["exponent"], entry["stderr"] or 0.0
    if value is None:
        return ""
    return "0" if abs(value) <= 2 * error else number(value, error, digits=3)


def number(value: float, error: float | None = None, *, digits: int = 6) -> str:
    """A number to the digits that its error leaves, or to `digits` significant ones."""
    if not math.isfinite(value):
        return "none" if math.isnan(value) else str(value)
    if error is None or not math.isfinite(error) or error <= 0:
        return f"{value:.{digits}g}"
    # Errors of rounding size (an exponent that never varied) do not make seventeen digits worth reading.
    if error < 1e-8 * abs(value):
        return f"{value:.8g}"
    places = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{min(places, 15)}f}"


def complex_number(value: complex) -> str:
    """A complex number as `-0.5 + 1.2i`, real ones without the second part."""
    real = f"{value.real:.5g}"
    if value.imag == 0:
        return real
    return f"{real} {'+' if value.imag > 0 else '-'} {abs(value.imag):.5g}i"


def plain(value: Any) -> Any:
    """`value` as JSON holds it: arrays as lists, complex numbers as pairs, NaN and infinities as null."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    listed = getattr(value, "tolist", None)
    return plain(listed()) if listed is not None else str(value)
