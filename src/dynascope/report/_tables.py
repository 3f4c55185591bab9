"""Tables of the numbers behind figures."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..analysis.stability import FixedPoints, LyapunovSpectrum
from ._page import Table, number

#: Most variables, fixed points and exponents that a table shows.
_VARIABLES, _POINTS, _EXPONENTS = 6, 20, 16


def exponents_table(result: LyapunovSpectrum) -> Table:
    """The exponents with their standard errors, at most sixteen."""
    pairs = zip(result.exponents[:_EXPONENTS].tolist(), result.stderr[:_EXPONENTS].tolist(), strict=True)
    rows = tuple((f"λ{i + 1}", number(value, error)) for i, (value, error) in enumerate(pairs))
    return Table(("Exponent", f"Value ± standard error ({result.unit})"), rows)


def fixed_points_table(result: FixedPoints) -> Table:
    """State, stability and leading eigenvalue of each fixed point; at most twenty points and six variables."""
    more = ("…",) if len(result.names) > _VARIABLES else ()
    head = (*result.names[:_VARIABLES], *more, "Stability", "Leading eigenvalue")
    return Table(head, tuple(_row(result, i, more) for i in range(min(len(result), _POINTS))))


def _row(result: FixedPoints, i: int, more: tuple[str, ...]) -> tuple[Any, ...]:
    values = result.eigenvalues[i]
    leading = values[int(np.argmax(np.abs(values) if result.discrete else values.real))]
    turns = abs(leading.imag) > 1e-12 * abs(leading)
    text = f"{leading.real:.4g}" + (f" ± {abs(leading.imag):.4g} i" if turns else "")
    # Coordinates smaller than their error are zero.
    least = max(float(result.errors[i]), 1e-13 * float(np.abs(result.states).max(initial=0.0)))
    states = (0.0 if abs(x) <= least else float(x) for x in result.states[i, :_VARIABLES])
    return (*states, *more, result.stability[i], text.replace("-", "−"))
