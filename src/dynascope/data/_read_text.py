"""Tables of text: separators, headers, decimal commas."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from .._errors import InputError
from ..series._samples import Samples
from ..series._tables import samples_of_table
from ._wanted import Wanted

_MISSING = ("", "nan", "na", "n/a", "null", "none", "-nan", "inf", "-inf", "+inf", "infinity", "-infinity")
_PROBE = 50


class _Layout(NamedTuple):
    """How a table is written."""

    separator: str
    decimal: str
    #: Lines before the first row of numbers.
    skip: int
    names: tuple[str, ...] | None
    notes: tuple[str, ...]


def read_text(path: Path, wanted: Wanted) -> Samples:
    """Samples of a `.csv`, `.tsv` or `.txt` table."""
    import pandas as pd

    layout = _layout(path)
    frame = pd.read_csv(
        path,
        sep=r"\s+" if layout.separator == " " else layout.separator,
        decimal=layout.decimal,
        header=None,
        skiprows=layout.skip,
        comment="#",
        skipinitialspace=True,
        encoding="utf-8-sig",
    )
    unnamed = layout.names is None or layout.names[-1] == ""
    if len(frame.columns) > 1 and unnamed and frame.iloc[:, -1].isna().all():
        # Spreadsheets like to end every line with a separator.
        frame = frame.iloc[:, :-1]
    names = layout.names or tuple(f"column {j}" for j in range(len(frame.columns)))
    names = names[:-1] if names[-1] == "" and len(names) == len(frame.columns) + 1 else names
    if len(names) != len(frame.columns):
        raise InputError(
            f"`{path.name}` names {len(names)} columns in its header, but its rows have {len(frame.columns)}. "
            "Name every column, once."
        )
    frame.columns = list(names)
    return samples_of_table(frame, variable=wanted.variable, time=wanted.time, dt=wanted.dt, decided=layout.notes)


def _layout(path: Path) -> _Layout:
    """Separator, decimal sign and header of a table, from its first lines."""
    lines: list[tuple[int, str]] = []
    comment = ""
    with path.open(encoding="utf-8-sig") as file:
        for number, raw in enumerate(file):
            line = raw.strip("\n\r")
            if line.lstrip().startswith("#"):
                comment = line.lstrip().lstrip("#").strip() if not lines else comment
            elif line.strip():
                lines.append((number, line))
            if len(lines) == _PROBE:
                break
    if not lines:
        raise InputError(f"`{path.name}` is empty. Give a table with one row per moment.")
    separator = _separator(path, lines[-1][1])
    decimal = "," if separator != "," and any(re.search(r"\d,\d", line) for _, line in lines[1:]) else "."
    first = _fields(lines[0][1], separator)
    later = [f for _, line in lines[1:3] for f in _fields(line, separator)]
    if _is_header(first, later, decimal):
        return _Layout(separator, decimal, lines[0][0] + 1, tuple(first), ())
    commented = _fields(comment, separator) if comment else []
    if len(commented) != len(first) and comment:
        commented = comment.split()
    if len(commented) == len(first) and not any(_is_number(f, decimal) for f in commented):
        return _Layout(separator, decimal, lines[0][0], tuple(commented), ("the column names are those of a comment",))
    return _Layout(separator, decimal, lines[0][0], None, ("the table has no header",))


def _separator(path: Path, line: str) -> str:
    if path.suffix.lower() == ".tsv" or "\t" in line:
        return "\t"
    if ";" in line:
        return ";"
    if "," in line and not (path.suffix.lower() == ".txt" and re.search(r"\d,\d+\s+\S", line)):
        return ","
    return " " if len(line.split()) > 1 else ","


def _fields(line: str, separator: str) -> list[str]:
    parts = line.split() if separator == " " else line.split(separator)
    return [part.strip().strip('"').strip("'") for part in parts]


def _is_number(text: str, decimal: str) -> bool:
    try:
        float(text.replace(decimal, "."))
    except ValueError:
        return text.lower() in _MISSING
    return True


def _is_header(first: list[str], later: list[str], decimal: str) -> bool:
    """Whether the first line names the columns."""
    words = [f for f in first if not _is_number(f, decimal)]
    if any(not re.match(r"\d{4}-\d\d", word) for word in words):
        return True
    if words or len(first) < 2:
        return False
    # Tables written without names have 0, 1, 2, ... in their place; the values below are then not all integers.
    counted = first[1:] if first[0] == "" else first
    whole = all(re.fullmatch(r"\d+", f) for f in counted)
    consecutive = whole and [int(f) - int(counted[0]) for f in counted] == list(range(len(counted)))
    return consecutive and int(counted[0]) in (0, 1) and any(not re.fullmatch(r"[+-]?\d+", f) for f in later)
