"""Tables of measured Lyapunov exponents for the docs, from the results of the benchmarks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools.certificate_tables import table, with_error

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
_HEADINGS = {
    "exact": "Exact",
    "published": "Published",
    "delays": "Delays",
    "networks": "Against runs that take no derivative",
}


def known() -> str:
    """`lyapunov_table.json`, one table per kind of reference."""
    groups = json.loads((RESULTS / "lyapunov_table.json").read_text("utf-8"))
    return "\n\n".join(f"### {_HEADINGS[name]}\n\n{_rows(rows)}" for name, rows in groups.items())


def _rows(rows: list[dict[str, Any]]) -> str:
    head = ("system", "quantity", "ours", "reference", "agrees", "source")
    lines = [head, ("---",) * len(head)]
    for row in rows:
        places = 12 if row["known"] < 1e-7 else 7
        reference = f"{row['reference']:.{places}g}"
        # Statistics have one error; a sum that is exact but for the step has none, and shows all its digits.
        ours = with_error(row["value"], row["stderr"]) if row["stderr"] > 1e-9 else f"{row['value']:.12g}"
        lines.append(
            (row["system"], row["quantity"], ours, reference, "yes" if row["within"] else "**no**", row["source"])
        )
    return table(lines)


def extensive() -> str:
    """The claims of `extensive_chaos.json` as sentences with their numbers."""
    facts = json.loads((RESULTS / "extensive_chaos.json").read_text("utf-8"))
    rows, claims = facts["rows"], facts["claims"]
    size = {row["n"]: row for row in rows["sizes"]}
    gains, resolved, noises = rows["gains"], rows["resolved"], rows["noises"]
    top = max(gains, key=lambda row: row["dimension"])
    verdict = {name: "yes" if claim["holds"] else "**no**" for name, claim in claims.items()}
    apart, off, rise, flat, noise = claims
    lines = [
        ("claim", "measured", "holds"),
        ("---", "---", "---"),
        (
            apart,
            f"{_dimension(size[200])} and {_dimension(size[400])}: {100 * claims[apart]['value']:.0f} % apart",
            verdict[apart],
        ),
        (off, f"{100 * claims[off]['value']:.2f} % off at most", verdict[off]),
        (
            rise,
            f"{_dimension(gains[0])} at g = {gains[0]['g']:g}, {_dimension(top)} at {top['g']:g}, "
            f"{_dimension(gains[-2])} at {gains[-2]['g']:g}, {_dimension(gains[-1])} at {gains[-1]['g']:g}",
            verdict[rise],
        ),
        (
            flat,
            f"{_dimension(resolved[1])} at g = {resolved[1]['g']:g}, {_dimension(resolved[-1])} at 80",
            verdict[flat],
        ),
        (noise, ", ".join(f"{_dimension(row)} at strength {row['noise']:g}" for row in noises), verdict[noise]),
    ]
    return table(lines)


def _dimension(row: dict[str, Any]) -> str:
    return with_error(row["dimension"], row["dimension_stderr"])
